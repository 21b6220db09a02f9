"""A clock that P and S have in common at all distances: residuals of two records are compared phase by phase.

A point of the clock has a position: 0 at P, `TO_S` at S, and from there one more for each of `LAGS_S`, lags after S
that are even in ln(1 + lag). Residuals depend on the time since a phase arrived more than on the time after origin.
"""

import numpy as np

from seissynth.errors import InputError

#: positions from P to S
TO_S = 7
#: lags after S of the remaining positions, s
LAGS_S = np.expm1(np.linspace(0.0, np.log1p(56.0), 34))
#: number of positions
POINTS = TO_S + len(LAGS_S)
#: P and S are taken to be at least so far apart, s
LEAST_S_MINUS_P_S = 0.3
#: a point without a time so near, in positions, takes a value between the times on both sides
_LEAST_WEIGHT = 0.25


def positions(times_s, p_s, s_s):
    """Return the positions of times on the clock.

    Parameters
    ----------
    times_s : array_like, shape (t,)
        After origin, s.
    p_s, s_s : float
        Onsets of the record, s after origin; S after P.

    Returns
    -------
    ndarray, shape (t,)
        From 0, at and before P, to ``POINTS - 1``, 56 s after S and later.

    Raises
    ------
    InputError
        An onset that is not finite, or S before P.

    Examples
    --------
    >>> positions([2.0, 5.0, 8.0, 64.0], 5.0, 8.0).tolist()
    [0.0, 0.0, 7.0, 40.0]
    """
    p_s, s_s = float(p_s), float(s_s)
    if not (np.isfinite(p_s) and np.isfinite(s_s) and s_s >= p_s):
        raise InputError(f"residuals: P at {p_s:g} s and S at {s_s:g} s after origin; both are needed, S after P.")
    times = np.asarray(times_s, dtype=float)
    between = np.clip((times - p_s) / max(s_s - p_s, LEAST_S_MINUS_P_S) * TO_S, 0.0, TO_S)
    behind = TO_S + np.interp(times - s_s, LAGS_S, np.arange(len(LAGS_S)))
    return np.where(times < s_s, between, behind)


def unwarp_matrix(times_s, p_s, s_s):
    """Return the matrix that reads values on the clock at times.

    Parameters
    ----------
    times_s, p_s, s_s
        As for `positions`.

    Returns
    -------
    ndarray, shape (t, POINTS), float32
        Linear interpolation: a row has two weights at most, and they sum to 1.

    Examples
    --------
    >>> unwarp_matrix([6.5], 5.0, 8.0)[0, 3:5].tolist()
    [0.5, 0.5]
    """
    position = positions(times_s, p_s, s_s)
    left = np.minimum(position.astype(int), POINTS - 2)
    share = (position - left).astype(np.float32)
    out = np.zeros((len(position), POINTS), np.float32)
    row = np.arange(len(position))
    out[row, left] = 1 - share
    out[row, left + 1] += share
    return out


def warp(values, counts, times_s, p_s, s_s):
    """Return values on the clock: means over the times near each point.

    Parameters
    ----------
    values : ndarray, shape (..., t)
    counts : ndarray of bool, shape (..., t)
        Values that are known; others may be anything.
    times_s, p_s, s_s
        As for `positions`; rising times.

    Returns
    -------
    values : ndarray, shape (..., POINTS), float32
        0 where unknown.
    counts : ndarray of bool, shape (..., POINTS)

    Notes
    -----
    Times are weighted as `unwarp_matrix` reads them. Just behind S points are denser than times: such a point is
    interpolated between the known times on both sides.

    Examples
    --------
    >>> times = np.arange(5.0, 70.0, 0.64)
    >>> there, known = warp(np.ones((1, len(times))), np.ones((1, len(times)), bool), times, 5.0, 8.0)
    >>> bool(known.all()), float(there.min()), float(there.max())
    (True, 1.0, 1.0)
    """
    matrix = unwarp_matrix(times_s, p_s, s_s)
    known = np.asarray(counts, dtype=bool)
    kept = np.where(known, values, 0.0).astype(np.float32)
    weight, total = known.astype(np.float32) @ matrix, kept @ matrix
    reached = weight > _LEAST_WEIGHT
    out = np.where(reached, total / np.maximum(weight, 1e-6), 0.0)
    near = matrix.sum(axis=0) > _LEAST_WEIGHT
    if not near.all():
        position = positions(times_s, p_s, s_s)
        points = np.flatnonzero(~near)
        points = points[(points >= position[0]) & (points <= position[-1])]
        right = np.clip(np.searchsorted(position, points), 1, len(position) - 1)
        left = right - 1
        share = np.clip((points - position[left]) / np.maximum(position[right] - position[left], 1e-6), 0.0, 1.0)
        out[..., points] = kept[..., left] * (1 - share) + kept[..., right] * share
        reached[..., points] = known[..., left] & known[..., right]
        out = np.where(reached, out, 0.0)
    return out.astype(np.float32), reached
