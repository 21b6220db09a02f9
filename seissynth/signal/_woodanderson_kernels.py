"""Private numba loops of `seissynth.signal.woodanderson`; imported only where traces are made."""

import numpy as np

from seissynth.shared._numba import jit

#: samples filtered at a time: buffer and input stay in the first-level cache
_BLOCK = 1024


@jit(reassociate=True)
def seismometer_rows(data, taps, feedback_1, feedback_2, out, first, last):
    """out[r, n] = sum_k taps[h + k] data[r, n + k] - feedback_1 out[r, n - 1] - feedback_2 out[r, n - 2].

    Rows first...last of (rows, npts). `taps` (2 h + 1, odd) are in the order in which they meet the samples. Zero
    is assumed before a row, its odd mirror image after it. The recursion starts h samples before the row, where the
    taps first meet it.
    """
    npts = data.shape[1]
    size = taps.size
    half = size // 2
    padded = np.zeros(npts + 4 * half)
    fed = np.empty(_BLOCK)
    for row in range(first, last):
        x = data[row]
        start = 2 * half
        for i in range(npts):
            padded[start + i] = x[i]
        end = start + npts
        for k in range(2 * half):
            padded[end + k] = 2.0 * x[npts - 1] - x[max(npts - 2 - k, 0)]
        before, last_but_one = 0.0, 0.0
        for top in range(0, npts + half, _BLOCK):
            count = min(_BLOCK, npts + half - top)
            part = padded[top : top + count]
            for i in range(count):
                fed[i] = taps[0] * part[i]
            for k in range(1, size, 2):  # two by two, which halves the passes over the buffer
                near, far = taps[k], taps[k + 1]
                a = padded[top + k : top + k + count]
                b = padded[top + k + 1 : top + k + 1 + count]
                for i in range(count):
                    fed[i] += near * a[i] + far * b[i]
            skip = max(half - top, 0)
            for i in range(count):
                # the newest value enters last: only one product and one sum wait for it
                now = (fed[i] - feedback_2 * last_but_one) - feedback_1 * before
                last_but_one = before
                before = now
                fed[i] = now
            shift = top - half
            for i in range(min(skip, count), count):
                out[row, shift + i] = fed[i]


@jit
def largest_swings(traces, swing, first_at, second_at):
    """Largest difference between neighbouring turning points of each row, and the indices of both.

    A row's ends count as turning points; of a flat top, its last sample.
    """
    npts = traces.shape[1]
    for row in range(traces.shape[0]):
        x = traces[row]
        best, from_at, to_at = 0.0, 0, 0
        turn, rising, falling = 0, False, False
        for i in range(1, npts + 1):
            over = i == npts
            up = not over and x[i] > x[i - 1]
            down = not over and x[i] < x[i - 1]
            if over or (up and falling) or (down and rising):
                size = abs(x[i - 1] - x[turn])
                if size > best:
                    best, from_at, to_at = size, turn, i - 1
                turn = i - 1
            if up or down:
                rising, falling = up, down
        swing[row], first_at[row], second_at[row] = best, from_at, to_at
