"""Fit gains and noise of sensors to real records, against the predictions of a trained network."""

from dataclasses import dataclass, replace

import numpy as np

from seissynth.data.splits.intervals import times_ns
from seissynth.errors import InputError
from seissynth_plugins.heggs.residual_records import origin_hours
from seissynth_plugins.heggs.shared_noise import fit_shared
from seissynth_plugins.heggs.signal_and_noise import LEAST_FRAMES, before_p, noise_levels, shape_features, signal
from seissynth_plugins.heggs.site_noise import SiteNoise, of_sensors, shrunk_means

#: a sensor with n records takes n / (n + this) of the way from the mean over sensors to its own noise
SHRINK = 1.0
#: at most so many records are predicted
FIT_RECORDS = 2000
#: gains stay within so many standard deviations
LARGEST = 2.0
#: an earthquake's noise counts from so many records on
LEAST_SENSORS = 3
#: steps of the predictions, number of records in memory at a time, frames averaged together
_STEPS, _TOGETHER, _FRAMES = 2, 64, 4
#: pull of a gain towards its start, in records of pure signal; iterations
_PULL, _ITERATIONS = 0.1, 6
#: pull of the correction over time to zero, in frames of each record
_SHAPE_PULL = 1.0
_HOUR_NS = 3600e9


def fit_site_noise(model, table, inputs, rows, predictions=None):
    """Return gains and noise of the sensors of real records.

    Parameters
    ----------
    model : Heggs or LatentDiffusion
        Trained.
    table : data.TrainingTable
    inputs : ModelInputs
        Of the network.
    rows : array of int
        Of records that are not predicted later for a score; those that the network was not trained on are best.
    predictions : Predictions, optional
        Of `predict_records`, for these rows and perhaps others, where several fits share them.

    Returns
    -------
    SiteNoise

    Notes
    -----
    Predictions come from noise alone, without spread. First a correction over time and magnitude that all sensors
    share, then gains minimise the squared error of ln A after P with the noise that the record itself shows before P,
    by Gauss-Newton; a sensor's gains are drawn to those of all records. A sensor that is not known takes their mean
    over sensors. If the set has rows of noise, these give the quiet noise, and what the sensors share at the time of an
    earthquake is fitted beside it (`shared_noise`).
    """
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), FIT_RECORDS)).astype(int)]
    if predictions is None:
        predictions = predict_records(model, table, inputs, rows)
    real, generated, early, counts = predictions.of(rows)
    sensors = np.asarray(table.sensors(rows), dtype=str)
    sd = inputs.statistics.sd
    levels, predicted = (noise_levels(x, early) for x in (real, generated))
    seen = np.isfinite(levels[:, 0, 0])
    if not seen.any():
        raise InputError(
            f"none of the {len(rows)} records has {LEAST_FRAMES} frames before P, so noise is not known; "
            "train without site_noise, or on records that begin earlier or come from farther away."
        )
    predicted = predicted[seen].mean(axis=0)
    noise = shrunk_means(levels, sensors, seen, SHRINK)
    own = np.where(seen[:, None, None], levels, of_sensors(noise, sensors))
    behind = np.where(early, 0, counts).astype(np.float32)
    columns = table.table.iloc[rows]
    times = inputs.frame_times_s.reshape(-1, _FRAMES).mean(axis=1)
    features = shape_features(inputs.onsets(columns), times, columns["source_magnitude"].to_numpy(float))
    signals = signal(generated, early, sd, predicted)
    shape = fit_shape(real, signals, own, behind, features, sd)
    signals += (np.einsum("ntk,kf->nft", features, shape) * sd[:, None])[:, None]
    site = fit_gains(real, signals, own, behind, sensors, sd)
    quiet, names = quiet_levels(table, inputs, noise), columns["source_id"].to_numpy(dtype=str)
    if not len(table.noise):
        offsets = (levels - of_sensors(noise, sensors)).mean(axis=1)
        return SiteNoise(site, noise, quiet, _event_means(offsets, seen, names), predicted, shape)
    low = of_sensors(quiet, sensors)[seen] * sd
    gains, common = fit_shared(levels[seen] * sd, low, sensors[seen], names[seen])
    kept = [name for name in common if (names[seen] == name).sum() >= LEAST_SENSORS] or list(common)
    events = (np.stack([common[name] for name in kept]) / sd).astype(np.float32)
    shared = {name: (values / sd).astype(np.float32) for name, values in gains.items()}
    of = dict(zip(names, origin_hours(columns, len(columns)), strict=True))
    begins = times_ns(table.table.iloc[table.noise], "trace_start_time", missing_ok=True)
    hours = np.array([of[name] for name in kept]), np.unique(begins[begins >= 0]) / _HOUR_NS
    return SiteNoise(site, noise, quiet, events, predicted, shape, shared, *hours)


def quiet_levels(table, inputs, otherwise):
    """Return the mean spectrum of each sensor's rows of noise, "" for the mean of these; `otherwise` without any."""
    levels = {}
    for row, name in zip(table.noise.tolist(), map(str, table.sensors(table.noise)), strict=True):
        levels.setdefault(name, []).append(inputs.encode(table.waveforms([row]), [name])[0].mean(axis=-1))
    spectra = {name: np.mean(parts, axis=0) for name, parts in levels.items()}
    return {"": np.mean(list(spectra.values()), axis=0), **spectra} if spectra else dict(otherwise)


def add_site_noise(kind, values, config, table, inputs, rows=None, predictions=None):
    """Return the inputs of trained weights with gains and noise of a table's sensors.

    Parameters
    ----------
    kind : weights.Kind
    values : dict of str to Tensor
    config : dataclass
        Of the network.
    table : data.TrainingTable
    inputs : ModelInputs
    rows : array of int, optional
        As for `fit_site_noise`; default: the training part.
    predictions : Predictions, optional
        As for `fit_site_noise`.

    Returns
    -------
    ModelInputs
    """
    model = kind.make(config)
    model.load_state_dict(values)
    rows = table.rows("train") if rows is None else rows
    site_noise = fit_site_noise(model.eval(), table, inputs, rows, predictions)
    # rounded as in the file: later fits see the same numbers
    return replace(inputs, site_noise=SiteNoise.from_plain(site_noise.to_plain(), len(site_noise.predicted[0])))


def cross_fitted(kind, values, config, table, inputs, rows, predictions=None):
    """Return gains and noise by earthquake that were fitted to the records of the other half of the earthquakes.

    Arguments as for `add_site_noise`; dict of str to SiteNoise. Residuals against these scatter as those of records
    that are not known yet.
    """
    events = table.table["source_id"].iloc[rows].to_numpy()
    halves = [sorted(set(events))[first::2] for first in (0, 1)]
    fits = [
        add_site_noise(kind, values, config, table, inputs, rows[np.isin(events, half)], predictions).site_noise
        for half in halves
    ]
    return {event: fit for half, fit in zip(halves, fits[::-1], strict=True) for event in half}


def fit_shape(real, signals, noise, weights, features, sd):
    """Return the correction over time, shape (columns, bins); arguments as for `fit_gains`.

    `features` are those of `shape_features`. A frame counts by its weight, alike in all records.
    """
    scale = np.asarray(sd, np.float32)[:, None]
    floor = 2 * noise[..., None] * scale
    bins, columns = len(sd), features.shape[-1]
    shape = np.zeros((columns, bins), np.float32)
    flat = features.reshape(-1, columns)
    products = (flat[:, :, None] * flat[:, None]).reshape(len(flat), -1)
    for _ in range(_ITERATIONS):
        power = 2 * (signals + (np.einsum("ntk,kf->nft", features, shape) * scale)[:, None])
        total = np.logaddexp(power, floor)
        slope = np.exp(power - total)
        error = slope * (real - total / 2 / scale)
        share = weights[:, None, None]
        square, sums = ((part * share).sum(axis=1).transpose(1, 0, 2).reshape(bins, -1) for part in (slope**2, error))
        left = (square @ products).reshape(bins, columns, columns)
        pull = _SHAPE_PULL * len(real) * np.eye(columns)
        steps = np.linalg.solve(left + pull, (sums @ flat - shape.T @ pull)[..., None])[..., 0]
        shape = np.clip(shape + steps.T, -LARGEST, LARGEST).astype(np.float32)
    return shape


def fit_gains(real, signals, noise, weights, sensors, sd):
    """Return gains by sensor, and "" for their mean.

    Parameters
    ----------
    real, signals : ndarray, shape (n, 3, bins, frames)
        Standardised ln A of records; ln A of predicted signals.
    noise : ndarray, shape (n, 3, bins)
        Of each record, standardised.
    weights : ndarray, shape (n, frames)
        Zero where a frame does not count.
    sensors : sequence of str
    sd : ndarray, shape (bins,)

    Returns
    -------
    dict of str to ndarray, shape (3, bins)
        Standardised ln A.
    """
    scale, names = np.asarray(sd, np.float32)[:, None], np.asarray(sensors, dtype=str)
    floor = 2 * noise[..., None] * scale

    def solve(chosen, start):
        gain, pull = start.copy(), _PULL
        share = weights[chosen] / np.maximum(weights[chosen].sum(axis=1, keepdims=True), 1)
        for _ in range(_ITERATIONS):
            power = 2 * (signals[chosen] + gain[None, :, :, None] * scale)
            total = np.logaddexp(power, floor[chosen])
            slope = np.exp(power - total)  # share of signal in a cell
            error = real[chosen] - total / 2 / scale
            steps = np.einsum("ncft,nt->cf", slope * error, share) + pull * (start - gain)
            gain = gain + steps / (np.einsum("ncft,nt->cf", slope**2, share) + pull)
            gain = np.clip(gain, -LARGEST, LARGEST)
        return gain.astype(np.float32)

    start = solve(np.ones(len(names), bool), np.zeros(real.shape[1:3], np.float32))
    gains = {name: solve(names == name, start) for name in sorted(set(names))}
    # a fit to all records together is biased towards weak sensors: higher predictions lift more cells above the noise
    return {"": np.mean(list(gains.values()), axis=0)} | gains


@dataclass(frozen=True)
class Predictions:
    """Real and predicted spectrograms of records, frames averaged by four.

    Parameters
    ----------
    rows : array of int
    real, predicted : ndarray, shape (n, 3, bins, groups)
    early : ndarray of bool, shape (n, groups)
        Before P.
    counts : ndarray, shape (n, groups)
        How many frames of a group count.
    """

    rows: np.ndarray
    real: np.ndarray
    predicted: np.ndarray
    early: np.ndarray
    counts: np.ndarray

    def of(self, rows):
        """Real, predicted, early and counts of some of the rows."""
        if np.array_equal(rows, self.rows):
            return self.real, self.predicted, self.early, self.counts
        place = {row: place for place, row in enumerate(self.rows.tolist())}
        some = [place[row] for row in np.asarray(rows).tolist()]
        return self.real[some], self.predicted[some], self.early[some], self.counts[some]


def predict_records(model, table, inputs, rows, predict=None):
    """Return the `Predictions` that sites and noise are fitted to.

    Arguments are those of `fit_site_noise`, and `predict`, a function of rows that gives standardised log-spectrograms
    in place of the network's.
    """
    columns = table.table.iloc[rows]
    onsets = inputs.onsets(columns)
    predict = predict or network_means(model, table, inputs)
    mask = inputs.spectrogram.frames_before(columns["mask_end_s"].to_numpy()).astype(bool)
    early = before_p(onsets, inputs.frame_times_s)
    real, generated = [], []
    for first in range(0, len(rows), _TOGETHER):
        some = slice(first, first + _TOGETHER)
        x = predict(rows[some])
        y = inputs.encode(table.waveforms(rows[some]), table.sensors(rows[some]))
        same = _same_phase(early[some], mask[some])
        real.append(_together(y, same))
        generated.append(_together(x, same))
    last = early[:, _FRAMES - 1 :: _FRAMES]
    counts = _same_phase(early, mask).sum(axis=-1)
    return Predictions(np.asarray(rows), np.concatenate(real), np.concatenate(generated), last & (counts > 0), counts)


def network_means(model, table, inputs):
    """Return a function of rows that gives a network's predictions without spread."""
    from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare

    ready, sampling = prepare(model), Sampling(steps=_STEPS, spread=False)

    def predict(rows):
        columns = table.table.iloc[rows]
        onsets = inputs.onsets(columns) if model.config.unet.onset_maps else None
        return generate_spectrograms(ready, inputs.conditions(columns), rows, None, onsets, sampling)

    return predict


def _same_phase(early, mask):
    """Which frames of each group of four count: those under the mask on the same side of P as the last one."""
    early = early.reshape(len(early), -1, _FRAMES)
    return (mask.reshape(early.shape) & (early == early[..., -1:])).astype(np.float32)


def _together(x, same):
    grouped = x.reshape(*x.shape[:3], -1, _FRAMES)
    return np.einsum("ncfgt,ngt->ncfg", grouped, same) / np.maximum(same.sum(-1), 1)[:, None, None]


def _event_means(offsets, seen, events):
    """Mean offsets of each earthquake that enough sensors saw; all together where none is."""
    means = [offsets[seen & (events == event)] for event in sorted(set(events[seen]))]
    kept = [part.mean(axis=0) for part in means if len(part) >= LEAST_SENSORS]
    return np.stack(kept if kept else [offsets[seen].mean(axis=0)]).astype(np.float32)
