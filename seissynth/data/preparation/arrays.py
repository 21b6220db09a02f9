"""Array functions of the preparation steps: trends, tapers, rotation, padding."""

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.ramps import half_cosine

#: smallest singular value of three directions that still span space: 6 degrees between an axis and a plane
LEAST_SPAN = 0.1


def fit_trend(data, linear):
    """Mean and slope per sample about the middle, shape (..., 2), float64; slope 0 for ``linear=False``."""
    wide = data.astype(np.float64, copy=False)
    mean = wide.mean(axis=-1)
    slope = np.zeros_like(mean)
    if linear and data.shape[-1] > 1:
        x = centred(data.shape[-1])
        slope = (wide * x).sum(axis=-1) / (x @ x)
    return np.stack([mean, slope], axis=-1)


def centred(npts):
    """Sample numbers minus their mean."""
    return np.arange(npts) - (npts - 1) / 2


def trend_of(trend, npts):
    """The line of `fit_trend` at npts samples, shape (..., npts)."""
    return trend[..., :1] + trend[..., 1:] * centred(npts)


def add_trend(data, trend, sign):
    """Add (sign 1) or remove (sign -1) a trend; the type is kept."""
    return (data + sign * trend_of(trend, data.shape[-1])).astype(data.dtype, copy=False)


def taper_window(npts, length, side):
    """Cosine flanks of `length` samples, at most half the record."""
    length = min(round(length), npts // 2)
    window = np.ones(npts)
    if length < 1:
        return window
    flank = half_cosine(np.arange(length), length)
    if side in ("both", "start"):
        window[:length] = flank
    if side in ("both", "end"):
        window[npts - length :] = flank[::-1]
    return window


def rotate_to_zne(data, directions):
    """Motion over (Z, N, E) from records along three axes.

    Parameters
    ----------
    data : ndarray, shape (..., 3, npts)
    directions : ndarray, shape (..., 3, 3)
        Row k: unit vector of component k over (Z up, N, E).

    Raises
    ------
    InputError
        Directions of another shape, or that do not span three axes.
    """
    directions = _checked(directions, data)
    least = np.linalg.svd(directions, compute_uv=False)[..., -1].min()
    if least < LEAST_SPAN:
        raise InputError(f"the components do not span three axes (least singular value {least:.2g}); leave them out.")
    return _turn(np.linalg.inv(directions), data)


def rotate_from_zne(data, directions):
    """Records along axes of given directions from motion over (Z, N, E)."""
    return _turn(_checked(directions, data), data)


def _turn(matrix, data):
    # written out: sums of three products give the same bits for one record and for many, matrix products do not
    rows = [sum(matrix[..., k, j, None] * data[..., j, :] for j in range(3)) for k in range(3)]
    return np.stack(rows, axis=-2).astype(data.dtype, copy=False)


def _checked(directions, data):
    directions = np.asarray(directions, dtype=float)
    if directions.shape[-2:] != (3, 3) or not np.isfinite(directions).all():
        raise InputError(f"directions has shape {directions.shape}; it must be (..., 3, 3) of finite numbers.")
    if directions.ndim > 2 and directions.shape[:-2] != data.shape[:-2]:
        raise InputError(f"directions {directions.shape} do not fit the records {data.shape}.")
    return directions


def pad_record(data, npts, side):
    """Pad with zeros (or cut longer records) at a side; (array, samples added before the record: negative if cut)."""
    surplus = npts - data.shape[-1]
    before = {"end": 0, "start": surplus, "both": surplus // 2}[side]
    return _fit(data, npts, before), before


def unpad_record(data, npts, before):
    """The inverse of `pad_record`."""
    return _fit(data, npts, -before)


def _fit(data, npts, before):
    """`npts` samples of `data` shifted by `before` samples, with zeros where there are no samples."""
    out = np.zeros((*data.shape[:-1], npts), dtype=data.dtype)
    first, last = max(before, 0), min(before + data.shape[-1], npts)
    if last > first:
        out[..., first:last] = data[..., first - before : last - before]
    return out
