"""Compiled loops of energy transport: private, no checks; called by `transport.py` and `_energy_kernels.py`.

Vectors hold the six octave bands, and the last band again in the two lanes that are left.
"""

import math

import numpy as np

from seissynth.shared._numba import jit
from seissynth_plugins.stochastic.lane_functions import exp
from seissynth_plugins.stochastic.lanes import element, inline, load, root, single, splat, store

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


@jit(inner=True, unchecked=True)
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


@jit(inner=True, unchecked=True)
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


@jit(unchecked=True)
def scattered_at(out, r, times, v, g):
    """`scattered` at times after origin."""
    for i in range(times.size):
        out[i] = scattered(r, times[i], v, g)


@jit(unchecked=True)
def converted_at(out, r, times, v1, v2, g, loss1, loss2, nodes, weights):
    """`converted` at times after origin."""
    for i in range(times.size):
        out[i] = converted(r, times[i], v1, v2, g, loss1, loss2, nodes, weights)


@jit(inner=True, unchecked=True)
def node_times(out, p, s, end):
    """Times after origin, a third each: logarithmic after P, into S from below, after S."""
    count = out.size // 3
    half = 0.5 * (s - p)
    for i in range(count):
        u = i / (count - 1.0)
        out[i] = p + half * _FIRST_NODE ** (1.0 - u)
        out[count + i] = s - half * 0.999 * _FIRST_NODE**u
        out[2 * count + i] = s + (end - s) * _FIRST_NODE_BEHIND ** (1.0 - u)


@jit(inner=True, unchecked=True)
def scattered_factor(r, t, v):
    """What `scattered` has beside the scattering coefficient g: four factors for `scattered_lanes`."""
    x = min(r / (v * t), 1.0)
    fourth_root = math.sqrt(math.sqrt(1.0 - x * x))
    return v * t, fourth_root, fourth_root**3, 3.0 / (4.0 * math.pi * v * t)


@inline
def scattered_lanes(factors, scale, g, exponent):
    """`scattered` times a scale and exp(exponent) in all bands; factors: those of `scattered_factor`."""
    path, fourth_root, cube, spread = (splat(single(factor)) for factor in factors)
    q = path * g
    y = q * cube
    shape = spread * g
    near = root(fourth_root * (splat(f4(1.0)) + splat(_PAASSCHENS) / y))
    return splat(single(scale)) * (near * shape * root(shape) * exp(y - q + exponent))


@jit(inner=True, unchecked=True)
def node_fluxes(out, times, p, s, r, rates, constants, quadrature, paths):
    """Energy flux at times after origin, over what left the source, (times, 3, bands).

    Of each time: scattered P, scattered S, converted between both. rates: (2, bands), scattering of S into S (1/km) and
    absorption (1/s). constants: conversion of S into P and scattering of P into P, over that, and the scale of losses.
    Conversions belong to the S group: most of them left the source as S. Waves from P into S follow the same paths as
    those from S into P, in the other direction. paths: scratch, (2, 8).
    """
    conversion, p_scattering, loss_scale = constants
    beta, alpha = r / s, r / p
    square = (alpha / beta) ** 2
    p_share = 1.0 / (1.5 * square * square * alpha / beta)  # energy of P over that of S at the source
    both_ways = 1.0 + 2.0 * p_share * square * alpha / beta  # reciprocity: g_ps = 2 (alpha / beta)² g_sp
    sphere = 4.0 * math.pi * r * r
    slow, fast = 1.0 / beta, 1.0 / alpha
    b = (slow - fast) / (slow + fast)
    plus, minus = 1.0 + b, 1.0 - b
    bands = of_bands(rates, conversion, p_scattering, loss_scale, square, alpha)
    for i in range(times.size):
        t = times[i]
        # as `converted`, with the bands' losses along the same legs; before S a part of the ellipsoid is out of reach
        a = 2.0 * t / r / (slow + fast)
        high = min(1.0, (a - 1.0) / b)
        start = math.log(max(a - minus, _TINY) / max(a + plus, _TINY))
        end = math.log(max(a + minus * high, _TINY) / max(a - plus * high, _TINY))
        scale = beta / (2.0 * math.pi * r * r * (alpha + beta)) * 0.5 * (end - start) / (2.0 * a) * both_ways
        at = 3 * LANES * i
        converted_lanes(
            out, at + 2 * LANES, (a, b, start, end - start, r), scale * sphere * beta, s - t, bands, quadrature, paths
        )
        p_lanes(out, at, scattered_factor(r, t, alpha), sphere * alpha, p - t, t, bands)
        if t > s:
            s_lanes(out, at + LANES, scattered_factor(r, t, beta), sphere * beta, s - t, bands)
        else:
            store(out, at + LANES, splat(f4(0.0)))


@inline
def of_bands(rates, conversion, p_scattering, loss_scale, square, alpha):
    """What fluxes of all times share.

    Returns scattering of P and of S, conversion, losses along legs of S and of P, all in 1/km, absorption and what P
    loses to S, in 1/s.
    """
    g, absorption = load(rates, 0), load(rates, LANES)
    g_sp = splat(single(conversion)) * g
    loss_s = splat(single(-1.0 * loss_scale * (1.0 + conversion))) * g
    loss_p = splat(single(-1.0 * loss_scale * (2.0 * square * conversion + 0.6))) * g
    p_loss = splat(single(-1.0 * square * alpha)) * g_sp  # half of the energy that P loses to S is lost to the group
    g_p, g_s = splat(single(p_scattering)) * g, splat(single(1.0 + conversion)) * g
    return g_p, g_s, g_sp, loss_s, loss_p, absorption, p_loss


@inline
def converted_lanes(out, at, ellipsoid, scale, behind, bands, quadrature, paths):
    """Flux of waves that were converted once.

    ellipsoid: a, b, start and length of z, distance. behind: S minus the time.
    """
    (a, b, start, run, r), (nodes, weights) = ellipsoid, quadrature
    half, one = splat(f4(0.5)), splat(f4(1.0))
    _, _, g_sp, loss_s, loss_p, absorption, _ = bands
    e = exp(splat(single(start)) + splat(single(run)) * (half + half * load(nodes, 0)))
    eta = splat(single(a)) * (e - one) / (splat(single(1.0 - b)) + splat(single(1.0 + b)) * e)
    xi = splat(single(a)) - splat(single(b)) * eta
    store(paths, 0, splat(single(0.5 * r)) * (xi + eta))
    store(paths, LANES, splat(single(0.5 * r)) * (xi - eta))
    total = splat(f4(0.0))
    for q in range(LANES):
        lost = loss_s * splat(element(paths, q)) + loss_p * splat(element(paths, LANES + q))
        total = total + splat(element(weights, q)) * exp(lost)
    store(out, at, splat(single(scale)) * g_sp * exp(splat(single(behind)) * absorption) * total)


@inline
def p_lanes(out, at, factors, scale, behind, t, bands):
    """Flux of scattered P."""
    g_p, _, _, _, _, absorption, p_loss = bands
    decay = splat(single(behind)) * absorption + splat(single(t)) * p_loss
    store(out, at, scattered_lanes(factors, scale, g_p, decay))


@inline
def s_lanes(out, at, factors, scale, behind, bands):
    """Flux of scattered S."""
    _, g_s, _, _, _, absorption, _ = bands
    store(out, at, scattered_lanes(factors, scale, g_s, splat(single(behind)) * absorption))


@jit(inner=True, unchecked=True)
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
    scales = np.empty(2)
    for group in range(2):
        lead, head = (p - p_first, p_head) if group == 0 else (s - s_first, s_head)
        scales[group] = dt / (1.0 + head) if lead > 2.0 * dt and head > 0.0 else dt
    p_total, s_total = direct_energies(factors, rates, r, p_scattering, conversion, square)
    for i in range(times.size - 1):
        p_total, s_total = added(p_total, s_total, times[i + 1] - times[i], fluxes, 3 * LANES * i)
    gains(factors, lags, dt, order, p_total, s_total, (scales[0], scales[1]), paths)
    indirect = 0.0
    for band in range(bands):
        indirect += (1.0 - paths[0, band]) / bands
    return indirect


@inline
def direct_energies(factors, rates, r, p_scattering, conversion, square):
    """Energies of the direct P and S, into the first two of `factors`."""
    g = load(rates, 0)
    p_direct = exp(splat(single(-1.0 * (p_scattering + square * conversion) * r)) * g)
    s_direct = exp(splat(single(-1.0 * (1.0 + conversion) * r)) * g)
    store(factors, 0, p_direct)
    store(factors, LANES, s_direct)
    return p_direct, s_direct


@inline
def added(p_total, s_total, step, fluxes, at):
    """Energies of P and S, and what arrives between two nodes."""
    half = splat(single(0.5 * step))
    p_total = p_total + half * (load(fluxes, at) + load(fluxes, at + 3 * LANES))
    s_total = s_total + half * (load(fluxes, at + LANES) + load(fluxes, at + 4 * LANES))
    return p_total, s_total + half * (load(fluxes, at + 2 * LANES) + load(fluxes, at + 5 * LANES))


@inline
def gains(factors, lags, dt, order, p_total, s_total, scales, paths):
    """Fill the rest of `factors`: energies of direct waves in a sample, poles, gains. paths: out, direct share of S."""
    one = splat(f4(1.0))
    store(paths, 0, load(factors, LANES) / s_total)
    for group in range(2):
        store(factors, group * LANES, load(factors, group * LANES) / splat(single(dt)))
    for k in range(4):
        orders = float(_SOURCE_ORDER) if k % 2 == 0 else order
        store(factors, (2 + k) * LANES, exp(splat(single(-1.0 * dt * orders)) / load(lags, k * LANES)))
    for group, total in enumerate((p_total, s_total)):
        source, path = one - load(factors, (2 + 2 * group) * LANES), one - load(factors, (3 + 2 * group) * LANES)
        store(factors, (6 + group) * LANES, source * source * path * splat(single(scales[group])) / total)
