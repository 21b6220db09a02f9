"""How SWaG's records compare with real ones, against steps and guidance: `swag_scores.py WEIGHTS DATA PICKER`.

    python -m tools.swag.swag_scores WEIGHTS DATA PICKER [--steps 2,4,8] [--guidance 1] [--count 300] [--name NAME]
    python -m tools.swag.swag_scores WEIGHTS DATA PICKER --fold 0 --default DEFAULT [--name NAME]

DATA is a set in SeisBench's form of one station with a column ``split``, or, with ``--fold``, a set that is divided by
blocks of time as the training of WEIGHTS divided it; PICKER published weights of PhaseNet. Records are generated with
the labels of the part "dev", or "test" of a fold. The first row is what these real records score themselves, with
other real records in the place of generated ones where two sets are compared; DEFAULT is what the default backend
makes of the same earthquakes (``swag_pretraining_set.py --catalog``). By default the folder of the pages gets NAME.md.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from seissynth.evaluation import draw_diversity
from seissynth.picking.models import load_picker
from seissynth_plugins.swag.labelled import LabelledGenerator
from tools.real_records._real_records import write_markdown
from tools.swag._scores import (
    amplitude_scores,
    copy_scores,
    features,
    fold_records,
    level_scores,
    magnitude_slope,
    pick_scores,
    station_records,
)

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "swag"
COLUMNS = {
    "level_error": "error of levels (ln)", "spread_ratio": "spread / real", "coverage": "covered", "inside": "inside",
    "P_f1": "P F1", "P_sd_s": "P sd (s)", "S_f1": "S F1", "S_sd_s": "S sd (s)", "diversity": "between draws",
    "copies": "copies", "peak_bias": "ln peak, bias", "peak_sd": "ln peak, sd", "slope": "ln peak a magnitude",
    "ms": "ms a record",
}  # fmt: skip
#: so many of the records are compared with the training set, and made twice
_COPIES, _TWICE = 200, 64


def score_row(generator, dev, train, picker):
    """Scores of records with the labels and stations of `dev`, as far as the weights know these."""
    stations = [name if name in generator.inputs.names else None for name in dev.stations]
    begin = time.perf_counter()
    made = generator.records(dev.labels, stations, seed=0)
    spent = time.perf_counter() - begin
    again = generator.records(dev.labels[:_TWICE], stations[:_TWICE], seed=1)
    row = compared(made, dev.labels, dev, train, picker, generator.inputs.quantity)
    row["diversity"] = float(np.mean(draw_diversity([made[:_TWICE], again], dev.rate)))
    return {**row, "ms": 1e3 * spent / len(dev)}


def compared(made, labels, dev, train, picker, quantity):
    """Scores of records in the place of those of `dev`."""
    row = level_scores(features(made, labels, dev.rate), features(dev.waveforms, dev.labels, dev.rate))
    row |= pick_scores(made, labels, dev.rate, picker)
    some = slice(0, _COPIES)
    row |= copy_scores(made[some], labels[some], train, dev.rate, dev.waveforms[some], dev.labels[some])
    if quantity != "normalised":
        row |= amplitude_scores(made, labels, dev) | {"slope": magnitude_slope(made, labels, dev.rate, dev.events)}
    return row


def real_row(dev, train, picker, quantity="normalised"):
    """The same of real records."""
    other = features(train.waveforms[: len(dev)], train.labels[: len(dev)], dev.rate)
    row = level_scores(other, features(dev.waveforms, dev.labels, dev.rate))
    row |= {**pick_scores(dev.waveforms, dev.labels, dev.rate, picker), "copies": 0.01}
    if quantity != "normalised":
        row["slope"] = magnitude_slope(dev.waveforms, dev.labels, dev.rate, dev.events)
    return row


def cells(name, row):
    """One row of the table."""
    return [name, *(_words(row.get(key)) for key in COLUMNS)]


def _words(value):
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "{:.2f} [{:.2f}, {:.2f}]".format(*value)
    return f"{value:.3g}"


def _records(arguments, generator):
    """Unseen records and those of the training."""
    if arguments.fold is None:
        return station_records(arguments.data, "dev", arguments.count), station_records(arguments.data, "train")
    network = generator.backend.config
    dev, train = (fold_records(arguments.data, network, part, arguments.fold) for part in ("test", "train"))
    dev = dev.known_to(generator.inputs)
    return dev.select(np.arange(min(len(dev), arguments.count))), train


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
    parser.add_argument("--fold", type=int)
    parser.add_argument("--default", type=Path)
    parser.add_argument("--name", default="swag_scores")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    first = LabelledGenerator(arguments.weights)
    quantity = first.inputs.quantity
    dev, train = _records(arguments, first)
    picker = load_picker(arguments.picker)
    lines = [cells(f"{len(dev)} real records", real_row(dev, train, picker, quantity))]
    print("\t".join(["", *COLUMNS.values()]))
    print("\t".join(lines[-1]), flush=True)
    if arguments.default is not None:
        default = dev.of_the_same(station_records(arguments.default))
        row = compared(default.waveforms, default.labels, dev, train, picker, quantity)
        lines.append(cells("default backend, same earthquakes", row))
        print("\t".join(lines[-1]), flush=True)
    for weight in arguments.guidance.split(","):
        for steps in arguments.steps.split(","):
            generator = LabelledGenerator(
                arguments.weights, steps=int(steps), guidance=float(weight), spacing=arguments.spacing,
                method=arguments.method, batch=16,
            )  # fmt: skip
            name = f"{steps} steps, guidance {float(weight):g}"
            lines.append(cells(name, score_row(generator, dev, train, picker)))
            print("\t".join(lines[-1]), flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_markdown(arguments.out / f"{arguments.name}.md", ["records", *COLUMNS.values()], lines)


if __name__ == "__main__":
    main()
