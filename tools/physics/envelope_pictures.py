"""Draw real records beside generated ones under windows and by transport: `envelope_pictures.py DATA WINDOWS`.

    python -m tools.physics.envelope_pictures DATA WINDOWS [--name envelopes] [--out FOLDER]

DATA and WINDOWS as for `compare_envelopes`. Each row is one record of a set: its first horizontal and its vertical
component, real and generated for the same magnitude, distance and onsets, above 1 Hz, each over its own peak. Lines are
P and S.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

from tools.physics._envelopes import generate, load
from tools.physics.compare_envelopes import OUT
from tools.real_records._real_records import BLACK, BLUE, GREEN, new_figure, save_picture, styled

#: set, and where in its records, from the nearest to the farthest
SHOWN = (
    ("ridgecrest", 0.15), ("ridgecrest", 0.7), ("california", 0.3), ("california", 0.9), ("strong_motion", 0.35),
    ("strong_motion", 0.8),
)  # fmt: skip
COLUMNS = (("real", BLACK), ("active_windows", BLUE), ("active", GREEN))
LONGEST_S = 90.0
LOW_HZ = 1.0


@styled
def draw(rows):
    """Six columns: horizontal and vertical of each kind."""
    figure = new_figure(15, 1.35 * len(rows))
    axes = figure.subplots(len(rows), 2 * len(COLUMNS))
    for line, (one, name, kinds) in zip(axes, rows, strict=True):
        end = min(one.data.shape[1] / one.rate, one.p + 1.5 * LONGEST_S)
        for column, (component, (kind, colour)) in enumerate((c, k) for c in (1, 0) for k in COLUMNS):
            data = sosfilt(butter(2, LOW_HZ, "highpass", fs=one.rate, output="sos"), kinds[kind][component])
            time = np.arange(len(data)) / one.rate
            inside = (time > one.p - 3) & (time < min(one.s + 4 * (one.s - one.p) + 15, end))
            values = data - data[: max(int((one.p - 0.3) * one.rate), 2)].mean()
            axis = line[column]
            axis.plot(time[inside] - one.p, values[inside] / abs(values[inside]).max(), lw=0.4, color=colour)
            for onset in (0.0, one.s - one.p):
                axis.axvline(onset, lw=0.5, color="tab:red")
            axis.set_yticks([])
            axis.tick_params(labelsize=6)
            if not axis.get_subplotspec().rowspan.start:
                axis.set_title(f"{'vertical' if component == 0 else 'horizontal'}, {kind}", fontsize=8)
        line[0].set_ylabel(f"{name}\nM {one.magnitude:.1f}, {one.distance_km:.0f} km", fontsize=7)
    return figure


def main():
    """Load, generate, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--name", default="envelopes")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    rows, known = [], {}
    for name, share in SHOWN:
        if name not in known:
            known[name] = sorted(load(name, arguments.data, arguments.windows), key=lambda one: one.s - one.p)
        one = known[name][int(share * (len(known[name]) - 1))]
        made = {kind: generate([one], preset=kind)[0] for kind, _ in COLUMNS[1:]}
        rows.append((one, name.replace("_", " "), {"real": one.data, **made}))
    arguments.out.mkdir(parents=True, exist_ok=True)
    save_picture(draw(rows), arguments.out / f"{arguments.name}.png")


if __name__ == "__main__":
    main()
