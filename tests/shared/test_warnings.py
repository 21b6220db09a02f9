"""Warnings go through one helper, which names the user's line and leaves the process' filters alone."""

import ast
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import seissynth
from seissynth.errors import SeisSynthWarning
from seissynth.shared.warning import collecting_warnings, warn_user

PACKAGES = [Path(seissynth.__file__).parent, Path(seissynth.__file__).parents[1] / "seissynth_plugins"]
#: where a whole process is ours (the command line, a training) or its state is measured
OWNERS = {"warning.py", "_common.py", "state.py", "_lightning_loop.py"}


def test_one_helper_warns():
    others = []
    for path in (path for package in PACKAGES for path in package.rglob("*.py")):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        named = {ast.unparse(function) for function in calls}
        if named & {"warnings.warn", "warnings.catch_warnings", "warnings.simplefilter"} and path.name not in OWNERS:
            others.append(str(path))
    assert not others


def test_the_users_line_is_named():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_user("something")
        net, earthquake = seissynth.read_example()
        seissynth.generate(net, earthquake, duration=2.0)
    assert {item.filename for item in caught} == {__file__} and len(caught) > 1


def test_collected_warnings_are_those_of_this_context():
    with collecting_warnings() as outer, pytest.warns(SeisSynthWarning, match="^elsewhere$"):
        warn_user("first")
        with collecting_warnings() as inner:
            warn_user("second")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(warn_user, "elsewhere").result()
        warn_user("third")
    assert (outer, inner) == (["first", "third"], ["second"])
    with pytest.warns(SeisSynthWarning, match="^fourth$"):
        warn_user("fourth")
