"""Envelopes of oscillating signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_signal, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_ORDER = 3


def envelope(data: ArrayLike, smooth: int | None = None) -> np.ndarray:
    """Magnitude of the analytic signal, optionally smoothed.

    Parameters
    ----------
    data : array_like, shape (..., npts)
        Any unit; remove the mean first, because it adds to the envelope.
    smooth : int, optional
        Samples in the window of a Savitzky-Golay filter of order 3: odd, 5 or more, and not more than npts. Where the
        envelope decreases steeply the smoothed one may become negative.

    Returns
    -------
    ndarray, shape (..., npts)
        Unit of the data; float32 for float32, else float64.

    Raises
    ------
    InputError
        Samples that are not finite real numbers, or a window that is even, too short or longer than the record.

    Notes
    -----
    The analytic signal has twice the spectrum of the data at positive frequencies, and zero at negative ones. Zeros are
    appended to at least twice the length before the transform. Otherwise the end of a record would wrap around to its
    beginning, with a decay as slow as 1 / t. A sine that is cut off at the ends of the record therefore keeps its
    amplitude in the middle only.

    References
    ----------
    Savitzky, A. and Golay, M. J. E. (1964). Smoothing and differentiation of data by simplified least squares
    procedures. Analytical Chemistry 36, 1627-1639.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import envelope
    >>> time = np.arange(1000) / 100
    >>> bell = np.exp(-((time - 5) ** 2))
    >>> float(np.abs(envelope(bell * np.sin(2 * np.pi * 10 * time)) - bell).max().round(6))
    0.0
    """
    from scipy.fft import fft, ifft, next_fast_len

    data = as_signal(data, "data")
    npts = data.shape[-1]
    window = None if smooth is None else whole("smooth", smooth, _ORDER + 2)
    if window is not None and (window % 2 == 0 or window > npts):
        raise InputError(f"{smooth=} must be odd and not more than the {npts} samples.")
    length = next_fast_len(2 * npts)
    spectrum = fft(data, length)
    # what is at 0 and at the Nyquist frequency (even lengths) has no counterpart
    spectrum[..., 1 : (length + 1) // 2] *= 2
    spectrum[..., length // 2 + 1 :] = 0
    magnitude = np.abs(ifft(spectrum, overwrite_x=True)[..., :npts])
    if window is None:
        return magnitude
    from scipy.signal import savgol_filter

    return savgol_filter(magnitude, window, _ORDER)
