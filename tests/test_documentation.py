"""The code in README.md and in the guide runs, and what the guide says about seeds is true."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import seissynth

ROOT = Path(__file__).resolve().parents[1]
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
TABLE = re.compile(r"^```\{seissynth-table\} (\S+)$", re.M)


@pytest.fixture(scope="module")
def extensions():
    """The folder of our Sphinx extensions, from which they are imported."""
    pytest.importorskip("sphinx", reason="tables and pictures are built with Sphinx (extra docs)")
    folder = str(ROOT / "docs" / "_ext")
    sys.path.insert(0, folder)
    yield folder
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def tables(extensions):
    """The Sphinx extension that makes the tables."""
    import seissynth_tables

    return seissynth_tables


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md", "docs/errors.md"])
def test_python_of_a_page_runs(page, tmp_path):
    code = "\n".join(PYTHON_BLOCK.findall((ROOT / page).read_text(encoding="utf-8")))
    assert "import" in code
    environment = dict(os.environ, PYTHONPATH=str(ROOT), MPLBACKEND="Agg")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_readme_shows_a_picture_that_is_there():
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / path).is_file(), path


def test_every_table_that_a_page_asks_for_is_made(tables):
    asked = {name for page in (ROOT / "docs").glob("*.md") for name in TABLE.findall(page.read_text(encoding="utf-8"))}
    assert asked == set(tables.TABLES)
    for name in asked - {"bad-input"}:  # the messages are made when the pages are built
        head, rows, widths = tables.TABLES[name]()
        assert rows and len(head) == len(widths)
        assert all(isinstance(row, tables.Group) or len(row) == len(head) for row in rows)


def test_the_road_enters_each_room_by_its_main_function(extensions):
    from house import road

    steps = dict(road())
    assert next(iter(steps.items())) == ("events", "read_earthquakes")
    assert list(steps.items())[-3:] == [
        ("simulation", "simulate"),
        ("backends", "run_backend"),
        ("stream", "make_traces"),
    ]
    assert steps["record_windows"] == "plan_windows" and steps["requests"] == "make_request"


def test_options_table_holds_every_option(tables):
    from seissynth.backends.registry import option_names
    from seissynth_plugins.stochastic.backend import StochasticBackend

    listed = [row[0].text for row in tables.options_table()[1] if not isinstance(row, tables.Group)]
    assert sorted([*listed, "preset"]) == sorted(option_names(StochasticBackend))


@pytest.fixture(scope="module")
def example():
    inventory, event = seissynth.read_example()
    inventory = inventory.select(station="AMAT") + inventory.select(station="BORE")
    return inventory, event, seissynth.generate(inventory, event, seed=1, duration=30)


def test_another_window_leaves_the_record_as_it_was(example):
    inventory, event, short = example
    longer = seissynth.generate(inventory, event, seed=1, start=-10, duration=70)
    for one, other in zip(short, longer, strict=True):
        part = other.slice(one.stats.starttime, one.stats.endtime)
        assert np.abs(one.data - part.data).max() < 0.001 * np.abs(one.data).max()


def test_a_larger_magnitude_shares_the_noise(example):
    inventory, event, small = example
    event = event.copy()
    event.preferred_magnitude().mag += 0.5
    large = seissynth.generate(inventory, event, seed=1, duration=30)
    other = seissynth.generate(inventory, event, seed=2, duration=30)
    for one, same, another in zip(small, large, other, strict=True):
        assert np.corrcoef(one.data, same.data)[0, 1] > 0.7
        assert abs(np.corrcoef(one.data, another.data)[0, 1]) < 0.5


def test_hn_beside_hh_changes_no_bit(example):
    inventory, event, hh = example
    both = seissynth.generate(inventory, event, seed=1, duration=30, channel="*")
    for trace in hh:
        np.testing.assert_array_equal(trace.data, both.select(id=trace.id)[0].data)
