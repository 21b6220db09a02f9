"""Private loops of `seissynth.evaluation.statistics.time_warping`."""

import numpy as np

from seissynth.shared._numba import jit


@jit
def warped_rows(a, b, first, last, radius, out):
    """Fill out (n,) with the mean cost along the best path between rows of a and b, samples first to last - 1.

    Only one line of the table is kept: `line` holds the costs of the sample before, at offset j - i + radius + 1; the
    places beyond the band, at both ends, stay infinite.
    """
    width = 2 * radius + 1
    line = np.empty(width + 2)
    for row in range(a.shape[0]):
        begin, n = first[row], last[row] - first[row]
        if n <= 0:
            out[row] = np.nan
            continue
        line[:] = np.inf
        for i in range(n):
            x = a[row, begin + i]
            left = np.inf  # cost at (i, j - 1)
            for k in range(width):
                j = i + k - radius
                if j < 0 or j >= n:
                    line[k + 1] = np.inf
                    left = np.inf
                    continue
                cost = abs(x - b[row, begin + j])
                if i == 0 and j == 0:
                    best = 2.0 * cost
                else:
                    # in the row before, the same j is one place further, j - 1 at the same place
                    best = min(line[k + 1] + 2.0 * cost, line[k + 2] + cost, left + cost)
                line[k + 1] = best
                left = best
        out[row] = line[radius + 1] / (2.0 * n)
