"""Drawn earthquakes: laws of magnitude and place, and events that depend on their number alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy.geodetics import gps2dist_azimuth
from scipy import stats

from seissynth.data.factory.drawn_earthquakes import Box, Circle, DrawnEarthquakes, Polygon, around_station
from seissynth.errors import InputError
from seissynth.events.earthquakes import read_earthquake
from seissynth.example import read_example

HERE = Circle(42.6, 13.3, 80.0)


def test_gutenberg_richter_has_the_b_that_was_asked_for():
    """Aki's maximum likelihood with Utsu's correction for bins, its error 1/sqrt(n)."""
    drawn = DrawnEarthquakes(20_000, HERE, magnitude=(2.0, 9.0), magnitudes="gutenberg-richter", b=1.3)
    mean = drawn.table()["source_magnitude"].mean()
    found = np.log10(np.e) / (mean - (2.0 - 0.005))
    assert abs(found - 1.3) < 4 * 1.3 / np.sqrt(20_000)


def test_bounds_cut_gutenberg_richter_as_its_integral_says():
    drawn = DrawnEarthquakes(20_000, HERE, magnitude=(2.0, 4.0), magnitudes="gutenberg-richter", b=1.0)
    magnitude = drawn.table()["source_magnitude"]
    share = (1 - 10.0 ** -(3.0 - 2.0)) / (1 - 10.0**-2.0)
    assert magnitude.min() >= 2.0 and magnitude.max() <= 4.0
    assert abs((magnitude < 3.0).mean() - share) < 4 * np.sqrt(share * (1 - share) / 20_000) + 0.003


def test_uniform_magnitudes_and_triangular_depths():
    table = DrawnEarthquakes(20_000, HERE, magnitude=(1, 6), depth_km=(2, 8, 20)).table()
    assert stats.kstest(table["source_magnitude"], "uniform", args=(1, 5)).statistic < 0.015
    assert stats.kstest(table["source_depth_km"], "triang", args=(6 / 18, 2, 18)).statistic < 0.015


def test_places_fill_areas_evenly():
    table = DrawnEarthquakes(20_000, Circle(60.0, 179.9, 300.0, inner_km=100.0)).table()
    distance = np.array(
        [
            gps2dist_azimuth(60.0, 179.9, *place)[0] / 1000
            for place in zip(table["source_latitude_deg"][:3000], table["source_longitude_deg"][:3000], strict=True)
        ]
    )
    # sphere against ellipsoid: 0.5 %
    assert distance.min() > 99.4 and distance.max() < 301.6
    assert stats.kstest((distance**2 - 100.0**2) / (300.0**2 - 100.0**2), "uniform").statistic < 0.03
    assert np.abs(table["source_longitude_deg"]).max() <= 180.0

    table = DrawnEarthquakes(20_000, Box(0.0, 80.0, 170.0, 190.0)).table()
    sine = np.sin(np.radians(table["source_latitude_deg"])) / np.sin(np.radians(80.0))
    assert stats.kstest(sine, "uniform").statistic < 0.015

    table = DrawnEarthquakes(20_000, Polygon([(0, 0), (1, 0), (1, 1), (0.5, 0.5), (0, 1)])).table()
    x, y = table["source_longitude_deg"], table["source_latitude_deg"]
    assert not ((x > y) & (x > 1 - y) & (np.abs(y - 0.5) < x - 0.5)).any()  # the notch
    # area of the polygon is 3/4, that of its lower left quarter square 1/4
    assert abs(((x < 0.5) & (y < 0.5)).mean() - 1 / 3) < 0.015


def test_random_mechanisms_are_isotropic():
    table = DrawnEarthquakes(20_000, HERE, mechanisms="random").table()
    assert stats.kstest(np.cos(np.radians(table["source_dip_deg"])), "uniform").statistic < 0.02
    assert stats.kstest(table["source_rake_deg"], "uniform", args=(-180, 360)).statistic < 0.015
    reverse = DrawnEarthquakes(2000, HERE, mechanisms="reverse").table()
    assert abs(np.median(reverse["source_rake_deg"]) - 90) < 2 and reverse["source_dip_deg"].min() > 0
    assert np.isnan(DrawnEarthquakes(5, HERE, mechanisms="none").table()["source_strike_deg"]).all()


@settings(max_examples=30)
@given(st.integers(0, 2999), st.integers(0, 2999), st.integers(0, 2**32))
def test_an_event_depends_on_its_number_alone(first, last, seed):
    first, last = sorted((first, last))
    drawn = DrawnEarthquakes(3000, HERE, seed=seed)
    fewer = DrawnEarthquakes(last + 1, HERE, seed=seed)
    for name, values in drawn.table().items():
        assert np.array_equal(values[first:last], fewer.table(first, last)[name])
        assert np.array_equal(values[[last, first]], drawn.rows([last, first])[name])


def test_events_are_what_the_table_says():
    drawn = DrawnEarthquakes(1100, HERE, magnitude_type="ML", seed=3)
    table = drawn.table(1020, 1030)
    for i, event in enumerate(drawn.events(1020, 1030)):
        found = read_earthquake(event)
        assert found.magnitude == table["source_magnitude"][i] and found.magnitude_type == "ML"
        assert found.latitude_deg == table["source_latitude_deg"][i]
        assert found.depth_km == table["source_depth_km"][i]
        assert found.time.ns == table["origin_us"][i] * 1000
        assert found.nodal_plane == tuple(table[f"source_{angle}_deg"][i] for angle in ("strike", "dip", "rake"))
        assert event.resource_id.id == f"smi:local/seissynth/drawn/3/{1020 + i}"
    assert len(list(DrawnEarthquakes(3, HERE))) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": 0}, "n=0"),
        ({"area": "here"}, "area is a str"),
        ({"magnitude": (5, 2)}, "magnitude"),
        ({"magnitude": 3}, "magnitude"),
        ({"magnitudes": "normal"}, "uniform"),
        ({"b": -1}, "b=-1"),
        ({"depth_km": (1, 2, 3, 4)}, "depth_km"),
        ({"depth_km": (0, 900)}, "800"),
        ({"time": ("2020-01-01",)}, "two times"),
        ({"time": ("2021-01-01", "2020-01-01")}, "after the first"),
        ({"mechanisms": "any"}, "strike-slip"),
        ({"seed": 0.5}, "seed"),
    ],
)
def test_bad_input(change, words):
    with pytest.raises(InputError, match=words):
        DrawnEarthquakes(**{"n": 5, "area": HERE, **change})


@pytest.mark.parametrize(
    "make",
    [
        lambda: Circle(91, 0, 10),
        lambda: Circle(0, 0, 10, 20),
        lambda: Circle(0, "x", 10),
        lambda: Box(1, 0, 0, 1),
        lambda: Box(0, 1, 5, 4),
        lambda: Polygon([(0, 0), (1, 1)]),
        lambda: around_station(read_example()[0], "XX.NONE", 10),
        lambda: DrawnEarthquakes(5, HERE).table(3, 9),
        lambda: DrawnEarthquakes(5, HERE).rows([9]),
    ],
)
def test_bad_areas_and_numbers(make):
    with pytest.raises(InputError):
        make()


def test_a_circle_around_a_station_by_its_code():
    inventory, _ = read_example()
    assert around_station(inventory, "AMAT", 80.0) == around_station(inventory, "XX.AMAT", 80.0)
    with pytest.raises(InputError, match=r"no station 'YY\.AMAT'"):
        around_station(inventory, "YY.AMAT", 80.0)
    other = inventory.copy()
    other[0].code = "YY"
    with pytest.raises(InputError, match="several stations have the code 'AMAT'"):
        around_station(inventory + other, "AMAT", 80.0)
