"""Measures of ground motion, their residuals, and the groups, on records with known answers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from evaluation_sets import pairs_of, record_set, scaled

from seissynth.errors import InputError
from seissynth.evaluation import (
    EvaluationSettings,
    RecordSet,
    bias_beyond_selection,
    ground_motion_measures,
    ln_residuals,
    model_residuals,
    network_magnitude,
    record_magnitudes,
    residuals_between_draws,
    split_table,
    station_corrections,
)
from seissynth.evaluation.groups.ground_motion import by_class, clear_of_noise, in_band, same_band, windows
from seissynth.evaluation.groups.ground_motion_groups import figure_2_points, ground_motion_group, magnitude_group
from seissynth.signal import arias_intensity, pga, response_spectrum, significant_duration

FAST = EvaluationSettings(draws=50, periods_s=(0.3,))


def _row(group, metric):
    return group.summary.set_index("metric").loc[metric]


def _one(data, **options):
    table = pd.DataFrame({"source_id": ["a"] * len(data)})
    return RecordSet("one", np.asarray(data, np.float32), 100.0, "acceleration", table, **options)


def test_measures_of_linear_motion():
    """Motion along one line has RotD50 = cos 45° times the trace's own measure; energies are the trace's, halved."""
    rng = np.random.default_rng(0)
    trace = rng.normal(size=3000) * np.exp(-np.arange(3000) / 600)
    angle = np.radians(30)
    records = _one([[0 * trace, trace * np.cos(angle), trace * np.sin(angle)]])
    found = ground_motion_measures(records, (0.1, 1.0)).iloc[0]
    half = np.cos(np.pi / 4)
    assert found["pga"] == pytest.approx(half * pga(trace), rel=1e-3)
    np.testing.assert_allclose(
        found[["psa_0.1", "psa_1"]].astype(float), half * response_spectrum(trace, 100.0, (0.1, 1.0)), rtol=2e-2
    )
    assert found["arias"] == pytest.approx(0.5 * arias_intensity(trace, 100.0), rel=1e-5)
    assert found["d5_95_s"] == pytest.approx(significant_duration(trace, 100.0, 5, 95), abs=1e-3)


def test_what_lies_outside_the_window_does_not_count():
    data = 1e-3 * np.random.default_rng(0).normal(size=(1, 3, 4000))
    louder = data.copy()
    louder[0, :, 3000:] = 1.0  # another earthquake from 30 s on
    options = {"p_s": [5.0], "mask_end_s": [29.0]}
    quiet, loud = (ground_motion_measures(_one(x, **options)).to_numpy() for x in (data, louder))
    velocity = list(ground_motion_measures(_one(data, **options))).index("pgv")
    np.testing.assert_allclose(np.delete(quiet, velocity), np.delete(loud, velocity), rtol=2e-2)


def test_windows_stand_around_p():
    records = _one(np.ones((3, 3, 2000)), p_s=[5.0, 1.0, np.nan], mask_end_s=[12.0, np.inf, np.inf])
    signal, noise = windows(records)
    assert signal.sum(axis=1).tolist() == [750, 1950, 2000]
    assert noise.sum(axis=1).tolist() == [450, 0, 0]  # half a second is too short to be noise


def test_noise_is_told_from_signal():
    records = record_set()
    silent = scaled(records, 1.0)
    silent.data[:] = np.random.default_rng(1).normal(size=silent.data.shape)
    assert clear_of_noise(records)[0][["pga", "pgv", "arias"]].to_numpy().all()
    assert clear_of_noise(silent)[0][["pga", "psa_0.1", "arias"]].to_numpy().mean() < 0.02


def test_band_decides_what_is_measured():
    magnitude = [2.0, 4.0, 6.0]
    records = _one(np.ones((3, 3, 100)), band_hz=(1.0, 45.0))
    allowed = in_band(records, magnitude, (0.1, 0.5, 0.8, 3.0))
    assert allowed["pga"].all() and allowed["psa_0.1"].all() and allowed["psa_0.5"].all()
    assert allowed["pgv"].tolist() == allowed["psa_0.8"].tolist() == [True, True, False]
    assert not allowed["psa_3"].any()
    assert in_band(replace(records, band_hz=None), magnitude).to_numpy().all()


@pytest.mark.parametrize("factor", [1.0, 2.0, 0.25])
def test_residuals_of_a_scaled_copy(factor):
    real = record_set()
    table = ln_residuals(pairs_of(real, scaled(real, factor), scaled(real, factor)), (0.3,))
    for name in ("pga", "pgv", "psa_0.3"):
        np.testing.assert_allclose(table[name], np.log(factor), atol=1e-5)
    np.testing.assert_allclose(table["arias"], 2 * np.log(factor), atol=1e-5)
    np.testing.assert_allclose(table["d5_95_s"], 0.0, atol=1e-5)


def test_draws_are_averaged_in_ln():
    real = record_set()
    table = ln_residuals(pairs_of(real, scaled(real, 2.0), scaled(real, 0.5)), (0.3,))
    np.testing.assert_allclose(table["pga"], 0.0, atol=1e-5)


def test_clipped_records_are_left_out():
    real = record_set()
    real.metadata["trace_is_clipped"] = np.arange(len(real)) % 2 == 0
    table = ln_residuals(pairs_of(real, real), (0.3,))
    assert np.isnan(table["pga"][::2]).all() and np.isfinite(table["pga"][1::2]).all()


def test_group_of_a_set_against_itself_and_scaled():
    real = record_set()
    perfect = ground_motion_group(pairs_of(real, real), FAST, models=["emolo15"])
    values = perfect.summary[perfect.summary["metric"].str.startswith("ln_")]
    assert np.abs(values["value"]).max() < 1e-6
    louder = ground_motion_group(pairs_of(real, scaled(real, 2.0)), FAST, models=["emolo15"])
    assert _row(louder, "ln_pga_bias")["value"] == pytest.approx(np.log(2), abs=1e-5)
    assert _row(louder, "ln_pga_sd")["value"] == pytest.approx(0.0, abs=1e-5)
    table = louder.tables["Against ground-motion models"]
    means = table.set_index(["set", "measure"])["mean"]
    assert means["generated", "pga"] - means["real", "pga"] == pytest.approx(np.log(2), abs=1e-5)
    assert any("Emolo" in note and "outside" in note for note in louder.notes)


def _chosen_pairs(factor, site_sd=0.0, seed=3):
    """Real records and four draws of the same motion, sizes of sd 1 in ln, behind noise that differs by a factor of 20.

    `site_sd` is shared by the draws of a record, and not by its real one.
    """
    real = record_set(events=60, stations=8, npts=1200)
    rng = np.random.default_rng(seed)
    before = np.arange(real.npts) < 100 * real.p_s[:, None] - 60
    motion = np.where(before[:, None], 0, real.data / np.abs(real.data).max(axis=(1, 2), keepdims=True))
    noise = np.where(before[:, None], rng.normal(size=real.data.shape), 0)
    noise /= np.abs(noise).max(axis=(1, 2), keepdims=True)
    noise *= 0.33 * np.exp(rng.uniform(-1.5, 1.5, (len(real), 1, 1)))
    site = site_sd * rng.normal(size=(len(real), 1, 1))

    def drawn(scale, shared):
        size = scale * np.exp(shared + np.sqrt(1 - site_sd**2) * rng.normal(size=(len(real), 1, 1)))
        return replace(real, data=(size * motion + noise).astype(np.float32))

    own = site_sd * rng.normal(size=(len(real), 1, 1))
    return pairs_of(drawn(1.0, own), *(drawn(factor, site) for _ in range(4)))


SELECTED = EvaluationSettings(draws=100, periods_s=(0.3,))


@pytest.mark.parametrize("factor", [1.0, 1.5, 0.6])
def test_selection_is_told_from_bias(factor):
    """Of one distribution real records come out larger, chosen above their noise."""
    pairs = _chosen_pairs(factor)
    group = ground_motion_group(pairs, SELECTED, models=["emolo15"])
    beyond = _row(group, "ln_pga_bias_beyond_selection")
    assert beyond["value"] == pytest.approx(np.log(factor), abs=0.25)
    assert beyond["low"] < np.log(factor) < beyond["high"]
    assert _row(group, "ln_pga_bias")["value"] < np.log(factor) - 0.4
    alone = _row(group, "ln_pga_bias_of_selection")
    assert alone["value"] < -0.3 and alone["records"] <= len(pairs)
    one = ground_motion_group(pairs_of(pairs.real, pairs.draws[0]), SELECTED, models=["emolo15"])
    assert "ln_pga_bias_beyond_selection" not in set(one.summary["metric"])


def test_draws_that_share_a_site_leave_a_part_of_the_selection():
    found = [
        _row(ground_motion_group(_chosen_pairs(1.0, sd), SELECTED, models=["emolo15"]), "ln_pga_bias_beyond_selection")
        for sd in (0.0, 0.8)
    ]
    assert found[1]["value"] < found[0]["value"] - 0.1


def test_what_no_selection_explains():
    """A wrong unit, too few draws, another measure, one draw."""
    rng = np.random.default_rng(1)
    between, events = rng.normal(size=(4, 50)), np.arange(50) // 5
    assert np.isnan(bias_beyond_selection(np.full(50, 6.9), between, np.full((4, 50), 20.0), events)).all()
    assert np.isnan(bias_beyond_selection(np.zeros(50), between, np.full((4, 50), -20.0), events)[0])
    assert np.isnan(bias_beyond_selection(np.zeros(50), np.full((4, 50), np.nan), np.ones((4, 50)), events)[0])
    real = record_set(events=2)
    with pytest.raises(InputError, match=r"measure='arias' must be one of 'pga', 'pgv', 'psa_0.1'"):
        residuals_between_draws(pairs_of(real, real, real), "arias")
    with pytest.raises(InputError, match="draws cannot be compared with each other, there is 1"):
        residuals_between_draws(pairs_of(real, real))


def test_measures_of_changed_samples_are_new():
    real = record_set(events=2)
    pairs = pairs_of(real, scaled(real, 1.0), scaled(real, 1.0))
    before = ln_residuals(pairs, (0.3,))["pga"]
    pairs.draws[0].data[:] *= np.e**2
    np.testing.assert_allclose(ln_residuals(pairs, (0.3,))["pga"] - before, 1.0, atol=1e-5)


def test_events_and_stations_are_told_apart():
    """Records scaled by event (sd 0.5), by station (sd 0.3) and each by itself (sd 0.05)."""
    real = record_set(events=12, stations=10, npts=3000)
    rng = np.random.default_rng(5)
    event, station = np.divmod(np.arange(len(real)), 10)
    terms = 0.5 * rng.normal(size=12), 0.3 * rng.normal(size=10)
    own = 0.05 * rng.normal(size=len(real))
    made = scaled(real, np.exp(terms[0][event] + terms[1][station] + own)[:, None, None])
    table = ln_residuals(pairs_of(real, made), ())
    split = split_table({"pga": table["pga"]}, event, station, limits=False)
    pga_row = split.set_index("measure").loc["pga"]
    assert pga_row["event"] == pytest.approx(terms[0].std(ddof=1), rel=0.05)
    assert pga_row["station"] == pytest.approx(terms[1].std(ddof=1), rel=0.05)
    assert pga_row["remaining"] == pytest.approx(0.05, rel=0.2)


def test_model_residuals_use_each_models_distance():
    records = record_set()
    medians = pd.DataFrame({"pga": np.ones(len(records))})
    residual, prediction = model_residuals(records, medians, "emolo15")
    by_hand = -np.log(10) * (
        -3.16 + 0.75 * records.column("source_magnitude")
        - 0.72 * np.log10(np.hypot(records.column("path_ep_distance_km"), 3.7))
        - 0.0034 * records.column("path_ep_distance_km")
    )  # fmt: skip
    np.testing.assert_allclose(residual["pga"], by_hand, rtol=1e-9)
    assert prediction.outside_count == 0


def test_classes_leave_out_what_is_empty():
    table = by_class({"pga": [1.0, 3.0, np.nan, 7.0]}, (0, 2, 4, 6), [1, 1, 3, 5], list("aabc"), draws=20)
    assert table["class"].tolist() == ["0 to 2", "4 to 6"]
    assert table["median"].tolist() == [2.0, 7.0]


def test_figure_2_forgets_the_records_own_pga():
    """As printed a point depends on ML and distance only: twice the motion is 0.301 units of ML."""
    real = record_set(npts=3000)
    points, notes = figure_2_points(pairs_of(real, scaled(real, 2.0)), "korea", FAST)
    np.testing.assert_allclose(points["ml_generated"] - points["ml_real"], np.log10(2), atol=1e-5)
    inside = points["model_of_ml_real"].notna() & points["model_of_ml_generated"].notna()
    ratio = np.log10(points["model_of_ml_generated"] / points["model_of_ml_real"])[inside]
    np.testing.assert_allclose(ratio, 0.75 * np.log10(2), atol=1e-5)
    np.testing.assert_allclose(points["pga_generated"] / points["pga_real"], 2.0, rtol=1e-5)
    assert len(notes) == 3


def test_unfiltered_draws_get_the_band_of_the_real_ones():
    real = replace(record_set(npts=2000), band_hz=(1.0, 45.0))
    made = scaled(record_set(npts=2000), 1.0)
    found = same_band(pairs_of(real, made)).generated
    assert found.band_hz == (1.0, 45.0)
    slow = np.abs(np.fft.rfft(found.data[0, 0]))[1:10].mean() / np.abs(np.fft.rfft(made.data[0, 0]))[1:10].mean()
    assert slow < 0.1
    assert same_band(pairs_of(record_set(npts=2000), made)).generated is made


# --- magnitudes


def test_magnitudes_of_a_scaled_copy():
    real = record_set()
    group = magnitude_group(pairs_of(real, scaled(real, 10.0)), FAST)
    assert _row(group, "ml_difference")["value"] == pytest.approx(1.0, abs=1e-5)
    assert _row(group, "ml_difference_sd")["value"] == pytest.approx(0.0, abs=1e-5)
    assert _row(group, "ml_slope")["value"] == pytest.approx(1.0, abs=1e-5)
    itself = magnitude_group(pairs_of(real, real), FAST)
    assert _row(itself, "ml_difference")["value"] == pytest.approx(0.0, abs=1e-7)


def test_vector_is_larger_than_the_mean_of_components():
    records = record_set()
    both = record_magnitudes(records)["ml"]
    vector = record_magnitudes(records, measure="vector")["ml"]
    assert (vector >= both - 1e-9).all() and (vector - both).mean() < 0.2


def test_network_magnitude_is_the_median_of_stations():
    rng = np.random.default_rng(2)
    values = rng.normal(3, 0.3, (4, 7))
    event, station = np.divmod(np.arange(28), 7)
    found = network_magnitude(values.ravel(), event, station)
    np.testing.assert_allclose(found["ml"], np.median(values, axis=1))
    np.testing.assert_allclose(found["sd"], values.std(axis=1, ddof=1))
    twice = network_magnitude(np.repeat(values.ravel(), 2) + np.tile([0.1, -0.1], 28), np.repeat(event, 2),
                              np.repeat(station, 2))  # fmt: skip
    np.testing.assert_allclose(twice["ml"], found["ml"])  # two horizontals are one station


def test_station_corrections_undo_station_terms():
    rng = np.random.default_rng(3)
    event, station = np.divmod(np.arange(400), 10)
    term = rng.normal(0, 0.3, 10)
    truth = rng.normal(3, 0.5, 40)
    ml = truth[event] + term[station] + 0.02 * rng.normal(size=400)
    known = station_corrections(ml, event, station, reference=dict(enumerate(truth)))
    np.testing.assert_allclose([known[k] for k in range(10)], -term, atol=0.02)
    own = station_corrections(ml, event, station)
    np.testing.assert_allclose([own[str(k)] for k in range(10)], term.mean() - term, atol=0.03)
    spread = network_magnitude(ml, event, station, corrections=known)["ml"] - truth
    assert np.abs(spread).max() < 0.05


def test_closure_of_the_stochastic_backend():
    """Records made with the closure conversion have the magnitude that was asked for."""
    import seissynth
    from seissynth.evaluation import streams_to_record_set

    inventory, event = seissynth.read_example()
    event = event.copy()
    for asked in (2.5, 4.0):
        event.magnitudes[0].mag, event.magnitudes[0].magnitude_type = asked, "ML"
        made = seissynth.generate(inventory, event, duration=120.0, realizations=4, variability=False, seed=3,
                                  magnitude_conversion="closure")  # fmt: skip
        records = streams_to_record_set(made, inventory=inventory)
        found = record_magnitudes(records, least_ratio=0.0)["ml"]
        assert found.median() == pytest.approx(asked, abs=0.15)
