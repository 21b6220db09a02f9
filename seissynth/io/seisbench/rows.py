"""Write rows of metadata to a CSV file as they come, without keeping them."""

import csv

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.csv_cells import csv_writer
from seissynth.shared.wording import a_kind

#: columns that give the place of samples in the set they were read from; meaningless in another one
_PLACES = ("trace_chunk",)


def plain_rows(metadata):
    """Return rows as a list of dicts of plain values without the missing ones, and the names of all columns.

    Parameters
    ----------
    metadata : pandas.DataFrame or sequence of mappings

    Returns
    -------
    rows : list of dict
    names : list of str
    """
    if hasattr(metadata, "columns"):
        names = [str(name) for name in metadata.columns]
        if len(set(names)) < len(names):
            raise InputError(f"metadata has columns of one name: {sorted({n for n in names if names.count(n) > 1})}.")
        columns = [metadata[name].tolist() for name in metadata.columns]
        raw = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        raw = raw if columns else [{} for _ in range(len(metadata))]
    else:
        try:
            raw = [dict(row) for row in metadata]
        except (TypeError, ValueError):
            raise InputError(f"metadata is {a_kind(metadata)}; give a DataFrame or a list of dicts.") from None
        names = list(dict.fromkeys(name for row in raw for name in row))
    rows = [{name: _plain(value) for name, value in row.items() if not _is_missing(value)} for row in raw]
    for row in rows:
        for name in _PLACES:
            row.pop(name, None)
        original = row.pop("trace_name", None)
        # an address in the blocks of another set is meaningless; a name given by somebody is not
        if original is not None and "$" not in str(original):
            row.setdefault("trace_name_original", original)
    names = [name for name in names if name not in (*_PLACES, "trace_name")]
    if any("trace_name_original" in row for row in rows) and "trace_name_original" not in names:
        names.append("trace_name_original")
    return rows, names


def _is_missing(value):
    # NaN and NaT are what is not equal to itself; comparing pandas.NA gives no truth value
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and value != value


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    # the text of a time of pandas or datetime as SeisBench's sets hold it
    return value.isoformat() if hasattr(value, "isoformat") else value


class RowFile:
    """A growing CSV file; a new column causes the file to be rewritten once."""

    def __init__(self, path):
        self.path = path
        self.names = []
        self._file = path.open("x", encoding="utf-8", newline="")
        self._writer = csv_writer(self._file)

    def add(self, rows, names):
        """Append rows; `names` are their columns."""
        new = [name for name in names if name not in self.names]
        if new:
            self._widen(new)
        self._writer.writerows([row.get(name) for name in self.names] for row in rows)
        # a full disk shall show now and not at the end
        self._file.flush()

    def _widen(self, new):
        old = self.names
        self.names = [*old, *new]
        if not old:
            self._writer.writerow(self.names)
            return
        self._file.close()
        beside = self.path.with_name(f"{self.path.name}.wider")
        try:
            with self.path.open(encoding="utf-8", newline="") as source, \
                 beside.open("w", encoding="utf-8", newline="") as target:  # fmt: skip
                lines = csv.reader(source)
                next(lines)
                writer = csv_writer(target)
                writer.writerow(self.names)
                writer.writerows(line + [""] * len(new) for line in lines)
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)
        self._file = self.path.open("a", encoding="utf-8", newline="")
        self._writer = csv_writer(self._file)

    def close(self):
        """Close the file, with a header even without rows."""
        if not self._file.closed:
            if not self.names:
                self._writer.writerow(["trace_name"])
            self._file.close()
