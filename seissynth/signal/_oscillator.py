"""The oscillator of response spectra as a recursion, and the sampling rate that it needs."""

import functools
from dataclasses import dataclass

import numpy as np

#: from this period on, in samples, the record itself is used; below it motion between samples is band-limited
LONG = 20.0
#: shorter periods are given at least so many samples, by doubling the rate, between `FINER` and `FINEST` times
SHORT = 4.0
FINER = 4
FINEST = 16
#: samples a period, at least, of a record whose samples are joined by straight lines at all periods
STRAIGHT = 8.0
#: below this many samples a period (at `FINEST`) nothing of the oscillator is left but the ground's own motion
COARSE = 3.9
#: from this many samples a period on, every fourth displacement is enough to rule out a peak
SLOW = 80.0
STRIDE = 4
#: periods that one call of a kernel works on; its states then stay in the processor's cache
BLOCK = 64
#: periods that the processor works on together
LANES = 8


@dataclass(frozen=True)
class Oscillators:
    """Oscillators that share a sampling rate, as coefficients of the kernels.

    Attributes
    ----------
    index : ndarray, shape (m,)
        Position of each in the periods asked for.
    factor : int
        How many times finer than the record the samples are.
    slow : bool
        Whether the kernels may leave out three displacements of four.
    omega : ndarray, shape (m,)
        Angular frequency, rad/s.
    coefficients : ndarray, shape (10, m)
        Rows as in `seissynth.signal._response_spectra_kernels`.
    scale : ndarray, shape (m,)
        Displacement of the kernels times this is in m.
    state : ndarray, shape (3, m), complex
        Weights of w[n], w[n-1], w[n-2] in ``velocity + (damping omega + i omega_d) displacement``, SI.
    start : ndarray, shape (2, m)
        w[-1] and w[-2] per unit of the first sample, for rest at that sample.
    bounds : ndarray, shape (4, m)
        Largest rise of displacement between the samples that a kernel reads, see `rise_between`: factors of the
        displacement and of the acceleration there, and both again between neighbouring samples. All 0 where the
        oscillator just follows the ground.
    """

    index: np.ndarray
    factor: int
    slow: bool
    omega: np.ndarray
    coefficients: np.ndarray
    scale: np.ndarray
    state: np.ndarray
    start: np.ndarray
    bounds: np.ndarray


def rate_factors(samples, straight=False):
    """How many times the rate is to be raised, a power of two, for periods of so many samples.

    Examples
    --------
    >>> from seissynth.signal._oscillator import rate_factors
    >>> rate_factors([100.0, 20.0, 19.0, 1.0, 0.01]).tolist()
    [1, 1, 4, 4, 16]
    >>> rate_factors([100.0, 20.0, 5.0, 1.0, 0.01], straight=True).tolist()
    [1, 1, 2, 8, 16]
    """
    samples = np.asarray(samples, dtype=float)
    if straight:
        return np.clip(np.exp2(np.ceil(np.log2(STRAIGHT / samples))), 1, FINEST).astype(int)
    needed = np.exp2(np.ceil(np.log2(SHORT / samples)))
    return np.where(samples >= LONG, 1, np.clip(needed, FINER, FINEST)).astype(int)


def rise_between(drag, spring, load):
    """Bounds of displacement within a step, ``|u| <= grow * U + lift * A``.

    U is the larger displacement at the two ends, A the largest acceleration in the step; `drag`, `spring` and `load`
    are the equation of motion's, per step. Within a step ``|u| <= U + M / 8`` where M is the largest ``|u''|``, and the
    velocity is at most ``2 U + M / 2``, hence ``M <= load A + drag (2 U + M / 2) + spring (U + M / 8)``.

    Returns
    -------
    tuple of ndarray
        grow and lift; grow is infinite, nearly, where the bound says nothing.
    """
    left = 8.0 * (1.0 - spring / 8.0 - drag / 2.0)
    safe = np.where(left > 0.1, left, 1.0)
    known = left > 0.1
    return np.where(known, 1.0 + (2.0 * drag + spring) / safe, 1e30), np.where(known, load / safe, 1e30)


def make_oscillators(periods_s, damping, sampling_rate_hz, straight=False):
    """Sort periods above 0 into blocks by the sampling they need.

    Parameters
    ----------
    periods_s : ndarray, shape (n,)
    damping : float
    sampling_rate_hz : float
    straight : bool
        Whether samples are joined by straight lines at short periods, too.

    Returns
    -------
    tuple of Oscillators
        Of `BLOCK` periods at most, filled up to a multiple of `LANES` by repeating the last. Not to be written to:
        they are kept for the next call.
    """
    return _made(periods_s.tobytes(), damping, sampling_rate_hz, bool(straight))


@functools.lru_cache(maxsize=16)
def _made(periods_s, damping, sampling_rate_hz, straight):
    periods_s = np.frombuffer(periods_s)
    samples = periods_s * sampling_rate_hz
    factors = rate_factors(np.maximum(samples, 1e-300), straight)
    blocks = []
    for factor, slow in ((1, True), (1, False), (2, False), (4, False), (8, False), (16, False)):
        index = np.flatnonzero((factors == factor) & ((samples >= SLOW) == slow) & (samples > 0))
        index = np.append(index, index[-1:].repeat(-len(index) % LANES))
        blocks += [(index[first : first + BLOCK], factor, slow) for first in range(0, len(index), BLOCK)]
    if not blocks:
        return ()
    everything = np.concatenate([index for index, _, _ in blocks])
    finer = np.concatenate([np.full(len(index), factor) for index, factor, _ in blocks])
    arrays = _recursion(periods_s[everything], damping, sampling_rate_hz * finer)
    ends = np.cumsum([len(index) for index, _, _ in blocks])
    return tuple(
        _block(block, *(np.ascontiguousarray(one[..., end - len(block[0]) : end]) for one in arrays))
        for block, end in zip(blocks, ends, strict=True)
    )


def _block(block, omega, coefficients, scale, state, start, samples):
    """Make one `Oscillators`, with its bounds."""
    index, factor, slow = block
    load, drag, spring = coefficients[7:10]
    steps = STRIDE if slow else 1
    bounds = np.array(
        [*rise_between(steps * drag, steps**2 * spring, steps**2 * load), *rise_between(drag, spring, load)]
    )
    bounds[:, samples < COARSE] = 0.0
    return Oscillators(index, factor, slow, omega, coefficients, scale, state, start, bounds)


def _recursion(periods_s, damping, rate):
    """Exact recursion for an acceleration that is linear between samples (Nigam and Jennings, 1969).

    With ``z = u' - conj(pole) u`` the equation of motion ``u'' + 2 damping omega u' + omega² u = a`` becomes
    ``z' = pole z + a``, whose solution over a step is ``z[n] = e z[n-1] + b0 a[n-1] + b1 a[n]``; and u is the
    imaginary part of z over omega_d. (The sign of the load has no part in a spectrum.)
    """
    omega = 2 * np.pi / periods_s
    step = 1.0 / rate
    pole = omega * (-damping + 1j * np.sqrt(1 - damping**2))
    e = np.exp(pole * step)
    first, second = _phi(pole * step)
    b0, b1 = step * (first - second), step * second
    # z over a[n], as a filter whose denominator (1 - e/Z)(1 - conj(e)/Z) is real
    state = np.array([b1, b0 - np.conj(e) * b1, -np.conj(e) * b0])
    displacement = state.imag / pole.imag
    velocity = (state.real - damping * omega * displacement) * step
    scale = displacement[0]
    coefficients = np.array(
        [
            2 * e.real,
            -(np.abs(e) ** 2),
            displacement[1] / scale,
            displacement[2] / scale,
            *(velocity / scale),
            step**2 / scale,
            2 * damping * omega * step,
            (omega * step) ** 2,
        ]
    )
    # z[0] = 0 asks for w[-1] - conj(e) w[-2] = -b1 a[0] / (e b1 + b0)
    wanted = -b1 / (e * b1 + b0)
    older = wanted.imag / e.imag
    start = np.array([wanted.real + e.real * older, older])
    samples = periods_s * rate
    return omega, coefficients, scale, state, start, samples


def _phi(x):
    """(exp(x) - 1) / x and (exp(x) - 1 - x) / x² of complex x, without cancellation near 0."""
    small = np.abs(x) < 0.5
    near = np.where(small, x, 0.0)
    second = np.zeros_like(near)
    for n in range(14, 1, -1):  # Horner: 1/2! + x/3! + x²/4! + ...
        second = (second * near / (n + 1)) + 1.0
    second = second / 2.0
    far = np.where(small, 1.0, x)
    second = np.where(small, second, (np.exp(far) - 1 - far) / far**2)
    return 1 + x * second, second


@functools.cache
def half_sample_filter(taps):
    """Weights of the samples 1/2, 3/2, ... `taps` - 1/2 away from a point half-way: a windowed sinc.

    24 pass all to 0.92 of the record's Nyquist frequency (Kaiser window, 60 dB). After a first doubling the upper
    half of the band is empty, and 8 do.
    """
    away = np.arange(taps) + 0.5
    weights = np.sinc(away) * np.i0(6.0 * np.sqrt(1 - (away / (taps + 0.5)) ** 2))
    return weights / (2 * weights.sum())


#: centre, next and next but one: the inverse of sinc², the loss when samples are joined by straight lines, to the
#: fourth order: 1 + s²/3 + 8 s⁴/45 with s = sin(pi f dt); 0.5 % short at a fifth of the sampling rate
SHARPEN = (1 + 2 * 23 / 180 - 2 / 90, -23 / 180, 1 / 90)


def free_peak(z, omega, damping):
    """Largest displacement of free vibrations from the states `z` on, shape of `z`.

    ``u(t) = |z| / omega_d exp(-damping omega t) sin(angle(z) + omega_d t)`` is largest, but for t = 0, where it
    turns for the first time, within half a period.
    """
    root = np.sqrt(1 - damping**2)
    turning = np.arctan2(root, damping)
    phase = np.mod(turning - np.angle(z), np.pi)  # omega_d t of the first extremum
    return np.abs(z) / omega * np.exp(-damping / root * phase)
