"""Geodesics of many places against ObsPy's, one by one."""

import numpy as np
import pytest
from obspy.geodetics import gps2dist_azimuth

from seissynth.shared.geodesic import distances_and_azimuths


@pytest.mark.parametrize("place", [(35.7, -117.5), (0.0, 0.0), (-77.0, 179.95), (90.0, 0.0)])
def test_places_near_and_far_are_those_of_obspy(place):
    rng = np.random.default_rng(0)
    latitude = np.concatenate([place[0] - rng.uniform(0, 1.0, 30), rng.uniform(-90, 90, 50), [-place[0], place[0]]])
    longitude = np.concatenate(
        [place[1] + rng.uniform(-1, 1, 30), rng.uniform(-180, 180, 50), [place[1] + 179.9, place[1]]]
    )
    longitude = (longitude + 180) % 360 - 180
    found = distances_and_azimuths(*place, latitude, longitude)
    wanted = np.array([gps2dist_azimuth(*place, *there) for there in zip(latitude, longitude, strict=True)]).T
    np.testing.assert_allclose(found[0], wanted[0], atol=2e-4)
    apart = wanted[0] > 1.0
    for one, two in zip(found[1:], wanted[1:], strict=True):
        turn = (one - two + 180) % 360 - 180
        np.testing.assert_allclose(turn[apart], 0, atol=1e-6)


def test_no_place_gives_nothing():
    assert [x.shape for x in distances_and_azimuths(1.0, 2.0, [], [])] == [(0,)] * 3
