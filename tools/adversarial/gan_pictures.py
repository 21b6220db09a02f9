"""Unseen real windows above generated ones of the same conditions: `gan_pictures.py DATA WEIGHTS [WEIGHTS ...]`.

    python -m tools.adversarial.gan_pictures DATA WEIGHTS [WEIGHTS ...] [--part dev] [--count 4] [--name NAME]

DATA is the set that the weights were trained on. Each column is one earthquake and sensor, vertical components over
their own peaks; the last row has the mean amplitude spectra of many such windows. NAME.png goes to the pages.
"""

import argparse
from pathlib import Path

import numpy as np

from tools.adversarial._windows import TrainedGan
from tools.adversarial.gan_scores import OUT
from tools.real_records._real_records import BLACK, BLUE, new_figure, save_picture, styled

VERTICAL = 2
SPECTRA = 60


@styled
def draw(rows, spectra, titles):
    """Traces of each set in a row, then the spectra."""
    count = len(rows[0][1])
    figure = new_figure(3.2 * count, 1.25 * len(rows) + 2.4)
    grid = figure.add_gridspec(len(rows) + 1, count, height_ratios=[1.0] * len(rows) + [2.0])
    for number, (name, records, rate) in enumerate(rows):
        for column, record in enumerate(records):
            axis = figure.add_subplot(grid[number, column])
            values = record[VERTICAL] - record[VERTICAL].mean()
            peak = abs(values).max()
            axis.plot(np.arange(len(values)) / rate, values / peak, lw=0.4, color=BLACK if name == "real" else BLUE)
            axis.set_yticks([])
            axis.set_ylim(-1.05, 1.05)
            axis.text(0.99, 0.95, f"{1e6 * peak:.3g} µm/s", transform=axis.transAxes, ha="right", va="top", fontsize=7)
            if column == 0:
                axis.set_ylabel(name, fontsize=8)
            if number == 0:
                axis.set_title(titles[column], fontsize=8)
    axis = figure.add_subplot(grid[-1, :])
    for number, (name, frequency, level) in enumerate(spectra):
        colour = BLACK if name == "real" else f"C{number}"
        axis.loglog(frequency, level, lw=1.0, label=name, color=colour)
    axis.set_xlabel("Frequency (Hz)")
    axis.set_ylabel("Geometric mean\nof amplitude spectra")
    axis.legend(fontsize=7)
    return figure


def mean_spectrum(records, rate):
    """Geometric mean of amplitude spectra of vertical components, smoothed over a third of an octave."""
    values = records[:, VERTICAL] - records[:, VERTICAL].mean(-1, keepdims=True)
    level = np.log(abs(np.fft.rfft(values * np.hanning(values.shape[-1]))) / rate + 1e-30).mean(0)
    frequency = np.fft.rfftfreq(values.shape[-1], 1 / rate)
    centres = np.geomspace(0.2, 0.45 * rate, 60)
    inside = [(frequency > f / 2 ** (1 / 6)) & (frequency < f * 2 ** (1 / 6)) for f in centres]
    known = [i for i, chosen in enumerate(inside) if chosen.any()]
    return centres[known], np.exp([level[inside[i]].mean() for i in known])


def main():
    """Generate and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path, nargs="+")
    parser.add_argument("--part", default="dev")
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--name", default="gan_pictures")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    rows, spectra, titles = [], [], []
    for path in arguments.weights:
        gan = TrainedGan(path, arguments.data)
        real, _, chosen = gan.windows(arguments.part, SPECTRA)
        some = np.linspace(0, len(chosen) - 1, arguments.count).astype(int)
        made = gan.made(chosen, 0)
        if not rows:
            table = gan.table.table.iloc[chosen[some]]
            titles = [f"M {row.source_magnitude:.1f}, {row.path_ep_distance_km:.0f} km" for row in table.itertuples()]
            rows.append(("real", real[some], gan.rate))
            spectra.append(("real", *mean_spectrum(real, gan.rate)))
        rows.append((gan.name, made[some], gan.rate))
        spectra.append((gan.name, *mean_spectrum(made, gan.rate)))
    arguments.out.mkdir(parents=True, exist_ok=True)
    save_picture(draw(rows, spectra, titles), arguments.out / f"{arguments.name}.png")


if __name__ == "__main__":
    main()
