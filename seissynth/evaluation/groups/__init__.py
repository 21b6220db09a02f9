"""The groups of metrics, one file each; `seissynth.evaluation.registry` lists them."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    ".registry": "GROUPS NEEDS Group",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
