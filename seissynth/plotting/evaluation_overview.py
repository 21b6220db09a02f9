"""All sets of an evaluation in one picture: leading metrics with their intervals."""

import math

from seissynth.evaluation.leaderboard import headlines, side_by_side
from seissynth.evaluation.metric_names import title_of
from seissynth.evaluation.registry import GROUPS
from seissynth.plotting.style import BLUE, GREEN, GREY, new_figure, styled

_COLUMNS = 3
#: height of a panel without its rows, and of a row, inches
_PANEL, _ROW = 0.75, 0.2


@styled
def _draw(evaluation):
    rows = evaluation.rows
    chosen = [(metric, side_by_side(rows, group, [metric]).iloc[0]) for metric, group in headlines(rows, GROUPS)]
    # first the metrics that baselines have, then the others, which need fewer rows
    beside = [any(math.isfinite(float(line[name])) for name in evaluation.baselines) for _, line in chosen]
    lines = []
    for wanted in (True, False):
        part = [entry for entry, known in zip(chosen, beside, strict=True) if known == wanted]
        lines += [part[k : k + _COLUMNS] for k in range(0, len(part), _COLUMNS)]
    names = [[name for name in rows if any(math.isfinite(float(of[name])) for _, of in line)] for line in lines]
    heights = [_PANEL + _ROW * len(part) for part in names]
    figure = new_figure(9.5, sum(heights) + 0.3)
    panels = figure.subplots(
        len(lines), min(_COLUMNS, len(chosen)), squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    for axes, line, part in zip(panels, lines, names, strict=True):
        for column, axis in enumerate(axes):
            if column < len(line):
                _draw_metric(axis, *line[column], part, evaluation.baselines, labelled=not column)
            else:
                axis.set_visible(False)
    return figure


def _draw_metric(axis, metric, line, names, baselines, labelled):
    best = float(line["best"])
    if math.isfinite(best):
        axis.axvline(best, color=GREEN, linewidth=1.2, zorder=0)
    for height, name in enumerate(reversed(names)):
        value, low, high = (float(line[key]) for key in (name, f"{name} low", f"{name} high"))
        colour = GREY if name in baselines else BLUE
        if math.isfinite(low) and math.isfinite(high):
            axis.plot([low, high], [height, height], color=colour, linewidth=1.5, solid_capstyle="butt")
        axis.plot([value], [height], "o", color=colour, markersize=4.5)
    axis.set_ylim(-0.7, len(names) - 0.3)
    axis.set_yticks(range(len(names)), reversed(names) if labelled else [""] * len(names))
    unit = "" if line["unit"] == "1" else f" ({line['unit']})"
    axis.set_title(title_of(metric) + unit, loc="left")
    axis.margins(x=0.1)
    axis.grid(axis="x")


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
