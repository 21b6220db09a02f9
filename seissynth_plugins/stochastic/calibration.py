"""Corrections of the mean level, fitted to a ground-motion model and stored as data.

A correction is a small table of changes of ln FAS over magnitude and frequency, no function of distance. Between
its knots it is linear in magnitude and in log frequency, beyond them constant: nowhere is it larger than at a knot.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from seissynth.errors import InputError
from seissynth_plugins.stochastic.adjustment import KNOTS_HZ

#: a correction with more freedom, or of more than a factor of 2.2, would hide a wrong model
MOST_COEFFICIENTS = 12
LARGEST_LN_FAS = 0.8

_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True)
class LevelCorrection:
    """Changes of ln FAS over magnitude and frequency.

    Parameters
    ----------
    magnitudes : tuple of float
        Mw of the rows, increasing.
    frequencies_hz : tuple of float
        Of the columns, increasing; each must be one of `adjustment.KNOTS_HZ`.
    ln_fas : tuple of tuple of float
        At most 12 numbers, each between -0.8 and 0.8.

    Raises
    ------
    InputError
        Too many or too large numbers, or knots that do not fit.

    Examples
    --------
    >>> flat = LevelCorrection((4.0, 6.0), (KNOTS_HZ[0],), ((0.2,), (0.6,)))
    >>> flat.at_knots([3.0, 5.0])[:, 0].round(3).tolist()
    [0.2, 0.4]
    """

    magnitudes: tuple
    frequencies_hz: tuple
    ln_fas: tuple

    def __post_init__(self):
        values = np.array(self.ln_fas, dtype=float)
        shape = (len(self.magnitudes), len(self.frequencies_hz))
        if values.shape != shape or 0 in shape:
            raise InputError(f"level correction: ln_fas has shape {values.shape}; its knots ask for {shape}.")
        if values.size > MOST_COEFFICIENTS:
            raise InputError(f"level correction: {values.size} coefficients; at most {MOST_COEFFICIENTS} are allowed.")
        if not np.all(np.abs(values) <= LARGEST_LN_FAS):
            raise InputError(f"level correction: |ln_fas| reaches {np.abs(values).max():g}; at most {LARGEST_LN_FAS}.")
        for name in ("magnitudes", "frequencies_hz"):
            knots = np.array(getattr(self, name), dtype=float)
            if not np.all(np.isfinite(knots)) or np.any(np.diff(knots) <= 0):
                raise InputError(f"level correction: {name} must increase, not {getattr(self, name)}.")
        strange = [f for f in self.frequencies_hz if f not in KNOTS_HZ]
        if strange:
            raise InputError(f"level correction: frequencies_hz {strange} must be among {KNOTS_HZ}.")

    def at_knots(self, mw):
        """Changes of ln FAS at `adjustment.KNOTS_HZ`.

        Parameters
        ----------
        mw : array_like, shape (n,)
            Moment magnitude.

        Returns
        -------
        ndarray, shape (n, knots)
        """
        mw, values = np.asarray(mw, dtype=float), np.array(self.ln_fas, dtype=float)
        by_magnitude = np.array([np.interp(mw, self.magnitudes, column) for column in values.T])  # (f, n)
        x, knots = np.log(KNOTS_HZ), np.log(self.frequencies_hz)
        return np.array([np.interp(x, knots, row) for row in by_magnitude.T]).reshape(len(mw), len(x))


@lru_cache(maxsize=8)
def load_correction(name):
    """Read a stored correction.

    Parameters
    ----------
    name : str
        "none"; a name that ships with the package ("active"); or the path of a JSON file of the same form.

    Returns
    -------
    LevelCorrection or None
        None for "none".

    Raises
    ------
    InputError
        There is no such correction, or its file is not one.

    Examples
    --------
    >>> load_correction("none") is None
    True
    """
    if name == "none":
        return None
    path = Path(name) if name.endswith(".json") else _FOLDER / f"{name}_level.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        values = tuple(tuple(row) for row in stored["ln_fas"])
        return LevelCorrection(tuple(stored["magnitudes"]), tuple(stored["frequencies_hz"]), values)
    except OSError:
        shipped = sorted(file.name.removesuffix("_level.json") for file in _FOLDER.glob("*_level.json"))
        raise InputError(
            f"stochastic: level_correction={name!r} is neither 'none', nor one of {shipped}, nor a JSON file that "
            "can be read."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"stochastic: {path} is not a level correction: {error!r}.") from error
