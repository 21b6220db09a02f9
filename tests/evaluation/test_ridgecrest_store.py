"""Rows of the Ridgecrest board whose sets hold some of the blocks."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from seissynth.evaluation.results import MetricGroup
from tools.real_records.evaluate_ridgecrest import Store, differences_table

EVENTS, STATIONS = np.repeat(["a", "b", "c"], 4), np.tile(["s", "t", "u", "v"], 3)


class Real(SimpleNamespace):
    def __len__(self):
        return len(self.events)


@pytest.fixture
def real():
    return Real(events=EVENTS, stations=STATIONS)


def keep(store, row, values, rows):
    """Arrivals, whose table names records, and similarity, whose table does not."""
    summary = pd.DataFrame({"metric": ["m"], "value": [0.0], "low": [0.0], "high": [0.0]})
    keys = pd.DataFrame({"event": EVENTS[rows], "station": STATIONS[rows], "p_mae_with_misses_s": values})
    alike = pd.DataFrame({"envelope_correlation": values})
    for name, table in (("arrivals", keys), ("similarity", alike)):
        store.keep(row, MetricGroup(name=name, title=name, summary=summary, per_record=table))


def test_a_set_of_some_blocks_is_compared_on_its_own_records(tmp_path, real):
    store, own = Store(tmp_path), np.array([4, 7, 8, 9, 11])
    whole = np.arange(12.0) / 100
    keep(store, "stochastic", whole, np.arange(12))
    keep(store, "part", whole[own] + 0.25, own)
    found = store.records_of(real, "part", "similarity", "envelope_correlation")
    np.testing.assert_allclose(found[own], whole[own] + 0.25)
    assert np.isnan(np.delete(found, own)).all()
    _, (line,) = differences_table(store, ["part"], real, seed=0)
    assert line[:3] == ["part", "stochastic", "**0.250 [0.250, 0.250]**"]


def test_a_set_whose_records_have_no_names_is_not_compared(tmp_path, real):
    store = Store(tmp_path)
    keep(store, "part", np.zeros(3), np.arange(3))
    (tmp_path / "part.arrivals.records.csv").unlink()
    assert store.records_of(real, "part", "similarity", "envelope_correlation") is None
