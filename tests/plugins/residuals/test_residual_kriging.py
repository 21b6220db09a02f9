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


# --- stations whose term is known

#: an earthquake of variance 0.3, stations of 0.5, records of 0.1, and nothing else
SIMPLE = np.array([[{"event": 0.3, "station": 0.5, "record": 0.1}.get(name, 0.0) for name in VARIANCES] + [1.0] * 4])


def two_stations():
    places = line_of_stations(2)
    return Observations(places.select([0]), np.array([[0.8]]), np.array([[0.05]])), places.select([1])


@pytest.mark.parametrize("left", [1.0, 0.4, 0.0])
def test_a_known_station_term_leaves_its_share_of_the_variance_and_the_mean(left):
    """Two stations by hand: what they share is the earthquake."""
    source, target = two_stations()
    found = Kriging(SIMPLE).given(source).at(target, [left])
    weight = 0.3 / (0.3 + 0.5 + 0.1 + 0.05)
    assert found.mean[0, 0] == pytest.approx(weight * 0.8, rel=1e-4)
    assert found.variance[0, 0] == pytest.approx(0.3 + left * 0.5 + 0.1 - weight * 0.3, rel=1e-4)


def test_draws_have_the_variance_that_is_left():
    source, target = two_stations()
    given = Kriging(SIMPLE, waves=2).given(source)
    drawn = np.array([given.draw(target, seed, [seed + 10**6], [0.2])[0, 0] for seed in range(3000)])
    there = given.at(target, [0.2])
    assert drawn.mean() == pytest.approx(there.mean[0, 0], abs=0.04)
    assert drawn.var() == pytest.approx(there.variance[0, 0], rel=0.08)


def test_a_known_term_changes_no_other_record_by_a_bit():
    places = line_of_stations()
    given, targets = Kriging(PARAMETERS).given(observations(places.select([0, 1]))), places.select([2, 3, 4])
    seeds, left = [5, 6, 7], [1.0, 0.5, 1.0]
    before, after = given.at(targets), given.at(targets, left)
    drawn, redrawn = given.draw(targets, 3, seeds), given.draw(targets, 3, seeds, left)
    for one, other in ((before.mean, after.mean), (before.variance, after.variance), (drawn, redrawn)):
        np.testing.assert_array_equal(one[[0, 2]], other[[0, 2]])
    assert (after.variance[1] < before.variance[1]).all() and (drawn[1] != redrawn[1]).all()
    alone = given.at(targets.select([1]), [0.5])
    np.testing.assert_array_equal(alone.variance[0], after.variance[1])
    np.testing.assert_array_equal(given.draw(targets.select([1]), 3, [6], [0.5])[0], redrawn[1])


def test_records_of_a_station_say_more_than_its_term():
    """At a source, and at a station of the archive."""
    places = line_of_stations(4, events=2)
    archive, source = observations(places.select([0, 1])), observations(places.select([4, 6]))
    given, targets = Kriging(PARAMETERS, archive).given(source), places.select([5, 6])
    for one in ("mean", "variance"):
        before, after = (getattr(given.at(targets, left), one) for left in (None, [0.0, 0.0]))
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(given.draw(targets, 1, [2, 3]), given.draw(targets, 1, [2, 3], [0.0, 0.0]))


@pytest.mark.parametrize("left", [[1.1], [-0.1], [np.nan], [0.5, 0.5]])
def test_a_share_that_is_none_is_said(left):
    source, target = two_stations()
    with pytest.raises(InputError, match="from 0 to 1"):
        Kriging(SIMPLE).given(source).at(target, left)
