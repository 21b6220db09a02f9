"""Data sets between SeisBench's format and ASDF, and ITACA's ASDF files with their flat-file.

ASDF (Krischer et al., 2016, doi:10.1093/gji/ggw319) holds waveforms by station, events as QuakeML and stations as
StationXML. `asdf_to_seisbench` reads any such file: one row per event and sensor. `seisbench_to_asdf` also stores the
whole metadata table in the file, and nothing is lost on the way back.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from obspy import Stream, Trace

from seissynth.errors import FileFormatError, InputError
from seissynth.io import asdf_rows as rows_of
from seissynth.io.asdf_records import FileRecords
from seissynth.io.asdf_writing import new_asdf
from seissynth.io.flatfile import read_flatfile
from seissynth.io.format_limits import require_storable
from seissynth.io.seisbench.chunked import write_in_chunks
from seissynth.io.seisbench.dataset import Dataset
from seissynth.shared.csv_cells import write_table
from seissynth.shared.folder_lock import fills
from seissynth.shared.warning import warn_user

if TYPE_CHECKING:
    import pandas

__all__ = ["asdf_to_seisbench", "read_asdf_records", "seisbench_to_asdf"]

#: place of the metadata table in ASDF's auxiliary data
_TABLE = ("SeisbenchMetadata", "table")


def read_asdf_records(
    path: str | os.PathLike[str],
    *,
    tag: str | None = None,
    flatfile: str | os.PathLike[str] | pandas.DataFrame | None = None,
    table: bool = True,
) -> Iterator[tuple[dict, np.ndarray]]:
    """Iterate over the three-component records of an ASDF file.

    Parameters
    ----------
    path : str or path
        ASDF file with waveforms and, if present, QuakeML and StationXML (ITACA's files have both).
    tag : str, optional
        Only waveforms of this tag; a pattern such as ``*acc*`` is allowed.
    flatfile : str, path or DataFrame, optional
        ITACA's table (`read_flatfile`). Its magnitudes, coordinates and distances take precedence over the file's.
    table : bool
        Use the metadata table stored in the file by `seisbench_to_asdf`, or beside it by `make_dataset`.

    Yields
    ------
    row : dict
        SeisBench's columns.
    data : ndarray, shape (components, npts)
        In the order of ``trace_component_order``: Z, N, E, with 1, 2, 3 rotated by the azimuths and dips of the
        StationXML. With the table of a set, its components in its order.

    Warns
    -----
    SeisSynthWarning
        Once, with the number of records left out and the reasons: fewer than three components, gaps, unknown azimuth.
    """
    flat = None if flatfile is None else _as_flat(flatfile)
    for _, row, data in _records_of(path, tag, flat, table):
        yield row, data


def _records_of(path, tag, flat, table=True):
    """Yield unit and quantity that a file states, row, and samples of its records."""
    with FileRecords(path, tag=tag, flat=flat, table=_TABLE if table else None) as records:
        stated = records.quantity()
        for row, data in records:
            yield stated, row, data
        if records.refused:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(records.refused.items()))
            warn_user(f"{path}: records left out: {reasons}.")


def asdf_to_seisbench(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    tag: str | None = None,
    flatfile: Any = None,
    unit: str | None = None,
    quantity: str | None = None,
    records_per_chunk: int = 10_000,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> int:
    """Convert ASDF files to a set in SeisBench's format.

    Parameters
    ----------
    source : str or path
        One ASDF file, or a folder of them (``*.h5``, ``*.asdf``).
    output : str or path
        Folder to create.
    tag, flatfile
        As in `read_asdf_records`.
    unit, quantity : str, optional
        Unit and quantity of the samples, which ASDF does not store. Files written by seissynth state them; others are
        "unknown".
    records_per_chunk : int
        A larger set is written in chunks of this many records; each is complete before the next begins.
    overwrite : bool
    progress : callable, optional
        Called with the number of records done.

    Returns
    -------
    int
        Records written.

    Raises
    ------
    InputError, FileFormatError, WriteError
    """
    files = asdf_files(source)
    formats = [FileRecords.stored_format(path, _TABLE) for path in files]
    known = {json.dumps(item, sort_keys=True) for item in formats if item}
    if len(known) > 1:
        raise FileFormatError(
            f"{source}: the files hold sets of different units or preparation; convert them separately."
        )
    stored: dict = next((item for item in formats if item), {})
    extra = {
        key: value
        for key, value in stored.items()
        if key not in ("unit", "measurement", "component_order", "dimension_order", "sampling_rate")
    }
    flat = None if flatfile is None else _as_flat(flatfile)
    items = (item for path in files for item in _records_of(path, tag, flat))
    first = next(items, None)
    known_unit, known_quantity = ("", "") if first is None else first[0]

    def pairs():
        for stated, row, data in items if first is None else chain([first], items):
            if stated != (known_unit, known_quantity) and not (unit and quantity):
                held = " and ".join(name or "unknown quantities" for name in (known_quantity, stated[1]))
                raise FileFormatError(
                    f"{source}: the files hold {held}; convert each by itself, or give unit and quantity."
                )
            yield row, data

    return write_in_chunks(
        output,
        pairs(),
        records_per_chunk=records_per_chunk,
        overwrite=overwrite,
        progress=progress,
        component_order=stored.get("component_order", "ZNE"),
        sampling_rate_hz=stored.get("sampling_rate"),
        unit=unit or stored.get("unit") or known_unit or "unknown",
        quantity=quantity or stored.get("measurement") or known_quantity or "unknown",
        extra_format=extra,
    )


@fills("output", "converting a data set", file=True)
def seisbench_to_asdf(
    source: str | os.PathLike[str] | Dataset,
    output: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> int:
    """Convert a set in SeisBench's format to one ASDF file.

    Each record becomes three traces of the tag ``row_0000000``, and so on; events with the onsets as picks become
    QuakeML, stations StationXML. The metadata table and the data_format are stored in the auxiliary data, from which
    `asdf_to_seisbench` restores the set.

    Parameters
    ----------
    source : str, path or Dataset
        Each row needs ``trace_start_time`` and a sampling rate.
    output : str or path
        ASDF file (``.h5``).
    overwrite : bool
    progress : callable, optional
        Called with the number of records done.

    Returns
    -------
    int
        Records written.

    Raises
    ------
    InputError, FileFormatError, WriteError
    """
    dataset = source if isinstance(source, Dataset) else Dataset(source)
    output = Path(output)
    if output.exists() and not overwrite:
        raise InputError(f"{output} exists; give another name, or overwrite it.")
    table = dataset.metadata
    catalog, events = rows_of.catalog_of(table)
    plain = table.to_dict("records")
    codes = [_codes(row, number, dataset.path) for number, row in enumerate(plain)]
    starts = [rows_of.start_time(row, number, dataset.path) for number, row in enumerate(plain)]
    _require_storable(codes, starts)
    for number, (row, code, start) in enumerate(zip(plain, codes, starts, strict=True)):
        event = events.get(str(row.get("source_id") or ""))
        if event is not None:
            rows_of.add_picks(event, row, number, ".".join(code[0][:4]), start, code[0][4])
    with new_asdf(output) as file:
        if len(catalog):
            file.add_quakeml(catalog)
        inventory = rows_of.inventory_of(table, codes)
        if len(inventory.networks):
            file.add_stationxml(inventory)
        for number, (code, start) in enumerate(zip(codes, starts, strict=True)):
            data = dataset.waveform(number, component_order=None, dtype=None)
            event = events.get(str(plain[number].get("source_id") or ""))
            file.add_waveforms(_stream(data, code, start), tag=f"row_{number:07d}", event_id=event)
            if progress:
                progress(number + 1)
        _add_table(file, dataset)
    return len(dataset)


def asdf_files(source):
    """Return one ASDF file, or those of a folder in the order of their names."""
    source = Path(source)
    if source.is_dir():
        files = sorted(item for item in source.iterdir() if item.suffix.lower() in (".h5", ".asdf"))
        if not files:
            raise InputError(f"{source} holds no ASDF file (*.h5, *.asdf).")
        return files
    if not source.is_file():
        raise InputError(f"cannot read {source}: there is no such file or folder.")
    return [source]


def _as_flat(flatfile):
    return flatfile if hasattr(flatfile, "columns") else read_flatfile(flatfile)


def _codes(row, number, path):
    """Return (network, station, location, channel, rate) of each component of a row."""
    order, rate = row["trace_component_order"], row["trace_sampling_rate_hz"]
    if not order or not rate == rate:
        raise FileFormatError(f"{path}, row {number}: component order or sampling rate is unknown; add it.")
    band = str(row.get("trace_channel") or "")[:2]
    if len(band) < 2:
        # X: derived or generated (SEED); the band letter follows the rate
        band = ("C" if rate >= 250 else "H" if rate >= 80 else "B" if rate >= 10 else "M") + "X"
    network, station = str(row.get("station_network_code") or "XX"), str(row.get("station_code") or f"R{number:04d}")
    location = str(row.get("station_location_code") or "")
    return [(network, station, location, f"{band}{letter}", float(rate)) for letter in order]


def _require_storable(codes, starts):
    """Raise InputError that names codes, rates and times that ASDF cannot hold, before anything is written."""
    first_starts = {(*code, start.year): start for row, start in zip(codes, starts, strict=True) for code in row}
    empty = np.zeros(1, np.float32)
    require_storable([Trace(empty, _header(code[:5], start)) for code, start in first_starts.items()], "ASDF")


def _header(code, start):
    names = ("network", "station", "location", "channel", "sampling_rate")
    return {**dict(zip(names, code, strict=True)), "starttime": start}


def _stream(data, codes, start):
    traces = []
    for samples, code in zip(data, codes, strict=True):
        # ASDF knows no 16-bit floats
        samples = samples.astype(np.float32) if samples.dtype == np.float16 else samples
        traces.append(Trace(np.ascontiguousarray(samples), _header(code, start)))
    return Stream(traces)


def _add_table(file, dataset):
    table = dataset.metadata.drop(columns=["trace_chunk"])
    file_of_text = io.StringIO(newline="")
    write_table(table, file_of_text, index=False)
    text = np.frombuffer(file_of_text.getvalue().encode("utf-8"), np.uint8)
    parameters = {"data_format": json.dumps(dataset.data_format)}
    file.add_auxiliary_data(text, data_type=_TABLE[0], path=_TABLE[1], parameters=parameters)
