"""Training SWaG: records moved in time, the loss, and the trainer."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "train": "RECIPES train_swag",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
