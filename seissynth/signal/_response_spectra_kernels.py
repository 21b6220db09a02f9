"""Compiled loops of the response spectra; no checks here, see `seissynth.signal.response_spectra`.

An oscillator is a filter with two poles: ``w[n] = a[n] + p1 w[n-1] + p2 w[n-2]``, and its displacement, over
the factor of ``w[n]``, is ``w[n] + g1 w[n-1] + g2 w[n-2]``. Samples are taken in runs of 16 (`RUN`), which the
compiler unrolls, and periods are innermost: it works on four or eight of them together. The state in
front of each run is kept: where a peak is near, the run is repeated, with values between samples.

Rows of the coefficients: p1, p2, g1, g2, then h0, h1, h2 (velocity, per step), load (of acceleration), drag,
spring (of the equation of motion, per step squared).
"""

import numpy as np

from seissynth.shared._numba import jit

RUN = 16
#: largest number of points between two samples where rotated responses are computed
MOST_POINTS = 24
#: what the rotated responses may lose between two points, as a share of the motion
_LOSS = 5e-4


@jit(reassociate=True)
def sweep(x, coefficients, w1_kept, w2_kept, peaks, top):
    """Run all oscillators over `x`; keep states and the largest displacement of each run.

    x : (16 runs + 1,); coefficients : (10, periods); w1_kept, w2_kept : (runs + 1, periods), the first row set;
    peaks : (runs, periods), written; top : (periods,), raised.
    """
    runs, periods = peaks.shape
    # own arrays, in place: the compiler must see that nothing overlaps, else it works on one period at a time
    w1_now, w2_now = w1_kept[0].copy(), w2_kept[0].copy()
    p1s, p2s, g1s, g2s = coefficients[0], coefficients[1], coefficients[2], coefficients[3]
    for run in range(runs):
        first = run * 16
        for j in range(periods):
            p1, p2, g1, g2 = p1s[j], p2s[j], g1s[j], g2s[j]
            w1, w2 = w1_now[j], w2_now[j]
            w1_kept[run, j] = w1
            w2_kept[run, j] = w2
            largest = 0.0
            for k in range(16):
                w0 = x[first + k] + p2 * w2 + p1 * w1
                u = abs(g2 * w2 + g1 * w1 + w0)
                largest = u if u > largest else largest
                w2 = w1
                w1 = w0
            w1_now[j] = w1
            w2_now[j] = w2
            peaks[run, j] = largest
            before = top[j]
            top[j] = largest if largest > before else before
    w1_kept[runs] = w1_now
    w2_kept[runs] = w2_now


@jit(reassociate=True)
def sweep_long(x, coefficients, w1_kept, w2_kept, peaks, top):
    """As `sweep`, but reads the displacement at every fourth sample only (`bounds` of `_refine` know)."""
    runs, periods = peaks.shape
    w1_now, w2_now = w1_kept[0].copy(), w2_kept[0].copy()
    p1s, p2s, g1s, g2s = coefficients[0], coefficients[1], coefficients[2], coefficients[3]
    for run in range(runs):
        first = run * 16
        for j in range(periods):
            p1, p2, g1, g2 = p1s[j], p2s[j], g1s[j], g2s[j]
            w1, w2 = w1_now[j], w2_now[j]
            w1_kept[run, j] = w1
            w2_kept[run, j] = w2
            largest = 0.0
            for k in range(0, 16, 4):
                a = x[first + k] + p2 * w2 + p1 * w1
                u = abs(g2 * w2 + g1 * w1 + a)  # the first of four: `_refine` knows the run that follows
                largest = u if u > largest else largest
                b = x[first + k + 1] + p2 * w1 + p1 * a
                w2 = x[first + k + 2] + p2 * a + p1 * b
                w1 = x[first + k + 3] + p2 * b + p1 * w2
            w1_now[j] = w1
            w2_now[j] = w2
            peaks[run, j] = largest
            before = top[j]
            top[j] = largest if largest > before else before
    w1_kept[runs] = w1_now
    w2_kept[runs] = w2_now


@jit(reassociate=True)
def sweep_two(x, y, coefficients, x1_kept, x2_kept, y1_kept, y2_kept, peaks):
    """As `sweep` for two components at once; `peaks` are squares of the largest distance from rest."""
    runs, periods = peaks.shape
    x1_now, x2_now = x1_kept[0].copy(), x2_kept[0].copy()
    y1_now, y2_now = y1_kept[0].copy(), y2_kept[0].copy()
    p1s, p2s, g1s, g2s = coefficients[0], coefficients[1], coefficients[2], coefficients[3]
    for run in range(runs):
        first = run * 16
        for j in range(periods):
            p1, p2, g1, g2 = p1s[j], p2s[j], g1s[j], g2s[j]
            x1, x2, y1, y2 = x1_now[j], x2_now[j], y1_now[j], y2_now[j]
            x1_kept[run, j] = x1
            x2_kept[run, j] = x2
            y1_kept[run, j] = y1
            y2_kept[run, j] = y2
            largest = 0.0
            for k in range(16):
                x0 = x[first + k] + p2 * x2 + p1 * x1
                y0 = y[first + k] + p2 * y2 + p1 * y1
                u = g2 * x2 + g1 * x1 + x0
                v = g2 * y2 + g1 * y1 + y0
                r = u * u + v * v
                largest = r if r > largest else largest
                x2 = x1
                x1 = x0
                y2 = y1
                y1 = y0
            x1_now[j] = x1
            x2_now[j] = x2
            y1_now[j] = y1
            y2_now[j] = y2
            peaks[run, j] = largest
    x1_kept[runs] = x1_now
    x2_kept[runs] = x2_now
    y1_kept[runs] = y1_now
    y2_kept[runs] = y2_now


@jit
def replay(x, first, column, w1, w2, motion):
    """Displacement, velocity and acceleration of one oscillator at 17 samples -> motion (17, 3), per step."""
    for k in range(17):
        w0 = x[first + k] + column[0] * w1 + column[1] * w2
        u = w0 + column[2] * w1 + column[3] * w2
        v = column[4] * w0 + column[5] * w1 + column[6] * w2
        motion[k, 0] = u
        motion[k, 1] = v
        motion[k, 2] = column[7] * x[first + k] - column[8] * v - column[9] * u
        w2 = w1
        w1 = w0


@jit
def largest_between(u0, v0, s0, u1, v1, s1):
    """Largest absolute value inside a step of the quintic through value, slope and curvature at both ends.

    0 where the slope does not turn.
    """
    turns = v0 * v1 < 0.0
    if not turns and s0 * s1 >= 0.0:
        return 0.0
    d = u1 - u0
    c2 = 0.5 * s0
    c3 = 10.0 * d - 6.0 * v0 - 4.0 * v1 - 1.5 * s0 + 0.5 * s1
    c4 = -15.0 * d + 8.0 * v0 + 7.0 * v1 + 1.5 * s0 - s1
    c5 = 6.0 * d - 3.0 * v0 - 3.0 * v1 - 0.5 * s0 + 0.5 * s1
    if not turns:  # it may turn twice
        largest = 0.0
        for point in range(1, 8):
            t = point / 8.0
            largest = max(largest, abs(u0 + t * (v0 + t * (c2 + t * (c3 + t * (c4 + t * c5))))))
        return largest
    low, high = 0.0, 1.0
    t = v0 / (v0 - v1)
    for _ in range(30):
        slope = v0 + t * (2.0 * c2 + t * (3.0 * c3 + t * (4.0 * c4 + t * 5.0 * c5)))
        bend = 2.0 * c2 + t * (6.0 * c3 + t * (12.0 * c4 + t * 20.0 * c5))
        if slope * v0 > 0.0:
            low = t
        else:
            high = t
        before, t = t, (t - slope / bend if bend != 0.0 else low)
        if not low <= t <= high:  # Newton's step leaves the bracket
            t = 0.5 * (low + high)
        if abs(t - before) < 1e-8:  # an extremum: the value is off by the square of that
            break
    return abs(u0 + t * (v0 + t * (c2 + t * (c3 + t * (c4 + t * c5)))))


@jit
def loudest_of_runs(x, out):
    """Largest absolute sample of each run and the sample after it -> out (runs,)."""
    for run in range(out.size):
        largest = 0.0
        for k in range(17):
            largest = max(largest, abs(x[run * 16 + k]))
        out[run] = largest


@jit
def _refine(x, loudest, first_run, runs, columns, w1_kept, w2_kept, peaks, bounds, top):
    """Raise `top` to the largest displacement of so many `runs`, at all samples and between.

    A run is gone through again unless `bounds` (4, periods) prove that it holds no larger one: between samples that
    were looked at, displacement is at most ``bounds[0] * (largest there) + bounds[1] * (largest acceleration)``. Rows
    2 and 3 are the same between two neighbouring samples.
    """
    known, periods = peaks.shape
    motion = np.empty((17, 3))
    grow, lift = bounds[0].copy(), bounds[1].copy()
    for run in range(runs):
        following = min(run + 1, known - 1)
        load = loudest[first_run + run]
        near = 0
        for j in range(periods):
            near += max(peaks[run, j], peaks[following, j]) * grow[j] + load * lift[j] > top[j]
        if near == 0:
            continue
        for j in range(periods):
            if max(peaks[run, j], peaks[following, j]) * grow[j] + load * lift[j] <= top[j]:
                continue
            replay(x, (first_run + run) * 16, columns[j], w1_kept[run, j], w2_kept[run, j], motion)
            for k in range(16):
                u0, u1 = motion[k, 0], motion[k + 1, 0]
                larger = max(abs(u0), abs(u1))
                top[j] = max(top[j], larger)
                if larger * bounds[2, j] + load * bounds[3, j] <= top[j]:
                    continue
                between = largest_between(u0, motion[k, 1], motion[k, 2], u1, motion[k + 1, 1], motion[k + 1, 2])
                top[j] = max(top[j], between)


@jit
def largest_displacement(x, coefficients, bounds, long, state, top, room):
    """Largest displacement of each oscillator, at samples and between, over the scale of the coefficients.

    x : (16 runs + 1,), ending in rest; coefficients : (10, periods); bounds : (4, periods), see `_refine`, 0 for
    samples only; long : bool, for `sweep_long`; state : (2, periods), w[-1] and w[-2], on return those after the last
    run; top : (periods,), written; room : scratch memory of the kernel, 9 values a period or more.
    """
    runs, periods = x.size // 16, top.size
    columns = np.ascontiguousarray(coefficients.T)
    most = min(runs, room.size // (3 * periods) - 1)  # runs at a time
    rows = (most + 1) * periods
    w1_kept, w2_kept = room[:rows].reshape(most + 1, periods), room[rows : 2 * rows].reshape(most + 1, periods)
    peaks = room[2 * rows : 3 * rows].reshape(most + 1, periods)
    loudest = np.empty(runs)
    loudest_of_runs(x, loudest)
    top[:] = 0.0
    w1_kept[0] = state[0]
    w2_kept[0] = state[1]
    first = 0
    while True:
        last = min(first + most, runs)
        part = peaks[: last - first]
        if long:
            sweep_long(x[first * 16 :], coefficients, w1_kept, w2_kept, part, top)
        else:
            sweep(x[first * 16 :], coefficients, w1_kept, w2_kept, part, top)
        done = last - first if last == runs else last - first - 1  # a run waits until the next one is known
        _refine(x, loudest, first, done, columns, w1_kept, w2_kept, part, bounds, top)
        w1_kept[0] = w1_kept[done]
        w2_kept[0] = w2_kept[done]
        first += done
        if last == runs:
            break
    state[0] = w1_kept[0]
    state[1] = w2_kept[0]


@jit(reassociate=True)
def rotate(x, y, coefficients, x1_kept, x2_kept, y1_kept, y2_kept, peaks, weights, bounds, cosines, sines, out):
    """Largest projection of the two displacements on each direction, between samples too.

    weights : (most points, points, 6); bounds : (4, periods), as in `_refine`, for distances from rest; cosines,
    sines : (angles,); out : (periods, angles), written.
    """
    runs, periods = peaks.shape
    motions = np.empty((2, 17, 3))
    cosines, sines, largest = cosines.copy(), sines.copy(), np.empty(cosines.size)
    columns = np.ascontiguousarray(coefficients.T)
    loudest = np.empty((2, runs))
    loudest_of_runs(x, loudest[0])
    loudest_of_runs(y, loudest[1])
    most = weights.shape[0]
    for j in range(periods):
        largest[:] = 0.0
        best = 0
        for run in range(runs):
            if peaks[run, j] > peaks[best, j]:
                best = run
        grow, lift = bounds[2, j], bounds[3, j]
        if peaks[best, j] == 0.0 and (lift == 0.0 or loudest.max() == 0.0):
            out[j] = 0.0
            continue
        smallest = 0.0  # smallest of `largest`: motion nearer to rest than that changes nothing
        for turn in range(-1, runs):  # the run with the largest motion first, which rules out most others
            run = best if turn < 0 else turn
            following = min(run + 1, runs - 1)
            load = lift * np.hypot(loudest[0, run], loudest[1, run])
            reach = np.sqrt(max(peaks[run, j], peaks[following, j]))
            if (turn == best or max(reach * grow + load, reach) < smallest) and turn >= 0:
                continue
            replay(x, run * 16, columns[j], x1_kept[run, j], x2_kept[run, j], motions[0])
            replay(y, run * 16, columns[j], y1_kept[run, j], y2_kept[run, j], motions[1])
            changed = False
            for k in range(16):
                near = np.hypot(motions[0, k, 0], motions[1, k, 0])
                next_near = np.hypot(motions[0, k + 1, 0], motions[1, k + 1, 0])
                reach = max(near, next_near)
                if max(reach * grow + load, reach) < smallest:
                    continue
                points = 1
                if grow > 0.0:  # so many that a parabola between two of them rises by the loss allowed
                    bend = max(
                        np.hypot(motions[0, k, 2], motions[1, k, 2]),
                        np.hypot(motions[0, k + 1, 2], motions[1, k + 1, 2]),
                    )
                    wanted = np.sqrt(bend / (8.0 * _LOSS * max(reach, smallest, 1e-300)))
                    points = int(min(max(np.ceil(wanted), 1.0), float(most)))
                for point in range(points):
                    w = weights[points - 1, point]
                    u = w[0] * motions[0, k, 0] + w[1] * motions[0, k, 1] + w[2] * motions[0, k, 2]
                    u += w[3] * motions[0, k + 1, 0] + w[4] * motions[0, k + 1, 1] + w[5] * motions[0, k + 1, 2]
                    v = w[0] * motions[1, k, 0] + w[1] * motions[1, k, 1] + w[2] * motions[1, k, 2]
                    v += w[3] * motions[1, k + 1, 0] + w[4] * motions[1, k + 1, 1] + w[5] * motions[1, k + 1, 2]
                    if u * u + v * v <= smallest * smallest:
                        continue
                    changed = True
                    for i in range(cosines.size):
                        along = abs(u * cosines[i] + v * sines[i])
                        largest[i] = along if along > largest[i] else largest[i]
            if changed:
                smallest = largest.min()
        out[j] = largest


@jit(reassociate=True)
def double_rate(x, half, out):
    """Put a sample between each two of `x`: out (2 npts,) even are those of x, odd ones by the filter `half`.

    half : (taps,), a multiple of 4; weights of the samples 1/2, 3/2, ... away, the same on both sides; outside `x`
    there is rest.
    """
    npts, taps = x.size, half.size
    padded = np.zeros(npts + 2 * taps)
    padded[taps : taps + npts] = x
    between = np.zeros(npts)
    for k in range(0, taps, 4):  # four pairs at a time, for fewer walks through memory
        a, b, c, d = half[k], half[k + 1], half[k + 2], half[k + 3]
        left, right = taps - k, taps + k + 1
        a0, a1 = padded[left : left + npts], padded[right : right + npts]
        b0, b1 = padded[left - 1 : left - 1 + npts], padded[right + 1 : right + 1 + npts]
        c0, c1 = padded[left - 2 : left - 2 + npts], padded[right + 2 : right + 2 + npts]
        d0, d1 = padded[left - 3 : left - 3 + npts], padded[right + 3 : right + 3 + npts]
        for i in range(npts):
            between[i] += a * (a0[i] + a1[i]) + b * (b0[i] + b1[i]) + c * (c0[i] + c1[i]) + d * (d0[i] + d1[i])
    for i in range(npts):
        out[2 * i] = x[i]
        out[2 * i + 1] = between[i]


@jit(reassociate=True)
def sharpen(x, centre, near, far, out):
    """Five-point filter, symmetric; outside `x` there is rest. `out` has the size of `x`."""
    npts = x.size
    inner = max(npts - 4, 0)
    a, b, c, d, e, middle = x[:inner], x[1:], x[2:], x[3:], x[4:], out[2:]
    for i in range(inner):
        middle[i] = centre * c[i] + near * (b[i] + d[i]) + far * (a[i] + e[i])
    for i in (0, 1, npts - 2, npts - 1):
        if not 0 <= i < npts:
            continue
        total = centre * x[i]
        for distance, weight in ((1, near), (2, far)):
            if i - distance >= 0:
                total += weight * x[i - distance]
            if i + distance < npts:
                total += weight * x[i + distance]
        out[i] = total
