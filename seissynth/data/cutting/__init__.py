"""Windows of earthquakes and noise cut from continuous records."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "CutReport": "cut",
    "CutSettings": "cut",
    "RULES": "cut",
    "UNITS": "settings",
    "REPORT": "cut",
    "cut_events": "cut",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
