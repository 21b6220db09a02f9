"""Python's collector of cyclic garbage, out of the way where many objects without cycles are made."""

import contextlib
import gc


@contextlib.contextmanager
def collector_paused():
    """Let Python's collector of cyclic garbage wait: it looks at each new object, and with many at all of the process.

    Examples
    --------
    >>> import gc
    >>> from seissynth.shared.collector import collector_paused
    >>> with collector_paused():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
