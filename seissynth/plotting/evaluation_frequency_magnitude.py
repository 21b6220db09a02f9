"""Pictures of frequency-magnitude distributions: SWaG's figure 6."""

import numpy as np

from seissynth.plotting.style import BLACK, BLUE, GREEN, GREY, ORANGE, new_figure, styled

_COLOURS = {"maximum likelihood": BLUE, "K-M slope": ORANGE, "b-positive": GREEN}
#: cutoffs with fewer values are not drawn
_LEAST = 10


def draw_frequency_magnitude(group, pairs=None):  # noqa: ARG001 (as `Group.draw`)
    """Draw the frequency-magnitude group; nothing if no catalogue has enough earthquakes.

    Parameters and result are those of `seissynth.evaluation.registry.Group.draw`.
    """
    if not group.tables:
        return []
    names = list(dict.fromkeys(group.tables["estimates"]["catalogue"]))
    parts = {name: {key: table[table["catalogue"] == name] for key, table in group.tables.items()} for name in names}
    return [("Frequency-magnitude distributions (SWaG's figure 6)", _figure(parts))]


def plot_frequency_magnitude(*catalogues, outfile=None):
    """Draw results of `seissynth.evaluation.fit_frequency_magnitude`, one row of panels each.

    Parameters
    ----------
    *catalogues : FrequencyMagnitude
    outfile : path, optional

    Returns
    -------
    matplotlib.figure.Figure
        Left: earthquakes of each magnitude and at least as large, with the laws of maximum likelihood and K-M slope.
        Middle: the same of positive magnitude differences, with that of b-positive. Right: b over the cutoff, one
        standard deviation shaded; the cutoffs that were used are marked.
    """
    parts = {
        one.name or f"catalogue {number}": {
            "estimates": one.estimates, "curve": one.curve, "counts": one.counts, "differences": one.differences
        }
        for number, one in enumerate(catalogues, start=1)
    }  # fmt: skip
    return _figure(parts, outfile=outfile)


@styled
def _figure(parts):
    figure = new_figure(9.0, 0.3 + 2.7 * len(parts))
    panels = figure.subplots(len(parts), 3, squeeze=False)
    for line, (name, part) in zip(panels, parts.items(), strict=True):
        estimates = part["estimates"].set_index("method")
        _counts(line[0], part["counts"], "magnitude", estimates.loc[["maximum likelihood", "K-M slope"]])
        _counts(line[1], part["differences"], "difference", estimates.loc[["b-positive"]])
        _curve(line[2], part["curve"], estimates)
        total = int(part["counts"]["count"].sum())
        line[0].set(title=f"{name}: {total} earthquakes", xlabel="Magnitude", ylabel="Number")
        line[1].set(title="positive differences", xlabel="Magnitude difference", ylabel="Number")
        line[2].set(title="b over the cutoff", xlabel="Cutoff (magnitude, difference)", ylabel="b")
    return figure


def _counts(panel, table, column, estimates):
    sizes, count, above = (table[name].to_numpy(float) for name in (column, "count", "at_least"))
    panel.semilogy(sizes[count > 0], count[count > 0], "o", color=GREY, markersize=3, alpha=0.6, label="equal")
    panel.semilogy(sizes[above > 0], above[above > 0], "o", color=BLACK, markersize=3, mfc="none", label="at least")
    if len(sizes):
        for method, row in estimates.iterrows():
            at = np.array([row["cutoff"], sizes.max()])
            law = row["count"] * 10 ** (-row["b"] * (at - row["cutoff"]))
            panel.semilogy(at, law, color=_COLOURS[method], linewidth=1.3, label=f"{method}: b = {row['b']:.2f}")
            panel.axvline(row["cutoff"], color=_COLOURS[method], linewidth=0.6, linestyle=":")
        panel.set_ylim(0.7, 40 * above.max())  # room for the legend
    panel.grid(True)
    panel.legend(loc="upper right")


def _curve(panel, table, estimates):
    tops = []
    for method, part in table.groupby("method", sort=False):
        part = part[(part["count"] >= _LEAST) & part["b"].notna()]
        cutoff, b, sd = (part[name].to_numpy(float) for name in ("cutoff", "b", "sd"))
        panel.plot(cutoff, b, color=_COLOURS[method], linewidth=1.2, label=method)
        panel.fill_between(cutoff, b - sd, b + sd, color=_COLOURS[method], alpha=0.15, linewidth=0)
        used = estimates.loc[method]
        panel.plot(used["cutoff"], used["b"], "v", color=_COLOURS[method], markersize=5)
        tops += [*b]
    panel.set_ylim(0, max(1.6 * np.median(tops), 1.0) if tops else 2.0)
    panel.grid(True)
    panel.legend(loc="lower right")
