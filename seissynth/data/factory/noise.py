"""Noise of a data set: of a model, of a Stream or a file, or of the noise rows of another data set."""

import functools
import hashlib
from pathlib import Path

import numpy as np

from seissynth.errors import InputError
from seissynth.noise.models import AUTO, NAMES, model_psd, prepare_noise
from seissynth.seeding import generator
from seissynth.shared.ramps import half_cosine
from seissynth.shared.real_numbers import require_real
from seissynth.shared.warning import collecting_warnings
from seissynth.signal.motion import resample_motion

_BEYOND_S = 16.0  # made and thrown away, since the series is periodic
_MARGIN_S = 8.0  # of real noise, for a filter
#: part of a band's octaves, at either end, over which what is inside fades
SHOULDER = 0.2
_BEFORE_P_S = 1.0  # what is kept away from a pick when records of earthquakes lend their noise


class ModelNoise:
    """Coloured Gaussian noise of a name, all components of a record at once and in float32.

    Parameters
    ----------
    model : {"auto", "nlnm", "nhnm"}
        "auto" draws hour and date of each record.
    quantity : {"displacement", "velocity", "acceleration"}
    """

    along_zne = True

    def __init__(self, model, quantity):
        self.model, self.quantity = model, quantity

    def make(self, key, sensor, npts, rate, period=False):
        """Noise of one record, ndarray, shape (3, npts), float32; or the whole period that it is cut from."""
        from scipy.fft import irfft

        scale, nfft = self._scale(key, sensor, npts, rate)
        return irfft(_draws(key, scale.shape[-1]) * scale, nfft, axis=-1)[:, : nfft if period else npts]

    def split(self, key, sensor, npts, rate, band, gain=1.0, period=False):
        """Noise of one record outside and inside a band; their sum is that of `make` for ``gain=1``.

        Parameters
        ----------
        band : (float, float)
            Hz; see `band_share`.
        gain : float
            Gain outside the band; no frequency is amplified beyond Peterson's high noise model.
        period : bool
            As for `make`.

        Returns
        -------
        (ndarray, ndarray), shape (3, npts), float32
        """
        from scipy.fft import irfft

        scale, nfft = self._scale(key, sensor, npts, rate)
        spectrum = _draws(key, scale.shape[-1]) * scale
        frequencies = np.fft.rfftfreq(nfft, 1 / rate)
        inside = band_share(frequencies, *band)
        loudest = _model_scale("nhnm", npts, rate, self.quantity)[0]
        room = np.maximum(loudest / np.where(scale > 0, scale, 1.0), 1.0)
        outside = (1.0 - inside) * np.minimum(gain, room)
        parts = (spectrum * share.astype(np.float32) for share in (outside, inside))
        return tuple(irfft(part, nfft, axis=-1)[:, : nfft if period else npts] for part in parts)

    def _scale(self, key, sensor, npts, rate):
        """Amplitude of each frequency, (n,) or (3, n), and the length of the series."""
        if self.model != AUTO:
            return _model_scale(self.model, npts, rate, self.quantity)
        from seissynth.noise.ambient import noise_psd

        nfft, one = _length(npts, rate), sensor.channels[0]
        frequencies = np.fft.rfftfreq(nfft, 1 / rate)
        power = [
            noise_psd(
                frequencies, self.quantity, one.network, one.station, one.code[:2] + axis, one.longitude_deg, None, key
            )
            for axis in "ZNE"
        ]  # fmt: skip
        return np.sqrt(np.array(power) * rate * nfft / 4).astype(np.float32), nfft


@functools.lru_cache(maxsize=8)
def _model_scale(model, npts, rate, quantity):
    nfft = _length(npts, rate)
    power = model_psd(model, np.fft.rfftfreq(nfft, 1 / rate), quantity)
    return np.sqrt(power * rate * nfft / 4).astype(np.float32), nfft


def _length(npts, rate):
    from scipy.fft import next_fast_len

    return next_fast_len(npts + round(_BEYOND_S * rate), real=True)


def _draws(key, count):
    return generator(key, 1).standard_normal((3, count, 2), dtype=np.float32).view(np.complex64)[..., 0]


def band_share(frequencies_hz, low_hz, high_hz):
    """Share of the amplitude at each frequency that belongs to a band: 0 outside, cosine shoulders within it.

    The shoulders take a fifth of the band's octaves at either end: amplifying inside the band changes nothing outside.
    """
    octaves = np.log2(high_hz / low_hz)
    with np.errstate(divide="ignore"):
        share_of_band = np.log2(np.asarray(frequencies_hz, dtype=float) / low_hz) / octaves
    up, down = (np.clip(x / SHOULDER, 0.0, 1.0) for x in (share_of_band, 1.0 - share_of_band))
    return half_cosine(up) * half_cosine(down)


class SampledNoise:
    """Noise of an object with ``sample(sensor, npts, sampling_rate_hz, rng)``.

    Its rows are those of the sensor's channels, along their own axes, unless it has a true attribute ``along_zne``.
    """

    def __init__(self, source):
        self.source = source
        self.along_zne = bool(getattr(source, "along_zne", False))

    def make(self, key, sensor, npts, rate):
        """Noise of one record, ndarray, shape (3, npts), float32."""
        noise = self.source.sample(sensor, npts, rate, generator(key, 1))
        noise = np.asarray(require_real(noise, f"noise={self.source!r}: what sample() gave"))
        if noise.shape != (3, npts) or not np.isfinite(noise).all():
            raise InputError(
                f"noise={self.source!r} for {sensor.id}: sample() gave the shape {noise.shape}; it must give finite "
                f"noise of the shape {(3, npts)}."
            )
        return noise.astype(np.float32)

    def split(self, key, sensor, npts, rate, band, gain=1.0):
        """Noise of one record outside (times `gain`) and inside a band, as `ModelNoise.split`.

        A longer segment is used if available, because a filter is not accurate at the ends of its input.
        """
        from scipy.fft import irfft, next_fast_len, rfft

        margin = round(_MARGIN_S * rate)
        try:
            with collecting_warnings() as messages:
                whole = self.make(key, sensor, npts + 2 * margin, rate)
        except InputError as error:
            messages = [str(error)]
        # a Stream's station may have noise that is long enough for the record alone: no other station's then
        if messages:
            whole = self.make(key, sensor, npts, rate)
            margin = 0
        reach = min(round(_MARGIN_S * rate), whole.shape[1] - 1)
        turned = np.pad(whole.astype(np.float64), ((0, 0), (reach, reach)), mode="reflect", reflect_type="odd")
        nfft = next_fast_len(turned.shape[1], real=True)
        share = band_share(np.fft.rfftfreq(nfft, 1 / rate), *band)
        inside = irfft(rfft(turned, nfft, axis=-1) * share, nfft, axis=-1)[:, reach + margin :][:, :npts]
        own = whole[:, margin : margin + npts]
        return (np.float32(gain) * (own - inside)).astype(np.float32), inside.astype(np.float32)


class DatasetNoise:
    """Windows of noise from a set in SeisBench's format.

    Parameters
    ----------
    path : str or path
        Its rows with ``trace_category`` "noise" are used; if it has none, the samples before P of the others (up to 1 s
        before it).

    Raises
    ------
    InputError
        No such rows.

    Notes
    -----
    A row, and a window of it, is drawn at random, with all segments of noise equally likely; the mean is removed and
    the noise resampled to the record's rate. Stations are not distinguished. Components are Z, N, E, as in such sets.
    """

    along_zne = True

    def __init__(self, path):
        from seissynth.io.seisbench.dataset import Dataset

        self.path = path
        self._set = Dataset(path)
        table = self._set.metadata
        n = len(table)
        length = _numbers(table, "trace_npts", n)
        kind = table["trace_category"].astype(str) if "trace_category" in table else None
        self._rate = _numbers(table, "trace_sampling_rate_hz", n)
        if np.isnan(self._rate).any() and self._set.sampling_rate_hz:
            self._rate[:] = self._set.sampling_rate_hz
        if kind is not None and (kind == "noise").any():
            usable = np.where(kind == "noise", length, 0.0)
        else:
            usable = _numbers(table, "trace_p_arrival_sample", n) - _BEFORE_P_S * self._rate
        self._usable = np.nan_to_num(usable)
        self._known = {}
        if not (self._usable > 1).any():
            raise InputError(f"noise={str(path)!r}: the data set has no row of noise and none with noise before P.")

    def __repr__(self):
        return f"<DatasetNoise of {self.path}>"

    def sample(self, sensor, npts, sampling_rate_hz, rng):
        """Cut one window, ndarray, shape (3, npts)."""
        wanted, windows = self._windows(npts, sampling_rate_hz)
        if not windows[-1]:
            longest = np.nanmax(self._usable / self._rate)
            raise InputError(
                f"noise={str(self.path)!r}: records need {npts / sampling_rate_hz:g} s, and the longest noise in it "
                f"lasts {longest:g} s. Give longer noise, or ask for a shorter duration."
            )
        number = int(rng.integers(int(windows[-1])))
        row = int(np.searchsorted(windows, number, side="right"))
        first, count = number - (int(windows[row - 1]) if row else 0), int(wanted[row])
        cut = np.asarray(self._set.waveform(row), dtype=np.float64)[:, first : first + count]
        cut = cut - cut.mean(axis=1, keepdims=True)
        return resample_motion(cut, float(self._rate[row]), sampling_rate_hz)[:, :npts]

    def _windows(self, npts, rate):
        """Number of samples required of each row, and cumulative number of windows."""
        if (npts, rate) not in self._known:
            wanted = np.ceil((npts - 1) * self._rate / rate) + 1
            room = np.where(self._usable >= wanted, np.floor(self._usable - wanted + 1), 0.0)
            self._known[npts, rate] = wanted, np.cumsum(room)
        return self._known[npts, rate]


def _numbers(table, name, n):
    return table[name].to_numpy(dtype=float) if name in table else np.full(n, np.nan)


def open_noise(noise, quantity):
    """Return an object with ``make(key, sensor, npts, rate)`` for the argument ``noise``; None for None.

    Parameters
    ----------
    noise : None, "auto", "nlnm", "nhnm", path, Stream, or object with ``sample``
    quantity : str
        Quantity of the ground motion for noise of a model.
    """
    noise = load_noise(noise)
    if noise is None:
        return None
    if isinstance(noise, str):
        return ModelNoise(noise, quantity)
    return SampledNoise(noise)


def load_noise(noise):
    """Open a file or data set of noise; other arguments are checked by `seissynth.noise.prepare_noise`."""
    if not _is_path(noise):
        return prepare_noise(noise)
    path = Path(noise)
    if path.is_dir():
        return DatasetNoise(path)
    if not path.is_file():
        raise InputError(
            f"noise={str(noise)!r} is neither {' nor '.join(NAMES)}, nor a file of records, nor the folder of a set."
        )
    from obspy import read

    try:
        return prepare_noise(read(str(path)))
    except InputError:
        raise
    except Exception as error:  # ObsPy's readers raise any error of their parsers
        raise InputError(f"noise={str(noise)!r} cannot be read as records: {error}.") from error


def describe_noise(noise):
    """Plain data that identify a noise."""
    if noise is None:
        return None
    if _is_path(noise):
        path = Path(noise)
        return {"path": str(noise), **({"bytes": path.stat().st_size} if path.is_file() else {})}
    if isinstance(noise, str):
        return noise.lower()
    if hasattr(noise, "traces"):
        digest = hashlib.sha256()
        for trace in noise:
            digest.update(f"{trace.id} {trace.stats.starttime} {trace.stats.sampling_rate}".encode())
            digest.update(np.ascontiguousarray(np.ma.getdata(trace.data)).tobytes())
        return {"stream": {"traces": len(noise), "sha256": digest.hexdigest()}}
    return {"object": repr(noise) if "at 0x" not in repr(noise) else type(noise).__qualname__}


def _is_path(noise):
    return hasattr(noise, "__fspath__") or (isinstance(noise, str) and noise.lower() not in NAMES)
