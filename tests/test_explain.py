"""explain(): a table that holds everything and prints what fits on a line."""

import pickle

import numpy as np
import pandas
import pytest
from obspy_networks import ORIGIN_TIME, event, inventory, station, triple

import seissynth
from seissynth.errors import InputError

NETWORK = inventory(station("A", triple("HH")), station("LONGN", triple("HN", location="00"), 36.2, -117.2))


@pytest.fixture(scope="module")
def ensemble():
    return seissynth.generate(NETWORK, [event(4.0), event(5.1, latitude=35.8)], duration=40.0, realizations=2)


def test_what_is_printed_fits_80_characters(ensemble):
    for made, columns in ((ensemble, 9), (ensemble[0].select(station="A")[:3], 7)):
        table = seissynth.explain(made)
        head, names, *rows, more = str(table).splitlines()
        assert max(map(len, str(table).splitlines())) <= 80 and len(rows) == len(table)
        assert len(names.split()) == columns and "path_hyp_" in head
        assert f"{len(table.columns)} columns" in more and "full=True" in more
        assert f"{table['peak'][0]:.3g}" in rows[0] and table["sensor"][0] in rows[0]
        assert repr(table) == str(table) and "<table" in table._repr_html_()
        assert "corner_frequency" not in table._repr_html_()


def test_the_table_holds_every_column_and_its_parts_are_ordinary(ensemble):
    table, full = seissynth.explain(ensemble), seissynth.explain(ensemble, full=True)
    assert type(full) is pandas.DataFrame and len(full.columns) > 30
    pandas.testing.assert_frame_equal(pandas.DataFrame(table), full)
    for part in (table.head(2), table[["sensor", "p_s"]], table[table["realization"] == 0], table.copy()):
        assert type(part) is pandas.DataFrame
    pandas.testing.assert_frame_equal(pickle.loads(pickle.dumps(table)), full)


def test_long_tables_are_cut_in_the_middle():
    many = seissynth.generate(NETWORK.select(station="A"), event(), duration=10.0, sampling_rate=20.0, realizations=70)
    lines = str(seissynth.explain(many)).splitlines()
    assert len(lines) == 2 + 61 + 1 and set(lines[32].split()) == {"..."}


def test_continuous_records_are_refused_with_the_way_to_their_events():
    made = seissynth.continuous(event(), NETWORK, ORIGIN_TIME, ORIGIN_TIME + 20)
    with pytest.raises(InputError, match=r"continuous record.*seissynth\.events"):
        seissynth.explain(made)
    assert np.isfinite(made[0].data).all()
