"""How SWaG's records compare with real ones, against steps and guidance: `swag_scores.py WEIGHTS DATA PICKER`.

    python -m tools.swag.swag_scores WEIGHTS DATA PICKER [--steps 2,4,8] [--guidance 1] [--count 300] [--out NAME]

DATA is a set in SeisBench's form of one station with a column ``split``; PICKER published weights of PhaseNet. Records
are generated with the labels of the part "dev". The first row is what real records of "dev" themselves score, with
other real records in the place of generated ones where two sets are compared. By default the folder of the pages gets
``swag_scores.md``.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from seissynth.evaluation import draw_diversity
from seissynth.picking.models import load_picker
from seissynth_plugins.swag.labelled import LabelledGenerator
from tools.real_records._real_records import write_markdown
from tools.swag._scores import StationRecords, copy_scores, features, level_scores, pick_scores

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "swag"
COLUMNS = {
    "level_error": "error of levels (ln)", "spread_ratio": "spread / real", "coverage": "covered", "inside": "inside",
    "P_f1": "P F1", "P_sd_s": "P sd (s)", "S_f1": "S F1", "S_sd_s": "S sd (s)", "diversity": "between draws",
    "copies": "copies", "ms": "ms a record",
}  # fmt: skip


def score_row(generator, dev, train, picker, station):
    """Scores of records with the labels of `dev`."""
    begin = time.perf_counter()
    made = generator.records(dev.labels, station, seed=0)
    spent = time.perf_counter() - begin
    again = generator.records(dev.labels[:64], station, seed=1)
    row = level_scores(features(made, dev.labels, dev.rate), features(dev.waveforms, dev.labels, dev.rate))
    row |= pick_scores(made, dev.labels, dev.rate, picker)
    row |= copy_scores(made[:200], dev.labels[:200], train, dev.rate, dev.waveforms[:200], dev.labels[:200])
    row["diversity"] = float(np.mean(draw_diversity([made[:64], again], dev.rate)))
    return {**row, "ms": 1e3 * spent / len(dev)}


def real_row(dev, train, picker):
    """The same of real records."""
    other = features(train.waveforms[: len(dev)], train.labels[: len(dev)], dev.rate)
    row = level_scores(other, features(dev.waveforms, dev.labels, dev.rate))
    return {**row, **pick_scores(dev.waveforms, dev.labels, dev.rate, picker), "copies": 0.01}


def cells(name, row):
    """One row of the table."""
    return [name, *(f"{row[key]:.3g}" if key in row else "" for key in COLUMNS)]


def main():
    """Generate, score, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("picker", type=Path)
    parser.add_argument("--steps", default="2,4,6,8,10,16,32")
    parser.add_argument("--guidance", default="1")
    parser.add_argument("--spacing", default="log_snr")
    parser.add_argument("--method", default="dpmpp_2m")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--name", default="swag_scores")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    dev, train = StationRecords(arguments.data, "dev", arguments.count), StationRecords(arguments.data, "train")
    picker = load_picker(arguments.picker)
    lines = [cells("real records", real_row(dev, train, picker))]
    print("\t".join(["", *COLUMNS.values()]))
    print("\t".join(lines[-1]), flush=True)
    for weight in arguments.guidance.split(","):
        for steps in arguments.steps.split(","):
            generator = LabelledGenerator(
                arguments.weights, steps=int(steps), guidance=float(weight), spacing=arguments.spacing,
                method=arguments.method, batch=16,
            )  # fmt: skip
            station = dev.station if dev.station in generator.inputs.names else None
            name = f"{steps} steps, guidance {float(weight):g}"
            lines.append(cells(name, score_row(generator, dev, train, picker, station)))
            print("\t".join(lines[-1]), flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_markdown(arguments.out / f"{arguments.name}.md", ["records", *COLUMNS.values()], lines)


if __name__ == "__main__":
    main()
