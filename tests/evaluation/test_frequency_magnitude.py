"""Magnitudes of a known b-value, and a brute-force visibility graph."""

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth.evaluation.groups.frequency_magnitude import METHODS, draw_magnitudes, fit_frequency_magnitude, step_of
from seissynth.evaluation.statistics._visibility_kernels import visible_counts
from seissynth.evaluation.statistics.b_values import b_at, b_km_slope, b_maximum_likelihood, b_positive, km_ratio
from seissynth.evaluation.statistics.completeness import completeness_by_curvature, completeness_by_stability


def test_aki_and_tinti_mulargia_by_hand():
    magnitudes = [2.0, 2.1, 2.1, 2.5, 3.3]
    mean = np.mean(magnitudes) - 2.0
    assert b_maximum_likelihood(magnitudes, 2.0) == pytest.approx(1 / (mean * np.log(10)))
    assert b_maximum_likelihood(magnitudes, 2.0, 0.1) == pytest.approx(np.log(1 + 0.1 / mean) / (0.1 * np.log(10)))


@pytest.mark.parametrize("step", [0.0, 0.1, 0.5])
def test_binned_estimate_is_not_biased_by_the_step(step):
    found = b_maximum_likelihood(draw_magnitudes(200_000, b=1.3, bin_width=step, seed=1), 0.0, step)
    assert found == pytest.approx(1.3, rel=0.01)


def test_estimate_is_the_best_of_all_for_binned_magnitudes():
    # the likelihood of a geometric distribution, maximised by trying
    values = draw_magnitudes(500, b=0.8, bin_width=0.2, seed=3)
    tried = np.linspace(0.5, 1.2, 7001)
    log_likelihood = len(values) * np.log(1 - 10 ** (-0.2 * tried)) - tried * np.log(10) * values.sum()
    assert b_maximum_likelihood(values, 0.0, 0.2) == pytest.approx(tried[np.argmax(log_likelihood)], abs=1e-4)


def test_standard_error_is_that_of_repeated_catalogues():
    found = [b_at(draw_magnitudes(400, seed=k), np.array([0.0])) for k in range(300)]
    assert np.std([one["b"][0] for one in found]) == pytest.approx(np.mean([one["sd"][0] for one in found]), rel=0.12)


def test_b_positive_survives_a_completeness_that_changes():
    count = 40_000
    half = 2.0 - 0.5 * np.log10(1 + np.arange(count) % 500)
    magnitudes = draw_magnitudes(count, b=1.0, bin_width=0.1, half_complete=half, width=0.1, seed=2)
    assert b_positive(magnitudes, 0.2, 0.1) == pytest.approx(1.0, abs=0.05)
    assert b_maximum_likelihood(magnitudes, 0.7, 0.1) < 0.8


def test_visibility_graph_against_brute_force():
    rng = np.random.default_rng(0)
    for _ in range(20):
        # whole numbers: lines that touch a point do so exactly
        values, times = rng.integers(0, 9, 40), np.cumsum(rng.integers(1, 5, 40))
        degree = np.zeros(40, int)
        for i in range(40):
            for j in range(i + 1, 40):
                between = range(i + 1, j)
                if all((values[k] - values[i]) * (times[j] - times[i]) < (values[j] - values[i]) * (times[k] - times[i])
                       for k in between):  # fmt: skip
                    degree[i] += 1
                    degree[j] += 1
        assert visible_counts(times.astype(float), values.astype(float)).tolist() == degree.tolist()


@pytest.mark.parametrize("count", [60, 400, 5000])
def test_k_m_ratio_is_the_mean_slope_of_b_1(count):
    found = [b_km_slope(draw_magnitudes(count, seed=k), orders=2, seed=k) for k in range(max(60_000 // count, 12))]
    assert np.mean(found) == pytest.approx(1.0, abs=3.5 * np.std(found) / np.sqrt(len(found)) + 0.004)
    assert km_ratio(500) == pytest.approx(11.85 - 15.15 * np.log10(500) ** -2.14, rel=0.01)  # Li, Luo & Liu's


def test_k_m_slope_scales_with_b_and_not_with_the_level():
    values = draw_magnitudes(500, seed=5)
    assert b_km_slope(values / 2) == pytest.approx(2 * b_km_slope(values))
    assert b_km_slope(values + 3.0) == pytest.approx(b_km_slope(values))


def test_completeness_is_found():
    magnitudes = draw_magnitudes(20_000, bin_width=0.1, half_complete=1.5, width=0.2, seed=1)
    assert 1.6 <= completeness_by_stability(magnitudes, 0.1) <= 2.2
    assert 1.5 <= completeness_by_curvature(magnitudes, 0.1) <= 2.1
    # a few small ones far below, where b does not change either, are no completeness
    few = np.repeat([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], 2)
    tail = np.concatenate([few, draw_magnitudes(70, least=3.0, bin_width=0.1, seed=2)])
    assert completeness_by_stability(tail, 0.1) >= 2.9
    complete = draw_magnitudes(5000, bin_width=0.1, least=1.0, seed=1)
    assert completeness_by_stability(complete, 0.1) == pytest.approx(1.0, abs=0.11)


@pytest.mark.parametrize("half", [None, 0.8])
def test_intervals_cover_the_true_b(half):
    inside = dict.fromkeys(METHODS, 0)
    runs = 30
    for seed in range(100, 100 + runs):
        magnitudes = draw_magnitudes(500 if half is None else 3000, bin_width=0.1, half_complete=half, seed=seed)
        found = fit_frequency_magnitude(magnitudes, bin_width=0.1, draws=60, seed=seed)
        for row in found.estimates.itertuples():
            inside[row.method] += row.low <= 1.0 <= row.high
    # 95 % would be 28.5; 23 or fewer have a chance of 1 in 5,000
    assert min(inside.values()) >= 24


def test_taper_has_fewer_large_ones_and_b_grows_with_the_cutoff():
    free, tapered = draw_magnitudes(30_000, seed=1), draw_magnitudes(30_000, upper=1.5, seed=1)
    assert (tapered > 2.5).sum() < 0.05 * (free > 2.5).sum()
    b = b_at(tapered, np.array([0.0, 0.5, 1.0]))["b"]
    assert b[0] < b[1] < b[2]


def test_tables_add_up():
    magnitudes = draw_magnitudes(300, bin_width=0.1, seed=4)
    found = fit_frequency_magnitude(magnitudes, bin_width=0.1, draws=20)
    assert found.counts["count"].sum() == found.counts["at_least"].iloc[0] == 300
    assert found.differences["count"].sum() == (np.diff(magnitudes) > 0.05).sum()
    assert set(found.curve["method"]) == set(METHODS)


def test_few_magnitudes():
    assert np.isnan(b_maximum_likelihood([1.0, 2.0], 1.0))
    assert np.isnan(b_maximum_likelihood([1.0] * 10, 1.0))
    assert np.isnan(b_km_slope([1.0] * 10))
    with pytest.raises(InputError, match="at least 5"):
        fit_frequency_magnitude([1.0, 2.0])
    with pytest.raises(InputError, match="not finite"):
        b_positive([1.0, np.nan])
    with pytest.raises(InputError, match="cutoff='middle'"):
        fit_frequency_magnitude(draw_magnitudes(100), cutoff="middle")
    with pytest.raises(InputError, match="bin_width=-1"):
        b_maximum_likelihood([1.0, 2.0], 1.0, -1)


def test_step_of_catalogues():
    assert step_of([0.1, 0.7, 2.3]) == 0.1
    assert step_of(draw_magnitudes(10)) == 0.0


def test_picture():
    from seissynth.plotting.evaluation_frequency_magnitude import plot_frequency_magnitude

    found = fit_frequency_magnitude(draw_magnitudes(200, bin_width=0.1), bin_width=0.1, name="drawn", draws=20)
    figure = plot_frequency_magnitude(found)
    assert len(figure.axes) == 3
    assert figure.axes[0].get_title() == "drawn: 200 earthquakes"
