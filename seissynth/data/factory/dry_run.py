"""The dry run: metadata of a set, and its estimated cost."""

import tempfile
import time

import numpy as np

from seissynth.data.factory.folder import DESCRIPTION, PLAN
from seissynth.data.factory.report import DatasetReport
from seissynth.data.factory.run import add_books, count_rows, empty_counts, warn_of_outside
from seissynth.errors import InputError
from seissynth.shared.atomic import replacing
from seissynth.shared.csv_cells import write_table

_TRIAL_RECORDS = 64


def plans(job):
    """Yield metadata and summary of one block at a time."""
    for first, last in job.settings.blocks():
        plan = job.maker.plan(first, last)
        books = {**empty_counts(), "events": 0}
        books["left_out"] = {name: count for name, count in plan.left_out.items() if count}
        books["outside"] = plan.outside
        if len(plan):
            frame = job.maker.metadata(plan)
            count_rows(books, frame)
            books["events"] = len(set(plan.events.tolist()))
            yield frame, books
        else:
            yield None, books


def dry_run(job):
    """Write the metadata of a set, and estimate its cost; return a DatasetReport."""
    path = job.path
    if (path / DESCRIPTION).exists():
        raise InputError(f"{path} holds a set already; give another folder for the plan of one.")
    path.mkdir(parents=True, exist_ok=True)
    total = {}
    with replacing(path / PLAN) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        for frame, books in plans(job):
            add_books(total, books)
            if frame is not None:
                write_table(frame, file, index=False, header=file.tell() == 0)
        text_bytes = file.tell()
    warn_of_outside(total.pop("outside", []), job.maker.backend.card)
    seconds = _trial(job) * total["records"]
    size = total["records"] * 12 * job.settings.npts + text_bytes
    split = job.settings.split or {}
    total["parts"] = {name: (total["parts"].get(name, 0), share) for name, share in split.items()}
    return DatasetReport(path, **total, bytes=size, seconds=seconds, planned=True)


def _trial(job):
    """Time per record in s, measured on a few records of the first block that has any."""
    for first, last in job.settings.blocks():
        plan = job.maker.plan(first, last)
        if not len(plan):
            continue
        for count in (1, _TRIAL_RECORDS):  # the first one loads the backend and compiles
            began = time.perf_counter()
            frame, waveforms = job.maker._piece(plan, np.arange(min(count, len(plan))))
            with tempfile.TemporaryFile() as file:
                file.write(waveforms.tobytes())
        return (time.perf_counter() - began) / len(frame)
    return 0.0
