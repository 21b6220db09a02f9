"""Compiled loops of the stochastic backend: private, no checks; `simulation.py` stands in front."""

import math

from seissynth._numba import jit


@jit
def window_value(x, scale, power, decay):
    """Saragoni-Hart window of peak 1 at x = t / t_eta."""
    if x <= 0.0:
        return 0.0
    return scale * math.exp(power * math.log(x) - decay * x)


@jit
def p_envelope(out, t0, dt, first, direct, s_direct, length, head_length, head, shape, coda):
    """Window of P: head wave, direct wave, coda up to S.

    shape: scale, power, decay; coda: level, its place in t/t_eta, exponent. Writes out[i] at t0 + i dt; returns its energy.
    """
    scale, power, decay = shape
    level, place, exponent = coda
    energy = 0.0
    fade = max(2.0, length)
    for i in range(out.size):
        t = t0 + i * dt
        main = 0.0
        if t > direct:
            x = (t - direct) / length
            main = window_value(x, scale, power, decay)
            if level > 0.0 and x > place:
                main = max(main, level * (x / place) ** -exponent)
        early = 0.0
        if head > 0.0 and direct > first:
            early = head * window_value((t - first) / head_length, scale, power, decay)
        value = math.sqrt(main * main + early * early)
        if t > s_direct:
            value *= math.exp(-((t - s_direct) / fade))
        out[i] = value
        energy += value * value
    return energy


@jit
def s_envelopes(low, high, t0, dt, first, direct, length, head_length, head, shape, coda):
    """Windows of S in two bands, equal until the coda takes over.

    coda: level, its place in t/t_eta, exponent, decay of the low and of the high band (1/s). Returns both energies and the
    energy of the high band before the coda.
    """
    scale, power, decay = shape
    level, place, exponent, decay_low, decay_high = coda
    splice = direct + place * length
    energy_low = energy_high = energy_window = 0.0
    for i in range(low.size):
        t = t0 + i * dt
        main = 0.0
        if t > direct:
            main = window_value((t - direct) / length, scale, power, decay)
        early = 0.0
        if head > 0.0 and direct > first:
            early = head * window_value((t - first) / head_length, scale, power, decay)
        a = b = math.sqrt(main * main + early * early)
        energy_window += a * a
        if level > 0.0 and t > splice:
            fall = level * math.exp(-exponent * math.log(t / splice))
            a = max(a, fall * math.exp(-decay_low * (t - splice)))
            b = max(b, fall * math.exp(-decay_high * (t - splice)))
        low[i] = a
        high[i] = b
        energy_low += a * a
        energy_high += b * b
    return energy_low, energy_high, energy_window


@jit
def normalise_noise(noise, envelope):
    """Scale each column of noise so that under the envelope it has just the envelope's energy (Boore 2003, step c)."""
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
def leg_spectrum(out, frequency, cosine, sine, level, weights, gains, phases, corners, powers, residual, square, poles, causal):
    """Complex target spectrum of one leg: level (2 pi f)² exp(sum of weighted terms) prod (1 + (f/f_j)²)^power_j.

    residual: (corners, table bins), left-over phase of each corner; square: the same of (2 pi f)²; poles: exp(-2 pi f_j dt).
    """
    bins = frequency.size
    table = square.size - 1
    angle_step = table / (bins - 1)
    terms = weights.size
    out[0] = 0.0
    for k in range(1, bins):
        f = frequency[k]
        log_gain = 0.0
        phase = 0.0
        for j in range(terms):
            log_gain += weights[j] * gains[j, k]
            phase += weights[j] * phases[j, k]
        modulus = level * (2.0 * math.pi * f) ** 2
        real = 1.0
        imag = 0.0
        if causal:
            place = k * angle_step
            left = min(int(place), table - 1)
            share = place - left
            theta = math.pi * k / (bins - 1)
            phase += math.pi - theta + square[left] + share * (square[left + 1] - square[left])
        for j in range(corners.size):
            ratio = f / corners[j]
            factor = 1.0 + ratio * ratio
            if powers[j] == -1.0:
                modulus /= factor
            elif powers[j] == 1.0:
                modulus *= factor
            else:
                log_gain += powers[j] * math.log(factor)
            if causal:
                x = 1.0 - poles[j] * cosine[k]
                y = poles[j] * sine[k]
                left_over = residual[j, left] + share * (residual[j, left + 1] - residual[j, left])
                # the residual belongs to power -1; the pole pair has phase 2 atan2(y, x) per unit of power
                phase += -powers[j] * left_over
                if powers[j] == -1.0 or powers[j] == 1.0:
                    norm = 1.0 / (x * x + y * y)
                    c = (x * x - y * y) * norm
                    s = 2.0 * x * y * norm * powers[j]
                    real, imag = real * c - imag * s, real * s + imag * c
                else:
                    phase += powers[j] * 2.0 * math.atan2(y, x)
        modulus *= math.exp(log_gain)
        if causal:
            c = math.cos(phase)
            s = math.sin(phase)
            out[k] = complex(modulus * (real * c - imag * s), modulus * (real * s + imag * c))
        else:
            out[k] = modulus


@jit
def apply_pattern(out, spectrum, log_ratio, gain, phase):
    """out = spectrum times exp(log_ratio (gain + i phase)): a mechanism's pattern that fades to the mean."""
    for k in range(out.size):
        size = math.exp(log_ratio * gain[k])
        angle = log_ratio * phase[k]
        out[k] = spectrum[k] * complex(size * math.cos(angle), size * math.sin(angle))


@jit
def combine(out, p_series, s_series, p_leg, sv_leg, sh_leg, s_leg, p_horizontal, s_vertical_filter, surface, crossover, energies):
    """Z, R, T spectra from the legs' spectra and the series' spectra.

    surface: free-surface factors p_radial, p_vertical, s_radial, s_vertical, transverse; energies of P and of S in the low
    and high band. The coda's two bands are parted by first-order filters in the variable of `crossover`; what they and the
    coda add to the energy is taken out by the filter (1 + ix)/(a + ibx), so that the mean spectrum is the target's.
    """
    p_radial, p_vertical, s_radial, s_vertical, transverse = surface
    p_energy, s_low, s_high = energies
    p_scale = 1.0 / math.sqrt(p_energy) if p_energy > 0.0 else 0.0
    a = math.sqrt(s_low)
    b = math.sqrt(s_high)
    for k in range(out.shape[1]):
        x = crossover[k]
        s_scale = complex(1.0, x) / complex(a, b * x)
        low = 1.0 / complex(1.0, x)
        radial = s_series[0, k] + low * s_series[4, k]
        polarised = s_series[1, k] + low * s_series[5, k]
        scattered = s_series[2, k] + low * s_series[6, k]
        across = s_series[3, k] + low * s_series[7, k]
        p = p_leg[k] * p_scale
        base = s_leg[k] * s_scale
        out[0, k] = (
            p * p_vertical * p_series[0, k]
            + sv_leg[k] * s_scale * s_vertical * polarised
            + base * transverse * s_vertical_filter[k] * scattered
        )
        out[1, k] = (
            p * (p_radial * p_series[1, k] + transverse * p_horizontal[k] * p_series[2, k])
            + sv_leg[k] * s_scale * s_radial * radial
        )
        out[2, k] = p * transverse * p_horizontal[k] * p_series[3, k] + sh_leg[k] * s_scale * transverse * across
