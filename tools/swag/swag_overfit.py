"""Does a configuration of SWaG overfit one batch? `swag_overfit.py SET [--config paper] [--steps 60]`.

    python -m tools.swag.swag_overfit SET [--config paper] [--steps 60] [--batch 1] [--rate 1e-4] [--bfloat16]

One batch of real records of SET, steps and noise drawn once: a network that can learn at all must reproduce it. Prints
the number of values, the time of a step, and the mean squared error of what is predicted as it falls (1 is what a
network that says nothing has, for noise).
"""

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np
import torch

from seissynth_plugins.swag.config import named_config
from seissynth_plugins.swag.training.data import SwagData, TrainingTable, fit_swag_inputs, swag_rules, training_rows
from seissynth_plugins.swag.training.model import TrainedSwag


def main():
    """Fit one batch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--config", default="paper")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bfloat16", action="store_true", help="mixed precision")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    config = dataclasses.replace(named_config(arguments.config), drop=0.0, station_drop=0.0)
    table = TrainingTable(arguments.set, swag_rules(config))
    rows = training_rows(table, arguments.batch)
    inputs = fit_swag_inputs(table, rows, config, None, 0)
    data = SwagData(table, inputs, config, rows)
    items = [data[i] for i in range(arguments.batch)]
    batch = {name: torch.from_numpy(np.stack([item[name] for item in items])) for name in items[0]}
    model = TrainedSwag(config)
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{arguments.config}: {count:,} values, {config.tokens} tokens, {arguments.batch} record(s)\n")
    print("| step | error | minutes |\n| --- | --- | --- |")
    optimizer = torch.optim.Adam(model.parameters(), arguments.rate)
    begin = time.perf_counter()
    for step in range(arguments.steps + 1):
        torch.manual_seed(1)  # the same step of the noise process, and the same noise
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bfloat16):
            figures = model.loss(batch)
        minutes = (time.perf_counter() - begin) / 60
        if step % max(arguments.steps // 12, 1) == 0:
            print(f"| {step} | {figures['waveform'].item():.4f} | {minutes:.1f} |", flush=True)
        optimizer.zero_grad()
        figures["loss"].backward()
        optimizer.step()


if __name__ == "__main__":
    main()
