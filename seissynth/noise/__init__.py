"""Noise of records: Peterson's models, and windows cut from real records."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "models": "LONGEST_PERIOD_S MODELS model_noise model_psd prepare_noise station_noise",
    "recorded": "FLAT_SAMPLES SAME_RATE StreamNoise",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
