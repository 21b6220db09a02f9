"""Traits of an earthquake from source records, besides the network's input: noise, level, residuals over time."""

import dataclasses

import numpy as np
from scipy.ndimage import uniform_filter

from seissynth.seeding import hash_words
from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms
from seissynth_plugins.heggs.residual_records import (
    record_places,
    record_residuals,
    signal_share,
    some_columns,
)
from seissynth_plugins.heggs.signal_and_noise import before_p, noise_levels, shape_features
from seissynth_plugins.heggs.site_noise import EDGE_FRAMES, of_sensors

#: a level is drawn to zero as by so much weight of records that show none; one clear record has a weight of 3
LEVEL_PULL = 2.0
#: what else sources differ by is drawn to zero as by so many records that show none, and averaged over these cells
REST_PULL, REST_CELLS = 2.0, (9, 5)
#: steps of the predictions at the sources
_STEPS = 3


@dataclasses.dataclass(frozen=True)
class Traits:
    """Traits of earthquakes from source records, in addition to the network's input.

    Parameters
    ----------
    noise : ndarray, shape (n, bins)
        Noise of the earthquake's time, as of `SiteNoise.heard`; NaN if no source shows any.
    level : ndarray, shape (n, bins)
        Difference of the signal from that expected for its magnitude and location.
    rest : ndarray, shape (n, bins, frames)
        Difference of records from signal and noise with these: codas, other earthquakes.
    known : list of Observations or None, length n, optional
        For weights with a residual model, which takes the place of `level` and of `rest` behind P: source records as
        observations of it; None for a target that has none.
    """

    noise: np.ndarray
    level: np.ndarray
    rest: np.ndarray
    known: list | None = None

    def select(self, rows):
        """Return those of some targets; `rows` is an array of int."""
        known = None if self.known is None else [self.known[row] for row in rows]
        return Traits(self.noise[rows], self.level[rows], self.rest[rows], known)


@dataclasses.dataclass(frozen=True)
class SourceResiduals:
    """Residuals of source records from the prediction at their own sensors.

    Parameters
    ----------
    levels : ndarray, shape (n, 3, bins)
        Noise before P, standardised ln A; NaN where a record does not show it.
    error, weight : ndarray, shape (n, bins)
        Two sums, of which the level of some records together is ``sum(error) / (sum(weight) + LEVEL_PULL)``.
    apart : ndarray, shape (n, bins, frames)
        Record less prediction, mean over components.
    slope : ndarray, shape (n, bins, frames)
        Change of the prediction per unit of level.
    counts, early : ndarray of bool, shape (n, frames)
        Frames for which these are valid; frames before P.
    marks : ndarray of int, shape (n, 2)
        Frames of the onsets of P and S.
    known : Observations, optional
        Of the residual model of the weights, for the records `placed`.
    placed : ndarray of int
        Records whose place and onsets are known.
    sensors : ndarray of str, shape (n,)
        NET.STA.
    site_noise : SiteNoise
    sd : ndarray, shape (bins,)
    """

    levels: np.ndarray
    error: np.ndarray
    weight: np.ndarray
    apart: np.ndarray
    slope: np.ndarray
    counts: np.ndarray
    early: np.ndarray
    marks: np.ndarray
    known: object
    placed: np.ndarray
    sensors: np.ndarray
    site_noise: object
    sd: np.ndarray

    def of(self, rows, marks, early):
        """Return the traits for a target from some records of the same earthquake.

        Parameters
        ----------
        rows : array of int
        marks : (int, int)
            Frames of its P and S: residuals over time are those at the same time before P, and about S from P on.
        early : ndarray of bool, shape (frames,)
            Frames before P.

        Returns
        -------
        noise, level : ndarray, shape (bins,)
        rest : ndarray, shape (bins, frames)
        """
        rows = np.asarray(rows, dtype=int)
        noise = self.site_noise.heard(self.levels[rows], self.sensors[rows], self.sd)
        level = self.error[rows].sum(axis=0) / (self.weight[rows].sum(axis=0) + LEVEL_PULL)
        before, behind = (
            self._rest(rows, mark - self.marks[rows, phase], counts, level)
            for phase, (mark, counts) in enumerate(zip(marks, (self.early, ~self.early), strict=True))
        )
        return noise, level, np.where(early, before, behind)

    def _rest(self, rows, later, counts, level):
        """Mean residual after removal of a level, over valid frames, shifted by `later` frames."""
        frames = counts.shape[1]
        total, records = np.zeros(self.apart.shape[1:], np.float32), np.zeros(frames, np.float32)
        for row, by in zip(rows, np.clip(later, -frames, frames).tolist(), strict=True):
            here, there = slice(max(by, 0), frames + min(by, 0)), slice(max(-by, 0), frames - max(by, 0))
            counted = (counts[row] & self.counts[row])[there]
            total[:, here] += counted * (self.apart[row] - self.slope[row] * level[:, None])[:, there]
            records[here] += counted
        return uniform_filter(total / (records + REST_PULL), REST_CELLS, mode="nearest")

    def traits(self, rows_of, onsets, times_s):
        """Return `Traits` for targets.

        Parameters
        ----------
        rows_of : sequence of array of int
            Records used for each target.
        onsets : array_like, shape (n, 2)
            P and S of the targets, s after origin; if one is unknown, there are no residuals over time.
        times_s : ndarray, shape (frames,)
        """
        early, marks = before_p(onsets, times_s), onset_frames(onsets, times_s)
        row_traits = [self.of(*row) for row in zip(rows_of, marks, early, strict=True)]
        noise, level, rest = (np.stack(part) for part in zip(*row_traits, strict=True))
        rest[..., -EDGE_FRAMES:] = rest[..., -EDGE_FRAMES - 1, None]
        rest = np.where(np.isfinite(onsets).all(axis=1)[:, None, None], rest, 0)
        return Traits(noise, level, rest, None if self.known is None else [self._known(rows) for rows in rows_of])

    def _known(self, rows):
        kept = np.flatnonzero(np.isin(self.placed, np.asarray(rows, dtype=int)))
        return self.known.select(kept) if len(kept) else None


def source_predictions(model, conditions, sensors, onsets):
    """Return the network's spectrograms at sources, from the conditions alone; arguments as for `source_residuals`."""
    taken = onsets if model.config.unet.onset_maps else None
    # seeded by its sensor alone: the information from one source must not depend on the other sources
    seeds = np.array([hash_words("prediction at a source", name) for name in sensors], dtype=np.uint64)
    return generate_spectrograms(model, conditions, seeds, None, taken, Sampling(steps=_STEPS, spread=False))


def onset_frames(onsets, times_s):
    """Return the frames nearest to onsets; an unknown one is before all."""
    times = np.asarray(times_s, dtype=float)
    return np.rint((np.nan_to_num(np.asarray(onsets, dtype=float)) - times[0]) / (times[1] - times[0])).astype(int)


def source_residuals(
    model, inputs, source, conditions, sensors, onsets, frames=None, columns=None, predicted=None
):  # fmt: skip
    """Return the residuals of source records from the prediction at their own sensors.

    Parameters
    ----------
    model : Heggs or LatentDiffusion
    inputs : ModelInputs
        With `site_noise`.
    source : ndarray, shape (n, 3, bins, frames)
        Spectrograms of records.
    conditions : ndarray, shape (n, size)
        At the sources; a row of NaN: unknown location, and only the noise of the record is used.
    sensors : sequence of str
        Of the sources, NET.STA.
    onsets : ndarray, shape (n, 2)
        At the sources, s after origin.
    frames : ndarray of bool, shape (n, frames), optional
        Frames that count, such as those before the next earthquake.
    columns : mapping of schema columns, n rows, optional
        Earthquake and place at the sources, which the residual model of weights that have one needs.
    predicted : ndarray, shape (n, 3, bins, frames), optional
        What the network predicts at the sources from the conditions alone (`source_predictions`), if that is known.

    Returns
    -------
    SourceResiduals
    """
    known, sd, early = inputs.site_noise, inputs.statistics.sd, before_p(onsets, inputs.frame_times_s)
    sensors = np.asarray(sensors, dtype=str)
    heard = noise_levels(source, early)
    error, weight = (np.zeros((len(source), source.shape[2]), heard.dtype) for _ in range(2))
    apart, slopes = (np.zeros((len(source), *source.shape[2:]), np.float32) for _ in range(2))
    counted, before, marks = np.zeros(early.shape, bool), early, onset_frames(onsets, inputs.frame_times_s)
    placed = np.flatnonzero(np.isfinite(conditions).all(axis=1) & np.isfinite(onsets).all(axis=1))
    observed = None
    if len(placed):
        onsets, early, names = onsets[placed], early[placed], sensors[placed]
        x = source_predictions(model, conditions[placed], names, onsets) if predicted is None else predicted[placed]
        features = shape_features(onsets, inputs.frame_times_s, inputs.magnitudes(conditions[placed]))
        signals = known.signals(x, early, sd, names, features)
        shown = np.where(np.isnan(heard[placed]), of_sensors(known.noise, names), heard[placed])
        levels = shown[..., None] * sd[:, None]
        total = np.logaddexp(2 * signals, 2 * levels)
        slope = np.exp(2 * signals - total)
        counted[placed] = True if frames is None else frames[placed]
        counted[:, -EDGE_FRAMES:] = False
        counts = counted[placed] & ~early
        counts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        residual = source[placed] - total / 2 / sd[:, None]
        error[placed] = np.einsum("ncft,nt->nf", slope * residual, counts)
        weight[placed] = np.einsum("ncft,nt->nf", slope**2, counts)
        apart[placed], slopes[placed] = residual.mean(axis=1), slope.mean(axis=1)
        if getattr(model, "residuals", None) is not None and columns is not None:
            band = inputs.spectrogram.band_mask
            there = some_columns(columns, placed)
            # a sensor without a name is no station that is known
            stations = [name or f"source {row}" for row, name in zip(placed.tolist(), names.tolist(), strict=True)]
            share = signal_share(signals, shown, early, onsets, band, sd, inputs.frame_times_s)
            places = record_places(there, stations, onsets, share)
            seen = (counted[placed] & ~early)[:, None, None] * band[:, None]
            found = record_residuals(residual, seen, onsets, inputs.frame_times_s)
            observed = model.residuals.observations(found, places)
    return SourceResiduals(
        heard, error, weight, apart, slopes, counted, before, marks, observed, placed, sensors, known, sd
    )
