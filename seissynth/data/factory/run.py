"""Write blocks as shards, in sequence or on Dask, with a summary file for each finished block.

A block is done when its summary is in the folder ``.blocks``: it is written last, by rename, after the shard's own
files, and holds their sizes and digests. After a kill at any moment, the next run makes only what is missing or
damaged.
"""

import contextlib
import json
import threading
from pathlib import Path

import numpy as np

from seissynth.data.factory.records import BlockMaker
from seissynth.errors import InputError, MissingDependencyError
from seissynth.io.seisbench.set_files import facts_of, wrong_files
from seissynth.shared.atomic import replacing
from seissynth.shared.warning import collecting_warnings, warn_user
from seissynth.units import UNITS

#: the folder of the books, inside the data set's
BOOKS = ".blocks"
_NAMED = 50


class Job:
    """Input of every worker: settings and target. Sent as a pickle; makers stay in their process.

    Parameters
    ----------
    settings : seissynth.data.factory.settings.Settings
    path : pathlib.Path
        Absolute, the same for all workers.
    fingerprint : str
        Digest of everything that determines the content of the set; summaries with another one are ignored.
    """

    def __init__(self, settings, path, fingerprint=""):
        self.settings, self.path, self.fingerprint = settings, Path(path), fingerprint
        self._own = threading.local()

    def __getstate__(self):
        return {"settings": self.settings, "path": self.path, "fingerprint": self.fingerprint}

    def __setstate__(self, state):
        self.__init__(**state)

    @property
    def maker(self):
        """The BlockMaker of this thread."""
        if not hasattr(self._own, "maker"):
            self._own.maker = BlockMaker(self.settings)
        return self._own.maker

    def missing(self):
        """Numbers of unfinished blocks, and defects in files of those that were finished.

        Summaries that are damaged, belong to another set, or whose files have changed are removed.
        """
        done, files = set(), {}
        for path in (self.path / BOOKS).glob("*.json"):
            books = _one_book(path)
            if books is None or books.get("set") != self.fingerprint or not isinstance(books.get("files"), dict):
                path.unlink(missing_ok=True)
                continue
            done.add(path.stem)
            files.update(books["files"])
        wrong = wrong_files(self.path, files)
        for name in wrong:
            done.discard(block_of(name))
            (self.path / BOOKS / f"{block_of(name)}.json").unlink(missing_ok=True)
        count = len(self.settings.blocks())
        return [number for number in range(count) if chunk_name(number)[1:] not in done], wrong

    def damaged(self, files):
        """Numbers of the blocks of a finished set whose files have changed, and the defect of each."""
        wrong = wrong_files(self.path, files)
        return sorted({int(block_of(name)) for name in wrong}), wrong


def block_of(name):
    """Number of a shard's block, as text, by the name of one of its files."""
    return Path(name).stem.rpartition("_")[2]


def _one_book(path):
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return book if isinstance(book, dict) else None


def chunk_name(number):
    """Name of a block's shard, as SeisBench puts it between "metadata" and ".csv"."""
    return f"_{number:06d}"


def make_block(job, number, inside=None):
    """Make one block, write its shard and its books; return the books.

    Parameters
    ----------
    job : Job
    number : int
    inside : callable, optional
        Called with the share of the block's records that are made, as often as some are.

    Returns
    -------
    dict
        Counts and a histogram of magnitudes, as JSON data.
    """
    with collecting_warnings() as messages:
        books = _write_block(job, number, inside)
    books["warnings"] = sorted(set(messages))[:20]
    # block numbers in digits of one length: by their ends the names are those of this block alone
    names = sorted(path.name for path in job.path.glob(f"[!.]*{chunk_name(number)}.*")) if books["records"] else []
    books.update(set=job.fingerprint, files={name: facts_of(job.path / name) for name in names})
    with replacing(job.path / BOOKS / f"{chunk_name(number)[1:]}.json") as beside:
        beside.write_text(json.dumps(books), encoding="utf-8")
    return books


def _write_block(job, number, inside=None):
    settings, maker = job.settings, job.maker
    plan = maker.plan(*settings.blocks()[number])
    books = {"block": number, **empty_counts()}
    books["left_out"] = {name: count for name, count in plan.left_out.items() if count}
    books["outside"] = plan.outside
    if not len(plan):
        return {**books, "events": 0}
    books["events"] = len(np.unique(plan.events))

    def count(frame):
        count_rows(books, frame)
        if inside is not None:
            inside(books["records"] / len(plan))

    if settings.format == "asdf":
        from seissynth.data.factory.asdf import write_shard

        write_shard(job, plan, chunk_name(number)[1:], count)
        return books
    from seissynth.io.seisbench.dataset import DatasetWriter

    quantity = settings.core.quantity(maker.backend.card)
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
            count(frame)
    return books


def empty_counts():
    """Empty summary, for `count_rows` to add to."""
    return {"records": 0, "noise": 0, "second": 0, "no_p": 0, "no_s": 0, "magnitudes": {}, "parts": {}}


def count_rows(books, frame):
    """Add rows of metadata to a block's summary."""
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
    for part in frame["split"].tolist() if "split" in frame else ():
        books["parts"][part] = books["parts"].get(part, 0) + 1


def read_books(path):
    """Sum of the summaries of all finished blocks."""
    total = {}
    for file in sorted((Path(path) / BOOKS).glob("*.json")):
        add_books(total, json.loads(file.read_text(encoding="utf-8")))
    return total


def warn_of_outside(named, card):
    """Warn once of the records that ``outside="skip"`` left out."""
    if named:
        shown = "; ".join(named[:_NAMED])
        more = "; and more" if len(named) > _NAMED else ""
        warn_user(f"{card.name}: outside its range and left out: {shown}{more}.")


def add_books(total, books):
    """Add one block's summary to a sum, in place."""
    for name, value in books.items():
        if name in ("block", "set"):
            continue
        if name == "files":
            total.setdefault(name, {}).update(value)
        elif isinstance(value, dict):
            mine = total.setdefault(name, {})
            for key, count in value.items():
                mine[key] = mine.get(key, 0) + count
        elif isinstance(value, list):
            total[name] = sorted({*total.get(name, []), *value})
        else:
            total[name] = total.get(name, 0) + value


def run_serial(job, numbers, step, inside=None):
    """Make blocks one after the other in this process; `step` is called after each, `inside` as in `make_block`."""
    for number in numbers:
        make_block(job, number, inside)
        step()


def run_dask(job, numbers, step, client):
    """Make blocks on a Dask cluster; if a worker dies, another makes its blocks.

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

    # a separate task: a worker that dies then loses only data that can be made again
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
    """Yield a Dask client: a local cluster of processes for "local", else that of an address, or the one given."""
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
