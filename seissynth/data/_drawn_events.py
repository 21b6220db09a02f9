"""ObsPy Events of drawn earthquakes."""

import math

from obspy import UTCDateTime
from obspy.core.event import (
    Event,
    FocalMechanism,
    Magnitude,
    NodalPlane,
    NodalPlanes,
    Origin,
    ResourceIdentifier,
)

PREFIX = "smi:local/seissynth/drawn"


def make_event(event_id, values, magnitude_type="Mw"):
    """Make an Event of one row of `DrawnEarthquakes.table`; all its resource ids begin with `event_id`."""

    def identifier(kind):
        return ResourceIdentifier(f"{event_id}/{kind}" if kind else event_id)

    origin = Origin(
        resource_id=identifier("origin"),
        time=UTCDateTime(ns=int(values["origin_us"]) * 1000),
        latitude=float(values["source_latitude_deg"]),
        longitude=float(values["source_longitude_deg"]),
        depth=float(round(values["source_depth_km"] * 1000.0)),
    )
    magnitude = Magnitude(
        resource_id=identifier("magnitude"), mag=float(values["source_magnitude"]), magnitude_type=magnitude_type
    )
    event = Event(
        resource_id=identifier(""),
        origins=[origin],
        magnitudes=[magnitude],
        preferred_origin_id=origin.resource_id,
        preferred_magnitude_id=magnitude.resource_id,
    )
    if math.isfinite(values["source_strike_deg"]):
        angles = (float(values[f"source_{angle}_deg"]) for angle in ("strike", "dip", "rake"))
        plane = NodalPlane(**dict(zip(("strike", "dip", "rake"), angles, strict=True)))
        planes = NodalPlanes(nodal_plane_1=plane)
        mechanism = FocalMechanism(resource_id=identifier("mechanism"), nodal_planes=planes)
        event.focal_mechanisms.append(mechanism)
        event.preferred_focal_mechanism_id = mechanism.resource_id
    return event
