"""How many records of a station a generator needs: `swag_transfer.py DATA WORK PICKER --from WEIGHTS`.

    python -m tools.swag.swag_transfer DATA WORK PICKER --from WEIGHTS [--counts 2,10,50,200,500] [--steps 400]

SWaG's section 5. DATA is a set of one station in SeisBench's form with a column ``split``. For each count, the first so
many records of the part "train" are fitted by as many steps, from WEIGHTS of other records and from nothing; what comes
out is scored on the labels of "dev" as in ``swag_scores.py``. Runs are kept in WORK, and a call that was stopped goes
on. Table ``swag_transfer.md`` in the folder of the pages.
"""

import argparse
from pathlib import Path

import torch

from seissynth.picking.models import load_picker
from seissynth_plugins.swag.labelled import LabelledGenerator
from seissynth_plugins.swag.training.train import train_swag
from tools.real_records._real_records import write_markdown
from tools.swag._scores import station_records
from tools.swag.swag_scores import COLUMNS, OUT, cells, real_row, score_row

#: labels of the part "dev" within the range of the fitted records, or there is nothing to score
LEAST_RECORDS = 20


def fitted(arguments, count, begun):
    """Weights after fitting `count` records."""
    name = f"{'transferred' if begun else 'new'}_{count}"
    recipe = {"steps": arguments.steps, "learning_rate": 2e-4 if begun else 6e-4, "warm_up": 20, "ema": 0.99}
    report = train_swag(
        arguments.data, arguments.work / name, config=arguments.config, records=count, init=begun, batch_size=16,
        precision=arguments.precision, accelerator="cpu", validation_records=0, progress=False, tensorboard=False,
        threads=arguments.threads, **recipe,
    )  # fmt: skip
    print(report, flush=True)
    return report.weights


def main():
    """Fit, score, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("picker", type=Path)
    parser.add_argument("--from", dest="begun", type=Path, required=True)
    parser.add_argument("--config", default="small")
    parser.add_argument("--counts", default="2,10,50,200,500")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--precision", default="bf16-mixed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--test-records", type=int, default=200)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    dev, train = (
        station_records(arguments.data, "dev", arguments.test_records),
        station_records(arguments.data, "train"),
    )
    picker = load_picker(arguments.picker)
    lines = [cells("real records", real_row(dev, train, picker))]
    for count in map(int, arguments.counts.split(",")):
        for begun in (None, arguments.begun):
            weights = fitted(arguments, count, begun)
            generator = LabelledGenerator(weights, batch=16)
            torch.set_num_threads(arguments.threads)
            # a few records say little of the station's range: labels beyond it are left out
            known = dev.known_to(generator.inputs)
            name = f"{count} records, {'transferred' if begun else 'from nothing'}"
            if len(known) < LEAST_RECORDS:
                lines.append([f"{name}: too narrow a range of labels", *[""] * len(COLUMNS)])
                continue
            lines.append(cells(name, score_row(generator, known, train, picker)))
            print("\t".join(lines[-1]), flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_markdown(arguments.out / "swag_transfer.md", ["records", *COLUMNS.values()], lines)


if __name__ == "__main__":
    main()
