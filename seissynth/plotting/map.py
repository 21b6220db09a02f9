"""Map of stations, events and coast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.events.earthquakes import preferred
from seissynth.plotting.coast import LEAST_MAP_KM, coast_lines
from seissynth.plotting.style import BLACK, BLUE, GREY, ORANGE, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from obspy import Inventory
    from obspy.core.event import Catalog, Event

_KM_PER_DEGREE = 111.195
_BALL_POINTS = 30
_LONG_SIDE_INCHES = 6.0


@styled
def plot_map(
    inventory: Inventory, event: Event | Catalog | None = None, *, labels: bool = True, coast: bool = True
) -> Figure:
    """Draw stations and epicentres in longitude and latitude, with a scale bar.

    One degree of longitude is drawn as long as it is at the middle latitude. An event with a moment tensor
    or nodal planes is drawn as a beachball (up to five events), any other one as a star whose size follows its
    magnitude; the legend shows sizes.

    Coast lines are those of Natural Earth (1:10 million, public domain), simplified to about 1 km; nothing is
    downloaded. A map narrower than 40 km has none: there the lines' own errors would show.

    Parameters
    ----------
    inventory : obspy Inventory
    event : obspy Event or Catalog, optional
    labels : bool
        Write station codes.
    coast : bool
        Draw coast lines.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        An inventory without stations, or an event without origin.
    """
    from seissynth.io.onset_picks import as_catalog

    stations = _stations(inventory)
    events = [_epicentre(item) for item in as_catalog(event)]
    middle = np.mean([place[1] for place in stations.values()])
    # across the date line longitudes would be at both ends of the map
    reference = events[0][0] if events else next(iter(stations.values()))[0]
    stations = {code: (_unwrap(x, reference), y) for code, (x, y) in stations.items()}
    events = [(_unwrap(x, reference), y, item) for x, y, item in events]

    west, east, south, north, stretch = _frame(stations, events)
    width, height = (east - west) / stretch, north - south
    inch = _LONG_SIDE_INCHES / max(width, height)
    figure = new_figure(max(width * inch + 0.85, 5.4), max(height * inch + 1.1, 3.85))
    axes = figure.subplots()
    axes.set(xlim=(west, east), ylim=(south, north), aspect=stretch)
    axes.spines[["top", "right"]].set_visible(True)
    axes.grid()
    if coast:
        _draw_coast(axes, west, east, south, north)
    xs, ys = zip(*stations.values(), strict=True)
    axes.scatter(xs, ys, s=46, marker="^", color=BLUE, edgecolor="white", linewidth=0.7, zorder=4, label="station")
    for number, (x, y, item) in enumerate(events):
        _draw_event(axes, x, y, item, ball=number < 5)
    _degree_axes(axes)
    _scale_bar(axes, west, east, south, north, middle)
    if labels:
        _name_stations(figure, axes, stations, events)
    axes.set_title(_title(stations, events), fontsize=10)
    _legend(figure, axes, [_magnitude(item) for _, _, item in events])
    return figure


def _stations(inventory):
    coordinates = {}
    for network in inventory:
        for station in network:
            coordinates.setdefault(f"{network.code}.{station.code}", (station.longitude, station.latitude))
    if not coordinates:
        raise InputError("the inventory holds no station: there is nothing to draw.")
    return coordinates


def _epicentre(event):
    origin = preferred(event, "origin")
    if origin is None or origin.longitude is None or origin.latitude is None:
        raise InputError(f"event {event.resource_id.id} has no origin with coordinates; it cannot be drawn.")
    return origin.longitude, origin.latitude, event


def _unwrap(longitude, reference):
    return reference + (longitude - reference + 180.0) % 360.0 - 180.0


def _frame(stations, events):
    points = [*stations.values(), *((x, y) for x, y, _ in events)]
    xs, ys = (np.array(column) for column in zip(*points, strict=True))
    stretch = 1.0 / max(math.cos(math.radians((ys.min() + ys.max()) / 2.0)), 0.05)
    # in degrees of latitude; at least 0.1 so that one station alone is a map too
    width = max((xs.max() - xs.min()) / stretch, 0.5 * (ys.max() - ys.min()), 0.1)
    height = max(ys.max() - ys.min(), 0.5 * width)
    x, y = (xs.min() + xs.max()) / 2.0, (ys.min() + ys.max()) / 2.0
    half_x, half_y = 0.60 * width * stretch, 0.62 * height
    return x - half_x, x + half_x, y - half_y, y + half_y, stretch


def _draw_coast(axes, west, east, south, north):
    """Draw below all else; where no coast is near, or the map shows more than the lines hold, draw nothing."""
    from matplotlib.collections import LineCollection

    if (north - south) * _KM_PER_DEGREE < LEAST_MAP_KM:
        return
    lines = coast_lines(west, east, south, north)
    if lines:
        axes.add_collection(LineCollection(lines, colors=GREY, linewidths=0.8, zorder=1.5, gid="coast"), autolim=False)


def _draw_event(axes, x, y, event, *, ball):
    tensor = _mechanism(event)
    if tensor is not None and ball:
        from matplotlib.transforms import Affine2D, ScaledTranslation
        from obspy.imaging.beachball import beach

        patch = beach(tensor, xy=(0, 0), width=1, linewidth=0.7, facecolor=ORANGE, edgecolor=BLACK)
        # round and of one size in points, whatever the map's stretch and the file's resolution
        size = Affine2D().scale(_BALL_POINTS / 72.0) + axes.figure.dpi_scale_trans
        patch.set(transform=size + ScaledTranslation(x, y, axes.transData), zorder=3, gid="beachball")
        axes.add_collection(patch)
        return
    axes.scatter(
        [x],
        [y],
        s=_star_points(_magnitude(event)) ** 2,
        marker="*",
        color=ORANGE,
        edgecolor=BLACK,
        linewidth=0.6,
        zorder=5 - 0.01 * min(max(_magnitude(event) or 0.0, 0.0), 10.0),  # small ones above large ones
        gid="epicentre",
    )


def _magnitude(event):
    magnitude = preferred(event, "magnitude")
    return None if magnitude is None or magnitude.mag is None else float(magnitude.mag)


def _star_points(magnitude):
    """Width of a star: equal steps for equal steps of magnitude, which is a logarithm already."""
    return 9.0 if magnitude is None else min(max(4.0 + 2.8 * magnitude, 4.0), 27.0)


def _legend(figure, axes, magnitudes):
    """Stations, and stars of up to three whole magnitudes; below the map, where it hides nothing."""
    from matplotlib.lines import Line2D

    def mark(marker, size, colour, label, edge):
        style = {"linestyle": "none", "marker": marker, "markersize": size, "markeredgewidth": 0.6}
        return Line2D([], [], markerfacecolor=colour, markeredgecolor=edge, label=label, **style)

    handles = [mark("^", 7, BLUE, "station", "white")]
    gids = {item.get_gid() for item in axes.collections}
    if "beachball" in gids:
        handles.append(mark("o", 9, ORANGE, "focal mechanism", BLACK))
    known = [magnitude for magnitude in magnitudes if magnitude is not None]
    if "epicentre" in gids and not known:
        handles.append(mark("*", _star_points(None), ORANGE, "epicentre", BLACK))
    elif "epicentre" in gids:
        low, high = math.floor(min(known)), math.ceil(max(known))
        for whole in sorted({low, round((low + high) / 2), high}):
            handles.append(mark("*", _star_points(whole), ORANGE, f"M {whole}", BLACK))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _mechanism(event):
    """Strike, dip, rake or the six moment-tensor elements; None without a mechanism."""
    mechanism = preferred(event, "focal_mechanism")
    if mechanism is None:
        return None
    tensor = mechanism.moment_tensor and mechanism.moment_tensor.tensor
    if tensor and tensor.m_rr is not None:
        return [tensor.m_rr, tensor.m_tt, tensor.m_pp, tensor.m_rt, tensor.m_rp, tensor.m_tp]
    plane = mechanism.nodal_planes and (mechanism.nodal_planes.nodal_plane_1 or mechanism.nodal_planes.nodal_plane_2)
    return [plane.strike, plane.dip, plane.rake] if plane else None


def _degree_axes(axes):
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def text(letters):
        def label(value, _):
            if letters == "EW":
                value = (value + 180.0) % 360.0 - 180.0
            side = letters[0] if value > 0 else letters[1] if value < 0 else ""
            return f"{abs(value):.6g}°{side}"

        return FuncFormatter(label)

    for axis, letters in ((axes.xaxis, "EW"), (axes.yaxis, "NS")):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        axis.set_major_formatter(text(letters))


def _scale_bar(axes, west, east, south, north, latitude):
    per_degree = _KM_PER_DEGREE * math.cos(math.radians(latitude))
    wanted = (east - west) * per_degree / 4.0
    power = 10.0 ** math.floor(math.log10(wanted))
    length = max(step for step in (1.0, 2.0, 5.0) if step * power <= wanted) * power
    x0, y0 = west + 0.04 * (east - west), south + 0.045 * (north - south)
    x1 = x0 + length / per_degree
    tick = 0.008 * (north - south)
    axes.plot([x0, x0, x1, x1], [y0 + tick, y0, y0, y0 + tick], color=BLACK, linewidth=1.4, gid="scale-bar", zorder=6)
    axes.text((x0 + x1) / 2.0, y0 + 1.5 * tick, f"{length:g} km", ha="center", va="bottom", fontsize=8, zorder=6)


def _name_stations(figure, axes, stations, events):
    """Place each code with the least overlap: try eight positions around the marker, and use the first free one."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    pixels = figure.dpi / 72.0
    taken = []
    for x, y in stations.values():
        taken.append(_box(axes.transData.transform((x, y)), 5 * pixels))
    for x, y, _ in events:
        taken.append(_box(axes.transData.transform((x, y)), 0.5 * _BALL_POINTS * pixels))
    taken += [text.get_window_extent(renderer) for text in axes.texts]
    networks = {code.split(".")[0] for code in stations}
    for code, (x, y) in stations.items():
        name = code if len(networks) > 1 else code.split(".", 1)[1]
        best = None
        for right, up in ((1, 0), (0, 1), (0, -1), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)):
            label = axes.annotate(
                name,
                (x, y),
                xytext=(6.5 * right, 6.5 * up),
                textcoords="offset points",
                fontsize=7.5,
                zorder=5,
                ha=("right", "center", "left")[right + 1],
                va=("top", "center", "bottom")[up + 1],
                color=BLACK,
            )
            box = label.get_window_extent(renderer)
            inside = axes.bbox.contains(box.x0, box.y0) and axes.bbox.contains(box.x1, box.y1)
            cost = sum(box.overlaps(other) for other in taken) + (not inside)
            if best is None or cost < best[0]:
                if best is not None:
                    best[1].remove()
                best = (cost, label, box)
            else:
                label.remove()
            if best[0] == 0:
                break
        taken.append(best[2])


def _box(centre, half):
    from matplotlib.transforms import Bbox

    return Bbox([[centre[0] - half, centre[1] - half], [centre[0] + half, centre[1] + half]])


def _title(stations, events):
    many = f"{len(stations)} station{'s' * (len(stations) != 1)}"
    if not events:
        return many
    if len(events) > 1:
        return f"{many}, {len(events)} events"
    event = events[0][2]
    origin = preferred(event, "origin")
    magnitude = preferred(event, "magnitude")
    words = [many, origin.time.strftime("%Y-%m-%d %H:%M:%S UTC")]
    if magnitude is not None:
        words.append(f"{magnitude.magnitude_type or 'M'} {magnitude.mag:.1f}")
    if origin.depth is not None:
        words.append(f"{origin.depth / 1000.0:.0f} km deep")
    return ", ".join(words)
