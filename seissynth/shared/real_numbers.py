"""Refuse complex samples: NumPy would drop their imaginary part, at best with a warning for developers."""

import numpy as np

from seissynth.errors import InputError


def require_real(values, name):
    """Return `values` as an array, or raise InputError if they are complex or not numbers.

    Parameters
    ----------
    values : array_like
    name : str
        Name of their owner, for the message.

    Examples
    --------
    >>> from seissynth.shared.real_numbers import require_real
    >>> require_real([1, 2], "noise").tolist()
    [1, 2]
    >>> require_real([1j], "noise")
    Traceback (most recent call last):
    seissynth.errors.InputError: noise has type complex128; it must hold real numbers. Take the real part or the ...
    """
    try:
        array = np.asanyarray(values)
    except (TypeError, ValueError) as error:  # ragged lists
        raise InputError(f"{name} cannot be made an array: {error}.") from error
    if array.dtype.kind == "c":
        raise InputError(
            f"{name} has type {array.dtype}; it must hold real numbers. Take the real part or the absolute value first."
        )
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} has type {array.dtype}; it must hold real numbers.")
    return array
