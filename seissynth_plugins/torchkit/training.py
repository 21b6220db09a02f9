"""The training loop that all learned backends share, on Lightning.

A training is a function of its configuration and data alone: the order of batches and every random number follow from
the seed and the number of the batch, and not from earlier batches. A training that was killed therefore resumes from
its last checkpoint to the same result as an uninterrupted one, bit for bit on the CPU.

Requirements on a model
-----------------------
``loss(batch)``
    Returns the loss (a scalar tensor), or a dict with "loss" and further scalars to be logged. In training the batch
    also holds "step", the number of the optimiser's step (0 is the first), to which several batches may add. Random
    numbers come from torch as usual (`torch.randn`): the loop seeds it for each batch. A model with several parts that
    are trained in turn (an autoencoder and its critic) also has ``parts()``, which returns a dict of names to lists of
    parameters, and ``loss(batch, part)``. Parts are stepped in the order of this dict, see also `TrainConfig.every`;
    `adversarial.AdversarialModel` is such a model.
``validation_loss(batch)``
    Optional; `loss` (of the first part) is used without it. Called in evaluation mode with averaged weights, always
    with the same random numbers. The figure that the best weights are chosen by (`TrainConfig.best_by`) must be there.
``samples(step)``
    Optional; returns generated records, (n, 3, npts), for `TrainConfig.sample_every`. Called in evaluation mode with
    averaged weights, always with the same random numbers, and samples of two steps differ by the weights only.
``config``
    Optional. A dataclass: a state of a model with another one is refused.

Requirements on the data
------------------------
``len(data)`` and ``data[i]``, a dict of arrays, tensors and numbers, as in `torch.utils.data.Dataset`; or, where a
record is another one in each epoch (a new target for each source), ``item(i, epoch)`` in place of ``data[i]``.
``name(i)``, optional, names record i in messages. ``fingerprint``, optional text, distinguishes data of equal length.
"""

from dataclasses import dataclass
from pathlib import Path

from seissynth.errors import InputError, MissingDependencyError
from seissynth.shared.wording import a_kind
from seissynth_plugins.torchkit.train_config import FREE_FIELDS, TrainConfig

__all__ = ["FREE_FIELDS", "TrainConfig", "TrainResult", "train"]


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
        Holds ``metrics.csv``, ``state.safetensors`` (to resume from), ``samples`` and TensorBoard's files.
    weights : dict of str to Tensor
        Moving average of the parameters, and the buffers, on the CPU; of the averaged parts (`TrainConfig.ema_parts`).
    best : dict of str to Tensor or None
        The same where the validation figure was best (`TrainConfig.best_by`; the least loss by default).
    best_step : int or None
    best_loss : float or None
        The best value of this figure.
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
        Go on from the state in `run_dir` if there is one; False starts over and replaces it.
    validation : object, optional
        Data for validation, used in order and without new targets.

    Returns
    -------
    TrainResult

    Raises
    ------
    TrainingError
        The loss or a gradient is not finite; epoch, batch and records are named, and the state of the last
        checkpoint is left in place. The attribute ``step`` says when: a table of several trainings can print
        "diverged at step 1200" and continue. On the CPU this stops the step; on a GPU the check
        comes with the next line of the logs or checkpoint, since testing each batch would slow training down.
    InputError
        No data, a state in `run_dir` that another configuration, model or data made, or options that do not fit the
        model's parts.

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
        from seissynth_plugins.torchkit._training_run import run
    except ImportError as error:
        if "lightning" not in str(error):
            raise
        raise MissingDependencyError("training needs Lightning: python -m pip install 'seissynth[train]'") from error
    if not isinstance(config, TrainConfig):
        raise InputError(f"config is {a_kind(config)}; give a TrainConfig.")
    if len(data) == 0:
        raise InputError("there are no data to train on; the set is empty after its split or selection.")
    run_dir = Path(run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    return run(module, data, config, run_dir, resume, validation)
