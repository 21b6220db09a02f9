"""Train an adversarial system on the Ridgecrest folds and predict every record by weights that never saw its time.

    python -m tools.adversarial.gan_ridgecrest train WINDOWS WORK NAME [--config heggs_small] [--set steps=1000]
    python -m tools.adversarial.gan_ridgecrest train WINDOWS WORK NAME --init FILE --set energy_steps=120 --set steps=60
    python -m tools.adversarial.gan_ridgecrest predict WINDOWS WORK NAME [--draws 5] [--without-source] [--weights FILE]
    python -m tools.real_records.evaluate_ridgecrest WINDOWS DATA --picker FILE --set "BBGAN=WORK/NAME_CONFIG/predicted"

NAME is a system: seismogen, conseisgen or bbgan; WINDOWS as for `tools.heggs.heggs_ridgecrest`: the same windows, folds
and masks. ``--config heggs_small+source`` trains on pairs. Runs are kept in ``WORK/NAME_CONFIG/fold_K`` and go on where
they were stopped; ``seconds.csv`` there holds the CPU time of each call, so that budgets can be compared. A fold that
diverges is noted there with its step, and its last good weights are used if there are any. ``--set`` takes the options
of ``seissynth train``; ``--init`` weights of records that are not from Ridgecrest, with which each fold begins.

``predict`` writes one set in SeisBench's format with a row for each draw. Weights trained on pairs take another record
of the same earthquake for each draw, a picked one where there is any; ``--without-source`` leaves it out, which BBGAN
can do. ``--weights`` predicts every block with one file, of weights that saw no record of Ridgecrest.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from seissynth import get_backend
from seissynth.backends.trainers import get_trainer
from seissynth.cli._generation import parse_options
from seissynth.errors import TrainingError
from seissynth.io.seisbench.chunked import write_in_chunks
from seissynth.seeding import generator, hash_words
from seissynth.shared.csv_cells import write_table
from seissynth_plugins.bbgan.training import SYSTEM as BBGAN
from seissynth_plugins.conseisgen.training import SYSTEM as CONSEISGEN
from seissynth_plugins.seismogen.training import SYSTEM as SEISMOGEN
from seissynth_plugins.torchkit.gan_training import gan_rules
from seissynth_plugins.torchkit.training_table import TrainingTable
from tools.real_records._predictions import another_record, kept_columns, rows_of_block

FOLDS = 5
SYSTEMS = {"seismogen": SEISMOGEN, "conseisgen": CONSEISGEN, "bbgan": BBGAN}
REGION = "Ridgecrest, California, and 70 km around"


def main():
    """Train or predict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("train", "predict"))
    parser.add_argument("windows", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("name", choices=SYSTEMS)
    parser.add_argument("--config", default="heggs_small")
    parser.add_argument("--init", type=Path, help="weights of the generator to begin with")
    parser.add_argument("--label", help="name of the runs' folder; default NAME_CONFIG")
    parser.add_argument("--weights", type=Path, help="for predict: this file for each fold")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="option of the training")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)))
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--without-source", action="store_true")
    parser.add_argument("--part", choices=("test", "dev"), default="test", help="dev is for choosing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    folder = arguments.work / (arguments.label or f"{arguments.name}_{arguments.config}".replace("+", "_"))
    (_train if arguments.what == "train" else _predict)(arguments, folder)


def _train(arguments, folder):
    options = parse_options(arguments.set, ("config", "fold", "init", "seed", "threads"))
    for fold in arguments.folds:
        output, began = folder / f"fold_{fold}", time.process_time()
        outcome = "finished"
        try:
            report = get_trainer(arguments.name)(
                arguments.windows, output, config=arguments.config, fold=fold, folds=FOLDS, init=arguments.init,
                seed=arguments.seed, region=REGION, threads=arguments.threads, validation_records=48, progress=False,
                tensorboard=False, accelerator="cpu", **options,
            )  # fmt: skip
            print(report, flush=True)
        except TrainingError as error:
            outcome = f"diverged at step {error.step}"
            print(f"{output}: {error}", flush=True)
        _append(folder / "seconds.csv", fold=fold, outcome=outcome, cpu_s=round(time.process_time() - began, 1))


def _append(path, **row):
    before = [pd.read_csv(path)] if path.is_file() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        write_table(pd.concat([*before, pd.DataFrame([row])], ignore_index=True), file, index=False)


def _predict(arguments, folder):
    way = "predicted" if arguments.part == "test" else "validation"
    output = folder / (f"{way}_without_source" if arguments.without_source else way)
    rows = (row for fold in arguments.folds for row in predicted(arguments, folder, fold))
    count = write_in_chunks(
        output, rows, records_per_chunk=4096, overwrite=True, sampling_rate_hz=100.0, unit="m/s", quantity="velocity",
        component_order="ENZ",
    )  # fmt: skip
    print(f"{output}: {count} records")


def predicted(arguments, folder, fold):
    """Yield columns and samples of the earthquakes of one block, draw after draw."""
    weights = arguments.weights or folder / f"fold_{fold}" / "weights.safetensors"
    backend = get_backend(arguments.name)(weights=weights)
    backend.load()
    torch.set_num_threads(arguments.threads)
    system = SYSTEMS[arguments.name]
    table = TrainingTable(
        arguments.windows, gan_rules(system, backend.config, arguments.windows), fold=fold, folds=FOLDS,
        seed=arguments.seed,
    )  # fmt: skip
    rows = rows_of_block(table, arguments.part)
    columns = table.table.iloc[rows].reset_index(drop=True)
    kept = kept_columns(columns)
    stream = hash_words("gan ridgecrest", arguments.seed, fold)
    for draw in range(arguments.draws):
        seeds = generator(stream, draw).integers(2**62, size=len(rows)).astype(np.uint64)
        source = None
        if backend.takes_source and not arguments.without_source:
            words = hash_words("source", arguments.seed + draw)
            chosen = [another_record(table, rows, row, generator(words, int(row))) for row in rows]
            source = table.waveforms(chosen)[..., : backend.config.npts]
        for number, record in enumerate(backend.make(columns, seeds, source)):
            yield columns.iloc[number][kept].to_dict(), record


if __name__ == "__main__":
    main()
