"""The sizes of what is installed: added up on a graph that can be done by hand, and told for every requirement."""

import configparser
import re
import subprocess
import sys

import pytest
from _imports import ROOT

from tools.package.installed_size import PURPOSE, sizes, table


def fact(size, *requires):
    return {"size": size, "requires": list(requires)}


#: a needs x, which needs y; b needs y too, and z by way of a; c stands alone; pip is nobody's
GRAPH = {
    "seissynth": fact(1, "a", "b", "c", "not-installed"),
    "a": fact(10, "x", "z"), "b": fact(20, "y", "a"), "c": fact(40),
    "x": fact(100, "y"), "y": fact(200), "z": fact(400), "pip": fact(9999),
}  # fmt: skip


def test_each_package_is_counted_once():
    rows, total = sizes(GRAPH)
    assert {name: (own, alone) for name, own, alone in rows} == {"a": (10, 500), "b": (20, 0), "c": (40, 0)}
    assert [name for name, *_ in rows] == ["a", "c", "b"]
    assert total == 1 + 10 + 20 + 40 + 100 + 200 + 400  # y is shared by a and b


def test_the_page_tells_what_every_requirement_is_for():
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    required = {re.match(r"[\w.-]+", line)[0] for line in parser["options"]["install_requires"].split()}
    assert set(PURPOSE) == required
    page = (ROOT / "docs" / "installed_size.md").read_text("utf-8")
    assert set(re.findall(r"^\| (\w+) \| [\d.–]+ \|", page, re.M)) == required | {"seissynth"}


def test_the_rows_add_up_to_the_total():
    facts = {
        "seissynth": fact(3e6, "numpy", "scipy"),
        "numpy": fact(70e6),
        "scipy": fact(140e6, "numpy", "q"),
        "q": fact(5e6),
    }
    assert "| scipy | 140 | 5.0 | filters" in table(facts) and "| **all** | **218** |" in table(facts)


@pytest.mark.parametrize(
    ("row", "modules"),
    [("import seissynth", ()), ("seissynth.list_backends()", ()), ("seissynth.signal.STFT", ("numpy",))],
)
def test_the_page_is_right_about_what_is_loaded(row, modules):

    heavy = ("numpy", "scipy", "pandas", "numba", "matplotlib", "obspy", "h5py", "pyasdf", "torch")
    code = row.replace("seissynth", "import seissynth; seissynth", 1) if not row.startswith("import") else row
    code = f"import sys; {code}; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert tuple(done.stdout.split()) == modules
    assert f"`{row}`" in (ROOT / "docs" / "installed_size.md").read_text("utf-8")
