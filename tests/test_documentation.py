"""The code on the pages runs and draws their pictures, and what the guide says about seeds is true."""

import os
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import obspy
import pytest
from forked_pages import forked_pages

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


@pytest.fixture(scope="module")
def run_code():
    """Run code in a folder, in a process that ends with it."""
    with forked_pages() as run:
        yield run


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md", "docs/errors.md"])
def test_python_of_a_page_runs(page, run_code, tmp_path):
    code = "\n".join(PYTHON_BLOCK.findall((ROOT / page).read_text(encoding="utf-8")))
    assert "import" in code
    done = run_code(code, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


sys.path.insert(0, str(ROOT / "docs"))
import make_pictures  # noqa: E402  (needs the path above)


@pytest.mark.parametrize("page", make_pictures.PAGES)
def test_a_page_draws_the_pictures_that_it_shows(page, run_code, tmp_path):
    for package in make_pictures.PAGES[page]:
        pytest.importorskip(package)
    done = run_code(f"import make_pictures; make_pictures.run_page({page!r}, '.')", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stderr
    for picture in make_pictures.shown_by(page):
        assert picture.is_file() and (tmp_path / picture.name).is_file(), picture
    for line in make_pictures.printed_by(page):
        assert any(about_equal(line, printed) for printed in done.stdout.splitlines()), line


def about_equal(line, other):
    """Whether two lines have the same words, and numbers that differ by 5 % at most."""
    words, others = line.split(), other.split()
    return len(words) == len(others) and all(map(_about_equal_words, words, others))


def _about_equal_words(word, other):
    try:
        return float(other) == pytest.approx(float(word), rel=0.05)
    except ValueError:
        return word == other


def test_every_drawn_picture_is_shown():
    shown = {picture for page in make_pictures.PAGES for picture in make_pictures.shown_by(page)}
    assert set((ROOT / "docs" / "_static" / "pages").glob("*")) == shown


def example_with(**changes):
    """One station of the example; what is given changes its event's origin or magnitude."""
    inventory, event = seissynth.read_example()
    for name, value in changes.items():
        place = event.magnitudes[0] if "mag" in name else event.origins[0]
        setattr(place, name, value)
    return inventory.select(station="AMAT"), event


def plain_source():
    """Records that state no quantity."""
    stream = seissynth.generate(*seissynth.read_example(), duration=60)
    for trace in stream:
        del trace.stats["seissynth"]
    return stream


def draw(name, *arguments):
    import seissynth.plotting

    getattr(seissynth.plotting, name)(*arguments)


def make_twice(folder):
    from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes, around_station

    inventory, _ = example_with()
    drawn = DrawnEarthquakes(2, around_station(inventory, "XX.AMAT", radius_km=40), magnitude=(2, 3))
    for seed in (0, 2):
        seissynth.make_dataset(folder, inventory, drawn, seed=seed)


#: what a user does, and the backend's packages that it needs
TROUBLES = {
    "no weights": (lambda: seissynth.generate(*example_with(), backend="ldm"), ()),
    "too long": (
        lambda: seissynth.generate(*example_with(), backend="heggs", duration=90, outside="allow"),
        ("torch", "safetensors"),
    ),
    "other onsets": (
        lambda: seissynth.generate(*example_with(), backend="heggs", duration=60),
        ("torch", "safetensors"),
    ),
    "unknown unit": (
        lambda: seissynth.generate(*example_with(), backend="heggs", source=plain_source()),
        ("torch", "safetensors"),
    ),
    "no such option": (lambda: seissynth.generate(*example_with(), stress_drop=80), ()),
    "local magnitude": (lambda: seissynth.generate(*example_with(magnitude_type="ML"), duration=30), ()),
    "depth in km": (lambda: seissynth.generate(*example_with(depth=8.2), duration=30), ()),
    "P outside": (lambda: seissynth.generate(*example_with(), start=20, duration=30), ()),
    "no such station": (
        lambda: seissynth.generate(*example_with(), conditions={"station_vs_30_mps": {"XX.AMTA": 300}}),
        (),
    ),
    "rounded motion": (lambda: seissynth.generate(*example_with(), quantize=True), ()),
    "ensemble drawn": (
        lambda: draw("plot_section", seissynth.generate(*example_with(), realizations=2, duration=30)),
        (),
    ),
    "no distance": (lambda: draw("plot_section", obspy.read()), ()),
    "other arguments": (lambda: make_twice("made"), ()),
    "miniSEED reproduced": (lambda: reproduce_miniseed("example.mseed"), ()),
}


def reproduce_miniseed(path):
    seissynth.write(path, seissynth.generate(*example_with(), duration=30))
    seissynth.reproduce(path)


@pytest.mark.parametrize("case", TROUBLES)
def test_a_message_stands_on_the_page_of_troubles(case, tmp_path, monkeypatch):
    from seissynth.errors import SeisSynthError, SeisSynthWarning

    act, packages = TROUBLES[case]
    for package in packages:
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            act()
        except SeisSynthError as error:
            messages = [str(error)]
        else:
            messages = [str(one.message) for one in caught if issubclass(one.category, SeisSynthWarning)]
    page = " ".join((ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8").split())
    said = [message.replace(f"{tmp_path}{os.sep}", "").split(" help(")[0] for message in messages]
    assert any(message in page for message in said), said


def test_the_page_of_backends_names_each_one():
    page = (ROOT / "docs" / "which_backend.md").read_text(encoding="utf-8")
    for info in seissynth.list_backends(check=True):
        if info.distribution == "seissynth":
            rows = [line for line in page.splitlines() if line.startswith(f"| `{info.name}` |")]
            shipped = " none |" not in rows[0]
            ready = ("stochastic", "conditioned", "dgm", "heggs", "swag")
            assert len(rows) == 2 and shipped == (info.name in ready), info.name


def test_the_citation_holds_the_version(tables):
    assert f"version = {{{seissynth.__version__}}}" in tables.citation()


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
        ("simulation", "simulate_realizations"),
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


def test_intervals_in_tables_are_not_broken(extensions):
    from whole_intervals import unbroken

    assert unbroken("0.88 [-0.84, 0.92]") == "0.88 [-0.84,\u00a00.92]"  # a line may still end before the bracket
    assert unbroken("[1, 2, 3] and [a, b]") == "[1, 2, 3] and [a, b]"


def test_a_sidebar_is_that_of_its_neighbour_with_another_page_marked(extensions):
    from shared_sidebar import with_other_page_marked

    def sidebar(marked):
        plain = '<li class="toctree-l3"><a class="reference internal" href="{0}.html">{0}</a></li>'
        own = '<li class="toctree-l3 current current-page"><a class="current reference internal" href="#">{}</a></li>'
        return "".join((own if name == marked else plain).format(name) for name in "abc")

    assert with_other_page_marked(sidebar("a"), "a.html", "c.html") == sidebar("c")
    assert with_other_page_marked(sidebar("a"), "a.html", "d.html") is None
