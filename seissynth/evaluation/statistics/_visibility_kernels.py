"""Degree of each point in the natural visibility graph of a series."""

import numpy as np

from seissynth.shared._numba import jit


@jit
def visible_counts(times, values):
    """Number of points that each point of a series sees.

    Each pair is counted from its higher point: a point sees no further than the next one that is as high as itself,
    beyond which others count. On n values in random order that takes n log n steps.
    """
    n = len(values)
    degree = np.zeros(n, dtype=np.int64)
    for i in range(n):
        for step in (1, -1):
            steepest = -np.inf
            j = i + step
            while 0 <= j < n:
                slope = (values[j] - values[i]) / abs(times[j] - times[i])
                seen = slope > steepest
                if seen:
                    steepest = slope
                if values[j] >= values[i]:
                    # a pair of equal points is counted from the earlier one only
                    if seen and values[j] == values[i] and step == 1:
                        degree[i] += 1
                        degree[j] += 1
                    break
                if seen:
                    degree[i] += 1
                    degree[j] += 1
                j += step
    return degree
