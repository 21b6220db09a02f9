"""Transforms between records and the input of models: arrays in, arrays out, each with its inverse.

A representation is a frozen configuration. Values learned from a training set (floors, means, scales) are in a separate
statistics object, which can be converted to plain data for the header of a weights file.
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
