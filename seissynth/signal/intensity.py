"""Intensity of ground motion, one number per record: peaks, Arias intensity, CAV and significant duration.

Integrals over time use the trapezoidal rule between the first and the last sample: NumPy's sums are as fast as compiled
loops here.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_signal, positive
from seissynth.units import STANDARD_GRAVITY

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def pga(acceleration: ArrayLike) -> np.ndarray:
    """Peak ground acceleration: the largest absolute sample of each trace.

    Parameters
    ----------
    acceleration : array_like, shape (..., npts), m/s²

    Returns
    -------
    ndarray, shape (...), m/s²

    Raises
    ------
    InputError
        Samples that are not finite real numbers, or none.

    Examples
    --------
    >>> from seissynth.signal import pga
    >>> float(pga([0.1, -0.4, 0.2]))
    0.4
    """
    return np.abs(as_signal(acceleration, "acceleration")).max(axis=-1)


def pgv(velocity: ArrayLike) -> np.ndarray:
    """Peak ground velocity: the largest absolute sample of each trace.

    Parameters
    ----------
    velocity : array_like, shape (..., npts), m/s

    Returns
    -------
    ndarray, shape (...), m/s

    Raises
    ------
    InputError
        Samples that are not finite real numbers, or none.

    Examples
    --------
    >>> from seissynth.signal import pgv
    >>> pgv([[0.1, -0.4], [0.3, 0.2]])
    array([0.4, 0.3])
    """
    return np.abs(as_signal(velocity, "velocity")).max(axis=-1)


def arias_intensity(acceleration: ArrayLike, sampling_rate_hz: float) -> np.ndarray:
    """Arias intensity of each trace.

    Parameters
    ----------
    acceleration : array_like, shape (..., npts), m/s²
    sampling_rate_hz : float

    Returns
    -------
    ndarray, shape (...), m/s

    Raises
    ------
    InputError
        Samples that are not finite real numbers, or a rate not above 0.

    Notes
    -----
    π / (2 g) ∫ a² dt with g = 9.80665 m/s² (Arias, 1970), by the trapezoidal rule.

    References
    ----------
    Arias, A. (1970). A measure of earthquake intensity. In: Hansen, R. J. (editor), Seismic design for nuclear power
    plants. MIT Press, 438-483.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import arias_intensity
    >>> round(float(arias_intensity(np.ones(101), 100.0)), 4)  # 1 m/s² for 1 s
    0.1602
    """
    data = as_signal(acceleration, "acceleration")
    squares = np.square(data, dtype=np.float64)
    intensity = math.pi / (2 * STANDARD_GRAVITY) * _integral(squares, sampling_rate_hz)
    return intensity.astype(data.dtype, copy=False)


def cav(acceleration: ArrayLike, sampling_rate_hz: float) -> np.ndarray:
    """Cumulative absolute velocity of each trace.

    Parameters
    ----------
    acceleration : array_like, shape (..., npts), m/s²
    sampling_rate_hz : float

    Returns
    -------
    ndarray, shape (...), m/s

    Raises
    ------
    InputError
        Samples that are not finite real numbers, or a rate not above 0.

    Notes
    -----
    The integral of the absolute value over the whole record (EPRI, 1988), without a threshold, by the trapezoidal
    rule on the absolute samples.

    References
    ----------
    Electric Power Research Institute (1988). A criterion for determining exceedance of the operating basis earthquake.
    Report NP-5930.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import cav
    >>> round(float(cav(-2 * np.ones(101), 100.0)), 3)  # 2 m/s² for 1 s
    2.0
    """
    data = as_signal(acceleration, "acceleration")
    return _integral(np.abs(data.astype(np.float64)), sampling_rate_hz).astype(data.dtype, copy=False)


def significant_duration(
    acceleration: ArrayLike, sampling_rate_hz: float, low: float = 5, high: float = 75
) -> np.ndarray:
    """Time in which the Arias intensity grows from one share of its final value to another.

    Parameters
    ----------
    acceleration : array_like, shape (..., npts), m/s²
        Any quantity may be used: its unit cancels.
    sampling_rate_hz : float
    low, high : float
        Per cent of the final value, 0 <= low < high <= 100. D5-75 by default; D5-95 is usual, too.

    Returns
    -------
    ndarray, shape (...), s
        NaN for a trace of zeros, which has no intensity.

    Raises
    ------
    InputError
        Samples that are not finite real numbers, a rate not above 0, or shares out of order.

    Notes
    -----
    The integral of a² (trapezoidal rule) is interpolated linearly between samples. If it is constant at the requested
    fraction, `low` is the end of the constant part and `high` its beginning.

    References
    ----------
    Trifunac, M. D. and Brady, A. G. (1975). A study on the duration of strong earthquake ground motion. Bulletin of the
    Seismological Society of America 65, 581-626.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import significant_duration
    >>> round(float(significant_duration(np.ones(1001), 100.0, 5, 95)), 3)  # 90 % of 10 s
    9.0
    """
    data = as_signal(acceleration, "acceleration")
    rate = positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    if not all(isinstance(share, Real) and math.isfinite(share) for share in (low, high)) or not 0 <= low < high <= 100:
        raise InputError(f"{low=}, {high=} must be per cent with 0 <= low < high <= 100.")
    squares = np.square(data.reshape(-1, data.shape[-1]), dtype=np.float64)
    durations = np.full(len(squares), np.nan)
    for number, row in enumerate(squares):
        grown = np.concatenate([[0.0], np.cumsum(0.5 * (row[1:] + row[:-1]))])
        if grown[-1] > 0:
            first = _crossing(grown, low / 100 * grown[-1], "right")
            durations[number] = (_crossing(grown, high / 100 * grown[-1], "left") - first) / rate
    return durations.reshape(data.shape[:-1])[()].astype(data.dtype, copy=False)


def _integral(values, sampling_rate_hz):
    """Trapezoidal rule along the last axis of float64 values; 0 for one sample."""
    step = 1.0 / positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    return step * (values.sum(axis=-1) - 0.5 * (values[..., 0] + values[..., -1]))


def _crossing(grown, level, side):
    """Position, in samples, where the growing series `grown` reaches `level`, or (right) leaves it."""
    after = int(np.clip(np.searchsorted(grown, level, side), 1, grown.size - 1))
    rise = grown[after] - grown[after - 1]
    return after - 1 + ((level - grown[after - 1]) / rise if rise > 0 else 1.0)
