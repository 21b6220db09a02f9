"""Pick generated records in the places of real ones: are the onsets where the labels say?

    python -m tools.physics.compare_onsets DATA WINDOWS --picker FILE [--out FOLDER]

DATA and WINDOWS as for `compare_envelopes`; FILE the weights of PhaseNet. Generated records are scaled to the peak of
the real ones and get noise of their spectra before P. The table has the share of picks near the labels, and medians and
standard deviations of their delays, s; it goes to ``docs/_static/physics/onsets.md``.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.picking import AICPicker, SeisBenchPicker
from tools.physics._envelopes import generate, load, noise_like
from tools.physics.compare_envelopes import OUT
from tools.real_records._real_records import write_markdown

SETS = ("ridgecrest", "new_zealand", "strong_motion", "california", "germany")
#: presets of a set
PRESETS = {"germany": ("stable",)}
USUAL = ("active_windows", "active")


def delays(records, recordings, picker):
    """Delay of each pick after the label, (records, 2) for P and S, NaN without a pick."""
    found = []
    for number, (data, one) in enumerate(zip(records, recordings, strict=True)):
        scaled = data * (np.abs(one.data).max() / np.abs(data).max()) + noise_like(one, number)
        picks = picker.pick(scaled, one.rate, {"P": one.p, "S": one.s})
        found.append([picks["P"] - one.p, picks["S"] - one.s])
    return np.array(found)


def main():
    """Load, generate, pick, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--picker", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    pickers = {"PhaseNet": SeisBenchPicker(arguments.picker), "AIC": AICPicker()}
    rows = []
    for name in SETS:
        recordings = load(name, arguments.data, arguments.windows)
        for preset in PRESETS.get(name, USUAL):
            records = generate(recordings, preset=preset)
            for title, picker in pickers.items():
                found = delays(records, recordings, picker)
                cells = [f"{np.isfinite(x).mean():.2f} / {np.nanmedian(x):+.2f} / {np.nanstd(x):.2f}" for x in found.T]
                rows.append([name.replace("_", " "), f"`{preset}`", title, str(len(recordings)), *cells])
                print("\t".join(rows[-1]), flush=True)
    header = ["records", "preset", "picker", "n", "P: picked / median / sd", "S: picked / median / sd"]
    write_markdown(arguments.out / "onsets.md", header, rows)


if __name__ == "__main__":
    main()
