"""The source: moment, corner frequencies, and the list of corner factors of a leg's spectrum."""

import numpy as np

from seissynth.errors import InputError
from seissynth.signal.source_scaling import brune_corner_of_moment_hz
from seissynth.signal.source_scaling import moment_dyne_cm as seismic_moment_dyne_cm
from seissynth_plugins.stochastic.closure import load_closure

_DYNE_CM_PER_NEWTON_M = 1e7
#: scales that are moment magnitude, or meant as such
_MOMENT_SCALES = ("mw", "mwc", "mwb", "mwr", "mww", "mwp", "mwmwp", "m", "")
_LOCAL_SCALES = ("ml", "mlv", "mlh", "mlr")
_PIECEWISE_LIMIT = 3.5


def moment_magnitude(magnitude, magnitude_type, conversion, closure="active"):
    """Moment magnitude of each row, and which conversion gave it.

    Parameters
    ----------
    magnitude : ndarray, shape (n,)
    magnitude_type : sequence of str, length n
        As in QuakeML; case does not matter.
    conversion : {"piecewise", "southern_california", "central_europe", "closure", "none"}
        For local magnitudes.
    closure : str
        Preset whose table "closure" takes.

    Returns
    -------
    (ndarray, list of str)

    Notes
    -----
    "piecewise": Mw = 2/3 ML + 1.167 below ML 3.5 (Hanks & Boore 1984 for the slope; continuous at 3.5) and
    Mw = ML above. "southern_california": Mw = 0.754 ML + 0.88 (Ross et al. 2016). "central_europe":
    Mw = 0.53 + 0.646 ML + 0.0376 ML² (Grünthal et al. 2009). "closure": the Mw whose records have this ML, by
    southern California's formula (`closure.ClosureTable`). Other scales (mb, Ms, Md) are taken as Mw, and the
    text says so.
    """
    out = np.array(magnitude, dtype=float)
    used = []
    for i, kind in enumerate(magnitude_type):
        scale = str(kind or "").strip().lower()
        if scale in _LOCAL_SCALES and conversion != "none":
            if conversion == "southern_california":
                out[i] = 0.754 * out[i] + 0.88
                used.append("ML to Mw, 0.754 ML + 0.88")
            elif conversion == "central_europe":
                out[i] = 0.53 + 0.646 * out[i] + 0.0376 * out[i] ** 2
                used.append("ML to Mw, 0.53 + 0.646 ML + 0.0376 ML²")
            elif conversion == "closure":
                out[i] = load_closure(closure).moment_magnitude(out[i])
                used.append(f"ML to Mw by closure, table {closure}")
            elif out[i] < _PIECEWISE_LIMIT:
                out[i] = 2 / 3 * out[i] + _PIECEWISE_LIMIT / 3
                used.append("ML to Mw, 2/3 ML + 1.167")
            else:
                used.append("ML taken as Mw, from 3.5 up")
        elif scale in _MOMENT_SCALES:
            used.append("Mw as given")
        else:
            used.append(f"{kind} taken as Mw")
    return out, used


def corner_frequency_hz(mw, stress_drop_bar, vs_km_s):
    """Brune's corner of S, fc = 4.906e6 beta (stress / M0)^(1/3), Hz.

    Examples
    --------
    >>> round(float(corner_frequency_hz(6.0, 100.0, 3.5)), 3)
    0.356
    """
    return brune_corner_of_moment_hz(seismic_moment_dyne_cm(mw), stress_drop_bar, vs_km_s)


def smooth_step(x):
    """Rise from 0 to 1 for x from 0 to 1 with two continuous derivatives."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10 - 15 * x + 6 * x**2)


class SourceModel:
    """Corners of n rows.

    Below `two_corner_start_magnitude` Brune's one corner; from `two_corner_full_magnitude` up the generalised
    additive two-corner form (SMSIM's source 12) with fa and e of Atkinson & Silva (2000) and fb such that the
    high-frequency level is that of the stress parameter; ln A and the duration are blended between.

    Parameters
    ----------
    mw : ndarray, shape (n,)
    parameters : Parameters
    """

    def __init__(self, mw, parameters):
        self.mw = np.asarray(mw, dtype=float)
        self.fc = corner_frequency_hz(self.mw, parameters.stress_drop_bar, parameters.source_vs_km_s)
        low, high = parameters.two_corner_start_magnitude, parameters.two_corner_full_magnitude
        self.weight = smooth_step((self.mw - low) / (high - low))
        a0, a1 = parameters.two_corner_log_fa
        e0, e1 = parameters.two_corner_log_e
        self.fa = np.minimum(10.0 ** (a0 + a1 * self.mw), self.fc)
        self.e = np.minimum(10.0 ** (e0 + e1 * self.mw), 1.0)
        square = (self.fc**2 - (1 - self.e) * self.fa**2) / self.e
        if np.any(square <= 0):
            i = int(np.argmin(square))
            raise InputError(
                f"stochastic: at Mw {self.mw[i]:.2f} the two-corner source has no second corner for fc "
                f"{self.fc[i]:.3g} Hz, fa {self.fa[i]:.3g} Hz, e {self.e[i]:.3g}; raise stress_drop_bar or lower e."
            )
        self.fb = np.sqrt(square)
        # where (1-e)/(1+(f/fa)²) + e/(1+(f/fb)²) has its zero, over a common denominator
        self.fz = 1 / np.sqrt((1 - self.e) / self.fb**2 + self.e / self.fa**2)

    def duration_s(self):
        """Source duration: 1/fc, for two corners 0.5/fa + 0.5/fb, blended as ln A is; shape (n,), s."""
        return (1 - self.weight) / self.fc + self.weight * (0.5 / self.fa + 0.5 / self.fb)

    def lowest_corner_hz(self):
        """The corner that sets the ringing time of the filters; shape (n,), Hz."""
        return np.where(self.weight > 0, self.fa, self.fc)

    def corner_factors(self, row, ratio=1.0):
        """Corners and powers of row `row`: |S| = prod_j (1 + (f/f_j)²)^power_j.

        Parameters
        ----------
        row : int
        ratio : float
            All corners are multiplied by it (P has higher ones).

        Returns
        -------
        corners, powers : ndarray, shape (m,)
        """
        w = self.weight[row]
        if w == 0.0:
            return np.array([self.fc[row] * ratio]), np.array([-1.0])
        two = np.array([self.fa[row], self.fb[row], self.fz[row]]) * ratio
        powers = np.array([-w, -w, w])
        if w == 1.0:
            return two, powers
        return np.append(two, self.fc[row] * ratio), np.append(powers, w - 1)

    def spectrum(self, row, frequency, ratio=1.0):
        """|S(f)| of one row, 1 at f = 0; `frequency` in Hz."""
        corners, powers = self.corner_factors(row, ratio)
        return np.prod((1 + (np.asarray(frequency)[..., None] / corners) ** 2) ** powers, axis=-1)
