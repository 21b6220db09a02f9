"""The site: effect of a Vs30 other than 760 m/s, linear and nonlinear, and the rock PGA for the latter."""

import numpy as np

from seissynth.units import STANDARD_GRAVITY

# Seyhan & Stewart (2014, Earthq. Spectra 30, 1241-1256) as used in Boore et al. (2014), rounded:
# period s, slope c, limiting velocity Vc m/s, f4, f5
_TERMS = np.array(
    [
        (0.01, -0.604, 1500, -0.1483, -0.00701),
        (0.02, -0.574, 1500, -0.1471, -0.00728),
        (0.03, -0.534, 1503, -0.1549, -0.00735),
        (0.05, -0.458, 1501, -0.1920, -0.00647),
        (0.075, -0.444, 1494, -0.2350, -0.00573),
        (0.10, -0.487, 1479, -0.2492, -0.00560),
        (0.15, -0.580, 1443, -0.2571, -0.00585),
        (0.20, -0.688, 1393, -0.2466, -0.00614),
        (0.30, -0.842, 1308, -0.2191, -0.00670),
        (0.50, -0.969, 1204, -0.1750, -0.00744),
        (0.75, -1.015, 1148, -0.1387, -0.00812),
        (1.00, -1.050, 1110, -0.1052, -0.00844),
        (1.50, -1.045, 1072, -0.0620, -0.00771),
        (2.00, -1.039, 1009, -0.0361, -0.00479),
        (3.00, -1.011, 922, -0.0136, -0.00183),
        (5.00, -0.920, 793, -0.0003, -0.00144),
        (10.0, -0.656, 775, 0.0000, -0.00136),
    ]
)
_REFERENCE_VS30 = 760.0
_F3_G = 0.1
_VS30_NONLINEAR = 360.0


def vs30_terms(vs30_mps, frequency, reference_mps=_REFERENCE_VS30):
    """Terms of the site factor relative to a reference Vs30.

    Parameters
    ----------
    vs30_mps : float
    frequency : ndarray, shape (m,), Hz
        The period of the published term is 1/f.
    reference_mps : float
        Vs30 at which `linear` is 0. The published slope ends at Vc, some 1500 m/s at high frequency.

    Returns
    -------
    linear, f2 : ndarray, shape (m,)
        ln factor = linear + f2 ln((PGA_rock + 0.1 g) / 0.1 g).
    """
    log_f = np.log(np.maximum(frequency, 1e-12))
    order = np.argsort(1 / _TERMS[:, 0])
    knots = np.log(1 / _TERMS[order, 0])
    slope, limit, f4, f5 = (np.interp(log_f, knots, _TERMS[order, k]) for k in range(1, 5))
    linear = slope * np.log(np.minimum(vs30_mps, limit) / np.minimum(reference_mps, limit))
    velocity = min(vs30_mps, _REFERENCE_VS30)
    f2 = f4 * (np.exp(f5 * (velocity - _VS30_NONLINEAR)) - np.exp(f5 * (_REFERENCE_VS30 - _VS30_NONLINEAR)))
    return linear, f2


def nonlinear_strain_proxy(rock_pga_m_s2):
    """ln((PGA_rock + f3)/f3) with f3 = 0.1 g; `rock_pga_m_s2` in m/s²."""
    return np.log1p(np.asarray(rock_pga_m_s2) / (_F3_G * STANDARD_GRAVITY))


def peak_from_spectrum(frequency, modulus, duration_s):
    """Expected peak of a stationary Gaussian signal by random vibration theory.

    Parameters
    ----------
    frequency : ndarray, shape (m,), Hz, increasing
    modulus : ndarray, shape (m,)
        Fourier amplitude, unit times s.
    duration_s : float

    Returns
    -------
    float

    Notes
    -----
    Moments by the trapezoidal rule, peak factor of Davenport (1964) on the number of zero crossings.
    """
    power = modulus**2
    m0 = 2 * np.trapezoid(power, frequency)
    m2 = 2 * np.trapezoid((2 * np.pi * frequency) ** 2 * power, frequency)
    crossings = max(duration_s / np.pi * np.sqrt(m2 / m0), 1.5)
    root = np.sqrt(2 * np.log(crossings))
    return float((root + 0.5772 / root) * np.sqrt(m0 / duration_s))
