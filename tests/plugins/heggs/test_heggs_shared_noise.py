"""Noise that all sensors share at the time of an earthquake: its level, its gains, and its course over time."""

from dataclasses import replace

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth_plugins.heggs.shared_noise import (
    BELOW,
    DEVIATION,
    NUGGET,
    SCATTER,
    TIME_H,
    add_shared,
    common_level,
    fit_shared,
    level_at,
)
from seissynth_plugins.heggs.site_noise import SiteNoise, of_sensors

SD = np.array([2.0, 0.5])


def sensors_and_levels(events=12, seed=0):
    """Quiet noise and gains of six sensors, levels of earthquakes from far below to far above."""
    rng = np.random.default_rng(seed)
    quiet, gains = rng.normal(0, 1, (6, 3, 2)), rng.normal(0, 0.7, (6, 3, 2))
    gains -= gains.mean(axis=(0, 1))
    common = np.linspace(-6, 8, events)[:, None] + rng.normal(0, 0.2, (events, 2))
    return quiet, gains, common


def known_noise(shared=True):
    quiet, gains, common = sensors_and_levels()
    names = [f"CI.S{number}" for number in range(6)]
    named = {"": quiet.mean(axis=0) / SD, **dict(zip(names, quiet / SD, strict=True))}
    of = {"": np.zeros((3, 2)), **dict(zip(names, gains / SD, strict=True))}
    more = {"shared": of, "event_hours": np.arange(12.0) + 100, "quiet_hours": np.array([90.0, 95.0])} if shared else {}
    loud = {name: values + 1 for name, values in named.items()}
    return SiteNoise(
        {"": np.zeros((3, 2))}, loud, named, common / SD, np.zeros((3, 2)), np.zeros((9, 2)), **more
    ), names


def test_a_level_is_the_most_probable_one():
    """Against a search over a grid, from far above the quiet noise to far below it."""
    quiet, gains, common = sensors_and_levels()
    rng = np.random.default_rng(1)
    grid = np.linspace(-20, 20, 8001)
    for level in common:
        shown = add_shared(quiet, gains, level[None]) + rng.normal(0, 0.2, quiet.shape)
        found = common_level(shown, quiet, gains, np.array([1.0, -1.0]))
        for column, expected in enumerate((1.0, -1.0)):
            made = np.logaddexp(2 * quiet[..., [column]], 2 * (grid + gains[..., [column]])) / 2
            cost = ((shown[..., [column]] - made) ** 2).sum(axis=(0, 1)) / SCATTER**2
            cost += ((grid - expected) / DEVIATION) ** 2
            assert np.interp(found[column], grid, cost) < cost.min() + 0.3
            if level[column] > -2:  # where the noise says much
                assert found[column] == pytest.approx(grid[cost.argmin()], abs=0.01)


def test_gains_and_levels_are_found():
    quiet, gains, common = sensors_and_levels(events=60)
    rng = np.random.default_rng(2)
    names, events = np.repeat([f"S{n}" for n in range(6)], 60), np.tile([f"{n:02d}" for n in range(60)], 6)
    sensor, event = np.repeat(np.arange(6), 60), np.tile(np.arange(60), 6)
    levels = add_shared(quiet[sensor], gains[sensor], common[event][:, None]) + rng.normal(0, 0.05, (360, 3, 2))
    found, at = fit_shared(levels, quiet[sensor], names, events)
    for number in range(6):
        np.testing.assert_allclose(found[f"S{number}"], gains[number], rtol=0.06, atol=0.05)
    np.testing.assert_allclose(found[""], 0, atol=1e-12)
    loud = common[:, 0] > 2
    np.testing.assert_allclose(np.stack(list(at.values()))[loud], common[loud], atol=0.06)


def test_levels_over_time_are_kriged():
    """By hand for one known earthquake, and for one beside a time of quiet noise."""
    hours, lowest = np.array([0.3]), np.array([-2.0])
    one = level_at(hours, np.array([0.0]), np.array([[4.0]]), np.array([]), lowest)
    r = np.exp(-0.3 / TIME_H)
    np.testing.assert_allclose(one, -2 + r * 6 / (1 + NUGGET))
    two = level_at(hours, np.array([0.0]), np.array([[4.0]]), np.array([1.0]), lowest)
    c, s = np.exp(-1 / TIME_H), np.exp(-0.7 / TIME_H)
    first = (r * (1 + NUGGET) - s * c) / ((1 + NUGGET) ** 2 - c**2)
    np.testing.assert_allclose(two, -2 + first * 6)


def test_the_level_at_a_time_does_not_depend_on_the_other_times():
    rng = np.random.default_rng(3)
    hours, known, quiet = (rng.uniform(0, 5, n) for n in (40, 70, 30))
    levels, lowest = rng.normal(size=(70, 64)), np.full(64, -3.0)
    together = level_at(hours, known, levels, quiet, lowest)
    for row in range(40):
        np.testing.assert_array_equal(level_at(hours[[row]], known, levels, quiet, lowest)[0], together[row])
    assert level_at(hours[:0], known, levels, quiet, lowest).shape == (0, 64)


def test_years_of_quiet_times_elsewhere_do_not_count():
    """A matrix of all of them would take a terabyte."""
    hours, known, levels, lowest = np.array([5.2, 9e5]), np.array([5.0]), np.array([[1.0]]), np.zeros(1)
    alone = level_at(hours, known, levels, np.array([6.0]), lowest)
    many = level_at(hours, known, levels, np.concatenate([[6.0], 1000 + np.arange(400_000.0)]), lowest)
    np.testing.assert_array_equal(many, alone)
    assert alone[1] == 0 < alone[0]


def test_noise_heard_at_some_sensors_is_that_of_others():
    """The town keeps its noise, the mountain hears the coda: differences alike at all sensors would miss both."""
    known, names = known_noise()
    event = known.events[6]
    everywhere = known.at_event(names, np.repeat(event[None], 6, axis=0), SD)
    heard = known.heard(everywhere[:3], names[:3], SD)
    np.testing.assert_allclose(
        known.at_event(names[3:], np.repeat(heard[None], 3, axis=0), SD), everywhere[3:], atol=0.05
    )
    without = replace(known, shared=None)
    alike = without.at_event(names[3:], np.repeat(without.heard(everywhere[:3], names[:3], SD)[None], 3, axis=0), SD)
    assert np.abs(alike - everywhere[3:]).max() > 0.3


def test_records_that_show_no_noise_say_nothing():
    known, names = known_noise()
    levels = known.at_event(names, np.repeat(known.events[:1], 6, axis=0), SD)
    hidden = np.where(np.arange(6)[:, None, None] < 3, np.nan, levels)
    np.testing.assert_array_equal(known.heard(hidden, names, SD), known.heard(levels[3:], names[3:], SD))
    nothing = known.heard(hidden[:3], names[:3], SD)
    assert np.isnan(nothing).all()
    both = known.at_event(names[:2], np.stack([nothing, known.events[0]]), SD)
    assert np.isnan(both[0]).all() and np.isfinite(both[1]).all()


def test_the_noise_of_a_time_is_quiet_far_from_the_training_set():
    known, names = known_noise()
    low, high = (known.levels(names, "time", range(6), SD, np.full(6, hours)) for hours in (5000.0, 111.0))
    quiet = of_sensors(known.quiet, names)
    above = (low - quiet) * SD
    assert (above > 0).all() and above.max() == pytest.approx(np.log1p(np.exp(-2 * BELOW)) / 2)
    # of a very quiet sensor the set may hold no earthquake, of another one no noise
    noise, gains = {"CI.CAVE": known.quiet[""] - 9}, {"CI.MINE": known.shared[""] + 9}
    alone = replace(known, quiet=known.quiet | noise, shared=known.shared | gains)
    some = ["CI.CAVE", "CI.MINE", *names]
    above = (alone.levels(some, "time", range(8), SD, np.full(8, 5000.0)) - of_sensors(alone.quiet, some)) * SD
    assert above.max() < 0.07
    loudest = known.at_event(names, np.repeat(known.events[-1:], 6, axis=0), SD)
    assert ((high - quiet) * SD).mean() > 0.8 * ((loudest - quiet) * SD).mean()
    with pytest.raises(InputError, match='background="time" needs weights'):
        known_noise(shared=False)[0].levels(names, "time", range(6), SD, np.zeros(6))
    with pytest.raises(InputError, match="origin times"):
        known.levels(names, "time", range(6), SD)


def test_shared_noise_is_kept_in_plain_data():
    known, _ = known_noise()
    again = SiteNoise.from_plain(known.to_plain(), 2)
    for name in ("events", "event_hours", "quiet_hours"):
        np.testing.assert_allclose(getattr(again, name), getattr(known, name), atol=6e-4)
    np.testing.assert_allclose(again.shared["CI.S2"], known.shared["CI.S2"], atol=6e-4)
    plain = known.to_plain()
    assert SiteNoise.from_plain({name: v for name, v in plain.items() if name != "shared"}, 2).shared is None
    with pytest.raises(InputError, match="event_hours must be 12 finite times"):
        SiteNoise.from_plain({**plain, "event_hours": [1.0]}, 2)
    with pytest.raises(InputError, match="shared must hold finite arrays"):
        SiteNoise.from_plain({**plain, "shared": {"CI.S0": plain["quiet"][""]}}, 2)
