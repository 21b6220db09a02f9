"""Process records block by block, with memory independent of their number."""

import os

import numpy as np

from seissynth.shared.checks import share_rows

#: records that a thread works on together: the spectra of 32 overflow the cache, which doubles the time
BLOCK_ROWS = 8


def blockwise(function, rows, block=BLOCK_ROWS, workers=None):
    """Call ``function(slice)`` on blocks of rows and concatenate the results.

    Parameters
    ----------
    function : callable
        slice -> dict of arrays, or one array, first axis the rows of the slice. Each row must depend only on itself.
    rows : int
    block : int
    workers : int, optional
        Threads; two if available. The result does not depend on it.

    Returns
    -------
    dict of ndarray, or ndarray
    """
    edges = np.arange(0, max(rows, 1), block)
    results = [None] * len(edges)

    def work(first, last):
        for number in range(first, last):
            results[number] = function(slice(edges[number], min(edges[number] + block, rows)))

    share_rows(work, len(edges), workers or min(2, os.cpu_count() or 1))
    if isinstance(results[0], dict):
        return {key: np.concatenate([part[key] for part in results]) for key in results[0]}
    return np.concatenate(results)


def pair_arrays(real, generated, mask=None):
    """Check a pair of arrays (..., npts) and a mask that broadcasts to them; float64 out.

    Raises
    ------
    InputError
        Different shapes, values that are not finite real numbers, or a mask of the wrong shape.
    """
    from seissynth.errors import InputError
    from seissynth.shared.checks import as_signal

    a, b = as_signal(real, "real"), as_signal(generated, "generated")
    if a.shape != b.shape:
        raise InputError(f"real has shape {a.shape}, generated {b.shape}; give arrays of one shape (see pair_sets).")
    a, b = a.astype(np.float64, copy=False), b.astype(np.float64, copy=False)
    if mask is None:
        return a, b, None
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise InputError(f"mask has type {mask.dtype}; it must be bool, True where records are compared.")
    try:
        return a, b, np.broadcast_to(mask, a.shape)
    except ValueError as error:
        raise InputError(f"mask has shape {mask.shape}, which does not fit {a.shape}; add an axis of 1.") from error


def quiet_divide(above, below):
    """Return above / below, NaN where below is 0."""
    below = np.asarray(below, dtype=float)
    out = np.full(np.broadcast_shapes(np.shape(above), below.shape), np.nan)
    return np.divide(above, below, out=out, where=below > 0)
