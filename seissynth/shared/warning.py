"""Warnings that point to the user's line, at any depth in the package."""

import contextlib
import sys
import warnings
from contextvars import ContextVar
from pathlib import Path

from seissynth.errors import SeisSynthWarning

_OURS = tuple(str(Path(__file__).resolve().parents[2] / name) + "/" for name in ("seissynth", "seissynth_plugins"))


#: where `warn_user` puts the warnings of a context, a list, or None where they are given
COLLECTED: ContextVar[list[str] | None] = ContextVar("collected warnings", default=None)


@contextlib.contextmanager
def collecting_warnings():
    """Collect the messages of `warn_user` in this context, a list of str, instead of warning.

    The filters of `warnings` belong to the whole process and stay unchanged; other threads warn as before.
    """
    collected = []
    token = COLLECTED.set(collected)
    try:
        yield collected
    finally:
        COLLECTED.reset(token)


def warn_user(message):
    """Warn with `SeisSynthWarning` at the innermost line that belongs neither to seissynth nor to its plugins."""
    collected = COLLECTED.get()
    if collected is not None:
        collected.append(message)
        return
    frame, level = sys._getframe(1), 2
    while frame is not None and Path(frame.f_code.co_filename).as_posix().startswith(_OURS):
        frame, level = frame.f_back, level + 1
    # when all frames are ours (the command line in its own process), the outermost one is named
    warnings.warn(message, SeisSynthWarning, stacklevel=level)
