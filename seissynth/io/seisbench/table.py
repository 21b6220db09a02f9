"""SeisBench's metadata tables: read with suitable types, with uniform sampling rates and component orders."""

import csv
import io
from pathlib import Path

import numpy as np

from seissynth.errors import FileFormatError
from seissynth.schema import COLUMNS, TRACE_COLUMNS
from seissynth.shared.warning import warn_user

_KNOWN = COLUMNS | TRACE_COLUMNS

#: text that would be read as numbers or as "missing" otherwise: location "00", network "NA", components "312"
TEXT_COLUMNS = frozenset(
    {name for name, column in _KNOWN.items() if column.text}
    | {"source_type", "trace_components", "trace_polarity", "trace_p_polarity"}
)

#: numbers without which a record cannot be used; a word in one of them is an error and not a column of text
NUMBER_COLUMNS = frozenset(name for name, column in _KNOWN.items() if not column.text)

#: relative difference of two sampling rates that count as one (SeisBench's)
RATE_TOLERANCE = 1e-4
_MISSING = ["", "nan", "NaN", "NAN", "None", "null", "NA", "N/A", "n/a", "#N/A", "<NA>"]


def read_table(path, content=None, *, of_asdf=False):
    """Read one metadata file.

    Parameters
    ----------
    path : path
    content : str, optional
        Text of the table if it is not in a separate file; `path` is then for messages only.
    of_asdf : bool
        The samples are in ASDF, where ``trace_name`` says nothing.

    Returns
    -------
    pandas.DataFrame
        Text columns hold text (empty if missing), all others the type found by pandas; NaN if missing.

    Raises
    ------
    FileFormatError
        Not a table, no column ``trace_name``, text among numbers; with the line.
    """
    import pandas

    try:
        with _opened(path, content) as file:
            header = next(csv.reader(file), [])
        twice = sorted({name for name in header if header.count(name) > 1})
        if ("trace_name" not in header and not of_asdf) or twice:
            wrong = f"has the column {twice[0]} twice" if twice else "has no column 'trace_name'"
            columns = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
            raise FileFormatError(
                f"{path} {wrong} (its columns: {columns or 'none'}); by trace_name SeisBench's format says "
                "where the samples are."
            )
        text = [name for name in header if name in TEXT_COLUMNS]
        with _opened(path, content) as file:
            table = pandas.read_csv(
                file,
                dtype=dict.fromkeys(text, str),
                keep_default_na=False,
                na_values={name: _MISSING for name in header if name not in TEXT_COLUMNS},
                low_memory=False,
                **_exact_floats(pandas),
            )
    except (UnicodeDecodeError, csv.Error, pandas.errors.ParserError, pandas.errors.EmptyDataError) as error:
        raise FileFormatError(f"{path} is not a table of comma-separated values: {error}.") from error
    for name in NUMBER_COLUMNS.intersection(header):
        if not pandas.api.types.is_numeric_dtype(table[name]):
            table[name] = _numbers(table[name], path)
    return table


def _opened(path, content):
    return Path(path).open(encoding="utf-8-sig", newline="") if content is None else io.StringIO(content, newline="")


def _exact_floats(pandas):
    """Return the option by which read_csv preserves all bits; since 3.1 it does so by default."""
    major, minor = (int(part) for part in pandas.__version__.split(".")[:2])
    return {} if (major, minor) >= (3, 1) else {"float_precision": "round_trip"}


def _numbers(column, path):
    import pandas

    numbers = pandas.to_numeric(column, errors="coerce")
    wrong = np.flatnonzero(numbers.isna() & column.notna())
    if len(wrong):
        # line 1 is the header
        raise FileFormatError(
            f"{path}, row {wrong[0]} (line {wrong[0] + 2}): {column.name} is {column.iloc[wrong[0]]!r}; "
            "a number or nothing is wanted."
        )
    return numbers.astype(float)


def unify_rates(table, stored_format, path):
    """Add the column ``trace_sampling_rate_hz`` to a table, from any source in the set; in place.

    The column itself has precedence, then ``trace_dt_s``, then ``sampling_rate`` of data_format.
    """
    rates = np.full(len(table), np.nan)
    if "trace_sampling_rate_hz" in table:
        rates = table["trace_sampling_rate_hz"].to_numpy(float, copy=True)
        _require_positive(rates, path)
    if "trace_dt_s" in table:
        steps = table["trace_dt_s"].to_numpy(float)
        with np.errstate(divide="ignore"):
            _fill(rates, 1.0 / steps, "trace_dt_s", path)
    if "sampling_rate" in stored_format:
        value = stored_format["sampling_rate"]
        value = np.nan if not isinstance(value, int | float) else value
        _fill(rates, np.full(len(table), float(value)), "data_format/sampling_rate", path)
    _require_positive(rates, path)
    table["trace_sampling_rate_hz"] = rates


def _require_positive(rates, path):
    wrong = np.flatnonzero(~(np.isnan(rates) | ((rates > 0) & np.isfinite(rates))))
    if len(wrong):
        raise FileFormatError(
            f"{path}, row {wrong[0]} (line {wrong[0] + 2}): a sampling rate of {rates[wrong[0]]:g} Hz; "
            "it is above zero."
        )


def _fill(rates, others, source, path):
    known = ~np.isnan(rates) & ~np.isnan(others)
    if np.any(np.abs(rates[known] - others[known]) > RATE_TOLERANCE * np.abs(rates[known])):
        row = int(np.flatnonzero(known & (np.abs(rates - others) > RATE_TOLERANCE * np.abs(rates)))[0])
        warn_user(
            f"{path}, row {row}: trace_sampling_rate_hz is {rates[row]:g} but {source} says {others[row]:g}; "
            "the former is used."
        )
    np.copyto(rates, others, where=np.isnan(rates))


def unify_orders(table, stored_format, path):
    """Add the column ``trace_component_order`` to a table, in place; empty if unknown."""
    stored = str(stored_format.get("component_order", "") or "")
    if "trace_component_order" not in table:
        table["trace_component_order"] = stored
        return
    orders = table["trace_component_order"]
    if stored and ((orders != stored) & (orders != "")).any():
        warn_user(f"{path}: some component orders differ from data_format's {stored!r}; those of the table are used.")
    table["trace_component_order"] = orders.where(orders != "", stored)


def common_rate(rates):
    """Return the common sampling rate of an array, or None if there are several or one is unknown."""
    rates = np.asarray(rates, float)
    if not len(rates) or not np.all(np.abs(rates - rates[0]) <= RATE_TOLERANCE * abs(rates[0])):
        return None
    return float(rates[0])
