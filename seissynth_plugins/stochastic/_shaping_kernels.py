"""Spectra of records from those of their series, and what follows back in time: private compiled loops, no checks.

Vectors hold eight frequencies, real and imaginary parts apart, or the three components.
"""

import numpy as np

from seissynth.shared._numba import jit
from seissynth_plugins.stochastic.lane_functions import exp, sine_cosine
from seissynth_plugins.stochastic.lanes import evens, load, odds, pack, splat, store, unpack, woven_high, woven_low

f4, f8 = np.float32, np.float64
LANES = 8
#: rows of an index of terms, and of factors of the free surface
P_LEG, SV_LEG, SH_LEG, S_LEG, S_ON_Z = range(5)
_P_RADIAL, _P_VERTICAL, _S_RADIAL, _S_VERTICAL, _TRANSVERSE = range(5)


@jit(inner=True)
def weighted(table, index, weights, bins, at):
    """Exponential of a weighted sum of terms, ln of modulus and phase each, at eight frequencies: real, imaginary."""
    gain = phase = splat(f4(0.0))
    for j in range(index.size):
        if index[j] < 0:
            break
        weight, place = splat(weights[j]), 2 * index[j] * bins + at
        gain = gain + weight * load(table, place)
        phase = phase + weight * load(table, place + bins)
    modulus = exp(gain)
    sine, cosine = sine_cosine(phase)
    return modulus * cosine, modulus * sine


@jit(inner=True)
def times(a, b):
    """Product of complex vectors."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


@jit(inner=True)
def plus(a, b):
    """Sum of complex vectors."""
    return a[0] + b[0], a[1] + b[1]


@jit(inner=True)
def scaled(a, factor):
    """Multiple of a complex vector."""
    s = splat(factor)
    return a[0] * s, a[1] * s


@jit(inner=True)
def complex_at(spectra, at):
    """Eight complex numbers of an array of pairs."""
    one, two = load(spectra, at), load(spectra, at + LANES)
    return evens(one, two), odds(one, two)


@jit(inner=True)
def keep_complex(out, at, value):
    """Write eight complex numbers to an array of pairs."""
    store(out, at, woven_low(value[0], value[1]))
    store(out, at + LANES, woven_high(value[0], value[1]))


@jit
def shape_rows(out, spectra, table, index, weights, levels, surfaces, p_horizontal, s_vertical):
    """Z, R, T spectra of rows from the spectra of their series.

    out: (3 rows or more, 2 bins), pairs of real and imaginary parts. spectra: (rows, 8, 2 bins), of P: Z, polarised R,
    R alone, T alone; of S: R, polarised Z, Z alone, T. table: (terms, 2, bins), ln of modulus and phase. index and
    weights: (rows, 5, terms), of P, SV, SH, S without a pattern, and S on Z over S on the horizontals; the index ends
    with -1, and is empty for SV and SH where they are S. levels: (rows, 2), of P and S. surfaces: (rows, 5), motion of
    the free surface over incident: P radial, P vertical, S radial, S vertical, transverse. p_horizontal: P alone on
    horizontals over P; s_vertical: S alone on Z over S; (2, bins), real and imaginary parts.
    """
    bins = table.shape[2]
    for row in range(spectra.shape[0]):
        p_level, s_level = levels[row, 0], levels[row, 1]
        surface = surfaces[row]
        across_factor = surface[_TRANSVERSE]
        for block in range((bins + LANES - 1) // LANES):
            at = min(block * LANES, bins - LANES)  # the last block overlaps the one before
            p = scaled(weighted(table, index[row, P_LEG], weights[row, P_LEG], bins, at), p_level)
            s = scaled(weighted(table, index[row, S_LEG], weights[row, S_LEG], bins, at), s_level)
            sv, sh = s, s
            if index[row, SV_LEG, 0] >= 0:
                sv = scaled(weighted(table, index[row, SV_LEG], weights[row, SV_LEG], bins, at), s_level)
                sh = scaled(weighted(table, index[row, SH_LEG], weights[row, SH_LEG], bins, at), s_level)
            first = row * 8 * 2 * bins + 2 * at
            step = 2 * bins
            across = scaled(times(p, (load(p_horizontal, at), load(p_horizontal, bins + at))), across_factor)
            alone = scaled(times(s, (load(s_vertical, at), load(s_vertical, bins + at))), across_factor)
            on_z = plus(
                times(scaled(sv, surface[_S_VERTICAL]), complex_at(spectra, first + 5 * step)),
                times(alone, complex_at(spectra, first + 6 * step)),
            )
            if index[row, S_ON_Z, 0] >= 0:
                on_z = times(on_z, weighted(table, index[row, S_ON_Z], weights[row, S_ON_Z], bins, at))
            on_z = plus(on_z, times(scaled(p, surface[_P_VERTICAL]), complex_at(spectra, first)))
            radial = plus(
                times(scaled(p, surface[_P_RADIAL]), complex_at(spectra, first + step)),
                times(across, complex_at(spectra, first + 2 * step)),
            )
            radial = plus(radial, times(scaled(sv, surface[_S_RADIAL]), complex_at(spectra, first + 4 * step)))
            transverse = plus(
                times(across, complex_at(spectra, first + 3 * step)),
                times(scaled(sh, across_factor), complex_at(spectra, first + 7 * step)),
            )
            to = row * 3 * step + 2 * at
            keep_complex(out, to, on_z)
            keep_complex(out, to + step, radial)
            keep_complex(out, to + 2 * step, transverse)
        for component in range(3):
            out[3 * row + component, 0] = out[3 * row + component, 1] = f4(0.0)


@jit
def finish_rows(out, motion, skipped, silent, sections):
    """Cut rows of three components out of their transforms, (3 rows or more, nfft).

    Samples before P are silenced, and the rest passes the second-order sections from rest. out: (rows, 3, npts).
    sections: an even number, as of `low_cut.high_pass_sections`.
    """
    npts = out.shape[2]
    nothing = splat(f8(0.0))
    for row in range(out.shape[0]):
        begin = min(silent[row], npts)
        for component in range(3):
            out[row, component, :begin] = f4(0.0)
            for n in range(begin, npts):
                out[row, component, n] = motion[3 * row + component, skipped[row] + n]
        # two sections at a time, whose states stay in registers
        for j in range(0, sections.shape[0], 2):
            b0, b1, b2 = splat(sections[j, 0]), splat(sections[j, 1]), splat(sections[j, 2])
            a1, a2 = splat(sections[j, 3]), splat(sections[j, 4])
            d0, d1, d2 = splat(sections[j + 1, 0]), splat(sections[j + 1, 1]), splat(sections[j + 1, 2])
            c1, c2 = splat(sections[j + 1, 3]), splat(sections[j + 1, 4])
            s1 = s2 = t1 = t2 = nothing
            for n in range(begin, npts):
                x = pack(f8(out[row, 0, n]), f8(out[row, 1, n]), f8(out[row, 2, n]), f8(0.0))
                y = b0 * x + s1
                s1, s2 = (b1 * x + s2) - a1 * y, b2 * x - a2 * y
                z = d0 * y + t1
                t1, t2 = (d1 * y + t2) - c1 * z, d2 * y - c2 * z
                vertical, radial, transverse, _ = unpack(z)
                out[row, 0, n], out[row, 1, n], out[row, 2, n] = f4(vertical), f4(radial), f4(transverse)
