"""Sensor terms: what is put into records by sensor and phase is found, taken off, and put back."""

from dataclasses import replace

import numpy as np
import pytest
from heggs_sets import tiny_options, write_set
from heggs_streams import earthquake, line, observed

import seissynth
from seissynth.errors import InputError
from seissynth_plugins.heggs.data import PairData, TrainingTable, fit_inputs
from seissynth_plugins.heggs.inputs import ModelInputs
from seissynth_plugins.heggs.sensor_terms import SHRINK, expand, mean_terms, phases
from seissynth_plugins.heggs.weights import read_card

TIMES = np.arange(10.0)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return TrainingTable(write_set(tmp_path_factory.mktemp("terms") / "set"), fold=0, folds=4)


@pytest.fixture(scope="module")
def inputs(table):
    return fit_inputs(table)


def some_terms(inputs, sensors=("", "CI.S0", "CI.S1"), seed=0):
    rng = np.random.default_rng(seed)
    bins = len(inputs.statistics.mean)
    return {name: rng.normal(size=(3, 3, bins)).round(3).astype(np.float32) for name in sensors}


def test_phases_begin_a_little_before_their_onsets():
    found = phases([[3.0, 6.0], [3.2, 6.4], [np.nan, np.nan], [4.0, np.nan]], TIMES)
    assert found[0].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
    assert found[1].tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    assert found[2].tolist() == [2] * 10
    assert found[3].tolist() == [0, 0, 0, 0] + [2] * 6


def test_terms_are_found_in_residuals():
    rng = np.random.default_rng(1)
    truth = {name: rng.normal(size=(3, 2, 4)) for name in ("A", "B")}
    truth[""] = np.zeros((3, 2, 4))
    sensors = ["A"] * 60 + ["B"] * 20
    onsets = np.array([[3.0, 6.0]] * 80)
    mask = np.ones((80, 10), bool)
    mask[:, 9] = False
    residuals = expand(truth, sensors, onsets, TIMES) + 0.01 * rng.normal(size=(80, 2, 4, 10))
    residuals[:, :, :, 9] = 1e6  # behind the mask
    found = mean_terms(iter(residuals), mask, phases(onsets, TIMES), sensors)
    share = {"A": 60 / (60 + SHRINK), "B": 20 / (20 + SHRINK)}
    common = sum(share[name] * truth[name] for name in share) / sum(share.values())
    np.testing.assert_allclose(found[""], common, atol=0.01)
    for name in share:
        np.testing.assert_allclose(found[name], common + share[name] * (truth[name] - common), atol=0.01)


def test_a_phase_that_was_never_seen_takes_the_common_term():
    residuals = np.ones((2, 1, 2, 10))
    onsets = np.array([[3.0, 6.0], [-5.0, -4.0]])  # B has nothing before S
    found = mean_terms(residuals, np.ones((2, 10), bool), phases(onsets, TIMES), ["A", "B"])
    np.testing.assert_allclose(found["B"][0], found[""][0])
    np.testing.assert_allclose(found[""], 1.0)


def test_what_is_taken_off_is_put_back(table, inputs):
    terms = some_terms(inputs)
    own = replace(inputs, sensor_terms=terms)
    rows = table.rows("train")[:3]
    columns, sensors = table.table.iloc[rows], ["CI.S0", "CI.S1", "XX.NEW"]
    onsets = own.onsets(columns)
    plain = inputs.encode(table.waveforms(rows), table.sensors(rows))
    less = own.encode(table.waveforms(rows), table.sensors(rows), onsets=onsets)
    np.testing.assert_allclose(less + own.expanded_terms(table.sensors(rows), onsets), plain, atol=1e-5)
    assert np.abs(less - plain).max() > 0.5
    # by hand: the first frame lies before P, the last behind S; an unknown sensor has the common terms
    added = own.expanded_terms(sensors, onsets)
    for number, name in enumerate(("CI.S0", "CI.S1", "")):
        np.testing.assert_allclose(added[number, :, :, 0], terms[name][0], atol=1e-6)
        np.testing.assert_allclose(added[number, :, :, -1], terms[name][2], atol=1e-6)
    assert inputs.expanded_terms(sensors, onsets) == 0.0


def test_both_records_of_a_pair_lose_their_own_terms(table, inputs):
    own = replace(inputs, sensor_terms=some_terms(inputs, ["", *(f"CI.S{number}" for number in range(4))]))
    with_terms, without = (PairData(table, one, onset_maps=True, records=True) for one in (own, inputs))
    a, b = with_terms[1], without[1]
    source, target = with_terms.pair(1)
    for name, row in (("source", source), ("target", target)):
        onsets = own.onsets(table.table.iloc[[row]])
        np.testing.assert_allclose(a[name] + own.expanded_terms(table.sensors([row]), onsets)[0], b[name], atol=1e-5)
    np.testing.assert_allclose(a["target"] + a["terms"], b["target"], atol=1e-5)
    assert (b["terms"] == 0).all() and b["terms"].shape == b["target"].shape
    assert with_terms.fingerprint != without.fingerprint


def test_terms_survive_plain_data_and_wrong_ones_are_refused(inputs):
    import json

    own = replace(inputs, sensor_terms=some_terms(inputs))
    plain = json.loads(json.dumps(own.to_plain()))
    again = ModelInputs.from_plain(plain)
    for name, values in own.sensor_terms.items():
        np.testing.assert_allclose(again.sensor_terms[name], values, atol=1e-6)
    del plain["sensor_terms"][""]
    with pytest.raises(InputError, match="sensor_terms must hold"):
        ModelInputs.from_plain(plain)
    plain["sensor_terms"] = {"": [[[1.0]]]}
    with pytest.raises(InputError, match=r"shape \(3, 3, 64\)"):
        ModelInputs.from_plain(plain)


# --- trained, and generated with


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of a few steps, and others that went on from them with sensor terms."""
    pytest.importorskip("lightning", reason="training needs Lightning")
    from seissynth_plugins.heggs.training import train_heggs

    folder = tmp_path_factory.mktemp("trained")
    options = tiny_options(validation_records=2)
    plain = train_heggs(write_set(folder / "set"), folder / "plain", **options).weights
    with_terms = train_heggs(folder / "set", folder / "terms", **options, init=plain, sensor_terms=True).weights
    return plain, with_terms


def test_training_keeps_its_terms_and_goes_on_with_them(weights, tmp_path):
    import shutil

    from seissynth_plugins.heggs.training import train_heggs

    plain, with_terms = weights
    card = read_card(with_terms)
    terms = ModelInputs.from_plain(card["normalisation"]).sensor_terms
    assert sorted(terms) == ["", "CI.S0", "CI.S1", "CI.S2", "CI.S3"]
    # an untrained network is off by far more than rounding
    assert np.abs(terms["CI.S0"]).max() > 0.1
    shutil.copytree(with_terms.parent, tmp_path / "again")
    options = tiny_options(validation_records=2)
    data = with_terms.parents[1] / "set"
    again = train_heggs(data, tmp_path / "again", **options, init=plain, sensor_terms=True)
    assert again.finished and read_card(again.weights)["normalisation"] == card["normalisation"]
    with pytest.raises(InputError, match="sensor_terms"):
        train_heggs(data, tmp_path / "again", **options, init=plain)
    with pytest.raises(InputError, match="pass init"):
        train_heggs(data, tmp_path / "none", **options, sensor_terms=True)


def test_records_and_sources_carry_the_terms_of_their_sensors(weights):
    """Terms of ln 2 double what is generated, and halve what is seen of a source, exactly."""
    from seissynth_plugins.heggs.backend import HeggsBackend

    backend = HeggsBackend(weights=weights[0], steps=2, iterations=4, precision="float32")
    backend.load()
    inputs = backend._inputs
    bins = len(inputs.statistics.mean)
    nothing = np.zeros((3, 3, bins), np.float32)
    double = np.broadcast_to(np.log(2) / inputs.statistics.sd, (3, 3, bins)).astype(np.float32)

    def made(terms, level=None):
        backend._inputs = replace(inputs, sensor_terms={"": nothing, **terms})
        stream = seissynth.generate(
            line(), earthquake(), backend=backend, velocity_model="southern_california", duration=60.0,
            source=None if level is None else observed(level=level, stations=("S0",)),
        )  # fmt: skip
        return np.stack([trace.data for trace in stream]).reshape(4, 3, -1)

    plain, doubled = made({}), made({"XX.V1": double})
    for number, factor in enumerate((1, 2, 1, 1)):
        np.testing.assert_allclose(doubled[number], factor * plain[number], rtol=0.02, atol=2e-3 * plain[number].max())
    loud, quiet = made({"CI.S0": double}, 2e-6), made({}, 1e-6)
    # without terms the level of a source is seen, with them a doubled one is as the single one
    seen = np.abs(made({}, 2e-6) - quiet).max()
    assert seen > 0.02 * quiet.max()
    assert np.abs(loud - quiet).max() < 0.1 * seen
