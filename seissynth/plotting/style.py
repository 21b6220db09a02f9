"""Common style of figures: size and fonts, colours, units, and output."""

import contextlib
import contextvars
import functools
import inspect
import math
import os
import sys
from pathlib import Path

from seissynth.errors import InputError
from seissynth.plotting._notebook import canvas_class, figure_class, show_when_cell_ends
from seissynth.units import pretty_unit

#: Okabe and Ito's colours, which people with any colour vision can distinguish
BLACK, GREY, LIGHT = "#222222", "#777777", "#DDDDDD"
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
P_COLOUR, S_COLOUR = BLUE, ORANGE

_SETTINGS = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 9.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.edgecolor": BLACK,
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "grid.color": LIGHT,
    "grid.linewidth": 0.5,
    "lines.linewidth": 0.8,
    "legend.frameon": False,
    "text.usetex": False,
    "path.simplify": True,
}

#: what `styled` adds to the parameters in a docstring, and the heading in front of which it belongs
_OUTFILE = """
outfile : str or path, optional
    File to write, format by its ending (png, pdf, svg)."""
_BEFORE_RETURNS = "\n\nReturns\n-------"

_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k"}


#: whether the figure that is drawn next gets a window; None where none may be shown: inside a figure or a report
_window = contextvars.ContextVar("seissynth_window", default=False)


@contextlib.contextmanager
def without_windows():
    """Draw figures without windows, for reports."""
    token = _window.set(None)
    try:
        yield
    finally:
        _window.reset(token)


def styled(function):
    """Draw with our own settings and restore the user's.

    In a script or terminal with windows the figure is shown, as ObsPy's ``plot`` does, unless it goes to a file. A
    notebook shows it once, also where a semicolon follows the call. Without windows (matplotlib's Agg) nothing is
    shown, and pyplot keeps no figure.

    The figure is written to the keyword ``outfile``, which is not passed to the function itself: it is added to the
    parameters of its docstring here.
    """

    @functools.wraps(function)
    def inside(*args, outfile=None, **kwargs):
        import matplotlib

        if outfile is not None:
            check_outfile(outfile)
        wanted = outfile is None and _window.get() is not None
        shown = wanted and has_windows()
        token = _window.set(True if shown else None)
        try:
            with matplotlib.rc_context(_SETTINGS):
                figure = function(*args, **kwargs)
                if outfile is not None:
                    _save(figure, outfile)
        finally:
            _window.reset(token)
        if shown:
            import matplotlib.pyplot as plt

            plt.show()  # waits for the user in a script, returns immediately where pyplot is interactive
        elif wanted:
            show_when_cell_ends(figure)
        return figure

    if function.__doc__:
        inside.__doc__ = inspect.cleandoc(function.__doc__).replace(_BEFORE_RETURNS, _OUTFILE + _BEFORE_RETURNS, 1)
    return inside


def has_windows():
    """Return whether matplotlib opens windows here."""
    import matplotlib

    screens = ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")
    if sys.platform == "linux" and "matplotlib.pyplot" not in sys.modules and not any(map(os.environ.get, screens)):
        return False  # asking matplotlib would import pyplot, only to find that there is no screen
    from matplotlib.backends import BackendFilter, backend_registry

    return matplotlib.get_backend().lower() in backend_registry.list_builtin(BackendFilter.INTERACTIVE)


def new_figure(width, height):
    """Return a Figure of a size in inches: pyplot's, if a window is wanted; else one independent of pyplot."""
    if _window.get():
        import matplotlib.pyplot as plt

        _window.set(None)  # one window for one picture
        return plt.figure(FigureClass=figure_class(), figsize=(width, height), dpi=100, layout="constrained")
    figure = figure_class()(figsize=(width, height), dpi=150, layout="constrained")
    canvas_class()(figure)
    return figure


def check_outfile(outfile):
    """Raise InputError for a picture that could not be written: no folder, or an unknown extension."""
    from matplotlib.backend_bases import FigureCanvasBase

    from seissynth.shared.atomic import require_file_name

    require_file_name(outfile)
    if not Path(outfile).resolve().parent.is_dir():
        raise InputError(f"cannot write {outfile}: there is no folder {Path(outfile).parent}; make it first.")
    kinds = FigureCanvasBase.get_supported_filetypes()
    if Path(outfile).suffix.lstrip(".").lower() not in kinds:
        raise InputError(f"cannot tell the format of {outfile} by its ending; known are {', '.join(sorted(kinds))}.")


def _save(figure, outfile):
    from seissynth.shared.atomic import replacing

    kind = Path(outfile).suffix.lstrip(".").lower()
    with replacing(outfile) as beside:
        if kind == "png" and hasattr(figure.canvas, "print_png"):
            _save_png(figure, beside)
        else:
            figure.savefig(beside, format=kind)


def _save_png(figure, path):
    """Write a figure as `savefig` does, but drawn once: that draws once more to find the layout."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    try:
        figure.canvas.written = True  # as `NotebookCanvas.print_figure` notes
        figure.canvas.print_png(path)
    finally:
        if engine is not None:
            figure.set_layout_engine(engine)


def scaled_unit(peak, unit):
    """Factor and label that scale `peak` to between 1 and 1000.

    Examples
    --------
    >>> from seissynth.plotting.style import scaled_unit
    >>> scaled_unit(3.2e-5, "m/s")
    (1000000.0, 'µm/s')
    >>> scaled_unit(81234, "counts")
    (0.001, '10³ counts')
    """
    exponent = 0
    if peak > 0 and math.isfinite(peak):
        exponent = 3 * math.floor(math.log10(peak) / 3)
    if unit.startswith("m"):
        exponent = min(max(exponent, -12), 0)
        return 10.0**-exponent, _PREFIXES[exponent] + pretty_unit(unit)
    name = pretty_unit(unit)
    if not exponent:
        return 1.0, name
    power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return 10.0**-exponent, f"{power} {name}".strip()


def axis_label(quantity, unit):
    """``Velocity (µm/s)``."""
    name = quantity.capitalize() if quantity not in ("counts", "") else "Amplitude"
    return f"{name} ({unit})" if unit else name
