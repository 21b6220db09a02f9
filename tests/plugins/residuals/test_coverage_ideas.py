"""Ideas for standard deviations of predicted peaks: what each makes of errors that are known."""

import numpy as np
import pandas as pd
import pytest

from tools.residuals.try_coverage import counted, factor_by_sources, one_factor, peaks_of, shared_error, with_kriging


def table(region, errors, sd=1.0, sources="all", rival=np.nan):
    errors = np.asarray(errors, dtype=float)
    return pd.DataFrame({
        "region": region, "sources": sources, "measure": "pga", "event": [f"e{n}" for n in range(len(errors))],
        "station": "X", "error": errors, "sd": sd, "rival_error": rival, "rival_sd": sd,
    })  # fmt: skip


def test_a_factor_makes_intervals_hold_what_they_say():
    rng = np.random.default_rng(0)
    here, other = table("a", 3 * rng.standard_normal(2000)), table("b", 3 * rng.standard_normal(2000))
    narrow, right = counted(here)[0], counted(one_factor(here, other))[0]
    assert float(narrow.split()[0]) < 30 and float(right.split()[0]) == pytest.approx(68, abs=3)


def test_regions_count_alike_however_many_records_they_have():
    other = pd.concat([table("b", np.full(900, 1.0)), table("c", np.full(9, 3.0))])
    assert one_factor(table("a", [1.0]), other)["sd"].iloc[0] == pytest.approx(np.sqrt(5))


def test_a_kind_of_sources_has_its_own_factor():
    other = pd.concat([table("b", np.full(9, 2.0), sources="none"), table("b", np.full(9, 0.5))])
    here = pd.concat([table("a", [1.0], sources="none"), table("a", [1.0])])
    np.testing.assert_allclose(factor_by_sources(here, other)["sd"], [2.0, 0.5])


def test_what_a_region_shares_is_added_to_the_variance():
    errors = np.array([2.0, 2.2, 1.8, 2.0])
    found = shared_error(table("a", [0.0], sd=0.6), table("b", errors))["sd"].iloc[0]
    assert found == pytest.approx(np.sqrt(0.36 + 4.0 - errors.var(ddof=1) / 4))
    assert shared_error(table("a", [0.0]), table("b", [1.0, -1.0]))["sd"].iloc[0] == 1.0


def test_kriging_of_peaks_counts_by_its_variance_and_not_where_there_is_none():
    here = pd.concat([table("a", [1.0], rival=3.0), table("a", [1.0])])
    here["rival_sd"] = 2.0
    np.testing.assert_allclose(with_kriging(here, None)["error"], [1.4, 1.0])


def test_rows_of_two_methods_become_one_line_for_each_peak():
    common = {"set": "a", "sources": "one", "event": "e", "station": "X"}
    rows = pd.DataFrame([
        common | {"method": "conditioned", "pga_error": 0.5, "pga_sd": 1.0, "pgv_error": np.nan, "pgv_sd": 1.0},
        common | {"method": "kriging", "pga_error": 0.7, "pga_sd": 2.0, "pgv_error": np.nan, "pgv_sd": 1.0},
    ])  # fmt: skip
    found = peaks_of(rows)
    assert len(found) == 1 and found.loc[0, ["error", "rival_error", "rival_sd"]].tolist() == [0.5, 0.7, 2.0]
