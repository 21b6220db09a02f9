"""Modules that use PyTorch are not collected where it is not installed: their doctests could not be run."""

from importlib.util import find_spec

from _imports import ROOT, imports_of, module_files


def _of_torch():
    """Files whose import needs PyTorch, itself or by way of another of these files, or whose doctests import it."""
    files = module_files("seissynth_plugins")
    for folder in ("helpers", "benchmarks"):
        files |= {path.stem: path for path in (ROOT / "tests" / folder).glob("*.py")}
    imports = {module: [found for found in imports_of(path) if found.at_top] for module, path in files.items()}
    doctests = (">>> import torch", ", torch\n")
    heavy = {module for module, path in files.items() if any(line in path.read_text("utf-8") for line in doctests)}
    more = {"torch", "lightning", "safetensors"}
    while more:
        more = {module for module, found in imports.items() if any(one.is_of(*more) for one in found)} - heavy
        heavy |= more
    return [str(files[module]) for module in heavy]


collect_ignore = [] if find_spec("torch") else _of_torch()
