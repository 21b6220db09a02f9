"""Draw twelve real records of seven regions beside generated ones: in time, as spectra, and as spectrograms.

    python -m tools.physics.look_pictures DATA WINDOWS [--name look] [--out FOLDER]

DATA and WINDOWS as for `compare_envelopes`. Each row is the first horizontal of one record, real (black) and generated
for the same magnitude, distance and onsets (green), with noise of the spectrum that the real one has before P. Each is
shown over its own peak, so levels are not compared. Germany has the preset "stable". Two pictures of six rows each.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.signal import spectrogram

from tools.physics._envelopes import generate, load, noise_like
from tools.physics.compare_envelopes import OUT
from tools.real_records._real_records import BLACK, GREEN, new_figure, save_picture, styled

#: title, set, network or None, and where in its records, from the nearest to the farthest
SHOWN = (
    ("Ridgecrest", "ridgecrest", None, 0.3), ("Ridgecrest", "ridgecrest", None, 0.8),
    ("New Zealand", "new_zealand", None, 0.3), ("New Zealand", "new_zealand", None, 0.8),
    ("northern California", "california", None, 0.2), ("northern California", "california", None, 0.8),
    ("Hawaii", "strong_motion", "HV", 0.0), ("Taiwan", "strong_motion", "TW", 0.7),
    ("Japan", "strong_motion", "BO", 0.1), ("Japan", "strong_motion", "BO", 0.9),
    ("Germany", "germany", None, 0.2), ("Germany", "germany", None, 0.6),
)  # fmt: skip
PRESETS = {"germany": "stable"}
ROWS = 6
BEFORE_P_S, LONGEST_S = 4.0, 120.0
LOWEST_DB = -60.0


def shown(one, data):
    """Times after P, and a component over its peak."""
    first = max(int((one.p - BEFORE_P_S) * one.rate), 0)
    last = int((one.s + 4 * (one.s - one.p) + 15) * one.rate)
    part = data[1, first : min(last, first + int(LONGEST_S * one.rate))]
    part = part - part[: max(int((one.p - 0.3) * one.rate) - first, 2)].mean()
    return (np.arange(len(part)) + first) / one.rate - one.p, part / np.abs(part).max()


@styled
def draw(rows):
    """Four columns: both in time, both spectra, and each spectrogram."""
    figure = new_figure(12, 1.75 * len(rows))
    axes = figure.subplots(len(rows), 4, width_ratios=(2, 1, 1.2, 1.2))
    for line, (title, one, made) in zip(axes, rows, strict=True):
        for place, (data, colour) in enumerate(((one.data, BLACK), (made, GREEN))):
            time, values = shown(one, data)
            line[0].plot(time, values - 2.1 * place, lw=0.4, color=colour)
            spectrum = np.square(np.abs(np.fft.rfft(values * np.hanning(len(values)))))
            frequency = np.fft.rfftfreq(len(values), 1 / one.rate)
            edges = np.geomspace(0.2, 0.45 * one.rate, 40)
            within = [(frequency >= a) & (frequency < b) for a, b in pairwise(edges)]
            level = [np.sqrt(spectrum[chosen].mean()) if chosen.any() else np.nan for chosen in within]
            line[1].loglog(np.sqrt(edges[1:] * edges[:-1]), level, lw=0.9, color=colour)
            npts = 2 ** int(np.log2(1.3 * one.rate))
            at, when, power = spectrogram(values, one.rate, nperseg=npts, noverlap=npts * 3 // 4)
            decibel = 10 * np.log10(np.maximum(power / power.max(), 1e-12))
            panel = line[2 + place]
            panel.pcolormesh(when + time[0], at, decibel, vmin=LOWEST_DB, vmax=0, cmap="viridis", rasterized=True)
            panel.set_ylim(0, min(30.0, 0.45 * one.rate))
        for onset in (0.0, one.s - one.p):
            line[0].axvline(onset, lw=0.6, color="tab:red")
        line[0].set_yticks([])
        line[0].set_ylabel(f"{title}\nM {one.magnitude:.1f}, {one.distance_km:.0f} km", fontsize=7)
        for panel in line:
            panel.tick_params(labelsize=6)
    titles = "real and generated, s after P", "spectra, Hz", "real, Hz over s", "generated, Hz over s"
    for panel, text in zip(axes[0], titles, strict=True):
        panel.set_title(text, fontsize=8)
    return figure


def main():
    """Load, generate, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--name", default="look")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    rows, known = [], {}
    for title, name, network, share in SHOWN:
        if name not in known:
            known[name] = sorted(load(name, arguments.data, arguments.windows), key=lambda one: one.s - one.p)
        among = [one for one in known[name] if network is None or one.station.startswith(network)]
        one = among[int(share * (len(among) - 1))]
        if any(one is other for _, other, _ in rows):
            raise SystemExit(f"{title}: {one.station} is shown already; its places in SHOWN meet in one record.")
        made = generate([one], preset=PRESETS.get(name, "active"))[0]
        made = made * (np.abs(one.data).max() / np.abs(made).max()) + noise_like(one, 1)
        rows.append((title, one, made))
    arguments.out.mkdir(parents=True, exist_ok=True)
    for number in range(0, len(rows), ROWS):
        save_picture(draw(rows[number : number + ROWS]), arguments.out / f"{arguments.name}_{number // ROWS + 1}.png")


if __name__ == "__main__":
    main()
