"""Train HEGGS: from data sets to weights, in stages that go on where the last one stopped.

`train_heggs` is what ``seissynth train heggs`` calls. A run is a folder: ``run.json`` (what was asked), ``inputs.json``
(statistics of the training part), ``state.safetensors`` and ``metrics.csv`` of the loop, and, whenever the loop stops,
``weights.safetensors`` (float16), ``CARD.md`` and ``curve.png``.
"""

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path

from seissynth.errors import FileFormatError, InputError
from seissynth_plugins.heggs.augmentation import named_augmentation
from seissynth_plugins.heggs.config import to_plain
from seissynth_plugins.heggs.data import PairData, TrainingTable, fit_inputs
from seissynth_plugins.heggs.inputs import ModelInputs
from seissynth_plugins.heggs.named_configs import named_config
from seissynth_plugins.heggs.weights import (
    TRAIN_HINT,
    load_model,
    save_model,
    with_condition_size,
)

#: what a size is trained with, unless said otherwise; "paper" is a million pairs
RECIPES = {
    "paper": {
        "steps": 62_500, "batch_size": 4, "accumulate": 4, "learning_rate": 1e-5, "decay": "linear", "warm_up": 0,
        "clip": None,
    },
    "small": {
        "steps": 10_000, "batch_size": 8, "learning_rate": 3e-4, "decay": "cosine", "warm_up": 500, "clip": 1.0,
        "ema": 0.999,
    },
    "tiny": {"steps": 200, "batch_size": 4, "learning_rate": 1e-3, "warm_up": 10, "ema": 0.9, "validate_every": 100},
}  # fmt: skip

#: options that may differ when a run goes on
FREE = ("max_minutes", "save_minutes", "log_every", "workers", "threads", "progress", "accelerator", "strategy")

#: pairs of the validation part that the spread is fitted to
SPREAD_PAIRS = 512

#: fields of a configuration that may change when a training begins with weights: the loss, and what is fitted behind it
_OF_THE_LOSS = (
    "source_drop", "same_share", "last_share", "autoencoder_weight", "latent_weight", "loss_weight", "spread",
)  # fmt: skip

#: sources of a pair by size: the paper has one for each earthquake
_SOURCES = {"paper": "one"}


@dataclass(frozen=True)
class TrainReport:
    """What a call of `train_heggs` left behind.

    Parameters
    ----------
    output, weights : pathlib.Path
    step, steps : int
    finished : bool
        False: the same call goes on.
    """

    output: Path
    weights: Path
    step: int
    steps: int
    finished: bool

    def __str__(self):
        state = "finished" if self.finished else f"stopped at step {self.step} of {self.steps}; the same call goes on"
        return f"{self.output}: {state}. Weights so far: {self.weights}"


def train_heggs(
    data, output, *, config="small", fold=None, folds=5, stations_out=(), init=None, noise=None, seed=0,
    max_minutes=None, augmentation=None, sources=None, picked_first=True, encoding=None, extras=None,
    validation_records=48, export="last", spread=0, region="", licence="MIT", threads=None, resume=True, **loop,
):  # fmt: skip
    """Train HEGGS on data sets.

    Parameters
    ----------
    data : path or list of path
        Sets of ``seissynth dataset cut`` or ``make``: velocity, 60 s from origin, 100 Hz, 1 to 45 Hz.
    output : path
        Folder of the run; a run that is there goes on.
    config : str
        A size ("paper", "small", "tiny") and variants, as ``"small+onsets"``; see `named_configs.named_config`.
    fold, folds, stations_out
        What is kept out, see `data.TrainingTable`.
    init : path, optional
        Weights to begin with; their statistics are kept. Weights ``without_acm`` may begin a network that has one: the
        amplitude correction then starts as identity, which saves its time in the first part of a training.
    noise : path, optional
        A set whose rows of noise serve augmentation.
    seed : int
    max_minutes : float, optional
        Stop after so long, with a state from which the same call goes on.
    augmentation : {"none", "made", "real"} or Augmentation, optional
        Default: "made" for sets of the factory, where noise is to be had, "real" for others.
    sources, picked_first
        See `data.PairData`; by default one source for each earthquake in "paper", else all.
    encoding : {"paper", "sphere"}, optional
        Of places; "paper" by default, that of the weights with `init`.
    extras : sequence of str, optional
        Further conditions, see `seissynth.representations.ConditionVector`.
    validation_records : int
        Pairs of the validation part that are looked at; 0 for no validation.
    export : {"last", "best"}
        Which weights are written: the moving average at the last step, or where the validation loss was least.
    spread : int
        Patterns of residuals to fit on the validation part when the training is finished, so that draws scatter as
        records do; see `spread.ResidualSpread`.
    region, licence : str
        For the card of the weights.
    threads : int, optional
        Of torch on the CPU; default: torch's own.
    resume : bool
        False begins anew.
    **loop
        Fields of `torchkit.training.TrainConfig`, in place of the size's recipe.

    Returns
    -------
    TrainReport

    Raises
    ------
    InputError, FileFormatError
        Sets, options, weights or a run that cannot be used.
    TrainingError
        The loss is not finite; the message names the batch.
    """
    import torch

    from seissynth_plugins.heggs.monitoring import MonitoredHeggs
    from seissynth_plugins.torchkit.training import TrainConfig, train

    if export not in ("last", "best"):
        raise InputError(f"export={export!r} must be 'last' or 'best'.")
    _check_loop(loop, TrainConfig)
    output, size = Path(output), str(config).split("+")[0]
    network = named_config(config)
    table = TrainingTable(data, fold=fold, folds=folds, stations_out=stations_out, noise=noise, seed=seed)
    how = _augmentation(augmentation, table)
    start = None if init is None else load_model(init)
    output.mkdir(parents=True, exist_ok=True)
    asked = {
        "config": config, "data": table.fingerprint, "init": None if init is None else start[2]["training_data_hash"],
        "augmentation": dataclasses.asdict(how), "seed": seed, "encoding": encoding, "extras": list(extras or ()),
    }  # fmt: skip
    _same_run(output, asked, resume)
    inputs = _inputs(output, table, start, encoding, extras, network.normalised_waveforms, how, asked, resume)
    network = with_condition_size(network, inputs.condition.size)
    if start is not None:
        _check_start(start[0].config, network, init, config)
    common = {"onset_maps": bool(network.unet.onset_maps), "augmentation": how, "picked_first": picked_first}
    pairs = PairData(table, inputs, sources=sources or _SOURCES.get(size, "all"), seed=seed, **common)
    check = None
    if validation_records and len(table.rows("dev")):
        check = PairData(table, inputs, "dev", limit=validation_records, records=True, seed=seed, **common)
    if threads is not None:
        torch.set_num_threads(threads)
    recipe = TrainConfig(**{**RECIPES[size], "seed": seed, "max_minutes": max_minutes, **loop})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = MonitoredHeggs(network, inputs)
    if start is not None:
        # a correction that the weights do not have starts as identity
        begun = {name: value for name, value in start[0].state_dict().items() if not name.startswith("spread.")}
        model.load_state_dict(model.state_dict() | begun)
    result = train(model, pairs, recipe, output, resume, validation=check)
    best = export == "best" and result.best is not None
    about = {
        "training_data_hash": pairs.fingerprint, "region": region or _region(table), "licence": licence,
        "ranges": table.ranges(), "sensors": sorted(set(table.sensors(table.rows("train")))),
        "onset_origin": table.onset_origins(), "steps": result.best_step if best else result.step,
        "pairs": recipe.batch_size * recipe.accumulate * result.step,
        "name": config, "fold": fold, "folds": folds, "stations_out": list(stations_out), "seed": seed,
        "begun_with": asked["init"], "data": [Path(path).name for path in _listed(data)],
    }  # fmt: skip
    weights = output / "weights.safetensors"
    values = result.best if best else result.weights
    if spread and result.finished:
        unseen = PairData(table, inputs, "dev", limit=SPREAD_PAIRS, seed=seed, **common)
        values, network, about["spread"] = _with_spread(values, network, unseen, spread)
    save_model(weights, values, network, inputs, about)
    _write_text(output / "CARD.md", make_card(about, weights, table))
    _draw_curve(output)
    return TrainReport(output, weights, result.step, recipe.steps, result.finished)


def _with_spread(values, network, unseen, spread):
    """Weights, configuration and figures of a network with the spread of its residuals."""
    from seissynth_plugins.heggs.model import Heggs
    from seissynth_plugins.heggs.spread import ResidualSpread
    from seissynth_plugins.heggs.spread_fit import fit_spread

    model = Heggs(network)
    model.load_state_dict(values)
    patterns, figures = fit_spread(model, unseen, spread)
    fitted = ResidualSpread(spread)
    fitted.set_patterns(*patterns)
    more = {f"spread.{name}": value for name, value in fitted.state_dict().items()}
    return {**values, **more}, dataclasses.replace(network, spread=spread), figures


def _check_start(begun, network, init, config):
    """Refuse weights of another network; one without amplitude correction may get one."""
    wanted, found = to_plain(network), to_plain(begun)
    if begun.acm is None:
        wanted["acm"] = None
    if {**found, **dict.fromkeys(_OF_THE_LOSS)} != {**wanted, **dict.fromkeys(_OF_THE_LOSS)}:
        raise InputError(f"{init} holds another configuration than {config!r}; name that one, or train without init.")


def _check_loop(loop, cls):
    import difflib

    known = [field.name for field in dataclasses.fields(cls)]
    for name in loop:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"heggs: there is no option {name!r}.{hint} Options of the loop are {', '.join(known)}.")


def _listed(data):
    return [data] if isinstance(data, str | Path) else list(data)


def _augmentation(given, table):
    if given is None:
        made = "source2_id" in table.table or not table.table["trace_start_time"].notna().all()
        given = ("made" if made else "real") if len(table.noise) else "none"
    return named_augmentation(given) if isinstance(given, str) else given


def _same_run(output, asked, resume):
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


def _inputs(output, table, start, encoding, extras, normalised, how, asked, resume):
    """Statistics: those of the weights that are begun with, of the run that goes on, or new ones."""
    path = output / "inputs.json"
    if start is not None:
        if (encoding or extras) and (
            encoding not in (None, start[1].condition.encoding) or tuple(extras or ()) != start[1].condition.extras
        ):
            raise InputError("the weights of init have conditions of their own; leave encoding and extras out.")
        return start[1]
    if path.is_file():
        return ModelInputs.from_plain(json.loads(path.read_text(encoding="utf-8")))
    inputs = fit_inputs(
        table, encoding=encoding or "paper", extras=extras or (), normalised=normalised, augmentation=how
    )
    # through plain data and back: a run that goes on, and the weights file, have the same rounded numbers
    plain = inputs.to_plain()
    _write_text(path, json.dumps(plain) + "\n")
    return ModelInputs.from_plain(json.loads(json.dumps(plain)))


def _region(table):
    train = table.table.iloc[table.rows("train")]
    (south, north), (west, east) = (
        (train[f"source_{name}_deg"].min(), train[f"source_{name}_deg"].max()) for name in ("latitude", "longitude")
    )
    return f"{south:.2f} to {north:.2f} N, {west:.2f} to {east:.2f} E"


def _write_text(path, text):
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def _draw_curve(output):
    from seissynth.plotting.training_curves import plot_training

    try:
        plot_training(output / "metrics.csv", outfile=output / "curve.png")
    except FileFormatError:  # stopped before the first line
        return


def make_card(about, weights, table):
    """Return the text of CARD.md: what is known from the training, and places for what must be measured."""
    magnitude, distance, depth = about["ranges"].values()
    out = ", ".join(about["stations_out"]) or "none"
    parts = {part: (len(table.rows(part)), table.count_events(part)) for part in ("train", "dev", "test")}
    lines = [
        f"# HEGGS weights: {about['name']}",
        "",
        "| | |",
        "|---|---|",
        f"| file | `{weights.name}`, {weights.stat().st_size / 1e6:.1f} MB, float16 |",
        f"| licence | {about['licence']} |",
        f"| trained on | {', '.join(about['data'])} (hash {about['training_data_hash']}) |",
        f"| begun with | {about['begun_with'] or 'random weights'} |",
        f"| region | {about['region']} |",
        f"| steps | {about['steps']} ({about['pairs']} pairs) |",
        f"| kept out | fold {about['fold']} of {about['folds']}; stations {out} |",
        *(f"| part {part} | {count} records of {events} earthquakes |" for part, (count, events) in parts.items()),
        f"| magnitude | {magnitude[0]:g} to {magnitude[1]:g} |",
        f"| epicentral distance | {distance[0]:.0f} to {distance[1]:.0f} km |",
        f"| depth | {depth[0]:.0f} to {depth[1]:.0f} km |",
        "| records | velocity, m/s, 60 s from origin, 100 Hz, 1 to 45 Hz |",
        "",
        "## Measured",
        "",
        "Not measured yet on records that the training did not see. Metrics go here, with the command that made them,",
        "beside the stochastic default; where these weights are no better, this page says so.",
        "",
        "## Train again",
        "",
        f"    {TRAIN_HINT}",
        "",
    ]
    return "\n".join(lines)
