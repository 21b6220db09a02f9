"""Moment and corner frequency of a Brune source."""

import numpy as np


def moment_dyne_cm(magnitude):
    """Seismic moment, M0 = 10^(1.5 Mw + 16.05), dyne cm (Hanks & Kanamori 1979, as Boore 2003)."""
    return 10.0 ** (1.5 * np.asarray(magnitude, dtype=float) + 16.05)


def brune_corner_of_moment_hz(moment, stress_bar, vs_km_s):
    """Brune's corner of S, fc = 4.906e6 vs (stress / M0)^(1/3), Hz, M0 in dyne cm (Boore 2003)."""
    return 4.906e6 * vs_km_s * np.cbrt(stress_bar / moment)


def stress_of_moment_bar(moment, corner_hz, vs_km_s):
    """Brune's stress drop, M0 (fc / (4.906e6 vs))^3, bar, M0 in dyne cm: the inverse of the corner."""
    return moment * (corner_hz / (4.906e6 * vs_km_s)) ** 3
