"""What network, sites and noise give at Ridgecrest: errors of mean spectrograms, of networks and the default backend.

    python -m tools.heggs.heggs_parts WINDOWS DATA ["NAME=WEIGHTS" ...] [--fitted WORK/NAME] [--folds 0 1 2 3 4]
        [--draws 16] [--out FOLDER]

WINDOWS and DATA as for `evaluate_ridgecrest`. In each fold a prediction from magnitude and place gets gains, correction
over time and noise of the sensors from the training part. The mean squared error of ln A (1 to 45 Hz, masked, before
and after P) is that of the validation block. Predictions are the networks of the weights, without spread, and the mean
of ln A of some draws of the default backend. Brackets hold 95 % intervals over earthquakes; differences are record by
record, from the default backend's.

``--fitted`` are runs of ``heggs_ridgecrest train ... --steps 0 --site-noise --residuals K --keep-dev``, whose gains and
noise are fitted to the same training parts: their network, the mean of their residual model, and that with all other
records of the earthquake as sources.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from seissynth.evaluation.statistics.intervals import interval
from seissynth_plugins.heggs.inputs import sensor_names
from seissynth_plugins.heggs.observation import at_sensors
from seissynth_plugins.heggs.residual_records import origin_hours
from seissynth_plugins.heggs.signal_and_noise import before_p, noise_levels, shape_features, with_noise
from seissynth_plugins.heggs.site_noise import of_sensors
from seissynth_plugins.heggs.training.data import TrainingTable
from seissynth_plugins.heggs.training.onset_terms import fit_onset_terms
from seissynth_plugins.heggs.training.site_noise_fit import fit_site_noise, network_means, predict_records
from seissynth_plugins.heggs.weights import load_model
from tools.heggs._record_maker import RecordMaker
from tools.real_records._real_records import write_markdown
from tools.real_records._ridgecrest_rows import MODEL, Ridgecrest

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
DEFAULT = "default backend, mean of draws"
#: titles of what is known of the noise
NOISES = (
    "as predicted, no site", "site, quiet noise", "site, mean noise", "site, noise of the time or as sources say",
    "site, noise of the record itself",
)  # fmt: skip
#: of runs that are fitted: title, residual model, sources
FITTED = (
    ("network", False, False), ("network, residual model", True, False),
    ("network, residual model, other records of the earthquake", True, True),
)  # fmt: skip


def main():
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", nargs="*", help="NAME=FILE; the default backend uses the statistics of the first")
    parser.add_argument("--fitted", type=Path, help="a folder of runs with residual model, fold_K in it")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--draws", type=int, default=16, help="of the default backend")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    torch.manual_seed(0)
    given.out.mkdir(parents=True, exist_ok=True)
    draws = default_draws(given.windows, given.data, given.draws)
    named = dict(text.split("=", 1) for text in given.weights)
    if not named and given.fitted is None:
        parser.error("give weights, or runs with --fitted")
    first = next(iter(named.values()), None) or given.fitted / f"fold_{given.folds[0]}" / "weights.safetensors"
    predictors = {DEFAULT: first, **named}
    found = {name: {} for name in (*predictors, *(title for title, *_ in FITTED if given.fitted))}
    for fold in given.folds:
        table = TrainingTable(given.windows, fold=fold)
        for name, records, errors in _fitted_errors(given.windows, given.fitted, fold) if given.fitted else ():
            for row, record in enumerate(records):
                found[name][record] = [errors[noise][row] for noise in NOISES]
        for name, path in predictors.items():
            model, inputs, _ = load_model(Path(path))
            records, errors = _errors(model, inputs, table, draws if name == DEFAULT else None)
            for row, record in enumerate(records):
                found[name][record] = [errors[noise][row] for noise in NOISES]
        print(f"fold {fold} done", flush=True)
    records = sorted(set.intersection(*(set(one) for one in found.values())))
    events = np.array([record.rsplit(" ", 1)[0] for record in records])
    tables = {name: np.array([one[record] for record in records]) for name, one in found.items()}
    lines = []
    for name, values in tables.items():
        apart = _cell(values[:, -1] - tables[DEFAULT][:, -1], events) if name != DEFAULT else "–"
        lines.append([name, *(_cell(values[:, k], events) for k in range(len(NOISES))), apart])
        print(" | ".join(lines[-1]), flush=True)
    print(f"{len(records)} records of {len(set(events))} earthquakes")
    write_markdown(given.out / "parts.md", ["prediction", *NOISES, "difference of the last"], lines)


def default_draws(windows, data, draws):
    """Return draws of the default backend by earthquake and sensor: (draws, 3, npts), m/s."""
    pairs = Ridgecrest(windows, data).stochastic(draws=draws, velocity_model=MODEL, magnitude_conversion=MODEL)
    names = sensor_names(pairs.real.metadata)
    keys = zip(pairs.real.metadata["source_id"], names, strict=True)
    return {key: np.stack([draw.data[row] for draw in pairs.draws]) for row, key in enumerate(keys)}


def _errors(model, inputs, table, draws):
    known, unknown = table.rows("train"), table.rows("dev")
    inputs = replace(inputs, onset_terms=fit_onset_terms(table.table, known), site_noise=None)
    if draws is None:
        predict = network_means(model, table, inputs)
    else:
        predict = partial(_default_means, table, inputs, draws)
        known, unknown = (_drawn(rows, table, draws) for rows in (known, unknown))
    found = fit_site_noise(model, table, inputs, known, predict_records(model, table, inputs, known, predict))
    columns, sensors, sd = table.table.iloc[unknown], table.sensors(unknown), inputs.statistics.sd
    onsets, x = inputs.onsets(columns), predict(unknown)
    real, early = inputs.encode(table.waveforms(unknown), sensors), before_p(onsets, inputs.frame_times_s)
    features = shape_features(onsets, inputs.frame_times_s, columns["source_magnitude"].to_numpy(float))
    signals = found.signals(x, early, sd, sensors, features)
    rows = (x, *(with_noise(signals, level, sd) for level in _levels(found, sensors, columns, real, early, sd)))
    return _names(columns, sensors), _mean_squares(rows, real, columns, inputs)


def _levels(known, sensors, columns, real, early, sd):
    """Noise of the titles but the first: of quiet times, the mean, of the time, of the records themselves."""
    mean, own = of_sensors(known.noise, sensors), noise_levels(real, early)
    time = known.levels(sensors, "time", (), sd, origin_hours(columns, len(columns)))
    return of_sensors(known.quiet, sensors), mean, time, np.where(np.isnan(own), mean, own)


def _names(columns, sensors):
    return [f"{event} {sensor}" for event, sensor in zip(columns["source_id"], sensors, strict=True)]


def _mean_squares(rows, real, columns, inputs):
    """Mean squared errors of ln A of each record, by title."""
    weight = inputs.spectrogram.frames_before(columns["mask_end_s"].to_numpy())[:, None, None]
    weight = weight * inputs.spectrogram.band_mask[:, None]
    count = real.shape[1] * weight.sum(axis=(1, 2, 3))
    weight = weight * np.square(inputs.statistics.sd)[:, None]
    return {
        noise: np.full(len(real), np.nan) if y is None else (np.square(y - real) * weight).sum(axis=(1, 2, 3)) / count
        for noise, y in zip(NOISES, rows, strict=True)
    }


def _fitted_errors(windows, folder, fold):
    """Titles, records and errors of a run that is fitted."""
    maker = RecordMaker(windows, folder, fold, part="dev", with_source=True)
    table, inputs, known = maker.table, maker.inputs, maker.inputs.site_noise
    rows = table.rows("dev")
    of, columns, sensors = np.searchsorted(maker.rows, rows), table.table.iloc[rows], table.sensors(rows)
    onsets, conditions = inputs.onsets(columns), inputs.conditions(columns)
    real, early = inputs.encode(table.waveforms(rows), sensors), before_p(onsets, inputs.frame_times_s)
    x, traits = maker.network_draw(0)[of], maker.traits(of)
    levels = _levels(known, sensors, columns, real, early, inputs.statistics.sd)
    nothing = [0] * len(rows)
    for title, residuals, sources in FITTED:
        model = maker.model if residuals else _Without(maker.model)

        def made(level, model=model, sources=sources):
            return at_sensors(
                model, inputs, x, conditions, nothing, nothing, sensors, onsets, traits=traits if sources else None,
                drawn=False, columns=columns, levels=level,
            )  # fmt: skip

        # sources say what the noise of the time is
        made_rows = [made(None if sources and number == 2 else level) for number, level in enumerate(levels)]
        yield title, _names(columns, sensors), _mean_squares((x, *made_rows), real, columns, inputs)


class _Without:
    """A model's network, without its residual model."""

    residuals = spread = None

    def __init__(self, model):
        self.config = model.config


def _drawn(rows, table, draws):
    """Rows whose record the default backend made."""
    keys = zip(table.table["source_id"].iloc[rows], table.sensors(rows), strict=True)
    return rows[[key in draws for key in keys]]


def _default_means(table, inputs, draws, rows):
    """Mean of ln A over draws of the default backend, standardised."""
    keys = zip(table.table["source_id"].iloc[rows], table.sensors(rows), strict=True)
    return np.stack([inputs.encode(draws[key], [key[1]] * len(draws[key])).mean(axis=0) for key in keys])


def _cell(values, events):
    value, low, high = interval(lambda chosen: float(np.mean(values[chosen])), np.asarray(events))
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
