"""Files of a training: its state, from which it goes on, and its lines of figures."""

import csv
import json
from pathlib import Path

from seissynth.errors import FileFormatError, InputError
from seissynth.shared.atomic import replacing, write_error
from seissynth_plugins.torchkit.checkpoints import read_tensors, write_tensors

STATE, BEST, METRICS = "state.safetensors", "best.safetensors", "metrics.csv"

#: key of the header that holds what is no tensor, as JSON text
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
        raise FileFormatError(f"{path} is not the state of a training; pass resume=False to begin anew.")
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
    """Write the averaged weights with the least validation loss."""
    write_tensors(path, ema.state_dict(), {_NOTES: json.dumps({"step": step, "loss": loss})})


def check_same(path, notes, wanted, free):
    """Raise InputError where a state was made by another configuration, model, data or validation data."""
    for what in ("model", "data", "validation"):  # the best of losses on two validation parts would be of neither
        if what in notes and notes[what] != wanted[what]:
            raise InputError(
                f"{path} is of a training with {what} {notes[what]!r}; this one has {wanted[what]!r}. Give another "
                "folder, or pass resume=False to begin anew."
            )
    for name, value in wanted["config"].items():
        if name not in free and notes["config"].get(name) != value:
            raise InputError(
                f"{path} is of a training with {name}={notes['config'].get(name)!r}; this one has {value!r}, which "
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
            with open(self.path, "a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self.columns, restval="").writerow(row)
        except OSError as error:
            raise write_error(self.path, error, kept="The training goes on from its last state.") from error

    def _write_all(self):
        with replacing(self.path) as beside, open(beside, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self.rows)


def _step_of(row):
    """Step of a line; None where it holds none."""
    try:
        return int(row["step"])
    except (KeyError, TypeError, ValueError):
        return None
