"""Data sets made by a backend, from a catalogue or drawn earthquakes, in shards that survive a kill."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "DatasetReport": "make",
    "make_dataset": "make",
    "plan_dataset": "make",
    "Box": "drawn_earthquakes",
    "Circle": "drawn_earthquakes",
    "DrawnEarthquakes": "drawn_earthquakes",
    "Polygon": "drawn_earthquakes",
    "around_station": "drawn_earthquakes",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
