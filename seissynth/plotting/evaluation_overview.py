"""All sets of an evaluation in one picture: leading metrics with their intervals."""

import math

from seissynth.evaluation.leaderboard import headlines, side_by_side
from seissynth.evaluation.metric_names import title_of
from seissynth.evaluation.registry import GROUPS
from seissynth.plotting.style import BLUE, GREEN, GREY, new_figure, styled

_COLUMNS = 3


@styled
def _draw(evaluation):
    rows = evaluation.rows
    chosen = headlines(rows, GROUPS)
    names = list(rows)
    lines = math.ceil(len(chosen) / _COLUMNS)
    figure = new_figure(9.5, lines * (0.75 + 0.2 * len(names)) + 0.3)
    axes = figure.subplots(lines, min(_COLUMNS, len(chosen)), squeeze=False).ravel()
    for axis, (metric, group) in zip(axes, chosen, strict=False):
        line = side_by_side(rows, group, [metric]).iloc[0]
        best = float(line["best"])
        if math.isfinite(best):
            axis.axvline(best, color=GREEN, linewidth=1.2, zorder=0)
        for height, name in enumerate(reversed(names)):
            value, low, high = (float(line[key]) for key in (name, f"{name} low", f"{name} high"))
            colour = GREY if name in evaluation.baselines else BLUE
            if math.isfinite(low) and math.isfinite(high):
                axis.plot([low, high], [height, height], color=colour, linewidth=1.5, solid_capstyle="butt")
            axis.plot([value], [height], "o", color=colour, markersize=4.5)
        axis.set_ylim(-0.7, len(names) - 0.3)
        axis.set_yticks(range(len(names)), reversed(names))
        unit = "" if line["unit"] == "1" else f" ({line['unit']})"
        axis.set_title(title_of(metric) + unit, loc="left")
        axis.margins(x=0.1)
        axis.grid(axis="x")
    for number, axis in enumerate(axes):
        if number >= len(chosen):
            axis.set_visible(False)
        elif number % _COLUMNS:
            axis.set_yticklabels([])
    return figure


def draw_overview(evaluation):
    """Draw every leading metric of every set, with its interval and the score of a perfect set.

    Parameters
    ----------
    evaluation : seissynth.evaluation.Evaluation

    Returns
    -------
    list of (str, matplotlib Figure)
        Empty if there is no metric.
    """
    if not headlines(evaluation.rows, GROUPS):
        return []
    title = "Leading metrics: value and 95 % interval; the green line is a perfect score"
    if evaluation.baselines:
        title += "; baselines in grey"
    return [(title, _draw(evaluation))]
