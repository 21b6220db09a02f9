"""Sizes of stars on the map, and what its legend says of them."""

import pytest
from obspy.core.event import Catalog

from seissynth.example import read_example
from seissynth.plotting import plot_map


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
