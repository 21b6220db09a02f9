"""The path: distances, geometrical spreading, durations."""

import itertools

import numpy as np

# Wells & Coppersmith (1994), all slip types: log10 of subsurface length and of width, km
_LENGTH = (-2.44, 0.59)
_WIDTH = (-1.01, 0.32)
_ANGLES = 24
_POSITIONS = 11


def finite_fault_km(mw, coefficients):
    """The h of R_ps = sqrt(R_rup² + h²) (Boore & Thompson 2015), km.

    Two lines in log10 h over magnitude, with a cubic Hermite between them (value and slope continuous).

    Examples
    --------
    >>> round(float(finite_fault_km(6.0, (-1.72, 0.43, -0.405, 0.235, 5.744, 7.744))), 2)
    7.19
    """
    c1, c2, c3, c4, m1, m2 = coefficients
    mw = np.asarray(mw, dtype=float)
    span = m2 - m1
    x = np.clip((mw - m1) / span, 0, 1)
    start, end = c1 + c2 * m1, c3 + c4 * m2
    hermite = (
        start * (1 + 2 * x) * (1 - x) ** 2
        + c2 * span * x * (1 - x) ** 2
        + end * x**2 * (3 - 2 * x)
        + c4 * span * x**2 * (x - 1)
    )
    log_h = np.where(mw <= m1, c1 + c2 * mw, np.where(mw >= m2, c3 + c4 * mw, hermite))
    return 10.0**log_h


def mean_rupture_distance_km(mw, epicentral_km, depth_km):
    """Mean closest distance to a rupture with known magnitude and hypocentre only, km.

    A vertical rectangle with the length and width of Wells & Coppersmith (1994), its strike uniform over the
    circle and the hypocentre uniform along strike; down dip it is centred on the hypocentre where the
    surface permits. The idea is that of Thompson & Worden (2018, BSSA 108), the mean is computed here.

    Parameters
    ----------
    mw, epicentral_km, depth_km : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
    """
    mw, epicentral, depth = (np.asarray(x, dtype=float)[:, None, None] for x in (mw, epicentral_km, depth_km))
    length = 10.0 ** (_LENGTH[0] + _LENGTH[1] * mw)
    width = 10.0 ** (_WIDTH[0] + _WIDTH[1] * mw)
    angle = ((np.arange(_ANGLES) + 0.5) * np.pi / _ANGLES)[None, :, None]  # half a circle: the rest is its mirror
    share = ((np.arange(_POSITIONS) + 0.5) / _POSITIONS)[None, None, :]
    along, across = epicentral * np.cos(angle), epicentral * np.sin(angle)
    beyond = np.maximum(np.maximum(along - length * (1 - share), -length * share - along), 0.0)
    top = np.maximum(depth - width / 2, 0.0)
    return np.sqrt(beyond**2 + across**2 + top**2).mean(axis=(1, 2))


def geometrical_spreading(distance_km, segments):
    """G(R), 1 at 1 km, continuous, of slope `exponent` from each `from distance` on.

    Examples
    --------
    >>> float(geometrical_spreading(40.0, ((1.0, -1.0), (40.0, -0.5))))
    0.025
    """
    distance = np.asarray(distance_km, dtype=float)
    log_g = segments[0][1] * np.log(distance / segments[0][0])
    for (_, before), (start, exponent) in itertools.pairwise(segments):
        log_g = log_g + (exponent - before) * np.log(np.maximum(distance, start) / start)
    return np.exp(log_g)


def path_duration_s(distance_km, knots, slope):
    """Path duration, linear between the knots (km, s) and with `slope` (s/km) beyond the last; shape as distance."""
    distance = np.asarray(distance_km, dtype=float)
    x, y = np.array(knots).T
    return np.interp(distance, x, y) + slope * np.maximum(distance - x[-1], 0.0)
