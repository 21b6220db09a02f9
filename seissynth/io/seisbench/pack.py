"""Copy a set into less space: samples of fewer binary digits, compressed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from seissynth.errors import InputError
from seissynth.io.seisbench.chunked import write_in_chunks
from seissynth.io.seisbench.dataset import Dataset
from seissynth.io.seisbench.set_files import DESCRIPTIONS, facts_of
from seissynth.shared.atomic import replacing
from seissynth.shared.checks import whole

#: digits of a float32 after the first one, the most that are asked for
DIGITS = 23
#: of each type: whole numbers of the same size, and its digits after the first one
_WORDS = {"float16": ("int16", 10), "float32": ("int32", DIGITS), "float64": ("int64", 52)}
#: types of whole numbers that the writer has no place for: the smallest of its own that holds them. Of uint64 only
#: what int64 holds can be written; compressed, the zeros before a number take next to no space
_HELD_BY = {"int8": "int16", "uint8": "int16", "uint16": "int32", "uint32": "int64", "uint64": "int64"}
#: records read at a time
_TOGETHER = 64
#: entries of the format that have arguments of their own
_OWN = ("dimension_order", "component_order", "sampling_rate", "unit", "measurement")
#: columns that the reader adds
_ADDED = ("trace_name", "trace_chunk")


def pack_dataset(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    bits: int = 8,
    records_per_chunk: int = 10_000,
    overwrite: bool = False,
    progress: Callable[[int], Any] | None = None,
) -> int:
    """Copy a set in SeisBench's format into less space, for a machine that it has to be carried to.

    Parameters
    ----------
    path : str or path
        The set.
    output : str or path
        Folder of the copy, which any reader of the format can read. It gets the set's ``dataset.json`` or
        ``cut_report.json``, too, with a note on the packing; other files are not copied.
    bits : int
        Binary digits of a sample after the first, 1 to 23: each sample changes by at most 2 to the power of
        ``-(bits + 1)`` of itself, 0.2 % with 8. With 23 float32 does not change, and whole numbers never do, of 64
        binary digits as of fewer.
    records_per_chunk : int
    overwrite : bool
        Replace a set in `output`.
    progress : callable, optional
        Called with the number of records written.

    Returns
    -------
    int
        Number of records.

    Raises
    ------
    InputError
        No such set, a set without records or with records of different components or types of samples, `output` the
        set itself, or `bits` out of range.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from pathlib import Path
    >>> from seissynth.io.seisbench import Dataset, DatasetWriter
    >>> from seissynth.io.seisbench.pack import pack_dataset
    >>> folder = Path(tempfile.mkdtemp())
    >>> noise = np.random.default_rng(0).standard_normal((4, 3, 6000)).astype("float32")
    >>> with DatasetWriter(folder / "set", sampling_rate_hz=100.0) as writer:
    ...     writer.write([{"source_id": "a"}] * 4, noise)
    >>> pack_dataset(folder / "set", folder / "small")
    4
    >>> sizes = [(folder / name / "waveforms.hdf5").stat().st_size for name in ("small", "set")]
    >>> round(sizes[0] / sizes[1], 1)
    0.5
    >>> bool(np.allclose(Dataset(folder / "small").waveforms(), noise, rtol=2**-9))
    True
    """
    whole("bits", bits)
    if bits > DIGITS:
        raise InputError(f"bits={bits} must be 1 to {DIGITS}; a float32 has no more.")
    source = Dataset(path)
    if Path(output).resolve() == Path(path).resolve():
        raise InputError(f"{output} is the set itself; give another folder for the copy.")
    if not len(source):
        raise InputError(f"{path} holds no record, so there is nothing to copy.")
    order = source.component_order
    if not order:
        raise InputError(f"{path} holds records of different components; select those of one order first.")
    kind = source.waveform(0, order, None).dtype
    table = source.metadata.drop(columns=[name for name in _ADDED if name in source.metadata])
    extra = {key: value for key, value in source.data_format.items() if key not in _OWN}
    facts = {
        "component_order": order, "sampling_rate_hz": source.sampling_rate_hz,
        "dtype": _HELD_BY.get(kind.name, kind.name),
        "unit": source.unit or "unknown", "quantity": source.data_format.get("measurement") or "unknown",
    }  # fmt: skip
    done = write_in_chunks(
        output, _rows(source, table, order, kind, bits), records_per_chunk=records_per_chunk, overwrite=overwrite,
        progress=progress, compressed=True, extra_format=extra, **facts,
    )  # fmt: skip
    _describe(Path(path), Path(output), bits)
    return done


def _describe(path, output, bits):
    """Copy what describes the set, with the copy's own files: training knows made sets by it, readers whole ones."""
    for name in DESCRIPTIONS:
        try:
            description = json.loads((path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # none, or what no reader of the set takes for one
            continue
        if not isinstance(description, dict):
            continue
        files = sorted([*output.glob("metadata*.csv"), *output.glob("waveforms*.hdf5")])
        description |= {"files": {file.name: facts_of(file) for file in files}, "packed": {"bits": bits}}
        with replacing(output / name) as beside:
            beside.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def _rows(source, table, order, kind, bits):
    columns = table.to_dict("records")
    for first in range(0, len(source), _TOGETHER):
        for row in range(first, min(first + _TOGETHER, len(source))):
            samples = source.waveform(row, order, None)
            if samples.dtype.name != kind.name:  # a file has one type, in which these samples may have no place
                raise InputError(
                    f"{source.path}: row {row} is {samples.dtype.name} and row 0 {kind.name}; copy each type by itself."
                )
            yield columns[row], rounded(samples, bits)


def rounded(samples: np.ndarray, bits: int) -> np.ndarray:
    """Return samples with so many binary digits after the first one; whole numbers unchanged.

    Parameters
    ----------
    samples : ndarray
    bits : int
        From 1; as many as the type has, or more, change nothing.

    Examples
    --------
    >>> rounded(np.array([1.0, 1.2, -1.3, 3e-9], np.float32), 2).tolist()[:3]
    [1.0, 1.25, -1.25]
    """
    kind, digits = _WORDS.get(samples.dtype.name, ("", 0))
    if bits >= digits:
        return samples
    left = digits - bits
    words = np.ascontiguousarray(samples, dtype=samples.dtype.newbyteorder("=")).view(kind)
    out = ((words + (1 << (left - 1))) & ~((1 << left) - 1)).view(samples.dtype.name)
    return np.where(np.isfinite(out), out, samples)
