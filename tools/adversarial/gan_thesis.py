"""The thesis' tables 5.1 to 5.3 and figures 5.1 to 5.4 from runs of the WGAN-GP, and the study of its latent space.

    python -m tools.adversarial.gan_thesis DATA RUN [RUN ...] [--latents RUN [RUN ...]] [--name thesis]

RUN is a folder of ``seissynth train wgan_gp --set sample_every=N``, named after its configuration. Tables: the
hyperparameters of each run with the correlation distance of two draws, which mode collapse brings to 0; the least and
largest samples of real and generated records; and their moments, all of z-scored components as in the thesis. Pictures:
magnitudes and distances of the data with peaks of real and generated records (figures 5.1 and 5.2), the losses of the
last run (5.3), and the records of fixed noise at four steps of the first run, below real ones (5.4). ``--latents`` are
runs that differ in the size of the latent space alone; their best envelope correlation and step are listed. NAME_*.md
and NAME_*.png go to the pages.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from seissynth.evaluation import draw_diversity, moments
from seissynth.representations import ScaledWaveform
from seissynth_plugins.torchkit.checkpoints import read_header
from tools.adversarial._windows import TrainedGan
from tools.real_records._real_records import BLACK, BLUE, new_figure, save_picture, styled, write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "adversarial"
RECORDS = 500
SHOWN_STEPS = 4


def main():
    """Read the runs, write tables and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--latents", type=Path, nargs="*", default=[])
    parser.add_argument("--name", default="thesis")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    settings, extremes, shapes = [], [], []
    for run in arguments.runs:
        gan = TrainedGan(run / "weights.safetensors", arguments.data)
        recorded, _, rows = gan.windows("train", RECORDS)
        draws = [gan.made(rows, draw) for draw in (0, 1)]
        apart = float(np.mean(draw_diversity(draws, gan.rate)))
        settings.append({**hyperparameters(run), "distance of two draws": f"{apart:.2f}"})
        if run == arguments.runs[-1]:
            data_picture = figure_of_data(gan.table.table.iloc[rows], recorded, draws[0])
            save_picture(data_picture, arguments.out / f"{arguments.name}_data.png")
            save_picture(figure_of_losses(run), arguments.out / f"{arguments.name}_losses.png")
        real, made = (ScaledWaveform("zscore").encode(x)[0] for x in (recorded, draws[0]))
        extremes.append([run.name, *(f"{value:.1f}" for value in extremes_of(real, made))])
        shapes += [[run.name, *line] for line in moment_lines(real, made)]
        if run == arguments.runs[0]:
            save_picture(picture(run, real, gan.rate), arguments.out / f"{arguments.name}_epochs.png")
    write_markdown(
        arguments.out / f"{arguments.name}_5_1.md", list(settings[0]), [list(one.values()) for one in settings]
    )
    header = [
        "run",
        "real, least",
        "generated, least",
        "difference",
        "real, largest",
        "generated, largest",
        "difference ",
    ]
    write_markdown(arguments.out / f"{arguments.name}_5_2.md", header, extremes)
    header = ["run", "records", "mean", "standard deviation", "skewness, sd over records", "mean of |skewness|"]
    write_markdown(arguments.out / f"{arguments.name}_5_3.md", header, shapes)
    if arguments.latents:
        lines = [latent_line(run) for run in arguments.latents]
        header = ["latent space", "best envelope correlation", "at step", "of"]
        write_markdown(arguments.out / f"{arguments.name}_latents.md", header, lines)


@styled
def figure_of_data(table, real, made):
    """Magnitudes over epicentral distance, and peaks over distance: figures 5.1 and 5.2."""
    distance = table["path_ep_distance_km"].to_numpy(float)
    magnitude = table["source_magnitude"].to_numpy(float)
    figure = new_figure(8, 3)
    left, right = figure.subplots(1, 2)
    left.plot(distance, magnitude, ".", color=BLACK, markersize=3)
    left.set(xlabel="Epicentral distance (km)", ylabel="Magnitude", title="Records of the training set")
    for records, colour, label in ((real, BLACK, "real"), (made, BLUE, "generated")):
        peak = abs(records).max(axis=(1, 2))
        right.plot(distance, peak, ".", color=colour, markersize=3, label=label)
    right.set(xlabel="Epicentral distance (km)", ylabel="Peak, unit of the set", yscale="log", title="Peaks")
    right.legend()
    return figure


@styled
def figure_of_losses(run):
    """Losses of critic and generator over steps: figure 5.3."""
    table = pd.read_csv(run / "metrics.csv")
    figure = new_figure(8, 2.4)
    axis = figure.subplots()
    for name, colour in (("critic", BLACK), ("generator_adversarial", BLUE)):
        known = table.dropna(subset=[name])
        axis.plot(known["step"], known[name], color=colour, linewidth=0.8, label=name.split("_")[0])
    axis.set(xlabel="Step of the critic", ylabel="Loss", title=run.name)
    axis.legend()
    return figure


def hyperparameters(run):
    """What a run was trained with, as its card says."""
    card = read_header(run / "weights.safetensors")
    options = card["stages"][-1]["options"]
    config = card["config"]
    return {
        "run": run.name, "steps of the critic": str(card["stages"][-1]["steps"]), "batch": str(options["batch_size"]),
        "rate": str(options["learning_rate"]), "weight of the penalty": f"{config['penalty']:g}",
        "latent space": str(config["latent"]), "samples": str(config["npts"]),
    }  # fmt: skip


def extremes_of(real, made):
    """Mean of the least and of the largest sample, and differences: table 5.2."""
    found = [moments(x) for x in (real, made)]
    out = []
    for name in ("min", "max"):
        a, b = (float(one[name].mean()) for one in found)
        out += [a, b, abs(a - b)]
    return out


def moment_lines(real, made):
    """Moments over all samples: table 5.3. Skewness has no sign that means anything, so its spread is given."""
    lines = []
    for name, data in (("real", real), ("generated", made)):
        found = moments(data)
        lines.append(
            [name, f"{found['mean'].mean():.2f}", f"{np.sqrt(np.square(found['sd']).mean()):.2f}",
             f"{np.nanstd(found['skewness']):.2f}", f"{np.nanmean(abs(found['skewness'])):.2f}"]
        )  # fmt: skip
    return lines


def latent_line(run):
    """Size of the latent space and the best figure of a run."""
    table = pd.read_csv(run / "metrics.csv")
    column = table.dropna(subset=["validation_envelope_correlation"])
    best = column.loc[column["validation_envelope_correlation"].idxmax()]
    latent = read_header(run / "weights.safetensors")["config"]["latent"]
    return [
        str(latent), f"{best['validation_envelope_correlation']:.3f}",
        f"{best['step']:.0f}", f"{column['step'].max():.0f}",
    ]  # fmt: skip


@styled
def picture(run, real, rate):
    """Vertical components: a real record of the training set, then records of one noise at several steps."""
    files = sorted((run / "samples").glob("step_*.npy"))
    chosen = (
        [files[int(i)] for i in np.unique(np.linspace(0, len(files) - 1, SHOWN_STEPS).astype(int))] if files else []
    )
    figure = new_figure(8, 1.4 * (len(chosen) + 1))
    axes = figure.subplots(len(chosen) + 1, 2, sharex=True, squeeze=False)
    for column in range(2):
        draw(axes[0, column], real[column * len(real) // 2, 2], rate, "real", BLACK)
        for axis, file in zip(axes[1:, column], chosen, strict=True):
            step = int(file.stem.split("_")[1])
            draw(axis, np.load(file)[column, 2], rate, f"step {step}", BLUE)
        axes[-1, column].set_xlabel("Time (s)")
    return figure


def draw(axis, values, rate, title, colour):
    """One trace over its peak."""
    axis.plot(np.arange(len(values)) / rate, values / abs(values).max(), color=colour, linewidth=0.5)
    axis.set_title(title, loc="left", fontsize=8)
    axis.set_yticks([])


if __name__ == "__main__":
    main()
