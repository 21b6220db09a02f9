"""Patterns of residuals on the clock of P and S, by probabilistic principal components over cells with gaps.

    residual of a record = A sum_k pattern_k z_k + noise

A reads values on the clock at the record's columns. Most of a record's residual is in a few patterns: level, decay,
spectrum. The noise of cells is the texture of a random signal, which a generator has already.
"""

from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth_plugins.residuals.cells import COLUMN_SHAPE
from seissynth_plugins.residuals.clock import POINTS, unwarp_matrix, warp

#: cells of a pattern
SHAPE = (*COLUMN_SHAPE, POINTS)
#: columns overlap by half: so many tell as much as one
OVERLAP = 1.5
#: coordinates of records are read with this precision more, as a prior of standard deviation 10
_RIDGE = 1e-2
#: patterns are fitted where this share of the records has the cell; beyond, the nearest point in time counts
_LEAST_RECORDS = 0.15
_ITERATIONS = 40


@dataclass(frozen=True)
class Patterns:
    """Patterns, and the noise of cells beside them.

    Parameters
    ----------
    values : ndarray, shape (patterns, 2, bands, POINTS)
        ln amplitude per unit of the coordinate; coordinates have variance 1 over the records of the fit. Components and
        bands may be other ones; backend "heggs" has (patterns, 3, 16, POINTS).
    noise : float
        Standard deviation of a cell that patterns do not explain, ln amplitude.
    """

    values: np.ndarray
    noise: float

    def __len__(self):
        return len(self.values)

    def at(self, residuals):
        """Patterns at the columns of a record, shape (patterns, 2, bands, columns)."""
        matrix = unwarp_matrix(residuals.times_s, residuals.p_s, residuals.s_s)
        return self.values @ matrix.T.astype(self.values.dtype)

    def coordinates(self, residuals):
        """Read the coordinates of a record.

        Parameters
        ----------
        residuals : Residuals

        Returns
        -------
        values, variances : ndarray, shape (patterns,)
            Coordinates, and the variances of their errors: 100 where the record shows nothing.

        Examples
        --------
        >>> from seissynth_plugins.residuals.cells import column_times
        >>> from seissynth_plugins.residuals.observed import Residuals
        >>> level = Patterns(np.ones((1, *SHAPE)), noise=0.3)
        >>> times = column_times(5.0, 8.0)
        >>> twice = np.full((2, 10, len(times)), np.log(2.0))
        >>> value, variance = level.coordinates(Residuals(twice, twice > 0, times, 5.0, 8.0))
        >>> round(float(value[0]), 3), bool(variance[0] < 1e-3)
        (0.693, True)
        """
        seen = residuals.counts.ravel()
        w = self.at(residuals).reshape(len(self), -1)[:, seen].astype(float)
        scale = 1.0 / (OVERLAP * self.noise**2)
        precision = scale * (w @ w.T) + _RIDGE * np.eye(len(self))
        inverse = np.linalg.inv(precision)
        values = inverse @ (scale * (w @ residuals.values.ravel()[seen]))
        return values, np.diag(inverse).copy()

    def field(self, z):
        """Residuals on the clock for coordinates, ln amplitude: (patterns,) gives an array (2, bands, POINTS)."""
        flat = self.values.reshape(len(self), -1)
        # element by element in a fixed order: a product of matrices would give other bits for other batches
        return (np.asarray(z, dtype=float)[:, None] * flat).sum(axis=0).reshape(self.values.shape[1:])


def on_clock(records):
    """Residuals of records on the clock.

    Parameters
    ----------
    records : sequence of Residuals, n

    Returns
    -------
    values : ndarray, shape (n, 2, bands, POINTS), float32
    counts : ndarray of bool, of the same shape
    """
    pairs = [warp(one.values, one.counts, one.times_s, one.p_s, one.s_s) for one in records]
    return np.stack([values for values, _ in pairs]), np.stack([counts for _, counts in pairs])


def fit_patterns(values, counts, patterns=20, iterations=_ITERATIONS):
    """Fit patterns to residuals with gaps, by expectation and maximisation.

    Parameters
    ----------
    values : ndarray, shape (n, ..., points)
        Where `counts` is false it may be anything.
    counts : ndarray of bool, of the same shape
    patterns : int
        From 1 to n - 1.
    iterations : int

    Returns
    -------
    Patterns
        The strongest first.

    Raises
    ------
    InputError
        Too few records.

    Notes
    -----
    Tipping and Bishop (1999), J. R. Stat. Soc. B 61, 611-622, with cells left out where a record lacks them;
    coordinates are rescaled to variance 1 after each iteration, which is the parameter expansion of Liu, Rubin and Wu
    (1998). The mean is taken to be zero: what all records have in common is scatter, too.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> z, shape = rng.standard_normal((200, 1, 1)), np.linspace(1, 2, 8)
    >>> data = z * shape + 0.1 * rng.standard_normal((200, 1, 8))
    >>> fitted = fit_patterns(data, np.ones(data.shape, bool), 1)
    >>> bool(np.allclose(abs(fitted.values[0, 0]), z.std() * shape, atol=0.05)), round(fitted.noise, 2)
    (True, 0.1)
    """
    n, shape = len(values), values.shape[1:]
    if not 1 <= patterns < n:
        raise InputError(f"residuals: {patterns} patterns cannot be found in {n} records; ask for 1 to {n - 1}.")
    seen = np.asarray(counts, dtype=bool).reshape(n, -1)
    used = seen.mean(axis=0) >= _LEAST_RECORDS
    if not used.any():
        raise InputError("residuals: no cell is known in enough records; give records that reach above their noise.")
    x = np.where(seen, np.asarray(values, dtype=float).reshape(n, -1), 0.0)[:, used]
    seen = seen[:, used].astype(float)
    total, power = seen.sum(), max(np.sum(x**2), 1e-12)
    _, lengths, axes = np.linalg.svd(x, full_matrices=False)
    w = np.zeros((x.shape[1], patterns))
    kept = min(patterns, len(lengths))
    w[:, :kept] = (axes[:kept] * lengths[:kept, None] / np.sqrt(n)).T
    noise = max(power / total - np.sum(w**2) / len(w), 1e-6)
    for _ in range(iterations):
        square = np.einsum("di,dj->dij", w, w).reshape(len(w), -1)
        precision = (seen @ square).reshape(n, patterns, patterns) + noise * np.eye(patterns)
        inverse = np.linalg.inv(precision)
        z = np.einsum("nij,nj->ni", inverse, x @ w)
        second = noise * inverse + np.einsum("ni,nj->nij", z, z)
        # drawn to zero as by one more record without the pattern
        ridge = np.eye(patterns) * noise * patterns * total / power
        moments = (seen.T @ second.reshape(n, -1)).reshape(len(w), patterns, patterns)
        across = x.T @ z
        w = np.linalg.solve(moments + ridge, across[:, :, None])[:, :, 0]
        left = power - 2 * np.sum(across * w) + np.einsum("dij,di,dj->", moments, w, w, optimize=True)
        noise = max(left / total, 1e-9)
        w = w @ np.linalg.cholesky(second.mean(axis=0))
    _, lengths, turned = np.linalg.svd(w, full_matrices=False)
    w = w @ turned.T  # columns are principal axes times their lengths
    w = w * np.where(w.sum(axis=0) < 0, -1.0, 1.0)  # a fixed sign
    fitted = np.zeros((patterns, used.size))
    fitted[:, used] = w.T
    fitted = _held(fitted.reshape(patterns, -1, shape[-1]), used.reshape(-1, shape[-1]))
    return Patterns(fitted.reshape(patterns, *shape).astype(np.float32), float(np.sqrt(noise)))


def _held(patterns, used):
    """Fill points that are not used with the nearest one in time; a band without any, with the next lower band."""
    points = np.arange(used.shape[-1])
    filled = None
    for line, known in enumerate(used):
        if known.any():
            near = np.abs(points[:, None] - points[known]).argmin(axis=1)
            patterns[:, line] = patterns[:, line][:, points[known][near]]
            filled = line
        elif filled is not None:
            patterns[:, line] = patterns[:, filled]
    return patterns
