"""Training HEGGS: its data, its folder, what is fitted after it, and what weights came from."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "FREE": "train",
    "RECIPES": "train",
    "SPREAD_PAIRS": "train",
    "train_heggs": "train",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
