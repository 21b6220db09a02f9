"""Baselines know what they say they know and nothing else; known answers come out as known."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seissynth.errors import InputError
from seissynth.evaluation.baselines import known_answers
from seissynth.evaluation.baselines import untrained as baselines
from seissynth.evaluation.baselines.folds import picked, record_groups, time_folds
from seissynth.evaluation.baselines.rows import BASELINES, ROW_GROUPS, baseline_groups, score_row, travel_time_arrivals
from seissynth.evaluation.baselines.travel_times import station_terms, travel_time_onsets
from seissynth.evaluation.groups.frequency_magnitude import frequency_magnitude_group
from seissynth.evaluation.groups.similarity import similarity_of
from seissynth.evaluation.record_sets import Pairs, RecordSet
from seissynth.evaluation.results import EvaluationSettings
from seissynth.plotting.evaluation_frequency_magnitude import draw_frequency_magnitude

RATE, NPTS, EVENTS, STATIONS = 50.0, 1500, 12, 4
QUICK = EvaluationSettings(draws=30, periods_s=(0.3,))


@pytest.fixture(scope="module")
def records():
    """Twelve earthquakes at four sensors: noise, and bursts of noise at P and S that fall off."""
    rng = np.random.default_rng(1)
    rows, data, p, s = [], [], [], []
    time = np.arange(NPTS) / RATE
    magnitude, place = rng.uniform(2.0, 4.0, EVENTS), rng.uniform(0, 0.1, (EVENTS, 2))
    for event in range(EVENTS):
        for station in range(STATIONS):
            distance = 20.0 + 12 * station + 100 * place[event, 0]
            travel = distance / 6.0, distance / 3.5
            onsets = travel[0] + 0.05 * station, travel[1] + 0.1 * station
            amplitude = 1e-7 * 10 ** (magnitude[event] - 2) / distance
            shape = sum(
                size * (time >= onset) * np.exp(-np.maximum(time - onset, 0) / 2.0)
                for size, onset in zip((0.3, 1.0), onsets, strict=True)
            )
            data.append((amplitude * shape + 1e-12) * rng.standard_normal((3, NPTS)))
            p.append(onsets[0])
            s.append(onsets[1])
            rows.append({
                "source_id": f"event {event:02d}", "station_network_code": "XX", "station_code": f"S{station}",
                "trace_channel": "HH", "source_magnitude": magnitude[event], "source_depth_km": 8.0,
                "source_latitude_deg": 35 + place[event, 0], "source_longitude_deg": -117 + place[event, 1],
                "source_origin_time": str(pd.Timestamp("2019-07-04T17:00:00Z") + pd.Timedelta(seconds=45 * event)),
                "path_ep_distance_km": distance, "path_hyp_distance_km": float(np.hypot(distance, 8.0)),
                "path_p_travel_s": travel[0], "path_s_travel_s": travel[1], "trace_snr_db": 20.0,
                "trace_p_status": "automatic", "trace_s_status": "automatic" if event else "estimated",
            })  # fmt: skip
    return RecordSet("made", np.array(data, np.float32), RATE, "velocity", pd.DataFrame(rows), p_s=p, s_s=s,
                     mask_end_s=np.full(len(rows), 28.0), band_hz=(1.0, 20.0))  # fmt: skip


@pytest.fixture(scope="module")
def folds(records):
    return time_folds(records, 4)


def correlation(real, generated):
    return similarity_of(real.data, generated.data, RATE, mask=real.mask())["envelope_correlation"]


def test_folds_predict_every_record_once_from_what_shares_no_sample(records):
    close = records.metadata.assign(  # every other earthquake falls into the window of the one before
        source_origin_time=[str(pd.Timestamp("2019-07-04T17:00:00Z") + pd.Timedelta(seconds=20 * (row // STATIONS)))
                            for row in range(len(records))]
    )  # fmt: skip
    folds = time_folds(replace(records, metadata=close), 4)
    assert sorted(np.concatenate([unknown for _, unknown in folds])) == list(range(len(records)))
    length = NPTS / RATE
    start = np.array([20.0 * (row // STATIONS) for row in range(len(records))])
    for known, unknown in folds:
        same = records.stations[known][:, None] == records.stations[unknown]
        assert (np.abs(start[known][:, None] - start[unknown])[same] >= length).all()


def test_groups_of_records(records):
    groups = record_groups(records)
    assert groups["all"].sum() == len(records)
    assert groups["picked"].sum() == len(records) - STATIONS == picked(records, "S").sum()
    assert record_groups(records, after_s_s=100.0)["clean"].sum() == 0
    with pytest.raises(InputError, match="phase='L'"):
        picked(records, "L")


@pytest.mark.parametrize("make", [baselines.nearest_mean, baselines.nearest_real_records])
def test_nearest_know_nothing_of_the_block(records, folds, make):
    _, unknown = folds[1]
    data = records.data.copy()
    data[unknown] = 1e-3 * np.random.default_rng(0).standard_normal(data[unknown].shape)
    blinded = replace(records, data=data)
    for a, b in zip(make(records, folds, draws=2), make(blinded, folds, draws=2), strict=True):
        np.testing.assert_array_equal(a.data[unknown], b.data[unknown])
    a, b = make(records, folds, draws=1)[0], make(replace(records, data=2 * records.data), folds, draws=1)[0]
    np.testing.assert_allclose(b.data, 2 * a.data, rtol=2e-3, atol=2e-3 * np.abs(a.data).max())


def test_nearest_record_is_the_nearest_scaled(records, folds):
    draw = baselines.nearest_real_records(records, folds, draws=1)[0]
    known, unknown = folds[0]
    row = unknown[0]
    candidates = [k for k in known if records.stations[k] == records.stations[row]]
    table = records.metadata
    km = np.array([np.hypot((table["source_latitude_deg"][k] - table["source_latitude_deg"][row]) * 111.19,
                            (table["source_longitude_deg"][k] - table["source_longitude_deg"][row]) * 91.06)
                   for k in candidates])  # fmt: skip
    best = candidates[int(np.argmin(km))]
    factor = draw.data[row] / records.data[best]
    assert np.ptp(factor) < 1e-3 * factor.mean()
    level = baselines.expected_level(records)
    assert factor.mean() == pytest.approx(np.exp(level[row] - level[best]), rel=1e-3)


def test_means_predict_envelopes(records, folds):
    made = [baselines.nearest_mean(records, folds)[0], baselines.other_stations_mean(records)[0]]
    strangers = correlation(records, known_answers.shuffled_copy(records)).mean()
    for one in made:
        assert correlation(records, one).mean() > max(0.7, strangers + 0.1)


def test_other_stations_do_not_know_the_record(records):
    changed = records.data.copy()
    changed[5] = changed[5][:, ::-1]
    a, b = (baselines.other_stations_mean(part)[0].data[5] for part in (records, replace(records, data=changed)))
    np.testing.assert_array_equal(a, b)


def test_other_stations_are_moved_by_the_predicted_s():
    # one pulse, later by S at each sensor: what comes out stands at the right place
    time = np.arange(NPTS) / RATE
    s = np.array([8.0, 10.5, 13.0])
    pulse = [np.exp(-(((time - at) / 0.5) ** 2)) * np.sin(2 * np.pi * 5 * time) for at in s]
    table = pd.DataFrame({"source_id": "a", "station_network_code": "XX", "station_code": list("ABC"),
                          "path_s_travel_s": s})  # fmt: skip
    data = np.repeat(np.array(pulse)[:, None], 3, axis=1).astype(np.float32)
    real = RecordSet("real", data, RATE, "velocity", table)
    made = baselines.other_stations_mean(real)[0]
    assert np.abs(made.data[:, 0]).argmax(axis=-1) / RATE == pytest.approx(s, abs=0.25)


def test_representation_costs_little(records):
    draws = baselines.representation_alone(records, draws=2)
    assert correlation(records, draws[0]).min() > 0.9
    assert not np.array_equal(draws[0].data, draws[1].data)


def test_station_terms_by_hand(records):
    terms = station_terms(records, "S")
    count = EVENTS - 1  # S of the first earthquake is no pick
    for station in range(STATIONS):
        shrunk = 0.15 + (0.1 * station - 0.15) * count / (count + 1)
        assert terms[f"XX.S{station}.HH"] == pytest.approx(shrunk, abs=1e-6)
    assert station_terms(records, "P", rows=[]) == {"": 0.0}


def test_travel_times_out_of_sample_know_nothing_of_the_block(records, folds):
    p, _ = travel_time_onsets(records, folds)
    assert np.abs(p - records.p_s).max() < 0.03
    _, unknown = folds[2]
    late = records.p_s.copy()
    late[unknown] += 1.0
    moved, _ = travel_time_onsets(replace(records, p_s=late), folds)
    np.testing.assert_array_equal(moved[unknown], p[unknown])
    plain, _ = travel_time_onsets(records, terms=False)
    np.testing.assert_array_equal(plain, records.column("path_p_travel_s"))


def test_ruler_has_the_metrics_of_arrivals(records, folds):
    settings = replace(QUICK, picker="aic")
    found = travel_time_arrivals(records, settings, folds)
    summary = found.summary.set_index("metric")
    assert summary.loc["p_mae_s", "value"] < 0.1
    assert summary.loc["p_f1", "value"] == 1.0
    with pytest.raises(InputError, match="needs a picker"):
        travel_time_arrivals(records, QUICK, folds)


@pytest.fixture(scope="module")
def known(records):
    """Summary values of every known copy: name -> metric -> value."""
    out = {}
    for name, pairs in known_answers.known_pairs(records).items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "pygmm", None)  # ground-motion models are not asked here, and slow to import
            found = score_row(pairs, QUICK, ["similarity", "spread", "ground_motion"])
        out[name] = {row["metric"]: row["value"] for group in found.values() for _, row in group.summary.iterrows()}
    return out


def test_itself_is_perfect(known):
    found = known["itself"]
    assert found["envelope_correlation"] == found["waveform_correlation"] == pytest.approx(1.0)
    for name in ("spectrogram_mse", "envelope_lag_s", "ln_pga_bias", "ln_pga_sd", "envelope_dtw"):
        assert found[name] == pytest.approx(0.0, abs=1e-9), name
    assert found["roughness_ratio"] == pytest.approx(1.0)


def test_shifted_is_late_by_just_that(known):
    found = known["late by 0.5 s"]
    assert found["envelope_lag_s"] == pytest.approx(0.5, abs=0.03)
    assert found["envelope_correlation_lagged"] > 0.97 > found["envelope_correlation"]
    assert found["ln_pga_bias"] == pytest.approx(0.0, abs=0.02)


def test_scaled_is_off_by_the_logarithm_of_two(known):
    found = known["times 2"]
    assert found["ln_pga_bias"] == pytest.approx(np.log(2), abs=1e-5)
    assert found["ln_pga_sd"] == pytest.approx(0.0, abs=1e-5)
    assert found["snr_db"] == pytest.approx(0.0, abs=1e-4)
    assert found["envelope_correlation"] == pytest.approx(1.0)
    assert found["spectrogram_mse"] == pytest.approx(0.0, abs=1e-6)


def test_shuffled_is_at_chance(known):
    found = known["shuffled"]
    assert found["waveform_correlation"] == pytest.approx(0.0, abs=0.03)
    assert found["envelope_correlation"] < 0.7
    assert found["ln_pga_sd"] > 0.5


def test_blurred_loses_texture_and_spread_and_keeps_the_correlation(known):
    found = known["blurred"]
    assert found["envelope_correlation"] > 0.9
    assert found["roughness_ratio"] < 0.92
    assert found["ln_pga_within_event_sd_ratio"] == pytest.approx(0.0, abs=1e-6)


def test_known_copies_are_what_they_say(records):
    late = known_answers.shifted_copy(records, 0.5)
    np.testing.assert_array_equal(late.data[..., 25:], records.data[..., :-25])
    assert not late.data[..., :25].any()
    np.testing.assert_array_equal(late.p_s, records.p_s + 0.5)
    np.testing.assert_array_equal(known_answers.shifted_copy(records, -0.5).data[..., :-25], records.data[..., 25:])
    assert (known_answers.shuffled_copy(records).p_s != records.p_s).all()
    with pytest.raises(InputError, match="shorter"):
        known_answers.shifted_copy(records, 100.0)
    with pytest.raises(InputError, match="phases='lost'"):
        known_answers.blurred_copy(records, phases="lost")
    one = records.select(np.arange(STATIONS))
    with pytest.raises(InputError, match="none can be shuffled"):
        known_answers.shuffled_copy(one)


def test_b_values_of_labels_and_records(records):
    pairs = Pairs(records, (known_answers.scaled_copy(records, 10.0),))
    found = frequency_magnitude_group(pairs, QUICK)
    summary = found.summary.set_index("metric")
    # ten times the motion is a magnitude more everywhere, and the same b
    assert set(found.tables["estimates"]["catalogue"]) == {"label", "real", "generated"}
    for method in ("likelihood", "positive", "km_slope"):
        real, made = (summary.loc[f"b_{method}_{name}"] for name in ("real", "generated"))
        assert made["value"] == pytest.approx(real["value"], rel=0.25, nan_ok=True)
    counts = found.tables["counts"].groupby("catalogue")["magnitude"].max()
    assert counts["generated"] - counts["real"] == pytest.approx(1.0, abs=0.11)
    assert len(draw_frequency_magnitude(found)[0][1].axes) == 9


def test_rows_of_the_leaderboard(records):
    found = baseline_groups(BASELINES["nearest real records"], records, QUICK, ["similarity", "distributions"])
    assert list(found) == ["similarity"]
    assert baseline_groups(BASELINES["travel time + station term"], records, QUICK, ROW_GROUPS) == {}
    with pytest.raises(InputError, match="no group 'beauty'"):
        score_row(Pairs(records, (records,)), QUICK, ["beauty"])
    bare = replace(records, metadata=records.metadata.drop(columns=["source_latitude_deg"]))
    with pytest.raises(InputError, match="source_latitude_deg"):
        baseline_groups(BASELINES["mean of 10 nearest"], bare, QUICK, ROW_GROUPS)
