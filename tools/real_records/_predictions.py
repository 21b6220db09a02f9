"""Predictions of records by models that did not see their block of time; shared by the scripts of learned backends."""

import numpy as np

from seissynth.data.pairs import PICKED

#: columns of the real set that hold for a generated record of the same earthquake and sensor
KEPT = ("source_", "station_", "path_", "trace_channel", "trace_start_time", "trace_category")


def rows_of_block(table, part):
    """Every record of the earthquakes of a part, also those that no training would use, such as clipped ones."""
    events = table.table["source_id"]
    return np.flatnonzero(events.isin(events.iloc[table.rows(part)]) & ~table.table["noise"])


def another_record(table, rows, row, rng):
    """A row of the same earthquake among `rows`, a picked one where there is any, never the row itself."""
    events = table.table["source_id"].to_numpy()
    others = rows[(events[rows] == events[row]) & (rows != row)]
    picked = others[table.table["trace_p_status"].iloc[others].isin(PICKED).to_numpy()]
    if not len(others):  # the record itself would be no prediction
        raise SystemExit(f"{events[row]} has no other record that could be a source")
    return rng.choice(picked if len(picked) else others)


def kept_columns(columns):
    """Names of the columns that a generated record takes over."""
    return [name for name in columns if name.startswith(KEPT)]
