"""Data sets -> training rows, statistics and pairs of HEGGS."""

from dataclasses import replace

import numpy as np
import pytest
from heggs_sets import BEGIN, made_up_rows, waveforms, write_set

from seissynth.errors import InputError
from seissynth.representations import LogSpectrogram
from seissynth_plugins.heggs.inputs import ModelInputs, by_peak, predicted_onsets
from seissynth_plugins.heggs.training.augmentation import Augmentation, Augmenter, named_augmentation
from seissynth_plugins.heggs.training.data import PairData, TrainingTable, fit_inputs
from seissynth_plugins.heggs.training.onset_terms import fit_onset_terms


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("heggs") / "set")


@pytest.fixture(scope="module")
def table(folder):
    return TrainingTable(folder, fold=0, folds=4)


@pytest.fixture(scope="module")
def inputs(table):
    return fit_inputs(table, extras=("onsets",))


# --- rows and parts


def test_folds_test_each_earthquake_once_and_share_no_time(folder):
    tested = []
    for fold in range(4):
        table = TrainingTable(folder, fold=fold, folds=4)
        events = {part: set(table.table["source_id"].iloc[table.rows(part)]) for part in ("train", "dev", "test")}
        assert not events["train"] & events["dev"] and not events["train"] & events["test"]
        tested += sorted(events["test"])
    assert sorted(tested) == [f"e{i}" for i in range(8)]


def test_windows_that_share_samples_with_the_test_block_are_purged(tmp_path):
    table = TrainingTable(write_set(tmp_path / "dense", made_up_rows(spacing_s=40.0)), fold=1, folds=4)
    events = table.table["source_id"]
    purged = set(events.iloc[table.rows("purged")])
    # test is e2 and e3, dev e4 and e5; windows last 60 s and follow each other by 40 s
    assert purged >= {"e1", "e6"}
    assert not purged & {"e0", "e2", "e3", "e7"}


def test_stations_kept_out_are_in_no_other_part(folder):
    table = TrainingTable(folder, fold=0, folds=4, stations_out=["CI.S1", "S3"])
    for part in ("train", "dev", "test"):
        assert set(table.sensors(table.rows(part))) == {"CI.S0", "CI.S2"}
    assert set(table.sensors(table.rows("stations_out"))) == {"CI.S1", "CI.S3"}
    with pytest.raises(InputError, match=r"stations_out: no record is of XX"):
        TrainingTable(folder, stations_out=["XX"])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("trace_is_dead", True),
        ("trace_is_clipped", True),
        ("trace_missing_samples", 3),
        ("trace_margin_s", 0.4),
        ("source_magnitude", np.nan),
        ("trace_mask_end_s", 1.0),
    ],
)
def test_a_record_that_teaches_nothing_is_left_out(tmp_path, column, value):
    rows = made_up_rows(events=4, stations=2)
    rows[3][column] = value
    table = TrainingTable(write_set(tmp_path / "set", rows, noise=0))
    assert table.rows("unused").tolist() == [3]


def test_a_set_with_parts_keeps_them(tmp_path):
    rows = made_up_rows(events=4, stations=2)
    for number, row in enumerate(rows):
        row["split"] = "dev" if number >= 6 else "train"
    folder = write_set(tmp_path / "set", rows, noise=0)
    table = TrainingTable(folder)
    assert table.rows("dev").tolist() == [6, 7] and len(table.rows("train")) == 6
    bare = write_set(tmp_path / "bare", made_up_rows(events=6, stations=2), noise=0)
    for sets, number in ((folder, 1), ([bare, folder], 2)):
        with pytest.raises(InputError, match=f"fold=0 cannot be taken: set {number} has a column 'split'"):
            TrainingTable(sets, fold=0, folds=3)


def test_a_second_earthquake_ends_the_mask_of_a_made_set(tmp_path):
    rows = made_up_rows(events=3, stations=2)
    for row in rows:
        del row["trace_mask_end_s"]
        row["trace_p2_arrival_sample"] = np.nan
    rows[1]["trace_p2_arrival_sample"] = 3000.0
    table = TrainingTable(write_set(tmp_path / "set", rows, noise=0))
    assert table.table["mask_end_s"].tolist() == [60.0, 30.0, 60.0, 60.0, 60.0, 60.0]


def test_two_sets_make_no_pair_across(tmp_path, folder):
    other = write_set(tmp_path / "other", made_up_rows(events=3))
    table = TrainingTable([folder, other])
    assert len(table.rows("noise")) == 24
    ids = table.table["source_id"][~table.table["noise"]]
    assert ids.nunique() == 11
    rows = np.array([0, 50, 1])
    np.testing.assert_array_equal(table.waveforms(rows)[1], table.sets[1].waveforms([6])[0])
    np.testing.assert_array_equal(table.waveforms(rows)[2], table.sets[0].waveforms([1])[0])


def test_noise_of_another_set(tmp_path, folder):
    bare = write_set(tmp_path / "bare", made_up_rows(events=4), noise=0)
    table = TrainingTable(bare, noise=folder)
    assert len(table.noise) == 12 and table.count_events("train") == 3
    with pytest.raises(InputError, match="has no row of noise"):
        TrainingTable(folder, noise=bare)


def test_sets_that_cannot_be_trained_on(tmp_path):
    with pytest.raises(InputError, match="100 Hz"):
        TrainingTable(write_set(tmp_path / "rate", sampling_rate_hz=50.0))
    with pytest.raises(InputError, match="velocity"):
        TrainingTable(write_set(tmp_path / "unit", unit="m/s**2"))
    rows = made_up_rows(events=2)
    for row in rows:
        del row["path_back_azimuth_deg"]
    with pytest.raises(InputError, match="lacks path_back_azimuth_deg"):
        TrainingTable(write_set(tmp_path / "columns", rows))
    late = made_up_rows(events=2)
    late[0]["trace_start_time"] = (BEGIN.replace(second=7)).isoformat()
    with pytest.raises(InputError, match="7 s after origin"):
        TrainingTable(write_set(tmp_path / "late", late))
    with pytest.raises(InputError, match="no data set"):
        TrainingTable([])


# --- statistics


def test_statistics_are_those_of_the_training_part_only(tmp_path, table, inputs):
    rows = made_up_rows()
    quiet = {"e0", "e1"}  # fold 0 of 4
    for row in rows:
        if row["source_id"] in quiet:
            row["source_magnitude"], row["source_depth_km"] = 6.5, 50.0
    other = TrainingTable(write_set(tmp_path / "set", rows), fold=0, folds=4)
    assert fit_inputs(other, extras=("onsets",)).to_plain() == inputs.to_plain()
    assert table.ranges()["source_magnitude"] == pytest.approx([2.7, 3.6])


def test_records_without_background_are_standardised_above_the_noise_of_their_sensors(tmp_path, folder):
    rows = made_up_rows()
    for row in rows:
        row["split"] = "train"
    silent = waveforms(rows)
    for record, row in zip(silent, rows, strict=True):
        record[:, : int(row["trace_p_arrival_sample"])] = 0
    made = write_set(tmp_path / "made", rows, noise=0, data=silent)
    table = TrainingTable(made, noise=folder)
    found = fit_inputs(table, augmentation=named_augmentation("clean")).statistics
    noise = LogSpectrogram().log_amplitude(table.waveforms(table.noise))[..., 8:-8]
    floor = np.quantile(noise, 0.1, axis=(0, 3))
    inside = LogSpectrogram().band_mask
    mine = found.log_floors([f"CI.S{i}" for i in range(4)], 4).mean(axis=0)
    assert np.abs(mine - floor)[:, inside].max() < 0.5
    without = fit_inputs(table).statistics
    assert without.sd[inside].min() > 2 * found.sd[inside].max()


def test_what_is_encoded_has_mean_0_and_deviation_1(table, inputs):
    rows = table.rows("train")
    x = inputs.encode(table.waveforms(rows), table.sensors(rows))
    assert np.abs(x.mean(axis=(0, 1, 3))).max() < 0.02
    assert np.abs(x.std(axis=(0, 1, 3)) - 1).max() < 0.02


def test_inputs_survive_plain_data(inputs):
    import json

    again = ModelInputs.from_plain(json.loads(json.dumps(inputs.to_plain())))
    assert again.to_plain() == inputs.to_plain()
    with pytest.raises(InputError, match="lacks condition_statistics"):
        ModelInputs.from_plain({k: v for k, v in inputs.to_plain().items() if k != "condition_statistics"})


def test_normalised_records_forget_their_size(table):
    inputs = fit_inputs(table, normalised=True)
    records = table.waveforms(table.rows("train")[:2])
    np.testing.assert_allclose(inputs.encode(records), inputs.encode(1000 * records), atol=1e-4)
    np.testing.assert_array_equal(by_peak(np.zeros((1, 3, 5))), 0)


def test_predicted_onsets_may_be_missing():
    out = predicted_onsets({"source_magnitude": [1.0, 2.0], "path_s_travel_s": [3.0, 4.0]})
    np.testing.assert_array_equal(out, [[np.nan, 3.0], [np.nan, 4.0]])


def test_delays_of_sensors_are_found_and_put_on(tmp_path):
    late = {"S0": (np.nan, 0.4), "S1": (0.1, 0.2), "S2": (0.3, -0.1), "S3": (0.5, 0.6)}
    rows = made_up_rows(events=20, spacing_s=900.0)
    for row in rows:
        for phase, delay in zip("ps", late[row["station_code"]], strict=True):
            row[f"trace_{phase}_status"] = "automatic" if np.isfinite(delay) else "estimated"
            row[f"trace_{phase}_arrival_sample"] += 100.0 * np.nan_to_num(delay)
    table = TrainingTable(write_set(tmp_path / "late", rows), fold=0)
    terms = fit_onset_terms(table.table, table.rows("train"))
    # 12 picks a sensor: a thirteenth of the way to the common median
    assert terms[""] == pytest.approx((0.3, 0.3))
    for name, delay in late.items():
        for found, common, true in zip(terms[f"CI.{name}"], terms[""], delay, strict=True):
            share = 0 if np.isnan(true) else 12 / 13
            assert found == pytest.approx(common + share * (np.nan_to_num(true) - common), abs=1e-3)
    inputs = ModelInputs.from_plain(fit_inputs(table).to_plain() | {"onset_terms": terms})
    assert inputs.to_plain()["onset_terms"]["CI.S2"] == list(terms["CI.S2"])
    columns = table.table.iloc[table.rows("test")[:4]].assign(station_code=["S1", "S2", "other", "S3"])
    columns["path_onset_origin"] = ["southern_california"] * 3 + ["picks"]
    added = inputs.onsets(columns) - predicted_onsets(columns)
    wanted = [terms["CI.S1"], terms["CI.S2"], terms[""], (0, 0)]
    np.testing.assert_allclose(added, wanted, atol=1e-5)
    # without names of sensors, the common delay
    unnamed = {"source_magnitude": [1.0], "path_p_travel_s": [3.0], "path_s_travel_s": [5.0]}
    np.testing.assert_allclose(inputs.onsets(unnamed), [[3.3, 5.3]], atol=1e-5)
    data = PairData(table, inputs, onset_maps=True)
    target = table.table.iloc[[data.pair(0)[1]]]
    np.testing.assert_allclose(data[0]["onsets"], inputs.onsets(target)[0])
    with pytest.raises(InputError, match="common pair"):
        ModelInputs.from_plain(fit_inputs(table).to_plain() | {"onset_terms": {"CI.S1": [0.1, 0.2]}})


def test_sets_without_picks_have_no_delays(tmp_path):
    rows = made_up_rows()
    for row in rows:
        row["trace_p_status"] = "estimated"
    made = TrainingTable(write_set(tmp_path / "made", rows))
    assert fit_onset_terms(made.table, made.rows("train")) == {}
    # beside a set with picks, its rows keep the model's onsets
    both = TrainingTable([write_set(tmp_path / "picked"), tmp_path / "made"])
    inputs = replace(fit_inputs(both), onset_terms={"": (0.5, 0.5)})
    data = PairData(both, inputs, onset_maps=True)
    for i in range(len(data)):
        target = both.table.iloc[[data.pair(i)[1]]]
        late = 0.5 if target["set"].iloc[0] == 0 else 0.0
        np.testing.assert_allclose(data[i]["onsets"], predicted_onsets(target)[0] + late, atol=1e-5)


# --- pairs


def test_an_item_is_a_pair_of_one_earthquake(table, inputs):
    data = PairData(table, inputs, onset_maps=True, records=True)
    for i in range(len(data)):
        source, target = data.pair(i, 3)
        assert source != target
        assert table.table["source_id"][source] == table.table["source_id"][target]
    item = data.item(0, 3)
    source, target = data.pair(0, 3)
    assert item["row"] == target
    np.testing.assert_array_equal(item["target"], inputs.encode(table.waveforms([target]), table.sensors([target]))[0])
    np.testing.assert_array_equal(item["record"], table.waveforms([target])[0])
    np.testing.assert_allclose(item["onsets"], predicted_onsets(table.table.iloc[[target]])[0])
    np.testing.assert_array_equal(item["condition"], inputs.conditions(table.table.iloc[[target]])[0])
    # 55 s of the mask: frames whose window of 1.28 s ends before it
    end = table.table["mask_end_s"][target]
    assert item["mask"].shape == (1, 1, 376) and item["mask"].sum() == int((end - 0.64) / 0.16) + 1


def test_each_record_has_the_floor_of_its_sensor(table, inputs):
    floors = {f"CI.S{number}": inputs.statistics.common_floor + 2 * number for number in range(4)}
    own = replace(inputs, statistics=replace(inputs.statistics, floors=floors))
    data = PairData(table, own)
    for i in range(4):
        item = data.item(i, 0)
        for name, row in zip(("source", "target"), data.pair(i, 0), strict=True):
            expected = own.encode(table.waveforms([row]), table.sensors([row]))[0]
            np.testing.assert_array_equal(item[name], expected)


def test_items_depend_on_seed_epoch_and_number_only(table, inputs):
    how = named_augmentation("real")
    first, second = (PairData(table, inputs, augmentation=how, onset_maps=True, seed=4) for _ in range(2))
    second.item(1, 7)  # asked in another order
    for epoch, i in ((0, 2), (5, 2), (0, 1)):
        a, b = first.item(i, epoch), second.item(i, epoch)
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])
    assert not np.array_equal(first.item(2, 0)["source"], first.item(2, 1)["source"])
    other = PairData(table, inputs, augmentation=how, onset_maps=True, seed=5)
    assert not np.array_equal(first.item(2, 0)["source"], other.item(2, 0)["source"])
    assert other.fingerprint != first.fingerprint == second.fingerprint


def test_the_digest_of_the_data_sees_samples_and_table(tmp_path, folder, table, inputs):
    """Other samples or another table: another digest; stored otherwise: the same one."""
    from seissynth.io.seisbench.dataset import Dataset, DatasetWriter

    dataset = Dataset(folder)
    rows = dataset.metadata.drop(columns=["trace_name", "trace_chunk"])

    def digests(name, data, rows=rows, fold=0, chunks=1):
        with DatasetWriter(tmp_path / name, sampling_rate_hz=100.0, unit="m/s", quantity="velocity") as writer:
            for part in np.array_split(np.arange(len(rows)), chunks):
                writer.write(rows.iloc[part], data[part])
        other = TrainingTable(tmp_path / name, fold=fold, folds=4)
        return other.fingerprint, PairData(other, inputs).fingerprint

    data = dataset.waveforms()
    same = (table.fingerprint, PairData(table, inputs).fingerprint)
    assert digests("same", data) == same
    assert digests("pieces", data, chunks=3) == same
    changed = {"twice": digests("twice", 2 * data)}
    for part in ("train", "dev", "noise"):
        one = data.copy()
        one[table.rows(part)[-1], 2, 4321] *= 1.001  # one sample of one record
        changed[part] = digests(part, one)
    for column, value in (("path_p_travel_s", 3.0), ("source_depth_km", 9.0), ("trace_p_arrival_sample", 512.0)):
        changed[column] = digests(column, data, rows.assign(**{column: rows[column].fillna(0) + value}))
    changed["fold"] = digests("fold", data, fold=1)
    for place in (0, 1):
        assert len({same[place], *(found[place] for found in changed.values())}) == 1 + len(changed)
    # what is tested on is no training data
    held = data.copy()
    held[table.rows("test")] *= 2
    assert digests("test", held) == same


def test_one_source_for_each_earthquake(table, inputs):
    data = PairData(table, inputs, sources="one")
    assert len(data) == table.count_events("train")
    assert [data.pair(i, 0)[0] for i in range(len(data))] == [data.pair(i, 9)[0] for i in range(len(data))]


def test_validation_is_limited_evenly(table, inputs):
    whole, some = PairData(table, inputs, "dev"), PairData(table, inputs, "dev", limit=2)
    assert [some.pair(0), some.pair(1)] == [whole.pair(0), whole.pair(len(whole) - 1)]
    assert "source CI.S0" in some.name(0)


def test_a_part_without_pairs_is_refused(tmp_path):
    table = TrainingTable(write_set(tmp_path / "set", made_up_rows(stations=1)))
    with pytest.raises(InputError, match="no earthquake with two records"):
        PairData(table, fit_inputs(table))


# --- augmentation


def test_amplitude_is_shared_and_the_rest_is_not(table):
    rows = table.rows("train")[:2].tolist()
    plain = table.waveforms(rows)
    out = Augmenter(table, Augmentation(amplitude=0.3), "train").change(plain.copy(), rows, np.random.default_rng(1))
    factors = (out * plain).sum((1, 2)) / (plain * plain).sum((1, 2))
    assert factors[0] == pytest.approx(factors[1]) and factors[0] != pytest.approx(1.0, abs=0.01)
    dropped = Augmenter(table, Augmentation(drop_share=1.0), "train").change(
        plain.copy(), rows, np.random.default_rng(1)
    )
    assert ((dropped == 0).all(axis=2)).sum(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize("both", [False, True])
def test_noise_is_louder_by_its_gain(table, both):
    how = Augmentation(noise_share=1.0, noise_gain_db=(40.0, 40.0), noise_on_target=both)
    rows = table.rows("train")[:2].tolist()
    plain = table.waveforms(rows)
    added = Augmenter(table, how, "train").change(plain.copy(), rows, np.random.default_rng(1)) - plain
    assert added[0].std() == pytest.approx(1e-6, rel=0.05)  # 40 dB above the noise of 1e-8
    assert (added[1].std() > 0) == both


def test_clean_pairs_keep_their_targets(table):
    rows = table.rows("train")[:2].tolist()
    plain = table.waveforms(rows)
    augmenter = Augmenter(table, named_augmentation("clean"), "train")
    changed = [augmenter.change(plain.copy(), rows, np.random.default_rng(k)) for k in range(60)]
    assert all(np.array_equal(pair[1], plain[1]) for pair in changed)
    noisy = np.mean([not np.array_equal(pair[0][abs(pair[0]).any(axis=1)], plain[0][abs(pair[0]).any(axis=1)])
                     for pair in changed])  # fmt: skip
    assert 0.65 < noisy < 0.95
    dropped = np.mean([not pair[0].any(axis=1).all() for pair in changed])
    assert 0 < dropped < 0.25


def test_the_coda_of_an_earlier_earthquake_is_that_of_one_event_at_both_sensors(tmp_path):
    rows = made_up_rows(events=3)
    for row in rows:
        row["trace_mask_end_s"] = 60.0 if row["source_id"] == "e1" else 50.0
        row["split"] = "train"
    table = TrainingTable(write_set(tmp_path / "set", rows))
    augmenter = Augmenter(table, Augmentation(earlier_share=1.0), "train")
    added = augmenter.change(np.zeros((2, 3, 6000), np.float32), (0, 3), np.random.default_rng(0))
    whole = table.waveforms([4, 7])  # e1 at S0 and S3
    starts = [_where(part, record) for part, record in zip(added, whole, strict=True)]
    assert starts[0] == starts[1]
    others = [augmenter.change(np.zeros((2, 3, 6000), np.float32), (0, 3), np.random.default_rng(k)) for k in range(30)]
    earliest = min(_where(other[1], whole[1]) for other in others)
    # the later of the two S, and 2 s or more
    assert 0 <= earliest - (rows[7]["trace_s_arrival_sample"] + 200) < 300
    # what is filled in behind is weaker than what was there
    have = 6000 - starts[0]
    assert added[0][:, have:].std() < added[0][:, :have].std()
    # without another earthquake nothing is added
    assert not augmenter.change(np.zeros((2, 3, 6000), np.float32), (4, 5), np.random.default_rng(0)).any()


def _where(part, record):
    """Sample of a record with which a part of it begins."""
    candidates = np.flatnonzero(record[0] == part[0, 0])
    return next(k for k in candidates if np.array_equal(record[:, k : k + 600], part[:, :600]))


def test_augmentations_out_of_bounds(tmp_path):
    with pytest.raises(InputError, match="noise_share=2"):
        Augmentation(noise_share=2)
    with pytest.raises(InputError, match="must be one of"):
        named_augmentation("strong")
    bare = TrainingTable(write_set(tmp_path / "bare", made_up_rows(events=3), noise=0))
    with pytest.raises(InputError, match="no set has rows of noise"):
        Augmenter(bare, named_augmentation("real"), "train")


def test_the_made_up_waveforms_are_what_the_other_tests_think():
    rows = made_up_rows(events=1, stations=1)
    data = waveforms(rows)[0]
    p = int(rows[0]["trace_p_arrival_sample"])
    assert data[:, :p].std() == pytest.approx(1e-8, rel=0.1) and data[:, p : p + 100].std() > 2e-7
