"""Arrivals of generated records, with pickers whose answers are known; SeisBench's against its own annotations."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seissynth.errors import InputError
from seissynth.evaluation.groups.arrivals import (
    arrival_errors,
    arrival_f1,
    arrivals_group,
    moved_records,
    one_station_per_event,
    reference_onsets,
)
from seissynth.evaluation.record_sets import Pairs, RecordSet
from seissynth.evaluation.results import EvaluationSettings
from seissynth.picking.pickers import NEAR_S, AICPicker, ARPicker, make_picker, pick_records

RATE, NPTS = 100.0, 3000


def record_set(shift_s=0.0, events=6, stations=4, p_s=5.0, s_s=11.0, seed=0, **columns):
    """Noise with a burst at P on Z and a stronger one at S on N and E."""
    rng = np.random.default_rng(seed)
    n = events * stations
    data = rng.standard_normal((n, 3, NPTS)).astype("float32")
    p = p_s + rng.uniform(0, 2, n)
    s = s_s + rng.uniform(0, 3, n)
    times = np.arange(NPTS) / RATE
    for i in range(n):
        late = times - p[i] - shift_s
        data[i, 0] += 30 * np.exp(-late.clip(0) / 2) * (late >= 0) * rng.normal(size=NPTS)
        for row in (1, 2):
            late = times - s[i] - shift_s
            data[i, row] += 90 * np.exp(-late.clip(0) / 2) * (late >= 0) * rng.normal(size=NPTS)
    table = pd.DataFrame({
        "source_id": np.repeat([f"e{k}" for k in range(events)], stations),
        "station_network_code": "XX", "station_code": [f"S{k % stations}" for k in range(n)],
        "path_p_travel_s": p + 0.1, "path_s_travel_s": s - 0.2, "path_hyp_distance_km": np.linspace(5, 90, n),
        "source_magnitude": 2.0,
    })  # fmt: skip
    for name, value in columns.items():
        table[name] = value
    return RecordSet("real", data, RATE, "velocity", table, p_s=p, s_s=s)


class Exact:
    """Answers with the labels it was given, moved by what the caller wants, whatever the record holds."""

    name = "exact"

    def __init__(self, p_s, s_s, late_s=0.0):
        self.truth, self.late = {"P": p_s, "S": s_s}, late_s
        self.row = -1

    def pick_many(self, data, sampling_rate_hz, expected_s, before_s):
        return {phase: self.truth[phase] + np.broadcast_to(self.late, len(data)) for phase in NEAR_S}


class Burst:
    """Finds the largest step in the mean square near what is expected, on the component's own samples."""

    name = "burst"

    def pick(self, data, rate, expected_s, before_s=0.0):
        return AICPicker(least_contrast=1.5).pick(data, rate, expected_s, before_s)


def test_a_set_against_itself_is_perfect():
    real = record_set(trace_p_status="manual", trace_s_status="manual")
    group = arrivals_group(Pairs(real, (real,)), EvaluationSettings(picker=Exact(real.p_s, real.s_s), draws=50))
    rows = group.summary.set_index("metric")
    for phase in "ps":
        assert rows.loc[f"{phase}_matched", "value"] == rows.loc[f"{phase}_f1", "value"] == 1.0
        for metric in ("mae_s", "mae_with_misses_s", "median_s"):
            assert rows.loc[f"{phase}_{metric}", "value"] == pytest.approx(0.0, abs=1e-12)
        assert rows.loc[f"{phase}_f1", "records"] == 24 and rows.loc[f"{phase}_f1", "events"] == 6
    assert (group.per_record["p_origin"] == "analyst").all()
    assert not any("left out" in note for note in group.notes)


def test_a_known_delay_comes_out():
    real = record_set(trace_p_status="manual", trace_s_status="manual")
    made = replace(record_set(shift_s=0.5), name="late")
    group = arrivals_group(Pairs(real, (made,)), EvaluationSettings(picker=Burst(), draws=50))
    rows = group.summary.set_index("metric")
    assert rows.loc["p_median_s", "value"] == pytest.approx(0.5, abs=0.06)
    assert rows.loc["s_median_s", "value"] == pytest.approx(0.5, abs=0.06)
    assert rows.loc["p_mae_s", "low"] <= rows.loc["p_mae_s", "value"] <= rows.loc["p_mae_s", "high"]
    assert abs(rows.loc["p_floor_median_s", "value"]) < 0.06 and rows.loc["p_floor_f1", "value"] == 1.0


def test_misses_count():
    real = record_set(trace_p_status="manual", trace_s_status="manual")
    late = np.zeros(24)
    late[:6], late[6:12], late[12:16] = 2.5, 0.2, np.nan  # outside for P and inside for S, matched, none
    picker = Exact(real.p_s, real.s_s, late)
    errors = arrival_errors(real, picker, reference_onsets(real, picker))
    assert np.isinf(errors["P"]).sum() == 10 and np.isinf(errors["S"]).sum() == 4
    group = arrivals_group(Pairs(real, (real,)), EvaluationSettings(picker=picker, draws=20))
    rows = group.summary.set_index("metric")["value"]
    assert rows["p_matched"] == pytest.approx(14 / 24)
    assert rows["p_mae_s"] == pytest.approx(6 * 0.2 / 14)
    assert rows["p_mae_with_misses_s"] == pytest.approx((6 * 0.2 + 10 * 2.0) / 24)
    assert rows["s_mae_with_misses_s"] == pytest.approx((6 * 2.5 + 6 * 0.2 + 4 * 3.0) / 24)
    # P: 14 right, 10 missed; S: 14 right, 6 wrong (false and missed), 4 missed
    assert rows["p_f1"] == pytest.approx(28 / 38) and rows["s_f1"] == pytest.approx(28 / 44)


def test_f1_by_hand():
    assert arrival_f1([0.0, 0.5, -0.5]) == 1.0
    assert arrival_f1([0.6]) == 0.0
    assert arrival_f1([0.1, np.inf]) == pytest.approx(2 / 3)
    assert arrival_f1([0.1, np.nan]) == 1.0
    assert np.isnan(arrival_f1([np.nan]))


def test_references_say_where_they_come_from():
    status = ["manual"] * 8 + ["automatic"] * 8 + ["estimated"] * 8
    real = record_set(trace_p_status=status)
    found = reference_onsets(real, Burst())
    assert found.origin["P"].tolist() == ["analyst"] * 8 + ["burst"] * 16
    assert (found.origin["S"] == "given").all()
    np.testing.assert_array_equal(found.time_s["P"][:8], real.p_s[:8])
    np.testing.assert_allclose(found.time_s["P"][8:], real.p_s[8:], atol=0.06)
    assert (found.time_s["P"][8:] != real.p_s[8:]).any()
    # an estimate is no reference: without a pick there is none
    noise = replace(real, data=np.random.default_rng(5).standard_normal(real.data.shape).astype("float32"))
    found = reference_onsets(noise, AICPicker())
    assert np.isnan(found.time_s["P"][8:]).mean() > 0.9 and np.isfinite(found.time_s["P"][:8]).all()
    assert set(found.origin["P"][np.isnan(found.time_s["P"])]) == {""}


def test_catalogue_picks_are_the_analysts():
    real = record_set(trace_p_origin="catalogue", trace_p_status="automatic", trace_s_origin="southern_california")
    found = reference_onsets(real, Burst())
    assert (found.origin["P"] == "analyst").all() and (found.origin["S"] == "burst").all()


def test_all_draws_count():
    real = record_set(trace_p_status="manual", trace_s_status="manual")
    draws = (record_set(), replace(record_set(shift_s=1.0), name="late"))
    group = arrivals_group(Pairs(real, draws), EvaluationSettings(picker=Burst(), draws=20))
    rows = group.summary.set_index("metric")["value"]
    assert rows["p_mae_s"] == pytest.approx(0.5, abs=0.06)
    assert rows["p_mae_with_misses_s"] == pytest.approx(0.5, abs=0.06)
    assert rows["p_f1"] == pytest.approx(0.5, abs=0.03)
    assert np.nanmax(np.abs(group.per_record["p_error_s"])) < 0.2  # of the first draw


def test_moved_records_keep_their_motion():
    real = record_set()
    moved = moved_records(real, real.p_s, seed=3)
    front = np.rint((real.start_s - moved.start_s) * RATE).astype(int)
    assert front.min() >= 50 and front.max() <= 500 and len(set(front.tolist())) > 10
    for i in range(len(real)):
        np.testing.assert_array_equal(moved.data[i, :, front[i] + 30 :], real.data[i, :, 30 : NPTS - front[i]])
    unknown = moved_records(real, np.full(len(real), np.nan))
    np.testing.assert_array_equal(unknown.data, real.data)


def test_one_station_for_each_event():
    events = np.repeat(["a", "b", "c"], [5, 1, 4])
    rows = [one_station_per_event(events, seed) for seed in range(200)]
    assert all(events[r].tolist() == ["a", "b", "c"] for r in rows)
    share = np.bincount([r[0] for r in rows], minlength=5) / 200
    assert share.min() > 0.1 and share.max() < 0.3
    usable = np.array([False] * 4 + [True] + [False] + [True] * 4)
    assert one_station_per_event(events, 0, usable)[0] == 4 and len(one_station_per_event(events, 0, usable)) == 2


def test_tables_and_notes():
    real = record_set(trace_p_status="estimated", trace_s_status="estimated")
    real = replace(real, mask_end_s=np.where(np.arange(24) % 2, 8.0, np.inf))
    group = arrivals_group(Pairs(real, (real,)), EvaluationSettings(picker=Burst(), draws=20))
    assert any("repeats itself" in note for note in group.notes)
    mask = group.tables["Under the time mask"]
    assert mask[mask.phase == "S"]["records"].tolist() == [12, 12]
    predicted = group.tables["Predicted onset minus reference"].set_index("metric")["value"]
    assert predicted["p_predicted_median_s"] == pytest.approx(0.1, abs=0.06)
    distance = group.tables["By distance"]
    assert distance[distance.phase == "P"]["records"].sum() == 24
    assert group.tables["One random station for each earthquake"]["earthquakes"].tolist() == [6] * 4


def test_without_a_picker_the_group_says_so():
    real = record_set()
    group = arrivals_group(Pairs(real, (real,)), EvaluationSettings())
    assert group.summary.empty and "No picker" in group.notes[0]


def test_nothing_to_compare_with_is_an_error():
    real = record_set(trace_p_status="estimated", trace_s_status="estimated")

    class Nothing:
        name = "nothing"

        def pick(self, *_):
            return {"P": np.nan, "S": np.nan}

    with pytest.raises(InputError, match="nothing finds none"):
        arrivals_group(Pairs(real, (real,)), EvaluationSettings(picker=Nothing()))


def test_obspys_picker_finds_clear_onsets():
    real = record_set()
    found = pick_records(make_picker("ar_aic"), 1e-9 * real.data, RATE, {"P": real.p_s + 0.3, "S": real.s_s - 0.3})
    assert np.nanmedian(np.abs(found["P"] - real.p_s)) < 0.1
    assert np.isfinite(found["P"]).mean() > 0.8
    # ObsPy's S is not the same in every process: 0 to 100 % of these were found; those that are lie near
    late = np.abs(found["S"] - real.s_s)[np.isfinite(found["S"])]
    assert not len(late) or np.median(late) < 0.6
    nothing = ARPicker().pick(np.zeros((3, NPTS)), RATE, {"P": 5.0, "S": 9.0})
    assert np.isnan(nothing["P"]) and np.isnan(nothing["S"])
    assert np.isnan(ARPicker().pick(real.data[0], RATE, {"P": np.nan, "S": np.nan})["P"])


def test_times_before_the_record_count(tmp_path):
    real = record_set()
    early = replace(real, data=real.data[:, :, 200:])
    a = pick_records(AICPicker(), real.data, RATE, {"P": real.p_s, "S": real.s_s})
    b = pick_records(AICPicker(), early.data, RATE, {"P": real.p_s, "S": real.s_s}, np.full(24, -2.0))
    np.testing.assert_allclose(a["P"], b["P"], atol=0.011)
    with pytest.raises(InputError, match="no such file"):
        make_picker(tmp_path / "none.pt")


def test_pictures():
    from seissynth.plotting.evaluation_arrivals import draw_arrivals

    real = record_set(trace_p_status="manual", trace_s_status="manual")
    pairs = Pairs(real, (record_set(shift_s=0.3),))
    group = arrivals_group(pairs, EvaluationSettings(picker=Burst(), draws=20))
    pictures = draw_arrivals(group, pairs)
    assert [len(figure.axes) for _, figure in pictures] == [2, 2]
    lines = pictures[1][1].axes[0].get_lines()
    assert lines[0].get_ydata() == pytest.approx(0.3, abs=0.1)
    assert draw_arrivals(arrivals_group(pairs, EvaluationSettings()), pairs) == []
