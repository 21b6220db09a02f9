"""Fit the residual model of a network: residuals of records that it did not see, and their patterns."""

import dataclasses
import json

import numpy as np

from seissynth.errors import InputError
from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare
from seissynth_plugins.heggs.residual_memory import ResidualMemory
from seissynth_plugins.heggs.residual_mover import ResidualMover
from seissynth_plugins.heggs.residual_records import (
    origin_hours,
    record_places,
    record_residuals,
    signal_share,
    some_columns,
)
from seissynth_plugins.heggs.signal_and_noise import before_p, noise_levels, shape_features, with_noise
from seissynth_plugins.heggs.site_noise import of_sensors
from seissynth_plugins.residuals.hyperparameters import LEAST_RECORDS, fit_hyperparameters
from seissynth_plugins.residuals.observations import Observations
from seissynth_plugins.residuals.patterns import fit_patterns, on_clock
from seissynth_plugins.torchkit.checkpoints import read_tensors

#: steps of the predictions, and number of records in memory at a time
_STEPS, _TOGETHER = 3, 64
#: hyper-parameters are fitted to so many records at most: the time grows with their cube
_FIT_RECORDS = 500


def fit_residuals(model, table, inputs, rows, patterns, held_out=None):
    """Fit a residual model.

    Parameters
    ----------
    model : Heggs or LatentDiffusion
        Trained.
    table : data.TrainingTable
    inputs : ModelInputs
        With `site_noise`.
    rows : array of int
        Of records that the network was not trained on.
    patterns : int
        From 1 to the number of records less 1.
    held_out : dict of str to SiteNoise, optional
        By earthquake: sites and noise that were not fitted to its records, as of `site_noise_fit.cross_fitted`;
        earthquakes that are not named use those of the inputs.

    Returns
    -------
    memory : ResidualMemory
    figures : dict of str to float
        Root mean squares of a cell, in standard deviations of ln A: "residual", "patterns", "noise"; and "records".

    Raises
    ------
    InputError
        No site and noise, or too few records.

    Notes
    -----
    Predictions come from the conditions alone, with the noise that a record itself shows before P. Patterns are those
    of all cells behind P, in the band and under the mask, also where noise is stronger than signal: that codas of
    earlier earthquakes decay is one of them. Hyper-parameters are fitted to every second earthquake of many.
    """
    if inputs.site_noise is None:
        raise InputError("a residual model needs sites and noise; pass site_noise=True with residuals.")
    columns = table.table.iloc[rows]
    onsets = inputs.onsets(columns)
    usable = np.isfinite(onsets).all(axis=1)
    rows, columns, onsets = rows[usable], columns[usable], onsets[usable]
    if len(rows) < max(LEAST_RECORDS, patterns + 1):
        raise InputError(
            f"a residual model of {patterns} patterns needs {max(LEAST_RECORDS, patterns + 1)} records with onsets "
            f"that the network was not trained on; there are {len(rows)}. Give a larger set, or residuals=0."
        )
    residuals, share = _residuals(prepare(model), table, inputs, rows, onsets, held_out or {})
    sensors = [str(name) for name in table.sensors(rows)]
    there = some_columns(columns, slice(None))
    places = record_places(there, sensors, onsets, share)
    fitted = fit_patterns(*on_clock(residuals), patterns)
    values, variances = (np.stack(part) for part in zip(*map(fitted.coordinates, residuals), strict=True))
    chosen = _some_earthquakes(columns["source_id"].to_numpy())
    parameters = fit_hyperparameters(values[chosen], variances[chosen], places.select(chosen))
    memory = ResidualMemory(patterns, len(rows))
    observations = Observations(places, values, variances)
    memory.keep(fitted, parameters, observations, there, origin_hours(there, len(rows)), onsets, share)
    cells = np.concatenate([one.values[one.counts] for one in residuals])
    explained = np.concatenate([np.tensordot(z, fitted.at(one), axes=1)[one.counts]
                                for z, one in zip(values, residuals, strict=True)])  # fmt: skip
    return memory, {
        "residual": float(np.sqrt(np.mean(cells**2))), "patterns": float(np.sqrt(np.mean(explained**2))),
        "noise": fitted.noise, "records": float(len(rows)),
    }  # fmt: skip


def _residuals(ready, table, inputs, rows, onsets, held_out):
    """Residuals of records in cells, and their shares of signal."""
    sd, times, band = inputs.statistics.sd, inputs.frame_times_s, inputs.spectrogram.band_mask
    events, sampling = table.table["source_id"].to_numpy()[rows], Sampling(steps=_STEPS, spread=False)
    found, share = [None] * len(rows), np.zeros(len(rows))
    fits = [held_out.get(event, inputs.site_noise) for event in events]
    for fit in {id(one): one for one in fits}.values():
        same = np.flatnonzero([one is fit for one in fits])
        for some in np.split(same, range(_TOGETHER, len(same), _TOGETHER)):
            part, known = rows[some], table.table.iloc[rows[some]]
            early, sensors = before_p(onsets[some], times), table.sensors(part)
            conditions = inputs.conditions(known)
            taken = onsets[some] if ready.config.unet.onset_maps else None
            x = generate_spectrograms(ready, conditions, part, None, taken, sampling)
            y = inputs.encode(table.waveforms(part), sensors)
            features = shape_features(onsets[some], times, inputs.magnitudes(conditions))
            signals = fit.signals(x, early, sd, sensors, features)
            levels = noise_levels(y, early)
            levels = np.where(np.isnan(levels), of_sensors(fit.noise, sensors), levels)
            mask = inputs.spectrogram.frames_before(known["mask_end_s"].to_numpy()).astype(bool) & ~early
            counts = mask[:, None, None] * band[:, None]
            cells = record_residuals(y - with_noise(signals, levels, sd), counts, onsets[some], times)
            share[some] = signal_share(signals, levels, early, onsets[some], band, sd, times)
            for row, one in zip(some, cells, strict=True):
                found[row] = one
    return found, share


def _some_earthquakes(events):
    """Rows of every second, third, ... earthquake, so that they are not too many."""
    names = sorted(set(events))
    step = min(int(np.ceil(len(events) / _FIT_RECORDS)), len(names))
    kept = np.flatnonzero(np.isin(events, names[::step]))
    return kept if len(kept) >= LEAST_RECORDS else np.arange(len(events))


def add_residuals(kind, values, network, table, inputs, rows, patterns, held_out=None):
    """Give weights a residual model, in place of a spread.

    Parameters
    ----------
    kind : Kind
    values : dict of str to Tensor
        Of a trained network.
    network : HeggsConfig or LdmConfig
    table, inputs, rows, patterns, held_out
        As for `fit_residuals`.

    Returns
    -------
    values : dict of str to Tensor
    network : HeggsConfig or LdmConfig
        With `residuals` and `residual_records` set.
    figures : dict of str to float
        From `fit_residuals`.
    """
    values, network = without_fits(values, network)
    model = kind.make(network)
    model.load_state_dict(values)
    memory, figures = fit_residuals(model.eval(), table, inputs, rows, patterns, held_out)
    more = {f"residuals.{name}": value for name, value in memory.state_dict().items()}
    network = dataclasses.replace(network, residuals=patterns, residual_records=len(memory.share))
    return {**values, **more}, network, figures


def add_flow(values, network, path):
    """Give weights with a residual model a network that moves its draws.

    Parameters
    ----------
    values : dict of str to Tensor
        With a residual model.
    network : HeggsConfig or LdmConfig
    path : path
        ``network_best.safetensors`` of ``tools.heggs.residual_flow train --beyond``.

    Returns
    -------
    values : dict of str to Tensor
    network : HeggsConfig or LdmConfig
        With `residual_flow` and `flow_stations` set.

    Raises
    ------
    InputError
        Weights without a residual model, or another kind of network.
    """
    tensors, about = read_tensors(path)
    if not network.residuals:
        raise InputError("a network that moves draws needs weights with a residual model; pass residuals first.")
    if about.get("beyond") != "True" or about.get("mean_free") != "False":
        raise InputError(f"{path} is not a network that was trained with --beyond and without --mean-free.")
    stations = json.loads(about["stations"])
    mover = ResidualMover(len(stations), int(about["channels"]))
    mover.keep(tensors, stations, float(about["size"]))
    more = {f"residual_flow.{name}": value for name, value in mover.state_dict().items()}
    network = dataclasses.replace(network, residual_flow=int(about["channels"]), flow_stations=len(stations))
    return {**values, **more}, network


#: beginnings of names of values, and fields of a configuration, that are fitted after a training
FITS = {"spread": 0, "residuals": 0, "residual_records": 0, "residual_flow": 0, "flow_stations": 0}


def without_fits(values, network):
    """Return weights and configuration of the network alone, without spread and residual model."""
    begins = tuple(f"{name}." for name in FITS)
    kept = {name: value for name, value in values.items() if not name.startswith(begins)}
    fits = {name: none for name, none in FITS.items() if hasattr(network, name)}
    return kept, dataclasses.replace(network, **fits)
