"""Earthquakes that a script finds in picks: those that were put in, where and when they were, and no others."""

import numpy as np
import obspy
import pandas as pd
import pytest
from obspy_networks import event, inventory, station

from tools.real_records._associate import Network, associate, distance_km, station_residuals
from tools.real_records.detect_earthquakes import as_event, by_chance, match, write_catalog

MODEL, BOX = "southern_california", (35.3, 36.1, -117.9, -117.1)
BEGIN = obspy.UTCDateTime(2020, 1, 1).timestamp
#: time, latitude, longitude, depth; the third follows the second within 8 s
EARTHQUAKES = (
    (100.0, 35.6, -117.5, 8.0),
    (300.0, 35.75, -117.45, 4.0),
    (308.0, 35.65, -117.6, 9.0),
    (700.0, 35.5, -117.4, 12.0),
)


def network():
    rng = np.random.default_rng(3)
    places = np.column_stack([rng.uniform(35.4, 36.0, 14), rng.uniform(-117.8, -117.2, 14)])
    return Network(
        inventory(*(station(f"S{n:02d}", latitude=a, longitude=b) for n, (a, b) in enumerate(places))), MODEL, BOX
    )


def made_up_picks(net, earthquakes=EARTHQUAKES, late=None, false=60, seed=0):
    """Picks with errors of 0.05 s, one in ten missing, and picks of nothing."""
    rng, rows = np.random.default_rng(seed), []
    for time, *place in earthquakes:
        for name in net.names:
            for phase in "PS":
                if rng.random() < 0.9:
                    travel = float(net.times(phase, name, *(np.array([x]) for x in place))[0])
                    off = (late or {}).get((name, phase), 0.0)
                    rows.append((name, phase, BEGIN + time + travel + off + rng.normal(0, 0.05)))
    for _ in range(false):
        rows.append((str(rng.choice(net.names)), str(rng.choice(["P", "S"])), BEGIN + rng.uniform(0, 1000)))
    table = pd.DataFrame(rows, columns=["station", "phase", "time"]).assign(probability=0.5)
    return table.sort_values("time", ignore_index=True)


@pytest.fixture(scope="module")
def found():
    net = network()
    picks = made_up_picks(net)
    return net, picks, associate(picks, net)


def test_the_earthquakes_that_were_put_in_are_found_and_no_others(found):
    _, _, earthquakes = found
    assert len(earthquakes) == len(EARTHQUAKES)
    for one, (time, latitude, longitude, depth) in zip(earthquakes, EARTHQUAKES, strict=True):
        assert abs(one.time - BEGIN - time) < 0.25
        assert distance_km((latitude, longitude), (one.latitude, one.longitude)) < 1.5
        assert abs(one.depth_km - depth) <= 3.0
        assert len(one.rows) >= 20 and one.misfit_s < 0.1


def test_picks_belong_to_one_earthquake_each(found):
    _, picks, earthquakes = found
    rows = np.concatenate([one.rows for one in earthquakes])
    assert len(rows) == len(set(rows.tolist()))
    for one in earthquakes:
        chosen = picks.iloc[one.rows]
        assert not chosen.duplicated(["station", "phase"]).any()


def test_clocks_that_are_turned_apart_leave_no_earthquake(found):
    net, picks, _ = found
    assert by_chance(picks, net, shuffles=2) == [0, 0]


def test_delays_of_stations_are_found_from_the_earthquakes_themselves():
    net = network()
    late = {(net.names[2], "S"): 0.5, (net.names[5], "P"): -0.3}
    rng = np.random.default_rng(1)
    many = [(60.0 * n, rng.uniform(35.5, 35.8), rng.uniform(-117.6, -117.4), 8.0) for n in range(1, 15)]
    picks = made_up_picks(net, many, late, false=0)
    delays = station_residuals(associate(picks, net), picks)
    for key, value in late.items():
        assert delays[key] == pytest.approx(value, abs=0.15)
    assert np.median(np.abs(list(delays.values()))) < 0.05


def test_each_catalogued_earthquake_is_matched_once_and_far_ones_never(found):
    _, _, earthquakes = found
    catalog = [
        event(2.0, time=obspy.UTCDateTime(BEGIN + time), latitude=latitude, longitude=longitude, depth_km=8.0)
        for time, latitude, longitude in ((100.4, 35.6, -117.5), (301.0, 35.3, -117.0), (308.5, 35.65, -117.6))
    ]
    assert match(earthquakes, catalog).tolist() == [0, -1, 2, -1]
    assert match([earthquakes[0], earthquakes[0]], catalog[:1]).tolist() == [0, -1]


def test_quakeml_holds_origin_picks_and_a_magnitude_only_where_there_is_one(found, tmp_path):
    _, picks, earthquakes = found
    first, second = earthquakes[:2]
    first.magnitude, first.magnitude_stations = 2.34, 6
    write_catalog(tmp_path / "found.xml", [as_event(one, picks) for one in (first, second)])
    read = obspy.read_events(tmp_path / "found.xml")
    assert read[0].magnitudes[0].mag == 2.34 and read[0].magnitudes[0].station_count == 6 and not read[1].magnitudes
    assert abs(read[0].preferred_origin().time.timestamp - first.time) < 1e-3
    assert read[0].preferred_origin().depth == 1000 * first.depth_km
    times = sorted(pick.time.timestamp for pick in read[0].picks)
    np.testing.assert_allclose(times, sorted(picks["time"].iloc[first.rows]), atol=1e-5)
    again = [as_event(one, picks).resource_id for one in (first, second)]
    assert [one.resource_id for one in read] == again
