"""seissynth: realistic synthetic earthquake records from an event and a network, as ObsPy Streams.

>>> import seissynth
>>> inventory, event = seissynth.read_example()
>>> st = seissynth.generate(inventory, event)
"""

__version__ = "0.1.0"

#: public name -> module that holds it; loaded when it is first used, so that the import stays quick
_PUBLIC = {
    "generate": "seissynth.synthesis",
    "iter_generate": "seissynth.synthesis",
    "continuous": "seissynth.continuous_records",
    "explain": "seissynth.explanation",
    "picks": "seissynth.explanation",
    "Ensemble": "seissynth.ensemble",
    "read_example": "seissynth.example",
    "list_backends": "seissynth.backends.registry",
    "get_backend": "seissynth.backends.registry",
    "register_backend": "seissynth.backends.registry",
    "Backend": "seissynth.backends.base",
    "Card": "seissynth.backends.base",
    "Records": "seissynth.records",
    "write": "seissynth.data.files",
    "read_asdf": "seissynth.data.asdf",
    "reproduce": "seissynth.reproduction",
    "make_dataset": "seissynth.data.factory",
    "plan_dataset": "seissynth.data.factory",
    "DrawnEarthquakes": "seissynth.data.drawn_earthquakes",
}

__all__ = [*_PUBLIC, "__version__"]


#: modules that can be reached as attributes without importing them first
_MODULES = ("errors", "plotting", "schema", "signal", "testing", "traveltime", "units")


def __getattr__(name):
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"seissynth.{name}")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'seissynth' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_PUBLIC, *_MODULES})
