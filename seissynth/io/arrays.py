"""Data sets as one memory-mapped NumPy array on disk, with their table in a separate file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import FileFormatError, InputError
from seissynth.io.seisbench.dataset import Dataset
from seissynth.shared.atomic import replacing
from seissynth.shared.csv_cells import write_table

if TYPE_CHECKING:
    import pandas

WAVEFORMS, METADATA = "waveforms.npy", "metadata.csv"
#: axes of the stored array: records N, components C, samples W
LAYOUTS = ("NCW", "WCN")
_TOGETHER = 256


def write_arrays(
    dataset: Dataset | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    component_order: str = "ZNE",
    npts: int | None = None,
    layout: str = "NCW",
    dtype: str = "float32",
) -> Path:
    """Write a data set as ``waveforms.npy`` and ``metadata.csv``.

    Parameters
    ----------
    dataset : Dataset or path
    folder : str or path
        Made where it is missing.
    component_order : str
        Of the array.
    npts : int, optional
        Number of samples kept of each record, from its start; default that of the shortest. Shorter records are padded
        with zeros.
    layout : {"NCW", "WCN"}
        Records first, or last as the thesis on ITACA stores them.
    dtype : str
        "float16", "float32" or "float64".

    Returns
    -------
    pathlib.Path
        Of the array.

    Raises
    ------
    InputError
        An empty set, or an unknown layout or type.
    WriteError
        The disk is full or cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> from seissynth.io.seisbench import DatasetWriter
    >>> folder = tempfile.mkdtemp()
    >>> with DatasetWriter(folder, sampling_rate_hz=50.0) as writer:
    ...     writer.write([{"source_magnitude": 2.5}], np.ones((1, 3, 100), "float32"))
    >>> path = write_arrays(folder, folder + "/arrays")
    >>> waveforms, table = open_arrays(folder + "/arrays")
    >>> waveforms.shape, type(waveforms).__name__, float(table["source_magnitude"][0])
    ((1, 3, 100), 'memmap', 2.5)
    """
    data = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
    if not len(data):
        raise InputError("the set holds no record.")
    if layout not in LAYOUTS:
        raise InputError(f"layout={layout!r} must be one of {', '.join(map(repr, LAYOUTS))}.")
    if dtype not in ("float16", "float32", "float64"):
        raise InputError(f"dtype={dtype!r} must be 'float16', 'float32' or 'float64'.")
    if npts is None:
        lengths = data.metadata.get("trace_npts")
        npts = data.waveforms(np.array([0])).shape[-1] if lengths is None else int(lengths.min())
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shape = (len(data), 3, int(npts))
    with replacing(folder / WAVEFORMS) as beside:
        stored = np.lib.format.open_memmap(beside, "w+", dtype, shape if layout == "NCW" else shape[::-1])
        records = stored if layout == "NCW" else stored.T
        for first in range(0, len(data), _TOGETHER):
            rows = np.arange(first, min(first + _TOGETHER, len(data)))
            part = data.waveforms(rows, component_order=component_order)[..., :npts]
            records[rows, :, : part.shape[-1]] = part
        stored.flush()
        del stored, records
    table = data.metadata.assign(trace_component_order=component_order, trace_npts=int(npts))
    with replacing(folder / METADATA) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        write_table(table, file, index=False)
    return folder / WAVEFORMS


def open_arrays(folder: str | os.PathLike[str]) -> tuple[np.ndarray, pandas.DataFrame]:
    """Open the result of `write_arrays`; samples are read on use.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    numpy.memmap, shape (records, 3, npts)
        Read-only, for any layout on disk.
    pandas.DataFrame
        One row a record.

    Raises
    ------
    FileFormatError
        No such files, or files that do not belong together.
    """
    import pandas as pd

    folder = Path(folder)
    try:
        # no pickle: an array of objects could run anything
        waveforms = np.load(folder / WAVEFORMS, mmap_mode="r", allow_pickle=False)
        table = pd.read_csv(folder / METADATA, low_memory=False)
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{folder} holds no arrays of a data set that can be read: {error}") from error
    if waveforms.ndim == 3 and waveforms.shape[::-1][:2] == (len(table), 3) and waveforms.shape[:2] != (len(table), 3):
        waveforms = waveforms.T
    if waveforms.ndim != 3 or waveforms.shape[:2] != (len(table), 3):
        raise FileFormatError(f"{folder}: an array of shape {waveforms.shape} does not match {len(table)} rows.")
    return waveforms, table
