"""Measure how the purge of noise rows changes the quiet levels in the shipped weights.

    python -m tools.heggs.heggs_quiet_noise WINDOWS [--out FOLDER]

WINDOWS was made by ``seissynth dataset cut`` (see `evaluate_ridgecrest.py`). The shipped weights, and those of
the five folds that were measured, were fitted with all of its rows of noise; trainings now leave out those that share
samples with an earthquake's window or are within a block that validates or tests. Levels in dB, purged less all, over
the bins of 1 to 45 Hz; sensors whose rows are all kept are left out.
"""

import argparse
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from seissynth_plugins.heggs.training.data import TrainingTable
from seissynth_plugins.heggs.training.site_noise_fit import quiet_levels
from seissynth_plugins.heggs.weights import HEGGS, read_card, read_inputs
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
FOLDS = 5


def main():
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    inputs = read_inputs(read_card(HEGGS.shipped))
    lines, everything = [], None
    for fold in (None, *range(FOLDS)):
        table = TrainingTable(arguments.windows, fold=fold, folds=FOLDS)
        if everything is None:
            rows = np.flatnonzero(table.table["noise"].to_numpy(bool))
            everything = _levels(table, rows, inputs)
            away = max(np.abs(everything[name] - level).max() for name, level in inputs.site_noise.quiet.items())
            print(f"{len(rows)} rows; the shipped levels are reproduced to {away:.1e} standard deviations")
        name = "no block kept out" if fold is None else f"fold {fold}"
        lines += _changes(name, table, everything, inputs)
    titles = ["fit", "rows of noise", "sensor", "mean (dB)", "most (dB)"]
    write_markdown(arguments.out / "quiet_noise.md", titles, lines)


def _levels(table, rows, inputs):
    return quiet_levels(SimpleNamespace(noise=rows, sensors=table.sensors, waveforms=table.waveforms), inputs, {})


def _changes(name, table, everything, inputs):
    band, sd, lines = inputs.spectrogram.band_mask, inputs.statistics.sd, []
    for sensor, level in _levels(table, table.noise, inputs).items():
        change = ((level - everything[sensor]) * sd)[:, band] * 20 / np.log(10)
        if np.abs(change).max() > 1e-6:
            most = change.ravel()[np.abs(change).argmax()]
            cells = [sensor or "not known (mean)", f"{change.mean():+.2f}", f"{most:+.1f}"]
            lines.append([name, str(len(table.noise)), *cells])
    return lines


if __name__ == "__main__":
    main()
