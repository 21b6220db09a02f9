"""Ground-motion models behind one interface: BSSA14 (through pygmm), Emolo et al. (2015), ITA18.

A measure is "pga", "pgv" or "psa_T" with the period T in s, such as "psa_0.3"; units are SI (m/s², m/s). Medians and
standard deviations are in natural logarithms, regardless of the authors' choice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: kinds of distance, and the column of metadata that holds each
DISTANCE_COLUMNS = {
    "epicentral": "path_ep_distance_km",
    "hypocentral": "path_hyp_distance_km",
    "joyner_boore": "path_jb_distance_km",
}

#: Vs30 where it is unknown, m/s: the reference of BSSA14
VS30_UNKNOWN_MPS = 760.0

MECHANISMS = ("unspecified", "strike_slip", "normal", "reverse")

# Wells & Coppersmith (1994), table 2A: subsurface rupture length of all mechanisms, log10 km
_LENGTH = (-2.44, 0.59)
_STRIKES = 64


@dataclass(frozen=True)
class Prediction:
    """Prediction of a ground-motion model for n records and m measures.

    Attributes
    ----------
    measures : tuple of str
    ln_median : ndarray, shape (n, m)
        Natural logarithm of the median, SI; NaN outside the model's range.
    tau, phi, sigma : ndarray, shape (n, m)
        Standard deviations between events, within events (stations included), and of both together; natural
        logarithm. NaN where none is published or the record is outside the range.
    outside : ndarray of bool, shape (n,)
        Records outside the model's range of magnitude, distance or Vs30, or without one of them.
    """

    measures: tuple
    ln_median: np.ndarray
    tau: np.ndarray
    phi: np.ndarray
    sigma: np.ndarray
    outside: np.ndarray

    @property
    def outside_count(self):
        """Number of records outside the range."""
        return int(self.outside.sum())

    def of(self, measure):
        """Return (ln_median, tau, phi, sigma) of one measure, each of shape (n,)."""
        column = self.measures.index(measure)
        return tuple(x[:, column] for x in (self.ln_median, self.tau, self.phi, self.sigma))


@dataclass(frozen=True)
class GroundMotionModel:
    """A published model, evaluated by `predict`.

    Attributes
    ----------
    name, title, source : str
    distance : {"epicentral", "hypocentral", "joyner_boore"}
        Kind of distance of the model.
    magnitude_type : {"Mw", "ML"}
    component : str
        Combination of the two horizontals into one value.
    magnitudes, distances_km : tuple of two floats
        Range in which it is used; outside, predictions are NaN.
    vs30_mps : tuple of two floats, or None
        The same for Vs30; None if the model does not use it.
    periods_s : tuple
        Two floats, first and last, with `between_periods`; else each period that it has.
    has_pgv, between_periods : bool
    """

    name: str
    title: str
    source: str
    distance: str
    magnitude_type: str
    component: str
    magnitudes: tuple
    distances_km: tuple
    vs30_mps: tuple | None
    periods_s: tuple
    has_pgv: bool
    between_periods: bool
    equation: object = field(repr=False)

    def has(self, measure):
        """Whether the model gives a measure."""
        kind, period = split_measure(measure)
        if kind != "psa":
            return kind == "pga" or self.has_pgv
        if self.between_periods:
            return self.periods_s[0] <= period <= self.periods_s[1]
        return any(np.isclose(period, own, rtol=1e-6) for own in self.periods_s)

    def predict(
        self, measures, magnitude, distance_km, *, distance_kind, vs30_mps=VS30_UNKNOWN_MPS, mechanism="unspecified"
    ):
        """Median and standard deviations of each record.

        Parameters
        ----------
        measures : sequence of str
            "pga", "pgv", "psa_0.3", ...
        magnitude : array_like, shape (n,) or ()
            Of the model's `magnitude_type`.
        distance_km : array_like, shape (n,) or ()
            0 or more.
        distance_kind : {"epicentral", "hypocentral", "joyner_boore"}
            Kind of `distance_km`; must be that of the model. `joyner_boore_distance` estimates one.
        vs30_mps : array_like, shape (n,) or ()
            NaN is taken as 760 m/s.
        mechanism : {"unspecified", "strike_slip", "normal", "reverse"}
            ITA18 has no unspecified mechanism and uses normal, as in HEGGS (2025).

        Returns
        -------
        Prediction
            Records outside the range are NaN; `outside_count` is their number.

        Raises
        ------
        InputError
            Another kind of distance, a measure that the model lacks, an unknown mechanism.
        MissingDependencyError
            The model needs pygmm, which is not installed.

        Examples
        --------
        >>> from seissynth.evaluation import ground_motion_model
        >>> found = ground_motion_model("ita18").predict(["pga"], [6.0, 3.0], 20.0, distance_kind="joyner_boore")
        >>> found.outside.tolist(), bool(0.5 < float(np.exp(found.ln_median[0, 0])) < 1.0)
        ([False, True], True)
        """
        if distance_kind != self.distance:
            raise InputError(
                f"{self.name} takes {self.distance} distance, but distance_kind={distance_kind!r}; "
                f"give {self.distance} distances"
                + (" (`joyner_boore_distance` estimates them)." if self.distance == "joyner_boore" else ".")
            )
        if mechanism not in MECHANISMS:
            raise InputError(f"mechanism={mechanism!r} is unknown; use one of {', '.join(map(repr, MECHANISMS))}.")
        measures = (measures,) if isinstance(measures, str) else tuple(measures)
        missing = [measure for measure in measures if not self.has(measure)]
        if missing:
            periods = " to ".join(map(str, self.periods_s)) if self.between_periods else str(list(self.periods_s))
            raise InputError(
                f"{self.name} has no {missing[0]!r}; it has pga{', pgv' if self.has_pgv else ''}"
                + (f" and psa at periods of {periods} s." if self.periods_s else ".")
            )
        magnitude, distance, vs30 = (
            np.array(x, dtype=float)
            for x in np.broadcast_arrays(*map(np.atleast_1d, (magnitude, distance_km, vs30_mps)))
        )
        vs30[np.isnan(vs30)] = VS30_UNKNOWN_MPS
        inside = _within(magnitude, self.magnitudes) & _within(distance, self.distances_km)
        if self.vs30_mps is not None:
            inside &= _within(vs30, self.vs30_mps)
        values = np.full((4, len(magnitude), len(measures)), np.nan)
        if inside.any() and measures:
            values[:, inside] = self.equation(measures, magnitude[inside], distance[inside], vs30[inside], mechanism)
        return Prediction(measures, *values, ~inside)


def split_measure(measure):
    """Split a measure's name: "psa_0.3" -> ("psa", 0.3); "pga" -> ("pga", None).

    Raises
    ------
    InputError
        Neither "pga", "pgv" nor "psa_" and a period above 0.

    Examples
    --------
    >>> split_measure("psa_0.3")
    ('psa', 0.3)
    """
    if measure in ("pga", "pgv"):
        return measure, None
    kind, _, text = str(measure).partition("_")
    try:
        period = float(text)
    except ValueError:
        period = np.nan
    if kind != "psa" or not (np.isfinite(period) and period > 0):
        raise InputError(f"measure {measure!r} is unknown; use 'pga', 'pgv' or 'psa_T' with T in s, such as 'psa_0.3'.")
    return "psa", period


def joyner_boore_distance(epicentral_km: ArrayLike, magnitude: ArrayLike) -> np.ndarray:
    """Estimate the Joyner-Boore distance from the epicentral distance.

    Parameters
    ----------
    epicentral_km : array_like, 0 or more
    magnitude : array_like, broadcast against it
        Moment magnitude.

    Returns
    -------
    ndarray, km
        Mean over all strikes of the distance to a vertical rupture whose middle is the epicentre. Its length is that
        of Wells & Coppersmith (1994), log10 L = -2.44 + 0.59 M: 0.8 km at magnitude 4, 22 km at 6.4. Below magnitude 5
        it is the epicentral distance within some 1 km.

    Notes
    -----
    Limits: strike and dip of the real rupture, and its position relative to the epicentre, are unknown.

    Examples
    --------
    >>> joyner_boore_distance(30.0, [3.0, 6.4]).round(1)
    array([29.9, 24.1])
    """
    distance, magnitude = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (epicentral_km, magnitude)))
    half = 0.5 * 10 ** (_LENGTH[0] + _LENGTH[1] * magnitude)
    angle = np.pi / 2 * (np.arange(_STRIKES) + 0.5) / _STRIKES
    along = distance[..., None] * np.cos(angle)
    across = distance[..., None] * np.sin(angle)
    return np.hypot(np.maximum(along - half[..., None], 0.0), across).mean(axis=-1)


def ground_motion_model(name: str) -> GroundMotionModel:
    """Return a model by its name, one of `GROUND_MOTION_MODELS`.

    Raises
    ------
    InputError
        Unknown name.

    Examples
    --------
    >>> ground_motion_model("emolo15").distance
    'epicentral'
    """
    if name not in GROUND_MOTION_MODELS:
        raise InputError(f"ground-motion model {name!r} is unknown; use one of {', '.join(GROUND_MOTION_MODELS)}.")
    return GROUND_MOTION_MODELS[name]


def _within(values, limits):
    return (values >= limits[0]) & (values <= limits[1])


def _bssa14(*arguments):
    from seissynth.evaluation.gmm_equations import bssa14

    return bssa14(*arguments)


def _emolo15(*arguments):
    from seissynth.evaluation.gmm_equations import emolo15

    return emolo15(*arguments)


def _ita18(*arguments):
    from seissynth.evaluation.gmm_equations import ita18

    return ita18(*arguments)


_ALL = (
    GroundMotionModel(
        "bssa14", "Boore et al. (2014)", "Boore, Stewart, Seyhan & Atkinson (2014), Earthquake Spectra 30, 1057-1085",
        "joyner_boore", "Mw", "RotD50", (3.0, 8.5), (0.0, 300.0), (150.0, 1500.0), (0.01, 10.0), True, True, _bssa14,
    ),
    GroundMotionModel(
        "emolo15", "Emolo et al. (2015)", "Emolo et al. (2015), BSSA 105, 2625-2640, as equation 22 of HEGGS (2025)",
        "epicentral", "ML", "peak horizontal", (2.0, 4.9), (1.4, 600.0), None, (), False, False, _emolo15,
    ),
    GroundMotionModel(
        "ita18", "ITA18, Lanzano et al. (2019)", "Lanzano et al. (2019), BSSA 109, 525-540, table S2",
        "joyner_boore", "Mw", "RotD50", (3.5, 8.0), (0.0, 200.0), None, (0.1, 0.3, 1.0, 3.0), True, False, _ita18,
    ),
)  # fmt: skip

#: name -> `GroundMotionModel`
GROUND_MOTION_MODELS = {model.name: model for model in _ALL}
