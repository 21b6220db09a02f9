"""From conditions to spectrograms as sensors would see them: the network, its spread, site and noise."""

import dataclasses

import numpy as np

from seissynth_plugins.heggs.generation import generate_spectrograms
from seissynth_plugins.heggs.site_noise import before_p, noise_levels, noise_offsets, of_sensors, signal, with_noise


def generate_observed(
    model, inputs, conditions, seeds, event_seeds, sensors, onsets, *, source=None, offsets=None, sampling=None,
    noise="drawn",
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
    offsets : ndarray, shape (n, bins), optional
        By how much the noise of the earthquake differs from the sensors' mean, from `source_noise`. Rows of NaN, and
        all without it, take what `noise` says.
    sampling : generation.Sampling, optional
    noise : {"drawn", "mean", "none"}
        The noise of an earthquake of the training set, that of the sensor's mean, or no noise at all.

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
    signals = signal(x, early, sd, known.predicted) + of_sensors(known.site, sensors)[..., None] * sd[:, None]
    if sampling.spread and getattr(model, "spread", None) is not None:
        deviations = model.spread.draw(seeds, source is not None).cpu().numpy()
        signals += np.where(early[:, None, None], 0, deviations * sd[:, None])
    shift = known.drawn(event_seeds) if noise == "drawn" else np.zeros((len(x), len(sd)), np.float32)
    if offsets is not None:
        shift = np.where(np.isfinite(offsets), offsets, shift)
    levels = of_sensors(known.noise, sensors) + shift[:, None]
    if noise == "none":
        levels = np.full_like(levels, -np.inf)
    return with_noise(signals, levels, sd)


def signal_residuals(inputs, target, made, sensors, onsets):
    """Return by how much the signals of real records differ from predictions, and where they can be seen.

    Parameters
    ----------
    inputs : ModelInputs
        With `site_noise`.
    target, made : ndarray, shape (n, 3, bins, frames)
        Real records, and what a network says of them.
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
    signals = signal(made, early, sd, known.predicted) + of_sensors(known.site, sensors)[..., None] * sd[:, None]
    seen = signals > levels[..., None] * sd[:, None]
    return target - with_noise(signals, levels, sd), seen & ~early[:, None, None]


def source_noise(inputs, source, sensors, onsets, groups):
    """Return the noise of the earthquakes that source records show, as `generate_observed` takes it.

    Parameters
    ----------
    inputs : ModelInputs
    source : ndarray, shape (n, 3, bins, frames)
        Spectrograms of records.
    sensors : sequence of str
        Of the sources, NET.STA.
    onsets : ndarray, shape (n, 2)
        At the sources, s after origin.
    groups : sequence, shape (n,)
        Rows that are alike belong to one earthquake: the mean over its sensors is taken.

    Returns
    -------
    ndarray, shape (n, bins), or None
        NaN where no source of an earthquake has time before P; None where the weights know no noise.
    """
    if inputs.site_noise is None:
        return None
    own = noise_offsets(source, sensors, before_p(onsets, inputs.frame_times_s), inputs.site_noise)
    out, groups, sensors = np.full_like(own, np.nan), np.asarray(groups), np.asarray(sensors, dtype=str)
    for group in set(groups.tolist()):
        chosen = np.flatnonzero((groups == group) & np.isfinite(own[:, 0]))
        if len(chosen):
            _, first = np.unique(sensors[chosen], return_index=True)
            out[groups == group] = own[chosen[first]].mean(axis=0)
    return out
