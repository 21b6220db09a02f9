"""Trainers without the packages that they need."""

import importlib
import inspect

import pytest

from seissynth.backends.trainers import get_trainer
from seissynth.errors import MissingDependencyError


@pytest.mark.parametrize("name", ["heggs", "ldm", "swag", "bbgan", "seismogen"])
def test_a_package_that_is_missing_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setattr("seissynth_plugins.torchkit.run_folder.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"training.* needs torch: .*seissynth\[train\]"):
        get_trainer(name)(tmp_path / "set", tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["heggs.training.train.train_heggs", "swag.training.train.train_swag", "torchkit.gan_training.train_gan"]
)
def test_help_tells_every_option_of_a_trainer(name):
    """Entries that all trainers share are put into their docstrings."""
    if name.startswith("swag"):
        pytest.importorskip("torch")
    module, _, function = name.rpartition(".")
    trainer = getattr(importlib.import_module(f"seissynth_plugins.{module}"), function)
    entries = inspect.getdoc(trainer).partition("Parameters\n----------\n")[2].partition("\n\nReturns\n-------\n")[0]
    heads = [line.partition(" : ")[0] for line in entries.split("\n") if not line.startswith(" ")]
    told = [option.lstrip("*") for head in heads for option in head.split(", ")]
    assert sorted(told) == sorted(inspect.signature(trainer).parameters)
