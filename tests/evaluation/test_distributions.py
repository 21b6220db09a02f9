"""Distributions and features: against SciPy, closed forms of normal distributions, and known answers."""

from dataclasses import replace

import numpy as np
import pytest
from burst_sets import RATE, burst_pairs
from scipy import stats

from seissynth.errors import InputError
from seissynth.evaluation import (
    EvaluationSettings,
    Pairs,
    amplitude_errors,
    component_samples,
    distributions_group,
    frechet_distance,
    kernel_density,
    moments,
    record_features,
)
from seissynth.evaluation.baselines.known_answers import scaled_copy
from seissynth.evaluation.statistics.frechet import feature_names, half_jackknife

RNG = np.random.default_rng(0)
QUICK = EvaluationSettings(draws=100)


def test_moments_are_those_of_scipy():
    x = RNG.gamma(2.0, size=(3, 500))
    mask = RNG.random((3, 500)) < 0.7
    found = moments(x, mask)
    for row in range(3):
        part = x[row, mask[row]]
        expected = (part.min(), part.max(), part.mean(), part.std(), stats.skew(part))
        np.testing.assert_allclose([value[row] for value in found.values()], expected, rtol=1e-10)


def test_wasserstein_is_that_of_scipy():
    a, b = RNG.standard_normal(20_000), 0.3 + RNG.gamma(2.0, size=20_000)
    found = amplitude_errors(a, b)["wasserstein"]
    assert found == pytest.approx(stats.wasserstein_distance(a, b) / a.std(), rel=0.01)


def test_errors_of_normal_samples():
    x = RNG.standard_normal(100_000)
    found = amplitude_errors(x, 1.5 * x)
    assert found["mse"] == pytest.approx(0.25, rel=0.02)  # (Q - 1.5 Q)² = 0.25 Q²
    assert found["mape"] == pytest.approx(0.5, rel=1e-6)
    assert found["wasserstein"] == pytest.approx(0.5 * np.sqrt(2 / np.pi), rel=0.01)
    assert found["accuracy_mape"] == pytest.approx(0.5, rel=1e-6)
    assert found["accuracy_wasserstein"] == pytest.approx(0.5, rel=0.01)


def test_errors_under_a_mask_are_those_of_what_it_shows():
    a, b = RNG.standard_normal((2, 2, 900))
    mask = np.zeros((2, 900), bool)
    mask[:, 100:500] = True
    part = slice(100, 500)
    for name, values in amplitude_errors(a, b, mask).items():
        np.testing.assert_allclose(values, amplitude_errors(a[:, part], b[:, part])[name], rtol=1e-12)


def test_accuracy_of_itself_is_one_and_of_a_constant_zero():
    x = RNG.standard_normal(5000)
    assert [amplitude_errors(x, x[::-1])[f"accuracy_{name}"] for name in ("mse", "mape", "wasserstein")] == [1, 1, 1]
    flat = amplitude_errors(x, 0 * x)
    for name in ("mse", "mape", "wasserstein"):
        assert flat[f"accuracy_{name}"] == pytest.approx(0.0, abs=0.01)
    assert np.isnan(amplitude_errors(0 * x, x)["mse"])


def test_density_has_the_area_one_and_needs_spread():
    at = np.linspace(-6, 6, 1201)
    density = kernel_density(RNG.standard_normal(2000), at)
    assert density.sum() * (at[1] - at[0]) == pytest.approx(1.0, abs=1e-3)
    assert density[600] == pytest.approx(norm_at_zero(), rel=0.1)
    with pytest.raises(InputError, match="all equal"):
        kernel_density(np.ones(10), at)


def norm_at_zero():
    return 1 / np.sqrt(2 * np.pi)


# --- features


def test_frechet_distance_of_normal_distributions():
    # exact moments: (m1 - m2)² + (s1 - s2)² for each independent feature
    x = RNG.standard_normal((4000, 3))
    x = np.linalg.solve(np.linalg.cholesky(np.cov(x, rowvar=False)), (x - x.mean(axis=0)).T).T
    found = frechet_distance(x, x * [1.0, 2.0, 3.0] + [1.0, 0.0, -2.0])
    assert found == pytest.approx(1 + 4 + 1 + 4, rel=1e-9)


def test_frechet_distance_of_correlated_features():
    from scipy.linalg import sqrtm

    a, b = (RNG.standard_normal((500, 4)) @ RNG.standard_normal((4, 4)) for _ in range(2))
    one, two = (np.cov(x, rowvar=False) for x in (a, b))
    exact = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one + two - 2 * np.real(sqrtm(one @ two)))
    assert frechet_distance(a, b) == pytest.approx(exact, rel=1e-8)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(InputError, match="features"):
        frechet_distance(a, b[:, :2])


def test_features_of_a_tone_burst():
    time = np.arange(6000) / RATE
    burst = np.sin(2 * np.pi * 5.0 * time) * ((time >= 20) & (time < 30))
    data = np.stack([np.stack([burst, 2 * burst, 0.5 * burst])])
    found = dict(zip(feature_names(), record_features(data, RATE, (1.0, 45.0))[0], strict=True))
    assert np.exp(found["ln_t50_s"]) == pytest.approx(25.0, abs=0.1)
    bands = [found[f"ln_energy_z_band_{k}"] for k in range(1, 7)]
    assert np.argmax(bands) == 2  # 1 to 45 Hz in six parts: 5 Hz lies in the third
    # the integral of a squared sine over 10 s is 5
    assert np.exp(bands[2]) == pytest.approx(5.0, rel=0.05)
    assert found["ln_energy_n_band_3"] - bands[2] == pytest.approx(2 * np.log(2), abs=1e-6)
    assert found["ln_crest_z"] == pytest.approx(np.log(np.sqrt(2 * 6)), abs=0.02)


def test_dead_records_have_no_features():
    data = RNG.standard_normal((2, 3, 1000))
    data[1, 2] = 0.0
    found = record_features(data, RATE)
    assert np.isfinite(found[0]).all() and np.isnan(found[1]).all()


def test_half_jackknife_is_the_error_of_a_mean():
    values, events = RNG.standard_normal(400), np.arange(400)
    found = half_jackknife(lambda rows: values[rows].mean(), events, draws=400)
    assert found == pytest.approx(values.std() / np.sqrt(400), rel=0.15)


# --- the group


@pytest.fixture(scope="module")
def pairs():
    return burst_pairs()


def _values(real, made):
    return distributions_group(Pairs(real, (made,)), QUICK).summary.set_index("metric")["value"]


def test_a_set_against_itself_is_perfect(pairs):
    group = distributions_group(Pairs(pairs.real, (pairs.real,)), QUICK)
    summary = group.summary.set_index("metric").drop("frechet_floor")
    np.testing.assert_allclose(summary["value"], summary["best"], atol=1e-9)
    for name in ("least and largest sample", "moments"):
        assert (group.tables[name]["difference"] == 0).all()


def test_a_copy_of_twice_the_size_is_off_by_just_that(pairs):
    values = _values(pairs.real, scaled_copy(pairs.real, 2.0))
    assert values["amplitude_mape"] == pytest.approx(1.0, abs=1e-5)
    # energies are off by 2 ln 2 in 18 features, in units of their scatter; nothing else changes
    features = record_features(pairs.real.data, RATE, None, pairs.mask())
    expected = ((2 * np.log(2) / features[:, :18].std(axis=0)) ** 2).sum()
    assert values["frechet_distance"] == pytest.approx(expected, rel=0.02)


def test_samples_turned_round_in_time_are_the_same_distribution(pairs):
    values = _values(pairs.real, replace(pairs.real, data=pairs.real.data[..., ::-1].copy()))
    assert values["amplitude_wasserstein"] == pytest.approx(0.0, abs=1e-9)
    assert values["frechet_distance"] > 1.0  # the features know the time


def test_samples_lie_within_the_peak_and_the_window(pairs):
    window = np.zeros((len(pairs), pairs.real.npts), bool)
    window[:, :10] = True
    found = component_samples(pairs.real, 500, 0, window)
    assert found.shape == (500, 3) and np.abs(found).max() < 0.2
    assert component_samples(pairs.real, 5, 0, window & False).shape == (0, 3)
