"""Residuals of real records from the default backend: cells, peaks and geometry, as arrays for fits and scores."""

import warnings
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from seissynth.signal.motion import convert_motion
from seissynth_plugins.conditioned.expected import expect, horizontal_peak
from seissynth_plugins.conditioned.sources import places_of
from seissynth_plugins.conditioned.spectra import ln_psa, measure_of
from seissynth_plugins.residuals.cells import RATE_HZ, cells_of
from seissynth_plugins.residuals.kernel import Places
from seissynth_plugins.residuals.observed import residuals_of
from seissynth_plugins.stochastic.backend import StochasticBackend
from tools.residuals._records import SETS, read_set

#: an expected peak counts where it is so many times the peak before P
LEAST_PEAK = 3.0
#: samples before P that a peak of the noise needs
LEAST_NOISE = 100
#: levels at these are not those of rock or soil at the surface: boreholes of nominal depth 0, and nominal gains
UNUSUAL = ("PB.B916", "PB.B918", "PB.B921", "CI.WBS", "CI.WOR")
#: samples before P from which that peak is taken
_MOST_NOISE = 1024


@dataclass
class ResidualRecords:
    """Records of a set, one after the other.

    Parameters
    ----------
    event : ndarray of str, shape (n,)
    time : ndarray, shape (n,)
        Of the earthquake, s after 1970.
    places : Places
    expected : list of Expected
    residuals : list of Residuals
    peaks : dict of str to ndarray, shape (n,)
        By measure, observed from P to the end of the record: ln PGA and ln PGV, geometric mean of the horizontals, and
        ln PSA, RotD50.
    noise : dict of str to ndarray, shape (n,)
        The same before P; minus infinity where the record is too short to tell.
    """

    event: np.ndarray
    time: np.ndarray
    places: Places
    expected: list = field(repr=False)
    residuals: list = field(repr=False)
    peaks: dict
    noise: dict

    def __len__(self):
        return len(self.event)

    @property
    def measures(self):
        """Names of the peaks."""
        return tuple(self.peaks)

    @cached_property
    def clear(self):
        """By measure, whether the expected peak is well above that before P."""
        return {m: self.expected_peaks(m) > noise + np.log(LEAST_PEAK) for m, noise in self.noise.items()}

    def expected_peaks(self, measure):
        """Expected ln peaks, shape (n,)."""
        return np.array([one.ln_peaks[measure] for one in self.expected])

    def usual(self):
        """Return the records of stations whose levels are known."""
        return self.select(np.flatnonzero(~np.isin(self.places.station, UNUSUAL)))

    def select(self, rows):
        """Return some of the records."""
        rows = np.asarray(rows)
        return ResidualRecords(
            self.event[rows], self.time[rows], self.places.select(rows), [self.expected[i] for i in rows],
            [self.residuals[i] for i in rows], {name: values[rows] for name, values in self.peaks.items()},
            {name: values[rows] for name, values in self.noise.items()},
        )  # fmt: skip


def residual_records(name, folder, preset="auto", catalog=None, periods_s=()):
    """Return the residuals of a set, or of another catalogue of its earthquakes; PSA at periods, if there are any."""
    mean = StochasticBackend(preset=preset, magnitude_conversion=SETS[name][2])
    parts = {key: [] for key in ("event", "time", "expected", "residuals", "peaks", "noise")}
    tables = []
    for one in read_set(name, folder, catalog=catalog):
        records, table = one.records, one.conditions
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = expect(mean, table, periods_s=periods_s)
        tables.append(places_of(table, records.truth["sensor"]))
        velocity = convert_motion(records.data, RATE_HZ, "acceleration", "velocity")
        for i, there in enumerate(expected):
            start, end = records.start_s[i], records.truth["record_end_s"][i]
            cells = cells_of(
                records.data[i], start, there.p_s, there.s_s, end_s=end,
                highest_hz=records.truth["record_highest_hz"][i],
            )  # fmt: skip
            first, last = (round((t - start) * RATE_HZ) for t in (there.p_s - 1.0, end))
            early = slice(max(first - _MOST_NOISE, 0), max(first, 1))
            pair = records.data[i], velocity[i]
            peaks = _peaks([one[:, max(first, 0) : last] for one in pair], periods_s)
            noise = _peaks([one[:, early] for one in pair], periods_s)
            if early.stop - early.start <= LEAST_NOISE:
                noise = dict.fromkeys(noise, -np.inf)
            parts["peaks"].append(peaks)
            parts["noise"].append(noise)
            parts["event"].append(f"{one.time:.2f}")
            parts["time"].append(one.time)
            parts["expected"].append(there)
            parts["residuals"].append(residuals_of(cells, there.power))
    peaks, noise = ({m: np.array([one[m] for one in parts[key]]) for m in parts[key][0]} for key in ("peaks", "noise"))
    return ResidualRecords(
        np.array(parts["event"]), np.array(parts["time"]), Places.concatenate(tables), parts["expected"],
        parts["residuals"], peaks, noise,
    )  # fmt: skip


def _peaks(pair, periods_s):
    """Peaks of a record, by measure: of acceleration and velocity, and response spectra of acceleration."""
    out = {"pga": horizontal_peak(pair[0]), "pgv": horizontal_peak(pair[1])}
    return out | dict(zip(map(measure_of, periods_s), ln_psa(pair[0], periods_s), strict=True))
