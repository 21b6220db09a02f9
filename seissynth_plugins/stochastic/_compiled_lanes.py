"""`lanes` in compiled loops: types and functions that numba learns."""

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import make_array

_INT = ir.IntType(32)


class Lanes(types.Type):
    """Type of a vector in compiled code.

    Parameters
    ----------
    name : str
    element : llvmlite.ir.Type
    count : int
    """

    def __init__(self, name, element, count):
        self.vector = ir.VectorType(element, count)
        super().__init__(name)


F8 = Lanes("f32x8", ir.FloatType(), 8)
U8 = Lanes("u32x8", _INT, 8)
D4 = Lanes("f64x4", ir.DoubleType(), 4)
_OF_ARRAYS = {types.float32: F8, types.uint32: U8, types.float64: D4}


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    """A vector in a register."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, kind.vector)


def _operator(function, instructions):
    """Teach numba an operator between two vectors of one kind."""
    cases = [signature(kind, kind, kind) for kind in instructions]
    infer_global(function)(type("Template", (ConcreteTemplate,), {"cases": cases}))
    for kind, instruction in instructions.items():

        def lower(context, builder, found, arguments, instruction=instruction):  # noqa: ARG001 (numba's form)
            return getattr(builder, instruction)(*arguments)

        lower_builtin(function, kind, kind)(lower)


_operator(operator.add, {F8: "fadd", D4: "fadd", U8: "add"})
_operator(operator.sub, {F8: "fsub", D4: "fsub", U8: "sub"})
_operator(operator.mul, {F8: "fmul", D4: "fmul", U8: "mul"})
_operator(operator.truediv, {F8: "fdiv", D4: "fdiv"})
_operator(operator.and_, {U8: "and_"})
_operator(operator.or_, {U8: "or_"})
_operator(operator.xor, {U8: "xor"})


def _constant(values, kind=_INT):
    values = list(values)
    return ir.Constant(ir.VectorType(kind, len(values)), values)


def _repeat(builder, value, count):
    vector = builder.insert_element(_constant([ir.Undefined] * count, value.type), value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(vector, vector, _constant([0] * count))


def _address(context, builder, array_type, array, index, vector):
    data = make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


@intrinsic
def splat(typing, value):  # noqa: ARG001 (numba's form)
    """A vector that repeats a float32, an unsigned 32-bit integer or a float64."""
    kind = _OF_ARRAYS[value]
    return kind(value), lambda _, builder, __, given: _repeat(builder, given[0], kind.vector.count)


@intrinsic
def load(typing, array, index):  # noqa: ARG001
    """Numbers of a contiguous array, from a position in its memory on."""
    kind = _OF_ARRAYS[array.dtype]

    def code(context, builder, found, given):
        value = builder.load(_address(context, builder, found.args[0], *given, kind.vector))
        value.align = array.dtype.bitwidth // 8
        return value

    return kind(array, types.intp), code


@intrinsic
def store(typing, array, index, value):  # noqa: ARG001
    """Write a vector to a contiguous array, at a position in its memory."""

    def code(context, builder, found, given):
        done = builder.store(given[2], _address(context, builder, found.args[0], *given[:2], value.vector))
        done.align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, types.intp, value), code


@intrinsic
def pack(typing, a, b, c, d):  # noqa: ARG001
    """Four float64 as a vector."""

    def code(_, builder, __, given):
        vector = _constant([ir.Undefined] * 4, ir.DoubleType())
        for k, value in enumerate(given):
            vector = builder.insert_element(vector, value, ir.Constant(_INT, k))
        return vector

    return D4(a, b, c, d), code


@intrinsic
def unpack(typing, vector):  # noqa: ARG001
    """The four float64 of a vector."""
    result = types.UniTuple(types.float64, 4)

    def code(context, builder, _, given):
        values = [builder.extract_element(given[0], ir.Constant(_INT, k)) for k in range(4)]
        return context.make_tuple(builder, result, values)

    return result(vector), code


@intrinsic
def counted(typing):  # noqa: ARG001
    """The integers 0 to 7."""
    return U8(), lambda *_: _constant(range(8))


def _shuffle(places):
    """A function of two vectors: the numbers at places of both, one behind the other."""

    @intrinsic
    def shuffle(typing, one, two):  # noqa: ARG001
        return one(one, two), lambda _, builder, __, given: builder.shuffle_vector(*given, _constant(places))

    return shuffle


#: numbers 1 and 5 of the first vector at 0 and 4, else those of the second
shared_to_alone = _shuffle([1, 9, 10, 11, 5, 13, 14, 15])
ones_low, ones_high = _shuffle([0, 8, 2, 10, 4, 12, 6, 14]), _shuffle([1, 9, 3, 11, 5, 13, 7, 15])
twos_low, twos_high = _shuffle([0, 1, 8, 9, 4, 5, 12, 13]), _shuffle([2, 3, 10, 11, 6, 7, 14, 15])
fours_low, fours_high = _shuffle([0, 1, 2, 3, 8, 9, 10, 11]), _shuffle([4, 5, 6, 7, 12, 13, 14, 15])
#: real and imaginary parts of eight complex numbers in two vectors, and back
evens, odds = _shuffle(range(0, 16, 2)), _shuffle(range(1, 16, 2))
woven_low, woven_high = _shuffle([0, 8, 1, 9, 2, 10, 3, 11]), _shuffle([4, 12, 5, 13, 6, 14, 7, 15])


def _conversion(kind, result, instruction):
    @intrinsic
    def convert(typing, value):  # noqa: ARG001
        return result(kind), lambda _, builder, __, given: getattr(builder, instruction)(given[0], result.vector)

    return convert


bits_of, floats_of = _conversion(F8, U8, "bitcast"), _conversion(U8, F8, "bitcast")
#: whole numbers between -2^31 and 2^31, towards zero
to_floats, to_integers = _conversion(U8, F8, "sitofp"), _conversion(F8, U8, "fptosi")


def _shift(instruction):
    @intrinsic
    def shift(typing, value, count):  # noqa: ARG001
        if not isinstance(count, types.IntegerLiteral):
            return None
        by = _constant([count.literal_value] * 8)
        return U8(U8, count), lambda _, builder, __, given: getattr(builder, instruction)(given[0], by)

    shift.prefer_literal = True
    return shift


shifted_right, shifted_left = _shift("lshr"), _shift("shl")


@intrinsic
def products(typing, one, two):  # noqa: ARG001
    """Upper and lower 32 bits of the products.

    Numbers at even and at odd places are multiplied apart, as the low halves of four 64-bit numbers.
    """
    wide, result = ir.VectorType(ir.IntType(64), 4), types.UniTuple(U8, 2)
    evens_first = [k if k % 2 == 0 else 8 + k for k in range(8)]

    def code(context, builder, _, given):
        half, low = _constant([32] * 4, ir.IntType(64)), _constant([0xFFFFFFFF] * 4, ir.IntType(64))
        one, two = (builder.bitcast(value, wide) for value in given)
        even = builder.mul(builder.and_(one, low), builder.and_(two, low))
        odd = builder.mul(builder.lshr(one, half), builder.lshr(two, half))
        pairs = ((builder.lshr(even, half), odd), (even, builder.shl(odd, half)))
        parts = [
            builder.shuffle_vector(*(builder.bitcast(value, U8.vector) for value in pair), _constant(evens_first))
            for pair in pairs
        ]
        return context.make_tuple(builder, result, parts)

    return result(one, two), code


@intrinsic
def where_less(typing, one, two, then, otherwise):  # noqa: ARG001
    """`then` where one < two, else `otherwise`."""

    def code(_, builder, __, given):
        return builder.select(builder.fcmp_ordered("<", given[0], given[1]), given[2], given[3])

    return then(one, two, then, otherwise), code


@intrinsic
def root(typing, value):  # noqa: ARG001
    """Square roots."""

    def code(_, builder, __, given):
        kind = F8.vector
        sqrt = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), "llvm.sqrt.v8f32")
        return builder.call(sqrt, given)

    return F8(value), code
