"""Noise under the windows of energy transport: private compiled loops, no checks; called by `transport_noise.py`.

Vectors hold the eight series; those of energies, the octave bands.
"""

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
from seissynth_plugins.stochastic.lanes import counted, load, root, shared_to_alone, splat, store

f4, u4 = np.float32, np.uint32
#: octave bands, and the series of Z alone of S, whose shares of the energies differ from row to row
BANDS, S_ALONE_ON_Z = 6, 6
#: the windows are exact for so long after each onset, s and samples, and linear over a block elsewhere
_EXACT_S, _EXACT_SAMPLES = 2.0, 64.0
#: samples that one counter serves
_OF_COUNTER = 4


@jit(inner=True)
def normal_block(out, block, stream, key, series):
    """Normal numbers of eight series, a vector of their numbers, in a block of samples, (BLOCK, series).

    Each depends on seed, stream, series and sample alone.
    """
    nothing = splat(u4(0))
    for half in range(2):
        bits = philox(splat(u4(2 * block + half)), series, splat(stream), nothing, key)
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


@jit(inner=True)
def window_steps(out, at, energies, k, mix, factors, bands):
    """What the low passes of each band are multiplied by at one sample, and last the noise: (BANDS, series).

    A window is the root of a sum of energies, with the weights `mix`, (BANDS, PARTS, series). Bands that the sampling
    rate does not resolve repeat the last one.
    """
    below = root_of_mix(energies, k, mix, 0)
    for band in range(BANDS - 1):
        above = below
        if band + 1 < bands:
            above = root_of_mix(energies, k, mix, band + 1)
        store(out, at + band * LANES, (below - above) * splat(factors[band]))
        below = above
    store(out, at + (BANDS - 1) * LANES, below)


@jit(inner=True)
def root_of_mix(energies, k, mix, band):
    """Windows of a band at one sample of a block."""
    total = splat(energies[k, 0, band]) * load(mix, band * PARTS * LANES)
    for part in range(1, PARTS):
        total = total + splat(energies[k, part, band]) * load(mix, (band * PARTS + part) * LANES)
    return root(total)


@jit(inner=True)
def is_near(onsets, begin, end, dt):
    """Whether a block lies just behind one of the onsets."""
    near = False
    for onset in onsets:
        near = near or (end >= onset - dt and begin < onset + max(_EXACT_S, _EXACT_SAMPLES * dt))
    return near


@jit(inner=True)
def states_of(ladder):
    """Six vectors."""
    return (
        load(ladder, 0), load(ladder, LANES), load(ladder, 2 * LANES), load(ladder, 3 * LANES), load(ladder, 4 * LANES),
        load(ladder, 5 * LANES),
    )  # fmt: skip


@jit(inner=True)
def keep_states(ladder, a, b, c, d, e, f):
    """Write six vectors."""
    store(ladder, 0, a)
    store(ladder, LANES, b)
    store(ladder, 2 * LANES, c)
    store(ladder, 3 * LANES, d)
    store(ladder, 4 * LANES, e)
    store(ladder, 5 * LANES, f)


@jit(inner=True)
def ladder_block(made, numbers, steps, poles, ladder):
    """Noise under its windows, a block of samples: sum of (w_b - w_b+1) low-passed n, and w_last n; (BLOCK, series).

    The bands sum to the noise. Polarised series are added to those alone, of P on Z and of S on R.
    """
    s0, s1, s2, s3, s4, before = states_of(ladder)
    p0, p1, p2, p3, p4 = poles
    for k in range(BLOCK):
        x, at = load(numbers, k * LANES), k * BANDS * LANES
        both, before = x + before, x
        s0, s1, s2 = splat(p0) * s0 + both, splat(p1) * s1 + both, splat(p2) * s2 + both
        s3, s4 = splat(p3) * s3 + both, splat(p4) * s4 + both
        low = s0 * load(steps, at) + s1 * load(steps, at + LANES) + s2 * load(steps, at + 2 * LANES)
        high = s3 * load(steps, at + 3 * LANES) + s4 * load(steps, at + 4 * LANES) + x * load(steps, at + 5 * LANES)
        store(made, k * LANES, low + high)
    keep_states(ladder, s0, s1, s2, s3, s4, before)


@jit(inner=True)
def connect(steps, last):
    """Straight lines from the windows of the last sample before a block to those of its last sample."""
    for band in range(BANDS):
        before = load(last, band * LANES)
        change = (load(steps, ((BLOCK - 1) * BANDS + band) * LANES) - before) * splat(f4(1.0 / BLOCK))
        for k in range(BLOCK - 1):
            before = before + change
            store(steps, (k * BANDS + band) * LANES, before)


@jit(inner=True)
def write_block(series, at, width, made, left):
    """Write a block of samples, (BLOCK, series), to rows of a width; of the last block `left` samples."""
    a, b, c, d = load(made, 0), load(made, LANES), load(made, 2 * LANES), load(made, 3 * LANES)
    e, f, g, h = load(made, 4 * LANES), load(made, 5 * LANES), load(made, 6 * LANES), load(made, 7 * LANES)
    if left >= BLOCK:
        a, b, c, d, e, f, g, h = transposed(a, b, c, d, e, f, g, h)
        store(series, at, a)
        store(series, at + width, b)
        store(series, at + 2 * width, c)
        store(series, at + 3 * width, d)
        store(series, at + 4 * width, e)
        store(series, at + 5 * width, f)
        store(series, at + 6 * width, g)
        store(series, at + 7 * width, h)


@jit
def series_rows(
    series, indirect, offsets, ends, times_s, rates, lags, on_z, pulses, keys, mix, poles, dt, warm, bands, constants,
    quadrature, stream,
):  # fmt: skip
    """Write the series of rows, (rows, 8, width), between two samples; the rest is zero.

    times_s: (rows, 6), of the first sample, of first and direct P and S after origin, and distance, km. rates: (rows,
    2, 8); lags: (rows, 4, 8); on_z: (rows, 2, 6), energy of scattered and of converted S on Z; pulses: (rows,); keys:
    (rows, 2). mix: (6, 5, 8), shares of energies in the windows of each series, whose Z alone of S is replaced. poles:
    of the five low passes. warm: blocks of samples that they run over before. bands: how many the sampling rate
    resolves. indirect: out, share of S that is scattered.
    """
    width = series.shape[2]
    nodes, fluxes, paths = np.empty(NODES), np.empty((NODES, 3, LANES), dtype=f4), np.empty((2, LANES), dtype=f4)
    factors, energies = np.empty((8, LANES), dtype=f4), np.empty((BLOCK, PARTS, LANES), dtype=f4)
    order, heads = int(constants[3]), np.empty((2, 6))
    state, ladder = np.empty((2 + order, PARTS, LANES), dtype=f4), np.empty((6, LANES), dtype=f4)
    steps = np.empty((BLOCK, BANDS, LANES), dtype=f4)
    last = np.empty((BANDS, LANES), dtype=f4)
    weights, inputs = np.empty((3, 4, LANES), dtype=f4), np.empty((3, LANES), dtype=f4)
    numbers, made, own = np.empty((BLOCK, LANES), dtype=f4), np.empty((BLOCK, LANES), dtype=f4), mix.copy()
    halves = np.empty(BANDS - 1, dtype=f4)
    for band in range(BANDS - 1):
        halves[band] = f4(0.5 * (1.0 - poles[band]))
    falls = (f4(poles[0]), f4(poles[1]), f4(poles[2]), f4(poles[3]), f4(poles[4]))
    for row in range(series.shape[0]):
        t0, distance = times_s[row, 0], times_s[row, 5]
        arrivals = (times_s[row, 1], times_s[row, 2], times_s[row, 3], times_s[row, 4])
        key = (keys[row, 0], keys[row, 1])
        for band in range(BANDS):
            for part in range(2):
                own[band, 3 + part, S_ALONE_ON_Z] = on_z[row, part, band]
        indirect[row] = prepare_energies(
            dt, arrivals, distance, rates[row], lags[row], constants, quadrature, nodes, fluxes, factors, paths,
            bands,
        )  # fmt: skip
        lag_weights(weights, factors)
        head_states(heads, t0, dt, arrivals, constants[4], constants[5])
        p_at, s_at = sample_after(arrivals[1], t0, dt), sample_after(arrivals[3], t0, dt)
        state[:] = f4(0.0)
        inputs[:] = f4(0.0)
        ladder[:] = f4(0.0)
        last[:] = f4(0.0)
        steps[:] = f4(0.0)
        node, npts = 0, ends[row] - offsets[row]
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
                    window_steps(steps, k * BANDS * LANES, energies, k, own, halves, bands)
                if not near:
                    connect(steps, last)
                for band in range(BANDS):
                    store(last, band * LANES, load(steps, ((BLOCK - 1) * BANDS + band) * LANES))
            normal_block(numbers, warm + first // BLOCK, stream, key, counted())
            ladder_block(made, numbers, steps, falls, ladder)
            if first >= 0:
                if first == 0:
                    made[0, 1] += f4(pulses[row])
                for k in range(BLOCK):
                    value = load(made, k * LANES)
                    store(made, k * LANES, value + shared_to_alone(value, splat(f4(0.0))))
                write_block(series, begin + first, width, made, npts - first)
                for k in range(npts - first if npts - first < BLOCK else 0):
                    for c in range(LANES):
                        series[row, c, offsets[row] + first + k] = made[k, c]
