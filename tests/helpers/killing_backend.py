"""A backend that kills its own process, once, in the middle of a block; for tests of taking up again."""

import os
import signal
from dataclasses import replace
from pathlib import Path

from seissynth.testing.check import Ricker


class Killing(Ricker):
    """Ricker wavelets; the process dies when it is asked for the event `at`.

    Parameters
    ----------
    flag : str
        File that is made just before; while it exists nothing is killed.
    at : str
        Event key.
    """

    card = replace(Ricker.card, name="killing")

    def __init__(self, *, flag="", at="", **common):
        super().__init__(**common)
        self.flag, self.at = flag, at

    def simulate(self, conditions, **request):
        if self.flag and (conditions["source_id"] == self.at).any() and not Path(self.flag).exists():
            Path(self.flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().simulate(conditions, **request)
