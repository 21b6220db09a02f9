"""Data sets made by a backend, from a catalogue or drawn earthquakes, in shards that survive a kill."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "make": "DatasetReport make_dataset plan_dataset",
    "drawn_earthquakes": "Box Circle DrawnEarthquakes Polygon around_station",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
