"""Magnitudes learnt from uneven real or even generated records: `downstream_magnitude.py DATA GENERATED WORK`.

    python -m tools.downstream.downstream_magnitude DATA GENERATED WORK [--steps 800] [--seeds 2] [--out FOLDER]

SWaG's figure 4. DATA holds ``sichuan_yunnan_station/``; GENERATED is a set in SeisBench's form of 50 Hz with splits
train and dev and ``source_magnitude``. WORK keeps the predictions of each run. The real set is stored without its
amplitudes (each component over its standard deviation), so the generated one is normalised in the same way.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation.downstream.magnitude_network import (
    MagnitudeConfig,
    MagnitudeRecords,
    bias_by_magnitude,
    even_magnitudes,
    magnitude_scores,
    predict_magnitudes,
    train_magnitudes,
)
from seissynth.io.seisbench.dataset import Dataset
from tools.real_records._real_records import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    new_figure,
    save_picture,
    styled,
    write_markdown,
)

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"
CLASSES = np.arange(-0.5, 4.01, 0.5)
COUNT = 4000


def records(folder, split):
    """Records of a split with one earthquake, P and magnitude."""
    part = Dataset(folder).split(split)
    table = part.metadata
    p, magnitude = (table[name].to_numpy(float) for name in ("trace_p_arrival_sample", "source_magnitude"))
    good = np.isfinite(p) & np.isfinite(magnitude)
    if "trace_p2_arrival_sample" in table:
        good &= ~np.isfinite(table["trace_p2_arrival_sample"].to_numpy(float))
    rows = np.flatnonzero(good)
    return MagnitudeRecords(part.waveforms(rows), p[rows], magnitude[rows], float(part.sampling_rate_hz))


def file_name(name):
    """Name of an experiment as a part of a file's name."""
    return name.replace(", ", "_").replace(" ", "_")


def like(magnitude, wanted, count, seed=0):
    """Rows whose magnitudes are spread as those of `wanted`."""
    rng = np.random.default_rng(seed)
    order = np.argsort(magnitude)
    values = rng.choice(wanted, count) + rng.uniform(-0.05, 0.05, count)
    return order[np.clip(np.searchsorted(magnitude[order], values), 0, len(order) - 1)]


def main():
    """Train, predict, write tables and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("generated", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    source = arguments.data / "sichuan_yunnan_station"
    real, real_dev, test = (records(source, split) for split in ("train", "dev", "test"))
    made, made_dev = (records(arguments.generated, split) for split in ("train", "dev"))
    edges = np.arange(-1.0, 5.01, 0.5)
    plan = {
        "real, as they are": (real, real_dev),
        "real, drawn evenly": (real[even_magnitudes(real.magnitude, COUNT, edges)], real_dev),
        "generated, uneven as the real": (made[like(made.magnitude, real.magnitude, COUNT)],
                                          made_dev[like(made_dev.magnitude, real.magnitude, len(made_dev))]),
        "generated, even": (made[even_magnitudes(made.magnitude, COUNT, edges)], made_dev),
    }  # fmt: skip
    found = {}
    for seed in range(arguments.seeds):
        for name, (train, dev) in plan.items():
            kept = arguments.work / f"{file_name(name)}_{seed}.npy"
            if not kept.exists():
                config = MagnitudeConfig(steps=arguments.steps, batch=arguments.batch, seed=seed)
                model = train_magnitudes(train, dev, config)
                np.save(kept, predict_magnitudes(model, test, config)[0])
                print(name, seed, magnitude_scores(test.magnitude, np.load(kept)), flush=True)
            found.setdefault(name, []).append(np.load(kept))
    write_tables(test.magnitude, found, arguments.out)
    save_picture(draw(test.magnitude, found), arguments.out / "downstream_magnitude.png")


def write_tables(true, found, out):
    """Scores of all runs, and the bias by magnitude of the mean over runs."""
    out.mkdir(parents=True, exist_ok=True)
    lines, classes = [], []
    for name, runs in found.items():
        scores = [magnitude_scores(true, run) for run in runs]
        mean = {key: float(np.mean([one[key] for one in scores])) for key in scores[0]}
        slopes = sorted(one["slope"] for one in scores)
        lines.append(
            [
                name,
                len(runs),
                f"{mean['bias']:+.2f}",
                f"{mean['sd']:.2f}",
                f"{mean['mae']:.2f}",
                f"{mean['slope']:.2f}",
                f"{slopes[0]:.2f} to {slopes[-1]:.2f}",
            ]
        )
        table = bias_by_magnitude(true, np.mean(runs, axis=0), CLASSES)
        classes.append(table.assign(name=name))
        table.round(4).to_csv(out / f"downstream_magnitude_{file_name(name)}.csv", index=False)
    header = ["trained on", "runs", "bias", "sd", "MAE", "slope", "slope of the runs"]
    write_markdown(out / "downstream_magnitude.md", header, lines)
    lines = []
    for (low, high), count in {(r["from"], r["to"]): r["records"] for _, r in classes[0].iterrows()}.items():
        cells = []
        for table in classes:
            row = table[table["from"] == low].iloc[0]
            cells.append(f"{row['bias']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]")
        lines.append([f"{low:g} to {high:g}", int(count), *cells])
    write_markdown(out / "downstream_magnitude_bias.md", ["ML", "records", *found], lines)


@styled
def draw(true, found):
    """Predicted against true magnitude, and the mean in classes of true magnitude."""
    figure = new_figure(9.5, 2.9)
    limits = (-1.0, 4.7)
    panels = figure.subplots(1, len(found), sharey=True)
    for panel, (name, runs), colour in zip(panels, found.items(), (BLUE, GREEN, PURPLE, ORANGE), strict=False):
        predicted = np.mean(runs, axis=0)
        panel.plot(limits, limits, color="#777777", linewidth=0.8)
        panel.plot(true, predicted, ".", color=colour, markersize=2.5, alpha=0.5)
        table = bias_by_magnitude(true, predicted, CLASSES)
        middle = 0.5 * (table["from"] + table["to"])
        panel.plot(middle, middle + table["bias"], "o-", color="#222222", markersize=3.5, linewidth=1.2)
        panel.set(title=name, xlabel="Catalogue ML", xlim=limits, ylim=limits)
        panel.set_aspect("equal")
        panel.grid(True)
    panels[0].set_ylabel("Predicted ML")
    return figure


if __name__ == "__main__":
    main()
