"""Convert conditions to spectrograms at sensors: the network, its spread, site and noise."""

import dataclasses

import numpy as np

from seissynth.errors import InputError
from seissynth_plugins.heggs.generation import default_sampling, generate_spectrograms
from seissynth_plugins.heggs.site_noise import (
    BACKGROUNDS,
    before_p,
    noise_levels,
    of_sensors,
    shape_features,
    with_noise,
)


def generate_observed(
    model, inputs, conditions, seeds, event_seeds, sensors, onsets, *, source=None, traits=None, sampling=None,
    background="quiet",
):  # fmt: skip
    """Generate standardised log-spectrograms with the sites and noise of the weights.

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
        Traits of the earthquakes from sources, one row for each record. Rows of noise that are NaN, and all without it,
        follow `background`.
    sampling : generation.Sampling, optional
        Default: `generation.default_sampling`.
    background : {"quiet", "mean", "drawn", "none"}
        Noise of the sensor in quiet times, its mean over the earthquakes of the training set, that of one of them,
        drawn for each earthquake, or none.

    Returns
    -------
    ndarray, shape (n, 3, bins, frames), float32
        Weights without site and noise give the output of the network.

    Raises
    ------
    InputError
        An unknown background; else as `generation.generate_spectrograms`.
    """
    if background not in BACKGROUNDS:
        raise InputError(f"background={background!r} must be one of {', '.join(map(repr, BACKGROUNDS))}.")
    sampling = default_sampling(model.config) if sampling is None else sampling
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
    out = with_noise(signals, levels, sd)
    return out if traits is None else out + traits.rest[:, None]


def signal_residuals(inputs, target, predicted, conditions, sensors, onsets):
    """Return the differences between signals of real records and predictions, and where they are detectable.

    Parameters
    ----------
    inputs : ModelInputs
        With `site_noise`.
    target, made : ndarray, shape (n, 3, bins, frames)
        Real records, and the network's predictions of them.
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
    signals = known.signals(predicted, early, sd, sensors, features)
    seen = signals > levels[..., None] * sd[:, None]
    return target - with_noise(signals, levels, sd), seen & ~early[:, None, None]
