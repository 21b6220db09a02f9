"""First and direct arrivals from ObsPy's TauP through tables: private, and imported only if needed.

TauP's own call shoots rays for one distance at a time (5 to 25 ms). Here its samples of (p, angle, time) of each phase
are read once for a model and depth, and interpolated by cubics with the exact slopes d(time)/d(angle) = p, for all
distances together.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seissynth.errors import InputError
from seissynth.traveltime.velocity_models import VELOCITY_MODELS, unknown_model_error

#: phases among which the first arrival is sought
PHASES = {
    "p": ("p", "P", "Pn", "Pdiff", "PKP", "PKIKP", "PKiKP"),
    "s": ("s", "S", "Sn", "Sdiff", "SKS", "SKIKS", "SKiKS"),
}

#: beyond this distance there is no direct wave apart from the first arrival
DIRECT_LIMIT_RAD = np.radians(10.0)

_BLOCK = 256  # distances taken together, which bounds the memory of (distances, segments) arrays
_P_TOLERANCE = 1e-9


@dataclass(frozen=True)
class _Segments:
    """Pieces of travel-time curves between neighbouring samples, arrays of shape (m,)."""

    angle: tuple  # (start, end), rad
    time: tuple  # s
    p: tuple  # s/rad
    upward: np.ndarray  # the ray leaves the source upwards

    def pick(self, mask):
        return _Segments(*(tuple(x[mask] for x in pair) for pair in (self.angle, self.time, self.p)), self.upward[mask])


def taup_names():
    """Names of the models that TauP ships; empty without ObsPy."""
    try:
        import obspy.taup
    except ImportError:
        return []
    return sorted(path.stem for path in (Path(obspy.taup.__file__).parent / "data").glob("*.npz"))


def find_model(model):
    """Return the TauPyModel for a name or a model; InputError for anything else."""
    try:
        from obspy.taup import TauPyModel
    except ImportError:
        raise InputError(
            f"velocity model {model!r} needs ObsPy (TauP), which is not installed. Install obspy, or use one of "
            f"{', '.join(sorted(VELOCITY_MODELS))} within their range."
        ) from None
    if isinstance(model, TauPyModel):
        return model
    if model not in taup_names():
        raise unknown_model_error(model, [*VELOCITY_MODELS, *taup_names()])
    return _load(model)


@functools.lru_cache(maxsize=8)
def _load(name):
    from obspy.taup import TauPyModel

    return TauPyModel(name)


def arrivals(delta, depth_km, taup):
    """First and direct arrivals of P and S.

    Parameters
    ----------
    delta : ndarray, shape (n,), rad
    depth_km : ndarray, shape (n,)
    taup : obspy.taup.TauPyModel

    Returns
    -------
    dict of str to (first time, take-off, direct time, take-off, p), arrays of shape (n,)
        Keys "p" and "s"; times in s, take-off in degrees (0 down), p of the direct wave in s/rad.
    """
    result = {wave: np.empty((5, len(delta))) for wave in PHASES}
    for depth in np.unique(depth_km):
        rows = np.flatnonzero(depth_km == depth)
        for wave in PHASES:
            table = _table(taup, float(depth), wave)
            for start in range(0, len(rows), _BLOCK):
                block = rows[start : start + _BLOCK]
                result[wave][:, block] = table.look_up(delta[block])
    return {wave: tuple(values) for wave, values in result.items()}


@functools.lru_cache(maxsize=256)
def _table(taup, depth_km, wave):
    return _Table(taup, depth_km, wave)


class _Table:
    """Travel-time curves of one model, depth and wave."""

    def __init__(self, taup, depth_km, wave):
        from obspy.taup.seismic_phase import SeismicPhase

        corrected = taup.model.depth_correct(depth_km)
        pieces = [_segments(SeismicPhase(name, corrected), upward=name == wave) for name in PHASES[wave]]
        self.first = _join(pieces)
        layers = corrected.s_mod.v_mod
        self.radius = layers.radius_of_planet - depth_km
        self.v_below = float(layers.evaluate_below(depth_km, wave)[0])
        # TauP has no velocity above the surface
        self.v_above = float(layers.evaluate_above(depth_km, wave)[0]) if depth_km > 0 else self.v_below
        self.direct = self._direct_part(layers, depth_km, wave)

    def _direct_part(self, layers, depth_km, wave):
        """Rays that leave upwards, or turn before the next discontinuity below the source."""
        depths = np.asarray(layers.get_discontinuity_depths())
        above = depth_km > 0 and np.any(depths == depth_km)  # a source on an interface belongs to the shell above
        below = depths[depths >= depth_km] if above else depths[depths > depth_km]
        p_limit = (layers.radius_of_planet - below[0]) / float(layers.evaluate_above(below[0], wave)[0])
        turned = np.minimum(*self.first.p) >= p_limit * (1.0 - _P_TOLERANCE)
        return self.first.pick(self.first.upward | turned)

    def look_up(self, delta):
        first, first_takeoff = self._earliest(self.first, delta)
        direct, direct_takeoff = self._earliest(self.direct, delta)
        # TauP has no wave along the base of a layer, so the direct one may come first in the shadow of a slow layer
        far = (delta > DIRECT_LIMIT_RAD) | (direct < first)
        direct, direct_takeoff = np.where(far, first, direct), np.where(far, first_takeoff, direct_takeoff)
        return first, first_takeoff, direct, direct_takeoff, self._ray_parameter(direct_takeoff)

    def _earliest(self, segments, delta):
        """Earliest time on any segment, and its take-off angle; arrays of shape (n,)."""
        time, segment, fraction = _earliest(segments, delta)
        # p has a square root at a horizontal start, the take-off angle runs straight through it
        start, end = (self._takeoff(p[segment], segments.upward[segment]) for p in segments.p)
        return time, start + fraction * (end - start)

    def _takeoff(self, p, upward):
        angle = np.degrees(np.arcsin(np.minimum(p * self._velocity(upward) / self.radius, 1.0)))
        return np.where(upward, 180.0 - angle, angle)

    def _ray_parameter(self, takeoff):
        return self.radius * np.sin(np.radians(takeoff)) / self._velocity(takeoff > 90.0)

    def _velocity(self, upward):
        return np.where(upward, self.v_above, self.v_below)


def _segments(phase, upward):
    """Cut a TauP phase into segments; equal neighbouring p mark a shadow, unless the phase is one straight line."""
    angle, time, p = (np.asarray(x, dtype=float) for x in (phase.dist, phase.time, phase.ray_param))
    keep = np.diff(angle) != 0
    if len(p) > 2:
        keep &= np.diff(p) != 0
    pairs = tuple((x[:-1][keep], x[1:][keep]) for x in (angle, time, p))
    return _Segments(*pairs, np.full(int(keep.sum()), upward))


def _join(pieces):
    def stack(name, end):
        return np.concatenate([getattr(piece, name)[end] for piece in pieces])

    pairs = [(stack(name, 0), stack(name, 1)) for name in ("angle", "time", "p")]
    return _Segments(*pairs, np.concatenate([piece.upward for piece in pieces]))


def _earliest(segments, delta):
    """Earliest time on any segment, the segment, and the position along it (0 to 1); arrays of shape (n,)."""
    (x0, x1), (t0, t1), (p0, p1) = segments.angle, segments.time, segments.p
    width = x1 - x0
    f = (delta[:, None] - x0) / width  # (n, m), 0 to 1 inside a segment
    g = 1.0 - f
    inside = (f >= 0.0) & (f <= 1.0)
    cubic = t0 * g * g * (1.0 + 2.0 * f) + t1 * f * f * (3.0 - 2.0 * f) + width * f * g * (p0 * g - p1 * f)
    time = np.where(inside, cubic, np.inf)
    best = np.argmin(time, axis=1)
    rows = np.arange(len(delta))
    earliest, fraction = time[rows, best], f[rows, best]
    shadow = ~np.isfinite(earliest)
    if shadow.any():  # graze on from the end that is nearest before it, not from one that is left steeply
        end, end_time, end_p = (np.concatenate(pair) for pair in (segments.angle, segments.time, segments.p))
        last = np.argmax(np.where(end <= delta[shadow, None], end, -np.inf), axis=1)
        earliest[shadow] = end_time[last] + end_p[last] * (delta[shadow] - end[last])
        best[shadow] = last % len(width)
        fraction[shadow] = last // len(width)
    return earliest, best, fraction
