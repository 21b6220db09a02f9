"""Pictures of the comparison with a flat file: residuals, their parts and their correlations."""

import numpy as np

from seissynth.plotting.evaluation_ground_motion import draw_medians
from seissynth.plotting.style import BLACK, BLUE, GREEN, GREY, ORANGE, new_figure, styled

_PARTS = (("tau", BLUE), ("phi_s2s", ORANGE), ("phi_ss", GREY))
_MOST = 6
_LEAST = 5
_COLUMNS = 3
_TICKS = (1, 3, 10, 30, 100, 200, 300, 400, 600, 1000, 2000)


def draw_flatfile(evaluation):
    """Draw the pictures of a `seissynth.evaluation.FlatfileEvaluation`.

    Parameters
    ----------
    evaluation : FlatfileEvaluation

    Returns
    -------
    list of (str, matplotlib.figure.Figure)
        Title and picture.
    """
    from seissynth.evaluation.flatfiles.tables import MEASURES, PARTS_TABLE, SPATIAL

    figures = [
        ("Residuals by magnitude, distance and Vs30", _residuals(evaluation)),
        ("Bias and parts of the scatter", _parts(evaluation, evaluation.tables[PARTS_TABLE])),
    ]
    if len(evaluation.tables[SPATIAL]):
        figures.append((SPATIAL, _spatial(evaluation, evaluation.tables[SPATIAL])))
    if len(evaluation.tables[MEASURES]):
        figures.append((MEASURES, _between_measures(evaluation, evaluation.tables[MEASURES])))
    return figures


def _title(measure):
    from seissynth.evaluation.flatfiles.tables import measure_title

    return measure_title(measure)


@styled
def _residuals(evaluation):
    table, measures = evaluation.residuals, evaluation.measures[:_MOST]
    figure = new_figure(10.0, 1.0 + 1.6 * len(measures))
    axes = figure.subplots(len(measures), 3, sharex="col", sharey=True, squeeze=False)
    columns = (("magnitude", "Magnitude", False), ("distance_km", "Hypocentral distance (km)", True),
               ("vs30_mps", "Vs30 (m/s)", True))  # fmt: skip
    for row, measure in zip(axes, measures, strict=True):
        values = table[measure].to_numpy(float)
        model = (
            table[f"{measure}_model"].to_numpy(float) if f"{measure}_model" in table else np.full(len(table), np.nan)
        )
        for ax, (of, _, log) in zip(row, columns, strict=True):
            x = table[of].to_numpy(float)
            known = np.isfinite(values) & np.isfinite(x)
            ax.axhline(0.0, color=BLACK, lw=0.7)
            ax.plot(x[known], values[known], ".", ms=2.0, color=GREY, alpha=0.2, rasterized=True)
            draw_medians(ax, x[known], values[known], log)
            both = np.isfinite(model) & np.isfinite(x)
            beside = x[both] * 1.06 if log else x[both] + 0.04  # so that neither hides the other
            draw_medians(ax, beside, model[both], log, colour=GREEN)
            if log and known.any():
                ax.set_xscale("log")
                shown = [each for each in _TICKS if x[known].min() <= each <= x[known].max()]
                ax.set_xticks(shown, [f"{each:g}" for each in shown])
                ax.xaxis.set_minor_formatter("")
            ax.set_ylim(-3.5, 3.5)
            ax.grid(True)
        row[0].set_ylabel(f"ln {_title(measure)}")
    for ax, (_, label, _) in zip(axes[-1], columns, strict=True):
        ax.set_xlabel(label)
    green = f", green: {evaluation.model}" if evaluation.model else ""
    figure.suptitle(
        f"ln observed - ln generated: {evaluation.name} (orange: medians and quartiles{green})", fontsize=10
    )
    return figure


@styled
def _parts(evaluation, table):
    sets = [name for name in (evaluation.name, evaluation.model) if name]
    figure = new_figure(9.5, 2.9 * len(sets))
    axes = np.atleast_1d(figure.subplots(len(sets), 1, sharey=True))
    for ax, name in zip(axes, sets, strict=True):
        rows = table[table["set"] == name]
        at = np.arange(len(rows))
        for k, (part, colour) in enumerate(_PARTS):
            value = rows[part].to_numpy(float)
            bars = np.clip([value - rows[f"{part}_low"], rows[f"{part}_high"] - value], 0, None)
            ax.bar(at + 0.27 * (k - 1), value, 0.25, color=colour, yerr=bars, error_kw={"lw": 0.7}, label=part)
        bias = rows["bias"].to_numpy(float)
        bars = np.clip([bias - rows["bias_low"], rows["bias_high"] - bias], 0, None)
        ax.errorbar(at, bias, bars, fmt="D", ms=4, color=BLACK, lw=1.0, label="bias")
        ax.axhline(0, color=BLACK, lw=0.7)
        ax.set_xticks(at, [_title(measure) for measure in rows["measure"]], fontsize=7, rotation=15 * (len(at) > _MOST))
        ax.set(ylabel="ln", title=f"ln observed - ln of {name}")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


@styled
def _spatial(evaluation, table):
    measures = [name for name in evaluation.measures if (table["measure"] == name).any()][:_MOST]
    lines = -(-len(measures) // _COLUMNS)
    figure = new_figure(9.5, 2.4 * lines + 0.3)
    axes = figure.subplots(lines, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for ax, measure in zip(axes, measures, strict=False):
        for name, colour in ((evaluation.name, BLUE), (evaluation.model, GREEN)):
            rows = table[(table["measure"] == measure) & (table["set"] == name)]
            if len(rows):
                x, y = rows["distance_km"].to_numpy(float), rows["correlation"].to_numpy(float)
                ax.fill_between(x, rows["low"].to_numpy(float), rows["high"].to_numpy(float), color=colour, alpha=0.15,
                                linewidth=0)  # fmt: skip
                ax.plot(x, y, "o-", ms=3, color=colour, label=f"{name}, range {rows['range_km'].iloc[0]:.0f} km")
        ax.axhline(0, color=BLACK, lw=0.7)
        ax.set_title(_title(measure))
        ax.legend(fontsize=6)
    for ax in axes[len(measures) :]:
        ax.set_visible(False)
    figure.supxlabel("Distance between sites (km)", fontsize=9)
    figure.supylabel("Correlation within events", fontsize=9)
    return figure


@styled
def _between_measures(evaluation, table):
    sets = [name for name in (evaluation.name, evaluation.model) if name and (table["set"] == name).any()]
    figure = new_figure(4.8 * len(sets), 4.4)
    for ax, name in zip(np.atleast_1d(figure.subplots(1, len(sets))), sets, strict=True):
        rows = table[table["set"] == name]
        measures = [each for each in evaluation.measures if each in set(rows["measure"]) | set(rows["other"])]
        values = np.eye(len(measures))
        for one, other, value in zip(rows["measure"], rows["other"], rows["correlation"], strict=True):
            i, j = measures.index(one), measures.index(other)
            values[i, j] = values[j, i] = value
        ax.imshow(values, vmin=-1, vmax=1, cmap="PuOr")
        for i, j in np.ndindex(values.shape):
            ax.text(j, i, f"{values[i, j]:.2f}", ha="center", va="center", fontsize=6 if len(measures) > _MOST else 8)
        labels = [_title(measure) for measure in measures]
        ax.set_xticks(range(len(labels)), labels, rotation=45, ha="right", fontsize=7)
        ax.set_yticks(range(len(labels)), labels, fontsize=7)
        ax.set_title(f"ln observed - ln of {name}")
    return figure
