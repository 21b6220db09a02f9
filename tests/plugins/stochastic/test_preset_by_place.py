"""``preset="auto"``: each earthquake has the preset of its region, and the records of that preset."""

import numpy as np
import pytest
from stochastic_tables import conditions

import seissynth
from seissynth.errors import InputError
from seissynth.seeding import make_seeds
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.presets import PRESETS, make_parameters
from seissynth_plugins.stochastic.regions import ELSEWHERE, REGIONS, preset_at

SPAN = {"npts": 512, "sampling_rate_hz": 50.0}


def made(backend, latitudes, longitudes, rows=slice(None)):
    table = conditions([20.0, 40.0, 60.0]).assign(source_latitude_deg=latitudes, source_longitude_deg=longitudes)
    seeds = make_seeds(1, ["a"] * 3, ["XX.A", "XX.B", "XX.C"], backend="stochastic")
    chosen = table[rows].reset_index(drop=True)
    return backend.simulate(chosen, start_s=np.zeros(len(chosen)), seeds=seeds[rows], **SPAN)


def test_each_row_is_that_of_its_preset():
    places = [45.0, 35.7, 43.0], [-75.0, -117.5, 18.0]
    records = made(StochasticBackend(preset="auto", kappa0_s=0.02), *places)
    names = ["stable", "active", "southern_europe"]
    assert list(records.truth["preset"]) == names
    for row, name in enumerate(names):
        alone = made(StochasticBackend(preset=name, kappa0_s=0.02), *places, rows=slice(row, row + 1))
        np.testing.assert_array_equal(records.data[row], alone.data[0])
        assert records.truth["stress_drop_bar"][row] == alone.truth["stress_drop_bar"][0]


def test_unknown_places_are_active():
    table = conditions([20.0])
    seeds = make_seeds(1, ["a"], ["XX.A"], backend="stochastic")
    found = StochasticBackend(preset="auto").simulate(table, start_s=np.zeros(1), seeds=seeds, **SPAN)
    assert list(found.truth["preset"]) == [ELSEWHERE]


@pytest.mark.parametrize(("place", "preset"), [
    ((42.8, 13.2), "southern_europe"), ((50.9, 6.4), "stable"), ((37.1, 140.4), "active"), ((-38.0, 176.0), "active"),
    ((-31.9, 117.0), "stable"), ((38.0, -77.9 + 360), "stable"), ((19.4, -155.3), "active"),
])  # fmt: skip
def test_earthquakes_that_everybody_knows(place, preset):
    assert preset_at(*place) == preset


def test_all_regions_have_a_preset():
    assert {name for name, *_ in REGIONS} | {ELSEWHERE} <= set(PRESETS)


def test_explain_says_which(example_with_auto):
    assert set(seissynth.explain(example_with_auto)["preset"]) == {"southern_europe"}


@pytest.fixture
def example_with_auto():
    return seissynth.generate(*seissynth.read_example(), preset="auto")


def test_the_message_about_unknown_presets_names_it():
    with pytest.raises(InputError, match="'smsim', 'auto'"):
        make_parameters("activ")
