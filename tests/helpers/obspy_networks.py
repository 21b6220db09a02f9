"""Inventories and events for tests, made with ObsPy objects."""

import numpy as np
from obspy import UTCDateTime
from obspy.core.event import Event, Magnitude, NodalPlane, NodalPlanes, Origin
from obspy.core.event.source import FocalMechanism
from obspy.core.inventory import Channel, Inventory, Network, Response, Station

ORIGIN_TIME = UTCDateTime(2020, 1, 2, 3, 4, 5, 678901)


def event(magnitude=4.0, *, time=ORIGIN_TIME, latitude=35.7, longitude=-117.5, depth_km=8.0, kind="Mw", plane=None):
    """One event with one origin and one magnitude."""
    origin = Origin(time=time, latitude=latitude, longitude=longitude, depth=depth_km * 1000)
    made = Event(origins=[origin], magnitudes=[Magnitude(mag=magnitude, magnitude_type=kind)])
    if plane is not None:
        planes = NodalPlanes(nodal_plane_1=NodalPlane(*plane))
        made.focal_mechanisms = [FocalMechanism(nodal_planes=planes)]
    return made


def channel(
    code, *, azimuth=0.0, dip=0.0, rate=100.0, location="", place=(35.9, -117.5), depth=0.0, units="M/S", **epoch
):
    """One channel with a short response of one pole pair, like a seismometer of 1 s."""
    response = Response.from_paz(
        zeros=[0, 0], poles=[-4.44 + 4.44j, -4.44 - 4.44j], stage_gain=1e9, input_units=units, output_units="COUNTS"
    )
    return Channel(
        code, location, place[0], place[1], 700.0, depth, azimuth=azimuth, dip=dip, sample_rate=rate,
        response=response, **epoch,
    )  # fmt: skip


def triple(band="HH", **kwargs):
    """Z, N, E channels."""
    angles = (("Z", 0.0, -90.0), ("N", 0.0, 0.0), ("E", 90.0, 0.0))
    return [channel(band + letter, azimuth=azimuth, dip=dip, **kwargs) for letter, azimuth, dip in angles]


def station(code, channels=(), latitude=35.9, longitude=-117.5, **kwargs):
    """One station."""
    return Station(code, latitude, longitude, 700.0, channels=list(channels), **kwargs)


def inventory(*stations):
    """One network XX."""
    return Inventory(networks=[Network("XX", stations=list(stations))])


def bare_network(count, seed=0, spread_deg=0.5):
    """Stations without channels, at random places around the event."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-spread_deg, spread_deg, (count, 2))
    return inventory(*(station(f"S{i:04d}", (), 35.7 + a, -117.5 + b) for i, (a, b) in enumerate(places)))
