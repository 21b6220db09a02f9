"""seissynth: realistic synthetic earthquake records from an event and a network, as ObsPy Streams.

>>> import seissynth
>>> inventory, event = seissynth.read_example()
>>> st = seissynth.generate(inventory, event)
"""

from typing import TYPE_CHECKING

from seissynth.shared.former_names import CORE, keep_former_names
from seissynth.shared.lazy import lazy

if TYPE_CHECKING:  # what type checkers see of the table below
    from seissynth.backends.base import Backend as Backend
    from seissynth.backends.base import Card as Card
    from seissynth.backends.registry import get_backend as get_backend
    from seissynth.backends.registry import list_backends as list_backends
    from seissynth.backends.registry import register_backend as register_backend
    from seissynth.continuous_records import continuous as continuous
    from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes as DrawnEarthquakes
    from seissynth.data.factory.make import make_dataset as make_dataset
    from seissynth.data.factory.make import plan_dataset as plan_dataset
    from seissynth.ensemble import Ensemble as Ensemble
    from seissynth.evaluation.flatfiles.fit_terms import fit_station_terms as fit_station_terms
    from seissynth.example import read_example as read_example
    from seissynth.explanation import explain as explain
    from seissynth.explanation import picks as picks
    from seissynth.io.asdf import read_asdf as read_asdf
    from seissynth.io.files import write as write
    from seissynth.picked_delays import fit_station_delays as fit_station_delays
    from seissynth.records import Records as Records
    from seissynth.report.evaluating import evaluate as evaluate
    from seissynth.report.flatfiles import evaluate_flatfile as evaluate_flatfile
    from seissynth.reproduction import reproduce as reproduce
    from seissynth.stations.station_terms import StationTerms as StationTerms
    from seissynth.synthesis import generate as generate
    from seissynth.synthesis import iter_generate as iter_generate

__version__ = "0.2.0"

#: module -> its public names; loaded when they are first used, to keep the import quick
_PUBLIC = {
    "synthesis": "generate iter_generate",
    "continuous_records": "continuous",
    "explanation": "explain picks",
    "ensemble": "Ensemble",
    "example": "read_example",
    "backends.registry": "list_backends get_backend register_backend",
    "backends.base": "Backend Card",
    "picked_delays": "fit_station_delays",
    "evaluation.flatfiles.fit_terms": "fit_station_terms",
    "stations.station_terms": "StationTerms",
    "records": "Records",
    "io.files": "write",
    "io.asdf": "read_asdf",
    "reproduction": "reproduce",
    "data.factory.make": "make_dataset plan_dataset",
    "data.factory.drawn_earthquakes": "DrawnEarthquakes",
    "report.evaluating": "evaluate",
    "report.flatfiles": "evaluate_flatfile",
}

#: modules that can be reached as attributes without importing them first
_MODULES = ("errors", "plotting", "schema", "signal", "testing", "traveltime", "units")

__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC, _MODULES)
__all__ += ["__version__"]

keep_former_names(__name__, CORE)
