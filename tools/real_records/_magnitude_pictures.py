"""Picture of `evaluate_magnitudes.py`."""

import numpy as np

from tools.real_records import _real_records as real
from tools.real_records._real_records import BLACK, BLUE, GREEN, ORANGE, PURPLE, new_figure, styled

KINDS = {"surface": BLUE, "nominal gain": ORANGE, "borehole": PURPLE}


def draw_magnitudes(found, stations, closure, path):
    """Four panels: ML over the catalogue's, error over magnitude, station terms, effect of each choice."""
    real.save_picture(_draw(found, stations, closure), path, dpi=90)


@styled
def _draw(found, stations, closure):
    figure = new_figure(10.0, 8.2)
    upper, lower = figure.subfigures(2, 1)  # each row has its own margins: the lower one has long labels
    left, right = upper.subplots(1, 2)
    _panel_events(left, found)
    _panel_off(right, found, closure)
    left, right = lower.subplots(1, 2)
    _panel_stations(left, stations)
    _panel_choices(right, found)
    return figure


def _panel_events(ax, found):
    events = found["reference"].dropna(subset="ml")
    ax.plot([0, 6.6], [0, 6.6], color=BLACK, lw=0.7)
    bars = np.clip([events["ml"] - events["low"], events["high"] - events["ml"]], 0, None)
    ax.errorbar(events["catalogue"], events["ml"], bars, fmt="o", ms=3.5, lw=0.7, color=BLUE, label="reference choice")
    ax.set(xlabel="catalogue's ML", ylabel="ML of the records", title="Each earthquake, median over surface stations")
    ax.grid(True)


def _panel_off(ax, found, closure):
    for name, colour, mark in (("reference", BLUE, "o"), ("band 1 to 45 Hz", ORANGE, "s"),
                               ("the same, all 18 sensors", GREEN, "^")):  # fmt: skip
        events = found[name].dropna(subset="off")
        label = {"reference": "0.1 to 45 Hz", "the same, all 18 sensors": "18 sensors, corrected"}.get(name, name)
        ax.plot(events["catalogue"], events["off"], mark, ms=3.5, color=colour, label=label, alpha=0.8)
    ax.plot(closure["ml"], closure["narrow"], "--", color=ORANGE, label="generated: 1 to 45 Hz less whole band")
    ax.axhline(0, color=BLACK, lw=0.7)
    ax.set(xlabel="catalogue's ML", ylabel="ML of the records - catalogue's", title="Error by magnitude")
    ax.legend(loc="lower left")
    ax.grid(True)


def _panel_stations(ax, stations):
    place = np.arange(len(stations))
    for kind, colour in KINDS.items():
        own = (stations["kind"] == kind).to_numpy()
        ax.errorbar(stations["off"][own], place[own], xerr=stations["sd"][own], fmt="o", ms=4, color=colour, label=kind)
    ax.axvline(0, color=BLACK, lw=0.7)
    ax.set_yticks(place, stations["station"])
    ax.set(xlabel="sensor's ML - its event's (bars: sd)", title="Station terms")
    ax.legend(loc="lower right")
    ax.grid(True, axis="x")


def _panel_choices(ax, found):
    names = list(found)[::-1]
    for place, name in enumerate(names):
        off = found[name]["off"][found[name]["catalogue"] < 6].dropna()
        low, middle, high = np.percentile(off, (25, 50, 75))
        ax.plot([low, high], [place, place], color=BLUE, lw=2.5, alpha=0.6)
        ax.plot(middle, place, "o", color=BLACK, ms=3.5)
    ax.axvline(0, color=BLACK, lw=0.7)
    ax.set_yticks(np.arange(len(names)), names)
    ax.set(xlabel="ML - catalogue's (median, quartiles)", title="One choice changed at a time")
    ax.grid(True, axis="x")
