"""What sensor terms are worth: errors on the validation blocks, without any further training.

    python tools/heggs_sensor_terms.py WINDOWS WEIGHTS [--folds 0 1 2 3 4] [--out FOLDER]

WEIGHTS were trained on made records (`tools/heggs_pretraining_set.py`). For each fold the terms come from the training
part, and the mean squared error of one record's log-spectrogram (standard deviations, 1 to 45 Hz, masked) is that of
the validation block: of predictions from noise as they are, with the common terms, with those of each sensor, beside
the mean spectrogram of each sensor's training records.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from _real_records import write_markdown

from seissynth_plugins.heggs.data import TrainingTable
from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare
from seissynth_plugins.heggs.onset_terms import fit_onset_terms
from seissynth_plugins.heggs.sensor_terms import expand, fit_sensor_terms, mean_terms, phases
from seissynth_plugins.heggs.weights import load_model

OUT = Path(__file__).resolve().parents[1] / "docs" / "_static" / "models"


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
    found = [_errors(model, inputs, arguments.windows, fold) for fold in arguments.folds]
    lines = [
        [name, *(f"{one[name]:.3f}" for one in found), f"{np.mean([one[name] for one in found]):.3f}"]
        for name in found[0]
    ]
    write_markdown(
        arguments.out / "sensor_terms.md", ["prediction", *(f"fold {fold}" for fold in arguments.folds), "mean"], lines
    )
    for line in lines:
        print(" | ".join(line))


def _errors(model, inputs, windows, fold):
    table = TrainingTable(windows, fold=fold)
    known, unknown = table.rows("train"), table.rows("dev")
    inputs = replace(inputs, onset_terms=fit_onset_terms(table.table, known))
    terms = fit_sensor_terms(model, table, inputs, known)
    columns, sensors = table.table.iloc[unknown], table.sensors(unknown)
    onsets = inputs.onsets(columns)
    made = generate_spectrograms(
        prepare(model), inputs.conditions(columns), unknown, None, onsets, Sampling(steps=2, spread=False)
    )
    means = _sensor_means(table, inputs, known)
    weight = inputs.spectrogram.frames_before(columns["mask_end_s"].to_numpy())[:, None, None]
    weight = np.broadcast_to(weight * model.band.numpy()[None], made.shape)
    real = inputs.encode(table.waveforms(unknown), sensors)
    predictions = {
        "as they are": made,
        "with the common terms": made + expand({"": terms[""]}, sensors, onsets, inputs.frame_times_s),
        "with those of each sensor": made + expand(terms, sensors, onsets, inputs.frame_times_s),
        "mean of the sensor's records": expand(means, sensors, onsets, inputs.frame_times_s),
    }
    return {name: float(np.average((x - real) ** 2, weights=weight)) for name, x in predictions.items()}


def _sensor_means(table, inputs, rows):
    """The same phases, of records in place of residuals: a prediction that knows nothing of the earthquake."""
    columns = table.table.iloc[rows]
    mask = inputs.spectrogram.frames_before(columns["mask_end_s"].to_numpy()).astype(bool)
    parts = np.array_split(rows, len(rows) // 64 + 1)
    records = (x for part in parts for x in inputs.encode(table.waveforms(part), table.sensors(part)))
    return mean_terms(records, mask, phases(inputs.onsets(columns), inputs.frame_times_s), table.sensors(rows))


if __name__ == "__main__":
    main()
