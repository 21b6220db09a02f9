"""Parts for training, validation and test, by blocks of time and by event, and what leaks between them."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "Leakage": "split",
    "PARTS": "split",
    "PURGED": "split",
    "check_leakage": "split",
    "kfold_by_time": "split",
    "purge": "split",
    "split_by_event": "split",
    "split_by_place": "split",
    "split_by_region": "split",
    "split_by_station": "split",
    "split_by_time": "split",
    "split_random": "split",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
