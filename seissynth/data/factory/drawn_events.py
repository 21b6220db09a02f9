"""ObsPy Events of drawn earthquakes."""

import math

from obspy import UTCDateTime
from obspy.core.event import (
    Event,
    FocalMechanism,
    Magnitude,
    MomentTensor,
    NodalPlane,
    NodalPlanes,
    Origin,
    ResourceIdentifier,
    Tensor,
)

from seissynth.events.earthquakes import preferred
from seissynth.schema import MOMENT_TENSOR_COLUMNS

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
        depth=_metres(float(values["source_depth_km"])),
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
        _add_mechanism(event, mechanism)
    tensor = [float(values.get(name, math.nan)) for name in MOMENT_TENSOR_COLUMNS]
    if all(map(math.isfinite, tensor)):
        mechanism = preferred(event, "focal_mechanism") or FocalMechanism(resource_id=identifier("mechanism"))
        mechanism.moment_tensor = _moment_tensor(tensor, origin, magnitude.mag, identifier("tensor"))
        _add_mechanism(event, mechanism)
    return event


def _metres(depth_km):
    """Depth in m that reads as `depth_km` again, bit for bit: the whole one, or the nearest that does."""
    metres = depth_km * 1000.0
    around = float(round(metres)), metres, math.nextafter(metres, math.inf), math.nextafter(metres, -math.inf)
    return next((depth for depth in around if depth / 1000.0 == depth_km), metres)


def _add_mechanism(event, mechanism):
    event.focal_mechanisms = [mechanism]
    event.preferred_focal_mechanism_id = mechanism.resource_id


def _moment_tensor(shares, origin, magnitude, identifier):
    """Moment tensor in N·m of its elements over the scalar moment, which follows from the magnitude.

    log10 M0 = 1.5 Mw + 9.1 (IASPEI, 2013); seissynth divides by it again when reading.
    """
    moment = 10.0 ** (1.5 * magnitude + 9.1)
    names = [name.removeprefix("source_mt_") for name in MOMENT_TENSOR_COLUMNS]
    elements = {f"m_{name}": moment * share for name, share in zip(names, shares, strict=True)}
    return MomentTensor(
        resource_id=identifier,
        derived_origin_id=origin.resource_id,
        scalar_moment=moment,
        tensor=Tensor(**elements),
    )
