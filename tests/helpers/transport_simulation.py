"""Energy transport by Monte Carlo: particles that walk, scatter and change between P and S."""

import math

import numba
import numpy as np


@numba.njit
def walk(particles, seed, begins_as_s, speeds, to_p, to_s, shell, step_s, steps):
    """Count particles in a shell: (2 modes, steps), P first, at the middles of the steps.

    speeds: of P and S. to_p, to_s: scattering coefficients of P and of S into P, and into S.
    """
    np.random.seed(seed)
    out = np.zeros((2, steps))
    for _ in range(particles):
        mode = 1 if begins_as_s else 0
        place = np.zeros(3)
        t = 0.0
        k = 0
        while k < steps:
            cosine = 2.0 * np.random.random() - 1.0
            angle = 2.0 * math.pi * np.random.random()
            sine = math.sqrt(1.0 - cosine * cosine)
            way = np.array([sine * math.cos(angle), sine * math.sin(angle), cosine])
            total = to_p[mode] + to_s[mode]
            length = -math.log(1.0 - np.random.random()) / total
            end = t + length / speeds[mode]
            while k < steps and (k + 0.5) * step_s <= end:
                at = place + way * speeds[mode] * ((k + 0.5) * step_s - t)
                distance = math.sqrt((at * at).sum())
                if shell[0] <= distance < shell[1]:
                    out[mode, k] += 1
                k += 1
            place = place + way * length
            t = end
            mode = 0 if np.random.random() < to_p[mode] / total else 1
    return out


def energy_densities(depth, begins_as_s, *, conversion=0.15, p_scattering=0.6, particles=60_000, seed=1):
    """Times and energy densities of P and of S at 30 km, per radiated energy.

    Parameters
    ----------
    depth : float
        Optical depth, g r of S into S.
    begins_as_s : bool
    conversion, p_scattering : float
        Of S into P, and of P into P, over that of S into S.

    Returns
    -------
    dict
        "time", "p", "s"; "g" of S into S; "speeds".
    """
    alpha, beta = 6.0, 6.0 / math.sqrt(3.0)
    g = depth / 30.0
    shell, step, steps = (28.5, 31.5), 0.25, 160
    to_p = np.array([p_scattering * g, conversion * g])
    to_s = np.array([2.0 * (alpha / beta) ** 2 * conversion * g, g])
    counts = walk(particles, seed, begins_as_s, np.array([alpha, beta]), to_p, to_s, shell, step, steps)
    volume = 4.0 / 3.0 * math.pi * (shell[1] ** 3 - shell[0] ** 3)
    time = (np.arange(steps) + 0.5) * step
    p, s = counts / particles / volume
    return {"time": time, "p": p, "s": s, "g": g, "speeds": (alpha, beta), "into_p": to_p, "into_s": to_s}
