"""Modules that use PyTorch are not collected where it is not installed: their doctests could not be run."""

from importlib.util import find_spec
from pathlib import Path


def _of_torch():
    plugins = Path(__file__).parent / "seissynth_plugins"
    needs = ("\nimport torch", "\nfrom torch", "\nimport lightning", ">>> import torch", ", torch\n")
    return [str(path) for path in plugins.rglob("*.py") if any(line in path.read_text("utf-8") for line in needs)]


collect_ignore = [] if find_spec("torch") else _of_torch()
