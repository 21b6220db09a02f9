"""generate(): from an earthquake and a network to records, in six steps.

    event + inventory -> paths -> conditions -> seeds -> backend -> motion -> Stream
    events/              requests.py             seeding.py   simulation.py   stream.py
                         paths.py conditions.py               backends/

Each step is a function of the module below it; `_generate_by_event` only joins them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from obspy import Stream

from seissynth.arguments import Arguments
from seissynth.backends.skipped import Skipped
from seissynth.ensemble import Ensemble
from seissynth.events.earthquakes import read_earthquakes
from seissynth.events.event_notes import EventNotes
from seissynth.record_windows import plan_windows, realizations_together
from seissynth.requests import make_request
from seissynth.seeding import seeds_of_rows
from seissynth.shared.collector import collector_paused
from seissynth.shared.in_order import in_order
from seissynth.simulation import simulate_realizations, warn_of_cut_onsets
from seissynth.source_records import find_source
from seissynth.stations.open_sensors import OpenSensors
from seissynth.stream import Instrument, in_order_of_sites, make_traces

if TYPE_CHECKING:
    import pandas
    from obspy import Inventory, UTCDateTime
    from obspy.core.event import Catalog, Event

    from seissynth.backends.base import Backend
    from seissynth.records import Records
    from seissynth.stations.station_terms import StationTerms


def generate(
    inventory: Inventory,
    event: Event | Catalog | Iterable[Event],
    *,
    backend: str | type[Backend] | Backend = "stochastic",
    seed: int = 0,
    realizations: int | None = None,
    realization: int | None = None,
    event_key: str | None = None,
    output: str = "VEL",
    sampling_rate: float | None = None,
    duration: float | None = None,
    start: float | UTCDateTime | None = None,
    channel: str | list[str] | None = None,
    noise: str | Stream | Any | None = None,
    outside: str = "raise",
    velocity_model: Any = "iasp91",
    onsets: str = "model",
    conditions: Mapping[str, Any] | pandas.DataFrame | None = None,
    station_terms: StationTerms | str | os.PathLike[str] | Mapping[str, Any] | None = None,
    clip_counts: float | None = None,
    quantize: bool = False,
    source: Stream | Records | None = None,
    source_quantity: str | None = None,
    weights: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    workers: int = 1,
    progress: Callable[[int, int], Any] | None = None,
    **options: Any,
) -> Stream | Ensemble:
    """Make the records of an earthquake at the stations of an inventory.

    Parameters
    ----------
    inventory : obspy Inventory
        Any StationXML that ObsPy reads. Codes, rates and orientations are those of the channels open at
        origin time; a station without channels gets three synthetic ones.
    event : obspy Event, Catalog or iterable of Event
        Preferred origin and magnitude, else the first. A catalogue gives the records of all its events.
    backend : str, Backend subclass or instance
        Backend that makes the motion; names are those of `list_backends`.
    seed : int
        The same seed gives the same bits for a record, regardless of the rest of the request.
    realizations : int, optional
        Number of realisations; the result is then an `Ensemble`. The backend's `ensemble_options` are switched on: for
        the default backend, random terms between events, sites and records.
    realization : int, optional
        Make only this realisation, with the same bits as in an ensemble. With neither argument it is number 0, without
        those options.
    event_key : str, optional
        Name of the event for the seeds, instead of its time and place.
    output : {"VEL", "ACC", "DISP", "RAW"}
        m/s, m/s², m, or counts through the channel's full response.
    sampling_rate : float, optional
        Hz, instead of each channel's own.
    duration : float, optional
        Seconds. Default: until the shaking is over at that distance, in steps of 10 s.
    start : float or UTCDateTime, optional
        Time of sample 0: s after origin, or absolute. Default: origin time, or `Card.window_lead_s` before P where
        the backend's card has it.
    channel : str or list of str, optional
        Patterns of codes, such as ``"HN?"``; ``"*"`` for all. Default: one band and instrument per station by
        the preference of `seissynth.stations.channels.BAND_INSTRUMENT_PREFERENCE`.
    noise : {"auto", "nlnm", "nhnm"}, obspy Stream or object with ``sample``, optional
        Added to every record, see `seissynth.noise.station_noise`; "auto" is that of each station, by day and night.
        Default: silence before P.
    outside : {"raise", "skip", "warn", "allow"}
        What to do outside the backend's ranges. "skip" leaves out the stations and events that are outside and names
        them in one warning; the other records are bit-for-bit the same.
    velocity_model : str, LayeredModel, sequence of (top km, vp, vs), TauPyModel or StationDelays
        For the onsets, see `seissynth.traveltime.onsets`. A name that ends in .json is a file of delays.
    onsets : {"model", "picks"}
        With "picks" the event's P and S picks, if any, replace the computed onsets.
    conditions : mapping or DataFrame, optional
        Columns to set, such as ``{"station_vs_30_mps": {"CI.CLC": 520}}``, see `seissynth.schema.COLUMNS`.
    station_terms : StationTerms, or path of its file, optional
        Known site terms of stations, for backends whose card has the column ``station_terms``; see
        `seissynth.fit_station_terms`. Stations whose column `conditions` sets keep that instead.
    clip_counts : float, optional
        Full scale of the digitiser (``output="RAW"``).
    quantize : bool
        Whole counts, int32 (``output="RAW"``).
    source : obspy Stream or seissynth.records.Records, optional
        Real records of the same event, for backends with the capability ``source_records``; see
        `seissynth.source_records.find_source`.
    source_quantity : {"VEL", "ACC", "DISP", "RAW"}, optional
        Quantity of the traces of a `source` Stream: m/s, m/s², m, or counts. Traces made by seissynth or by ObsPy's
        ``remove_response`` state it themselves; all others need this argument.
    weights, device
        For backends that have them.
    workers : int
        Threads that make records at the same time; the records are the same, bit for bit.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of records, one a sensor and realisation, of the event that
        is being made. It changes no bit.
    **options
        Options of the backend, such as ``preset="stable"`` or ``stress_drop_bar=60``.

    Returns
    -------
    obspy Stream, or Ensemble where `realizations` is given
        float32 (int32 for whole counts). ``trace.stats.seissynth`` records how each trace was made, and holds
        the P and S onsets, s after origin.

    Raises
    ------
    InputError, DomainError, ResponseError, BackendError, BackendNotFoundError
        Each message states the problem, the value, the limit, and what to do.

    Examples
    --------
    >>> import seissynth
    >>> inventory, event = seissynth.read_example()
    >>> st = seissynth.generate(inventory, event, seed=1)
    >>> len(st), st[0].id, round(float(st[0].stats.seissynth.p_s), 1)
    (21, 'XX.AMAT.00.HHZ', 4.3)
    """
    arguments = Arguments(
        backend=backend,
        seed=seed,
        realizations=realizations,
        realization=realization,
        event_key=event_key,
        output=output,
        sampling_rate=sampling_rate,
        duration=duration,
        start=start,
        channel=channel,
        noise=noise,
        outside=outside,
        velocity_model=velocity_model,
        onsets=onsets,
        conditions=conditions,
        station_terms=station_terms,
        clip_counts=clip_counts,
        quantize=quantize,
        source=source,
        source_quantity=source_quantity,
        weights=weights,
        device=device,
        workers=workers,
        options=options,
    )
    streams = [Stream() for _ in arguments.realization_numbers()]
    for parts in _generate_by_event(inventory, event, arguments, progress, say_at_end=True):
        for stream, part in zip(streams, parts, strict=True):
            stream += part
    return streams[0] if arguments.realizations is None else Ensemble(streams)


def iter_generate(
    inventory: Inventory,
    events: Catalog | Iterable[Event],
    *,
    progress: Callable[[int, int], Any] | None = None,
    **arguments: Any,
) -> Iterator[Stream | Ensemble]:
    """Yield the records of one event at a time, for catalogues that do not fit in memory.

    Parameters
    ----------
    inventory : obspy Inventory
        Not to be changed before the last event.
    events : obspy Catalog or iterable of Event
        Read one at a time, so a generator will do.
    progress : callable, optional
        Called as ``progress(done, total)``, as in `generate`: for each event in turn.
    **arguments
        Those of `generate`.

    Yields
    ------
    obspy Stream, or Ensemble where `realizations` is given
        The same bits as from `generate` for that event. An event that is left out (``outside="skip"``) yields nothing.

    Examples
    --------
    >>> import seissynth
    >>> inventory, event = seissynth.read_example()
    >>> [len(st) for st in seissynth.iter_generate(inventory, [event, event])]
    [21, 21]
    """
    checked = Arguments.from_keywords(arguments)
    for streams in _generate_by_event(inventory, events, checked, progress):
        yield streams[0] if checked.realizations is None else Ensemble(streams)


def _generate_by_event(inventory, events, arguments, progress=None, say_at_end=False):
    """Yield for each event the Streams of its realisations; the road, step by step."""
    arguments = arguments.known_at(inventory)
    backend = arguments.open_backend()
    instrument, numbers = Instrument.of(arguments), arguments.realization_numbers()
    skipped, notes = Skipped(backend.card, arguments.outside), EventNotes()
    sensors = OpenSensors(inventory, arguments.channel)
    for earthquake in read_earthquakes(events, arguments.event_key):
        with collector_paused():
            request = make_request(inventory, earthquake, arguments, sensors.at(earthquake.time))
        rows = skipped.rows_inside(request)
        if not say_at_end:
            skipped.say()
        if not len(rows):
            continue
        # of all sites, since records of a station that is left out may still be a source
        source = find_source(arguments.source, request.paths, backend.card, arguments.source_quantity)
        request.source = arguments.with_terms(source)
        request = request.select(rows)
        groups = plan_windows(request, arguments, backend.card, in_memory=True)
        batches = [_open_batch(request, some, arguments, backend) for some in realizations_together(numbers, groups)]
        workers = arguments.workers
        tasks = [(batch, group, part) for batch in batches for group in groups for part in group.parts(workers)]
        make = partial(_make_part, request, backend, instrument, arguments)
        done, total = 0, len(rows) * len(numbers)
        for (batch, group, part), made in zip(tasks, in_order(make, tasks, workers), strict=True):
            for place, (traces, records) in enumerate(made):
                batch.traces[place] += traces
                batch.records[place].append(records)
                notes.look_at(request, records)
                done += len(part.rows)
                if progress is not None:
                    progress(done, total)
            if part.rows[-1] == group.rows[-1]:  # parts come in order
                for found in batch.records:
                    warn_of_cut_onsets(request, group, found)
                    found.clear()
        streams = [Stream(in_order_of_sites(made, request.sites)) for batch in batches for made in batch.traces]
        yield streams
    skipped.require_any()
    skipped.say()
    notes.say()


@dataclass
class _Batch:
    """Realisations that are made together: seeds and provenance of each, and what was made so far."""

    seeds: list
    provenances: list
    traces: list
    records: list  # of the present group, without samples


def _open_batch(request, numbers, arguments, backend):
    """A batch of realisations, with nothing made yet."""
    seeds = [seeds_of_rows(arguments.seed, request.conditions, number, backend) for number in numbers]
    provenances = [arguments.provenance(backend, number) for number in numbers]
    return _Batch(seeds, provenances, [[] for _ in numbers], [[] for _ in numbers])


def _make_part(request, backend, instrument, arguments, task):
    """Traces of some rows, and their records without samples, for each realisation of a batch."""
    batch, _, part = task
    out = []
    simulations = simulate_realizations(request, part, batch.seeds, backend, arguments.outside)
    for simulation, provenance, seeds in zip(simulations, batch.provenances, batch.seeds, strict=True):
        with collector_paused():
            traces = make_traces(
                simulation, request, instrument, provenance, seeds=seeds, sampling_rate=arguments.sampling_rate
            )
        out.append((traces, replace(simulation.records, data=np.zeros((len(part.rows), 3, 0), np.float32))))
    return out
