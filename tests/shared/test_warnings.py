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
OWNERS = {"warning.py", "_common.py", "state.py", "_training_run.py"}


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
    with collecting_warnings() as outer:
        warn_user("first")
        with collecting_warnings() as inner:
            warn_user("second")
        with ThreadPoolExecutor(1) as pool, pytest.warns(SeisSynthWarning, match="^elsewhere$"):
            pool.submit(warn_user, "elsewhere").result()
        warn_user("third")
    assert (outer, inner) == (["first", "third"], ["second"])
    with pytest.warns(SeisSynthWarning, match="^fourth$"):
        warn_user("fourth")


def test_an_event_without_picks_at_the_stations_is_said():
    net, earthquake = seissynth.read_example()
    earthquake.picks = []
    with pytest.warns(SeisSynthWarning, match="has no P or S picks at these stations") as caught:
        with_picks = seissynth.generate(net, earthquake, onsets="picks", duration=40.0)
    assert {item.filename for item in caught} == {__file__}
    assert (with_picks[0].data == seissynth.generate(net, earthquake, duration=40.0)[0].data).all()


def test_a_catalogue_of_which_some_lies_before_the_network_is_said(tmp_path):
    net, earthquake = seissynth.read_example()
    early = earthquake.copy()
    early.preferred_origin().time -= 50 * 365 * 86400
    for station in net[0]:
        station.start_date = earthquake.preferred_origin().time - 86400
    with pytest.warns(SeisSynthWarning) as caught:
        report = seissynth.make_dataset(tmp_path / "set", net, [early, earthquake], duration=10.0, sampling_rate=20.0)
    assert report.events == 1 and {item.filename for item in caught} == {__file__}
    assert any("no sensor is open then" in str(item.message) for item in caught)
