"""F1 of picks near their references, and the choice of one station for each earthquake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: a pick nearer than this to the reference is right, s
FOUND_S = 0.5


def arrival_f1(late_s: ArrayLike, tolerance_s: float = FOUND_S) -> float:
    """F1 of picks near their references.

    Parameters
    ----------
    late_s : array_like
        Pick minus reference, s; infinite for a miss, NaN for a record that does not count.
    tolerance_s : float
        Tolerance for a correct pick.

    Returns
    -------
    float
        From 0 to 1.

    Notes
    -----
    ``F1 = 2 TP / (2 TP + FP + FN)``. A pick farther off is a false one (FP) and its reference a missed one (FN). Picks
    outside of ±2 s (P) or ±3 s (S) are ignored; false picks elsewhere in a record do not count.

    Examples
    --------
    >>> import numpy as np
    >>> arrival_f1([0.1, -0.2, 0.9, np.inf])  # two right, one wrong, one missed
    0.5714285714285714
    """
    late = np.asarray(late_s, dtype=float)
    late = late[~np.isnan(late)]
    right = np.sum(np.abs(late) <= tolerance_s)
    wrong = np.sum(np.isfinite(late)) - right
    total = 2 * right + wrong + (len(late) - right)
    return float(2 * right / total) if total else np.nan


def one_station_per_event(events: ArrayLike, seed: int = 0, usable: ArrayLike | None = None) -> np.ndarray:
    """Rows of one random record of each earthquake: the protocol of HEGGS 4.1.1.

    Parameters
    ----------
    events : array_like, shape (n,)
    seed : int
    usable : array_like of bool, shape (n,), optional
        Records to choose from.

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> one_station_per_event(["a", "a", "b"], seed=1).tolist()
    [0, 2]
    """
    events = np.asarray(events)
    rows = np.arange(len(events)) if usable is None else np.flatnonzero(usable)
    labels = np.asarray(events).astype(str)[rows]
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    _, first = np.unique(labels[shuffled], return_index=True)
    return np.sort(rows[shuffled[first]])
