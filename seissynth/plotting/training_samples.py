"""Overview of records that a model generates during its training."""

import numpy as np

from seissynth.errors import InputError
from seissynth.plotting.style import BLUE, GREY, new_figure, styled

_MOST = 8


@styled
def plot_training_samples(samples, *, title="Samples", most=_MOST):
    """Draw generated records, one per row, with a column for each component.

    Parameters
    ----------
    samples : array_like, shape (n, components, npts)
        In the model's own unit.
    title : str
    most : int
        Number of records drawn, from the first.

    Returns
    -------
    matplotlib.figure.Figure
        The traces of a record share their scale, the largest absolute value of the record, which is given next to it.

    Raises
    ------
    InputError
        Not three axes, or no samples.

    Examples
    --------
    >>> from seissynth.plotting.training_samples import plot_training_samples
    >>> figure = plot_training_samples(np.load("run/samples/step_00001000.npy"))    # doctest: +SKIP
    """
    samples = np.asarray(samples, dtype=float)
    if samples.ndim != 3 or samples.size == 0:
        raise InputError(f"samples have shape {samples.shape}; give records, (n, components, npts).")
    drawn = samples[:most]
    records, components, npts = drawn.shape
    figure = new_figure(3.0 * components + 0.8, 0.8 + 0.75 * records)
    panels = figure.subplots(records, components, sharex=True, squeeze=False)
    for row, record in enumerate(drawn):
        finite = np.abs(record[np.isfinite(record)])
        peak = float(finite.max()) if finite.size else 0.0
        for column, trace in enumerate(record):
            axes = panels[row, column]
            axes.plot(np.arange(npts), trace, color=BLUE, linewidth=0.5)
            axes.axhline(0.0, color=GREY, linewidth=0.4, zorder=0)
            axes.set_ylim(*((-1.05 * peak, 1.05 * peak) if peak > 0 else (-1.0, 1.0)))
            axes.set_xlim(0, max(npts - 1, 1))
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            if not row:
                axes.set_title(f"Component {column + 1}")
        # outside the panel, clear of the trace
        panels[row, 0].set_ylabel(f"{peak:.3g}", rotation=0, ha="right", va="center")
    for axes in panels[-1]:
        axes.set_xlabel("Sample")
    more = f" (first {records} of {len(samples)})" if len(samples) > records else ""
    figure.suptitle(f"{title}{more}; largest absolute value of each record on the left", fontsize=9)
    return figure
