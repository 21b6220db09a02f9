"""Half a cosine, from 0 to 1: the flank of windows and of bands."""

import numpy as np


def half_cosine(place, length=1):
    """Rise from 0 to 1 where `place` goes from 0 to `length`.

    Parameters
    ----------
    place : ndarray
    length : float

    Returns
    -------
    ndarray, shape of `place`

    Examples
    --------
    >>> half_cosine(np.array([0.0, 0.5, 1.0])).round(3)
    array([0. , 0.5, 1. ])
    """
    return 0.5 - 0.5 * np.cos(np.pi * place / length)
