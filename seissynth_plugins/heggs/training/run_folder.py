"""The folder of a training: what was asked, statistics, card and curve; shared by HEGGS and its baseline."""

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from seissynth.errors import FileFormatError, InputError
from seissynth.shared.atomic import replacing
from seissynth.shared.folder_lock import fills
from seissynth_plugins.heggs.inputs import ModelInputs
from seissynth_plugins.heggs.training.augmentation import NO_AUGMENTATION, named_augmentation
from seissynth_plugins.heggs.training.data import PairData, TrainingTable, fit_inputs
from seissynth_plugins.heggs.training.onset_terms import fit_onset_terms
from seissynth_plugins.heggs.weights import load_model, with_condition_size
from seissynth_plugins.torchkit.checkpoints import weights_hash
from seissynth_plugins.torchkit.stages import earlier_stages, stages_table, training_stage


@dataclass(frozen=True)
class TrainReport:
    """What a call of a trainer left behind.

    Parameters
    ----------
    output : pathlib.Path
    weights : pathlib.Path or None
        None where a first stage has not ended.
    step, steps : int
    finished : bool
        False: the same call goes on.
    """

    output: Path
    weights: Path | None
    step: int
    steps: int
    finished: bool

    def __str__(self):
        state = "finished" if self.finished else f"stopped at step {self.step} of {self.steps}; the same call goes on"
        weights = f"Weights so far: {self.weights}" if self.weights else "No weights yet: the autoencoder comes first"
        return f"{self.output}: {state}. {weights}"


def holds_run(function):
    """Decorate a trainer: one process at a time trains in the folder of a run, named by ``output``.

    The further processes of a training on several devices or nodes leave the lock to the first.
    """
    return fills("output", "training", unless=_is_further_process)(function)


def _is_further_process():
    # set by torchrun, Lightning and Slurm for every process but one that a user started alone
    ranks = (os.environ.get(name, "0") for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
    return any(rank.strip() not in ("", "0") for rank in ranks)


def check_loop(loop, cls, kind):
    """Refuse options that the loop does not have."""
    import difflib

    known = [field.name for field in fields(cls)]
    for name in loop:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"{kind.name}: there is no option {name!r}.{hint} Options of the loop are {', '.join(known)}."
            )


def _listed(data):
    return [data] if isinstance(data, str | Path) else list(data)


def chosen_augmentation(given, table):
    """Return the augmentation that is asked for, or the one that goes with the sets."""
    if given is None:
        made = "source2_id" in table.table or not table.table["trace_start_time"].notna().all()
        given = ("made" if made else "real") if len(table.noise) else "none"
    return named_augmentation(given) if isinstance(given, str) else given


def unseen_pairs(table, inputs, count, seed, pairing, *, records=False):
    """Return pairs of the validation part, their records as they were recorded.

    Augmentation is for training alone: figures and fits on changed records would measure the changes.

    Parameters
    ----------
    table : data.TrainingTable
    inputs : ModelInputs
    count : int
        At most so many.
    seed : int
    pairing : dict
        Of `Run`; its augmentation is left out.
    records : bool
        As for `data.PairData`.

    Returns
    -------
    data.PairData
    """
    plain = {**pairing, "augmentation": NO_AUGMENTATION}
    return PairData(table, inputs, "dev", limit=count, records=records, seed=seed, **plain)


def validation_pairs(table, inputs, count, seed, pairing):
    """Return `unseen_pairs` with their records; None where there are none, or none are wanted."""
    if not count or not len(table.rows("dev")):
        return None
    return unseen_pairs(table, inputs, count, seed, pairing, records=True)


@dataclass(frozen=True)
class Run:
    """What a training begins with.

    Parameters
    ----------
    output : pathlib.Path
    table : data.TrainingTable
    start : tuple or None
        Model, inputs and card of the weights that it begins with.
    asked : dict
        As ``run.json`` keeps it.
    inputs : ModelInputs
    network : HeggsConfig or LdmConfig
        With the size of the conditions.
    pairing : dict
        Options of `data.PairData` for the training part; other parts go without the augmentation, see `unseen_pairs`.
    """

    output: Path
    table: TrainingTable
    start: tuple | None
    asked: dict
    inputs: ModelInputs
    network: object
    pairing: dict


def begin_run(
    kind, config, network, data, output, *, fold, folds, stations_out, init, noise, seed, augmentation, encoding,
    extras, picked_first, resume,
):  # fmt: skip
    """Read sets and weights to begin with, and keep what was asked in the folder of the run, or go on with that."""
    output = Path(output)
    table = TrainingTable(data, fold=fold, folds=folds, stations_out=stations_out, noise=noise, seed=seed)
    how = chosen_augmentation(augmentation, table)
    start = None if init is None else load_model(init, kind=kind)
    output.mkdir(parents=True, exist_ok=True)
    asked = {
        "config": config, "data": table.fingerprint, "init": None if init is None else weights_hash(init),
        "augmentation": asdict(how), "seed": seed, "encoding": encoding, "extras": list(extras or ()),
    }  # fmt: skip
    same_run(output, asked, resume)
    inputs = run_inputs(output, table, start, encoding, extras, network, how)
    pairing = {"onset_maps": bool(network.unet.onset_maps), "augmentation": how, "picked_first": picked_first}
    return Run(output, table, start, asked, inputs, with_condition_size(network, inputs.condition.size), pairing)


def same_run(output, asked, resume):
    """Write what was asked, or refuse to go on with something else."""
    path = output / "run.json"
    if resume and path.is_file():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise FileFormatError(f"{path} is damaged: {error}. Take another folder for the run.") from error
        for name, value in json.loads(json.dumps(asked)).items():
            if before.get(name) != value:
                raise InputError(
                    f"{output} holds a run with {name}={before.get(name)!r}; this one has {value!r}. Take another "
                    "folder, or pass resume=False (--restart) to begin anew."
                )
    else:
        (output / "inputs.json").unlink(missing_ok=True)
        _write_text(path, json.dumps(asked, indent=1) + "\n")


def run_inputs(output, table, start, encoding, extras, network, how):
    """Return statistics: those of the weights that are begun with, of the run that goes on, or new ones.

    Delays of picks at the sensors are always those of the set that is trained on, for networks that take onsets.
    """
    path = output / "inputs.json"
    terms = fit_onset_terms(table.table, table.rows("train")) if network.unet.onset_maps else {}
    if start is not None:
        if (encoding or extras) and (
            encoding not in (None, start[1].condition.encoding) or tuple(extras or ()) != start[1].condition.extras
        ):
            raise InputError("the weights of init have conditions of their own; leave encoding and extras out.")
        return replace(start[1], onset_terms=terms, site_noise=None)
    if path.is_file():
        return ModelInputs.from_plain(json.loads(path.read_text(encoding="utf-8")))
    inputs = fit_inputs(
        table, encoding=encoding or "paper", extras=extras or (), normalised=network.normalised_waveforms,
        augmentation=how,
    )  # fmt: skip
    inputs = replace(inputs, onset_terms=terms)
    # through plain data and back: a run that goes on, and the weights file, have the same rounded numbers
    plain = inputs.to_plain()
    _write_text(path, json.dumps(plain) + "\n")
    return ModelInputs.from_plain(json.loads(json.dumps(plain)))


def about_weights(
    run, pairs, data, result, recipe, *, region, licence, fold, folds, stations_out, best, **options
):  # fmt: skip
    """Return what the header of a weights file says about their training; `options` are kept with its stage."""
    table, asked = run.table, run.asked
    steps = result.best_step if best else result.step
    begun = None if run.start is None else run.start[2]
    about = {
        "training_data_hash": pairs.fingerprint, "region": region or _region(table), "licence": licence,
        "ranges": table.ranges(), "sensors": sorted(set(table.sensors(table.rows("train")))),
        "onset_origin": table.onset_origins(), "steps": steps,
        "pairs": recipe.batch_size * recipe.accumulate * recipe.devices * steps,
        "name": asked["config"], "fold": fold, "folds": folds, "stations_out": list(stations_out),
        "seed": asked["seed"], "begun_with": None if begun is None else begun["training_data_hash"],
        "data": [Path(path).name for path in _listed(data)],
    }  # fmt: skip
    told = {**options, **{name: asked[name] for name in ("augmentation", "encoding", "extras")}}
    stage = training_stage(about, recipe, asked["init"], **told)
    return {**about, "stages": [*earlier_stages(begun), stage]}


def told_options(noise, sources, picked_first, site_noise, export):
    """Return options of both trainers that a stage keeps, as plain data."""
    return {
        "noise": None if noise is None else Path(noise).name, "sources": sources, "picked_first": picked_first,
        "site_noise": site_noise, "export": export,
    }  # fmt: skip


def _region(table):
    train = table.table.iloc[table.rows("train")]
    (south, north), (west, east) = (
        (train[f"source_{name}_deg"].min(), train[f"source_{name}_deg"].max()) for name in ("latitude", "longitude")
    )
    return f"{south:.2f} to {north:.2f} N, {west:.2f} to {east:.2f} E"


def _write_text(path, text):
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def draw_curve(output):
    """Draw the losses of a run beside them."""
    from seissynth.plotting.training_curves import plot_training

    try:
        plot_training(output / "metrics.csv", outfile=output / "curve.png")
    except FileFormatError:  # stopped before the first line
        return


def write_card(about, weights, table, kind):
    """Write CARD.md beside weights: what is known from the training, and places for what must be measured."""
    magnitude, distance, depth = about["ranges"].values()
    out = ", ".join(about["stations_out"]) or "none"
    block = "no block" if about["fold"] is None else f"fold {about['fold']} of {about['folds']}"
    parts = {part: (len(table.rows(part)), table.count_events(part)) for part in ("train", "dev", "test")}
    lines = [
        f"# Weights of {kind.name}: {about['name']}",
        "",
        "| | |",
        "|---|---|",
        f"| file | `{weights.name}`, {weights.stat().st_size / 1e6:.1f} MB, float16 |",
        f"| licence | {about['licence']} |",
        f"| trained on | {', '.join(about['data'])} (hash {about['training_data_hash']}) |",
        f"| begun with | {_begun_with(about)} |",
        f"| region | {about['region']} |",
        f"| steps | {about['steps']} ({about['pairs']} pairs) in the last stage of training |",
        f"| kept out | {block}; stations {out} |",
        *(f"| part {part} | {count} records of {events} earthquakes |" for part, (count, events) in parts.items()),
        f"| magnitude | {magnitude[0]:g} to {magnitude[1]:g} |",
        f"| epicentral distance | {distance[0]:.0f} to {distance[1]:.0f} km |",
        f"| depth | {depth[0]:.0f} to {depth[1]:.0f} km |",
        "| records | velocity, m/s, 60 s from origin, 100 Hz, 1 to 45 Hz |",
        "",
        "## Stages",
        "",
        *stages_table(about["stages"]),
        "",
        "## Measured",
        "",
        "Not measured yet on records that the training did not see. Metrics go here, with the command that made them,",
        "beside the stochastic default; where these weights are no better, this page says so.",
        "",
        "## Train again",
        "",
        f"    {kind.train_hint}",
        "",
    ]
    _write_text(weights.with_name("CARD.md"), "\n".join(lines))


def _begun_with(about):
    """The first weights of the last stage, by the hashes of their file and of their data."""
    begun = about["stages"][-1].get("init_weights_hash")
    return "random weights" if begun is None else f"weights {begun}, trained on data {about['begun_with']}"
