"""Compiled loops of energy transport: private, no checks; called by `transport.py` and `transport_noise.py`."""

import math

from seissynth.shared._numba import jit

#: keeps logarithms finite where an ellipsoid touches the source or the receiver
_TINY = 1e-9
#: share of the distance P to S of the first node after an onset, and share of the time after S
_FIRST_NODE, _FIRST_NODE_BEHIND = 1e-3, 1e-4
#: nodes end this long after S, or where the record does
_TAIL_S, _TAIL_S_TIMES = 60.0, 3.0
#: lags that a source's duration is made of: amplitudes rise as the root of time
_SOURCE_ORDER = 2


@jit(inner=True)
def scattered(r, t, v, g):
    """Energy density of multiply scattered waves, without the direct wave; Paasschens (1997), eq. 36."""
    x = r / (v * t)
    if x >= 1.0:
        return 0.0
    u = 1.0 - x * x
    q = g * v * t
    y = q * u**0.75
    diffusion = (4.0 * math.pi * v * t / (3.0 * g)) ** 1.5
    return u**0.125 / diffusion * math.exp(y - q) * math.sqrt(1.0 + 2.026 / y)


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
def group_energies(out, times, p, s, r, g, conversion, p_scattering, absorption, loss_scale, nodes, weights):
    """Energy flux at times after origin, over what left the source: scattered P, scattered S, converted between both.

    g: of S into S, 1/km. conversion, p_scattering: of S into P, and of P into P, over g. absorption: 1/s. Conversions
    belong to the S group: most of them left the source as S.
    """
    beta, alpha = r / s, r / p
    square = (alpha / beta) ** 2
    g_sp = conversion * g
    g_ps = 2.0 * square * g_sp  # reciprocity
    p_share = 1.0 / (1.5 * square * square * alpha / beta)  # energy of P over that of S at the source
    loss_s, loss_p = loss_scale * (g + g_sp), loss_scale * (g_ps + 0.6 * g)
    sphere = 4.0 * math.pi * r * r
    for i in range(times.size):
        t = times[i]
        out[0, i] = 0.0
        out[1, i] = 0.0
        out[2, i] = 0.0
        if t > p:
            # half of the energy that P loses to S is lost to the group
            decay = math.exp(-absorption * (t - p) - 0.5 * g_ps * alpha * t)
            out[0, i] = scattered(r, t, alpha, p_scattering * g) * sphere * alpha * decay
            absorbed = sphere * beta * math.exp(-absorption * (t - s))
            energy = converted(r, t, beta, alpha, g_sp, loss_s, loss_p, nodes, weights)
            energy += p_share * converted(r, t, alpha, beta, g_ps, loss_p, loss_s, nodes, weights)
            out[2, i] = energy * absorbed
            if t > s:
                out[1, i] = scattered(r, t, beta, g + g_sp) * absorbed


@jit(inner=True)
def trapezium(times, values):
    """Integral over the nodes."""
    total = 0.0
    for i in range(times.size - 1):
        total += 0.5 * (values[i] + values[i + 1]) * (times[i + 1] - times[i])
    return total


@jit(inner=True)
def to_samples(out, t0, dt, times, values):
    """Nodes, joined by straight lines, at t0 + i dt."""
    last, j = times.size - 1, 0
    for i in range(out.size):
        t = t0 + i * dt
        if t <= times[0]:
            out[i] = 0.0
        elif t >= times[last]:
            out[i] = values[last]
        else:
            while times[j + 1] < t:
                j += 1
            share = (t - times[j]) / (times[j + 1] - times[j])
            out[i] = values[j] + share * (values[j + 1] - values[j])


@jit(inner=True)
def spread(out, dt, lag, order):
    """Pass through `order` first-order lags, in place; they keep the integral, and are causal."""
    fall = math.exp(-dt / lag)
    for _ in range(order):
        state = 0.0
        for i in range(out.size):
            state = fall * state + (1.0 - fall) * out[i]
            out[i] = state


@jit(inner=True)
def add_head(out, t0, dt, first, direct, energy):
    """Add a head wave: a pulse of this energy that begins at the first arrival, with the direct one in its mean."""
    lag = 0.5 * (direct - first)
    fall = math.exp(-dt / lag)
    begin = max(math.ceil((first - t0) / dt - 1e-9), 0)
    one = two = 0.0
    for i in range(begin, out.size):
        one = fall * one + ((1.0 - fall) * energy / dt if i == begin else 0.0)
        two = fall * two + (1.0 - fall) * one
        out[i] += two


@jit
def band_energies(out, t0, dt, arrivals, r, bands, lags, constants, quadrature, scratch):
    """Energy of each sample of the parts of both groups, (5, bands, npts); each group sums to 1 over all time.

    Parts: direct P with its head wave, scattered P, direct S with its head wave, scattered S, converted. arrivals:
    first and direct P, first and direct S, s after origin. bands: (bands, 2), scattering (1/km) and absorption (1/s).
    lags: (bands, 2, 2), mean time over which the source, and the path, spread P and S, s. constants: conversion,
    scattering of P, scale of losses, order of the path's lags, energies of both heads. scratch: (4, nodes).
    """
    p_first, p, s_first, s = arrivals
    conversion, p_scattering, loss_scale, order, p_head, s_head = constants
    nodes, weights = quadrature
    times, energies = scratch[0], scratch[1:]
    npts = out.shape[2]
    node_times(times, p, s, max(t0 + npts * dt, p + _TAIL_S_TIMES * s + _TAIL_S))
    square = (s / p) ** 2
    p_at = math.ceil((p - t0) / dt - 1e-9)
    s_at = math.ceil((s - t0) / dt - 1e-9)
    for j in range(out.shape[1]):
        g, absorption = bands[j, 0], bands[j, 1]
        group_energies(energies, times, p, s, r, g, conversion, p_scattering, absorption, loss_scale, nodes, weights)
        p_direct = math.exp(-(p_scattering + square * conversion) * g * r)
        s_direct = math.exp(-(1.0 + conversion) * g * r)
        p_total = p_direct + trapezium(times, energies[0])
        s_total = s_direct + trapezium(times, energies[1]) + trapezium(times, energies[2])
        out[0, j] = 0.0
        out[2, j] = 0.0
        if 0 <= p_at < npts:
            out[0, j, p_at] = p_direct / dt
        if 0 <= s_at < npts:
            out[2, j, s_at] = s_direct / dt
        to_samples(out[1, j], t0, dt, times, energies[0])
        to_samples(out[3, j], t0, dt, times, energies[1])
        to_samples(out[4, j], t0, dt, times, energies[2])
        for k in range(5):
            group = 0 if k < 2 else 1
            spread(out[k, j], dt, lags[j, group, 0] / _SOURCE_ORDER, _SOURCE_ORDER)
            spread(out[k, j], dt, lags[j, group, 1] / order, order)
            out[k, j] *= dt / (p_total if k < 2 else s_total)
        if p - p_first > 2.0 * dt and p_head > 0.0:
            add_head(out[0, j], t0, dt, p_first, p, p_head * dt)
            out[0, j] /= 1.0 + p_head
            out[1, j] /= 1.0 + p_head
        if s - s_first > 2.0 * dt and s_head > 0.0:
            add_head(out[2, j], t0, dt, s_first, s, s_head * dt)
            for k in range(2, 5):
                out[k, j] /= 1.0 + s_head


@jit
def ladder(out, noise, warm, windows, columns, poles):
    """Add noise under a window for each band: w_last n + sum of (w_b - w_b+1) low-passed n; bands sum to the noise.

    out: (rows, npts). noise: (warm + npts, series); the low passes run over the first `warm` samples, too. windows:
    (sets, bands, npts), amplitudes. columns: (m, 3), each a series of noise, a set of windows and the row that both are
    added to. poles: of the first-order bilinear low passes at the bands' upper edges.
    """
    npts, edges = windows.shape[2], poles.size
    for m in range(columns.shape[0]):
        c, window, row = columns[m, 0], windows[columns[m, 1]], columns[m, 2]
        for i in range(npts):
            out[row, i] += window[edges, i] * noise[warm + i, c]
        for k in range(edges):
            pole = poles[k]
            gain = 0.5 * (1.0 - pole)
            state = before = 0.0
            for i in range(warm):
                state = pole * state + gain * (noise[i, c] + before)
                before = noise[i, c]
            for i in range(npts):
                x = noise[warm + i, c]
                state = pole * state + gain * (x + before)
                before = x
                out[row, i] += (window[k, i] - window[k + 1, i]) * state
