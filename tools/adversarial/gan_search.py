"""A small search for hyperparameters of an adversarial system: `gan_search.py SYSTEM DATA WORK`.

    python -m tools.adversarial.gan_search SYSTEM DATA WORK [--config small] [--trials 8] [--steps 300] [--keep 2]

The thesis names such a search as future work (6.2). Rates, batch, critic steps for each of the generator and, where
the system has one, the weight of the penalty are drawn at random within `SPACE`; each trial trains for ``--steps``
critic steps, the best ``--keep`` of them by the envelope correlation on the validation part train for four times as
many. Trials stay in WORK; a call that was stopped goes on. WORK/trials.csv has a row for each, and is printed.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from seissynth.backends.trainers import get_trainer
from seissynth.errors import TrainingError
from seissynth.shared.csv_cells import write_table

#: from, to, on a logarithmic scale; or a choice
SPACE = {
    "generator_rate": (2e-5, 2e-3), "critic_rate": (2e-5, 2e-3), "batch_size": [8, 16, 32], "every": [1, 2, 5],
}  # fmt: skip
METRIC = "validation_envelope_correlation"
LONGER = 4


def drawn(trial, seed=0):
    """Options of one trial."""
    rng = np.random.default_rng([seed, trial])
    out = {}
    for name, ends in SPACE.items():
        if isinstance(ends, tuple):
            out[name] = float(f"{np.exp(rng.uniform(*np.log(ends))):.2g}")
        else:
            out[name] = int(rng.choice(ends))
    return out


def run_trial(arguments, options, steps, name):
    """Best figure of a trial, and at which step; NaN where it diverged."""
    output = arguments.work / name
    try:
        get_trainer(arguments.system)(
            arguments.data, output, config=arguments.config, steps=steps, batch_size=options["batch_size"],
            learning_rate={"generator": options["generator_rate"], "critic": options["critic_rate"]},
            every={"generator": options["every"]}, validate_every=max(steps // 6, 1), threads=arguments.threads,
            progress=False, tensorboard=False, accelerator="cpu",
        )  # fmt: skip
    except TrainingError as error:
        return float("nan"), error.step
    table = pd.read_csv(output / "metrics.csv").dropna(subset=[METRIC])
    best = table.loc[table[METRIC].idxmax()]
    return float(best[METRIC]), int(best["step"])


def main():
    """Draw, train, rank."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system")
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--config", default="small")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--keep", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    rows = []
    for trial in range(arguments.trials):
        options = drawn(trial)
        best, step = run_trial(arguments, options, arguments.steps, f"trial_{trial}")
        rows.append({"trial": trial, **options, "steps": arguments.steps, METRIC: best, "best_step": step})
        print(rows[-1], flush=True)
    ranked = sorted(rows, key=lambda row: -np.nan_to_num(row[METRIC], nan=-np.inf))
    for row in ranked[: arguments.keep]:
        options = {name: row[name] for name in SPACE}
        best, step = run_trial(arguments, options, LONGER * arguments.steps, f"longer_{row['trial']}")
        rows.append({**row, "steps": LONGER * arguments.steps, METRIC: best, "best_step": step})
        print(rows[-1], flush=True)
    with (arguments.work / "trials.csv").open("w", newline="") as file:
        write_table(pd.DataFrame(rows), file, index=False)


if __name__ == "__main__":
    main()
