"""At which rate motion is simulated: 100 Hz at least, or what a backend of a lower rate can make."""

import pytest

from seissynth.record_windows import simulation_rate_hz


@pytest.mark.parametrize(
    ("asked", "native", "wanted"),
    [
        (20.0, (), 100.0), (100.0, (), 100.0), (200.0, (), 200.0), (31.4159, (), 4 * 31.4159),
        (50.0, (50.0,), 50.0), (20.0, (50.0,), 50.0), (100.0, (50.0,), 100.0), (10.0, (20.0, 50.0), 50.0),
        (20.0, (100.0,), 100.0), (20.0, (200.0,), 100.0),
    ],
)  # fmt: skip
def test_the_rate_is_the_highest_asked_100_hz_or_the_backends_own(asked, native, wanted):
    assert simulation_rate_hz([None], asked, native) == [wanted]
