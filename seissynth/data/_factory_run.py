"""Blocks into shards: which are done, one after the other or on Dask, and the books that are kept.

A block is done when its books lie in the folder ``.blocks``: they are written last, by rename, after the shard's own
files. So whoever comes after a kill, at any moment, makes what is missing and nothing twice.
"""

import contextlib
import json
import threading
import warnings
from pathlib import Path

import numpy as np

from seissynth.data._atomic import replacing
from seissynth.data._factory_records import BlockMaker
from seissynth.errors import InputError, MissingDependencyError, SeisSynthWarning
from seissynth.units import OUTPUTS, UNITS

#: the folder of the books, inside the data set's
BOOKS = ".blocks"
_NAMED = 50


class Job:
    """What every worker needs: settings and target. Travels as a pickle; makers stay where they are.

    Parameters
    ----------
    settings : seissynth.data._factory_settings.Settings
    path : pathlib.Path
        Absolute, the same for all workers.
    """

    def __init__(self, settings, path):
        self.settings, self.path = settings, Path(path)
        self._own = threading.local()

    def __getstate__(self):
        return {"settings": self.settings, "path": self.path}

    def __setstate__(self, state):
        self.__init__(**state)

    @property
    def maker(self):
        """The BlockMaker of this thread."""
        if not hasattr(self._own, "maker"):
            self._own.maker = BlockMaker(self.settings)
        return self._own.maker

    def missing(self):
        """Numbers of the blocks that are not done."""
        done = {path.stem for path in (self.path / BOOKS).glob("*.json")}
        return [number for number in range(len(self.settings.blocks())) if chunk_name(number)[1:] not in done]


def chunk_name(number):
    """Name of a block's shard, as SeisBench puts it between "metadata" and ".csv"."""
    return f"_{number:06d}"


def make_block(job, number):
    """Make one block, write its shard and its books; return the books.

    Parameters
    ----------
    job : Job
    number : int

    Returns
    -------
    dict
        Counts and a histogram of magnitudes, as JSON holds them.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SeisSynthWarning)
        books = _write_block(job, number)
    said = {str(item.message) for item in caught if issubclass(item.category, SeisSynthWarning)}
    books["warnings"] = sorted(said)[:20]
    with replacing(job.path / BOOKS / f"{chunk_name(number)[1:]}.json") as beside:
        beside.write_text(json.dumps(books), encoding="utf-8")
    return books


def _write_block(job, number):
    settings, maker = job.settings, job.maker
    plan = maker.plan(*settings.blocks()[number])
    books = {"block": number, "records": 0, "noise": 0, "second": 0, "no_p": 0, "no_s": 0, "magnitudes": {}}
    books["left_out"] = {name: count for name, count in plan.left_out.items() if count}
    books["outside"] = plan.outside
    if not len(plan):
        return {**books, "events": 0}
    books["events"] = len(np.unique(plan.events))
    if settings.format == "asdf":
        from seissynth.data._factory_asdf import write_shard

        write_shard(job, plan, chunk_name(number)[1:], lambda frame: count_rows(books, frame))
        return books
    from seissynth.data.seisbench import DatasetWriter

    quantity = OUTPUTS[settings.core.output]
    with DatasetWriter(
        job.path,
        component_order="ZNE",
        sampling_rate_hz=maker.rate,
        unit=UNITS[quantity],
        quantity=quantity,
        chunk=chunk_name(number),
        dtype=maker.dtype,
        overwrite=True,
    ) as writer:
        for frame, waveforms in maker.pieces(plan):
            writer.write(frame, waveforms)
            count_rows(books, frame)
    return books


def count_rows(books, frame):
    """Add rows of metadata to a block's books."""
    earthquake = (frame["trace_category"] != "noise").to_numpy()
    books["records"] += len(frame)
    books["noise"] += int((~earthquake).sum())
    if "source2_id" in frame:
        books["second"] += int((frame["source2_id"] != "").sum())
    for phase in "ps":
        books[f"no_{phase}"] += int(frame[f"trace_{phase}_arrival_sample"].isna().to_numpy()[earthquake].sum())
    for step in np.floor(frame["source_magnitude"].to_numpy(float)[earthquake] * 2).astype(int).tolist():
        name = f"{step / 2:g}"
        books["magnitudes"][name] = books["magnitudes"].get(name, 0) + 1


def read_books(path):
    """Sum of the books of all blocks that are done."""
    total = {}
    for file in sorted((Path(path) / BOOKS).glob("*.json")):
        add_books(total, json.loads(file.read_text(encoding="utf-8")))
    return total


def warn_of_outside(named, card):
    """Warn once of the records that ``outside="skip"`` left out."""
    if named:
        shown = "; ".join(named[:_NAMED])
        more = "; and more" if len(named) > _NAMED else ""
        warnings.warn(f"{card.name}: outside its range and left out: {shown}{more}.", SeisSynthWarning, stacklevel=4)


def add_books(total, books):
    """Add one block's books to a sum, in place."""
    for name, value in books.items():
        if isinstance(value, dict):
            mine = total.setdefault(name, {})
            for key, count in value.items():
                mine[key] = mine.get(key, 0) + count
        elif isinstance(value, list):
            total[name] = sorted({*total.get(name, []), *value})
        elif name != "block":
            total[name] = total.get(name, 0) + value


def run_serial(job, numbers, step):
    """Make blocks one after the other in this process; `step` is called after each."""
    for number in numbers:
        make_block(job, number)
        step()


def run_dask(job, numbers, step, client):
    """Make blocks on a Dask cluster; a worker that dies has its blocks made by another.

    Parameters
    ----------
    job : Job
        Its folder must be the same for all workers.
    numbers : list of int
    step : callable
    client : distributed.Client
    """
    from distributed import as_completed
    from distributed.protocol.pickle import dumps, loads

    # a task of its own, so that a worker that dies takes no data with it that cannot be made again
    shared = client.submit(loads, dumps(job), key=f"seissynth-job-{id(job)}-{threading.get_ident()}", pure=False)
    futures = [client.submit(make_block, shared, number, pure=False) for number in numbers]
    try:
        for future in as_completed(futures):
            future.result()
            step()
    finally:
        client.cancel([*futures, shared])


@contextlib.contextmanager
def dask_client(dask, workers):
    """Give a Dask client: a local cluster of processes for "local", else that of an address, or the one given."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingDependencyError(
            "more than one process needs Dask, which is not installed: pip install 'seissynth[dask]', or pass "
            "workers=1."
        ) from error
    if isinstance(dask, Client):
        yield dask
        return
    if dask in (None, True, "local"):
        cluster = LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0")
        with cluster, Client(cluster) as client:
            yield client
        return
    if not isinstance(dask, str):
        raise InputError(f"dask={dask!r} must be 'local', an address as 'tcp://host:8786', or a distributed.Client.")
    try:
        client = Client(dask, timeout="10s")
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"dask={dask!r}: no Dask scheduler answers there: {error}.") from error
    with client:
        yield client
