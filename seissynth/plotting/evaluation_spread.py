"""Pictures of spread: standard deviations of draws and of observations, and roughness of spectrograms."""

import numpy as np

from seissynth.evaluation.groups.spread import ROUGHNESS_GOAL, SD_RATIO_GOAL
from seissynth.plotting.style import BLACK, BLUE, GREEN, GREY, LIGHT, ORANGE, new_figure, styled

_BINS = np.linspace(0.0, 2.0, 51)


def draw_spread(group, pairs):
    """Draw the spread group; without the first picture for a single draw, or without motion.

    Parameters and result are those of `seissynth.evaluation.registry.Group.draw`.
    """
    pictures = []
    if "spread" in group.tables:
        pictures.append(("Spread between draws", _spread(group, pairs)))
    pictures.append(("Roughness of spectrograms", _roughness(group.per_record, pairs.name)))
    return pictures


@styled
def _spread(group, pairs):
    table, summary = group.tables["spread"], group.summary.set_index("metric")
    figure = new_figure(9.5, 4.0)
    left, right = figure.subplots(1, 2)
    at = np.arange(len(table))
    for shift, column, colour, label in (
        (-0.3, "observed_within_event_sd", GREY, "observed, within earthquakes"),
        (-0.1, "observed_single_station_sd", LIGHT, "observed, less site terms"),
        (0.1, "draw_within_event_sd", BLUE, "draws, within earthquakes"),
        (0.3, "draw_sd", GREEN, "draws, in all"),
    ):
        left.bar(at + shift, table[column], 0.18, color=colour, label=label)
    left.plot(at, table["rms_error_of_mean"], "_", color=ORANGE, markersize=22, label="error of the mean draw")
    left.set(ylabel="Standard deviation of ln", ylim=(0, None))
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    right.axhspan(*SD_RATIO_GOAL, color=GREEN, alpha=0.15, label=f"{SD_RATIO_GOAL[0]:g} to {SD_RATIO_GOAL[1]:g}")
    right.axhline(1, color=GREEN, linewidth=0.8)
    highest = 0.0
    for shift, ending, colour, label in (
        (-0.12, "within_event_sd_ratio", BLUE, "over observed"),
        (0.12, "single_station_sd_ratio", ORANGE, "over observed, less site terms"),
    ):
        rows = summary.loc[[f"{name}_{ending}" for name in table["measure"]]]
        for number, (value, low, high) in enumerate(rows[["value", "low", "high"]].to_numpy(float)):
            if np.isfinite(low):
                right.plot([number + shift, number + shift], [low, high], color=colour, linewidth=1.4)
            right.plot(number + shift, value, "o", color=colour, markersize=5, label="" if number else label)
        highest = max(highest, float(np.nanmax(rows[["value", "high"]].to_numpy(float), initial=0.0)))
    right.set(ylabel="Ratio of draws' sd to observed", ylim=(0, max(1.6, 1.05 * highest)))
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    for axes in (left, right):
        axes.set_xticks(at, [_name(measure) for measure in table["measure"]])
        axes.grid(axis="y")
    figure.suptitle(f"Spread of {len(pairs.draws)} draws: {pairs.name}", fontsize=10)
    return figure


@styled
def _roughness(table, name):
    figure = new_figure(8.5, 3.2)
    left, right = figure.subplots(1, 2)
    top = float(np.nanmax(table[["roughness_real_db", "roughness_generated_db"]].to_numpy(float), initial=1.0))
    edges = np.linspace(0, 1.05 * top, 41)
    for column, colour, filled, label in (
        ("roughness_real_db", GREY, True, "real"),
        ("roughness_generated_db", BLUE, False, "generated"),
    ):
        values = table[column].to_numpy(float)
        left.hist(
            values[np.isfinite(values)], edges, color=colour, histtype="stepfilled" if filled else "step",
            alpha=0.4 if filled else 1.0, linewidth=1.3, label=label,
        )  # fmt: skip
    left.set(xlabel="Roughness of the log-spectrogram (dB)", ylabel="Records")
    left.legend(loc="upper left")
    ratio = table["roughness_ratio"].to_numpy(float)
    ratio = ratio[np.isfinite(ratio)]
    right.axvspan(*ROUGHNESS_GOAL, color=GREEN, alpha=0.15, label=f"{ROUGHNESS_GOAL[0]:g} to {ROUGHNESS_GOAL[1]:g}")
    right.hist(np.clip(ratio, _BINS[0], _BINS[-1]), _BINS, color=BLUE, histtype="step", linewidth=1.3)
    if ratio.size:
        right.axvline(np.median(ratio), color=BLACK, linewidth=1.0, linestyle="--", label="median")
    right.set(xlabel="Generated over real (below 1: blurred)", ylabel="Records", xlim=(0, 2))
    right.legend(loc="upper right")
    for axes in (left, right):
        axes.grid(True)
    figure.suptitle(f"Roughness of spectrograms from P on: {name}", fontsize=10)
    return figure


def _name(measure):
    """``ln_psa_0.3`` -> ``PSA 0.3 s``."""
    kind, _, period = measure.removeprefix("ln_").partition("_")
    return f"{kind.upper()}\n{period} s" if period else kind.upper()
