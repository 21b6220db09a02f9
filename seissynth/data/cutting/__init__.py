"""Windows of earthquakes and noise cut from continuous records."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "cut": "CutReport CutSettings RULES REPORT cut_events",
    "settings": "UNITS",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
