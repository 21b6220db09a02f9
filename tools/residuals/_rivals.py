"""Rivals of the residual model: Gaussian predictions of ln peaks from the peaks of the other stations alone.

"default": the default backend, and the scatter of real records about it. "level": the mean residual of the other
stations. "kriging": residuals of peaks with an event term, spatial correlation exp(-d / l) and a remainder (Jayaram and
Baker 2009, as ShakeMap conditions on records, Worden et al. 2018), fitted by maximum likelihood; with an archive, with
terms of stations, too.
"""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from seissynth_plugins.conditioned.calibration import LEAST_ERRORS
from seissynth_plugins.conditioned.spectra import period_of
from seissynth_plugins.residuals.kernel import NAMES, Separations

_FAR = 1e6
_START = np.log([0.2, 0.2, 0.1, 0.1, 20.0])
#: event, event_near, station, record, and the length of event_near
_FREE = [NAMES.index(name) for name in ("event", "event_near", "station", "record", "station_km")]


def residual(records, measure):
    """Observed minus expected ln peak of all records."""
    return records.peaks[measure] - records.expected_peaks(measure)


def has_enough(records, measure):
    """Whether a measure is clear in as many records as a fit needs; PGA and PGV are taken to be."""
    return period_of(measure) is None or int(records.clear[measure].sum()) >= LEAST_ERRORS


def peak_rivals(records):
    """Rivals for all measures, by measure; PSA that is clear in too few has the constants of the nearest period."""
    enough = [measure for measure in records.measures if has_enough(records, measure)]
    fitted = {measure: PeakRivals(records, measure) for measure in enough}
    for measure in set(records.measures) - set(enough):
        apart = {m: abs(np.log(period_of(m) / period_of(measure))) for m in enough if period_of(m) is not None}
        fitted[measure] = PeakRivals(records, measure, fitted[min(apart, key=apart.get)])
    return fitted


class PeakRivals:
    """Rivals for one measure, fitted to records.

    Parameters
    ----------
    records : ResidualRecords
    measure : str
        One of the records' measures.
    constants : PeakRivals, optional
        Take the constants of these.
    """

    def __init__(self, records, measure, constants=None):
        self.measure = measure
        self.known = records.select(np.flatnonzero(records.clear[measure]))
        self.values = residual(self.known, measure)
        if constants is not None:
            self.deviation, self.parameters, self.within = constants.deviation, constants.parameters, constants.within
            return
        self.deviation = float(np.sqrt(np.mean(self.values**2)))
        self.parameters = self._fit()
        self.within = self._level_deviation()

    def _fit(self):
        apart = Separations(self.known.places, self.known.places)

        def cost(logs):
            factor = cho_factor(apart.kernel(full_parameters(logs)) + 1e-6 * np.eye(len(self.values)), lower=True)
            return 0.5 * self.values @ cho_solve(factor, self.values) + np.log(np.diag(factor[0])).sum()

        found = minimize(cost, _START, method="Nelder-Mead", options={"maxiter": 250, "xatol": 0.05, "fatol": 0.05})
        return full_parameters(np.clip(found.x, np.log(1e-4), np.log(500.0)))

    def _level_deviation(self):
        """Standard deviations of a record about the mean of the others of its earthquake, about one, about none."""
        out = {"none": self.deviation}
        for sources in ("one", "all"):
            errors = []
            for row in range(len(self.values)):
                others = others_of(self.known, row, sources)
                if len(others):
                    errors.append(self.values[row] - self.values[others].mean())
            out[sources] = float(np.sqrt(np.mean(np.square(errors))))
        return out

    def predict(self, records, row, others, sources, archive=False):
        """Mean and standard deviation of the residual of a record; by rival."""
        values = residual(records, self.measure)
        others = others[records.clear[self.measure][others]]
        level = (values[others].mean(), self.within[sources]) if len(others) else (0.0, self.deviation)
        out = {"default": (0.0, self.deviation), "level": level}
        out["kriging"] = self._krige(records, row, others, values)
        if archive:
            out["kriging, archive"] = self._krige(records, row, others, values, archive=True)
        return out

    def _krige(self, records, row, others, values, archive=False):
        target = records.places.select([row])
        known, seen = records.places.select(others), values[others]
        if archive:
            known = type(known).concatenate([self.known.places, known])
            seen = np.concatenate([self.values, seen])
        before = Separations(target, target).kernel(self.parameters)[0, 0]
        if not len(known):
            return 0.0, float(np.sqrt(before))
        within = Separations(known, known).kernel(self.parameters) + 1e-6 * np.eye(len(known))
        across = Separations(target, known).kernel(self.parameters)[0]
        weights = np.linalg.solve(within, across)
        return float(weights @ seen), float(np.sqrt(max(before - weights @ across, 1e-6)))


def full_parameters(logs):
    """Hyper-parameters of the kernel with the other terms left out."""
    out = np.full(len(NAMES), _FAR)
    out[: NAMES.index("record") + 1] = 0.0
    out[_FREE] = np.exp(logs)
    return out


def others_of(records, row, sources):
    """Rows of the other stations' records of the earthquake: all, the nearest one, or none."""
    same = (records.event == records.event[row]) & (records.places.station != records.places.station[row])
    others = np.flatnonzero(same)
    if sources == "none":
        return others[:0]
    if sources == "one" and len(others):
        apart = np.linalg.norm(records.places.station_km[others] - records.places.station_km[row], axis=1)
        others = others[[apart.argmin()]]
    return others
