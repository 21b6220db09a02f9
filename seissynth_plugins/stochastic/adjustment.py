"""Smooth changes of ln FAS: one number at each knot of frequency, applied with minimum phase.

Corrections of the mean level and random terms both have this form. They are summed before they
are applied to the spectrum, so the cost does not grow with their number.
"""

from functools import lru_cache

import numpy as np

from seissynth_plugins.stochastic.spectra import minimum_phase

#: Hz; ln FAS is linear in log frequency between the knots and constant beyond them
KNOTS_HZ = tuple(float(f) for f in np.geomspace(0.1, 30.0, 12).round(4))

_FINE_BINS = 2**17  # of the grid on which the phases are found, once for each sampling interval


def hat_functions(frequency):
    """Values of the basis at some frequencies.

    Parameters
    ----------
    frequency : ndarray, shape (m,), Hz
        At least 0.

    Returns
    -------
    ndarray, shape (knots, m)
        Each is 1 at its knot and 0 at the others; together they are 1 everywhere.
    """
    x = np.log(np.maximum(frequency, 1e-12))
    knots = np.log(KNOTS_HZ)
    return np.array([np.interp(x, knots, unit) for unit in np.eye(len(knots))])


@lru_cache(maxsize=4)
def _fine_phases(dt):
    frequency = np.linspace(0.0, 0.5 / dt, _FINE_BINS + 1)
    return frequency, np.array([minimum_phase(hat) for hat in hat_functions(frequency)])


def basis_on_grid(frequency, dt, causal):
    """Gains and phases of the basis on an FFT grid.

    Parameters
    ----------
    frequency : ndarray, shape (bins,), Hz
    dt : float
        Sampling interval, s.
    causal : bool
        False: zero phase.

    Returns
    -------
    gain, phase : ndarray, shape (knots, bins)
    """
    gain = hat_functions(frequency)
    if not causal:
        return gain, np.zeros_like(gain)
    fine, phases = _fine_phases(dt)
    # log-like near 0 Hz, where the fine grid still has tens of bins below the lowest knot
    return gain, np.array([np.interp(frequency, fine, phase) for phase in phases])
