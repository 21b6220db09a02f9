"""Time intervals of records per sensor, and those that share a sample."""

import numpy as np

from seissynth.errors import InputError

#: radius of the sphere on which epicentres are compared


def times_ns(metadata, column, missing_ok):
    """Times of a column as int64 ns since 1970; -1 where missing.

    Raises
    ------
    InputError
        No such column, or (unless `missing_ok`) a time that cannot be read; the row is named.
    """
    import pandas as pd

    if column not in metadata.columns:
        if missing_ok:
            return np.full(len(metadata), -1, dtype=np.int64)
        raise InputError(f"the table lacks the column {column!r}, which the check on time intervals needs.")
    times = pd.to_datetime(metadata[column], utc=True, errors="coerce", format="ISO8601").dt.tz_localize(None)
    values = times.to_numpy().astype("datetime64[ns]").astype(np.int64)
    missing = times.isna().to_numpy()
    if missing.any() and not missing_ok:
        row = int(np.flatnonzero(missing)[0])
        raise InputError(f"row {row}: {column} is {metadata[column].iloc[row]!r}, which is no time.")
    return np.where(missing, -1, values)


def read_intervals(metadata):
    """Time of the first and of the last sample of each row, int64 ns."""
    for name in ("trace_npts", "trace_sampling_rate_hz"):
        if name not in metadata.columns:
            raise InputError(f"the table lacks the column {name!r}, which the check on time intervals needs.")
    start = times_ns(metadata, "trace_start_time", missing_ok=False)
    npts = metadata["trace_npts"].to_numpy(dtype=float)
    rate = metadata["trace_sampling_rate_hz"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        length = (npts - 1) / rate
    if not (np.isfinite(length) & (length >= 0)).all():
        row = int(np.flatnonzero(~(np.isfinite(length) & (length >= 0)))[0])
        raise InputError(f"row {row}: trace_npts {npts[row]:g} at {rate[row]:g} Hz is no interval.")
    return start, start + np.round(length * 1e9).astype(np.int64)


def shares_samples(keys, start, end, rows, against, guard_s=0.0):
    """Whether the interval of each of `rows` overlaps one of the rows `against` with the same key, shape of `rows`."""
    guard = round(guard_s * 1e9)
    out = np.zeros(len(rows), dtype=bool)
    if not (len(rows) and len(against)):
        return out
    order = np.lexsort((start[against], keys[against]))
    against = against[order]
    edges = np.flatnonzero(np.diff(keys[against], prepend=-1))
    for first, last in zip(edges, [*edges[1:], len(against)], strict=True):
        mine = np.flatnonzero(keys[rows] == keys[against[first]])
        if not len(mine):
            continue
        other_start = start[against[first:last]]
        # the latest end so far: an early long interval may reach beyond later short ones
        other_end = np.maximum.accumulate(end[against[first:last]])
        before = np.searchsorted(other_start, end[rows[mine]] + guard, side="right")
        reach = other_end[np.maximum(before - 1, 0)]
        out[mine] = (before > 0) & (reach >= start[rows[mine]] - guard)
    return out


def unit_vectors(latitude_deg, longitude_deg):
    """Points on the unit sphere, shape (n, 3)."""
    latitude, longitude = np.radians(latitude_deg), np.radians(longitude_deg)
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=-1
    )
