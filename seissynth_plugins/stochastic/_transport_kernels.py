"""Compiled loops of energy transport: private, no checks; `transport.py` and `transport_noise.py` stand in front."""

import math

from seissynth.shared._numba import jit

#: keeps logarithms finite where an ellipsoid touches the source or the receiver
_TINY = 1e-9
#: share of the distance P to S at which the first node after an onset lies, and of the time behind S
_FIRST_NODE, _FIRST_NODE_BEHIND = 1e-3, 1e-4
#: nodes end so far behind S, or where the record does
_TAIL_S, _TAIL_S_TIMES = 60.0, 3.0


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
    """Energy density of waves scattered once from speed v1 into v2, with losses per km before and behind.

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
    """Times after origin, a third each: logarithmic behind P, into S from below, behind S."""
    count = out.size // 3
    half = 0.5 * (s - p)
    for i in range(count):
        u = i / (count - 1.0)
        out[i] = p + half * _FIRST_NODE ** (1.0 - u)
        out[count + i] = s - half * 0.999 * _FIRST_NODE**u
        out[2 * count + i] = s + (end - s) * _FIRST_NODE_BEHIND ** (1.0 - u)


@jit(inner=True)
def group_energies(es, ep, times, p, s, r, g, conversion, p_scattering, absorption, loss_scale, nodes, weights):
    """Energy flux of the S and the P group at times after origin, each over what left the source.

    g: of S into S, 1/km. conversion, p_scattering: of S into P, and of P into P, over g. absorption: 1/s. Conversions
    between P and S belong to the S group: most of them left the source as S.
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
        es[i] = 0.0
        ep[i] = 0.0
        if t > p:
            # what P loses into S is a share of its own: the full loss per km
            decay = math.exp(-absorption * (t - p) - 0.5 * g_ps * alpha * t)
            ep[i] = scattered(r, t, alpha, p_scattering * g) * sphere * alpha * decay
            energy = converted(r, t, beta, alpha, g_sp, loss_s, loss_p, nodes, weights)
            energy += p_share * converted(r, t, alpha, beta, g_ps, loss_p, loss_s, nodes, weights)
            if t > s:
                energy += scattered(r, t, beta, g + g_sp)
            es[i] = energy * sphere * beta * math.exp(-absorption * (t - s))


@jit(inner=True)
def trapezium(times, values):
    """Integral over the nodes."""
    total = 0.0
    for i in range(times.size - 1):
        total += 0.5 * (values[i] + values[i + 1]) * (times[i + 1] - times[i])
    return total


@jit(inner=True)
def to_samples(out, t0, dt, times, values, direct, direct_energy, lag, order):
    """Nodes, and the direct wave as an impulse, through `order` first-order lags: energy a second at t0 + i dt.

    The lags keep the integral; of order 2 they let the amplitude rise as the root of time.
    """
    n, last = out.size, times.size - 1
    j = 0
    for i in range(n):
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
    first = math.ceil((direct - t0) / dt - 1e-9)
    if 0 <= first < n:
        out[first] += direct_energy / dt
    fall = math.exp(-dt / lag)
    for _ in range(order):
        state = 0.0
        for i in range(n):
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
        out[i] = (out[i] + two) / (1.0 + energy)
    for i in range(begin):
        out[i] /= 1.0 + energy


@jit
def band_windows(p_windows, s_windows, t0, dt, arrivals, r, bands, lags, constants, quadrature, node_count_array):
    """Windows of both groups in each band, whose squares sum to 1 over all time.

    arrivals: first and direct P, first and direct S, s after origin. bands: (bands, 2), scattering (1/km) and
    absorption (1/s). lags: (bands, 2), mean of the kernel of P and of S, s. constants: conversion, scattering of P,
    scale of losses, order of the lags, energies of the heads of P and of S. node_count_array: scratch, (3, nodes).
    """
    p_first, p, s_first, s = arrivals
    conversion, p_scattering, loss_scale, order, p_head, s_head = constants
    nodes, weights = quadrature
    times, es, ep = node_count_array[0], node_count_array[1], node_count_array[2]
    n = p_windows.shape[1]
    node_times(times, p, s, max(t0 + n * dt, p + _TAIL_S_TIMES * s + _TAIL_S))
    square = (s / p) ** 2
    for j in range(p_windows.shape[0]):
        g, absorption = bands[j, 0], bands[j, 1]
        group_energies(es, ep, times, p, s, r, g, conversion, p_scattering, absorption, loss_scale, nodes, weights)
        s_direct = math.exp(-(1.0 + conversion) * g * r)
        p_direct = math.exp(-(p_scattering * g + square * conversion * g) * r)
        s_total, p_total = trapezium(times, es) + s_direct, trapezium(times, ep) + p_direct
        to_samples(p_windows[j], t0, dt, times, ep, p, p_direct, lags[j, 0] / order, order)
        to_samples(s_windows[j], t0, dt, times, es, s, s_direct, lags[j, 1] / order, order)
        for i in range(n):
            p_windows[j, i] /= p_total
            s_windows[j, i] /= s_total
        if p - p_first > 2.0 * dt and p_head > 0.0:
            add_head(p_windows[j], t0, dt, p_first, p, p_head)
        if s - s_first > 2.0 * dt and s_head > 0.0:
            add_head(s_windows[j], t0, dt, s_first, s, s_head)
        for i in range(n):
            p_windows[j, i] = math.sqrt(p_windows[j, i] * dt)
            s_windows[j, i] = math.sqrt(s_windows[j, i] * dt)


@jit
def ladder(out, noise, warm, windows, poles):
    """Noise under a window for each band: w_last n + sum of (w_b - w_b+1) low-passed n; the bands sum to the noise.

    out: (columns, n). noise: (warm + n, columns); the low passes run over the first `warm` samples, too. poles: of the
    first-order bilinear low passes at the bands' upper edges.
    """
    n, columns, edges = windows.shape[1], noise.shape[1], poles.size
    for c in range(columns):
        for i in range(n):
            out[c, i] = windows[edges, i] * noise[warm + i, c]
    for k in range(edges):
        pole = poles[k]
        gain = 0.5 * (1.0 - pole)
        for c in range(columns):
            state = before = 0.0
            for i in range(warm + n):
                x = noise[i, c]
                state = pole * state + gain * (x + before)
                before = x
                if i >= warm:
                    out[c, i - warm] += (windows[k, i - warm] - windows[k + 1, i - warm]) * state


@jit
def share_p(series, offset, npts, t0, dt, onset, ramp, coherence, pulse):
    """Mix four series of noise in place. In: shared, Z, R, T. Out: Z, polarised R, scattered R, scattered T."""
    start, end = coherence
    for i in range(npts):
        x = min(max((t0 + i * dt - onset) / ramp, 0.0), 1.0)
        shared = start + (end - start) * x
        alone = math.sqrt(1.0 - shared * shared)
        shared *= series[0, offset + i]
        series[0, offset + i] = shared + alone * series[1, offset + i]
        series[1, offset + i] = shared
        series[2, offset + i] *= alone
        series[3, offset + i] *= alone
    if npts > 0:
        series[0, offset] += pulse
        series[1, offset] += pulse


@jit
def share_s(series, offset, npts, t0, dt, onset, ramp, coherence):
    """The same for S. In: shared, R, Z, T. Out: R, polarised Z, scattered Z, T. Before the onset all is scattered."""
    start, end = coherence
    for i in range(npts):
        t = t0 + i * dt - onset
        x = min(t / ramp, 1.0) if t >= 0.0 else 1.0
        shared = start + (end - start) * x
        alone = math.sqrt(1.0 - shared * shared)
        shared *= series[0, offset + i]
        series[0, offset + i] = shared + alone * series[1, offset + i]
        series[1, offset + i] = shared
        series[2, offset + i] *= alone
