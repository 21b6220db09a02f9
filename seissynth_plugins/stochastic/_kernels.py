"""Compiled loops of the stochastic backend: private, no checks; called by `simulation.py`."""

import math

from seissynth.shared._numba import jit

NODES = 400  # of the quadrature in log time
SHORTEST_LOG = -7.0  # its start, relative to the log of the shortest window
SHORTEST_FADE_S = 2.0
#: exponents beyond this are cut; turns in a radian; a number that rounds what is added to it
_LARGEST, _TURNS, _ROUND = 300.0, 0.5 / math.pi, 1.5 * 2.0**52


@jit(inner=True)
def window_value(x, scale, power, decay):
    """Saragoni-Hart window of peak 1 at x = t / t_eta."""
    if x <= 0.0:
        return 0.0
    return scale * math.exp(power * math.log(x) - decay * x)


@jit(inner=True)
def p_main(t, direct, s_direct, length, fade, shape, coda):
    """Window of the direct P and its coda at time t; it fades when S has come."""
    if t <= direct:
        return 0.0
    scale, power, decay = shape
    level, place, exponent = coda
    x = (t - direct) / length
    value = window_value(x, scale, power, decay)
    if level > 0.0 and x > place:
        value = max(value, level * math.exp(-exponent * math.log(x / place)))
    if t > s_direct:
        value *= math.exp(-(t - s_direct) / fade)
    return value


@jit
def p_envelope(out, t0, dt, first, direct, s_direct, length, head_length, head, fade, shape, coda):
    """Window of P at t0 + i dt: head wave, direct wave, coda up to S. coda: level, its place in t/t_eta, exponent."""
    scale, power, decay = shape
    for i in range(out.size):
        t = t0 + i * dt
        value = p_main(t, direct, s_direct, length, fade, shape, coda)
        if head > 0.0 and direct > first:
            early = head * window_value((t - first) / head_length, scale, power, decay)
            value = math.sqrt(value * value + early * early)
        out[i] = value


@jit(inner=True)
def s_main(t, direct, length, short, shape):
    """Window of the direct S at time t, with its sharp start."""
    if t <= direct:
        return 0.0
    scale, power, decay = shape
    value = window_value((t - direct) / length, scale, power, decay)
    if short[0] > 0.0:
        sharp = short[0] * window_value((t - direct) / short[1], scale, power, decay)
        value = math.sqrt(value * value + sharp * sharp)
    return value


@jit(inner=True)
def s_codas(t, direct, length, coda):
    """Level of the coda in the low and in the high band at time t; 0 before it sets in.

    coda: level, its place in t/t_eta, exponent, decay of the low and of the high band (1/s).
    """
    level, place, exponent, fall_low, fall_high = coda
    splice = direct + place * length
    if level <= 0.0 or t <= splice:
        return 0.0, 0.0
    spread = level * math.exp(-exponent * math.log(t / splice))
    return spread * math.exp(-fall_low * (t - splice)), spread * math.exp(-fall_high * (t - splice))


@jit
def s_envelopes(low, high, t0, dt, first, direct, length, head_length, head, short, shape, coda):
    """Windows of S in two bands, equal until the coda takes over. short: level and length of the sharp start."""
    scale, power, decay = shape
    for i in range(low.size):
        t = t0 + i * dt
        value = s_main(t, direct, length, short, shape)
        a, b = s_codas(t, direct, length, coda)
        a, b = max(a, value), max(b, value)
        if head > 0.0 and direct > first:
            early = head * window_value((t - first) / head_length, scale, power, decay)
            a = math.sqrt(a * a + early * early)
            b = math.sqrt(b * b + early * early)
        low[i] = a
        high[i] = b


@jit(inner=True)
def window_energy(shape):
    """Integral of the squared window over t / t_eta, in closed form."""
    scale, power, decay = shape
    return scale * scale * math.exp(math.lgamma(2.0 * power + 1.0) - (2.0 * power + 1.0) * math.log(2.0 * decay))


@jit
def p_energy(direct, s_direct, length, head_length, head, shape, coda):
    """Integral of P's squared window over all time, s: the normalisation must not depend on the end of the record."""
    fade = max(SHORTEST_FADE_S, length)
    start = math.log(length) + SHORTEST_LOG
    step = (math.log(max(60.0 * length, 400.0)) - start) / NODES
    total = 0.0
    for i in range(NODES + 1):
        after = math.exp(start + i * step)
        value = p_main(direct + after, direct, s_direct, length, fade, shape, coda)
        total += value * value * after
    return total * step + head * head * head_length * window_energy(shape)


@jit
def s_energies(direct, length, head_length, head, short, shape, coda):
    """The same for S: with the coda of the low band, of the high band, and without coda."""
    shortest = length if short[0] == 0.0 else min(length, short[1])
    start = math.log(shortest) + SHORTEST_LOG
    step = (math.log(max(60.0 * length, 400.0)) - start) / NODES
    low = high = bare = 0.0
    for i in range(NODES + 1):
        after = math.exp(start + i * step)
        value = s_main(direct + after, direct, length, short, shape)
        a, b = s_codas(direct + after, direct, length, coda)
        bare += value * value * after
        low += max(a, value) ** 2 * after
        high += max(b, value) ** 2 * after
    early = head * head * head_length * window_energy(shape)
    return low * step + early, high * step + early, bare * step + early


@jit
def normalise_noise(noise, envelope):
    """Scale each column of noise to the energy of the envelope that it is multiplied by (Boore 2003, step c)."""
    npts, columns = noise.shape
    for k in range(columns):
        energy = 0.0
        wanted = 0.0
        for i in range(npts):
            square = envelope[i] * envelope[i]
            wanted += square
            energy += square * noise[i, k] * noise[i, k]
        if energy > 0.0:
            factor = math.sqrt(wanted / energy)
            for i in range(npts):
                noise[i, k] *= factor


@jit
def mix_p(series, offset, noise, envelope, t0, dt, onset, ramp, coherence, pulse):
    """Series of P: 0 Z, 1 polarised R, 2 scattered R, 3 scattered T. noise columns: shared, Z, R, T."""
    start, end = coherence
    for i in range(envelope.size):
        x = min(max((t0 + i * dt - onset) / ramp, 0.0), 1.0)
        shared = start + (end - start) * x
        scattered = math.sqrt(1.0 - shared * shared) * envelope[i]
        shared *= envelope[i] * noise[i, 0]
        series[0, offset + i] = shared + scattered * noise[i, 1]
        series[1, offset + i] = shared
        series[2, offset + i] = scattered * noise[i, 2]
        series[3, offset + i] = scattered * noise[i, 3]
    if envelope.size > 0:
        series[0, offset] += pulse
        series[1, offset] += pulse


@jit
def mix_s(series, offset, noise, low, high, t0, dt, onset, ramp, coherence):
    """Series of S: 0 R, 1 polarised Z, 2 scattered Z, 3 T for the high band; 4 to 7 the low band minus the high one."""
    start, end = coherence
    for i in range(low.size):
        x = min(max((t0 + i * dt - onset) / ramp, 0.0), 1.0)
        shared = start + (end - start) * x
        scattered = math.sqrt(1.0 - shared * shared)
        radial = shared * noise[i, 0] + scattered * noise[i, 1]
        extra = low[i] - high[i]
        series[0, offset + i] = high[i] * radial
        series[1, offset + i] = high[i] * shared * noise[i, 0]
        series[2, offset + i] = high[i] * scattered * noise[i, 2]
        series[3, offset + i] = high[i] * noise[i, 3]
        series[4, offset + i] = extra * radial
        series[5, offset + i] = extra * shared * noise[i, 0]
        series[6, offset + i] = extra * scattered * noise[i, 2]
        series[7, offset + i] = extra * noise[i, 3]


@jit
def weighted_rows(weights, gains, phases, out):
    """Add weighted rows of gains and of phases to out (2, bins). A loop: a BLAS product may differ in its last bits."""
    for j in range(weights.size):
        for k in range(gains.shape[1]):
            out[0, k] += weights[j] * gains[j, k]
            out[1, k] += weights[j] * phases[j, k]


@jit
def corner_shape(gain, phase, frequency, cosine, sine, corners, powers, residual, square, poles, causal):
    """Log modulus and phase of (2 pi f)² prod (1 + (f/f_j)²)^power_j.

    residual: (corners, table bins), left-over phase of each corner; square: the same of (2 pi f)²; poles:
    exp(-2 pi f_j dt).
    """
    bins = frequency.size
    table = square.size - 1
    angle_step = table / (bins - 1)
    gain[0] = phase[0] = 0.0
    for k in range(1, bins):
        f = frequency[k]
        gain[k] = 2.0 * math.log(2.0 * math.pi * f)
        phase[k] = 0.0
        place = k * angle_step
        left = min(int(place), table - 1)
        share = place - left
        if causal:
            theta = math.pi * k / (bins - 1)
            phase[k] = math.pi - theta + square[left] + share * (square[left + 1] - square[left])
        for j in range(corners.size):
            gain[k] += powers[j] * math.log(1.0 + (f / corners[j]) ** 2)
            if causal:
                x = 1.0 - poles[j] * cosine[k]
                y = poles[j] * sine[k]
                left_over = residual[j, left] + share * (residual[j, left + 1] - residual[j, left])
                # the residual belongs to power -1; the pole pair has phase 2 atan2(y, x) per unit of power
                phase[k] += powers[j] * (2.0 * math.atan2(y, x) - left_over)


@jit(unchecked=True)
def leg_spectrum(out, gain, phase, level, shape, weights, gains, phases):
    """Complex spectrum of one leg: level exp(sum of weighted terms), 0 in the first bin.

    gain, phase: scratch, (bins,). shape: log modulus and phase of `corner_shape`. Exponential and sine are polynomials,
    with errors of some 1e-11, so that loops have no calls and work on several bins at once.
    """
    for k in range(gain.size):
        gain[k] = shape[0, k]
        phase[k] = shape[1, k]
    for j in range(weights.size):
        add(gain, weights[j], gains[j])
        add(phase, weights[j], phases[j])
    for k in range(gain.size):
        # exp(x) = exp(x / 256)^256
        x = min(max(gain[k], -_LARGEST), _LARGEST) / 256.0
        e = 1.0 + x / 6 * (1.0 + x / 7 * (1.0 + x / 8 * (1.0 + x / 9)))
        e = 1.0 + x * (1.0 + x / 2 * (1.0 + x / 3 * (1.0 + x / 4 * (1.0 + x / 5 * e))))
        e *= e
        e *= e
        e *= e
        e *= e
        e *= e
        e *= e
        e *= e
        gain[k] = level * e * e
    for k in range(gain.size):
        # the rest of whole turns, a quarter of it, and two doublings
        turns = (phase[k] * _TURNS + _ROUND) - _ROUND
        y = 0.25 * (phase[k] - turns * 2.0 * math.pi)
        s = y * y
        sine = y * (1.0 + s * (-1 / 6 + s * (1 / 120 + s * (-1 / 5040 + s * (1 / 362880 - s / 39916800)))))
        cosine = 1.0 + s * (
            -1 / 2 + s * (1 / 24 + s * (-1 / 720 + s * (1 / 40320 + s * (-1 / 3628800 + s / 479001600))))
        )
        sine, cosine = 2.0 * sine * cosine, cosine * cosine - sine * sine
        phase[k] = gain[k] * 2.0 * sine * cosine
        gain[k] *= cosine * cosine - sine * sine
    out[0] = 0.0
    for k in range(1, gain.size):
        out[k] = complex(gain[k], phase[k])


@jit(inner=True)
def add(out, weight, row):
    """Add a multiple of a row."""
    for k in range(out.size):
        out[k] += weight * row[k]


@jit
def combine(
    out,
    p_series,
    s_series,
    p_leg,
    sv_leg,
    sh_leg,
    s_leg,
    p_horizontal,
    s_vertical_filter,
    z_filter,
    surface,
    crossover,
    energies,
):
    """Z, R, T spectra from the legs' spectra and the series' spectra.

    z_filter: S on Z relative to S on the horizontals (Vs30, distance).
    surface: free-surface factors p_radial, p_vertical, s_radial, s_vertical, transverse; energies of P and of S in the
    low and high band. First-order filters in the variable of `crossover` separate the coda's two bands. The filter
    (1 + ix)/(a + ibx) removes the energy that they and the coda add, so that the mean spectrum is the target's.
    """
    p_radial, p_vertical, s_radial, s_vertical, transverse = surface
    p_energy, s_low, s_high = energies
    p_scale = 1.0 / math.sqrt(p_energy) if p_energy > 0.0 else 0.0
    a = math.sqrt(s_low)
    b = math.sqrt(s_high)
    for k in range(out.shape[1]):
        x = crossover[k]
        low = complex(1.0, -x) / (1.0 + x * x)
        s_scale = complex(1.0, x) * complex(a, -b * x) / (a * a + (b * x) ** 2)
        radial = s_series[0, k] + low * s_series[4, k]
        polarised = s_series[1, k] + low * s_series[5, k]
        scattered = s_series[2, k] + low * s_series[6, k]
        across = s_series[3, k] + low * s_series[7, k]
        p = p_leg[k] * p_scale
        base = s_leg[k] * s_scale
        out[0, k] = (
            p * p_vertical * p_series[0, k]
            + sv_leg[k] * s_scale * s_vertical * polarised * z_filter[k]
            + base * transverse * s_vertical_filter[k] * scattered * z_filter[k]
        )
        out[1, k] = (
            p * (p_radial * p_series[1, k] + transverse * p_horizontal[k] * p_series[2, k])
            + sv_leg[k] * s_scale * s_radial * radial
        )
        out[2, k] = p * transverse * p_horizontal[k] * p_series[3, k] + sh_leg[k] * s_scale * transverse * across
