"""Rows of noise leak as records do: which ones a training may know."""

import numpy as np
import pandas as pd
import pytest
from heggs_sets import BEGIN, NPTS, RATE, made_up_rows, waveforms, write_set

from seissynth.errors import InputError
from seissynth.io.seisbench.dataset import DatasetWriter
from seissynth_plugins.heggs.training.augmentation import Augmenter, named_augmentation
from seissynth_plugins.heggs.training.data import TrainingTable

FOLDS = 4


def set_with_noise(folder, noise, rows=None, split=None):
    """Write a set whose rows of noise are (station, start in s after the first origin, word of the split)."""
    rows = made_up_rows() if rows is None else rows
    quiet = [
        {
            "station_network_code": "CI", "station_code": code, "trace_category": "noise",
            "trace_start_time": (BEGIN + pd.Timedelta(seconds=start)).isoformat(), "trace_sampling_rate_hz": RATE,
            "trace_npts": NPTS, **({"split": word} if split else {}),
        }
        for code, start, word in noise
    ]  # fmt: skip
    for number, row in enumerate(rows if split else ()):
        row["split"] = split[number]
    data = np.concatenate([waveforms(rows), 1e-8 * np.ones((len(quiet), 3, NPTS), np.float32)])
    with DatasetWriter(folder, sampling_rate_hz=RATE, unit="m/s", quantity="velocity") as writer:
        writer.write(pd.DataFrame(rows + quiet), data)
    return folder


def kept(table):
    """(station, start in s) of the rows of noise that training knows."""
    some = table.table.iloc[table.noise]
    starts = (pd.to_datetime(some["trace_start_time"], utc=True, format="ISO8601") - BEGIN).dt.total_seconds()
    return list(zip(some["station_code"], starts, strict=True))


# earthquakes every 300 s, windows of 60 s; blocks of two: 0 to 360 s, 600 to 960, 1200 to 1560, 1800 to 2160
BEFORE, BETWEEN, BEHIND = ("S0", -60.0, ""), ("S1", 450.0, ""), ("S2", 2500.0, "")


@pytest.mark.parametrize(
    ("fold", "left_out"),
    [(0, {120.0, 750.0}), (1, {750.0, 1350.0}), (2, {1350.0, 1950.0}), (3, {1950.0, 120.0}), (None, set())],
)
def test_noise_within_the_time_of_a_block_that_validates_or_tests_is_purged(tmp_path, fold, left_out):
    noise = [BEFORE, BETWEEN, BEHIND, *(("S3", start, "") for start in (120.0, 750.0, 1350.0, 1950.0))]
    folder = set_with_noise(tmp_path / "set", noise)
    wanted = [row[:2] for row in noise if row[1] not in left_out]
    assert kept(TrainingTable(folder, fold=fold, folds=FOLDS)) == wanted


def test_noise_that_shares_a_sample_with_an_earthquake_at_its_station_is_purged(tmp_path):
    """Whatever part the earthquake is in; 60 s of 100 Hz end 0.01 s before the next window begins."""
    starts = {"just before": 240.0, "one sample": 240.01, "last sample": 359.99, "just behind": 360.0}
    folder = set_with_noise(tmp_path / "set", [("S0", start, "") for start in starts.values()])
    assert kept(TrainingTable(folder, fold=2, folds=FOLDS)) == [("S0", 240.0), ("S0", 360.0)]
    # a station that did not record the earthquake
    rows = [row for row in made_up_rows() if row["station_code"] != "S0"]
    folder = set_with_noise(tmp_path / "other", [("S0", start, "") for start in starts.values()], rows)
    assert [start for _, start in kept(TrainingTable(folder, fold=2, folds=FOLDS))] == list(starts.values())


def test_noise_of_stations_kept_out_is_kept_out(tmp_path):
    folder = write_set(tmp_path / "set")
    table = TrainingTable(folder, fold=0, folds=FOLDS, stations_out=["CI.S1"])
    assert {code for code, _ in kept(table)} == {"S0", "S2", "S3"} and len(table.noise) == 9


def test_a_set_with_parts_says_which_noise_trains(tmp_path):
    words = ["train"] * 16 + ["dev"] * 8 + ["test"] * 8
    noise = [("S0", -60.0, "train"), ("S0", -120.0, "dev"), ("S0", -180.0, "test"), ("S0", -240.0, np.nan)]
    folder = set_with_noise(tmp_path / "set", [*noise, ("S1", 1530.0, "train")], split=words)
    # the last one shares samples with an earthquake that validates
    assert kept(TrainingTable(folder)) == [("S0", -60.0), ("S0", -240.0)]


def test_noise_of_a_further_set_is_held_to_the_same_rules(tmp_path):
    bare = write_set(tmp_path / "bare", noise=0)
    # its own earthquakes are others: 40 s later, at one station
    rows = [row for row in made_up_rows() if row["station_code"] == "S3"]
    for row in rows:
        late = pd.Timestamp(row["trace_start_time"]) + pd.Timedelta(seconds=40)
        row["trace_start_time"] = row["source_origin_time"] = late.isoformat()
    noise = [("S0", -60.0, ""), ("S0", 30.0, ""), ("S3", 80.0, ""), ("S3", 130.0, ""), ("S0", 1400.0, "")]
    other = set_with_noise(tmp_path / "other", noise, rows)
    # of its own earthquakes; of those of the other set; within the block that tests
    assert kept(TrainingTable(bare, noise=other, fold=2, folds=FOLDS)) == [("S0", -60.0), ("S3", 130.0)]
    assert kept(TrainingTable(bare, noise=other, fold=0, folds=FOLDS)) == [("S0", -60.0), ("S0", 1400.0)]


def test_times_of_made_records_are_nobodys(tmp_path):
    """Records of the factory and their noise are drawn: what overlaps in time shares no sample."""
    noise = [("S0", 30.0, "train"), ("S0", 600.0, "train"), ("S0", 700.0, "test")]
    folder = set_with_noise(tmp_path / "made", noise, split=["train"] * 16 + ["dev"] * 16)
    (folder / "dataset.json").write_text("{}")
    assert kept(TrainingTable(folder)) == [("S0", 30.0), ("S0", 600.0)]


def test_an_earthquake_that_one_set_keeps_out_does_not_train_in_another(tmp_path):
    """Two cuts of one archive: the second has fewer earthquakes, so that its blocks are others."""
    from seissynth.data.splits.split import PURGED

    rows = made_up_rows()
    some = [row for row in rows if row["source_id"] in ("e3", "e4", "e5", "e6") and row["station_code"] in ("S0", "S1")]
    first, second = write_set(tmp_path / "first", rows, noise=0), write_set(tmp_path / "second", some, noise=0)
    for fold in range(FOLDS):
        table = TrainingTable([first, second], fold=fold, folds=FOLDS)
        event = table.table["source_id"].str[2:]
        held = {part: set(event.iloc[table.rows(part)]) for part in ("train", "dev", "test")}
        assert held["test"] and not held["train"] & (held["dev"] | held["test"]) and not held["dev"] & held["test"]
        # blocks of the second are its four earthquakes, one by one
        assert {f"e{3 + fold}"} <= held["test"]
        alone = TrainingTable(first, fold=fold, folds=FOLDS)
        changed = np.flatnonzero(alone.parts.to_numpy() != table.parts.to_numpy()[: len(rows)])
        assert set(table.parts.iloc[changed]) <= {PURGED}


def test_no_noise_is_left(tmp_path):
    folder = set_with_noise(tmp_path / "set", [("S0", 120.0, "")])
    table = TrainingTable(folder, fold=0, folds=FOLDS)
    assert not len(table.noise)
    with pytest.raises(InputError, match="no set has rows of noise that training may use"):
        Augmenter(table, named_augmentation("real"), "train")


@pytest.fixture(scope="module")
def windows(shared_data, tmp_path_factory):
    """The Ridgecrest windows, 180 of them of noise."""
    import obspy

    from seissynth.data.cutting.cut import CutSettings, cut_events

    folder, output = shared_data / "ridgecrest_2019", tmp_path_factory.mktemp("ridgecrest") / "windows"
    inventory, catalog = obspy.read_inventory(folder / "inventory.xml"), obspy.read_events(folder / "catalog.xml")
    cut_events(
        folder / "waveforms.mseed", inventory, catalog, output, CutSettings(velocity_model="southern_california")
    )
    return output


def test_the_quiet_noise_of_ridgecrest(windows):
    """Six windows of two stations overlap or follow the first earthquake; two share samples with records."""
    first = pd.Timestamp("2019-07-04T17:02:55.34Z")
    minute = pd.Timedelta(seconds=60)
    for fold in (None, *range(5)):
        table = TrainingTable(windows, fold=fold)
        rows = table.table.assign(start=pd.to_datetime(table.table["trace_start_time"], utc=True, format="ISO8601"))
        noise, quakes = rows.iloc[table.noise], rows[~rows["noise"]]
        shared = 0
        for row in noise.itertuples():
            there = quakes[quakes["sensor"] == row.sensor]
            shared += ((there["start"] < row.start + minute) & (there["start"] + minute > row.start)).sum()
        late = noise["start"] + minute > first
        assert shared == 0
        # the first block tests in fold 0 and validates in fold 4; in the others it trains
        assert (len(noise), late.sum()) == ((174, 0) if fold in (0, 4) else (178, 4))
