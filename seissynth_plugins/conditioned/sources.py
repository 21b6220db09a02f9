"""Source records as observations: their residuals from what the default backend expects at their own stations."""

import hashlib

import numpy as np

from seissynth.conditions import texts_of
from seissynth.errors import InputError
from seissynth.schema import PLACE_COLUMNS
from seissynth.shared.warning import warn_user
from seissynth_plugins.residuals.cells import cells_of
from seissynth_plugins.residuals.kernel import make_places
from seissynth_plugins.residuals.observations import Observations
from seissynth_plugins.residuals.observed import residuals_of

#: a record that shows its earthquake in fewer cells does not show it
_LEAST_SEEN = 0.02
#: site terms of a flat file leave this share of the variance of stations, in the mean over the bands of the cells:
#: `tools.residuals.station_terms_at_waveforms` measures it
STATION_LEFT = 0.5
#: columns of a source's conditions that its truth may state
_RAY_COLUMNS = (
    "path_p_direct_travel_s", "path_s_direct_travel_s", "path_p_takeoff_deg", "path_p_direct_takeoff_deg",
    "path_s_direct_takeoff_deg", "path_p_ray_parameter_s_km", "path_s_ray_parameter_s_km", "path_azimuth_deg",
    "station_vs_30_mps", "station_local_depth_m",
)  # fmt: skip


def places_of(conditions, stations):
    """Return `Places` of the rows of a table of conditions.

    Parameters
    ----------
    conditions : pandas.DataFrame, n rows
    stations : sequence of str, length n
    """
    number = {
        name: conditions[name].to_numpy(float)
        for name in (
            "source_latitude_deg", "source_longitude_deg", "source_depth_km", "station_latitude_deg",
            "station_longitude_deg", "source_magnitude",
        )
    }  # fmt: skip
    return make_places(
        event=event_names(conditions), station=stations, time_h=_hours(conditions),
        depth_km=number.pop("source_depth_km"), magnitude=number.pop("source_magnitude"), **number,
    )  # fmt: skip


def event_names(conditions):
    """Names of the earthquakes of the rows: their time and place."""
    numbers = conditions[["source_latitude_deg", "source_longitude_deg", "source_depth_km"]].to_numpy(float)
    times = conditions["source_origin_time"] if "source_origin_time" in conditions else [""] * len(conditions)
    return [f"{time} {a:.5f} {b:.5f} {c:.3f}" for time, (a, b, c) in zip(times, numbers, strict=True)]


def station_names(conditions):
    """Names of the stations of the rows, NET.STA; empty where unknown."""
    n = len(conditions)
    parts = [conditions.get(name, [""] * n) for name in ("station_network_code", "station_code")]
    return [f"{a}.{b}" if a or b else "" for a, b in zip(*parts, strict=True)]


def _hours(conditions):
    """Hours after 1970; 0 where a time is unknown."""
    out = np.zeros(len(conditions))
    for row, time in enumerate(conditions.get("source_origin_time", ())):
        if time:
            out[row] = np.datetime64(str(time).rstrip("Z"), "us").astype(np.int64) / 3.6e9
    return out


def station_left(conditions):
    """Return what is left of the variance of each row's station term: `STATION_LEFT` where it has a site term, else 1.

    Parameters
    ----------
    conditions : pandas.DataFrame, n rows

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> import pandas
    >>> station_left(pandas.DataFrame({"station_terms": ["1 0.3", ""]})).tolist()
    [0.5, 1.0]
    """
    if "station_terms" not in conditions:
        return np.ones(len(conditions))
    known = [bool(text.strip()) for text in texts_of(conditions, "station_terms")]
    return np.where(known, STATION_LEFT, 1.0)


def without_archived_terms(conditions, stations, archived):
    """Return conditions without the site terms of stations that an archive holds.

    The archive knows these sites from its records, whose residuals are relative to a station without a term: with both,
    a site would count twice.

    Parameters
    ----------
    conditions : pandas.DataFrame, n rows
    stations : sequence of str, length n
    archived : sequence of str
    """
    if "station_terms" not in conditions or not len(archived):
        return conditions
    known = np.isin(np.asarray(stations, dtype=str), np.asarray(archived, dtype=str))
    return conditions.assign(station_terms=np.where(known, "", conditions["station_terms"].to_numpy(object)))


class SourceReader:
    """Read the source records of calls, and remember those of the last earthquake.

    Parameters
    ----------
    name : str
        Of the backend, for messages.
    expectations : Expectations
        Of the default backend.
    patterns : Patterns
    band_hz : (float, float)
        Frequencies between which records are used.
    archived : sequence of str
        Stations of the archive, see `without_archived_terms`.
    """

    def __init__(self, name, expectations, patterns, band_hz=(0.0, np.inf), archived=()):
        self.name, self.expectations, self.patterns, self.band_hz = name, expectations, patterns, band_hz
        self.archived = archived
        self._last = None, None

    def observations(self, records, row):
        """Return the observations that source records are.

        Parameters
        ----------
        records : Records
            m/s², components Z, N, E, at 100 Hz, of one earthquake.
        row : pandas.DataFrame, 1 row
            Conditions of any station of that earthquake.

        Returns
        -------
        Observations, or None where no source can be used
        """
        key = self._key(records, row)
        last = self._last  # read and written whole, since calls may come from several threads
        if last[0] != key:
            last = self._last = key, self._read(records, row)
        return last[1]

    def _key(self, records, row):
        key = hashlib.blake2b(np.ascontiguousarray(records.data).tobytes())
        for part in (records.start_s, records.p_s, records.s_s, *(np.asarray(v) for v in records.truth.values())):
            key.update(np.ascontiguousarray(part).tobytes())
        key.update(repr([row[c].iloc[0] for c in sorted(row.columns) if c.startswith("source_")]).encode())
        return key.digest()

    def _read(self, records, row):
        table, usable, names = self._conditions_at(records, row)
        if not len(usable):
            warn_user(
                f"{self.name}: no source record can be used: {len(records)} lack coordinates or onsets. Give the "
                "stations' coordinates in the inventory, or as trace.stats.coordinates."
            )
            return None
        n = len(records)
        ends = np.asarray(records.truth.get("record_end_s", np.full(n, np.inf)), dtype=float)
        highest = np.asarray(records.truth.get("record_highest_hz", np.full(n, np.inf)), dtype=float)
        values, variances, seen = [], [], []
        for number, expected in zip(usable, self.expectations.of(table), strict=True):
            cells = cells_of(
                records.data[number], records.start_s[number], expected.p_s, expected.s_s, end_s=ends[number],
                highest_hz=min(highest[number], self.band_hz[1]),
                lowest_hz=max(records.low_cut_hz or 0.0, self.band_hz[0]),
            )  # fmt: skip
            residuals = residuals_of(cells, expected.power)
            found = self.patterns.coordinates(residuals)
            values.append(found[0])
            variances.append(found[1])
            seen.append(residuals.counts.mean() > _LEAST_SEEN)
        if not any(seen):
            warn_user(
                f"{self.name}: none of the {len(seen)} source records shows the earthquake above its noise between P "
                "and 57 s after S; they do not change the result. Check their times and quantity."
            )
            return None
        # what few cells rise above the noise of the others are its own
        kept = np.flatnonzero(seen)
        return Observations(places_of(table, names), np.stack(values), np.stack(variances)).select(kept)

    def _conditions_at(self, records, row):
        """Conditions at the sources with a known place and onsets, their numbers and names."""
        import pandas

        n = len(records)
        unknown = np.full(n, np.nan)
        stated = {name: np.asarray(records.truth.get(name, unknown), dtype=float) for name in PLACE_COLUMNS}
        known = np.isfinite(np.stack([*stated.values(), records.p_s, records.s_s])).all(axis=0)
        known &= records.s_s > records.p_s
        usable = np.flatnonzero(known)
        columns = {
            name: np.repeat(row[name].to_numpy(), len(usable)) for name in row.columns if name.startswith("source_")
        }
        columns |= {name: values[usable] for name, values in stated.items()}
        columns["path_p_travel_s"], columns["path_s_travel_s"] = records.p_s[usable], records.s_s[usable]
        columns["path_hyp_distance_km"] = np.hypot(columns["path_ep_distance_km"], columns["source_depth_km"])
        for name in _RAY_COLUMNS:
            columns[name] = np.asarray(records.truth.get(name, unknown), dtype=float)[usable]
        names = np.asarray(records.truth.get("sensor", [""] * n), dtype=str)
        names = np.where(names == "", [f"source {number}" for number in range(n)], names)
        texts = np.asarray(records.truth.get("station_terms", [""] * n), dtype=object)
        columns["station_terms"] = texts[usable]
        table = without_archived_terms(pandas.DataFrame(columns), names[usable], self.archived)
        return table, usable, names[usable]


def check_source(name, source, n):
    """Raise InputError unless source records have a shape that can be used for n rows."""
    for records in (source, source.pool):
        if records is None:
            continue
        if records.data.ndim != 3 or records.data.shape[1] != 3:
            raise InputError(f"{name}: the source has shape {records.data.shape}; it must be (n, 3, npts), Z, N, E.")
        if not np.isfinite(records.data).all():
            raise InputError(f"{name}: the source holds samples that are not finite; fill or leave out such records.")
    if len(source) != n:
        raise InputError(f"{name}: the source holds {len(source)} records for {n} rows; give one for each.")
