"""Moved modules: their former public names still import the same module."""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.util import spec_from_loader

#: former name -> name, below the package
CORE = {
    "bounds": "shared.bounds",
    "channels": "stations.channels",
    "earthquakes": "events.earthquakes",
    "motion": "signal.motion",
    "response": "instruments.response",
    "sensors": "stations.sensors",
    "streamnoise": "noise.recorded",
    "velocity_models": "traveltime.velocity_models",
    "skipped": "backends.skipped",
    "signal.woodanderson_stream": "instruments.woodanderson_stream",
    "data.asdf": "io.asdf",
    "data.asdf_sets": "io.asdf_sets",
    "data.continuous": "data.cutting.cut",
    "data.drawn_earthquakes": "data.factory.drawn_earthquakes",
    "data.files": "io.files",
    "data.flatfile": "io.flatfile",
    "data.noise": "data.cutting.quiet",
    "data.pickers": "picking.pickers",
    "data.preprocess": "data.preparation.preparation",
    "data.seisbench": "io.seisbench.dataset",
    "evaluation.baseline_rows": "evaluation.baselines.rows",
    "evaluation.downstream.front_noise": "noise.front",
    "evaluation.front_noise": "noise.front",
    "evaluation.picker_models": "picking.models",
    **{
        f"evaluation.{name}": f"evaluation.{room}.{name}"
        for room, names in {
            "baselines": ("folds", "known_answers", "travel_times"),
            "downstream": ("magnitude_network", "picker_training", "picker_windows", "picks"),
            "groups": (
                "arrival_scores", "arrivals", "distributions", "diversity", "frequency_magnitude", "ground_motion",
                "ground_motion_groups", "hvsr", "log_spectrograms", "samples", "sections", "similarity", "source",
                "source_fit", "spectra", "spread",
            ),
            "statistics": (
                "b_values", "completeness", "frechet", "intervals", "mixed_effects", "nearest", "time_warping",
            ),
        }.items()
        for name in names
    },
}  # fmt: skip


def keep_former_names(package, names):
    """Keep the former names of a package's modules importable.

    Parameters
    ----------
    package : str
    names : dict of str to str
        Former name, below the package -> name, below it as well, or a whole one that begins with the same first word
        (``seissynth_plugins.torchkit.stages``) where the module went to another package.
    """
    first = package.partition(".")[0] + "."
    moved = {
        f"{package}.{former}": name if name.startswith(first) else f"{package}.{name}" for former, name in names.items()
    }
    known = {former for finder in sys.meta_path if isinstance(finder, _Finder) for former in finder.moved}
    if not moved.keys() <= known:
        sys.meta_path.insert(0, _Finder(moved))  # a folder of files may have a former name


class _Finder(MetaPathFinder):
    def __init__(self, moved):
        self.moved = moved

    def find_spec(self, fullname, path=None, target=None):  # noqa: ARG002 (as MetaPathFinder)
        name = self.moved.get(fullname)
        return None if name is None else spec_from_loader(fullname, _Same(name))


class _Same(Loader):
    """Return the module of another name."""

    def __init__(self, name):
        self.name = name

    def create_module(self, spec):  # noqa: ARG002 (as Loader)
        module = import_module(self.name)
        self.spec = module.__spec__  # the import system is about to write the former name's there
        return module

    def exec_module(self, module):
        module.__spec__ = self.spec
