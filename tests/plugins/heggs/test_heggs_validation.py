"""What validates a training, and what is fitted on its validation part: records as they were recorded."""

from dataclasses import replace

import numpy as np
import pytest
from heggs_sets import tiny_options, write_set

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")
pytest.importorskip("lightning", reason="training needs Lightning")

from seissynth_plugins.heggs.training import spread_fit  # noqa: E402
from seissynth_plugins.heggs.training.augmentation import Augmentation  # noqa: E402
from seissynth_plugins.heggs.training.data import PairData, TrainingTable, fit_inputs  # noqa: E402
from seissynth_plugins.heggs.training.run_folder import unseen_pairs  # noqa: E402
from seissynth_plugins.heggs.training.train import (  # noqa: E402
    SPREAD_PAIRS,
    train_heggs,
)
from seissynth_plugins.ldm.training import train_ldm  # noqa: E402
from seissynth_plugins.torchkit import training  # noqa: E402

#: every kind of change, in every pair
STRONGEST = Augmentation(
    amplitude=2.0, noise_share=1.0, noise_gain_db=(60.0, 60.0), earlier_share=1.0, drop_share=1.0, onset_drop=1.0
)
PARTS = {"fold": 1, "folds": 4}


class SeenEnoughError(Exception):
    """Ends a training where its data are known."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("validation") / "set")


def assert_as_recorded(pairs, folder, records):
    """Inputs, onsets and records are those of the set itself."""
    assert pairs.part == "dev" and len(pairs)
    table = TrainingTable(folder, **PARTS)
    for i in range(len(pairs)):
        item, (source, target) = pairs[i], pairs.pair(i)
        for name, row in (("source", source), ("target", target)):
            wanted = pairs.inputs.encode(table.waveforms([row]), table.sensors([row]))[0]
            np.testing.assert_array_equal(item[name], wanted)
        np.testing.assert_allclose(item["onsets"], pairs.inputs.onsets(table.table.iloc[[target]])[0])
        if records:
            np.testing.assert_array_equal(item["record"], table.waveforms([target])[0])


@pytest.mark.parametrize("trainer", [train_heggs, train_ldm])
def test_validation_sees_no_augmentation(folder, tmp_path, monkeypatch, trainer):
    def caught(model, data, config, run_dir, resume, validation):
        assert data.augmentation == STRONGEST
        assert_as_recorded(validation, folder, records=True)
        raise SeenEnoughError

    monkeypatch.setattr(training, "train", caught)
    options = tiny_options(config="tiny+onsets", validation_records=4)
    with pytest.raises(SeenEnoughError):
        trainer(folder, tmp_path / "run", **options, **PARTS, augmentation=STRONGEST)


def test_the_spread_is_fitted_to_records_without_augmentation(folder, tmp_path, monkeypatch):
    def caught(values, network, pairs, patterns, held_out=None):
        assert patterns == 2
        assert_as_recorded(pairs, folder, records=False)
        raise SeenEnoughError

    monkeypatch.setattr(spread_fit, "add_spread", caught)
    options = tiny_options(config="tiny+onsets", steps=1, warm_up=0, validation_records=0)
    with pytest.raises(SeenEnoughError):
        train_heggs(folder, tmp_path / "run", **options, **PARTS, augmentation=STRONGEST, spread=2)


def test_all_pairs_of_the_validation_part_go_into_the_spread(folder):
    """`SPREAD_PAIRS` are more than a small set has."""
    table = TrainingTable(folder, **PARTS)
    pairing = {"onset_maps": True, "augmentation": STRONGEST, "picked_first": True}
    inputs = replace(fit_inputs(table), onset_terms={"": (0.25, 0.5)})
    found = unseen_pairs(table, inputs, SPREAD_PAIRS, 0, pairing)
    plain = PairData(table, inputs, "dev", onset_maps=True)
    assert [found.pair(i) for i in range(len(found))] == [plain.pair(i) for i in range(len(plain))]
    assert pairing["augmentation"] is STRONGEST
