"""Compiled loops of energy transport: private, no checks; called by `transport.py` and `transport_noise.py`."""

import math

from seissynth.shared._numba import jit

#: keeps logarithms finite where an ellipsoid touches the source or the receiver
_TINY = 1e-9
#: share of the distance P to S of the first node after an onset, and share of the time after S
_FIRST_NODE, _FIRST_NODE_BEHIND = 1e-3, 2e-5
#: nodes end this long after P, whatever the record's length: a longer one begins alike
_TAIL_S, _TAIL_S_TIMES = 600.0, 3.0
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
def node_energies(out, times, p, s, r, bands, conversion, p_scattering, loss_scale, nodes, weights):
    """Energy flux at times after origin, over what left the source, (3, bands, times).

    Rows: scattered P, scattered S, converted between both. bands: scattering of S into S (1/km) and absorption (1/s).
    conversion, p_scattering: of S into P, and of P into P, over that. Conversions belong to the S group: most of them
    left the source as S. Waves from P into S follow the same paths as those from S into P, in the other direction.
    """
    beta, alpha = r / s, r / p
    square = (alpha / beta) ** 2
    p_share = 1.0 / (1.5 * square * square * alpha / beta)  # energy of P over that of S at the source
    both_ways = 1.0 + 2.0 * p_share * square * alpha / beta  # reciprocity: g_ps = 2 (alpha / beta)² g_sp
    sphere = 4.0 * math.pi * r * r
    slow, fast = 1.0 / beta, 1.0 / alpha
    b = (slow - fast) / (slow + fast)
    plus, minus = 1.0 + b, 1.0 - b
    for i in range(times.size):
        t = times[i]
        for j in range(bands.shape[0]):
            out[0, j, i] = 0.0
            out[1, j, i] = 0.0
            out[2, j, i] = 0.0
        if t <= p:
            continue
        # as `converted`, with the bands' losses along the same legs; before S a part of the ellipsoid is out of reach
        a = 2.0 * t / r / (slow + fast)
        high = min(1.0, (a - 1.0) / b)
        start = math.log(max(a - minus, _TINY) / max(a + plus, _TINY))
        end = math.log(max(a + minus * high, _TINY) / max(a - plus * high, _TINY))
        for q in range(nodes.size):
            e = math.exp(start + (end - start) * (0.5 + 0.5 * nodes[q]))
            eta = a * (e - 1.0) / (minus + plus * e)
            xi = a - b * eta
            before, after = 0.5 * r * (xi + eta), 0.5 * r * (xi - eta)
            for j in range(bands.shape[0]):
                g = bands[j, 0]
                loss_s = loss_scale * (1.0 + conversion) * g
                loss_p = loss_scale * (2.0 * square * conversion + 0.6) * g
                out[2, j, i] += weights[q] * math.exp(-loss_s * before - loss_p * after)
        scale = beta / (2.0 * math.pi * r * r * (alpha + beta)) * 0.5 * (end - start) / (2.0 * a) * both_ways
        for j in range(bands.shape[0]):
            g, absorption = bands[j, 0], bands[j, 1]
            g_sp = conversion * g
            absorbed = sphere * beta * math.exp(-absorption * (t - s))
            out[2, j, i] *= scale * g_sp * absorbed
            # half of the energy that P loses to S is lost to the group
            decay = math.exp(-absorption * (t - p) - square * g_sp * alpha * t)
            out[0, j, i] = scattered(r, t, alpha, p_scattering * g) * sphere * alpha * decay
            if t > s:
                out[1, j, i] = scattered(r, t, beta, g + g_sp) * absorbed


@jit(inner=True)
def trapezium(times, values):
    """Integral over the nodes."""
    total = 0.0
    for i in range(times.size - 1):
        total += 0.5 * (values[i] + values[i + 1]) * (times[i + 1] - times[i])
    return total


@jit(inner=True)
def places_between(place, share, t0, dt, times):
    """Node before each sample, and the sample's place between it and the next; -1 before the first node."""
    last, j = times.size - 1, 0
    for i in range(place.size):
        t = t0 + i * dt
        if t <= times[0]:
            place[i] = -1
            share[i] = 0.0
        elif t >= times[last]:
            place[i] = last - 1
            share[i] = 1.0
        else:
            while times[j + 1] < t:
                j += 1
            place[i] = j
            share[i] = (t - times[j]) / (times[j + 1] - times[j])


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


@jit(inner=True)
def spread_parts(out, p_direct, s_direct, p_at, s_at, energies, place, share, dt, lags, order, p_scale, s_scale):
    """Sample the energies of one band, and pass all five parts through the source's lags and the path's first one.

    out: (5, npts). The parts go side by side, since each lag has to wait for the sample before.
    """
    p_source, p_path = math.exp(-dt * _SOURCE_ORDER / lags[0, 0]), math.exp(-dt * order / lags[0, 1])
    s_source, s_path = math.exp(-dt * _SOURCE_ORDER / lags[1, 0]), math.exp(-dt * order / lags[1, 1])
    p_gain, s_gain = (1.0 - p_source) ** 2 * (1.0 - p_path) * p_scale, (1.0 - s_source) ** 2 * (1.0 - s_path) * s_scale
    a0 = a1 = a2 = a3 = a4 = b0 = b1 = b2 = b3 = b4 = c0 = c1 = c2 = c3 = c4 = 0.0
    for i in range(out.shape[1]):
        left, u = place[i], share[i]
        scattered_p = scattered_s = both = 0.0
        if left >= 0:
            scattered_p = energies[0, left] + u * (energies[0, left + 1] - energies[0, left])
            scattered_s = energies[1, left] + u * (energies[1, left + 1] - energies[1, left])
            both = energies[2, left] + u * (energies[2, left + 1] - energies[2, left])
        a0 = p_source * a0 + (p_direct if i == p_at else 0.0)
        a1 = p_source * a1 + scattered_p
        a2 = s_source * a2 + (s_direct if i == s_at else 0.0)
        a3 = s_source * a3 + scattered_s
        a4 = s_source * a4 + both
        b0 = p_source * b0 + a0
        b1 = p_source * b1 + a1
        b2 = s_source * b2 + a2
        b3 = s_source * b3 + a3
        b4 = s_source * b4 + a4
        c0 = p_path * c0 + b0
        c1 = p_path * c1 + b1
        c2 = s_path * c2 + b2
        c3 = s_path * c3 + b3
        c4 = s_path * c4 + b4
        out[0, i] = p_gain * c0
        out[1, i] = p_gain * c1
        out[2, i] = s_gain * c2
        out[3, i] = s_gain * c3
        out[4, i] = s_gain * c4


@jit
def band_energies(out, t0, dt, arrivals, r, bands, lags, constants, quadrature, times, energies, place, share):
    """Energy of each sample of the parts of both groups, (5, bands, npts); each group sums to 1 over all time.

    Parts: direct P with its head wave, scattered P, direct S with its head wave, scattered S, converted. arrivals:
    first and direct P, first and direct S, s after origin. bands: (bands, 2), scattering (1/km) and absorption (1/s).
    lags: (bands, 2, 2), mean time over which the source, and the path, spread P and S, s. constants: conversion,
    scattering of P, scale of losses, order of the path's lags, energies of both heads. Scratch: times (nodes,),
    energies (3, bands, nodes), place and share (npts,). Returns the share of S energy that is not direct, the mean over
    bands.
    """
    p_first, p, s_first, s = arrivals
    conversion, p_scattering, loss_scale, order, p_head, s_head = constants
    nodes, weights = quadrature
    node_times(times, p, s, p + _TAIL_S_TIMES * s + _TAIL_S)
    node_energies(energies, times, p, s, r, bands, conversion, p_scattering, loss_scale, nodes, weights)
    places_between(place, share, t0, dt, times)
    square = (s / p) ** 2
    p_at = math.ceil((p - t0) / dt - 1e-9)
    s_at = math.ceil((s - t0) / dt - 1e-9)
    indirect = 0.0
    for j in range(out.shape[1]):
        g = bands[j, 0]
        p_direct = math.exp(-(p_scattering + square * conversion) * g * r)
        s_direct = math.exp(-(1.0 + conversion) * g * r)
        p_total = p_direct + trapezium(times, energies[0, j])
        s_total = s_direct + trapezium(times, energies[1, j]) + trapezium(times, energies[2, j])
        p_scale, s_scale = dt / p_total, dt / s_total
        indirect += (1.0 - s_direct / s_total) / out.shape[1]
        if p - p_first > 2.0 * dt and p_head > 0.0:
            p_scale /= 1.0 + p_head
        if s - s_first > 2.0 * dt and s_head > 0.0:
            s_scale /= 1.0 + s_head
        spread_parts(out[:, j], p_direct / dt, s_direct / dt, p_at, s_at, energies[:, j], place, share, dt, lags[j],
                     order, p_scale, s_scale)  # fmt: skip
        for _ in range(1, order):
            for k in range(5):
                spread(out[k, j], dt, lags[j, 0 if k < 2 else 1, 1] / order, 1)
        if p - p_first > 2.0 * dt and p_head > 0.0:
            add_head(out[0, j], t0, dt, p_first, p, p_head / (1.0 + p_head) * dt)
        if s - s_first > 2.0 * dt and s_head > 0.0:
            add_head(out[2, j], t0, dt, s_first, s, s_head / (1.0 + s_head) * dt)
    return indirect


@jit
def amplitudes(sets, energies, p_alone, s_alone, scattered_on_z, converted_on_z):
    """Amplitudes of six windows, (6, bands, npts), of the energies of `band_energies`.

    P: polarised, each component alone. S: polarised, R alone, Z alone, T. p_alone and s_alone: share of the direct
    wave that is incoherent, (bands,). The last two: energy on Z over that of direct S there. Bands that the energies
    lack repeat the last one.
    """
    last = energies.shape[1] - 1
    for j in range(sets.shape[1]):
        if j > last:
            sets[:, j] = sets[:, last]
            continue
        mixed(sets[0, j], 1.0 - p_alone[j], energies[0, j], 0.0, energies[1, j])
        mixed(sets[1, j], p_alone[j], energies[0, j], 1.0, energies[1, j])
        mixed(sets[2, j], 1.0 - s_alone[j], energies[2, j], 0.0, energies[3, j])
        mixed_three(sets[3, j], s_alone[j], energies[2, j], 1.0, energies[3, j], 1.0, energies[4, j])
        mixed_three(
            sets[4, j], s_alone[j], energies[2, j], scattered_on_z[j], energies[3, j], converted_on_z[j], energies[4, j]
        )
        mixed_three(sets[5, j], 1.0, energies[2, j], 1.0, energies[3, j], 1.0, energies[4, j])


@jit(inner=True)
def mixed(out, a, one, b, two):
    """Root of a weighted sum."""
    for i in range(out.size):
        out[i] = math.sqrt(a * one[i] + b * two[i])


@jit(inner=True)
def mixed_three(out, a, one, b, two, c, three):
    """Root of a weighted sum of three."""
    for i in range(out.size):
        out[i] = math.sqrt(a * one[i] + b * two[i] + c * three[i])


@jit
def ladder(out, noise, warm, sets, columns, poles):
    """Write noise under windows that differ between bands: sum of (w_b - w_b+1) low-passed n, and w_last n.

    The bands sum to the noise. out: (columns, npts), one row for each of noise, (columns, warm + npts); the low passes
    run over the first `warm` samples, too. sets: (sets, 6, npts), amplitudes, which become those of the low passes;
    columns: the set of each. poles: of the five first-order bilinear low passes at the bands' upper edges.
    """
    for w in sets:
        for j in range(poles.size):
            less(w[j], w[j + 1], 0.5 * (1.0 - poles[j]))
    p0, p1, p2, p3, p4 = poles[0], poles[1], poles[2], poles[3], poles[4]
    for c in range(columns.size):
        w, row, n = sets[columns[c]], out[c], noise[c]
        s0 = s1 = s2 = s3 = s4 = before = 0.0
        for i in range(warm):
            x = n[i]
            both, before = x + before, x
            s0 = p0 * s0 + both
            s1 = p1 * s1 + both
            s2 = p2 * s2 + both
            s3 = p3 * s3 + both
            s4 = p4 * s4 + both
        for i in range(row.size):
            x = n[warm + i]
            both, before = x + before, x
            s0 = p0 * s0 + both
            s1 = p1 * s1 + both
            s2 = p2 * s2 + both
            s3 = p3 * s3 + both
            s4 = p4 * s4 + both
            low = s0 * w[0, i] + s1 * w[1, i] + s2 * w[2, i]
            row[i] = low + (s3 * w[3, i] + s4 * w[4, i] + x * w[5, i])


@jit(inner=True)
def less(one, two, factor):
    """Replace by its difference from another, times a factor."""
    for i in range(one.size):
        one[i] = factor * (one[i] - two[i])


@jit
def combine_legs(
    out, p_series, s_series, p_leg, sv_leg, sh_leg, s_leg, p_horizontal, s_vertical_filter, z_filter, surface, p_scale
):
    """Z, R, T spectra from the legs' spectra and the series' spectra; arguments as of `_kernels.combine`.

    p_series: Z, polarised R, R alone, T alone; s_series: R, polarised Z, Z alone, T. out may have a fourth row.
    """
    p_radial, p_vertical, s_radial, s_vertical, transverse = surface
    for k in range(out.shape[1]):
        p = p_leg[k] * p_scale
        across = p * transverse * p_horizontal[k]
        on_z = sv_leg[k] * s_vertical * s_series[1, k] + s_leg[k] * transverse * s_vertical_filter[k] * s_series[2, k]
        out[0, k] = p * p_vertical * p_series[0, k] + on_z * z_filter[k]
        out[1, k] = p * p_radial * p_series[1, k] + across * p_series[2, k] + sv_leg[k] * s_radial * s_series[0, k]
        out[2, k] = across * p_series[3, k] + sh_leg[k] * transverse * s_series[3, k]
