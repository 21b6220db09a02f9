"""Which records a training takes, and how they are divided, at another rate, length, quantity and start than HEGGS'."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from heggs_sets import BEGIN
from torchkit_sets import NPTS, RATE, RULES, noise_row, short_rows, write_short_set

from seissynth.errors import InputError
from seissynth_plugins.torchkit.record_rules import RecordRules
from seissynth_plugins.torchkit.training_table import TrainingTable

FOLDS = 4


def shares_a_sample(one_s, other_s):
    """By listing the samples of two windows, in steps of 1/40 s."""
    one, other = ({round(start * RATE) + k for k in range(NPTS)} for start in (one_s, other_s))
    return bool(one & other)


def kept_noise(table):
    """(station, start in s after the first origin) of the rows of noise that training knows."""
    some = table.table.iloc[table.noise]
    starts = (pd.to_datetime(some["trace_start_time"], utc=True, format="ISO8601") - BEGIN).dt.total_seconds()
    return list(zip(some["station_code"], starts, strict=True))


def test_times_are_those_of_the_rate_and_the_length(tmp_path):
    rows = short_rows(events=4)
    table = TrainingTable(write_short_set(tmp_path / "set", rows), RULES)
    wanted = [row["path_p_travel_s"] + 5.0 for row in rows]  # windows begin 5 s before origin
    np.testing.assert_allclose(table.table["p_s"], wanted)
    assert (table.table["mask_end_s"] == 40.0).all() and table.waveforms([0, 3]).shape == (2, 3, 1600)
    assert table.ranges()["path_ep_distance_km"] == [10.0, 46.0]


@pytest.mark.parametrize(("spacing_s", "purged"), [(39.9, True), (40.0, False), (59.0, False)])
def test_windows_are_purged_by_their_own_length(tmp_path, spacing_s, purged):
    """Test is e2 and e3, dev e4 and e5: e1 meets e2 where windows of 40 s do; those of 60 s would in all cases."""
    table = TrainingTable(
        write_short_set(tmp_path / "set", short_rows(spacing_s)), RULES, fold=1, folds=FOLDS
    )  # fmt: skip
    events = set(table.table["source_id"].iloc[table.rows("purged")])
    assert ("e1" in events) == purged == shares_a_sample(spacing_s, 2 * spacing_s)


def test_noise_is_purged_sample_by_sample(tmp_path):
    """The first earthquake's window at S0 goes from -5 s to 35 s less one sample."""
    starts = [-45.0, -45.0 + 1 / RATE, 0.0, 35.0 - 1 / RATE, 35.0]
    rows = short_rows() + [noise_row("S0", start) for start in starts]
    # what does not share a sample must lie beyond the blocks that validate and test, too
    table = TrainingTable(write_short_set(tmp_path / "set", rows), RULES, fold=2, folds=FOLDS)
    wanted = [("S0", start) for start in starts if not shares_a_sample(start, -5.0)]
    assert kept_noise(table) == wanted == [("S0", -45.0), ("S0", 35.0)]


def test_messages_name_the_system_and_what_it_is_trained_on(tmp_path):
    folder = write_short_set(tmp_path / "set", short_rows(events=3))
    for changes, words in (
        ({"sampling_rate_hz": 50.0}, "sampled at 40.0 Hz; Toy is trained at 50 Hz"),
        ({"quantity": "velocity"}, r"holds 'm/s\*\*2'; Toy is trained on velocity, m/s\."),
        ({"duration_s": 60.0}, r"1600 to 1600 samples; Toy is trained on 2400 \(60 s from 5 s before origin\)\. "
         "Cut with --duration 60, or make with --duration 60 --p-lead none --start -5"),
        ({"start_s": 0.0}, "begin up to -5 s after origin; Toy learns .* begin there. Cut with --start 0, or"),
        ({"start_s": 10.0}, "must begin 10 s after origin. Cut with --start 10, .* --p-lead none --start 10"),
        ({"required": ("site_class",)}, "lacks site_class"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            TrainingTable(folder, replace(RULES, **changes))


def test_windows_may_begin_anywhere_and_hold_any_quantity(tmp_path):
    rows = short_rows(events=3)
    rows[5]["trace_start_time"] = rows[5]["source_origin_time"]
    for row in rows:
        del row["path_back_azimuth_deg"]
    folder = write_short_set(tmp_path / "set", rows, unit="counts", quantity="counts")
    rules = RecordRules("Toy", RATE, 40.0, quantity=None, start_s=None, required=("source_magnitude",))
    table = TrainingTable(folder, rules)
    assert not len(table.rows("unused")) and rules.describe() == "40 s, 40 Hz"
    with pytest.raises(InputError, match=r"trained on 2000 \(50 s\)\. Cut with --duration 50, or .* --duration 50\."):
        TrainingTable(folder, replace(rules, duration_s=50.0))


def test_only_what_is_required_must_be_known(tmp_path):
    rows = short_rows(events=3)
    rows[2]["source_depth_km"] = np.nan
    folder = write_short_set(tmp_path / "set", rows)
    assert TrainingTable(folder, RULES).rows("unused").tolist() == [2]
    table = TrainingTable(folder, replace(RULES, required=("source_magnitude",)))
    assert not len(table.rows("unused"))


def test_components_come_in_the_order_of_the_rules(tmp_path):
    folder = write_short_set(tmp_path / "set", short_rows(events=3))
    table, turned = (TrainingTable(folder, replace(RULES, component_order=order)) for order in ("ZNE", "ENZ"))
    np.testing.assert_array_equal(turned.waveforms([1, 4]), table.waveforms([1, 4])[:, ::-1])


def test_rules_that_no_record_can_follow():
    with pytest.raises(InputError, match="sampling_rate_hz=0"):
        RecordRules("Toy", 0.0, 40.0)
    with pytest.raises(InputError, match="quantity='speed' must be one of"):
        RecordRules("Toy", 40.0, 40.0, quantity="speed")
