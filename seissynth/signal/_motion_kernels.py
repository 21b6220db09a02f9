"""Private numba loops of `seissynth.signal.motion`; imported only where motion is converted."""

import numpy as np

from seissynth.shared._numba import jit

#: samples worked on at a time: three float64 buffers of this length stay in the first-level cache
_BLOCK = 1024


@jit
def integrate_rows(padded, half_taps, step_s, out):
    """out[r, n] = out[r, n-1] + step * (FIR * x)(n - 1/2).

    padded: (rows, npts + 2 * h), sample 0 at index h; half_taps: (h,), weight of the samples at
    +-(k + 1/2) around the middle; out: (rows, npts).
    """
    rows, npts = out.shape
    h = half_taps.size
    buffer = np.empty(_BLOCK)
    for row in range(rows):
        x = padded[row]
        total = 0.0
        for first in range(0, npts, _BLOCK):
            count = min(_BLOCK, npts - first)
            buffer[:count] = 0.0
            # taps (in pairs, h is even) outside, samples inside: this order vectorises without reassociating sums
            for k in range(0, h, 2):
                near = half_taps[k] * step_s
                far = half_taps[k + 1] * step_s
                left = first + h - 1 - k
                right = first + h + k
                # slices, since an index that could be negative is checked in each turn and stops vectorising
                a = x[left : left + count]
                b = x[right : right + count]
                c = x[left - 1 : left - 1 + count]
                d = x[right + 1 : right + 1 + count]
                for i in range(count):
                    buffer[i] += near * (a[i] + b[i]) + far * (c[i] + d[i])
            for i in range(count):
                total += buffer[i]
                out[row, first + i] = total


@jit
def differentiate_rows(padded, half_taps, rate_hz, out):
    """out[r, n] = rate * sum_k taps[k] * (x[n + k + 1] - x[n - k - 1]); shapes as above."""
    rows, npts = out.shape
    h = half_taps.size
    buffer = np.empty(_BLOCK)
    for row in range(rows):
        x = padded[row]
        for first in range(0, npts, _BLOCK):
            count = min(_BLOCK, npts - first)
            buffer[:count] = 0.0
            for k in range(0, h, 2):
                near = half_taps[k] * rate_hz
                far = half_taps[k + 1] * rate_hz
                left = first + h - 1 - k
                right = first + h + 1 + k
                a = x[left : left + count]
                b = x[right : right + count]
                c = x[left - 1 : left - 1 + count]
                d = x[right + 1 : right + 1 + count]
                for i in range(count):
                    buffer[i] += near * (b[i] - a[i]) + far * (d[i] - c[i])
            for i in range(count):
                out[row, first + i] = buffer[i]
