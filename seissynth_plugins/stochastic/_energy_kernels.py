"""Compiled loops of energies over time: private, no checks; called by `transport.py` and `_series_kernels.py`.

What arrives passes through lags, sample by sample. Vectors hold the six octave bands, and the last band again in the
two lanes that are left.
"""

import math

import numpy as np

from seissynth.shared._numba import jit
from seissynth_plugins.stochastic._transport_kernels import LANES, NODES, prepare_energies
from seissynth_plugins.stochastic.lanes import inline, load, single, splat, store

f4 = np.float32
#: samples of a block, and parts of the energy
BLOCK, PARTS = 8, 5
#: added to what enters the lags, relative to an earthquake's energy in 1 s: numbers too small for processors are slow
_FLOOR = f4(1e-24)
#: below this share of an earthquake's energy in a sample, a head wave is over
_OVER = 1e-12


@jit(inner=True, unchecked=True)
def head_states(heads, t0, dt, arrivals, p_head, s_head):
    """State of the head waves of P and S, (2, 6): pole, two states, what enters, when, and whether it is there.

    A head wave is a pulse that begins at the first arrival, with the direct one in its mean.
    """
    for group in range(2):
        first, direct = arrivals[2 * group], arrivals[2 * group + 1]
        head = p_head if group == 0 else s_head
        heads[group, :] = 0.0
        if direct - first > 2.0 * dt and head > 0.0:
            fall = math.exp(-dt / (0.5 * (direct - first)))
            heads[group, 0] = fall
            heads[group, 3] = (1.0 - fall) * head / (1.0 + head)
            heads[group, 4] = max(math.ceil((first - t0) / dt - 1e-9), 0)
            heads[group, 5] = 1.0


@jit(inner=True, unchecked=True)
def energy_block(out, first, t0, dt, node, times, fluxes, factors, order, state, heads, p_at, s_at, inputs):
    """Energies of a block of samples from `first` on, (BLOCK, PARTS, bands); returns the node before the last one.

    Parts: direct P with its head wave, scattered P, direct S with its head wave, scattered S, converted. Each is
    sampled, and passes through the lags of the source and of the path, which go on from `state`, (2 + order, PARTS,
    bands). inputs: out, fluxes at the last sample, (3, bands).
    """
    states = states_of(state)
    for k in range(BLOCK):
        i = first + k
        t = t0 + i * dt
        if t > times[0]:
            while node < times.size - 2 and times[node + 1] < t:
                node += 1
            u = min((t - times[node]) / (times[node + 1] - times[node]), 1.0)
            fluxes_at(inputs, fluxes, 3 * LANES * node, u)
        else:
            no_fluxes(inputs)
        states = energy_step(
            out, k * PARTS * LANES, states, inputs, factors, 1.0 if i == p_at else 0.0, 1.0 if i == s_at else 0.0
        )
    keep_states(state, states)
    if order > 1:
        more_lags(out, order, factors, state)
    for group in range(2):
        if heads[group, 5] > 0.0 and first + BLOCK > heads[group, 4]:
            add_head(out, group, first, heads)
    return node


@inline
def states_of(state):
    """States of the source's two lags and of the path's first, of all parts."""
    return tuple(load(state, k * LANES) for k in range(3 * PARTS))


@inline
def keep_states(state, states):
    """Write them back."""
    for k, one in enumerate(states):
        store(state, k * LANES, one)


@inline
def no_fluxes(inputs):
    """What enters the lags before anything has arrived, (3, bands)."""
    for k in range(3):
        store(inputs, k * LANES, splat(_FLOOR))


@inline
def fluxes_at(inputs, fluxes, at, share):
    """What enters the lags between two nodes, (3, bands)."""
    share = splat(single(share))
    for k in range(3):
        one, two = load(fluxes, at + k * LANES), load(fluxes, at + (3 + k) * LANES)
        store(inputs, k * LANES, splat(_FLOOR) + mixed(one, two, share))


@inline
def energy_step(out, at, states, inputs, factors, p_there, s_there):
    """Pass a sample through the lags; returns their states. p_there, s_there: 1 where the direct wave comes, else 0."""
    p_source, p_path = load(factors, 2 * LANES), load(factors, 3 * LANES)
    s_source, s_path = load(factors, 4 * LANES), load(factors, 5 * LANES)
    floor = splat(_FLOOR)
    entered = (
        floor + splat(single(p_there)) * load(factors, 0), load(inputs, 0),
        floor + splat(single(s_there)) * load(factors, LANES), load(inputs, LANES), load(inputs, 2 * LANES),
    )  # fmt: skip
    result = []
    for poles in ((p_source, s_source), (p_source, s_source), (p_path, s_path)):
        old = states[len(result) : len(result) + PARTS]
        entered = [poles[part > 1] * old[part] + entered[part] for part in range(PARTS)]
        result += entered
    for part in range(PARTS):
        store(out, at + part * LANES, load(factors, (6 + (part > 1)) * LANES) * entered[part])
    return tuple(result)


@inline
def lag_weights(out, factors):
    """What a lag's pole makes of a block of samples: of its state before, and of an input that is linear in between.

    out: (3, 4, bands), factors of the state before, of the input at the block's last sample, and of that at the last
    sample of the block before, for the poles of `factors`.
    """
    for lag in range(4):
        pole = load(factors, (2 + lag) * LANES)
        power, last, before = splat(f4(1.0)), splat(f4(0.0)), splat(f4(0.0))
        for k in range(BLOCK):
            share = splat(f4(k / BLOCK))
            last, before = last + (splat(f4(1.0)) - share) * power, before + share * power
            power = power * pole
        store(out, lag * LANES, power)
        store(out, (4 + lag) * LANES, last)
        store(out, (8 + lag) * LANES, before)


@jit(inner=True, unchecked=True)
def energy_behind(out, t, node, times, fluxes, factors, weights, state, inputs):
    """Energies at the last sample of a block, at t, far behind the onsets; returns the node before it.

    As `energy_block` for one lag of the path, without impulses and head waves, but the inputs of lags are taken as
    linear within the block. inputs: fluxes at the last sample before, (3, bands), and then at this one.
    """
    while node < times.size - 2 and times[node + 1] < t:
        node += 1
    u = min((t - times[node]) / (times[node + 1] - times[node]), 1.0)
    energies_behind(out, fluxes, 3 * LANES * node, u, factors, weights, state, inputs)
    return node


@inline
def energies_behind(out, fluxes, at, share, factors, weights, state, inputs):
    """The work of `energy_behind` between two nodes."""
    floor, share = splat(_FLOOR), splat(single(share))
    for part in range(PARTS):
        group = 0 if part < 2 else 2
        if part in (0, 2):
            before = now = floor
        else:
            which = (0 if part == 1 else part - 2) * LANES
            before = load(inputs, which)
            now = floor + mixed(load(fluxes, at + which), load(fluxes, at + 3 * LANES + which), share)
            store(inputs, which, now)
        for lag in range(3):
            pole, place = (group if lag < 2 else group + 1) * LANES, (lag * PARTS + part) * LANES
            old = load(state, place)
            new = load(weights, pole) * old + load(weights, 4 * LANES + pole) * now
            new = new + load(weights, 8 * LANES + pole) * before
            store(state, place, new)
            before, now = old, new
        store(out, ((BLOCK - 1) * PARTS + part) * LANES, load(factors, (6 + group // 2) * LANES) * now)


@inline
def mixed(one, two, share):
    """Between two vectors."""
    return one + share * (two - one)


@jit(inner=True, unchecked=True)
def more_lags(out, order, factors, state):
    """Pass a block through the path's further lags."""
    for lag in range(1, order):
        for part in range(PARTS):
            for k in range(BLOCK):
                place = (k * PARTS + part) * LANES
                lag_step(out, place, factors, (3 if part < 2 else 5) * LANES, state, ((2 + lag) * PARTS + part) * LANES)


@inline
def lag_step(out, place, factors, pole_place, state, at):
    """Pass one sample through a lag."""
    pole = load(factors, pole_place)
    value = pole * load(state, at) + (splat(f4(1.0)) - pole) * load(out, place)
    store(out, place, value)
    store(state, at, value)


@jit(inner=True, unchecked=True)
def add_head(out, group, first, heads):
    """Add a head wave to the direct one, in all bands alike."""
    fall, one, two = heads[group, 0], heads[group, 1], heads[group, 2]
    for k in range(BLOCK):
        if first + k >= heads[group, 4]:
            one = fall * one + (heads[group, 3] if first + k == heads[group, 4] else 0.0)
            two = fall * two + (1.0 - fall) * one
            place = (k * PARTS + 2 * group) * LANES
            add_to(out, place, two)
    heads[group, 1], heads[group, 2] = one, two
    if one + two < _OVER:
        heads[group, 5] = 0.0


@inline
def add_to(out, place, number):
    """Add a number to all bands."""
    store(out, place, load(out, place) + splat(single(number)))


@jit(unchecked=True)
def band_energies(out, t0, dt, arrivals, r, rates, lags, constants, quadrature):
    """Energy of each sample of the parts of both groups, (5, bands, npts); each group sums to 1 over all time.

    Arguments as of `prepare_energies`, rates and lags with eight bands each. Returns the share of S energy that is not
    direct, the mean over bands.
    """
    times, fluxes, paths = np.empty(NODES), np.empty((NODES, 3, LANES), dtype=f4), np.empty((2, LANES), dtype=f4)
    factors, block = np.empty((8, LANES), dtype=f4), np.empty((BLOCK, PARTS, LANES), dtype=f4)
    order, heads = int(constants[3]), np.empty((2, 6))
    state, inputs = np.zeros((2 + order, PARTS, LANES), dtype=f4), np.zeros((3, LANES), dtype=f4)
    indirect = prepare_energies(
        dt, arrivals, r, rates, lags, constants, quadrature, times, fluxes, factors, paths, out.shape[1]
    )
    head_states(heads, t0, dt, arrivals, constants[4], constants[5])
    p_at, s_at = sample_after(arrivals[1], t0, dt), sample_after(arrivals[3], t0, dt)
    node, npts = np.int64(0), out.shape[2]
    for first in range(0, npts, BLOCK):
        node = energy_block(block, first, t0, dt, node, times, fluxes, factors, order, state, heads, p_at, s_at, inputs)
        for k in range(min(BLOCK, npts - first)):
            for part in range(PARTS):
                for band in range(out.shape[1]):
                    out[part, band, first + k] = block[k, part, band]
    return indirect


@jit(inner=True, unchecked=True)
def sample_after(onset, t0, dt):
    """First sample at or after an onset."""
    return math.ceil((onset - t0) / dt - 1e-9)
