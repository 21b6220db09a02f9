"""Folds in blocks of time: each record is predicted from records of other times."""

from __future__ import annotations

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.record_sets import RecordSet

#: blocks where a caller does not say otherwise
FOLDS = 5

#: statuses that count as picked; "estimated" (from a velocity model) does not
PICKED = ("manual", "automatic")


def time_folds(records: RecordSet, folds: int = FOLDS, block: int | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Known and unknown rows of each fold: consecutive blocks of earthquakes, purged.

    Parameters
    ----------
    records : RecordSet
        With `source_id`, `source_origin_time`, `trace_start_time` and station codes in its metadata.
    folds : int
        Largest number of folds; fewer if the earthquakes do not give as many blocks of equal size.
    block : int, optional
        Earthquakes per block; there must then be as many blocks as folds.

    Returns
    -------
    list of (known, unknown)
        Row numbers. Each row is unknown in exactly one fold; known ones share no sample with it.

    Raises
    ------
    InputError
        Fewer earthquakes than folds, or a metadata column that is missing.

    Notes
    -----
    There is no validation part. A model that needs one takes it from `known`, which gives all models the same
    information.
    """
    from seissynth.data.splits.split import kfold_by_time

    table = _with_windows(records)
    if block is None:
        count = len(set(records.events.tolist()))
        block = -(-count // max(folds, 1))
        folds = max(-(-count // max(block, 1)), 2)
    splits = kfold_by_time(table, folds, block=block, dev=False)
    return [(np.flatnonzero(split == "train"), np.flatnonzero(split == "test")) for split in splits]


def picked(records, phase):
    """Whether each record has a picked onset.

    Parameters
    ----------
    records : RecordSet
    phase : {"P", "S"}

    Returns
    -------
    ndarray of bool, shape (n,)
        By ``trace_p_status`` or ``trace_s_status``; if the table does not have it, every finite onset counts.
    """
    name = phase.lower()
    if name not in ("p", "s"):
        raise InputError(f"{phase=} must be 'P' or 'S'.")
    known = np.isfinite(getattr(records, f"{name}_s"))
    status = f"trace_{name}_status"
    if status in records.metadata:
        known &= records.metadata[status].isin(PICKED).to_numpy()
    return known


def record_groups(records: RecordSet, snr_db: float = 10.0, after_s_s: float = 4.0) -> dict[str, np.ndarray]:
    """Groups of records for tables: all, picked and clean ones.

    Parameters
    ----------
    records : RecordSet
    snr_db, after_s_s : float
        Of clean records.

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)
        "all"; "picked": P and S are; "clean": in addition, ``trace_snr_db`` above `snr_db` and a time mask that ends
        `after_s_s` seconds after S or later.
    """
    both = picked(records, "P") & picked(records, "S")
    clean = both & (records.mask_end_s >= records.s_s + after_s_s) & (records.column("trace_snr_db") > snr_db)
    return {"all": np.ones(len(records), bool), "picked": both, "clean": clean}


def same_sensor(records):
    """Rows of each sensor: dict of label to ndarray of int."""
    labels = records.stations
    return {label: np.flatnonzero(labels == label) for label in sorted(set(labels.tolist()))}


def _with_windows(records: RecordSet):
    """Metadata with the columns required by the splits."""
    table = records.metadata
    for name in ("source_id", "source_origin_time"):
        if name not in table:
            raise InputError(f"{records.name}: blocks of time need the column {name} in the metadata.")
    if "trace_start_time" in table:
        return table.assign(trace_npts=records.npts, trace_sampling_rate_hz=records.sampling_rate_hz)
    import pandas as pd

    origin = pd.to_datetime(table["source_origin_time"], utc=True, format="ISO8601")
    start = origin + pd.to_timedelta(records.start_s, unit="s")
    return table.assign(
        trace_start_time=start, trace_npts=records.npts, trace_sampling_rate_hz=records.sampling_rate_hz
    )
