"""Event, station and remaining parts against closed forms, a dense likelihood and known inputs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seissynth.errors import InputError
from seissynth.evaluation import split_residuals, split_table


def _balanced(seed, events=12, stations=9, sds=(0.5, 0.3, 0.2), mean=0.7):
    rng = np.random.default_rng(seed)
    event, station = np.divmod(np.arange(events * stations), stations)
    y = mean + sds[0] * rng.normal(size=events)[event] + sds[1] * rng.normal(size=stations)[station]
    return y + sds[2] * rng.normal(size=len(y)), event, station


@pytest.mark.parametrize("seed", range(4))
def test_balanced_data_have_a_closed_form(seed):
    """For a full table restricted likelihood is the analysis of variance."""
    y, event, station = _balanced(seed)
    table = y.reshape(12, 9)
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    between_events = 9 * rows.var(ddof=1)
    between_stations = 12 * columns.var(ddof=1)
    rest = table - rows[:, None] - columns + table.mean()
    left = (rest**2).sum() / (11 * 8)
    found = split_residuals(y, event, station, limits=False)
    assert found.mean[0] == pytest.approx(y.mean(), abs=1e-10)
    assert found.sd["remaining"] == pytest.approx(np.sqrt(left), rel=1e-4)
    assert found.sd["event"] == pytest.approx(np.sqrt((between_events - left) / 9), rel=1e-4)
    assert found.sd["station"] == pytest.approx(np.sqrt((between_stations - left) / 12), rel=1e-4)
    # the most likely term of an event is its mean, shrunk by tau² / (tau² + left / 9)
    shrunk = (rows - table.mean()) * (1 - left / between_events)
    np.testing.assert_allclose([found.event_terms[str(k)] for k in range(12)], shrunk, rtol=1e-3, atol=1e-6)
    assert found.mean_se[0] == pytest.approx(np.sqrt((between_events + between_stations - left) / len(y)), rel=1e-4)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_unbalanced_against_the_whole_covariance(seed, restricted):
    """The deviance is that of the dense normal distribution, and no other standard deviations have a smaller one."""
    y, event, station = _balanced(seed, 10, 14)
    keep = np.random.default_rng(seed + 100).random(len(y)) < 0.6
    y, event, station = y[keep], event[keep], station[keep]
    design = np.column_stack([np.ones(len(y)), np.linspace(-1, 1, len(y))])
    found = split_residuals(y, event, station, design=design, restricted=restricted, limits=False)

    def dense(sd):
        v = sd[0] ** 2 * (event[:, None] == event) + sd[1] ** 2 * (station[:, None] == station)
        v = v + sd[2] ** 2 * np.eye(len(y))
        inverse = np.linalg.inv(v)
        xx = design.T @ inverse @ design
        beta = np.linalg.solve(xx, design.T @ inverse @ y)
        rest = y - design @ beta
        count = len(y) - (2 if restricted else 0)
        value = count * np.log(2 * np.pi) + np.linalg.slogdet(v)[1] + rest @ inverse @ rest
        return value + (np.linalg.slogdet(xx)[1] if restricted else 0.0), beta, np.sqrt(np.diag(np.linalg.inv(xx)))

    best = np.array(list(found.sd.values()))
    deviance, beta, error = dense(best)
    assert found.deviance == pytest.approx(deviance, abs=1e-5)
    np.testing.assert_allclose(found.mean, beta, rtol=1e-6)
    np.testing.assert_allclose(found.mean_se, error, rtol=1e-6)
    for k in range(3):
        for factor in (0.97, 1.03):
            other = best.copy()
            other[k] *= factor
            assert dense(other)[0] > found.deviance


def test_statsmodels_agrees():
    """Variance components of an independent library, where it is installed."""
    smf = pytest.importorskip("statsmodels.formula.api")
    import pandas as pd

    y, event, station = _balanced(7, 15, 10)
    keep = np.random.default_rng(8).random(len(y)) < 0.7
    table = pd.DataFrame({"y": y, "event": event, "station": station, "all": 1})[keep]
    parts = {"event": "0 + C(event)", "station": "0 + C(station)"}
    theirs = smf.mixedlm("y ~ 1", table, groups="all", vc_formula=parts, re_formula="0").fit(reml=True)
    ours = split_residuals(table["y"], table["event"], table["station"], limits=False)
    np.testing.assert_allclose([ours.sd["event"], ours.sd["station"]], np.sqrt(theirs.vcomp), rtol=2e-3)
    assert ours.sd["remaining"] == pytest.approx(np.sqrt(theirs.scale), rel=2e-3)


def test_intervals_hold_the_truth():
    truth = {"event": 0.5, "station": 0.3, "remaining": 0.2}
    inside = dict.fromkeys(truth, 0)
    for seed in range(12):
        y, event, station = _balanced(seed + 1000)
        found = split_residuals(y, event, station)
        for part, value in truth.items():
            low, high = found.limits[part]
            assert low < found.sd[part] < high
            inside[part] += low <= value <= high
    assert all(count >= 9 for count in inside.values()), inside  # 8 or fewer of 12 have a chance of 0.2 %


def test_a_part_that_is_not_there():
    rng = np.random.default_rng(3)
    event, station = np.divmod(np.arange(400), 20)
    found = split_residuals(rng.normal(size=400), event, station)
    assert found.sd["event"] < 0.2 and found.sd["station"] < 0.2
    assert found.limits["event"][0] == 0.0 or found.limits["event"][0] < 0.1
    assert found.total_sd == pytest.approx(1.0, abs=0.1)


def test_perfect_residuals_are_nothing():
    event, station = np.divmod(np.arange(30), 5)
    found = split_residuals(np.zeros(30), event, station)
    assert found.mean[0] == 0.0
    assert max(found.sd.values()) < 1e-9
    assert not found.remaining.any()


@settings(max_examples=20)
@given(shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_shift_and_scale(shift, scale):
    y, event, station = _balanced(2)
    one = split_residuals(y, event, station, limits=False)
    other = split_residuals(shift + scale * y, event, station, limits=False)
    assert other.mean[0] == pytest.approx(shift + scale * one.mean[0], abs=1e-6)
    for part, value in one.sd.items():
        assert other.sd[part] == pytest.approx(scale * value, rel=1e-3)


def test_parts_add_up_and_nan_is_left_out():
    y, event, station = _balanced(5)
    y[::7] = np.nan
    found = split_residuals(y, event, station, limits=False)
    assert found.records == np.isfinite(y).sum()
    assert np.isnan(found.remaining[::7]).all()
    k = 3
    assert y[k] == pytest.approx(
        found.mean[0] + found.event_terms[str(event[k])] + found.station_terms[str(station[k])] + found.remaining[k]
    )


def test_bad_input():
    with pytest.raises(InputError, match="too few"):
        split_residuals([1.0, np.nan, np.nan], [0, 1, 2], [0, 1, 2])
    with pytest.raises(InputError, match="one row for each record"):
        split_residuals([1.0, 2.0, 3.0], [0, 1], [0, 1, 2])
    with pytest.raises(InputError, match="depend on each other"):
        split_residuals(np.arange(9.0), np.arange(9) // 3, np.arange(9) % 3, design=np.ones((9, 2)))


def test_table_counts():
    y, event, station = _balanced(5)
    table = split_table({"a": y, "b": np.full(len(y), np.nan)}, event, station, limits=False)
    assert table["records"].tolist() == [len(y), 0]
    assert np.isnan(table["event"][1]) and table["event"][0] > 0
