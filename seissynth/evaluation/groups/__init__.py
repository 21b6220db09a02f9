"""The groups of metrics, one file each; `seissynth.evaluation.registry` lists them."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {"GROUPS": ".registry", "NEEDS": ".registry", "Group": ".registry"}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
