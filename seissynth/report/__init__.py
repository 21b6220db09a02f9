"""Evaluation on one page: `seissynth.evaluate` and the HTML report that it writes.

A separate layer above `seissynth.evaluation` and `seissynth.plotting`: numbers come from the first, which runs on
training machines without ObsPy and matplotlib, pictures from the second, and neither depends on this package.
"""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "evaluating": "evaluate",
    "flatfiles": "evaluate_flatfile",
    "writing": "write_report",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
