"""From conditions to spectrograms as sensors would see them: the network, its spread, site and noise."""

import dataclasses

import numpy as np

from seissynth.seeding import hash_words
from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms
from seissynth_plugins.heggs.site_noise import (
    before_p,
    noise_levels,
    noise_offsets,
    of_sensors,
    shape_features,
    with_noise,
)

#: a level is drawn to zero as by so much weight of records that show none; one clear record has a weight of 3
LEVEL_PULL = 2.0
#: steps of the predictions at the sources
_STEPS = 3


def generate_observed(
    model, inputs, conditions, seeds, event_seeds, sensors, onsets, *, source=None, traits=None, sampling=None,
    background="quiet",
):  # fmt: skip
    """Generate standardised log-spectrograms with what the weights know of sites and noise.

    Parameters
    ----------
    model : Heggs or LatentDiffusion
    inputs : ModelInputs
    conditions : ndarray, shape (n, size)
        From ``inputs.conditions``.
    seeds, event_seeds : array_like of int, shape (n,)
        Of each record; of its earthquake, for the level of the noise.
    sensors : sequence of str
        NET.STA of each record.
    onsets : ndarray, shape (n, 2)
        From ``inputs.onsets``.
    source : ndarray, shape (n, 3, bins, frames), optional
        For the network.
    traits : Traits, optional
        What sources told of their earthquakes, one row for each record. Rows of noise that are NaN, and all without it,
        take what `background` says.
    sampling : generation.Sampling, optional
    background : {"quiet", "mean", "drawn", "none"}
        Noise of the sensor in quiet times, its mean over the earthquakes of the training set, that of one of them,
        drawn for each earthquake, or none.

    Returns
    -------
    ndarray, shape (n, 3, bins, frames), float32
        Weights without site and noise give what the network says.
    """
    taken = onsets if model.config.unet.onset_maps else None
    known = inputs.site_noise
    if known is None:
        return generate_spectrograms(model, conditions, seeds, source, taken, sampling)
    mean = dataclasses.replace(sampling, spread=False)
    x = generate_spectrograms(model, conditions, seeds, source, taken, mean)
    sd, early = inputs.statistics.sd, before_p(onsets, inputs.frame_times_s)
    features = shape_features(onsets, inputs.frame_times_s, inputs.magnitudes(conditions))
    signals = known.signals(x, early, sd, sensors, features)
    if sampling.spread and getattr(model, "spread", None) is not None:
        deviations = model.spread.draw(seeds, source is not None).cpu().numpy()
        signals += np.where(early[:, None, None], 0, deviations * sd[:, None])
    levels = known.levels(sensors, background, event_seeds)
    if traits is not None:
        heard = of_sensors(known.noise, sensors) + traits.noise[:, None]
        levels = np.where(np.isfinite(heard) & (background != "none"), heard, levels)
        signals += traits.level[:, None, :, None] * sd[:, None]
    return with_noise(signals, levels, sd)


def signal_residuals(inputs, target, made, conditions, sensors, onsets):
    """Return by how much the signals of real records differ from predictions, and where they can be seen.

    Parameters
    ----------
    inputs : ModelInputs
        With `site_noise`.
    target, made : ndarray, shape (n, 3, bins, frames)
        Real records, and what a network says of them.
    conditions : ndarray, shape (n, size)
    sensors : sequence of str
    onsets : ndarray, shape (n, 2)

    Returns
    -------
    residuals : ndarray, shape (n, 3, bins, frames)
        Standardised ln A, with the gain of the site, and the noise that the record itself shows before P.
    seen : ndarray of bool, same shape
        Behind P, where at least half of the predicted power is signal.
    """
    known, sd, early = inputs.site_noise, inputs.statistics.sd, before_p(onsets, inputs.frame_times_s)
    levels = noise_levels(target, early)
    levels = np.where(np.isnan(levels), of_sensors(known.noise, sensors), levels)
    features = shape_features(onsets, inputs.frame_times_s, inputs.magnitudes(conditions))
    signals = known.signals(made, early, sd, sensors, features)
    seen = signals > levels[..., None] * sd[:, None]
    return target - with_noise(signals, levels, sd), seen & ~early[:, None, None]


@dataclasses.dataclass(frozen=True)
class Traits:
    """What source records tell of their earthquakes beyond what the network takes from them.

    Parameters
    ----------
    noise : ndarray, shape (n, bins)
        By how much the noise differs from the mean of the sensors; NaN where no source shows any.
    level : ndarray, shape (n, bins)
        By how much the signal differs from what its magnitude and place let expect.
    """

    noise: np.ndarray
    level: np.ndarray


@dataclasses.dataclass(frozen=True)
class SourceResiduals:
    """Of each source record: its noise beside that of its sensor, and its signal beside the prediction, in two sums.

    All are of shape (n, bins); the level of some records together is ``sum(error) / (sum(weight) + LEVEL_PULL)``.
    """

    noise: np.ndarray
    error: np.ndarray
    weight: np.ndarray

    def of(self, rows):
        """Return noise and level of some records of one earthquake, shape (bins,) each."""
        seen = self.noise[rows][np.isfinite(self.noise[rows][:, 0])] if len(rows) else self.noise[:0]
        noise = seen.mean(axis=0) if len(seen) else np.full(self.noise.shape[1], np.nan)
        return noise, self.error[rows].sum(axis=0) / (self.weight[rows].sum(axis=0) + LEVEL_PULL)


def source_residuals(model, inputs, source, conditions, sensors, onsets, frames=None):
    """Return what source records hold beyond what is predicted at their own sensors.

    Parameters
    ----------
    model : Heggs or LatentDiffusion
    inputs : ModelInputs
        With `site_noise`.
    source : ndarray, shape (n, 3, bins, frames)
        Spectrograms of records.
    conditions : ndarray, shape (n, size)
        At the sources; a row of NaN: nobody knows where it stands, so that it tells its noise alone.
    sensors : sequence of str
        Of the sources, NET.STA.
    onsets : ndarray, shape (n, 2)
        At the sources, s after origin.
    frames : ndarray of bool, shape (n, frames), optional
        Which count, such as those before the next earthquake.

    Returns
    -------
    SourceResiduals
    """
    known, sd, early = inputs.site_noise, inputs.statistics.sd, before_p(onsets, inputs.frame_times_s)
    noise = noise_offsets(source, sensors, early, known)
    error, weight = np.zeros_like(noise), np.zeros_like(noise)
    placed = np.flatnonzero(np.isfinite(conditions).all(axis=1) & np.isfinite(onsets).all(axis=1))
    if len(placed):
        sampling = Sampling(steps=_STEPS, spread=False)
        onsets, early, names = onsets[placed], early[placed], np.asarray(sensors, dtype=str)[placed]
        taken = onsets if model.config.unet.onset_maps else None
        # of its sensor alone: what a source tells must not depend on which others there are
        seeds = np.array([hash_words("prediction at a source", name) for name in names], dtype=np.uint64)
        x = generate_spectrograms(model, conditions[placed], seeds, None, taken, sampling)
        features = shape_features(onsets, inputs.frame_times_s, inputs.magnitudes(conditions[placed]))
        signals = known.signals(x, early, sd, names, features)
        levels = noise_levels(source[placed], early)
        levels = np.where(np.isnan(levels), of_sensors(known.noise, names), levels)[..., None] * sd[:, None]
        total = np.logaddexp(2 * signals, 2 * levels)
        slope = np.exp(2 * signals - total)
        counts = ~early if frames is None else ~early & frames[placed]
        counts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        apart = slope * (source[placed] - total / 2 / sd[:, None])
        error[placed] = np.einsum("ncft,nt->nf", apart, counts)
        weight[placed] = np.einsum("ncft,nt->nf", slope**2, counts)
    return SourceResiduals(noise, error, weight)
