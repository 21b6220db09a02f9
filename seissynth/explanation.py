"""What went into each record and what came out: `explain`, and onsets as QuakeML: `picks`."""

from obspy import Stream
from obspy.core.event import Catalog, Event, Magnitude, Origin, ResourceIdentifier

from seissynth.errors import InputError

#: columns of the table of `explain` that come from the conditions
_CONDITIONS = (
    "source_magnitude",
    "source_magnitude_type",
    "source_depth_km",
    "path_ep_distance_km",
    "path_hyp_distance_km",
    "path_back_azimuth_deg",
    "station_vs_30_mps",
    "path_onset_origin",
)


def explain(stream):
    """Tabulate what went in and out of each record.

    Parameters
    ----------
    stream : obspy Stream or sequence of Streams
        Made by `generate`.

    Returns
    -------
    pandas.DataFrame
        One row per sensor, event and realisation: ids, distances (km), site, onsets (s after origin), the
        backend's truth (moment magnitude and the conversion used, corner frequencies in Hz, durations in s,
        stress drop in bar, ...), the largest absolute value of its traces in `unit`.

    Raises
    ------
    InputError
        No trace was made by seissynth.

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
            key = (info.event_key, info.realization, trace.id[:-1])
            if key not in rows:
                rows[key] = _row(trace, info)
            rows[key]["peak"] = max(rows[key]["peak"], float(abs(trace.data).max()))
    return pandas.DataFrame(list(rows.values()))


def _row(trace, info):
    return {
        "event_id": info.event_id,
        "realization": info.realization,
        "sensor": trace.id[:-1],
        "backend": info.backend,
        **{name: info.conditions.get(name) for name in _CONDITIONS},
        "p_s": info.p_s,
        "s_s": info.s_s,
        **info.truth,
        "low_cut_hz": info.low_cut_hz,
        "quantity": info.quantity,
        "unit": info.unit,
        "peak": 0.0,
    }


def picks(stream, event=None):
    """Return the onsets of synthetic records as QuakeML picks.

    Parameters
    ----------
    stream : obspy Stream or sequence of Streams
        Made by `generate`.
    event : obspy Event or Catalog, optional
        Copied, with the picks added. Default: events made from what the traces say.

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
    from seissynth.data._onset_picks import with_onset_picks

    streams = _streams(stream)
    if event is None:
        event = _events(streams)
    return with_onset_picks(event, streams)


def _streams(stream):
    streams = [stream] if isinstance(stream, Stream) else list(stream)
    made = [Stream([trace for trace in one if "seissynth" in trace.stats]) for one in streams]
    if not any(len(one) for one in made):
        raise InputError("no trace was made by seissynth (stats.seissynth is missing); MiniSEED does not keep it.")
    return made


def _events(streams):
    events = {}
    for trace in (trace for one in streams for trace in one):
        info = trace.stats.seissynth
        if info.event_id in events:
            continue
        table = info.conditions
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
