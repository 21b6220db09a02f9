"""What choosing real records above their noise does to a bias: the same choice among draws of a generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.ground_motion import (
    CLEAR_RATIO,
    PERIODS_S,
    clear_of_noise,
    in_band,
    known_measures,
    measure_names,
    usable,
    windows,
)
from seissynth.evaluation.statistics.intervals import interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from seissynth.evaluation.record_sets import Pairs

#: biases that are looked for, ln: larger ones are errors of units, and no selection explains them
_BIASES = np.linspace(-3.0, 3.0, 61)
#: a bias is not known from fewer draws above the noise, nor from a smaller share of all
_LEAST_DRAWS, _LEAST_SHARE = 20, 0.1
_NOT_PEAKS = ("arias", "d5_95_s")


def residuals_between_draws(
    pairs: Pairs, measure: str = "pga", periods_s: Sequence[float] = PERIODS_S
) -> tuple[np.ndarray, np.ndarray]:
    """Put each draw in the real record's place, and compare the other draws with it.

    Parameters
    ----------
    pairs : Pairs
        In the same band; at least two draws.
    measure : str
        "pga", "pgv" or "psa_T" with T one of `periods_s`.
    periods_s : sequence of float

    Returns
    -------
    residuals : ndarray, shape (draws, n)
        Mean over the other draws of ln motion, less ln motion of this draw. NaN where the real record could not have
        been used.
    above : ndarray, shape (draws, n)
        ln of this draw's motion over `CLEAR_RATIO` times the noise of the real record; infinite where that has none
        before P.

    Raises
    ------
    InputError
        One draw, or another measure.

    Notes
    -----
    A draw in the place of the real record has its own noise, or none, in its peak.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import numpy as np, pandas as pd
    >>> from seissynth.evaluation import Pairs, RecordSet
    >>> swing = np.sin(2 * np.pi * 2 * np.arange(1000) / 100) * np.ones((1, 3, 1))
    >>> table = pd.DataFrame({"source_id": ["a"], "source_magnitude": [3.0]})
    >>> real = RecordSet("real", swing, 100.0, "acceleration", table, p_s=[0.0])
    >>> twice = replace(real, data=2 * swing)
    >>> residuals, _ = residuals_between_draws(Pairs(real, (real, twice)))
    >>> residuals.round(2).ravel().tolist()
    [0.69, -0.69]
    """
    peaks = [name for name in measure_names(periods_s) if name not in _NOT_PEAKS]
    if measure not in peaks:
        raise InputError(f"measure={measure!r} must be one of {', '.join(map(repr, peaks))}.")
    if len(pairs.draws) < 2:
        raise InputError(f"{pairs.name}: draws cannot be compared with each other, there is {len(pairs.draws)}.")
    real = pairs.real
    window, _ = windows(real)
    observed = known_measures(real, periods_s, window)
    _, noise = clear_of_noise(real, periods_s, observed)
    allowed = in_band(real, real.column("source_magnitude"), periods_s)[measure].to_numpy() & usable(real)
    logs = np.log([known_measures(draw, periods_s, window)[measure] for draw in pairs.draws])
    others = (logs.sum(axis=0) - logs) / (len(logs) - 1)
    least = np.log(CLEAR_RATIO * noise[measure].to_numpy())
    above = np.where(np.isnan(least), np.inf, logs - least)
    return np.where(allowed & observed[measure].notna().to_numpy(), others - logs, np.nan), above


def bias_beyond_selection(
    residuals: ArrayLike, between: ArrayLike, above: ArrayLike, events: ArrayLike, **bootstrap
) -> tuple[float, float, float]:
    """Bias of generated motion that the choice of real records above their noise does not explain, with limits.

    Parameters
    ----------
    residuals : array_like, shape (n,)
        ln generated - ln observed of real records above their noise, else NaN.
    between, above : array_like, shape (draws, n)
        See `residuals_between_draws`.
    events : array_like, shape (n,)
    **bootstrap
        ``draws`` and ``seed``, see `seissynth.evaluation.interval`.

    Returns
    -------
    value, low, high : float
        NaN where it cannot be told: beyond a factor of twenty, or from few draws above the noise.

    Notes
    -----
    Real records are compared only where they are above their noise, which favours those that came out large. The bias
    b is the one for which draws smaller by b, chosen alike, would differ from one another as the real records
    do from them: median(residuals) = b + median(between where above >= b). A perfect generator has 0, up to chance.
    Of several solutions the one nearest to 0 is taken.

    It is well determined where noise differs between records by more than motion scatters. Draws should scatter as real
    records do about their mean: where they scatter less, as realisations that share the terms of their sites, the
    choice among them explains too little, and the result is too low.

    Examples
    --------
    Nothing was chosen, hence the median is the bias:

    >>> between, above = np.tile([[-0.2], [0.2]], 20), np.full((2, 20), 9.0)
    >>> value, low, high = bias_beyond_selection(np.full(20, 0.3), between, above, list("ab") * 10)
    >>> round(value, 2)
    0.3
    """
    residuals, between, above = (np.asarray(values, float) for values in (residuals, between, above))
    above = np.where(np.isfinite(between), above, -np.inf)

    def of_rows(rows):
        chosen = residuals[rows]
        apart, over = between[:, rows].ravel(), above[:, rows].ravel()
        known = np.isfinite(apart)
        if not np.isfinite(chosen).any() or not known.any():
            return np.nan
        order = np.argsort(-over[known])
        apart, over = apart[known][order], over[known][order]
        counts = np.searchsorted(-over, -_BIASES, side="right")
        enough = (counts >= _LEAST_DRAWS) & (counts >= _LEAST_SHARE * len(apart))
        alike = np.array(
            [np.median(apart[:count]) if good else np.nan for count, good in zip(counts, enough, strict=True)]
        )
        return _root_nearest_zero(_BIASES, np.nanmedian(chosen) - _BIASES - alike)

    return interval(of_rows, events, **bootstrap)


def _root_nearest_zero(x, y):
    """Where the broken line through points is 0, nearest to x = 0; NaN where it nowhere is."""
    between = np.flatnonzero(y[:-1] * y[1:] <= 0)  # never of NaN
    if not between.size:
        return np.nan
    step = y[between] - y[between + 1]
    roots = x[between] + np.where(step == 0, 0.0, y[between] / np.where(step == 0, 1.0, step)) * (x[1] - x[0])
    return float(roots[np.argmin(np.abs(roots))])
