"""Common rules and columns of the recipes: uniform names, windows after origin, counts of excluded records."""

from dataclasses import dataclass, field

import numpy as np

#: words for one onset, the most exact first; sets differ in them
_ONSETS = {
    "p": ("trace_p_arrival_sample", "trace_P_arrival_sample", "trace_Pg_arrival_sample", "trace_Pn_arrival_sample"),
    "s": ("trace_s_arrival_sample", "trace_S_arrival_sample", "trace_Sg_arrival_sample", "trace_Sn_arrival_sample"),
}
_STATUS = {
    "p": ("trace_p_status", "trace_P_status", "trace_Pg_status", "trace_Pn_status"),
    "s": ("trace_s_status", "trace_S_status", "trace_Sg_status", "trace_Sn_status"),
}
#: relative difference of two sampling rates that count as one
_RATE_TOLERANCE = 1e-4


@dataclass
class RecipeReport:
    """Result of a recipe.

    Parameters
    ----------
    name : str
    read, written : int
        Records.
    left_out : dict of str to int
        Rule -> records that broke it, each counted at the first rule it broke.
    """

    name: str
    read: int = 0
    written: int = 0
    left_out: dict = field(default_factory=dict)

    def __str__(self):
        lines = [f"{self.name}: {self.written} of {self.read} records written"]
        lines += [f"  {count} left out: {rule}" for rule, count in self.left_out.items() if count]
        return "\n".join(lines)


def uniform_columns(table):
    """Rename onset columns to SeisBench's common names. Returns a new table."""
    table = table.copy()
    for phase, names in _ONSETS.items():
        table = _merged(table, names, lambda values: values.astype(float), np.nan)
        for status in _STATUS[phase]:
            if status in table:
                table[status] = table[status].fillna("").astype(str)
        table = _merged(table, _STATUS[phase], lambda values: values.where(values != ""), "")
    return table


def _merged(table, names, read, empty):
    held = [name for name in names if name in table]
    if not held:
        return table
    merged = read(table[held[0]])
    for name in held[1:]:
        merged = merged.where(merged.notna(), read(table[name]))
    return table.drop(columns=held).assign(**{names[0]: merged.fillna(empty)})


def numbers(table, name):
    """Return a column as floats; NaN if the table lacks it."""
    import pandas

    if name not in table:
        return np.full(len(table), np.nan)
    return pandas.to_numeric(table[name], errors="coerce").to_numpy(float)


def is_rate(table, rate_hz):
    """Whether each row has a sampling rate."""
    return np.abs(numbers(table, "trace_sampling_rate_hz") - rate_hz) <= _RATE_TOLERANCE * rate_hz


def after_origin_s(table):
    """Return the start of each trace after its origin time, s; NaN if either is unknown."""
    starts, origins = (_times(table, name) for name in ("trace_start_time", "source_origin_time"))
    return (starts - origins) / np.timedelta64(1, "ns") * 1e-9


def _times(table, name):
    import pandas

    if name not in table:
        return np.full(len(table), np.datetime64("NaT", "ns"))
    times = pandas.to_datetime(table[name], errors="coerce", utc=True, format="ISO8601")
    return times.dt.tz_localize(None).to_numpy("datetime64[ns]")


def holds_window(table, npts, duration_s):
    """Whether each trace holds every sample from origin to `duration_s` after it.

    Parameters
    ----------
    table : pandas.DataFrame
    npts : ndarray of int
        Lengths of the traces.
    duration_s : float
    """
    start, rate = after_origin_s(table), numbers(table, "trace_sampling_rate_hz")
    with np.errstate(invalid="ignore"):
        first = -start * rate
        # half a sample: the window begins at the sample nearest to origin
        return (first >= -0.5) & (first + duration_s * rate <= npts + 0.5)


def later(text, seconds):
    """Return an ISO time shifted by seconds, to the microsecond."""
    import pandas

    moved = pandas.to_datetime(text, utc=True) + pandas.Timedelta(round(seconds * 1e9), "ns")
    return moved.tz_localize(None).isoformat(timespec="microseconds") + "Z"
