"""Intervals by bootstrap: earthquakes are resampled, then the stations within each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: confidence of the intervals
CONFIDENCE = 0.95
#: bootstrap draws where a caller does not say otherwise
DRAWS = 1000
#: row numbers of one kind of draws that are kept for the next metric, at most
_MOST_KEPT = 2_000_000


def resampled_rows(events, draws=DRAWS, seed=0, stations=None, rows_within=True):
    """Draw rows with replacement: earthquakes first, then records within each drawn one.

    Parameters
    ----------
    events : array_like, shape (n,)
        Labels; records of one label belong together.
    draws : int
    seed : int
    stations : array_like, shape (n,), optional
        Draws stations within an event instead of single records: records of one station go together.
    rows_within : bool
        False keeps all records of a drawn earthquake.

    Yields
    ------
    ndarray of int
        Row numbers of one draw, some more than once.

    Examples
    --------
    >>> [sorted(rows.tolist()) for rows in resampled_rows(["a", "a", "b"], draws=2, rows_within=False)]
    [[2, 2], [0, 1, 2]]
    """
    groups = _groups(np.asarray(events))
    rng = np.random.default_rng(seed)
    if stations is not None:
        yield from _with_stations(groups, np.asarray(stations), draws, rng)
        return
    order, size = np.concatenate(groups), np.array([len(group) for group in groups])
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    for _ in range(draws):
        which = rng.integers(0, len(groups), len(groups))
        sizes = size[which]
        of_row = np.repeat(sizes, sizes)
        inside = np.arange(len(of_row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        if rows_within:
            inside = (rng.random(len(of_row)) * of_row).astype(int)
        yield order[np.repeat(first[which], sizes) + inside]


def _with_stations(groups, stations, draws, rng):
    inner = [[group[part] for part in _groups(stations[group])] for group in groups]
    for _ in range(draws):
        parts = []
        for which in rng.integers(0, len(groups), len(groups)):
            own = inner[which]
            parts.extend(own[k] for k in rng.integers(0, len(own), len(own)))
        yield np.concatenate(parts)


def interval(
    statistic: Callable[..., Any],
    events: ArrayLike,
    *,
    stations: Sequence[Any] | np.ndarray | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    rows_within: bool = True,
) -> tuple[float, float, float]:
    """Value of a statistic over records, with a 95 % interval.

    Parameters
    ----------
    statistic : callable
        Row numbers (some more than once) -> float.
    events : array_like, shape (n,)
    stations, draws, seed, rows_within
        As in `resampled_rows`.

    Returns
    -------
    value, low, high : float
        NaN limits with fewer than two earthquakes.

    Notes
    -----
    Percentiles of the cluster bootstrap distribution (Efron 1979): drawing whole earthquakes includes the scatter
    between them. With few earthquakes (below ten or so) the interval is too narrow.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([1.0, 1.2, 3.0, 3.1])
    >>> value, low, high = interval(lambda rows: values[rows].mean(), ["a", "a", "b", "b"])
    >>> round(value, 3), low < 1.2, high > 3.0
    (2.075, True, True)
    """
    events = np.asarray(events)
    if not len(events):
        raise InputError("there is no record to make an interval of.")
    value = float(statistic(np.arange(len(events))))
    if len(set(events.tolist())) < 2:
        return value, np.nan, np.nan
    resampled = np.array([statistic(rows) for rows in _drawn_rows(events, draws, seed, stations, rows_within)], float)
    return value, *_limits(resampled)


def mean_interval(
    values: ArrayLike, events: ArrayLike, *, statistic: str = "mean", draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Mean, median or standard deviation of values by record, with a 95 % interval.

    Parameters
    ----------
    values : array_like, shape (n,)
        NaN is left out.
    events : array_like, shape (n,)
    statistic : {"mean", "median", "sd"}
    draws, seed : int

    Returns
    -------
    value, low, high : float
        All NaN if no value is finite.

    Examples
    --------
    >>> tuple(round(x, 2) for x in mean_interval([1.0, 1.0, 2.0, float("nan")], ["a", "b", "c", "d"]))
    (1.33, 1.0, 2.0)
    """
    values, events = np.asarray(values, dtype=float), np.asarray(events)
    known = np.isfinite(values)
    if not known.any():
        return np.nan, np.nan, np.nan
    values, events = values[known], events[known]
    functions: dict[str, Any] = {"mean": np.mean, "median": np.median, "sd": np.std}
    if statistic not in functions:
        raise InputError(f"{statistic=} is unknown; known are {', '.join(functions)}.")
    of = functions[statistic]
    return interval(lambda rows: of(values[rows]), events, draws=draws, seed=seed)


def paired_difference(
    a: ArrayLike, b: ArrayLike, events: ArrayLike, *, statistic: str = "mean", draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Difference a - b of two models' scores on the same records, with a 95 % interval.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        Score of each record; rows where one is NaN are left out.
    events : array_like, shape (n,)
    statistic : {"mean", "median"}
    draws, seed : int

    Returns
    -------
    difference, low, high : float
        The models differ if the interval excludes 0.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> events = np.repeat(np.arange(30), 5)
    >>> b = rng.normal(size=150) + 3 * rng.normal(size=30)[events]
    >>> difference, low, high = paired_difference(b + 0.1, b, events)
    >>> round(difference, 3), round(low, 3), round(high, 3)  # what the records share falls out
    (0.1, 0.1, 0.1)
    """
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    return mean_interval(difference, events, statistic=statistic, draws=draws, seed=seed)


def _drawn_rows(events, draws, seed, stations, rows_within):
    """As `resampled_rows`, with cached draws, because many metrics of one set of records use the same ones."""
    if stations is not None or len(events) * draws > _MOST_KEPT:
        return resampled_rows(events, draws, seed, stations, rows_within)
    codes = np.unique(events.astype(str), return_inverse=True)[1].astype(np.int64)
    return _kept_rows(codes.tobytes(), draws, seed, rows_within)


@functools.lru_cache(maxsize=8)
def _kept_rows(codes, draws, seed, rows_within):
    # numbers sort as text where they have equally many digits, which keeps the order of the labels
    events = [f"{code:012d}" for code in np.frombuffer(codes, np.int64).tolist()]
    return tuple(resampled_rows(events, draws, seed, rows_within=rows_within))


def _groups(labels):
    _, codes = np.unique(np.asarray(labels).astype(str), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def _limits(estimates):
    estimates = estimates[np.isfinite(estimates)]
    if not estimates.size:
        return np.nan, np.nan
    low, high = np.percentile(estimates, (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)))
    return float(low), float(high)
