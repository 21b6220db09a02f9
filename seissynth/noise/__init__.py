"""Noise of records: by station, Peterson's models, windows cut from real records, and noise put in front of records."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "ambient": "ambient_psd",
    "front": "has_noise noise_like put_noise_in_front",
    "models": "AUTO LONGEST_PERIOD_S MODELS NAMES model_noise model_psd prepare_noise station_noise",
    "recorded": "FLAT_SAMPLES SAME_RATE StreamNoise",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
