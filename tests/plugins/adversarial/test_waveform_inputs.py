"""Conditions, sizes and scaled samples of the adversarial systems, there and back."""

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth_plugins.torchkit.waveform_inputs import (
    ConditionColumns,
    SizeModel,
    VectorCondition,
    WaveformInputs,
    restore_waveforms,
    scale_waveforms,
)

RNG = np.random.default_rng(0)
COLUMNS = {
    "source_magnitude": RNG.uniform(1, 5, 400), "path_ep_distance_km": RNG.uniform(0, 80, 400),
    "source_depth_km": RNG.uniform(1, 15, 400), "station_vs_30_mps": RNG.uniform(200, 900, 400),
    "station_latitude_deg": RNG.uniform(35, 36, 400), "station_longitude_deg": RNG.uniform(-118, -117, 400),
    "source_latitude_deg": RNG.uniform(35, 36, 400), "source_longitude_deg": RNG.uniform(-118, -117, 400),
    "path_back_azimuth_deg": RNG.uniform(0, 360, 400),
}  # fmt: skip


@pytest.mark.parametrize("scaling", ["peak", "zscore", "range"])
def test_records_come_back(scaling):
    records = RNG.standard_normal((4, 3, 500)) * np.geomspace(1e-9, 1, 4)[:, None, None]
    records[0, :, :100] *= 1e-3
    records -= records.mean(axis=-1, keepdims=True)
    scaled, log_scale = scale_waveforms(records, scaling)
    extremes = {"peak": abs(scaled).max(-1), "zscore": scaled.std(-1), "range": np.ptp(scaled, axis=-1)}[scaling]
    np.testing.assert_allclose(extremes, 1, rtol=1e-5)
    back = restore_waveforms(scaled, log_scale, scaling)
    np.testing.assert_allclose(back / abs(records).max(axis=(1, 2), keepdims=True),
                               records / abs(records).max(axis=(1, 2), keepdims=True), atol=1e-6)  # fmt: skip
    # a network's records are not quite of that scale
    np.testing.assert_allclose(restore_waveforms(0.7 * scaled, log_scale, scaling), back, rtol=1e-4, atol=1e-12)


def test_conditions_are_standardised_and_a_missing_vs30_is_the_mean():
    names = ("path_ep_distance_km", "source_magnitude", "station_vs_30_mps")
    condition = ConditionColumns.fit(COLUMNS, names)
    values = condition.encode(COLUMNS)
    np.testing.assert_allclose(values.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(values.std(0), 1, atol=1e-5)
    assert np.corrcoef(values[:, 0], np.log(COLUMNS["path_ep_distance_km"] + 1))[0, 1] == pytest.approx(1)
    without = {name: value for name, value in COLUMNS.items() if name != "station_vs_30_mps"}
    np.testing.assert_array_equal(condition.encode(without)[:, 2], 0)
    np.testing.assert_array_equal(condition.encode(without)[:, :2], values[:, :2])
    assert condition.columns == names[:2] and condition.size == 3
    with pytest.raises(InputError, match="lack 'source_magnitude'"):
        condition.encode({"path_ep_distance_km": [1.0]})
    with pytest.raises(InputError, match="source_magnitude is nan in row 1"):
        condition.encode({"path_ep_distance_km": [1.0, 2.0], "source_magnitude": [1.0, np.nan]})


def test_the_model_of_sizes_finds_slopes_and_scatter():
    """ln A = 2 M - 1.5 ln(R + 1) + 0.02 z - 20, with residuals that components share in part."""
    mean = 2 * COLUMNS["source_magnitude"] - 1.5 * np.log(COLUMNS["path_ep_distance_km"] + 1)
    mean = (mean + 0.02 * COLUMNS["source_depth_km"] - 20)[:, None] + np.array([0.0, 0.1, -0.5])
    covariance = np.array([[0.25, 0.2, 0.1], [0.2, 0.25, 0.1], [0.1, 0.1, 0.3]])
    noise = np.random.default_rng(1).multivariate_normal(np.zeros(3), covariance, 400)
    model = SizeModel.fit(COLUMNS, mean + noise)
    found = np.array(model.coefficients)
    np.testing.assert_allclose(found[1], 2, atol=0.07)
    np.testing.assert_allclose(found[2], -1.5, atol=0.1)
    drawn = model.draw(COLUMNS, np.random.default_rng(2).standard_normal((400, 3)))
    np.testing.assert_allclose(np.cov((drawn - mean).T), covariance, atol=0.06)
    np.testing.assert_allclose(model.draw(COLUMNS, np.zeros((400, 3))), mean, atol=0.2)
    with pytest.raises(InputError, match="5 records are too few"):
        SizeModel.fit({name: value[:5] for name, value in COLUMNS.items()}, noise[:5])


def test_a_size_is_the_same_to_the_bit_alone_and_among_others():
    rng = np.random.default_rng(4)
    model = SizeModel(rng.standard_normal((4, 3)).tolist(), np.tril(rng.standard_normal((3, 3))).tolist())
    normal = rng.standard_normal((400, 3))
    together = model.draw(COLUMNS, normal)
    for row in range(0, 400, 7):
        one = {name: values[row : row + 1] for name, values in COLUMNS.items()}
        np.testing.assert_array_equal(model.draw(one, normal[row : row + 1])[0], together[row])


def test_sizes_between_minus_one_and_one():
    inputs = WaveformInputs(ConditionColumns((), (), ()), "peak", "velocity", log_scale_range=((-20.0, -10.0),) * 3)
    assert inputs.scaled_sizes([[-20.0, -15.0, -10.0]]).tolist() == [[-1.0, 0.0, 1.0]]
    np.testing.assert_allclose(inputs.restored_sizes([[-1.0, 0.5, 1.0]]), [[-20.0, -12.5, -10.0]])


@pytest.mark.parametrize("kind", ["columns", "vector"])
def test_inputs_come_back_from_plain_data(kind):
    condition = (
        VectorCondition.fit(COLUMNS) if kind == "vector" else ConditionColumns.fit(COLUMNS, ("source_magnitude",))
    )
    sizes = SizeModel.fit(COLUMNS, RNG.standard_normal((400, 3)))
    inputs = WaveformInputs(condition, "zscore", "acceleration", "ZNE", sizes, ((-1.0, 1.0),) * 3)
    again = WaveformInputs.from_plain(inputs.to_plain())
    assert (again.scaling, again.quantity, again.component_order) == ("zscore", "acceleration", "ZNE")
    assert again.sizes == sizes and again.log_scale_range == inputs.log_scale_range
    np.testing.assert_array_equal(again.condition.encode(COLUMNS), condition.encode(COLUMNS))
    assert condition.encode(COLUMNS).shape == (400, condition.size) and condition.size == (
        11 if kind == "vector" else 1
    )


def test_plain_data_that_cannot_be():
    plain = WaveformInputs(ConditionColumns((), (), ()), "peak", "velocity").to_plain()
    with pytest.raises(InputError, match="lacks quantity"):
        WaveformInputs.from_plain({name: value for name, value in plain.items() if name != "quantity"})
    with pytest.raises(InputError, match="scaling='log' must be one of"):
        WaveformInputs.from_plain({**plain, "scaling": "log"})
    with pytest.raises(InputError, match="scaling='log' must be one of"):
        scale_waveforms(np.zeros((1, 3, 5)), "log")
