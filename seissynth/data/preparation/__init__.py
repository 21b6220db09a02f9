"""Steps from raw windows to what a network is trained on."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "Bandpass": "preparation",
    "Detrend": "preparation",
    "Pad": "preparation",
    "PeakScale": "preparation",
    "Prepared": "preparation",
    "Resample": "preparation",
    "Rotate": "preparation",
    "STEPS": "preparation",
    "Step": "preparation",
    "Taper": "steps",
    "ZScore": "steps",
    "check_choice": "steps",
    "FORMAT": "preparation",
    "Preparation": "preparation",
    "heggs_preparation": "preparation",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
