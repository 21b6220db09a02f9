"""Records that need no training, copies with a known fault, and the ruler that arrivals are held against."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "NEAREST": "untrained",
    "expected_level": "untrained",
    "nearest_mean": "untrained",
    "nearest_real_records": "untrained",
    "other_stations_mean": "untrained",
    "representation_alone": "untrained",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
