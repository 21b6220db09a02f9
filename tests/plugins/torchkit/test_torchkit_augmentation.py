"""Noise of sensors and codas, at another rate than HEGGS'."""

from dataclasses import replace

import numpy as np
import pytest
from torchkit_sets import RULES, noise_row, short_rows, write_short_set

from seissynth_plugins.torchkit.augmentation import FADE, SensorNoise, coda, turned
from seissynth_plugins.torchkit.training_table import TrainingTable


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Twelve records, then noise: two rows of S0 and one of S1."""
    quiet = [noise_row("S0", -100.0), noise_row("S0", -200.0), noise_row("S1", -300.0)]
    folder = write_short_set(tmp_path_factory.mktemp("augmentation") / "set", short_rows(events=3) + quiet)
    return TrainingTable(folder, replace(RULES, system="Toy"))


def test_turned_noise_has_no_step():
    ramp = np.linspace(0, 1, 1000)[None].repeat(3, 0)
    for first in (0, 100, 899):
        out = turned(ramp, 1000, first)
        assert out.shape == (3, 1000) and np.abs(np.diff(out)).max() < 3.0 / FADE
    noise = np.random.default_rng(0).standard_normal((3, 20000))
    assert turned(noise, 19000, 19500).std() == pytest.approx(1.0, abs=0.02)


def test_the_blend_is_as_long_as_it_is_asked_for():
    """What is not blended is the noise itself, from its middle to its end and on from its beginning."""
    noise = np.random.default_rng(0).standard_normal((3, 400))
    for fade in (8, 40):
        out = turned(noise, 400 - fade, 200, fade)
        np.testing.assert_array_equal(out[:, : 200 - fade], noise[:, 200 : 400 - fade])
        np.testing.assert_array_equal(out[:, 200:], noise[:, fade : 400 - fade - (200 - fade)])
        assert not np.isclose(out[:, 200 - fade : 200], noise[:, :fade]).any()
        # equal power: of uncorrelated parts the squares of the shares add up to 1
        late = np.sqrt(1 - np.sin((np.arange(fade) + 0.5) / fade * np.pi / 2) ** 2)
        early = np.sqrt(1 - late**2)
        np.testing.assert_allclose(out[:, 200 - fade : 200], noise[:, :fade] * early + noise[:, -fade:] * late)


def test_a_coda_goes_on_with_its_end_turned_round_and_weaker():
    record = np.arange(1.0, 11.0, dtype=np.float32)[None].repeat(3, 0)
    wanted = [7, 8, 9, 10, 0.7 * 10, 0.7 * 9, 0.7 * 8, 0.49 * 8, 0.49 * 9, 0.49 * 10]
    np.testing.assert_allclose(coda(record, 6, 3)[0], wanted, rtol=1e-6)
    np.testing.assert_allclose(coda(record, 9, 3)[1][:3], [8, 9, 10])  # never less than the last part


def test_noise_is_that_of_the_sensor_and_of_any_where_it_has_none(table):
    noise, rng = SensorNoise(table), np.random.default_rng(0)
    # records have the level of their row's number
    levels = {name: [noise.draw(name, rng).std() for _ in range(40)] for name in ("CI.S0", "CI.S1", "CI.S9")}
    for name, numbers in (("CI.S0", {13, 14}), ("CI.S1", {15}), ("CI.S9", {13, 14, 15})):
        assert {round(float(level)) for level in levels[name]} == numbers
    assert noise.draw("CI.S0", rng).shape == (3, 1600)


def test_noise_of_sensors_is_blended_over_one_second(table):
    """40 samples at 40 Hz: what comes back is the ring of that blend, begun anywhere."""
    [row] = [row for row in table.noise if table.sensors([row])[0] == "CI.S1"]
    ring = turned(table.waveforms([row])[0], 1560, 0, 40)
    out = SensorNoise(table).draw("CI.S1", np.random.default_rng(3))[:, :1560]
    first = int(np.flatnonzero(ring[0] == out[0, 0])[0])
    np.testing.assert_array_equal(out, np.roll(ring, -first, axis=1))
