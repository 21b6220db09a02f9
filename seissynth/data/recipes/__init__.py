"""Recipes of published data sets, such as STEAD: selection of records by the rules of the papers."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "recipes": "RECIPES RecipeReport instance itaca kma prepare scedc stead",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
