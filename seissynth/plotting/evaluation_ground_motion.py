"""Pictures of the ground-motion group: residuals, their parts, ground-motion models, HEGGS' figure 2."""

import numpy as np

from seissynth.plotting.style import BLACK, BLUE, GREEN, GREY, LIGHT, ORANGE, new_figure, styled

_MEASURES = {"pga": "PGA", "pgv": "PGV", "arias": "Arias intensity", "d5_95_s": "D5-95"}
_PARTS = (("event", BLUE), ("station", ORANGE), ("remaining", GREY))
_CLASSES = ((2.0, 3.0), (3.0, 4.0), (4.0, 5.0))
_LEAST = 5
_GENERATED, _REAL = GREEN, BLACK


def draw_ground_motion(group, pairs):
    """Draw the ground-motion group.

    Parameters and result are those of `seissynth.evaluation.registry.Group.draw`.
    """
    figures = [
        ("Ground-motion residuals by magnitude and distance", _residuals(group.per_record, pairs.name)),
        ("Ground-motion residuals: events, stations and the rest", _parts(group, pairs.name)),
    ]
    points = group.tables["HEGGS figure 2"]
    if "model_of_ml_real" in points:
        figures.append(("HEGGS figure 2", _figure_2(points, pairs.name)))
    return figures


def _name(measure):
    return _MEASURES.get(measure, f"PSA({measure[4:]} s)")


@styled
def _residuals(table, name):
    measures = [m for m in table if f"{m}_real" in table and table[m].notna().sum() >= _LEAST][:6]
    figure = new_figure(9.0, 1.0 + 1.7 * max(len(measures), 1))
    axes = figure.subplots(max(len(measures), 1), 2, sharex="col", sharey=True, squeeze=False)
    for row, measure in zip(axes, measures, strict=False):
        values = table[measure].to_numpy(float)
        for ax, of, log in ((row[0], "magnitude", False), (row[1], "distance_km", True)):
            x = table[of].to_numpy(float)
            good = np.isfinite(values) & np.isfinite(x)
            ax.axhline(0.0, color=BLACK, lw=0.7)
            ax.plot(x[good], values[good], ".", ms=2.5, color=BLUE, alpha=0.35)
            draw_medians(ax, x[good], values[good], log)
            if log:
                ax.set_xscale("log")
                ax.xaxis.set_major_formatter("{x:g}")
                ax.xaxis.set_minor_formatter("{x:g}")
            ax.set_ylim(-3.5, 3.5)
            ax.grid(True)
        row[0].set_ylabel(f"ln {_name(measure)}")
    axes[-1, 0].set_xlabel("Magnitude of the catalogue")
    axes[-1, 1].set_xlabel("Hypocentral distance (km)")
    figure.suptitle(f"ln generated - ln observed: {name} (orange: medians and quartiles)", fontsize=10)
    return figure


def draw_medians(ax, x, values, log, count=7, colour=ORANGE):
    """Draw medians and quartiles in classes of equal number."""
    if len(x) < 2 * _LEAST:
        return
    order = np.argsort(x)
    for part in np.array_split(order, min(count, len(x) // _LEAST)):
        low, middle, high = np.percentile(values[part], (25, 50, 75))
        at = np.exp(np.log(x[part]).mean()) if log else x[part].mean()
        ax.plot([at, at], [low, high], color=colour, lw=1.8)
        ax.plot(at, middle, "o", color=colour, ms=4)


@styled
def _parts(group, name):
    split = group.tables["Residuals: events, stations and the rest"]
    against = group.tables.get("Against ground-motion models")
    figure = new_figure(9.5, 3.6 if against is None else 6.2)
    axes = np.atleast_1d(figure.subplots(1 if against is None else 2, 1))
    ax, at = axes[0], np.arange(len(split))
    for k, (part, colour) in enumerate(_PARTS):
        value = split[part].to_numpy(float)
        bars = np.clip([value - split[f"{part}_low"], split[f"{part}_high"] - value], 0, None)
        ax.bar(at + 0.27 * (k - 1), value, 0.25, color=colour, yerr=bars, error_kw={"lw": 0.7}, label=part)
    ax.plot(at, split["mean"], "_", ms=18, color=BLACK, label="mean")
    ax.axhline(0, color=BLACK, lw=0.7)
    ax.set_xticks(at, [_name(m) for m in split["measure"]])
    ax.set(ylabel="sd (bars), mean of ln", title=f"ln generated - ln observed: {name}")
    ax.legend(ncols=4)
    if against is not None:
        _draw_against(axes[1], against)
    return figure


def _draw_against(ax, against):
    """Standard deviations within and between events of both sets and of the model."""
    labels = []
    for number, ((model, measure), rows) in enumerate(against.groupby(["model", "measure"], sort=False)):
        for k, (which, colour) in enumerate((("real", _REAL), ("generated", _GENERATED))):
            one = rows[rows["set"] == which]
            if len(one):
                at, row = number + 0.3 * (k - 0.5), one.iloc[0]
                ax.errorbar(at, row["mean"], row["total"], fmt="o", ms=3.5, color=colour, lw=1.0)
        row = rows.iloc[0]
        sigma = np.hypot(row["model_tau"], row["model_phi"])
        if np.isfinite(sigma):
            ax.add_patch(_box(number - 0.42, -sigma, 0.84, 2 * sigma))
        labels.append(f"{_name(measure)}\n{model.split(' ')[0].rstrip(',')}")
    for colour, text in ((_REAL, "real"), (_GENERATED, "generated")):
        ax.plot([], [], "o", color=colour, ms=3.5, label=f"{text}: mean and sd")
    ax.plot([], [], "s", color=LIGHT, ms=8, label="the model's own sd")
    ax.axhline(0, color=BLACK, lw=0.7)
    ax.set_xticks(np.arange(len(labels)), labels, fontsize=7)
    ax.set(ylabel="ln record - ln model", title="Against ground-motion models, the same records of both sets")
    ax.legend(ncols=3)


def _box(x, y, width, height):
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, facecolor=LIGHT, edgecolor="none", zorder=0)


@styled
def _figure_2(points, name):
    figure = new_figure(10.0, 6.0)
    axes = figure.subplots(2, len(_CLASSES), sharex=True, sharey=True)
    magnitude = points["magnitude"].to_numpy(float)
    for column, (low, high) in enumerate(_CLASSES):
        rows = (magnitude >= low) & (magnitude < high)
        for ax, columns in ((axes[0, column], ("model_of_ml_real", "model_of_ml_generated")),
                            (axes[1, column], ("pga_real", "pga_generated"))):  # fmt: skip
            for which, colour, mark in zip(columns, (_REAL, _GENERATED), "ox", strict=True):
                ax.plot(points["distance_km"][rows], points[which][rows], mark, ms=3.5, color=colour, alpha=0.6,
                        mfc="none", label="observed" if which.endswith("real") else name)  # fmt: skip
            _draw_limits(ax, points, (low, high))
            ax.set(xscale="log", yscale="log")
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_formatter("{x:g}")
            ax.tick_params(axis="x", which="minor", labelsize=6)
            ax.grid(True)
        axes[0, column].set_title(f"magnitude {low:g} to {high:g}")
        axes[1, column].set_xlabel("Distance of the model (km)")
    axes[0, 0].set_ylabel("As printed: model of ML(W)\nPGA (m/s²)")
    axes[1, 0].set_ylabel("Measured\nPGA (m/s²)")
    handles, labels = axes[0, -1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    figure.suptitle("HEGGS figure 2: PGA by the ground-motion model of each waveform's local magnitude, and measured")
    return figure


def _draw_limits(ax, points, limits):
    """The ground-motion model at the class's ends, where its range allows."""
    from seissynth.evaluation.groups.ground_motion_groups import model_curve

    distance = points["distance_km"].to_numpy(float)
    distance = distance[np.isfinite(distance) & (distance > 0)]
    if not len(distance):
        return
    at = np.geomspace(distance.min(), distance.max(), 40)
    for number, limit in enumerate(limits):
        curve = model_curve(points.attrs.get("model", "bssa14"), limit, at)
        if np.isfinite(curve).any():
            ax.plot(at, curve, color=ORANGE, lw=1.2, label="model at the class's ends" if number == 0 else None)
