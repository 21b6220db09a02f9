"""Scatter of records about the mean prediction, as a few patterns over frequency and time.

A squared loss makes the network predict the mean of all possible records. Level, decay and spectrum of a real record
differ from that mean over many cells together. These residuals, taken on records that the training did not see, are
described by probabilistic principal components (Tipping and Bishop 1999), ``residual = sum_k pattern_k z_k + noise``
with normal z; a generated record draws its own z. Differences from cell to cell are part of the texture, see
`generation.rayleigh_texture`.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from seissynth.errors import InputError
from seissynth.seeding import generator
from seissynth_plugins.heggs.networks.config import SPECTROGRAM

#: bins and frames of one cell of a pattern
CELL = (4, 4)
#: cells of a pattern
SHAPE = (SPECTROGRAM[0], SPECTROGRAM[1] // CELL[0], SPECTROGRAM[2] // CELL[1])
#: a cell counts where this share of it is in the band and under the mask
_LEAST_SHARE = 0.5
_ITERATIONS = 60
#: patterns are fitted where this share of the records has the cell, and held constant in time beyond
_LEAST_RECORDS = 0.3
#: stream of a record's seed that its coordinates come from
_STREAM = int.from_bytes(b"spread", "big")


class ResidualSpread(nn.Module):
    """Patterns of residuals, for predictions from noise alone and for those from a source.

    Parameters
    ----------
    count : int
        Patterns of each kind; zero until `set_patterns` fills them.
    """

    def __init__(self, count):
        super().__init__()
        self.register_buffer("without_source", torch.zeros(count, *SHAPE))
        self.register_buffer("with_source", torch.zeros(count, *SHAPE))

    def set_patterns(self, without_source, with_source):
        """Keep what `fit_patterns` found, arrays of shape (count, 3, 16, 94)."""
        for buffer, values in ((self.without_source, without_source), (self.with_source, with_source)):
            buffer.copy_(torch.as_tensor(np.asarray(values), dtype=torch.float32))

    def draw(self, seeds, from_source):
        """Return deviations of standardised ln A.

        Parameters
        ----------
        seeds : array_like of int, shape (n,)
            One for each record.
        from_source : bool

        Returns
        -------
        Tensor, shape (n, 3, 64, 376)
        """
        patterns = self.with_source if from_source else self.without_source
        z = np.stack([generator(int(seed), _STREAM).standard_normal(len(patterns)) for seed in seeds])
        z = torch.as_tensor(z, dtype=torch.float32, device=patterns.device)
        # one record at a time: a product with one row gives other bits than one with several
        cells = torch.stack([torch.einsum("k,kcft->cft", row, patterns.float()) for row in z])
        return F.interpolate(cells, size=SPECTROGRAM[1:], mode="bilinear", align_corners=False)


def cell_means(residuals, weights):
    """Return means over cells, and which cells count.

    Parameters
    ----------
    residuals : ndarray, shape (n, 3, 64, 376)
        Target minus prediction, standardised ln A; where the weight is zero it may be anything.
    weights : ndarray, broadcast over `residuals`
        0 to 1: the band and the mask over time.

    Returns
    -------
    means : ndarray, shape (n, 3, 16, 94), float32
        Zero where a cell does not count.
    counts : ndarray of bool, shape (n, 3, 16, 94)

    Examples
    --------
    >>> means, counts = cell_means(np.ones((1, 3, 64, 376)), np.ones((1, 1, 1, 376)))
    >>> means.shape, float(means.mean()), bool(counts.all())
    ((1, 3, 16, 94), 1.0, True)
    """
    weights = np.broadcast_to(weights, residuals.shape).astype(np.float32)
    kept = np.where(weights > 0, residuals, 0).astype(np.float32) * weights
    sums, shares = (
        values.reshape(len(values), SHAPE[0], SHAPE[1], CELL[0], SHAPE[2], CELL[1]).sum((3, 5))
        for values in (kept, weights)
    )
    counts = shares >= _LEAST_SHARE * CELL[0] * CELL[1]
    return np.where(counts, sums / np.maximum(shares, 1e-9), 0).astype(np.float32), counts


def fit_patterns(means, counts, patterns, iterations=_ITERATIONS):
    """Fit patterns and noise to residuals with gaps, by expectation and maximisation.

    Parameters
    ----------
    means, counts : ndarray, shape (n, ...)
        Of `cell_means`; axes after the first may be any.
    patterns : int
        How many; fewer than n.
    iterations : int

    Returns
    -------
    patterns : ndarray, shape (patterns, ...), float32
        Scaled for coordinates of variance 1; the strongest first. Where fewer than 0.3 of the records have a
        cell, the nearest value along the last axis is used; zero if no record has any.
    noise_sd : float
        Standard deviation of a cell's residuals that the patterns do not explain.

    Raises
    ------
    InputError
        Too few records.

    Notes
    -----
    Zero mean is assumed: a bias of the network counts as scatter. Sources: Tipping and Bishop (1999) for the model and
    its iterations; Liu, Rubin and Wu (1998) for the rescaling of coordinates that makes them fast.
    """
    n, shape = len(means), means.shape[1:]
    if not 1 <= patterns < n:
        raise InputError(f"{patterns} patterns cannot be found in {n} residuals; ask for 1 to {n - 1}.")
    x, seen = means.reshape(n, -1).astype(np.float64), counts.reshape(n, -1)
    used = seen.mean(axis=0) >= _LEAST_RECORDS
    x, seen = np.where(seen, x, 0.0)[:, used], seen[:, used].astype(np.float64)
    _, values, axes = np.linalg.svd(x, full_matrices=False)
    w = (axes[:patterns] * values[:patterns, None] / np.sqrt(n)).T  # (cells, patterns)
    total = seen.sum()
    noise = max(np.sum(x**2) / total - np.sum(w**2) / len(w), 1e-6)
    square = np.einsum("di,dj->dij", w, w)
    for _ in range(iterations):
        # coordinates of each record, and their covariance
        precision = np.tensordot(seen, square, axes=1) + noise * np.eye(patterns)
        inverse = np.linalg.inv(precision)
        z = np.einsum("nij,nj->ni", inverse, x @ w)
        second = noise * inverse + np.einsum("ni,nj->nij", z, z)
        # patterns cell by cell, from the records that have the cell; drawn to zero as one more record without it would
        ridge = np.eye(patterns) * noise * patterns * total / max(np.sum(x**2), 1e-12)
        w = np.linalg.solve(np.tensordot(seen.T, second, axes=1) + ridge, (x.T @ z)[:, :, None])[:, :, 0]
        square = np.einsum("di,dj->dij", w, w)
        left = np.sum(x**2) - 2 * np.sum((x.T @ z) * w) + np.einsum("nd,dij,nij->", seen, square, second, optimize=True)
        noise = max(left / total, 1e-9)
        # coordinates whose variance is not yet 1 hand it to the patterns: without this, strong ones take very long
        w = w @ np.linalg.cholesky(second.mean(axis=0))
        square = np.einsum("di,dj->dij", w, w)
    # coordinates may be turned into one another: the principal ones, the strongest first
    _, lengths, turned = np.linalg.svd(w, full_matrices=False)
    left_axes = w @ turned.T / np.maximum(lengths, 1e-12)
    fitted = np.zeros((patterns, used.size))
    fitted[:, used] = (left_axes * lengths).T
    fitted = _held(fitted.reshape(patterns, -1, shape[-1]), used.reshape(-1, shape[-1]))
    return fitted.reshape(patterns, *shape).astype(np.float32), float(np.sqrt(noise))


def _held(patterns, used):
    """Fill what is not used with the nearest value along the last axis; (patterns, lines, cells), (lines, cells)."""
    cells = np.arange(used.shape[-1])
    for line, known in enumerate(used):
        if known.any():
            near = np.abs(cells[:, None] - cells[known]).argmin(axis=1)
            patterns[:, line] = patterns[:, line][:, cells[known][near]]
    return patterns
