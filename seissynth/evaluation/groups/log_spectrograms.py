"""Logarithmic spectrograms: misfit of two, and roughness of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.statistics.blocks import quiet_divide
from seissynth.shared.checks import as_signal, positive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: length of a window, s; the nearest power of two of samples is taken: 128 at 100 Hz
WINDOW_S = 1.28
#: windows in the length of one
OVERLAP = 4
#: levels farther below the record's strongest cell count as equal, dB
RANGE_DB = 80.0


@dataclass(frozen=True)
class LogSpectrograms:
    """Power in decibels, by frequency and time.

    Parameters
    ----------
    level_db : ndarray, shape (..., bins, frames), float64 or float32
        10 log10 of power over the strongest cell of the record, in band: 0 down to -80.
    frequencies_hz : ndarray, shape (bins,)
    times_s : ndarray, shape (frames,)
        Middles of the windows after sample 0.
    window_samples : int
    """

    level_db: np.ndarray
    frequencies_hz: np.ndarray
    times_s: np.ndarray
    window_samples: int

    def frames_in(self, mask):
        """Frames whose windows are within a mask of samples.

        Parameters
        ----------
        mask : ndarray of bool, shape (..., npts)

        Returns
        -------
        ndarray of bool, shape (..., frames)
            Parts of a window outside the record do not matter.
        """
        mask = np.asarray(mask)
        npts, half = mask.shape[-1], self.window_samples // 2
        step = (self.window_samples // OVERLAP) or 1
        missing = np.zeros((*mask.shape[:-1], npts + 1), np.int32)
        np.cumsum(~mask, axis=-1, out=missing[..., 1:])
        centres = np.arange(len(self.times_s)) * step
        first, last = np.clip(centres - half, 0, npts), np.clip(centres + half, 0, npts)
        return (missing[..., last] - missing[..., first] == 0) & (last > first)


def log_spectrogram(
    data: ArrayLike, sampling_rate_hz: float, band_hz: tuple[float, float] | None = None
) -> LogSpectrograms:
    """Spectrogram in decibels below its own strongest cell.

    Parameters
    ----------
    data : array_like, shape (..., npts)
        Any unit; its size does not matter.
    sampling_rate_hz : float
    band_hz : tuple of two floats, optional
        Frequencies to keep; all except 0 by default. Either may be None.

    Returns
    -------
    LogSpectrograms

    Raises
    ------
    InputError
        No frequency in the band, or samples that are not finite real numbers.

    Notes
    -----
    `seissynth.signal.STFT` with a Hann window of about 1.28 s (128 samples at 100 Hz), a quarter of it apart; levels
    more than 80 dB below the strongest cell are set to -80 dB, which gives silence a level. A record of zeros is at -80
    throughout.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import log_spectrogram
    >>> found = log_spectrogram(np.random.default_rng(0).standard_normal((2, 6000)), 100.0, (1.0, 45.0))
    >>> found.level_db.shape, float(found.level_db.max())
    ((2, 56, 189), 0.0)
    """
    from seissynth.signal import STFT

    data, rate = as_signal(data, "data"), positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    window = max(2 ** round(np.log2(WINDOW_S * rate)), 2 * OVERLAP)
    stft = STFT(window, window // OVERLAP)
    low, high = band_hz or (None, None)
    frequencies = stft.frequencies(rate)
    keep = (frequencies > 0) & (frequencies >= (low or 0.0)) & (frequencies <= (high or rate))
    if not keep.any():
        raise InputError(f"no frequency of windows of {window} samples at {rate:g} Hz lies in the band {band_hz}.")
    lines = stft.forward(data)[..., keep, :]
    power = lines.real**2 + lines.imag**2
    top = power.max(axis=(-2, -1), keepdims=True)
    floor = 10 ** (-RANGE_DB / 10)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(top > 0, 10 * np.log10(np.maximum(power / top, floor)), -RANGE_DB)
    return LogSpectrograms(level, frequencies[keep], stft.times(data.shape[-1], rate), window)


def spectrogram_misfit(real_db: ArrayLike, generated_db: ArrayLike, frames: np.ndarray | None = None) -> np.ndarray:
    r"""Mean squared difference of two log-spectrograms that have mean 0 and variance 1 each.

    Parameters
    ----------
    real_db, generated_db : array_like, shape (..., bins, frames)
        Levels, see `log_spectrogram`.
    frames : ndarray of bool, shape (..., frames), optional
        Frames that count; mean and variance are taken over them, too.

    Returns
    -------
    ndarray, shape (...), float64
        0 for equal spectrograms, 2 by chance, 4 for opposite ones; NaN if one of them is flat.

    Raises
    ------
    InputError
        Shapes that differ.

    Notes
    -----
    .. math:: \frac{1}{N} \sum (z_r - z_g)^2 = 2 (1 - \rho), \qquad z = (L - \bar L) / \sigma_L

    where ρ is the correlation of both spectrograms; it is computed in this way. Features common to all records, such as
    a level that decreases towards high frequencies and late times, lower it: "chance" means spectrograms that have
    nothing in common, and a shuffled set of real records is well below 2. HEGGS (2025, 4.1.2) normalises both
    spectrograms without stating how; its numbers are not comparable.

    Limits: it ignores the size of the motion, and whether there is speckle (a smooth mean spectrogram scores best).

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import spectrogram_misfit
    >>> picture = np.random.default_rng(0).standard_normal((56, 189))
    >>> [round(float(spectrogram_misfit(picture, other)), 3) for other in (3 * picture + 5, -picture)]
    [0.0, 4.0]
    """
    a, b = np.asarray(real_db, dtype=np.float64), np.asarray(generated_db, dtype=np.float64)
    if a.shape != b.shape or a.ndim < 2:
        raise InputError(f"spectrograms have shapes {a.shape} and {b.shape}; they must be equal, (..., bins, frames).")
    weight = _weight(frames, a.shape)
    count = weight.sum(axis=-1) * a.shape[-2]

    def mean(x):  # first over frequency: the weights depend on time only
        return quiet_divide((x.sum(axis=-2) * weight).sum(axis=-1), count)

    def centred(x):
        return x - np.nan_to_num(mean(x))[..., None, None]

    a, b = centred(a), centred(b)
    covariance, variance_a, variance_b = mean(a * b), mean(a * a), mean(b * b)
    return (2 * (1 - quiet_divide(covariance, np.sqrt(variance_a * variance_b))))[()]


def roughness_db(level_db: ArrayLike, frames: np.ndarray | None = None) -> np.ndarray:
    r"""Roughness of a log-spectrogram: difference of neighbouring cells.

    Parameters
    ----------
    level_db : array_like, shape (..., bins, frames)
    frames : ndarray of bool, shape (..., frames), optional
        Those that count.

    Returns
    -------
    ndarray, shape (...), dB
        0 for a flat spectrogram, 4.4 for Gaussian noise of any size. NaN without three consecutive frames.

    Raises
    ------
    InputError
        Less than three frequencies or frames.

    Notes
    -----
    Root mean square of the second difference over frequency and of that over time,
    (L[k-1] - 2 L[k] + L[k+1]) / √6, which is the standard deviation for independent cells, and is not affected by
    slopes. Windows overlap, and neighbours in time are alike: compare it only with that of a real record.

    Limits: it does not show whether the rough parts are the right ones, and noise is as rough as an earthquake.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import log_spectrogram, roughness_db
    >>> noise = np.random.default_rng(0).standard_normal((20, 6000))
    >>> rough = roughness_db(log_spectrogram(noise, 100.0).level_db)
    >>> bool(4.2 < rough.min() < rough.max() < 4.6)
    True
    """
    level = np.asarray(level_db, dtype=np.float64)
    if level.ndim < 2 or min(level.shape[-2:]) < 3:
        raise InputError(f"level_db has shape {level.shape}; roughness needs three frequencies and three frames.")
    weight = _weight(frames, level.shape)
    inner = weight[..., 1:-1] * weight[..., :-2] * weight[..., 2:]
    over_frequency = level[..., :-2, :] - 2 * level[..., 1:-1, :] + level[..., 2:, :]
    over_time = level[..., :-2] - 2 * level[..., 1:-1] + level[..., 2:]
    bins = level.shape[-2]
    squares = ((over_frequency**2).sum(axis=-2) * weight).sum(axis=-1)
    squares += ((over_time**2).sum(axis=-2) * inner).sum(axis=-1)
    count = (bins - 2) * weight.sum(axis=-1) + bins * inner.sum(axis=-1)
    return np.sqrt(quiet_divide(squares, 6 * np.where(inner.any(axis=-1), count, 0)))[()]


def _weight(frames, shape):
    """Weights of the frames, float64, shape (..., frames)."""
    if frames is None:
        return np.ones((*shape[:-2], shape[-1]))
    return np.broadcast_to(np.asarray(frames, dtype=np.float64), (*shape[:-2], shape[-1]))
