"""Baselines without training, copies with a known fault, and the reference for arrival times."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "untrained": "NEAREST expected_level nearest_mean nearest_real_records other_stations_mean representation_alone",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
