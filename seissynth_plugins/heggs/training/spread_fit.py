"""Fit the spread of a trained network: residuals on records that it did not see, and the patterns in them."""

import dataclasses

import numpy as np

from seissynth_plugins.heggs.generation import START_SHARE, Sampling, generate_spectrograms, rayleigh_texture
from seissynth_plugins.heggs.inputs import sensor_names
from seissynth_plugins.heggs.networks.model import Heggs
from seissynth_plugins.heggs.observation import signal_residuals
from seissynth_plugins.heggs.spread import ResidualSpread, cell_means, fit_patterns

#: steps of the predictions; more give the same
_STEPS = 3
#: number of textures drawn to estimate their share of a cell's variance
_TEXTURES = 16


def fit_spread(model, pairs, patterns, held_out=None):
    """Return patterns of residuals with and without a source, and figures of the fit.

    Parameters
    ----------
    model : Heggs
        Trained; its own spread is left out.
    pairs : PairData
        Of records that the training did not see.
    patterns : int
    held_out : dict of str to SiteNoise, optional
        By earthquake: sites and noise that were not fitted to its records, for residuals representative of records that
        were not used in the fit; earthquakes that are not named use those of the inputs.

    Returns
    -------
    arrays : tuple of two ndarray, shape (patterns, 3, 16, 94)
        Without and with source, as `ResidualSpread.set_patterns` takes them.
    figures : dict of str to float
        Root mean squares of a cell, in standard deviations of ln A: "residual_...", "patterns_...", "noise_..." with
        the endings "without" and "with", and "texture", that of `generation.rayleigh_texture`.
    """
    count = len(pairs)
    items = [pairs[i] for i in range(count)]
    target, mask = (np.stack([item[name] for item in items]) for name in ("target", "mask"))
    source = np.stack([item["source"] for item in items])
    condition = np.stack([item["condition"] for item in items])
    onsets = np.stack([item["onsets"] for item in items]) if "onsets" in items[0] else None
    columns = pairs.table.table.iloc[[int(item["row"]) for item in items]]
    sensors, known = sensor_names(columns), pairs.inputs.onsets(columns)
    held_out, events = held_out or {}, columns["source_id"].to_numpy()
    weights = model.band.cpu().numpy()[None] * mask
    start = "condition" if model.config.source_input else "noised"
    step = max(round(START_SHARE * model.config.steps), 1)
    sampling = Sampling(steps=min(_STEPS, model.config.steps), start=start, start_step=step, spread=False)
    arrays, figures = [], {}
    for name, records in (("without", None), ("with", source)):
        generated = generate_spectrograms(model, condition, np.arange(count), records, onsets, sampling)
        residuals, seen = target - generated, weights
        if pairs.inputs.site_noise is not None:
            seen = np.zeros_like(target)
            for event in sorted(set(events)):
                rows = np.flatnonzero(events == event)
                fit = held_out.get(event, pairs.inputs.site_noise)
                inputs = dataclasses.replace(pairs.inputs, site_noise=fit)
                residuals[rows], signal = signal_residuals(
                    inputs, target[rows], generated[rows], condition[rows], [sensors[i] for i in rows], known[rows]
                )
                seen[rows] = weights[rows] * signal
        means, counts = cell_means(residuals, seen)
        fitted, noise = fit_patterns(means, counts, min(patterns, count - 1))
        arrays.append(_filled(fitted, patterns))
        figures[f"residual_{name}"] = float(np.sqrt(np.mean(means[counts] ** 2)))
        variance = np.broadcast_to(np.sum(fitted**2, axis=0), counts.shape)
        figures[f"patterns_{name}"] = float(np.sqrt(np.mean(variance[counts])))
        figures[f"noise_{name}"] = noise
    figures["texture"] = _texture(pairs.inputs, weights)
    return tuple(arrays), figures


def _texture(inputs, weights):
    """Root mean square of the cells of textures, where records have them."""
    weights = weights[: min(len(weights), _TEXTURES)]
    logs, _ = rayleigh_texture(inputs.spectrogram, np.arange(len(weights)))
    means, counts = cell_means(logs / inputs.statistics.sd[:, None], weights)
    return float(np.sqrt(np.mean(means[counts] ** 2)))


def add_spread(values, network, pairs, patterns, held_out=None):
    """Give weights the spread of their residuals.

    Parameters
    ----------
    values : dict of str to Tensor
        Of a trained network.
    network : HeggsConfig
    pairs, patterns, held_out
        As for `fit_spread`.

    Returns
    -------
    values : dict of str to Tensor
    network : HeggsConfig
        With `spread` set.
    figures : dict of str to float
        From `fit_spread`.
    """
    model = Heggs(dataclasses.replace(network, spread=0))
    model.load_state_dict({name: value for name, value in values.items() if not name.startswith("spread.")})
    patterns_of, figures = fit_spread(model, pairs, patterns, held_out)
    fitted = ResidualSpread(patterns)
    fitted.set_patterns(*patterns_of)
    more = {f"spread.{name}": value for name, value in fitted.state_dict().items()}
    return {**values, **more}, dataclasses.replace(network, spread=patterns), figures


def _filled(shapes, patterns):
    return np.concatenate([shapes, np.zeros((patterns - len(shapes), *shapes.shape[1:]), np.float32)])
