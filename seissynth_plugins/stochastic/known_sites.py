"""Site terms that are known, as flat files tell them: the column ``station_terms`` of the conditions."""

import numpy as np

from seissynth.conditions import describe_row, texts_of
from seissynth.stations.station_terms import ln_factor_at, read_terms
from seissynth_plugins.stochastic.adjustment import KNOTS_HZ


def add_known_terms(rows, conditions):
    """Add the known site terms to the prepared rows.

    Parameters
    ----------
    rows : list of PreparedRow
        Changed in place: ln FAS of all legs, at `adjustment.KNOTS_HZ`.
    conditions : pandas.DataFrame, n rows

    Returns
    -------
    ndarray of bool, shape (n,)
        Rows that have such a term.

    Raises
    ------
    InputError
        A text that is none of `seissynth.stations.station_terms.read_terms`.
    """
    known = np.zeros(len(rows), dtype=bool)
    if "station_terms" not in conditions:
        return known
    for i, (row, text) in enumerate(zip(rows, texts_of(conditions, "station_terms"), strict=True)):
        if not text.strip():
            continue
        change = ln_factor_at(*read_terms(text, f"stochastic: {describe_row(conditions, i)}: "), KNOTS_HZ)
        row.adjustment = change if row.adjustment is None else row.adjustment + change
        known[i] = True
    return known
