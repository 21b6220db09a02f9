"""Picture of `evaluate_source_fit.py`."""

import numpy as np

from tools.real_records import _real_records as real
from tools.real_records._real_records import BLACK, BLUE, GREEN, ORANGE, PURPLE, new_figure, styled

COLOURS = (BLUE, GREEN, ORANGE, PURPLE, "#56B4E9", BLACK, "#E69F00", "#999999")
PANELS = (("mw", "Mw found - put in", 1.0), ("ln_corner", "ln corner found / put in", 1.0),
          ("kappa", "kappa found - put in (ms)", 1000.0))  # fmt: skip


def draw_source_fit(found, path):
    """Bias and standard deviation of the three parameters over magnitude, one colour per case."""
    real.save_picture(_draw(found), path, dpi=90)


@styled
def _draw(found):
    figure = new_figure(11.0, 4.2)
    for ax, (column, label, scale) in zip(figure.subplots(1, 3), PANELS, strict=True):
        for k, name in enumerate(found["case"].unique()):
            part = found[(found["case"] == name) & (found["resolved"] | (column == "mw"))]
            groups = part.groupby("magnitude")[column]
            count = groups.size()
            mean, sd = scale * groups.mean()[count >= 5], scale * groups.std()[count >= 5]
            ax.errorbar(mean.index + 0.03 * (k - 3), mean, sd, fmt="o-", ms=3, lw=0.8, color=COLOURS[k], label=name)
        ax.axhline(0, color=BLACK, lw=0.7)
        ax.set(xlabel="Mw put in", ylabel=label)
        ax.grid(True)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    figure.axes[0].set_ylim(np.clip(figure.axes[0].get_ylim(), -1.0, 1.0))
    return figure
