"""ITACA's flat-file: the table of events, stations and distances of its waveforms.

Its fields are those of appendix B, table B.1, of the thesis on WGAN-GP with ITACA (2024).
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import FileFormatError, InputError

if TYPE_CHECKING:
    import pandas

#: field (any case) -> column of SeisBench's names
FIELDS = {
    "event_name": "source_name",
    "event_id": "source_id",
    "event_latitude_degree": "source_latitude_deg",
    "event_longitude_degree": "source_longitude_deg",
    "event_depth_km": "source_depth_km",
    "network": "station_network_code",
    "station_code": "station_code",
    "station_name": "station_name",
    "station_latitude_degree": "station_latitude_deg",
    "station_longitude_degree": "station_longitude_deg",
    "epi_dist_km": "path_ep_distance_km",
    "sampling_interval_s": "trace_dt_s",
    "ndata": "trace_npts",
    "dur_s": "trace_significant_duration_s",
    "component": "trace_component",
    "filename": "trace_name_original",
}
_NUMBERS = {name for name in FIELDS.values() if name.endswith(("_deg", "_km", "_s", "_npts"))}
_NEEDED = ("event_id", "station_code")


def read_flatfile(path: str | os.PathLike[str]) -> pandas.DataFrame:
    r"""Read ITACA's flat-file.

    Parameters
    ----------
    path : str or path
        Text with one header line; fields separated by semicolons, commas or tabs.

    Returns
    -------
    pandas.DataFrame
        SeisBench's columns, one row per line of the file. ``source_magnitude`` is Mw if available, else Ml;
        ``source_magnitude_type`` states which. Other fields keep their names.

    Raises
    ------
    InputError
        There is no such file.
    FileFormatError
        A required field is absent, or a value is not a number; the message gives the line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from seissynth.io.flatfile import read_flatfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "flat.txt"
    >>> _ = path.write_text("EVENT_ID;STATION_CODE;Ml;Mw\nIT-2016-0001;AMT;4.1;4.3\nIT-2016-0002;AMT;3.9;\n")
    >>> read_flatfile(path)[["source_id", "source_magnitude", "source_magnitude_type"]].values.tolist()
    [['IT-2016-0001', 4.3, 'Mw'], ['IT-2016-0002', 3.9, 'ML']]
    """
    import pandas

    path = Path(path)
    if not path.is_file():
        raise InputError(f"cannot read {path}: there is no such file.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
        mark = max(";\t,", key=header.count)
        table = pandas.read_csv(path, sep=mark, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, csv.Error, pandas.errors.ParserError, pandas.errors.EmptyDataError) as error:
        raise FileFormatError(f"{path} is not a flat-file: {error}.") from error
    names = {name: name.strip().lower() for name in table.columns}
    absent = [name.upper() for name in _NEEDED if name not in names.values()]
    if absent:
        raise FileFormatError(f"{path} lacks the field {absent[0]}; it has {', '.join(table.columns[:12])}.")
    magnitudes = {}
    for name, lower in names.items():
        if lower in ("ml", "mw"):
            magnitudes[lower] = _as_numbers(table[name], name, path)
    table = table.drop(columns=[name for name, lower in names.items() if lower in ("ml", "mw")])
    table = table.rename(columns={name: FIELDS.get(lower, name) for name, lower in names.items()})
    for name in _NUMBERS.intersection(table.columns):
        table[name] = _as_numbers(table[name], name, path)
    empty = np.full(len(table), np.nan)
    mw, ml = magnitudes.get("mw", empty), magnitudes.get("ml", empty)
    table["source_magnitude"] = np.where(np.isnan(mw), ml, mw)
    known = np.isnan(ml)
    table["source_magnitude_type"] = np.where(~np.isnan(mw), "Mw", np.where(~known, "ML", "")).tolist()
    if "trace_dt_s" in table:
        table["trace_sampling_rate_hz"] = 1.0 / table["trace_dt_s"]
    return table


def _as_numbers(column, name, path):
    import pandas

    text = column.str.strip()
    numbers = pandas.to_numeric(text, errors="coerce").to_numpy(float)
    empty = text.str.lower().isin(["", "nan", "na", "null", "none", "-"]).to_numpy()
    wrong = np.flatnonzero(np.isnan(numbers) & ~empty)
    if len(wrong):
        raise FileFormatError(
            f"{path}, line {wrong[0] + 2}: {name} is {column.iloc[wrong[0]]!r}; a number or nothing is wanted."
        )
    return numbers
