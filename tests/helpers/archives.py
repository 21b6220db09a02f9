"""A made-up archive of continuous records, and the earthquakes in it."""

import numpy as np
from obspy import Stream, Trace, UTCDateTime
from obspy.core.event import Catalog
from obspy.core.inventory import InstrumentSensitivity, Response
from obspy_networks import event, inventory, station, triple

from seissynth.traveltime.first_arrivals import onsets

START = UTCDateTime(2020, 1, 2, 3, 0, 0, 3000)
GAIN = 1e9
LENGTH_S = 900
ORIGINS = (200.0, 500.0, 530.0)  # after START
PEAK = 2e-5  # m/s, of the bursts


def flat(units="M/S"):
    """A response that is one number."""
    return Response(instrument_sensitivity=InstrumentSensitivity(GAIN, 1.0, units, "COUNTS"))


def network(rate=100.0, response=flat, codes=("A", "B")):
    stations = []
    for number, code in enumerate(codes):
        place = 35.9 + 0.1 * number, -117.5
        channels = triple(rate=rate, place=place)
        for item in channels:
            if response is not None:
                item.response = response()
        stations.append(station(code, channels, *place))
    return inventory(*stations)


def catalog(magnitudes=(3.0, 3.0, 3.0)):
    return Catalog([event(m, time=START + at, kind="ML") for m, at in zip(magnitudes, ORIGINS, strict=True)])


def motion(inv, rate=100.0, code="A", sizes=(1.0, 1.0, 1.0), noise=2e-8, seed=0):
    """Velocity (3, npts): noise, and bursts of 5 Hz at P (on Z) and S (on N and E) of each earthquake."""
    npts = round(LENGTH_S * rate)
    time = np.arange(npts) / rate
    ground = noise * np.random.default_rng(seed).standard_normal((3, npts))
    p, s = travel(inv, code)
    for origin, size in zip(ORIGINS, sizes, strict=True):
        for onset, rows, part in ((p, [0], 0.3), (s, [1, 2], 1.0)):
            t = time - origin - onset
            burst = np.where(t >= 0, np.sin(2 * np.pi * 5 * t) * np.exp(-np.maximum(t, 0.0)), 0.0)
            ground[rows] += size * part * PEAK * burst
    return ground


def travel(inv, code="A"):
    from obspy.geodetics import gps2dist_azimuth

    place = inv.select(station=code)[0][0]
    distance = gps2dist_azimuth(35.7, -117.5, place.latitude, place.longitude)[0] / 1000
    found = onsets([distance], 8.0)
    return float(found.p_s[0]), float(found.s_s[0])


def counts(ground, code="A", rate=100.0, letters="ZNE", band="HH", start=START):
    header = {"network": "XX", "station": code, "sampling_rate": rate, "starttime": start}
    return Stream([
        Trace(np.rint(row * GAIN).astype("i4"), {**header, "channel": band + letter})
        for row, letter in zip(ground, letters, strict=True)
    ])  # fmt: skip
