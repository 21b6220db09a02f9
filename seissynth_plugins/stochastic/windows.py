"""The Saragoni-Hart window: its constants, and the time at which it falls to a given level."""

import math
from functools import lru_cache


@lru_cache(maxsize=32)
def window_shape(epsilon, eta):
    """Constants of the window w(x) = scale x^power exp(-decay x), x = t / t_eta, of peak 1.

    Parameters
    ----------
    epsilon : float
        The peak is at x = epsilon.
    eta : float
        The level at x = 1.

    Returns
    -------
    scale, power, decay : float

    Notes
    -----
    Boore (2003), equations 13 to 16.

    Examples
    --------
    >>> scale, power, decay = window_shape(0.2, 0.05)
    >>> round(scale * math.exp(-decay), 6), round(scale * 0.2**power * math.exp(-0.2 * decay), 6)
    (0.05, 1.0)
    """
    power = -epsilon * math.log(eta) / (1 + epsilon * (math.log(epsilon) - 1))
    decay = power / epsilon
    return (math.e / epsilon) ** power, power, decay


@lru_cache(maxsize=64)
def falling_place(epsilon, eta, level):
    """Where after its peak the window has fallen to `level` (0 < level < 1), in x = t / t_eta.

    Examples
    --------
    >>> round(falling_place(0.2, 0.05, 0.05), 6)
    1.0
    """
    scale, power, decay = window_shape(epsilon, eta)
    low, high = epsilon, 50.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if scale * math.exp(power * math.log(middle) - decay * middle) > level:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
