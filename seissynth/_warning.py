"""Warnings that point at the user's line, however deep in the package they arise."""

import sys
import warnings
from pathlib import Path

from seissynth.errors import SeisSynthWarning

_OURS = tuple(str(Path(__file__).resolve().parents[1] / name) + "/" for name in ("seissynth", "seissynth_plugins"))


def warn_user(message):
    """Warn with `SeisSynthWarning` at the innermost line that belongs neither to seissynth nor to its plugins."""
    frame, level = sys._getframe(1), 2
    while frame is not None and Path(frame.f_code.co_filename).as_posix().startswith(_OURS):
        frame, level = frame.f_back, level + 1
    # when all frames are ours (the command line in a process of its own), the outermost one is named
    warnings.warn(message, SeisSynthWarning, stacklevel=level)
