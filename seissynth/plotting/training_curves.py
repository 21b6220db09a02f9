"""Curves of a training: the values of its metrics file over the steps."""

import csv
from pathlib import Path

import numpy as np

from seissynth.errors import FileFormatError
from seissynth.plotting.style import BLUE, GREY, new_figure, styled

#: columns that are no curve
_NO_CURVES = ("step", "epoch", "minutes")
_COLUMNS, _PANEL_IN = 3, (4.2, 2.6)
#: lines of the running mean of figures that are logged often
_SMOOTH = 20


@styled
def plot_training(metrics):
    """Draw the columns of a training's ``metrics.csv`` over its steps, one panel each.

    Parameters
    ----------
    metrics : str or path
        CSV with a column ``step``; empty fields are steps without a value.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    FileFormatError
        No such file, or not a metrics file of a training.

    Examples
    --------
    >>> from seissynth.plotting import plot_training
    >>> figure = plot_training("run/metrics.csv", outfile="curve.png")              # doctest: +SKIP
    """
    curves = read_curves(metrics)
    rows = -(-len(curves) // _COLUMNS)
    figure = new_figure(_PANEL_IN[0] * _COLUMNS, _PANEL_IN[1] * max(rows, 1))
    for number, (name, (steps, values)) in enumerate(curves.items()):
        axes = figure.add_subplot(rows, _COLUMNS, number + 1)
        many = len(values) > 3 * _SMOOTH
        axes.plot(steps, values, color=GREY if many else BLUE, lw=0.6 if many else 1.2, marker="" if many else ".")
        if many:
            kernel = np.ones(_SMOOTH) / _SMOOTH
            axes.plot(steps[_SMOOTH - 1 :], np.convolve(values, kernel, "valid"), color=BLUE, lw=1.4)
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("step")
        axes.grid()
    return figure


def read_curves(metrics):
    """Read a training's metrics: name -> (steps, values), each an array, in the order of the columns."""
    path = Path(metrics)
    if not path.is_file():
        raise FileFormatError(f"cannot read {path}: there is no such file.")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "step" not in rows[0]:
        raise FileFormatError(f"{path} holds no figures of a training (a column 'step', and a line at least).")
    curves = {}
    for name in (name for name in rows[0] if name and name not in _NO_CURVES):
        pairs = [(float(row["step"]), float(row[name])) for row in rows if row.get(name)]
        if pairs:
            curves[name] = tuple(np.array(pairs).T)
    return curves
