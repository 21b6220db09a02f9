"""Spectra of records from those of their series, and what follows back in time: private compiled loops, no checks.

Vectors hold eight frequencies, real and imaginary parts apart, or the three components.
"""

import numpy as np

from seissynth.shared._numba import jit
from seissynth_plugins.stochastic.lane_functions import exp, sine_cosine
from seissynth_plugins.stochastic.lanes import (
    double,
    element,
    evens,
    inline,
    load,
    odds,
    pack,
    put,
    single,
    splat,
    store,
    unpack,
    woven_high,
    woven_low,
)

f4, f8 = np.float32, np.float64
LANES = 8
#: rows of an index of terms, and of factors of the free surface
P_LEG, SV_LEG, SH_LEG, S_LEG, S_ON_Z = range(5)
_P_RADIAL, _P_VERTICAL, _S_RADIAL, _S_VERTICAL, _TRANSVERSE = range(5)


@jit(inner=True, unchecked=True)
def weighted(table, index, weights, leg, bins, at):
    """Exponential of a weighted sum of terms, ln of modulus and phase each, at eight frequencies: real, imaginary.

    leg: place of the row's leg in `index` and `weights`.
    """
    gain = phase = splat(f4(0.0))
    first = leg * index.shape[2]
    for j in range(first, first + index.shape[2]):
        term = element(index, j)
        if term < 0:
            break
        gain, phase = with_term(gain, phase, table, element(weights, j), 2 * term * bins + at, bins)
    return exponential(gain, phase)


@inline
def with_term(gain, phase, table, weight, place, bins):
    """Add a term's ln of modulus and phase."""
    weight = splat(weight)
    return gain + weight * load(table, place), phase + weight * load(table, place + bins)


@inline
def exponential(gain, phase):
    """Complex vector of ln of modulus and phase."""
    modulus = exp(gain)
    sine, cosine = sine_cosine(phase)
    return modulus * cosine, modulus * sine


@inline
def times(a, b):
    """Product of complex vectors."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


@inline
def plus(a, b):
    """Sum of complex vectors."""
    return a[0] + b[0], a[1] + b[1]


@inline
def scaled(a, factor):
    """Multiple of a complex vector."""
    s = splat(factor)
    return a[0] * s, a[1] * s


@inline
def complex_at(spectra, at):
    """Eight complex numbers of an array of pairs."""
    one, two = load(spectra, at), load(spectra, at + LANES)
    return evens(one, two), odds(one, two)


@inline
def keep_complex(out, at, value):
    """Write eight complex numbers to an array of pairs."""
    store(out, at, woven_low(value[0], value[1]))
    store(out, at + LANES, woven_high(value[0], value[1]))


@jit(unchecked=True)
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
    step = 2 * bins
    for row in range(spectra.shape[0]):
        p_level, s_level, leg = levels[row, 0], levels[row, 1], row * 5
        for block in range((bins + LANES - 1) // LANES):
            at = min(block * LANES, bins - LANES)  # the last block overlaps the one before
            p = scaled(weighted(table, index, weights, leg + P_LEG, bins, at), p_level)
            s = scaled(weighted(table, index, weights, leg + S_LEG, bins, at), s_level)
            sv, sh = s, s
            if index[row, SV_LEG, 0] >= 0:
                sv = scaled(weighted(table, index, weights, leg + SV_LEG, bins, at), s_level)
                sh = scaled(weighted(table, index, weights, leg + SH_LEG, bins, at), s_level)
            first = row * 8 * step + 2 * at
            on_z = vertical_s(sv, s, spectra, first, bins, surfaces, leg, s_vertical, at)
            if index[row, S_ON_Z, 0] >= 0:
                on_z = times(on_z, weighted(table, index, weights, leg + S_ON_Z, bins, at))
            shape_block(
                out, row * 3 * step + 2 * at, (p, sv, sh), on_z, spectra, first, bins, surfaces, leg, p_horizontal, at
            )
        for component in range(3):
            out[3 * row + component, 0] = out[3 * row + component, 1] = f4(0.0)


@inline
def vertical_s(sv, s, spectra, first, bins, surfaces, row, s_vertical, at):
    """S on Z of eight frequencies."""
    step = 2 * bins
    alone = times(s, (load(s_vertical, at), load(s_vertical, bins + at)))
    polarised = scaled(sv, element(surfaces, row + _S_VERTICAL))
    return plus(
        times(polarised, complex_at(spectra, first + 5 * step)),
        times(scaled(alone, element(surfaces, row + _TRANSVERSE)), complex_at(spectra, first + 6 * step)),
    )


@inline
def shape_block(out, to, legs, on_z, spectra, first, bins, surfaces, row, p_horizontal, at):
    """Write Z, R, T of eight frequencies. legs: of P, SV, SH; on_z: S on Z."""
    (p, sv, sh), step = legs, 2 * bins
    across_factor = element(surfaces, row + _TRANSVERSE)
    across = scaled(times(p, (load(p_horizontal, at), load(p_horizontal, bins + at))), across_factor)
    on_z = plus(on_z, times(scaled(p, element(surfaces, row + _P_VERTICAL)), complex_at(spectra, first)))
    radial = plus(
        times(scaled(p, element(surfaces, row + _P_RADIAL)), complex_at(spectra, first + step)),
        times(across, complex_at(spectra, first + 2 * step)),
    )
    polarised = scaled(sv, element(surfaces, row + _S_RADIAL))
    radial = plus(radial, times(polarised, complex_at(spectra, first + 4 * step)))
    transverse = plus(
        times(across, complex_at(spectra, first + 3 * step)),
        times(scaled(sh, across_factor), complex_at(spectra, first + 7 * step)),
    )
    keep_complex(out, to, on_z)
    keep_complex(out, to + step, radial)
    keep_complex(out, to + 2 * step, transverse)


@jit(unchecked=True)
def finish_rows(out, motion, skipped, silent, sections):
    """Cut rows of three components out of their transforms, (3 rows or more, nfft).

    Samples before P are silenced, and the rest passes the second-order sections from rest. out: (rows, 3, npts).
    sections: an even number, as of `low_cut.high_pass_sections`.
    """
    npts = out.shape[2]
    for row in range(out.shape[0]):
        begin, first = min(silent[row], npts), 3 * row * npts
        for component in range(3):
            for n in range(begin):
                out[row, component, n] = f4(0.0)
            for n in range(begin, npts):
                out[row, component, n] = motion[3 * row + component, skipped[row] + n]
        # two sections at a time, whose states stay in registers
        for j in range(0, sections.shape[0], 2):
            factors, states = pair_of(sections, 5 * j), at_rest()
            for n in range(first + begin, first + npts):
                states = filtered(out, n, npts, factors, states)


@inline
def pair_of(sections, at):
    """Ten factors of two sections."""
    return tuple(splat(element(sections, at + k)) for k in range(10))


@inline
def at_rest():
    """States of two sections."""
    return (splat(f8(0.0)),) * 4


@inline
def filtered(out, n, npts, factors, states):
    """Pass a sample of the three components through two sections; returns their states."""
    (b0, b1, b2, a1, a2, d0, d1, d2, c1, c2), (s1, s2, t1, t2) = factors, states
    x = pack(
        double(element(out, n)), double(element(out, n + npts)), double(element(out, n + 2 * npts)), f8(0.0)
    )  # fmt: skip
    y = b0 * x + s1
    s1, s2 = (b1 * x + s2) - a1 * y, b2 * x - a2 * y
    z = d0 * y + t1
    t1, t2 = (d1 * y + t2) - c1 * z, d2 * y - c2 * z
    for component, value in enumerate(unpack(z)[:3]):
        put(out, n + component * npts, single(value))
    return s1, s2, t1, t2
