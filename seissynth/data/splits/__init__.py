"""Splits into training, validation and test parts, by blocks of time or by event, and checks for leakage."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "split": (
        "Leakage PARTS PURGED check_leakage kfold_by_time purge split_by_event split_by_place split_by_region "
        "split_by_station split_by_time split_random"
    ),
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
