"""Distance of two series with stretching of time: dynamic time warping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.evaluation.statistics.blocks import pair_arrays
from seissynth.shared.checks import whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def dtw_distance(real: ArrayLike, generated: ArrayLike, radius: int, mask: np.ndarray | None = None) -> np.ndarray:
    r"""Mean difference of two series along the best common path through both.

    Parameters
    ----------
    real, generated : array_like, shape (..., npts)
        In one unit; for records use envelopes, divided by their own size.
    radius : int, samples, 1 or more
        A sample is compared with up to this many samples before and after it (Sakoe-Chiba band).
    mask : ndarray of bool, broadcast to the shape, optional
        The comparison runs from its first True to its last.

    Returns
    -------
    ndarray, shape (...), float64
        Unit of the series, 0 or more, 0 for equal ones; NaN if the mask is empty.

    Raises
    ------
    InputError
        Arrays that do not fit, or a radius below 1.

    Notes
    -----
    .. math:: D = \frac{1}{2 n} \min_{path} \sum_k w_k \, |r_{i_k} - g_{j_k}|

    over paths from (0, 0) to (n - 1, n - 1) with steps (1, 0) and (0, 1), weight 1, or (1, 1), weight 2, within the
    band. The weights of every path sum to 2 n ("symmetric" form of Sakoe & Chiba), so D is a mean difference,
    comparable between series of different length.

    Limits: a shift within the band, or a smooth stretch, costs almost nothing. Use the arrival metrics for the times of
    arrivals.

    References
    ----------
    Sakoe, H. and Chiba, S. (1978). Dynamic programming algorithm optimization for spoken word recognition. IEEE
    Transactions on Acoustics, Speech, and Signal Processing 26, 43-49.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import dtw_distance
    >>> bell = np.exp(-((np.arange(100) - 50) ** 2) / 50)
    >>> float(dtw_distance(bell, np.roll(bell, 5), radius=10)) < 1e-9 < float(np.abs(bell - np.roll(bell, 5)).mean())
    True
    """
    real, generated, mask = pair_arrays(real, generated, mask)
    radius = whole("radius", radius)
    shape, npts = real.shape[:-1], real.shape[-1]
    rows = int(np.prod(shape))
    if mask is None:
        first, last = np.zeros(rows, np.int64), np.full(rows, npts)
    else:
        flat = mask.reshape(rows, npts)
        first = flat.argmax(axis=1)
        last = np.where(flat.any(axis=1), npts - flat[:, ::-1].argmax(axis=1), first)
    # numba takes a quarter of a second to import
    from seissynth.evaluation.statistics._time_warping_kernels import warped_rows

    out = np.empty(rows)
    arrays = (np.ascontiguousarray(x).reshape(rows, npts) for x in (real, generated))
    warped_rows(*arrays, first, last, min(radius, npts), out)
    return out.reshape(shape)[()]
