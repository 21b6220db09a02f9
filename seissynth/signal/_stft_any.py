"""The short-time Fourier transform of one record through scipy.fft, for lengths that have no compiled loops."""

import numpy as np

#: frames that go through scipy.fft together, for other lengths
_BATCH = 256


def forward_any(stft, offset, x, spectrum):
    """Transform one record x (npts,), `offset` zeros before it, into spectrum (bins, frames)."""
    from scipy.fft import rfft

    frames, weights = spectrum.shape[1], stft.weights.astype(x.dtype)
    padded = np.zeros(max((frames - 1) * stft.hop + stft.nfft, offset + len(x)), x.dtype)
    padded[offset:][: len(x)] = x
    cut = np.lib.stride_tricks.sliding_window_view(padded, stft.nfft)[:: stft.hop]
    for first in range(0, frames, _BATCH):
        here = slice(first, min(first + _BATCH, frames))
        spectrum[:, here] = rfft(cut[here] * weights).T


def inverse_any(stft, offset, spectrum, weight, x):
    """Least-squares inverse of one spectrum (bins, frames) into x (npts,); `weight` is one over the sum of squares."""
    from scipy.fft import irfft

    frames, hop, taps = spectrum.shape[1], stft.hop, -(-stft.nfft // stft.hop)
    weights = stft.weights.astype(x.dtype)
    sums = np.zeros((frames + taps - 1, hop), x.dtype)
    for first in range(0, frames, _BATCH):
        count = min(_BATCH, frames - first)
        cut = np.zeros((count, taps * hop), x.dtype)
        cut[:, : stft.nfft] = irfft(spectrum[:, first : first + count].T, stft.nfft)
        cut[:, : stft.nfft] *= weights
        for tap in range(taps):
            sums[first + tap : first + tap + count] += cut[:, tap * hop : (tap + 1) * hop]
    x[:] = sums.ravel()[offset:][: len(x)] * weight
