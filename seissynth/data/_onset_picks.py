"""P and S onsets of synthetic records as QuakeML picks, and how to take them out again."""

import copy
import math

from obspy.core.event import Catalog, Comment, Event, Pick, QuantityError, ResourceIdentifier, WaveformStreamID

from seissynth.errors import InputError
from seissynth.seeding import hash_words

#: every pick made here has an id below this, by which `without_onset_picks` knows it
_PREFIX = "smi:local/seissynth/pick"


def as_catalog(event):
    """Return `event` (Event, Catalog or None) as a new Catalog that shares the events."""
    if event is None:
        return Catalog()
    if isinstance(event, Event):
        return Catalog([event])
    if isinstance(event, Catalog):
        return Catalog(list(event))
    raise InputError(f"event is a {type(event).__name__}; give an obspy Event or Catalog.")


def with_onset_picks(event, streams):
    """Copy a catalogue and add the P and S onsets of synthetic records to its events.

    Parameters
    ----------
    event : obspy Event or Catalog
        Left as it is.
    streams : sequence of obspy Stream
        Traces whose ``stats.seissynth`` names the event; an onset that is NaN gives no pick. The
        components of one sensor share their picks, and so do realisations with equal onsets.

    Returns
    -------
    obspy Catalog
    """
    catalog = copy.deepcopy(without_onset_picks(event))
    by_id = {item.resource_id.id: item for item in catalog}
    seen = set()
    for trace in sorted((trace for stream in streams for trace in stream), key=_vertical_first):
        info = trace.stats.get("seissynth")
        if not info or info.event_id not in by_id:
            continue
        sensor = trace.id[:-1]
        for phase, after_origin in (("P", info.p_s), ("S", info.s_s)):
            if after_origin is None or not math.isfinite(after_origin):
                continue
            key = (info.event_id, sensor, phase, after_origin)
            if key not in seen:
                seen.add(key)
                by_id[info.event_id].picks.append(_pick(trace, info, phase, after_origin))
    return catalog


def without_onset_picks(event):
    """Copy a catalogue without the picks that `with_onset_picks` made; other picks stay."""
    catalog = Catalog()
    for item in as_catalog(event):
        kept = copy.copy(item)
        kept.picks = [pick for pick in item.picks if not pick.resource_id.id.startswith(_PREFIX)]
        catalog.append(kept)
    return catalog


def _vertical_first(trace):
    # the pick of a sensor is written on its vertical, as analysts do for P
    return (trace.id[:-1], trace.stats.channel[-1:] != "Z", trace.id)


def _pick(trace, info, phase, after_origin):
    name = hash_words(info.event_id, info.backend, info.seed, info.realization, trace.id, phase, after_origin)
    return Pick(
        resource_id=ResourceIdentifier(f"{_PREFIX}/{name:016x}"),
        time=info.origin_time + after_origin,
        time_errors=QuantityError(uncertainty=0.0),
        waveform_id=WaveformStreamID(seed_string=trace.id),
        phase_hint=phase,
        evaluation_mode="automatic",
        method_id=ResourceIdentifier(f"smi:local/seissynth/{info.backend}"),
        comments=[Comment(text=f"onset of a synthetic record, seissynth, backend {info.backend}")],
    )
