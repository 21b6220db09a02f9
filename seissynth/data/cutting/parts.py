"""Parts of an unfinished cut, one for each block of time, from which a killed run resumes.

A part is a file of rows (JSON, one a line), a file of samples (float32), and a summary, which is written last, by
rename: counts, sizes and digests. The set itself is written from the parts when all are complete, and does not depend
on interruptions.
"""

import contextlib
import dataclasses
import hashlib
import json
import shutil

import numpy as np

from seissynth.data.cutting.settings import CutReport
from seissynth.io.seisbench.set_files import facts_of, wrong_files
from seissynth.shared.atomic import replacing

#: hidden folder of the parts, inside the data set's
PARTS = ".cutting"
_ABOUT = "cut.json"


class Parts:
    """The parts of one cut.

    Parameters
    ----------
    output : pathlib.Path
        Folder of the data set, locked.
    fingerprint : str
        Digest of everything that determines the cut; parts of another cut are removed.
    npts : int
        Samples of a window.
    """

    def __init__(self, output, fingerprint, npts):
        self.folder, self.fingerprint, self.npts = output / PARTS, fingerprint, npts

    def found(self):
        """Whether parts of this cut exist."""
        try:
            return json.loads((self.folder / _ABOUT).read_text(encoding="utf-8")) == {"cut": self.fingerprint}
        except (OSError, ValueError):
            return False

    def begin(self):
        """Make the folder, and remove parts of any other cut."""
        if not self.found():
            self.remove()
            self.folder.mkdir()
            with replacing(self.folder / _ABOUT) as beside:
                beside.write_text(json.dumps({"cut": self.fingerprint}), encoding="utf-8")

    def remove(self):
        """Remove all parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def books(self, number):
        """(CutReport, ids of sensors) of a finished block; None for one that is unfinished or damaged."""
        try:
            books = json.loads(self._path(number, "json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if wrong_files(self.folder, books["files"]):
            return None
        return CutReport(**books["report"]), books["sensors"]

    @contextlib.contextmanager
    def writing(self, number):
        """Yield a `PartWriter` for a block; its part is valid once the context ends without an error."""
        paths = self._path(number, "rows"), self._path(number, "samples")
        with paths[0].open("w", encoding="utf-8") as rows, paths[1].open("wb") as samples:
            part = PartWriter(rows, samples)
            yield part
        report = dataclasses.asdict(part.report)
        books = {"report": report, "sensors": part.sensors, "files": {path.name: facts_of(path) for path in paths}}
        with replacing(self._path(number, "json")) as beside:
            beside.write_text(json.dumps(books), encoding="utf-8")

    def batches(self, blocks, size):
        """Yield (rows, samples) of all blocks in order, `size` records at a time, across the parts' borders."""
        rows, data = [], []
        for number in range(blocks):
            with self._path(number, "rows").open(encoding="utf-8") as lines:
                table = [json.loads(line) for line in lines]
            samples = np.fromfile(self._path(number, "samples"), dtype=np.float32).reshape(-1, 3, self.npts)
            for row, record in zip(table, samples, strict=True):
                rows.append(row)
                data.append(record)
                if len(rows) == size:
                    yield rows, np.stack(data)
                    rows, data = [], []
        if rows:
            yield rows, np.stack(data)

    def _path(self, number, ending):
        return self.folder / f"{number:06d}.{ending}"


class PartWriter:
    """Writer of the rows of one block.

    Attributes
    ----------
    report : CutReport
        Report that receives the counts.
    sensors : list of str
        Ids of the sensors used.
    """

    def __init__(self, rows, samples):
        self._rows, self._samples = rows, samples
        self.report, self.sensors = CutReport(), []

    def add(self, row, data):
        """Add one window: a dict and float32 samples, shape (3, npts)."""
        self._rows.write(json.dumps(row, default=lambda value: value.item()) + "\n")
        self._samples.write(np.ascontiguousarray(data, dtype=np.float32).tobytes())


def fingerprint_of(archive, inventory, quakes, picks, settings):
    """Digest of everything that determines the result of a cut."""
    from pathlib import Path

    from seissynth import __version__
    from seissynth.data.factory.settings import hash_of_inventory

    picker = settings.picker
    weights = Path(picker) if isinstance(picker, str) and Path(picker).is_file() else None
    parts = (
        __version__,
        json.dumps(settings.to_dict(), sort_keys=True, default=str),
        None if weights is None else (weights.stat().st_size, weights.stat().st_mtime_ns),
        hash_of_inventory(inventory),
        [
            (quake.key, quake.magnitude, quake.magnitude_type, quake.time.ns, sorted(found.items()))
            for quake, found in zip(quakes, picks, strict=True)
        ],
        archive.fingerprint(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()
