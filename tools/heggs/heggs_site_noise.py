"""Measure the gain from known sites and noise of sensors: errors on the validation blocks, without more training.

    python -m tools.heggs.heggs_site_noise WINDOWS WEIGHTS [--folds 0 1 2 3 4] [--out FOLDER]

WEIGHTS were trained on made records (`heggs_pretraining_set.py`). For each fold gains and noise come from the
training part, and the mean squared error of one record's log-spectrogram (standard deviations, 1 to 45 Hz, masked) is
that of the validation block: of predictions from noise alone, with the site and the sensor's mean noise, with the
noise that the earthquake's other records show, and with that of the record itself, which no prediction can know; beside
them the mean spectrogram of each sensor's training records. Then what was fitted: factors on the signal's amplitude by
time and magnitude, median over the band and quartiles, and the scatter of noise between earthquakes, over all folds.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare
from seissynth_plugins.heggs.signal_and_noise import (
    KNOTS_S,
    P_KNOTS_S,
    before_p,
    noise_levels,
    shape_features,
    with_noise,
)
from seissynth_plugins.heggs.site_noise import of_sensors
from seissynth_plugins.heggs.training.data import TrainingTable
from seissynth_plugins.heggs.training.onset_terms import fit_onset_terms
from seissynth_plugins.heggs.training.site_noise_fit import fit_site_noise
from seissynth_plugins.heggs.weights import load_model
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "models"


def main():
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    model, inputs, _ = load_model(arguments.weights)
    found, fitted = [], []
    for fold in arguments.folds:
        errors, site_noise = _errors(model, inputs, arguments.windows, fold)
        found.append(errors)
        fitted.append(site_noise)
        print(fold, {name: round(value, 3) for name, value in found[-1].items()}, flush=True)
    lines = [
        [name, *(f"{one[name]:.3f}" for one in found), f"{np.mean([one[name] for one in found]):.3f}"]
        for name in found[0]
    ]
    titles = ["prediction", *(f"fold {fold}" for fold in arguments.folds), "mean"]
    write_markdown(arguments.out / "site_noise.md", titles, lines)
    lines = _described(fitted, inputs.statistics.sd, model.band.numpy()[0, :, 0].astype(bool))
    write_markdown(arguments.out / "site_noise_fit.md", ["fitted", "median", "quartiles"], lines)


def _errors(model, inputs, windows, fold):
    table = TrainingTable(windows, fold=fold)
    known, unknown = table.rows("train"), table.rows("dev")
    inputs = replace(inputs, onset_terms=fit_onset_terms(table.table, known))
    found = fit_site_noise(model, table, inputs, known)
    columns, sensors = table.table.iloc[unknown], table.sensors(unknown)
    onsets, sd = inputs.onsets(columns), inputs.statistics.sd
    early = before_p(onsets, inputs.frame_times_s)
    x = generate_spectrograms(
        prepare(model), inputs.conditions(columns), unknown, None, onsets, Sampling(steps=2, spread=False)
    )
    real = inputs.encode(table.waveforms(unknown), sensors)
    features = shape_features(onsets, inputs.frame_times_s, columns["source_magnitude"].to_numpy(float))
    signals = found.signals(x, early, sd, sensors, features)
    mean, own = of_sensors(found.noise, sensors), noise_levels(real, early)
    heard = _from_others(found, own, np.asarray(sensors, dtype=str), columns["source_id"].to_numpy(), sd)
    predictions = {
        "unchanged": x,
        "site, mean noise of the sensor": with_noise(signals, mean, sd),
        "site, noise as at the other sensors": with_noise(signals, np.where(np.isnan(heard), mean, heard), sd),
        "site, noise of the record itself": with_noise(signals, np.where(np.isnan(own), mean, own), sd),
        "mean of the sensor's records": _sensor_means(table, inputs, known, sensors),
    }
    weight = inputs.spectrogram.frames_before(columns["mask_end_s"].to_numpy())[:, None, None]
    weight = np.broadcast_to(weight * model.band.numpy()[None], x.shape)
    errors = {name: float(np.average((y - real) ** 2, weights=weight)) for name, y in predictions.items()}
    return errors, found


def _described(fitted, sd, band):
    """The fitted terms as factors on amplitudes: over folds, frequencies of the band and, for noise, earthquakes."""
    names = [
        *(f"{knot:g} s after P" for knot in P_KNOTS_S), *(f"{knot:g} s after S" for knot in KNOTS_S),
        "for each magnitude above 3",
    ]  # fmt: skip
    shapes = np.stack([one.shape for one in fitted])
    rows = {f"signal, {name}": np.exp((shapes[:, k] * sd)[:, band]) for k, name in enumerate(names)}
    events = np.concatenate([one.events - one.quiet[""].mean(axis=0) for one in fitted]) * sd
    rows["noise that sensors share, over that of quiet times"] = np.exp(events[:, band].mean(axis=1))
    return [
        [name, f"{np.median(values):.2f}", "{:.2f} to {:.2f}".format(*np.quantile(values, (0.25, 0.75)))]
        for name, values in rows.items()
    ]


def _from_others(found, levels, sensors, events, sd):
    """Noise of each record from the earthquake's other records; NaN without such records."""
    others = ((events == event) & (np.arange(len(events)) != row) for row, event in enumerate(events))
    heard = np.stack([found.heard(levels[some], sensors[some], sd) for some in others])
    return found.at_event(sensors, heard, sd)


def _sensor_means(table, inputs, rows, wanted):
    """Mean spectrogram of each sensor under the masks: a prediction that knows nothing of the earthquake."""
    sums, counts = {}, {}
    ends = table.table["mask_end_s"].to_numpy()
    for part in np.array_split(rows, len(rows) // 64 + 1):
        names = table.sensors(part)
        encoded = inputs.encode(table.waveforms(part), names)
        for name, x, mask in zip(names, encoded, inputs.spectrogram.frames_before(ends[part]), strict=True):
            sums[name] = sums.get(name, 0.0) + x * mask
            counts[name] = counts.get(name, 0.0) + mask
    means = {name: sums[name] / np.maximum(counts[name], 1) for name in sums}
    means[""] = np.mean(list(means.values()), axis=0)
    return of_sensors(means, wanted)


if __name__ == "__main__":
    main()
