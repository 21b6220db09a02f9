"""Noise of records: Peterson's models, and windows cut from real records."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "LONGEST_PERIOD_S": "models",
    "MODELS": "models",
    "model_noise": "models",
    "model_psd": "models",
    "prepare_noise": "models",
    "station_noise": "models",
    "FLAT_SAMPLES": "recorded",
    "SAME_RATE": "recorded",
    "StreamNoise": "recorded",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
