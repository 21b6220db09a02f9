"""Steps from raw windows to the input of a network."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "preparation": (
        "Bandpass Detrend Pad PeakScale Prepared Resample Rotate STEPS Step FORMAT Preparation heggs_preparation"
    ),
    "steps": "Taper ZScore check_choice",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
