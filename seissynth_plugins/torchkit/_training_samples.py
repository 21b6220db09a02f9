"""Records that a model generates while it is trained: files, pictures and statistics."""

import re

import numpy as np
import torch

from seissynth.errors import InputError
from seissynth.shared.atomic import replacing

FOLDER = "samples"


def write_samples(run_dir, step, samples):
    """Keep samples as ``samples/step_XXXXXXXX.npy`` with a picture, and return their statistics.

    Parameters
    ----------
    run_dir : pathlib.Path
    step : int
    samples : Tensor or array_like, shape (n, 3, npts)

    Returns
    -------
    dict of str to float
        Of all values: "samples_min", "samples_max", "samples_mean", "samples_sd", "samples_skewness". The last two are
        those of the population (divided by n); the skewness of a constant is NaN.

    Raises
    ------
    InputError
        Another shape, or no numbers.
    """
    from seissynth.plotting.training_samples import plot_training_samples

    samples = _as_array(samples)
    folder = run_dir / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"step_{step:08d}.npy"
    with replacing(path) as beside, beside.open("wb") as file:
        np.save(file, samples)
    plot_training_samples(samples, title=f"Step {step}", outfile=path.with_suffix(".png"))
    return statistics(samples)


def statistics(samples):
    """Return the statistics of `write_samples`."""
    values = np.asarray(samples, dtype=np.float64).ravel()
    mean = values.mean()
    centred = values - mean
    variance = (centred**2).mean()
    skewness = (centred**3).mean() / variance**1.5 if variance > 0 else np.nan
    figures = {"min": values.min(), "max": values.max(), "mean": mean, "sd": np.sqrt(variance), "skewness": skewness}
    return {f"samples_{name}": float(value) for name, value in figures.items()}


def drop_later(run_dir, last_step):
    """Remove samples of steps beyond `last_step`, which a killed or former training left."""
    for path in (run_dir / FOLDER).glob("step_*"):
        found = re.fullmatch(r"step_(\d{8,})\.(npy|png)", path.name)
        if found and int(found[1]) > last_step:
            path.unlink()


def _as_array(samples):
    if isinstance(samples, torch.Tensor):
        samples = samples.detach().float().cpu().numpy()
    samples = np.asarray(samples)
    if samples.ndim != 3 or samples.size == 0 or samples.dtype.kind not in "fiu":
        raise InputError(
            f"the model's samples() returned an array of shape {samples.shape} and type {samples.dtype}; it must "
            "return records, (n, 3, npts)."
        )
    return np.ascontiguousarray(samples)
