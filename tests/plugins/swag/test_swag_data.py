"""Training records of SWaG: windows moved in time, labels along; stations, ranges and scales."""

from dataclasses import replace

import numpy as np
import pytest
from swag_sets import RATE, made_up_rows, write_set

from seissynth.errors import InputError
from seissynth_plugins.swag.config import named_config

pytest.importorskip("torch", reason="the learned backends need PyTorch")

from seissynth_plugins.swag.training.data import (
    SwagData,
    TrainingTable,
    fit_swag_inputs,
    swag_rules,
    training_rows,
)
from seissynth_plugins.torchkit.augmentation import SensorNoise

TINY = named_config("tiny")
P_RANGE_S = (2.0, 9.0)


def opened(folder, p_range_s=P_RANGE_S, config=TINY, **options):
    table = TrainingTable(folder, swag_rules(config), **options)
    rows = training_rows(table)
    inputs = fit_swag_inputs(table, rows, config, p_range_s, 0)
    return table, inputs, SwagData(table, inputs, config, rows, p_range_s=p_range_s)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("swag") / "set", noise=3)


@pytest.fixture(scope="module")
def quiet_folder(tmp_path_factory):
    """Without rows of noise, and with every P at 4 s, so that there is noise to go by."""
    rows = [
        {**row, "trace_p_arrival_sample": 4.0 * RATE, "trace_s_arrival_sample": 7.0 * RATE} for row in made_up_rows()
    ]
    return write_set(tmp_path_factory.mktemp("swag") / "quiet", rows)


@pytest.mark.parametrize("kind", ["folder", "quiet_folder"])
def test_windows_move_over_the_range_and_labels_with_them(kind, request):
    *_, data = opened(request.getfixturevalue(kind))
    seen = []
    for i in range(len(data)):
        for epoch in range(6):
            record, (p, s) = data.record(i, epoch)
            labels = data.item(i, epoch)["labels"]
            assert labels[:2] == pytest.approx([p, s])
            assert record.shape == (3, 200) and np.isfinite(record).all()
            at = round(p * RATE)
            seen.append((p, np.square(record[:, :at]).mean(), np.square(record[:, at : at + 10]).mean()))
            assert 0 < s - p < 5 and s <= 19
    p, before, after = np.array(seen).T
    assert p.min() < 2.6 and p.max() > 8.4 and 1.95 <= p.min() <= p.max() <= 9.05
    # the energy begins where the label says; a moved label without a moved record would not
    assert (after > 30 * before).mean() > 0.97


def test_an_item_depends_on_seed_epoch_and_number_only(folder):
    *_, data = opened(folder)
    first = data.item(3, 2)
    data.item(5, 1)
    again = data.item(3, 2)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["x"], data.item(3, 3)["x"])


def test_noise_in_front_is_that_of_the_sensor(folder, monkeypatch):
    table, _, data = opened(folder)
    drawn = []
    draw = SensorNoise.draw
    monkeypatch.setattr(SensorNoise, "draw", lambda self, sensor, rng: drawn.append(sensor) or draw(self, sensor, rng))
    for i in range(6):
        for epoch in range(3):
            data.record(i, epoch)
    assert set(drawn) == {"XX.A", "XX.B"} and len(table.noise) == 6
    record, (p, _) = data.record(0, 0)
    scaled = record[:, : round(p * RATE) - 5].std(axis=-1)
    whole = data.table.waveforms([data.rows[0]])[0]
    before = whole[:, : int(table.table["p_s"].iloc[data.rows[0]] * RATE) - 2].std(axis=-1)
    np.testing.assert_allclose(scaled, before, rtol=0.6)  # at the record's own level


def test_without_a_range_records_are_as_they_are(folder):
    table, _, data = opened(folder, None)
    record, onsets = data.record(4)
    np.testing.assert_array_equal(record, data.table.waveforms([data.rows[4]])[0])
    assert onsets == pytest.approx(table.table[["p_s", "s_s"]].iloc[data.rows[4]].tolist())


def test_statistics_hold_stations_ranges_and_scales(folder):
    table, inputs, data = opened(folder)
    train = table.table.iloc[data.rows]
    assert [name for name, *_ in inputs.stations] == ["XX.A", "XX.B"]
    assert inputs.stations[1][1:] == pytest.approx((36.2, -117.5))
    assert inputs.ranges["p_s"] == P_RANGE_S and inputs.quantity == "velocity" and inputs.component_order == "ENZ"
    assert inputs.ranges["magnitude"] == pytest.approx((train.source_magnitude.min(), train.source_magnitude.max()))
    apart = (train.trace_s_arrival_sample - train.trace_p_arrival_sample) / RATE
    assert inputs.ranges["s_minus_p_s"] == pytest.approx((apart.min(), apart.max()))
    columns = np.array([data.item(i, 0)["x"][:, -1] for i in range(len(data))])
    assert abs(columns.mean()) < 0.3 and columns.std() == pytest.approx(1, rel=0.25)
    # ln of the scale grows with the magnitude as the set was made: by ln 10 a unit
    magnitudes = train.source_magnitude.to_numpy()
    slope = np.polyfit(magnitudes, columns[:, 0] * inputs.scales.sd[0], 1)[0]
    assert slope == pytest.approx(np.log(10), rel=0.2)


def test_a_set_without_unit_has_no_scales(tmp_path):
    _, inputs, data = opened(write_set(tmp_path / "set", unit="z-scored per component"))
    assert inputs.quantity == "normalised" and inputs.scales is None
    item = data.item(0, 0)
    assert item["scale_known"] == 0 and not item["x"][:, -1].any()
    _, inputs, data = opened(tmp_path / "set", config=replace(TINY, log_scale=False))
    assert data.item(0, 0)["x"].shape == (3, 200)


def test_sets_of_two_units_are_refused(folder, tmp_path):
    other = write_set(tmp_path / "other", unit="m/s**2")
    with pytest.raises(InputError, match=r"different units, .*train on one unit at a time"):
        opened([folder, other])


def test_the_first_records_only(folder):
    table = TrainingTable(folder, swag_rules(TINY))
    rows = training_rows(table)
    assert np.array_equal(training_rows(table, 5), rows[:5])
    with pytest.raises(InputError, match="records=99, but the training part has 18"):
        training_rows(table, 99)


def test_a_set_without_network_codes(tmp_path):
    rows = [{name: value for name, value in row.items() if name != "station_network_code"} for row in made_up_rows()]
    *_, data = opened(write_set(tmp_path / "set", rows))
    assert data.inputs.names == ["A", "B"]


def test_records_without_s_or_of_another_rate_are_left_out_or_refused(folder, tmp_path):
    rows = made_up_rows()
    rows[0]["trace_s_arrival_sample"] = np.nan
    *_, data = opened(write_set(tmp_path / "set", rows))
    assert len(data) == 17
    with pytest.raises(InputError, match=r"sampled at 10\.0 Hz; SWaG is trained at 50 Hz"):
        TrainingTable(folder, swag_rules(named_config("small")))


def test_the_fingerprint_tells_what_is_done_to_the_records(folder):
    table, inputs, data = opened(folder)
    others = [
        SwagData(table, inputs, TINY, data.rows, p_range_s=(2.0, 8.0)), SwagData(table, inputs, TINY, data.rows[:9]),
        SwagData(table, inputs, replace(TINY, compression=0.5), data.rows, p_range_s=P_RANGE_S),
        SwagData(table, inputs, TINY, data.rows, p_range_s=P_RANGE_S, seed=1),
        SwagData(table, inputs, TINY, data.rows, p_range_s=P_RANGE_S, magnitude_sd=0.1),
    ]  # fmt: skip
    assert len({data.fingerprint, *(other.fingerprint for other in others)}) == 6
    assert data.fingerprint == SwagData(table, inputs, TINY, data.rows, p_range_s=P_RANGE_S).fingerprint


def test_magnitudes_scatter_about_their_own_and_nothing_else_changes(folder):
    table, inputs, data = opened(folder)
    scattered = SwagData(table, inputs, TINY, data.rows, p_range_s=P_RANGE_S, magnitude_sd=0.2)
    errors = []
    for i in range(len(data)):
        for epoch in range(40):
            plain, other = data.item(i, epoch), scattered.item(i, epoch)
            assert np.array_equal(plain["x"], other["x"]) and np.array_equal(plain["labels"][:2], other["labels"][:2])
            errors.append(other["labels"][2] - plain["labels"][2])
    # 720 draws: the mean's standard error is 0.0075, that of the spread 0.0053
    assert np.mean(errors) == pytest.approx(0.0, abs=0.03) and np.std(errors) == pytest.approx(0.2, abs=0.02)
    assert scattered.item(3, 5)["labels"][2] == scattered.item(3, 5)["labels"][2] != scattered.item(3, 6)["labels"][2]
