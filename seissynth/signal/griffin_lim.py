"""Signals from the magnitude of their short-time Fourier transform: the fast Griffin-Lim algorithm."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words
from seissynth.shared.checks import as_signal, share_rows, whole
from seissynth.shared.keywords import once_positional
from seissynth.signal.stft import STFT, _comb_length, _has_kernel, _offset, _tables, _weight

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: stream of a record's seed that its first phases come from ("griffin" as a number)
_PHASE_STREAM = int.from_bytes(b"griffin", "big")


@once_positional("n_iter", "momentum", "init", "seeds", "return_convergence", "workers")
def griffinlim(
    magnitude: ArrayLike,
    stft: STFT,
    npts: int,
    *,
    n_iter: int = 32,
    momentum: float = 0.99,
    init: str | ArrayLike = "random",
    seeds: int | ArrayLike | None = None,
    return_convergence: bool = False,
    workers: int | None = None,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Find signals whose short-time Fourier transform has the given magnitude.

    Parameters
    ----------
    magnitude : array_like, shape (..., nfft // 2 + 1, frames)
        ``abs(stft.forward(x))``, 0 or more; the signals have its unit.
    stft : STFT
        The transform that the magnitude belongs to.
    npts : int
        Samples of a signal.
    n_iter : int
        Iterations; 0 gives the inverse of the first guess.
    momentum : float
        0 or more; 0 is the algorithm of Griffin and Lim, 0.99 the fast one recommended by Perraudin et al.
    init : {"random", "zero"} or array_like, shape of `magnitude` or one that broadcasts to it
        First phases: random, zero, given in radians, or those of given complex numbers.
    seeds : int or array_like of int, shape of the batch, optional
        For random phases. An array holds each record's seed (0 to 2**64 - 1); so does an int if `magnitude` is one
        record. In a batch, record i (in C order) gets ``hash_words(seeds, i)`` from one int. None is 0.
    return_convergence : bool
        Also return the distance of the result from the magnitude.
    workers : int, optional
        Threads that share the records; None is 1.

    Returns
    -------
    signals : ndarray, shape (..., npts)
        float32 for float32, else float64. A record's result depends only on its own magnitude, phases or seed, not on
        the rest of the batch or on `workers`.
    convergence : ndarray, shape (...), float64
        Only with `return_convergence`: ``20 log10(|| |STFT(x)| - M || / || M ||)``, dB, each norm over all bins and
        frames; -inf for a magnitude of zeros.

    Raises
    ------
    InputError
        Negative, NaN or infinite magnitudes, shapes that do not belong together, unknown `init`.

    Notes
    -----
    With P1 the projection onto spectra of signals (inverse, then forward transform), P2 that onto the given
    magnitudes and a the momentum: ``t_n = P1 P2 c_(n-1)``, ``c_n = t_n + a (t_n - t_(n-1))``; the signal is the
    inverse of ``P2 c_n``. Because P2 keeps only phases, c_n is replaced by ``t_n - a / (1 + a) t_(n-1)``, as in
    librosa. A bin of zero keeps the phase factor 0. Source: N. Perraudin, P. Balazs, P. L. Søndergaard, A fast
    Griffin-Lim algorithm, WASPAA 2013; D. Griffin, J. Lim, IEEE Trans. ASSP 32, 236, 1984.

    The magnitude does not distinguish a signal from its negative; a result may have either sign.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import STFT, griffinlim
    >>> stft = STFT(nfft=64, hop=8)
    >>> x = np.random.default_rng(0).standard_normal((2, 500))
    >>> y, convergence_db = griffinlim(abs(stft.forward(x)), stft, 500, return_convergence=True)
    >>> y.shape, bool((convergence_db < -15).all())
    ((2, 500), True)
    """
    magnitude = _checked_magnitude(magnitude, stft, npts)
    n_iter, keep = whole("n_iter", n_iter, 0), _share_of_last(momentum)
    batch, cells = magnitude.shape[:-2], magnitude.shape[-2:]
    rows = magnitude.reshape(-1, *cells)
    first_guess = _first_guesses(init, seeds, magnitude.shape)
    weight = _weight(stft, npts).astype(magnitude.dtype)
    x = np.zeros((len(rows), npts), magnitude.dtype)
    convergence = np.full(len(rows), -np.inf)
    refine = _refine_compiled if _has_kernel(stft.nfft) else _refine_any

    def work(a, b):
        for row in range(a, b):
            largest = rows[row].max(initial=0)
            if largest == 0:
                continue
            exponent = int(np.frexp(largest)[1])  # a power of two: squares must not leave the range of float32
            scaled = np.ldexp(rows[row], -exponent)
            refine(stft, scaled * first_guess(row), scaled, n_iter, keep, weight, x[row])
            np.ldexp(x[row], exponent, out=x[row])
            if return_convergence:
                convergence[row] = _convergence_db(stft, x[row], rows[row])

    share_rows(work, len(rows), workers)
    signals = x.reshape(*batch, npts)
    return (signals, convergence.reshape(batch)) if return_convergence else signals


# --- arguments


def _checked_magnitude(magnitude, stft, npts):
    if not isinstance(stft, STFT):
        raise InputError(f"stft={stft!r} must be a seissynth.signal.STFT.")
    magnitude = np.require(as_signal(magnitude, "magnitude"), requirements="CAW")
    shape = (stft.bins, stft.frames(npts))
    if magnitude.shape[-2:] != shape:
        raise InputError(
            f"magnitude has shape {magnitude.shape}; {stft} of npts={npts} samples has (..., {shape[0]}, {shape[1]})."
        )
    if magnitude.size and magnitude.min() < 0:
        index = tuple(int(i) for i in np.unravel_index(np.argmin(magnitude), magnitude.shape))
        raise InputError(f"magnitude is {magnitude[index]} at index {index}; pass absolute values, 0 or more.")
    return magnitude


def _share_of_last(momentum):
    """Return the share of the last spectrum that is subtracted, a / (1 + a)."""
    try:
        value = float(momentum)
    except (TypeError, ValueError):
        value = np.nan
    if not 0 <= value < np.inf:
        raise InputError(f"momentum={momentum!r} must be a number of 0 or more; 0.99 is usual, 0 turns it off.")
    return value / (1 + value)


def _first_guesses(init, seeds, shape):
    """Return a function: number of a record -> its first phase factors, shape (bins, frames) or ()."""
    if isinstance(init, str):
        if init == "zero":
            return lambda _: 1
        if init != "random":
            raise InputError(f'init={init!r} must be "random", "zero" or an array of phases.')
        numbers = _record_seeds(seeds, shape[:-2])
        return lambda row: random_factors(numbers[row], shape[-2:])
    array = np.asarray(init)
    if array.dtype.kind == "c":
        parts = [as_signal(np.atleast_1d(part), "init") for part in (array.real, array.imag)]
        array = np.arctan2(parts[1], parts[0])
    phases = as_signal(array, "init")
    try:
        phases = np.broadcast_to(phases, shape)
    except ValueError:
        raise InputError(f"init has shape {phases.shape}, which does not broadcast to {shape}.") from None
    batch = shape[:-2]
    return lambda row: _factors(phases[np.unravel_index(row, batch)] if batch else phases)


def _record_seeds(seeds, batch):
    """Return the seed of each record, a list of ints."""
    count = int(np.prod(batch, dtype=int))
    seeds = 0 if seeds is None else seeds
    if batch and isinstance(seeds, Integral) and not isinstance(seeds, bool):
        return [hash_words("griffinlim", int(seeds), row) for row in range(count)]
    array = np.asarray(seeds)
    if array.dtype.kind not in "iu" or array.shape != batch:
        raise InputError(f"seeds of type {array.dtype} and shape {array.shape} must be integers of shape {batch}.")
    if array.size and array.min() < 0:
        raise InputError(f"seeds hold {array.min()}; a seed is 0 to 2**64 - 1.")
    return [int(seed) for seed in array.ravel()]


def random_factors(seed, cells):
    """Return phase factors, uniform on the unit circle: complex64, of the shape `cells`."""
    # single precision for both: float32 and float64 start from the same phases
    turns = generator(seed, _PHASE_STREAM).random(cells, dtype=np.float32)
    return _factors(turns * np.float32(2 * np.pi))


def _factors(phases):
    factors = np.empty(phases.shape, np.result_type(phases.dtype, np.complex64))
    np.cos(phases, out=factors.real)
    np.sin(phases, out=factors.imag)
    return factors


# --- one record


def _refine_compiled(stft, start, magnitude, n_iter, keep, weight, x):
    from seissynth.signal._griffinlim_kernels import refine

    real = x.dtype.type
    start = np.require(start, np.result_type(real, np.complex64), "CAW").view(real)
    length = _comb_length(stft, magnitude.shape[1], x.dtype)
    tables = _tables(stft.nfft, stft.window, x.dtype)
    tiny = np.finfo(real).tiny
    refine(start, magnitude, n_iter, real(keep), tiny, stft.hop, _offset(stft), tables, length, weight, x)


def _refine_any(stft, spectrum, magnitude, n_iter, keep, weight, x):
    """Lengths without a kernel, through scipy.fft."""
    from seissynth.signal._stft_any import forward_any, inverse_any

    spectrum = spectrum.astype(np.result_type(x.dtype, np.complex64))
    rebuilt, last = np.empty_like(spectrum), np.zeros_like(spectrum)
    keep, tiny, offset = x.dtype.type(keep), np.finfo(x.dtype).tiny, _offset(stft)
    inverse_any(stft, offset, spectrum, weight, x)
    for _ in range(n_iter):
        forward_any(stft, offset, x, rebuilt)
        np.subtract(rebuilt, keep * last, out=spectrum)
        power = spectrum.real**2 + spectrum.imag**2
        spectrum *= magnitude / np.sqrt(power + tiny)
        rebuilt, last = last, rebuilt
        inverse_any(stft, offset, spectrum, weight, x)


def _convergence_db(stft, x, magnitude):
    misfit = np.linalg.norm(np.subtract(abs(stft.forward(x)), magnitude, dtype=np.float64))
    with np.errstate(divide="ignore"):  # a perfect result is -inf
        return 20 * np.log10(misfit / np.linalg.norm(magnitude.astype(np.float64)))
