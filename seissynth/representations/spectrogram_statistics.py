"""Statistics of a training set for log-spectrograms: noise floor of each sensor, mean and spread of each bin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError

if TYPE_CHECKING:
    from seissynth.representations.log_spectrogram import LogSpectrogram

#: version of the plain form
FORMAT = 1

#: histogram of ln A from which floors are read: edges and step
_LOWEST, _HIGHEST, _STEP = -60.0, 30.0, 0.1

#: floor of sensors without one: ln of an amplitude far below any sensor's noise
LOWEST_FLOOR = _LOWEST


@dataclass(frozen=True, eq=False)
class SpectrogramStatistics:
    """Floors, mean and spread of ln A.

    Parameters
    ----------
    mean, sd : ndarray, shape (bins,), float32
        Of ln max(A, floor) over the training set, components and frames taken together.
    floors : dict of str to ndarray, shape (3, bins), float32
        ln of the noise floor of each sensor, components in the order of the records.
    common_floor : ndarray, shape (3, bins), float32
        For sensors that are not in `floors`: the median of those.
    """

    mean: np.ndarray
    sd: np.ndarray
    floors: dict
    common_floor: np.ndarray

    @classmethod
    def plain(cls, spectrogram: LogSpectrogram, log_floor: float = LOWEST_FLOOR) -> SpectrogramStatistics:
        """Return statistics that change nothing: mean 0, sd 1, one floor."""
        bins = spectrogram.bins
        floor = np.full((3, bins), log_floor, np.float32)
        return cls(np.zeros(bins, np.float32), np.ones(bins, np.float32), {}, floor)

    def check(self, spectrogram: LogSpectrogram) -> None:
        """Raise InputError unless the statistics have that geometry."""
        if self.mean.shape != (spectrogram.bins,):
            raise InputError(
                f"the statistics are of {len(self.mean)} bins, the spectrogram has {spectrogram.bins}; recompute them."
            )

    def log_floors(self, sensors: Sequence[str] | None, count: int) -> np.ndarray:
        """Return ln of the floor of each record, shape (count or 1, 3, bins)."""
        if sensors is None:
            return self.common_floor[None]
        if len(sensors) != count:
            raise InputError(f"sensors has {len(sensors)} names for {count} records.")
        return np.stack([self.floors.get(str(name), self.common_floor) for name in sensors])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON; four digits after the point."""
        return {
            "format": FORMAT,
            "mean": _plain(self.mean),
            "sd": _plain(self.sd),
            "common_floor": _plain(self.common_floor),
            "floors": {name: _plain(values) for name, values in self.floors.items()},
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> SpectrogramStatistics:
        """Make statistics from the result of `to_dict`.

        Raises
        ------
        InputError
            Another format, missing parts, inconsistent shapes, or a spread of 0.
        """
        names = ("mean", "sd", "common_floor", "floors")
        if not isinstance(plain, dict) or any(name not in plain for name in names):
            raise InputError(f"statistics of spectrograms need {', '.join(names)}.")
        if plain.get("format") != FORMAT:
            raise InputError(f"the statistics have format {plain.get('format')!r}; this version reads {FORMAT}.")
        mean, sd, common = (np.array(plain[name], dtype=np.float32) for name in names[:3])
        floors = {name: np.array(values, dtype=np.float32) for name, values in plain["floors"].items()}
        shapes = {array.shape for array in (*floors.values(), common)}
        good = mean.ndim == 1 and sd.shape == mean.shape and shapes == {(3, len(mean))} and (sd > 0).all()
        if not good or not all(np.isfinite(array).all() for array in (mean, sd, common, *floors.values())):
            raise InputError("the statistics' shapes do not belong together, or hold NaN or a spread of 0.")
        return cls(mean, sd, floors, common)


def fit_spectrogram_statistics(
    spectrogram: LogSpectrogram,
    batches: Iterable[Any],
    *,
    quantile: float = 0.1,
    least_frames: int = 200,
    workers: int | None = None,
) -> SpectrogramStatistics:
    """Compute statistics of a training set, in two passes over it.

    Parameters
    ----------
    spectrogram : LogSpectrogram
    batches : iterable, iterated twice (a list, or an object whose ``__iter__`` starts again)
        Of ``(data, sensors, quiet_end_s)``: records (n, 3, npts); their sensors' names; and the time after sample 0
        until which each holds noise only (its P onset less a margin; 0, or NaN, where nothing is known).
    quantile : float
        Quantile of the noise amplitudes used as floor; lower values carry no information, and their logarithms would
        dominate the rest.
    least_frames : int
        A sensor with fewer frames of noise gets the common floor.
    workers : int, optional
        Threads.

    Returns
    -------
    SpectrogramStatistics

    Raises
    ------
    InputError
        No records, no noise at all, or `batches` that can be iterated only once.
    """
    if not 0 <= quantile < 1:
        raise InputError(f"quantile={quantile!r} must be 0 or more and below 1.")
    floors, common = _fit_floors(spectrogram, batches, quantile, least_frames, workers)
    bins = spectrogram.bins
    plain = SpectrogramStatistics(np.zeros(bins, np.float32), np.ones(bins, np.float32), floors, common)
    count, first, second = 0, np.zeros(bins), np.zeros(bins)
    for data, sensors, _ in batches:
        logs = spectrogram.encode(data, plain, sensors, workers).astype(np.float64)
        count += logs.size // bins
        first += logs.sum(axis=(0, 1, 3))
        second += (logs**2).sum(axis=(0, 1, 3))
    if not count:
        raise InputError("the batches are empty, or can be gone through once only; give a list.")
    mean = first / count
    sd = np.sqrt(np.maximum(second / count - mean**2, 0))
    if not (sd > 0).all():
        raise InputError("a bin has the same amplitude in all records; there is nothing to be standardised.")
    return SpectrogramStatistics(mean.astype(np.float32), sd.astype(np.float32), floors, common)


# --- floors


def _fit_floors(spectrogram, batches, quantile, least_frames, workers):
    """Return ln floors by sensor, and their median, from histograms, for sets of any size."""
    cells = round((_HIGHEST - _LOWEST) / _STEP)
    histograms = {}
    for data, sensors, quiet_end_s in batches:
        quiet = spectrogram.frames_before(np.nan_to_num(np.asarray(quiet_end_s, dtype=float), nan=0.0))
        # the first frames reach in front of the record, where there is nothing
        quiet &= spectrogram.times_s >= spectrogram.nfft / 2 / spectrogram.sampling_rate_hz
        rows = np.flatnonzero(quiet.any(axis=1))
        if not len(rows):
            continue
        logs = spectrogram.log_amplitude(np.asarray(data)[rows], workers)
        for row, log in zip(rows, logs, strict=True):
            counts = histograms.setdefault(str(sensors[row]), np.zeros((3, spectrogram.bins, cells), np.int32))
            _count(counts, log[:, :, quiet[row]])
    if not histograms:
        raise InputError(
            "no record has noise in front of its P onset, so there is no floor to be had; pass quiet_end_s of some "
            "records, or records that begin earlier."
        )
    enough = {name: counts for name, counts in histograms.items() if counts[0, 0].sum() >= least_frames}
    floors = {name: _quantile(counts, quantile) for name, counts in sorted(enough.items())}
    together = list(floors.values()) or [_quantile(sum(histograms.values()), quantile)]
    return floors, np.median(together, axis=0).astype(np.float32)


def _count(counts, logs):
    cells = counts.shape[-1]
    cell = np.clip((np.clip(logs, _LOWEST, _HIGHEST) - _LOWEST) / _STEP, 0, cells - 1).astype(np.int64)
    rows = np.arange(counts.shape[0] * counts.shape[1]).reshape(*counts.shape[:2], 1)
    counts += np.bincount((rows * cells + cell).ravel(), minlength=counts.size).reshape(counts.shape).astype(np.int32)


def _quantile(counts, quantile):
    """Quantile of ln A from histograms, linear within a cell; shape (3, bins)."""
    running = np.cumsum(counts, axis=-1)
    total = running[..., -1:]
    wanted = quantile * total
    cell = np.argmax(running >= np.maximum(wanted, 1), axis=-1)[..., None]
    inside = np.take_along_axis(counts, cell, -1)
    before = np.take_along_axis(running, cell, -1) - inside
    share = np.clip((wanted - before) / np.maximum(inside, 1), 0, 1)
    return (_LOWEST + _STEP * (cell + share))[..., 0].astype(np.float32)


def _plain(array):
    return np.round(np.asarray(array, dtype=float), 4).tolist()
