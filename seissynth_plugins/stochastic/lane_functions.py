"""Elementary functions and normal numbers on vectors of eight, within 3e-7 of the exact ones: private kernels.

Bits of Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") become normal numbers by Box
and Muller's transformation.
"""

import math

import numpy as np

from seissynth_plugins.stochastic.lanes import (
    bits_of,
    floats_of,
    fours_high,
    fours_low,
    inline,
    ones_high,
    ones_low,
    products,
    root,
    shifted_left,
    shifted_right,
    splat,
    to_floats,
    to_integers,
    twos_high,
    twos_low,
    where_less,
)

f4, u4 = np.float32, np.uint32
#: added and taken away again, it rounds to whole numbers
_ROUND = f4(1.5 * 2**23)
_PER_LN_2, _LN_2 = f4(1.0 / math.log(2.0)), f4(math.log(2.0))
#: parts of ln 2 and of 2 pi of which whole multiples are exact, and the rests
_LN_2_HIGH, _TURN_HIGH = f4(0.693359375), f4(6.28125)
_LN_2_LOW, _TURN_LOW = f4(math.log(2.0) - 0.693359375), f4(2.0 * math.pi - 6.28125)
_TURNS, _PI_QUARTERS = f4(0.5 / math.pi), f4(0.25 * math.pi)
_LARGEST = f4(87.0)
_E = tuple(f4(1.0 / math.factorial(k)) for k in range(8))
_SINE = tuple(f4((-1) ** k / math.factorial(2 * k + 1)) for k in range(5))
_COSINE = tuple(f4((-1) ** k / math.factorial(2 * k)) for k in range(6))
#: ln x = 2 artanh((x - 1) / (x + 1))
_ARTANH = tuple(f4(2.0 / (2 * k + 1)) for k in range(5))
_MANTISSA, _HALF_BITS, _ROOT_HALF = u4(0x007FFFFF), u4(0x3F000000), f4(math.sqrt(0.5))
_ONE, _TWO, _HALF, _QUARTER, _ZERO = f4(1.0), f4(2.0), f4(0.5), f4(0.25), f4(0.0)
_LEAST_EXPONENT, _EXPONENT = u4(126), u4(127)
_FACTOR_A, _FACTOR_B, _STEP_A, _STEP_B = u4(0xD2511F53), u4(0xCD9E8D57), u4(0x9E3779B9), u4(0xBB67AE85)
_ROUNDS = 10
#: 24 random bits as a number between 0 and 1, and as a quarter of an angle
_UNIT, _EIGHTH_TURNS = f4(2.0**-24), f4(2.0**-25 * math.pi)


@inline
def exp(x):
    """Exponential; beyond 87 on either side that of 87."""
    x = where_less(x, splat(-_LARGEST), splat(-_LARGEST), x)
    x = where_less(splat(_LARGEST), x, splat(_LARGEST), x)
    twos = (x * splat(_PER_LN_2) + splat(_ROUND)) - splat(_ROUND)
    x = (x - twos * splat(_LN_2_HIGH)) - twos * splat(_LN_2_LOW)
    y = splat(_E[7]) * x + splat(_E[6])
    y = y * x + splat(_E[5])
    y = y * x + splat(_E[4])
    y = y * x + splat(_E[3])
    y = y * x + splat(_E[2])
    y = y * x + splat(_ONE)
    y = y * x + splat(_ONE)
    return y * floats_of(shifted_left(to_integers(twos) + splat(_EXPONENT), 23))


@inline
def log(x):
    """Natural logarithm of positive normal numbers."""
    bits = bits_of(x)
    exponent = to_floats(shifted_right(bits, 23) - splat(_LEAST_EXPONENT))
    x = floats_of((bits & splat(_MANTISSA)) | splat(_HALF_BITS))
    limit = splat(_ROOT_HALF)
    exponent = where_less(x, limit, exponent - splat(_ONE), exponent)
    x = where_less(x, limit, x + x, x)
    x = (x - splat(_ONE)) / (x + splat(_ONE))
    s = x * x
    y = splat(_ARTANH[4]) * s + splat(_ARTANH[3])
    y = y * s + splat(_ARTANH[2])
    y = y * s + splat(_ARTANH[1])
    y = y * s + splat(_ARTANH[0])
    return exponent * splat(_LN_2) + x * y


@inline
def sine_cosine_of_quarter(y):
    """Sine and cosine of four times an angle between -pi / 4 and pi / 4."""
    s = y * y
    sine = splat(_SINE[4]) * s + splat(_SINE[3])
    sine = sine * s + splat(_SINE[2])
    sine = sine * s + splat(_SINE[1])
    sine = (sine * s + splat(_ONE)) * y
    cosine = splat(_COSINE[5]) * s + splat(_COSINE[4])
    cosine = cosine * s + splat(_COSINE[3])
    cosine = cosine * s + splat(_COSINE[2])
    cosine = cosine * s + splat(_COSINE[1])
    cosine = cosine * s + splat(_ONE)
    product = sine * cosine
    sine, cosine = product + product, cosine * cosine - sine * sine
    product = sine * cosine
    return product + product, cosine * cosine - sine * sine


@inline
def sine_cosine(x):
    """Sine and cosine of up to some thousands."""
    turns = (x * splat(_TURNS) + splat(_ROUND)) - splat(_ROUND)
    return sine_cosine_of_quarter(((x - turns * splat(_TURN_HIGH)) - turns * splat(_TURN_LOW)) * splat(_QUARTER))


@inline
def philox(a, b, c, d, key):
    """Random 32-bit numbers, four vectors, of counters, four vectors; key: two 32-bit numbers."""
    low, high = key
    factor_a, factor_b = splat(_FACTOR_A), splat(_FACTOR_B)
    key_a, key_b = splat(low), splat(high)
    for _ in range(_ROUNDS):
        (high_a, low_a), (high_c, low_c) = products(factor_a, a), products(factor_b, c)
        a, b, c, d = high_c ^ b ^ key_a, low_c, high_a ^ d ^ key_b, low_a
        key_a, key_b = key_a + splat(_STEP_A), key_b + splat(_STEP_B)
    return a, b, c, d


@inline
def normal_pair(a, b):
    """Two vectors of normal numbers of two of random 32-bit numbers; of each, 24 bits count."""
    square = splat(f4(-2.0)) * log((to_floats(shifted_right(a, 8)) + splat(_HALF)) * splat(_UNIT))
    radius = root(where_less(square, splat(_ZERO), splat(_ZERO), square))
    angle = to_floats(shifted_right(b, 8)) * splat(_EIGHTH_TURNS) - splat(_PI_QUARTERS)
    sine, cosine = sine_cosine_of_quarter(angle)
    return radius * cosine, radius * sine


@inline
def transposed(a, b, c, d, e, f, g, h):
    """Eight vectors whose k-th holds the k-th lanes of the given ones."""
    a, b, c, d = ones_low(a, b), ones_high(a, b), ones_low(c, d), ones_high(c, d)
    e, f, g, h = ones_low(e, f), ones_high(e, f), ones_low(g, h), ones_high(g, h)
    a, c, b, d = twos_low(a, c), twos_high(a, c), twos_low(b, d), twos_high(b, d)
    e, g, f, h = twos_low(e, g), twos_high(e, g), twos_low(f, h), twos_high(f, h)
    return (
        fours_low(a, e), fours_low(b, f), fours_low(c, g), fours_low(d, h),
        fours_high(a, e), fours_high(b, f), fours_high(c, g), fours_high(d, h),
    )  # fmt: skip
