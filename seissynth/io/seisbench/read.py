"""Read samples of single traces from HDF5 blocks: threads share open files, and each process opens its own."""

import os
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from seissynth.errors import FileFormatError
from seissynth.io.hdf5_outside import lies_outside
from seissynth.io.seisbench.layout import hdf5_errors, parse_name
from seissynth.shared.locks import new_lock, new_rlock

#: open files at most; a set of more chunks closes the one that was not used for longest
OPEN_FILES = 64
#: open compressed blocks of a file at most, and the bytes that HDF5 keeps unpacked for each
OPEN_BLOCKS, UNPACKED_BYTES = 16, 8 * 2**20


class FilePool:
    """HDF5 files by path, opened when needed. Threads may share one; a copy in another process starts empty."""

    def __init__(self):
        self._start()

    def _start(self):
        self._lock = new_lock()
        self._files = OrderedDict()
        self._process = os.getpid()

    def __getstate__(self):
        return {}

    def __setstate__(self, state):
        self._start()

    def get(self, path):
        """Return the `BlockFile` of a path."""
        if self._process != os.getpid():
            # after a fork the handles belong to the parent: forget them without closing
            self._start()
        with self._lock:
            file = self._files.get(path)
            if file is None:
                file = self._files[path] = BlockFile(path)
                while len(self._files) > OPEN_FILES:
                    self._files.popitem(last=False)[1].close()
            self._files.move_to_end(path)
            return file

    def close(self):
        """Close all files; they are opened again when needed."""
        with self._lock:
            while self._files:
                self._files.popitem()[1].close()


@dataclass(frozen=True)
class _Plain:
    """A block with the same layout in the file and in memory, which can be read without HDF5."""

    offset: int
    shape: tuple
    dtype: np.dtype

    @property
    def row_bytes(self):
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize


class BlockFile:
    """One waveform file: `read` returns the array of a trace name."""

    def __init__(self, path):
        self.path = path
        self._lock = new_rlock()
        self._file = None
        self._descriptor = None
        self._plain = {}
        self._blocks = OrderedDict()

    def close(self):
        """Close the file; the next `read` opens it again."""
        with self._lock:
            self._plain.clear()
            self._blocks.clear()
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
            if self._file is not None:
                self._file.close()
                self._file = None

    def __del__(self):
        if getattr(self, "_descriptor", None) is not None:
            os.close(self._descriptor)

    def read(self, names):
        """Return one array per trace name, as stored; names in one block are read in the order of the file.

        Raises
        ------
        ReadError
            With the position in `names` and the reason.
        """
        addresses = []
        for position, name in enumerate(names):
            try:
                addresses.append(parse_name(name))
            except ValueError as error:
                raise ReadError(position, str(error)) from error
        records = [None] * len(addresses)
        with self._lock:
            self._open()
            for position in sorted(range(len(addresses)), key=lambda item: _disk_order(addresses[item])):
                try:
                    records[position] = self._one(*addresses[position])
                except ReadError:
                    raise
                except (OSError, RuntimeError, KeyError, IndexError, ValueError, TypeError) as error:
                    reason = f"{names[position]!r} cannot be read ({' '.join(str(error).split())})"
                    raise ReadError(position, reason) from error
        return records

    def _open(self):
        import h5py

        if self._file is None:
            with hdf5_errors(self.path):
                self._file = h5py.File(self.path, "r", rdcc_nbytes=UNPACKED_BYTES)
            if "data" not in self._file:
                self._file.close()
                self._file = None
                raise FileFormatError(f"{self.path} has no group 'data', in which SeisBench keeps the samples.")
            self._descriptor = os.open(self.path, os.O_RDONLY)

    def _one(self, block, index):
        plain = self._plain.get(block)
        if plain is None and block not in self._blocks:
            plain = self._look(block)
        if plain is not None and index and isinstance(index[0], int) and len(index) == len(plain.shape):
            return self._row(plain, index)
        data = self._blocks.get(block)
        if data is None:
            data = self._file["data"][block]
        else:
            self._blocks.move_to_end(block)
        return data[index if index else ()]

    def _look(self, block):
        """Inspect the layout of a block in the file."""
        import h5py

        data = self._file["data"][block]
        if not isinstance(data, h5py.Dataset):
            raise ValueError(f"data/{block} is a group")
        if data.file.id != self._file.id:
            raise ValueError(f"data/{block} links to {data.file.filename}; only samples in the file itself are read")
        if where := lies_outside(data):
            raise ValueError(f"data/{block} {where}; only samples in the file itself are read")
        if data.dtype.kind not in "iufb":
            raise ValueError(f"data/{block} holds {data.dtype}, which are no samples")
        # unusual numbers, as whole numbers of 24 bits, are left to HDF5, and so are offsets after a user block
        usual = data.dtype.kind in "iuf" and data.id.get_type().equal(h5py.h5t.py_create(data.dtype))
        simple = usual and data.chunks is None and self._file.userblock_size == 0 and hasattr(os, "pread")
        offset = data.id.get_offset() if simple else None  # None for a block that was never written, too
        if offset is not None:
            plain = self._plain[block] = _Plain(offset, data.shape, data.dtype)
            return plain
        self._blocks[block] = data
        while len(self._blocks) > OPEN_BLOCKS:
            self._blocks.popitem(last=False)
        return None

    def _row(self, plain, index):
        row = index[0] + plain.shape[0] if index[0] < 0 else index[0]
        if not 0 <= row < plain.shape[0]:
            raise IndexError(f"row {index[0]} of a block of {plain.shape[0]}")
        content = os.pread(self._descriptor, plain.row_bytes, plain.offset + row * plain.row_bytes)
        if len(content) != plain.row_bytes:
            raise OSError("the file ends before these samples: it is cut off")
        return np.frombuffer(content, plain.dtype).reshape(plain.shape[1:])[index[1:]]


def all_finite(array):
    """Whether all samples are finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        # the sum is much quicker than looking at each sample, and only when it is not finite one has to
        return bool(np.isfinite(array.sum())) or bool(np.isfinite(array).all())


class ReadError(Exception):
    """A trace cannot be read: its position in the request, and the reason. Callers name file and row."""

    def __init__(self, position, reason):
        super().__init__(position, reason)
        self.position = position
        self.reason = reason


def _disk_order(address):
    block, where = address
    first = where[0] if where and isinstance(where[0], int) else -1
    return block, first
