"""Residuals of a record from its expectation, in cells where it shows the earthquake and not its noise."""

from dataclasses import dataclass

import numpy as np

from seissynth_plugins.residuals.cells import COLUMN_SHAPE

#: signal counts from so many times the power of the noise
LEAST_RATIO = 4.0
#: the level of a record is that up to so long after S, s, where ln power is expected within this of its largest value
_LEVEL_S, _STRONG = 10.0, 2.5
_MOST = 1e3
#: a signal below the noise is put at this share of it
_FLOOR = 0.3


@dataclass(frozen=True)
class Residuals:
    """Residuals of one record.

    Parameters
    ----------
    values : ndarray, shape (2, bands, columns)
        ln amplitude, observed less expected; 0 where it does not count.
    counts : ndarray of bool, shape (2, bands, columns)
    times_s : ndarray, shape (columns,)
        s after origin.
    p_s, s_s : float
        Onsets, s after origin.
    """

    values: np.ndarray
    counts: np.ndarray
    times_s: np.ndarray
    p_s: float
    s_s: float


def residuals_of(cells, expected):
    """Return the residuals of a record.

    Parameters
    ----------
    cells : Cells
        Of the record.
    expected : ndarray, shape (2, bands, columns)
        Mean of ln power of the signal that was expected there, same columns.

    Returns
    -------
    Residuals

    Notes
    -----
    The power of the noise before P is subtracted. A cell counts where the expected signal has four times the power of
    the noise. Where a record is louder than expected (in the columns from P to 10 s after S in which a band is expected
    to be strongest, median, above four times the noise), the expectation is raised to its level for that decision. To
    count a cell by its own power would keep those in which noise or another earthquake is strong, and leave out those
    in which this one is weak. A signal below the noise is put at 0.3 of its power. Where no noise was recorded, none is
    assumed.

    Examples
    --------
    >>> from seissynth_plugins.residuals.cells import cells_of
    >>> noise = np.random.default_rng(1).standard_normal((3, 8000))
    >>> cells = cells_of(noise * (np.arange(8000) > 1000), -5.0, 5.0, 8.0)
    >>> residuals = residuals_of(cells, cells.power - 2 * np.log(3))
    >>> float(residuals.values[residuals.counts].mean().round(3))
    1.099
    """
    power, noise = cells.power, np.broadcast_to(cells.noise[..., None], cells.power.shape)
    noise = np.where(np.isnan(noise), -np.inf, noise)
    known = np.isfinite(power) & np.isfinite(expected)
    filled = np.where(known, expected, 0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        signal = power + np.log(np.maximum(-np.expm1(noise - power), 0.0))
        signal = np.maximum(signal, noise + np.log(_FLOOR))
    known &= np.isfinite(signal)
    values = np.where(known, 0.5 * (np.where(known, signal, 0.0) - filled), 0.0)
    near = known & (cells.times_s < cells.s_s + _LEVEL_S)
    strongest = np.where(near, filled, -np.inf).max(axis=-1, keepdims=True, initial=-np.inf)
    strong = near & (filled > strongest - _STRONG)
    level = _medians(np.where(strong, values, np.nan))
    heard = _medians(np.where(strong, np.minimum(power - noise, _MOST), np.nan)) > np.log(LEAST_RATIO)
    level = np.where(heard, level, 0.0)
    counts = known & (filled + 2 * np.maximum(level, 0.0)[..., None] > noise + np.log(LEAST_RATIO))
    values = np.where(counts, values, 0.0)
    return Residuals(values.reshape(*COLUMN_SHAPE, -1), counts, cells.times_s, cells.p_s, cells.s_s)


def _medians(values):
    """Medians over time of the values that are known; 0 where none is, shape (2, bands)."""
    levels = np.zeros(values.shape[:2])
    some = np.isfinite(values).any(axis=-1)
    levels[some] = np.nanmedian(values[some], axis=-1)
    return levels
