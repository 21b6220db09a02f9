"""Amplitudes of a plane wave at the free surface."""

import numpy as np

_MARGIN = 0.98  # of critical slowness, beyond which S would be evanescent as P


def vp_from_vs(vs_km_s):
    """P velocity from shear velocity, km/s (Brocher 2005, BSSA 95, eq. 9; made for Vs up to 4.5 km/s)."""
    vs = np.asarray(vs_km_s, dtype=float)
    return 0.9409 + 2.0947 * vs - 0.8206 * vs**2 + 0.2683 * vs**3 - 0.0251 * vs**4


def surface_motion(ray_parameter_s_km, vp_km_s, vs_km_s):
    """Surface displacement for incident P and SV waves of unit amplitude.

    Parameters
    ----------
    ray_parameter_s_km : ndarray, shape (n,)
        Horizontal slowness; kept below 0.98 of 1/vp, to avoid evanescent waves.
    vp_km_s, vs_km_s : ndarray, shape (n,)
        Of the layer below the surface.

    Returns
    -------
    p_radial, p_vertical, s_radial, s_vertical : ndarray, shape (n,)
        Radial away from the source, vertical up. P straight up gives a vertical of 2, SV straight up a radial
        of 2; SH always gives a transverse of 2.

    Notes
    -----
    Aki & Richards (2002), section 5.2.3 (their problem 5.6): the coefficients hold the incidence angle already.
    """
    alpha, beta = np.asarray(vp_km_s, dtype=float), np.asarray(vs_km_s, dtype=float)
    p = np.minimum(np.asarray(ray_parameter_s_km, dtype=float), _MARGIN / alpha)
    xi, eta = np.sqrt(alpha**-2 - p**2), np.sqrt(beta**-2 - p**2)
    bent = beta**-2 - 2 * p**2
    rayleigh = bent**2 + 4 * p**2 * xi * eta
    p_radial = 4 * alpha * p * xi * eta / (beta**2 * rayleigh)
    p_vertical = 2 * alpha * xi * bent / (beta**2 * rayleigh)
    s_radial = 2 * eta * bent / (beta * rayleigh)
    s_vertical = -4 * p * xi * eta / (beta * rayleigh)
    return p_radial, p_vertical, s_radial, s_vertical
