"""Record sections: virtual stations on one azimuth, and moveout of the shaking with distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.similarity import smoothed_envelope
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, SummaryInProgress
from seissynth.evaluation.statistics.blocks import blockwise, quiet_divide
from seissynth.shared.real_numbers import require_real
from seissynth.units import EARTH_RADIUS_KM

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from obspy import Inventory, Stream
    from obspy.core.event import Event

    from seissynth.evaluation.record_sets import Pairs

#: records that a section needs
LEAST_RECORDS = 5
#: sections that are drawn
MOST_SECTIONS = 3
_NETWORK = "XV"


def virtual_inventory(event: Event, distances_km: Sequence[float], azimuth_deg: float = 0.0) -> Inventory:
    """Stations at given distances from an epicentre, all on one azimuth.

    Parameters
    ----------
    event : obspy Event
        With an origin.
    distances_km : sequence of float
        Epicentral, above 0, in rising order.
    azimuth_deg : float
        At the epicentre, clockwise from north.

    Returns
    -------
    obspy Inventory
        Stations XV.V001, XV.V002, ... at sea level, without channels; along the WGS84 geodesic to 10 m.

    Raises
    ------
    InputError
        No origin, no distance, or distances out of order.

    Examples
    --------
    >>> import seissynth
    >>> from seissynth.evaluation import virtual_inventory
    >>> _, event = seissynth.read_example()
    >>> [station.code for station in virtual_inventory(event, [10.0, 20.0, 30.0])[0]]
    ['V001', 'V002', 'V003']
    """
    from obspy.core.inventory import Inventory, Network, Station
    from obspy.geodetics import gps2dist_azimuth

    from seissynth.events.earthquakes import preferred

    distances = np.asarray(distances_km, dtype=float)
    if distances.ndim != 1 or not distances.size or not (distances > 0).all() or (np.diff(distances) <= 0).any():
        raise InputError(f"distances_km={distances_km!r} must be above 0 and in rising order.")
    origin = preferred(event, "origin")
    if origin is None:
        raise InputError("the event has no origin: virtual stations need an epicentre.")
    stations = []
    for number, wanted in enumerate(distances, start=1):
        length, bearing = wanted, float(azimuth_deg)
        for _ in range(5):  # from the sphere to the ellipsoid
            latitude, longitude = _destination(origin.latitude, origin.longitude, length, bearing)
            distance_m, azimuth, _ = gps2dist_azimuth(origin.latitude, origin.longitude, latitude, longitude)
            length *= wanted / (distance_m / 1000.0)
            bearing += (azimuth_deg - azimuth + 180.0) % 360.0 - 180.0
        stations.append(Station(f"V{number:03d}", latitude=latitude, longitude=longitude, elevation=0.0))
    return Inventory([Network(_NETWORK, stations=stations)], source="virtual stations of seissynth")


def virtual_section(event: Event, distances_km: Sequence[float], azimuth_deg: float = 0.0, **options: Any) -> Stream:
    """Records of an earthquake at virtual stations on one azimuth.

    Parameters
    ----------
    event : obspy Event
    distances_km, azimuth_deg
        As in `virtual_inventory`.
    **options
        For `seissynth.generate`: ``backend``, ``seed``, ``duration``, ``source`` (a real record of the earthquake for
        backends that take one), ...

    Returns
    -------
    obspy Stream

    See Also
    --------
    seissynth.plotting.plot_virtual_section : Draws it over real records (HEGGS, figures 7 and 13 to 18).
    """
    import seissynth

    return seissynth.generate(virtual_inventory(event, distances_km, azimuth_deg), event, **options)


def largest_shaking_s(data, sampling_rate_hz, mask=None):
    """Time at which the envelope of all components is largest, s after sample 0.

    Parameters
    ----------
    data : array_like, shape (n, 3, npts)
    sampling_rate_hz : float
    mask : ndarray of bool, shape (n, npts), optional

    Returns
    -------
    ndarray, shape (n,)
        NaN for records of zeros.
    """
    data = np.asarray(require_real(data, "data"))

    def of_block(rows):
        total = np.sqrt((smoothed_envelope(data[rows], sampling_rate_hz).astype(float) ** 2).sum(axis=1))
        if mask is not None:
            total = total * mask[rows]
        return np.where(total.max(axis=1) > 0, total.argmax(axis=1) / sampling_rate_hz, np.nan)

    return blockwise(of_block, len(data))


def moveout(distance_km: ArrayLike, time_s: ArrayLike) -> float:
    r"""Slowness of something that arrives later at larger distances (Theil-Sen).

    Parameters
    ----------
    distance_km, time_s : array_like, shape (n,)
        NaN is left out.

    Returns
    -------
    float
        Median of the slopes between all pairs of points, s/km; NaN with fewer than `LEAST_RECORDS` points.

    Notes
    -----
    Sen (1968): up to 29 % of the points may be anywhere.

    Examples
    --------
    >>> from seissynth.evaluation import moveout
    >>> moveout([10.0, 20.0, 30.0, 40.0, 50.0], [3.0, 6.0, 9.0, 12.0, 50.0])
    0.3
    """
    distance, time = np.asarray(distance_km, dtype=float), np.asarray(time_s, dtype=float)
    known = np.isfinite(distance) & np.isfinite(time)
    distance, time = distance[known], time[known]
    if len(time) < LEAST_RECORDS:
        return float("nan")
    i, j = np.triu_indices(len(time), 1)
    slopes = quiet_divide(np.sign(distance[j] - distance[i]) * (time[j] - time[i]), np.abs(distance[j] - distance[i]))
    slopes = slopes[np.isfinite(slopes)]
    return float(np.median(slopes)) if slopes.size else float("nan")


def sections_group(pairs: Pairs, settings: EvaluationSettings | None = None) -> MetricGroup:
    """Moveout of the strongest shaking with distance, for each earthquake.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional

    Returns
    -------
    MetricGroup
        ``per_record`` holds the time of the largest envelope of both, after origin; the table "moveout" the slowness of
        each earthquake with `LEAST_RECORDS` records or more; `seissynth.plotting` draws the sections with most records.
    """
    import pandas as pd

    summary = SummaryInProgress(pairs.events, settings)
    real, mask = pairs.real, pairs.mask()
    distance = real.column("path_hyp_distance_km")
    times = {
        name: part.start_s + largest_shaking_s(part.data, part.sampling_rate_hz, mask)
        for name, part in (("real", real), ("generated", pairs.generated))
    }
    rows = []
    for event in sorted(set(pairs.events.tolist())):
        chosen = pairs.events == event
        slowness = {name: moveout(distance[chosen], values[chosen]) for name, values in times.items()}
        if np.isfinite(slowness["real"]):
            size = real.column("source_magnitude")[chosen][0]
            rows.append({"event": event, "magnitude": size, "records": int(chosen.sum())} | {
                f"slowness_{name}_s_km": value for name, value in slowness.items()
            })  # fmt: skip
    table = pd.DataFrame(
        rows, columns=["event", "magnitude", "records", "slowness_real_s_km", "slowness_generated_s_km"]
    )
    difference = (table["slowness_generated_s_km"] - table["slowness_real_s_km"]).to_numpy(float)
    late = times["generated"] - times["real"]
    note = "slowness of the largest envelope, generated less real; median over earthquakes"
    events = table["event"].to_numpy(object)
    summary.add("moveout_difference", "s/km", difference, 0.0, events=events, statistic="median", note=note)
    note = "time of the largest envelope, generated less real; median"
    summary.add("largest_shaking_late_s", "s", late, 0.0, statistic="median", note=note)
    summary.add("largest_shaking_error_s", "s", np.abs(late), 0.0, statistic="median", note="absolute; median")
    columns = {f"largest_shaking_{name}_s": values for name, values in times.items()}
    per_record = pd.DataFrame({"event": pairs.events, "station": pairs.stations, "distance_km": distance, **columns})
    notes = [f"{len(table)} earthquakes have {LEAST_RECORDS} records or more."]
    tables = {"moveout": table}
    return MetricGroup("sections", "Record sections", summary.table(), tables, per_record, notes)


def section_events(pairs, count=MOST_SECTIONS):
    """Earthquakes with the most informative sections: those with most sites, larger ones first; list of labels."""
    sizes = pairs.real.column("source_magnitude")
    ranked = []
    for event in set(pairs.events.tolist()):
        chosen = pairs.events == event
        sites = len(set(pairs.real.sites[chosen].tolist()))
        if sites >= LEAST_RECORDS and np.isfinite(pairs.real.column("path_ep_distance_km")[chosen]).any():
            ranked.append((-sites, -np.nan_to_num(sizes[chosen][0]), event))
    return [event for *_, event in sorted(ranked)[:count]]


# --- below the road


def _destination(latitude, longitude, distance_km, azimuth_deg):
    """Point at a distance and azimuth on a sphere, degrees."""
    phi, angle, azimuth = np.radians(latitude), distance_km / EARTH_RADIUS_KM, np.radians(azimuth_deg)
    sine = np.sin(phi) * np.cos(angle) + np.cos(phi) * np.sin(angle) * np.cos(azimuth)
    turn = np.arctan2(np.sin(azimuth) * np.sin(angle) * np.cos(phi), np.cos(angle) - np.sin(phi) * sine)
    east = (longitude + np.degrees(turn) + 180.0) % 360.0 - 180.0
    return float(np.degrees(np.arcsin(sine))), float(east)
