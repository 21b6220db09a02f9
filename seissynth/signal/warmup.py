"""Compile every kernel of the signal core ahead of time."""

from __future__ import annotations

import time

import numpy as np

_NPTS = 256
_RATE_HZ = 100.0


def warm_up() -> dict[str, float]:
    """Compile all kernels of the signal core, for float32 and float64.

    Kernels are compiled on first use, and cached on disk if possible. Call this when building a container image, before
    worker processes start, or before measuring times.

    Returns
    -------
    dict of str to float
        Time of each function, s: some seconds the first time, milliseconds afterwards.

    Examples
    --------
    >>> from seissynth.signal import warm_up
    >>> seconds = warm_up()
    >>> "konno_ohmachi" in seconds
    True
    """
    taken = {}
    for name, call in _calls().items():
        start = time.perf_counter()
        for dtype in (np.float32, np.float64):
            call(np.random.default_rng(0).standard_normal((2, _NPTS)).astype(dtype))
        taken[name] = time.perf_counter() - start
    return taken


def _calls():
    """Name of a public function -> what uses its kernels on a batch of two rows."""
    from seissynth import signal

    def stft(x):
        for nfft in (32, 31):  # even and odd lengths have their own kernels
            transform = signal.STFT(nfft, 8)
            transform.inverse(transform.forward(x), x.shape[-1])

    def griffinlim(x):
        transform = signal.STFT(32, 8)
        signal.griffinlim(np.abs(transform.forward(x)), transform, x.shape[-1], n_iter=2, seeds=0)

    def konno_ohmachi(x):
        frequencies = np.fft.rfftfreq(2 * _NPTS - 1, 1 / _RATE_HZ)
        for exact in (False, True):
            signal.konno_ohmachi(np.abs(x), frequencies, exact=exact)

    def wood_anderson(x):
        signal.wood_anderson_amplitude(x, _RATE_HZ)

    def response_spectrum(x):
        signal.response_spectrum(x, _RATE_HZ, [0.05, 0.3, 1.0])

    def rotd(x):
        signal.rotd(x[0], x[1], _RATE_HZ, [0.05, 0.3, 1.0])

    return {
        "STFT": stft,
        "griffinlim": griffinlim,
        "konno_ohmachi": konno_ohmachi,
        "wood_anderson": wood_anderson,
        "response_spectrum": response_spectrum,
        "rotd": rotd,
    }
