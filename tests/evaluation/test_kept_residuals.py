"""Residuals that a tool keeps: made once, and again when anything that they depend on changes."""

from dataclasses import replace

import pandas as pd
import pytest
from pulse_backend import flat_file

from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.flatfiles.residuals import residual_table
from seissynth.io.ground_motion_tables import read_ground_motion
from seissynth.stations.station_terms import StationTerms
from seissynth_plugins.stochastic.backend import StochasticBackend
from tools.real_records import _kept_residuals
from tools.real_records._kept_residuals import digest_of, kept_residuals


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    table = read_ground_motion(flat_file(tmp_path_factory.mktemp("file") / "flat.csv", 2, 2), periods_s=())
    return replace(table, measures=("pga",))


def maker(measures=("pga",), seed=0, **options):
    return MeasureMaker(StochasticBackend(**options), measures, "rotd50", seed=seed)


def test_the_same_ones_are_made_once(table, tmp_path, monkeypatch, capsys):
    first = kept_residuals(table, maker(), tmp_path, "plain")
    wanted, _ = residual_table(table, maker(), 1)
    pd.testing.assert_frame_equal(first[["event", "station", "pga"]], wanted[["event", "station", "pga"]])
    monkeypatch.setattr(_kept_residuals, "residual_table", lambda *_, **__: pytest.fail("made again"))
    pd.testing.assert_frame_equal(kept_residuals(table, maker(), tmp_path, "plain"), first)
    assert capsys.readouterr().out == "plain 4\n"


def test_any_change_makes_others(table, tmp_path):
    """The old numbers were given for another preset, other terms, and another file, since only the label counted."""
    loud = StationTerms([1.0], {"XX.S0": [0.5], "XX.S1": [0.5]})
    plain, with_terms = (kept_residuals(table, maker(), tmp_path, "one", terms=terms) for terms in (None, loud))
    assert (plain["pga"] - with_terms["pga"]).to_numpy() == pytest.approx([0.5] * 4, rel=1e-3)
    other = replace(table, rows=table.rows.assign(pga=2 * table.rows["pga"]))
    moved = table.rows.assign(station_vs_30_mps=500.0)
    digests = [
        digest_of(table, maker()), digest_of(other, maker()), digest_of(replace(table, rows=moved), maker()),
        digest_of(table, maker(), 2), digest_of(table, maker(), terms=loud), digest_of(table, maker(seed=1)),
        digest_of(table, maker(preset="stable")), digest_of(table, maker(stress_drop_bar=90.0)),
        digest_of(replace(table, measures=("pga", "pgv")), maker(("pga", "pgv"))),
        digest_of(table, maker(), terms=StationTerms([1.0], {"XX.S0": [0.5], "XX.S1": [0.4]})),
    ]  # fmt: skip
    assert len(set(digests)) == len(digests)
    assert digest_of(table, maker()) == digests[0]
