"""Local magnitude in is local magnitude out; durations are those of a published model; the table is what it says."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seissynth.errors import InputError, SeisSynthWarning
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.closure import TABLE_PATH, ClosureTable, digest, load_closure
from seissynth_plugins.stochastic.presets import PRESETS, make_parameters
from seissynth_plugins.stochastic.source import moment_magnitude
from tools.physics import calibrate_magnitude, compare_durations

STORED = json.loads(TABLE_PATH.read_text(encoding="utf-8"))


# --- magnitudes


@pytest.mark.parametrize("preset", sorted(STORED["tables"]))
def test_table_was_made_with_this_presets_constants(preset):
    now = digest(PRESETS[preset])
    assert STORED["tables"][preset]["made_with"] == now, f"{preset} has changed: run {STORED['command']}"


@pytest.mark.parametrize("preset", sorted(STORED["tables"]))
def test_records_have_the_magnitude_that_was_asked_for(preset):
    """Noise of another seed than the table's."""
    backend = StochasticBackend(preset=preset, magnitude_conversion="closure")
    for ml in (1.0, 2.5, 4.0, 5.0, 6.0) if preset == "active" else (2.0, 5.0):
        stations = calibrate_magnitude.station_magnitudes(backend, ml, "ML", 4, seed=11)
        assert np.median(stations) == pytest.approx(ml, abs=0.1)
        assert stations.std() > 0.02  # other noise in each


def test_closure_is_the_inverse_of_the_table():
    for name, stored in STORED["tables"].items():
        np.testing.assert_allclose(load_closure(name).moment_magnitude(stored["ml"]), stored["mw"], atol=1e-12)


@given(ml=st.lists(st.floats(-5, 12), min_size=2, max_size=20, unique=True))
def test_closure_is_monotone_beyond_its_ends_too(ml):
    # a step must be seen in floating point
    ml = np.unique(np.round(ml, 6))
    for name in STORED["tables"]:
        assert (np.diff(load_closure(name).moment_magnitude(ml)) > 0).all()


def test_closure_beyond_its_ends():
    table = load_closure("active")
    low, high = table.ml[0], table.ml[-1]
    assert table.moment_magnitude(low - 3.0) == pytest.approx(table.mw[0] - 2.0)
    assert table.moment_magnitude(high + 0.7) == pytest.approx(table.mw[-1] + 0.7)


def test_truth_names_the_table():
    mw, names = moment_magnitude([4.0, 4.0], ["ML", "Mw"], "closure", "stable")
    assert mw[0] == load_closure("stable").moment_magnitude(4.0) and mw[1] == 4.0
    assert names == ["ML to Mw by closure, table stable", "Mw as given"]


def test_changed_constants_are_warned_of():
    with pytest.warns(SeisSynthWarning, match="stress_drop_bar changed"):
        make_parameters("active", magnitude_conversion="closure", stress_drop_bar=50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_parameters("active", magnitude_conversion="closure", coherence_end=0.3)  # changes no level
        make_parameters("active", stress_drop_bar=50)


def test_bad_tables():
    with pytest.raises(InputError, match="must increase"):
        ClosureTable((1.0, 2.0, 3.0), (1.0, 1.5, 1.4))
    with pytest.raises(InputError, match="2 and more"):
        ClosureTable((1.0,), (1.0,))
    with pytest.raises(InputError, match="no table for 'smsim'"):
        load_closure("smsim")


# --- durations and coda


def test_duration_model_is_pygmms():
    pytest.importorskip("pygmm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert compare_durations.check_model() < 1e-3


def test_duration_model_by_hand():
    """Mw 5, 40 km, Vs30 760: the source is b0, the path 10 c1 + 30 c2, the site (600 / Vref)^c4."""
    wanted = (1.279 + 1.159 + 3.195) * (600 / 368.2) ** -0.2246
    assert compare_durations.afshari_stewart(5.0, 40.0)[0] == pytest.approx(wanted)


def test_durations_are_those_of_the_model():
    script = compare_durations
    backend = StochasticBackend(preset="active_windows")
    ratios = []
    for magnitude in (4.0, 6.0):
        for distance in (20.0, 70.0, 150.0):
            acceleration, rup = script.simulate(backend, magnitude, distance, 8)
            pair = script.horizontal_durations(acceleration), script.afshari_stewart(magnitude, rup)
            ratios.append(np.divide(*pair))
    for median in np.median(ratios, axis=0):  # D5-75, D5-95
        assert 0.7 < median < 1.4
    assert np.min(ratios) > 0.5 and np.max(ratios) < 2.0


def test_coda_changes_pga_by_less_than_two_per_cent():
    pair = [StochasticBackend(preset="active_windows", coda_level=level) for level in (0.18, 0.0)]
    for magnitude, distance in ((3.0, 10.0), (6.0, 40.0)):
        made = [compare_durations.simulate(backend, magnitude, distance, 60)[0] for backend in pair]
        with_coda, without = (data[:, 1:] for data in made)
        change = np.log(np.abs(with_coda).max(axis=-1)).mean() - np.log(np.abs(without).max(axis=-1)).mean()
        assert abs(change) < 0.02
        # its energy is taken from the rest: the total stays
        energy = [np.log((x.astype(float) ** 2).sum(axis=-1)).mean() for x in (with_coda, without)]
        assert energy[0] == pytest.approx(energy[1], abs=0.04)


# --- boreholes


def test_borehole_factor_scales_deep_sensors_only():
    from stochastic_tables import conditions, simulate

    table = conditions([20.0, 20.0], station_local_depth_m=[0.0, 150.0])
    surface = simulate(StochasticBackend(borehole_factor=1), table).data
    half = simulate(StochasticBackend(borehole_factor=0.5), table).data
    np.testing.assert_array_equal(half[0], surface[0])
    np.testing.assert_allclose(half[1], surface[1] / 2, rtol=1e-5, atol=1e-6 * np.abs(surface[1]).max())
