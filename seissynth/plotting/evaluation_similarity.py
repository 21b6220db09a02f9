"""Pictures of similarity: scores under the mask and over whole windows, and by distance."""

import numpy as np

from seissynth.plotting.style import BLACK, BLUE, GREY, ORANGE, new_figure, styled

_SHOWN = (
    ("envelope_correlation", "Envelope correlation", (-1.0, 1.0)),
    ("spectrogram_mse", "Spectrogram misfit (2 by chance)", (0.0, 2.5)),
    ("envelope_dtw", "Envelope misfit, time warped", (0.0, 1.5)),
    ("waveform_correlation_lagged", "Waveform correlation within 2 s", (0.0, 1.0)),
)
_LEAST_IN_BIN = 5


def draw_similarity(group, pairs):
    """Draw the similarity group.

    Parameters and result are those of `seissynth.evaluation.registry.Group.draw`.
    """
    return [
        ("Similarity scores", _histograms(group, pairs.name)),
        ("Similarity by distance and magnitude", _by_size(group.per_record, pairs)),
    ]


@styled
def _histograms(group, name):
    table, chance = group.per_record, group.tables.get("chance")
    figure = new_figure(8.5, 5.2)
    for axes, (column, label, limits) in zip(figure.subplots(2, 2).flat, _SHOWN, strict=True):
        edges = np.linspace(*limits, 41)
        for ending, colour, filled, words in (("_whole", GREY, True, "whole window"), ("", BLUE, False, "masked")):
            values = table[column + ending].to_numpy(float)
            values = np.clip(values[np.isfinite(values)], *limits)
            axes.hist(
                values, edges, weights=np.full(len(values), 100 / max(len(values), 1)), color=colour,
                histtype="stepfilled" if filled else "step", alpha=0.4 if filled else 1.0, linewidth=1.3, label=words,
            )  # fmt: skip
        axes.axvline(np.nanmean(table[column]), color=BLUE, linewidth=1.0, linestyle="--", label="mean, masked")
        if chance is not None:
            level = float(chance.loc[chance["metric"] == column, "shuffled"].iloc[0])
            axes.axvline(level, color=ORANGE, linewidth=1.0, linestyle=":", label="mean of a shuffled set")
        axes.set(xlabel=label, ylabel="Records (%)", xlim=limits)
        axes.grid(True)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    figure.suptitle(f"Similarity to real records: {name}", fontsize=10)
    return figure


@styled
def _by_size(table, pairs):
    figure = new_figure(8.5, 3.2)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (column, label) in zip(
        panels,
        (("path_hyp_distance_km", "Hypocentral distance (km)"), ("source_magnitude", "Magnitude")),
        strict=True,
    ):
        at, values = pairs.real.column(column), table["envelope_correlation"].to_numpy(float)
        known = np.isfinite(at) & np.isfinite(values)
        axes.plot(at[known], values[known], ".", color=GREY, markersize=2.5, alpha=0.5, rasterized=True)
        middles, quarters = _quartiles(at[known], values[known])
        if len(middles):
            axes.fill_between(middles, quarters[0], quarters[2], color=BLUE, alpha=0.25, label="middle half")
            axes.plot(middles, quarters[1], color=BLUE, linewidth=1.6, label="median")
        axes.axhline(0, color=BLACK, linewidth=0.5)
        axes.set(xlabel=label, ylim=(-1.0, 1.02))
        axes.grid(True)
    panels[0].set_ylabel("Envelope correlation, masked")
    if panels[1].get_legend_handles_labels()[0]:  # too few records have no quartiles
        panels[1].legend(loc="lower right")
    figure.suptitle(f"Envelope correlation with real records: {pairs.name}", fontsize=10)
    return figure


def _quartiles(at, values):
    """Quartiles in ten bins of equally many records."""
    if len(at) < 2 * _LEAST_IN_BIN:
        return [], []
    edges = np.unique(np.quantile(at, np.linspace(0, 1, 11)))
    bins = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, max(len(edges) - 2, 0))
    middles, quarters = [], []
    for number in range(max(len(edges) - 1, 1)):
        inside = bins == number
        if inside.sum() >= _LEAST_IN_BIN:
            middles.append(float(np.median(at[inside])))
            quarters.append(np.quantile(values[inside], (0.25, 0.5, 0.75)))
    return middles, np.array(quarters).T
