"""Pickers trained on generated and on real records, scored on unseen real records.

Table 1 of SWaG. Each run of a plan is saved when done, and a plan can be stopped and resumed.
`seissynth.evaluation.downstream.magnitude_network` is the same for magnitudes (figure 4 of SWaG).
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.downstream.picker_training import predict, score_probabilities, train_picker
from seissynth.evaluation.downstream.picker_windows import LabelledRecords, PickerConfig, resampled
from seissynth.picking.models import architecture_of, import_torch, load_picker, save_picker

if TYPE_CHECKING:
    import pandas

#: how picks are counted -> options of `picker_training.score_picker`
COUNTED = {"best": {}, "near": {"near": True}, "all": {"all_picks": True}}
#: a tenth of the steps, and a quarter of the rate, for weights that already know what an arrival is
FINE_TUNING = {"steps_share": 0.4, "rate_share": 0.25}
_NUMBERS = ("recall", "precision", "f1", "mean_s", "sd_s", "mae_s")


@dataclass(frozen=True)
class PickerExperiment:
    """One training, run with several seeds.

    Parameters
    ----------
    name : str
        Row of the table.
    train, dev : LabelledRecords, or None
        None: no training, the weights are scored unchanged.
    config : PickerConfig
        Its seed is replaced.
    start_from : str or Path, optional
        Name of an experiment of the same plan, whose weights of the same seed are used; or a file.
    """

    name: str
    train: LabelledRecords | None
    dev: LabelledRecords | None
    config: PickerConfig = field(default_factory=PickerConfig)
    start_from: object = None


def joined(*parts):
    """Several sets of labelled records as one.

    Examples
    --------
    >>> import numpy as np
    >>> one = LabelledRecords(np.zeros((2, 3, 50), "float32"), np.array([1.0, 2]), np.array([3.0, 4]), 50.0)
    >>> len(joined(one, one))
    4
    """
    rates = {part.sampling_rate_hz for part in parts}
    if len(rates) != 1:
        raise InputError(f"sets of {sorted(rates)} Hz cannot be joined; use picker_windows.resampled.")

    def column(name):
        columns = [getattr(part, name) for part in parts]
        gaps = [np.full(len(part), np.nan) for part in parts]
        return np.concatenate([gap if x is None else x for x, gap in zip(columns, gaps, strict=True)])

    waves = np.concatenate([part.waveforms for part in parts])
    return LabelledRecords(waves, column("p"), column("s"), rates.pop(), column("more_p"), column("more_s"))


def plan_experiments(
    real: LabelledRecords,
    real_dev: LabelledRecords,
    *,
    generated: LabelledRecords | None = None,
    generated_dev: LabelledRecords | None = None,
    generated_name: str = "generated",
    sizes: tuple[int, ...] = (500, 4000),
    published: str | os.PathLike[str] | None = None,
    config: PickerConfig | None = None,
) -> list[PickerExperiment]:
    """Plan of table 1 of SWaG: rows for real records alone, and rows that need generated ones.

    Parameters
    ----------
    real, real_dev : LabelledRecords
        Training and development records; the first `sizes` of `real` are used.
    generated, generated_dev : LabelledRecords, optional
    generated_name : str
        Prefix of rows with generated records; one folder may hold those of several sets.
    sizes : tuple of int
        Numbers of real training records; those above ``len(real)`` are left out.
    published : str or path, optional
        Weights of a published picker: scored before and after fine-tuning.
    config : PickerConfig, optional
        Configuration of all trainings from scratch; fine-tuning uses 0.4 of its steps at a quarter of its rate.

    Returns
    -------
    list of PickerExperiment

    Notes
    -----
    Real records alone are trained three times: unshifted ("not shifted"), shifted, and shifted with overlaps and
    noise added: a learned backend must improve on the best of these. Mixing draws equally from the few real records and
    the generated ones, from scratch and from published weights; from scratch, and in training on real records after
    generated ones, there are rows with and without overlaps and noise, which the generated records get, too, in the
    last of these.
    """
    config = config or PickerConfig()
    tuned = replace(
        config,
        steps=max(1, round(config.steps * FINE_TUNING["steps_share"])),
        learning_rate=config.learning_rate * FINE_TUNING["rate_share"],
    )
    augmented = replace(config, overlap_share=0.3, noise_share=0.3)
    sizes = [size for size in sizes if size <= len(real)]
    if not sizes:
        raise InputError(f"real holds {len(real)} records, fewer than any of the sizes asked for.")
    parts = {size: real[np.arange(size)] for size in sizes}
    plan = []
    for size, part in parts.items():
        plan += [
            PickerExperiment(f"{size} real, shifted", part, real_dev, config),
            PickerExperiment(f"{size} real, shifted, overlaps and noise added", part, real_dev, augmented),
        ]
    if generated is not None:
        if generated_dev is None:
            raise InputError("generated needs generated_dev, by which its weights are chosen: no real record may.")
        alone = f"{generated_name} only"
        varied = f"{alone}, overlaps and noise added"
        plan += [
            PickerExperiment(alone, generated, generated_dev, config),
            PickerExperiment(varied, generated, generated_dev, augmented),
        ]
        for size, part in parts.items():
            mixed = joined(_as_often(part, generated), generated)
            tuned_augmented = replace(tuned, overlap_share=augmented.overlap_share, noise_share=augmented.noise_share)
            plan += [
                PickerExperiment(f"{generated_name} and {size} real, mixed", mixed, real_dev, config),
                PickerExperiment(
                    f"{generated_name} and {size} real, mixed, overlaps and noise added", mixed, real_dev, augmented
                ),
                PickerExperiment(f"{generated_name}, then {size} real", part, real_dev, tuned, alone),
                PickerExperiment(
                    f"{generated_name}, then {size} real, overlaps and noise added", part, real_dev, tuned_augmented,
                    alone,
                ),
                PickerExperiment(
                    f"{generated_name}, then {size} real, overlaps and noise added to both", part, real_dev,
                    tuned_augmented, varied,
                ),
            ]  # fmt: skip
    if published is not None:
        plan.append(PickerExperiment("published weights", None, None, config, Path(published)))
        for size, part in parts.items():
            plan.append(PickerExperiment(f"published, then {size} real", part, real_dev, tuned, Path(published)))
            if generated is not None:
                mixed = joined(_as_often(part, generated), generated)
                name = f"published, then {generated_name} and {size} real, mixed"
                plan.append(PickerExperiment(name, mixed, real_dev, tuned, Path(published)))
        if generated is not None:
            name = f"published, then {generated_name}"
            plan.append(PickerExperiment(name, generated, generated_dev, tuned, Path(published)))
    for size, part in parts.items():
        plan.append(PickerExperiment(f"{size} real, not shifted", part, real_dev, replace(config, shifted=False)))
    return plan


def _as_often(few, many):
    """Repeat a few records until they are about as many as others."""
    return few[np.tile(np.arange(len(few)), max(1, round(len(many) / len(few))))]


def run_experiments(
    plan: Sequence[PickerExperiment],
    test: LabelledRecords,
    folder: str | os.PathLike[str],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    progress: Callable[..., Any] = print,
) -> dict:
    """Train and score all experiments of a plan; finished runs are not repeated.

    Parameters
    ----------
    plan : sequence of PickerExperiment
    test : LabelledRecords
        Unseen records, shifted by random times (`picker_windows.shifted`).
    folder : str or path
        For weights (``.pt`` and ``.json``) and ``.scores`` of each run; created if absent. Several processes may share
        it, each with its own part of the plan.
    seeds : sequence of int
        One seed at a time through the whole plan.
    progress : callable, optional
        Called with one line per run.

    Returns
    -------
    dict
        "name/seed" -> {"best", "near", "all"} -> {"P", "S"} -> scores; see `COUNTED` and `score_picker`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    scores = read_scores(folder)
    for seed in seeds:
        for item in plan:
            key = f"{item.name}/{seed}"
            if key in scores or (item.train is None and seed != seeds[0]):
                continue
            begin = time.process_time()
            model = _train(item, seed, folder)
            scores[key] = score_all(model, test)
            if item.train is not None:
                save_picker(model, weights_path(folder, item.name, seed))
            kept = weights_path(folder, item.name, seed).with_suffix(".scores")
            _write(kept, json.dumps({key: scores[key]}, indent=1))
            if progress is not None:
                f1 = ", ".join(f"{phase} F1 {scores[key]['near'][phase]['f1']:.3f}" for phase in "PS")
                progress(f"{key}: {f1}, {time.process_time() - begin:.0f} s")
    return scores


def read_scores(folder):
    """Scores of all runs saved in a folder, in the form of `run_experiments`."""
    scores = {}
    for path in sorted(Path(folder).glob("*.scores")):
        scores |= json.loads(path.read_text())
    return scores


def score_all(model, test):
    """Score a picker in each way of `COUNTED`, on records resampled to its rate."""
    data = resampled(test, float(model.sampling_rate))
    probability = predict(model, data.waveforms)
    return {name: score_probabilities(probability, data, **options) for name, options in COUNTED.items()}


def table_1(scores: dict, counted: str = "near") -> pandas.DataFrame:
    """Table 1 of SWaG, as means over seeds.

    Parameters
    ----------
    scores : dict
        From `run_experiments`.
    counted : {"near", "best", "all"}

    Returns
    -------
    DataFrame
        One row for each experiment and phase: runs, recall, precision, F1 with the interval of one run (bootstrap over
        records, mean of the runs' limits) and smallest and largest F1 of the runs, mean, standard deviation and mean
        absolute value of pick minus label of the matched picks (SWaG: label minus pick).
    """
    import pandas as pd

    rows = []
    for name in sorted({key.rpartition("/")[0] for key in scores}, key=_row_order):
        runs = [value[counted] for key, value in scores.items() if key.rpartition("/")[0] == name]
        for phase in ("P", "S"):
            phase_scores = [run[phase] for run in runs]
            mean = {key: float(np.mean([one[key] for one in phase_scores])) for key in (*_NUMBERS, "f1_low", "f1_high")}
            f1 = [one["f1"] for one in phase_scores]
            rows.append({"trained on": name, "phase": phase, "runs": len(runs), **{k: mean[k] for k in _NUMBERS[:3]},
                         "f1_low": mean["f1_low"], "f1_high": mean["f1_high"], "f1_least_run": min(f1),
                         "f1_best_run": max(f1), **{k: mean[k] for k in _NUMBERS[3:]}})  # fmt: skip
    return pd.DataFrame(rows)


def weights_path(folder, name, seed):
    """Path of the weights of a run."""
    return Path(folder) / f"{re.sub('[^a-z0-9]+', '_', name.lower())}_{seed}.pt"


def _row_order(name):
    """Real alone, then generated sets one by one, then published; few records before many."""
    first = re.split(r" only| and \d|, then", name)[0]
    real = re.match(r"\d+ real", name) is not None
    group = 0 if real else 2 if name.startswith("published") else 1
    sizes = [int(x) for x in re.findall(r"\d+", name.removeprefix(first))] if not real else [int(name.split()[0])]
    return (
        group, first if group == 1 else "", not name.endswith(("only", "weights")), sizes, "mixed" in name,
        "not shifted" not in name, len(name),
    )  # fmt: skip


def _train(item, seed, folder):
    before = item.start_from
    if isinstance(before, str):
        before = weights_path(folder, before, seed)
    model = None if before is None else load_picker(before)
    if item.train is None:
        return model
    torch, _ = import_torch()
    torch.manual_seed(seed)
    train, dev = item.train, item.dev
    config = replace(item.config, seed=seed)
    if model is not None:
        train, dev = (resampled(part, float(model.sampling_rate)) for part in (train, dev))
        if architecture_of(model) == "eqtransformer":
            config = replace(config, window_s=model.in_samples / float(model.sampling_rate))
    return train_picker(train, dev, config, start_from=model)


def _write(path, text):
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text)
    partial.replace(path)
