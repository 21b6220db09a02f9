"""Check that a configuration of HEGGS overfits one batch: `heggs_overfit.py SET [--config paper] [--steps 60]`.

    python -m tools.heggs.heggs_overfit SET [--config paper] [--steps 60] [--batch 1] [--rate 1e-4] [--bfloat16]

One batch of real pairs of SET, steps and noise drawn once: a network that can learn at all must reproduce it. Prints
the loss of eq. 9 (mean squared error over 1 to 45 Hz under the mask; printed beside the variance of the target) as it
falls. The `paper` size takes some 20 s a step and core, less with ``--bfloat16`` where the processor has instructions
for it.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from seissynth_plugins.heggs.networks.blocks import parameter_count
from seissynth_plugins.heggs.networks.model import Heggs, draw_noise
from seissynth_plugins.heggs.networks.named_configs import named_config
from seissynth_plugins.heggs.training.data import PairData, TrainingTable, fit_inputs


def main():
    """Fit one batch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--config", default="paper")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--minutes", type=float, default=30.0, help="stop after so long")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bfloat16", action="store_true", help="mixed precision, as trainings of this size take it")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    table = TrainingTable(arguments.set, fold=0)
    inputs = fit_inputs(table)
    config = named_config(arguments.config)
    model = Heggs(config)
    model.set_standardisation(inputs.statistics.mean, inputs.statistics.sd)
    pairs = PairData(table, inputs, onset_maps=bool(config.unet.onset_maps))
    items = [pairs[i] for i in np.linspace(0, len(pairs) - 1, arguments.batch).astype(int)]
    batch = {name: torch.from_numpy(np.stack([item[name] for item in items])) for name in items[0] if name != "row"}
    batch["t"], batch["noise"] = draw_noise(batch, model.schedule, (arguments.batch, *config.latent_shape))
    weight = model.weights(batch["target"], batch["mask"]) > 0
    print(f"{arguments.config}: {parameter_count(model):,} values, {arguments.batch} pair(s)")
    print(f"variance of the target {batch['target'][weight].var().item():.4f}\n")
    print("| step | loss | minutes |\n| --- | --- | --- |")
    optimizer = torch.optim.AdamW(model.parameters(), arguments.rate)
    begin = time.perf_counter()
    for step in range(arguments.steps + 1):
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bfloat16):
            found = model.loss(batch, torch.Generator().manual_seed(0))
        minutes = (time.perf_counter() - begin) / 60
        last = step == arguments.steps or minutes > arguments.minutes
        if step % max(arguments.steps // 12, 1) == 0 or last:
            print(f"| {step} | {found['spectrogram'].item():.4f} | {minutes:.1f} |", flush=True)
        if last:
            break
        optimizer.zero_grad()
        found["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


if __name__ == "__main__":
    main()
