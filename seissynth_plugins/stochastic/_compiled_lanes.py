"""`lanes` in compiled loops: functions that write a loop's instructions themselves.

numba reads a function instruction by instruction, and needs some 50 ms for each function and a millisecond for each
operation. A function under `inline` is called by Python instead, with values that note what is done to them as
instructions of the loop. It may use these values, numbers and loops that do not depend on values, and nothing else.
"""

import operator
from contextlib import contextmanager

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, ConcreteTemplate, infer_global, signature
from numba.extending import models, register_model
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
_OF_NUMBERS = {
    np.float32: (types.float32, ir.FloatType()), np.uint32: (types.uint32, _INT),
    np.float64: (types.float64, ir.DoubleType()), float: (types.float64, ir.DoubleType()),
    int: (types.intp, ir.IntType(64)),
}  # fmt: skip
_FLOATS = (F8, D4, types.float32, types.float64)
#: context and builder of the loop that is being compiled; None while the types of its results are found
_writing = []


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    """A vector in a register."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, kind.vector)


class Value:
    """A number, vector or array of a loop that is being compiled.

    Parameters
    ----------
    kind : numba.types.Type
    code : llvmlite.ir.Value, optional
        None while types are found.
    """

    def __init__(self, kind, code=None):
        self.kind, self.code = kind, code

    def __add__(self, other):
        return _instruction("fadd" if self.kind in _FLOATS else "add", self, other)

    def __sub__(self, other):
        return _instruction("fsub" if self.kind in _FLOATS else "sub", self, other)

    def __rsub__(self, other):
        return _value(other) - self

    def __mul__(self, other):
        return _instruction("fmul" if self.kind in _FLOATS else "mul", self, other)

    def __rmul__(self, other):
        return _value(other) * self

    def __radd__(self, other):
        return _value(other) + self

    def __truediv__(self, other):
        return _instruction("fdiv", self, other)

    def __and__(self, other):
        return _instruction("and_", self, other)

    def __or__(self, other):
        return _instruction("or_", self, other)

    def __xor__(self, other):
        return _instruction("xor", self, other)


def inline(function):
    """Let compiled loops call a function by writing its instructions into them.

    Parameters
    ----------
    function : callable
        Of values; returns a value, a tuple of them or None.

    Returns
    -------
    callable
        `function` itself.
    """

    class Template(AbstractTemplate):
        key = function

        def generic(self, kinds, named):
            if named:
                return None
            with _writing_to(None):
                return signature(_kind_of(function(*[_given(kind) for kind in kinds])), *kinds)

    def write(context, builder, found, arguments):
        with _writing_to((context, builder)):
            result = function(*map(_given, found.args, arguments))
            return _returned(context, builder, found.return_type, result)

    infer_global(function, types.Function(Template))
    lower_builtin(function, types.VarArg(types.Any))(write)
    return function


@contextmanager
def _writing_to(place):
    _writing.append(place)
    try:
        yield
    finally:
        _writing.pop()


def _given(kind, code=None):
    kind = types.unliteral(kind)
    if not isinstance(kind, types.BaseTuple):
        return Value(kind, code)
    if code is None:
        return tuple(map(_given, kind))
    return tuple(map(_given, kind, cgutils.unpack_tuple(_writing[-1][1], code, len(kind))))


def _kind_of(result):
    if result is None:
        return types.void
    if isinstance(result, tuple):
        return types.BaseTuple.from_types([_kind_of(part) for part in result])
    return _value(result).kind


def _returned(context, builder, kind, result):
    if result is None:
        return context.get_dummy_value()
    if isinstance(result, tuple):
        parts = [_returned(context, builder, *both) for both in zip(kind, result, strict=True)]
        return context.make_tuple(builder, kind, parts)
    return _value(result).code


def _value(number):
    """A value, or a number as one."""
    if isinstance(number, Value):
        return number
    kind, code = _OF_NUMBERS[type(number)]
    return Value(kind, ir.Constant(code, number.item() if isinstance(number, np.generic) else number))


def _written(kind, write, *values):
    """The value that `write` gives, a function of builder and instructions."""
    if _writing[-1] is None:
        return Value(kind)
    return Value(kind, write(_writing[-1][1], *[_value(value).code for value in values]))


def _instruction(name, *values):
    """What an instruction makes of values of one kind."""
    values = [_value(value) for value in values]
    kind = values[0].kind
    if any(value.kind != kind for value in values):
        raise TypeError(f"{name} of {' and '.join(str(value.kind) for value in values)}")
    return _written(kind, lambda builder, *codes: getattr(builder, name)(*codes), *values)


def _operator(function, name, kinds):
    """Teach numba an operator between two vectors of one kind."""
    cases = [signature(kind, kind, kind) for kind in kinds]
    infer_global(function)(type("Template", (ConcreteTemplate,), {"cases": cases}))

    def write(context, builder, found, arguments):
        with _writing_to((context, builder)):
            return getattr(operator, name)(*map(_given, found.args, arguments)).code

    for kind in kinds:
        lower_builtin(function, kind, kind)(write)


for _name in ("add", "sub", "mul"):
    _operator(getattr(operator, _name), _name, (F8, D4, U8))
_operator(operator.truediv, "truediv", (F8, D4))


def _constants(values, kind=_INT):
    values = list(values)
    return ir.Constant(ir.VectorType(kind, len(values)), values)


def _repeated(builder, number, count):
    vector = builder.insert_element(_constants([ir.Undefined] * count, number.type), number, ir.Constant(_INT, 0))
    return builder.shuffle_vector(vector, vector, _constants([0] * count))


def _address(array, index, kind=None):
    """Pointer to a place in an array, for a vector or one number."""
    context, builder = _writing[-1]
    place = builder.gep(make_array(array.kind)(context, builder, array.code).data, [index.code])
    return place if kind is None else builder.bitcast(place, kind.vector.as_pointer())


def _aligned(instruction, array):
    instruction.align = array.kind.dtype.bitwidth // 8
    return instruction


@inline
def splat(number):
    """A vector that repeats a float32, an unsigned 32-bit integer or a float64."""
    number = _value(number)
    kind = _OF_ARRAYS[number.kind]
    return _written(kind, lambda builder, code: _repeated(builder, code, kind.vector.count), number)


@inline
def single(number):
    """A float64 as float32."""
    return _written(types.float32, lambda builder, code: builder.fptrunc(code, ir.FloatType()), _value(number))


@inline
def double(number):
    """A float32 as float64."""
    return _written(types.float64, lambda builder, code: builder.fpext(code, ir.DoubleType()), _value(number))


@inline
def word(number):
    """The lower 32 bits of an integer."""
    return _written(types.uint32, lambda builder, code: builder.trunc(code, _INT), _value(number))


@inline
def element(array, index):
    """The number of a contiguous array at a position in its memory."""
    place = _value(index)
    return _written(array.kind.dtype, lambda builder, *_: builder.load(_address(array, place)), array, place)


@inline
def put(array, index, number):
    """Write a number to a contiguous array, at a position in its memory."""
    place = _value(index)
    if _writing[-1] is not None:
        _writing[-1][1].store(_value(number).code, _address(array, place))


@inline
def load(array, index):
    """Numbers of a contiguous array, from a position in its memory on."""
    kind, place = _OF_ARRAYS[array.kind.dtype], _value(index)
    return _written(
        kind, lambda builder, *_: _aligned(builder.load(_address(array, place, kind)), array), array, place
    )  # fmt: skip


@inline
def store(array, index, vector):
    """Write a vector to a contiguous array, at a position in its memory."""
    place = _value(index)
    if _writing[-1] is not None:
        builder = _writing[-1][1]
        _aligned(builder.store(vector.code, _address(array, place, vector.kind)), array)


@inline
def pack(a, b, c, d):
    """Four float64 as a vector."""

    def write(builder, *codes):
        vector = _constants([ir.Undefined] * 4, ir.DoubleType())
        for k, code in enumerate(codes):
            vector = builder.insert_element(vector, code, ir.Constant(_INT, k))
        return vector

    return _written(D4, write, a, b, c, d)


@inline
def unpack(vector):
    """The four float64 of a vector."""
    return tuple(
        _written(types.float64, lambda builder, code, k=k: builder.extract_element(code, ir.Constant(_INT, k)), vector)
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
        return _written(
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
        return _written(result, lambda builder, code: getattr(builder, instruction)(code, result.vector), vector)

    return convert


bits_of, floats_of = _conversion(U8, "bitcast"), _conversion(F8, "bitcast")
#: whole numbers between -2^31 and 2^31, towards zero
to_floats, to_integers = _conversion(F8, "sitofp"), _conversion(U8, "fptosi")


def _shift(instruction):
    def shift(vector, count):
        return _instruction(instruction, vector, Value(U8, _constants([count] * 8)))

    return shift


#: by a number that does not depend on values; not for loops themselves
shifted_right, shifted_left = _shift("lshr"), _shift("shl")


@inline
def products(one, two):
    """Upper and lower 32 bits of the products.

    Numbers at even and at odd places are multiplied apart, as the low halves of four 64-bit numbers.
    """
    if _writing[-1] is None:
        return Value(U8), Value(U8)
    builder, wide = _writing[-1][1], ir.VectorType(ir.IntType(64), 4)
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
    return _written(
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

    return _written(F8, write, vector)
