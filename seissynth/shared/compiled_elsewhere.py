"""Compilation of a kernel by another process, into numba's cache on disk, while this one goes on.

numba compiles one function at a time in a process, whatever the threads, so that two processors wait for one.
"""

import atexit
import contextlib
import importlib
import multiprocessing
import subprocess
import sys
from pathlib import Path

#: after so long this process compiles the kernel itself, s
_LONGEST_S = 60.0


class CompiledElsewhere:
    """One kernel, and the function whose call compiles it.

    Parameters
    ----------
    kernel : str
        Module and name of a function that `_numba.jit` decorates, with a colon between.
    caller : str
        Likewise, of a function without arguments that calls it with its usual types.
    """

    def __init__(self, kernel, caller):
        self.kernel = kernel
        self.caller = caller
        self._process = None

    def start(self):
        """Start the other process, if the kernel would be compiled in this one otherwise.

        Nothing is started where the result could not be shared, without a cache on disk, or without a Python
        interpreter to start; nor in a worker process, of which there may be as many as processors.
        """
        if self._process is not None or not _is_python() or multiprocessing.parent_process() is not None:
            return
        module, name = self.kernel.split(":")
        if not is_to_be_compiled(getattr(importlib.import_module(module), name)):
            return
        module, name = self.caller.split(":")
        code = f"import gc, sys; gc.disable(); sys.path[:] = {sys.path!r}; from {module} import {name}; {name}()"
        nothing, no_window = subprocess.DEVNULL, getattr(subprocess, "CREATE_NO_WINDOW", 0)  # of Windows
        with contextlib.suppress(OSError):  # no process to be had: this one compiles
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", code],
                stdin=nothing, stdout=nothing, stderr=nothing, creationflags=no_window,
            )  # fmt: skip
            atexit.register(self._end)

    @property
    def running(self):
        """Whether the other process is at work."""
        return self._process is not None and self._process.poll() is None

    def wait(self):
        """Return when the kernel is in the cache, or when nothing will put it there."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LONGEST_S)

    def _end(self):
        """Leave no process behind."""
        if self.running:
            self._process.kill()
            self._process.wait()


def is_to_be_compiled(kernel):
    """Whether a kernel has a cache on disk, which holds nothing of it, or of an earlier version of its file only.

    Examples
    --------
    >>> from seissynth.shared.compiled_elsewhere import is_to_be_compiled
    >>> is_to_be_compiled(len)
    False
    """
    if getattr(kernel, "signatures", True):  # compiled already, or not at all with NUMBA_DISABLE_JIT
        return False
    folder = kernel.stats.cache_path
    if folder is None:
        return False
    function = kernel.py_func
    source = Path(function.__code__.co_filename)
    newest = max((index.stat().st_mtime for index in Path(folder).glob(f"{_stem(function)}-*.nbi")), default=-1.0)
    return not newest > source.stat().st_mtime


def _stem(function):
    """How the names of numba's cache files of a function begin."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"


def _is_python():
    """Whether this process is a Python interpreter's, and not a program that holds one."""
    return bool(sys.executable) and Path(sys.executable).name.lower().startswith("python")
