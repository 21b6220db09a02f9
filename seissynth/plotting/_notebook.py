"""Figures in a notebook: each is shown once, at the latest when its cell ends, as pyplot's are.

A figure that is the result of a cell shows itself. One that is not (a semicolon after the call, a loop, a name that it
is given) would be lost, since our figures are unknown to pyplot.
"""

import functools
import io
import sys

#: figures of the running cell
_waiting: list = []


@functools.cache
def figure_class():
    """Figure that shows itself in a notebook without pyplot; made late, since matplotlib is imported late."""
    from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        def _repr_png_(self):
            buffer = io.BytesIO()
            self.savefig(buffer, format="png", dpi=100)
            return buffer.getvalue()

    return NotebookFigure


@functools.cache
def canvas_class():
    """Canvas that knows whether its figure was ever written: to a file, or into the output of a cell."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    class NotebookCanvas(FigureCanvasAgg):
        written = False

        def print_figure(self, *args, **kwargs):
            self.written = True
            return super().print_figure(*args, **kwargs)

    return NotebookCanvas


def show_when_cell_ends(figure):
    """Keep a figure until the cell of a notebook ends; does nothing anywhere else."""
    shell = _shell()
    if shell is None:
        return
    if not _waiting:
        shell.events.register("post_execute", _show_waiting)
    _waiting.append(figure)


def _show_waiting():
    shell = _shell()
    if shell is not None:
        shell.events.unregister("post_execute", _show_waiting)
    figures = [figure for figure in _waiting if not getattr(figure.canvas, "written", True)]
    _waiting.clear()
    for figure in figures:
        sys.modules["IPython.display"].display(figure)


def _shell():
    """Return the shell of a notebook's kernel; None in scripts and terminals."""
    ipython = sys.modules.get("IPython")  # a kernel has already imported it
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(shell, "kernel") else None
