"""Training records of the adversarial systems: windows from P or origin, noise as a class, sizes."""

import numpy as np
import pytest
from swag_sets import RATE, made_up_rows, write_set

from seissynth.errors import InputError
from seissynth_plugins.torchkit.record_rules import RecordRules
from seissynth_plugins.torchkit.training_table import TrainingTable
from seissynth_plugins.torchkit.waveform_data import WaveformData, fit_waveform_inputs
from seissynth_plugins.torchkit.waveform_inputs import VectorCondition

REQUIRED = ("trace_p_arrival_sample", "source_magnitude", "path_ep_distance_km", "source_depth_km")
RULES = RecordRules("a GAN", RATE, 20.0, quantity=None, start_s=None, required=REQUIRED, component_order="ENZ")


def rows_with_places(count=40):
    rng = np.random.default_rng(5)
    return [
        {**row, "path_ep_distance_km": 7.0 * (row["trace_s_arrival_sample"] - row["trace_p_arrival_sample"]) / RATE,
         "source_depth_km": 5.0 + rng.uniform(0, 5), "source_latitude_deg": 35.7 + 0.01 * i,
         "source_longitude_deg": -117.4,
         "path_back_azimuth_deg": 10.0 * i % 360}
        for i, row in enumerate(made_up_rows(count))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = write_set(tmp_path_factory.mktemp("gan") / "set", rows_with_places(), noise=4)
    return TrainingTable(folder, RULES)


def opened(table, npts=128, **options):
    how = {name: options.pop(name) for name in ("alignment", "lead_s") if name in options}
    rows = table.rows("train")
    inputs = fit_waveform_inputs(table, rows, npts, **{"scaling": "peak", "own_sizes": True, **options}, **how)
    return inputs, WaveformData(table, inputs, npts, rows, noise=True, **how)


@pytest.mark.parametrize("lead_s", [1.0, 4.5])
def test_windows_begin_before_p(table, lead_s):
    """P is 2 to 5 s after the first sample of the records, so noise is put in front, or the front is cut."""
    _, data = opened(table, lead_s=lead_s)
    for i in range(len(data.quakes)):
        record = data.record(i)
        at = round(lead_s * RATE)
        assert record.shape == (3, 128) and np.isfinite(record).all()
        before, after = (np.square(part).mean() for part in (record[:, : at - 1], record[:, at + 1 : at + 11]))
        assert after > 100 * before


def test_a_window_longer_than_the_record_ends_in_its_coda(table):
    _, data = opened(table, npts=190, lead_s=1.0)
    record = data.record(0)
    assert record.shape == (3, 190) and np.isfinite(record).all() and record[:, -20:].any()


def test_windows_from_origin_are_the_first_samples(table):
    _, data = opened(table, alignment="origin")
    np.testing.assert_array_equal(data.record(3), table.waveforms([data.rows[3]])[0][:, :128])
    with pytest.raises(InputError, match="alignment='s' must be one of"):
        opened(table, alignment="s")


def test_noise_is_the_other_class_with_the_mean_condition(table):
    inputs, data = opened(table, conditions=("source_magnitude", "path_ep_distance_km"), lead_s=2.0)
    labels = np.array([data.item(i, 0)["label"][0] for i in range(len(data))])
    assert labels.sum() == len(data.quakes) and len(data) - len(data.quakes) == 8
    last = data.item(len(data) - 1, 0)
    assert not last["condition"].any() and last["target"].shape == (3, 128)
    assert not np.array_equal(last["target"], data.item(len(data) - 1, 1)["target"])  # noise begins anywhere
    conditions = np.stack([data.item(i, 0)["condition"] for i in range(len(data.quakes))])
    np.testing.assert_allclose(conditions.mean(0), 0, atol=1e-5)
    assert inputs.condition.size == 2


def test_sizes_of_the_training_set_lie_between_minus_one_and_one(table):
    inputs, data = opened(table, lead_s=2.0)
    items = [data.item(i, 0) for i in range(len(data.quakes))]
    sizes = np.stack([item["sizes"] for item in items])
    assert abs(sizes).max() <= 1 and np.ptp(sizes) > 1
    magnitudes = table.table.source_magnitude.to_numpy()[data.quakes]
    restored = inputs.restored_sizes(sizes)[:, 0]
    assert np.polyfit(magnitudes, restored, 1)[0] == pytest.approx(np.log(10), rel=0.1)
    assert abs(items[0]["target"]).max() == pytest.approx(1)


def test_a_model_of_sizes_is_fitted_where_the_network_has_none(table):
    inputs, data = opened(table, scaling="zscore", own_sizes=False, lead_s=2.0)
    assert inputs.log_scale_range == () and "sizes" not in data.item(0, 0)
    assert np.array(inputs.sizes.coefficients)[1] == pytest.approx([np.log(10)] * 3, rel=0.1)
    inputs, _ = opened(table, vector=True, lead_s=2.0)
    assert isinstance(inputs.condition, VectorCondition) and inputs.condition.size == 11


def test_an_item_depends_on_epoch_and_number_and_the_fingerprint_on_all(table):
    inputs, data = opened(table, lead_s=2.0)
    first = data.item(2, 1)
    data.item(7, 0)
    assert all(np.array_equal(first[name], data.item(2, 1)[name]) for name in first)
    others = [WaveformData(table, inputs, 128, data.quakes, lead_s=lead, noise=noise) for lead, noise in
              ((2.0, True), (2.0, False), (3.0, True))]  # fmt: skip
    assert others[0].fingerprint == data.fingerprint
    assert len({other.fingerprint for other in others}) == 3


def test_sets_without_a_unit_have_no_sizes(tmp_path):
    folder = write_set(tmp_path / "set", rows_with_places(), unit="z-scored")
    bare = TrainingTable(folder, RULES)
    inputs, data = opened(bare, lead_s=2.0)
    assert inputs.quantity == "normalised" and inputs.sizes is None and "sizes" not in data.item(0, 0)


def test_a_source_is_another_record_of_the_same_earthquake(tmp_path):
    rows = [{**row, "source_id": f"e{number // 3}"} for number, row in enumerate(rows_with_places(40))]
    table = TrainingTable(write_set(tmp_path / "set", rows), RULES)
    chosen = table.rows("train")
    inputs = fit_waveform_inputs(table, chosen, 128, scaling="peak", own_sizes=True)
    data = WaveformData(table, inputs, 128, chosen[:9], lead_s=2.0, sources=chosen)
    assert len(data) == 9
    plain = WaveformData(table, inputs, 128, chosen, lead_s=2.0)
    windows = {int(row): plain.item(place, 0)["target"] for place, row in enumerate(chosen)}
    events, seen = table.table["source_id"], set()
    for epoch in range(6):
        for i in range(9):
            source, row = data.item(i, epoch)["source"], int(data.rows[i])
            same = [other for other, window in windows.items() if np.allclose(window, source)]
            assert len(same) == 1 and same[0] != row and events.iloc[same[0]] == events.iloc[row]
            seen.add((row, same[0]))
    assert len(seen) == 18  # each of two others, once in a while
    with pytest.raises(InputError, match="no earthquake has two records"):
        WaveformData(table, inputs, 128, chosen[:1], sources=chosen[:1])


def test_what_follows_the_next_earthquake_is_masked(tmp_path):
    rows = [{**row, "trace_mask_end_s": 9.0} for row in rows_with_places()]
    table = TrainingTable(write_set(tmp_path / "set", rows), RULES)
    chosen = table.rows("train")
    inputs = fit_waveform_inputs(table, chosen, 128, scaling="peak", own_sizes=True)
    data = WaveformData(table, inputs, 128, chosen, lead_s=2.0)
    for i in range(5):
        p_s = table.table["p_s"].iloc[chosen[i]]
        assert data.item(i, 0)["mask"].sum() == pytest.approx((9.0 - p_s + 2.0) * RATE, abs=1)
    origin = WaveformData(table, inputs, 128, chosen, alignment="origin")
    assert origin.item(0, 0)["mask"].sum() == 90
