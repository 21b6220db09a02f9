"""Sediments deeper or shallower than the site's Vs30 lets expect: the column ``station_z1_km`` of the conditions."""

import numpy as np

from seissynth_plugins.stochastic.adjustment import KNOTS_HZ
from seissynth_plugins.stochastic.spectra import interpolate_log_frequency

#: coefficients c11 of Bayless & Abrahamson (2019, BSSA 109, 2088-2105) by Vs30, rounded: Hz, and one for each class
_SLOPES = (
    (0.1, 0.435, 0.265, 0.207, 0.077), (0.2, 0.447, 0.292, 0.238, 0.140), (0.3, 0.433, 0.290, 0.248, 0.174),
    (0.5, 0.351, 0.238, 0.227, 0.182), (0.7, 0.270, 0.185, 0.194, 0.172), (1, 0.188, 0.124, 0.152, 0.153),
    (1.4, 0.141, 0.070, 0.105, 0.129), (2, 0.119, 0.030, 0.054, 0.095), (2.8, 0.114, -0.002, 0.004, 0.049),
    (4, 0.115, -0.023, -0.042, -0.008), (5.6, 0.110, -0.041, -0.078, -0.063), (8, 0.096, -0.058, -0.107, -0.107),
    (11, 0.062, -0.076, -0.130, -0.134), (16, 0.012, -0.097, -0.153, -0.158), (24, -0.045, -0.120, -0.178, -0.183),
)  # fmt: skip
#: m/s, upper ends of the classes of Vs30 but the last
_CLASSES_MPS = (200.0, 300.0, 500.0)
#: km; the effect grows no more below
DEEPEST_KM = 2.0
_SMALL_KM = 0.01


def usual_depth_km(vs30_mps):
    """Depth to Vs 1 km/s that goes with a Vs30 in California, km (Bayless & Abrahamson 2019).

    Examples
    --------
    >>> usual_depth_km([300.0, 760.0]).round(2).tolist()
    [0.45, 0.05]
    """
    power, middle, fast = 4, 610.0, 1360.0
    vs30 = np.asarray(vs30_mps, dtype=float)
    return np.exp(-7.67 / power * np.log((vs30**power + middle**power) / (fast**power + middle**power))) / 1000.0


def basin_factor(z1_km, vs30_mps, frequency_hz):
    """Ln of the factor of a depth to Vs 1 km/s on Fourier amplitudes of the horizontals.

    Parameters
    ----------
    z1_km, vs30_mps : float
    frequency_hz : sequence of float, above 0
        Between 0.1 and 24 Hz, constant beyond.

    Returns
    -------
    ndarray
        0 at the depth that is usual for the Vs30.
    """
    column = 1 + int(np.searchsorted(_CLASSES_MPS, vs30_mps))
    slope = interpolate_log_frequency([(row[0], row[column]) for row in _SLOPES], np.asarray(frequency_hz, dtype=float))
    return slope * np.log((min(z1_km, DEEPEST_KM) + _SMALL_KM) / (usual_depth_km(vs30_mps) + _SMALL_KM))


def add_basins(rows, conditions, known):
    """Add the effect of known depths to Vs 1 km/s to the prepared rows.

    Parameters
    ----------
    rows : list of PreparedRow
        Changed in place: ln FAS of all legs, at `adjustment.KNOTS_HZ`.
    conditions : pandas.DataFrame, n rows
        Of `station_z1_km`; NaN is unknown, without an effect.
    known : ndarray of bool, shape (n,)
        Rows with a known site term, which holds the basin's effect already.
    """
    if "station_z1_km" not in conditions:
        return
    depths = conditions["station_z1_km"].to_numpy(dtype=float)
    for i in np.flatnonzero(np.isfinite(depths) & ~known):
        change = basin_factor(float(depths[i]), rows[i].vs30, KNOTS_HZ)
        rows[i].adjustment = change if rows[i].adjustment is None else rows[i].adjustment + change
