"""Private numba loops of `seissynth.signal.konnoohmachi`; imported only where spectra are smoothed."""

import numpy as np

from seissynth.shared._numba import jit

#: sin(x) / x = polynomial in x² for |x| <= π, interpolated at the Chebyshev nodes of x² in [0, π²]: off by less
#: than 6e-14. Without division and without a branch at x = 0 the loop runs in vector registers.
_C0, _C1, _C2 = 0.9999999999999483, -0.16666666666583385, 0.00833333333109232
_C3, _C4, _C5 = -0.00019841269608381924, 2.755730707864961e-06, -2.505175195962916e-08
_C6, _C7, _C8 = 1.6052884397757983e-10, -7.584851838310823e-13, 2.467894082984281e-15

#: numbers of a block of rows: 1 MiB of float64 stays in the second-level cache while all centres pass over it
_BLOCK_NUMBERS = 131072


@jit(reassociate=True)
def _lobe(x, center, window):
    """Fill window with (sin(u) / u)^4, u = x - center, |u| <= π; return its sum."""
    total = 0.0
    for i in range(x.size):
        t = x[i] - center
        t = t * t
        t = _C0 + t * (_C1 + t * (_C2 + t * (_C3 + t * (_C4 + t * (_C5 + t * (_C6 + t * (_C7 + t * _C8)))))))
        t *= t
        t *= t
        window[i] = t
        total += t
    return total


@jit(reassociate=True)
def _tail(x, sine, cosine, center, window):
    """As `_lobe` for |u| >= π; sin(u) comes from sines and cosines of x and of the centre, by the angle sum."""
    total = 0.0
    s, c = np.sin(center), np.cos(center)
    for i in range(x.size):
        t = (sine[i] * c - cosine[i] * s) / (x[i] - center)
        t *= t
        t *= t
        window[i] = t
        total += t
    return total


@jit(reassociate=True)
def _dot(window, row):
    total = 0.0
    for i in range(window.size):
        total += window[i] * row[i]
    return total


@jit
def smooth_main_lobe(rows, skip, x, centers, low, high, out, first, last):
    """out[r, c] = weighted mean of rows[r, skip + low[c] : skip + high[c]], for c in first...last.

    rows: (n, skip + m), C-contiguous, else the sums stop vectorising; x: (m,), bandwidth * log10(frequency);
    centers: (k,), the same of the centres; out: (n, k).
    """
    window = np.empty(x.size)
    block = max(_BLOCK_NUMBERS // x.size, 4)
    for top in range(0, rows.shape[0], block):
        for c in range(first, last):
            a, b = low[c], high[c]
            total = _lobe(x[a:b], centers[c], window[: b - a])
            for r in range(top, min(top + block, rows.shape[0])):
                out[r, c] = _dot(window[: b - a], rows[r, skip + a : skip + b]) / total


@jit
def smooth_whole_window(rows, skip, x, sine, cosine, centers, low, high, out, first, last):
    """As `smooth_main_lobe` with the side lobes, which fill everything outside low...high."""
    window = np.empty(x.size)
    block = max(_BLOCK_NUMBERS // x.size, 4)
    for top in range(0, rows.shape[0], block):
        for c in range(first, last):
            a, b = low[c], high[c]
            total = _lobe(x[a:b], centers[c], window[a:b])
            total += _tail(x[:a], sine[:a], cosine[:a], centers[c], window[:a])
            total += _tail(x[b:], sine[b:], cosine[b:], centers[c], window[b:])
            for r in range(top, min(top + block, rows.shape[0])):
                out[r, c] = _dot(window, rows[r, skip:]) / total
