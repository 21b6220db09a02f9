"""Compare forms of HEGGS' encoder and decoder alone: error after the same pairs, and time.

    python -m tools.heggs.compare_autoencoders SET [--steps 400] [--batch 8] [--rate 1e-3] [--only NAME]

SET was written by ``seissynth dataset make`` for a pretraining (`heggs_pretraining_set.py`). Prints one table: the
masked error ``|| X - D(E(X)) ||²`` on 64 records that were not trained on (variance of X is about 1), CPU time of a
training step and of encoding and decoding, ms a record, in bfloat16 on one thread.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from seissynth_plugins.heggs.networks.blocks import parameter_count
from seissynth_plugins.heggs.networks.config import AutoencoderConfig, HeggsConfig
from seissynth_plugins.heggs.networks.model import Heggs
from seissynth_plugins.heggs.training.data import PairData, TrainingTable, fit_inputs

FORMS = {
    "24 x (1, 2, 4), as in the paper": AutoencoderConfig(24, (1, 2, 4), patch=1),
    "48 x (1, 2), 2 x 2 cells folded": AutoencoderConfig(48, (1, 2), patch=2),
    "128, 4 x 4 cells folded": AutoencoderConfig(128, (1,), patch=4),
}
CHECKED = 64


def main():
    """Fit each form, print a line when it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--only", default="", help="forms whose name contains this")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    table = TrainingTable(arguments.set)
    inputs = fit_inputs(table)
    train, check = PairData(table, inputs), PairData(table, inputs, "dev", limit=CHECKED)
    held_out = _targets(check, range(len(check)))
    print("| form | values | error | training | encode and decode |\n| --- | --- | --- | --- | --- |", flush=True)
    for name, form in FORMS.items():
        if arguments.only in name:
            print("| " + " | ".join([name, *_measure(form, train, held_out, arguments)]) + " |", flush=True)


def _targets(pairs, numbers):
    items = [pairs[int(i)] for i in numbers]
    return {key: torch.from_numpy(np.stack([item[key] for item in items])) for key in ("target", "mask")}


def _measure(form, train, held_out, arguments):
    torch.manual_seed(0)
    model = Heggs(HeggsConfig(autoencoder=form, acm=None))
    trained = [*model.encoder.parameters(), *model.decoder.parameters()]
    optimizer = torch.optim.AdamW(trained, arguments.rate)
    order = np.random.default_rng(0).permutation(len(train))
    spent = 0.0
    for step in range(arguments.steps):
        some = np.arange(step * arguments.batch, (step + 1) * arguments.batch)
        batch = _targets(train, np.take(order, some, mode="wrap"))
        start = time.process_time()
        with torch.autocast("cpu", torch.bfloat16):
            error = _error(model, batch)
        optimizer.zero_grad()
        error.mean().backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        spent += time.process_time() - start
    with torch.inference_mode():
        error = torch.cat([_error(model, _part(held_out, i)) for i in range(0, len(held_out["target"]), 8)]).mean()
        used = _time_of_use(model.to(torch.bfloat16), held_out["target"][:8].to(torch.bfloat16))
    count = parameter_count(model.encoder) + parameter_count(model.decoder)
    each = 1e3 * spent / (arguments.steps * arguments.batch)
    return f"{count:,}", f"{error:.4f}", f"{each:.0f}", f"{used:.0f}"


def _part(batch, first):
    return {key: values[first : first + 8] for key, values in batch.items()}


def _error(model, batch):
    decoded = model.decode(model.encode(batch["target"]), corrected=False)
    return model.squared_error(decoded, batch["target"], batch["mask"])


def _time_of_use(model, x):
    times = []
    for _ in range(4):
        start = time.process_time()
        model.decode(model.encode(x), corrected=False)
        times.append(time.process_time() - start)
    return 1e3 * min(times) / len(x)


if __name__ == "__main__":
    main()
