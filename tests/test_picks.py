"""Onsets as picks and arrivals, in the formats of events that ObsPy writes."""

import math

import obspy
import pytest
from obspy.core.util.base import ENTRY_POINTS

import seissynth
from seissynth.io.onset_picks import without_onset_picks

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning:obspy", "ignore:.*:DeprecationWarning:obspy")


@pytest.fixture(scope="module")
def example():
    return seissynth.read_example()


@pytest.fixture(scope="module")
def stream(example):
    return seissynth.generate(*example, seed=1)


@pytest.fixture(scope="module")
def catalog(example, stream):
    return seissynth.picks(stream, example[1])


def test_arrivals_hold_phase_distance_and_azimuth(example, stream, catalog):
    event = catalog[0]
    origin = event.preferred_origin()
    assert origin is event.origins[0] and len(origin.arrivals) == len(event.picks) == 14
    by_id = {pick.resource_id.id: pick for pick in event.picks}
    for arrival in origin.arrivals:
        pick = by_id[arrival.pick_id.id]
        assert arrival.phase == pick.phase_hint and pick.time_errors.uncertainty is None
        station = stream.select(station=pick.waveform_id.station_code)[0].stats.seissynth.conditions
        source = example[1].origins[0]
        degrees = obspy.geodetics.locations2degrees(
            source.latitude, source.longitude, station.station_latitude_deg, station.station_longitude_deg
        )
        assert arrival.distance == pytest.approx(degrees, rel=5e-3)
        assert arrival.azimuth == pytest.approx(station.path_azimuth_deg)
    assert not example[1].origins[0].arrivals and not example[1].picks  # what was given is left as it was


@pytest.mark.parametrize(
    ("format", "options", "clock_s"),
    [
        ("QUAKEML", {}, 1e-6),
        ("SCML", {}, 1e-6),
        pytest.param("SC3ML", {}, 1e-6, marks=pytest.mark.filterwarnings("ignore:Format 'SC3ML' is deprecated")),
        ("NORDIC", {"userid": "TEST", "evtype": "L", "wavefiles": ""}, 6e-3),
    ],
)
def test_every_pick_comes_back(tmp_path, catalog, format, options, clock_s):
    if format not in ENTRY_POINTS["event_write"]:
        pytest.skip(f"this ObsPy does not write {format}")
    path = str(tmp_path / "events")
    catalog.write(path, format, **options)
    event = obspy.read_events(path, format=format)[0]
    assert len(event.picks) == 14 and len(event.origins[0].arrivals) == 14
    key = lambda pick: (pick.waveform_id.station_code, pick.phase_hint)  # noqa: E731
    for read, written in zip(sorted(event.picks, key=key), sorted(catalog[0].picks, key=key), strict=True):
        assert key(read) == key(written) and abs(read.time - written.time) <= clock_s
        assert read.time_errors.uncertainty is None


def test_nonlinloc_observations(tmp_path, catalog):
    path = tmp_path / "events.obs"
    catalog.write(str(path), "NLLOC_OBS")
    lines = [line.split() for line in path.read_text().splitlines() if len(line.split()) > 9 and line[0] != "#"]
    assert sorted((line[0], line[4]) for line in lines) == sorted(
        (pick.waveform_id.station_code, pick.phase_hint) for pick in catalog[0].picks
    )
    for line, pick in zip(lines, catalog[0].picks, strict=True):
        assert float(line[8]) == pytest.approx(pick.time.second + pick.time.microsecond / 1e6, abs=1e-4)


def test_realisations_and_events_keep_their_own(example):
    inventory, event = example
    second = event.copy()
    second.resource_id = obspy.core.event.ResourceIdentifier("smi:local/second")
    second.origins[0].time += 100
    many = seissynth.generate(inventory, [event, second], realizations=2, seed=3)
    found = seissynth.picks(many, obspy.Catalog([event, second]))
    for one in found:
        assert {arrival.pick_id.id for arrival in one.origins[0].arrivals} == {
            pick.resource_id.id for pick in one.picks
        }
        assert len(one.picks) >= 14 and all(math.isfinite(arrival.distance) for arrival in one.origins[0].arrivals)
    plain = without_onset_picks(found)
    assert all(not one.picks and not one.origins[0].arrivals for one in plain)
