"""Onset terms: delay of picks at a sensor relative to the velocity model; only trainings import this."""

import numpy as np

from seissynth.data.pairs import PICKED
from seissynth.evaluation.baselines.travel_times import median_delays
from seissynth_plugins.heggs.inputs import ONSET_COLUMNS


def fit_onset_terms(table, rows):
    """Return the median delays of picks after predicted onsets, by sensor.

    Parameters
    ----------
    table : DataFrame
        Of `data.TrainingTable`: with ``sensor``, ``p_s``, ``s_s`` and ``trace_p_status``, ``trace_s_status``.
    rows : array of int
        The training part.

    Returns
    -------
    dict of str to (float, float)
        P and S, s; the key "" holds those of a sensor that is not known. Empty where the table has no picks, as sets of
        the factory, whose onsets are those of the velocity model.
    """
    known = table.iloc[rows]
    if not all(name in known for name in (*ONSET_COLUMNS, "trace_p_status", "trace_s_status")):
        return {}
    labels, terms = known["sensor"].to_numpy(str), []
    for phase, column in zip("ps", ONSET_COLUMNS, strict=True):
        late = (known[f"{phase}_s"] - known[column].astype(float)).to_numpy()
        picked = known[f"trace_{phase}_status"].isin(PICKED).to_numpy()
        terms.append(median_delays(late[picked], labels[picked], phase.upper()))
    names = sorted(set(terms[0]) | set(terms[1]))
    station_terms = {name: tuple(round(one.get(name, one[""]), 4) for one in terms) for name in names}
    return station_terms if np.any(list(station_terms.values())) else {}
