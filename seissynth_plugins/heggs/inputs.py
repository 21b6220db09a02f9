"""Inputs of a network from records, stations and earthquakes, the way back to records, and the statistics of both."""

from dataclasses import dataclass, field, replace

import numpy as np

from seissynth.errors import InputError
from seissynth.representations import (
    ConditionStatistics,
    ConditionVector,
    LogSpectrogram,
    SpectrogramStatistics,
)
from seissynth_plugins.heggs.site_noise import SiteNoise

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
        see `onset_terms.fit_onset_terms`. Empty: no correction.
    site_noise : SiteNoise, optional
        Gains of sites and levels of noise, see `seissynth_plugins.heggs.site_noise`. None: only the
        network's prediction.

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
    site_noise: SiteNoise | None = None

    @property
    def frame_times_s(self):
        """Centres of the frames, s after origin."""
        return self.spectrogram.times_s

    @property
    def inverted(self):
        """The representation by which spectrograms become waveforms.

        Records are filtered at the band's ends and hold motion below the first bin centred within it, too. Nothing is
        asked of a network there, but gains and noise of sensors are fitted in all bins: with them one bin more goes
        into waveforms; that at 0 Hz never does.
        """
        inside = np.flatnonzero(self.spectrogram.band_mask)
        if self.site_noise is None or inside[0] < 2:
            return self.spectrogram
        return replace(self.spectrogram, low_hz=float(self.spectrogram.frequencies_hz[inside[0] - 1]))

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

    def magnitudes(self, conditions):
        """Return the magnitudes in condition vectors, shape (n,)."""
        low, span = self.condition_statistics.magnitude
        return low + span * np.asarray(conditions)[:, self.condition.names.index("source_magnitude")]

    def onsets(self, columns):
        """Return P and S as the network takes them, s after origin, shape (n, 2), float32; NaN where they are unknown.

        Predicted onsets with the sensors' terms. Rows whose ``path_onset_origin`` is "picks" are not changed.
        """
        onsets = predicted_onsets(columns)
        delayed, origin = self.delayed(onsets, sensor_names(columns)), columns.get("path_onset_origin")
        picks = np.zeros(len(onsets), bool) if origin is None else np.asarray(origin) == "picks"
        return np.where(picks[:, None], onsets, delayed)

    def delayed(self, onsets, sensors=None):
        """Return onsets of a velocity model, shape (n, 2), with the sensors' delays."""
        if not self.onset_terms:
            return onsets
        common = self.onset_terms[""]
        names = [""] * len(onsets) if sensors is None else map(str, sensors)
        return onsets + np.array([self.onset_terms.get(name, common) for name in names], np.float32).reshape(-1, 2)

    def to_plain(self):
        """Return plain data: the normalisation in the header of a weights file."""
        fitted = {
            "onset_terms": {name: list(pair) for name, pair in self.onset_terms.items()},
            "site_noise": None if self.site_noise is None else self.site_noise.to_plain(),
        }
        return {
            "spectrogram": self.spectrogram.to_dict(),
            "spectrogram_statistics": self.statistics.to_dict(),
            "condition": self.condition.to_dict(),
            "condition_statistics": self.condition_statistics.to_dict(),
            "normalised": self.normalised,
            **{name: values for name, values in fitted.items() if values},
        }

    @classmethod
    def from_plain(cls, plain):
        """Make inputs from the result of `to_plain`; an InputError names what is missing or wrong."""
        missing = [name for name in _PARTS if name not in plain]
        if missing:
            raise InputError(f"the normalisation of HEGGS lacks {', '.join(missing)}.")
        condition, site_noise = plain["condition"], plain.get("site_noise")
        return cls(
            LogSpectrogram.from_dict(plain["spectrogram"]),
            SpectrogramStatistics.from_dict(plain["spectrogram_statistics"]),
            ConditionVector(condition["encoding"], tuple(condition["extras"])),
            ConditionStatistics.from_dict(plain["condition_statistics"]),
            bool(plain["normalised"]),
            _checked_delays(plain.get("onset_terms", {})),
            site_noise and SiteNoise.from_plain(site_noise, len(plain["spectrogram_statistics"]["mean"])),
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


def sensor_names(columns):
    """Return NET.STA of each row of a table or mapping of schema columns; empty text where it does not say."""
    parts = [columns.get(name) for name in SENSOR_COLUMNS]
    if any(part is None for part in parts):
        return [""] * len(columns["source_magnitude"])
    return [f"{network}.{station}" for network, station in zip(*parts, strict=True)]


def _checked_delays(plain):
    terms = {str(name): tuple(float(value) for value in pair) for name, pair in plain.items()}
    if terms and ("" not in terms or any(len(pair) != 2 or not np.isfinite(pair).all() for pair in terms.values())):
        raise InputError("onset_terms must hold two finite delays for each sensor, and a common pair named ''.")
    return terms
