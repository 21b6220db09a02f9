"""Data sets in SeisBench's format: metadata.csv and waveforms.hdf5, read lazily.

Samples are read on request, and no file is ever loaded as a whole: sets may be larger than memory. Neither SeisBench
nor ObsPy is needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import FileFormatError, InputError
from seissynth.io.seisbench.layout import (
    METADATA,
    WAVEFORMS,
    as_order,
    chunk_label,
    component_positions,
    find_chunks,
    hdf5_errors,
    read_format,
    trace_axes,
    write_chunks_file,
)
from seissynth.io.seisbench.read import FilePool, ReadError, all_finite
from seissynth.io.seisbench.set_files import check_files
from seissynth.io.seisbench.shown import metadata_cells
from seissynth.io.seisbench.table import common_rate, read_table, unify_orders, unify_rates
from seissynth.io.seisbench.write import DatasetWriter
from seissynth.seeding import generator, hash_words
from seissynth.shared.tables import html_table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Dataset", "DatasetWriter", "write_chunks_file"]

#: what the samples are; chunks that disagree here cannot be read as one set
_MEANING = ("unit", "measurement", "instrument_response")


class Dataset:
    """A data set in SeisBench's format.

    Parameters
    ----------
    path : str or path
        Folder with ``metadata.csv`` and ``waveforms.hdf5``, or with chunks of them.
    chunks : sequence of str, optional
        Only these chunks, by the part of their names after "metadata"; all by default.

    Raises
    ------
    InputError
        No such folder or chunk.
    FileFormatError
        Files that are absent, cut off, or not in SeisBench's format; with file and row.

    Notes
    -----
    Threads may share a Dataset. A copy in another process (fork or pickle) opens the files again.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from seissynth.io.seisbench import Dataset, DatasetWriter
    >>> folder = tempfile.mkdtemp()
    >>> rows = [{"source_magnitude": 3.1, "split": "train"}, {"source_magnitude": 4.5, "split": "test"}]
    >>> with DatasetWriter(folder, sampling_rate_hz=100.0) as writer:
    ...     writer.write(rows, np.ones((2, 3, 500), "float32"))
    >>> dataset = Dataset(folder)
    >>> len(dataset), dataset.sampling_rate_hz, dataset.component_order, dataset.unit
    (2, 100.0, 'ZNE', 'm/s')
    >>> dataset.split("test").waveforms([0], component_order="NE").shape
    (1, 2, 500)
    >>> waveform, metadata = dataset[1]
    >>> waveform.shape, metadata["source_magnitude"]
    ((3, 500), np.float64(4.5))
    """

    def __init__(self, path: str | os.PathLike[str], *, chunks: Sequence[str] | None = None) -> None:
        self.path = Path(path)
        check_files(self.path, chunks)
        self.chunks = _chosen_chunks(self.path, chunks)
        files = [(self.path / METADATA.format(chunk), self.path / WAVEFORMS.format(chunk)) for chunk in self.chunks]
        for pair in files:
            for file in pair:
                if not file.is_file():
                    raise FileFormatError(f"{file} is absent, but {self.path} lists it or holds its other half.")
        self._open(files, [_stored_format(pair[1]) for pair in files], read_table)

    def _open(self, files, formats, read):
        """Read tables and open waveform files; `read` converts the path of a table to one with SeisBench's columns."""
        self._places, self._formats, self._pool = files, formats, FilePool()
        self._axes = [
            trace_axes(data_format.get("dimension_order"), pair[1])
            for pair, data_format in zip(files, formats, strict=True)
        ]
        _require_one_meaning(self.path, self.chunks, formats)
        tables = []
        for chunk, (path, _), data_format in zip(self.chunks, files, formats, strict=True):
            table = read(path)
            unify_rates(table, data_format, path)
            unify_orders(table, data_format, path)
            table["trace_chunk"] = chunk
            tables.append(table)
        # where each row comes from: number of the chunk, row in its table
        self._chunk = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        self._row = np.concatenate([np.arange(len(table)) for table in tables])
        self._set_metadata(_joined(tables))

    @classmethod
    def of_files(
        cls,
        metadata: str | os.PathLike[str],
        waveforms: str | os.PathLike[str],
        data_format: dict,
        read: Callable[..., Any],
    ) -> Dataset:
        """Open a set whose two files have other names and columns, such as STEAD.

        Parameters
        ----------
        metadata, waveforms : path
        data_format : dict
            Values missing in the file: dimension and component order, sampling rate, unit.
        read : callable
            Path of the table -> DataFrame with SeisBench's columns, ``trace_name`` among them.

        Returns
        -------
        Dataset
        """
        dataset = object.__new__(cls)
        dataset.path, dataset.chunks = Path(metadata).parent, [""]
        stored = _stored_format(Path(waveforms))
        dataset._open([(Path(metadata), Path(waveforms))], [{**data_format, **stored}], read)
        return dataset

    def _set_metadata(self, metadata):
        self.metadata = metadata
        # kept apart from the table, which users may change
        self._names = metadata["trace_name"].to_numpy(object)
        self._orders = metadata["trace_component_order"].to_numpy(object)
        self._rates = metadata["trace_sampling_rate_hz"].to_numpy(float)

    def __len__(self):
        return len(self._names)

    def __repr__(self):
        rate = "mixed rates" if self.sampling_rate_hz is None else f"{self.sampling_rate_hz:g} Hz"
        return f"Dataset({str(self.path)!r}: {len(self)} records, {self.component_order or 'mixed components'}, {rate})"

    def _repr_html_(self):
        head, rows = metadata_cells(self.metadata)
        return html_table(head, rows, f"{self!r}, {self.unit or 'unit not stated'}")

    def __getitem__(self, key):
        """Return a record, ``(waveform, metadata)``, for a number; a part of the set for a slice, a mask or numbers.

        The waveform has shape (components, npts) in the components and the type in which it is stored.
        """
        if isinstance(key, slice):
            return self.select(np.arange(len(self))[key])
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            if not -len(self) <= key < len(self):
                raise IndexError(f"record {key} does not exist: {self.path} holds {len(self)}.")
            return self.waveform(key, None, None), self.metadata.iloc[key]
        return self.select(key)

    # --- what is in it

    @property
    def data_format(self) -> dict[str, Any]:
        """The group ``data_format`` as a dict; for several chunks, their common entries."""
        first, *others = self._formats
        return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}

    @property
    def unit(self) -> str | None:
        """Unit of the samples as stored, or None if the set does not state it."""
        return self.data_format.get("unit")

    @property
    def sampling_rate_hz(self) -> float | None:
        """Sampling rate of all records; None if they differ or one is unknown."""
        return common_rate(self._rates)

    @property
    def component_order(self) -> str | None:
        """Component order of all records as stored; None if they differ or it is unknown."""
        orders = set(self._orders)
        return (orders.pop() or None) if len(orders) == 1 else None

    def where(self, row: int) -> str:
        """Describe the position of a record: metadata file and row, line and trace name.

        Parameters
        ----------
        row : int

        Returns
        -------
        str
        """
        path, inside = self._places[self._chunk[row]][0], int(self._row[row])
        return f"{path}, row {inside} (line {inside + 2}, trace {self._names[row]!r})"

    # --- parts of it

    def select(self, rows: ArrayLike) -> Dataset:
        """Return a part of the set; it shares the open files.

        Parameters
        ----------
        rows : array of bool, shape (len(self),), or array of int
            A mask, or row numbers in any order.

        Returns
        -------
        Dataset
        """
        rows = self._as_rows(rows)
        part = object.__new__(type(self))
        part.path, part.chunks, part._pool = self.path, self.chunks, self._pool
        part._places, part._formats, part._axes = self._places, self._formats, self._axes
        part._chunk, part._row = self._chunk[rows], self._row[rows]
        part._set_metadata(self.metadata.iloc[rows].reset_index(drop=True))
        # the stored facts, even where the user changed the table
        part._names, part._orders, part._rates = self._names[rows], self._orders[rows], self._rates[rows]
        return part

    def split(self, name: str) -> Dataset:
        """Return the records whose column ``split`` holds `name` ("train", "dev", "test").

        Raises
        ------
        InputError
            No such column, or no such record.
        """
        if "split" not in self.metadata:
            raise InputError(f"{self.path} has no column 'split'; make one with seissynth.data.splits.")
        mask = (self.metadata["split"] == name).to_numpy()
        if not mask.any():
            known = ", ".join(sorted({str(item) for item in self.metadata["split"]}))
            raise InputError(f"no record of {self.path} is in split {name!r}; the column holds: {known}.")
        return self.select(mask)

    # --- samples

    def waveform(
        self,
        row: int,
        component_order: str | None = "ZNE",
        dtype: Any = "float32",
        *,
        missing: str = "raise",
        nonfinite: str = "raise",
    ) -> np.ndarray:
        """Return the samples of one record.

        Parameters
        ----------
        row : int
        component_order, dtype, missing, nonfinite
            As in `waveforms`.

        Returns
        -------
        ndarray, shape (number of components, npts)
        """
        [samples] = self._read(self._as_rows([row]), component_order, dtype, missing, nonfinite)
        return samples

    def waveforms(
        self,
        rows: np.ndarray | None = None,
        component_order: str = "ZNE",
        dtype: Any = "float32",
        *,
        pad: str | None = None,
        missing: str = "raise",
        nonfinite: str = "raise",
    ) -> np.ndarray:
        """Return the samples of several records in one array.

        Parameters
        ----------
        rows : array of int or mask, optional
            Row numbers, in any order and with repetitions, or a mask; all by default.
        component_order : str or None
            Requested components, in this order, such as "ZNE" or "Z"; None returns them as stored.
        dtype : numpy dtype or None
            Type of the result; None keeps the stored type.
        pad : {None, "zeros"}
            What to do if lengths differ: an error, or zeros after the end of the shorter ones.
        missing : {"raise", "zeros"}
            What to do about a component that a record lacks.
        nonfinite : {"raise", "keep"}
            What to do about NaN and infinite samples.

        Returns
        -------
        ndarray, shape (n, number of components, npts)
            In the stored unit, see `unit`.

        Raises
        ------
        InputError
            Mixed sampling rates or lengths, a missing component, a nonexistent row.
        FileFormatError
            Samples that are missing at the position in the table, cut off, or not finite; with file and row.
        """
        rows = self._as_rows(np.arange(len(self)) if rows is None else rows)
        if pad not in (None, "zeros"):
            raise InputError(f"{pad=} is unknown; known are None and 'zeros'.")
        self._require_one_rate(rows)
        records = self._read(rows, component_order, dtype, missing, nonfinite)
        shapes = {item.shape for item in records}
        if len({shape[0] for shape in shapes}) > 1:
            raise InputError(f"records of {self.path} hold different numbers of components; name component_order.")
        lengths = sorted({shape[1] for shape in shapes})
        if len(lengths) > 1 and pad is None:
            raise InputError(
                f"records of {self.path} hold {lengths[0]} to {lengths[-1]} samples ({len(lengths)} lengths), which "
                "make no array; pass pad='zeros', or select those of one trace_npts."
            )
        if not records:
            return np.zeros((0, len(component_order or ""), 0), dtype)
        common_dtype = np.result_type(*{item.dtype for item in records})
        result = np.zeros((len(records), records[0].shape[0], lengths[-1]), common_dtype)
        for target, item in zip(result, records, strict=True):
            target[:, : item.shape[1]] = item
        return result

    def batches(
        self, size: int, *, shuffle_seed: int | None = None, drop_last: bool = False, **options: Any
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Iterate once over the set in batches.

        Parameters
        ----------
        size : int
            Records per batch; the last may have fewer.
        shuffle_seed : int, optional
            Seed of a random order; stored order by default.
        drop_last : bool
            Leave out a smaller last batch.
        **options
            Of `waveforms`.

        Yields
        ------
        rows : ndarray of int
        waveforms : ndarray
        """
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise InputError(f"{size=} is the number of records in a batch: a whole number from 1.")
        order = np.arange(len(self))
        if shuffle_seed is not None:
            order = generator(hash_words("batches", shuffle_seed)).permutation(order)
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            if drop_last and len(rows) < size:
                return
            yield rows, self.waveforms(rows, **options)

    def close(self) -> None:
        """Close the files; they are opened again when samples are requested."""
        self._pool.close()

    def _as_rows(self, rows):
        numbers = np.asarray(rows)
        if numbers.ndim == 0:
            numbers = numbers[None]
        if numbers.dtype == bool:
            if numbers.shape != (len(self),):
                raise InputError(f"the mask has shape {numbers.shape}, but there are {len(self)} records.")
            return np.flatnonzero(numbers)
        if numbers.size == 0:
            return np.zeros(0, int)
        if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
            kind = f"{numbers.dtype} of {numbers.shape}"
            raise InputError(f"rows are whole numbers or a mask in one dimension, not {kind}.")
        outside = numbers[(numbers < -len(self)) | (numbers >= len(self))]
        if len(outside):
            raise InputError(f"row {outside[0]} does not exist: {self.path} holds rows 0 to {len(self) - 1}.")
        return np.where(numbers < 0, numbers + len(self), numbers).astype(int)

    def _require_one_rate(self, rows):
        rates = self._rates[rows]
        if len(rows) and not np.all(np.isnan(rates)) and common_rate(rates) is None:
            other = rows[int(np.argmax(~(np.abs(rates - rates[0]) <= 1e-4 * rates[0])))]
            raise InputError(
                f"mixed sampling rates: {rates[0]:g} Hz in {self.where(rows[0])}, {self._rates[other]:g} Hz in "
                f"{self.where(other)}; select the records of one trace_sampling_rate_hz, or resample the set first."
            )

    def _read(self, rows, component_order, dtype, missing, nonfinite):
        if missing not in ("raise", "zeros") or nonfinite not in ("raise", "keep"):
            raise InputError(f"{missing=}, {nonfinite=}: known are 'raise' and 'zeros', 'raise' and 'keep'.")
        wanted = None if component_order is None else as_order(component_order)
        records = [None] * len(rows)
        for number in np.unique(self._chunk[rows]):
            members = np.flatnonzero(self._chunk[rows] == number)
            file = self._pool.get(self._places[number][1])
            try:
                arrays = file.read([self._names[rows[member]] for member in members])
            except ReadError as error:
                raise FileFormatError(f"{self.where(rows[members[error.position]])}: {error.reason}.") from error
            for member, array in zip(members, arrays, strict=True):
                records[member] = self._arranged(rows[member], array, self._axes[number], wanted, missing, dtype)
        if nonfinite == "raise":
            for row, array in zip(rows, records, strict=True):
                if not all_finite(array):
                    raise FileFormatError(
                        f"{self.where(row)}: {np.count_nonzero(~np.isfinite(array))} samples are NaN or infinite; "
                        "leave the record out, or pass nonfinite='keep'."
                    )
        return records

    def _arranged(self, row, array, axes, wanted, missing, dtype):
        """Reshape one trace to (components, samples)."""
        stored = self._orders[row]
        array = np.asarray(array)
        dtype = array.dtype.newbyteorder("=") if dtype is None else dtype
        if array.ndim == 1 and len(stored) == 1:
            array = array[None]
        elif array.ndim == 2:
            array = array if axes == (0, 1) else array.T
        else:
            raise FileFormatError(f"{self.where(row)}: an array of shape {array.shape} is not one trace.")
        if wanted is None or wanted == stored == "ZNE"[: len(array)]:
            return array.astype(dtype)
        if stored and len(stored) != len(array):
            raise FileFormatError(
                f"{self.where(row)}: the component order {stored!r} does not fit {len(array)} stored components."
            )
        try:
            positions = component_positions(stored, wanted, missing)
        except ValueError as error:
            raise InputError(f"{self.where(row)}: {error}.") from error
        if -1 not in positions:
            return array[positions].astype(dtype)
        result = np.zeros((len(positions), array.shape[1]), dtype)
        for target, position in zip(result, positions, strict=True):
            if position >= 0:
                target[:] = array[position]
        return result


def _chosen_chunks(path, chunks):
    known = find_chunks(path)
    if chunks is None:
        return known
    chosen = [chunks] if isinstance(chunks, str) else list(chunks)
    absent = [chunk for chunk in chosen if chunk not in known]
    if absent or not chosen:
        raise InputError(f"{path} has no chunk {absent or chosen}; it has {', '.join(map(repr, known))}.")
    return chosen


def _stored_format(path):
    import h5py

    with hdf5_errors(path), h5py.File(path, "r") as file:
        return read_format(file)


def _require_one_meaning(path, chunks, formats):
    for key in _MEANING:
        values = {str(data_format.get(key)): chunk for chunk, data_format in zip(chunks, formats, strict=True)}
        if len(values) > 1:
            text = ", ".join(f"{value} ({chunk_label(chunk)})" for value, chunk in values.items())
            raise FileFormatError(f"{path}: data_format/{key} differs among the chunks: {text}; read them separately.")


def _joined(tables):
    import pandas

    if len(tables) == 1:
        return tables[0]
    return pandas.concat(tables, ignore_index=True)
