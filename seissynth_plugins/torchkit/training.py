"""The training loop that all learned backends share, on Lightning.

A training is a function of its configuration and data alone: the order of batches and every random number follow from
the seed and the number of the batch, and none from what ran before. So a training that was killed goes on from its last
checkpoint to the same result as one that was not, bit for bit on the CPU.

What a model must have
----------------------
``loss(batch)``
    Returns the loss (a scalar tensor), or a dict with "loss" and further scalars to be logged. In training the batch
    also holds "step", the number of the optimiser's step (0 is the first), to which several batches may add. Random
    numbers come from torch as usual (`torch.randn`): the loop seeds it for each batch. A model with several parts that
    are trained in turn (an autoencoder and its critic) also has ``parts()``, which returns a dict of names to lists of
    parameters, and ``loss(batch, part)``.
``validation_loss(batch)``
    Optional; `loss` (of the first part) is used without it. Called in evaluation mode with averaged weights, always
    with the same random numbers.

What the data must have
-----------------------
``len(data)`` and ``data[i]``, a dict of arrays, tensors and numbers, as in `torch.utils.data.Dataset`; or, where a
record is another one in each epoch (a new target for each source), ``item(i, epoch)`` in place of ``data[i]``.
``name(i)``, optional, names record i in messages. ``fingerprint``, optional text, tells other data of equal length.
"""

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path

from seissynth.errors import InputError, MissingDependencyError
from seissynth.shared.checks import positive, whole

OPTIMIZERS = ("adamw", "adam", "rmsprop")
DECAYS = ("cosine", "linear", "constant")
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")

#: what may be changed when a training goes on
FREE_FIELDS = ("max_minutes", "save_minutes", "log_every", "workers", "progress", "accelerator", "strategy")


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Parameters
    ----------
    steps : int
        Steps of the optimiser.
    batch_size : int
        Records a step and device, before accumulation.
    accumulate : int
        Batches whose gradients make one step.
    optimizer : {"adamw", "adam", "rmsprop"}
    learning_rate : float or dict of str to float
        A dict gives one for each of the model's parts.
    betas : (float, float)
        Of Adam.
    weight_decay : float
    warm_up : int
        Steps over which the learning rate rises linearly from 0.
    decay : {"cosine", "linear", "constant"}
        To 0 at the last step.
    clip : float or None
        Largest norm of the gradient.
    ema : float
        Decay of the moving average of the weights.
    precision : {"32-true", "bf16-mixed", "16-mixed"}
    seed : int
    max_minutes : float or None
        Stop with a checkpoint after so long; `train` goes on when it is called again.
    save_minutes : float
        A checkpoint at least this often.
    log_every : int
        Steps between lines of the logs.
    validate_every : int
        Steps between validations, where validation data are given.
    devices : int
        Processes that share each step (data parallel); the batch of a step is `devices` times larger.
    accelerator, strategy : str
        As Lightning's, such as "cpu", "gpu", "auto"; "ddp", "ddp_spawn", "auto".
    workers : int
        Processes that load data, a device; 0 loads in the training's own.
    progress : bool
        Show a progress bar.
    tensorboard : bool
        Write TensorBoard's logs beside the CSV.

    Examples
    --------
    >>> TrainConfig(steps=100, decay="linear", warm_up=10).factor(55)
    0.5
    """

    steps: int = 1000
    batch_size: int = 8
    accumulate: int = 1
    optimizer: str = "adamw"
    learning_rate: float | dict = 3e-4
    betas: tuple = (0.9, 0.999)
    weight_decay: float = 0.01
    warm_up: int = 0
    decay: str = "cosine"
    clip: float | None = 1.0
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

    def __post_init__(self):
        for name in ("steps", "batch_size", "accumulate", "log_every", "validate_every", "devices"):
            whole(name, getattr(self, name))
        for name in ("warm_up", "workers", "seed"):
            whole(name, getattr(self, name), 0)
        positive("save_minutes", self.save_minutes, "minutes")
        for name in ("max_minutes", "clip"):
            if getattr(self, name) is not None:
                positive(name, getattr(self, name))
        rates = self.learning_rate.values() if isinstance(self.learning_rate, dict) else [self.learning_rate]
        for rate in rates:
            positive("learning_rate", rate)
        object.__setattr__(self, "betas", tuple(self.betas))
        for name, choices in (("optimizer", OPTIMIZERS), ("decay", DECAYS), ("precision", PRECISIONS)):
            if getattr(self, name) not in choices:
                raise InputError(f"{name}={getattr(self, name)!r} must be one of {', '.join(map(repr, choices))}.")
        if not 0 <= self.ema < 1:
            raise InputError(f"ema={self.ema!r} must be 0 or more and below 1.")
        if self.warm_up >= self.steps:
            raise InputError(f"warm_up={self.warm_up} takes all of steps={self.steps}; make it shorter.")

    def factor(self, step):
        """Return what the learning rate is multiplied by in step number `step` (0 is the first)."""
        if step < self.warm_up:
            return (step + 1) / (self.warm_up + 1)
        done = min((step - self.warm_up) / (self.steps - self.warm_up), 1.0)
        return {"cosine": 0.5 * (1 + math.cos(math.pi * done)), "linear": 1 - done, "constant": 1.0}[self.decay]

    def to_dict(self):
        """Return plain data."""
        return json.loads(json.dumps(dataclasses.asdict(self)))


@dataclass(frozen=True)
class TrainResult:
    """How far a training came.

    Parameters
    ----------
    step : int
        Steps done in all.
    finished : bool
        Whether these are all of them; otherwise call `train` again.
    run_dir : pathlib.Path
        Holds ``metrics.csv``, ``state.safetensors`` (to go on from) and TensorBoard's files.
    weights : dict of str to Tensor
        Moving average of the parameters, and the buffers, on the CPU.
    best : dict of str to Tensor or None
        The same where the validation loss was least.
    best_step : int or None
    best_loss : float or None
    """

    step: int
    finished: bool
    run_dir: Path
    weights: dict
    best: dict | None = None
    best_step: int | None = None
    best_loss: float | None = None


def train(module, data, config, run_dir, resume=True, *, validation=None):
    """Train a model; it ends with the parameters of the last step, the result holds their moving average.

    Parameters
    ----------
    module : torch.nn.Module
        See the top of this page.
    data : object
        See the top of this page.
    config : TrainConfig
    run_dir : str or path
        Made where it is missing.
    resume : bool
        Go on from the state in `run_dir` if there is one; False begins anew and replaces it.
    validation : object, optional
        Data for validation, used in order and without new targets.

    Returns
    -------
    TrainResult

    Raises
    ------
    TrainingError
        The loss or a gradient is not finite; epoch, batch and records are named, and the state of the last
        checkpoint is left in place.
    InputError
        No data, or a state in `run_dir` that another configuration, model or data made.

    Examples
    --------
    >>> import tempfile, torch
    >>> class Line(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = torch.nn.Parameter(torch.zeros(1))
    ...     def loss(self, batch):
    ...         return ((batch["y"] - self.slope * batch["x"]) ** 2).mean()
    >>> data = [{"x": x / 8, "y": 3 * x / 8} for x in range(8)]
    >>> config = TrainConfig(steps=60, learning_rate=0.2, accelerator="cpu", progress=False, tensorboard=False)
    >>> model = Line()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = train(model, data, config, folder)
    >>> round(model.slope.item()), result.finished
    (3, True)
    """
    try:
        from seissynth_plugins.torchkit._lightning_loop import run
    except ImportError as error:
        if "lightning" not in str(error):
            raise
        raise MissingDependencyError("training needs Lightning: python -m pip install 'seissynth[train]'") from error
    if not isinstance(config, TrainConfig):
        raise InputError(f"config is a {type(config).__name__}; give a TrainConfig.")
    if len(data) == 0:
        raise InputError("there are no data to train on; the set is empty after its split or selection.")
    run_dir = Path(run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    return run(module, data, config, run_dir, resume, validation)
