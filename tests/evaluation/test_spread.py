"""Spread: CRPS and standard deviations against closed forms; a blurred set loses the spread scores and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from burst_sets import RATE, WITHIN_SD, burst_pairs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from seissynth.errors import InputError
from seissynth.evaluation import (
    EvaluationSettings,
    Pairs,
    between_draw_parts,
    crps,
    envelope_crps,
    log_spectrogram,
    roughness_db,
    similarity_group,
    spread_group,
    within_event_residuals,
)
from seissynth.evaluation.baselines.known_answers import blurred_copy

RNG = np.random.default_rng(0)
QUICK = EvaluationSettings(draws=100, periods_s=(0.1,))


def test_crps_of_many_draws_is_that_of_the_normal_distribution():
    mean, sd, seen = 1.0, 2.0, np.array([-3.0, 0.5, 1.0, 6.0])
    z = (seen - mean) / sd
    exact = sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    draws = norm.ppf((np.arange(4000) + 0.5) / 4000, mean, sd)[:, None] * np.ones(4)
    np.testing.assert_allclose(crps(draws, seen), exact, rtol=2e-3)


@settings(max_examples=40)
@given(st.integers(2, 9), st.integers(0, 2**31))
def test_crps_is_the_integral_of_its_definition(count, seed):
    rng = np.random.default_rng(seed)
    draws, seen = rng.standard_normal(count), rng.standard_normal()
    edges = np.sort([*draws, seen])
    middles = (edges[1:] + edges[:-1]) / 2
    below = (draws[:, None] <= middles).mean(axis=0)
    exact = (np.diff(edges) * (below - (seen <= middles)) ** 2).sum()
    assert crps(draws, seen, fair=False) == pytest.approx(exact, abs=1e-12)


def test_fair_crps_does_not_depend_on_the_number_of_draws():
    seen = RNG.standard_normal(40_000)
    expected = 1 / np.sqrt(np.pi)  # of draws from the distribution of the observations
    for count in (2, 5):
        assert crps(RNG.standard_normal((count, 40_000)), seen).mean() == pytest.approx(expected, abs=0.015)
    assert crps([[1.0, 2.0]], [3.0, 2.0]).tolist() == [2.0, 0.0]  # one draw: the absolute error


def test_a_narrow_set_has_a_higher_crps():
    seen = RNG.standard_normal(20_000)
    right, narrow = (scale * RNG.standard_normal((5, 20_000)) for scale in (1.0, 0.2))
    assert crps(right, seen).mean() < crps(narrow, seen).mean() - 0.05


def _many_records(sites=True):
    events, stations = np.repeat(np.arange(150), 12), np.tile(np.arange(12), 150)
    distance = RNG.uniform(5, 90, events.size)
    term = 0.6 * RNG.standard_normal(12)[stations] if sites else 0.0
    values = 1.5 * RNG.standard_normal(150)[events] - 1.4 * np.log(distance) - 0.01 * distance + term
    return values, events, stations, distance


@pytest.mark.parametrize("with_sites", [False, True])
def test_within_event_sd_is_what_went_in(with_sites):
    values, events, stations, distance = _many_records(with_sites)
    values = values + 0.4 * RNG.standard_normal(values.size)
    residuals, freedom = within_event_residuals(values, events, distance, stations if with_sites else None)
    assert np.sqrt((residuals**2).sum() / freedom.sum()) == pytest.approx(0.4, rel=0.05)
    left = 1800 - 150 - (11 if with_sites else 0) - 2
    assert freedom.sum() == pytest.approx(left)


def test_residuals_are_those_of_least_squares():
    values, events, stations, distance = _many_records()
    keep = RNG.random(values.size) < 0.03
    values, events, stations, distance = (x[keep] for x in (values, events, stations, distance))
    residuals, _ = within_event_residuals(values, events, distance, stations)
    known = np.isfinite(residuals)
    design = [np.eye(150)[events], np.eye(12)[stations], np.log(distance)[:, None], distance[:, None]]
    design = np.concatenate(design, axis=1)[known]
    expected = values[known] - design @ np.linalg.lstsq(design, values[known], rcond=None)[0]
    np.testing.assert_allclose(residuals[known], expected, atol=1e-6)
    _, codes, counts = np.unique(events, return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(known, counts[codes] > 1)


def test_between_draw_parts_are_what_went_in():
    events = np.repeat(np.arange(300), 8)
    draws = 0.7 * RNG.standard_normal((6, 300))[:, events] + 0.5 * RNG.standard_normal((6, 2400))
    total, within, freedom = between_draw_parts(draws + RNG.standard_normal(2400), events)
    assert np.sqrt(total.mean()) == pytest.approx(np.hypot(0.7, 0.5), rel=0.03)
    assert np.sqrt(within.sum() / freedom.sum()) == pytest.approx(0.5, rel=0.03)
    with pytest.raises(InputError, match="2 or more"):
        between_draw_parts(draws[:1], events)


def test_envelope_crps_of_silence_is_one_and_of_twice_the_size_too():
    x = RNG.standard_normal(4000)
    assert envelope_crps(x, [0 * x, 0 * x], RATE) == pytest.approx(1.0)
    assert envelope_crps(x, [2 * x, 2 * x], RATE) == pytest.approx(1.0, abs=1e-6)
    assert envelope_crps(x, [x, x], RATE) == 0.0


@pytest.fixture(scope="module")
def pairs():
    return burst_pairs(events=16, stations=8, draws=3, npts=1500)


def _values(pairs):
    return spread_group(pairs, QUICK).summary.set_index("metric")["value"]


def test_draws_of_the_right_distribution_have_the_right_spread(pairs):
    values = _values(pairs)
    assert values["ln_pga_within_event_sd_ratio"] == pytest.approx(1.0, abs=0.15)
    assert values["ln_pga_draw_sd_over_error"] == pytest.approx(1.0, abs=0.15)
    assert values["roughness_ratio"] == pytest.approx(1.0, abs=0.02)
    table = spread_group(pairs, QUICK).tables["spread"].set_index("measure")
    assert table.loc["ln_pga", "draw_sd"] == pytest.approx(WITHIN_SD, abs=0.1)


def _with_event_sizes(pairs, sizes):
    """Records of each set times a factor of their earthquake, (sets, events)."""
    _, codes = np.unique(pairs.events, return_inverse=True)
    sets = [
        replace(one, data=(one.data * np.exp(size)[codes][:, None, None]).astype(np.float32))
        for one, size in zip((pairs.real, *pairs.draws), sizes, strict=True)
    ]
    return Pairs(sets[0], tuple(sets[1:]))


def test_spread_between_earthquakes_is_told_from_spread_between_records():
    """Earthquakes scatter by 1: draws that do so, too, that do by half, and that share one size of each earthquake."""
    many = burst_pairs(events=40, stations=6, draws=4, npts=1500)
    sizes = np.random.default_rng(8).standard_normal((5, 40))
    half = np.vstack([sizes[:1], 0.5 * sizes[1:]])
    none = np.vstack([sizes[:1], np.zeros((4, 40))])
    found = [_values(_with_event_sizes(many, one))["ln_pga_event_draw_sd_over_error"] for one in (sizes, half, none)]
    # the mean of four draws of size 0.5 has an error of sqrt(1 + 0.25 / 4), and stations add little
    assert found[0] == pytest.approx(1.0, abs=0.25)
    assert found[1] == pytest.approx(0.55, abs=0.15)
    assert found[2] < 0.3


def test_equal_draws_have_no_spread_and_pay_for_it(pairs):
    same = Pairs(pairs.real, (pairs.draws[0],) * 3)
    values, honest = _values(same), _values(pairs)
    assert values["ln_pga_within_event_sd_ratio"] == pytest.approx(0.0, abs=1e-9)
    assert values["ln_pga_crps"] > 1.3 * honest["ln_pga_crps"]
    assert values["envelope_crps"] > honest["envelope_crps"]


def test_half_the_spread_is_told_as_half():
    narrow = burst_pairs(events=24, stations=8, draws=3, npts=1500)
    size = np.abs(narrow.real.data).max(axis=(1, 2))
    squeezed = []
    for draw in narrow.draws:  # towards the median of the draws: half the scatter of ln size
        middle = np.exp(np.mean([np.log(np.abs(one.data).max(axis=(1, 2))) for one in narrow.draws], axis=0))
        factor = np.sqrt(middle / np.abs(draw.data).max(axis=(1, 2)))
        squeezed.append(replace(draw, data=(draw.data * factor[:, None, None]).astype(np.float32)))
    assert (size > 0).all()
    ratio = _values(Pairs(narrow.real, tuple(squeezed)))["ln_pga_within_event_sd_ratio"]
    assert ratio == pytest.approx(0.5, abs=0.12)


def test_a_set_against_itself(pairs):
    values = _values(Pairs(pairs.real, (pairs.real, pairs.real)))
    assert values["envelope_crps"] == 0.0 and values["ln_pga_crps"] == 0.0
    assert values["roughness_ratio"] == 1.0
    assert values["ln_pga_within_event_sd_ratio"] == pytest.approx(0.0, abs=1e-9)  # copies do not scatter


def test_a_blurred_set_loses_roughness_and_not_the_correlation(pairs):
    blurred = blurred_copy(pairs.real)
    both = Pairs(pairs.real, (blurred, blurred))
    spread = _values(both)
    # a waveform has speckle again where its spectrogram had none: no lower than this
    assert spread["roughness_ratio"] < 0.9 < _values(pairs)["roughness_ratio"]
    assert spread["ln_pga_within_event_sd_ratio"] == pytest.approx(0.0, abs=1e-9)
    similarity = similarity_group(both, QUICK).summary.set_index("metric")["value"]
    honest = similarity_group(pairs, QUICK).summary.set_index("metric")["value"]
    assert similarity["envelope_correlation"] > 0.9
    assert similarity["spectrogram_mse"] < honest["spectrogram_mse"]


def test_a_smoothed_log_spectrogram_is_smooth(pairs):
    from scipy.ndimage import uniform_filter

    level = log_spectrogram(pairs.real.data[:5, 0], RATE).level_db
    assert (roughness_db(uniform_filter(level, (1, 3, 3))) < 0.4 * roughness_db(level)).all()


def test_one_draw_and_records_without_unit_are_told(pairs):
    group = spread_group(Pairs(pairs.real, pairs.draws[:1]), QUICK)
    assert any("One draw" in note for note in group.notes) and "spread" not in group.tables
    plain = [replace(part, quantity="normalised") for part in (pairs.real, *pairs.draws)]
    group = spread_group(Pairs(plain[0], tuple(plain[1:])), QUICK)
    assert any("no PGA" in note for note in group.notes)
    assert set(group.summary["metric"]) == {"envelope_crps", "roughness_ratio"}
