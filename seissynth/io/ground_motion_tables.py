"""Flat files of observed ground motion, read as one table in SI.

Such files come from anybody: numbers that cannot be are refused with their line, unknown values are left out and
counted.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import FileFormatError, InputError
from seissynth.io.flatfile_layouts import (
    NEEDED,
    TEXTS,
    detect_layout,
    period_columns,
    read_mapping,
)
from seissynth.io.ground_motion_rows import SHORT_S, add_measures, check_units, usable_rows
from seissynth.shared.bounds import BOUNDS

if TYPE_CHECKING:
    import pandas

#: rows of a file, at most; the largest public flat files have some 100,000
MOST_ROWS = 1_000_000
#: largest values that are believed, SI: 10 g, 10 m/s, 20 g, 1000 s
LARGEST = {"pga": 98.1, "pgv": 10.0, "psa": 196.2, "d5_95_s": 1000.0, "vertical_pga": 98.1, "vertical_psa": 196.2}
_CHUNK_ROWS = 5_000
_LONGEST_HEADER = 1_000_000
_EMPTY = ("", "nan", "na", "n/a", "null", "none", "-")


@dataclass(frozen=True)
class GroundMotionTable:
    """Result of `read_ground_motion`.

    Attributes
    ----------
    rows : DataFrame
        One row per record: places, magnitude, distances and Vs30 under the names of `seissynth.schema`, ``event_id``,
        ``site`` (NET.STA), ``mechanism``, corners ``high_pass_hz``, ``low_pass_hz`` and ``usable_from_hz``, and the
        measures `measures` in SI. Unknown values are NaN or empty.
    measures : tuple of str
        "pga", "pgv", "psa_0.3", "d5_95_s", and "vh_pga", "vh_psa_0.3" where the file has the vertical component.
    component : str
        What the horizontal measures are: "rotd50", "rotd100" or "geometric_mean".
    layout : str
        Kind of file, in words.
    notes : tuple of str
        What was left out, and what looks wrong.
    """

    rows: pandas.DataFrame
    measures: tuple
    component: str
    layout: str
    notes: tuple

    def __len__(self):
        return len(self.rows)


def read_ground_motion(
    path: str | os.PathLike[str],
    mapping: str | os.PathLike[str] | None = None,
    periods_s: Sequence[float] | None = None,
) -> GroundMotionTable:
    r"""Read a flat file of observed ground motion.

    Parameters
    ----------
    path : str or path
        CSV with commas, semicolons or tabs, also compressed (.gz). ESM, NGA-West2 and USGS are told by their header.
    mapping : str or path, optional
        Columns and units of another file, see `seissynth.io.flatfile_layouts.read_mapping`.
    periods_s : sequence of float, optional
        Periods of PSA; all by default. Each must be in the file.

    Returns
    -------
    GroundMotionTable

    Raises
    ------
    InputError
        No such file, a period that it lacks.
    FileFormatError
        An unknown header, a value that is no number or out of bounds (with its line), units that do not fit each other.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from seissynth.io.ground_motion_tables import read_ground_motion
    >>> head = ("EarthquakeId,EarthquakeLatitude,EarthquakeLongitude,EarthquakeDepth,EarthquakeMagnitude,StationCode,"
    ...         "StationLatitude,StationLongitude,JoynerBooreDistance,PGA,PGV,SA(0.300)")
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "usgs.csv"
    >>> _ = path.write_text(head + "\nci1,35.7,-117.5,8,4.5,CLC,35.8,-117.6,14.3,2.0,1.0,4.0\n")
    >>> table = read_ground_motion(path)
    >>> table.layout, [round(float(table.rows[name][0]), 4) for name in table.measures]
    ('USGS (gmprocess)', [0.1961, 0.01, 0.3923])
    """
    path = Path(path)
    header, mark = _read_header(path)
    layout = read_mapping(mapping) if mapping is not None else detect_layout(header, path)
    columns = _columns_of(layout, header, path, periods_s)
    rows, notes = _read_rows(path, mark, layout, columns)
    rows, notes = usable_rows(rows, notes, path)
    rows, measures = add_measures(rows, columns)
    if not measures:
        raise FileFormatError(f"{path} holds no value of PGA, PGV or PSA that is known; check it, or its mapping.")
    notes += check_units(rows, measures, path)
    if periods_s is not None:
        wanted = {f"psa_{period:g}" for period in map(float, periods_s)}
        measures = tuple(name for name in measures if "psa_" not in name or name.removeprefix("vh_") in wanted)
    return GroundMotionTable(rows.reset_index(drop=True), measures, layout.component, layout.title, tuple(notes))


def _read_header(path: Path) -> tuple[list[str], str]:
    """Names of the columns, and the mark between them."""
    if not path.is_file():
        raise InputError(f"cannot read the flat file {path}: there is no such file.")
    import gzip

    try:
        opener = gzip.open if path.suffix.lower() == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
            line, second = file.readline(_LONGEST_HEADER), file.readline(_LONGEST_HEADER)
    except (OSError, EOFError) as error:
        raise FileFormatError(f"{path} cannot be read as a flat file: {error}.") from error
    if "\0" in line or len(line) >= _LONGEST_HEADER or not line.strip():
        raise FileFormatError(f"{path} is not a flat file: its first line must name the columns.")
    mark = max(";\t,", key=line.count)
    header = next(csv.reader([line.rstrip("\r\n")], delimiter=mark))
    twice = [
        name for name, count in Counter(name.strip().lower() for name in header if name.strip()).items() if count > 1
    ]
    if mark not in line:
        raise FileFormatError(
            f"{path} is not a flat file: its first line has one column; use commas, semicolons or tabs."
        )
    if twice:
        raise FileFormatError(f"{path} has the column {twice[0]!r} twice; leave one out.")
    fields = len(next(csv.reader([second.rstrip("\r\n")], delimiter=mark), []))
    if fields > len(header):  # readers would take the first columns for names of rows, and shift the others
        raise FileFormatError(
            f"{path} has {len(header)} columns and {fields} values in line 2; they must be equally many."
        )
    return header, mark


def _columns_of(layout, header, path, periods_s):
    """Our name -> list of (column of the file, factor); PSA by period as ``psa_0.3``."""
    known = {name.strip().lower(): name for name in header}
    found = {}
    for name, columns in layout.columns.items():
        if name in ("psa", "vertical_psa"):
            for period, column in period_columns(layout, name, header).items():
                found[f"{name}_{period:g}"] = [(column, columns[0][1])]
            continue
        there = [(known[column.lower()], factor) for column, factor in columns if column.lower() in known]
        if there:
            found[name] = there
        elif layout.name == "mapping":
            raise FileFormatError(f"{path} has no column {columns[0][0]!r}, which the mapping gives for {name}.")
    absent = [name for name in NEEDED if name not in found]
    if absent:
        wanted = layout.columns[absent[0]][0][0]
        raise FileFormatError(f"{path} lacks the column {wanted!r} ({absent[0]}); it has {', '.join(header[:12])}.")
    if periods_s is None:
        return found
    there = {float(name[4:]): name for name in found if name.startswith("psa_")}
    chosen = set()
    for period in map(float, periods_s):
        near = min(there, key=lambda each: abs(each - period), default=np.inf)
        if not abs(near - period) <= 1e-6 * period:
            raise InputError(f"{path} has no PSA at {period:g} s; it has {', '.join(f'{p:g}' for p in sorted(there))}.")
        chosen |= {there[near], f"vertical_{there[near]}"}
    # the shortest period tells whether the units are right
    shortest = min(there, default=np.inf)
    chosen |= {there[shortest]} if shortest <= SHORT_S else set()
    return {name: value for name, value in found.items() if "psa_" not in name or name in chosen}


def _read_rows(path, mark, layout, columns):
    """Table in SI of the columns that are used, and notes; read in parts, so that a wide file costs no memory."""
    import pandas as pd

    used = sorted({column for candidates in columns.values() for column, _ in candidates})
    parts, notes, first = [], Counter(), 2
    try:
        with pd.read_csv(
            path, sep=mark, usecols=used, dtype=str, keep_default_na=False, chunksize=_CHUNK_ROWS, encoding="utf-8-sig",
            encoding_errors="replace", skipinitialspace=True, on_bad_lines="error",
        ) as reader:  # fmt: skip
            for chunk in reader:
                first_line, first = first, first + len(chunk)
                if first > MOST_ROWS + 2:
                    raise FileFormatError(f"{path} has more than {MOST_ROWS:,} rows; split it.")
                parts.append(_numbers_of(chunk, layout, columns, path, first_line, notes))
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError, OSError, EOFError) as error:
        raise FileFormatError(f"{path} cannot be read as a flat file: {error}.") from error
    if not any(len(part) for part in parts):
        raise FileFormatError(f"{path} holds no rows below its header.")
    return pd.concat(parts, ignore_index=True), notes


def _numbers_of(chunk, layout, columns, path, first_line, notes):
    import pandas as pd

    out = {}
    for name, candidates in columns.items():
        if name in TEXTS:
            out[name] = chunk[candidates[0][0]].str.strip().str.slice(0, 200)
            continue
        value = np.full(len(chunk), np.nan)
        for number, (column, factor) in enumerate(candidates):
            one = _as_numbers(chunk[column], column, layout, path, first_line) * factor
            # of two horizontal channels the narrower band is that of both
            if name == "high_pass_hz":
                value = np.fmax(value, one)
            elif name == "low_pass_hz":
                value = np.fmin(value, one)
            else:
                fills = np.isnan(value) & np.isfinite(one)
                value = np.where(fills, one, value)
                if name == "source_magnitude" and layout.magnitude_types:
                    kinds = out.setdefault("source_magnitude_type", np.full(len(chunk), "", dtype=object))
                    kinds[fills] = layout.magnitude_types[number]
        out[name] = _checked(value, name, candidates[0][0], path, first_line, notes)
    return pd.DataFrame(out)


def _as_numbers(column, name, layout, path, first_line):
    import pandas as pd

    text = column.str.strip()
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(float, copy=True)
    wrong = ~np.isfinite(numbers) & ~text.str.lower().isin(_EMPTY).to_numpy()
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise FileFormatError(
            f"{path}, line {first_line + row}: {name} is {text.iloc[row][:40]!r}; a finite number or nothing is wanted."
        )
    numbers[np.isin(numbers, layout.missing)] = np.nan
    return numbers


def _checked(value, name, column, path, first_line, notes):
    """Values within their bounds; a place out of bounds is an error, a measure or Vs30 of 0 or less is unknown."""
    kind = name.rpartition("_")[0] if "psa_" in name else name
    if name.startswith("vertical"):
        value = np.abs(value)  # peaks of one channel may keep their sign
    if kind in LARGEST or name in ("station_vs_30_mps", "high_pass_hz", "low_pass_hz", "usable_from_hz"):
        low = value <= 0
        if low.any() and kind in LARGEST:
            notes[f"{column} of 0 or less"] += int(low.sum())
        value = np.where(low, np.nan, value)
    limits = (0.0, LARGEST[kind]) if kind in LARGEST else None
    if limits is None:
        bound = BOUNDS.get("path_ep_distance_km" if name.startswith("path_") else name)
        limits = (bound.low, bound.high) if bound is not None else (-np.inf, np.inf)
    with np.errstate(invalid="ignore"):
        wrong = (value < limits[0]) | (value > limits[1])
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise FileFormatError(
            f"{path}, line {first_line + row}: {column} gives {name} = {value[row]:g}; {limits[0]:g} to {limits[1]:g} "
            "(SI, km, degrees) can be. Correct the value or the unit, in a mapping file if the file is right."
        )
    return value
