"""Residuals of real records from the default backend: cells, peaks and geometry, as arrays for fits and scores."""

import warnings
from dataclasses import dataclass, field

import numpy as np

from seissynth.signal.motion import convert_motion
from seissynth_plugins.conditioned.expected import expect, horizontal_peak
from seissynth_plugins.conditioned.peaks import MEASURES
from seissynth_plugins.conditioned.sources import places_of
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
_CLEAR = tuple(f"clear {measure}" for measure in MEASURES)


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
        Observed ln PGA and ln PGV, geometric mean of the horizontals, from P to the end of the record.
    clear : dict of str to ndarray of bool, shape (n,)
        Whether the expected peak is well above that before P.
    """

    event: np.ndarray
    time: np.ndarray
    places: Places
    expected: list = field(repr=False)
    residuals: list = field(repr=False)
    peaks: dict
    clear: dict

    def __len__(self):
        return len(self.event)

    def usual(self):
        """Return the records of stations whose levels are known."""
        return self.select(np.flatnonzero(~np.isin(self.places.station, UNUSUAL)))

    def select(self, rows):
        """Return some of the records."""
        rows = np.asarray(rows)
        return ResidualRecords(
            self.event[rows], self.time[rows], self.places.select(rows), [self.expected[i] for i in rows],
            [self.residuals[i] for i in rows], {name: values[rows] for name, values in self.peaks.items()},
            {name: values[rows] for name, values in self.clear.items()},
        )  # fmt: skip


def residual_records(name, folder, preset="auto", catalog=None):
    """Return the residuals of a set, or of another catalogue of its earthquakes."""
    mean = StochasticBackend(preset=preset, magnitude_conversion=SETS[name][2])
    parts = {key: [] for key in ("event", "time", "expected", "residuals", *MEASURES, *_CLEAR)}
    tables = []
    for one in read_set(name, folder, catalog=catalog):
        records, table = one.records, one.conditions
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = expect(mean, table)
        tables.append(places_of(table, records.truth["sensor"]))
        velocity = convert_motion(records.data, RATE_HZ, "acceleration", "velocity")
        for i, there in enumerate(expected):
            start, end = records.start_s[i], records.truth["record_end_s"][i]
            cells = cells_of(
                records.data[i], start, there.p_s, there.s_s, end_s=end,
                highest_hz=records.truth["record_highest_hz"][i],
            )  # fmt: skip
            first, last = (round((t - start) * RATE_HZ) for t in (there.p_s - 1.0, end))
            for measure, data in (("pga", records.data[i]), ("pgv", velocity[i])):
                early = data[:, max(first - 1024, 0) : max(first, 1)]
                noise = horizontal_peak(early) if early.shape[-1] > LEAST_NOISE else -np.inf
                parts[measure].append(horizontal_peak(data[:, max(first, 0) : last]))
                parts[f"clear {measure}"].append(getattr(there, f"ln_{measure}") > noise + np.log(LEAST_PEAK))
            parts["event"].append(f"{one.time:.2f}")
            parts["time"].append(one.time)
            parts["expected"].append(there)
            parts["residuals"].append(residuals_of(cells, there.power))
    return ResidualRecords(
        np.array(parts["event"]), np.array(parts["time"]), Places.concatenate(tables), parts["expected"],
        parts["residuals"], {measure: np.array(parts[measure]) for measure in MEASURES},
        {measure: np.array(parts[f"clear {measure}"]) for measure in MEASURES},
    )  # fmt: skip
