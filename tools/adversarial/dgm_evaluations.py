"""DGM's evaluations on unseen records: accuracies of samples, their densities, and scatter matrices of components.

    python -m tools.adversarial.dgm_evaluations DATA WEIGHTS [--part test] [--count 300] [--name NAME]

DATA is the set that WEIGHTS of any adversarial system were trained on. Real windows of a part that training did not see
stand beside windows generated for the same conditions: the paper's table I with the accuracies that
`seissynth.evaluation.amplitude_errors` defines, of z-scored components, so that size has no effect, and figure 3 of
samples from P on over their record's peak. Beside them stand another real record, and noise of the mean spectrum and of
the mean envelope. Intervals are by earthquake. NAME.md, NAME_densities.png and NAME_scatter.png go to the pages.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation import amplitude_errors
from seissynth.evaluation.statistics.intervals import mean_interval
from seissynth.plotting.evaluation_distributions import draw_densities, draw_scatter_matrices
from seissynth.representations import ScaledWaveform
from tools.adversarial._windows import TrainedGan, shaped_noise
from tools.adversarial.gan_scores import LIBRARY, OUT
from tools.real_records._real_records import save_picture, write_markdown

SAMPLES = 3000
SCORES = ("accuracy_mse", "accuracy_mape", "accuracy_wasserstein")
#: from components E, N, Z of the networks to Z, N, E of the pictures
ZNE = (2, 1, 0)


def main():
    """Generate, score, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--part", default="test")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--name", default="dgm_evaluations")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    gan = TrainedGan(arguments.weights, arguments.data)
    real, _, rows = gan.windows(arguments.part, arguments.count)
    train, _, _ = gan.windows("train", LIBRARY)
    events = gan.table.table["source_id"].to_numpy()[rows]
    sets = {
        gan.name: gan.made(rows, 0),
        "another real record": train[np.random.default_rng(0).integers(len(train), size=len(rows))],
        "noise of the mean spectrum and envelope": shaped_noise(train, len(rows), 0, enveloped=True),
        "noise of the mean spectrum": shaped_noise(train, len(rows), 0),
    }
    lines = [[name, *accuracies(real, made, events)] for name, made in sets.items()]
    arguments.out.mkdir(parents=True, exist_ok=True)
    header = ["records", "accuracy by MSE", "by MAPE", "by Wasserstein distance"]
    write_markdown(arguments.out / f"{arguments.name}.md", header, lines)
    for line in lines:
        print("\t".join(line))
    npts, p = real.shape[-1], round(gan.backend.lead_s * gan.rate)
    samples = {
        "real": samples_of(real, p, npts), gan.name: samples_of(sets[gan.name], p, npts),
        "noise before P": samples_of(real, 0, p - round(gan.rate / 2)),
    }  # fmt: skip
    save_picture(draw_densities(samples, gan.name), arguments.out / f"{arguments.name}_densities.png")
    save_picture(draw_scatter_matrices(samples), arguments.out / f"{arguments.name}_scatter.png")


def accuracies(real, made, events):
    """Cells: the mean over components and records of each accuracy, with its interval."""
    a, b = (ScaledWaveform("zscore").encode(x)[0] for x in (real, made))
    found = amplitude_errors(a, b)
    cells = []
    for score in SCORES:
        value, low, high = mean_interval(found[score].mean(axis=1), events)
        cells.append(f"{value:.3f} [{low:.3f}, {high:.3f}]")
    return cells


def samples_of(records, first, last, count=SAMPLES, seed=0):
    """Samples of all components at random times of random records, over the record's peak, (count, 3), Z, N, E."""
    rng = np.random.default_rng(seed)
    peaks = np.maximum(np.abs(records).max(axis=(1, 2)), 1e-30)
    rows, times = rng.integers(len(records), size=count), rng.integers(first, last, size=count)
    return (records[rows, :, times] / peaks[rows, None])[:, ZNE]


if __name__ == "__main__":
    main()
