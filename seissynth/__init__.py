"""seissynth: realistic synthetic earthquake records from an event and a network, as ObsPy Streams.

>>> import seissynth
>>> inventory, event = seissynth.read_example()
>>> st = seissynth.generate(inventory, event)
"""

from seissynth.shared.former_names import CORE, keep_former_names
from seissynth.shared.lazy import lazy

__version__ = "0.1.0"

#: public name -> module that holds it; loaded when it is first used, so that the import stays quick
_PUBLIC = {
    "generate": "synthesis",
    "iter_generate": "synthesis",
    "continuous": "continuous_records",
    "explain": "explanation",
    "picks": "explanation",
    "Ensemble": "ensemble",
    "read_example": "example",
    "list_backends": "backends.registry",
    "get_backend": "backends.registry",
    "register_backend": "backends.registry",
    "Backend": "backends.base",
    "Card": "backends.base",
    "Records": "records",
    "write": "io.files",
    "read_asdf": "io.asdf",
    "reproduce": "reproduction",
    "make_dataset": "data.factory.make",
    "plan_dataset": "data.factory.make",
    "DrawnEarthquakes": "data.factory.drawn_earthquakes",
    "evaluate": "report.evaluating",
}

__all__ = [*_PUBLIC, "__version__"]


#: modules that can be reached as attributes without importing them first
_MODULES = ("errors", "plotting", "schema", "signal", "testing", "traveltime", "units")

__getattr__, __dir__ = lazy(globals(), _PUBLIC, _MODULES)

keep_former_names(__name__, CORE)
