"""Onsets by travel time and station term: the reference for every model's arrival times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.baselines.folds import picked
from seissynth.traveltime.station_delays import REACH_S, SHRINK

if TYPE_CHECKING:
    from seissynth.evaluation.record_sets import RecordSet


def station_terms(records: RecordSet, phase: str, rows: np.ndarray | None = None) -> dict[str, float]:
    """Median delay of the picks at each sensor relative to the predicted onsets.

    Parameters
    ----------
    records : RecordSet
        With `path_p_travel_s` and `path_s_travel_s`.
    phase : {"P", "S"}
    rows : array of int, optional
        Records to use.

    Returns
    -------
    dict of str to float, s
        By sensor; the key "" holds the median over all, for sensors without picks.
    """
    chosen = np.zeros(len(records), bool)
    chosen[np.arange(len(records)) if rows is None else rows] = True
    chosen &= picked(records, phase)
    late = _onsets(records, phase) - _predicted(records, phase)
    return median_delays(late[chosen], records.stations[chosen], phase)


def median_delays(late_s, labels, phase):
    """Median of delays by label, shrunk towards the common median for labels with few.

    Parameters
    ----------
    late_s : ndarray, shape (n,)
        Picked minus predicted onsets; NaN, and values outside the picker's range, do not count.
    labels : ndarray of str, shape (n,)
    phase : {"P", "S"}

    Returns
    -------
    dict of str to float, s
        By label; the key "" holds the median over all, 0 if there is none.

    Examples
    --------
    >>> import numpy as np
    >>> median_delays(np.array([0.1, 0.1, 0.4]), np.array(["A", "A", "B"]), "P")
    {'': 0.1, 'A': 0.1, 'B': 0.25}
    """
    chosen = np.abs(late_s) <= REACH_S[phase]
    if not chosen.any():
        return {"": 0.0}
    late_s, labels = late_s[chosen], labels[chosen]
    common = float(np.median(late_s))
    terms = {"": common}
    for label in sorted(set(labels.tolist())):
        own = late_s[labels == label]
        terms[label] = common + float(np.median(own) - common) * len(own) / (len(own) + SHRINK)
    return terms


def travel_time_onsets(
    records: RecordSet, folds: list[tuple[np.ndarray, np.ndarray]] | None = None, terms: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Predict P and S of records by travel time and station term.

    Parameters
    ----------
    records : RecordSet
    folds : list of (known, unknown), optional
        From `seissynth.evaluation.time_folds`: terms come from the known records. None: from the records
        themselves, in sample.
    terms : bool
        False: the velocity model's times alone.

    Returns
    -------
    p_s, s_s : ndarray, shape (n,)
        After origin.

    Raises
    ------
    InputError
        No predicted travel times in the metadata.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from seissynth.evaluation import RecordSet
    >>> table = pd.DataFrame({"source_id": list("abc"), "station_network_code": "XX", "station_code": "A",
    ...                       "path_p_travel_s": [2.0, 3.0, 4.0], "path_s_travel_s": [4.0, 6.0, 8.0]})
    >>> records = RecordSet("real", np.zeros((3, 3, 10), "float32"), 100.0, "velocity", table,
    ...                     p_s=[2.1, 3.1, 4.1], s_s=[4.3, 6.3, 8.3])
    >>> [onset.round(2).tolist() for onset in travel_time_onsets(records)]
    [[2.1, 3.1, 4.1], [4.3, 6.3, 8.3]]
    """
    folds = [(None, np.arange(len(records)))] if folds is None else folds
    labels = records.stations
    out = []
    for phase in "PS":
        onsets = _predicted(records, phase).copy()
        for known, unknown in folds if terms else ():
            terms_of = station_terms(records, phase, known)
            onsets[unknown] += [terms_of.get(label, terms_of[""]) for label in labels[unknown]]
        out.append(onsets)
    p_s, s_s = out
    return p_s, s_s


def _onsets(records, phase):
    return records.p_s if phase == "P" else records.s_s


def _predicted(records, phase):
    name = f"path_{phase.lower()}_travel_s"
    values = records.column(name)
    if not np.isfinite(values).any():
        raise InputError(f"{records.name}: predicted onsets need the column {name} in the metadata.")
    return values
