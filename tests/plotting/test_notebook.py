"""What a notebook shows: run in a real kernel, and the pictures in the outputs are counted."""

import subprocess
import sys

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

SETUP = """import obspy, seissynth
from seissynth.plotting import plot_traces
st = obspy.read()"""

#: cell -> pictures that it shows
CELLS = {
    "plot_traces(st)": 1,
    "plot_traces(st);": 1,
    "figure = plot_traces(st)": 1,
    "for _ in range(2): plot_traces(st)": 2,
    "figure": 1,
    "plot_traces(st, outfile='a.png');": 0,
    "figure = plot_traces(st); figure.savefig('b.png')": 0,
    "st": 0,
    "import matplotlib.pyplot as plt\n%matplotlib inline": 0,
    "plot_traces(st) ": 1,
    "plot_traces(st); ": 1,
}


def test_a_script_that_imports_ipykernel_draws_as_any_other():
    code = "import ipykernel, obspy; from seissynth.plotting import plot_traces; plot_traces(obspy.read())"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_picture_is_shown_once(tmp_path):
    cells = [nbformat.v4.new_code_cell(code) for code in (SETUP, *CELLS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in notebook.cells[1:]]
    assert dict(zip(CELLS, shown, strict=True)) == CELLS
