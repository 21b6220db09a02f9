"""Training options: those of the loop in `seissynth_plugins.torchkit.training`."""

import dataclasses
import json
import math
from dataclasses import dataclass, field
from numbers import Real

from seissynth.errors import InputError
from seissynth.shared.checks import positive, whole

OPTIMIZERS = ("adamw", "adam", "rmsprop")
DECAYS = ("cosine", "linear", "constant")
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
EMA_BUFFERS = ("copy", "average")
SENSES = ("min", "max")

#: options that may be changed when a training is resumed
FREE_FIELDS = (
    "max_minutes", "save_minutes", "log_every", "sample_every", "workers", "progress", "accelerator", "strategy",
)  # fmt: skip

#: fields that may be a dict with one entry for each part of the model
PART_FIELDS = ("optimizer", "learning_rate", "betas", "weight_decay", "decay", "clip")
#: the same, but parts may be left out; these then have the second value
PARTLY_FIELDS = {"every": 1, "clip_weights": None}

#: fields that are left out of `TrainConfig.to_dict` at their defaults: states and cards written before they existed
#: are the same as those written now. A default here must never change.
_LATER_FIELDS = ("every", "clip_weights", "ema_parts", "ema_buffers", "sample_every", "best_by", "best_is")


@dataclass(frozen=True)
class TrainConfig:
    """Options of the training loop.

    Parameters
    ----------
    steps : int
        Steps of the loop; each uses new batches. With `every` these are the steps of the most frequent part: with five
        critic steps for one generator step, `steps` counts critic steps.
    batch_size : int
        Records per step and device, before accumulation.
    accumulate : int
        Batches per step (gradient accumulation).
    optimizer : {"adamw", "adam", "rmsprop"} or dict
        This and every option below that allows a dict may have one value for each of the model's parts, as
        ``{"critic": "rmsprop", "generator": "adam"}``.
    learning_rate : float or dict of str to float
    betas : (float, float) or dict
        Betas of Adam, each 0 or more and below 1.
    weight_decay : float or dict
    warm_up : int
        Steps over which the learning rate rises linearly from 0.
    decay : {"cosine", "linear", "constant"}, int or dict
        Decay of the learning rate, to 0 at the last step; a number n halves it after every n steps.
    clip : float, None or dict
        Largest norm of the gradient; None does not limit it.
    ema : float
        Decay of the moving average of the weights, for each step of an averaged part.
    precision : {"32-true", "bf16-mixed", "16-mixed"}
    seed : int
    max_minutes : float or None
        Stop with a checkpoint after this time; `train` resumes when it is called again.
    save_minutes : float
        Longest time between checkpoints.
    log_every : int
        Steps between lines of the logs.
    validate_every : int
        Steps between validations, if validation data are given.
    devices : int
        Processes that share each step (data parallel); the batch of a step is `devices` times larger.
    accelerator, strategy : str
        As Lightning's, such as "cpu", "gpu", "auto"; "ddp", "ddp_spawn", "auto".
    workers : int
        Processes per device that load data; 0 loads them in the process of the training.
    progress : bool
        Show a progress bar.
    tensorboard : bool
        Write TensorBoard's logs in addition to the CSV.
    every : dict of str to int
        Part -> k: the part is stepped in each k-th step only. ``{"generator": 5}`` steps it in steps 5, 10, ..., after
        the parts before it in ``parts()``. Parts that are not named are stepped in every step; at least one must be.
    clip_weights : float, None or dict
        Clip the weights of a part to -c ... c after each of its steps (Arjovsky et al. 2017). Parts that a dict does
        not name are not clipped.
    ema_parts : sequence of str or None
        Parts whose weights are averaged and kept, as ``("generator",)``; None averages all. The average takes in new
        weights only in steps in which one of these parts was stepped. Weights of other parts are neither in the result
        nor kept twice in the state; validation uses them unaveraged.
    ema_buffers : {"copy", "average"}
        Running mean and variance of batch normalisation for averaged weights: those of the latest weights, or their
        moving average. See Notes.
    sample_every : int or None
        Steps between samples, for models with ``samples(step)``; None makes none. The last step also makes samples.
    best_by : str
        Validation figure that selects the best weights.
    best_is : {"min", "max"}
        Whether the smallest or the largest figure is best.

    Notes
    -----
    Running statistics of the latest weights do not fit averaged weights if weights scatter from step to step, as a
    generator's do. ``ema_buffers="average"`` averages both in the same way. The mean is then exactly that of the
    averaged layer, if the layers before it are linear; the variance is too large by the variance due to the scatter of
    the weights. Other buffers are copied: the vectors of spectral normalisation, for example, must have length 1.

    Examples
    --------
    >>> TrainConfig(steps=100, decay="linear", warm_up=10).factor(55)
    0.5
    >>> config = TrainConfig(learning_rate={"critic": 1e-4, "generator": 5e-5}, every={"generator": 5})
    >>> config.of_part("learning_rate", "critic"), config.of_part("every", "critic")
    (0.0001, 1)
    >>> [step for step in range(1, 13) if config.steps_part("generator", step)]
    [5, 10]
    """

    steps: int = 1000
    batch_size: int = 8
    accumulate: int = 1
    optimizer: str | dict = "adamw"
    learning_rate: float | dict = 3e-4
    betas: tuple | dict = (0.9, 0.999)
    weight_decay: float | dict = 0.01
    warm_up: int = 0
    decay: str | int | dict = "cosine"
    clip: float | dict | None = 1.0
    ema: float = 0.999
    precision: str = "32-true"
    seed: int = 0
    max_minutes: float | None = None
    save_minutes: float = 5.0
    log_every: int = 10
    validate_every: int = 500
    devices: int = 1
    accelerator: str = "auto"
    strategy: str = "auto"
    workers: int = 0
    progress: bool = True
    tensorboard: bool = True
    every: dict = field(default_factory=dict, hash=False)
    clip_weights: float | dict | None = None
    ema_parts: tuple | None = None
    ema_buffers: str = "copy"
    sample_every: int | None = None
    best_by: str = "loss"
    best_is: str = "min"

    def __post_init__(self):
        for name in ("steps", "batch_size", "accumulate", "log_every", "validate_every", "devices"):
            whole(name, getattr(self, name))
        for name in ("warm_up", "workers", "seed"):
            whole(name, getattr(self, name), 0)
        positive("save_minutes", self.save_minutes, "minutes")
        if self.max_minutes is not None:
            positive("max_minutes", self.max_minutes)
        if self.sample_every is not None:
            whole("sample_every", self.sample_every)
        self._check_parts()
        choices = (("precision", PRECISIONS), ("ema_buffers", EMA_BUFFERS), ("best_is", SENSES))
        for name, known in choices:
            _one_of(name, getattr(self, name), known)
        if not isinstance(self.best_by, str) or not self.best_by:
            raise InputError(f"best_by={self.best_by!r} must be the name of a validation figure, such as 'loss'.")
        if not 0 <= self.ema < 1:
            raise InputError(f"ema={self.ema!r} must be 0 or more and below 1.")
        if self.warm_up >= self.steps:
            raise InputError(f"warm_up={self.warm_up} takes all of steps={self.steps}; make it shorter.")

    def _check_parts(self):
        """Check what may differ between parts, each value with the part in its name."""
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            if isinstance(value, dict):
                value = {part: check(f"{name}[{part!r}]", one) for part, one in value.items()}
            elif name == "every":
                raise InputError(f"every={value!r} must be a dict, such as {{'generator': 5}}.")
            else:
                value = check(name, value)
            object.__setattr__(self, name, value)
        if self.ema_parts is not None:
            parts = self.ema_parts
            if isinstance(parts, str) or not parts or not all(isinstance(one, str) for one in parts):
                raise InputError(
                    f"ema_parts={parts!r} must be names of parts, such as ('generator',), or None for all."
                )
            object.__setattr__(self, "ema_parts", tuple(parts))

    def of_part(self, name, part):
        """Return the value of option `name` for a part of the model; InputError where a dict has none."""
        value = getattr(self, name)
        if not isinstance(value, dict):
            return value
        if part in value:
            return value[part]
        if name in PARTLY_FIELDS:
            return PARTLY_FIELDS[name]
        raise InputError(f"{name} has no entry for the model's part {part!r}; it has {sorted(value)}.")

    def steps_part(self, part, step):
        """Whether a part is stepped in a step; 1 is the first step."""
        return step % self.of_part("every", part) == 0

    def check_against(self, parts):
        """Raise InputError where options name parts that the model does not have, or lack some.

        Parameters
        ----------
        parts : sequence of str
            All parts of the model.
        """
        named = {name: getattr(self, name) for name in (*PART_FIELDS, *PARTLY_FIELDS)}
        named = {name: value for name, value in named.items() if isinstance(value, dict)}
        for name in named:
            for part in parts:
                self.of_part(name, part)
        for name, asked in {**named, "ema_parts": self.ema_parts or ()}.items():
            # a rate for a part that is not there was never an error
            strange = sorted(set(asked) - set(parts)) if name != "learning_rate" else []
            if strange:
                raise InputError(f"{name} names {strange[0]!r}; the model's parts are {', '.join(map(repr, parts))}.")
        if all(self.of_part("every", part) > 1 for part in parts):
            raise InputError(
                f"every={self.every} leaves steps in which no part is stepped; let one part be stepped in every step."
            )

    def factor(self, step, part=None):
        """Return what the learning rate of a part is multiplied by in step number `step` (0 is the first)."""
        if step < self.warm_up:
            return (step + 1) / (self.warm_up + 1)
        decay = self.of_part("decay", part)
        if not isinstance(decay, str):
            return 0.5 ** ((step - self.warm_up) // decay)
        done = min((step - self.warm_up) / (self.steps - self.warm_up), 1.0)
        return {"cosine": 0.5 * (1 + math.cos(math.pi * done)), "linear": 1 - done, "constant": 1.0}[decay]

    def to_dict(self):
        """Return plain data; options that were added later are left out at their defaults."""
        values = dataclasses.asdict(self)
        defaults = all_defaults()
        plain = json.loads(json.dumps(values))
        return {name: one for name, one in plain.items() if name not in _LATER_FIELDS or one != defaults[name]}


def all_defaults():
    """Return the default of every option, as plain data."""
    return json.loads(json.dumps(dataclasses.asdict(TrainConfig())))


def _one_of(name, value, known):
    if value not in known:
        raise InputError(f"{name}={value!r} must be one of {', '.join(map(repr, known))}.")
    return value


def _or_none(name, value):
    if value is not None:
        positive(name, value)
    return value


def _rate(name, value):
    positive(name, value)
    return value


def _betas(name, value):
    try:
        betas = tuple(value)
        good = len(betas) == 2 and all(0 <= beta < 1 for beta in betas)
    except TypeError:
        good = False
    if not good:
        raise InputError(f"{name}={value!r} must be two numbers of 0 or more and below 1, such as (0.9, 0.999).")
    return betas


def _decay(name, value):
    if isinstance(value, str):
        return _one_of(name, value, DECAYS)
    return whole(name, value)


def _weight_decay(name, value):
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < math.inf:
        raise InputError(f"{name}={value!r} must be a number of 0 or more.")
    return value


#: option that may differ between parts -> its check, which returns the stored value
_CHECKS = {
    "optimizer": lambda name, value: _one_of(name, value, OPTIMIZERS),
    "learning_rate": _rate,
    "betas": _betas,
    "weight_decay": _weight_decay,
    "decay": _decay,
    "clip": _or_none,
    "every": lambda name, value: whole(name, value),
    "clip_weights": _or_none,
}
