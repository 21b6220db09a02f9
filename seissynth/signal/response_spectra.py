"""Response spectra: the largest motion of damped oscillators on moving ground."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_rows, as_signal, positive, share_rows
from seissynth.shared.keywords import once_positional
from seissynth.signal._oscillator import (
    SHARPEN,
    free_peak,
    half_sample_filter,
    make_oscillators,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_KINDS = {"psa": 2, "psv": 1, "sd": 0}
_ANGLES = 180
_FAR = 32  # number of samples farthest from rest that are tried first
_AT_ONCE = 4096  # samples that are rotated at a time
#: numbers that a thread keeps for its kernels: 1 MB, which processors keep near; longer records come in parts
ROOM = 131072


def response_spectrum(
    acceleration: ArrayLike,
    sampling_rate_hz: float,
    periods_s: ArrayLike,
    damping: float = 0.05,
    kind: str = "psa",
    interpolation: str = "auto",
    workers: int | None = None,
) -> np.ndarray:
    """Response spectrum of ground acceleration.

    Parameters
    ----------
    acceleration : array_like, shape (..., npts), m/s²
    sampling_rate_hz : float
    periods_s : array_like, shape (n_periods,), s
        Undamped natural periods, 0 or more, in any order. At 0 the pseudo-acceleration is the largest sample
        (`seissynth.signal.pga`), pseudo-velocity and displacement are 0.
    damping : float
        Fraction of critical damping, between 0 and 1, both excluded.
    kind : {"psa", "psv", "sd"}
        Pseudo-spectral acceleration (m/s²), pseudo-spectral velocity (m/s), or relative displacement (m).
    interpolation : {"auto", "linear"}
        Ground motion between samples, see Notes: band-limited below T = 20 samples and straight lines from there on, or
        straight lines at all periods.
    workers : int, optional
        Threads; the result does not depend on it.

    Returns
    -------
    ndarray, shape (..., n_periods)
        float32 for float32, else float64.

    Raises
    ------
    InputError
        Periods that are negative or not finite, damping outside 0 to 1, an unknown kind, or bad samples.

    Notes
    -----
    The oscillator, at rest at the first sample, obeys ``u'' + 2 ζ ω u' + ω² u = -a``. SD is the largest ``|u|``,
    PSV = ω SD and PSA = ω² SD with ω = 2 π / T.

    From T = 20 samples on, the acceleration is taken to be linear between samples, for which the recursion is exact
    (Nigam and Jennings, 1969). For shorter periods that is too coarse: the record is interpolated as a band-limited
    motion to 4, 8 or 16 times its rate, at least 4 samples per period if T is a quarter of a sample or more, and
    corrected for the loss by straight lines between the finer samples. The remaining error is less than 1 % for motion
    below 0.9 of the Nyquist frequency. The two kinds of motion differ: at 0.8 of the Nyquist frequency straight lines
    remove a third of the amplitude. ``interpolation="linear"`` joins the samples by straight lines at every period, as
    most other programs do; it is exact down to T = 2 samples.

    Peaks between samples are found at all periods, within 1e-4: runs of samples are skipped only if a bound on
    displacement between samples proves that they cannot contain the largest. For T towards 0, PSA approaches the peak
    of the interpolated motion, which may fall between samples.

    The ground stops after the last sample: its acceleration falls to 0 within one sample and stays there. Free
    vibrations reach their peak within half a period, and it counts.

    References
    ----------
    Nigam, N. C. and Jennings, P. C. (1969). Calculation of response spectra from strong-motion earthquake
    records. Bulletin of the Seismological Society of America 59, 909-922.

    Examples
    --------
    A sudden, lasting acceleration of 1 m/s² throws an oscillator to nearly twice its new place of rest:

    >>> import numpy as np
    >>> from seissynth.signal import response_spectrum
    >>> acceleration = np.ones(1000)
    >>> response_spectrum(acceleration, 100.0, [0.0, 1.0]).round(3)
    array([1.   , 1.854])
    """
    data, periods, rate, damping = _checked(acceleration, sampling_rate_hz, periods_s, damping, "acceleration")
    if kind not in _KINDS:
        raise InputError(f"{kind=} is not known; choose from {', '.join(_KINDS)}.")
    rows = as_rows(data)
    spectra = np.empty((len(rows), periods.size))
    spectra[:, periods == 0] = np.abs(rows).max(axis=-1)[:, None] if kind == "psa" else 0.0
    straight = _straight(interpolation)
    oscillators = make_oscillators(periods, damping, rate, straight)
    share_rows(
        lambda a, b: _largest(rows[a:b], oscillators, damping, straight, _KINDS[kind], spectra[a:b]), len(rows), workers
    )
    return spectra.reshape(*data.shape[:-1], periods.size).astype(data.dtype, copy=False)


@once_positional("damping", "interpolation", "workers")
def rotd(
    acc_1: ArrayLike,
    acc_2: ArrayLike,
    sampling_rate_hz: float,
    periods_s: ArrayLike,
    percentiles: Sequence[float] = (50, 100),
    *,
    damping: float = 0.05,
    interpolation: str = "auto",
    workers: int | None = None,
) -> np.ndarray:
    """Percentiles of PSA over all horizontal directions: RotD50, RotD100 and others.

    Parameters
    ----------
    acc_1, acc_2 : array_like, shape (..., npts), m/s²
        Two horizontal components at right angles, sample by sample at the same times.
    sampling_rate_hz : float
    periods_s : array_like, shape (n_periods,), s
        As in `response_spectrum`; at 0 the samples themselves are rotated.
    percentiles : sequence of float
        Between 0 and 100; 50 is the median over directions, 100 the largest, 0 the smallest.
    damping : float
        Fraction of critical damping, between 0 and 1, both excluded.
    interpolation : {"auto", "linear"}
        As in `response_spectrum`.
    workers : int, optional
        Threads; the result does not depend on it.

    Returns
    -------
    ndarray, shape (..., n_percentiles, n_periods), m/s²
        float32 when both components are, else float64.

    Raises
    ------
    InputError
        Components of different shapes, a percentile outside 0 to 100, and as in `response_spectrum`.

    Notes
    -----
    For each period the responses u1 and u2 of the two components are computed once, as in `response_spectrum`,
    and ``|u1 cos θ + u2 sin θ|`` is evaluated for θ = 0, 1, ... 179 degrees (Boore, 2010); rotating the responses is
    the same as rotating the ground motion, because the oscillator is linear. Between samples the responses are
    evaluated as densely as their curvature requires (up to 24 points in a step): peaks are found to 0.1 %. Percentiles
    between two directions are interpolated linearly.

    References
    ----------
    Boore, D. M. (2010). Orientation-independent, nongeometric-mean measures of seismic intensity from two
    horizontal components of motion. Bulletin of the Seismological Society of America 100, 1830-1835.

    Examples
    --------
    Of motion along one line, half of all directions see less than cos 45° of the whole:

    >>> import numpy as np
    >>> from seissynth.signal import rotd
    >>> along = np.sin(2 * np.pi * np.arange(500) / 100)
    >>> rotd50, rotd100 = rotd(along, 0 * along, 100.0, [0.5])
    >>> (rotd50 / rotd100).round(3)
    array([0.707])
    """
    one, periods, rate, damping = _checked(acc_1, sampling_rate_hz, periods_s, damping, "acc_1")
    two = as_signal(acc_2, "acc_2")
    if one.shape != two.shape:
        raise InputError(f"acc_1 has shape {one.shape}, acc_2 {two.shape}; give two components of the same samples.")
    wanted = np.atleast_1d(as_signal(np.atleast_1d(percentiles), "percentiles")).astype(float)
    if wanted.ndim != 1 or (wanted < 0).any() or (wanted > 100).any():
        raise InputError(f"{percentiles=} must be between 0 and 100.")
    rows = as_rows(one), as_rows(two)
    straight = _straight(interpolation)
    shared = {
        "oscillators": make_oscillators(periods, damping, rate, straight),
        "damping": damping,
        "straight": straight,
        "at_zero": periods == 0,
        "percentiles": wanted,
    }
    psa = np.empty((len(rows[0]), wanted.size, periods.size))
    share_rows(lambda a, b: _rotated(rows[0][a:b], rows[1][a:b], psa[a:b], **shared), len(rows[0]), workers)
    return psa.reshape(*one.shape[:-1], wanted.size, periods.size).astype(np.result_type(one, two), copy=False)


def _checked(acceleration, sampling_rate_hz, periods_s, damping, name):
    data = as_signal(acceleration, name)
    rate = positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    periods = as_signal(np.atleast_1d(periods_s), "periods_s").astype(float)
    if periods.ndim != 1:
        raise InputError(f"periods_s has shape {periods.shape}; give one axis of periods.")
    if (periods < 0).any():
        raise InputError(f"periods_s holds {periods.min():g} s; periods must be 0 (for PGA) or more.")
    if positive("damping", damping) >= 1:
        raise InputError(f"{damping=} must be a fraction of critical damping below 1, for example 0.05.")
    return data, periods, rate, float(damping)


def _straight(interpolation):
    if interpolation not in ("auto", "linear"):
        raise InputError(f'{interpolation=} is not known; choose "auto" or "linear".')
    return interpolation == "linear"


def _largest(rows, oscillators, damping, straight, power, spectra):
    """Fill spectra (rows, periods) with omega**power SD."""
    from seissynth.signal import _response_spectra_kernels as kernels

    ends = [(np.empty((len(rows), 2, len(b.index))), np.empty((len(rows), len(b.index)))) for b in oscillators]
    for number, row in enumerate(rows):
        finer = _Finer(row, straight)
        for block, (states, tops) in zip(oscillators, ends, strict=True):
            states[number] = _at_rest(block, row[0], straight)
            x = finer.at(block.factor)
            kernels.largest_displacement(
                x, block.coefficients, block.bounds, block.slow, states[number], tops[number], _room()
            )
    for block, (states, tops) in zip(oscillators, ends, strict=True):
        after = free_peak(_after(states[:, 0], states[:, 1], block), block.omega, damping)
        spectra[:, block.index] = np.maximum(tops * block.scale, after) * block.omega**power


def _rotated(rows_1, rows_2, out, *, oscillators, damping, straight, at_zero, percentiles):
    """Fill out (rows, percentiles, periods) with PSA."""
    from seissynth.signal import _response_spectra_kernels as kernels

    angles = np.radians(np.arange(_ANGLES))
    cosines, sines = np.cos(angles), np.sin(angles)
    weights = _between_weights(kernels.MOST_POINTS)
    for number, (row_1, row_2) in enumerate(zip(rows_1, rows_2, strict=True)):
        if at_zero.any():
            ground = _largest_projections(row_1, row_2, cosines, sines)
            out[number][:, at_zero] = np.percentile(ground, percentiles)[:, None]
        finer = _Finer(row_1, straight), _Finer(row_2, straight)
        for block in oscillators:
            x, y = (one.at(block.factor) for one in finer)
            peaks = np.empty((x.size // kernels.RUN, len(block.index)))
            first, second = (np.empty((2, len(peaks) + 1, len(block.index))) for _ in range(2))
            first[:, 0] = _at_rest(block, row_1[0], straight)
            second[:, 0] = _at_rest(block, row_2[0], straight)
            kernels.sweep_two(x, y, block.coefficients, *first, *second, peaks)
            largest = np.empty((len(block.index), _ANGLES))
            kernels.rotate(
                x, y, block.coefficients, *first, *second, peaks, weights, block.bounds, cosines, sines, largest
            )
            largest *= block.scale[:, None]
            last_1, last_2 = _after(*first[:, -1], block), _after(*second[:, -1], block)
            late = np.flatnonzero(np.hypot(abs(last_1), abs(last_2)) / block.omega > largest.min(axis=1))
            states = last_1[late, None] * cosines + last_2[late, None] * sines
            largest[late] = np.maximum(largest[late], free_peak(states, block.omega[late, None], damping))
            psa = np.percentile(largest, percentiles, axis=1)
            out[number][:, block.index] = psa * block.omega**2


def _largest_projections(row_1, row_2, cosines, sines):
    """Largest absolute sample along each direction."""
    reach = np.hypot(row_1, row_2)
    few = np.argpartition(reach, -min(_FAR, reach.size))[-min(_FAR, reach.size) :]

    def largest(rows):
        parts = np.split(rows, range(_AT_ONCE, rows.size, _AT_ONCE))
        return np.max([np.abs(row_1[k, None] * cosines + row_2[k, None] * sines).max(axis=0) for k in parts], axis=0)

    # samples nearer to rest than the smallest of these cannot be the largest of any direction; less for rounding
    return largest(np.flatnonzero(reach >= (1 - 1e-6) * largest(few).min()))


_own = threading.local()


def _room():
    """Scratch memory of this thread for kernels; allocating it again takes longer than using it."""
    if not hasattr(_own, "room"):
        _own.room = np.empty(ROOM)
    return _own.room


class _Finer:
    """A record at 1, 2, 4 ... times its rate, in the form for the kernels: a whole number of runs, ending at rest."""

    def __init__(self, row, straight):
        self._plain = {1: np.asarray(row, dtype=np.float64)}
        self._straight = straight

    def _interpolated(self, factor):
        from seissynth.signal._response_spectra_kernels import double_rate

        if factor not in self._plain:
            coarse = self._interpolated(factor // 2)
            self._plain[factor] = np.empty(2 * coarse.size)
            double_rate(coarse, half_sample_filter(24 if factor == 2 else 8), self._plain[factor])
        return self._plain[factor]

    def at(self, factor):
        from seissynth.signal._response_spectra_kernels import RUN, sharpen

        if self._straight and factor > 1:
            samples = np.append(self._plain[1], 0.0)
            data = np.interp(np.arange(self._plain[1].size * factor) / factor, np.arange(samples.size), samples)
        else:
            data = self._interpolated(factor)
        runs = -(-(data.size + 1) // RUN)  # at least one sample of rest
        padded = np.zeros(runs * RUN + 1)
        if self._straight or factor == 1:
            padded[: data.size] = data
        else:
            sharpen(data, *SHARPEN, padded[: data.size])
        return padded


def _at_rest(block, first_sample, straight):
    """State w[-1], w[-2] of (2, periods) from which the oscillators are at rest at the first sample."""
    # a record that was interpolated rises from rest within a fine sample, which makes no difference
    return block.start * (float(first_sample) if straight or block.factor == 1 else 0.0)


def _after(w1, w2, block):
    """State z one sample after w1 and w2, where the ground rests."""
    newest = block.coefficients[0] * w1 + block.coefficients[1] * w2
    return block.state[0] * newest + block.state[1] * w1 + block.state[2] * w2


def _between_weights(most):
    """Quintic Hermite weights (most, most, 6) of (u, u', u'') at both ends, for 1 ... `most` points in a step."""
    weights = np.zeros((most, most, 6))
    for points in range(1, most + 1):
        t = np.arange(points) / points
        weights[points - 1, :points] = np.stack(
            [
                1 - 10 * t**3 + 15 * t**4 - 6 * t**5,
                t - 6 * t**3 + 8 * t**4 - 3 * t**5,
                0.5 * t**2 - 1.5 * t**3 + 1.5 * t**4 - 0.5 * t**5,
                10 * t**3 - 15 * t**4 + 6 * t**5,
                -4 * t**3 + 7 * t**4 - 3 * t**5,
                0.5 * t**3 - t**4 + 0.5 * t**5,
            ],
            axis=-1,
        )
    return weights
