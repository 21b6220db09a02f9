"""Ways between records and what a model sees: arrays in, arrays out, each with its inverse.

A representation is a frozen configuration; what was learned from a training set (floors, means, scales) is a
statistics object beside it, which turns into plain data for the header of a weights file.
"""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "log_spectrogram": "LogSpectrogram",
    "spectrogram_statistics": "SpectrogramStatistics fit_spectrogram_statistics",
    "scaled_waveform": "ScaledWaveform ScaleStatistics",
    "condition_vectors": "ConditionVector ConditionStatistics",
    "onset_maps": "onset_ramps",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
