"""Trainers without the packages that they need."""

import pytest

from seissynth.backends.trainers import get_trainer
from seissynth.errors import MissingDependencyError


@pytest.mark.parametrize("name", ["heggs", "ldm", "swag", "bbgan", "seismogen"])
def test_a_package_that_is_missing_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setattr("seissynth_plugins.torchkit.run_folder.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"training needs torch: .*seissynth\[train\]"):
        get_trainer(name)(tmp_path / "set", tmp_path / "run")
    assert not list(tmp_path.iterdir())
