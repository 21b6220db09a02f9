"""Inputs and results of each record as a table (`explain`), and onsets as QuakeML (`picks`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from obspy import Stream
from obspy.core.event import Catalog, Event, Magnitude, Origin, ResourceIdentifier

from seissynth.errors import InputError
from seissynth.units import pretty_unit

if TYPE_CHECKING:
    import pandas

#: columns of the table of `explain` that come from the conditions
_CONDITIONS = (
    "source_magnitude",
    "source_magnitude_type",
    "source_depth_km",
    "path_ep_distance_km",
    "path_hyp_distance_km",
    "path_back_azimuth_deg",
    "station_vs_30_mps",
    "station_local_depth_m",
    "station_terms",
    "path_onset_origin",
)
#: columns that are printed; the first two only where they distinguish records
_PRINTED = (
    "event_id",
    "realization",
    "sensor",
    "source_magnitude",
    "path_hyp_distance_km",
    "p_s",
    "s_s",
    "peak",
    "unit",
)
_MOST_ROWS = 60
#: characters of a line, as long as codes are not too long for it
_WIDTH = 80
#: names that are broken elsewhere than at their last underscore
_HEADS = {"path_hyp_distance_km": ("path_hyp_", "distance_km"), "realization": ("reali-", "zation")}


def explain(stream: Stream | Sequence[Any], full: bool = False) -> pandas.DataFrame:
    """Tabulate the inputs and results of each record.

    Parameters
    ----------
    stream : obspy Stream or sequence of Streams
        Made by `generate`.
    full : bool
        Print every column of the table. By default only the most asked for are printed, within 80 characters.

    Returns
    -------
    pandas.DataFrame
        One row per sensor, event and realisation: ids, distances (km), site, onsets (s after origin), the
        backend's truth (moment magnitude and the conversion used, corner frequencies in Hz, durations in s,
        stress drop in bar, ...), the largest absolute value of its traces in `unit`. It always has every column,
        printed or not.

    Raises
    ------
    InputError
        No trace was made by seissynth, or the records are continuous, with several earthquakes in a trace.

    Examples
    --------
    >>> import seissynth
    >>> table = seissynth.explain(seissynth.generate(*seissynth.read_example()))
    >>> table.loc[0, ["sensor", "magnitude_conversion"]].tolist()
    ['XX.AMAT.00.HH', 'Mw as given']
    """
    import pandas

    rows = {}
    for one in _streams(stream):
        for trace in one:
            info = trace.stats.seissynth
            if "events" in info:
                raise InputError(
                    f"{trace.id} is a continuous record; its earthquakes and their onsets are listed in "
                    "trace.stats.seissynth.events."
                )
            key = (info.event_key, info.realization, trace.id[:-1])
            if key not in rows:
                rows[key] = _row(trace, info)
            rows[key]["peak"] = max(rows[key]["peak"], float(abs(trace.data).max()))
    return (pandas.DataFrame if full else _table_class())(list(rows.values()))


@cache
def _table_class():
    # made here, since pandas takes a third of a second to import
    import pandas

    class Explanation(pandas.DataFrame):
        """A DataFrame that prints some of its columns; selections from it are ordinary DataFrames."""

        @property
        def _constructor(self):
            return pandas.DataFrame

        def __reduce__(self):
            return pandas.DataFrame, (pandas.DataFrame(self),)

        def __repr__(self):
            return _as_text(self)

        def _repr_html_(self):
            return self[_printed(self)]._repr_html_()

    return Explanation


def _printed(table):
    several = {name for name in ("event_id", "realization") if table[name].nunique() > 1}
    return [name for name in _PRINTED if name in table and (name not in ("event_id", "realization") or name in several)]


def _as_text(table):
    """The printed columns as text, their names broken at underscores to keep lines within 80 characters."""
    names = _printed(table)
    rows = range(len(table))
    if len(table) > _MOST_ROWS:
        rows = [*rows[: _MOST_ROWS // 2], None, *rows[-_MOST_ROWS // 2 :]]
    columns = []
    for name in names:
        values = table[name].tolist()
        cells = ["..." if row is None else _cell(name, values[row]) for row in rows]
        head, _, tail = name.rpartition("_")
        head, tail = (head + "_", tail) if len(name) > 12 else ("", name)
        head, tail = _HEADS.get(name, (head, tail))
        width = max(map(len, (head, tail, *cells)))
        columns.append([cell.rjust(width) for cell in (head, tail, *cells)])
    gap = "  " if sum(len(column[0]) + 2 for column in columns) <= _WIDTH + 2 else " "
    lines = [gap.join(line).rstrip() for line in zip(*columns, strict=True)]
    more = f"[{len(table)} records; {len(table.columns)} columns, explain(..., full=True) prints them all]"
    return "\n".join([*lines, more])


def _cell(name, value):
    if name == "event_id":
        return str(value) if len(str(value)) <= 9 else "..." + str(value)[-6:]
    if name == "unit":
        return pretty_unit(str(value))
    digits = {"source_magnitude": ".2f", "path_hyp_distance_km": ".1f", "p_s": ".2f", "s_s": ".2f", "peak": ".3g"}
    return format(value, digits[name]) if name in digits and value is not None else str(value)


def _row(trace, info):
    return {
        "event_id": info.event_id,
        "realization": info.realization,
        "sensor": trace.id[:-1],
        "backend": info.backend,
        **{name: info.conditions.get(name) for name in _CONDITIONS},
        "p_s": info.p_s,
        "s_s": info.s_s,
        **info.get("truth", {}),  # which sets of make_dataset do not keep
        "low_cut_hz": info.get("low_cut_hz"),
        "quantity": info.quantity,
        "unit": info.unit,
        "peak": 0.0,
    }


def picks(stream: Stream | Sequence[Any], event: Event | Catalog | None = None) -> Catalog:
    """Return the onsets of synthetic records as QuakeML picks.

    Parameters
    ----------
    stream : obspy Stream or sequence of Streams
        Made by `generate` or `continuous`.
    event : obspy Event, Catalog or list of Event, optional
        Copied, with the picks added. Default: events made from the provenance of the traces; continuous records need
        it, since their traces do not hold where and how large their earthquakes were.

    Returns
    -------
    obspy Catalog
        One P and one S pick per sensor; an onset outside its record gives none.

    Examples
    --------
    >>> import seissynth
    >>> inventory, event = seissynth.read_example()
    >>> catalog = seissynth.picks(seissynth.generate(inventory, event), event)
    >>> len(catalog[0].picks)
    14
    """
    from seissynth.io.onset_picks import with_onset_picks

    streams = _streams(stream)
    if event is None:
        event = _events(streams)
    return with_onset_picks(event, streams)


def _streams(stream):
    streams = [stream] if isinstance(stream, Stream) else list(stream)
    ours = [Stream([trace for trace in one if "seissynth" in trace.stats]) for one in streams]
    if not any(len(one) for one in ours):
        raise InputError("no trace was made by seissynth (stats.seissynth is missing); MiniSEED does not keep it.")
    return ours


def _events(streams):
    events = {}
    for trace in (trace for one in streams for trace in one):
        info = trace.stats.seissynth
        if "events" in info:
            raise InputError("continuous records do not hold their earthquakes; pass event= with the same catalogue.")
        if info.event_id in events:
            continue
        table = info.conditions
        if "source_latitude_deg" not in table:  # a set's row of noise is of no event
            continue
        origin = Origin(
            time=info.origin_time,
            latitude=table.source_latitude_deg,
            longitude=table.source_longitude_deg,
            depth=table.source_depth_km * 1000,
        )
        magnitude = Magnitude(mag=table.source_magnitude, magnitude_type=table.source_magnitude_type or None)
        event = Event(resource_id=ResourceIdentifier(info.event_id), origins=[origin], magnitudes=[magnitude])
        event.preferred_origin_id = origin.resource_id
        event.preferred_magnitude_id = magnitude.resource_id
        events[info.event_id] = event
    return Catalog(list(events.values()))
