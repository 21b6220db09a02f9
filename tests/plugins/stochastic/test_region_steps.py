"""The step of the region's fit against least squares written out: event terms take away what they could explain."""

import numpy as np
import pytest

from seissynth_plugins.stochastic.region_steps import BETWEEN_MEASURES, normal_equations, scatter_of, step_of


def balanced(events=8, records=6, level=0.4, between=0.5, within=0.3):
    """Residuals level + (between, -between) by event + (within, -within) by record: one measure, and its events."""
    of_event = between * np.tile([1.0, -1.0], events // 2)
    of_record = within * np.tile([1.0, -1.0], records // 2)
    return (level + of_event[:, None] + of_record).reshape(-1, 1), np.repeat(np.arange(events), records)


def test_scatter_of_a_balanced_design():
    residuals, events = balanced()
    # within: n b^2 / (n - 1); between: a^2 less what is within, over n
    wanted = [np.sqrt(0.5**2 - 0.3**2 / 5), np.sqrt(6 * 0.3**2 / 5)]
    np.testing.assert_allclose(scatter_of(residuals, events), [wanted])


def test_a_level_is_known_as_well_as_there_are_events_not_records():
    """Of m events whose means scatter by a, a level has the information m / a^2, however many records each has."""
    prior = 0.2
    for records in (6, 60):
        residuals, events = balanced(records=records)
        slopes = np.full((len(events), 1, 1), -1.0)  # a larger level makes residuals smaller
        change, information = step_of(residuals, slopes, events, np.zeros(1), np.array([prior]))
        of_data = 8 / 0.5**2
        assert information[0, 0] == pytest.approx(of_data + prior**-2)
        assert change[0] == pytest.approx(0.4 * of_data / (of_data + prior**-2))


def test_what_differs_within_events_is_not_pulled():
    """A slope of mean 0 in each event cannot be an event term: its information is that of all records."""
    residuals, events = balanced()
    x = np.tile(np.linspace(-1, 1, 6), 8)
    scatter = np.array([[0.45, 0.6]])
    matrix = sum(m for m, _ in normal_equations(residuals, -x[:, None, None], events, scatter))
    assert matrix[0, 0] == pytest.approx((x**2).sum() / 0.6**2)


def test_gaps_and_several_measures_as_with_the_whole_covariance():
    rng = np.random.default_rng(0)
    events = np.repeat([0, 1, 2, 3], [5, 1, 3, 7])
    residuals, slopes = rng.normal(size=(16, 2)), rng.normal(size=(16, 2, 3))
    residuals[[2, 9, 14], [0, 1, 1]] = np.nan
    scatter = np.array([[0.45, 0.6], [0.2, 0.7]])
    found = [sum(part) for part in zip(*normal_equations(residuals, slopes, events, scatter), strict=True)]
    matrix, right = np.zeros((3, 3)), np.zeros(3)
    for measure, (tau, phi) in enumerate(scatter):
        known = np.isfinite(residuals[:, measure])
        same = events[known][:, None] == events[known]
        inverse = np.linalg.inv(tau**2 * same + phi**2 * np.eye(known.sum()))
        a = -slopes[known, measure]
        matrix += a.T @ inverse @ a
        right += a.T @ inverse @ residuals[known, measure]
    share = 1 / (1 + BETWEEN_MEASURES)
    np.testing.assert_allclose(found[0], share * matrix)
    np.testing.assert_allclose(found[1], share * right)
