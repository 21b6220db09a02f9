"""Three-component traces, one row per sensor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from obspy import Stream

from seissynth.ensemble import Ensemble
from seissynth.plotting._sensors import centred, find_sensors, nearest, seconds, title_of
from seissynth.plotting.style import BLACK, GREY, P_COLOUR, S_COLOUR, axis_label, new_figure, scaled_unit, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def plot_traces(
    stream: Stream | Ensemble, *, max_sensors: int = 8, same_time: bool = False, quantity: str | None = None
) -> Figure:
    """Draw the components of each sensor with the onsets of P and S.

    A single sensor is drawn as three panels above each other; several as a grid, one row per sensor with the
    nearest on top, one column per component. The components of a sensor share their amplitude scale; the largest
    absolute value of each trace is printed below its letter. Of an Ensemble the realisations of the nearest sensor are
    drawn, one row each, on one amplitude scale; ``ensemble.select(station=...)`` chooses another.

    Parameters
    ----------
    stream : obspy Stream or Ensemble
        As `seissynth.generate` returns it, or any other: drawn from the origin time in the SAC header, else from
        the start of the traces.
    max_sensors : int
        Rows. More are left out, and the title says so.
    same_time : bool
        One time axis for all rows, which shows how P and S move out with distance.
    quantity : {"VEL", "ACC", "DISP", "RAW"}, optional
        What traces hold that do not say so themselves (neither by ``stats.seissynth`` nor by ObsPy's processing):
        m/s, m/s², m or counts. Without it whole numbers are taken for counts, and others have no unit.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        An empty Stream or Ensemble, or one with gaps.

    Examples
    --------
    >>> import seissynth
    >>> from seissynth.plotting import plot_traces
    >>> st = seissynth.generate(*seissynth.read_example())
    >>> figure = plot_traces(st, same_time=True, outfile="records.png")             # doctest: +SKIP
    """
    ensemble = isinstance(stream, Ensemble)
    every_sensor = _of_nearest_station(stream) if ensemble else find_sensors(stream, quantity=quantity)
    sensors, omitted = nearest(every_sensor, max_sensors)
    title = title_of(every_sensor) + omitted  # of all: the nearest may belong to a few of the events
    if len(sensors) == 1:
        return _one_sensor(sensors[0], title)
    return _grid(sensors, title, "all" if same_time else "row", "all" if ensemble else "row")


def _of_nearest_station(ensemble):
    """Return the records of one sensor and event in all realisations, in their order."""
    sensors = find_sensors(Stream([trace for stream in ensemble for trace in stream]))
    first = sensors[0]
    return sorted(
        (one for one in sensors if (one.code, one.event_key) == (first.code, first.event_key)),
        key=lambda one: one.realization,
    )


def _one_sensor(sensor, title):
    letters = sensor.components()
    figure = new_figure(8.0, 0.6 + 1.5 * len(letters))
    panels = figure.subplots(len(letters), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    factor, unit = scaled_unit(sensor.peak, sensor.unit)
    for number, (axes, letter) in enumerate(zip(panels, letters, strict=True)):
        draw_trace(axes, sensor.traces[letter], sensor, factor)
        draw_onsets(axes, sensor, named=number == 0)
        axes.set_ylabel(letter, rotation=0, ha="right", va="center", fontweight="bold")
    panels[-1].set_xlabel(sensor.time_label)
    figure.supylabel(axis_label(sensor.quantity, unit), fontsize=9)
    figure.suptitle(f"{sensor.label.replace(chr(10), ', ')}{'   ' + title if title else ''}", fontsize=10)
    return figure


def _grid(sensors, title, share_time, share_scale):
    columns = max(len(sensor.traces) for sensor in sensors)
    figure = new_figure(11.0, 1.0 + 1.25 * len(sensors))
    panels = figure.subplots(len(sensors), columns, sharex=share_time, sharey=share_scale, squeeze=False)
    several = len({sensor.event_key for sensor in sensors}) > 1
    realizations = len({sensor.realization for sensor in sensors}) > 1
    peak = max(sensor.peak for sensor in sensors)
    limits = _longest(sensors) if share_time == "all" else None
    for row, (line, sensor) in enumerate(zip(panels, sensors, strict=True)):
        factor, unit = scaled_unit(peak if share_scale == "all" else sensor.peak, sensor.unit)
        letters = sensor.components()
        for axes, letter in zip(line, letters, strict=False):
            draw_trace(axes, sensor.traces[letter], sensor, factor)
            if limits is not None:
                axes.set_xlim(*limits)
            draw_onsets(axes, sensor, named=True)
            _name(axes, letter, sensor.traces[letter], factor)
        for axes in line[len(letters) :]:
            axes.set_axis_off()
        label = sensor.label + (f"\n{sensor.origin.strftime('%m-%d %H:%M:%S')}" if several else "")
        label += f"\nrealisation {sensor.realization}" if realizations else ""
        line[0].set_ylabel(f"{label}\n({unit})" if unit else label, fontsize=8)
        if row == len(sensors) - 1:
            for axes in line[: len(letters)]:
                axes.set_xlabel(sensor.time_label)
    figure.align_ylabels(panels[:, 0])
    quantities = {sensor.quantity for sensor in sensors}
    plain = len(quantities) == 1 and not quantities & {"", "counts"}
    name = sensors[0].quantity.capitalize() if plain else "Records"
    figure.suptitle(f"{name}   {title}" if title else name, fontsize=10)
    return figure


def _longest(sensors):
    """From the first to the last sample of all traces, s after origin."""
    times = [seconds(trace, sensor.origin)[[0, -1]] for sensor in sensors for trace in sensor.traces.values()]
    return float(np.min(times)), float(np.max(times))


def _name(axes, letter, trace, factor):
    """Write the component and its largest absolute value, in the unit of the axis."""
    axes.text(0.995, 0.95, letter, transform=axes.transAxes, ha="right", va="top", fontweight="bold")
    peak = np.max(np.abs(centred(trace))) * factor
    text = f"{peak:.3g}" if peak < 1000 else f"{peak:.0f}"
    axes.text(0.995, 0.03, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=7, color=GREY, gid="peak")


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
