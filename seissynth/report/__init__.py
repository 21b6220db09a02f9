"""Evaluation on one page: `seissynth.evaluate` and the HTML report that it writes.

A floor of its own above `seissynth.evaluation` and `seissynth.plotting`: numbers come from the one, which runs on
training machines without ObsPy and matplotlib, pictures from the other, and neither knows of this one.
"""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {"evaluate": "evaluating", "write_report": "writing"}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
