"""Measures of generated records in the places of a flat file's rows, event by event."""

import numpy as np

from seissynth.backends._conditions_checks import rows_outside
from seissynth.backends.run import run_backend
from seissynth.evaluation.flatfiles.conditions import windows
from seissynth.evaluation.groups.ground_motion import ground_motion_measures
from seissynth.evaluation.record_sets import RecordSet
from seissynth.seeding import seeds_of_rows
from seissynth.simulation import GroundMotion

#: sampling rate of the records, Hz
RATE_HZ = 100.0
_MOST_ROWS = 64
_FILTER_CORNERS = 4


class MeasureMaker:
    """Make records with a backend, and measure them as a flat file was.

    Parameters
    ----------
    backend : seissynth.backends.base.Backend
    measures : sequence of str
        Of `seissynth.io.ground_motion_tables.GroundMotionTable`.
    component : str
        Definition of the horizontal component: "rotd50", "rotd100" or "geometric_mean".
    seed : int
    band : bool
        Filter each record with the corners of its row.
    """

    def __init__(self, backend, measures, component, seed, band=True):
        self.backend, self.component, self.seed, self.band = backend, component, seed, band
        self.measures = tuple(measures)
        self.periods_s = tuple(sorted({float(name.rpartition("_")[2]) for name in self.measures if "psa_" in name}))
        self.vertical = any(name.startswith("vh_") for name in self.measures)

    def inside(self, conditions):
        """Rows within the ranges of the backend; ndarray of bool."""
        return ~rows_outside(self.backend.card, conditions)

    def mean_ln(self, conditions, rows, realizations):
        """Mean over realisations of ln of the measures.

        Parameters
        ----------
        conditions : DataFrame, n rows
            Of one event, all within the backend's ranges.
        rows : DataFrame, n rows
            Of the flat file: corners of the filters.
        realizations : sequence of int

        Returns
        -------
        ndarray, shape (n, number of measures)
        """
        total = np.zeros((len(conditions), len(self.measures)))
        for number in realizations:
            total += self._one(conditions, rows, number)
        return total / len(realizations)

    def _one(self, conditions, rows, realization):
        seeds = seeds_of_rows(self.seed, conditions, realization, self.backend)
        out = np.full((len(conditions), len(self.measures)), np.nan)
        for part, start_s, npts in windows(conditions, self.backend.card, RATE_HZ, _MOST_ROWS):
            chosen = conditions.iloc[part].reset_index(drop=True)
            records = run_backend(
                self.backend, chosen, start_s=start_s, npts=npts, sampling_rate_hz=RATE_HZ, seeds=seeds[part],
                outside="allow",
            )  # fmt: skip
            motion = GroundMotion(records, self.backend.card, chosen["path_back_azimuth_deg"].to_numpy(), RATE_HZ)
            acceleration = motion.get("acceleration")
            if self.band:
                acceleration = self._in_band(acceleration, rows.iloc[part])
            out[part] = self._measured(acceleration, chosen)
        return out

    def _in_band(self, data, rows):
        """Filter each record, causally, with its row's corners that are known and below Nyquist."""
        from seissynth.signal import bandpass

        low, high = (rows[name].to_numpy(float) for name in ("high_pass_hz", "low_pass_hz"))
        high = np.where(high < 0.45 * RATE_HZ, high, np.nan)
        out = np.array(data)
        for row in np.flatnonzero(np.isfinite(low) | np.isfinite(high)):
            corners = [float(value) if np.isfinite(value) else None for value in (low[row], high[row])]
            if None in corners or corners[0] < corners[1]:
                out[row] = bandpass(data[row], RATE_HZ, *corners, _FILTER_CORNERS)
        return out

    def _measured(self, acceleration, conditions):
        """Ln of the measures, shape (n, number of measures)."""
        records = RecordSet("generated", acceleration, RATE_HZ, "acceleration", conditions)
        every = np.ones((len(records), records.npts), bool)
        table = ground_motion_measures(records, self.periods_s, every, workers=1)
        if self.component != "rotd50":
            table = self._other_component(records, table)
        if self.vertical:
            vertical = _peaks(acceleration[:, 0], self.periods_s)
            names = ("pga", *(f"psa_{period:g}" for period in self.periods_s))
            table = table.assign(**{f"vh_{name}": vertical[:, k] / table[name] for k, name in enumerate(names)})
        with np.errstate(divide="ignore"):
            values = np.log(table[list(self.measures)].to_numpy(float))
        return np.where(np.isfinite(values), values, np.nan)

    def _other_component(self, records, table):
        """The same table with peaks of another definition of the horizontal component."""
        from seissynth.signal import rotd

        names = ("pga", *(f"psa_{period:g}" for period in self.periods_s))
        acceleration, velocity = (records.motion(name)[:, 1:] for name in ("acceleration", "velocity"))
        if self.component == "rotd100":
            peaks = rotd(acceleration[:, 0], acceleration[:, 1], RATE_HZ, (0.0, *self.periods_s), (100,), workers=1)[
                :, 0
            ]
            pgv = rotd(velocity[:, 0], velocity[:, 1], RATE_HZ, (0.0,), (100,), workers=1)[:, 0, 0]
        else:
            peaks = np.sqrt(_peaks(acceleration[:, 0], self.periods_s) * _peaks(acceleration[:, 1], self.periods_s))
            pgv = np.sqrt(np.prod(np.abs(velocity).max(axis=-1), axis=1))
        return table.assign(pgv=pgv, **{name: peaks[:, k] for k, name in enumerate(names)})


def _peaks(data, periods_s):
    """Peak and PSA of one component, shape (n, 1 + periods), m/s²."""
    from seissynth.signal import response_spectrum

    return response_spectrum(np.ascontiguousarray(data), RATE_HZ, (0.0, *periods_s), workers=1)
