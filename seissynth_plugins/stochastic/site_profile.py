"""Layers below a station: generic ones for a Vs30, or a user's own, read from a line of text."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from seissynth.errors import InputError
from seissynth_plugins.stochastic.free_surface import vp_from_vs

#: quality factor of shear waves where a profile has none; P has `Q_P_RATIO` times it
Q_S, Q_P_RATIO = 25.0, 2.0
# Boore & Joyner (1997): generic rock (Vs30 618 m/s) and generic very hard rock (2780 m/s), km and km/s
_ROCK_KM = (0.001, 0.03, 0.19, 4.0, 8.0)
_ROCK_POWERS = ((0.245, 0.0), (2.206, 0.272), (3.542, 0.407), (2.505, 0.199), (2.927, 0.086))
_HARD_KM, _HARD_KM_S, _HARD_POWER = (0.75, 2.2), 2.768, (3.324, 0.067)
_ROCK_VS30, _HARD_VS30 = 618.0, 2780.0
# softer ground differs from rock above these depths: fully, and not at all
_SOFT_KM = (0.03, 1.0)
_FIRST_LAYER_M, _LAYERS = 2.0, 14
_VS_MPS, _VP_MPS, _DENSITY, _Q = (10.0, 6000.0), (20.0, 10_000.0), (0.8, 4.0), (1.0, 10_000.0)


@dataclass(frozen=True)
class SiteProfile:
    """Flat layers; the last reaches down without end.

    Parameters
    ----------
    thickness_m : tuple of float
        The last is infinite.
    vs_mps, vp_mps, density_g_cm3, q_s, q_p : tuple of float, one per layer
    """

    thickness_m: tuple
    vs_mps: tuple
    vp_mps: tuple
    density_g_cm3: tuple
    q_s: tuple
    q_p: tuple

    def above(self, depth_m):
        """Thickness, Vs, Vp, density, Qs and Qp of the part above a depth; ndarray, shape (6, layers)."""
        top = np.concatenate([[0.0], np.cumsum(self.thickness_m)[:-1]])
        inside = np.minimum(self.thickness_m, depth_m - top)
        kept = inside > 0
        rows = (inside, self.vs_mps, self.vp_mps, self.density_g_cm3, self.q_s, self.q_p)
        return np.array([np.asarray(row)[kept] for row in rows])


def density_g_cm3(vp_km_s):
    """Density of rock and soil (Nafe & Drake's curve in the form of Brocher 2005, equation 1), at least 1.6 g/cm³."""
    vp = np.asarray(vp_km_s, dtype=float)
    return np.maximum(1.6612 * vp - 0.4721 * vp**2 + 0.0671 * vp**3 - 0.0043 * vp**4 + 0.000106 * vp**5, 1.6)


def generic_velocity_km_s(depth_km, vs30_mps):
    """Shear velocity of generic ground with a given Vs30.

    Parameters
    ----------
    depth_km : array_like, shape (n,)
    vs30_mps : float
        Above 0.

    Returns
    -------
    ndarray, shape (n,), km/s

    Notes
    -----
    Boore & Joyner (1997, BSSA 87, 327-341) give generic rock (Vs30 618 m/s) and generic very hard rock (2780 m/s).
    Between them ln Vs is interpolated, as Boore (2016) did for 760 m/s; the weight is the one whose Vs30 is right.
    Softer ground is generic rock times a constant down to 30 m, which fades to 1 at 1 km (a choice of this backend).

    Examples
    --------
    >>> generic_velocity_km_s([0.0, 0.03, 0.15], 618.0).round(2).tolist()
    [0.24, 0.85, 1.64]
    """
    depth = np.asarray(depth_km, dtype=float)
    rock, hard = _rock(depth), _hard(depth)
    if vs30_mps >= _HARD_VS30:
        return hard * min(vs30_mps / _HARD_VS30, 1.3)
    weight = _weight(float(vs30_mps))
    if vs30_mps >= _ROCK_VS30:
        return rock ** (1 - weight) * hard**weight
    return rock * np.exp(weight * _fade(depth))


@lru_cache(maxsize=256)
def generic_profile(vs30_mps, depth_m):
    """Layers of generic ground down to a depth; see `generic_velocity_km_s`."""
    edges = np.concatenate([[0.0], np.geomspace(min(_FIRST_LAYER_M, 0.5 * depth_m), depth_m, _LAYERS)])
    middle = 0.5 * (edges[1:] + edges[:-1]) / 1000
    vs = generic_velocity_km_s(np.append(middle, depth_m / 1000), vs30_mps)
    return _complete([*np.diff(edges), math.inf], vs * 1000)


def read_profile(text, whose=""):
    """Read a user's layers.

    Parameters
    ----------
    text : str
        Layers from the surface down, separated by semicolons: thickness in m, Vs in m/s, and if known Vp in m/s,
        density in g/cm³ and Q of S. The last layer reaches down without end; its thickness may be ``-``.
    whose : str
        Put before the message of an error.

    Returns
    -------
    SiteProfile
        Vp and density that are not given follow from Vs (Brocher 2005); Q of S is 25, and Q of P twice Q of S.

    Raises
    ------
    InputError
        A layer that is not of 2 to 5 numbers, or a number out of bounds.

    Examples
    --------
    >>> from seissynth_plugins.stochastic.site_profile import read_profile
    >>> read_profile("20 300; 80 700 1900 2.1 20; - 1500").vs_mps
    (300.0, 700.0, 1500.0)
    """
    rows = [part.replace(",", " ").split() for part in str(text).split(";") if part.strip()]
    if not rows:
        raise InputError(f"{whose}station_layers={text!r} has no layer; write 'thickness_m vs_mps; ...; - vs_mps'.")
    columns = [[], [], [], [], []]
    for number, row in enumerate(rows):
        last = number == len(rows) - 1
        words = [str(math.inf) if last and k == 0 and word in ("-", "inf") else word for k, word in enumerate(row)]
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if not 2 <= len(values) <= len(columns):
            raise InputError(
                f"{whose}layer {number + 1} of station_layers is {' '.join(row)!r}; it must be 2 to 5 numbers: "
                "thickness in m, Vs in m/s, Vp in m/s, density in g/cm³, Q of S."
            )
        if not values[0] > 0 or (math.isinf(values[0]) and not last):
            raise InputError(f"{whose}layer {number + 1} of station_layers is {row[0]} m thick; it must be above 0.")
        limits = (_VS_MPS, _VP_MPS, _DENSITY, _Q)
        names = ("Vs in m/s", "Vp in m/s", "density in g/cm³", "Q of S")
        for value, name, (low, high) in zip(values[1:], names, limits, strict=False):
            if not low <= value <= high:
                raise InputError(
                    f"{whose}layer {number + 1} of station_layers has {name} of {value:g}; it must be between {low:g} "
                    f"and {high:g}."
                )
        if len(values) > 2 and not values[2] > 1.15 * values[1]:
            raise InputError(
                f"{whose}layer {number + 1} of station_layers has Vp {values[2]:g} m/s with Vs {values[1]:g} m/s; it "
                "must be above 1.15 Vs."
            )
        for k, column in enumerate(columns):
            column.append(values[k] if k < len(values) else math.nan)
    columns[0][-1] = math.inf
    return _complete(*columns)


def _complete(thickness, vs, vp=None, density=None, q_s=None):
    """Make a profile; what is missing (None, NaN) follows from Vs."""
    vs = np.asarray(vs, dtype=float)
    unknown = np.full(len(vs), np.nan)
    vp, density, q_s = (unknown if x is None else np.asarray(x, dtype=float) for x in (vp, density, q_s))
    vp = np.where(np.isnan(vp), 1000 * vp_from_vs(vs / 1000), vp)
    density = np.where(np.isnan(density), density_g_cm3(vp / 1000), density)
    q_s = np.where(np.isnan(q_s), Q_S, q_s)
    return SiteProfile(*(tuple(map(float, x)) for x in (thickness, vs, vp, density, q_s, Q_P_RATIO * q_s)))


def _rock(depth):
    scale, power = np.array(_ROCK_POWERS)[np.searchsorted(_ROCK_KM[:-1], depth)].T
    return scale * np.clip(depth, _ROCK_KM[0], _ROCK_KM[-1]) ** power


def _hard(depth):
    deep = _HARD_POWER[0] * np.clip(depth, _HARD_KM[1], _ROCK_KM[-1]) ** _HARD_POWER[1]
    at_base = _HARD_POWER[0] * _HARD_KM[1] ** _HARD_POWER[1]
    return np.where(depth > _HARD_KM[1], deep, np.interp(depth, _HARD_KM, (_HARD_KM_S, at_base)))


def _fade(depth):
    """1 to 30 m, 0 from 1 km, linear in ln depth between."""
    x = np.log(np.clip(depth, *_SOFT_KM))
    low, high = np.log(_SOFT_KM)
    return (high - x) / (high - low)


@lru_cache(maxsize=256)
def _weight(vs30):
    """Weight of very hard rock whose Vs30 is the given one; or the ln of the factor on softer ground."""
    if vs30 <= _ROCK_VS30:
        return math.log(vs30 / _ROCK_VS30)
    depth = np.linspace(0.0, 0.03, 601)[1:] - 0.03 / 1200
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        velocity = _rock(depth) ** (1 - middle) * _hard(depth) ** middle
        if 1000 / np.mean(1 / velocity) < vs30:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
