"""Frequency filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_signal, positive, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def bandpass(
    data: ArrayLike, sampling_rate_hz: float, low_hz: float, high_hz: float, corners: int = 4, zerophase: bool = False
) -> np.ndarray:
    """Butterworth filter; low-pass or high-pass if a corner is None.

    Parameters
    ----------
    data : array_like, shape (..., npts)
        Any unit. No mean is removed and no taper is applied: a record that does not begin near 0 rings.
    sampling_rate_hz : float
    low_hz, high_hz : float or None
        Corner frequencies, 0 < low_hz < high_hz < Nyquist. Without `low_hz` a low-pass, without `high_hz` a high-pass.
    corners : int
        Order of each flank.
    zerophase : bool
        Filter forwards and backwards: no delay, but motion before onsets, and twice the order.

    Returns
    -------
    ndarray, shape (..., npts)
        float32 for float32, else float64; computed in float64.

    Raises
    ------
    InputError
        Samples that are not finite real numbers, no corner at all, or corners out of order or above Nyquist.

    Notes
    -----
    The amplitude at a corner is 1 / √2, with `zerophase` 1 / 2. Second-order sections keep low corners stable. With
    `zerophase` the record is continued at both ends by its odd mirror image.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import bandpass
    >>> time = np.arange(2000) / 100
    >>> slow, fast = np.sin(2 * np.pi * 1 * time), np.sin(2 * np.pi * 20 * time)
    >>> passed = bandpass(slow + fast, 100.0, None, 5.0, zerophase=True)
    >>> bool(np.abs(passed - slow)[200:-200].max() < 1e-4)
    True
    """
    data = as_signal(data, "data")
    rate = positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    order = whole("corners", corners)
    kind, edges = _band(low_hz, high_hz, rate)
    from scipy.signal import butter, sosfilt, sosfiltfilt

    sections = butter(order, edges, kind, fs=rate, output="sos")
    if zerophase:
        usual = 3 * (2 * len(sections) + 1)
        filtered = sosfiltfilt(sections, data.astype(np.float64), padlen=min(usual, data.shape[-1] - 1))
    else:
        filtered = sosfilt(sections, data.astype(np.float64))
    return filtered.astype(data.dtype, copy=False)


def _band(low_hz, high_hz, rate):
    if low_hz is None and high_hz is None:
        raise InputError("low_hz and high_hz are both None: there is nothing to filter; give at least one corner.")
    nyquist = rate / 2
    for name, value in (("low_hz", low_hz), ("high_hz", high_hz)):
        if value is not None and positive(name, value, "Hz") >= nyquist:
            raise InputError(f"{name}={value!r} must be below the Nyquist frequency, {nyquist:g} Hz at {rate:g} Hz.")
    if low_hz is None:
        return "lowpass", high_hz
    if high_hz is None:
        return "highpass", low_hz
    if low_hz >= high_hz:
        raise InputError(f"{low_hz=} must be below {high_hz=}.")
    return "bandpass", [low_hz, high_hz]
