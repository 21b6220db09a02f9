"""Earthquakes: the required values of an ObsPy Event, checked, without the rest of QuakeML."""

import math
from dataclasses import dataclass

from obspy import UTCDateTime
from obspy.core.event import Event

from seissynth.errors import InputError
from seissynth.seeding import event_key as make_event_key
from seissynth.shared.bounds import BOUNDS, within
from seissynth.shared.warning import warn_user
from seissynth.shared.wording import a_kind

#: depth taken, with a warning, for an origin that has none, km
DEFAULT_DEPTH_KM = 10.0
_TENSOR_ELEMENTS = ("m_rr", "m_tt", "m_pp", "m_rt", "m_rp", "m_tp")


@dataclass(frozen=True)
class Earthquake:
    """One earthquake.

    Parameters
    ----------
    event : obspy Event
        Original event.
    time : UTCDateTime
        Origin time.
    latitude_deg, longitude_deg : float
        WGS84.
    depth_km : float
        Below sea level.
    magnitude : float
    magnitude_type : str
        As in QuakeML; empty where not stated.
    nodal_plane : (float, float, float) or None
        Strike, dip, rake of nodal plane 1, degrees.
    moment_tensor : tuple of 6 float or None
        rr, tt, pp, rt, rp, tp over the scalar moment.
    key : str
        Key of the seeds, see `seissynth.seeding.event_key`.
    """

    event: Event
    time: UTCDateTime
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    magnitude: float
    magnitude_type: str
    nodal_plane: tuple | None
    moment_tensor: tuple | None
    key: str

    @property
    def id(self):
        """The event's resource id."""
        return event_id(self.event)


def event_id(event):
    """Resource id of an event as text, for messages and provenance."""
    return str(getattr(event.resource_id, "id", "") or "event without id")


def require_distinct_ids(events):
    """Raise InputError if two events of a Catalog have one resource id, by which a file tells events apart."""
    first = {}
    for number, event in enumerate(events, 1):
        name = event_id(event)
        if name in first:
            raise InputError(
                f"events {first[name]} and {number} of the catalogue both have the resource id {name}, by which a "
                "file tells events apart; leave one out, or give each its own resource_id."
            )
        first[name] = number


def read_earthquakes(events, event_key=None, may_be_none=False):
    """Yield the earthquakes of an Event, a Catalog or any iterable of Events, one at a time.

    Parameters
    ----------
    events : obspy Event, Catalog or iterable of Event
        A single Event that cannot be used is an error; among several it is left out with a warning.
    event_key : str, optional
        Used instead of the key made of time and place; for a single event only.
    may_be_none : bool
        An empty catalogue yields nothing, instead of an error.

    Yields
    ------
    Earthquake

    Raises
    ------
    InputError
        Not events, no usable event, or `event_key` given for several.
    """
    if isinstance(events, Event):
        yield read_earthquake(events, event_key)
        return
    if isinstance(events, (str, bytes, dict)) or not hasattr(events, "__iter__"):
        raise InputError(f"event is {a_kind(events)}; give an obspy Event, a Catalog or an iterable of Events.")
    if event_key is not None and not (hasattr(events, "__len__") and len(events) == 1):
        raise InputError(f"{event_key=} names one event, but several may come; call once per event, or leave it out.")
    used, left_out, cause = 0, 0, ""
    for event in events:
        try:
            earthquake = read_earthquake(event, event_key)
        except InputError as error:
            warn_user(f"left out: {error}")
            left_out += 1
            cause = cause or str(error)
            continue
        used += 1
        yield earthquake
    if left_out == used == 0 and may_be_none:
        return
    if not used:
        raise InputError(
            f"none of the {left_out} events can be simulated; the first: {cause}"
            if left_out
            else "the catalogue is empty; give at least one event."
        )


def read_earthquake(event, event_key=None):
    """Read the required values from one ObsPy Event: the preferred origin and magnitude, else the first.

    Raises
    ------
    InputError
        No origin, no magnitude, or impossible values.

    Examples
    --------
    >>> from seissynth.example import read_example
    >>> from seissynth.events.earthquakes import read_earthquake
    >>> earthquake = read_earthquake(read_example()[1])
    >>> earthquake.magnitude, earthquake.depth_km
    (5.2, 8.2)
    """
    if not isinstance(event, Event):
        raise InputError(f"an event is {a_kind(event)}; it must be an obspy Event.")
    name = event_id(event)
    origin = preferred(event, "origin")
    if origin is None:
        raise InputError(f"event {name} has no origin; add one with time, latitude, longitude and depth.")
    magnitude = preferred(event, "magnitude")
    if magnitude is None or magnitude.mag is None:
        raise InputError(f"event {name} has no magnitude; add one, e.g. event.magnitudes.append(Magnitude(mag=4.0)).")
    if not isinstance(origin.time, UTCDateTime):
        raise InputError(f"event {name}: the origin has no time; set origin.time.")
    within("year", origin.time.year, whose=f"event {name}, origin time {origin.time}: ")
    latitude = _number(name, "latitude", origin.latitude)
    longitude = _number(name, "longitude", origin.longitude)
    size = _number(name, "magnitude", magnitude.mag)
    depth_m = origin.depth
    if depth_m is None or not math.isfinite(depth_m):
        warn_user(f"event {name}: the origin has no depth; {DEFAULT_DEPTH_KM:g} km is taken.")
        depth_m = DEFAULT_DEPTH_KM * 1000
    depth_km = _number(name, "depth in km", depth_m / 1000)
    plane, tensor = _mechanism(event)
    return Earthquake(
        event=event,
        time=origin.time,
        latitude_deg=latitude,
        longitude_deg=longitude if longitude <= 180 else longitude - 360,
        depth_km=depth_km,
        magnitude=size,
        magnitude_type=str(magnitude.magnitude_type or ""),
        nodal_plane=plane,
        moment_tensor=tensor,
        key=event_key or make_event_key(origin.time, latitude, longitude, depth_m),
    )


def preferred(event, kind):
    """Return an event's preferred origin, magnitude or focal mechanism, else its first, else None.

    Only objects in the event itself count. ObsPy's ``preferred_origin()`` and similar methods look for any object of
    that id in the process: after ``event.focal_mechanisms = []`` they may still find one.

    Parameters
    ----------
    event : Event
    kind : {"origin", "magnitude", "focal_mechanism"}
    """
    items = getattr(event, f"{kind}s")
    wanted = getattr(event, f"preferred_{kind}_id")
    named = [item for item in items if wanted is not None and item.resource_id.id == wanted.id]
    return next(iter(named or items), None)


def _number(name, what, value):
    bound = BOUNDS[what]
    if not bound.holds(value):
        raise InputError(f"event {name}: {what} is {value}; it must be {bound}.")
    return float(value)


def _mechanism(event):
    """Nodal plane 1 and normalised moment tensor of the preferred focal mechanism, each None where absent."""
    mechanism = preferred(event, "focal_mechanism")
    if mechanism is None:
        return None, None
    plane = tensor = None
    first = getattr(mechanism.nodal_planes, "nodal_plane_1", None)
    if first is not None:
        values = (first.strike, first.dip, first.rake)
        if all(value is not None and math.isfinite(value) for value in values):
            plane = tuple(float(value) for value in values)
    elements = getattr(mechanism.moment_tensor, "tensor", None)
    if elements is not None:
        values = [getattr(elements, name) for name in _TENSOR_ELEMENTS]
        if all(value is not None and math.isfinite(value) for value in values):
            diagonal, rest = values[:3], values[3:]
            moment = math.sqrt((sum(x * x for x in diagonal) + 2 * sum(x * x for x in rest)) / 2)
            if moment > 0:
                tensor = tuple(value / moment for value in values)
    return plane, tensor
