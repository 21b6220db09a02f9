"""Rays through spherical shells of constant velocity: private loops behind `traveltime.onsets`.

In a shell of constant velocity v a ray is a straight chord that passes the centre at p v, where
p = r sin(i) / v (s/rad) is the same in all shells. Between radii a > b it covers the angle
acos(p v / a) - acos(p v / b), in the time (sqrt(a² - p²v²) - sqrt(b² - p²v²)) / v.

Three kinds of path together hold the shortest one (Fermat): up from the source; down into shell k, a
chord there, and up; and a path that grazes the base of a shell, which runs along the interface
with constant p (the head wave's mirror image; in the shadow of a slow layer it comes first).

Travel time is stationary in p, so times are taken as T(p) + p (wanted angle - angle(p)), which leaves an error
of second order in the remainder of the root finder.
"""

import math

from seissynth.shared._numba import jit

# columns of the result
P_FIRST, S_FIRST, P_DIRECT, S_DIRECT, P_TAKEOFF, P_DIRECT_TAKEOFF, S_DIRECT_TAKEOFF, P_RAY, S_RAY = range(9)
N_COLUMNS = 9

_MAX_STEPS = 80  # bisection alone needs about 50
_RELATIVE_TOLERANCE = 1e-12
_ABSOLUTE_TOLERANCE = 1e-16  # rad, below a nanometre


@jit(inner=True)
def _shell(p, v, outer, inner):
    """Angle, time and d(angle)/dp of one crossing of the shell part between two radii."""
    q = p * v
    c_outer = math.sqrt(max((outer - q) * (outer + q), 0.0))
    c_inner = math.sqrt(max((inner - q) * (inner + q), 0.0))
    if c_outer + c_inner == 0.0:
        return 0.0, 0.0, 0.0
    # not c_outer - c_inner, which loses all digits in thin shells
    run = (outer - inner) * (outer + inner) / (c_outer + c_inner)
    angle = math.atan2(q * run, q * q + c_outer * c_inner)
    slope = v * run / (c_outer * c_inner) if c_outer * c_inner > 0.0 else (math.inf if run > 0.0 else 0.0)
    return angle, run / v, slope


@jit(inner=True)
def _legs(p, source_r, s, k, r, v):
    """Sum over the shells between source and surface once, and between source and shell k twice."""
    angle, time, slope = _shell(p, v[s], r[s], source_r)
    for j in range(s):
        a, t, d = _shell(p, v[j], r[j], r[j + 1])
        angle += a
        time += t
        slope += d
    if k > s:
        a, t, d = _shell(p, v[s], source_r, r[s + 1])
        angle += 2.0 * a
        time += 2.0 * t
        slope += 2.0 * d
        for j in range(s + 1, k):
            a, t, d = _shell(p, v[j], r[j], r[j + 1])
            angle += 2.0 * a
            time += 2.0 * t
            slope += 2.0 * d
    return angle, time, slope


@jit(inner=True)
def _largest_p(source_r, s, k, r, v):
    """Largest p that gets from the source to the surface and, for k > s, down to the top of shell k."""
    p = source_r / v[s] if k <= s else r[k] / v[k]
    for j in range(s if k <= s else k):
        p = min(p, r[j + 1] / v[j])
    return p


@jit(inner=True)
def _up(delta, source_r, s, r, v):
    """Ray that leaves upwards: (time, p, angle at which it ends); beyond its end it grazes on.

    The unknown is y, the angle that a chord from the limiting radius would cover with the same p: in a uniform
    shell y is the wanted angle itself, and elsewhere angle(y) is nearly straight, where angle(p) is not.
    """
    p_end = _largest_p(source_r, s, s, r, v)
    limit_r = source_r
    if p_end < source_r / v[s]:
        for j in range(s):
            if r[j + 1] / v[j] == p_end:
                limit_r = r[j + 1]
    end_angle, end_time, _ = _legs(p_end, source_r, s, s, r, v)
    if delta >= end_angle:
        return end_time + p_end * (delta - end_angle), p_end, end_angle
    surface = r[0]
    low, high = 0.0, math.atan2(math.sqrt((surface - limit_r) * (surface + limit_r)), limit_r)
    y = delta * (high / end_angle)
    p = angle = time = 0.0
    for _ in range(_MAX_STEPS):
        x, z = surface * math.sin(y), surface * math.cos(y) - limit_r
        chord = math.sqrt(x * x + z * z)
        p = p_end * (x / chord)
        angle, time, slope = _legs(p, source_r, s, s, r, v)
        miss = delta - angle
        if abs(miss) <= _RELATIVE_TOLERANCE * delta + _ABSOLUTE_TOLERANCE:
            break
        if miss > 0.0:
            low = y
        else:
            high = y
        cosine = z / chord
        incidence = math.sqrt(max(1.0 - (limit_r / surface * (x / chord)) ** 2, 0.0))
        stretch = 1.0 - limit_r / surface * cosine / incidence  # dy / d(take-off angle)
        gain = slope * p_end * cosine  # d(angle) / d(take-off angle)
        following = y + miss * stretch / gain if gain > 0.0 and gain < math.inf else low
        if not (low < following < high):
            following = 0.5 * (low + high)
        if following == y:
            break
        y = following
    return time + p * (delta - angle), p, end_angle


@jit(inner=True)
def _turned(phi, c, source_r, s, k, r, v):
    """Angle, time, d(angle)/d(phi) and p of the ray whose chord in shell k spans 2 phi."""
    p = c * math.cos(phi)
    angle, time, slope = _legs(p, source_r, s, k, r, v)
    bend = slope * c * math.sin(phi) if phi > 0.0 else 0.0
    top = source_r if k == s else r[k]
    return angle + 2.0 * phi, time + 2.0 * top * math.sin(phi) / v[k], 2.0 - bend, p


@jit(inner=True)
def _caustic(start, end, c, source_r, s, k, r, v):
    """Chord angle at which a branch that starts retrograde (below a faster shell) comes nearest."""
    if _turned(end, c, source_r, s, k, r, v)[2] <= 0.0:
        return end
    low, high = start, end
    for _ in range(_MAX_STEPS):
        middle = 0.5 * (low + high)
        if not (low < middle < high):
            break
        if _turned(middle, c, source_r, s, k, r, v)[2] > 0.0:
            high = middle
        else:
            low = middle
    return high


@jit(inner=True)
def _dive(delta, source_r, s, k, r, v):
    """Ray that turns in shell k: (time, p), time infinite where there is none; beyond its end it grazes on."""
    top = source_r if k == s else r[k]
    c = top / v[k]
    p_start = _largest_p(source_r, s, k, r, v)
    last = k == len(v) - 1
    p_end = 0.0 if last else r[k + 1] / v[k]
    if p_start <= p_end:
        return math.inf, 0.0
    low = math.acos(p_start / c) if p_start < c else 0.0
    high = 0.5 * math.pi if last else math.acos(p_end / c)
    if low > 0.0:
        # below a faster shell: of two rays to one place the steeper one is first, so the rest is left out
        low = _caustic(low, high, c, source_r, s, k, r, v)
    angle, time, bend, p = _turned(low, c, source_r, s, k, r, v)
    if delta < angle:
        return math.inf, 0.0
    if delta > 2.0 * high:  # else the end, farther away than its chord alone, is irrelevant
        end_angle, end_time, _, _ = _turned(high, c, source_r, s, k, r, v)
        if delta >= end_angle:
            return end_time + p_end * (delta - end_angle), p_end
    phi = min(low + 0.5 * (delta - angle), high)
    for _ in range(_MAX_STEPS):
        angle, time, bend, p = _turned(phi, c, source_r, s, k, r, v)
        miss = delta - angle
        if abs(miss) <= _RELATIVE_TOLERANCE * delta + _ABSOLUTE_TOLERANCE:
            break
        if miss > 0.0:
            low = phi
        else:
            high = phi
        following = phi + miss / bend if bend > 0.0 else low
        if not (low < following < high):
            following = 0.5 * (low + high)
        if following == phi:
            break
        phi = following
    return time + p * (delta - angle), p


@jit(inner=True)
def _angle_from_down(p, v, radius):
    """Take-off angle of a ray that leaves downwards, degrees from the downward vertical."""
    q = p * v
    return math.degrees(math.atan2(q, math.sqrt(max((radius - q) * (radius + q), 0.0))))


@jit
def trace(delta, source_r, r, vp, vs, out):
    """Fill out (n, N_COLUMNS) for angles delta (n,) in rad and source radii (n,) in km; p in s/rad.

    One loop over waves and shells, with one call of each kind of ray: every call is compiled into this function again.
    """
    for i in range(len(delta)):
        source = source_r[i]
        s = 0
        # strictly: a source on an interface belongs to the shell above it
        while s + 1 < len(r) and source < r[s + 1]:
            s += 1
        for wave in range(2):
            v = vp if wave == 0 else vs
            direct, p_direct, direct_takeoff, up_end = math.inf, 0.0, 90.0, 0.0
            if source < r[0]:
                direct, p_direct, up_end = _up(delta[i], source, s, r, v)
                direct_takeoff = 180.0 - _angle_from_down(p_direct, v[s], source)
            first, takeoff = direct, direct_takeoff
            for k in range(s, len(v)):
                if k == s and delta[i] <= up_end and source < r[0]:
                    continue  # the ray that leaves upwards gets there
                time, p = _dive(delta[i], source, s, k, r, v)
                if time < first:
                    # a source on an interface leaves straight into the shell below
                    below = s + 1 if k > s and source == r[s + 1] else s
                    first, takeoff = time, _angle_from_down(p, v[below], source)
                    if k == s:
                        direct, p_direct, direct_takeoff = first, p, takeoff
            out[i, P_FIRST if wave == 0 else S_FIRST] = first
            out[i, P_DIRECT if wave == 0 else S_DIRECT] = direct
            out[i, P_DIRECT_TAKEOFF if wave == 0 else S_DIRECT_TAKEOFF] = direct_takeoff
            out[i, P_RAY if wave == 0 else S_RAY] = p_direct
            if wave == 0:
                out[i, P_TAKEOFF] = takeoff
