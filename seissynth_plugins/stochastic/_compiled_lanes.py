"""`lanes` in compiled loops: each function writes its instructions."""

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.np.arrayobj import make_array

from seissynth_plugins.stochastic._written_loops import (
    D4,
    F8,
    INT,
    OF_ARRAYS,
    U8,
    Value,
    given,
    inline,
    operation,
    place_of_writing,
    value_of,
    writing_to,
    written,
)


def _operator(function, name, kinds):
    """Teach numba an operator between two vectors of one kind."""
    cases = [signature(kind, kind, kind) for kind in kinds]
    infer_global(function)(type("Template", (ConcreteTemplate,), {"cases": cases}))

    def write(context, builder, found, arguments):
        with writing_to((context, builder)):
            return getattr(operator, name)(*map(given, found.args, arguments)).code

    for kind in kinds:
        lower_builtin(function, kind, kind)(write)


for _name in ("add", "sub", "mul"):
    _operator(getattr(operator, _name), _name, (F8, D4, U8))
_operator(operator.truediv, "truediv", (F8, D4))


def _constants(values, kind=INT):
    values = list(values)
    return ir.Constant(ir.VectorType(kind, len(values)), values)


def _repeated(builder, number, count):
    vector = builder.insert_element(_constants([ir.Undefined] * count, number.type), number, ir.Constant(INT, 0))
    return builder.shuffle_vector(vector, vector, _constants([0] * count))


def _address(array, index, kind=None):
    """Pointer to a place in an array, for a vector or one number."""
    context, builder = place_of_writing[-1]
    place = builder.gep(make_array(array.kind)(context, builder, array.code).data, [index.code])
    return place if kind is None else builder.bitcast(place, kind.vector.as_pointer())


def _aligned(instruction, array):
    instruction.align = array.kind.dtype.bitwidth // 8
    return instruction


@inline
def splat(number):
    """A vector that repeats a float32, an unsigned 32-bit integer or a float64."""
    number = value_of(number)
    kind = OF_ARRAYS[number.kind]
    return written(kind, lambda builder, code: _repeated(builder, code, kind.vector.count), number)


@inline
def single(number):
    """A float64 as float32."""
    return written(types.float32, lambda builder, code: builder.fptrunc(code, ir.FloatType()), value_of(number))


@inline
def double(number):
    """A float32 as float64."""
    return written(types.float64, lambda builder, code: builder.fpext(code, ir.DoubleType()), value_of(number))


@inline
def word(number):
    """The lower 32 bits of an integer."""
    return written(types.uint32, lambda builder, code: builder.trunc(code, INT), value_of(number))


@inline
def element(array, index):
    """The number of a contiguous array at a position in its memory."""
    place = value_of(index)
    return written(array.kind.dtype, lambda builder, *_: builder.load(_address(array, place)), array, place)


@inline
def put(array, index, number):
    """Write a number to a contiguous array, at a position in its memory."""
    place = value_of(index)
    if place_of_writing[-1] is not None:
        place_of_writing[-1][1].store(value_of(number).code, _address(array, place))


@inline
def load(array, index):
    """Numbers of a contiguous array, from a position in its memory on."""
    kind, place = OF_ARRAYS[array.kind.dtype], value_of(index)
    return written(
        kind, lambda builder, *_: _aligned(builder.load(_address(array, place, kind)), array), array, place
    )  # fmt: skip


@inline
def store(array, index, vector):
    """Write a vector to a contiguous array, at a position in its memory."""
    place = value_of(index)
    if place_of_writing[-1] is not None:
        builder = place_of_writing[-1][1]
        _aligned(builder.store(vector.code, _address(array, place, vector.kind)), array)


@inline
def pack(a, b, c, d):
    """Four float64 as a vector."""

    def write(builder, *codes):
        vector = _constants([ir.Undefined] * 4, ir.DoubleType())
        for k, code in enumerate(codes):
            vector = builder.insert_element(vector, code, ir.Constant(INT, k))
        return vector

    return written(D4, write, a, b, c, d)


@inline
def unpack(vector):
    """The four float64 of a vector."""
    return tuple(
        written(types.float64, lambda builder, code, k=k: builder.extract_element(code, ir.Constant(INT, k)), vector)
        for k in range(4)
    )


@inline
def counted():
    """The integers 0 to 7."""
    return Value(U8, _constants(range(8)))


def _shuffle(places):
    """A function of two vectors: the numbers at places of both, one behind the other."""

    @inline
    def shuffle(one, two):
        return written(
            one.kind, lambda builder, *codes: builder.shuffle_vector(*codes, _constants(places)), one, two
        )  # fmt: skip

    return shuffle


#: numbers 1 and 5 of the first vector at 0 and 4, else those of the second
shared_to_alone = _shuffle([1, 9, 10, 11, 5, 13, 14, 15])
ones_low, ones_high = _shuffle([0, 8, 2, 10, 4, 12, 6, 14]), _shuffle([1, 9, 3, 11, 5, 13, 7, 15])
twos_low, twos_high = _shuffle([0, 1, 8, 9, 4, 5, 12, 13]), _shuffle([2, 3, 10, 11, 6, 7, 14, 15])
fours_low, fours_high = _shuffle([0, 1, 2, 3, 8, 9, 10, 11]), _shuffle([4, 5, 6, 7, 12, 13, 14, 15])
#: real and imaginary parts of eight complex numbers in two vectors, and back
evens, odds = _shuffle(range(0, 16, 2)), _shuffle(range(1, 16, 2))
woven_low, woven_high = _shuffle([0, 8, 1, 9, 2, 10, 3, 11]), _shuffle([4, 12, 5, 13, 6, 14, 7, 15])


def _conversion(result, instruction):
    @inline
    def convert(vector):
        return written(result, lambda builder, code: getattr(builder, instruction)(code, result.vector), vector)

    return convert


bits_of, floats_of = _conversion(U8, "bitcast"), _conversion(F8, "bitcast")
#: whole numbers between -2^31 and 2^31, towards zero
to_floats, to_integers = _conversion(F8, "sitofp"), _conversion(U8, "fptosi")


def _shift(instruction):
    def shift(vector, count):
        return operation(instruction, vector, Value(U8, _constants([count] * 8)))

    return shift


#: by a number that does not depend on values; not for loops themselves
shifted_right, shifted_left = _shift("lshr"), _shift("shl")


@inline
def products(one, two):
    """Upper and lower 32 bits of the products.

    Numbers at even and at odd places are multiplied apart, as the low halves of four 64-bit numbers.
    """
    if place_of_writing[-1] is None:
        return Value(U8), Value(U8)
    builder, wide = place_of_writing[-1][1], ir.VectorType(ir.IntType(64), 4)
    half, low = _constants([32] * 4, ir.IntType(64)), _constants([0xFFFFFFFF] * 4, ir.IntType(64))
    evens_first = _constants(k if k % 2 == 0 else 8 + k for k in range(8))
    one, two = (builder.bitcast(vector.code, wide) for vector in (one, two))
    even = builder.mul(builder.and_(one, low), builder.and_(two, low))
    odd = builder.mul(builder.lshr(one, half), builder.lshr(two, half))
    pairs = ((builder.lshr(even, half), odd), (even, builder.shl(odd, half)))
    return tuple(
        Value(U8, builder.shuffle_vector(*(builder.bitcast(part, U8.vector) for part in pair), evens_first))
        for pair in pairs
    )


@inline
def where_less(one, two, then, otherwise):
    """`then` where one < two, else `otherwise`."""
    return written(
        then.kind, lambda builder, a, b, c, d: builder.select(builder.fcmp_ordered("<", a, b), c, d),
        one, two, then, otherwise,
    )  # fmt: skip


@inline
def root(vector):
    """Square roots."""

    def write(builder, code):
        kind = vector.kind.vector
        sqrt = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), "llvm.sqrt.v8f32")
        return builder.call(sqrt, [code])

    return written(F8, write, vector)
