"""Record sections of generated over real records (HEGGS, figures 7 and 13 to 18)."""

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.sections import section_events
from seissynth.plotting._sensors import centred, find_sensors, seconds
from seissynth.plotting.section import _height
from seissynth.plotting.style import BLACK, BLUE, ORANGE, P_COLOUR, S_COLOUR, new_figure, styled

_LETTERS = "ZNE"


def draw_sections(group, pairs):  # noqa: ARG001 (as `Group.draw`)
    """Draw the sections of the earthquakes with most sites, real and generated at the same sensors.

    Nothing if no earthquake has enough records. Parameters and result are those of
    `seissynth.evaluation.registry.Group.draw`.
    """
    events = section_events(pairs)
    sizes = pairs.real.column("source_magnitude")
    pictures = []
    for event in events:
        chosen = np.flatnonzero(pairs.events == event)
        size = sizes[chosen[0]]
        words = f"M {size:.1f}, {event}" if np.isfinite(size) else str(event)
        pictures.append((f"Section of {words}", _of_pairs(pairs, chosen, f"{words}: {pairs.name}")))
    return pictures


@styled
def plot_virtual_section(stream, real=None, *, component="Z", input_row=None):
    """Draw records at virtual stations over the real ones of the same earthquake.

    Parameters
    ----------
    stream : obspy Stream
        From `seissynth.evaluation.virtual_section`: one earthquake, one realisation.
    real : RecordSet, optional
        Real records of that earthquake, of any azimuth; drawn in orange at their distances.
    component : {"Z", "N", "E"}
    input_row : int, optional
        Row of `real` that was the source of the generator (``source=``); drawn in blue.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        No trace of that component, or records of several events.
    """
    sensors = [one for one in find_sensors(stream) if component in one.traces]
    if component not in _LETTERS or not sensors:
        raise InputError(f"{component=}: the Stream has no such trace; use Z, N or E.")
    if len({(one.event_key, one.realization) for one in sensors}) > 1:
        raise InputError("the Stream holds several events or realisations; draw one section for each of them.")
    virtual = [
        (one.distance_km, seconds(one.traces[component], one.origin), centred(one.traces[component]), one.p_s, one.s_s)
        for one in sensors
    ]
    recorded = []
    if real is not None:
        number, distance = _LETTERS.index(component), real.column("path_ep_distance_km")
        recorded = [
            (distance[row], real.times_s(row), real.data[row, number], real.p_s[row], real.s_s[row])
            for row in range(len(real))
        ]
    when = sensors[0].origin.strftime("%Y-%m-%d %H:%M:%S")
    title = f"Virtual stations, component {component}, each trace to its peak   {when}"
    return _section(virtual, recorded, title, input_row)


@styled
def _of_pairs(pairs, rows, title):
    distance, number = pairs.real.column("path_ep_distance_km"), 0
    seen, order = set(), []
    for row in rows[np.argsort(distance[rows], kind="stable")]:
        if np.isfinite(distance[row]) and pairs.real.sites[row] not in seen:
            seen.add(pairs.real.sites[row])
            order.append(row)
    sets = []
    for part in (pairs.generated, pairs.real):
        sets.append(
            [(distance[row], part.times_s(row), part.data[row, number], part.p_s[row], part.s_s[row]) for row in order]
        )
    names = [pairs.real.sites[row] for row in order]
    return _section(*sets, f"Component Z, each trace to its peak   {title}", None, names)


def _section(generated, real, title, input_row=None, names=None):
    distances = sorted({float(item[0]) for item in generated if np.isfinite(item[0])})
    figure = new_figure(8.5, float(np.clip(2.8 + 0.3 * len(distances), 4.5, 9.0)))
    axes = figure.subplots()
    height = 1.25 * _height(distances)
    for number, (distance, times, data, *_) in enumerate(real):
        colour, label = (BLUE, "given to the generator") if number == input_row else (ORANGE, "real")
        _trace(axes, times, data, distance=distance, height=height, color=colour, alpha=0.75, label=label)
    for distance, times, data, *_ in generated:
        _trace(axes, times, data, distance=distance, height=height, color=BLACK, alpha=0.9, label="generated")
    for letter, column, colour in (("P", 3, P_COLOUR), ("S", 4, S_COLOUR)):
        known = sorted((item[0], item[column]) for item in generated if np.isfinite(item[column]))
        if len(known) > 1:
            axes.plot(
                [time for _, time in known], [distance for distance, _ in known], color=colour, linewidth=1.2,
                linestyle="--", label=f"{letter} of the generated", zorder=4,
            )  # fmt: skip
    axes.set(xlabel="Time after origin (s)", ylabel="Epicentral distance (km)")
    axes.set_xlim(min(item[1][0] for item in generated), max(item[1][-1] for item in generated))
    axes.set_ylim(distances[0] - 1.5 * height, distances[-1] + 1.5 * height)
    axes.set_title(title, fontsize=9.5)
    axes.grid(axis="x")
    if names:
        _names(axes, [item[0] for item in generated], names, figure)
    unique = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(unique.values(), unique.keys(), loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
    return figure


def _trace(axes, times, data, *, distance, height, **line):
    """Draw one trace at its distance, `height` km to its peak."""
    data = np.asarray(data, dtype=float)
    peak = np.abs(data).max()
    if peak > 0 and np.isfinite(distance):
        axes.plot(times, distance + height * data / peak, linewidth=0.5, **line)


def _names(axes, distances, names, figure):
    """Site codes right of the traces, pushed apart where they would overlap."""
    bottom, top = axes.get_ylim()
    step = (top - bottom) * 0.14 / (figure.get_figheight() - 1.2)
    moved = -np.inf
    for distance, name in sorted(zip(distances, names, strict=True)):
        moved = max(distance, moved + step)
        axes.annotate(
            name, (1.0, distance), xycoords=("axes fraction", "data"), xytext=(1.03, moved),
            textcoords=("axes fraction", "data"), va="center", ha="left", fontsize=7,
            arrowprops={"arrowstyle": "-", "color": "#AAAAAA", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
