"""Baselines: predictions without training, with which a generator is compared.

Each function takes real records and returns a prediction for each of them, as draws of equal rows. The baselines use
different information: `nearest_mean` and `nearest_real_records` use other earthquakes at the sensor, outside the block
of time; `other_stations_mean` uses the same earthquake at the other sensors; `representation_alone` uses the record
itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.baselines.folds import same_sensor, time_folds
from seissynth.seeding import hash_words
from seissynth.units import EARTH_RADIUS_KM

if TYPE_CHECKING:
    from seissynth.evaluation.record_sets import RecordSet

#: records over which `nearest_mean` takes the mean
NEAREST = 10

#: weight of samples after a record's time mask, where another earthquake is; they count only if no other is known
_BEHIND_MASK = 1e-3

#: amplitudes this far below a record's largest are as good as none, in the mean of logarithms
_FLOOR = 1e-7

#: closer than this the distance term of the local magnitude is not known, km
_NEAREST_KM = 3.0


def nearest_mean(
    records: RecordSet,
    folds: list[tuple[np.ndarray, np.ndarray]] | None = None,
    *,
    count: int = NEAREST,
    region: str = "southern_california",
    seed: int = 0,
    draws: int = 1,
) -> tuple[RecordSet, ...]:
    """Mean log-spectrogram of the nearest other earthquakes' records at the same sensor.

    Parameters
    ----------
    records : RecordSet
    folds : list of (known, unknown), optional
        `time_folds` by default.
    count : int
        Number of earthquakes in the mean; those with the nearest hypocentres.
    region : str
        Each record is scaled to the target magnitude and distance, see `expected_level`.
    seed, draws : int
        Draws differ only in the random phases given to the spectrogram.

    Returns
    -------
    tuple of RecordSet
        NaN-free; a row without any known record at its sensor is zero.

    Notes
    -----
    The mean of the logarithm of the STFT's magnitude (1.28 s windows, hop an eighth of it), under the known records'
    time masks; waveforms by 32 iterations of Griffin-Lim. A mean of logarithms is below the logarithm of the mean (0.29
    for Rayleigh amplitudes) and is smooth: peaks are too small, and draws are alike. A good envelope correlation may
    hide this blur.
    """
    neighbours = _nearest(records, folds or time_folds(records), count)
    return _of_spectrograms(records, neighbours, region, seed, draws, f"mean of {count} nearest", shifted=False)


def other_stations_mean(
    records: RecordSet, *, region: str = "southern_california", seed: int = 0, draws: int = 1
) -> tuple[RecordSet, ...]:
    """Mean log-spectrogram of the same earthquake's records at the other sensors, shifted by the predicted S.

    Parameters
    ----------
    records : RecordSet
        With `path_s_travel_s`.
    region, seed, draws
        As in `nearest_mean`.

    Returns
    -------
    tuple of RecordSet

    Notes
    -----
    It uses the earthquake's other records, including source time function and aftershocks: a reference for models with
    a source record (W_src), not for those without.
    """
    events = records.events
    groups = {label: np.flatnonzero(events == label) for label in set(events.tolist())}
    neighbours = [groups[label][groups[label] != row] for row, label in enumerate(events)]
    return _of_spectrograms(records, neighbours, region, seed, draws, "mean of other stations", shifted=True)


def nearest_real_records(
    records: RecordSet,
    folds: list[tuple[np.ndarray, np.ndarray]] | None = None,
    *,
    draws: int = 4,
    region: str = "southern_california",
) -> tuple[RecordSet, ...]:
    """Scaled real records of the nearest other earthquakes at the same sensor, one for each draw.

    Parameters
    ----------
    records : RecordSet
    folds : list of (known, unknown), optional
        `time_folds` by default.
    draws : int
        Draw k is the record of the k-th nearest hypocentre.
    region : str
        See `nearest_mean`.

    Returns
    -------
    tuple of RecordSet
        Real records compared with real ones: the scatter is that between real earthquakes at one sensor.
    """
    neighbours = _nearest(records, folds or time_folds(records), draws)
    level = expected_level(records, region)
    out = []
    for k in range(draws):
        rows = np.array(
            [candidates[min(k, len(candidates) - 1)] if len(candidates) else -1 for candidates in neighbours]
        )
        factor = np.where(rows >= 0, np.exp(level - level[rows]), 0.0)
        data = (records.data[rows] * factor[:, None, None]).astype(np.float32)
        out.append(replace(records, data=data, name="nearest real record"))
    return tuple(out)


def representation_alone(
    records: RecordSet, *, n_iter: int = 32, seed: int = 0, draws: int = 1
) -> tuple[RecordSet, ...]:
    """The records themselves, converted to spectrograms and back: true amplitudes, estimated phases.

    Parameters
    ----------
    records : RecordSet
    n_iter : int
        Iterations of Griffin-Lim.
    seed, draws : int
        Draws differ in the first phases.

    Returns
    -------
    tuple of RecordSet
        The error of the representation `seissynth.representations.LogSpectrogram` alone: the floor for all models of
        log-spectrograms.
    """
    from seissynth.representations import LogSpectrogram, SpectrogramStatistics

    band = records.band_hz or (0.0, 0.5 * records.sampling_rate_hz)
    window = _window(records.sampling_rate_hz)
    spectrogram = LogSpectrogram(
        records.sampling_rate_hz, records.npts, window, window // 8, band[0] or 0.0,
        min(band[1] or np.inf, 0.499 * records.sampling_rate_hz),
    )  # fmt: skip
    statistics = SpectrogramStatistics.plain(spectrogram)
    out = [np.empty(records.data.shape, np.float32) for _ in range(draws)]
    for rows in _blocks(len(records)):
        encoded = spectrogram.encode(records.data[rows], statistics)
        for k, data in enumerate(out):
            data[rows] = spectrogram.decode(encoded, statistics, seeds=_seeds(rows, seed, k), n_iter=n_iter)
    return tuple(replace(records, data=data, name="representation alone") for data in out)


def expected_level(records, region="southern_california"):
    """Logarithm of the amplitude expected from magnitude and distance, up to a constant.

    Parameters
    ----------
    records : RecordSet
    region : str
        Distance term, see `seissynth.evaluation.minus_log_a0`.

    Returns
    -------
    ndarray, shape (n,)
        Natural logarithm; 0 if magnitude or distance is unknown.
    """
    from seissynth.evaluation.magnitude import MAGNITUDE_REGIONS, minus_log_a0

    wanted = MAGNITUDE_REGIONS[region].distance if region in MAGNITUDE_REGIONS else "hypocentral"
    distance = records.column("path_ep_distance_km" if wanted == "epicentral" else "path_hyp_distance_km")
    magnitude = records.column("source_magnitude")
    known = np.isfinite(distance) & np.isfinite(magnitude)
    level = np.zeros(len(records))
    term = minus_log_a0(np.maximum(np.where(known, distance, 100.0), _NEAREST_KM), region)
    level[known] = ((magnitude - term) * np.log(10))[known]
    return level


# --- steps


def _nearest(records, folds, count):
    """Rows of the `count` nearest known earthquakes at the sensor of each record, nearest first."""
    hypocentres = _hypocentres(records)
    sensors = same_sensor(records)
    out = [np.zeros(0, int)] * len(records)
    for known, unknown in folds:
        is_known = np.zeros(len(records), bool)
        is_known[known] = True
        is_unknown = np.zeros(len(records), bool)
        is_unknown[unknown] = True
        for rows in sensors.values():
            candidates = rows[is_known[rows]]
            for row in rows[is_unknown[rows]]:
                away = ((hypocentres[candidates] - hypocentres[row]) ** 2).sum(axis=1)
                out[row] = candidates[np.argsort(away, kind="stable")[:count]]
    return out


def _hypocentres(records):
    """East, north and down in km from the middle of the sources, shape (n, 3)."""
    latitude, longitude = records.column("source_latitude_deg"), records.column("source_longitude_deg")
    if not (np.isfinite(latitude).all() and np.isfinite(longitude).all()):
        raise InputError(f"{records.name}: nearest earthquakes need source_latitude_deg and source_longitude_deg.")
    km = np.pi * EARTH_RADIUS_KM / 180.0
    middle = np.median(latitude), np.median(longitude)
    east = (longitude - middle[1] + 180) % 360 - 180
    return np.stack(
        [east * km * np.cos(np.radians(middle[0])), (latitude - middle[0]) * km,
         np.nan_to_num(records.column("source_depth_km"))], axis=-1,
    )  # fmt: skip


def _of_spectrograms(records, neighbours, region, seed, draws, name, shifted):
    """Waveforms of the weighted mean of the neighbours' log-spectrograms."""
    from seissynth.signal import STFT, griffinlim

    window = _window(records.sampling_rate_hz)
    stft = STFT(window, window // 8)
    level, mask = expected_level(records, region), records.mask()
    logs, weight = _logs_and_weights(records, stft, mask) if not shifted else (None, None)
    shift = np.zeros(len(records)) if not shifted else _predicted_s(records)
    out = [np.zeros(records.data.shape, np.float32) for _ in range(draws)]
    for rows in _blocks(len(records)):
        mean = np.zeros((len(rows), 3, stft.bins, stft.frames(records.npts)), np.float32)
        for number, row in enumerate(rows):
            own = neighbours[row]
            if not len(own):
                mean[number] = -np.inf
                continue
            if shifted:
                moved = _moved(records, own, np.round((shift[row] - shift[own]) * records.sampling_rate_hz).astype(int))
                part, share = _logs_and_weights(moved[0], stft, moved[1])
            else:
                part, share = logs[own], weight[own]
            part = part + (level[row] - level[own])[:, None, None, None]
            mean[number] = (part * share[:, None, None]).sum(axis=0) / share.sum(axis=0)
        amplitude = np.exp(mean)
        for k, data in enumerate(out):
            seeds = np.array([[hash_words(s, c) for c in range(3)] for s in _seeds(rows, seed, k).tolist()], np.uint64)
            data[rows] = griffinlim(amplitude, stft, records.npts, seeds=seeds)
    return tuple(replace(records, data=data, name=name) for data in out)


def _logs_and_weights(records, stft, mask):
    """Log-amplitudes (n, 3, bins, frames), float32, and the weight of each frame (n, frames)."""
    data = records if isinstance(records, np.ndarray) else records.data
    logs = np.empty((len(data), 3, stft.bins, stft.frames(data.shape[-1])), np.float32)
    for rows in _blocks(len(data)):
        amplitude = np.abs(stft.forward(data[rows].astype(np.float32, copy=False)))
        floor = np.maximum(_FLOOR * amplitude.max(axis=(-2, -1), keepdims=True), np.finfo(np.float32).tiny)
        logs[rows] = np.log(np.maximum(amplitude, floor))
    centre = np.minimum(np.arange(logs.shape[-1]) * stft.hop, data.shape[-1] - 1)
    return logs, np.where(mask[:, centre], 1.0, _BEHIND_MASK).astype(np.float32)


def _moved(records, rows, samples):
    """Records shifted to later times, and a mask of their real samples; gaps at an end are filled by mirror images.

    Their time masks do not count: the aftershocks of one earthquake arrive at all sensors with similar shifts.
    """
    npts = records.npts
    at = np.arange(npts) - samples[:, None]
    inside = (at >= 0) & (at < npts)
    folded = np.abs(at)
    folded = np.where(folded >= npts, 2 * (npts - 1) - folded, folded)
    data = np.take_along_axis(records.data[rows], np.broadcast_to(folded[:, None], (len(rows), 3, npts)), axis=-1)
    return data, inside


def _predicted_s(records):
    values = records.column("path_s_travel_s")
    if not np.isfinite(values).all():
        raise InputError(f"{records.name}: shifting by the predicted S needs path_s_travel_s in every row.")
    return values


def _window(rate):
    return 2 ** round(np.log2(1.28 * rate))


def _blocks(count, size=32):
    return [np.arange(first, min(first + size, count)) for first in range(0, count, size)]


def _seeds(rows, seed, draw):
    return np.array([hash_words("baseline", seed, draw, int(row)) for row in rows], dtype=np.uint64)
