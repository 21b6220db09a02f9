"""Three-component traces, one row per sensor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seissynth.plotting._sensors import centred, find_sensors, nearest, seconds, title_of
from seissynth.plotting.style import BLACK, P_COLOUR, S_COLOUR, axis_label, new_figure, scaled_unit, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from obspy import Stream


@styled
def plot_traces(stream: Stream, *, max_sensors: int = 8) -> Figure:
    """Draw the components of each sensor with the onsets of P and S.

    A single sensor is drawn as three panels above each other; several as a grid, one row per sensor with the
    nearest on top, one column per component. The components of a sensor share their amplitude scale.

    Parameters
    ----------
    stream : obspy Stream
        Result of `seissynth.generate`. Traces without ``stats.seissynth`` are drawn in counts from their start.
    max_sensors : int
        More are left out, and the title says so.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        An empty Stream, or one with gaps.
    """
    every_sensor = find_sensors(stream)
    sensors, omitted = nearest(every_sensor, max_sensors)
    title = title_of(every_sensor) + omitted  # of all: the nearest may belong to a few of the events
    return _one_sensor(sensors[0], title) if len(sensors) == 1 else _grid(sensors, title)


def _one_sensor(sensor, title):
    letters = sensor.components()
    figure = new_figure(8.0, 0.6 + 1.5 * len(letters))
    panels = figure.subplots(len(letters), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    factor, unit = scaled_unit(sensor.peak, sensor.unit)
    for number, (axes, letter) in enumerate(zip(panels, letters, strict=True)):
        draw_trace(axes, sensor.traces[letter], sensor, factor)
        draw_onsets(axes, sensor, named=number == 0)
        axes.set_ylabel(letter, rotation=0, ha="right", va="center", fontweight="bold")
    panels[-1].set_xlabel("Time after origin (s)")
    figure.supylabel(axis_label(sensor.quantity, unit), fontsize=9)
    figure.suptitle(f"{sensor.label.replace(chr(10), ', ')}{'   ' + title if title else ''}", fontsize=10)
    return figure


def _grid(sensors, title):
    columns = max(len(sensor.traces) for sensor in sensors)
    figure = new_figure(11.0, 1.0 + 1.25 * len(sensors))
    panels = figure.subplots(len(sensors), columns, sharex="row", sharey="row", squeeze=False)
    several = len({sensor.event_key for sensor in sensors}) > 1
    for row, (line, sensor) in enumerate(zip(panels, sensors, strict=True)):
        factor, unit = scaled_unit(sensor.peak, sensor.unit)
        letters = sensor.components()
        for axes, letter in zip(line, letters, strict=False):
            draw_trace(axes, sensor.traces[letter], sensor, factor)
            draw_onsets(axes, sensor, named=True)
            axes.text(0.995, 0.95, letter, transform=axes.transAxes, ha="right", va="top", fontweight="bold")
        for axes in line[len(letters) :]:
            axes.set_axis_off()
        label = sensor.label + (f"\n{sensor.origin.strftime('%m-%d %H:%M:%S')}" if several else "")
        line[0].set_ylabel(f"{label}\n({unit})" if unit else label, fontsize=8)
        if row == len(sensors) - 1:
            for axes in line[: len(letters)]:
                axes.set_xlabel("Time after origin (s)")
    figure.align_ylabels(panels[:, 0])
    quantities = {sensor.quantity for sensor in sensors}
    plain = len(quantities) == 1 and not quantities & {"", "counts"}
    name = sensors[0].quantity.capitalize() if plain else "Records"
    figure.suptitle(f"{name}   {title}" if title else name, fontsize=10)
    return figure


def draw_trace(axes, trace, sensor, factor, *, colour=BLACK):
    """Draw one trace against seconds after origin."""
    times = seconds(trace, sensor.origin)
    axes.plot(times, centred(trace) * factor, color=colour, linewidth=0.6)
    axes.set_xlim(times[0], times[-1])
    axes.margins(y=0.12)
    axes.grid(axis="x")


def draw_onsets(axes, sensor, *, named, colour=None, style="-"):
    """Draw P and S as lines if known and inside the panel, with the label of P left of its line and that of S right."""
    first, last = axes.get_xlim()
    near_edge = sensor.p_s - first < 0.04 * (last - first)
    for letter, onset, own in (("P", sensor.p_s, P_COLOUR), ("S", sensor.s_s, S_COLOUR)):
        if not math.isfinite(onset) or not first <= onset <= last:
            continue
        axes.axvline(onset, color=colour or own, linewidth=1.1, linestyle=style, zorder=3, gid=f"onset-{letter}")
        if named:
            left = letter == "P" and not near_edge
            axes.annotate(
                letter,
                (onset, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(-3 if left else 3, -1),
                textcoords="offset points",
                color=colour or own,
                fontweight="bold",
                va="top",
                fontsize=8,
                ha="right" if left else "left",
            )
