"""generate(): from an earthquake and a network to records, in six steps.

    event + inventory -> paths -> conditions -> seeds -> backend -> records -> Stream

Each step is one function of the module that bears its name; this page only joins them.
"""

from obspy import Stream

from seissynth.arguments import Arguments
from seissynth.backends._run import run_backend, select_records
from seissynth.backends.registry import has_weights, refuse_weights, resolve_backend
from seissynth.conditions import make_conditions
from seissynth.ensemble import Ensemble
from seissynth.errors import InputError
from seissynth.events.earthquakes import read_earthquakes
from seissynth.events.event_notes import EventNotes
from seissynth.noise.models import prepare_noise
from seissynth.paths import find_paths
from seissynth.record_windows import check_memory, plan_windows, simulation_rate_hz
from seissynth.seeding import make_seeds
from seissynth.skipped import Skipped
from seissynth.source_records import find_source
from seissynth.stream import GroundMotion, Instrument, make_traces, shared_provenance, warn_of_cut_onsets


def generate(
    inventory,
    event,
    *,
    backend="stochastic",
    seed=0,
    realizations=None,
    realization=None,
    event_key=None,
    output="VEL",
    sampling_rate=None,
    duration=None,
    start=None,
    channel=None,
    noise=None,
    outside="raise",
    velocity_model="iasp91",
    onsets="model",
    conditions=None,
    clip_counts=None,
    quantize=False,
    source=None,
    source_quantity=None,
    weights=None,
    device="cpu",
    **options,
):
    """Make the records of an earthquake at the stations of an inventory.

    Parameters
    ----------
    inventory : obspy Inventory
        Any StationXML that ObsPy reads. Codes, rates and orientations are those of the channels open at
        origin time; a station without channels gets three synthetic ones.
    event : obspy Event, Catalog or iterable of Event
        Preferred origin and magnitude, else the first. A catalogue gives the records of all its events.
    backend : str, Backend subclass or instance
        Who makes the motion; names are those of `list_backends`.
    seed : int
        The same seed gives the same bits for a record, whatever else is asked for with it.
    realizations : int, optional
        How many realisations; the result is then an `Ensemble`. The backend's `ensemble_options` are switched on:
        with the default one, random terms between events, sites and records.
    realization : int, optional
        Make only this one, the same bits as in an ensemble. With neither it is number 0, without those options.
    event_key : str, optional
        Name of the event for the seeds, in place of its time and place.
    output : {"VEL", "ACC", "DISP", "RAW"}
        m/s, m/s², m, or counts through the channel's full response.
    sampling_rate : float, optional
        Hz, in place of each channel's own.
    duration : float, optional
        Seconds. Default: until the shaking is over at that distance, in steps of 10 s.
    start : float or UTCDateTime, optional
        Time of sample 0: s after origin, or absolute. Default: origin time.
    channel : str or list of str, optional
        Patterns of codes, as ``"HN?"``; ``"*"`` for all. Default: one band and instrument per station by
        the preference of `seissynth.stations.channels.BAND_INSTRUMENT_PREFERENCE`.
    noise : {"nlnm", "nhnm"}, obspy Stream or object with ``sample``, optional
        Added to every record, see `seissynth.noise.station_noise`. Default: silence before P.
    outside : {"raise", "skip", "warn", "allow"}
        What to do where the backend is not valid. "skip" leaves out the stations and events that are outside its
        ranges, and names them in one warning; other records stay as they are, bit for bit.
    velocity_model : str, LayeredModel, sequence of (top km, vp, vs) or TauPyModel
        For the onsets, see `seissynth.traveltime.onsets`.
    onsets : {"model", "picks"}
        With "picks" the event's P and S picks are imposed where there are any.
    conditions : mapping or DataFrame, optional
        Columns to set, as ``{"station_vs_30_mps": {"CI.CLC": 520}}``, see `seissynth.schema.COLUMNS`.
    clip_counts : float, optional
        Full scale of the digitiser (``output="RAW"``).
    quantize : bool
        Whole counts, int32 (``output="RAW"``).
    source : obspy Stream or seissynth.records.Records, optional
        Real records of the same event, for backends with the capability ``source_records``; see
        `seissynth.source_records.find_source`.
    source_quantity : {"VEL", "ACC", "DISP", "RAW"}, optional
        What the traces of a `source` Stream hold: m/s, m/s², m, or counts. Traces made by seissynth or by ObsPy's
        ``remove_response`` say so themselves; all others need it.
    weights, device
        For backends that have them.
    **options
        The backend's own options, as ``preset="stable"`` or ``stress_drop_bar=60``.

    Returns
    -------
    obspy Stream, or Ensemble where `realizations` is given
        float32 (int32 for whole counts). ``trace.stats.seissynth`` says how each trace was made, and holds
        the P and S onsets, s after origin.

    Raises
    ------
    InputError, DomainError, ResponseError, BackendError, BackendNotFoundError
        Each message says what, which value, which limit, and what to do.

    Examples
    --------
    >>> import seissynth
    >>> inventory, event = seissynth.read_example()
    >>> st = seissynth.generate(inventory, event, seed=1)
    >>> len(st), st[0].id, round(float(st[0].stats.seissynth.p_s), 1)
    (21, 'XX.AMAT.00.HHZ', 4.3)
    """
    arguments = Arguments(
        backend, seed, realizations, realization, event_key, output, sampling_rate, duration, start, channel, noise,
        outside, velocity_model, onsets, conditions, clip_counts, quantize, source, source_quantity,
        weights, device, options,
    )  # fmt: skip
    streams = [Stream() for _ in arguments.realization_numbers()]
    for made in _generate_by_event(inventory, event, arguments, say_at_end=True):
        for stream, part in zip(streams, made, strict=True):
            stream += part
    return streams[0] if arguments.realizations is None else Ensemble(streams)


def iter_generate(inventory, events, **arguments):
    """Yield the records of one event after the other, for catalogues that do not fit in memory.

    Parameters
    ----------
    inventory : obspy Inventory
    events : obspy Catalog or iterable of Event
        Read one at a time, so a generator will do.
    **arguments
        Those of `generate`.

    Yields
    ------
    obspy Stream, or Ensemble where `realizations` is given
        The same bits as `generate` gives for that event. One that is left out (``outside="skip"``) gives none.

    Examples
    --------
    >>> import seissynth
    >>> inventory, event = seissynth.read_example()
    >>> [len(st) for st in seissynth.iter_generate(inventory, [event, event])]
    [21, 21]
    """
    known = {name: arguments.pop(name) for name in list(arguments) if name in Arguments.__dataclass_fields__}
    checked = Arguments(**known, options=arguments)
    for made in _generate_by_event(inventory, events, checked):
        yield made[0] if checked.realizations is None else Ensemble(made)


def _generate_by_event(inventory, events, arguments, say_at_end=False):
    """Yield for each event the Streams of its realisations; the road, step by step."""
    backend = backend_of(arguments)
    skipped = Skipped(backend.card, arguments.outside)
    noise = prepare_noise(arguments.noise)
    instrument = Instrument(arguments.output, noise, arguments.clip_counts, arguments.quantize)
    plain, notes = arguments.as_plain_data(), EventNotes()
    for earthquake in read_earthquakes(events, arguments.event_key):
        paths, conditions = paths_and_conditions(inventory, earthquake, arguments)
        rows = skipped.rows_inside(earthquake.id, [site.name for site in paths.sites], conditions)
        if not say_at_end:
            skipped.say()
        if not len(rows):
            continue
        # of all sites, since records of a station that is left out may still be a source
        source = source_of(paths, backend, arguments)
        paths, conditions, source = select_paths(paths, conditions, rows, source)
        groups = plan_windows(
            conditions,
            simulation_rate_hz(paths.sites, arguments.sampling_rate),
            start_s=arguments.start_s(earthquake.time),
            duration_s=arguments.duration,
            longest_s=backend.card.max_duration_s,
        )
        traces = [sum(len(sensor.channels) for sensor in site.sensors) for site in paths.sites]
        check_memory(groups, traces, len(arguments.realization_numbers()))
        made = []
        for number in arguments.realization_numbers():
            seeds = make_event_seeds(arguments.seed, conditions, number, backend)
            provenance = shared_provenance(backend, arguments.output, arguments.seed, number, plain)
            about = seeds, provenance, source, notes
            made.append(_make_stream(paths, conditions, groups, about, backend, instrument, arguments))
        yield made
    skipped.require_any()
    skipped.say()
    notes.say()


def paths_and_conditions(inventory, earthquake, arguments, sensors=None):
    """Find an earthquake's paths and write their table of conditions."""
    paths = find_paths(
        inventory,
        earthquake,
        channel=arguments.channel,
        velocity_model=arguments.velocity_model,
        onsets=arguments.onsets,
        sensors=sensors,
    )
    return paths, make_conditions(paths, arguments.conditions)


def select_paths(paths, conditions, rows, source=None):
    """Return the paths, conditions and source records of some rows."""
    if len(rows) == len(paths):
        return paths, conditions, source
    source = None if source is None else select_records(source, rows)
    return paths.select(rows), conditions.iloc[rows].reset_index(drop=True), source


def make_event_seeds(seed, conditions, realization, backend):
    """Seeds of one realisation of one event's records."""
    return make_seeds(
        seed,
        list(conditions["source_id"]),
        list(conditions["station_id"]),
        realization=realization,
        backend=backend.card.name,
        weights_hash=backend.weights_hash,
    )


def make_motion(paths, conditions, group, seeds, backend, arguments, source=None):
    """Ask the backend for one group of rows; returns its Records and their GroundMotion."""
    table = conditions.iloc[group.rows].reset_index(drop=True)
    records = run_backend(
        backend,
        table,
        start_s=group.start_s,
        npts=group.npts,
        sampling_rate_hz=group.sampling_rate_hz,
        seeds=seeds[group.rows],
        source=None if source is None else select_records(source, group.rows),
        outside=arguments.outside,
    )
    warn_of_cut_onsets(records, group, [paths.sites[row].name for row in group.rows])
    motion = GroundMotion(records, backend.card, table["path_back_azimuth_deg"].to_numpy(), group.sampling_rate_hz)
    return records, motion


def source_of(paths, backend, arguments):
    """Return a source record for each site, or None where no source is given."""
    if arguments.source is None:
        return None
    return find_source(arguments.source, paths, backend.card, arguments.source_quantity)


def _make_stream(paths, conditions, groups, about, backend, instrument, arguments):
    seeds, provenance, source, notes = about
    # not to_dict("records"), in which pandas changes the process's warning filters
    columns = {name: conditions[name].tolist() for name in conditions}
    rows = [{name: values[row] for name, values in columns.items()} for row in range(len(conditions))]
    traces = []
    for group in groups:
        records, motion = make_motion(paths, conditions, group, seeds, backend, arguments, source)
        notes.look_at(paths.earthquake, conditions, records)
        traces += make_traces(
            motion,
            records,
            paths,
            group,
            rows,
            instrument,
            provenance,
            seeds=seeds,
            sampling_rate=arguments.sampling_rate,
        )
    order = {site.name: i for i, site in reversed(list(enumerate(paths.sites)))}
    return Stream(sorted(traces, key=lambda trace: order[f"{trace.stats.network}.{trace.stats.station}"]))


def backend_of(arguments):
    """Return the backend that the arguments name, with its options."""
    backend = resolve_backend(
        arguments.backend,
        weights=arguments.weights,
        device=arguments.device,
        options=arguments.options,
        ensemble=arguments.of_ensemble(),
    )
    weights = getattr(backend, "weights", None)
    if weights is not None and not has_weights(type(backend)):
        refuse_weights(type(backend), weights)
    if arguments.source is not None and "source_records" not in backend.card.capabilities:
        raise InputError(f"backend {backend.card.name!r} cannot use source records; leave source= out.")
    return backend
