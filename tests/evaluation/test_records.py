"""Record sets, pairs and intervals."""

import numpy as np
import pandas as pd
import pytest
from obspy import Stream

import seissynth
from seissynth.errors import InputError
from seissynth.evaluation import RecordSet, interval, mean_interval, pair_sets, paired_difference, read_record_set
from seissynth.evaluation.results import SUMMARY_COLUMNS, as_summary, summary_row
from seissynth.evaluation.statistics.intervals import resampled_rows
from seissynth.io.seisbench.dataset import DatasetWriter

RATE = 100.0
NPTS = 400


def table(events, stations):
    return pd.DataFrame(
        {
            "source_id": events,
            "station_network_code": "XX",
            "station_code": stations,
            "station_location_code": "",
            "trace_channel": "HH",
        }
    )


def made_up(name="real", events="aabb", stations="STST", seed=0, **more):
    data = np.random.default_rng(seed).standard_normal((len(events), 3, NPTS)).astype("float32")
    return RecordSet(name, data, RATE, "velocity", table(list(events), list(stations)), **more)


# --- record sets


def test_the_mask_is_from_origin_to_the_next_earthquake():
    records = made_up(start_s=np.full(4, -1.0), mask_end_s=np.array([1.0, np.inf, 0.5, 2.0]))
    assert records.mask().sum(axis=1).tolist() == [100, 300, 50, 200]
    assert records.times_s(0)[0] == -1.0


def test_integral_and_derivative_of_a_sine_in_band():
    times = np.arange(4000) / RATE
    ramp = np.clip(times / 4, 0, 1)
    velocity = np.tile(ramp * np.sin(2 * np.pi * 2.0 * times), (1, 3, 1))
    records = RecordSet("sine", velocity, RATE, "velocity", table(["a"], ["S"]), band_hz=(0.1, 45.0))
    middle = slice(1500, 3500)
    displacement = records.motion("displacement")[0, 0, middle]
    acceleration = records.motion("acceleration")[0, 0, middle]
    np.testing.assert_allclose(acceleration, 4 * np.pi * np.cos(4 * np.pi * times[middle]), atol=2e-2)
    # the causal high-pass turns the phase, not the amplitude
    assert np.sqrt(2) * displacement.std() == pytest.approx(1 / (4 * np.pi), rel=2e-3)


def test_records_that_are_not_motion_are_not_converted():
    records = RecordSet("scaled", np.zeros((1, 3, 10)), RATE, "normalised", table(["a"], ["S"]))
    with pytest.raises(InputError, match="cannot be made velocity"):
        records.motion("velocity")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": np.zeros((4, 2, 10))}, r"must be \(n, 3, npts\)"),
        ({"data": np.full((4, 3, 10), np.nan)}, "4 records hold samples that are not finite"),
        ({"quantity": "speed"}, "quantity='speed' is unknown"),
        ({"metadata": table(["a"], ["S"])}, "4 records, but 1 rows"),
        ({"p_s": np.zeros(3)}, "p_s has shape"),
    ],
)
def test_a_set_that_does_not_fit_together(change, message):
    arguments = {"name": "real", "data": np.zeros((4, 3, 10)), "sampling_rate_hz": RATE, "quantity": "velocity",
                 "metadata": table(list("aabb"), list("STST")), **change}  # fmt: skip
    with pytest.raises(InputError, match=message):
        RecordSet(**arguments)


def test_a_folder_in_seisbenchs_format(tmp_path):
    data = np.random.default_rng(1).standard_normal((3, 3, NPTS)).astype("float32")
    origin = "2020-01-01T00:00:10.000000Z"
    rows = [
        {"source_id": "a", "source_origin_time": origin, "trace_start_time": "2020-01-01T00:00:08.500000Z",
         "station_network_code": "XX", "station_code": code, "trace_category": category, "trace_p_arrival_sample": 250,
         "trace_s_arrival_sample": np.nan, "trace_mask_end_s": 3.0, "trace_missing_samples": missing}
        for code, category, missing in (("S", "earthquake_local", 0), ("T", "noise", 0), ("U", "earthquake_local", 7))
    ]  # fmt: skip
    with DatasetWriter(tmp_path / "set", sampling_rate_hz=RATE, component_order="ENZ") as writer:
        writer.write(rows, data)
    records = read_record_set(tmp_path / "set")
    assert (records.name, records.quantity, len(records)) == ("set", "velocity", 1)
    np.testing.assert_array_equal(records.data[0], data[0, ::-1])
    assert records.start_s[0] == -1.5
    assert records.p_s[0] == pytest.approx(1.0)
    assert np.isnan(records.s_s[0])
    assert records.mask_end_s[0] == 1.5
    assert len(read_record_set(tmp_path / "set", complete=False)) == 2
    assert len(read_record_set(tmp_path / "set", category=None)) == 2
    with pytest.raises(InputError, match="no record of"):
        read_record_set(tmp_path / "set", category="explosion")
    with pytest.raises(InputError, match="there is nothing at"):
        read_record_set(tmp_path / "absent")


def test_streams_of_an_ensemble_are_draws():
    inventory, event = seissynth.read_example()
    inventory = inventory.select(station="[BC]*")
    ensemble = seissynth.generate(inventory, event, realizations=2, duration=40.0)
    records = read_record_set(ensemble, inventory=inventory)
    assert len(records) == 4
    real = read_record_set(ensemble[0], "real", inventory=inventory)
    pairs = pair_sets(real, records)
    assert len(pairs) == 2
    assert len(pairs.draws) == 2
    np.testing.assert_array_equal(pairs.draws[0].data, real.data)
    assert not np.array_equal(pairs.draws[1].data, real.data)
    stream = ensemble[0].select(station="CASC")
    row = records.sites.tolist().index("XX.CASC")
    np.testing.assert_array_equal(records.data[row, 2], stream.select(channel="HHE")[0].data)
    assert records.p_s[row] == stream[0].stats.seissynth.p_s


def test_horizontals_of_other_directions_are_turned():
    inventory, event = seissynth.read_example()
    own = inventory.select(station="BORE")
    st = seissynth.generate(own, event, duration=40.0)
    assert {trace.stats.channel[-1] for trace in st} == set("Z12")
    with pytest.raises(InputError, match="pass inventory="):
        read_record_set(st)
    turned = st.copy().rotate("->ZNE", inventory=own)
    records = read_record_set(st, inventory=own)
    np.testing.assert_allclose(records.data[0, 1], turned.select(channel="*N")[0].data, rtol=1e-6)


def test_foreign_and_empty_streams():
    from obspy import read

    with pytest.raises(InputError, match="was not made by seissynth"):
        read_record_set(read())
    with pytest.raises(InputError, match="is empty"):
        read_record_set(Stream())


# --- pairs


def test_pairs_do_not_depend_on_the_order():
    real = made_up()
    order = np.array([2, 0, 3, 1])
    pairs = pair_sets(real, made_up("generated").select(order))
    np.testing.assert_array_equal(pairs.generated.data, pairs.real.data)
    assert pairs.name == "generated"


def test_what_has_no_partner_is_counted():
    pairs = pair_sets(made_up(), made_up("generated", events="abc", stations="SSS"))
    assert (len(pairs), pairs.unmatched_real, pairs.unmatched_generated) == (2, 2, 1)


def test_as_many_draws_as_every_record_has():
    generated = made_up("generated", events="aabab", stations="SSSTT", seed=3)
    pairs = pair_sets(made_up(), generated)
    assert len(pairs.draws) == 1
    twice = pair_sets(made_up(events="ab", stations="SS"), generated.select([0, 1, 2, 2]))
    assert len(twice.draws) == 2
    np.testing.assert_array_equal(twice.draws[1].data[0], generated.data[1])


def test_generated_records_take_the_real_ones_times():
    real = made_up(events="a", stations="S", start_s=np.array([-0.5]))
    longer = RecordSet("g", np.arange(3 * 600, dtype=float).reshape(1, 3, 600), RATE, "velocity", table(["a"], ["S"]),
                       start_s=np.array([-1.0]))  # fmt: skip
    np.testing.assert_array_equal(pair_sets(real, longer).generated.data[0, 0], np.arange(50, 450))
    late = RecordSet("g", np.ones((1, 3, 100)), RATE, "velocity", table(["a"], ["S"]), start_s=np.array([0.5]))
    moved = pair_sets(real, late).generated
    assert np.flatnonzero(moved.data[0, 0])[[0, -1]].tolist() == [100, 199]
    assert moved.start_s[0] == -0.5


def test_origin_times_stand_for_ids_that_differ():
    times = ["2020-01-01T00:00:00.01Z", "2020-01-02T00:00:00Z"]
    real, generated = made_up(events="ab", stations="SS"), made_up("g", events="xy", stations="SS")
    real.metadata["source_origin_time"] = times
    generated.metadata["source_origin_time"] = ["2020-01-02T00:00:00.02Z", "2020-01-03T00:00:00Z"]
    pairs = pair_sets(real, generated)
    assert pairs.real.events.tolist() == ["b"]
    assert pairs.generated.events.tolist() == ["x"]


def test_pairs_of_sets_that_have_nothing_in_common():
    with pytest.raises(InputError, match="share no source_id"):
        pair_sets(made_up(), made_up("g", events="cc", stations="ST"))
    with pytest.raises(InputError, match="no record of an earthquake and sensor"):
        pair_sets(made_up(), made_up("g", events="ab", stations="UU"))
    slow = RecordSet("slow", np.zeros((1, 3, 9)), 50.0, "velocity", table(["a"], ["S"]))
    with pytest.raises(InputError, match="100 Hz, slow 50 Hz"):
        pair_sets(made_up(), slow)


# --- intervals


def test_rows_of_an_earthquake_go_together():
    events = np.repeat(np.arange(6), 4)
    for rows in resampled_rows(events, draws=20, rows_within=False):
        counts = np.bincount(events[rows], minlength=6)
        assert (counts % 4 == 0).all()
        assert counts.sum() == len(events)


def test_stations_of_an_earthquake_go_together():
    events, stations = np.repeat([0, 1], 6), np.tile(np.repeat([0, 1, 2], 2), 2)
    for rows in resampled_rows(events, draws=20, stations=stations):
        pairs = np.bincount(events[rows] * 3 + stations[rows], minlength=6)
        assert (pairs % 2 == 0).all()
        assert len(set(rows.tolist()) & {0, 1}) in (0, 2)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = []
    for trial in range(200):
        between = rng.normal(size=30)
        events = np.repeat(np.arange(30), 5)
        values = between[events] + rng.normal(size=150)
        _, low, high = mean_interval(values, events, draws=300, seed=trial)
        held.append(low < 0 < high)
    assert 0.90 <= np.mean(held) <= 0.985


def test_interval_has_the_width_of_the_cluster_mean():
    rng = np.random.default_rng(2)
    events = np.repeat(np.arange(400), 10)
    values = rng.normal(size=400)[events]  # nothing but the earthquake's own
    value, low, high = mean_interval(values, events)
    assert value == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(400), rel=0.1)


def test_one_earthquake_has_no_interval():
    value, low, high = interval(lambda rows: float(len(rows)), ["a", "a"])
    assert value == 2.0
    assert np.isnan([low, high]).all()


def test_paired_differences_see_what_single_intervals_do_not():
    rng = np.random.default_rng(0)
    events = np.repeat(np.arange(40), 4)
    base = rng.normal(size=40)[events]
    better = base - 0.05 + 0.01 * rng.normal(size=160)
    assert mean_interval(base, events)[1] < better.mean()
    difference, low, high = paired_difference(better, base, events)
    assert low < difference < high < 0


def test_bad_intervals():
    with pytest.raises(InputError, match="no record"):
        interval(len, [])
    with pytest.raises(InputError, match="statistic='mode' is unknown"):
        mean_interval([1.0], ["a"], statistic="mode")
    assert np.isnan(mean_interval([np.nan], ["a"])).all()


def test_a_summary_counts_what_it_stands_on():
    row = summary_row("p_mae_s", "s", [1.0, np.nan, 3.0, 5.0], list("aabc"), 0.0, statistic="median", note="n")
    assert tuple(row) == SUMMARY_COLUMNS
    assert (row["value"], row["records"], row["events"], row["note"]) == (3.0, 3, 3, "n")
    assert as_summary([row]).shape == (1, len(SUMMARY_COLUMNS))
