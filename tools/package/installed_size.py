"""Measure the disk space of an installation of the core, package by package, as a Markdown table.

    python -m tools.package.installed_size [VENV]

Without VENV, seissynth is installed from this checkout into a fresh virtual environment first. Compiled Python files
(``.pyc``) count, as ``pip install`` makes them.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: what each package that setup.cfg requires is for
PURPOSE = {
    "entrypoints": "finds the installed backends, cached",
    "filelock": "one process at a time in a folder",
    "geographiclib": "distances and azimuths, also between antipodes",
    "h5py": "data sets and ASDF files",
    "matplotlib": "pictures",
    "numba": "compiled loops: simulation, spectra, travel times",
    "numpy": "arrays",
    "obspy": "stations, earthquakes, Streams, file formats",
    "pandas": "tables: conditions, metadata, explain, evaluation",
    "pyasdf": "ASDF files with provenance",
    "rich": "progress and tables of the command line",
    "scipy": "filters, interpolation, statistics",
    "typer": "command line",
}

_FACTS = """
import json, re
from importlib.metadata import distributions

name = lambda text: re.sub("[-_.]+", "-", text).lower()
facts = {}
for one in distributions():
    paths = {one.locate_file(file).resolve() for file in one.files or ()}
    size = sum(path.stat().st_size for path in paths if path.is_file())
    wanted = [name(re.match(r"[\\w.-]+", text)[0]) for text in one.requires or () if "extra ==" not in text]
    facts[name(one.metadata["Name"])] = {"size": size, "requires": wanted}
print(json.dumps(facts))
"""


def closure(names, facts):
    """Return the packages of `names` and all that these require, themselves or by way of another.

    >>> sorted(closure(["a"], {"a": {"requires": ["b", "absent"]}, "b": {"requires": ["a"]}, "c": {"requires": []}}))
    ['a', 'b']
    """
    found, more = set(), set(names)
    while more:
        found |= more
        more = {one for name in more for one in facts[name]["requires"] if one in facts} - found
    return found & set(facts)


def sizes(facts):
    """Return rows (package, own bytes, bytes of packages that only it needs), largest first, and the total.

    Parameters
    ----------
    facts : dict of str to dict
        Installed package -> ``size`` in bytes, and ``requires``: names of packages.

    Returns
    -------
    rows : list of (str, int, int)
        Of the packages that seissynth requires itself.
    total : int
        Of seissynth and all that it requires.
    """
    direct = [name for name in facts["seissynth"]["requires"] if name in facts]
    rows = []
    for name in direct:
        # without this package: a package reached only through it still counts as its own
        rest = {one: fact for one, fact in facts.items() if one != name}
        others = closure([one for one in direct if one != name], rest)
        alone = closure([name], facts) - others - {name}
        rows.append((name, facts[name]["size"], sum(facts[one]["size"] for one in alone)))
    total = sum(facts[name]["size"] for name in closure(["seissynth"], facts))
    return sorted(rows, key=lambda row: -row[1] - row[2]), total


def table(facts):
    """Return the Markdown table of `sizes`."""
    rows, total = sizes(facts)
    lines = ["| package | MB | MB of packages that only it needs | what it is for |", "|---|--:|--:|---|"]
    lines += [f"| {name} | {_mb(own)} | {_mb(alone)} | {PURPOSE[name]} |" for name, own, alone in rows]
    own = facts["seissynth"]["size"]
    shared = total - own - sum(size + alone for _, size, alone in rows)
    lines.append(f"| packages that several of these need | {_mb(shared)} | | |")
    lines.append(f"| seissynth | {_mb(own)} | | code, constants and the weights that ship with it |")
    lines.append(f"| **all** | **{_mb(total)}** | | |")
    return "\n".join(lines)


def _mb(size):
    if size < 5e4:
        return "–"
    return f"{size / 1e6:.0f}" if size >= 9.5e6 else f"{size / 1e6:.1f}"


def main():
    """Install if need be, measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        if len(sys.argv) > 1:
            venv = Path(sys.argv[1])
        else:
            venv = Path(scratch) / "venv"
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
            subprocess.run([venv / "bin" / "python", "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
        done = subprocess.run([venv / "bin" / "python", "-I", "-c", _FACTS], capture_output=True, text=True, check=True)
    print(table(json.loads(done.stdout)))


if __name__ == "__main__":
    main()
