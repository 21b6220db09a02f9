"""Add P and S onsets of synthetic records as QuakeML picks, and remove them again."""

import copy
import math

from obspy import UTCDateTime
from obspy.core import AttribDict
from obspy.core.event import Arrival, Catalog, Comment, Event, Pick, ResourceIdentifier, WaveformStreamID
from obspy.geodetics import kilometers2degrees

from seissynth.errors import InputError
from seissynth.events.earthquakes import preferred
from seissynth.seeding import hash_words
from seissynth.shared.wording import a_kind

#: every pick made here has an id below this, by which `without_onset_picks` knows it, and so has its arrival
_PREFIX = "smi:local/seissynth/pick"
_ARRIVAL_PREFIX = "smi:local/seissynth/arrival"


def as_catalog(event):
    """Return `event` (Event, Catalog, list of Event, or None) as a new Catalog that shares the events."""
    if event is None:
        return Catalog()
    if isinstance(event, Event):
        return Catalog([event])
    if isinstance(event, Catalog) or (isinstance(event, list | tuple) and all(isinstance(one, Event) for one in event)):
        return Catalog(list(event))
    raise InputError(f"event is {a_kind(event)}; give an obspy Event, a Catalog, or a list of Events.")


def with_onset_picks(event, streams):
    """Copy a catalogue and add the P and S onsets of synthetic records to its events, as picks and arrivals.

    The arrivals belong to the origin that the records were made from, and have phase, distance and azimuth: formats
    such as those of SeisComP and Nordic keep only picks that an origin refers to.

    Parameters
    ----------
    event : obspy Event, Catalog or list of Event
        Not modified.
    streams : sequence of obspy Stream
        Traces whose ``stats.seissynth`` names the event, or several of them; an onset that is NaN gives no pick. The
        components of one sensor share their picks, and so do realisations with equal onsets.

    Returns
    -------
    obspy Catalog
    """
    catalog = without_onset_picks(event)
    by_id = {item.resource_id.id: item for item in catalog}
    seen = set()
    for trace in sorted((trace for stream in streams for trace in stream), key=_vertical_first):
        for info in _events_of(trace):
            if info.event_id not in by_id:
                continue
            sensor = trace.id[:-1]
            for phase, after_origin in (("P", info.p_s), ("S", info.s_s)):
                if after_origin is None or not math.isfinite(after_origin):
                    continue
                key = (info.event_id, sensor, phase, after_origin)
                if key not in seen:
                    seen.add(key)
                    _add(by_id[info.event_id], _pick(trace, info, phase, after_origin), info)
    return catalog


def _events_of(trace):
    """What a trace says of each of its events; continuous records hold any number."""
    info = trace.stats.get("seissynth")
    if not info:
        return []
    if "events" not in info:
        return [info]
    shared = {name: value for name, value in info.items() if name != "events"}
    return [AttribDict({**shared, **one, "origin_time": UTCDateTime(one["origin_time"])}) for one in info.events]


def without_onset_picks(event):
    """Copy a catalogue without the picks and arrivals that `with_onset_picks` made; others stay."""
    catalog = Catalog([copy.deepcopy(item) for item in as_catalog(event)])
    for item in catalog:
        item.picks = [pick for pick in item.picks if not pick.resource_id.id.startswith(_PREFIX)]
        for origin in item.origins:
            arrivals = origin.arrivals
            origin.arrivals = [one for one in arrivals if not (one.pick_id and one.pick_id.id.startswith(_PREFIX))]
        item.scope_resource_ids()  # ids of the copy then refer to objects of the copy
    return catalog


def _add(event, pick, info):
    event.picks.append(pick)
    origin = preferred(event, "origin")
    if origin is None:
        return
    conditions = info.get("conditions", {})
    distance_km, azimuth = (_known(conditions.get(name)) for name in ("path_ep_distance_km", "path_azimuth_deg"))
    origin.arrivals.append(
        Arrival(
            resource_id=ResourceIdentifier(pick.resource_id.id.replace(_PREFIX, _ARRIVAL_PREFIX)),
            pick_id=pick.resource_id,
            phase=pick.phase_hint,
            distance=None if distance_km is None else kilometers2degrees(distance_km),
            azimuth=azimuth,
        )
    )


def _known(value):
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _vertical_first(trace):
    # the pick of a sensor is written on its vertical, as analysts do for P
    return (trace.id[:-1], trace.stats.channel[-1:] != "Z", trace.id)


def _pick(trace, info, phase, after_origin):
    name = hash_words(info.event_id, info.backend, info.seed, info.realization, trace.id, phase, after_origin)
    return Pick(
        resource_id=ResourceIdentifier(f"{_PREFIX}/{name:016x}"),
        time=info.origin_time + after_origin,
        waveform_id=WaveformStreamID(seed_string=trace.id),
        phase_hint=phase,
        evaluation_mode="automatic",
        method_id=ResourceIdentifier(f"smi:local/seissynth/{info.backend}"),
        comments=[Comment(text=f"onset of a synthetic record, seissynth, backend {info.backend}")],
    )
