"""Noise under the windows of energy transport: private compiled loops, no checks; called by `transport_noise.py`.

Vectors hold the eight series; those of energies, the octave bands.
"""

import math

import numpy as np

from seissynth.shared._numba import jit
from seissynth_plugins.stochastic._energy_kernels import (
    BLOCK,
    PARTS,
    energy_behind,
    energy_block,
    head_states,
    lag_weights,
    sample_after,
)
from seissynth_plugins.stochastic._transport_kernels import LANES, NODES, prepare_energies
from seissynth_plugins.stochastic.lane_functions import normal_pair, philox, transposed
from seissynth_plugins.stochastic.lanes import (
    counted,
    element,
    inline,
    load,
    root,
    shared_to_alone,
    splat,
    store,
    word,
)

f4, u4 = np.float32, np.uint32
#: octave bands, and the series of Z alone of S, whose shares of the energies differ from row to row
BANDS, S_ALONE_ON_Z = 6, 6
#: the windows are exact for so long after each onset, s and samples, and linear over a block elsewhere
_EXACT_S, _EXACT_SAMPLES = 2.0, 64.0
#: samples that one counter serves
_OF_COUNTER = 4


@inline
def normal_block(out, block, stream, key, series):
    """Normal numbers of eight series, a vector of their numbers, in a block of samples, (BLOCK, series).

    Each depends on seed, stream, series and sample alone.
    """
    nothing = splat(u4(0))
    for half in range(2):
        bits = philox(splat(word(2 * block + half)), series, splat(stream), nothing, key)
        one, two = normal_pair(bits[0], bits[1])
        three, four = normal_pair(bits[2], bits[3])
        at = half * _OF_COUNTER * LANES
        store(out, at, one)
        store(out, at + LANES, two)
        store(out, at + 2 * LANES, three)
        store(out, at + 3 * LANES, four)


@jit
def normal_rows(out, stream, key):
    """Fill (8 m, n) with the numbers of `normal_block`."""
    numbers = np.empty((BLOCK, LANES), dtype=f4)
    for row in range(0, out.shape[0], LANES):
        series = counted() + splat(u4(row))
        for first in range(0, out.shape[1], BLOCK):
            normal_block(numbers, first // BLOCK, stream, key, series)
            for k in range(min(BLOCK, out.shape[1] - first)):
                for c in range(LANES):
                    out[row + c, first + k] = numbers[k, c]


@jit
def signs(out, keys, stream):
    """+1 or -1 for each row of keys, (rows, 2)."""
    word, nothing = np.empty(LANES, dtype=u4), splat(u4(0))
    for row in range(out.size):
        bits = philox(nothing, counted(), splat(stream), nothing, (keys[row, 0], keys[row, 1]))
        store(word, 0, bits[0])
        out[row] = 1.0 if word[0] >> u4(31) else -1.0


@jit
def random_bits(out, counter, key):
    """Philox of a counter of four numbers, for tests."""
    row = np.empty((4, LANES), dtype=u4)
    a, b, c, d = philox(splat(counter[0]), splat(counter[1]), splat(counter[2]), splat(counter[3]), key)
    store(row, 0, a)
    store(row, LANES, b)
    store(row, 2 * LANES, c)
    store(row, 3 * LANES, d)
    out[:] = row[:, 0]


@jit(inner=True, unchecked=True)
def window_steps(out, at, energies, k, mix, factors, bands):
    """What the low passes of each band are multiplied by at one sample, and last the noise: (BANDS, series).

    A window is the root of a sum of energies, with the weights `mix`, (BANDS, PARTS, series). Bands that the sampling
    rate does not resolve repeat the last one.
    """
    below = root_of_mix(energies, k * PARTS * LANES, mix, 0)
    for band in range(BANDS - 1):
        above = below
        if band + 1 < bands:
            above = root_of_mix(energies, k * PARTS * LANES, mix, band + 1)
        store(out, at + band * LANES, (below - above) * splat(factors[band]))
        below = above
    store(out, at + (BANDS - 1) * LANES, below)


@inline
def root_of_mix(energies, at, mix, band):
    """Windows of a band at one sample of a block, whose energies begin at a position."""
    total = splat(element(energies, at + band)) * load(mix, band * (PARTS * LANES))
    for part in range(1, PARTS):
        total = total + splat(element(energies, at + part * LANES + band)) * load(
            mix, band * (PARTS * LANES) + part * LANES
        )
    return root(total)


@jit(inner=True, unchecked=True)
def is_near(onsets, begin, end, dt):
    """Whether a block lies just behind one of the onsets."""
    near = False
    for onset in onsets:
        near = near or (end >= onset - dt and begin < onset + max(_EXACT_S, _EXACT_SAMPLES * dt))
    return near


@inline
def ladder_block(made, numbers, steps, poles, ladder):
    """Noise under its windows, a block of samples: sum of (w_b - w_b+1) low-passed n, and w_last n; (BLOCK, series).

    The bands sum to the noise. Polarised series are added to those alone, of P on Z and of S on R.
    """
    states = [load(ladder, k * LANES) for k in range(BANDS - 1)]
    before = load(ladder, (BANDS - 1) * LANES)
    for k in range(BLOCK):
        x, at = load(numbers, k * LANES), k * BANDS * LANES
        both, before = x + before, x
        states = [splat(pole) * state + both for pole, state in zip(poles, states, strict=True)]
        parts = [state * load(steps, at + band * LANES) for band, state in enumerate((*states, x))]
        store(made, k * LANES, (parts[0] + parts[1] + parts[2]) + (parts[3] + parts[4] + parts[5]))
    for k, state in enumerate((*states, before)):
        store(ladder, k * LANES, state)


@inline
def connect(steps, last):
    """Straight lines from the windows of the last sample before a block to those of its last sample."""
    for band in range(BANDS):
        before = load(last, band * LANES)
        change = (load(steps, ((BLOCK - 1) * BANDS + band) * LANES) - before) * splat(f4(1.0 / BLOCK))
        for k in range(BLOCK - 1):
            before = before + change
            store(steps, (k * BANDS + band) * LANES, before)


@inline
def keep_last(last, steps):
    """Keep the windows of a block's last sample."""
    for band in range(BANDS):
        store(last, band * LANES, load(steps, ((BLOCK - 1) * BANDS + band) * LANES))


@inline
def add_polarised(made):
    """Add the polarised series of a block to those alone."""
    nothing = splat(f4(0.0))
    for k in range(BLOCK):
        value = load(made, k * LANES)
        store(made, k * LANES, value + shared_to_alone(value, nothing))


@inline
def write_block(series, at, width, made):
    """Write a whole block of samples, (BLOCK, series), to rows of a width."""
    for row, samples in enumerate(transposed(*[load(made, k * LANES) for k in range(BLOCK)])):
        store(series, at + row * width, samples)


def working_arrays(order):
    """Arrays that `series_rows` works in: what it makes itself costs a tenth of its compilation.

    The first is what begins anew with each row, of which the next five are parts.
    """
    shapes = ((2 + order, PARTS, LANES), (3, LANES), (BANDS, LANES), (BANDS, LANES), (BLOCK, BANDS, LANES))
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    anew = np.empty(ends[-1], dtype=f4)
    parts = [part.reshape(shape) for part, shape in zip(np.split(anew, ends[:-1]), shapes, strict=True)]
    others = ((NODES, 3, LANES), (2, LANES), (8, LANES), (BLOCK, PARTS, LANES), (3, 4, LANES), (BLOCK, LANES))
    return (anew, *parts, *(np.empty(shape, dtype=f4) for shape in (*others, (BLOCK, LANES))))


@jit(unchecked=True)
def series_rows(
    series, indirect, offsets, ends, times_s, rates, lags, on_z, pulses, keys, mix, poles, dt, warm, bands, constants,
    quadrature, stream, nodes, heads, arrays,
):  # fmt: skip
    """Write the series of rows, (rows, 8, width), between two samples; the rest is zero.

    times_s: (rows, 7), of the first sample, of first and direct P and S after origin; distance, km; energy of what
    comes before direct S. rates: (rows, 2, 8); lags: (rows, 4, 8); on_z: (rows, 2, 6), energy of scattered and of
    converted S on Z; pulses: (rows,); keys: (rows, 2). mix: (6, 5, 8), shares of energies in the windows of each
    series; what it says of Z alone of S is written over. poles: of the five low passes. warm: blocks of samples that
    they run over before. bands: how many the sampling rate resolves. indirect: out, share of S that is scattered. The
    last three are worked in: (NODES,), (2, 6), and those of `working_arrays`.
    """
    width = series.shape[2]
    anew, state, inputs, ladder, last, steps, fluxes, paths, factors, energies, weights, numbers, made = arrays
    order, halves = int(constants[3]), np.empty(BANDS - 1, dtype=f4)
    for band in range(BANDS - 1):
        halves[band] = f4(0.5 * (1.0 - poles[band]))
    falls = (f4(poles[0]), f4(poles[1]), f4(poles[2]), f4(poles[3]), f4(poles[4]))
    for row in range(series.shape[0]):
        t0, distance = times_s[row, 0], times_s[row, 5]
        arrivals = (times_s[row, 1], times_s[row, 2], times_s[row, 3], times_s[row, 4])
        key = (keys[row, 0], keys[row, 1])
        all_constants = (*constants, times_s[row, 6])
        for band in range(BANDS):
            for part in range(2):
                mix[band, 3 + part, S_ALONE_ON_Z] = on_z[row, part, band]
        indirect[row] = prepare_energies(
            dt, arrivals, distance, rates[row], lags[row], all_constants, quadrature, nodes, fluxes, factors, paths,
            bands,
        )  # fmt: skip
        lag_weights(weights, factors)
        head_states(heads, t0, dt, arrivals, constants[4], times_s[row, 6])
        p_at, s_at = sample_after(arrivals[1], t0, dt), sample_after(arrivals[3], t0, dt)
        for k in range(anew.size):
            anew[k] = f4(0.0)
        node, npts = np.int64(0), ends[row] - offsets[row]  # a literal would compile its users twice
        begin = row * LANES * width + offsets[row]
        for first in range(-warm * BLOCK, npts, BLOCK):
            if first >= 0:
                near = is_near(arrivals, t0 + first * dt, t0 + (first + BLOCK) * dt, dt)
                if near or order > 1 or heads[0, 5] + heads[1, 5] > 0.0:
                    node = energy_block(
                        energies, first, t0, dt, node, nodes, fluxes, factors, order, state, heads, p_at, s_at, inputs
                    )
                else:
                    node = energy_behind(
                        energies, t0 + (first + BLOCK - 1) * dt, node, nodes, fluxes, factors, weights, state, inputs
                    )
                # far behind the onsets the last sample's windows alone, and straight lines to them
                for k in range(0 if near else BLOCK - 1, BLOCK):
                    window_steps(steps, k * BANDS * LANES, energies, k, mix, halves, bands)
                if not near:
                    connect(steps, last)
                keep_last(last, steps)
            normal_block(numbers, warm + first // BLOCK, stream, key, counted())
            ladder_block(made, numbers, steps, falls, ladder)
            if first >= 0:
                if first == 0:
                    made[0, 1] += f4(pulses[row])
                add_polarised(made)
                if npts - first >= BLOCK:
                    write_block(series, begin + first, width, made)
                for k in range(npts - first if npts - first < BLOCK else 0):
                    for c in range(LANES):
                        series[row, c, offsets[row] + first + k] = made[k, c]
