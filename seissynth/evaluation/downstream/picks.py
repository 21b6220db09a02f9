"""Scores of a picker relative to labels: matched picks, misses, false picks, and errors of matched picks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


def peaks_above(probability: np.ndarray, threshold: float, least_gap: int) -> np.ndarray:
    """Samples where a probability is largest within intervals above a threshold.

    Parameters
    ----------
    probability : ndarray, shape (npts,)
    threshold : float
    least_gap : int
        Of two picks closer than this many samples the more probable one is kept.

    Returns
    -------
    ndarray of int, in order of time

    Examples
    --------
    >>> peaks_above(np.array([0, 0.5, 0.9, 0.2, 0, 0.4, 0.1]), 0.3, 2).tolist()
    [2, 5]
    """
    above = np.concatenate([[False], np.asarray(probability) >= threshold, [False]])
    edges = np.flatnonzero(np.diff(above.astype(int)))
    peaks = [a + int(np.argmax(probability[a:b])) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    kept: list[int] = []
    for peak in sorted(peaks, key=lambda i: -probability[i]):
        if all(abs(peak - other) >= least_gap for other in kept):
            kept.append(peak)
    return np.array(sorted(kept), dtype=int)


def match_picks(picks_s: ArrayLike, label_s: float, tolerance_s: float = 0.5) -> tuple[int, int, int, float]:
    """Compare the picks of one phase in one record with its label.

    Parameters
    ----------
    picks_s : array_like
        Times of all picks.
    label_s : float
        Time of the labelled arrival; NaN if there is none.
    tolerance_s : float
        Tolerance: the nearest pick within it is the match; every other pick is a false one.

    Returns
    -------
    matched, missed, false : int
    late_s : float
        Matched pick minus label; NaN without a match.
    """
    picks = np.asarray(picks_s, dtype=float)
    if not np.isfinite(label_s):
        return 0, 0, len(picks), np.nan
    late = picks - label_s
    near = np.flatnonzero(np.abs(late) <= tolerance_s)
    if not near.size:
        return 0, 1, len(picks), np.nan
    return 1, 0, len(picks) - 1, float(late[near[np.argmin(np.abs(late[near]))]])


def pick_scores(matches: ArrayLike, draws: int = 1000, seed: int = 0) -> dict:
    """Recall, precision and F1 with intervals, and the errors of matched picks.

    Parameters
    ----------
    matches : array_like, shape (n, 4)
        One row of `match_picks` for each record.
    draws : int
        Bootstrap samples, over records.
    seed : int

    Returns
    -------
    dict
        ``recall``, ``precision``, ``f1``, each with ``_low`` and ``_high`` (95 %, bootstrap over records); ``mean_s``,
        ``sd_s``, ``mae_s`` of the matched picks; ``records``.

    Raises
    ------
    InputError
        No records.

    Notes
    -----
    F1 = 2 TP / (2 TP + FP + FN). Errors of matched picks are limited by the tolerance, and say little if recall is low.

    Examples
    --------
    >>> scores = pick_scores([(1, 0, 0, 0.1), (1, 0, 1, -0.1), (0, 1, 0, np.nan)])
    >>> round(scores["f1"], 3), round(scores["mae_s"], 3)
    (0.667, 0.1)
    """
    matches = np.asarray(matches, dtype=float)
    if matches.ndim != 2 or not len(matches):
        raise InputError("no records to score.")

    def rates(counts):
        hit, miss, false = counts
        return hit / max(hit + miss, 1), hit / max(hit + false, 1), 2 * hit / max(2 * hit + miss + false, 1)

    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(matches), (draws, len(matches)))
    drawn = np.array([rates(matches[r, :3].sum(axis=0)) for r in rows])
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    out: dict[str, float] = {"records": len(matches)}
    shares = rates(matches[:, :3].sum(axis=0))
    for name, value, a, b in zip(("recall", "precision", "f1"), shares, low, high, strict=True):
        out |= {name: float(value), f"{name}_low": float(a), f"{name}_high": float(b)}
    late = matches[np.isfinite(matches[:, 3]), 3]
    return out | {
        "mean_s": float(late.mean()) if late.size else np.nan,
        "sd_s": float(late.std()) if late.size else np.nan,
        "mae_s": float(np.abs(late).mean()) if late.size else np.nan,
    }


def f1_difference(
    one: Sequence[ArrayLike], other: Sequence[ArrayLike], draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Difference of the mean F1 of two pickers, each trained with several seeds, on the same records.

    Parameters
    ----------
    one, other : sequence of array_like, shape (n, 4)
        Rows of `match_picks`, an array for each seed; the records are the same ones in the same order.
    draws : int
        Bootstrap samples.
    seed : int

    Returns
    -------
    difference, low, high : float
        F1 of `one` less that of `other`, means over seeds, and its 95 % interval: records are drawn together for both,
        seeds of each on their own.

    Raises
    ------
    InputError
        No records, or other records in some array.

    Examples
    --------
    >>> good, bad = [(1, 0, 0, 0.1)] * 40, [(1, 0, 0, 0.1)] * 30 + [(0, 1, 0, np.nan)] * 10
    >>> [round(value, 2) for value in f1_difference([good], [bad])]
    [0.14, 0.07, 0.23]
    """
    counts = [np.array([np.asarray(run, dtype=float)[:, :3] for run in runs]) for runs in (one, other)]
    shapes = {part.shape[1:] for part in counts}
    if len(shapes) != 1 or not counts[0].size:
        raise InputError("one and other must be matches of the same records, at least one.")

    def mean_f1(part, rows):
        hit, miss, false = np.moveaxis(part[:, rows].sum(axis=1), -1, 0)
        return float(np.mean(2 * hit / np.maximum(2 * hit + miss + false, 1)))

    rng = np.random.default_rng(seed)
    n = counts[0].shape[1]
    everything = np.arange(n)
    drawn = []
    for _ in range(draws):
        rows = rng.integers(0, n, n)
        values = [mean_f1(part[rng.integers(0, len(part), len(part))], rows) for part in counts]
        drawn.append(values[0] - values[1])
    low, high = np.percentile(drawn, (2.5, 97.5))
    return mean_f1(counts[0], everything) - mean_f1(counts[1], everything), float(low), float(high)
