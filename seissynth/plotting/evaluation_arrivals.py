"""Pictures of arrivals: errors of P and S, also by distance."""

from itertools import pairwise

import numpy as np

from seissynth.evaluation.groups.arrival_scores import FOUND_S
from seissynth.evaluation.groups.arrival_tables import DISTANCES_KM
from seissynth.picking.pickers import NEAR_S
from seissynth.plotting.style import BLACK, GREY, P_COLOUR, S_COLOUR, new_figure, styled

_COLOURS = {"P": P_COLOUR, "S": S_COLOUR}
_BINS = 61
_LEAST_IN_BIN = 3


def draw_arrivals(group, pairs):
    """Draw the arrivals group; nothing without a picker.

    Parameters and result are those of `seissynth.evaluation.registry.Group.draw`.
    """
    if group.per_record is None:
        return []
    return [
        ("Errors of P and S picks", _histograms(group.per_record, pairs.name)),
        ("Errors of P and S picks by distance", _by_distance(group.per_record, pairs.name)),
    ]


@styled
def _histograms(table, name):
    figure = new_figure(8.0, 3.4)
    for panel, (phase, half_width) in zip(figure.subplots(1, 2), NEAR_S.items(), strict=True):
        letter = phase.lower()
        edges = np.linspace(-half_width, half_width, _BINS)
        for column, colour, label, filled in (
            (f"{letter}_floor_error_s", GREY, "real records moved (floor)", True),
            (f"{letter}_error_s", _COLOURS[phase], name, False),
        ):
            late = table[column].to_numpy(float)
            late = late[np.isfinite(late)]
            weights = np.full(len(late), 100 / max(len(late), 1))
            panel.hist(
                late, edges, weights=weights, histtype="stepfilled" if filled else "step", color=colour,
                alpha=0.4 if filled else 1.0, linewidth=1.4, label=label,
            )  # fmt: skip
        for side in (-FOUND_S, FOUND_S):
            panel.axvline(side, color=BLACK, linewidth=0.6, linestyle=":")
        missed = 100 * (1 - np.nanmean(table[f"{letter}_matched"]))
        # a floor that repeats itself to the sample would hide everything else on a linear axis
        panel.set_yscale("symlog", linthresh=1.0)
        panel.set_ylim(0, 130)
        panel.set_yticks([0, 1, 3, 10, 30, 100], ["0", "1", "3", "10", "30", "100"])
        panel.set_yticks([], minor=True)
        panel.set(
            title=f"{phase}: {missed:.1f} % without a pick", xlabel="Pick minus reference (s)",
            ylabel="Share of picks (%)", xlim=(-half_width, half_width),
        )  # fmt: skip
        panel.grid(True)
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)
    return figure


@styled
def _by_distance(table, name):
    figure = new_figure(8.0, 3.9)
    distance = table["distance_km"].to_numpy(float)
    furthest = 0.0
    for panel, (phase, half_width) in zip(figure.subplots(1, 2), NEAR_S.items(), strict=True):
        letter = phase.lower()
        floor = table[f"{letter}_floor_error_s"].abs().to_numpy(float)
        series = (
            (table[f"{letter}_mae_s"].to_numpy(float), _COLOURS[phase], "-", "o", name),
            (table[f"{letter}_mae_with_misses_s"].to_numpy(float), _COLOURS[phase], ":", "o",
             f"{name}, misses as {half_width:g} s"),
            (floor, GREY, "-", "s", "real records moved (floor)"),
        )  # fmt: skip
        for values, colour, line, marker, label in series:
            middles, means = _means(distance, values)
            if middles:
                furthest = max(furthest, middles[-1])
            panel.plot(middles, means, line, color=colour, marker=marker, markersize=4, linewidth=1.4, label=label)
        panel.set(title=phase, xlabel="Hypocentral distance (km)", ylabel="Mean absolute error (s)")
        panel.set_ylim(bottom=0)
        panel.grid(True)
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17))
    for panel in figure.axes:
        panel.set_xlim(0, 1.1 * furthest if furthest else 1.0)
    return figure


def _means(distance, values):
    middles, means = [], []
    for low, high in pairwise(DISTANCES_KM):
        inside = (distance >= low) & (distance < high) & np.isfinite(values)
        if inside.sum() >= _LEAST_IN_BIN:
            middles.append(float(distance[inside].mean()))
            means.append(float(values[inside].mean()))
    return middles, means
