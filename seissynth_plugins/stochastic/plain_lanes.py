"""`lanes` as NumPy arrays, for loops that are not compiled: one function for one."""

import numpy as np

_COUNT = {np.dtype(np.float32): 8, np.dtype(np.uint32): 8, np.dtype(np.float64): 4}


def inline(function):
    """The function itself."""
    return function


def single(number):
    """A float64 as float32."""
    return np.float32(number)


def double(number):
    """A float32 as float64."""
    return np.float64(number)


def word(number):
    """The lower 32 bits of an integer."""
    return np.uint32(number)


def element(array, index):
    """The number of a contiguous array at a position in its memory."""
    return array.reshape(-1)[index]


def put(array, index, number):
    """Write a number to a contiguous array, at a position in its memory."""
    array.reshape(-1)[index] = number


def splat(value):
    """A vector that repeats a number."""
    value = np.asarray(value)
    return np.full(_COUNT[value.dtype], value)


def load(array, index):
    """Numbers of a contiguous array, from a position in its memory on."""
    return array.reshape(-1)[index : index + _COUNT[array.dtype]].copy()


def store(array, index, value):
    """Write a vector to a contiguous array, at a position in its memory."""
    array.reshape(-1)[index : index + len(value)] = value


def pack(a, b, c, d):
    """Four float64 as a vector."""
    return np.array([a, b, c, d])


def unpack(vector):
    """The four float64 of a vector."""
    return tuple(vector)


def counted():
    """The integers 0 to 7."""
    return np.arange(8, dtype=np.uint32)


def _shuffle(places):
    places = list(places)
    return lambda one, two: np.concatenate([one, two])[places]


shared_to_alone = _shuffle([1, 9, 10, 11, 5, 13, 14, 15])
ones_low, ones_high = _shuffle([0, 8, 2, 10, 4, 12, 6, 14]), _shuffle([1, 9, 3, 11, 5, 13, 7, 15])
twos_low, twos_high = _shuffle([0, 1, 8, 9, 4, 5, 12, 13]), _shuffle([2, 3, 10, 11, 6, 7, 14, 15])
fours_low, fours_high = _shuffle([0, 1, 2, 3, 8, 9, 10, 11]), _shuffle([4, 5, 6, 7, 12, 13, 14, 15])
evens, odds = _shuffle(range(0, 16, 2)), _shuffle(range(1, 16, 2))
woven_low, woven_high = _shuffle([0, 8, 1, 9, 2, 10, 3, 11]), _shuffle([4, 12, 5, 13, 6, 14, 7, 15])


def bits_of(value):
    """The bits of float32."""
    return value.view(np.uint32)


def floats_of(value):
    """The float32 of bits."""
    return value.view(np.float32)


def to_floats(value):
    """Whole numbers, signed, as float32."""
    return value.view(np.int32).astype(np.float32)


def to_integers(value):
    """float32 as whole numbers, towards zero."""
    return value.astype(np.int32).view(np.uint32)


def shifted_right(value, count):
    """Bits moved down."""
    return value >> np.uint32(count)


def shifted_left(value, count):
    """Bits moved up."""
    return value << np.uint32(count)


def products(one, two):
    """Upper and lower 32 bits of the products."""
    return ((one.astype(np.uint64) * two) >> np.uint64(32)).astype(np.uint32), one * two


def where_less(one, two, then, otherwise):
    """`then` where one < two, else `otherwise`."""
    return np.where(one < two, then, otherwise)


def root(value):
    """Square roots."""
    return np.sqrt(value)
