"""Compilation of private kernels: cached on disk if possible, else in memory.

numba's cache raises at import when the package is in a read-only folder and no cache folder can be
made; users of such installs pay the compilation in each process instead.
"""

import numba

#: lets sums run in parallel lanes and products feed sums; NaN and infinity keep their meaning, unlike with `True`
_REASSOCIATE = frozenset({"reassoc", "contract"})


def jit(function=None, *, reassociate=False, inner=False, unchecked=False):
    """Compile a private kernel without the GIL, with the on-disk cache where it can be written.

    Parameters
    ----------
    function : callable, optional
        Left out when the decorator is called with arguments.
    reassociate : bool
        The compiler may reorder sums and fuse a product with a sum, for kernels that add up long rows: faster,
        and different from one kind of processor to another in the last digits.
    inner : bool
        Only other kernels call it: nothing that Python could call is made, which saves a fifth of the compilation, and
        it is cached within its callers.
    unchecked : bool
        A division by zero gives infinity; without a test for it in each, loops can work on several numbers at once.
    """
    if function is None:
        return lambda kernel: jit(kernel, reassociate=reassociate, inner=inner, unchecked=unchecked)
    options = {"nogil": True, **({"fastmath": set(_REASSOCIATE)} if reassociate else {})}
    if unchecked:
        options["error_model"] = "numpy"
    if inner:
        return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(function)
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function ...: no locator available"
        return numba.njit(**options)(function)
