"""P and S onsets in layered and whole-earth velocity models.

Layered crusts are traced exactly on a sphere of radius 6371 km by compiled loops, about a thousand times as
fast as ObsPy's TauP; TauP is used for whole-earth models and for distances beyond the range of a crustal model.
Everything else works without ObsPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.warning import warn_user
from seissynth.traveltime.station_delays import StationDelays
from seissynth.traveltime.velocity_models import (
    VELOCITY_MODELS,
    LayeredModel,
    list_velocity_models,
    velocity_model,
)
from seissynth.units import EARTH_RADIUS_KM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

__all__ = ["LayeredModel", "Onsets", "list_velocity_models", "onsets", "velocity_model"]


#: one degree of distance, 111.195 km
KM_PER_DEGREE = EARTH_RADIUS_KM * np.pi / 180.0

#: the farthest point on the sphere
MAX_DISTANCE_KM = 180.0 * KM_PER_DEGREE

#: deeper than any earthquake
MAX_DEPTH_KM = 800.0

#: TauP's iasp91 replaces the shipped crust of that name beyond this distance ...
IASP91_LAYERS_TO_DEG = 3.0

#: ... and for sources below this depth, where a mantle of constant velocity would be 0.02 s late and more
IASP91_LAYERS_TO_KM = 40.0

#: TauP's iasp91 replaces all other layered models beyond this distance
LAYERS_TO_DEG = 10.0

_WHOLE_EARTH = "iasp91"


@dataclass(frozen=True)
class Onsets:
    """P and S arrivals of n paths, all arrays float64 of shape (n,).

    Parameters
    ----------
    p_s, s_s : ndarray
        First arrivals after origin time, s.
    p_direct_s, s_direct_s : ndarray
        Direct arrivals after origin time, s; never before the first.
    p_takeoff_deg : ndarray
        Angle at which the first P leaves the source, degrees: 0 down, 90 horizontal, 180 up.
    p_direct_takeoff_deg, s_direct_takeoff_deg : ndarray
        The same for the direct waves.
    p_ray_parameter_s_km, s_ray_parameter_s_km : ndarray
        Horizontal slowness of the direct waves at the surface, s/km.
    origin : str
        Name of the velocity model.
    """

    p_s: np.ndarray
    s_s: np.ndarray
    p_direct_s: np.ndarray
    s_direct_s: np.ndarray
    p_takeoff_deg: np.ndarray
    p_direct_takeoff_deg: np.ndarray
    s_direct_takeoff_deg: np.ndarray
    p_ray_parameter_s_km: np.ndarray
    s_ray_parameter_s_km: np.ndarray
    origin: str

    def __len__(self):
        return len(self.p_s)


def onsets(
    distance_km: ArrayLike, depth_km: ArrayLike, model: Any = "iasp91", stations: Sequence[str] | None = None
) -> Onsets:
    """P and S onsets at receivers on the surface.

    Parameters
    ----------
    distance_km : array_like, shape (n,)
        Epicentral distance, 0 to 20015 km. It is turned into an angle on a sphere of radius 6371 km; geodesic
        distances on WGS84 taken for it differ from TauP's geocentric angles by up to 0.3 % (0.07 s at 3 degrees).
    depth_km : array_like, shape (n,) or scalar
        Source depth below sea level, up to 800 km. Sources above sea level (negative) are put at depth 0, where the
        models begin.
    model : str, LayeredModel, sequence of (top, vp, vs), obspy.taup.TauPyModel, or StationDelays
        A layered model (see `velocity_model`), or the name of one of TauP's models ("ak135", "prem", ...); or either
        with delays of stations.
    stations : sequence of str, optional
        "NET.STA" of each path, for delays; without it they are not added.

    Returns
    -------
    Onsets

    Raises
    ------
    InputError
        Distance or depth not finite or out of range, inconsistent shapes, an unknown model.

    Warns
    -----
    SeisSynthWarning
        Once per call, if a layered model other than "iasp91" is replaced by TauP's iasp91 (beyond 10 degrees).

    Notes
    -----
    Model used:

    ====================  =====================================  =====================================
    model                 layers                                 TauP
    ====================  =====================================  =====================================
    "iasp91"              to 3 degrees, sources to 40 km depth   iasp91 elsewhere
    other layered models  to 10 degrees                          iasp91 beyond (with a warning)
    TauP's                never                                  everywhere
    ====================  =====================================  =====================================

    *First arrival*: the shortest path, among the direct wave, chords that turn in each deeper layer (head waves
    of a spherical earth), and paths along the base of a layer, which alone reach the shadow of a slow layer.

    *Direct wave*: the ray that leaves upwards; beyond the distance at which it leaves horizontally, the ray that
    goes down first and turns within the source's layer; beyond the one that grazes the base of that layer, a wave along
    the base (Pg and Sg then continue with constant slowness). A source on an interface belongs to the layer above; a
    source below the Moho has no crustal wave. With TauP "layer" means from one discontinuity to the next, and beyond 10
    degrees the direct wave is the first arrival.

    *First S*, with TauP, is the earliest of s, S, Sn, Sdiff, SKS and SKIKS: SKS comes before S beyond 83 degrees.

    Layered times are exact for the layers to better than 1e-9 s. TauP's times are interpolated in distance between
    its own samples, at the exact depth; the error is below 0.005 s. Each path's result is bit-for-bit independent of
    the other paths of the call.

    Examples
    --------
    >>> from seissynth.traveltime import onsets
    >>> found = onsets([0.0, 50.0, 300.0], 10.0)
    >>> found.p_s.round(2).tolist(), found.p_direct_s.round(2).tolist()
    ([1.72, 8.78, 43.43], [1.72, 8.78, 51.71])
    >>> found.p_takeoff_deg.round(1).tolist()
    [180.0, 101.1, 45.9]
    """
    delayed = StationDelays.of(model)
    if delayed is not None:
        found = onsets(distance_km, depth_km, delayed.based_on)
        return found if stations is None else delayed.add_to(found, stations)
    distance, depth = _paths(distance_km, depth_km)
    delta = distance / EARTH_RADIUS_KM
    layered = _layered(model)
    if layered is None:
        from seissynth.traveltime.taup import find_model

        taup = find_model(model)
        origin = model if isinstance(model, str) else f"taup:{_taup_name(taup)}"
        return Onsets(**_through_taup(delta, depth, taup), origin=origin)

    inside = _answered_by_layers(distance, depth, layered)
    result = {name: np.empty(len(delta)) for name in Onsets.__annotations__ if name != "origin"}
    for rows, trace, earth in ((inside, _through_layers, layered), (~inside, _through_taup, None)):
        if not rows.any():
            continue
        if earth is None:
            from seissynth.traveltime.taup import find_model

            earth = find_model(_WHOLE_EARTH)
        for name, values in trace(delta[rows], depth[rows], earth).items():
            result[name][rows] = values
    return Onsets(**result, origin=layered.name)


def _paths(distance_km, depth_km):
    """Check distances and depths; return two arrays of shape (n,), depths not negative."""
    try:
        distance = np.atleast_1d(np.asarray(distance_km, dtype=float))
        depth = np.asarray(depth_km, dtype=float)
    except (TypeError, ValueError):
        raise InputError("onsets: distance_km and depth_km must be numbers or arrays of numbers, in km.") from None
    if distance.ndim != 1 or depth.ndim > 1 or depth.shape not in ((), (1,), distance.shape):
        raise InputError(
            f"onsets: distance_km has shape {distance.shape} and depth_km {depth.shape}; give distances of shape (n,) "
            "and one depth, or one depth for each distance."
        )
    _check_range("distance_km", distance, 0.0, MAX_DISTANCE_KM, "is half the earth's circumference")
    _check_range("depth_km", depth, -np.inf, MAX_DEPTH_KM, "is deeper than any earthquake; is the depth in metres?")
    return distance, np.broadcast_to(np.maximum(depth, 0.0), distance.shape)


def _check_range(name, values, low, high, why):
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= low) & (values <= high)))
    if len(wrong):
        value = np.atleast_1d(values)[wrong[0]]
        limits = f"{low:g} to {high:g} km" if np.isfinite(low) else f"finite and at most {high:g} km"
        raise InputError(
            f"onsets: {name}[{wrong[0]}] is {value:g} ({len(wrong)} such); it must be {limits} ({high:g} km {why})."
        )


def _layered(model):
    """Return the layered model for `model`, or None if TauP is needed."""
    if isinstance(model, str):
        return VELOCITY_MODELS.get(model)
    # not isinstance, which would import ObsPy: a TauPyModel is recognised by its methods
    if hasattr(model, "get_travel_times") and hasattr(model, "model"):
        return None
    return velocity_model(model)


def _answered_by_layers(distance, depth, layered):
    """Return whether each path is computed with the layers, shape (n,) bool."""
    if layered == VELOCITY_MODELS[_WHOLE_EARTH]:
        return (distance <= IASP91_LAYERS_TO_DEG * KM_PER_DEGREE) & (depth <= IASP91_LAYERS_TO_KM)
    inside = distance <= LAYERS_TO_DEG * KM_PER_DEGREE
    if not inside.all():
        warn_user(
            f"velocity model {layered.name!r} is a crust: TauP's {_WHOLE_EARTH} gives the onsets of {(~inside).sum()} "
            f"of {len(inside)} paths, those beyond {LAYERS_TO_DEG:g} degrees ({LAYERS_TO_DEG * KM_PER_DEGREE:.0f} km)."
        )
    return inside


def _through_layers(delta, depth, layered):
    from seissynth.traveltime import _kernels as kernels

    out = np.empty((len(delta), kernels.N_COLUMNS))
    radii, vp, vs = (np.array(x) for x in (layered.top_depth_km, layered.vp_km_s, layered.vs_km_s))
    # one subtraction for both, for equal radii where a depth equals a top
    kernels.trace(np.ascontiguousarray(delta), EARTH_RADIUS_KM - depth, EARTH_RADIUS_KM - radii, vp, vs, out)
    return {
        "p_s": out[:, kernels.P_FIRST],
        "s_s": out[:, kernels.S_FIRST],
        "p_direct_s": out[:, kernels.P_DIRECT],
        "s_direct_s": out[:, kernels.S_DIRECT],
        "p_takeoff_deg": out[:, kernels.P_TAKEOFF],
        "p_direct_takeoff_deg": out[:, kernels.P_DIRECT_TAKEOFF],
        "s_direct_takeoff_deg": out[:, kernels.S_DIRECT_TAKEOFF],
        "p_ray_parameter_s_km": out[:, kernels.P_RAY] / EARTH_RADIUS_KM,
        "s_ray_parameter_s_km": out[:, kernels.S_RAY] / EARTH_RADIUS_KM,
    }


def _through_taup(delta, depth, taup):
    from seissynth.traveltime.taup import arrivals

    by_wave = arrivals(delta, depth, taup)
    result = {}
    for wave, (first, takeoff, direct, direct_takeoff, ray) in by_wave.items():
        result[f"{wave}_s"] = first
        result[f"{wave}_direct_s"] = direct
        result[f"{wave}_direct_takeoff_deg"] = direct_takeoff
        result[f"{wave}_ray_parameter_s_km"] = ray / EARTH_RADIUS_KM
        if wave == "p":
            result["p_takeoff_deg"] = takeoff
    return result


def _taup_name(taup):
    name = taup.model.s_mod.v_mod.model_name
    name = name.decode() if isinstance(name, bytes) else str(name)
    # models that ObsPy reads from its own files call themselves "np.bytes_(b'iasp91')" or "b'iasp91'"
    return name.removeprefix("np.bytes_(").removesuffix(")").removeprefix("b").strip("'") if "b'" in name else name
