"""Noise added to ground motion: Peterson's models, segments of real records, or a user's object.

The noise of a channel depends only on one element of a seed and its code, not on other channels or stations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from obspy import Stream

from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words
from seissynth.shared.real_numbers import require_real
from seissynth.shared.wording import a_kind
from seissynth.units import DERIVATIVES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from obspy import UTCDateTime

    from seissynth.stations.sensors import Sensor

#: Peterson's low and high noise models (1993, tables 3 and 4): from each period (s) up to the next, and up to
#: 1e5 s, acceleration is A + B log10(period) dB relative to 1 (m/s²)²/Hz. Written out here, since ObsPy's
#: module that has them imports pyplot.
MODELS = {
    "nlnm": (
        (0.10, -162.36, 5.64), (0.17, -166.70, 0.00), (0.40, -170.00, -8.30), (0.80, -166.40, 28.90),
        (1.24, -168.60, 52.48), (2.40, -159.98, 29.81), (4.30, -141.10, 0.00), (5.00, -71.36, -99.77),
        (6.00, -97.26, -66.49), (10.00, -132.18, -31.57), (12.00, -205.27, 36.16), (15.60, -37.65, -104.33),
        (21.90, -114.37, -47.10), (31.60, -160.58, -16.28), (45.00, -187.50, 0.00), (70.00, -216.47, 15.70),
        (101.00, -185.00, 0.00), (154.00, -168.34, -7.61), (328.00, -217.43, 11.90), (600.00, -258.28, 26.60),
        (10000.00, -346.88, 48.75),
    ),
    "nhnm": (
        (0.10, -108.73, -17.23), (0.22, -150.34, -80.50), (0.32, -122.31, -23.87), (0.80, -116.85, 32.51),
        (3.80, -108.48, 18.08), (4.60, -74.66, -32.95), (6.30, 0.66, -127.18), (7.90, -93.37, -22.42),
        (15.40, 73.54, -162.98), (20.00, -151.52, 10.01), (354.80, -206.66, 31.63),
    ),
}  # fmt: skip

#: noise between the models, by station and hour; see `seissynth.noise.ambient`
AUTO = "auto"
#: noise that is known by name
NAMES = (AUTO, *sorted(MODELS))

#: longest period of the models, s
LONGEST_PERIOD_S = 1e5

#: samples of a series up to which levels of a model are kept, and the channels of a sensor are transformed together
MOST_TOGETHER = 2**17


def station_noise(
    noise: Any,
    sensor: Sensor,
    npts: int,
    sampling_rate_hz: float,
    quantity: str | list[str],
    start_time: UTCDateTime,
    seed: int,
    responses: list[Callable[[int], Any]] | None = None,
) -> np.ndarray | None:
    """Make noise for the channels of one sensor.

    Parameters
    ----------
    noise : {"auto", "nlnm", "nhnm"}, obspy.Stream, object with a method ``sample``, or None
        Coloured Gaussian noise: of a level between Peterson's low and high noise model that depends on station, hour
        and date (`seissynth.noise.ambient_psd`), or of one of the models. A Stream of real noise: windows are
        cut from it at random, see `seissynth.noise.recorded.StreamNoise`; its traces must have the quantity and unit of
        the output (m/s for ``"VEL"``, counts for ``"RAW"``). An object:
        ``noise.sample(sensor, npts, sampling_rate_hz, rng)`` returns (n_channels, npts).
    sensor : seissynth.stations.channels.Sensor
    npts : int
        Number of samples, 1 or more.
    sampling_rate_hz : float
    quantity : {"displacement", "velocity", "acceleration", "counts"}, or a list of them
        Of the output; a list has one for each channel. The models have no counts: make them as ground motion and apply
        the response.
    start_time : obspy.UTCDateTime
        Time of sample 0: for "auto", which depends on it, and for error messages.
    seed : int
        uint64, an element of `seissynth.seeding.Seeds.row`.
    responses : list of callable, optional
        Of each channel, for the models: see `model_noise`.

    Returns
    -------
    ndarray, shape (n_channels, npts), float64, or None
        In the order of ``sensor.channels``; None for ``noise=None``.

    Raises
    ------
    InputError
        Unknown noise, counts requested from a model, a Stream without a segment that is long enough, or an object that
        returns another shape, values that are not finite, or only zeros.

    Examples
    --------
    >>> import obspy
    >>> from seissynth.stations.channels import select_sensors
    >>> from seissynth.noise import station_noise
    >>> sensor = select_sensors(obspy.read_inventory(), "2010-01-01")[0]
    >>> station_noise("nlnm", sensor, 6000, 100.0, "velocity", None, seed=1).shape
    (3, 6000)

    Your own noise object:

    >>> class White:
    ...     def sample(self, sensor, npts, sampling_rate_hz, rng):
    ...         return 1e-9 * rng.standard_normal((len(sensor.channels), npts))
    >>> station_noise(White(), sensor, 100, 100.0, "velocity", None, seed=1).shape
    (3, 100)
    """
    noise = prepare_noise(noise)
    if noise is None:
        return None
    if npts < 1:
        raise InputError(f"npts={npts}; a record has at least one sample.")
    if isinstance(noise, str):
        quantities = [quantity] * len(sensor.channels) if isinstance(quantity, str) else quantity
        applied: list[Any] = [None] * len(quantities) if responses is None else responses
        nfft = _length(npts)
        spectra = (
            _spectrum(
                psd_of(noise, channel, start_time, seed), nfft, sampling_rate_hz, own,
                generator(seed, hash_words("noise", *_place(channel))), response,
            )
            for channel, own, response in zip(sensor.channels, quantities, applied, strict=True)
        )  # fmt: skip
        return _series(spectra, nfft, npts)
    rng = generator(seed, hash_words("noise", *_place(sensor.channels[0])[:-1], sensor.band_instrument))
    try:
        samples = noise.sample(sensor, npts, sampling_rate_hz, rng)
        samples = np.asarray(require_real(samples, f"noise={noise!r}: what sample() gave"), dtype=np.float64)
    except (TypeError, InputError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"noise={noise!r}: its method sample(sensor, npts, sampling_rate_hz, rng) failed: {error}."
        ) from error
    shape = (len(sensor.channels), npts)
    if samples.shape != shape or not np.isfinite(samples).all() or not samples.any():
        raise InputError(
            f"noise={noise!r} for {sensor.id} at {start_time}: sample() gave the shape {samples.shape}"
            f"{'' if np.isfinite(samples).all() else ', not all finite'}{'' if samples.any() else ', zeros only'}; "
            f"it must give finite noise of the shape {shape}."
        )
    return samples


def prepare_noise(noise):
    """Check the argument ``noise``, and index a Stream once.

    For Streams, call this before a loop over stations and pass on the result to save time.

    Returns
    -------
    str, object with a method ``sample``, or None

    Raises
    ------
    InputError
        Anything else.
    """
    if noise is None:
        return None
    if isinstance(noise, str):
        if noise.lower() in NAMES:
            return noise.lower()
        raise InputError(
            f"noise={noise!r} is unknown; use one of {list(NAMES)}, a Stream, an object with sample(), or None."
        )
    if isinstance(noise, Stream):
        # imported here, since most runs have no noise of that kind
        from seissynth.noise.recorded import StreamNoise

        return StreamNoise(noise)
    if callable(getattr(noise, "sample", None)):
        return noise
    raise InputError(
        f"noise is {a_kind(noise)}; it must be one of {list(NAMES)}, an obspy.Stream, an object with the "
        "method sample(sensor, npts, sampling_rate_hz, rng), or None."
    )


def psd_of(noise, channel, time, seed):
    """Return the power spectral density of noise known by name: a model's name, or a function as for `model_noise`."""
    if noise == AUTO:
        from seissynth.noise.ambient import ambient_psd  # which needs this module

        return ambient_psd(channel, time, seed)
    return noise


def model_psd(model: str, frequencies_hz: ArrayLike, quantity: str) -> np.ndarray:
    """Return the one-sided power spectral density of a noise model.

    Parameters
    ----------
    model : {"nlnm", "nhnm"}
    frequencies_hz : array_like
        0 Hz gives 0.
    quantity : {"displacement", "velocity", "acceleration"}

    Returns
    -------
    ndarray
        (SI unit of `quantity`)² / Hz.

    Notes
    -----
    Peterson's models give acceleration from 1e-5 to 10 Hz. Outside that range the nearest value of acceleration is
    used.

    References
    ----------
    Peterson, J. (1993). Observations and modeling of seismic background noise. USGS Open-File Report
    93-322.

    Examples
    --------
    >>> from seissynth.noise import model_psd
    >>> bool(model_psd("nlnm", [10.0], "acceleration")[0] == model_psd("nlnm", [40.0], "acceleration")[0])
    True
    """
    if quantity not in DERIVATIVES:
        raise InputError(
            f'noise="{model}" is a model of ground motion and knows no quantity={quantity!r}; ask for one of '
            f"{sorted(DERIVATIVES)} and apply the response to it."
        )
    starts_s, constant_db, slope_db = np.array(MODELS[model]).T
    frequencies_hz = np.asarray(frequencies_hz, dtype=np.float64)
    moving = frequencies_hz > 0
    safe = np.where(moving, frequencies_hz, 1.0)
    period_s = np.clip(1 / safe, starts_s[0], LONGEST_PERIOD_S)
    piece = np.searchsorted(starts_s, period_s, side="right") - 1
    power = 10 ** ((constant_db[piece] + slope_db[piece] * np.log10(period_s)) / 10)
    return np.where(moving, power * (2 * np.pi * safe) ** (2 * (DERIVATIVES[quantity] - 2)), 0.0)


def model_noise(psd, npts, sampling_rate_hz, quantity, rng, response=None):
    """Make coloured Gaussian noise of a spectrum.

    Parameters
    ----------
    psd : {"nlnm", "nhnm"} or callable
        A model, or a function of frequencies (Hz) and quantity as `model_psd`.
    npts : int
    sampling_rate_hz : float
    quantity : {"displacement", "velocity", "acceleration"}
    rng : numpy.random.Generator
    response : callable, optional
        From a length in samples to the response at the frequencies of its Fourier transform. The noise is that of an
        instrument that has been running for long: a response applied to a piece of motion would begin at rest, and
        ring for minutes because the motion of long periods does not begin at zero.

    Returns
    -------
    ndarray, shape (npts,), float64
        SI; with `response` in its unit.

    Notes
    -----
    Cut from a periodic series of twice the length or more: the end does not resemble the start. Periods beyond that
    length, and the mean, are absent.
    """
    nfft = _length(npts)
    return _series([_spectrum(psd, nfft, sampling_rate_hz, quantity, rng, response)], nfft, npts)[0]


def _length(npts):
    # imported here: needed for this kind of noise only
    from scipy.fft import next_fast_len

    return next_fast_len(2 * npts + 16, real=True)


def _spectrum(psd, nfft, sampling_rate_hz, quantity, rng, response):
    """Fourier transform of noise, drawn; ndarray, shape (nfft // 2 + 1,), complex128."""
    if isinstance(psd, str) and nfft <= MOST_TOGETHER:
        scale = _known_scale(psd, nfft, sampling_rate_hz, quantity)
    else:
        scale = _scale(partial(model_psd, psd) if isinstance(psd, str) else psd, nfft, sampling_rate_hz, quantity)
    draws, spectrum = rng.standard_normal((2, len(scale))), np.empty(len(scale), dtype=np.complex128)
    np.multiply(draws[0], scale, out=spectrum.real)
    np.multiply(draws[1], scale, out=spectrum.imag)
    if nfft % 2 == 0:
        spectrum[-1] = np.sqrt(2) * spectrum[-1].real  # Nyquist has no imaginary part
    if response is not None:
        spectrum *= response(nfft)
    return spectrum


def _scale(psd, nfft, sampling_rate_hz, quantity):
    """Standard deviation of the real and of the imaginary part at each frequency."""
    power = psd(np.fft.rfftfreq(nfft, 1 / sampling_rate_hz), quantity)
    # one-sided PSD -> expected |spectrum|², shared evenly by real and imaginary part
    return np.sqrt(power * sampling_rate_hz * nfft / 4)


@lru_cache(maxsize=16)
def _known_scale(model, nfft, sampling_rate_hz, quantity):
    return _scale(partial(model_psd, model), nfft, sampling_rate_hz, quantity)


def _series(spectra, nfft, npts):
    """Noise of some spectra; ndarray, shape (rows, npts). Short series are transformed together."""
    from scipy.fft import irfft

    if nfft > MOST_TOGETHER:
        return np.stack([irfft(spectrum, nfft)[:npts] for spectrum in spectra])
    return irfft(np.stack(list(spectra)), nfft, axis=-1)[:, :npts]


def _place(channel):
    return channel.network, channel.station, channel.location, channel.code
