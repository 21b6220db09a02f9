"""One way to compile private kernels: cached on disk where that is possible, in memory elsewhere.

numba's cache raises at import when the package lies in a read-only folder and no cache folder can be
made; users of such installs pay the compilation in each process instead.
"""

import numba


def jit(function):
    """Compile a private kernel without the GIL, with the on-disk cache where it can be written."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # "cannot cache function ...: no locator available"
        return numba.njit(nogil=True)(function)
