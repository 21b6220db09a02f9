"""Write a stream of records to a SeisBench folder, in chunks that are completed one by one."""

import os
import shutil
from pathlib import Path

from seissynth.errors import InputError
from seissynth.io.seisbench.dataset import DatasetWriter, write_chunks_file
from seissynth.io.seisbench.set_files import DESCRIPTIONS
from seissynth.shared.bounds import within
from seissynth.shared.folder_lock import fills

#: number of records handed to the writer at a time
_ROWS = 64


@fills("output", "writing a data set")
def write_in_chunks(output, pairs, *, records_per_chunk, overwrite=False, progress=None, **options):
    """Write rows and samples as they come, in chunks, each complete before the next begins.

    Parameters
    ----------
    output : str or path
    pairs : iterable of (dict, ndarray of shape (components, npts))
    records_per_chunk : int
        A set without chunks if all records fit into one.
    overwrite : bool
    progress : callable, optional
    **options
        Of `DatasetWriter`.

    Returns
    -------
    int
        Number of records written; with none, no file is made.
    """
    output = Path(output)
    within("records_per_chunk", records_per_chunk)
    old = refuse_set(output, overwrite)
    # an older set stays until the new one is complete; without one, each chunk is readable once written
    if not output.name:
        raise InputError(f"{output} is the root of the file system; give a folder for the set.")
    folder = output.with_name(f".{output.name}.{os.getpid()}.partial") if old else output
    try:
        done = _write(folder, iter(pairs), records_per_chunk, progress, options)
        if old and done:
            # also what describes the older files, which readers would miss
            for path in [*old, *(output / name for name in DESCRIPTIONS)]:
                path.unlink(missing_ok=True)
            for path in sorted(folder.iterdir()):
                path.replace(output / path.name)
    finally:
        if old:
            shutil.rmtree(folder, ignore_errors=True)
    return done


def _write(folder, pairs, records_per_chunk, progress, options):
    done, number, waiting = 0, 0, next(pairs, None)
    while waiting is not None:
        with DatasetWriter(folder, chunk=f"_{number:06d}", **options) as writer:
            while waiting is not None and len(writer) < records_per_chunk:
                batch = []
                while waiting is not None and len(batch) < min(_ROWS, records_per_chunk - len(writer)):
                    batch.append(waiting)
                    waiting = next(pairs, None)
                writer.write([row for row, _ in batch], [data for _, data in batch])
                done += len(batch)
                if progress:
                    progress(done)
        number += 1
    if number == 1:
        # the metadata last, as the writer does
        (folder / "waveforms_000000.hdf5").replace(folder / "waveforms.hdf5")
        (folder / "metadata_000000.csv").replace(folder / "metadata.csv")
    elif number:
        write_chunks_file(folder)
    return done


def refuse_set(output, overwrite):
    """Refuse a folder with a set that may not be replaced; return the files of that set."""
    output = Path(output)
    if output.exists() and not output.is_dir():
        raise InputError(f"cannot write {output}: it is a file; give the name of a folder.")
    if not output.is_dir():
        return []
    held = [*output.glob("metadata*.csv"), *output.glob("waveforms*.hdf5"), *output.glob("chunks")]
    if held and not overwrite:
        raise InputError(f"{output} holds a data set ({held[0].name}); give another folder, or overwrite it.")
    return held
