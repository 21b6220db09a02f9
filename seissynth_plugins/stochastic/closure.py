"""Conversion of local to moment magnitude that gives records the requested local magnitude.

The table is the inverse of the magnitudes from the backend's own Wood-Anderson amplitudes;
`tools/physics/calibrate_magnitude.py` makes it.
"""

import hashlib
import json
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np

from seissynth.errors import InputError

TABLE_PATH = Path(__file__).parent / "data" / "magnitude_closure.json"

#: Mw per unit of ML beyond the table's ends. Far below all corners the amplitude grows as the moment does; at the
#: upper end ML saturates, and following it would make an earthquake of any size out of a tenth of a unit.
SLOPE_BELOW, SLOPE_ABOVE = 2 / 3, 1.0

#: constants that change the horizontal S waves, and so the table
LEVEL_CONSTANTS = (
    "stress_drop_bar", "source_density_g_cm3", "source_vs_km_s", "s_radiation", "two_corner_start_magnitude",
    "two_corner_full_magnitude", "two_corner_log_fa", "two_corner_log_e", "level_correction", "finite_fault",
    "spreading", "q0", "q_exponent", "path_duration", "path_duration_slope", "s_direct_level", "s_direct_duration",
    "rupture_distance", "kappa0_s", "site_amplification", "default_vs30_mps", "site_reference_vs30_mps",
    "surface_vs_limit_km_s", "window_epsilon", "window_eta", "window_stretch", "coda_level", "coda_exponent",
    "coda_q0", "coda_q_exponent", "low_cut_hz", "low_cut_order", "envelope", "scattering_per_km", "scattering_exponent",
    "absorption_q0", "absorption_q_exponent", "scattering_conversion", "s_kernel", "kernel_order",
)  # fmt: skip
#: the same, added after the tables were made; tables hold for the value that changes nothing
LATER_CONSTANTS = {"level_shift": ((1.0, 0.0),)}


@dataclass(frozen=True)
class ClosureTable:
    """Local magnitude of the generated records over their moment magnitude, for one set of constants.

    Parameters
    ----------
    mw, ml : tuple of float
        Both increasing, of the same length.

    Raises
    ------
    InputError
        They do not increase, or differ in length.

    Examples
    --------
    >>> table = ClosureTable((2.0, 4.0, 6.0), (1.5, 4.0, 6.0))
    >>> table.moment_magnitude([0.75, 1.5, 5.0, 6.5]).tolist()
    [1.5, 2.0, 5.0, 6.5]
    """

    mw: tuple
    ml: tuple

    def __post_init__(self):
        if len(self.mw) != len(self.ml) or len(self.mw) < 2:
            raise InputError(f"closure table: {len(self.mw)} values of Mw and {len(self.ml)} of ML; give 2 and more.")
        for name in ("mw", "ml"):
            steps = np.diff(np.array(getattr(self, name), dtype=float))
            if not np.all(steps > 0):
                raise InputError(f"closure table: {name} must increase, not {getattr(self, name)}.")

    def moment_magnitude(self, local_magnitude):
        """Mw whose records have this local magnitude: linear between the table's points, in ML.

        Parameters
        ----------
        local_magnitude : array_like, any shape
            Beyond the ends Mw continues with 2/3 (below) and 1 (above) per unit.

        Returns
        -------
        ndarray
        """
        ml = np.asarray(local_magnitude, dtype=float)
        inside = np.interp(ml, self.ml, self.mw)
        return inside + SLOPE_BELOW * np.minimum(ml - self.ml[0], 0.0) + SLOPE_ABOVE * np.maximum(ml - self.ml[-1], 0.0)


@lru_cache(maxsize=8)
def load_closure(preset, path=TABLE_PATH):
    """Read the stored table of a preset.

    Parameters
    ----------
    preset : str
    path : path-like
        The JSON file.

    Returns
    -------
    ClosureTable

    Raises
    ------
    InputError
        No table for this preset.
    """
    tables = json.loads(Path(path).read_text(encoding="utf-8"))["tables"]
    if preset not in tables:
        raise InputError(
            f"stochastic: magnitude_conversion='closure' has no table for {preset!r}; there are {sorted(tables)}."
        )
    return ClosureTable(tuple(tables[preset]["mw"]), tuple(tables[preset]["ml"]))


def digest(parameters):
    """Short text that changes with the constants a table depends on, and with the correction they name.

    Parameters
    ----------
    parameters : Parameters

    Returns
    -------
    str
    """
    from seissynth_plugins.stochastic.calibration import load_correction

    correction = load_correction(parameters.level_correction)
    values = [(name, getattr(parameters, name)) for name in LEVEL_CONSTANTS]
    values += [(name, found) for name, same in LATER_CONSTANTS.items() if (found := getattr(parameters, name)) != same]
    values.append(None if correction is None else astuple(correction))
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def changed_constants(parameters, preset_parameters):
    """Names of those constants a table depends on that differ between two sets."""
    known = {f.name for f in fields(parameters)}
    names = [name for name in (*LEVEL_CONSTANTS, *LATER_CONSTANTS) if name in known]
    return [name for name in names if getattr(parameters, name) != getattr(preset_parameters, name)]
