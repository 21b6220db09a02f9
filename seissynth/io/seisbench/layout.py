"""Layout of a SeisBench folder: chunks, the data_format group, positions of traces in blocks.

The format is described in SeisBench's documentation (Woollam et al., 2022, doi:10.1785/0220210324): metadata in
``metadata<chunk>.csv``, samples in ``waveforms<chunk>.hdf5``, and a text file ``chunks`` with one chunk name per line.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import numpy as np

from seissynth.errors import FileFormatError, InputError

METADATA = "metadata{}.csv"
WAVEFORMS = "waveforms{}.hdf5"
CHUNKS = "chunks"

#: what a folder without data_format means: components first, then samples
DEFAULT_DIMENSIONS = "CW"
_PART = re.compile(r"\s*(-?\d*)\s*(?:(:)\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?)?")


def find_chunks(path):
    """Return the sorted names of the chunks in a folder; ``[""]`` if it is not chunked.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    InputError
        No such folder.
    FileFormatError
        It has no chunk, or only one file of a chunk.
    """
    path = Path(path)
    if not path.is_dir():
        raise InputError(f"cannot read {path}: there is no such folder; give the one that holds metadata.csv.")
    listed = listed_chunks(path)
    if listed:
        return listed
    if (path / WAVEFORMS.format("")).is_file() or (path / METADATA.format("")).is_file():
        return [""]
    tables, arrays = present_chunks(path)
    if not tables & arrays and any(path.glob("records_*.h5")):
        raise FileFormatError(
            f"{path} is a set in ASDF; convert it to SeisBench's format first: seissynth dataset convert {path} NEW."
        )
    if not tables & arrays:
        raise FileFormatError(
            f"{path} holds no data set in SeisBench's format: metadata.csv and waveforms.hdf5 are wanted, or "
            "metadata<chunk>.csv and waveforms<chunk>.hdf5."
        )
    # a killed writer of another program may leave one half alone; complete chunks stay readable
    return sorted(tables & arrays)


def listed_chunks(path):
    """Return the sorted names listed in the file `chunks`; an empty list without that file."""
    path = Path(path) / CHUNKS
    if not path.is_file():
        return []
    return sorted({line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()})


def present_chunks(path):
    """Return the sets of chunk names for which a metadata and a waveform file exist."""
    chunks = []
    for pattern in (METADATA, WAVEFORMS):
        before, after = pattern.split("{}")
        names = (item.name for item in Path(path).iterdir())
        chunks.append({name[len(before) : -len(after)] for name in names if _fits(name, before, after)})
    return tuple(chunks)


def _fits(name, before, after):
    return name.startswith(before) and name.endswith(after) and len(name) >= len(before) + len(after)


def read_format(file):
    """Return the group ``data_format`` of an open HDF5 file as a dict of plain values."""
    data_format = {}
    for key, item in file.get("data_format", {}).items():
        data_format[key] = _plain(item[()])
    return data_format


def _plain(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, np.ndarray):
        items = [_plain(item) for item in value.ravel().tolist()]
        # some old writers stored "ZNE" as three letters
        return "".join(items) if items and all(isinstance(item, str) for item in items) else tuple(items)
    return value.item() if isinstance(value, np.generic) else value


def trace_axes(dimension_order, path):
    """Return the axes (component, sample) of one trace, for a stored order such as ``CW``, ``NCW`` or ``WC``.

    SeisBench writes the order of one trace (``CW``); other writers include the ``N`` of the block.
    """
    letters = str(dimension_order or DEFAULT_DIMENSIONS).upper().replace("N", "")
    if sorted(letters) != ["C", "W"]:
        raise FileFormatError(
            f"{path}: data_format/dimension_order is {dimension_order!r}; known are orders of C (component) and W "
            "(sample), with or without N (trace)."
        )
    return letters.index("C"), letters.index("W")


def parse_name(name):
    """Split a trace name into its block and its position there.

    Parameters
    ----------
    name : str
        ``bucket0$3,:3,:6000``, or the name of a separate data set.

    Returns
    -------
    block : str
    place : tuple of int and slice
        Empty for a separate data set.

    Raises
    ------
    ValueError
        The text after the dollar sign is not a position.

    Examples
    --------
    >>> from seissynth.io.seisbench.layout import parse_name
    >>> parse_name("bucket0$3,:3,:6000")
    ('bucket0', (3, slice(None, 3, None), slice(None, 6000, None)))
    """
    block, dollar, index = str(name).partition("$")
    if not dollar:
        return block, ()
    return block, tuple(_part(text, name) for text in index.split(","))


def _part(text, name):
    match = _PART.fullmatch(text)
    if not match or not text.strip():
        raise ValueError(f"{name!r} is not a place in a block, such as 'bucket0$3,:3,:6000'")
    start, colon, stop, step = match.groups()
    if not colon:
        return int(start)
    return slice(*(int(item) if item else None for item in (start, stop, step)))


def component_positions(stored, wanted, missing):
    """Return for each requested component its position among the stored ones, -1 for one to be filled with zeros.

    Raises
    ------
    ValueError
        A component is absent and `missing` is not "zeros", or `stored` is not a component order.
    """
    if not stored or len(set(stored)) != len(stored):
        raise ValueError(f"its component order {stored!r} names no component, or one of them twice")
    absent = [letter for letter in wanted if letter not in stored]
    if absent and missing != "zeros":
        raise ValueError(
            f"its components are {stored!r}, so there is no {' and no '.join(absent)}; ask for "
            f"component_order={stored!r}, rotate the records, or pass missing='zeros'"
        )
    return [stored.index(letter) if letter in stored else -1 for letter in wanted]


def as_order(component_order):
    """Return a component order such as ``"ZNE"`` as text, or raise InputError."""
    order = "".join(component_order) if isinstance(component_order, list | tuple) else component_order
    if not isinstance(order, str) or not order or len(set(order)) != len(order) or not order.isalnum():
        raise InputError(f"{component_order=} must hold different letters or digits, such as 'ZNE' or 'Z12'.")
    return order.upper()


def chunk_label(chunk):
    """Return the label of a chunk in messages."""
    return f"chunk {chunk!r}" if chunk else "the data set"


def write_chunks_file(path: str | os.PathLike[str]) -> list[str]:
    """Write the file ``chunks`` of a folder: the names of all chunks with both files.

    Readers, including SeisBench, then need not search the folder. The file is replaced atomically.

    Parameters
    ----------
    path : str or path
        Folder of the data set.

    Returns
    -------
    list of str
        The names, sorted.

    Raises
    ------
    InputError
        No such folder.
    FileFormatError
        No chunk exists.
    """
    from seissynth.shared.atomic import replacing

    path = Path(path)
    if not path.is_dir():
        raise InputError(f"cannot write {path / CHUNKS}: there is no such folder.")
    tables, arrays = present_chunks(path)
    names = sorted((tables & arrays) - {""})
    if not names:
        raise FileFormatError(f"{path} holds no chunk (metadata<chunk>.csv with waveforms<chunk>.hdf5) to list.")
    with replacing(path / CHUNKS) as beside:
        beside.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return names


@contextlib.contextmanager
def hdf5_errors(path):
    """Convert errors of h5py about a file to one FileFormatError that names it."""
    try:
        yield
    except (OSError, RuntimeError, KeyError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(
            f"{path} cannot be read as HDF5 ({' '.join(str(error).split())}); it is cut off, damaged or "
            "something else. Copy or make it again; the other chunks of the folder are not touched by this."
        ) from error
