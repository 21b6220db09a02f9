"""Noise in front of records, to put arrivals at any position in a window.

Many sets have P at a fixed sample. A picker trained or tested on such windows learns the position instead of the wave.
Each record is therefore shifted by a random time, and the gap is filled with noise like the record's own.
"""

from __future__ import annotations

import numpy as np

from seissynth.errors import InputError

_LEAST_SAMPLES = 16
_FADE_S = 0.3
_BEFORE_P_S = 0.2


def noise_like(sample: np.ndarray, npts: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise with the spectrum of a short sample of noise.

    Parameters
    ----------
    sample : ndarray, shape (components, m)
        Real noise of any unit, 16 samples or more.
    npts : int
        Number of samples.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (components, npts), float64
        The mean is the sample's. Components are independent of each other.

    Raises
    ------
    InputError
        Fewer than 16 samples.

    Notes
    -----
    White noise is multiplied by the amplitude spectrum of the tapered sample. Its length of m samples sets the
    resolution: the result has no periods longer than the sample.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> sample = 5.0 * rng.standard_normal((3, 400))
    >>> noise = noise_like(sample, 4000, rng)
    >>> noise.shape, bool(abs(noise.std() / 5 - 1) < 0.1)
    ((3, 4000), True)
    """
    sample = np.asarray(sample, dtype=float)
    if sample.ndim != 2 or sample.shape[1] < _LEAST_SAMPLES:
        raise InputError(f"sample has shape {sample.shape}; it must hold {_LEAST_SAMPLES} or more samples a component.")
    mean = sample.mean(axis=1, keepdims=True)
    length = sample.shape[1]
    window = np.hanning(length + 2)[1:-1]
    modulus = np.abs(np.fft.rfft((sample - mean) * window, axis=1)) / np.sqrt((window**2).sum())
    # twice as long as both, otherwise the ends would be alike
    total = 2 * max(npts, length)
    white = np.fft.rfft(rng.standard_normal((len(sample), total)), axis=1)
    frequencies, known = np.linspace(0, 1, white.shape[1]), np.linspace(0, 1, modulus.shape[1])
    filtered = white * np.array([np.interp(frequencies, known, row) for row in modulus])
    return np.fft.irfft(filtered, total, axis=1)[:, :npts] + mean


def noise_samples(onset, sampling_rate_hz):
    """Samples of noise at a record's start, up to 0.2 s before P at `onset`."""
    return max(0, int(onset - _BEFORE_P_S * sampling_rate_hz))


def has_noise(onset, sampling_rate_hz):
    """Whether there is enough noise before P to make more of it."""
    return noise_samples(onset, sampling_rate_hz) >= _LEAST_SAMPLES


def put_noise_in_front(
    waveform: np.ndarray, onset: float, npts: int, sampling_rate_hz: float, rng: np.random.Generator
) -> np.ndarray:
    """Shift a record to later times, with noise in front that is like its own before P.

    Parameters
    ----------
    waveform : ndarray, shape (components, m)
    onset : float
        Sample of P; the samples up to 0.2 s before it are the record's noise.
    npts : int
        Samples to put in front, 0 or more.
    sampling_rate_hz : float
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (components, npts + m), float64
        The noise is blended into the record within 0.3 s.

    Raises
    ------
    InputError
        Too little noise before P.
    """
    if npts == 0:
        return np.asarray(waveform, dtype=float).copy()
    before = noise_samples(onset, sampling_rate_hz)
    if before < _LEAST_SAMPLES:
        raise InputError(f"P at sample {onset:g}: {before} samples of noise before it; {_LEAST_SAMPLES} are needed.")
    fade = min(int(_FADE_S * sampling_rate_hz), before)
    noise = noise_like(waveform[:, :before], npts + fade, rng)
    out = np.concatenate([noise[:, :npts], np.asarray(waveform, dtype=float)], axis=1)
    # cosine and sine keep the power of independent noise
    angle = np.linspace(0, np.pi / 2, fade)
    mean = noise.mean(axis=1, keepdims=True)
    out[:, npts : npts + fade] = (
        np.sin(angle) * (out[:, npts : npts + fade] - mean) + np.cos(angle) * (noise[:, npts:] - mean) + mean
    )
    return out
