"""Convert ground motion to the counts of a channel's instrument.

The response is evaluated by ObsPy's evalresp (gain, poles and zeros, FIR filters with their delays);
``Trace.remove_response`` is therefore its inverse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError, ResponseError
from seissynth.instruments.evalresp import (
    INPUT_UNITS,
    evaluate_response,
    input_units,
    padded_length,
    padding_s,
    quantity_of_units,
    say,
    tidy_units,
)
from seissynth.instruments.response_checks import rate_notes
from seissynth.shared.warning import warn_user
from seissynth.signal.motion import convert_float64
from seissynth.units import DERIVATIVES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seissynth.stations.sensors import Channel


def native_quantity(channel):
    """Return the input quantity of a channel's instrument.

    Parameters
    ----------
    channel : seissynth.stations.channels.Channel

    Returns
    -------
    {"displacement", "velocity", "acceleration"}

    Raises
    ------
    ResponseError
        No response, or input units that are not ground motion.
    """
    response = channel.response
    if response is None or not (response.response_stages or response.instrument_sensitivity):
        raise ResponseError(
            f"Channel {channel.id} has no response with stages or a sensitivity, so counts cannot be made. Read it at "
            'response level (get_stations(level="response")), or ask for output="VEL", "ACC" or "DISP".'
        )
    units = input_units(response)
    quantity = quantity_of_units(units)
    if quantity is None:
        raise ResponseError(
            f"Channel {channel.id}: the response takes in {units!r}, which is not a known unit of displacement, "
            "velocity or acceleration (as M, M/S, M/S**2, NM/S), so counts cannot be made. Leave the channel out, "
            'correct the inventory, or ask for output="VEL", "ACC" or "DISP".'
        )
    return quantity


def apply_response(
    data: ArrayLike, channel: Channel, sampling_rate_hz: float, quantity: str, said: set[str] | None = None
) -> np.ndarray:
    """Convert ground motion to the record of a channel.

    Parameters
    ----------
    data : array_like, shape (..., npts)
        Ground motion along the channel's axis, SI. Before and after the record it is taken as zero.
    channel : seissynth.stations.channels.Channel
        Its response is used; the sampling rate of `data` is given separately.
    sampling_rate_hz : float
        Of `data`.
    quantity : {"displacement", "velocity", "acceleration"}
        Of `data`; converted to the instrument's own by `seissynth.signal.motion` first.
    said : set of str, optional
        Warnings already given by the caller; they are not repeated, and new ones are added.

    Returns
    -------
    ndarray, shape (..., npts), float64
        Counts (the output units of the response's last stage).

    Raises
    ------
    InputError
        Unknown quantity, a rate not above 0, or values that are not finite.
    ResponseError
        No response, unknown input units, or one that evalresp cannot evaluate.

    Warns
    -----
    SeisSynthWarning
        A response with a sensitivity only is taken as a flat gain; stages that give another gain than the
        stated sensitivity (by more than 5 %), a stage without gain, and a last stage that gives another
        sampling rate than the channel's cause a warning with both numbers.

    Notes
    -----
    The record is padded with zeros until the slowest pole has decayed to 1e-6 (between 10 s and an hour),
    and nothing wraps around from the end to the start. Evaluated responses are cached, by content, rate and length, in
    up to 128 MiB.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> from seissynth.stations.channels import select_sensors
    >>> from seissynth.instruments.response import apply_response
    >>> sensors = select_sensors(obspy.read_inventory(), "2010-01-01")
    >>> counts = apply_response(np.zeros(6000), sensors[0].channels[0], 100.0, "velocity")
    >>> counts.shape, counts.dtype
    ((6000,), dtype('float64'))
    """
    native = native_quantity(channel)
    if quantity not in DERIVATIVES:
        raise InputError(f"quantity={quantity!r} is unknown; use one of {sorted(DERIVATIVES)}.")
    motion = convert_float64(data, sampling_rate_hz, DERIVATIVES[native] - DERIVATIVES[quantity])
    response = channel.response
    if not response.response_stages:
        return motion * flat_gain(channel, said)
    # imported here: scipy.fft is needed for counts only
    from scipy.fft import irfft, rfft

    for note in rate_notes(channel):
        say(channel, note, said)
    npts = motion.shape[-1]
    nfft = padded_length(npts, padding_s(response), sampling_rate_hz)
    spectrum = evaluate_response(channel, nfft, sampling_rate_hz, said)
    return irfft(rfft(motion, nfft, axis=-1) * spectrum, nfft, axis=-1)[..., :npts]


def spectrum_of_response(
    channel: Channel,
    nfft: int,
    sampling_rate_hz: float,
    said: set[str] | None = None,
    quantity: str | None = None,
) -> Any:
    """Return the response of a channel at the frequencies of a Fourier transform, counts per SI unit of motion.

    Parameters
    ----------
    channel : seissynth.stations.channels.Channel
    nfft : int
    sampling_rate_hz : float
    said : set of str, optional
        As for `apply_response`.
    quantity : {"displacement", "velocity", "acceleration"}, optional
        Of the motion; default: the instrument's own.

    Returns
    -------
    ndarray, shape (nfft // 2 + 1,), complex128; or float
        One number if the response is a sensitivity only, for motion of the instrument's own quantity. Of another
        quantity, 0 at 0 Hz.

    Raises
    ------
    ResponseError
        As `apply_response`.
    """
    native = native_quantity(channel)
    flat = not channel.response.response_stages
    values: Any = flat_gain(channel, said) if flat else evaluate_response(channel, nfft, sampling_rate_hz, said)
    times = DERIVATIVES[native] - DERIVATIVES[quantity or native]
    if times == 0:
        return values
    frequencies = np.fft.rfftfreq(nfft, 1 / sampling_rate_hz)
    moving = frequencies > 0
    return np.where(moving, values * (2j * np.pi * np.where(moving, frequencies, 1.0)) ** times, 0.0)


def quantize_counts(counts: ArrayLike, clip_counts: float | None = None, quantize: bool = False) -> np.ndarray:
    """Apply a digitiser: clip at full scale, round to whole counts.

    Parameters
    ----------
    counts : array_like
        Any shape.
    clip_counts : float, optional
        Full scale, above 0: values beyond it are clipped, of either sign. None: no clipping.
    quantize : bool
        Round to whole counts.

    Returns
    -------
    ndarray
        float64, or int32 with ``quantize=True``.

    Raises
    ------
    InputError
        `clip_counts` not above 0, or values that are not finite.

    Warns
    -----
    SeisSynthWarning
        Whole counts beyond 32 bits are clipped.

    Examples
    --------
    >>> from seissynth.instruments.response import quantize_counts
    >>> quantize_counts([-12.0, 3.4, 9.6], clip_counts=10, quantize=True)
    array([-10,   3,  10], dtype=int32)
    """
    counts = np.array(counts, dtype=np.float64)
    if not np.isfinite(counts).all():
        raise InputError("counts holds NaN or infinite values; a digitiser cannot write them.")
    if clip_counts is not None:
        if not (np.isfinite(clip_counts) and clip_counts > 0):
            raise InputError(f"clip_counts={clip_counts}; full scale must be above 0, as 2**23 for 24 bits.")
        np.clip(counts, -clip_counts, clip_counts, out=counts)
    if not quantize:
        return counts
    np.rint(counts, out=counts)
    limits = np.iinfo(np.int32)
    peak = np.abs(counts).max(initial=0.0)
    if peak > limits.max:
        warn_user(
            f"Counts reach {peak:.3g} and are cut to 32 bits ({limits.max}). Pass clip_counts= for a real "
            "digitiser's full scale, or quantize=False."
        )
        np.clip(counts, limits.min, limits.max, out=counts)
    return counts.astype(np.int32)


def flat_gain(channel, said=None):
    """Return the gain of a response that is a sensitivity only, counts per SI unit, with a warning."""
    sensitivity = channel.response.instrument_sensitivity
    value = sensitivity.value
    if value is None or not np.isfinite(value) or value == 0:
        raise ResponseError(f"Channel {channel.id}: the sensitivity is {value}; it must be finite and not 0.")
    say(
        channel,
        "the response holds a sensitivity only, so counts are made with the flat gain "
        f"{float(value):g} per {sensitivity.input_units}, without poles, zeros and filters.",
        said,
    )
    return float(value) * INPUT_UNITS[tidy_units(input_units(channel.response))][1]
