"""Generate spectrograms and waveforms from conditions, seeds and an optional source record (algorithm 2)."""

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch

from seissynth.errors import InputError
from seissynth.seeding import generator
from seissynth.shared.checks import whole
from seissynth_plugins.heggs.networks.config import SPECTROGRAM
from seissynth_plugins.heggs.onset_gates import gate_onsets
from seissynth_plugins.torchkit.precision import chosen_precision
from seissynth_plugins.torchkit.samplers import METHODS, SPACINGS, record_generators, sample, start_noise

#: share of the noise process from which a generation with source starts, by default
START_SHARE = 0.6
STARTS = ("paper", "noised", "condition")
#: mean of the logarithm of a Rayleigh variable over its rms, minus Euler's constant over two
RAYLEIGH_LOG_MEAN = -0.5 * np.euler_gamma
#: stream of a record's seed that its texture comes from
_TEXTURE_STREAM = int.from_bytes(b"texture", "big")


@dataclass(frozen=True)
class Sampling:
    """How the reverse process runs.

    Parameters
    ----------
    method : {"dpmpp_2m", "ddim", "ddpm"}
    steps : int
        Passes of the U-Net.
    start : {"paper", "noised", "condition"}
        Use of a source: its latent replaces the noise at step T (algorithm 2), or starts with the noise of step
        `start_step`, or is an input of the U-Net together with pure noise (configurations with `source_input` only).
    start_step : int
        For "noised", 1 to T.
    eta : float
        Noise of DDIM's steps, 0 to 1.
    spacing : {"log_snr", "time"}
        Where the steps are, see `seissynth_plugins.torchkit.samplers.sample`. Of 1,000 steps three are at 1000, 813
        and 1, or at 1000, 667 and 333.
    batch : int
        Records that go through the networks together. The last batch is filled up; a record's result does not depend on
        the number of others.
    spread : bool or float
        Vary each record by the patterns of residuals that the weights hold, if they do; False gives the mean. A number
        above 0 is a factor on how far draws of a residual model are from their mean; True is 1.
    """

    method: str = "dpmpp_2m"
    steps: int = 10
    start: str = "noised"
    start_step: int = 600
    eta: float = 0.0
    batch: int = 8
    spread: bool | float = True
    spacing: str = "log_snr"

    def __post_init__(self):
        for name, choices in (("method", METHODS), ("start", STARTS), ("spacing", SPACINGS)):
            if getattr(self, name) not in choices:
                raise InputError(f"{name}={getattr(self, name)!r} must be one of {', '.join(choices)}.")
        for name in ("steps", "start_step", "batch"):
            whole(name, getattr(self, name))
        if not (isinstance(self.spread, bool | int | float) and 0 <= self.spread < math.inf):
            raise InputError(f"spread={self.spread!r} must be True, False or a factor of 0 or more.")


def default_sampling(config):
    """Return the sampling that suits a network: few steps, and a source where the network takes it.

    Parameters
    ----------
    config : HeggsConfig or LdmConfig

    Returns
    -------
    Sampling
    """
    start = "condition" if getattr(config, "source_input", False) else "noised"
    step = max(round(START_SHARE * config.steps), 1)
    return Sampling(steps=min(Sampling.steps, config.steps), start=start, start_step=step)


def generate_spectrograms(model, condition, seeds, source=None, onsets=None, sampling=None):
    """Generate standardised log spectrograms.

    Parameters
    ----------
    model : Heggs or LatentDiffusion
    condition : array_like, shape (n, condition.size)
        Normalised condition vectors of the targets.
    seeds : array_like of int, shape (n,)
        One for each record, such as `seissynth.seeding.Seeds.row`.
    source : array_like, shape (n, 3, 64, 376), optional
        Standardised log spectrogram of another record of each target's earthquake. Without it, from noise.
    onsets : array_like, shape (n, onset maps), optional
        Predicted onsets, s after origin.
    sampling : Sampling, optional
        Default: `default_sampling`.

    Returns
    -------
    ndarray, shape (n, 3, 64, 376), float32
        Record i depends on row i of the arguments only.

    Raises
    ------
    InputError
        Shapes that do not belong together, NaN, or a start that the network was not made for.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth_plugins.heggs.networks.named_configs import named_config
    >>> from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms
    >>> from seissynth_plugins.heggs.networks.model import Heggs
    >>> model = Heggs(named_config("tiny"))
    >>> generate_spectrograms(model, np.zeros((2, 11)), [1, 2], sampling=Sampling(steps=2, batch=2)).shape
    (2, 3, 64, 376)
    """
    sampling = default_sampling(model.config) if sampling is None else sampling
    condition, seeds, source, onsets = _checked(model, condition, seeds, source, onsets, sampling)
    out = np.empty((len(seeds), *SPECTROGRAM), np.float32)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for first in range(0, len(seeds), sampling.batch):
                rows = np.arange(first, min(first + sampling.batch, len(seeds)))
                filled = np.resize(rows, sampling.batch)
                part = (None if array is None else array[filled] for array in (condition, seeds, source, onsets))
                out[rows] = _one_batch(model, *part, sampling)[: len(rows)]
    finally:
        model.train(was_training)
    return out


def _checked(model, condition, seeds, source, onsets, sampling):
    config = model.config
    condition = np.asarray(condition, dtype=np.float32)
    seeds = np.asarray(seeds)
    if condition.ndim != 2 or condition.shape[1] != config.condition.size:
        raise InputError(f"condition has shape {condition.shape}; these weights take (n, {config.condition.size}).")
    count = len(condition)
    if seeds.shape != (count,) or (count and seeds.dtype.kind not in "iu"):
        raise InputError(f"seeds have shape {seeds.shape} and type {seeds.dtype}; give {count} whole numbers.")
    if not np.isfinite(condition).all():
        row, column = np.argwhere(~np.isfinite(condition))[0]
        raise InputError(f"condition is {condition[row, column]} in row {row}, column {column}; fill it in.")
    if source is not None:
        source = np.asarray(source, dtype=np.float32)
        if source.shape != (count, *SPECTROGRAM) or not np.isfinite(source).all():
            raise InputError(f"source has shape {source.shape}; give {(count, *SPECTROGRAM)} finite values.")
        takes = getattr(config, "source_input", False)
        if (sampling.start == "condition") != takes:
            needed = '"condition"' if takes else '"noised" or "paper"'
            raise InputError(f"start={sampling.start!r} does not suit these weights; pass start={needed}.")
        if sampling.start == "noised" and sampling.start_step > config.steps:
            raise InputError(f"start_step={sampling.start_step}; these weights have {config.steps} steps.")
    if onsets is not None:
        onsets, maps = np.asarray(onsets, dtype=np.float32), config.unet.onset_maps
        if onsets.shape != (count, maps):
            raise InputError(f"onsets have shape {onsets.shape}; these weights take {(count, maps)}.")
    elif config.unet.onset_maps:
        raise InputError(f"these weights need {config.unet.onset_maps} predicted onsets a record; pass onsets.")
    return condition, seeds, source, onsets


def _one_batch(model, condition, seeds, source, onsets, sampling):
    device = model.log_mean.device
    condition, source, onsets = (
        None if array is None else torch.from_numpy(array).to(device) for array in (condition, source, onsets)
    )
    z, start_step, given = start_noise(seeds, model.config.latent_shape, device=device), None, None
    if source is not None:
        latent = model.encode(source)
        if sampling.start == "condition":
            given = latent
        elif sampling.start == "paper":
            z = latent
        else:
            start_step = sampling.start_step
            z = model.schedule.add_noise(latent, z, start_step)
    # the condition's tokens are the same in every step; one row at a time, since on some processors a product of
    # matrices with few columns gives other bits for the second row than for the first
    context = torch.cat([model.context(row[None]) for row in condition])
    z = sample(
        lambda noisy, t: model.denoise(noisy, t, context, given, onsets),
        z,
        model.schedule,
        sampling.method,
        min(sampling.steps, start_step or model.config.steps),
        generators=record_generators(seeds),
        start_step=start_step,
        eta=sampling.eta if sampling.method == "ddim" else 0.0,
        spacing=sampling.spacing,
    )
    x = model.decode(z)
    if sampling.spread and getattr(model, "spread", None) is not None:
        x = x + model.spread.draw(seeds, source is not None)
    return x.cpu().numpy()


# --- waveforms


def to_waveforms(
    spectrograms, representation, statistics, seeds, *, texture=None, phase=None, onsets=None, n_iter=32, workers=None
):
    """Turn generated spectrograms into waveforms.

    Parameters
    ----------
    spectrograms : ndarray, shape (n, 3, 64, 376)
        Standardised ln A.
    representation : seissynth.representations.LogSpectrogram
    statistics : seissynth.representations.SpectrogramStatistics
    seeds : array_like of int, shape (n,)
        For random phases and for the texture.
    texture : {None, "rayleigh"}
        None keeps the amplitudes unchanged. "rayleigh" multiplies them by those of stationary noise and starts from
        its phases: where the network gives the mean of ln A, as a squared loss makes it do, the result has the
        fluctuations of a random signal with that spectrogram.
    phase : ndarray, shape (n, 3, 64, 376), optional
        First phases, rad, for example of the source record.
    onsets : array_like, shape (n, 2), optional
        P and S, s after origin: energy before them, which is there because frames overlap, is held back, and
        phases are raised after them, see `onset_gates.gate_onsets`.
    n_iter : int
        Griffin-Lim iterations.
    workers : int, optional
        Threads.

    Returns
    -------
    ndarray, shape (n, 3, 6000), float32
        In the unit that the statistics were taken in.

    Notes
    -----
    The amplitude of a cell of stationary Gaussian noise is Rayleigh distributed, and the mean of its logarithm is
    half of Euler's constant, 0.289, below the logarithm of its rms; the rms amplitude is taken as
    ``exp(mean ln A + 0.289)``.
    """
    if texture not in (None, "rayleigh"):
        raise InputError(f'texture={texture!r} must be None or "rayleigh".')
    kind, amplitudes = {"seeds": seeds} if phase is None else {"phase": phase}, spectrograms
    if texture == "rayleigh":
        log_factor, noise_phase = rayleigh_texture(representation, seeds, workers)
        amplitudes = spectrograms + log_factor / statistics.sd[:, None]
        kind = {"phase": noise_phase if phase is None else phase}
    records = representation.decode(amplitudes, statistics, n_iter=n_iter, workers=workers, **kind)
    if onsets is None:
        return records
    return gate_onsets(records, spectrograms, representation, statistics, onsets, workers)


def rayleigh_texture(representation, seeds, workers=None):
    """Return ln of amplitude over its log-mean, and phase, of white noise: each (n, 3, 64, 376), float32."""
    shape = (3, representation.npts)
    noise = np.empty((len(seeds), *shape), np.float32)
    for row, seed in zip(noise, seeds, strict=True):
        generator(int(seed), _TEXTURE_STREAM).standard_normal(dtype=np.float32, out=row)
    spectra = representation.stft.forward(noise, workers)[:, :, :-1]
    # rms amplitude of a bin: the root of the sum of the squared window, which the ends of a record see part of
    rms = np.sqrt(np.sum(representation.stft.weights**2))
    logs = np.log(np.maximum(abs(spectra), 1e-6 * rms) / rms) - RAYLEIGH_LOG_MEAN
    return logs.astype(np.float32), np.angle(spectra).astype(np.float32)


# --- speed


def prepare(model, device="cpu", precision="auto"):
    """Return a copy of a model for generation.

    Parameters
    ----------
    model : Heggs or LatentDiffusion
    device : str or torch.device
    precision : {"auto", "float32", "mixed"}
        "mixed" runs encoder, U-Net and decoder in bfloat16 and the rest in float32: layer normalisation and attention
        over few channels, of which the amplitude correction is made, are slower in bfloat16 on a CPU. "auto" is
        "mixed" where the processor multiplies matrices in bfloat16, else "float32". The choice depends on the machine
        alone, not on a timing; one machine always gives the same bits.

    Returns
    -------
    Heggs or LatentDiffusion
        In evaluation mode, convolutions stored channels last.
    """
    device = torch.device(device)
    precision = chosen_precision(precision, device)
    ready = copy.deepcopy(model).eval().to(device=device, memory_format=torch.channels_last)
    if precision == "mixed":
        for part in _convolutional_parts(ready).values():
            part.to(torch.bfloat16)
    return ready


def _convolutional_parts(model):
    coder = getattr(model, "vae", model)
    return {"encoder": coder.encoder, "unet": model.unet, "decoder": coder.decoder}
