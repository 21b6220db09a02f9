"""Common checks of arguments of the signal core, and distribution of a batch among threads."""

import math
from itertools import pairwise
from numbers import Integral, Real

import numpy as np

from seissynth.errors import InputError


def as_signal(x, name="x", *, least=1):
    """Return `x` as a C-contiguous float32 or float64 array of at least one axis, checked.

    Parameters
    ----------
    x : array_like, shape (..., npts)
        Real numbers; integers and bools become float64. Never written to.
    name : str
        For messages.
    least : int
        Fewest samples on the last axis.

    Raises
    ------
    InputError
        Not numbers, complex, no axis, too few samples, NaN or infinite values (the first place is named).
    """
    try:
        array = np.asarray(x)
    except (ValueError, TypeError) as error:  # ragged lists
        raise InputError(f"{name} cannot be made an array: {error}.") from error
    if np.ma.isMaskedArray(x) and np.ma.is_masked(x):
        raise InputError(f"{name} has masked samples (gaps); fill or split it first.")
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} has type {array.dtype}; it must hold real numbers.")
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    if array.ndim == 0 or array.shape[-1] < least:
        raise InputError(f"{name} has shape {array.shape}; its last axis must hold {least} or more samples.")
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{name} is {array[index]} at index {index}; remove NaN and infinite values first.")
    return np.ascontiguousarray(array)


def as_rows(array):
    """View (..., npts) as (rows, npts)."""
    return array.reshape(-1, array.shape[-1])


def positive(name, value, unit=""):
    """Return `value` as a float above 0, or raise InputError."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value <= 0:
        raise InputError(f"{name}={value!r} must be a number{' of ' + unit if unit else ''} above 0.")
    return float(value)


def whole(name, value, least=1):
    """Return `value` as an int of at least `least`, or raise InputError."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(f"{name}={value!r} must be a whole number of at least {least}.")
    return int(value)


def thread_count(workers):
    """Return the number of threads for the argument ``workers``: None is 1."""
    return 1 if workers is None else whole("workers", workers)


def share_rows(function, rows, workers):
    """Call ``function(first, last)`` over blocks of `rows` rows, on `workers` threads.

    The kernels release the interpreter's lock, and threads run in parallel. Each row must be computed from itself only;
    the result then does not depend on the number of threads.
    """
    workers = min(thread_count(workers), max(rows, 1))
    if workers == 1:
        function(0, rows)
        return
    from concurrent.futures import ThreadPoolExecutor

    edges = [rows * i // workers for i in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(function, a, b) for a, b in pairwise(edges)]:
            future.result()
