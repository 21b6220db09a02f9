"""Score pickers trained on real and generated records, as in SWaG's table 1: `downstream.py DATA WORK`.

    python -m tools.downstream.downstream DATA WORK [--generated FOLDER] [--published FILE] [--steps 1500] [--seeds 3]

DATA holds ``sichuan_yunnan_station/`` (SeisBench form: one station, 50 Hz, splits). WORK keeps weights and scores of
each run; what is there already is not run again. ``--generated`` is a set in SeisBench's form of 50 Hz with splits
train and dev, of any backend (``make_picker_set.py`` makes one of the default backend, ``swag_picker_set.py`` of SWaG);
given twice, the sets are joined. ``--generated-name`` names it in the table. Needs SeisBench and torch.
P is at 2, 3 or 4 s in all real records, so the test records are moved by a random 0 to 20 s, with noise in front;
``--fixed`` also scores the same weights on the unshifted records, into tables NAME_fixed.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np

from seissynth.errors import SeisSynthWarning
from seissynth.evaluation.downstream.picker_windows import LabelledRecords, PickerConfig, shifted
from seissynth.evaluation.downstream.pickers import (
    COUNTED,
    joined,
    plan_experiments,
    read_scores,
    run_experiments,
    score_all,
    table_1,
    weights_path,
)
from seissynth.io.seisbench.dataset import Dataset
from seissynth.picking.models import load_picker
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"
SHIFT_S = 20.0
ARRIVALS = ("trace_p_arrival_sample", "trace_s_arrival_sample", "trace_p2_arrival_sample", "trace_s2_arrival_sample")


def labelled(folder, split, rows=None):
    """Records of a split with their arrivals, Z, N, E."""
    part = Dataset(folder).split(split)
    rows = np.arange(len(part) if rows is None else min(rows, len(part)))
    table = part.metadata.iloc[rows]
    columns = [table[name].to_numpy(float) if name in table else None for name in ARRIVALS]
    return LabelledRecords(part.waveforms(rows), *columns[:2], float(part.sampling_rate_hz), *columns[2:])


def main():
    """Train, score, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--generated", type=Path, action="append")
    parser.add_argument("--generated-name", default="generated")
    parser.add_argument("--published", type=Path)
    parser.add_argument("--sizes", default="500,4000", help="numbers of real training records")
    parser.add_argument("--dev-records", type=int, help="only so many real records choose among weights")
    parser.add_argument("--architecture", default="phasenet")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--window", type=float, default=20.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0, help="to share the runs between processes")
    parser.add_argument("--only", default="", help="experiments whose name contains one of these (a|b)")
    parser.add_argument("--fixed", action="store_true", help="also score on test records that are not moved")
    parser.add_argument("--name", default="downstream_pickers", help="of the tables")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("default", SeisSynthWarning)
    source = arguments.data / "sichuan_yunnan_station"
    folders = arguments.generated or []
    made = [joined(*(labelled(folder, split) for folder in folders)) if folders else None for split in ("train", "dev")]
    config = PickerConfig(
        architecture=arguments.architecture, steps=arguments.steps, batch=arguments.batch, window_s=arguments.window
    )
    plan = plan_experiments(
        labelled(source, "train"), labelled(source, "dev", arguments.dev_records), generated=made[0],
        generated_dev=made[1], generated_name=arguments.generated_name,
        sizes=tuple(int(size) for size in arguments.sizes.split(",")), published=arguments.published, config=config,
    )  # fmt: skip
    plan = [item for item in plan if any(part in item.name for part in arguments.only.split("|"))]
    test = shifted(labelled(source, "test"), SHIFT_S, seed=1)
    run_experiments(
        plan,
        test,
        arguments.work,
        seeds=range(arguments.first_seed, arguments.seeds),
        progress=lambda line: print(line, flush=True),
    )
    # other processes may have added runs meanwhile
    write_tables(read_scores(arguments.work), arguments.out, arguments.name)
    if arguments.fixed:
        write_tables(
            scores_of_kept_weights(plan, labelled(source, "test"), arguments.work, range(arguments.seeds)),
            arguments.out, f"{arguments.name}_fixed",
        )  # fmt: skip


def scores_of_kept_weights(plan, test, work, seeds):
    """Score the weights that a plan left on other records."""
    scores = {}
    for item in plan:
        for seed in seeds:
            path = weights_path(work, item.name, seed)
            if item.train is not None and path.is_file():
                scores[f"{item.name}/{seed}"] = score_all(load_picker(path), test)
    return scores


def write_tables(scores, out, name):
    """One table for each way to count picks, as CSV and as Markdown."""
    out.mkdir(parents=True, exist_ok=True)
    for counted in COUNTED:
        table = table_1(scores, counted)
        table.round(4).to_csv(out / f"{name}_{counted}.csv", index=False)
        lines = [
            [row["trained on"], row["phase"], row["runs"], f"{row['recall']:.3f}", f"{row['precision']:.3f}",
             f"**{row['f1']:.3f}** [{row['f1_low']:.3f}, {row['f1_high']:.3f}]",
             f"{row['f1_least_run']:.3f} to {row['f1_best_run']:.3f}", f"{row['mean_s']:+.3f}", f"{row['sd_s']:.3f}",
             f"{row['mae_s']:.3f}"]
            for _, row in table.iterrows()
        ]  # fmt: skip
        header = ["trained on", "phase", "runs", "recall", "precision", "F1 [95 %]", "F1 of the runs", "mean (s)",
                  "sd (s)", "MAE (s)"]  # fmt: skip
        write_markdown(out / f"{name}_{counted}.md", header, lines)


if __name__ == "__main__":
    main()
