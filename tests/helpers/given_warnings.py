"""Which places that warn were reached by the tests of a run."""

import ast
import sys
from importlib.util import find_spec
from pathlib import Path

from _imports import ROOT

from seissynth.shared import warning


class Recorder:
    """Stands in for the context variable that `warn_user` asks first, and notes who called it.

    Parameters
    ----------
    variable : contextvars.ContextVar
    """

    def __init__(self, variable):
        self.variable, self.seen = variable, set()
        self.set, self.reset = variable.set, variable.reset

    def get(self):
        """What the variable holds."""
        caller = sys._getframe(2)
        self.seen.add((caller.f_code.co_filename, caller.f_lineno))
        return self.variable.get()


def record():
    """Begin to note, in this process; returns the Recorder."""
    warning.COLLECTED = Recorder(warning.COLLECTED)
    return warning.COLLECTED


def never_given(seen):
    """Places of `warn_user` that are none of `seen`; list of "file:line"."""
    missing = []
    for package in ("seissynth", "seissynth_plugins"):
        folder = Path(find_spec(package).submodule_search_locations[0])  # as it is installed
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "warn_user":
                    lines = range(node.lineno, node.end_lineno + 1)
                    if not any(file == str(path) and line in lines for file, line in seen):
                        missing.append(f"{path.relative_to(folder.parent)}:{node.lineno}")
    return missing


def real_records():
    """Folder of real records, beside the checkout or named by SEISSYNTH_DATA; None when absent."""
    import os

    for place in (os.environ.get("SEISSYNTH_DATA"), ROOT.parent / "shared" / "data"):
        if place and (Path(place) / "ridgecrest_2019").is_dir():
            return Path(place)
    return None
