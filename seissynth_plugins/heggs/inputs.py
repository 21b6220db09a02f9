"""What a network sees of records, stations and earthquakes, and the way back; representation with statistics."""

from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.representations import (
    ConditionStatistics,
    ConditionVector,
    LogSpectrogram,
    SpectrogramStatistics,
)

#: columns of predicted onsets, in the order of the onset maps
ONSET_COLUMNS = ("path_p_travel_s", "path_s_travel_s")

#: parts of the plain form
_PARTS = ("spectrogram", "spectrogram_statistics", "condition", "condition_statistics", "normalised")


@dataclass(frozen=True)
class ModelInputs:
    """Log-spectrograms and condition vectors with the statistics of a training set.

    Parameters
    ----------
    spectrogram : LogSpectrogram
    statistics : SpectrogramStatistics
    condition : ConditionVector
    condition_statistics : ConditionStatistics
    normalised : bool
        Records are divided by their peak first (the rows with a star of the paper's table 3).

    Notes
    -----
    Sensors are named NET.STA; one that the training set did not hold gets the common floor.
    """

    spectrogram: LogSpectrogram
    statistics: SpectrogramStatistics
    condition: ConditionVector
    condition_statistics: ConditionStatistics
    normalised: bool = False

    def encode(self, records, sensors=None, workers=1):
        """Return standardised log-spectrograms.

        Parameters
        ----------
        records : ndarray, shape (n, 3, npts)
            Velocity, m/s, components Z, N, E, in the band.
        sensors : sequence of str, optional
        workers : int

        Returns
        -------
        ndarray, shape (n, 3, bins, frames), float32
        """
        records = np.asarray(records)
        if self.normalised:
            records, sensors = by_peak(records), None
        return self.spectrogram.encode(records, self.statistics, sensors, workers)

    def decode(self, encoded, seeds, *, iterations=32, phase=None, workers=1):
        """Return records of log-spectrograms, shape (n, 3, npts); see `LogSpectrogram.decode`."""
        return self.spectrogram.decode(
            encoded, self.statistics, seeds=seeds, phase=phase, n_iter=iterations, workers=workers
        )

    def conditions(self, columns):
        """Return condition vectors of a table or mapping of schema columns, shape (n, size), float32."""
        return self.condition.encode(columns, self.condition_statistics)

    def to_plain(self):
        """Return plain data: the normalisation in the header of a weights file."""
        return {
            "spectrogram": self.spectrogram.to_dict(),
            "spectrogram_statistics": self.statistics.to_dict(),
            "condition": self.condition.to_dict(),
            "condition_statistics": self.condition_statistics.to_dict(),
            "normalised": self.normalised,
        }

    @classmethod
    def from_plain(cls, plain):
        """Make inputs of what `to_plain` returned; an InputError says what is missing or wrong."""
        missing = [name for name in _PARTS if name not in plain]
        if missing:
            raise InputError(f"the normalisation of HEGGS lacks {', '.join(missing)}.")
        condition = plain["condition"]
        return cls(
            LogSpectrogram.from_dict(plain["spectrogram"]),
            SpectrogramStatistics.from_dict(plain["spectrogram_statistics"]),
            ConditionVector(condition["encoding"], tuple(condition["extras"])),
            ConditionStatistics.from_dict(plain["condition_statistics"]),
            bool(plain["normalised"]),
        )


def by_peak(records):
    """Return each record divided by its largest absolute value over all components (a silent one stays silent)."""
    peak = np.abs(records).max(axis=(1, 2), keepdims=True)
    return records / np.where(peak > 0, peak, 1.0)


def predicted_onsets(columns):
    """Return predicted P and S, s after origin, shape (n, 2), float32; NaN where they are unknown."""
    first = np.asarray(columns["source_magnitude"])
    values = [np.asarray(columns[name], dtype=float) if name in columns else np.nan for name in ONSET_COLUMNS]
    return np.stack([np.broadcast_to(value, first.shape) for value in values], axis=1).astype(np.float32)
