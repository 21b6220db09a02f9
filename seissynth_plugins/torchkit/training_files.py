"""Files of a training: its state, from which it resumes, and its metrics."""

import csv
import dataclasses
import hashlib
import json
from pathlib import Path

from seissynth.errors import FileFormatError, InputError
from seissynth.shared.atomic import replacing, write_error
from seissynth_plugins.torchkit.checkpoints import read_tensors, write_tensors
from seissynth_plugins.torchkit.plain_configs import to_plain
from seissynth_plugins.torchkit.train_config import all_defaults

STATE, BEST, METRICS = "state.safetensors", "best.safetensors", "metrics.csv"

#: key of the header that holds everything but tensors, as JSON text
_NOTES = "seissynth_training"


def save_state(path, model, ema, optimizers, notes):
    """Write everything that the next step depends on.

    Parameters
    ----------
    path : path
    model : torch.nn.Module
    ema : EMA
    optimizers : dict of str to torch.optim.Optimizer
    notes : dict
        Plain data.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"ema.{name}": value for name, value in ema.state_dict().items()}
    for part, optimizer in optimizers.items():
        for number, values in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{part}.{number}.{name}": value for name, value in values.items()}
    write_tensors(path, tensors, {_NOTES: json.dumps({**notes, "ema_updates": ema.updates})})


def read_state(path):
    """Return the tensors of a state and its notes; FileFormatError for anything else."""
    tensors, metadata = read_tensors(path)
    if _NOTES not in metadata:
        raise FileFormatError(f"{path} is not the state of a training; pass resume=False to start over.")
    return tensors, json.loads(metadata[_NOTES])


def part_of(tensors, name):
    """Return the tensors below ``name.``."""
    return {key[len(name) + 1 :]: value for key, value in tensors.items() if key.startswith(name + ".")}


def load_optimizer(optimizer, tensors):
    """Put a state of `save_state` into an optimiser."""
    state = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def save_best(path, ema, step, loss):
    """Write the averaged weights with the best validation figure."""
    write_tensors(path, ema.state_dict(), {_NOTES: json.dumps({"step": step, "loss": loss})})


def identity_of(model, config, data, validation):
    """Return the values that must agree for a state to be resumed.

    Parameters
    ----------
    model : torch.nn.Module
        The digest of its ``config``, if that is a dataclass, is under "network".
    config : TrainConfig
    data, validation : object
        Validation data may be None.

    Returns
    -------
    dict
        Plain data.
    """
    sizes = sum(p.numel() for p in model.parameters())
    same = {
        "config": config.to_dict(), "data": _about_data(data), "model": f"{type(model).__name__} of {sizes} parameters",
        "validation": _about_data(validation),
    }  # fmt: skip
    network = getattr(model, "config", None)
    if dataclasses.is_dataclass(network):
        text = json.dumps(to_plain(network), sort_keys=True, default=str)
        same["network"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return same


def _about_data(data):
    return None if data is None else {"records": len(data), "fingerprint": str(getattr(data, "fingerprint", ""))}


def check_same(path, notes, wanted, free):
    """Raise InputError where a state was made by another configuration, model, data or validation data.

    Properties that the state lacks are not compared. Options of the loop that it lacks had today's defaults.
    """
    for what in ("model", "data", "validation"):  # the best of losses on two validation parts would be of neither
        if what in notes and notes[what] != wanted[what]:
            raise InputError(
                f"{path} is of a training with {what} {notes[what]!r}; this one has {wanted[what]!r}. Give another "
                "folder, or pass resume=False to start over."
            )
    if "network" in notes and notes["network"] != wanted.get("network"):
        raise InputError(
            f"{path} is of a model with another configuration (digest {notes['network']}; this one has "
            f"{wanted.get('network')}), such as other widths or weights of losses. Give another folder, or pass "
            "resume=False to start over."
        )
    defaults = all_defaults()
    before, now = ({**defaults, **config} for config in (notes["config"], wanted["config"]))
    for name, value in now.items():
        if name not in free and before[name] != value:
            raise InputError(
                f"{path} is of a training with {name}={before[name]!r}; this one has {value!r}, which "
                f"would lead elsewhere. Only {', '.join(free)} may change. Give another folder, or pass resume=False."
            )


class Metrics:
    """A CSV file of figures, a line a time, whose columns grow as names come up.

    Parameters
    ----------
    path : path
    last_step : int
        Lines beyond it, which a killed training left, are dropped.
    """

    def __init__(self, path, last_step):
        self.path = Path(path)
        self.rows, self.columns = [], []
        if self.path.exists():
            lines = self.path.read_bytes().decode("utf-8", errors="replace").splitlines(keepends=True)
            whole = [line for line in lines if line.endswith("\n")]  # a full disk or a kill may cut the last one short
            rows = [row for row in csv.DictReader(whole) if _step_of(row) is not None]
            self.rows = [row for row in rows if _step_of(row) <= last_step]
            self.columns = [name for name in (rows[0] if rows else {}) if name]
            self._write_all()

    def add(self, row):
        """Add a line."""
        self.rows.append(row)
        new = [name for name in row if name not in self.columns]
        if new:
            self.columns += new
            self._write_all()
            return
        try:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self.columns, restval="").writerow(row)
        except OSError as error:
            raise write_error(self.path, error, kept="The training can be resumed from its last state.") from error

    def _write_all(self):
        with replacing(self.path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self.rows)


def _step_of(row):
    """Step of a line; None where it holds none."""
    try:
        return int(row["step"])
    except (KeyError, TypeError, ValueError):
        return None
