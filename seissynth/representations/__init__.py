"""Ways between records and what a model sees: arrays in, arrays out, each with its inverse.

A representation is a frozen configuration; what was learned from a training set (floors, means, scales) is a
statistics object beside it, which turns into plain data for the header of a weights file.
"""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "LogSpectrogram": "log_spectrogram",
    "SpectrogramStatistics": "spectrogram_statistics",
    "fit_spectrogram_statistics": "spectrogram_statistics",
    "ScaledWaveform": "scaled_waveform",
    "ScaleStatistics": "scaled_waveform",
    "ConditionVector": "condition_vectors",
    "ConditionStatistics": "condition_vectors",
    "onset_ramps": "onset_maps",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
