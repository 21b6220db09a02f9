"""Presets as tables: what is in the file reaches the constants, and the records' provenance."""

import numpy as np
import pytest

import seissynth
from seissynth.errors import InputError
from seissynth_plugins.stochastic.presets import PRESETS, make_parameters
from seissynth_plugins.stochastic.region_presets import read_preset, write_preset

VALLEY = """constant,value,source
name,valley,
based_on,stable,
# a remark,,
kappa0_s,0.05,own records
spreading,"[[1, -1.2], [60, -0.5]]",own records
nonlinear_site,false,
magnitude_conversion,none,catalogue in Mw
"""


@pytest.fixture
def valley(tmp_path):
    path = tmp_path / "valley.csv"
    path.write_text(VALLEY, encoding="utf-8")
    return path


def test_a_table_changes_just_its_constants(valley):
    made, base = make_parameters(read_preset(valley)), make_parameters("stable")
    differing = {name for name in vars(base) if getattr(made, name) != getattr(base, name)}
    assert differing == {"kappa0_s", "spreading", "nonlinear_site", "magnitude_conversion"}
    assert made.spreading == ((1.0, -1.2), (60.0, -0.5)) and made.nonlinear_site is False
    assert make_parameters(read_preset(valley), kappa0_s=0.01).kappa0_s == 0.01


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_survives_being_written(preset, tmp_path):
    table = read_preset(write_preset(tmp_path / "all.csv", preset))
    assert make_parameters(table) == make_parameters(preset)


def test_records_are_those_of_the_options_and_can_be_made_again_without_the_file(valley, tmp_path):
    inventory, event = seissynth.read_example()
    inventory = inventory.select(station="AMAT")
    st = seissynth.generate(inventory, event, preset=read_preset(valley), duration=30)
    options = {"kappa0_s": 0.05, "spreading": ((1, -1.2), (60, -0.5)), "nonlinear_site": False}
    same = seissynth.generate(inventory, event, preset="stable", magnitude_conversion="none", duration=30, **options)
    np.testing.assert_array_equal(st[0].data, same[0].data)
    seissynth.write(tmp_path / "st.h5", st, event=event, inventory=inventory)
    valley.unlink()
    assert seissynth.reproduce(tmp_path / "st.h5").equal


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("constant,source\n", "column 'value' is missing"),
        ("constant,value,source\nkappa0_s,,\n", "line 2: kappa0_s has no value"),
        ("constant,value,source\nq0,1,\nq0,2,\n", "line 3: q0 is given twice"),
        ("constant,value,source\nkapa0_s,0.05,\n", "did you mean 'kappa0_s'"),
        ("constant,value,source\nbased_on,actve,\n", "unknown preset 'actve'"),
        ("constant,value,source\nkappa0_s,-1,\n", "0 or more"),
    ],
)
def test_bad_tables_are_named(text, words, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        make_parameters(read_preset(path))
    with pytest.raises(InputError, match="cannot be read"):
        read_preset(tmp_path / "none.csv")
    with pytest.raises(InputError, match="may hold"):
        make_parameters({"kappa0_s": 1})


def test_the_path_of_a_table_is_answered_with_the_way_to_read_it():
    with pytest.raises(InputError, match=r"unknown preset 'valley\.csv'.*read_preset"):
        make_parameters("valley.csv")
