"""Stations on a line, an earthquake and observed motion, for the tests of the learned backends."""

import numpy as np
import obspy
from obspy.core.event import Event, Magnitude, Origin
from obspy.core.inventory import Inventory, Network, Site, Station

TIME = obspy.UTCDateTime("2019-07-06T00:10:00")


def line(distances_km=(12.0, 20.0, 28.0, 36.0), code="V"):
    """Virtual stations north of the epicentre."""
    stations = [
        Station(f"{code}{number}", 35.6 + km / 111.0, -117.5, 500.0, site=Site("made up"))
        for number, km in enumerate(distances_km)
    ]
    return Inventory(networks=[Network("XX", stations=stations)])


def earthquake(magnitude=3.0):
    origin = Origin(time=TIME, latitude=35.6, longitude=-117.5, depth=5000.0)
    return Event(origins=[origin], magnitudes=[Magnitude(mag=magnitude, magnitude_type="Mw")])


def observed(level=1e-6, stations=("S0", "S1"), start=-10.0, duration=80.0, seed=0):
    """Motion in m/s of real stations, as ObsPy leaves it behind."""
    rng, stream = np.random.default_rng(seed), obspy.Stream()
    for number, station in enumerate(stations):
        for letter in "ZNE":
            header = {"network": "CI", "station": station, "channel": f"HH{letter}", "sampling_rate": 100.0}
            trace = obspy.Trace(level * rng.standard_normal(round(duration * 100)), header)
            trace.stats.starttime = TIME + start
            trace.stats.processing = ["ObsPy 1.4.2: remove_response(fig=None::output='VEL')"]
            trace.stats.coordinates = {"latitude": 35.6 + 0.3 * number, "longitude": -117.5}
            stream += trace
    return stream
