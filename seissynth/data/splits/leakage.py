"""Leakage between the parts of a split: purging, and a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from seissynth.data.splits.intervals import read_intervals, shares_samples, unit_vectors
from seissynth.data.splits.parts import PARTS, PURGED, group_codes, series
from seissynth.errors import InputError
from seissynth.units import EARTH_RADIUS_KM

if TYPE_CHECKING:
    import pandas

#: sensors are distinguished by those of these columns that a table has; "station" takes the first two
SENSOR_COLUMNS = ("station_network_code", "station_code", "station_location_code", "trace_channel")


def purge(
    metadata: pandas.DataFrame, split: pandas.Series | Sequence[str], per: str = "sensor", guard_s: float = 0.0
) -> pandas.Series:
    """Drop training rows that share samples with dev or test rows, and dev rows that share samples with test rows.

    Parameters
    ----------
    metadata : pandas.DataFrame
        With trace_start_time, trace_npts, trace_sampling_rate_hz and the station's codes.
    split : pandas.Series or sequence of str
    per : {"sensor", "station"}
        Compare samples of the sensor (network, station, location, channel), or of any sensor of the station.
    guard_s : float
        Windows closer than this count as overlapping.

    Returns
    -------
    pandas.Series of str
        The split with those rows "purged".
    """
    words, keys, start, end = _with_intervals(metadata, split, per)
    # the order matters: a validation row that falls itself need not drop training rows
    for part, others in (("dev", ("test",)), ("train", ("dev", "test"))):
        rows, against = np.flatnonzero(words == part), np.flatnonzero(np.isin(words, others))
        bad = shares_samples(keys, start, end, rows, against, guard_s)
        words[rows[bad]] = PURGED
    return series(metadata, words)


@dataclass(frozen=True)
class Leakage:
    """Overlap between parts of a split.

    Parameters
    ----------
    rows : dict
        Part -> number of rows.
    shared_samples : dict
        (part, other) -> rows of `part` that share a sample with a row of `other`; pairs without are left out.
    shared_share : dict
        The same as a share of the rows of *other* that share a sample with a row of `part`.
    shared_events, shared_stations, shared_places : dict
        (part, other) -> number of events, stations, or events of `other` closer than `distance_km` to one of `part`.
    checked : tuple of str
        Checks made by `raise_if_any`.
    """

    rows: dict
    shared_samples: dict
    shared_share: dict
    shared_events: dict = field(default_factory=dict)
    shared_stations: dict = field(default_factory=dict)
    shared_places: dict = field(default_factory=dict)
    checked: tuple = ("samples", "events")

    def __bool__(self):
        """Whether any check finds leakage."""
        return any(getattr(self, f"shared_{what}") for what in self.checked)

    def raise_if_any(self) -> None:
        """Raise InputError that names the leakage, if any."""
        for what in self.checked:
            for (part, other), count in getattr(self, f"shared_{what}").items():
                raise InputError(
                    f"{part} and {other} share {what} ({count} of {self.rows[part]} rows of {part}); use purge(), "
                    "split_by_time() or another split."
                )


def check_leakage(
    metadata: pandas.DataFrame,
    split: pandas.Series | Sequence[str],
    *,
    per: str = "sensor",
    stations: bool = False,
    distance_km: float | None = None,
) -> Leakage:
    """Check parts of a split for overlap, by time intervals per sensor and by ids.

    Parameters
    ----------
    metadata : pandas.DataFrame
    split : pandas.Series or sequence of str
    per : {"sensor", "station"}
        See `purge`.
    stations : bool
        Whether a station in two parts counts as leakage (it is counted anyway).
    distance_km : float, optional
        Events of two parts closer than this count as leakage.

    Returns
    -------
    Leakage
        True if there is leakage.
    """
    words, keys, start, end = _with_intervals(metadata, split, per)
    rows = {part: int((words == part).sum()) for part in PARTS}
    shared: dict[str, dict] = {"samples": {}, "share": {}, "events": {}, "stations": {}, "places": {}}
    ids = {"events": ["source_id"], "stations": ["station_network_code", "station_code"]}
    codes = {what: group_codes(metadata, columns, noise=-1) for what, columns in ids.items()}
    for part, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        mine, theirs = np.flatnonzero(words == part), np.flatnonzero(words == other)
        if not (len(mine) and len(theirs)):
            continue
        pair = {}
        pair["samples"] = shares_samples(keys, start, end, mine, theirs).sum()
        pair["share"] = shares_samples(keys, start, end, theirs, mine).mean()
        for what, code in codes.items():
            pair[what] = len(set(code[mine][code[mine] >= 0]) & set(code[theirs]))
        if distance_km is not None:
            pair["places"] = _near_events(metadata, mine, theirs, distance_km)
        for what, count in pair.items():
            if count:
                shared[what][part, other] = float(count) if what == "share" else int(count)
    checked = ("samples", "events", *["stations"] * stations, *["places"] * (distance_km is not None))
    return Leakage(
        rows, shared["samples"], shared["share"], shared["events"], shared["stations"], shared["places"], checked
    )  # fmt: skip


def _with_intervals(metadata, split, per):
    words = np.array(split, dtype=object)
    if len(words) != len(metadata):
        raise InputError(f"the split has {len(words)} words, but the table {len(metadata)} rows.")
    unknown = set(words) - {*PARTS, PURGED}
    if unknown:
        raise InputError(f"split holds {sorted(map(str, unknown))[0]!r}; known are {', '.join((*PARTS, PURGED))}.")
    if per not in ("sensor", "station"):
        raise InputError(f"{per=} must be 'sensor' or 'station'.")
    columns = [name for name in SENSOR_COLUMNS[: 2 if per == "station" else 4] if name in metadata.columns]
    keys = group_codes(metadata, columns)
    return words, keys, *read_intervals(metadata)


def epicentres(metadata):
    """Latitude and longitude of the epicentres, degrees."""
    try:
        return tuple(metadata[name].to_numpy(dtype=float) for name in ("source_latitude_deg", "source_longitude_deg"))
    except KeyError as error:
        raise InputError(f"the table lacks the column {error}; it is needed for a split by place.") from None


def _near_events(metadata, mine, theirs, distance_km):
    from scipy.spatial import cKDTree

    latitude, longitude = epicentres(metadata)
    points = unit_vectors(latitude, longitude)
    mine, theirs = (rows[np.isfinite(points[rows]).all(axis=1)] for rows in (mine, theirs))
    if not (len(mine) and len(theirs)):
        return 0
    spots = np.unique(points[theirs], axis=0)
    chord = 2 * np.sin(min(distance_km / EARTH_RADIUS_KM, np.pi) / 2)
    near, _ = cKDTree(points[mine]).query(spots, distance_upper_bound=chord)
    return int(np.isfinite(near).sum())
