"""Convert between acceleration, velocity and displacement, and between sampling rates.

Both work in the time domain: nothing wraps around from a record's end to its start, and there is no trend before the
onset. Arrays in, arrays out, time on the last axis, SI units.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.real_numbers import require_real
from seissynth.units import DERIVATIVES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: number of samples on each side that an integral or a derivative uses
REACH = 16

#: largest numerator and denominator of a ratio of sampling rates (whole factors: `MAX_WHOLE_FACTOR`)
MAX_RATIO_TERM = 1000

#: largest whole factor between two sampling rates
MAX_WHOLE_FACTOR = 100_000

_MATCHED_TO = 0.84  # of Nyquist: the FIRs are fitted up to here
_PASS_TO = 0.85  # of the lower Nyquist: the resampling filter is flat up to here, and closed at 1
_STOP_DB = 90.0
_BLOCK_ROWS = 12


def convert_motion(data: ArrayLike, sampling_rate_hz: float, from_quantity: str, to_quantity: str) -> np.ndarray:
    """Integrate or differentiate ground motion.

    Parameters
    ----------
    data : array_like, shape (..., npts)
        Ground motion of `from_quantity`, SI.
    sampling_rate_hz : float
        Above 0.
    from_quantity, to_quantity : {"displacement", "velocity", "acceleration"}

    Returns
    -------
    ndarray, shape (..., npts), float32
        Motion of `to_quantity` at the same sample times. Computed in float64.

    Raises
    ------
    InputError
        Unknown quantity, rate not above 0, no samples, values that are not finite.

    Notes
    -----
    The integral is a running sum, ``v[n] = v[n-1] + dt * (g * a)(n - 1/2)``, where g is an FIR of even
    length with the amplitude response ``sin(x/2) / (x/2)`` (x = angular frequency times dt), and the whole equals the
    exact ``1 / (i w)`` within 1.5e-4 up to 0.8 of Nyquist (0.3 % up to 0.85); g sums to exactly one, which avoids a
    trend. The derivative is an antisymmetric FIR of odd length. Both use 16 samples to either side, but output before
    the first sample that is not zero is set to zero: nothing moves before the onset.

    An integral starts at rest: samples before the record are taken as zero. For a derivative, which would turn a
    record's first sample into a spike, the record is continued by point reflection, and for both at the end. The last
    16 samples are therefore less accurate.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal.motion import convert_motion
    >>> t = np.arange(2000) / 100
    >>> velocity = convert_motion(np.sin(2 * np.pi * t), 100.0, "acceleration", "velocity")
    >>> bool(np.allclose(velocity, (1 - np.cos(2 * np.pi * t)) / (2 * np.pi), atol=1e-4))
    True
    """
    steps = _derivatives(to_quantity) - _derivatives(from_quantity)
    data = np.asarray(data)
    rows = data.reshape(-1, data.shape[-1]) if data.ndim and data.size else data
    if rows.ndim != 2 or len(rows) <= _BLOCK_ROWS:
        return convert_float64(data, sampling_rate_hz, steps).astype(np.float32)
    # block by block: float64 copies of a whole network's records would not fit into the processor's cache
    out = np.empty(rows.shape, dtype=np.float32)
    for first in range(0, len(rows), _BLOCK_ROWS):
        block = slice(first, first + _BLOCK_ROWS)
        out[block] = convert_float64(rows[block], sampling_rate_hz, steps)
    return out.reshape(data.shape)


def convert_float64(data, sampling_rate_hz, derivatives):
    """Differentiate `derivatives` times (negative: integrate), as `convert_motion`, float64 out."""
    work = np.asarray(data)
    _check(work, sampling_rate_hz)
    shape = work.shape
    work = np.ascontiguousarray(work.reshape(-1, shape[-1]), dtype=np.float64)
    if derivatives == 0:
        return np.array(work, copy=True).reshape(shape)
    # imported here, since numba takes 0.2 s to import and many runs convert nothing
    from seissynth.signal._motion_kernels import differentiate_rows, integrate_rows

    for _ in range(abs(derivatives)):
        out = np.empty_like(work)
        if derivatives < 0:
            integrate_rows(_extend(work, REACH, at_start=False), _integral_taps(), 1 / sampling_rate_hz, out)
        else:
            differentiate_rows(_extend(work, REACH), _derivative_taps(), float(sampling_rate_hz), out)
        _keep_silence(work, out)
        work = out
    return work.reshape(shape)


def _keep_silence(before, after):
    """Clear the filter's output before the first motion: nothing moves before the onset."""
    begun = before != 0.0
    first = np.where(begun.any(axis=-1), begun.argmax(axis=-1), before.shape[-1])
    for row, index in zip(after, first, strict=True):
        row[:index] = 0.0


def resample_motion(data: ArrayLike, from_hz: float, to_hz: float) -> np.ndarray:
    """Resample ground motion; sample 0 keeps its time.

    Parameters
    ----------
    data : array_like, shape (..., npts)
        Any unit; float32 and float64 are kept, integers become float64.
    from_hz, to_hz : float
        Sampling rates above 0; their ratio is a whole number, one over a whole number (up to 100,000),
        or a fraction of numbers up to 1000.

    Returns
    -------
    ndarray, shape (..., floor((npts - 1) * to_hz / from_hz) + 1)
        The input itself if the rates are equal.

    Raises
    ------
    InputError
        Rates without such a ratio, rates not above 0, no samples, values that are not finite.

    Notes
    -----
    A linear-phase FIR (Kaiser window, 90 dB), flat to 0.85 of the lower Nyquist frequency and zero at it. Its
    precursors extend over 39 samples of the lower rate. Beyond its ends the record is continued by point reflection.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal.motion import resample_motion
    >>> resample_motion(np.ones((3, 6000), "float32"), 100.0, 40.0).shape
    (3, 2400)
    """
    data = np.asarray(data)
    _check(data, from_hz)
    up, down = rate_ratio(from_hz, to_hz)
    if up == down:
        return data
    # imported here: scipy.signal takes half a second
    from scipy.signal import resample_poly

    taps = _resampling_taps(max(up, down))
    reach = -(-(len(taps) // 2) // up)  # in input samples
    pad = -(-reach // down) * down  # whole output samples, to keep sample 0 on the grid
    npts = data.shape[-1]
    rows = np.ascontiguousarray(data.reshape(-1, npts), dtype=np.float64)
    wide = resample_poly(_extend(rows, pad), up, down, axis=-1, window=taps)
    first = pad * up // down
    out = wide[:, first : first + (npts - 1) * up // down + 1]
    out = out.reshape(*data.shape[:-1], -1)
    return out.astype(data.dtype if data.dtype == np.float32 else np.float64, copy=False)


def rate_ratio(from_hz, to_hz):
    """Return the ratio ``to_hz / from_hz`` as two whole numbers (up, down), within 1e-7.

    Raises
    ------
    InputError
        No such numbers within `MAX_RATIO_TERM` (or a whole factor within `MAX_WHOLE_FACTOR`).

    Examples
    --------
    >>> from seissynth.signal.motion import rate_ratio
    >>> rate_ratio(100.0, 40.0)
    (2, 5)
    """
    for rate in (from_hz, to_hz):
        if not (np.isfinite(rate) and rate > 0):
            raise InputError(f"A sampling rate is {rate} Hz; it must be above 0.")
    ratio = to_hz / from_hz
    for limit in (MAX_RATIO_TERM, MAX_WHOLE_FACTOR):
        # the smaller side is approximated: the limit then holds for either direction
        if ratio <= 1:
            fraction = Fraction(ratio).limit_denominator(limit)
        else:
            inverse = Fraction(1 / ratio).limit_denominator(limit)
            fraction = 1 / inverse if inverse else Fraction(0)
        up, down = fraction.numerator, fraction.denominator
        small = max(up, down) <= MAX_RATIO_TERM or min(up, down) == 1
        if up and small and abs(up / down - ratio) <= 1e-7 * ratio:
            return up, down
    raise InputError(
        f"{from_hz} Hz cannot be resampled to {to_hz} Hz: their ratio is {ratio:.9g}, which is no fraction of "
        f"numbers up to {MAX_RATIO_TERM} nor a whole factor up to {MAX_WHOLE_FACTOR}. Choose another sampling rate."
    )


def _derivatives(quantity):
    try:
        return DERIVATIVES[quantity]
    except (KeyError, TypeError):
        raise InputError(f"quantity={quantity!r} is unknown; use one of {sorted(DERIVATIVES)}.") from None


def _check(data, sampling_rate_hz):
    if not (np.isfinite(sampling_rate_hz) and sampling_rate_hz > 0):
        raise InputError(f"sampling_rate_hz={sampling_rate_hz}; it must be above 0.")
    if data.ndim == 0 or data.shape[-1] == 0:
        raise InputError(f"data has the shape {data.shape}; it must hold at least one sample on the last axis.")
    require_real(data, "data")
    if not np.isfinite(data).all():
        raise InputError("data holds NaN or infinite values; fill or cut them first.")


def _extend(rows, count, at_start=True):
    """Add `count` samples at both ends: point reflection, or zeros at the start."""
    npts = rows.shape[-1]
    wide = np.zeros((len(rows), npts + 2 * count))
    wide[:, count : count + npts] = rows
    mirrored = min(count, npts - 1)
    last = rows[:, -1:]
    wide[:, count + npts : count + npts + mirrored] = 2 * last - rows[:, ::-1][:, 1 : mirrored + 1]
    # a record shorter than the reach: hold the last value
    wide[:, count + npts + mirrored :] = wide[:, count + npts + mirrored - 1 : count + npts + mirrored]
    if at_start:
        wide[:, count - mirrored : count] = 2 * rows[:, :1] - rows[:, mirrored:0:-1]
        wide[:, : count - mirrored] = wide[:, count - mirrored : count - mirrored + 1]
    return wide


def _fit(shapes, target, at_zero=None):
    """Weights w of `shapes` (nfreq, h) with shapes @ w = target in least squares, ``at_zero @ w = 1`` exactly."""
    if at_zero is None:
        return np.linalg.lstsq(shapes, target, rcond=None)[0]
    # one weight follows from the constraint; the others are free
    reduced = shapes[:, 1:] - shapes[:, :1] * at_zero[1:] / at_zero[0]
    rest = np.linalg.lstsq(reduced, target - shapes[:, 0] / at_zero[0], rcond=None)[0]
    return np.concatenate([[(1 - at_zero[1:] @ rest) / at_zero[0]], rest])


@lru_cache(maxsize=1)
def _integral_taps():
    angle = np.linspace(1e-3, _MATCHED_TO * np.pi, 2000)
    # sample pairs at +-(k + 1/2): amplitude 2 cos((k + 1/2) x); errors are relative to the target
    target = np.sin(angle / 2) / (angle / 2)
    shapes = 2 * np.cos((np.arange(REACH) + 0.5) * angle[:, None]) / target[:, None]
    return _fit(shapes, np.ones_like(angle), at_zero=np.full(REACH, 2.0))


@lru_cache(maxsize=1)
def _derivative_taps():
    angle = np.linspace(1e-3, _MATCHED_TO * np.pi, 2000)
    # sample pairs at +-k: i 2 sin(k x), wanted i x
    k = np.arange(1, REACH + 1)
    return _fit(2 * np.sin(k * angle[:, None]) / angle[:, None], np.ones_like(angle), at_zero=2.0 * k)


@lru_cache(maxsize=32)
def _resampling_taps(factor):
    from scipy.signal import firwin, kaiserord

    width = (1 - _PASS_TO) / factor
    count, beta = kaiserord(_STOP_DB, width)
    return firwin(count | 1, (1 + _PASS_TO) / 2 / factor, window=("kaiser", beta))
