"""Correlation of within-event residuals: over the distance between sites, and between measures."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seissynth.data.factory.network import sphere_km
from seissynth.evaluation.flatfiles.parts import limits
from seissynth.evaluation.statistics.intervals import resampled_rows

if TYPE_CHECKING:
    import pandas

#: edges of the classes of distance between sites, km
SEPARATIONS_KM = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0, 80.0, 120.0)
_LEAST_PAIRS = 30
_DRAWS = 300


def spatial_correlation(
    within: np.ndarray,
    events: np.ndarray,
    latitude_deg: np.ndarray,
    longitude_deg: np.ndarray,
    *,
    edges_km: Sequence[float] = SEPARATIONS_KM,
    draws: int = _DRAWS,
    seed: int = 0,
) -> pandas.DataFrame:
    """Correlation of within-event residuals at two sites of one event, over their distance.

    Parameters
    ----------
    within : ndarray, shape (n,)
        Within-event residuals; NaN is left out.
    events : ndarray, shape (n,)
    latitude_deg, longitude_deg : ndarray, shape (n,)
        Of the sites.
    edges_km : sequence of float
        Edges of the classes of distance.
    draws, seed : int
        Bootstrap over events.

    Returns
    -------
    DataFrame
        A row per class with at least 30 pairs: ``distance_km`` (mean of its pairs), ``pairs``, ``correlation`` with
        ``low`` and ``high``.

    Notes
    -----
    Mean of the products of pairs over the mean square of all residuals. Its expected value far away is slightly
    negative, since each event's residuals sum to about 0.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> events, latitude = np.repeat(np.arange(40), 30), rng.uniform(0, 1, 1200)
    >>> table = spatial_correlation(rng.normal(size=1200), events, latitude, np.zeros(1200))
    >>> bool(table["correlation"].abs().max() < 0.15)
    True
    """
    import pandas as pd

    known = np.flatnonzero(np.isfinite(within))
    values = np.asarray(within, dtype=float)[known]
    labels, codes = np.unique(np.asarray(events)[known].astype(str), return_inverse=True)
    latitude, longitude = np.asarray(latitude_deg)[known], np.asarray(longitude_deg)[known]
    bins = len(edges_km) - 1
    product, pairs, apart = (np.zeros((len(labels), bins)) for _ in range(3))
    square, count = np.bincount(codes, values**2), np.bincount(codes)
    for event in range(len(labels)):
        sites = np.flatnonzero(codes == event)
        for k, row in enumerate(sites[:-1]):  # one site at a time: pairs of a large event do not fit in memory at once
            others = sites[k + 1 :]
            separation = sphere_km(latitude[row], longitude[row], latitude[others], longitude[others])
            of = np.searchsorted(edges_km, separation, side="right") - 1
            inside = of < bins
            of = of[inside]
            product[event] += np.bincount(of, values[row] * values[others[inside]], bins)
            pairs[event] += np.bincount(of, minlength=bins)
            apart[event] += np.bincount(of, separation[inside], bins)
    samples = [
        _ratio(product, pairs, square, count, np.asarray(one))
        for one in (resampled_rows(np.arange(len(labels)), draws, seed, rows_within=False) if len(labels) > 1 else ())
    ]
    best, total = _ratio(product, pairs, square, count, slice(None)), pairs.sum(axis=0)
    rows = []
    for k in np.flatnonzero(total >= _LEAST_PAIRS):
        low, high = limits(np.array([sample[k] for sample in samples])) if samples else (np.nan, np.nan)
        rows.append([apart[:, k].sum() / total[k], int(total[k]), best[k], low, high])
    return pd.DataFrame(rows, columns=["distance_km", "pairs", "correlation", "low", "high"])


def _ratio(product, pairs, square, count, events):
    variance = square[events].sum() / max(count[events].sum(), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return product[events].sum(axis=0) / pairs[events].sum(axis=0) / variance


def correlation_range_km(table: pandas.DataFrame) -> float:
    """Range of c exp(-3 h / range), with c up to 1, that fits a table of `spatial_correlation` best, or NaN.

    A c below 1 is what two sites next to each other do not share. All classes of distance count alike.

    Examples
    --------
    >>> import pandas as pd
    >>> h = np.array([1.0, 5.0, 10.0, 20.0, 40.0])
    >>> made = pd.DataFrame({"distance_km": h, "pairs": 100, "correlation": 0.6 * np.exp(-3 * h / 25)})
    >>> round(correlation_range_km(made))
    25
    """
    if not len(table):
        return np.nan
    h, rho = (table[name].to_numpy(float) for name in ("distance_km", "correlation"))
    trials = np.geomspace(0.5, 1000.0, 400)
    shapes = np.exp(-3.0 * h / trials[:, None])
    share = np.clip((shapes * rho).sum(axis=1) / np.maximum((shapes**2).sum(axis=1), 1e-12), 0.0, 1.0)
    misfit = ((rho - share[:, None] * shapes) ** 2).sum(axis=1)
    return float(trials[int(np.argmin(misfit))])


def measure_correlation(
    within: dict[str, np.ndarray], events: np.ndarray, *, draws: int = _DRAWS, seed: int = 0
) -> pandas.DataFrame:
    """Correlation of the within-event residuals of two measures, for each pair of them.

    Parameters
    ----------
    within : dict of str to ndarray, shape (n,)
    events : ndarray, shape (n,)
    draws, seed : int
        Bootstrap over events.

    Returns
    -------
    DataFrame
        ``measure``, ``other``, ``records``, ``correlation``, ``low``, ``high``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=4000)
    >>> b = 0.6 * a + 0.8 * rng.normal(size=4000)
    >>> table = measure_correlation({"pga": a, "psa_1": b}, np.arange(4000) % 20, draws=100)
    >>> round(float(table["correlation"][0]), 1)
    0.6
    """
    import pandas as pd

    rows = []
    for one, other in itertools.combinations(within, 2):
        x, y = (np.asarray(within[name], dtype=float) for name in (one, other))
        known = np.isfinite(x) & np.isfinite(y)
        if known.sum() < _LEAST_PAIRS:
            continue
        codes = np.unique(np.asarray(events)[known].astype(str), return_inverse=True)[1]
        terms = np.column_stack([x, y, x * x, y * y, x * y])[known]
        sums = np.stack([np.bincount(codes, column) for column in (*terms.T, np.ones(len(terms)))], axis=1)
        drawn = resampled_rows(np.arange(len(sums)), draws, seed, rows_within=False) if len(sums) > 1 else ()
        samples = np.array([_pearson(sums[chosen].sum(axis=0)) for chosen in drawn])
        rows.append([one, other, int(known.sum()), _pearson(sums.sum(axis=0)), *limits(samples)])
    return pd.DataFrame(rows, columns=["measure", "other", "records", "correlation", "low", "high"])


def _pearson(sums):
    x, y, xx, yy, xy, n = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        return float((n * xy - x * y) / np.sqrt((n * xx - x * x) * (n * yy - y * y)))
