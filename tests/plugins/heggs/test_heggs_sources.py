"""Source records in front of the network: who counts for whom, at which place, as which earthquake."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from heggs_sets import made_up_rows, write_set

pytest.importorskip("torch", reason="the learned backends need PyTorch")
from seissynth.errors import InputError
from seissynth.records import Records
from seissynth.schema import PLACE_COLUMNS
from seissynth_plugins.heggs import source_input
from seissynth_plugins.heggs.site_noise import SiteNoise
from seissynth_plugins.heggs.source_input import SourceReader
from seissynth_plugins.heggs.source_traits import SourceResiduals
from seissynth_plugins.heggs.training.data import TrainingTable, fit_inputs

BINS = 64


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rows = [{**row, "station_vs_30_mps": 400.0 + 100 * number} for number, row in enumerate(made_up_rows())]
    return TrainingTable(write_set(tmp_path_factory.mktemp("sources") / "set", rows), fold=0, folds=4)


@pytest.fixture(scope="module")
def inputs(table):
    zeros = np.zeros((3, BINS), np.float32)
    known = SiteNoise({"": zeros}, {"": zeros}, {"": zeros}, zeros[:1], zeros, np.zeros((9, BINS), np.float32))
    return replace(fit_inputs(table, extras=("onsets", "vs30")), site_noise=known)


@pytest.fixture
def pool():
    """Four stations; nobody knows where the last one stands."""
    rng = np.random.default_rng(0)
    places = dict(zip(PLACE_COLUMNS, np.arange(16.0).reshape(4, 4) + 20, strict=True))
    places[PLACE_COLUMNS[0]][3] = np.nan
    p_s = np.array([4.0, 5.0, 6.0, np.nan])
    truth = {"sensor": np.array(["CI.S0", "CI.S1", "CI.A", "CI.B"]), **places}
    data = 1e-6 * rng.standard_normal((4, 3, 6500)).astype(np.float32)
    return Records(data, np.full(4, -2.0), p_s=p_s, s_s=2 * p_s, truth=truth)


@pytest.fixture
def asked(monkeypatch):
    """What `source_residuals` was asked for; it answers with the number of the record."""
    calls = []

    def answer(model, inputs, source, conditions, sensors, onsets, frames=None):
        calls.append({"conditions": conditions, "sensors": list(sensors), "onsets": onsets})
        number = np.arange(1.0, len(source) + 1)[:, None] * np.ones(BINS)
        levels = np.repeat(number[:, None], 3, axis=1)
        over_time = np.zeros((len(source), BINS, 376), np.float32)
        weight, counts = np.ones((len(source), BINS)), np.zeros((len(source), 376), bool)
        marks = np.zeros((len(source), 2), int)
        return SourceResiduals(
            levels, number, weight, over_time, over_time, counts, counts, marks, None, np.empty(0, int),
            np.array(sensors), inputs.site_noise, inputs.statistics.sd,
        )  # fmt: skip

    monkeypatch.setattr(source_input, "source_residuals", answer)
    return calls


def rows(table, count=3, **changes):
    columns = table.table[table.table["station_code"].isin(["S0", "S1", "S2"])].iloc[:count].reset_index(drop=True)
    return columns.assign(**changes)


def test_all_stations_tell_but_ones_own(table, inputs, pool, asked):
    reader, conditions = SourceReader("heggs", None, inputs), rows(table)
    encoded, traits = reader.read(replace(pool.select([1, 0, 0]), pool=pool), conditions)
    np.testing.assert_allclose(traits.noise[:, 0], [(2 + 3 + 4) / 3, (1 + 3 + 4) / 3, (1 + 2 + 3 + 4) / 4])
    np.testing.assert_allclose(traits.level[:, 0], [9 / 5, 8 / 5, 10 / 6])
    np.testing.assert_array_equal(encoded[1], encoded[2])
    assert len(asked) == 1 and asked[0]["sensors"] == ["CI.S0", "CI.S1", "CI.A", "CI.B"]
    # one row alone is told the same, and what was told is kept for the next call of the same earthquake
    for row in range(3):
        _, alone = reader.read(replace(pool.select([0]), pool=pool), conditions.iloc[[row]])
        np.testing.assert_array_equal(alone.noise[0], traits.noise[row])
        np.testing.assert_array_equal(alone.level[0], traits.level[row])
    assert len(asked) == 1
    other = replace(pool, data=2 * pool.data)
    reader.read(replace(other.select([0]), pool=other), conditions.iloc[[0]])
    assert len(asked) == 2


def test_a_lone_source_serves_its_own_station(table, inputs, pool, asked):
    one = pool.select([0])
    _, traits = SourceReader("heggs", None, inputs).read(replace(one, pool=one), rows(table, 1))
    np.testing.assert_allclose(traits.noise, 1.0)


def test_records_without_a_pool_tell_for_their_row_alone(table, inputs, pool, asked):
    _, traits = SourceReader("heggs", None, inputs).read(pool.select([2, 2, 0]), rows(table))
    np.testing.assert_allclose(traits.noise[:, 0], [1, 2, 3])
    assert asked[0]["sensors"] == ["CI.A", "CI.A", "CI.S0"]


def test_sources_stand_where_they_stand(table, inputs, pool, asked):
    """The earthquake is that of the row; place, onsets and soil are those of the source, as far as they are known."""
    conditions = rows(table, 1)
    SourceReader("heggs", None, inputs).read(replace(pool.select([0]), pool=pool), conditions)
    wanted = pd.concat([conditions] * 3, ignore_index=True).assign(
        **{name: pool.truth[name][:3] for name in PLACE_COLUMNS},
        path_p_travel_s=[4.0, 5.0, 6.0], path_s_travel_s=[8.0, 10.0, 12.0], station_vs_30_mps=np.nan,
    )  # fmt: skip
    found = asked[0]["conditions"]
    np.testing.assert_array_equal(found[:3], inputs.conditions(wanted))
    assert np.isnan(found[3]).all()
    np.testing.assert_array_equal(asked[0]["onsets"][:3], [[4, 8], [5, 10], [6, 12]])


def test_each_earthquake_of_a_call_is_told_apart(table, inputs, pool, asked):
    conditions = rows(table, 3, source_magnitude=[2.0, 3.0, 2.0])
    SourceReader("heggs", None, inputs).read(replace(pool.select([0, 0, 0]), pool=pool), conditions)
    assert len(asked) == 2
    magnitudes = [call["conditions"][0, 10] for call in asked]
    assert magnitudes[0] < magnitudes[1]


def test_magnitudes_come_back_out_of_condition_vectors(table, inputs):
    columns = rows(table, 3, source_magnitude=[0.5, 3.1, 6.4])
    np.testing.assert_allclose(inputs.magnitudes(inputs.conditions(columns)), [0.5, 3.1, 6.4], atol=1e-5)


def test_the_pool_stays_whole_when_rows_are_taken(pool):
    found = replace(pool, pool=pool).select(slice(1, 2))
    assert len(found) == 1 and found.pool is pool
    with pytest.raises(InputError, match=r"holds 1 records for 2 rows"):
        SourceReader("heggs", None, None).read(found, {"source_magnitude": [1.0, 2.0]})
