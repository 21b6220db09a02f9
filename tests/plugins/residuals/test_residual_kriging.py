"""Kriging of coordinates against dense Gaussian algebra, and draws that do not depend on the stations asked for."""

import numpy as np
import pytest
from residual_places import line_of_stations

from seissynth.errors import InputError
from seissynth_plugins.residuals.fields import PriorDraw
from seissynth_plugins.residuals.hyperparameters import fit_hyperparameters, negative_log_posterior
from seissynth_plugins.residuals.kernel import NAMES, PRIOR, VARIANCES, Separations
from seissynth_plugins.residuals.kriging import Kriging
from seissynth_plugins.residuals.observations import Observations

PARAMETERS = np.stack([PRIOR, PRIOR * np.linspace(0.5, 2.0, len(PRIOR))])


def observations(places, seed=1, noise=0.05):
    rng = np.random.default_rng(seed)
    shape = len(places), len(PARAMETERS)
    return Observations(places, rng.standard_normal(shape), np.full(shape, noise))


def dense(known, target, k):
    """Mean and variance by the textbook formula with explicit inverses, Rasmussen & Williams (2006), eq. 2.25-26."""
    within = Separations(known.places, known.places).kernel(PARAMETERS[k])
    across = Separations(target, known.places).kernel(PARAMETERS[k])
    inverse = np.linalg.inv(within + np.diag(known.variances[:, k]))
    before = np.diag(Separations(target, target).kernel(PARAMETERS[k]))
    return across @ inverse @ known.values[:, k], before - np.einsum("ij,jk,ik->i", across, inverse, across)


def test_conditioning_is_that_of_a_dense_gaussian():
    places = line_of_stations()
    known, target = observations(places.select([0, 1, 2, 3])), places.select([4, 5])
    found = Kriging(PARAMETERS).given(known).at(target)
    for k in range(len(PARAMETERS)):
        mean, variance = dense(known, target, k)
        np.testing.assert_allclose(found.mean[:, k], mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found.variance[:, k], variance, rtol=1e-4)


def test_an_archive_and_sources_are_one_set_of_records():
    places = line_of_stations(5, events=4)
    archive, sources = observations(places.select(np.arange(15))), observations(places.select([15, 16, 17]), 2)
    target = places.select([18, 19])
    together = Observations(
        type(places).concatenate([archive.places, sources.places]),
        np.concatenate([archive.values, sources.values]), np.concatenate([archive.variances, sources.variances]),
    )  # fmt: skip
    found = Kriging(PARAMETERS, archive).given(sources).at(target)
    for k in range(len(PARAMETERS)):
        mean, variance = dense(together, target, k)
        np.testing.assert_allclose(found.mean[:, k], mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found.variance[:, k], variance, rtol=1e-4)


def test_an_archive_tells_about_its_stations_without_sources():
    places = line_of_stations(5, events=4)
    archive = observations(places.select(np.arange(15)))
    target = places.select(np.arange(15, 20))
    local, portable = Kriging(PARAMETERS, archive).given().at(target), Kriging(PARAMETERS).given().at(target)
    assert (local.variance < portable.variance).all() and np.abs(local.mean).max() > 0.01
    assert not portable.mean.any()
    np.testing.assert_allclose(local.mean[:, 0], dense(archive, target, 0)[0], rtol=1e-4, atol=1e-5)


def test_variance_never_grows_with_more_sources():
    places = line_of_stations(8)
    last = np.inf
    for count in range(7):
        known = observations(places.select(np.arange(count))) if count else None
        variance = Kriging(PARAMETERS).given(known).at(places.select([7])).variance
        assert (variance <= last + 1e-12).all()
        last = variance


def test_a_record_among_the_sources_is_returned_to_its_noise():
    places = line_of_stations()
    known = observations(places, noise=1e-4)
    given = Kriging(PARAMETERS).given(known)
    found = given.at(places)
    np.testing.assert_allclose(found.mean, known.values, atol=0.01)
    assert found.variance.max() < 2e-4
    draws = np.stack([given.draw(places, seed, np.arange(len(places))) for seed in range(4)])
    np.testing.assert_allclose(draws, np.broadcast_to(known.values, draws.shape), atol=0.06)


def assert_dense_gaussian(draws, known, target):
    """Mean and covariance of draws, (draws, places, patterns), are those of the Gaussian given what is known."""
    for k in range(len(PARAMETERS)):
        mean, _ = dense(known, target, k)
        within = Separations(known.places, known.places).kernel(PARAMETERS[k]) + np.diag(known.variances[:, k])
        across = Separations(target, known.places).kernel(PARAMETERS[k])
        expected = Separations(target, target).kernel(PARAMETERS[k]) - across @ np.linalg.inv(within) @ across.T
        sd = np.sqrt(np.diag(expected))
        np.testing.assert_allclose(draws[:, :, k].mean(axis=0), mean, atol=4 * sd.max() / np.sqrt(len(draws)))
        np.testing.assert_allclose(np.cov(draws[:, :, k].T), expected, atol=6 * sd.max() ** 2 / np.sqrt(len(draws)))


def test_draws_have_the_mean_and_covariance_of_the_dense_gaussian():
    places = line_of_stations()
    known, target = observations(places.select([0, 1, 2])), places.select([3, 4, 5])
    given = Kriging(PARAMETERS).given(known)
    count = 600
    draws = np.stack([given.draw(target, seed, 1000 * seed + np.arange(3)) for seed in range(count)])
    assert_dense_gaussian(draws, known, target)


@pytest.mark.parametrize("region_draws", [None, 600])
def test_draws_beside_an_archive_have_its_mean_and_covariance(region_draws):
    places = line_of_stations(4, events=4)
    archive, sources = observations(places.select(np.arange(12))), observations(places.select([12]), 2)
    target = places.select([13, 14])
    known = Observations.concatenate([archive, sources])
    given = Kriging(PARAMETERS, archive, region_draws).given(sources)
    count = 600
    draws = np.stack([given.draw(target, seed, 1000 * seed + np.arange(2)) for seed in range(count)])
    assert_dense_gaussian(draws, known, target)


def test_few_draws_of_a_region_return_its_records_and_still_scatter_by_earthquake():
    places = line_of_stations(4, events=4)
    archive = observations(places.select(np.arange(12)), noise=1e-4)
    given, target = Kriging(PARAMETERS, archive, region_draws=2).given(), places.select([12, 13])
    for seed in (5, 8):
        found = given.draw(archive.places, seed, np.arange(12))
        np.testing.assert_allclose(found, archive.values, atol=0.08)
    draws = np.stack([given.draw(target, seed, [seed, seed + 1]) for seed in range(2, 82, 2)])
    assert draws.std(axis=0).min() > 0.2
    assert np.corrcoef(draws[:, 0, 0], draws[:, 1, 0])[0, 1] > 0.2


def test_scatter_of_an_earthquakes_mean_is_its_error():
    """Coordinates drawn with the kernel's covariance: spread over error of means over stations is 1."""
    places, rng = line_of_stations(6, events=24, seed=2), np.random.default_rng(4)
    parameters = np.stack([PRIOR] * 6)
    factor = np.linalg.cholesky(Separations(places, places).kernel(PRIOR) + 1e-9 * np.eye(len(places)))
    truth = factor @ rng.standard_normal((len(places), 6))
    shape = len(places), 6
    values = truth + np.sqrt(0.05) * rng.standard_normal(shape)
    old = np.arange(6 * 12)
    archive = Observations(places.select(old), values[old], np.full((len(old), 6), 0.05))
    given, variance, error, alone = Kriging(parameters, archive, 16).given(), [], [], []
    for event in range(12, 24):
        rows = np.arange(6 * event, 6 * event + 6)
        draws = np.stack([
            given.draw(places.select(rows), 50 * event + k, 1000 * event + 10 * k + np.arange(6)) for k in range(16)
        ])  # fmt: skip
        sums = draws.mean(axis=1)
        variance.append(sums.var(axis=0, ddof=1))
        alone.append(draws.var(axis=0, ddof=1).mean(axis=0) / 6)
        error.append((sums.mean(axis=0) - truth[rows].mean(axis=0)) ** 2)
    assert np.sqrt(np.mean(variance) / np.mean(error)) == pytest.approx(1.0, abs=0.25)
    assert np.sqrt(np.mean(alone) / np.mean(error)) < 0.7  # as if stations were drawn one by one


def test_prior_draws_have_the_covariance_of_the_kernel():
    places = line_of_stations(4, events=2, seed=5)
    count = 800
    draws = np.stack([PriorDraw(PARAMETERS, s, waves=64).at(places, 100 * s + np.arange(8)) for s in range(count)])
    for k in range(len(PARAMETERS)):
        expected = Separations(places, places).kernel(PARAMETERS[k])
        error = np.cov(draws[:, :, k].T) - expected
        assert np.abs(error).max() < 5.5 * np.diag(expected).max() / np.sqrt(count)


@pytest.mark.parametrize("term", ["event_near", "path", "place", "time"])
def test_each_field_falls_off_as_its_covariance(term):
    places = line_of_stations(3, events=4, seed=7)
    alone = np.where(np.isin(NAMES, VARIANCES), 1e-12, PRIOR)
    alone[NAMES.index(term)] = 1.0
    count = 700
    draws = np.stack([PriorDraw([alone], s, waves=128).at(places, np.arange(12))[:, 0] for s in range(count)])
    expected = Separations(places, places).kernel(alone)
    assert np.abs(expected - np.eye(12)).max() > 0.1 and (expected < 0.9).any()
    np.testing.assert_allclose(draws.T @ draws / count, expected, atol=6 / np.sqrt(count))


def test_a_draw_does_not_depend_on_other_stations_or_their_order():
    places = line_of_stations()
    known = observations(places.select([0, 1]))
    given, seeds = Kriging(PARAMETERS).given(known), np.array([7, 8, 9])
    all_three = given.draw(places.select([3, 4, 5]), 11, seeds)
    assert np.array_equal(given.draw(places.select([5, 3]), 11, seeds[[2, 0]]), all_three[[2, 0]])
    assert np.array_equal(Kriging(PARAMETERS).given(known).draw(places.select([4]), 11, seeds[[1]])[0], all_three[1])
    assert not np.array_equal(given.draw(places.select([4]), 12, seeds[[1]])[0], all_three[1])


def test_the_gradient_of_the_marginal_likelihood_is_its_difference_quotient():
    places = line_of_stations(5, events=3)
    known = observations(places)
    apart = Separations(places, places)
    logs = np.log(PARAMETERS[1])
    _, slope = negative_log_posterior(logs, known.values[:, 0], known.variances[:, 0], apart)
    for k in range(len(NAMES)):
        step = np.zeros(len(NAMES))
        step[k] = 1e-5
        high, low = (
            negative_log_posterior(logs + sign * step, known.values[:, 0], known.variances[:, 0], apart)[0]
            for sign in (1, -1)
        )
        assert slope[k] == pytest.approx((high - low) / 2e-5, rel=1e-4, abs=1e-6)


def test_the_fit_finds_what_earthquakes_share():
    places = line_of_stations(8, events=24, seed=2)
    rng = np.random.default_rng(0)
    events = np.unique(places.event, return_inverse=True)[1]
    shared = rng.standard_normal(24)[events]
    own = rng.standard_normal(len(places))
    values = np.stack([shared + 0.3 * own, own], axis=1)
    found = fit_hyperparameters(values, np.full(values.shape, 0.01), places)
    # all that is common to the stations of one earthquake
    event = found[:, [NAMES.index(name) for name in ("event", "event_near", "place", "time")]].sum(axis=1)
    assert 0.4 < event[0] < 2.5 and event[1] < 0.35
    assert found[1, NAMES.index("record")] > 0.5
    with pytest.raises(InputError, match="8 records"):
        fit_hyperparameters(values[:8], values[:8], places.select(slice(0, 8)))


def test_observations_refuse_what_is_not_finite():
    places = line_of_stations(2)
    with pytest.raises(InputError, match="finite"):
        Observations(places, np.array([[1.0], [np.nan]]), np.ones((2, 1)))
    with pytest.raises(InputError, match="below 0"):
        Observations(places, np.ones((2, 1)), -np.ones((2, 1)))
