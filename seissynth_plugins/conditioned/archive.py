"""Learn the stations of a region from records of earlier earthquakes: a file for `ConditionedBackend`'s ``weights``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seissynth.errors import InputError, SeisSynthError
from seissynth.shared.warning import collecting_warnings, warn_user
from seissynth_plugins.conditioned.backend import ConditionedBackend
from seissynth_plugins.residuals.cells import BEHIND_S, LEAD_S
from seissynth_plugins.residuals.observations import Observations
from seissynth_plugins.residuals.weights import ResidualModel, write_model

#: a record is cut where P of the next earthquake may arrive: after its origin, by this share of P's own travel time
_EARLY = 0.8
#: a record must reach so long beyond S, and begin so long before P, s
_LEAST_BEHIND_S, _LEAST_BEFORE_S = 4.0, 0.7
#: traces are read from so long before origin, and for so long after it, s
_BEFORE_S, _AFTER_S = LEAD_S + 20.0, 150.0 + BEHIND_S
#: standard deviation of an error of a coordinate from which a record tells nothing
_LARGEST_ERROR = 3.0
#: records of an archive
MOST_RECORDS = 3000
#: a clipped trace has more than this share of its samples within this share of its range from an end
_CLIPPED_SHARE, _NEAR_END = 0.003, 0.01


@dataclass
class EventRecords:
    """Records of one earthquake.

    Parameters
    ----------
    time : float
        Origin, s after 1970.
    conditions : pandas.DataFrame, n rows
    records : Records, n
        m/s², components Z, N, E, 100 Hz, as a backend gets them as source.
    """

    time: float
    conditions: Any
    records: Any


def read_events(stream, inventory, events, *, velocity_model="iasp91", source_quantity=None):
    """Yield the records of each earthquake in a Stream, cut before the next earthquake.

    Parameters
    ----------
    stream : obspy Stream
        Continuous, or windows of the earthquakes; not changed. Traces with gaps and clipped ones are left out.
    inventory : obspy Inventory
        With the coordinates of the stations; of the stations that are not in the stream nothing is used.
    events : obspy Catalog
        All known earthquakes of the time, also small ones: their waves are not to be taken for those of another.
    velocity_model, source_quantity
        As for `seissynth.generate`.

    Yields
    ------
    EventRecords
        Of earthquakes with at least one usable record, in the order of time.

    Warns
    -----
    SeisSynthWarning
        Earthquakes without any.
    """
    from seissynth.events.earthquakes import read_earthquakes

    earthquakes = sorted(read_earthquakes(events), key=lambda one: one.time)
    skipped = []
    for earthquake in earthquakes:
        following = min((one.time for one in earthquakes if one.time > earthquake.time + 1), default=None)
        try:
            found = _of_event(earthquake, following, stream, inventory, velocity_model, source_quantity)
        except SeisSynthError as error:
            skipped.append(f"{earthquake.time}: {error}")
            continue
        if len(found.records):
            yield found
        else:
            skipped.append(f"{earthquake.time}: no record lasts from before P to {_LEAST_BEHIND_S:g} s after S.")
    if skipped:
        warn_user(f"{len(skipped)} of {len(earthquakes)} earthquakes have no usable record. {skipped[0]}")


def learn_stations(path, stream, inventory, events, *, velocity_model="iasp91", source_quantity=None, **options):
    """Write a model that knows the stations of a region from records of earlier earthquakes.

    Nothing is trained: the records are kept with the model, and later records are conditioned on them as on records of
    their own earthquake.

    Parameters
    ----------
    path : str or path
        The file to write, .npz; pass it as ``weights=`` of the backend "conditioned".
    stream, inventory, events, velocity_model, source_quantity
        As for `read_events`.
    **options
        Of `ConditionedBackend`: use the same for generating.

    Returns
    -------
    int
        Number of records in the file.

    Raises
    ------
    InputError
        No record shows its earthquake, or more than 3,000 records do.

    Examples
    --------
    ::

        learn_stations("network.npz", obspy.read("archive/*.mseed"), inventory, catalog, source_quantity="RAW")
        generate(inventory, event, backend="conditioned", weights="network.npz", source=observed)
    """
    backend = ConditionedBackend(**options)
    backend.load()
    model = backend.model
    parts = [
        observations_of(backend, one)
        for one in read_events(
            stream, inventory, events, velocity_model=velocity_model, source_quantity=source_quantity
        )
    ]
    parts = [part for part in parts if part is not None and len(part)]
    if not parts:
        raise InputError("conditioned: no record shows its earthquake above the noise; check times and quantity.")
    known = parts if model.archive is None else [model.archive, *parts]
    archive = Observations.concatenate(known)
    if len(archive) > MOST_RECORDS:
        raise InputError(
            f"conditioned: {len(archive)} records; an archive holds {MOST_RECORDS} at most, for which 1.4 GB are "
            "needed. Leave out small or old earthquakes."
        )
    stations, earthquakes = (len(set(names.tolist())) for names in (archive.places.station, archive.places.event))
    about = {**model.about, "archive": {"records": len(archive), "stations": stations, "earthquakes": earthquakes}}
    write_model(path, ResidualModel(model.patterns, model.parameters, about, archive))
    return len(archive)


def observations_of(backend, event):
    """Coordinates of the records of one earthquake that show it, as `Observations`; None where no place is known.

    Parameters
    ----------
    backend : ConditionedBackend
    event : EventRecords
    """
    with collecting_warnings():
        found = backend.observations(event.records, event.conditions.iloc[[0]])
    if found is None:
        return None
    return found.select(np.flatnonzero(np.sqrt(found.variances.min(axis=1)) < _LARGEST_ERROR))


def _of_event(earthquake, following, stream, inventory, velocity_model, source_quantity):
    from obspy import Stream
    from obspy.core.inventory import Inventory, Network

    from seissynth.conditions import make_conditions
    from seissynth.paths import find_paths
    from seissynth.source_records import find_source

    time = earthquake.time
    near = Stream()
    for trace in stream:
        piece = trace.slice(time - _BEFORE_S, time + _AFTER_S)
        if piece.stats.npts > 1 and not np.ma.is_masked(piece.data) and not _clipped(piece.data):
            near.append(piece)
    names = {f"{trace.stats.network}.{trace.stats.station}" for trace in near}
    networks = [
        Network(network.code, [one for one in network if f"{network.code}.{one.code}" in names])
        for network in inventory
    ]
    part = Inventory([network for network in networks if len(network)])
    if not len(part):
        raise InputError("no station of the inventory has a record of it.")
    with collecting_warnings():
        paths = find_paths(part, earthquake, velocity_model=velocity_model)
        pool = find_source(near, paths, ConditionedBackend.card, source_quantity).pool
        table = make_conditions(paths)
    sites = [site.name for site in paths.sites]
    table = table.iloc[[sites.index(sensor) for sensor in pool.truth["sensor"]]]
    ends = pool.truth["record_end_s"]
    if following is not None:
        ends = pool.truth["record_end_s"] = np.minimum(ends, following - time + _EARLY * pool.p_s)
    kept = (ends > pool.s_s + _LEAST_BEHIND_S) & (pool.start_s < pool.p_s - _LEAST_BEFORE_S)
    rows = np.flatnonzero(kept)
    return EventRecords(time.timestamp, table.iloc[rows].reset_index(drop=True), pool.select(rows))


def _clipped(data):
    """Whether many samples are near an end of the range: a sensor at its limit, or dead."""
    low, high = float(data.min()), float(data.max())
    if not high > low:
        return True
    near = np.minimum(data - low, high - data) < _NEAR_END * (high - low)
    return bool(near.mean() > _CLIPPED_SHARE)
