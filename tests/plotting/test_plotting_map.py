"""Sizes of stars on the map, and what its legend says of them."""

import numpy as np
import pytest
from obspy import Inventory
from obspy.core.event import Catalog
from obspy.core.inventory import Network, Station

from seissynth.example import read_example
from seissynth.plotting import plot_map
from seissynth.plotting.coast import coast_lines

#: capes and their lighthouses, which stand at the sea: latitude, longitude; Natural Earth lacks the island of Cape Horn
CAPES = {
    "Point Reyes": (37.996, -123.023),
    "Montauk Point": (41.071, -71.857),
    "Cape Finisterre": (42.883, -9.272),
    "Cabo da Roca": (38.781, -9.499),
    "Kanyakumari": (8.078, 77.555),
    "Cape Byron": (-28.639, 153.636),
    "Cape Reinga": (-34.427, 172.678),
    "Cape of Good Hope": (-34.357, 18.475),
    "Cape Agulhas": (-34.829, 20.009),
}
LAND = {
    "Berlin": (52.52, 13.40),
    "Denver": (39.74, -104.99),
    "Alice Springs": (-23.70, 133.88),
    "Manaus": (-3.1, -60.0),
    "Ulaanbaatar": (47.92, 106.92),
    "Kampala": (0.35, 32.58),
    "Hamilton, New Zealand": (-37.79, 175.28),
}
SEA = {
    "Atlantic": (30.0, -40.0),
    "Pacific": (0.0, -150.0),
    "Indian Ocean": (-30.0, 80.0),
    "Tyrrhenian Sea": (40.0, 12.5),
    "Gulf of Mexico": (25.0, -90.0),
    "Tasman Sea": (-40.0, 160.0),
    "North Sea": (56.0, 3.0),
}


@pytest.fixture
def many():
    inventory, event = read_example()
    event.focal_mechanisms, event.preferred_focal_mechanism_id = [], None
    catalog = Catalog()
    for magnitude in (0.4, 2.0, 2.1, 6.4):
        one = event.copy()
        one.preferred_magnitude().mag = magnitude
        one.origins[0].latitude += 0.05 * magnitude
        catalog.append(one)
    return inventory, catalog


def test_stars_grow_with_magnitude(many):
    figure = plot_map(*many)
    widths = [item.get_sizes()[0] ** 0.5 for item in figure.axes[0].collections if item.get_gid() == "epicentre"]
    assert widths == sorted(widths) and widths[3] > 3 * widths[0]
    # equal steps of magnitude are equal steps of width
    assert (widths[3] - widths[1]) / 4.4 == pytest.approx((widths[2] - widths[1]) / 0.1)


def test_the_legend_shows_the_sizes_of_whole_magnitudes(many):
    figure = plot_map(*many)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["station", "M 0", "M 4", "M 7"]
    stars = [item.get_sizes()[0] ** 0.5 for item in figure.axes[0].collections if item.get_gid() == "epicentre"]
    shown = [line.get_markersize() for line in figure.legends[0].get_lines()][1:]
    assert shown[0] < stars[0] < shown[1] < stars[3] < shown[2]
    alone = plot_map(*read_example())
    assert [text.get_text() for text in alone.legends[0].get_texts()] == ["station", "focal mechanism"]
    assert [text.get_text() for text in plot_map(many[0]).legends[0].get_texts()] == ["station"]


def _kilometres_to_coast(latitude, longitude):
    stretch = np.array([np.cos(np.radians(latitude)), 1.0])
    best = np.inf
    for line in coast_lines(longitude - 1.0, longitude + 1.0, latitude - 1.0, latitude + 1.0):
        at = (line - [longitude, latitude]) * stretch * 111.195
        step = np.diff(at, axis=0)
        along = np.clip(-(at[:-1] * step).sum(axis=1) / (step**2).sum(axis=1), 0.0, 1.0)
        best = min(best, np.hypot(*(at[:-1] + along[:, None] * step).T).min())
    return best


@pytest.mark.parametrize("cape", CAPES)
def test_capes_lie_at_the_coast(cape):
    assert _kilometres_to_coast(*CAPES[cape]) < 3.0


@pytest.mark.parametrize("place", LAND | SEA)
def test_a_way_from_land_to_the_pole_crosses_the_coast_an_odd_number_of_times(place):
    # the northern pole is in the sea; every coast is closed, so that each crossing changes land to sea or back
    latitude, longitude = (LAND | SEA)[place]
    longitude += 1e-4  # between the points of the grid
    crossings = 0
    for line in coast_lines(longitude, longitude, latitude, 90.0):
        (x0, y0), (x1, y1) = line[:-1].T, line[1:].T
        across = (x0 < longitude) != (x1 < longitude)
        heights = y0[across] + (longitude - x0[across]) / (x1[across] - x0[across]) * (y1[across] - y0[across])
        crossings += int((heights > latitude).sum())
    assert crossings % 2 == (place in LAND)


def _at(*places):
    stations = [Station(f"S{n}", latitude, longitude, 0.0) for n, (latitude, longitude) in enumerate(places)]
    return Inventory([Network("XX", stations)])


def _coast(figure):
    return [item for item in figure.axes[0].collections if item.get_gid() == "coast"]


def test_the_map_has_the_coast_in_its_own_degrees():
    figure = plot_map(_at((37.0, -122.5), (38.5, -121.0)))  # around San Francisco
    (lines,) = _coast(figure)
    west, east = figure.axes[0].get_xlim()
    assert west > -125.0 and east < -119.0  # lines that leave the map do not widen it
    assert any((np.abs(path.vertices - [-122.5, 37.8]) < 0.3).all(axis=1).any() for path in lines.get_paths())
    # across the date line, in Fiji, degrees run on beyond 180
    (lines,) = _coast(plot_map(_at((-17.0, 177.5), (-17.0, -179.0))))
    lengths = np.concatenate([path.vertices[:, 0] for path in lines.get_paths()])
    assert ((lengths > 177.0) & (lengths < 178.5)).any() and ((lengths > 180.05) & (lengths < 181.5)).any()


def test_maps_without_coast():
    assert not _coast(plot_map(_at((35.6, -117.6), (35.9, -117.4))))  # inland
    assert not _coast(plot_map(_at((37.80, -122.48), (37.85, -122.40))))  # too narrow for the lines
    assert not _coast(plot_map(_at((37.0, -122.5), (38.5, -121.0)), coast=False))
