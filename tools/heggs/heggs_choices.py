"""Measure quality and spread of generation on the validation blocks against steps, start and texture.

    python -m tools.heggs.heggs_choices WINDOWS WORK NAME [--folds 0] [--draws 3] [--picker FILE] [--only TEXT]

WINDOWS, WORK and NAME as for `heggs_ridgecrest.py`, whose ``train`` made the weights. Every choice predicts the
validation block of each fold, which had no say in the weights; the test blocks are not touched. Weights that were
fitted with ``--steps 0`` need ``--keep-dev`` for that.
One line a choice; results stay in ``WORK/NAME/choices`` and are not computed again.
"""

import argparse
import os
import shutil
from pathlib import Path

import pandas as pd
import torch

from seissynth.evaluation.baselines.rows import score_row
from seissynth.evaluation.record_sets import pair_sets, read_record_set
from seissynth.evaluation.results import EvaluationSettings
from seissynth.picking.pickers import make_picker
from tools.heggs._folds import FOLDS
from tools.heggs._record_maker import predict
from tools.real_records._real_records import write_markdown

#: name: options of `predict`
CHOICES = {
    **{f"{steps} steps": {"sampling_steps": steps} for steps in (1, 2, 3, 5, 10, 20, 50)},
    **{f"{steps} steps, even in time": {"sampling_steps": steps, "spacing": "time"} for steps in (2, 3, 5, 10)},
    "10 steps, the mean, no texture": {"mean": True, "texture": "none", "sampling_steps": 10},
    "10 steps, the mean, texture": {"mean": True, "sampling_steps": 10},
    "10 steps, spread, no texture": {"texture": "none", "sampling_steps": 10},
    "3 steps, the mean, no texture": {"mean": True, "texture": "none"},
    "source, the mean, no texture": {"with_source": True, "mean": True, "texture": "none"},
    "10 steps, noise drawn": {"background": "drawn", "sampling_steps": 10},
    **{f"source from {share:g} T": {"with_source": True, "start_share": share} for share in (0.2, 0.4, 0.6, 0.8, 0.95)},
    "source from 0.6 T, the mean, texture": {"with_source": True, "mean": True},
    **{f"source, {steps} steps": {"with_source": True, "sampling_steps": steps} for steps in (1, 2, 5, 20)},
}
SHOWN = (
    ("P MAE (s)", "arrivals", "p_mae_s"), ("S MAE (s)", "arrivals", "s_mae_s"),
    ("envelope correlation", "similarity", "envelope_correlation"),
    ("spectrogram MSE", "similarity", "spectrogram_mse"), ("ln PGA, bias", "ground_motion", "ln_pga_bias"),
    ("sd", "ground_motion", "ln_pga_sd"), ("sd of draws / observed", "spread", "ln_pga_within_event_sd_ratio"),
    ("CRPS of ln PGA", "spread", "ln_pga_crps"), ("roughness ratio", "spread", "roughness_ratio"),
)  # fmt: skip


def main():
    """Predict and score what is not there yet, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("name")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)))
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--picker")
    parser.add_argument(
        "--only", default="", help="choices whose name contains this, or equals the text after '='; separated by ';'"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, help="folder for the table as Markdown")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    folder = arguments.work / arguments.name / "choices"
    folder.mkdir(parents=True, exist_ok=True)
    real = read_record_set(arguments.windows, "real")
    picker = make_picker(arguments.picker) if arguments.picker else None
    groups = sorted({group for _, group, _ in SHOWN if picker is not None or group != "arrivals"})
    lines = []
    for name, options in CHOICES.items():
        if not any(name == part[1:] if part.startswith("=") else part in name for part in arguments.only.split(";")):
            continue
        kept = folder / f"{name.replace(' ', '_').replace(',', '')}.csv"
        if not kept.exists():
            place = folder / "predicted"
            shutil.rmtree(place, ignore_errors=True)
            predict(
                arguments.windows, arguments.work / arguments.name, place, part="dev", folds=arguments.folds,
                draws=arguments.draws, threads=arguments.threads, **options,
            )  # fmt: skip
            found = score_row(
                pair_sets(real, read_record_set(place, name)), EvaluationSettings(picker=picker), groups
            )  # fmt: skip
            parts = [one.summary.assign(group=group) for group, one in found.items()]
            pd.concat(parts).to_csv(kept, index=False, float_format="%.5g")
            shutil.rmtree(place, ignore_errors=True)
        lines.append([name, *_cells(pd.read_csv(kept))])
        print(" | ".join(lines[-1]), flush=True)
    if arguments.out:
        write_markdown(arguments.out / "heggs_choices.md", ["choice", *(title for title, *_ in SHOWN)], lines)


def _cells(table):
    values = table.set_index(["group", "metric"])["value"]
    return [f"{values[key]:.3f}" if (key := (group, metric)) in values.index else "–" for _, group, metric in SHOWN]


if __name__ == "__main__":
    main()
