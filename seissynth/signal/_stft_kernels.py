"""Compiled loops of the short-time Fourier transform for transform lengths 4, 8, 16, ...

Everything runs over a block of neighbouring frames together: a row holds one sample (or one bin) of `lanes`
frames, 128 bytes, so each innermost loop is the same arithmetic on neighbouring numbers and compiles to vector
instructions; a block stays in the first cache. Two layouts make this possible:

comb
    A record with its samples sorted by their number modulo hop: ``comb[r * length + q]`` is sample
    ``q * hop + r`` of the padded record. Sample n of neighbouring frames is side by side in it, for any hop.
block
    ``block[(2 * i + part) * lanes + j]``: complex row i, real (part 0) or imaginary part (1), of frame j.

A real transform of length nfft is a complex one of half that length, whose row i holds samples 2 i and
2 i + 1. The stages are those of Pease (J. ACM 15, 252, 1968): each reads rows a fixed distance apart and
writes neighbouring ones; the bins are in digit-reversed order, which costs nothing as only whole rows
move. Every loop below reads at most a few slices and writes one or two, since the compiler gives up
vectorising where it would have to compare more of them for overlap.
"""

import numpy as np

from seissynth.shared._numba import jit

#: bytes of a row, at which both precisions were fastest: two blocks of 128 samples a frame fit the first cache
ROW_BYTES = 128
#: kernels compare with it to find their row length, which then is a constant when they are compiled
SINGLE = np.dtype(np.float32)
LANES_SINGLE = ROW_BYTES // 4
LANES_DOUBLE = ROW_BYTES // 8


def lanes_of(dtype):
    """Frames in a block."""
    return ROW_BYTES // np.dtype(dtype).itemsize


# --- the transform of a block


@jit
def _stage4(x, y, rows, quarter, twiddles):
    """One radix-4 stage with twiddle factors."""
    lanes = LANES_SINGLE if x.dtype == SINGLE else LANES_DOUBLE  # known when compiled: so are the trip counts
    width = 2 * lanes
    for i in range(quarter):
        at = rows[i] * width
        a = x[at : at + width]
        at = rows[i + quarter] * width
        b = x[at : at + width]
        at = rows[i + 2 * quarter] * width
        c = x[at : at + width]
        at = rows[i + 3 * quarter] * width
        d = x[at : at + width]
        out = y[4 * width * i : 4 * width * (i + 1)]
        w1r, w1i, w2r, w2i = twiddles[i, 0], twiddles[i, 1], twiddles[i, 2], twiddles[i, 3]
        w3r, w3i = twiddles[i, 4], twiddles[i, 5]
        for j in range(lanes):
            sr, si = a[j] + c[j], a[j + lanes] + c[j + lanes]
            dr, di = a[j] - c[j], a[j + lanes] - c[j + lanes]
            tr, ti = b[j] + d[j], b[j + lanes] + d[j + lanes]
            er, ei = b[j] - d[j], b[j + lanes] - d[j + lanes]
            out[j] = sr + tr
            out[j + lanes] = si + ti
            pr, pi = dr + ei, di - er
            out[j + 2 * lanes] = pr * w1r - pi * w1i
            out[j + 3 * lanes] = pr * w1i + pi * w1r
            pr, pi = sr - tr, si - ti
            out[j + 4 * lanes] = pr * w2r - pi * w2i
            out[j + 5 * lanes] = pr * w2i + pi * w2r
            pr, pi = dr - ei, di + er
            out[j + 6 * lanes] = pr * w3r - pi * w3i
            out[j + 7 * lanes] = pr * w3i + pi * w3r


@jit
def _last4(x, y, rows, quarter):
    """The last radix-4 stage, whose twiddle factors are all one."""
    lanes = LANES_SINGLE if x.dtype == SINGLE else LANES_DOUBLE
    width = 2 * lanes
    for i in range(quarter):
        at = rows[i] * width
        a = x[at : at + width]
        at = rows[i + quarter] * width
        b = x[at : at + width]
        at = rows[i + 2 * quarter] * width
        c = x[at : at + width]
        at = rows[i + 3 * quarter] * width
        d = x[at : at + width]
        out = y[4 * width * i : 4 * width * (i + 1)]
        for j in range(lanes):
            sr, si = a[j] + c[j], a[j + lanes] + c[j + lanes]
            dr, di = a[j] - c[j], a[j + lanes] - c[j + lanes]
            tr, ti = b[j] + d[j], b[j + lanes] + d[j + lanes]
            er, ei = b[j] - d[j], b[j + lanes] - d[j + lanes]
            out[j] = sr + tr
            out[j + lanes] = si + ti
            out[j + 2 * lanes] = dr + ei
            out[j + 3 * lanes] = di - er
            out[j + 4 * lanes] = sr - tr
            out[j + 5 * lanes] = si - ti
            out[j + 6 * lanes] = dr - ei
            out[j + 7 * lanes] = di + er


@jit
def _last2(x, y, rows, half):
    """A last radix-2 stage."""
    lanes = LANES_SINGLE if x.dtype == SINGLE else LANES_DOUBLE
    width = 2 * lanes
    for i in range(half):
        at = rows[i] * width
        a = x[at : at + width]
        at = rows[i + half] * width
        b = x[at : at + width]
        out = y[2 * width * i : 2 * width * (i + 1)]
        for j in range(width):
            out[j] = a[j] + b[j]
            out[j + width] = a[j] - b[j]


@jit
def transform(x, y, rows, same, radices, twiddles):
    """Complex transform of block `x`, whose row i is row rows[i]; return the blocks (result, scratch)."""
    size = same.size
    last = radices.size - 1
    for stage in range(last):
        _stage4(x, y, rows, size // 4, twiddles[stage])
        x, y = y, x
        rows = same
    if radices[last] == 4:
        _last4(x, y, rows, size // 4)
    else:
        _last2(x, y, rows, size // 2)
    return y, x


# --- records and combs


@jit
def comb_record(x, comb, length, hop, offset):
    """Sort the samples of a record, which starts at place `offset` of the padded record, into its comb."""
    comb[:] = 0
    end = offset + x.size
    for start in range(0, length, 64):  # in stretches, to fetch each cache line of x once
        for r in range(hop):
            low = max(start, -((r - offset) // hop))  # ceil((offset - r) / hop)
            high = min(start + 64, -((r - end) // hop), length)
            for q in range(low, high):
                comb[r * length + q] = x[q * hop + r - offset]


@jit
def uncomb(comb, length, hop, offset, weight, x):
    """Undo `comb_record`, times `weight` (one value a sample)."""
    end = offset + x.size
    for start in range(0, length, 64):
        for r in range(hop):
            low = max(start, -((r - offset) // hop))
            high = min(start + 64, -((r - end) // hop), length)
            for q in range(low, high):
                place = q * hop + r - offset
                x[place] = comb[r * length + q] * weight[place]


@jit
def places_in_comb(size, hop, length):
    """Index of sample n of frame 0 in a comb."""
    n = np.arange(size)
    return n % hop * length + n // hop


@jit
def cut(comb, places, first, window, out):
    """Frames first, first + 1, ... of a block, times the window."""
    lanes = LANES_SINGLE if out.dtype == SINGLE else LANES_DOUBLE
    for n in range(window.size):
        at = places[n] + first
        source = comb[at : at + lanes]
        row = out[n * lanes : (n + 1) * lanes]
        weight = window[n]
        for j in range(lanes):
            row[j] = source[j] * weight


@jit
def overlap_add(block, position, places, first, window, comb):
    """Add the windowed frames of a transformed block; real and imaginary rows come exchanged."""
    lanes = LANES_SINGLE if block.dtype == SINGLE else LANES_DOUBLE
    for n in range(window.size):
        at = (2 * position[n // 2] + 1 - n % 2) * lanes
        row = block[at : at + lanes]
        at = places[n] + first
        target = comb[at : at + lanes]
        weight = window[n]
        for j in range(lanes):
            target[j] += row[j] * weight


# --- bins


@jit
def unpack(z, position, turns, first, out):
    """Bins of the real frames from the transform of half length, into out (bins, 2 * frames)."""
    lanes = LANES_SINGLE if z.dtype == SINGLE else LANES_DOUBLE
    half = position.size
    count = min(lanes, out.shape[1] // 2 - first)
    low, high = 2 * first, 2 * (first + count)
    a = z[: 2 * lanes]
    u = out[0, low:high]
    v = out[half, low:high]
    for j in range(count):
        u[2 * j] = 2 * (a[j] + a[j + lanes])
        u[2 * j + 1] = 0
        v[2 * j] = 2 * (a[j] - a[j + lanes])
        v[2 * j + 1] = 0
    for k in range(1, half // 2 + 1):
        at = 2 * position[k] * lanes
        a = z[at : at + 2 * lanes]
        at = 2 * position[half - k] * lanes
        b = z[at : at + 2 * lanes]
        u = out[k, low:high]
        v = out[half - k, low:high]
        wr, wi = turns[k, 0], turns[k, 1]
        for j in range(count):
            er, ei = a[j] + b[j], a[j + lanes] - b[j + lanes]
            dr, di = a[j] - b[j], a[j + lanes] + b[j + lanes]
            pr, pi = wr * di + wi * dr, wi * di - wr * dr
            u[2 * j] = er + pr
            u[2 * j + 1] = ei + pi
            v[2 * j] = er - pr
            v[2 * j + 1] = pi - ei


@jit
def pack(spectrum, turns, first, out):
    """Undo `unpack`: rows for the inverse transform, pair by pair, real and imaginary parts exchanged."""
    lanes = LANES_SINGLE if out.dtype == SINGLE else LANES_DOUBLE
    half = spectrum.shape[0] - 1
    count = min(lanes, spectrum.shape[1] // 2 - first)
    low, high = 2 * first, 2 * (first + count)
    if count < lanes:
        out[:] = 0
    u = spectrum[0, low:high]
    v = spectrum[half, low:high]
    for j in range(count):
        out[j] = u[2 * j] - v[2 * j]
        out[j + lanes] = u[2 * j] + v[2 * j]
    for k in range(1, half // 2 + 1):
        u = spectrum[k, low:high]
        v = spectrum[half - k, low:high]
        row = out[4 * k * lanes : 4 * (k + 1) * lanes]
        wr, wi = turns[k, 0], turns[k, 1]
        for j in range(count):
            er, ei = u[2 * j] + v[2 * j], u[2 * j + 1] - v[2 * j + 1]
            dr, di = u[2 * j] - v[2 * j], u[2 * j + 1] + v[2 * j + 1]
            pr, pi = wr * dr + wi * di, wr * di - wi * dr
            row[j] = ei + pr
            row[j + lanes] = er - pi
            row[j + 2 * lanes] = pr - ei
            row[j + 3 * lanes] = er + pi


# --- what the modules call; `tables` is built by stft._tables


@jit
def forward(x, hop, offset, tables, length, out):
    """Transform records x (rows, npts) into out (rows, bins, 2 * frames)."""
    _pairs, same, radices, twiddles, position, turns, analysis, _synthesis = tables
    lanes = LANES_SINGLE if x.dtype == SINGLE else LANES_DOUBLE
    size = analysis.size
    places = places_in_comb(size, hop, length)
    comb = np.empty(hop * length, x.dtype)
    one = np.empty((size + 4) * lanes, x.dtype)
    two = np.empty((size + 4) * lanes, x.dtype)
    for row in range(x.shape[0]):
        comb_record(x[row], comb, length, hop, offset)
        for first in range(0, out.shape[2] // 2, lanes):
            cut(comb, places, first, analysis, one)
            done, _ = transform(one, two, same, same, radices, twiddles)
            unpack(done, position, turns, first, out[row])


@jit
def synthesise(spectrum, places, tables, one, two, comb):
    """Overlap-add one record's spectrum (bins, 2 * frames) into its comb, not normalised."""
    pairs, same, radices, twiddles, position, turns, _analysis, synthesis = tables
    lanes = LANES_SINGLE if spectrum.dtype == SINGLE else LANES_DOUBLE
    comb[:] = 0
    for first in range(0, spectrum.shape[1] // 2, lanes):
        pack(spectrum, turns, first, one)
        done, _ = transform(one, two, pairs, same, radices, twiddles)
        overlap_add(done, position, places, first, synthesis, comb)


@jit
def inverse(spectra, hop, offset, tables, length, weight, x):
    """Least-squares inverse of spectra (rows, bins, 2 * frames) into x (rows, npts)."""
    size = tables[6].size  # of the window
    lanes = LANES_SINGLE if x.dtype == SINGLE else LANES_DOUBLE
    places = places_in_comb(size, hop, length)
    comb = np.empty(hop * length, x.dtype)
    one = np.empty((size + 4) * lanes, x.dtype)
    two = np.empty((size + 4) * lanes, x.dtype)
    for row in range(x.shape[0]):
        synthesise(spectra[row], places, tables, one, two, comb)
        uncomb(comb, length, hop, offset, weight, x[row])
