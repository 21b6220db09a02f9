"""Normal numbers that depend on a seed, a stream, a column and a sample, and on nothing else: private kernels.

Bits of Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") become normal numbers by Box
and Muller's transformation. Loops are free of branches and calls, for compilers to work on several samples at once:
logarithm and sine are polynomials, with errors of some 1e-8.
"""

import math

import numpy as np

from seissynth.shared._numba import jit

#: samples of which bits, logarithms and sines are made at a time: these arrays stay in the fastest cache
BLOCK = 256
#: columns that one counter serves
GROUP = 4
_MASK = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_FACTORS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_STEPS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ROUNDS = 10
_MANTISSA_BITS, _MANTISSA = np.uint64(52), np.uint64(0x000FFFFFFFFFFFFF)
_ONE, _WHOLE = np.uint64(0x3FF0000000000000), np.uint64(0x4330000000000000)
#: ln x = 2 artanh((x - 1) / (x + 1))
_ARTANH = tuple(2.0 / k for k in (1, 3, 5, 7, 9, 11, 13))
_LN_2 = math.log(2.0)
#: of a binary exponent's offset, as the whole number that _WHOLE adds to it
_OFFSET = 2.0**52 + 1023.0
_FIRST_WHOLE = 2.0**52
#: a quarter of an angle is made, from -pi / 4 to pi / 4, and doubled twice
_UNIT, _EIGHTH_TURNS = 2.0**-32, 2.0**-33 * math.pi


@jit(inner=True)
def philox(out, first, group, stream, key):
    """Random 32-bit numbers, (4, n), of the counters (first + i, group, stream, 0); key: two 32-bit numbers."""
    f0, f1 = _FACTORS
    for i in range(out.shape[1]):
        a, b, c, d = np.uint64(first + i) & _MASK, group & _MASK, stream & _MASK, np.uint64(0)
        k0, k1 = key
        for _ in range(_ROUNDS):
            one, two = f0 * a, f1 * c
            a, b, c, d = (two >> _SHIFT) ^ b ^ k0, two & _MASK, (one >> _SHIFT) ^ d ^ k1, one & _MASK
            k0, k1 = (k0 + _STEPS[0]) & _MASK, (k1 + _STEPS[1]) & _MASK
        out[0, i] = a
        out[1, i] = b
        out[2, i] = c
        out[3, i] = d


@jit
def random_bits(out, first, group, stream, key):
    """`philox`, for tests."""
    philox(out, first, group, stream, key)


@jit(inner=True, unchecked=True)
def pair(one, two, bits, angle, value, pattern, whole, exponent, quarter):
    """Two rows of normal numbers of two rows of random bits. Scratch: `value` and `whole`, and both as 64-bit patterns.

    value is a number between 0 and 1; its pattern gives the binary exponent, and what remains lies between 1 and 2.
    """
    n = one.size
    # a whole number's bits beside those of 2^52 are that sum
    for i in range(n):
        pattern[i] = bits[i] | _WHOLE
        exponent[i] = angle[i] | _WHOLE
    for i in range(n):
        value[i] = (value[i] - _FIRST_WHOLE + 0.5) * _UNIT
        quarter[i] = (whole[i] - _FIRST_WHOLE) * _EIGHTH_TURNS - 0.25 * math.pi
    for i in range(n):
        exponent[i] = (pattern[i] >> _MANTISSA_BITS) | _WHOLE
        pattern[i] = (pattern[i] & _MANTISSA) | _ONE
    for i in range(n):
        x = (value[i] - 1.0) / (value[i] + 1.0)
        s = x * x
        log = _ARTANH[6]
        log = log * s + _ARTANH[5]
        log = log * s + _ARTANH[4]
        log = log * s + _ARTANH[3]
        log = log * s + _ARTANH[2]
        log = log * s + _ARTANH[1]
        log = log * s + _ARTANH[0]
        value[i] = math.sqrt(-2.0 * (x * log + (whole[i] - _OFFSET) * _LN_2))
    for i in range(n):
        y = quarter[i]
        s = y * y
        sine = y * (1.0 + s * (-1 / 6 + s * (1 / 120 + s * (-1 / 5040 + s * (1 / 362880 - s / 39916800)))))
        cosine = 1.0 + s * (-1 / 2 + s * (1 / 24 + s * (-1 / 720 + s * (1 / 40320 + s * (-1 / 3628800)))))
        sine, cosine = 2.0 * sine * cosine, cosine * cosine - sine * sine
        quarter[i] = value[i] * 2.0 * sine * cosine
        value[i] *= cosine * cosine - sine * sine
    for i in range(n):
        one[i] = value[i]
    for i in range(n):
        two[i] = quarter[i]


@jit
def normal_rows(out, stream, key):
    """Fill (rows, n) with normal numbers; a multiple of four rows. A longer result begins alike."""
    bits = np.empty((GROUP, BLOCK), dtype=np.uint64)
    value, whole, quarter = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    pattern, exponent = value.view(np.uint64), whole.view(np.uint64)
    for group in range(out.shape[0] // GROUP):
        rows = out[GROUP * group : GROUP * (group + 1)]
        for first in range(0, out.shape[1], BLOCK):
            n = min(BLOCK, out.shape[1] - first)
            philox(bits[:, :n], first, np.uint64(group), stream, key)
            for k in (0, 2):
                pair(rows[k, first : first + n], rows[k + 1, first : first + n], bits[k], bits[k + 1], value, pattern,
                     whole, exponent, quarter)  # fmt: skip
