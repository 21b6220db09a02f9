"""Log-spectrograms of three-component records, and records of log-spectrograms (HEGGS 2025, appendix C).

Forward: short-time Fourier transform, amplitude, Nyquist bin dropped, floor, natural logarithm, standardised per
frequency. Inverse: exponential, bins outside the band set to zero, phases found by the fast Griffin-Lim algorithm.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import hash_words
from seissynth.shared.checks import as_signal, positive, whole
from seissynth.signal import STFT, griffinlim

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seissynth.representations.spectrogram_statistics import SpectrogramStatistics


@dataclass(frozen=True)
class LogSpectrogram:
    """A log-spectrogram representation of records of one length and rate.

    Parameters
    ----------
    sampling_rate_hz : float
    npts : int
        Samples of a record.
    nfft, hop : int
        Of the STFT, samples; a Hann window of nfft, frames centred on every hop-th sample.
    low_hz, high_hz : float
        Band of the losses; bins outside it contain the flanks of the filter, and `decode` sets them to zero.

    Notes
    -----
    With the defaults (60 s at 100 Hz) a record of 3 x 6000 becomes 3 x 64 x 376: bins 0.78 Hz apart, frames 0.16 s
    apart, 56 of the 64 bins in the band.

    References
    ----------
    Jung et al. (2025), Broadband ground motion synthesis by diffusion model with minimal condition, appendix C.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.representations import LogSpectrogram, SpectrogramStatistics
    >>> spectrogram = LogSpectrogram()
    >>> spectrogram.shape, int(spectrogram.band_mask.sum())
    ((3, 64, 376), 56)
    >>> records = np.random.default_rng(0).standard_normal((2, 3, 6000)) * 1e-6
    >>> statistics = SpectrogramStatistics.plain(spectrogram)
    >>> x = spectrogram.encode(records, statistics)
    >>> x.shape, x.dtype.name
    ((2, 3, 64, 376), 'float32')
    >>> spectrogram.decode(x, statistics, seeds=[1, 2], n_iter=2).shape
    (2, 3, 6000)
    """

    sampling_rate_hz: float = 100.0
    npts: int = 6000
    nfft: int = 128
    hop: int = 16
    low_hz: float = 1.0
    high_hz: float = 45.0

    def __post_init__(self):
        rate = positive("sampling_rate_hz", self.sampling_rate_hz, "Hz")
        whole("npts", self.npts)
        if whole("nfft", self.nfft, 4) % 2:
            raise InputError(f"nfft={self.nfft} must be even, which makes the last bin the Nyquist frequency.")
        STFT(self.nfft, self.hop)  # checks that it can be inverted
        if not 0 <= self.low_hz < self.high_hz < rate / 2:
            raise InputError(
                f"the band of {self.low_hz} to {self.high_hz} Hz must rise and end below {rate / 2} Hz, half the rate."
            )
        if not self.band_mask.any():
            raise InputError(f"no bin is within {self.low_hz} to {self.high_hz} Hz; raise nfft={self.nfft}.")

    # --- geometry

    @cached_property
    def stft(self):
        """The transform, `seissynth.signal.STFT`."""
        return STFT(self.nfft, self.hop)

    @property
    def bins(self) -> int:
        """Number of frequencies, nfft / 2."""
        return self.nfft // 2

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.stft.frames(self.npts)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one encoded record: (3, bins, frames)."""
        return (3, self.bins, self.frames)

    @cached_property
    def frequencies_hz(self):
        """Frequency of each bin, shape (bins,)."""
        return self.stft.frequencies(self.sampling_rate_hz)[:-1]

    @cached_property
    def times_s(self):
        """Time of each frame's middle after sample 0, shape (frames,)."""
        return self.stft.times(self.npts, self.sampling_rate_hz)

    @cached_property
    def band_mask(self):
        """Whether each bin is in the band, bool, shape (bins,)."""
        return (self.frequencies_hz >= self.low_hz) & (self.frequencies_hz <= self.high_hz)

    def frames_before(self, end_s: ArrayLike) -> np.ndarray | bool:
        """Return the frames that contain nothing after a time: the mask for losses.

        Parameters
        ----------
        end_s : array_like, shape (n,)
            After sample 0, s; NaN or infinite keeps all.

        Returns
        -------
        ndarray, shape (n, frames), bool
        """
        end_s = np.asarray(end_s, dtype=float)
        half = self.nfft / 2 / self.sampling_rate_hz
        return ~(self.times_s + half > np.where(np.isnan(end_s), np.inf, end_s)[..., None])

    # --- there and back

    def log_amplitude(self, data: ArrayLike, workers: int | None = None) -> np.ndarray:
        """Return ln of the STFT's modulus, no floor, float32, shape (..., 3, bins, frames); -inf where it is 0.

        Parameters
        ----------
        data : array_like, shape (..., 3, npts)
        """
        spectra = self.stft.forward(self._records(data), workers)[..., :-1, :]
        with np.errstate(divide="ignore"):
            return np.log(abs(spectra)).astype(np.float32, copy=False)

    def encode(
        self,
        data: ArrayLike,
        statistics: SpectrogramStatistics,
        sensors: Sequence[str] | None = None,
        workers: int | None = None,
    ) -> np.ndarray:
        """Convert records to standardised log-spectrograms.

        Parameters
        ----------
        data : array_like, shape (n, 3, npts)
            In the unit of the statistics, usually m/s; prepared (band-passed) in the same way.
        statistics : SpectrogramStatistics
        sensors : sequence of str, length n, optional
            Sensors whose floor is used; a sensor without one, and all without `sensors`, get the median of the others.
        workers : int, optional
            Threads.

        Returns
        -------
        ndarray, shape (n, 3, bins, frames), float32
            ``(ln max(A, floor) - mean) / sd``.

        Raises
        ------
        InputError
            Records of another shape or length, not finite, or statistics of another geometry.
        """
        statistics.check(self)
        data = self._records(data)
        if data.ndim != 3:
            raise InputError(f"data has shape {data.shape}; it must be (n, 3, {self.npts}).")
        log_floor = statistics.log_floors(sensors, len(data))
        logs = np.maximum(self.log_amplitude(data, workers), log_floor[..., None])
        return ((logs - statistics.mean[:, None]) / statistics.sd[:, None]).astype(np.float32)

    def log_of(self, encoded: ArrayLike, statistics: SpectrogramStatistics) -> np.ndarray:
        """Return ln A of encoded records, same shape, float32: without standardisation."""
        statistics.check(self)
        encoded = as_signal(encoded, "encoded")
        if encoded.shape[-3:] != self.shape:
            raise InputError(f"encoded has shape {encoded.shape}; it must be (..., {', '.join(map(str, self.shape))}).")
        return (encoded * statistics.sd[:, None] + statistics.mean[:, None]).astype(np.float32)

    def decode(
        self,
        encoded: ArrayLike,
        statistics: SpectrogramStatistics,
        *,
        phase: ArrayLike | None = None,
        seeds: ArrayLike | None = None,
        n_iter: int = 32,
        momentum: float = 0.99,
        workers: int | None = None,
    ) -> np.ndarray:
        """Convert standardised log-spectrograms to records.

        Parameters
        ----------
        encoded : array_like, shape (n, 3, bins, frames)
        statistics : SpectrogramStatistics
        phase : array_like, shape (n, 3, bins, frames), optional
            First phases in radians, such as `phase` of a source record; random without it.
        seeds : array_like of int, shape (n,), optional
            For random phases, one per record (0 to 2**64 - 1); needed without `phase`.
        n_iter : int
            Iterations of Griffin-Lim; 0 keeps the given phase.
        momentum : float
        workers : int, optional
            Threads.

        Returns
        -------
        ndarray, shape (n, 3, npts), float32
            Record i depends on its own spectrogram and phase or seed only.

        Raises
        ------
        InputError
            Wrong shapes, no phase and no seeds, or logarithms too large for a float32 amplitude.
        """
        logs = self.log_of(encoded, statistics)
        if logs.ndim != 4:
            raise InputError(f"encoded has shape {logs.shape}; it must be (n, {', '.join(map(str, self.shape))}).")
        largest = float(logs[:, :, self.band_mask].max(initial=-np.inf))
        if largest > _LARGEST_LOG:
            raise InputError(
                f"the spectrogram reaches ln A = {largest:.4g}, which no float32 record holds (limit "
                f"{_LARGEST_LOG:.0f}); the model or its statistics are not for these data."
            )
        amplitude = np.zeros((*logs.shape[:2], self.bins + 1, self.frames), np.float32)
        amplitude[:, :, :-1][:, :, self.band_mask] = np.exp(logs[:, :, self.band_mask])
        if phase is not None:
            init, keys = self._given_phase(phase, logs.shape), None
        elif seeds is not None:
            init, keys = "random", _component_seeds(seeds, len(logs))
        else:
            raise InputError("decode needs phases: pass `phase`, or `seeds` for random ones (one seed a record).")
        return griffinlim(
            amplitude, self.stft, self.npts, n_iter=n_iter, momentum=momentum, init=init, seeds=keys, workers=workers
        )

    def phase(self, data: ArrayLike, workers: int | None = None) -> np.ndarray:
        """Return the phases of records, rad, float32, shape (..., 3, bins, frames), as start of `decode`."""
        return np.angle(self.stft.forward(self._records(data), workers)[..., :-1, :]).astype(np.float32)

    # --- plain data

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain data."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> LogSpectrogram:
        """Make a configuration from the result of `to_dict`; an unknown or missing name is an InputError."""
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(plain, dict) or set(plain) != names:
            raise InputError(f"a log-spectrogram's configuration needs exactly {', '.join(sorted(names))}.")
        return cls(**plain)

    def _records(self, data):
        data = as_signal(data, "data").astype(np.float32, copy=False)
        if data.ndim < 2 or data.shape[-2:] != (3, self.npts):
            raise InputError(f"data has shape {data.shape}; it must be (..., 3, {self.npts}): cut or pad it first.")
        return data

    def _given_phase(self, phase, shape):
        phase = as_signal(phase, "phase").astype(np.float32, copy=False)
        if phase.shape != shape:
            raise InputError(f"phase has shape {phase.shape}; it must be that of the spectrograms, {shape}.")
        return np.concatenate([phase, np.zeros_like(phase[:, :, :1])], axis=2)


#: a record of 6000 samples with this in every bin still fits into float32
_LARGEST_LOG = 75.0


def _component_seeds(seeds, count):
    seeds = np.asarray(seeds)
    if seeds.shape != (count,) or seeds.dtype.kind not in "iu":
        raise InputError(f"seeds of type {seeds.dtype} and shape {seeds.shape} must be {count} integers, one a record.")
    # the three components of a record must not share their phases
    return np.array([[hash_words("phase", seed, c) for c in range(3)] for seed in seeds.tolist()], dtype=np.uint64)
