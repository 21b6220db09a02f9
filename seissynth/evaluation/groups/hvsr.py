"""Ratio of horizontal to vertical spectra."""

from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.real_numbers import require_real

#: how one horizontal is made of two
HORIZONTALS = ("geometric", "vector")


@dataclass(frozen=True)
class SpectralRatio:
    """Ratio of horizontal to vertical of several records.

    Attributes
    ----------
    frequency_hz : ndarray, shape (m,)
    median : ndarray, shape (m,)
        exp of the mean of ln.
    ln_sd : ndarray, shape (m,)
        Standard deviation over records; NaN for one.
    ln_of_record : ndarray, shape (n, m)
        NaN if a record has no motion.
    """

    frequency_hz: np.ndarray
    median: np.ndarray
    ln_sd: np.ndarray
    ln_of_record: np.ndarray


def hvsr(data, sampling_rate_hz, *, window=None, centers=None, bandwidth=40.0, horizontal="geometric", workers=None):
    """Horizontal over vertical Fourier spectrum, smoothed.

    Parameters
    ----------
    data : array_like, shape (n, 3, npts)
        Components Z, N, E of any quantity, which must be the same for all three.
    sampling_rate_hz : float
    window : ndarray of bool, shape (n, npts), optional
        Samples to use, with a taper at both ends; all by default.
    centers : array_like, Hz, optional
        120 steps of log f from 0.5 Hz to 0.9 of Nyquist by default.
    bandwidth : float
        Of Konno & Ohmachi's window.
    horizontal : {"geometric", "vector"}
        Geometric mean of both horizontals' smoothed spectra, or the root of their mean square, which does not depend on
        the sensor orientation.
    workers : int, optional

    Returns
    -------
    SpectralRatio

    Raises
    ------
    InputError
        Another shape, or an unknown `horizontal`.

    Notes
    -----
    H / V of ln is averaged over records (Nakamura 1989 for noise, Lermo & Chavez-Garcia 1993 for S). Numerator and
    denominator are smoothed before they are divided. Limits: an amplification that is common to Z is not detected.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> data = rng.normal(size=(40, 3, 2000)) * np.array([1.0, 3.0, 3.0])[:, None]
    >>> found = hvsr(data, 100.0)
    >>> bool(abs(np.exp(np.log(found.median).mean()) - 3) < 0.1)
    True
    """
    from seissynth.evaluation.groups.source_fit import _taper
    from seissynth.signal import fourier_amplitude, konno_ohmachi

    data = np.asarray(require_real(data, "data"), dtype=float)
    if data.ndim != 3 or data.shape[1] != 3:
        raise InputError(f"data has shape {data.shape}; it must be (n, 3, npts), components Z, N, E.")
    if horizontal not in HORIZONTALS:
        raise InputError(f"horizontal={horizontal!r} is unknown; use one of {', '.join(map(repr, HORIZONTALS))}.")
    npts = data.shape[-1]
    weight = np.ones((len(data), npts))
    if window is not None:
        weight[:] = 0.0
        for row, inside in enumerate(np.asarray(window, bool)):
            samples = np.flatnonzero(inside)
            if len(samples) > 1:
                first, last = samples[0], samples[-1] + 1
                weight[row, first:last] = _taper(last - first, sampling_rate_hz)
    frequency, amplitude = fourier_amplitude(data * weight[:, None], sampling_rate_hz)
    if centers is None:
        centers = np.geomspace(max(0.5, 4.0 * sampling_rate_hz / npts), 0.45 * sampling_rate_hz, 120)
    centers = np.asarray(centers, dtype=float)
    alive = (amplitude > 0).any(axis=2).all(axis=1)
    ln = np.full((len(data), len(centers)), np.nan)
    if alive.any():
        if horizontal == "vector":
            power = np.stack([amplitude[alive, 0] ** 2, (amplitude[alive, 1:] ** 2).mean(axis=1)], axis=1)
            smooth = konno_ohmachi(power, frequency, centers, bandwidth, workers=workers)
            ln[alive] = 0.5 * np.log(smooth[:, 1] / smooth[:, 0])
        else:
            smooth = konno_ohmachi(amplitude[alive], frequency, centers, bandwidth, workers=workers)
            ln[alive] = 0.5 * np.log(smooth[:, 1] * smooth[:, 2]) - np.log(smooth[:, 0])
    kept = ln[alive]
    median = np.exp(kept.mean(axis=0)) if len(kept) else np.full(len(centers), np.nan)
    sd = kept.std(axis=0, ddof=1) if len(kept) > 1 else np.full(len(centers), np.nan)
    return SpectralRatio(centers, median, sd, ln)
