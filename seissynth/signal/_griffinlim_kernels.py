"""Compiled loops of Griffin-Lim on the blocks of `_stft_kernels`.

A block of frames is cut, transformed, given its magnitudes, transformed back and added to the next signal before
the next block is touched: the only arrays that are walked through once an iteration are the signal, the
magnitudes and the last spectrum.
"""

import math

import numpy as np

from seissynth.shared._numba import jit
from seissynth.signal._stft_kernels import (
    LANES_DOUBLE,
    LANES_SINGLE,
    SINGLE,
    comb_record,
    cut,
    overlap_add,
    places_in_comb,
    synthesise,
    transform,
    uncomb,
)


@jit
def _impose(z, position, turns, keep, tiny, state, out):
    """One Griffin-Lim step on a block: unpack, accelerate, give each bin its magnitude, pack.

    `state` has six rows for each pair of bins k and half - k: the magnitude of both, then real and imaginary
    parts of the last spectrum, of k and of half - k.
    """
    lanes = LANES_SINGLE if z.dtype == SINGLE else LANES_DOUBLE
    half = position.size
    a = z[: 2 * lanes]
    s = state[: 6 * lanes]
    for j in range(lanes):
        x, y = 2 * (a[j] + a[j + lanes]), 2 * (a[j] - a[j + lanes])
        t, u = x - keep * s[j + 2 * lanes], y - keep * s[j + 4 * lanes]
        s[j + 2 * lanes] = x
        s[j + 4 * lanes] = y
        # np.divide, not /: the check for a division by zero that numba adds would keep the loop scalar
        t *= np.divide(s[j], math.sqrt(t * t + tiny))
        u *= np.divide(s[j + lanes], math.sqrt(u * u + tiny))
        out[j] = t - u
        out[j + lanes] = t + u
    for k in range(1, half // 2 + 1):
        at = 2 * position[k] * lanes
        a = z[at : at + 2 * lanes]
        at = 2 * position[half - k] * lanes
        b = z[at : at + 2 * lanes]
        s = state[6 * k * lanes : 6 * (k + 1) * lanes]
        row = out[4 * k * lanes : 4 * (k + 1) * lanes]
        wr, wi = turns[k, 0], turns[k, 1]
        for j in range(lanes):
            er, ei = a[j] + b[j], a[j + lanes] - b[j + lanes]
            dr, di = a[j] - b[j], a[j + lanes] + b[j + lanes]
            pr, pi = wr * di + wi * dr, wi * di - wr * dr
            xr, xi, yr, yi = er + pr, ei + pi, er - pr, pi - ei
            tr, ti = xr - keep * s[j + 2 * lanes], xi - keep * s[j + 3 * lanes]
            ur, ui = yr - keep * s[j + 4 * lanes], yi - keep * s[j + 5 * lanes]
            s[j + 2 * lanes] = xr
            s[j + 3 * lanes] = xi
            s[j + 4 * lanes] = yr
            s[j + 5 * lanes] = yi
            gain = np.divide(s[j], math.sqrt(tr * tr + ti * ti + tiny))
            tr, ti = tr * gain, ti * gain
            gain = np.divide(s[j + lanes], math.sqrt(ur * ur + ui * ui + tiny))
            ur, ui = ur * gain, ui * gain
            er, ei = tr + ur, ti - ui
            dr, di = tr - ur, ti + ui
            pr, pi = wr * dr + wi * di, wr * di - wi * dr
            row[j] = ei + pr
            row[j + lanes] = er - pi
            row[j + 2 * lanes] = pr - ei
            row[j + 3 * lanes] = er + pi


@jit
def refine(start, magnitude, iterations, keep, tiny, hop, offset, tables, length, weight, x):
    """One record: start (bins, 2 * frames), magnitude (bins, frames); the signal goes into x (npts,)."""
    pairs, same, radices, twiddles, position, turns, analysis, synthesis = tables
    lanes = LANES_SINGLE if x.dtype == SINGLE else LANES_DOUBLE
    size, half, frames = analysis.size, position.size, magnitude.shape[1]
    places = places_in_comb(size, hop, length)
    one = np.empty((size + 4) * lanes, x.dtype)
    two = np.empty((size + 4) * lanes, x.dtype)
    now = np.empty(hop * length, x.dtype)
    new = np.empty(hop * length, x.dtype)
    normal = np.empty(hop * length, x.dtype)
    comb_record(weight, normal, length, hop, offset)
    blocks = (frames + lanes - 1) // lanes
    stride = 6 * (half // 2 + 1) * lanes
    state = np.zeros(blocks * stride, x.dtype)
    for block in range(blocks):
        first = block * lanes
        for k in range(half // 2 + 1):
            at = block * stride + 6 * k * lanes
            for j in range(min(lanes, frames - first)):
                state[at + j] = magnitude[k, first + j]
                state[at + lanes + j] = magnitude[half - k, first + j]
    synthesise(start, places, tables, one, two, new)
    for _ in range(iterations):
        for i in range(new.size):
            now[i] = new[i] * normal[i]
        new[:] = 0
        for block in range(blocks):
            cut(now, places, block * lanes, analysis, one)
            done, free = transform(one, two, same, same, radices, twiddles)
            _impose(done, position, turns, keep, tiny, state[block * stride : (block + 1) * stride], free)
            # a half-length transform has as many rows in the scratch block as in the result
            done, _ = transform(free, done, pairs, same, radices, twiddles)
            overlap_add(done, position, places, block * lanes, synthesis, new)
    uncomb(new, length, hop, offset, weight, x)
