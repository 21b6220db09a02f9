"""make_dataset(): labelled synthetic sets for training, of any size.

    earthquakes + inventory -> plan -> motion -> second events, noise -> shards -> one set

A set is made in blocks of events. A block depends only on the arguments and on its number: any process can make it at
any time, with bit-for-bit the same result.
"""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seissynth.arguments import Arguments
from seissynth.data.factory.dry_run import dry_run as run_dry
from seissynth.data.factory.dry_run import plans
from seissynth.data.factory.folder import begin, describe, fingerprint, finish
from seissynth.data.factory.report import DatasetReport
from seissynth.data.factory.run import Job, dask_client, read_books, run_dask, run_serial
from seissynth.data.factory.settings import SPLIT, Settings
from seissynth.data.factory.sources import Sources
from seissynth.errors import InputError
from seissynth.shared.atomic import removing_new
from seissynth.shared.bounds import within
from seissynth.shared.folder_lock import locked

if TYPE_CHECKING:
    import pandas
    from obspy import Inventory, UTCDateTime
    from obspy.core.event import Catalog, Event

    from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes
    from seissynth.stations.station_terms import StationTerms

__all__ = ["DatasetReport", "make_dataset", "plan_dataset"]


def make_dataset(
    path: str | os.PathLike[str],
    inventory: Inventory,
    earthquakes: Catalog | Event | Iterable[Event] | DrawnEarthquakes,
    *,
    backend: str = "stochastic",
    seed: int = 0,
    output: str = "VEL",
    sampling_rate: float = 100.0,
    duration: float = 60.0,
    p_lead_s: tuple[float, float] = (5.0, 20.0),
    start: float | UTCDateTime | None = None,
    channel: str | list[str] | None = None,
    distance_km: tuple[float, float] | None = None,
    stations_per_event: int | None = None,
    outside: str = "leave_out",
    velocity_model: str = "iasp91",
    conditions: Mapping[str, Any] | pandas.DataFrame | None = None,
    station_terms: StationTerms | str | os.PathLike[str] | Mapping[str, Any] | None = None,
    noise: Any = None,
    snr_db: tuple[float, float] | None = None,
    noise_gain_db: tuple[float, float] | None = None,
    noise_share: float = 0.0,
    overlap_share: float = 0.0,
    overlap_lag_s: tuple[float, float] | None = None,
    overlap_level_db: tuple[float, float] | None = None,
    split: dict[str, float] = SPLIT,
    split_by: str = "event",
    clip_counts: float | None = None,
    quantize: bool = False,
    weights: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    licence: str = "",
    format: str = "seisbench",
    block_records: int = 512,
    workers: int = 1,
    dask: Any = None,
    dry_run: bool = False,
    progress: Callable[..., Any] | None = None,
    **options: Any,
) -> DatasetReport:
    """Make a labelled set of synthetic records, one row per earthquake and sensor.

    Repeat a call that was stopped or killed to resume it: existing shards are kept, and the result is bit-for-bit the
    same as without interruption, with any number of workers. Shards that are missing or damaged are made again, also
    those of a finished set. Only one process at a time can write to a folder.

    Parameters
    ----------
    path : str or path
        Folder to write; created if absent.
    inventory : obspy Inventory
        Sensors with three channels that span space are used, chosen as in `seissynth.generate`. Z, N, E are true up,
        north and east regardless of the orientation of the channels; see Notes for counts and ASDF.
    earthquakes : obspy Catalog, Event, iterable of Event, or seissynth.DrawnEarthquakes
    backend, seed, output, channel, velocity_model, conditions, station_terms, clip_counts, quantize, weights, device,
    **options
        As in `seissynth.generate`; the motion is that of ``realization=0``: a backend's `ensemble_options` are on and
        records vary like real ones.
    sampling_rate : float
        Hz, of all records.
    duration : float
        Seconds, of all records.
    p_lead_s : (float, float) or None
        Seconds of record before P, drawn for each record: a picker that always sees P at the same position learns the
        position. With None all records begin `start` seconds after origin (default 0).
    distance_km : (float, float), optional
        Range of epicentral distances.
    stations_per_event : int, optional
        Largest number of records per event, drawn at random.
    outside : {"leave_out", "skip", "raise", "warn", "allow"}
        What to do outside the backend's ranges. "leave_out" counts the records that it leaves out; "skip" does the
        same, and names them in a warning.
    noise : {"auto", "nlnm", "nhnm"}, path, obspy Stream or object with ``sample``, optional
        Added to every record. "auto" is noise between the low and the high noise model, of a level for each station;
        hour and date are drawn for each record. A path is a file of real noise that ObsPy reads, or the folder of a
        set in SeisBench's format: its noise rows are used or, if it has none, the samples before P. Real noise must be
        in the unit of `output`.
    snr_db : (float, float), optional
        Each record's noise is scaled to a ratio drawn between these; the earthquake keeps its amplitude. Noise is
        amplified in the band of the ratio only. By default noise and earthquake have their natural levels. See Notes.
    noise_gain_db : (float, float), optional
        Noise is amplified by a gain drawn between these, such as (0, 40) for "nlnm", which is equally quiet
        at all stations.
    noise_share : float
        Share of rows of pure noise among all rows.
    overlap_share : float
        Share of the earthquakes' records that hold a second event of the same set at the same sensor.
    overlap_lag_s : (float, float), optional
        Its P after that of the first, s; default: anywhere in the record.
    overlap_level_db : (float, float), optional
        Its peak over that of the first; default: as given by magnitude and distance.
    split : dict of str to float, or None
        Parts and their shares, for the column "split".
    split_by : {"event", "block"}
        All records of an event are in one part. "block": parts follow each other in the order of the events (time, for
        most catalogues).
    licence : str
        Note on your own rights; stored in ``dataset.json`` in addition to the standard note.
    format : {"seisbench", "asdf"}
        "asdf" writes for each block ``records_000000.h5``, as `seissynth.read_asdf` reads it, ``noise_000000.h5`` and
        ``metadata_000000.csv``. Slower and larger; a killed run resumes in the same way.
    block_records : int
        Approximate number of records per shard; it affects the result, like the seed.
    workers : int
        Number of processes. More than one requires Dask.
    dask : "local", address or distributed.Client, optional
        Make the blocks on a Dask cluster, whose workers see the same folder.
    dry_run : bool
        Write the metadata only, as ``metadata_plan.csv``, and estimate the cost of the set.
    progress : callable, optional
        ``progress(done, total)`` in blocks; in one process `done` also moves inside a block.

    Returns
    -------
    DatasetReport

    Raises
    ------
    InputError
        Inconsistent arguments; a folder with other files, or with a set of other arguments (the differences are named).
    FolderInUseError
        Another process or thread is making a set there; the message says which, where and since when.
    DomainError, BackendError, BackendNotFoundError, ResponseError
        As in `seissynth.generate`.

    Warns
    -----
    SeisSynthWarning
        Shards that are made again, with the reason.

    Notes
    -----
    Counts (``output="RAW"``) along Z, N, E are those of the sensor's instruments in standard orientation: the motion
    along each true axis passes through the response of the nearest channel. With ``format="asdf"`` each trace is that
    of a channel along its own axis instead, because the file holds the StationXML with azimuth and dip. Real noise is
    assumed to be along the channels' own axes, that of a set in SeisBench's format along Z, N, E; it is rotated.

    Signal-to-noise ratio (``trace_snr_db``): 20 log10 of the rms of the earthquake's own motion in the 5 s from S on
    (from P on where S is outside) over the rms of the noise in the whole record, over three components, both through
    a band-pass of 1 to 20 Hz (at most 0.4 of the sampling rate; second order). To reach a ratio, noise is amplified
    within that band, with shoulders inside it, and keeps its level outside; a model amplified by `noise_gain_db` is
    limited to Peterson's high noise model there. If noise has to be reduced, all frequencies are
    scaled.

    The realisation of a second event differs from that of the same earthquake's own record: parts share no waveform.

    Examples
    --------
    >>> import tempfile, seissynth
    >>> inventory, event = seissynth.read_example()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = seissynth.make_dataset(folder, inventory, event, noise="nlnm", duration=40.0, variability=False)
    >>> report.records, report.events
    (7, 1)
    """
    settings = make_settings({**locals(), **options}, options, inventory, earthquakes)
    within("workers", workers)
    path = Path(path).absolute()
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; give a folder.")
    job = Job(settings, path)
    description = describe(job)
    job.fingerprint = fingerprint(description)
    with removing_new(path), locked(path, "making a data set") as interrupted:
        if dry_run:
            return run_dry(job)
        began = time.perf_counter()
        missing = begin(job, description)
        before = read_books(path).get("records", 0)
        _make_blocks(job, missing, workers, dask, progress)
        return finish(job, began, before, interrupted)


def _make_blocks(job, missing, workers, dask, progress):
    total = len(job.settings.blocks())
    done = total - len(missing)

    def step():
        nonlocal done
        done += 1
        inside(0.0)

    def inside(share):
        if progress is not None and (share < 1.0):  # a whole block is done when its books are written
            progress(done + share, total)

    if missing and (workers > 1 or dask is not None):
        with dask_client(dask, workers) as client:
            run_dask(job, missing, step, client)
    else:
        run_serial(job, missing, step, inside)


def plan_dataset(
    inventory: Inventory, earthquakes: Catalog | Event | Iterable[Event] | DrawnEarthquakes, **arguments: Any
) -> pandas.DataFrame:
    """Plan a set: its metadata, without simulation.

    Parameters
    ----------
    inventory, earthquakes, **arguments
        As in `make_dataset`, without path, workers, dask, dry_run and progress.

    Returns
    -------
    pandas.DataFrame
        The rows in order. ``trace_snr_db`` and ``source2_level_db`` are empty; onsets are those of the velocity model.

    Examples
    --------
    >>> import seissynth
    >>> inventory, event = seissynth.read_example()
    >>> table = plan_dataset(inventory, event, variability=False)
    >>> len(table), bool((table["trace_p_arrival_sample"] >= 500).all())
    (7, True)
    """
    import pandas

    known = {
        name: parameter.default
        for name, parameter in inspect.signature(make_dataset).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    options = {name: value for name, value in arguments.items() if name not in known}
    job = Job(make_settings({**known, **arguments}, options, inventory, earthquakes), ".")
    frames = [frame for frame, _ in plans(job)]
    return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame()


# --- steps


_CORE = (
    "backend", "seed", "output", "sampling_rate", "duration", "start", "channel", "noise", "velocity_model",
    "conditions", "station_terms", "clip_counts", "quantize", "weights", "device",
)  # fmt: skip
_OWN = (
    "format", "p_lead_s", "distance_km", "stations_per_event", "outside", "snr_db", "noise_gain_db", "noise_share",
    "overlap_share", "overlap_lag_s", "overlap_level_db", "split", "split_by", "block_records", "licence",
)  # fmt: skip


def make_settings(arguments, options, inventory, earthquakes):
    """Return the `Settings` for arguments of `make_dataset` (name -> value) and options of its backend."""
    core = Arguments(**{name: arguments[name] for name in _CORE}, realization=0, options=options)
    core = core.known_at(inventory)
    return Settings(inventory, Sources(earthquakes), core, **{name: arguments[name] for name in _OWN})
