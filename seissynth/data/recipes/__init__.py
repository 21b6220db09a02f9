"""Recipes of published data sets, as STEAD's: which records belong, and by which rules."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "RECIPES": "recipes",
    "RecipeReport": "recipes",
    "instance": "recipes",
    "itaca": "recipes",
    "kma": "recipes",
    "prepare": "recipes",
    "scedc": "recipes",
    "stead": "recipes",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
