"""What choosing real records above their noise does to a bias: the same choice among draws, where no bias is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.evaluation.groups.ground_motion import (
    CLEAR_RATIO,
    PERIODS_S,
    clear_of_noise,
    in_band,
    known_measures,
    usable,
    windows,
)
from seissynth.evaluation.statistics.intervals import interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from seissynth.evaluation.record_sets import Pairs

_MOST = 5.0  # of a bias that is looked for, in ln
_HALVINGS = 14  # to 0.0006


def residuals_between_draws(
    pairs: Pairs, measure: str = "pga", periods_s: Sequence[float] = PERIODS_S
) -> tuple[np.ndarray, np.ndarray]:
    """Put each draw in the real record's place, and compare the other draws with it.

    Parameters
    ----------
    pairs : Pairs
        In the same band; at least two draws.
    measure : str
        A peak or a response spectrum, as in `measure_names`.
    periods_s : sequence of float

    Returns
    -------
    residuals : ndarray, shape (draws, n)
        Mean over the other draws of ln motion, less ln motion of this draw. NaN where the real record could not have
        been used.
    above : ndarray, shape (draws, n)
        ln of this draw's motion over `CLEAR_RATIO` times the noise of the real record; infinite where that has none
        before P.

    Notes
    -----
    A draw in the place of the real record has its own noise, or none, in its peak. Draws should scatter as real records
    do about their mean: where they scatter less, as realisations that share the terms of their sites, the choice among
    them explains too little.
    """
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

    Notes
    -----
    Real records are compared only where they are above their noise, which favours those that came out large. The bias
    b is the one for which draws smaller by b, chosen alike, would differ from one another as the real records
    do from them: median(residuals) = b + median(between where above >= b). A perfect generator has 0.

    Examples
    --------
    Nothing was chosen, hence the median is the bias:

    >>> between, above = [[-0.2, 0.2], [0.2, -0.2]], [[9, 9], [9, 9]]
    >>> value, low, high = bias_beyond_selection([0.3, 0.3], between, above, ["a", "b"])
    >>> round(value, 2)
    0.3
    """
    residuals, between, above = (np.asarray(values, float) for values in (residuals, between, above))
    above = np.where(np.isfinite(between), above, -np.inf)

    def of_rows(rows):
        chosen = residuals[rows]
        if not np.isfinite(chosen).any():
            return np.nan
        median, apart, over = np.nanmedian(chosen), between[:, rows], above[:, rows]
        low, high = -_MOST, _MOST
        for _ in range(_HALVINGS):
            bias = 0.5 * (low + high)
            alike = apart[over >= bias]
            # without any draw above the noise the bias would have to be smaller
            too_small = len(alike) > 0 and median > bias + np.median(alike)
            low, high = (bias, high) if too_small else (low, bias)
        return 0.5 * (low + high)

    return interval(of_rows, events, **bootstrap)
