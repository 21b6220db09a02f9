"""Measure how durations scatter between earthquakes and between stations, real and generated, with random terms.

    python -m tools.physics.compare_duration_scatter DATA WINDOWS [--sets ridgecrest] [--seeds 3]
        [--picker PHASENET] [--set NAME=VALUE ...] [--out FOLDER]

DATA and WINDOWS as for `compare_envelopes`. ln of D5-95 of the horizontals in bands, noise taken off, over that of
records that are generated in the same places without random terms (mean of the seeds); its mean over bands is split by
mixed effects into what earthquakes share, what stations share, and the rest. Writes a table to
``docs/_static/calibration``.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation.statistics.mixed_effects import PARTS, split_residuals
from seissynth.picking import SeisBenchPicker
from tools.physics._envelopes import generate, load, made_measures, named_values, real_measures
from tools.physics.compare_correlations import OUT
from tools.real_records._real_records import write_markdown

HORIZONTAL, D5_95 = 0, 1  # of the durations of `real_measures`, (bands, H and Z, D5-75 and D5-95)


def main():
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--sets", default="ridgecrest")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--picker", type=Path, help="PhaseNet's file: S is picked where it would be predicted")
    parser.add_argument("--set", action="append", default=[], help="NAME=VALUE, a constant of the backend")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    picker = SeisBenchPicker(arguments.picker) if arguments.picker else None
    rows = []
    for name in arguments.sets.split(","):
        recordings = load(name, arguments.data, arguments.windows, picker)
        rows += rows_of(name, recordings, arguments.seeds, named_values(arguments.set))
        print(*rows, sep="\n", flush=True)
    header = ["", "records", "between events", "between stations", "rest", "all"]
    write_markdown(arguments.out / "variability_durations.md", header, rows)


def rows_of(name, recordings, seeds, options):
    """Rows of one set: real, generated with random terms, and without."""
    real = [real_measures(one) for one in recordings]
    events, stations = ([getattr(one, what) for one in recordings] for what in ("event", "station"))

    def made(seed, **more):
        records = generate(recordings, seed, shared_seeds=True, **options, **more)
        found = zip(records, recordings, real, strict=True)
        return lasting([made_measures(data, one, parts, seed + k) for k, (data, one, (parts, _)) in enumerate(found)])

    plain = [made(seed) for seed in range(1, 1 + seeds)]
    middle = np.mean(plain, axis=0)
    known = np.where(np.isfinite(lasting(real)), 0.0, np.nan)
    sets = {
        "real": [lasting(real)],
        "generated": [made(seed, variability=True) for seed in range(1, 1 + seeds)],
        "generated, without": plain,
    }
    rows = []
    for label, values in sets.items():
        split = [
            split_residuals(np.nanmean(one - middle + known, axis=1), events, stations, limits=False) for one in values
        ]
        sizes = [np.sqrt(np.mean([one.sd[part] ** 2 for one in split])) for part in PARTS]
        sizes.append(np.hypot.reduce(sizes))
        rows.append([f"{name}, {label}", len(recordings), *(f"{size:.2f}" for size in sizes)])
    return rows


def lasting(measures):
    """Ln of D5-95 of the horizontals of `real_measures` or `made_measures`, (records, bands); NaN where it is 0."""
    found = np.array([durations[:, HORIZONTAL, D5_95] for _, durations in measures])
    return np.log(np.where(found > 0, found, np.nan))


if __name__ == "__main__":
    main()
