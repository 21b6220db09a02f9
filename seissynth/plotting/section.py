"""Record section: traces at their distances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.plotting._sensors import centred, find_sensors, seconds, title_of
from seissynth.plotting.style import BLACK, P_COLOUR, S_COLOUR, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from obspy import Stream


@styled
def plot_section(stream: Stream, *, component: str = "Z", reduction_km_s: float | None = None) -> Figure:
    """Draw one component of every sensor at its epicentral distance, with predicted P and S.

    Each trace is scaled to its own peak. Traces at nearly one distance are moved apart until none hides another;
    the axis says by how much at most, and the lines of P and S pass through the true distances.

    Parameters
    ----------
    stream : obspy Stream
        Records of one event, with ``stats.seissynth``, or SAC files whose headers hold origin and distance.
    component : str
        Last letter of the channel codes.
    reduction_km_s : float, optional
        Reduce the time axis by distance / this velocity, km/s.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        No trace of that component, no distance, or records of several events.
    """
    if reduction_km_s is not None and not reduction_km_s > 0:
        raise InputError(f"{reduction_km_s=} must be a velocity above 0 km/s.")
    everything = find_sensors(stream)
    sensors = [one for one in everything if component in one.traces]
    if not sensors:
        letters = sorted({trace.stats.channel[-1:] for trace in stream})
        raise InputError(f"{component=}: there is no such trace; the Stream has components {', '.join(letters)}.")
    sensors = [one for one in sensors if math.isfinite(one.distance_km)]
    if not sensors:
        raise InputError(
            "no trace has a distance (stats.seissynth.conditions.path_ep_distance_km, or dist in a SAC header)."
        )
    if len({(one.event_key, one.realization) for one in sensors}) > 1:
        raise InputError("the Stream holds several events or realisations; draw one section for each of them.")

    slowness = 0.0 if reduction_km_s is None else 1.0 / reduction_km_s
    figure = new_figure(8.5, float(np.clip(2.5 + 0.35 * len(sensors), 4.5, 10.0)))
    axes = figure.subplots()
    height = _height([one.distance_km for one in sensors])
    places = _apart([one.distance_km for one in sensors], 0.6 * height)
    ends = [_draw(axes, one, component, place, height, slowness) for one, place in zip(sensors, places, strict=True)]
    _draw_curves(axes, sensors, places, slowness, height)
    axes.set_xlim(min(first for first, _ in ends), max(last for _, last in ends))
    _name_stations(figure, axes, sensors, places)
    reduced = "" if reduction_km_s is None else f" − distance / {reduction_km_s:g} km/s"
    axes.set_xlabel(f"Time after origin{reduced} (s)")
    moved = max(abs(place - one.distance_km) for one, place in zip(sensors, places, strict=True))
    note = f"; traces moved apart by up to {moved:.1f} km" if moved >= 0.05 else ""
    axes.set_ylabel(f"Epicentral distance (km{note})")
    # sensors without that component (1 and 2 for N and E, say) are mentioned, not dropped silently
    which = f" ({len(sensors)} of {len(everything)} sensors)" if len(sensors) < len(everything) else ""
    axes.set_title(f"Component {component}{which}, each trace to its peak   {title_of(sensors)}", fontsize=10)
    axes.grid(axis="x")
    axes.legend(loc="upper left", frameon=True, framealpha=0.9, edgecolor="none")
    return figure


def _height(distances):
    """Half height of a trace, km: traces may touch, but not hide each other."""
    spread = max(distances) - min(distances)
    return max(spread, 0.2 * max(distances), 1.0) / (1.6 * max(len(distances), 4))


def _apart(values, step):
    """Return the values pushed apart until neighbours are at least `step` from each other, in the order given."""
    values = np.asarray(values, dtype=float)
    order = np.argsort(values, kind="stable")
    moved = values[order]
    for _ in range(200):
        gaps = np.diff(moved)
        tight = gaps < step - 1e-9
        if not tight.any():
            break
        push = np.where(tight, (step - gaps) / 2.0, 0.0)
        moved[:-1] -= push
        moved[1:] += push
    out = np.empty_like(moved)
    out[order] = moved
    return out


def _draw(axes, sensor, component, place, height, slowness):
    trace = sensor.traces[component]
    data = centred(trace)
    peak = np.max(np.abs(data)) or 1.0
    times = seconds(trace, sensor.origin) - slowness * sensor.distance_km
    axes.plot(times, place + height * data / peak, color=BLACK, linewidth=0.5, gid=f"trace-{trace.id}")
    return times[0], times[-1]


def _draw_curves(axes, sensors, places, slowness, height):
    distances = np.array([one.distance_km for one in sensors])
    for name, onsets, colour in (
        ("P", np.array([one.p_s for one in sensors]), P_COLOUR),
        ("S", np.array([one.s_s for one in sensors]), S_COLOUR),
    ):
        known = np.isfinite(onsets)
        if known.any():
            times = onsets - slowness * distances
            axes.plot(times[known], distances[known], color=colour, linewidth=1.0, alpha=0.6, zorder=3, label=name)
            axes.vlines(
                times[known],
                places[known] - 0.7 * height,
                places[known] + 0.7 * height,
                color=colour,
                linewidth=1.6,
                zorder=4,
            )


def _name_stations(figure, axes, sensors, places):
    """Write codes right of the traces, spread out for traces that are near to each other."""
    bottom, top = axes.get_ylim()
    inches = figure.get_figheight() - 1.2
    step = (top - bottom) * 0.13 / inches
    for sensor, place, height in zip(sensors, places, _apart(places, step), strict=True):
        axes.annotate(
            sensor.code,
            (1.0, place),
            xycoords=("axes fraction", "data"),
            xytext=(1.03, height),
            textcoords=("axes fraction", "data"),
            va="center",
            ha="left",
            fontsize=7.5,
            arrowprops={"arrowstyle": "-", "color": "#AAAAAA", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
        )
