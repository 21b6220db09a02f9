"""Records for the network that starts from the residual model: cells, and what is expected of each earthquake.

The weights must not have been fitted to the validation block, where networks are chosen.
"""

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from seissynth.errors import InputError
from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare
from seissynth_plugins.heggs.residual_mover import features_of, textures_of
from seissynth_plugins.heggs.residual_records import record_places, signal_share, some_columns
from seissynth_plugins.heggs.signal_and_noise import before_p, noise_levels, shape_features, with_noise
from seissynth_plugins.heggs.site_noise import EDGE_FRAMES, of_sensors
from seissynth_plugins.heggs.spread import CELL, cell_means
from seissynth_plugins.heggs.training.data import TrainingTable
from seissynth_plugins.heggs.training.residual_fit import without_fits
from seissynth_plugins.heggs.training.site_noise_fit import cross_fitted, predict_records
from seissynth_plugins.heggs.weights import HEGGS, load_model
from seissynth_plugins.residuals.kernel import Separations
from seissynth_plugins.residuals.observations import Observations
from seissynth_plugins.residuals.observed import Residuals
from tools.heggs._folds import FOLDS
from tools.heggs._residual_flow_set import JITTER, PARTS, Pack, Part
from tools.heggs.heggs_residuals import Block

#: steps of predictions, and records in memory at a time
_STEPS, _TOGETHER = 3, 64


def make_pack(windows, weights, fold, parts=PARTS[:2], seed=0):
    """Return the `Pack` of a fold.

    Parameters
    ----------
    windows : path
        The set.
    weights : path
        Of `heggs_ridgecrest.py train ... --steps 0 --site-noise --residuals K --keep-dev`.
    fold : int or None
        None: no block is left out but the validation one.
    parts : sequence of str
        "train", "dev", and perhaps "test".
    seed : int
    """
    model, inputs, card = load_model(weights)
    if model.residuals is None or inputs.site_noise is None:
        raise InputError(f"{weights} has no residual model; fit one with --site-noise --residuals 20 --keep-dev.")
    if not card["stages"][-1].get("options", {}).get("keep_dev"):
        raise InputError(f"{weights} was fitted to the validation block, too; fit it with --keep-dev.")
    table = TrainingTable(windows, fold=fold, folds=FOLDS, seed=seed)
    values, network = without_fits(model.state_dict(), model.config)
    rows_of = {part: _usable(table, inputs, part) for part in parts}
    made = spectrograms(prepare(model), table, inputs, np.concatenate(list(rows_of.values())))
    shared = predict_records(
        model, table, inputs, rows_of["train"], lambda rows: np.stack([made[row] for row in rows.tolist()])
    )
    crossed = cross_fitted(HEGGS, values, network, table, inputs, rows_of["train"], shared)
    patterns, kriging = model.residuals.model
    found = {
        part: _records(made, table, inputs, rows, crossed if part == "train" else {}, patterns)
        for part, rows in rows_of.items()
    }
    archive = found["train"]["observations"]
    return Pack(
        **{name: _part(one, kriging.parameters, archive) for name, one in found.items()}, patterns=patterns.values,
        texture=textures_of(inputs).astype(np.float16), times=column_times(inputs),
        **dict(zip(("scale_mean", "scale_sd", "scale_hz", "scale_bins"), frame_scales(inputs), strict=True)),
        fold=-1 if fold is None else fold,
    )  # fmt: skip


def column_times(inputs):
    """Middles of the columns of cells, s after origin."""
    return np.asarray(inputs.frame_times_s, dtype=float).reshape(-1, CELL[1]).mean(axis=1)


def frame_scales(inputs):
    """What turns cells into ln A, as the tables of the residual model have it."""
    block = object.__new__(Block)
    block.inputs = inputs
    return block._frame_scales()


def _usable(table, inputs, part):
    """Rows of a part that have onsets."""
    rows = table.rows(part)
    return rows[np.isfinite(inputs.onsets(table.table.iloc[rows])).all(axis=1)]


def spectrograms(ready, table, inputs, rows):
    """Return the network's predictions of records by their rows, without sites and noise."""
    columns = table.table.iloc[rows]
    taken = inputs.onsets(columns) if ready.config.unet.onset_maps else None
    sampling = Sampling(steps=_STEPS, spread=False)
    return dict(
        zip(rows.tolist(), generate_spectrograms(ready, inputs.conditions(columns), rows, None, taken, sampling),
            strict=True)
    )  # fmt: skip


def _records(made, table, inputs, rows, fits, patterns):
    """Cells and coordinates of records; `fits` are sites and noise by earthquake, in place of those of the inputs."""
    columns = table.table.iloc[rows]
    onsets, events = inputs.onsets(columns), columns["source_id"].to_numpy(dtype=str)
    fit_of = [fits.get(event, inputs.site_noise) for event in events]
    cells, share = [None] * len(rows), np.zeros(len(rows))
    for fit in {id(one): one for one in fit_of}.values():
        same = np.flatnonzero([one is fit for one in fit_of])
        for some in np.split(same, range(_TOGETHER, len(same), _TOGETHER)):
            x = np.stack([made[row] for row in rows[some].tolist()])
            parts, share[some] = _some_records(x, table, inputs, rows[some], onsets[some], fit)
            for row, one in zip(some, zip(*parts, strict=True), strict=True):
                cells[row] = one
    differences, predicted, signal, counts = (np.stack(part) for part in zip(*cells, strict=True))
    times = column_times(inputs)
    sensors = [str(name) for name in table.sensors(rows)]
    places = record_places(some_columns(columns, slice(None)), sensors, onsets, share)
    pairs = [
        patterns.coordinates(Residuals(value, known, times, float(p), float(s)))
        for value, known, (p, s) in zip(differences, counts, onsets, strict=True)
    ]
    observations = Observations(places, *(np.stack(part) for part in zip(*pairs, strict=True)))
    return {
        "cells": (differences, predicted, signal, counts), "onsets": onsets, "event": events, "sensors": sensors,
        "observations": observations,
    }  # fmt: skip


def _some_records(x, table, inputs, rows, onsets, fit):
    """Cells of differences, predictions, shares of signal and counts; shares of signal of records."""
    sd, times, band = inputs.statistics.sd, inputs.frame_times_s, inputs.spectrogram.band_mask
    columns, sensors, early = table.table.iloc[rows], table.sensors(rows), before_p(onsets, times)
    y, magnitudes = inputs.encode(table.waveforms(rows), sensors), inputs.magnitudes(inputs.conditions(columns))
    signals = fit.signals(x, early, sd, sensors, shape_features(onsets, times, magnitudes))
    levels = noise_levels(y, early)
    levels = np.where(np.isnan(levels), of_sensors(fit.noise, sensors), levels)
    seen = inputs.spectrogram.frames_before(columns["mask_end_s"].to_numpy()).astype(bool) & ~early
    seen[:, -EDGE_FRAMES:] = False
    weights, predicted = seen[:, None, None] * band[:, None], with_noise(signals, levels, sd)
    differences, counts = cell_means(y - predicted, weights)
    part = np.exp(2 * (signals - predicted * np.asarray(sd, np.float32)[:, None]))
    cells = differences, cell_means(predicted, weights)[0], cell_means(part, weights)[0], counts
    return cells, signal_share(signals, levels, early, onsets, band, sd, times)


def _part(found, parameters, archive):
    """A `Part`, with what is expected of each earthquake from the others in the archive."""
    known, places = found["observations"], found["observations"].places
    mean, covariances = expected(parameters, archive, places, found["event"])
    differences, predicted, signal, counts = found["cells"]
    return Part(
        differences.astype(np.float16), predicted.astype(np.float16), signal.astype(np.float16),
        np.packbits(counts), found["onsets"].astype(np.float32), found["event"], np.array(found["sensors"]),
        features_of(places).astype(np.float32), known.values.astype(np.float32), known.variances.astype(np.float32),
        mean.astype(np.float32), np.concatenate([one.ravel() for one in covariances]).astype(np.float32),
    )  # fmt: skip


def expected(parameters, archive, places, events):
    """Return what is expected of the coordinates of records from those of other earthquakes.

    Parameters
    ----------
    parameters : ndarray, shape (patterns, 12)
    archive : Observations
        Those of a record's own earthquake do not count.
    places : Places, n
    events : ndarray of str, shape (n,)

    Returns
    -------
    mean : ndarray, shape (n, patterns)
    covariances : list of ndarray, shape (patterns, k, k)
        Of the records of each earthquake, in the order of their names.
    """
    within, across = Separations(archive.places, archive.places), Separations(archive.places, places)
    rows_of = [np.flatnonzero(events == event) for event in np.unique(events)]
    others_of = [np.flatnonzero(~np.isin(archive.places.event, places.event[rows])) for rows in rows_of]
    own = []
    for rows in rows_of:
        apart = Separations(places.select(rows), places.select(rows))
        apart.record = apart.event * apart.station
        own.append(apart)
    mean, covariances = np.zeros((len(places), len(parameters))), [[] for _ in rows_of]
    for k, p in enumerate(parameters):
        # the kernel of all records once: earthquakes differ only in which of them are left out
        kernel, reach = within.kernel(p) + np.diag(archive.variances[:, k] + JITTER), across.kernel(p)
        factors = {}
        for rows, others, apart, found in zip(rows_of, others_of, own, covariances, strict=True):
            key = others.tobytes()
            if key not in factors:
                factors = {key: cholesky(kernel[np.ix_(others, others)], lower=True, check_finite=False)}
            solved = solve_triangular(factors[key], reach[np.ix_(others, rows)], lower=True, check_finite=False)
            mean[rows, k] = solved.T @ solve_triangular(factors[key], archive.values[others, k], lower=True)
            found.append(apart.kernel(p) - solved.T @ solved)
    return mean, [np.stack(found) for found in covariances]
