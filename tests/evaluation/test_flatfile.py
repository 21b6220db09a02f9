"""Comparison with flat files: what was put in is found again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pulse_backend import Pulse, flat_file, peak

import seissynth
from seissynth.errors import DomainError, InputError
from seissynth.evaluation import evaluate_flatfile, ground_motion_model, spatial_correlation
from seissynth.evaluation.flatfiles.correlations import correlation_range_km, measure_correlation
from seissynth.evaluation.flatfiles.parts import events_of_draw, split_sets, within_event
from seissynth.evaluation.statistics.intervals import resampled_rows
from seissynth.io.ground_motion_tables import GroundMotionTable, read_ground_motion

CUT = Path(__file__).parents[1] / "io" / "flatfiles" / "ridgecrest_usgs_cut.csv"
QUICK = {"backend": Pulse, "realizations": 1, "model": None, "scatter": False, "draws": 20}


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Residuals of a made-up file with bias 0.3, tau 0.4, phi_S2S 0.5 and a rest of 0.25, beside BSSA14."""
    pytest.importorskip("pygmm")
    path = flat_file(tmp_path_factory.mktemp("flat") / "f.csv", 24, 14, bias=0.3, tau=0.4, s2s=0.5, rest=0.25)
    return evaluate_flatfile(path, **{**QUICK, "model": "bssa14"})


def test_a_file_of_the_backends_own_motion_has_no_residual(tmp_path):
    found = evaluate_flatfile(flat_file(tmp_path / "f.csv", 4, 5), **QUICK)
    # the peak between two samples, and directions in whole degrees
    assert np.abs(found.residuals[["pga", "pgv"]]).max(axis=None) < 0.01
    assert found.summary["bias"].abs().max() < 0.01 and found.summary["tau"].max() < 0.01


def test_bias_tau_and_phi_that_were_put_in_are_found(known):
    row = known.summary.set_index("measure").loc["pga"]
    assert abs(row["bias"] - 0.3) < 3 * np.sqrt(0.4**2 / 24 + 0.5**2 / 14)
    assert row["tau"] == pytest.approx(0.4, rel=0.45) and row["phi_s2s"] == pytest.approx(0.5, rel=0.5)
    assert row["phi_ss"] == pytest.approx(0.25, rel=0.12)
    assert row["phi"] == pytest.approx(np.hypot(row["phi_s2s"], row["phi_ss"]))
    assert row["sigma"] == pytest.approx(np.hypot(row["tau"], row["phi"]))
    assert row["bias_low"] < row["bias"] < row["bias_high"] and row["tau_low"] < row["tau"] < row["tau_high"]
    assert (row["records"], row["events"], row["stations"]) == (336, 24, 14)


def test_the_model_is_evaluated_at_the_same_rows(known):
    row = known.residuals.iloc[137]
    median = ground_motion_model("bssa14").predict(
        ["pga"], row["magnitude"], row["rjb_km"], distance_kind="joyner_boore", vs30_mps=row["vs30_mps"]
    )
    assert row["pga_model"] == pytest.approx(np.log(row["pga_observed"]) - median.ln_median[0, 0])
    assert row["pga"] == pytest.approx(np.log(row["pga_observed"] / row["pga_generated"]))
    assert row["pga_generated"] == pytest.approx(np.sqrt(0.5) * peak(row["magnitude"], row["distance_km"]), rel=0.01)
    summary = known.summary.iloc[0]
    assert summary["tau_ratio"] == pytest.approx(summary["tau"] / summary["model_tau"])


def test_tables_hold_all_rows_of_both_sets(known):
    for title in ("Residuals by magnitude", "Residuals by distance (km)", "Residuals by Vs30 (m per s)"):
        table = known.tables[title]
        assert set(table["set"]) == {"pulse", known.model}
        rows = table[(table["measure"] == "pga") & (table["set"] == "pulse")]
        assert rows["records"].sum() == len(known.residuals)
    between = known.tables["Correlation between measures"]
    assert between["correlation"].iloc[0] == pytest.approx(1.0, abs=1e-3)  # PGV was made from PGA
    assert "bias" in str(known) and "PGA" in str(known)


def test_residuals_of_the_default_backend_beside_generate():
    inventory, event = seissynth.read_example()
    from seissynth.evaluation import ground_motion_measures, streams_to_record_set

    ensemble = [
        seissynth.generate(inventory, event, seed=seed, output="ACC", sampling_rate=100, duration=90)
        for seed in range(3)
    ]
    records = [streams_to_record_set(stream, inventory=inventory) for stream in ensemble]
    logs = [np.log(ground_motion_measures(one, (0.3,), np.ones((len(one), one.npts), bool))) for one in records]
    rows = records[0].metadata
    table = pd.DataFrame({
        "event_id": "e", "site": records[0].stations, "network": rows["station_network_code"],
        "station": rows["station_code"], "mechanism": "unspecified", "event_time": "",
        "source_magnitude_type": rows["source_magnitude_type"],
        **{name: rows[name] for name in ("source_latitude_deg", "source_longitude_deg", "source_depth_km",
           "source_magnitude", "station_latitude_deg", "station_longitude_deg", "station_vs_30_mps")},
        **dict.fromkeys(("source_strike_deg", "source_dip_deg", "source_rake_deg", "path_ep_distance_km",
           "path_jb_distance_km", "path_rup_distance_km", "high_pass_hz", "low_pass_hz", "usable_from_hz"), np.nan),
        **{name: np.exp(sum(log[name] for log in logs) / 3) for name in ("pga", "pgv", "psa_0.3")},
    })  # fmt: skip
    flat = GroundMotionTable(table, ("pga", "pgv", "psa_0.3"), "rotd50", "made up", ())
    found = evaluate_flatfile(flat, realizations=2, seed=11, model=None, scatter=False, draws=20)
    assert len(found.residuals) == len(table)
    # other random phases only; a wrong place, magnitude or unit would be a factor
    assert found.residuals[["pga", "pgv", "psa_0.3"]].mean().abs().max() < 0.2


def test_random_terms_are_a_draw_beside_the_median():
    pytest.importorskip("pygmm")
    found = evaluate_flatfile(CUT, limit=1, realizations=1, periods_s=[1], max_distance_km=60, draws=20, seed=3)
    assert found.residuals["pga_draw"].notna().all()
    assert (np.abs(np.log(found.residuals["pga_draw"] / found.residuals["pga_generated"])) > 1e-3).all()
    assert any("are few" in note for note in found.notes)


# --- which rows, and how they are measured


def test_psa_counts_up_to_the_period_that_the_band_allows(tmp_path):
    path = flat_file(tmp_path / "f.csv", 3, 4, corners=(0.5, 20))
    text = path.read_text().replace("PGA,PGV", "PGA,PGV,SA(0.300),SA(3.000)").splitlines()
    path.write_text("\n".join([text[0], *(f"{line},1,1" for line in text[1:])]))
    found = evaluate_flatfile(path, **QUICK)
    assert found.measures == ("pga", "pgv", "psa_0.3")


def test_generated_records_pass_the_filter_of_their_row(tmp_path):
    path = flat_file(tmp_path / "f.csv", 2, 3, corners=("", 0.5))
    filtered, whole = (evaluate_flatfile(path, band=band, **QUICK).residuals for band in (True, False))
    # 2 Hz is two octaves beyond the corner of a filter of order 4: 1/256, and something more where it starts
    assert (filtered["pga_generated"] < 0.1 * whole["pga_generated"]).all()


def test_other_components_are_measured_as_the_file_says(tmp_path):
    table = read_ground_motion(flat_file(tmp_path / "f.csv", 2, 3))
    sizes = {}
    for component in ("rotd50", "rotd100"):
        flat = GroundMotionTable(table.rows, table.measures, component, "", ())
        sizes[component] = evaluate_flatfile(flat, **QUICK).residuals["pga_generated"]
    assert (sizes["rotd100"] / sizes["rotd50"]).to_numpy() == pytest.approx(np.full(6, np.sqrt(2)), rel=0.01)


def test_vertical_over_horizontal_is_compared(tmp_path):
    table = read_ground_motion(flat_file(tmp_path / "f.csv", 2, 3))
    flat = GroundMotionTable(table.rows.assign(vh_pga=0.5), ("pga", "vh_pga"), "rotd50", "", ())
    found = evaluate_flatfile(flat, **QUICK).residuals
    assert found["vh_pga_generated"].to_numpy() == pytest.approx(np.full(6, 0.6 * np.sqrt(2)), rel=0.01)


def test_limit_and_distance_choose_rows(tmp_path):
    path = flat_file(tmp_path / "f.csv", 6, 10)
    found = evaluate_flatfile(path, limit=2, **QUICK)
    assert found.about["events"] == 2 and any("2 of 6 events" in note for note in found.notes)
    near = evaluate_flatfile(path, max_distance_km=60, **QUICK)
    assert near.residuals["epicentral_km"].max() < 60.5 and any("beyond 60 km" in note for note in near.notes)
    with pytest.raises(InputError, match=r"no row is within max_distance_km=0\.1"):
        evaluate_flatfile(path, max_distance_km=0.1, **QUICK)
    with pytest.raises(InputError, match="realizations=0 must be"):
        evaluate_flatfile(path, **{**QUICK, "realizations": 0})


def test_swapped_coordinates_are_seen(tmp_path):
    table = read_ground_motion(flat_file(tmp_path / "f.csv", 2, 5))
    rows = table.rows.assign(path_ep_distance_km=900.0)
    with pytest.raises(InputError, match="are latitude and longitude swapped"):
        evaluate_flatfile(GroundMotionTable(rows, table.measures, "rotd50", "", ()), **QUICK)


def test_rows_outside_the_backends_range_are_left_out_and_counted(tmp_path):
    path = flat_file(tmp_path / "f.csv", 3, 4)
    path.write_text(path.read_text().replace("e1,35.0,-117.0,6.0,4.666", "e1,35.0,-117.0,6.0,9.666"))
    found = evaluate_flatfile(path, **QUICK)
    assert found.about["events"] == 2 and any("4 rows outside the range of pulse" in note for note in found.notes)
    path.write_text(path.read_text().replace(",4.0,mw", ",9.5,mw").replace(",5.333", ",9.333"))
    with pytest.raises(DomainError, match="none of the 12 rows is within its range"):
        evaluate_flatfile(path, **QUICK)


# --- statistics


def test_an_event_that_is_drawn_twice_counts_as_two():
    rng = np.random.default_rng(1)
    events, stations = np.repeat(np.arange(12), 40), np.tile(np.arange(40), 12)
    values = rng.normal(size=12)[events] + 0.1 * rng.normal(size=480)
    table, samples = split_sets({"a": values, "b": 2 * values}, events, stations, draws=100)
    assert np.median(samples["a"][:, 1]) == pytest.approx(table["tau"][0], rel=0.25)
    assert samples["b"] == pytest.approx(2 * samples["a"], rel=0.02, abs=0.02)


def test_each_drawn_event_has_its_own_label():
    events = np.repeat([3, 4, 5, 6, 7], [1, 2, 1, 3, 2])
    for rows in resampled_rows(events, 50, 1, rows_within=False):
        labels = events_of_draw(events[rows], rows)
        assert labels.max() == 5  # as many as were drawn
        assert all(len(set(events[rows[labels == label]])) == 1 for label in range(1, 6))


def test_within_event_residuals_have_no_event_terms():
    rng = np.random.default_rng(2)
    events, stations = np.repeat(np.arange(20), 30), np.tile(np.arange(30), 20)
    rest = rng.normal(size=600)
    found = within_event(5 + 3 * rng.normal(size=20)[events] + rest, events, stations)
    assert np.corrcoef(found, rest)[0, 1] > 0.97


def test_spatial_correlation_of_a_made_field_is_found():
    rng = np.random.default_rng(3)
    latitude, longitude = rng.uniform(35, 35.6, 60), rng.uniform(-118, -117.4, 60)
    km = 111.2 * np.hypot(latitude[:, None] - latitude, (longitude[:, None] - longitude) * np.cos(np.radians(35.3)))
    root = np.linalg.cholesky(np.exp(-3 * km / 20) + 1e-9 * np.eye(60))
    values = (rng.normal(size=(80, 60)) @ root.T).ravel()
    table = spatial_correlation(values, np.repeat(np.arange(80), 60), np.tile(latitude, 80), np.tile(longitude, 80))
    wanted = np.exp(-3 * table["distance_km"] / 20)
    assert np.abs(table["correlation"] - wanted).max() < 0.1
    assert correlation_range_km(table) == pytest.approx(20, rel=0.2)
    assert (table["low"] <= table["correlation"]).all() and (table["correlation"] <= table["high"]).all()


def test_correlation_between_measures_is_pearsons():
    rng = np.random.default_rng(4)
    a, b = rng.multivariate_normal([1, -2], [[1, 0.7], [0.7, 2]], 500).T
    table = measure_correlation({"a": a, "b": b}, np.arange(500) % 10, draws=100)
    assert table["correlation"][0] == pytest.approx(np.corrcoef(a, b)[0, 1])
