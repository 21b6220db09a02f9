"""Training data of SWaG: records moved in time, with their labels, as the network sees them.

A set in SeisBench's form with P, S and magnitude in each row. Item i of epoch e depends on the seed, e and i only.
"""

import hashlib
import json
from dataclasses import replace

import numpy as np

from seissynth.data.pairs import shift_windows
from seissynth.errors import InputError
from seissynth.noise.front import has_noise, put_noise_in_front
from seissynth.representations import ScaleStatistics
from seissynth.seeding import generator, hash_words
from seissynth_plugins.swag.generation import coding_of
from seissynth_plugins.swag.waveforms import SwagInputs, fit_band, fit_whitening
from seissynth_plugins.torchkit.augmentation import SensorNoise, coda
from seissynth_plugins.torchkit.record_rules import RecordRules
from seissynth_plugins.torchkit.training_table import TrainingTable, evenly_chosen

#: columns that each record must have
REQUIRED = ("trace_p_arrival_sample", "trace_s_arrival_sample", "source_magnitude")
COMPONENT_ORDER = "ENZ"
#: S comes so long before the end of the window at least, s
_AFTER_S = 1.0
#: share of a record that is reversed after its end where the window moves beyond it
_LAST_SHARE = 0.1
#: largest number of records used for the filter and the statistics of the scales
_STATISTICS_RECORDS = 1000


def swag_rules(config):
    """Return which records a configuration is trained on."""
    return RecordRules(
        "SWaG", config.sampling_rate_hz, config.duration_s, quantity=None, start_s=None, required=REQUIRED,
        component_order=COMPONENT_ORDER,
    )  # fmt: skip


class SwagData:
    """Records of one part of a table, in the form of `seissynth_plugins.torchkit.training`.

    Parameters
    ----------
    table : TrainingTable
    inputs : SwagInputs
    config : SwagConfig
    rows : ndarray of int
        Of the table.
    p_range_s : (float, float) or None
        Windows are moved to put P anywhere within, s after the first sample, noise in front: rows of noise of
        the sensor where the table holds any, else noise like the record's own. None leaves windows unchanged.
    magnitude_sd : float
        Of the normal noise on magnitudes.
    seed : int

    Notes
    -----
    An item: "x" (3, columns) float32, "labels" (3,): P and S, s after the first sample, and magnitude; "station", its
    row in the network's table; "scale_known", 1 where the column of scales counts.
    """

    def __init__(self, table, inputs, config, rows, *, p_range_s=None, magnitude_sd=0.0, seed=0):
        self.table, self.inputs, self.config, self.rows = table, inputs, config, np.asarray(rows)
        self._p_range, self._magnitude_sd, self._seed = p_range_s, magnitude_sd, seed
        self._coding = coding_of(config, inputs)
        self._numbers = _station_numbers(table, inputs, self.rows, config)
        self._noise = SensorNoise(table) if len(table.noise) and p_range_s is not None else None
        columns = table.table.iloc[self.rows]
        self._onsets = columns[["p_s", "s_s"]].to_numpy(float)
        self._magnitude = columns["source_magnitude"].to_numpy(float)
        self._sensors = table.sensors(self.rows)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.item(i, 0)

    def item(self, i, epoch):
        """Return record i of an epoch."""
        record, onsets = self.record(i, epoch)
        scaled, log_scale = self._coding.encode(record[None])
        x, known = scaled[0], self.inputs.scales is not None
        if self.config.log_scale:
            column = self.inputs.column(log_scale)[0] if known else np.zeros(3, np.float32)
            x = np.concatenate([x, column[:, None]], axis=1)
        return {
            "x": x,
            "labels": np.array([*onsets, self._magnitude_of(i, epoch)], np.float32),
            "station": np.int64(self._numbers[i]),
            "scale_known": np.float32(known),
        }

    def _magnitude_of(self, i, epoch):
        if not self._magnitude_sd:
            return self._magnitude[i]
        rng = generator(hash_words("swag magnitude", self._seed, epoch), int(self.rows[i]))
        return self._magnitude[i] + self._magnitude_sd * rng.standard_normal()

    def record(self, i, epoch=0):
        """Return the waveform of record i of an epoch, (3, npts) in the set's unit, and P and S, s."""
        rng = generator(hash_words("swag item", self._seed, epoch), int(self.rows[i]))
        record, (p, s) = self.table.waveforms([self.rows[i]])[0], self._onsets[i]
        if self._p_range is None:
            return record, (p, s)
        rate, npts = self.config.sampling_rate_hz, record.shape[-1]
        wanted = rng.uniform(*self._p_range)
        later = min(wanted - p, self.config.duration_s - _AFTER_S - s)
        front = round(later * rate)
        if front > 0 and self._noise is None and not has_noise(p * rate, rate):
            front = 0  # a record that begins within the earthquake says nothing of its noise
        if front < 0:
            record = coda(record, -front, round(_LAST_SHARE * npts))
        elif front > 0 and self._noise is None:
            record = put_noise_in_front(record, p * rate, front, rate, rng)[:, :npts].astype(np.float32)
        elif front > 0:
            noise = self._noise.draw(self._sensors[i], rng)[None]
            seed = int(rng.integers(2**31))
            labels = {"trace_p_arrival_sample": [p * rate]}
            record = shift_windows(record[None], labels, [-front], npts, noise=noise, seed=seed).data[0]
        return record, (p + front / rate, s + front / rate)

    def name(self, i):
        """Say which record that is."""
        return f"{self.table.table['source_id'].iloc[self.rows[i]]} at {self._sensors[i]}"

    @property
    def fingerprint(self):
        """Digest of the data and of all that is done to them."""
        plain = [self.rows.tolist(), self._p_range, self._seed, self.config.compression]
        plain += [self._magnitude_sd] if self._magnitude_sd else []  # runs from before it exist
        text = json.dumps([self.table.fingerprint, self.inputs.to_plain(), plain], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def training_rows(table, records=None):
    """Return the rows of the training part, the first `records` of them if that is given."""
    rows = table.rows("train")
    if records is not None:
        if records > len(rows):
            raise InputError(f"records={records}, but the training part has {len(rows)}.")
        rows = rows[:records]
    if not len(rows):
        raise InputError("no record is left to train on, after split, purge, stations kept out and quality.")
    return rows


def fit_swag_inputs(table, rows, config, p_range_s, seed, *, start=None, band_hz=None):
    """Take stations, ranges and scales of a training set.

    Parameters
    ----------
    table : TrainingTable
    rows : ndarray of int
    config : SwagConfig
    p_range_s : (float, float) or None
    seed : int
    start : SwagInputs, optional
        Of the initial weights: their stations keep their rows, and their scales stay if the quantity is the same.
    band_hz : (float, float), optional
        Between which frequencies the records have motion; default: as `fit_band` finds it.

    Returns
    -------
    SwagInputs
    """
    quantity = table.quantity(rows)
    begun = () if start is None else start.stations
    stations = (*begun, *_stations(table, rows, {name for name, *_ in begun}))
    columns = table.table.iloc[rows]
    p, s, magnitude = (columns[name].to_numpy(float) for name in ("p_s", "s_s", "source_magnitude"))
    held = (float(p.min()), float(p.max())) if p_range_s is None else p_range_s
    ranges = {
        "p_s": tuple(map(float, held)),
        "s_minus_p_s": (float((s - p).min()), float((s - p).max())),
        "magnitude": (float(magnitude.min()), float(magnitude.max())),
    }
    inputs = SwagInputs(stations, ranges, quantity, None, COMPONENT_ORDER)
    some = evenly_chosen(rows, _STATISTICS_RECORDS)
    data = SwagData(table, inputs, config, some, p_range_s=p_range_s, seed=seed)
    records = np.stack([data.record(i)[0] for i in range(len(data))])
    band = fit_band(records) if config.whitening else (0.0, 1.0)
    if band_hz is not None:
        band = tuple(min(float(edge) / (config.sampling_rate_hz / 2), 1.0) for edge in band_hz)
    inputs = replace(inputs, whitening=fit_whitening(records, config.whitening), band=band)
    if quantity == "normalised" or not config.log_scale:
        return inputs
    if start is not None and start.scales is not None and start.quantity == quantity:
        return replace(inputs, scales=start.scales)
    return replace(inputs, scales=ScaleStatistics.fit(coding_of(config, inputs).encode(records)[1]))


def _stations(table, rows, known):
    """Names and coordinates of the stations of some rows that are not known, by name."""
    columns = table.table.iloc[rows]
    first = columns[~columns["sensor"].isin(known)].drop_duplicates("sensor").sort_values("sensor")
    degrees = [
        first[name].astype(float) if name in first else np.full(len(first), np.nan)
        for name in ("station_latitude_deg", "station_longitude_deg")
    ]
    return tuple(zip(first["sensor"], *(map(float, values) for values in degrees), strict=True))


def _station_numbers(table, inputs, rows, config):
    """Rows of the network's table; those of none for stations that it does not know."""
    numbers = {name: number for number, name in enumerate(inputs.names)}
    return np.array([numbers.get(name, config.stations) for name in table.sensors(rows)], np.int64)


__all__ = ["SwagData", "TrainingTable", "fit_swag_inputs", "swag_rules", "training_rows"]
