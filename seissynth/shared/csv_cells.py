"""Text cells of CSV files, for people and for programs.

Spreadsheets run a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break as a formula, and station
codes and event ids may come from anybody. Therefore

- tables for people (those of a report) go through `for_people`, which puts a ``'`` before such text, as
  spreadsheets do themselves; numbers stay numbers;
- tables that are data (``metadata.csv`` of a set, presets, the log of a training) are written unchanged: they are
  read back, and the text must be the same.

Both are written by `csv_writer` or `write_table`, which also quote a cell with a bare carriage return: readers would
take it for the end of a row.
"""

import csv
import re

#: what makes a spreadsheet calculate; the last four are the same signs in full width
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)")


def safe_text(value):
    """Return a cell's text with a ``'`` before a formula of a spreadsheet; other values unchanged.

    Examples
    --------
    >>> from seissynth.shared.csv_cells import safe_text
    >>> safe_text("=1+1"), safe_text("-1.5e-3"), safe_text("XX.A"), safe_text(-2.0)
    ("'=1+1", '-1.5e-3', 'XX.A', -2.0)
    """
    if not isinstance(value, str) or not _FORMULA.match(value) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"


def for_people(table):
    """Return a DataFrame whose text cells, index and column names are no formulas for a spreadsheet."""
    import pandas as pd

    safe = table.copy()
    for column, kind in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_datetime64_any_dtype(kind):
            safe.isetitem(column, table.iloc[:, column].astype(object).map(safe_text))
    for name in ("index", "columns"):
        axis = getattr(table, name)
        if not pd.api.types.is_numeric_dtype(axis.dtype):
            axis = axis.map(lambda item: tuple(map(safe_text, item)) if isinstance(item, tuple) else safe_text(item))
        setattr(safe, name, axis.set_names([safe_text(item) for item in axis.names]))
    return safe


class _Rows:
    """Ends rows with a newline; Python's writer quotes only the characters of its line ends."""

    def __init__(self, file):
        self._file = file

    def write(self, row):
        return self._file.write(row.removesuffix("\r\n") + "\n")


def csv_writer(file):
    """Return a `csv.writer` for a text file that was opened with ``newline=""``."""
    return csv.writer(_Rows(file), lineterminator="\r\n")


def write_table(table, file, **arguments):
    """Write a DataFrame into a text file that was opened with ``newline=""``; `arguments` are those of ``to_csv``."""
    table.to_csv(_Rows(file), lineterminator="\r\n", **arguments)
