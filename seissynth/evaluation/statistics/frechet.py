"""Fixed features of records, and the Fréchet distance of two sets of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.statistics.blocks import blockwise
from seissynth.shared.checks import as_signal, positive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: bands of equal width in ln f whose energies are features
BANDS = 6
#: shares of the energy whose times are features
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: least share of a component's energy that is distinguished in a band
_LEAST_SHARE = 1e-8
_LEAST_S = 0.1


def feature_names():
    """Names of the features of `record_features`, in order."""
    bands = [f"ln_energy_{part}_band_{k + 1}" for part in "zne" for k in range(BANDS)]
    return [*bands, *(f"ln_t{100 * share:g}_s" for share in SHARES), *(f"ln_crest_{part}" for part in "zne")]


def record_features(
    data: ArrayLike, sampling_rate_hz: float, band_hz: tuple[float, float] | None = None, mask: np.ndarray | None = None
) -> np.ndarray:
    """Describe each record by 26 numbers.

    Parameters
    ----------
    data : array_like, shape (n, 3, npts)
    sampling_rate_hz : float
    band_hz : tuple of two floats, optional
        Frequencies between which energies are taken; from 1 Hz to 0.45 of the sampling rate without it.
    mask : ndarray of bool, shape (n, npts), optional
        Samples outside count as zero.

    Returns
    -------
    ndarray, shape (n, 26)
        For each component ln of the energy (Fourier, unit² s) in 6 bands of equal width in ln f; ln of the time after
        the mask's begin at which 5, 25, 50, 75 and 95 % of the energy of all components have come, s; for each
        component ln of its peak over its root mean square. NaN throughout for a record with a component of zeros.

    Raises
    ------
    InputError
        Another shape, or samples that are not finite real numbers.

    Notes
    -----
    The features do not use a neural network, and distances stay comparable between papers, machines and years. They
    measure size, spectrum, duration and burstiness, but not phases, polarities or single arrivals.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation.statistics.frechet import feature_names, record_features
    >>> found = record_features(np.random.default_rng(0).standard_normal((4, 3, 6000)), 100.0)
    >>> found.shape == (4, len(feature_names())), round(float(np.exp(found[:, 20]).mean()))  # half the energy
    (True, 30)
    """
    data, rate = as_signal(data, "data"), positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    if data.ndim != 3 or data.shape[1] != 3:
        raise InputError(f"data has shape {data.shape}; features are of records (n, 3, npts).")
    low, high = band_hz or (None, None)
    npts = data.shape[-1]
    frequencies = np.fft.rfftfreq(npts, 1 / rate)
    edges = np.geomspace(low or min(1.0, 0.02 * rate), min(high or 0.45 * rate, 0.5 * rate), BANDS + 1)
    starts = np.searchsorted(frequencies, edges)
    if (np.diff(starts) < 1).any():
        raise InputError(f"records of {npts / rate:g} s have no frequency in one of {BANDS} bands of {band_hz} Hz.")

    def of_block(rows):
        return _features(data[rows], None if mask is None else mask[rows], rate, starts)

    return blockwise(of_block, len(data))


def frechet_distance(features_a: ArrayLike, features_b: ArrayLike) -> float:
    r"""Squared Fréchet (Wasserstein-2) distance of the normal distributions fitted to two sets of features.

    Parameters
    ----------
    features_a, features_b : array_like, shapes (n, d) and (m, d)
        Rows with NaN are left out.

    Returns
    -------
    float
        0 for equal means and covariances; unit of the features squared.

    Raises
    ------
    InputError
        Fewer than two rows, or different numbers of features.

    Notes
    -----
    .. math:: |\mu_a - \mu_b|^2 + \mathrm{tr}\left(C_a + C_b - 2 (C_a^{1/2} C_b C_a^{1/2})^{1/2}\right)

    (Dowson & Landau 1982; Heusel et al. 2017 for images). Two samples of one distribution are about
    tr(C) (1/n + 1/m) (1 + d/4) apart, not 0: compare with real records against real ones.

    Limits: it depends only on means and covariances, and does not show which record is wrong.

    References
    ----------
    Dowson, D. C. & Landau, B. V. (1982). The Fréchet distance between multivariate normal distributions. J.
    Multivariate Anal. 12, 450-455.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import frechet_distance
    >>> x = np.random.default_rng(0).standard_normal((100, 3))
    >>> round(frechet_distance(x, x + [3, 0, 4]), 6)
    25.0
    """
    means, covariances = [], []
    for features in (features_a, features_b):
        features = np.asarray(features, dtype=float)
        if features.ndim != 2:
            raise InputError(f"features have shape {features.shape}; give (records, features).")
        features = features[np.isfinite(features).all(axis=1)]
        if len(features) < 2:
            raise InputError(f"{len(features)} records have all features; the distance needs two or more.")
        means.append(features.mean(axis=0))
        covariances.append(np.atleast_2d(np.cov(features, rowvar=False)))
    if means[0].shape != means[1].shape:
        raise InputError(f"the sets have {means[0].size} and {means[1].size} features; they must be the same.")
    values, vectors = np.linalg.eigh(covariances[0])
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.linalg.eigvalsh(root @ covariances[1] @ root)
    spread = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.sqrt(np.clip(cross, 0, None)).sum()
    return float(((means[0] - means[1]) ** 2).sum() + max(spread, 0.0))


def half_jackknife(statistic, events, draws=60, seed=0):
    """Standard deviation of a statistic, from random halves of the earthquakes (delete-half jackknife).

    Parameters
    ----------
    statistic : callable
        Row numbers -> float. Unlike a bootstrap sample, a half contains no record twice, which would make distributions
        appear narrower.
    events : array_like, shape (n,)
    draws, seed : int

    Returns
    -------
    float
        NaN with fewer than four earthquakes.

    References
    ----------
    Shao, J. & Wu, C. F. J. (1989). A general theory for jackknife variance estimation. Ann. Statist. 17, 1176-1197.
    """
    labels, codes = np.unique(np.asarray(events).astype(str), return_inverse=True)
    if len(labels) < 4:
        return float("nan")
    rng, halves = np.random.default_rng(seed), []
    for _ in range(draws):
        kept = np.zeros(len(labels), bool)
        kept[rng.permutation(len(labels))[: len(labels) // 2]] = True
        halves.append(statistic(np.flatnonzero(kept[codes])))
    return float(np.std(halves))


# --- below the road


def _features(data, mask, rate, starts):
    from scipy.fft import rfft

    data = data.astype(np.float64)
    data = data - data.mean(axis=-1, keepdims=True)
    begin = np.zeros(len(data), int)
    if mask is not None:
        data = data * mask[:, None, :]
        begin = mask.argmax(axis=1)
    power = np.abs(rfft(data, axis=-1)) ** 2 * (2 / (rate * data.shape[-1]))
    energy = np.add.reduceat(power[..., : starts[-1]], starts[:-1], axis=-1)
    total = energy.sum(axis=-1, keepdims=True)
    size = (data**2).sum(axis=-1)
    dead = (size <= 0).any(axis=1) | (total <= 0).any(axis=(1, 2))
    grown = np.cumsum((data**2).sum(axis=1), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = grown / grown[:, -1:]
        times = np.stack([(grown >= share).argmax(axis=1) - begin for share in SHARES], axis=1) / rate
        crest = np.log(np.abs(data).max(axis=-1) / np.sqrt(size / data.shape[-1]))
        bands = np.log(np.maximum(energy, _LEAST_SHARE * total)).reshape(len(data), -1)
    out = np.concatenate([bands, np.log(np.maximum(times, _LEAST_S)), crest], axis=1)
    out[dead] = np.nan
    return out
