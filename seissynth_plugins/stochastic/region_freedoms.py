"""What a fit to a region changes in a preset: levels, stress drop, attenuation, durations and the vertical."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError

SHIFTED_HZ = (0.5, 2.0, 8.0)
_VERTICAL_HZ = (1.0, 10.0)


@dataclass(frozen=True)
class Freedom:
    """One number that a fit changes.

    Parameters
    ----------
    name : str
        As in the report.
    prior : float
        Standard deviation about the preset, in the unit of the step.
    step : float
        Of the difference quotient.
    apply : callable
        (constants, change) -> constants with the change applied to those of the preset.
    needs : str
        Prefix of the measures without which nothing is seen, or empty.
    envelope : str
        The `Parameters.envelope` that it is for, or empty.
    """

    name: str
    prior: float
    step: float
    apply: Callable[[dict, float], dict]
    needs: str = ""
    envelope: str = ""


def _scaled(name):
    return lambda values, x: {**values, name: float(values[name] * np.exp(x))}


def _moved(name, low, high):
    return lambda values, x: {**values, name: float(np.clip(values[name] + x, low, high))}


def _exponent(place):
    def apply(values, x):
        knots = [list(one) for one in values["spreading"]]
        knots[place][1] += x
        return {**values, "spreading": tuple((float(r), float(b)) for r, b in knots)}

    return apply


def _shifted(place):
    def apply(values, x):
        knots = [list(one) for one in values["level_shift"]]
        knots[place][1] += x
        return {**values, "level_shift": tuple((float(f), float(y)) for f, y in knots)}

    return apply


def _longer_path(values, x):
    factor = float(np.exp(x))
    knots = tuple((r, factor * t) for r, t in values["path_duration"])
    return {**values, "path_duration": knots, "path_duration_slope": factor * values["path_duration_slope"]}


def _wider_kernel(values, x):
    share, least, per_km, power = values["s_kernel"]
    factor = float(np.exp(x))
    return {**values, "s_kernel": (share, factor * least, factor * per_km, power)}


def _stronger_vertical(end):
    """Change of S on Z up to 1 Hz (end 0) or from 10 Hz up (end 1), linear in ln f between."""

    def apply(values, x):
        def share(f):
            high = float(np.clip(np.log(f / _VERTICAL_HZ[0]) / np.log(_VERTICAL_HZ[1] / _VERTICAL_HZ[0]), 0.0, 1.0))
            return high if end else 1.0 - high

        return {**values, "s_vertical": tuple((f, float(np.exp(x * share(f))) * v) for f, v in values["s_vertical"])}

    return apply


FREEDOMS = (
    *(Freedom(f"level at {f:g} Hz, ln", 0.7, 0.1, _shifted(place)) for place, f in enumerate(SHIFTED_HZ)),
    Freedom("stress_drop_bar, ln", 0.7, 0.2, _scaled("stress_drop_bar")),
    Freedom("spreading, near", 0.15, 0.05, _exponent(0)),
    Freedom("spreading, far", 0.15, 0.05, _exponent(-1)),
    Freedom("q0, ln", 0.6, 0.2, _scaled("q0")),
    Freedom("q_exponent", 0.15, 0.05, _moved("q_exponent", 0.0, 1.0)),
    Freedom("path duration, ln", 0.6, 0.2, _longer_path, "d5_95", "windows"),
    Freedom("s_kernel of the path, ln", 0.4, 0.2, _wider_kernel, "d5_95", "transport"),
    Freedom("scattering_per_km, ln", 0.6, 0.2, _scaled("scattering_per_km"), "d5_95", "transport"),
    Freedom("scattering_exponent", 0.3, 0.1, _moved("scattering_exponent", -1.0, 1.0), "d5_95", "transport"),
    Freedom("absorption_q0, ln", 0.6, 0.2, _scaled("absorption_q0"), "d5_95", "transport"),
    Freedom("absorption_q_exponent", 0.3, 0.1, _moved("absorption_q_exponent", 0.0, 1.0), "d5_95", "transport"),
    *(
        Freedom(f"s_vertical at {f:g} Hz, ln", 0.4, 0.1, _stronger_vertical(end), "vh_")
        for end, f in enumerate(_VERTICAL_HZ)
    ),
)
#: constants that freedoms change, beside the shift of levels
CONSTANTS = (
    "stress_drop_bar", "spreading", "q0", "q_exponent", "path_duration", "path_duration_slope", "s_kernel",
    "scattering_per_km", "scattering_exponent", "absorption_q0", "absorption_q_exponent", "s_vertical",
)  # fmt: skip


def named_freedoms(envelope, names=None):
    """Return what a fit changes in presets of an envelope.

    Parameters
    ----------
    envelope : str
        `Parameters.envelope`.
    names : str or sequence of str, optional
        Beginnings of names, in a string with commas between, or a whole name; all by default.

    Returns
    -------
    list of Freedom

    Raises
    ------
    InputError
        A word with which no name begins, or none at all.

    Examples
    --------
    >>> [one.name for one in named_freedoms("transport", "level at 2,q0")]
    ['level at 2 Hz, ln', 'q0, ln']
    """
    possible = [one for one in FREEDOMS if one.envelope in ("", envelope)]
    if names is None:
        return possible
    if isinstance(names, str):  # names of the report hold commas, too
        words = [names] if any(one.name == names for one in possible) else [word.strip() for word in names.split(",")]
    else:
        words = list(names) if isinstance(names, list | tuple) else [names]
    for word in words or [""]:
        if not isinstance(word, str) or not word or not any(one.name.startswith(word) for one in possible):
            raise InputError(
                f"free={names!r}: nothing that a fit changes begins with {word!r}; there are "
                f"{', '.join(repr(one.name) for one in possible)}."
            )
    return [one for one in possible if one.name.startswith(tuple(words))]
