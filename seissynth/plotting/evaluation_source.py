"""Pictures of the source group: moment and corner frequency of each earthquake, and HVSR."""

import numpy as np

from seissynth.plotting.style import BLACK, BLUE, GREEN, GREY, new_figure, styled

_STRESS_BAR = (1.0, 10.0, 100.0, 1000.0)


def draw_source(group, pairs):
    """Draw the source group.

    Parameters and result are those of `seissynth.evaluation.registry.Group.draw`.
    """
    return [
        ("Moment, corner frequency and kappa", _sources(group.tables["Sources"], pairs.name)),
        ("Horizontal over vertical of S", _hvsr(group.tables["HVSR"], pairs.name)),
    ]


@styled
def _sources(table, name):
    from seissynth.evaluation import brune_corner_hz

    figure = new_figure(10.0, 3.6)
    first, second, third = figure.subplots(1, 3)
    for which, colour, label in (("real", BLACK, "observed"), ("generated", GREEN, name)):
        good = table[f"resolved_{which}"].to_numpy(bool)
        mw, corner = table[f"mw_{which}"], table[f"corner_hz_{which}"]
        first.errorbar(table["catalogue"], mw, 1.96 * table[f"mw_se_{which}"], fmt="o", ms=3, lw=0.6, color=colour,
                       alpha=0.7, label=label)  # fmt: skip
        factor = np.exp(1.96 * table[f"ln_corner_se_{which}"])
        second.errorbar(mw[good], corner[good], [(corner - corner / factor)[good], (corner * factor - corner)[good]],
                        fmt="o", ms=3, lw=0.6, color=colour, alpha=0.7)  # fmt: skip
        kappa = 1000 * table[f"kappa_s_{which}"][good]
        third.hist(kappa, np.arange(-40, 101, 10), histtype="step", color=colour, lw=1.3)
    magnitude = np.linspace(*second.get_xlim(), 20)
    for stress in _STRESS_BAR:
        second.plot(magnitude, brune_corner_hz(magnitude, stress), color=GREY, lw=0.6)
        second.annotate(f"{stress:g} bar", (magnitude[-1], brune_corner_hz(magnitude[-1], stress)), fontsize=6)
    second.set(yscale="log", ylim=(0.3, 60), xlabel="Mw fitted", ylabel="Corner frequency (Hz)",
               title="Earthquakes whose corner is resolved")  # fmt: skip
    second.yaxis.set_major_formatter("{x:g}")
    first.set(xlabel="Magnitude of the catalogue", ylabel="Mw fitted", title="Moment (95 % intervals)")
    first.legend()
    third.set(xlabel="kappa (ms)", ylabel="Earthquakes", title="Attenuation beside the path's")
    for ax in (first, second, third):
        ax.grid(True)
    return figure


@styled
def _hvsr(table, name):
    figure = new_figure(6.5, 3.6)
    ax = figure.subplots()
    for which, colour, label in (("real", BLACK, "observed"), ("generated", GREEN, name)):
        ax.plot(table["frequency_hz"], table[f"{which}_median"], color=colour, lw=1.4, label=f"{label}, median")
        ax.fill_between(table["frequency_hz"], table[f"{which}_low"], table[f"{which}_high"], color=colour, alpha=0.18,
                        lw=0, label="quartiles of records")  # fmt: skip
    ax.axhline(1.0, color=BLUE, lw=0.6)
    ax.set(xscale="log", yscale="log", xlabel="Frequency (Hz)", ylabel="H / V", ylim=(0.3, 10))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.grid(True)
    ax.legend(ncols=2)
    return figure
