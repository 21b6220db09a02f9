"""Predicted onsets as maps over the frames of a spectrogram, as input of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def onset_ramps(onsets_s: ArrayLike, times_s: ArrayLike, scale_s: float = 5.0) -> np.ndarray:
    """Return ramps that cross zero at the onsets.

    Parameters
    ----------
    onsets_s : array_like, shape (n, k)
        Times after sample 0, s, such as predicted P and S; NaN if there is none.
    times_s : array_like, shape (frames,)
        `LogSpectrogram.times_s`.
    scale_s : float
        The ramp runs from -1, that long before the onset, to 1, that long after it, and is flat beyond.

    Returns
    -------
    ndarray, shape (n, k, frames), float32
        ``clip((t - onset) / scale, -1, 1)``; -1 throughout if there is no onset.

    Raises
    ------
    InputError
        Wrong shapes, or a scale that is not above 0.

    Examples
    --------
    >>> onset_ramps([[10.0, 12.0]], [9.0, 10.0, 20.0], scale_s=2.0).tolist()
    [[[-0.5, 0.0, 1.0], [-1.0, -1.0, 1.0]]]
    """
    onsets, times = np.asarray(onsets_s, dtype=float), np.asarray(times_s, dtype=float)
    if onsets.ndim != 2 or times.ndim != 1 or not scale_s > 0:
        raise InputError(
            f"onsets_s {onsets.shape} must be (n, k), times_s {times.shape} (frames,), scale_s={scale_s!r} above 0."
        )
    ramps = np.clip((times - onsets[..., None]) / scale_s, -1.0, 1.0)
    return np.where(np.isnan(ramps), -1.0, ramps).astype(np.float32)
