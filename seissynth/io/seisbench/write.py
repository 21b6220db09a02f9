"""Write SeisBench folders: samples in blocks and rows as they come; both appear only if no error occurs."""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError, WriteError
from seissynth.io.careful_file import CarefulFile
from seissynth.io.seisbench.layout import CHUNKS, METADATA, WAVEFORMS, as_order
from seissynth.io.seisbench.read import all_finite
from seissynth.io.seisbench.rows import RowFile, plain_rows
from seissynth.shared.atomic import to_disk
from seissynth.shared.wording import a_kind

if TYPE_CHECKING:
    import pandas

#: samples that wait for their block to fill, bytes; beyond it the fullest block is written early
WAITING_BYTES = 256 * 2**20
#: records whose lengths differ by less than this share a block, padded with zeros
_LENGTH_STEP = 1.1
_TYPES = ("float16", "float32", "float64", "int16", "int32", "int64")


class DatasetWriter:
    """Write a data set, or one chunk of it, in SeisBench's format; a context manager.

    Both files are written under hidden names in the same folder and renamed when the context ends without an error,
    the samples first and the metadata last. After an error the chunk does not exist, and earlier files in the folder
    are unchanged. Memory does not grow with the number of records.

    Parameters
    ----------
    path : str or path
        Folder; made if absent.
    component_order : str
        Order of the components, both in the input of `write` and as stored.
    sampling_rate_hz : float, optional
        Of all records. None: each row states it in ``trace_sampling_rate_hz``.
    unit, quantity : str
        Unit and quantity of the samples, such as "m/s" and "velocity".
    chunk : str, optional
        Write this chunk of a larger set, such as "_000012"; see `write_chunks_file`. None: a set without chunks.
    bucket_size : int
        Records per HDF5 block.
    dtype : {"float16", "float32", "float64", "int16", "int32", "int64"}
        Stored type. A value outside its range is an error.
    compressed : bool
        Compress each record by itself: less space, slower to read.
    extra_format : mapping of str to str or number, optional
        More entries of the group ``data_format``, such as a licence or the preparation as text.
    overwrite : bool
        Replace existing files.

    Raises
    ------
    InputError
        Wrong arguments, existing files, rows or samples that cannot be stored; with the row.
    WriteError
        The disk is full or cannot be written to.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from seissynth.io.seisbench import DatasetWriter
    >>> with DatasetWriter(tempfile.mkdtemp(), sampling_rate_hz=50.0) as writer:
    ...     writer.write([{"trace_p_arrival_sample": 120.5}], np.zeros((1, 3, 3000), "float32"))
    >>> len(writer)
    1
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        component_order: str = "ZNE",
        sampling_rate_hz: float | None = None,
        unit: str = "m/s",
        quantity: str = "velocity",
        chunk: str | None = None,
        bucket_size: int = 256,
        dtype: str = "float32",
        compressed: bool = False,
        extra_format: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self.chunk = _chunk_name(chunk)
        self.component_order = as_order(component_order)
        if sampling_rate_hz is not None and not (np.isfinite(sampling_rate_hz) and sampling_rate_hz > 0):
            raise InputError(f"{sampling_rate_hz=} must be above zero.")
        self.sampling_rate_hz = None if sampling_rate_hz is None else float(sampling_rate_hz)
        if isinstance(bucket_size, bool) or not isinstance(bucket_size, int | np.integer) or bucket_size < 1:
            raise InputError(f"{bucket_size=} is the number of records in a block: a whole number from 1.")
        self.bucket_size = int(bucket_size)
        if np.dtype(dtype).name not in _TYPES:
            raise InputError(f"{dtype=} is not stored; known are {', '.join(_TYPES)}.")
        self.dtype, self.compressed = np.dtype(dtype), compressed
        self.overwrite = overwrite
        self._format = self._data_format(unit, quantity, extra_format)
        self._file = None
        self._count = self._blocks = 0
        self._waiting: dict = {}
        self._error: Exception | None = None
        self._refuse_existing()

    def _data_format(self, unit, quantity, extra):
        # SeisBench puts the block's N in front itself, and refuses a stored one
        facts = {"dimension_order": "CW", "component_order": self.component_order, "unit": str(unit)}
        facts["measurement"] = str(quantity)
        facts["instrument_response"] = "not restituted" if quantity == "counts" else "restituted"
        if self.sampling_rate_hz is not None:
            facts["sampling_rate"] = self.sampling_rate_hz
        for key, value in (extra or {}).items():
            if key in ("dimension_order", "component_order", "sampling_rate", "unit", "measurement"):
                raise InputError(f"extra_format holds {key!r}, which has its own argument.")
            if not isinstance(value, str | int | float) or (isinstance(value, float) and not np.isfinite(value)):
                raise InputError(f"extra_format[{key!r}] is {value!r}; text and finite numbers can be stored.")
            facts[str(key)] = value
        return facts

    @property
    def paths(self) -> tuple[Path, Path]:
        """The two files: metadata and waveforms."""
        return self.path / METADATA.format(self.chunk), self.path / WAVEFORMS.format(self.chunk)

    def _refuse_existing(self):
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"cannot write {self.path}: it is a file; give the name of a folder.")
        if not self.overwrite:
            for path in self.paths:
                if path.exists():
                    raise InputError(f"{path} exists; pass overwrite=True to replace it.")
        if self.chunk and (self.path / WAVEFORMS.format("")).exists():
            raise InputError(f"{self.path} holds a set of one piece, beside which readers find no chunk.")
        if not self.chunk and (self.path / CHUNKS).exists():
            raise InputError(f"{self.path} holds a set in chunks, which hide a set of one piece; use another folder.")

    def __len__(self):
        return self._count

    def __enter__(self):
        import h5py

        try:
            self.path.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self.path, self.chunk)
            mark = f".{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:8]}.partial"
            self._beside = tuple(path.with_name(f".{path.name}{mark}") for path in self.paths)
            self._rows = RowFile(self._beside[0])
            self._raw = CarefulFile(self._beside[1])
            self._file = h5py.File(self._raw, "w")
            self._data = self._file.create_group("data")
        except OSError as error:
            self._abandon()
            raise self._write_error(error) from error
        return self

    def __exit__(self, kind, error, traceback):
        if kind is not None or self._error is not None:
            self._abandon()
            if kind is None:  # the caller swallowed the error, but the chunk is not whole
                raise self._error
            return
        self._require_open()
        try:
            for key in list(self._waiting):
                self._write_block(key)
            group = self._file.create_group("data_format")
            for key, value in self._format.items():
                group.create_dataset(key, data=value)
            self._file.close()
            self._raw.check()
            self._raw.close()
            self._rows.close()
            for path in self._beside:
                to_disk(path)
            # the metadata come last: without them readers do not see the chunk
            if self.overwrite:
                self.paths[0].unlink(missing_ok=True)
            self._beside[1].replace(self.paths[1])
            self._beside[0].replace(self.paths[0])
            self._file = None
        except (OSError, RuntimeError) as failure:  # HDF5 raises RuntimeError when closing fails
            self._abandon()
            raise self._write_error(failure) from failure
        except BaseException:
            self._abandon()
            raise

    def write(self, metadata: pandas.DataFrame | list[dict], waveforms: np.ndarray | list[np.ndarray]) -> None:
        """Add records.

        Parameters
        ----------
        metadata : pandas.DataFrame or list of dict, n rows
            SeisBench's column names; missing is NaN or None. ``trace_name`` and ``trace_npts`` are added; a row may
            lack columns that others have.
        waveforms : ndarray, shape (n, components, npts), or list of n arrays of shape (components, npts_i)

        Raises
        ------
        InputError
            Numbers of rows that differ, another number of components, NaN or infinite samples, values outside the range
            of the type, a sampling rate that is unknown or not that of the set; with the row. Nothing of the call is
            then written.
        WriteError
            The disk is full. The writer can no longer be used; leave the context.
        """
        self._require_open()
        table, names = plain_rows(metadata)
        arrays = self._checked(waveforms, len(table))
        self._complete(table, names, arrays)
        try:
            for row, array in zip(table, arrays, strict=True):
                row["trace_name"] = self._place(array)
            self._rows.add(table, ["trace_name", *(name for name in names if name != "trace_name")])
        except (OSError, RuntimeError) as error:
            self._error = self._write_error(error)
            raise self._error from error
        self._count += len(table)

    def _require_open(self):
        if self._error is not None:
            raise self._error
        if self._file is None:
            raise InputError("a DatasetWriter writes inside its context: 'with DatasetWriter(...) as writer:'.")

    def _checked(self, waveforms, count):
        try:
            arrays = [np.asarray(item) for item in waveforms]
        except TypeError:
            raise InputError(f"waveforms is {a_kind(waveforms)}; give an array or a list of arrays.") from None
        if len(arrays) != count:
            raise InputError(f"metadata holds {count} rows but waveforms {len(arrays)} records; they belong together.")
        for number, array in enumerate(arrays):
            if array.ndim != 2 or array.shape[0] != len(self.component_order) or not array.shape[1]:
                raise InputError(
                    f"row {self._count + number}: samples of shape {array.shape}, but ({len(self.component_order)}, "
                    f"npts) is wanted for the components {self.component_order}."
                )
            arrays[number] = self._cast(array, self._count + number)
        return arrays

    def _cast(self, array, row):
        """Return the samples in the stored type, or raise an error for values outside its range."""
        if array.dtype.kind not in "iuf":
            raise InputError(f"row {row}: samples of type {array.dtype}; numbers are wanted.")
        if array.dtype.kind == "f" and not all_finite(array):
            count = np.count_nonzero(~np.isfinite(array))
            raise InputError(f"row {row}: {count} samples are NaN or infinite; fill or leave out such records.")
        if array.dtype == self.dtype:
            return array
        if self.dtype.kind == "i":
            limits = np.iinfo(self.dtype)
            # as Python's whole numbers: the largest int64 is no float
            inside = int(array.min()) >= limits.min and int(array.max()) <= limits.max
            if not inside or (array.dtype.kind == "f" and np.any(array != np.rint(array))):
                raise InputError(f"row {row}: samples are not whole numbers within {self.dtype}; store another dtype.")
            return array.astype(self.dtype)
        with np.errstate(over="ignore"):
            stored = array.astype(self.dtype)
        if not np.isfinite(stored).all():
            largest = np.abs(array.astype(float)).max()
            raise InputError(
                f"row {row}: a sample of {largest:g} is beyond {self.dtype} ({np.finfo(self.dtype).max:g}); "
                "scale the records, or store another dtype."
            )
        return stored

    def _complete(self, table, names, arrays):
        """Add required values to every row, and compare them with those given in the rows."""
        names.extend(name for name in ("trace_sampling_rate_hz", "trace_npts") if name not in names)
        for number, (row, array) in enumerate(zip(table, arrays, strict=True)):
            rate = row.get("trace_sampling_rate_hz")
            rate = self.sampling_rate_hz if rate is None else rate
            if not isinstance(rate, int | float) or not rate > 0:
                raise InputError(
                    f"row {self._count + number}: the sampling rate is {rate!r}; give the writer sampling_rate_hz, or "
                    "each row trace_sampling_rate_hz."
                )
            if self.sampling_rate_hz is not None and abs(rate - self.sampling_rate_hz) > 1e-4 * rate:
                raise InputError(
                    f"row {self._count + number}: {rate:g} Hz in a set of {self.sampling_rate_hz:g} Hz; resample it, "
                    "or open the writer with sampling_rate_hz=None."
                )
            order = row.pop("trace_component_order", None)
            if order not in (None, "", self.component_order):
                raise InputError(
                    f"row {self._count + number}: trace_component_order is {order!r}, but this writer stores "
                    f"{self.component_order!r}."
                )
            row["trace_sampling_rate_hz"], row["trace_npts"] = rate, array.shape[1]
        if "trace_component_order" in names:
            names.remove("trace_component_order")

    def _place(self, array):
        """Store one record in its block and return its name."""
        key = int(np.ceil(np.log(array.shape[1]) / np.log(_LENGTH_STEP)))
        if key not in self._waiting:
            self._waiting[key] = (f"bucket{self._blocks}", [])
            self._blocks += 1
        block, members = self._waiting[key]
        name = f"{block}${len(members)},:{array.shape[0]},:{array.shape[1]}"
        # a copy, since the caller may reuse its array before the block is written
        members.append(array.copy())
        if len(members) >= self.bucket_size:
            self._write_block(key)
        elif len(self._waiting) > 1:
            self._limit_waiting()
        return name

    def _limit_waiting(self):
        sizes = {key: sum(item.nbytes for item in members) for key, (_, members) in self._waiting.items()}
        if sum(sizes.values()) > WAITING_BYTES:
            self._write_block(max(sizes, key=sizes.get))

    def _write_block(self, key):
        block, members = self._waiting.pop(key)
        longest = max(item.shape[1] for item in members)
        joined = np.zeros((len(members), len(self.component_order), longest), self.dtype)
        for target, item in zip(joined, members, strict=True):
            target[:, : item.shape[1]] = item
        how = {"chunks": (1, *joined.shape[1:]), "compression": "gzip", "shuffle": True} if self.compressed else {}
        self._data.create_dataset(block, data=joined, **how)
        self._raw.check()

    def _abandon(self):
        """Close and remove incomplete files."""
        self._waiting.clear()
        for item in (self._file, getattr(self, "_raw", None), getattr(self, "_rows", None)):
            # a full disk hits again while closing; the files go anyway
            with contextlib.suppress(OSError, RuntimeError):
                if item is not None:
                    item.close()
        self._file = None
        for path in getattr(self, "_beside", ()):
            path.unlink(missing_ok=True)

    def _write_error(self, error):
        return WriteError(
            f"{self.paths[1]} cannot be written at record {self._count} ({' '.join(str(error).split())}); is the disk "
            "full? Nothing of this chunk is kept; what was written before is untouched."
        )


def remove_leftovers(path, chunk=""):
    """Remove hidden files of a chunk left by a killed writer on this machine.

    Parameters
    ----------
    path : str or path
    chunk : str

    Returns
    -------
    list of pathlib.Path
        Removed files.
    """
    removed = []
    for pattern in (METADATA, WAVEFORMS):
        start = f".{pattern.format(chunk)}.{socket.gethostname()}."
        for item in Path(path).iterdir():
            if item.name.startswith(start) and item.name.endswith(".partial"):
                process = item.name[len(start) :].split(".")[0]
                if process.isdigit() and not _alive(int(process)):
                    item.unlink(missing_ok=True)
                    removed.append(item)
    return removed


def _alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _chunk_name(chunk):
    name = "" if chunk is None else str(chunk)
    if any(letter in name for letter in "/\\\n$") or name.strip() != name:
        raise InputError(f"{chunk=} becomes part of a file name; use letters, digits, '_' and '-'.")
    return name
