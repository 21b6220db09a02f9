"""Source records as input of a network, and the traits of their earthquake."""

import hashlib

import numpy as np

from seissynth.errors import InputError
from seissynth.schema import PLACE_COLUMNS
from seissynth_plugins.heggs.inputs import ONSET_COLUMNS, sensor_names
from seissynth_plugins.heggs.networks.config import BAND_HZ, CORNERS, DURATION_S, RATE_HZ
from seissynth_plugins.heggs.source_traits import Traits, source_residuals

#: a source filtered from so much of the lower band edge on is not filtered again
_FILTERED = 0.9


class SourceReader:
    """Read the source records of calls, and cache the traits of the last ones.

    Parameters
    ----------
    name : str
        Of the backend, for messages.
    model : Heggs or LatentDiffusion
    inputs : ModelInputs
    """

    def __init__(self, name, model, inputs):
        self.name, self.model, self.inputs = name, model, inputs
        self._last = None, None

    def read(self, source, conditions):
        """Return the input of the network, and the traits.

        Parameters
        ----------
        source : Records
            One record for each row, m/s, components Z, N, E; with a `pool`, levels come from its records except those
            of the row's own sensor. Without a pool, they come from each row's record.
        conditions : mapping of schema columns or pandas.DataFrame, n rows

        Returns
        -------
        encoded : ndarray, shape (n, 3, bins, frames)
        traits : Traits or None
            None for weights without site and noise.
        """
        n = len(conditions["source_magnitude"])
        if len(source) != n:
            raise InputError(f"{self.name}: the source holds {len(source)} records for {n} rows; give one for each.")
        encoded = self._encode(source)
        if self.inputs.site_noise is None:
            return encoded, None
        onsets, times = self.inputs.onsets(conditions), self.inputs.frame_times_s
        if source.pool is None:
            residuals = self._residuals(source, encoded, conditions, np.arange(n))
            return encoded, residuals.traits([[row] for row in range(n)], onsets, times)
        pool = self._of_pool(source.pool, conditions)
        traits = [residuals.traits([rows], onsets[[row]], times) for row, (residuals, rows) in enumerate(pool)]
        fields = (np.concatenate([getattr(one, name) for one in traits]) for name in ("noise", "level", "rest"))
        known = None if traits[0].known is None else [one.known[0] for one in traits]
        return encoded, Traits(*fields, known)

    def _of_pool(self, pool, conditions):
        """Residuals of the pool for each row, and which are used: all except those of the row's sensor."""
        names, sensors = np.array(sensor_names(conditions)), np.array(_sensors(pool))
        events = [name for name in self.inputs.condition.columns if name.startswith("source_")]
        values = np.stack([np.asarray(conditions[name], dtype=float) for name in events], axis=1)
        residuals, sources = {}, []
        for row, name in enumerate(names):
            earthquake = values[row].tobytes()
            if earthquake not in residuals:
                residuals[earthquake] = self._remembered(pool, conditions, row, earthquake)
            others = np.flatnonzero(sensors != name)
            sources.append((residuals[earthquake], others if len(others) else np.arange(len(sensors))))
        return sources

    def _remembered(self, pool, conditions, row, earthquake):
        """Residuals of a pool as records of the earthquake of one row, which the realisations of a call share."""
        key = hashlib.blake2b(np.ascontiguousarray(pool.data).tobytes())
        for part in (pool.start_s, pool.p_s, pool.s_s, *(np.asarray(value) for value in pool.truth.values())):
            key.update(part.tobytes())
        key.update(f"{pool.low_cut_hz} {earthquake}".encode())
        last = self._last  # read and written whole, since calls may come from several threads
        if last[0] != key.digest():
            residuals = self._residuals(pool, self._encode(pool), conditions, np.full(len(pool), row))
            last = self._last = key.digest(), residuals
        return last[1]

    def _encode(self, source):
        """Spectrograms of 60 s from origin, filtered unless they are."""
        data = np.asarray(source.data, dtype=np.float32)
        if data.ndim != 3 or data.shape[1] != 3:
            raise InputError(
                f"{self.name}: the source has shape {data.shape}; it must be (n, 3, npts), components Z, N, E."
            )
        if not np.isfinite(data).all():
            raise InputError(
                f"{self.name}: the source holds samples that are not finite; fill or leave out such records."
            )
        low, high = BAND_HZ
        if source.low_cut_hz is None or source.low_cut_hz < _FILTERED * low:
            from seissynth.signal import bandpass

            data = data - data[:, :, :1]  # a causal filter rings where a record does not begin at 0
            data = bandpass(data, RATE_HZ, low, high, CORNERS)
        wanted = round(DURATION_S * RATE_HZ)
        out = np.empty((len(data), 3, wanted), np.float32)
        for target, record, start in zip(out, data, source.start_s, strict=True):
            first = -round(start * RATE_HZ)
            if first < 0 or first + wanted > record.shape[-1]:
                have = start, start + record.shape[-1] / RATE_HZ
                raise InputError(
                    f"{self.name}: a source runs from {have[0]:g} to {have[1]:g} s after origin at {RATE_HZ:g} "
                    f"Hz; it must hold 0 to {DURATION_S:g} s. Give a longer record."
                )
            target[:] = record[:, first : first + wanted]
        return self.inputs.encode(out, source.truth.get("sensor"))

    def _residuals(self, source, encoded, conditions, rows):
        """Residuals of source records from their prediction, as records of the earthquakes of `rows`."""
        sensors = _sensors(source)
        onsets = self.inputs.delayed(np.stack([source.p_s, source.s_s], axis=1), sensors)
        columns, known = self._columns_at(source, conditions, rows)
        there = self.inputs.conditions(columns)
        there[~known] = np.nan
        more = {}
        if getattr(self.model, "residuals", None) is not None:
            more["columns"] = columns
            if "source_origin_time" in conditions:
                columns["source_origin_time"] = np.asarray(conditions["source_origin_time"])[rows]
        return source_residuals(self.model, self.inputs, encoded, there, sensors, onsets, **more)

    def _columns_at(self, source, conditions, rows):
        """Columns of the earthquakes of `rows` at the places of sources, and which places are known."""
        columns = {name: np.array(conditions[name], dtype=float)[rows] for name in self.inputs.condition.columns}
        unknown = np.full(len(source), np.nan)
        positions = {name: np.asarray(source.truth.get(name, unknown), dtype=float) for name in PLACE_COLUMNS}
        known = np.isfinite(np.stack(list(positions.values()))).all(axis=0)
        there = positions | dict(zip(ONSET_COLUMNS, (source.p_s, source.s_s), strict=True))
        for name in columns:
            if name in PLACE_COLUMNS:
                columns[name][known] = there[name][known]
            elif not name.startswith("source_"):  # unknown at the source, unless it is an onset
                columns[name] = there.get(name, unknown)
        return columns, known


def _sensors(source):
    return [str(name) for name in source.truth.get("sensor", [""] * len(source))]
