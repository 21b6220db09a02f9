"""Sample SWaG's network from labels and seeds, and turn its output into waveforms."""

import copy
from dataclasses import dataclass

import numpy as np
import torch

from seissynth.errors import InputError
from seissynth.shared.checks import whole
from seissynth_plugins.swag.waveforms import WaveformCoding
from seissynth_plugins.torchkit.noise import NoiseSchedule
from seissynth_plugins.torchkit.precision import chosen_precision
from seissynth_plugins.torchkit.samplers import record_generators, sample, start_noise
from seissynth_plugins.torchkit.sampling_options import check_sampling


@dataclass(frozen=True)
class Sampling:
    """How the reverse process runs.

    Parameters
    ----------
    method : {"dpmpp_2m", "ddim", "ddpm"}
    steps : int
        Calls of the network; guidance other than 1 doubles them, unless the network takes it as an input.
    guidance : float or None
        Weight w of ``u + w (c - u)``, 0 or more; None: the configuration's.
    spacing : {"log_snr", "time"}
        See `seissynth_plugins.torchkit.samplers.sample`.
    eta : float
        Noise of DDIM's steps, 0 to 1.
    batch : int
        Number of records per batch of the network. The last batch is filled up: a record does not depend on the number
        of others.
    """

    method: str = "dpmpp_2m"
    steps: int = 10
    guidance: float | None = None
    spacing: str = "log_snr"
    eta: float = 0.0
    batch: int = 8

    def __post_init__(self):
        check_sampling("swag", vars(self))
        whole("batch", self.batch)


def schedule_of(config):
    """Return the noise schedule of a configuration."""
    return NoiseSchedule(
        config.schedule, config.steps, zero_terminal_snr=config.zero_terminal_snr, beta_start=config.beta_start,
        beta_end=config.beta_end,
    )  # fmt: skip


def coding_of(config, inputs):
    """Return the way between records and the network's columns."""
    return WaveformCoding(inputs.whitening, config.compression, inputs.band)


def generate_columns(model, labels, station, seeds, sampling=None):
    """Generate what the network sees of records.

    Parameters
    ----------
    model : Swag
        See `prepare`.
    labels : array_like, shape (n, 3)
        P and S, s after the first sample, and magnitude.
    station : array_like of int, shape (n,)
        Row of the table of stations; `config.stations` for none.
    seeds : array_like of int, shape (n,)
        One for each record, such as `seissynth.seeding.Seeds.row`.
    sampling : Sampling, optional

    Returns
    -------
    ndarray, shape (n, 3, columns), float32
        Record i depends on row i of the arguments only.

    Raises
    ------
    InputError
        Shapes that do not belong together, labels that are not finite, stations that the table lacks.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth_plugins.swag.config import named_config
    >>> from seissynth_plugins.swag.generation import Sampling, generate_columns
    >>> from seissynth_plugins.swag.network import Swag
    >>> model = Swag(named_config("tiny"))
    >>> generate_columns(model, [[2, 5, 1.0]], [0], [7], Sampling(steps=2, batch=1)).shape
    (1, 3, 201)
    """
    sampling, config = sampling or Sampling(), model.config
    labels, station, seeds = _checked(config, labels, station, seeds)
    out = np.empty((len(seeds), *config.shape), np.float32)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for first in range(0, len(seeds), sampling.batch):
                rows = np.arange(first, min(first + sampling.batch, len(seeds)))
                filled = np.resize(rows, sampling.batch)
                columns = _one_batch(model, labels[filled], station[filled], seeds[filled], sampling)
                out[rows] = columns[: len(rows)]
    finally:
        model.train(was_training)
    return out


def _checked(config, labels, station, seeds):
    labels, station, seeds = np.asarray(labels, dtype=np.float32), np.asarray(station), np.asarray(seeds)
    if labels.ndim != 2 or labels.shape[1] != 3:
        raise InputError(f"labels have shape {labels.shape}; they must be (n, 3): P, S and magnitude.")
    if not np.isfinite(labels).all():
        row, column = np.argwhere(~np.isfinite(labels))[0]
        raise InputError(f"labels are {labels[row, column]} in row {row}, column {column}; fill them in.")
    for name, values in (("station", station), ("seeds", seeds)):
        if values.shape != (len(labels),) or (len(labels) and values.dtype.kind not in "iu"):
            raise InputError(
                f"{name} has shape {values.shape} and type {values.dtype}; give {len(labels)} whole numbers."
            )
    if len(station) and not 0 <= station.min() <= station.max() <= config.stations:
        raise InputError(f"station runs from {station.min()} to {station.max()}; allowed are 0 to {config.stations}.")
    return labels, station, seeds


def _one_batch(model, labels, station, seeds, sampling):
    config, parameter = model.config, next(model.parameters())
    device, dtype = parameter.device, parameter.dtype
    labels, station = torch.from_numpy(labels).to(device), torch.from_numpy(station.astype(np.int64)).to(device)
    weight = config.guidance if sampling.guidance is None else sampling.guidance

    def denoise(noisy, t):
        said = model.guided(noisy.to(dtype), t, labels, station, weight)
        return tuple(part.float() for part in said) if isinstance(said, tuple) else said.float()

    z = sample(
        denoise, start_noise(seeds, config.shape, device=device), schedule_of(config), sampling.method,
        min(sampling.steps, config.steps), prediction=config.prediction, generators=record_generators(seeds),
        spacing=sampling.spacing, eta=sampling.eta if sampling.method == "ddim" else 0.0,
    )  # fmt: skip
    return z.cpu().numpy()


def to_waveforms(columns, config, inputs):
    """Turn the network's output into records.

    Parameters
    ----------
    columns : ndarray, shape (n, 3, columns)
    config : SwagConfig
    inputs : SwagInputs

    Returns
    -------
    ndarray, shape (n, 3, npts), float32
        In the unit of the training set; where that had none, each component over its standard deviation.
    """
    log_scale = None
    if config.log_scale and inputs.scales is not None:
        log_scale = inputs.scales.restore(columns[..., -1])
    return coding_of(config, inputs).decode(columns[..., : config.npts], log_scale)


def prepare(model, device="cpu", precision="auto"):
    """Return a copy of a model for generation, in evaluation mode.

    Parameters
    ----------
    model : Swag
    device : str or torch.device
    precision : {"auto", "float32", "mixed"}
        "mixed" multiplies in bfloat16; the noisy record and the sampler stay in float32. See
        `seissynth_plugins.torchkit.precision.chosen_precision`.
    """
    ready = copy.deepcopy(model).eval().to(device)
    return ready.to(torch.bfloat16) if chosen_precision(precision, device) == "mixed" else ready
