"""Earthquake or noise, learnt from few real records with and without generated ones: the thesis' table B.3.

    python -m tools.adversarial.event_noise DATA WEIGHTS [--real 100] [--generated 1000] [--seeds 5] [--name NAME]

DATA is the set that SeismoGen's WEIGHTS were trained on: earthquakes and rows of noise, in parts by time. The
classifier sees ``--real`` windows of each class of the training part, generated ones of both classes, or both; it is
tested on all windows of the validation part and on noise that no training saw. Noise has no parts of its own: the first
two thirds of its rows, in time, are for training. NAME.md goes to the pages.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from seissynth.evaluation.downstream.event_classifier import (
    ClassifierConfig,
    classifier_scores,
    event_probability,
    table_b3,
    train_classifier,
)
from seissynth_plugins.torchkit.samplers import record_generators, record_noise
from tools.adversarial._windows import TrainedGan
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "adversarial"
#: per cent; mean, least and best of the runs
SCORES = ("accuracy", "precision", "recall", "f1")
_TOGETHER = 32


def main():
    """Train and test, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--real", type=int, default=100)
    parser.add_argument("--generated", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--name", default="event_noise")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    gan = TrainedGan(arguments.weights, arguments.data)
    quakes = {part: gan.windows(part, 10_000)[0] for part in ("train", "dev")}
    quiet = noise_windows(gan)
    test, truth = joined(quakes["dev"], quiet["test"])
    runs = {"real": [], "generated": [], "real and generated": []}
    for seed in range(arguments.seeds):
        rng = np.random.default_rng(seed)
        few = [x[rng.permutation(len(x))[: arguments.real]] for x in (quakes["train"], quiet["train"])]
        made = [generated(gan, label, arguments.generated, seed) for label in (1, 0)]
        parts = {
            "real": few, "generated": made,
            "real and generated": [np.concatenate(pair) for pair in zip(few, made, strict=True)],
        }  # fmt: skip
        for name, (events, noise) in parts.items():
            config = ClassifierConfig(seed=seed, steps=arguments.steps)
            # what chooses the weights is of the few real records' own kind, so that nothing more is known
            model = train_classifier(*joined(events, noise), *joined(*(x[::4] for x in few)), config)
            runs[name].append(classifier_scores(event_probability(model, test), truth))
            print(seed, name, runs[name][-1], flush=True)
    lines = []
    for row in table_b3(runs).to_dict("records"):
        cells = [f"{row[key]:.1f} [{row[f'{key}_least']:.1f}, {row[f'{key}_best']:.1f}]" for key in SCORES]
        lines.append([row["trained on"], str(row["runs"]), *cells])
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_markdown(arguments.out / f"{arguments.name}.md", ["trained on", "runs", *SCORES], lines)


def joined(events, noise):
    """Both classes in one array, and which is which."""
    return np.concatenate([events, noise]), np.arange(len(events) + len(noise)) < len(events)


def noise_windows(gan):
    """Windows of noise for training and testing, divided by time."""
    table, npts = gan.table, gan.backend.config.npts
    rows = table.noise
    if "trace_start_time" in table.table:
        rows = rows[np.argsort(table.table["trace_start_time"].astype(str).to_numpy()[rows], kind="stable")]
    first = 2 * len(rows) // 3
    parts = {"train": rows[:first], "test": rows[first:]}
    return {name: table.waveforms(chosen)[..., :npts] for name, chosen in parts.items()}


def generated(gan, label, count, seed):
    """Windows of one class; sizes do not matter to the classifier."""
    model, made = gan.network, []
    with torch.inference_mode():
        for first in range(0, count, _TOGETHER):
            number = min(_TOGETHER, count - first)
            seeds = np.arange(first, first + number, dtype=np.uint64) + np.uint64(10**6 * (2 * seed + label))
            z = record_noise(record_generators(seeds, 1), model.latent_shape)
            made.append(model(z, torch.full((number, 1), float(label))).numpy())
    return np.concatenate(made)


if __name__ == "__main__":
    main()
