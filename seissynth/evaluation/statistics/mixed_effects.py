"""Residuals split into a mean, event terms, station terms and a remainder, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike

#: standard deviations that are found, in this order
PARTS = ("event", "station", "remaining")

#: rise of the deviance at the ends of a 95 % interval: chi square with one degree of freedom
_DEVIANCE_95 = 3.841458820694124
_ZERO = 1e-4  # of the largest standard deviation: taken as 0
_ROUNDING = 1e-6  # of records in single precision
_GRID = (1e-4, 0.1, 0.3, 1.0, 3.0)
_SMALLEST, _LARGEST = 1e-5, 1e3  # of event or station over remaining


@dataclass(frozen=True)
class MixedEffects:
    """Result of `split_residuals`.

    Attributes
    ----------
    mean : ndarray, shape (p,)
        Coefficients of the fixed part; one, the mean, without `design`.
    mean_se : ndarray, shape (p,)
        Their standard errors: of correlated residuals, so larger than sd / sqrt(n).
    sd : dict
        "event" (between events), "station" (station to station), "remaining", in the residuals' unit.
    limits : dict of (low, high)
        95 % intervals of `sd` from the likelihood's profile; NaN if not requested.
    event_terms, station_terms : dict of label to float
        Most likely terms, shrunk towards 0 where a label has few records.
    remaining : ndarray, shape (n,)
        Remainder of each record; NaN if the residual is NaN.
    records : int
        Finite residuals.
    deviance : float
        -2 ln of the (restricted) likelihood.
    """

    mean: np.ndarray
    mean_se: np.ndarray
    sd: dict
    limits: dict
    event_terms: dict
    station_terms: dict
    remaining: np.ndarray
    records: int
    deviance: float

    @property
    def total_sd(self):
        """Root of the sum of the three variances."""
        return float(np.sqrt(sum(value**2 for value in self.sd.values())))


def split_residuals(
    residuals: ArrayLike,
    events: ArrayLike,
    stations: ArrayLike,
    *,
    design: ArrayLike | None = None,
    restricted: bool = True,
    limits: bool = True,
) -> MixedEffects:
    r"""Split residuals into event, station and remaining parts.

    Parameters
    ----------
    residuals : array_like, shape (n,)
        NaN is left out.
    events, stations : array_like, shape (n,)
        Labels. Both effects are random and crossed: a station sees many events.
    design : array_like, shape (n, p), optional
        Columns of the fixed part; a column of ones (the mean) without it.
    restricted : bool
        Restricted maximum likelihood, whose variances account for the degrees of freedom of the fixed part. False:
        ordinary maximum likelihood.
    limits : bool
        Whether to compute the 95 % intervals, which takes most of the time.

    Returns
    -------
    MixedEffects

    Raises
    ------
    InputError
        Arrays of different lengths, fewer than 3 finite residuals, a design without full rank.

    Notes
    -----
    :math:`y = X\beta + Z_e u_e + Z_s u_s + \varepsilon` with :math:`u_e \sim N(0, \tau^2)`,
    :math:`u_s \sim N(0, \phi_S^2)`, :math:`\varepsilon \sim N(0, \sigma^2)`. Mean and :math:`\sigma` are found in
    closed form for given :math:`\tau/\sigma` and :math:`\phi_S/\sigma`, for which the profiled deviance is minimised;
    of the normal equations only the smaller of the two blocks is factorised (Bates et al. 2015, J. Stat. Softw. 67,
    section 3; Abrahamson & Youngs 1992 for its use with ground motion; Al Atik et al. 2010 for the names).

    For a label with a single record its term cannot be separated from the remainder. If every station records one
    event, station and remaining parts cannot be separated.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> events, stations = np.divmod(np.arange(1200), 30)
    >>> y = 0.5 + 0.4 * rng.normal(size=40)[events] + 0.3 * rng.normal(size=30)[stations] + 0.2 * rng.normal(size=1200)
    >>> found = split_residuals(y, events, stations)
    >>> {part: round(value, 1) for part, value in found.sd.items()}
    {'event': 0.4, 'station': 0.2, 'remaining': 0.2}
    """
    problem, keep, names = _prepare(residuals, events, stations, design, restricted)
    if problem.is_fitted_exactly():
        return _nothing_left(problem, keep, names)
    ratios = problem.best_ratios()
    deviance, beta, covariance, variance, terms = problem.solve(ratios)
    sigma = np.sqrt(variance)
    sd = dict(zip(PARTS, (ratios[0] * sigma, ratios[1] * sigma, sigma), strict=True))
    largest = max(sd.values())
    sd = {part: float(value) if value > _ZERO * largest else 0.0 for part, value in sd.items()}
    part_limits = dict.fromkeys(PARTS, (np.nan, np.nan))
    if limits and largest > 0:
        part_limits = {part: problem.profile_limits(k, sd, deviance) for k, part in enumerate(PARTS)}
    of_event, of_station = terms
    remaining = np.full(len(keep), np.nan)
    fitted = problem.x @ beta + of_event[problem.event] + of_station[problem.station]
    remaining[keep] = problem.y - fitted
    event_terms, station_terms = (
        dict(zip(labels.tolist(), map(float, values), strict=True))
        for labels, values in zip(names, (of_event, of_station), strict=True)
    )
    return MixedEffects(
        mean=beta,
        mean_se=np.sqrt(np.diag(covariance)),
        sd=sd,
        limits=part_limits,
        event_terms=event_terms,
        station_terms=station_terms,
        remaining=remaining,
        records=int(keep.sum()),
        deviance=float(deviance),
    )


def _nothing_left(problem, keep, names):
    """Constant residuals (a set compared with itself): all parts are zero."""
    beta = np.linalg.lstsq(problem.x, problem.y, rcond=None)[0]
    return MixedEffects(
        beta, np.zeros(len(beta)), dict.fromkeys(PARTS, 0.0), dict.fromkeys(PARTS, (0.0, 0.0)),
        *(dict.fromkeys(labels.tolist(), 0.0) for labels in names),
        np.where(keep, 0.0, np.nan), int(keep.sum()), -np.inf,
    )  # fmt: skip


def _prepare(residuals, events, stations, design, restricted):
    y = np.asarray(residuals, dtype=float)
    events, stations = np.asarray(events), np.asarray(stations)
    x = np.ones((len(y), 1)) if design is None else np.asarray(design, dtype=float)
    if y.ndim != 1 or events.shape != y.shape or stations.shape != y.shape or x.ndim != 2 or len(x) != len(y):
        raise InputError(
            f"residuals {y.shape}, events {events.shape}, stations {stations.shape} and design {x.shape} must have "
            "one row for each record."
        )
    keep = np.isfinite(y) & np.isfinite(x).all(axis=1)
    if keep.sum() < max(3, x.shape[1] + 2):
        raise InputError(f"{int(keep.sum())} finite residuals are too few to be split; 3 or more are needed.")
    if np.linalg.matrix_rank(x[keep]) < x.shape[1]:
        raise InputError("the columns of design depend on each other; leave one out.")
    labels, codes = zip(*(np.unique(part[keep].astype(str), return_inverse=True) for part in (events, stations)),
                        strict=True)  # fmt: skip
    return _Problem(y[keep], x[keep], *codes, restricted), keep, labels


class _Problem:
    """Sums over records needed for every likelihood, computed once."""

    def __init__(self, y, x, event, station, restricted):
        self.y, self.x, self.event, self.station, self.restricted = y, x, event, station, restricted
        columns = np.column_stack([x, y])
        self.size = [int(code.max()) + 1 for code in (event, station)]
        self.count = [np.bincount(code, minlength=n).astype(float)
                      for code, n in zip((event, station), self.size, strict=True)]  # fmt: skip
        self.cross = np.zeros(self.size)
        np.add.at(self.cross, (event, station), 1.0)
        self.sums = []
        for code, n in zip((event, station), self.size, strict=True):
            total = np.zeros((n, columns.shape[1]))
            np.add.at(total, code, columns)
            self.sums.append(total)
        self.products = columns.T @ columns
        self.flip = self.size[0] < self.size[1]  # eliminate the larger block, factorise the smaller

    def is_fitted_exactly(self):
        """Whether the fixed part leaves only rounding errors."""
        rest = self.y - self.x @ np.linalg.lstsq(self.x, self.y, rcond=None)[0]
        return bool(np.abs(rest).max() <= _ROUNDING * max(np.abs(self.y).max(), 1.0))

    def _reduce(self, ratios):
        """(log determinant, products without random effects, terms of each column) for tau/sigma, phi/sigma."""
        from scipy.linalg import cho_solve

        large, small = (1, 0) if self.flip else (0, 1)
        cross = self.cross.T if self.flip else self.cross
        a, b = ratios[large], ratios[small]
        diagonal = a**2 * self.count[large] + 1.0
        between = a * b * cross
        block = np.diag(b**2 * self.count[small] + 1.0) - between.T @ (between / diagonal[:, None])
        factor = np.linalg.cholesky(block)
        right_large, right_small = a * self.sums[large], b * self.sums[small]
        right = right_small - between.T @ (right_large / diagonal[:, None])
        small_solution = cho_solve((factor, True), right, check_finite=False)
        large_solution = (right_large - between @ small_solution) / diagonal[:, None]
        log_determinant = np.log(diagonal).sum() + 2 * np.log(np.diag(factor)).sum()
        left = self.products - right_large.T @ large_solution - right_small.T @ small_solution
        terms = [None, None]
        terms[large], terms[small] = a * large_solution, b * small_solution
        return log_determinant, left, terms

    def solve(self, ratios, variance=None):
        """(deviance, beta, its covariance, variance of the remainder, terms); the best variance if none is given."""
        deviance, beta, xx, best, terms = self._deviance(ratios, variance)
        terms = [term[:, -1] - term[:, :-1] @ beta for term in terms]
        return deviance, beta, best * np.linalg.inv(xx), best, terms

    def deviance(self, ratios, variance=None):
        """The deviance alone, for searches."""
        return self._deviance(ratios, variance)[0]

    def _deviance(self, ratios, variance):
        log_determinant, left, terms = self._reduce(ratios)
        xx, xy, yy = left[:-1, :-1], left[:-1, -1], left[-1, -1]
        beta = xy / xx[0] if len(xy) == 1 else np.linalg.solve(xx, xy)
        rest = max(yy - xy @ beta, np.finfo(float).tiny)
        degrees = len(self.y) - (len(beta) if self.restricted else 0)
        best = rest / degrees if variance is None else variance
        deviance = degrees * np.log(2 * np.pi * best) + rest / best + log_determinant
        if self.restricted:
            deviance += np.log(abs(xx[0, 0])) if len(xy) == 1 else np.linalg.slogdet(xx)[1]
        return deviance, beta, xx, best, terms

    def best_ratios(self):
        """Minimise the profiled deviance over both ratios, from the best place of a coarse grid (0 is a boundary)."""

        def deviance(logs):
            return self.deviance(np.exp(np.clip(logs, np.log(_SMALLEST), np.log(_LARGEST))))

        grid = [(a, b) for a in np.log(_GRID) for b in np.log(_GRID)]
        best = _minimum(deviance, min(grid, key=deviance), 1e-5, 1e-8)
        return np.exp(np.clip(best.x, np.log(_SMALLEST), np.log(_LARGEST)))

    def profile_limits(self, which, sd, least):
        """Standard deviations `which` at which the deviance, minimised over the others, is 3.84 above `least`."""
        from scipy.optimize import brentq

        values = np.array([sd[part] for part in PARTS])
        scale = float(np.sqrt((values**2).sum()))
        others = [k for k in range(len(PARTS)) if k != which]
        start = np.log(np.maximum(values[others] / scale, 1e-2))

        def rise(value):
            return self._profile(which, others, max(value, 1e-6 * scale), start, scale) - least - _DEVIANCE_95

        low, floor = 0.0, 1e-3 * scale
        best = max(values[which], floor)
        if rise(best) > 0:
            # a part so much smaller than the others that rounding decides: it has no interval
            return np.nan, np.nan
        if values[which] > floor and rise(floor) > 0:
            low = brentq(rise, floor, best, xtol=3e-3 * scale)
        top = max(best, 0.02 * scale)
        for _ in range(12):
            top *= 1.6
            if rise(top) > 0:
                return float(low), float(brentq(rise, best, top, xtol=3e-3 * scale))
        return float(low), np.nan

    def _profile(self, which, others, value, start, scale):
        def deviance(logs):
            trial = np.empty(len(PARTS))
            trial[which] = value
            trial[others] = scale * np.exp(np.clip(logs, np.log(1e-4), np.log(1e2)))
            return self.deviance(np.clip(trial[:2] / trial[2], _SMALLEST, _LARGEST), trial[2] ** 2)

        return _minimum(deviance, start, 1e-2, 1e-3).fun


def _minimum(function, start, xatol, fatol, step=0.5):
    """Nelder and Mead's search; SciPy's own first simplex is nearly degenerate where a start is 0."""
    from scipy.optimize import minimize

    start = np.asarray(start, dtype=float)
    simplex = np.vstack([start, start + step * np.eye(len(start))])
    options = {"initial_simplex": simplex, "xatol": xatol, "fatol": fatol}
    return minimize(function, start, method="Nelder-Mead", options=options)


def split_table(
    columns: Mapping[str, ArrayLike], events: ArrayLike, stations: ArrayLike, *, limits: bool = True
) -> pandas.DataFrame:
    """Split several residuals, one row each.

    Parameters
    ----------
    columns : dict of str to array_like, shape (n,)
        Residuals by measure.
    events, stations : array_like, shape (n,)
    limits : bool
        Whether to compute 95 % intervals.

    Returns
    -------
    DataFrame
        Columns ``measure``, ``records``, ``events``, ``stations``, ``mean``, ``mean_se``, and for each of "event",
        "station", "remaining" the standard deviation with ``_low`` and ``_high``, then ``total``. Measures with fewer
        than 5 finite residuals have NaN.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> events, stations = np.divmod(np.arange(200), 10)
    >>> table = split_table({"pga": rng.normal(size=200)}, events, stations, limits=False)
    >>> [int(table[name][0]) for name in ("records", "events", "stations")]
    [200, 20, 10]
    """
    import pandas as pd

    events, stations = np.asarray(events), np.asarray(stations)
    rows = []
    for measure, values in columns.items():
        values = np.asarray(values, dtype=float)
        finite = np.isfinite(values)
        row = {"measure": measure, "records": int(finite.sum()), "events": len(set(events[finite].tolist())),
               "stations": len(set(stations[finite].tolist()))}  # fmt: skip
        split = split_residuals(values, events, stations, limits=limits) if finite.sum() >= 5 else None
        row["mean"] = float(split.mean[0]) if split else np.nan
        row["mean_se"] = float(split.mean_se[0]) if split else np.nan
        for part in PARTS:
            row[part] = split.sd[part] if split else np.nan
            row[f"{part}_low"], row[f"{part}_high"] = split.limits[part] if split else (np.nan, np.nan)
        row["total"] = split.total_sd if split else np.nan
        rows.append(row)
    return pd.DataFrame(rows)
