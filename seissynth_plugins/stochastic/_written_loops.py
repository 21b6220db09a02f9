"""Functions that write the instructions of compiled loops themselves, and values that they do it with.

numba reads a function instruction by instruction, and needs some 50 ms for each function and a millisecond for each
operation. A function under `inline` is called by Python instead, with values that note what is done to them as
instructions of the loop. It may use these values, numbers and loops that do not depend on values, and nothing else.
"""

from contextlib import contextmanager

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import models, register_model

INT = ir.IntType(32)


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
U8 = Lanes("u32x8", INT, 8)
D4 = Lanes("f64x4", ir.DoubleType(), 4)
OF_ARRAYS = {types.float32: F8, types.uint32: U8, types.float64: D4}
_OF_NUMBERS = {
    np.float32: (types.float32, ir.FloatType()), np.uint32: (types.uint32, INT),
    np.float64: (types.float64, ir.DoubleType()), float: (types.float64, ir.DoubleType()),
    int: (types.intp, ir.IntType(64)),
}  # fmt: skip
_FLOATS = (F8, D4, types.float32, types.float64)
#: context and builder of the loop that is being compiled; None while the types of its results are found
place_of_writing = []


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
        return operation("fadd" if self.kind in _FLOATS else "add", self, other)

    def __sub__(self, other):
        return operation("fsub" if self.kind in _FLOATS else "sub", self, other)

    def __rsub__(self, other):
        return value_of(other) - self

    def __mul__(self, other):
        return operation("fmul" if self.kind in _FLOATS else "mul", self, other)

    def __rmul__(self, other):
        return value_of(other) * self

    def __radd__(self, other):
        return value_of(other) + self

    def __truediv__(self, other):
        return operation("fdiv", self, other)

    def __and__(self, other):
        return operation("and_", self, other)

    def __or__(self, other):
        return operation("or_", self, other)

    def __xor__(self, other):
        return operation("xor", self, other)


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
            with writing_to(None):
                return signature(_kind_of(function(*[given(kind) for kind in kinds])), *kinds)

    def write(context, builder, found, arguments):
        with writing_to((context, builder)):
            result = function(*map(given, found.args, arguments))
            return _returned(context, builder, found.return_type, result)

    infer_global(function, types.Function(Template))
    lower_builtin(function, types.VarArg(types.Any))(write)
    return function


@contextmanager
def writing_to(place):
    """Let values write to a context and builder, or, with None, find their types alone."""
    place_of_writing.append(place)
    try:
        yield
    finally:
        place_of_writing.pop()


def given(kind, code=None):
    """A loop's value, or the values of a tuple."""
    kind = types.unliteral(kind)
    if not isinstance(kind, types.BaseTuple):
        return Value(kind, code)
    if code is None:
        return tuple(map(given, kind))
    return tuple(map(given, kind, cgutils.unpack_tuple(place_of_writing[-1][1], code, len(kind))))


def _kind_of(result):
    if result is None:
        return types.void
    if isinstance(result, tuple):
        return types.BaseTuple.from_types([_kind_of(part) for part in result])
    return value_of(result).kind


def _returned(context, builder, kind, result):
    if result is None:
        return context.get_dummy_value()
    if isinstance(result, tuple):
        parts = [_returned(context, builder, *both) for both in zip(kind, result, strict=True)]
        return context.make_tuple(builder, kind, parts)
    return value_of(result).code


def value_of(number):
    """A value, or a number as one."""
    if isinstance(number, Value):
        return number
    kind, code = _OF_NUMBERS[type(number)]
    return Value(kind, ir.Constant(code, number.item() if isinstance(number, np.generic) else number))


def written(kind, write, *values):
    """The value that `write` gives, a function of builder and instructions."""
    if place_of_writing[-1] is None:
        return Value(kind)
    return Value(kind, write(place_of_writing[-1][1], *[value_of(value).code for value in values]))


def operation(name, *values):
    """What an instruction makes of values of one kind."""
    values = [value_of(value) for value in values]
    kind = values[0].kind
    if any(value.kind != kind for value in values):
        raise TypeError(f"{name} of {' and '.join(str(value.kind) for value in values)}")
    return written(kind, lambda builder, *codes: getattr(builder, name)(*codes), *values)
