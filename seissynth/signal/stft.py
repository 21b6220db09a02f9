"""The short-time Fourier transform and its exact inverse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_rows, as_signal, positive, share_rows, whole
from seissynth.signal._windows import is_named, plain_window, window_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: relative to the largest: a smaller sum of squared windows loses the sample
_LEAST_SUM = 1e-10
#: transform lengths of the compiled kernels (powers of two); longer blocks would leave the cache
_KERNEL_LENGTHS = (4, 2048)


@dataclass(frozen=True, repr=False)
class STFT:
    """A short-time Fourier transform: its geometry, the transform and its inverse.

    Immutable and hashable; instances with equal arguments are equal.

    Parameters
    ----------
    nfft : int
        Length of a frame and of its Fourier transform, samples; 2 or more, odd or even.
    hop : int
        Step from one frame to the next, samples; at most the length of the window.
    window : str, tuple or array_like, shape (n,), n <= nfft
        A name (and, in a tuple, its parameters) as in `scipy.signal.get_window`, of nfft samples and periodic;
        or the samples, padded with zeros to nfft as librosa and torch do, ``(nfft - n) // 2`` of them in front.
    center : bool
        Sample ``nfft // 2`` of frame k is sample ``k * hop`` of the record (True), or frame k starts there (False).
        Samples outside the record are zero.

    Raises
    ------
    InputError
        The transform could not be inverted: hop longer than the window, or samples with zero weight in every frame.
        With ``center=False`` samples at the ends can be lost too (the first one under a Hann window, which starts with
        zero); `inverse` then raises an error.

    Notes
    -----
    ``X[b, k] = sum_n window[n] x[k hop - start + n] exp(-2 pi i b n / nfft)``, with start nfft // 2 or 0: phases
    refer to the first sample of a frame, there is no scale factor, as in librosa and torch. There are
    ``1 + ceil(npts / hop)`` frames, the last one centred at or after the end: as many as with librosa's zero padding if
    hop divides npts, else one more, without which the last samples can be lost. With ``center=False`` there are as many
    as needed to cover each sample, and at least one.

    `inverse` is the least-squares one (Griffin and Lim, IEEE Trans. ASSP 32, 236, 1984): overlap-add of the
    windowed frames, divided by the sum of squared windows.

    Lengths that are a power of two from 4 to 2048 run in compiled loops, others in `scipy.fft`.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import STFT
    >>> stft = STFT(nfft=128, hop=16)
    >>> x = np.random.default_rng(0).standard_normal((3, 6000))
    >>> spectrum = stft.forward(x)
    >>> spectrum.shape, float(stft.frequencies(100.0)[-1]), float(stft.times(6000, 100.0)[-1])
    ((3, 65, 376), 50.0, 60.0)
    >>> np.allclose(stft.inverse(spectrum, 6000), x, atol=1e-12)
    True
    """

    nfft: int = 128
    hop: int = 16
    window: str | tuple = "hann"
    center: bool = True

    def __post_init__(self):
        object.__setattr__(self, "nfft", whole("nfft", self.nfft, 2))
        object.__setattr__(self, "hop", whole("hop", self.hop))
        object.__setattr__(self, "window", plain_window(self.window))
        object.__setattr__(self, "center", bool(self.center))
        length = self.nfft if is_named(self.window) else len(self.window)
        if length > self.nfft:
            raise InputError(f"the window has {length} samples, more than nfft={self.nfft}; raise nfft.")
        if self.hop > length:
            raise InputError(
                f"hop={self.hop} is larger than the window length of {length}: samples between two frames are lost "
                f"and the STFT is not invertible; choose a hop of at most {length}."
            )
        sums = _square_taps(self).sum(axis=0)
        if not sums.min() > _LEAST_SUM * sums.max():
            raise InputError(
                f"the squares of the window, shifted by hop={self.hop}, sum to zero at {np.argmin(sums)} samples after "
                "the start of a frame: the STFT is not invertible; choose a smaller hop."
            )

    def __repr__(self):
        window = repr(self.window) if is_named(self.window) else f"<{len(self.window)} samples>"
        return f"STFT(nfft={self.nfft}, hop={self.hop}, window={window}, center={self.center})"

    @property
    def bins(self) -> int:
        """Number of frequencies, nfft // 2 + 1."""
        return self.nfft // 2 + 1

    @property
    def weights(self) -> np.ndarray:
        """The window, float64, shape (nfft,), read-only."""
        return window_weights(self.nfft, self.window)

    def frames(self, npts: int) -> int:
        """Return the number of frames of a record of `npts` samples."""
        npts = whole("npts", npts)
        if self.center:
            return 1 + -(-npts // self.hop)
        return 1 + max(-(-(npts - self.nfft) // self.hop), 0)

    def frequencies(self, rate: float) -> np.ndarray:
        """Return the frequency of each bin, Hz, shape (nfft // 2 + 1,), for a sampling rate in Hz."""
        return np.arange(self.bins) * (positive("rate", rate, "Hz") / self.nfft)

    def times(self, npts: int, rate: float) -> np.ndarray:
        """Return the time of each frame's sample nfft // 2, s after sample 0, shape (frames,)."""
        middle = 0 if self.center else self.nfft // 2
        return (np.arange(self.frames(npts)) * self.hop + middle) / positive("rate", rate, "Hz")

    def forward(self, x: ArrayLike, workers: int | None = None) -> np.ndarray:
        """Transform records.

        Parameters
        ----------
        x : array_like, shape (..., npts)
            Any unit; at least one sample.
        workers : int, optional
            Threads that share the records; None is 1. The result does not depend on it.

        Returns
        -------
        ndarray, shape (..., nfft // 2 + 1, frames)
            complex64 for float32, else complex128; unit of `x`.

        Raises
        ------
        InputError
            NaN, infinite or complex values, no samples, or samples so large that a frame's sum overflows.
        """
        x = np.require(as_signal(x), requirements=["C", "A", "W"])  # numba compiles again for arrays that are read-only
        largest = max(float(x.max(initial=0)), -float(x.min(initial=0)))
        most = float(np.finfo(x.dtype).max) / self.nfft
        if largest > most:
            raise InputError(f"x reaches {largest:g}; {x.dtype} frames of {self.nfft} need values up to {most:.3g}.")
        rows, frames = as_rows(x), self.frames(x.shape[-1])
        spectra = np.empty((len(rows), self.bins, frames), np.result_type(x.dtype, np.complex64))
        if _has_kernel(self.nfft):
            from seissynth.signal._stft_kernels import forward

            tables, length = _tables(self.nfft, self.window, x.dtype), _comb_length(self, frames, x.dtype)
            out = spectra.view(x.dtype)

            def work(a, b):
                forward(rows[a:b], self.hop, _offset(self), tables, length, out[a:b])

        else:
            from seissynth.signal._stft_any import forward_any

            def work(a, b):
                for row in range(a, b):
                    forward_any(self, _offset(self), rows[row], spectra[row])

        share_rows(work, len(rows), workers)
        return spectra.reshape(*x.shape[:-1], self.bins, frames)

    def inverse(self, spectra: ArrayLike, npts: int, workers: int | None = None) -> np.ndarray:
        """Return the records whose transform is nearest to `spectra`: the original records after `forward`.

        Parameters
        ----------
        spectra : array_like, shape (..., nfft // 2 + 1, frames)
            The imaginary parts at zero and at the Nyquist frequency are ignored, as in any real inverse.
        npts : int
            Samples of a record; `frames` of it must be the number of frames.
        workers : int, optional
            Threads that share the records; None is 1. The result does not depend on it.

        Returns
        -------
        ndarray, shape (..., npts)
            float32 for complex64 and float32, else float64; unit of `spectra`.

        Raises
        ------
        InputError
            Wrong shape, NaN or infinite values, or samples that are in no frame (see the class).
        """
        spectra = _as_spectra(self, spectra, npts)
        rows = spectra.reshape(-1, *spectra.shape[-2:])
        dtype = rows.real.dtype
        weight = _weight(self, npts).astype(dtype)
        x = np.empty((len(rows), npts), dtype)
        if _has_kernel(self.nfft):
            from seissynth.signal._stft_kernels import inverse

            tables, length = _tables(self.nfft, self.window, dtype), _comb_length(self, rows.shape[-1], dtype)
            parts = rows.view(dtype)

            def work(a, b):
                inverse(parts[a:b], self.hop, _offset(self), tables, length, weight, x[a:b])

        else:
            from seissynth.signal._stft_any import inverse_any

            def work(a, b):
                with np.errstate(over="ignore", invalid="ignore"):  # looked for below
                    for row in range(a, b):
                        inverse_any(self, _offset(self), rows[row], weight, x[row])

        share_rows(work, len(rows), workers)
        # a bad value reaches every sample of its frame, so checking the result is enough, and 8 times cheaper;
        # not so the imaginary parts that are left out, and a last frame beyond the record
        edges = (x, rows[:, [0, -1]], rows[:, :, -1])
        if not all(np.isfinite(part).all() for part in edges):
            largest = max(
                abs(as_signal(part, f"the {name} part of the spectrum")).max()
                for name, part in (("real", spectra.real), ("imaginary", spectra.imag))
            )
            raise InputError(f"the inverse of a spectrum of up to {largest:g} overflows {dtype}; scale it down.")
        return x.reshape(*spectra.shape[:-2], npts)


# --- geometry and tables


def _square_taps(stft):
    """Squares of the window, hop samples a row, shape (ceil(nfft / hop), hop)."""
    taps = -(-stft.nfft // stft.hop)
    squares = np.zeros(taps * stft.hop)
    squares[: stft.nfft] = stft.weights**2
    return squares.reshape(taps, stft.hop)


def _weight(stft, npts):
    """One over the sum of squared windows at each sample, shape (npts,)."""
    frames, taps = stft.frames(npts), _square_taps(stft)
    sums = np.zeros((frames + len(taps) - 1, stft.hop))
    for first, row in enumerate(taps):
        sums[first : first + frames] += row
    sums = sums.ravel()[_offset(stft) :][:npts]
    bad = np.flatnonzero(~(sums > _LEAST_SUM * taps.sum(axis=0).max()))
    if len(bad):
        raise InputError(
            f"sample {bad[0]} of {npts} has no weight in any frame of {stft}: the STFT is not invertible there; "
            "pass center=True or a window without zeros."
        )
    return 1 / sums


def _offset(stft):
    """Zeros before the first sample."""
    return stft.nfft // 2 if stft.center else 0


def _has_kernel(nfft):
    return nfft & (nfft - 1) == 0 and _KERNEL_LENGTHS[0] <= nfft <= _KERNEL_LENGTHS[1]


def _comb_length(stft, frames, dtype):
    """Length of a comb's rows: whole blocks of frames, and the length of the last frame after its start."""
    from seissynth.signal._stft_kernels import lanes_of

    lanes = lanes_of(dtype)
    return -(-frames // lanes) * lanes + -(-stft.nfft // stft.hop)


@lru_cache(maxsize=64)
def _tables(nfft, window, dtype):
    """Constants of the kernels; their comments explain the use.

    Returns
    -------
    pairs, same : ndarray, shape (nfft / 2,)
        Row of the block that holds element i: of bins as pairs k and nfft / 2 - k, and in order.
    radices : ndarray, shape (stages,)
    twiddles : ndarray, shape (stages, nfft / 8, 6)
        exp(-2 pi i n k / m) for k of 1 to 3, real and imaginary parts in turn.
    position : ndarray, shape (nfft / 2,)
        Row of bin k after the last stage.
    turns : ndarray, shape (nfft / 4 + 1, 2)
        exp(-2 pi i k / nfft).
    analysis, synthesis : ndarray, shape (nfft,)
        The window with the factors 1/2 and 1/nfft that the loops leave out.
    """
    half = nfft // 2
    same = np.arange(half)
    pairs = np.where(same <= half // 2, 2 * same, 2 * (half - same) + 1)
    stages = half.bit_length() - 1
    radices = np.array([4] * (stages // 2) + [2] * (stages % 2))
    twiddles = np.zeros((len(radices), half // 4, 6))
    position, rest, done = np.zeros(half, int), same.copy(), 1
    for stage, radix in enumerate(radices):
        n = np.arange(half // 4) // done
        angle = -2 * np.pi * done / half * np.outer(n, [1, 2, 3])
        twiddles[stage] = np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(-1, 6)
        position = position * radix + rest % radix
        rest //= radix
        done *= radix
    angle = -2 * np.pi / nfft * np.arange(half // 2 + 1)
    turns = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    weights = window_weights(nfft, window)
    reals = (array.astype(dtype) for array in (turns, weights / 2, weights / nfft))
    return pairs, same, radices, twiddles.astype(dtype), position, *reals


def _as_spectra(stft, spectra, npts):
    """Return complex64 or complex128, C-contiguous, of the shape for npts; values are not checked."""
    array = np.asarray(spectra)
    if array.dtype.kind not in "biufc":
        raise InputError(f"the spectrum has type {array.dtype}; it must hold complex numbers.")
    shape = (stft.bins, stft.frames(npts))
    if array.shape[-2:] != shape:
        raise InputError(
            f"the spectrum has shape {array.shape}; {stft} of npts={npts} samples has (..., {shape[0]}, {shape[1]})."
        )
    single = array.dtype in (np.float32, np.complex64)
    return np.require(array, np.complex64 if single else np.complex128, "CAW")
