"""Pictures of the magnitude group."""

import numpy as np

from seissynth.plotting.style import BLACK, BLUE, GREEN, new_figure, styled


def draw_magnitude(group, pairs):
    """Draw the magnitude group.

    Parameters and result are those of `seissynth.evaluation.registry.Group.draw`.
    """
    return [("Local magnitudes", _magnitudes(group, pairs.name))]


@styled
def _magnitudes(group, name):
    events, records = group.tables["Earthquakes"], group.tables["Records"]
    figure = new_figure(10.0, 3.6)
    first, second, third = figure.subplots(1, 3)
    known = np.array([events["catalogue"], events["ml_real"], events["ml_generated"]], dtype=float)
    limits = (np.nanmin(known) - 0.2, np.nanmax(known) + 0.2) if np.isfinite(known).any() else (0, 1)
    for ax, x, y, colour, label in (
        (first, "catalogue", "ml_real", BLACK, "observed"), (first, "catalogue", "ml_generated", GREEN, name),
        (second, "ml_real", "ml_generated", BLUE, None),
    ):  # fmt: skip
        ax.plot(events[x], events[y], "o", ms=3.5, color=colour, alpha=0.7, label=label)
        ax.plot(limits, limits, color=BLACK, lw=0.7)
        ax.set(xlim=limits, ylim=limits)
        ax.grid(True)
    first.set(xlabel="Magnitude of the catalogue", ylabel="ML of the records", title="Each earthquake")
    first.legend()
    second.set(xlabel="ML, observed", ylabel="ML, generated", title="Same stations of both")
    third.axhline(0, color=BLACK, lw=0.7)
    third.plot(records["distance_km"], records["difference"], ".", ms=3, color=BLUE, alpha=0.4)
    third.set(xscale="log", xlabel="Distance (km)", ylabel="ML generated - observed", title="Each record")
    third.xaxis.set_major_formatter("{x:g}")
    third.xaxis.set_minor_formatter("{x:g}")
    third.tick_params(axis="x", which="minor", labelsize=6)
    third.grid(True)
    return figure
