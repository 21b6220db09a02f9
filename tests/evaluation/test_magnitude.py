"""Local magnitude by region, against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seissynth.errors import InputError
from seissynth.evaluation import MAGNITUDE_REGIONS, local_magnitude, minus_log_a0
from seissynth.signal import wood_anderson_amplitude

REGIONS = list(MAGNITUDE_REGIONS)


def test_terms_at_100_km():
    found = {region: round(float(minus_log_a0(100.0, region)), 4) for region in REGIONS}
    # southern California by hand: 2.22 + 0.189 + 0.591 + 0.0950
    assert found.pop("southern_california") == pytest.approx(3.095, abs=5e-4)
    assert found == {"hutton_boore": 3.0, "korea": 3.0, "italy": 2.9445}


def test_southern_california_against_chebyshev_polynomials():
    """numpy's own Chebyshev series instead of the cosine of an arc cosine."""
    distance = np.geomspace(8.01, 499.0, 50)
    z = 1.11366 * np.log10(distance) - 2.00574
    series = np.polynomial.chebyshev.chebval(z, [0, 0.056, -0.031, -0.053, 0.080, -0.028, 0.015])
    wanted = 1.11 * np.log10(distance) + 0.00189 * distance + 0.591 + series
    np.testing.assert_allclose(minus_log_a0(distance), wanted, rtol=0, atol=1e-12)


def test_ends_are_clipped():
    """Rounding puts z below -1 at 8 km, where an unclipped arc cosine is NaN; at 500 km it is 1 to 5e-6."""
    sums = minus_log_a0([0.5, 8.0, 500.0, 900.0]) - (
        1.11 * np.log10([0.5, 8.0, 500.0, 900.0]) + 0.00189 * np.array([0.5, 8.0, 500.0, 900.0]) + 0.591
    )
    # T_n(-1) = (-1)^n and T_n(1) = 1
    np.testing.assert_allclose(sums[:2], -0.056 - 0.031 + 0.053 + 0.080 + 0.028 + 0.015, atol=1e-9)
    np.testing.assert_allclose(sums[2:], 0.056 - 0.031 - 0.053 + 0.080 - 0.028 + 0.015, atol=1e-4)


@pytest.mark.parametrize("region", REGIONS)
@given(amplitude=st.floats(1e-6, 1e4), distance=st.floats(8, 500), factor=st.floats(1.001, 100))
def test_ten_times_the_amplitude_is_one_unit(region, amplitude, distance, factor):
    one = local_magnitude(amplitude, distance, region)
    assert local_magnitude(10 * amplitude, distance, region) - one == pytest.approx(1.0, abs=1e-9)
    assert local_magnitude(factor * amplitude, distance, region, gain=2080.0 * factor) == pytest.approx(one, abs=1e-9)
    assert local_magnitude(amplitude, distance, region, correction=0.2) == pytest.approx(one + 0.2, abs=1e-9)


def test_terms_grow_with_distance():
    distance = np.geomspace(10.5, 500, 200)  # southern California's falls by 0.1 from 8 to 10.2 km
    for region in REGIONS:
        assert (np.diff(minus_log_a0(distance, region)) > 0).all(), region


def test_a_sine_of_known_size():
    """Far above the seismometer's frequency it magnifies displacement by its gain: 1 µm is 2.08 mm."""
    time_s = np.arange(6000) / 100
    displacement = 1e-6 * np.sin(2 * np.pi * 20.0 * time_s) * np.minimum(time_s, 1.0)
    amplitude, _ = wood_anderson_amplitude(displacement, 100.0, quantity="displacement")
    assert local_magnitude(amplitude, 100.0, "hutton_boore") == pytest.approx(np.log10(2.08) + 3, abs=0.02)


def test_shapes_broadcast():
    assert local_magnitude(np.ones((3, 2)), np.array([[10.0], [20.0], [50.0]])).shape == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0.0, 100.0), "amplitude_mm holds 0.0"),
        ((1.0, np.nan), "distance_km holds nan"),
        ((1.0, 10.0, "mars"), "'southern_california', 'hutton_boore', 'korea', 'italy'"),
        ((1.0, 10.0, "korea", 0.0, 0.0), "gain=0.0"),
    ],
)
def test_bad_input(arguments, text):
    with pytest.raises(InputError, match=text):
        local_magnitude(*arguments)
