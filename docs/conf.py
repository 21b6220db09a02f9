"""Sphinx configuration: ``python -m sphinx -W --keep-going -b html docs docs/_build/html``."""

import shutil
import sys
from pathlib import Path

import seissynth

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

from seissynth_tables import noise_facts, option_defaults  # noqa: E402  (needs the path above)

project = "seissynth"
author = "seissynth developers"
project_copyright = author
version = release = seissynth.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "native_math",
    "seissynth_tables",
    "house",
    "whole_intervals",
    "shared_sidebar",
]
exclude_patterns = ["_build", "_ext", "api/generated/*.ipynb"]

# --- Markdown and notebooks
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3
#: in running text {{ name }} is the default of the stochastic backend's option `name`, or a number of the noise model
myst_substitutions = option_defaults() | noise_facts()
nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

# --- API reference
autosummary_generate = True
#: pictures of the gallery for entries of the API: name -> file in _static/pages
autosummary_context = {
    "pictures": {
        "seissynth.generate": "traces",
        "seissynth.continuous": "continuous",
        "seissynth.Ensemble": "ensemble",
        "seissynth.make_dataset": "dataset_window",
        "seissynth.plotting.plot_traces": "traces",
        "seissynth.plotting.plot_section": "section",
        "seissynth.plotting.plot_spectra": "spectra",
        "seissynth.plotting.plot_map": "map",
        "seissynth.plotting.plot_comparison": "comparison",
        "seissynth.plotting.plot_spectrogram": "spectrogram",
        "seissynth.plotting.plot_smoothed_spectra": "smoothed_spectra",
        "seissynth.plotting.plot_response_spectra": "response_spectra",
        "seissynth.evaluation.ground_motion_model": "ground_motion_model",
    }
}
autodoc_typehints = "none"
autodoc_member_order = "bysource"
default_role = "py:obj"
#: messages of errors are printed verbatim in tables
smartquotes = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
templates_path = ["_templates"]

# --- HTML
html_math_renderer = "native"
html_theme = "furo"
html_title = f"seissynth {version}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_js_files = ["copy.js"]
html_copy_source = False
html_show_sphinx = False


def copy_tutorials(_app, _config):
    """Bring the tutorials into the source folder, where Sphinx wants its pages; only when they have changed."""
    target = HERE / "tutorials"
    target.mkdir(exist_ok=True)
    wanted = {page.name: page for page in (HERE.parent / "tutorials").glob("*.md")}
    for old in target.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, page in wanted.items():
        copy = target / name
        if not copy.exists() or copy.read_bytes() != page.read_bytes():
            shutil.copyfile(page, copy)


def setup(app):
    """Register what has to happen before pages are read."""
    app.connect("config-inited", copy_tutorials)
