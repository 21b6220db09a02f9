"""Training HEGGS: its data, its folder, what is fitted after it, and what weights came from."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "train": "FREE RECIPES SPREAD_PAIRS train_heggs",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
