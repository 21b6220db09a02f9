"""Labelled records and random training windows for pickers; NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.noise.front import has_noise, put_noise_in_front

if TYPE_CHECKING:
    pass

_EPSILON = 1e-10


@dataclass(frozen=True)
class LabelledRecords:
    """Records with arrivals, in memory.

    Parameters
    ----------
    waveforms : ndarray, shape (n, 3, npts)
        Components Z, N, E, in any unit.
    p, s : ndarray, shape (n,)
        Samples of the arrivals; NaN where there is none (noise).
    sampling_rate_hz : float
    more_p, more_s : ndarray, shape (n,), optional
        Arrivals of a second earthquake in the record.
    """

    waveforms: np.ndarray
    p: np.ndarray
    s: np.ndarray
    sampling_rate_hz: float
    more_p: np.ndarray | None = None
    more_s: np.ndarray | None = None

    def __len__(self):
        return len(self.waveforms)

    def __getitem__(self, rows):
        extra = [None if x is None else x[rows] for x in (self.more_p, self.more_s)]
        return LabelledRecords(self.waveforms[rows], self.p[rows], self.s[rows], self.sampling_rate_hz, *extra)

    def arrivals(self, row: int) -> list[list[float]]:
        """Samples of all P and of all S of a record, two lists."""
        p, s = [self.p[row]], [self.s[row]]
        if self.more_p is not None and self.more_s is not None:
            p.append(self.more_p[row])
            s.append(self.more_s[row])
        return [[x for x in onsets if np.isfinite(x)] for onsets in (p, s)]


@dataclass(frozen=True)
class PickerConfig:
    """Training of a picker.

    Parameters
    ----------
    architecture : {"phasenet", "eqtransformer"}
        SeisBench's model.
    window_s : float
        Length of the training windows.
    label_sigma_s : float
        Standard deviation of the Gaussian label of an arrival.
    steps, batch, learning_rate : int, int, float
        Adam, with half-cosine decay of the rate to a hundredth.
    anywhere_share : float
        Share of windows at any position in the record, with or without an arrival: a picker that never saw a window
        without one picks coda as P.
    shifted : bool
        False starts each window with the record: no augmentation at all, for comparison only.
    overlap_share : float
        Share of windows to which another one is added, labels included, at 0.1 to 1 of its amplitude.
    noise_share : float
        Share of windows to which white noise of 0.02 to 0.5 of the window's standard deviation is added.
    check_every : int
        Steps between losses on the development set; the weights with the lowest one are kept.
    seed : int
    """

    architecture: str = "phasenet"
    window_s: float = 20.0
    label_sigma_s: float = 0.1
    steps: int = 3000
    batch: int = 64
    learning_rate: float = 2e-3
    anywhere_share: float = 0.25
    shifted: bool = True
    overlap_share: float = 0.0
    noise_share: float = 0.0
    check_every: int = 200
    seed: int = 0


def window_of(data, row, start, length, rng):
    """Cut a window that may begin before the record, filled with noise like the record's own.

    A record that begins within an earthquake has no noise; its windows begin with it.

    Returns
    -------
    waveform : ndarray, shape (3, length)
    p, s : list of float
        Arrivals inside, in samples of the window.
    """
    record = data.waveforms[row]
    p, s = data.arrivals(row)
    front, first = max(0, -start), min(p + s, default=record.shape[1])
    if front and not has_noise(first, data.sampling_rate_hz):
        front = start = 0  # the record begins within an earthquake
    if front:
        record = put_noise_in_front(record, first, front, data.sampling_rate_hz, rng)
        start = 0
    start = max(0, min(start, record.shape[1] - length))
    cut = np.zeros((3, length))
    part = record[:, start : start + length]
    cut[:, : part.shape[1]] = part
    inside = [[x + front - start for x in onsets if 0 <= x + front - start < length] for onsets in (p, s)]
    return cut, *inside


def training_batch(data, rng, config):
    """Draw random windows with arrivals anywhere in them.

    Returns
    -------
    x : ndarray, shape (batch, 3, npts), float32
        Each component normalised by mean and standard deviation.
    y : ndarray, shape (batch, 3, npts), float32
        Probability of noise, P and S.
    """
    rate = data.sampling_rate_hz
    length = round(config.window_s * rate)
    x = np.empty((config.batch, 3, length), np.float32)
    y = np.zeros((config.batch, 3, length), np.float32)
    for i in range(config.batch):
        wave, p, s = _random_window(data, rng, length, config)
        wave = normalised(wave)
        if rng.random() < config.overlap_share:
            other, more_p, more_s = _random_window(data, rng, length, config)
            wave = wave + 10 ** rng.uniform(-1, 0) * normalised(other)
            p, s = p + more_p, s + more_s
        if rng.random() < config.noise_share:
            wave = wave + 10 ** rng.uniform(-1.7, -0.3) * rng.standard_normal(wave.shape)
        x[i] = normalised(wave)
        y[i, 1], y[i, 2] = (_bumps(onsets, length, config.label_sigma_s * rate) for onsets in (p, s))
    total = y[:, 1:].sum(axis=1)
    y[:, 1:] /= np.maximum(total, 1.0)[:, None]
    y[:, 0] = 1 - y[:, 1:].sum(axis=1)
    return x, y


def normalised(wave):
    """Each component normalised by mean and standard deviation."""
    wave = wave - wave.mean(axis=-1, keepdims=True)
    return wave / (wave.std(axis=-1, keepdims=True) + _EPSILON)


def _random_window(data, rng, length, config):
    row = int(rng.integers(len(data)))
    p = data.p[row]
    if not config.shifted:
        start = 0
    elif np.isfinite(p) and rng.random() >= config.anywhere_share:
        start = round(p) - int(rng.integers(round(0.03 * length), round(0.97 * length)))
    else:
        start = int(rng.integers(0, max(1, data.waveforms.shape[2] - length + 1)))
    return window_of(data, row, start, length, rng)


def _bumps(onsets, length, sigma):
    time = np.arange(length)
    return np.max([np.zeros(length), *(np.exp(-0.5 * ((time - x) / sigma) ** 2) for x in onsets)], axis=0)


def shifted(data: LabelledRecords, longest_s: float, seed: int = 0) -> LabelledRecords:
    """Shift every record to later times by a random 0 to `longest_s`, with similar noise in front; the end is lost.

    Returns
    -------
    LabelledRecords
        Of the same length; arrivals after the end become NaN.
    """
    rng = np.random.default_rng(seed)
    npts = data.waveforms.shape[2]
    out = np.empty_like(data.waveforms)
    moved: list[Any] = [
        None if x is None else np.array(x, dtype=float) for x in (data.p, data.s, data.more_p, data.more_s)
    ]
    for row in range(len(data)):
        front = int(rng.integers(0, round(longest_s * data.sampling_rate_hz) + 1))
        onset = data.p[row] if np.isfinite(data.p[row]) else npts
        out[row] = put_noise_in_front(data.waveforms[row], onset, front, data.sampling_rate_hz, rng)[:, :npts]
        for arrivals in moved:
            if arrivals is not None:
                arrivals[row] += front
    for arrivals in moved:
        if arrivals is not None:
            arrivals[arrivals >= npts] = np.nan
    return LabelledRecords(out, moved[0], moved[1], data.sampling_rate_hz, moved[2], moved[3])


def resampled(data: LabelledRecords, sampling_rate_hz: float) -> LabelledRecords:
    """Resample records and their arrivals.

    Parameters
    ----------
    data : LabelledRecords
    sampling_rate_hz : float
        The ratio of both rates must be one of whole numbers below 1000.

    Returns
    -------
    LabelledRecords

    Raises
    ------
    InputError
        No such ratio.

    Notes
    -----
    Polyphase filter (scipy.signal.resample_poly); published pickers use 100 Hz, and records of 50 Hz contain nothing
    above 25 Hz after resampling.
    """
    from fractions import Fraction

    from scipy.signal import resample_poly

    ratio = Fraction(sampling_rate_hz / data.sampling_rate_hz).limit_denominator(999)
    if ratio <= 0 or abs(float(ratio) * data.sampling_rate_hz - sampling_rate_hz) > 1e-9 * sampling_rate_hz:
        raise InputError(
            f"cannot resample {data.sampling_rate_hz:g} Hz to {sampling_rate_hz:g} Hz by a ratio of whole numbers."
        )
    if ratio == 1:
        return data
    waves = resample_poly(data.waveforms, ratio.numerator, ratio.denominator, axis=-1, padtype="line")
    arrivals: list[Any] = [
        None if x is None else np.asarray(x) * float(ratio) for x in (data.p, data.s, data.more_p, data.more_s)
    ]
    return LabelledRecords(
        waves.astype(np.float32), arrivals[0], arrivals[1], float(sampling_rate_hz), arrivals[2], arrivals[3]
    )
