"""Every StationXML and QuakeML file that ObsPy ships gives records or one clear error."""

import warnings
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy_files import station_xml_inventories
from obspy_networks import event, inventory, station

import seissynth
from seissynth.errors import SeisSynthError

TESTS_OF_OBSPY = Path(obspy.__file__).parent


def quake_ml_files():
    """Files below ObsPy's installed tests and examples that its QuakeML reader takes."""
    from obspy.io.quakeml.core import _is_quakeml

    return sorted(
        path for path in TESTS_OF_OBSPY.rglob("*.xml") if path.stat().st_size < 2_000_000 and _is_quakeml(str(path))
    )


def outcome(*args, **kwargs):
    """Records, or the one error; anything else than our errors goes through and fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return seissynth.generate(*args, **kwargs), None
        except SeisSynthError as error:
            return None, error


def check(stream, error, where):
    if error is not None:
        assert len(str(error)) > 20 and error.__class__ is not SeisSynthError, where
        return False
    assert len(stream) > 0, where
    assert all(np.isfinite(trace.data).all() and trace.stats.npts > 0 for trace in stream), where
    return True


def times_and_places(net):
    """An hour after the start of up to three epochs of channels, stations and networks, each beside its station."""
    found = {}
    for network in net:
        for one in network:
            starts = [item.start_date for item in (*one.channels, one, network) if item.start_date is not None]
            if one.latitude is not None and starts:
                found[str(max(starts[:3]) + 3600)] = {"latitude": one.latitude, "longitude": one.longitude}
    return [(obspy.UTCDateTime(time), place) for time, place in found.items()][:3] or [
        (obspy.UTCDateTime(2015, 1, 1), {})
    ]


@pytest.mark.parametrize("output", ["VEL", "RAW"])
def test_every_station_xml(output):
    with_records = {}
    for name, net in station_xml_inventories():
        for time, place in times_and_places(net):
            result = outcome(net, event(4.0, time=time, **place), output=output, duration=40, outside="allow")
            with_records[name] = check(*result, name) or with_records.get(name, False)
    # the others are empty, without channels of ground motion, or (RAW) without responses
    assert sum(with_records.values()) > (0.45 if output == "VEL" else 0.35) * len(with_records)


def test_every_quake_ml():
    made, files = 0, quake_ml_files()
    for path in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                catalog = obspy.read_events(str(path))
            except Exception:  # ObsPy itself cannot read some of its own test files
                continue
        origins = [one.origins[0] for one in catalog if one.origins and one.origins[0].latitude is not None]
        place = (origins[0].latitude, origins[0].longitude) if origins else (0.0, 0.0)
        net = inventory(station("NEAR", latitude=min(place[0] + 0.2, 89.0), longitude=place[1]))
        made += check(*outcome(net, catalog, duration=40, outside="allow"), path.name)
    assert len(files) > 20 and made > 10


def test_obspy_example_network_and_events():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        catalog, net = obspy.read_events(), obspy.read_inventory()
        stream, error = outcome(net, catalog, duration=60, outside="allow")
    assert check(stream, error, "obspy.read_events()")
