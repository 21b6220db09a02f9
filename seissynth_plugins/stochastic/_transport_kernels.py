"""Compiled loops of energy transport: private, no checks; called by `transport.py` and `_energy_kernels.py`.

Vectors hold the six octave bands, and the last band again in the two lanes that are left.
"""

import math

import numpy as np

from seissynth.shared._numba import jit
from seissynth_plugins.stochastic.lane_functions import exp
from seissynth_plugins.stochastic.lanes import load, root, splat, store

f4 = np.float32
#: numbers of a vector
LANES = 8
#: nodes of a group's energy over time
NODES = 108

#: keeps logarithms finite where an ellipsoid touches the source or the receiver
_TINY = 1e-9
#: share of the distance P to S of the first node after an onset, and share of the time after S
_FIRST_NODE, _FIRST_NODE_BEHIND = 1e-3, 2e-5
#: nodes end this long after P, whatever the record's length: a longer one begins alike
_TAIL_S, _TAIL_S_TIMES = 600.0, 3.0
#: lags that a source's duration is made of: amplitudes rise as the root of time
_SOURCE_ORDER = 2
_PAASSCHENS = f4(2.026)


@jit(inner=True)
def scattered(r, t, v, g):
    """Energy density of multiply scattered waves, without the direct wave; Paasschens (1997), eq. 36."""
    x = r / (v * t)
    if x >= 1.0:
        return 0.0
    u = 1.0 - x * x
    q = g * v * t
    fourth_root = math.sqrt(math.sqrt(u))
    y = q * fourth_root**3
    spread = 4.0 * math.pi * v * t / (3.0 * g)
    shape = math.sqrt(fourth_root * (1.0 + 2.026 / y)) / (spread * math.sqrt(spread))
    return shape * math.exp(y - q)


@jit(inner=True)
def converted(r, t, v1, v2, g, loss1, loss2, nodes, weights):
    """Energy density of waves scattered once from speed v1 into v2, with losses per km before and after.

    The ellipsoid's eta runs between -1 and 1; the logarithm z in its place takes the integrand's poles at the ends.
    """
    slow1, slow2 = 1.0 / v1, 1.0 / v2
    a = 2.0 * t / r / (slow1 + slow2)
    b = (slow1 - slow2) / (slow1 + slow2)
    low, high = -1.0, 1.0
    if a - abs(b) < 1.0:
        if a + abs(b) <= 1.0:
            return 0.0
        if b > 0.0:
            high = (a - 1.0) / b
        else:
            low = (a - 1.0) / b
    plus, minus = 1.0 + b, 1.0 - b
    start = math.log(max(a + minus * low, _TINY) / max(a - plus * low, _TINY))
    end = math.log(max(a + minus * high, _TINY) / max(a - plus * high, _TINY))
    total = 0.0
    for i in range(nodes.size):
        e = math.exp(start + (end - start) * (0.5 + 0.5 * nodes[i]))
        eta = a * (e - 1.0) / (minus + plus * e)
        xi = a - b * eta
        total += weights[i] * math.exp(-0.5 * r * (loss1 * (xi + eta) + loss2 * (xi - eta)))
    return g * v1 / (2.0 * math.pi * r * r * (v1 + v2)) * total * 0.5 * (end - start) / (2.0 * a)


@jit
def scattered_at(out, r, times, v, g):
    """`scattered` at times after origin."""
    for i in range(times.size):
        out[i] = scattered(r, times[i], v, g)


@jit
def converted_at(out, r, times, v1, v2, g, loss1, loss2, nodes, weights):
    """`converted` at times after origin."""
    for i in range(times.size):
        out[i] = converted(r, times[i], v1, v2, g, loss1, loss2, nodes, weights)


@jit(inner=True)
def node_times(out, p, s, end):
    """Times after origin, a third each: logarithmic after P, into S from below, after S."""
    count = out.size // 3
    half = 0.5 * (s - p)
    for i in range(count):
        u = i / (count - 1.0)
        out[i] = p + half * _FIRST_NODE ** (1.0 - u)
        out[count + i] = s - half * 0.999 * _FIRST_NODE**u
        out[2 * count + i] = s + (end - s) * _FIRST_NODE_BEHIND ** (1.0 - u)


@jit(inner=True)
def scattered_factor(r, t, v):
    """What `scattered` has beside the scattering coefficient g: three factors for `scattered_lanes`."""
    x = min(r / (v * t), 1.0)
    fourth_root = math.sqrt(math.sqrt(1.0 - x * x))
    return v * t, fourth_root, 3.0 / (4.0 * math.pi * v * t)


@jit(inner=True)
def scattered_lanes(path, fourth_root, spread, g, exponent):
    """`scattered` times exp(exponent) in all bands; the first three of `scattered_factor`."""
    q = splat(f4(path)) * g
    y = q * splat(f4(fourth_root**3))
    shape = splat(f4(spread)) * g
    near = root(splat(f4(fourth_root)) * (splat(f4(1.0)) + splat(_PAASSCHENS) / y))
    return near * shape * root(shape) * exp(y - q + exponent)


@jit(inner=True)
def node_fluxes(out, times, p, s, r, rates, constants, quadrature, paths):
    """Energy flux at times after origin, over what left the source, (times, 3, bands).

    Of each time: scattered P, scattered S, converted between both. rates: (2, bands), scattering of S into S (1/km) and
    absorption (1/s). constants: conversion of S into P and scattering of P into P, over that, and the scale of losses.
    Conversions belong to the S group: most of them left the source as S. Waves from P into S follow the same paths as
    those from S into P, in the other direction. paths: scratch, (2, 8).
    """
    conversion, p_scattering, loss_scale = constants
    nodes, weights = quadrature
    beta, alpha = r / s, r / p
    square = (alpha / beta) ** 2
    p_share = 1.0 / (1.5 * square * square * alpha / beta)  # energy of P over that of S at the source
    both_ways = 1.0 + 2.0 * p_share * square * alpha / beta  # reciprocity: g_ps = 2 (alpha / beta)² g_sp
    sphere = 4.0 * math.pi * r * r
    slow, fast = 1.0 / beta, 1.0 / alpha
    b = (slow - fast) / (slow + fast)
    plus, minus = 1.0 + b, 1.0 - b
    g, absorption = load(rates, 0), load(rates, LANES)
    g_p, g_s = splat(f4(p_scattering)) * g, splat(f4(1.0 + conversion)) * g
    g_sp = splat(f4(conversion)) * g
    loss_s = splat(f4(-loss_scale * (1.0 + conversion))) * g
    loss_p = splat(f4(-loss_scale * (2.0 * square * conversion + 0.6))) * g
    p_loss = splat(f4(-square * alpha)) * g_sp  # half of the energy that P loses to S is lost to the group
    half, one, nothing = splat(f4(0.5)), splat(f4(1.0)), splat(f4(0.0))
    for i in range(times.size):
        t = times[i]
        # as `converted`, with the bands' losses along the same legs; before S a part of the ellipsoid is out of reach
        a = 2.0 * t / r / (slow + fast)
        high = min(1.0, (a - 1.0) / b)
        start = math.log(max(a - minus, _TINY) / max(a + plus, _TINY))
        end = math.log(max(a + minus * high, _TINY) / max(a - plus * high, _TINY))
        e = exp(splat(f4(start)) + splat(f4(end - start)) * (half + half * load(nodes, 0)))
        eta = splat(f4(a)) * (e - one) / (splat(f4(minus)) + splat(f4(plus)) * e)
        xi = splat(f4(a)) - splat(f4(b)) * eta
        store(paths, 0, splat(f4(0.5 * r)) * (xi + eta))
        store(paths, LANES, splat(f4(0.5 * r)) * (xi - eta))
        total = nothing
        for q in range(nodes.size):
            lost = loss_s * splat(paths[0, q]) + loss_p * splat(paths[1, q])
            total = total + splat(weights[q]) * exp(lost)
        scale = beta / (2.0 * math.pi * r * r * (alpha + beta)) * 0.5 * (end - start) / (2.0 * a) * both_ways
        absorbed = splat(f4(s - t)) * absorption
        converted_flux = splat(f4(scale * sphere * beta)) * g_sp * exp(absorbed) * total
        decay = splat(f4(p - t)) * absorption + splat(f4(t)) * p_loss
        path, fourth_root, spread = scattered_factor(r, t, alpha)
        p_flux = splat(f4(sphere * alpha)) * scattered_lanes(path, fourth_root, spread, g_p, decay)
        s_flux = nothing
        if t > s:
            path, fourth_root, spread = scattered_factor(r, t, beta)
            s_flux = splat(f4(sphere * beta)) * scattered_lanes(path, fourth_root, spread, g_s, absorbed)
        at = 3 * LANES * i
        store(out, at, p_flux)
        store(out, at + LANES, s_flux)
        store(out, at + 2 * LANES, converted_flux)


@jit(inner=True)
def prepare_energies(dt, arrivals, r, rates, lags, constants, quadrature, times, fluxes, factors, paths, bands):
    """Fluxes at the nodes of a row, and the factors of `energy_block`; the share of S that is not direct.

    arrivals: first and direct P, first and direct S, s after origin. lags: (4, bands), mean time over which the source
    spreads P, the path P, the source S, the path S, s. constants: those of `node_fluxes`, order of the path's lags,
    energies of both heads. factors: (8, bands), out: energies of the direct waves, poles of the four lags, gains of
    both groups. bands: over which the share is a mean.
    """
    p_first, p, s_first, s = arrivals
    conversion, p_scattering, loss_scale, order, p_head, s_head = constants
    node_times(times, p, s, p + _TAIL_S_TIMES * s + _TAIL_S)
    node_fluxes(fluxes, times, p, s, r, rates, (conversion, p_scattering, loss_scale), quadrature, paths)
    square = (s / p) ** 2
    g = load(rates, 0)
    p_direct = exp(splat(f4(-(p_scattering + square * conversion) * r)) * g)
    s_direct = exp(splat(f4(-(1.0 + conversion) * r)) * g)
    p_total, s_total = p_direct, s_direct
    for i in range(times.size - 1):
        half, at = splat(f4(0.5 * (times[i + 1] - times[i]))), 3 * LANES * i
        p_total = p_total + half * (load(fluxes, at) + load(fluxes, at + 3 * LANES))
        s_total = s_total + half * (load(fluxes, at + LANES) + load(fluxes, at + 4 * LANES))
        s_total = s_total + half * (load(fluxes, at + 2 * LANES) + load(fluxes, at + 5 * LANES))
    store(factors, 0, p_direct / splat(f4(dt)))
    store(factors, LANES, s_direct / splat(f4(dt)))
    one = splat(f4(1.0))
    for k in range(4):
        orders = _SOURCE_ORDER if k % 2 == 0 else order
        store(factors, (2 + k) * LANES, exp(splat(f4(-dt * orders)) / load(lags, k * LANES)))
    for group, total in enumerate((p_total, s_total)):
        source, path = one - load(factors, (2 + 2 * group) * LANES), one - load(factors, (3 + 2 * group) * LANES)
        lead, head = (p - p_first, p_head) if group == 0 else (s - s_first, s_head)
        scale = dt / (1.0 + head) if lead > 2.0 * dt and head > 0.0 else dt
        store(factors, (6 + group) * LANES, source * source * path * splat(f4(scale)) / total)
    store(paths, 0, s_direct / s_total)
    indirect = 0.0
    for band in range(bands):
        indirect += (1.0 - paths[0, band]) / bands
    return indirect
