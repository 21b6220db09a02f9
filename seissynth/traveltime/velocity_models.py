"""Layered velocity models of the crust, including the shipped ones.

Layers are constant, tops in km below sea level, and the last layer is a half space. ObsPy is not needed. Whole-earth
models are those of ObsPy's TauP, used by `seissynth.traveltime.onsets`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seissynth.errors import InputError
from seissynth.shared.suggestions import did_you_mean

#: name that a model gets when the user gives layers without one
CUSTOM_NAME = "custom"


@dataclass(frozen=True)
class LayeredModel:
    """Constant layers over a half space.

    Parameters
    ----------
    name : str
        Name for `Onsets.origin`.
    top_depth_km : tuple of float, length m
        Depth of each layer's top below sea level; the first is 0, the last is the half space's.
    vp_km_s, vs_km_s : tuple of float, length m
        P and S velocity of each layer; any order: layers slower than the one above are allowed.
    source : str
        Source of the values.

    Raises
    ------
    InputError
        Lengths differ, tops do not increase from 0, a velocity is not positive and finite, or vp <= vs.

    Examples
    --------
    >>> from seissynth.traveltime.velocity_models import LayeredModel
    >>> LayeredModel("two", (0, 30), (6.0, 8.0), (3.5, 4.6)).n_layers
    2
    """

    name: str
    top_depth_km: tuple
    vp_km_s: tuple
    vs_km_s: tuple
    source: str = ""

    def __post_init__(self):
        for field in ("top_depth_km", "vp_km_s", "vs_km_s"):
            object.__setattr__(self, field, self._as_floats(field))
        self._check()

    @classmethod
    def from_layers(cls, layers: Sequence[Sequence[float]], name: str = CUSTOM_NAME, source: str = "") -> LayeredModel:
        """Make a model from rows (top in km, vp in km/s, vs in km/s).

        Parameters
        ----------
        layers : sequence of (float, float, float)
            One row per layer, from the surface down; the last is the half space.
        name, source : str
            As in `LayeredModel`.

        Returns
        -------
        LayeredModel

        Examples
        --------
        >>> from seissynth.traveltime.velocity_models import LayeredModel
        >>> LayeredModel.from_layers([(0, 6.0, 3.5), (30, 8.0, 4.6)]).vp_km_s
        (6.0, 8.0)
        """
        try:
            rows = [tuple(float(value) for value in row) for row in layers]
            if not rows or any(len(row) != 3 for row in rows):
                raise ValueError
        except (TypeError, ValueError):
            raise InputError(
                f"velocity model {name!r}: layers={layers!r} must be rows of three numbers, "
                "(top in km, vp in km/s, vs in km/s), one a layer from the surface down."
            ) from None
        top_km, vp_km_s, vs_km_s = zip(*rows, strict=True)
        return cls(name, top_km, vp_km_s, vs_km_s, source)

    @property
    def n_layers(self) -> int:
        """Number of layers, the half space included."""
        return len(self.top_depth_km)

    def _as_floats(self, field):
        try:
            return tuple(float(value) for value in getattr(self, field))
        except (TypeError, ValueError):
            raise InputError(
                f"velocity model {self.name!r}: {field}={getattr(self, field)!r} must be a sequence of numbers."
            ) from None

    def _check(self):
        tops, vp, vs = self.top_depth_km, self.vp_km_s, self.vs_km_s
        if not len(tops) == len(vp) == len(vs) or not tops:
            self._fail(f"{len(tops)} tops, {len(vp)} vp, {len(vs)} vs", "one of each a layer, at least one layer")
        if tops[0] != 0:
            self._fail(f"the first top is {tops[0]} km", "tops start at 0 km, sea level")
        for i, top in enumerate(tops):
            if not math.isfinite(top) or (i and top <= tops[i - 1]):
                self._fail(f"top {i} is {top} km", "tops are finite and increase from layer to layer")
            if not all(math.isfinite(v) and v > 0 for v in (vp[i], vs[i])):
                self._fail(f"layer {i} has vp={vp[i]}, vs={vs[i]} km/s", "velocities are positive and finite")
            if vp[i] <= vs[i]:
                self._fail(f"layer {i} has vp={vp[i]} <= vs={vs[i]} km/s", "P is faster than S; are the two swapped?")

    def _fail(self, what, rule):
        raise InputError(f"velocity model {self.name!r}: {what}, but {rule}.")


def _from_vp(name, tops, vp, vp_vs, source):
    """Build a model whose S velocities follow from one vp/vs ratio."""
    return LayeredModel(name, tops, vp, tuple(round(v / vp_vs, 3) for v in vp), source)


_MODELS = (
    LayeredModel(
        "iasp91",
        (0, 20, 35),
        (5.80, 6.50, 8.04),
        (3.36, 3.75, 4.47),
        "Kennett & Engdahl 1991, doi:10.1111/j.1365-246X.1991.tb06724.x: crust as published; below the Moho the "
        "velocities at 35 km stay constant in place of the mantle gradient (8.04 to 8.05, 4.47 to 4.50 km/s at 120 km)",
    ),
    _from_vp(
        "southern_california",
        (0, 5.5, 16, 32),
        (5.5, 6.3, 6.7, 7.8),
        1.73,
        "Hadley & Kanamori 1977, doi:10.1130/0016-7606(1977)88<1469:SSOTTR>2.0.CO;2, as the Southern California "
        "Seismic Network uses it with vp/vs 1.73: Hutton, Woessner & Hauksson 2010, table 5, doi:10.1785/0120090130",
    ),
    _from_vp(
        "korea",
        (0, 19, 32),
        (6.04, 6.45, 7.78),
        1.73,
        "Park, Min, Jeon & Je 2002, 3-D P-wave velocity structure in South Korea using seismic tomography "
        "(KoreaScience JAKO200211921419248): minimum 1-D P model; vp/vs 1.73 is an assumption of seissynth",
    ),
    _from_vp(
        "italy",
        (0, 12, 18, 26, 35),
        (5.97, 6.08, 6.34, 6.70, 7.56),
        1.73,
        "Chiarabba & Frepoli 1997, doi:10.4401/ag-3888: minimum 1-D P model of the southern Apennines "
        "(38.8 to 42.7 N); vp/vs 1.73 is an assumption of seissynth",
    ),
    _from_vp(
        "iceland",
        (0, 1, 3, 8.5),
        (4.1, 5.1, 6.5, 7.2),
        1.78,
        "Palmason 1971, Crustal structure of Iceland from explosion seismology, Soc. Sci. Isl. 40: mean velocities of "
        "layers 1 to 4; the tops are the middle of the depths that he gives, and layer 4 goes on below. vp/vs: Wadati "
        "diagrams of 153 earthquakes at Theistareykir, Joekull 65 (2015), p. 55",
    ),
)

#: name -> LayeredModel, the shipped models
VELOCITY_MODELS = {model.name: model for model in _MODELS}


def list_velocity_models() -> list[str]:
    """Names of the shipped layered models.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from seissynth.traveltime.velocity_models import list_velocity_models
    >>> list_velocity_models()
    ['iasp91', 'iceland', 'italy', 'korea', 'southern_california']
    """
    return sorted(VELOCITY_MODELS)


def velocity_model(model: Any) -> LayeredModel:
    """Return a layered model from its name, from layers, or unchanged.

    Parameters
    ----------
    model : str, LayeredModel or sequence of (float, float, float)
        A name from `list_velocity_models`, a model, or rows (top in km, vp, vs in km/s).

    Returns
    -------
    LayeredModel

    Raises
    ------
    InputError
        No such name (the nearest one is given), or layers that do not form a model.

    Examples
    --------
    >>> from seissynth.traveltime.velocity_models import velocity_model
    >>> velocity_model("southern_california").vp_km_s
    (5.5, 6.3, 6.7, 7.8)
    >>> velocity_model([(0, 6.0, 3.5), (30, 8.0, 4.6)]).name
    'custom'
    """
    if isinstance(model, LayeredModel):
        return model
    if not isinstance(model, str):
        return LayeredModel.from_layers(model)
    if model not in VELOCITY_MODELS:
        raise unknown_model_error(model, VELOCITY_MODELS)
    return VELOCITY_MODELS[model]


def unknown_model_error(name, known):
    """Make the error for an unknown model name, with the nearest one of `known`."""
    hint = did_you_mean(name.lower(), known, 0.5)
    return InputError(
        f"velocity model {name!r} is unknown;{hint} layered models are {', '.join(sorted(VELOCITY_MODELS))}; "
        "or give rows (top in km, vp, vs in km/s). onsets() also takes TauP's models, such as 'ak135'."
    )
