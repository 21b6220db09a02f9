"""Training of HEGGS: its data, its folder, subsequent fits, and the history of weights."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "train": "FREE RECIPES SPREAD_PAIRS train_heggs",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
