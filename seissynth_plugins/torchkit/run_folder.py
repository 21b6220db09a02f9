"""The folder of a training: its arguments, statistics of its data, and the initial weights.

A trainer opens its run with `open_run`, takes its statistics through `kept_inputs`, makes its network within
`first_weights`, trains, and leaves weights with `run_results.leave_weights`.
"""

import contextlib
import json
import os
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path

from seissynth.errors import FileFormatError, InputError, MissingDependencyError
from seissynth.shared.atomic import replacing
from seissynth.shared.folder_lock import fills
from seissynth.shared.suggestions import did_you_mean
from seissynth_plugins.torchkit.checkpoints import weights_hash
from seissynth_plugins.torchkit.training_table import TrainingTable
from seissynth_plugins.torchkit.weights import Kind, load_model, plain_inputs

#: files of a run: the options asked for, and statistics of the training part
ASKED, INPUTS = "run.json", "inputs.json"
#: instead of a path: the shipped weights
SHIPPED = "shipped"
#: which weights a trainer may write: those of the last step, or where the validation loss was least
EXPORTS = ("last", "best")


@dataclass(frozen=True)
class Run:
    """Start of a training.

    Parameters
    ----------
    kind : Kind
    output : pathlib.Path
    table : TrainingTable
    start : tuple or None
        Model, inputs and card of the weights that it begins with.
    asked : dict
        As ``run.json`` keeps it.
    """

    kind: Kind
    output: Path
    table: TrainingTable
    start: tuple | None
    asked: dict


# --- options


def holds_run(function):
    """Decorate a trainer: one process at a time trains in the folder of a run, named by ``output``.

    The further processes of a training on several devices or nodes leave the lock to the first.
    """
    return fills("output", "training", unless=_is_further_process)(function)


def _is_further_process():
    # set by torchrun, Lightning and Slurm for every process but one that a user started alone
    ranks = (os.environ.get(name, "0") for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
    return any(rank.strip() not in ("", "0") for rank in ranks)


def check_packages():
    """Refuse to train where PyTorch, Lightning or safetensors is not installed, before a trainer imports them."""
    for name in ("torch", "lightning", "safetensors"):
        if find_spec(name) is None:
            raise MissingDependencyError(f"training needs {name}: python -m pip install 'seissynth[train]'")


def check_loop(loop, cls, kind):
    """Refuse options that the loop does not have.

    Parameters
    ----------
    loop : dict
    cls : type
        `torchkit.training.TrainConfig`.
    kind : Kind
    """
    known = [field.name for field in fields(cls)]
    for name in loop:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(
                f"{kind.name}: there is no option {name!r};{hint} options of the loop are {', '.join(known)}."
            )


def check_export(export):
    """Refuse values outside `EXPORTS`."""
    if export not in EXPORTS:
        raise InputError(f"export={export!r} must be {' or '.join(map(repr, EXPORTS))}.")


# --- beginning, or resuming


def open_run(kind, config, table, output, *, init=None, resume=True, **asked):
    """Read initial weights, and store the arguments in the folder of the run, or resume it.

    Parameters
    ----------
    kind : Kind
    config : str
        Name of the network's configuration.
    table : TrainingTable
    output : path
        Made where it is missing.
    init : path or "shipped", optional
        Weights to begin with; "shipped" for those that come with the package.
    resume : bool
        False starts over.
    **asked
        Plain data: the ``seed``, and every other option that must be the same when the run resumes.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        The folder holds a run of something else.
    FileFormatError
        ``run.json`` or the weights cannot be read.
    """
    output = Path(output)
    init = _first_file(init, kind)
    start = None if init is None else load_model(init, kind)
    output.mkdir(parents=True, exist_ok=True)
    begun = None if init is None else weights_hash(init)
    asked = {"config": config, "data": table.fingerprint, "init": begun, **asked}
    same_run(output, asked, resume)
    return Run(kind, output, table, start, asked)


def _first_file(init, kind):
    """Return the path of the weights to begin with, or None."""
    if str(init) != SHIPPED or Path(SHIPPED).exists():
        return init
    if kind.shipped is None or not kind.shipped.is_file():
        raise InputError(f"no weights of {kind.name!r} come with this package; pass the path of a .safetensors file.")
    return kind.shipped


def same_run(output, asked, resume):
    """Write the arguments, or refuse to resume with others."""
    path = output / ASKED
    if resume and path.is_file():
        before = _read_json(path)
        for name, value in json.loads(json.dumps(asked)).items():
            if before.get(name) != value:
                raise InputError(
                    f"{output} holds a run with {name}={before.get(name)!r}; this one has {value!r}. Take another "
                    "folder, or pass resume=False (--restart) to start over."
                )
    else:
        (output / INPUTS).unlink(missing_ok=True)
        write_text(path, json.dumps(asked, indent=1) + "\n")


def kept_inputs(run, fit):
    """Return the statistics of a resumed run, or fit and keep them.

    Parameters
    ----------
    run : Run
    fit : callable
        Without arguments; called where the run has no statistics yet.

    Returns
    -------
    object
        As `Kind.make_inputs` makes it: a resumed run, and the weights file, have the same rounded numbers.
    """
    path = run.output / INPUTS
    if path.is_file():
        plain = _read_json(path)
    else:
        plain = json.loads(json.dumps(plain_inputs(fit())))
        write_text(path, json.dumps(plain) + "\n")
    return plain if run.kind.make_inputs is None else run.kind.make_inputs(plain)


@contextlib.contextmanager
def first_weights(seed, threads=None):
    """Make networks within: their first weights follow from the seed, and torch's own random numbers are not changed.

    Parameters
    ----------
    seed : int
    threads : int, optional
        Of torch on the CPU, from now on.
    """
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


# --- files


def write_text(path, text):
    """Write a text; the file is either complete or unchanged."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FileFormatError(f"{path} is damaged: {error}. Take another folder for the run.") from error
