"""What a network sees of records, stations and earthquakes, and the way back; representation with statistics."""

from dataclasses import dataclass, field

import numpy as np

from seissynth.data.pairs import PICKED
from seissynth.errors import InputError
from seissynth.evaluation.travel_times import median_delays
from seissynth.representations import (
    ConditionStatistics,
    ConditionVector,
    LogSpectrogram,
    SpectrogramStatistics,
)

#: columns of predicted onsets, in the order of the onset maps
ONSET_COLUMNS = ("path_p_travel_s", "path_s_travel_s")
#: columns that name a sensor, NET.STA
SENSOR_COLUMNS = ("station_network_code", "station_code")

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
    onset_terms : dict of str to (float, float)
        By how much P and S come later at a sensor than the velocity model says, s, median of the training set's picks;
        see `fit_onset_terms`. Empty: the model is taken as it is.

    Notes
    -----
    Sensors are named NET.STA; one that the training set did not hold gets the common floor, and the common delay.
    """

    spectrogram: LogSpectrogram
    statistics: SpectrogramStatistics
    condition: ConditionVector
    condition_statistics: ConditionStatistics
    normalised: bool = False
    onset_terms: dict = field(default_factory=dict)

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

    def onsets(self, columns):
        """Return P and S as the network takes them, s after origin, shape (n, 2), float32; NaN where they are unknown.

        Predicted onsets with the sensors' terms. Rows whose ``path_onset_origin`` is "picks" stay as they are.
        """
        onsets = predicted_onsets(columns)
        if not self.onset_terms:
            return onsets
        common = self.onset_terms[""]
        parts = [columns.get(name) for name in SENSOR_COLUMNS]
        if any(part is None for part in parts):
            names = [""] * len(onsets)
        else:
            names = [f"{network}.{station}" for network, station in zip(*parts, strict=True)]
        terms = np.array([self.onset_terms.get(name, common) for name in names], np.float32).reshape(-1, 2)
        origin = columns.get("path_onset_origin")
        if origin is not None:
            terms[np.asarray(origin) == "picks"] = 0.0
        return onsets + terms

    def to_plain(self):
        """Return plain data: the normalisation in the header of a weights file."""
        terms = {"onset_terms": {name: list(pair) for name, pair in self.onset_terms.items()}}
        return {
            "spectrogram": self.spectrogram.to_dict(),
            "spectrogram_statistics": self.statistics.to_dict(),
            "condition": self.condition.to_dict(),
            "condition_statistics": self.condition_statistics.to_dict(),
            "normalised": self.normalised,
            **(terms if self.onset_terms else {}),
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
            _checked_terms(plain.get("onset_terms", {})),
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


def fit_onset_terms(table, rows):
    """Return the median delays of picks behind predicted onsets, by sensor.

    Parameters
    ----------
    table : DataFrame
        Of `data.TrainingTable`: with ``sensor``, ``p_s``, ``s_s`` and ``trace_p_status``, ``trace_s_status``.
    rows : array of int
        The training part.

    Returns
    -------
    dict of str to (float, float)
        P and S, s; the key "" holds those of a sensor that is not known. Empty where the table has no picks, as sets of
        the factory, whose onsets are those of the velocity model.
    """
    known = table.iloc[rows]
    if not all(name in known for name in (*ONSET_COLUMNS, "trace_p_status", "trace_s_status")):
        return {}
    labels, terms = known["sensor"].to_numpy(str), []
    for phase, column in zip("ps", ONSET_COLUMNS, strict=True):
        late = (known[f"{phase}_s"] - known[column].astype(float)).to_numpy()
        picked = known[f"trace_{phase}_status"].isin(PICKED).to_numpy()
        terms.append(median_delays(late[picked], labels[picked], phase.upper()))
    names = sorted(set(terms[0]) | set(terms[1]))
    found = {name: tuple(round(one.get(name, one[""]), 4) for one in terms) for name in names}
    return found if np.any(list(found.values())) else {}


def _checked_terms(plain):
    terms = {str(name): tuple(float(value) for value in pair) for name, pair in plain.items()}
    if terms and ("" not in terms or any(len(pair) != 2 or not np.isfinite(pair).all() for pair in terms.values())):
        raise InputError("onset_terms must hold two finite delays for each sensor, and a common pair named ''.")
    return terms
