"""Train the latent diffusion baseline: the autoencoder first, then diffusion on its frozen latents.

`train_ldm` is called by ``seissynth train ldm``. Folders, parts, pairs, statistics and cards are those of HEGGS, and
both learn from the same records; the first stage runs in the folder ``autoencoder`` of the run.
"""

import dataclasses
import time

import numpy as np

from seissynth_plugins.heggs.training.residual_fit import without_fits
from seissynth_plugins.heggs.training.run_folder import begin_run, check_residuals
from seissynth_plugins.ldm.backend import LDM
from seissynth_plugins.ldm.config import named_config
from seissynth_plugins.torchkit.run_folder import check_export, check_loop, check_packages, first_weights, holds_run
from seissynth_plugins.torchkit.run_results import TrainReport
from seissynth_plugins.torchkit.stages import loop_options

#: what both stages of a size are trained with, unless said otherwise; Rombach et al. (2022), appendix, for the rates
RECIPES = {
    "paper": (
        {"steps": 62_500, "batch_size": 4, "accumulate": 4, "learning_rate": 4.5e-6, "betas": (0.5, 0.9), "clip": None},
        {"steps": 62_500, "batch_size": 4, "accumulate": 4, "learning_rate": 1e-5, "decay": "linear", "clip": None},
    ),
    "small": (
        {"steps": 4_000, "batch_size": 8, "learning_rate": {"autoencoder": 4e-4, "critic": 1e-4}, "warm_up": 100},
        {"steps": 6_000, "batch_size": 8, "learning_rate": 4e-4, "warm_up": 300},
    ),
    "tiny": (
        {"steps": 100, "batch_size": 4, "learning_rate": 1e-3, "ema": 0.9, "validate_every": 100},
        {"steps": 100, "batch_size": 4, "learning_rate": 1e-3, "ema": 0.9, "validate_every": 100},
    ),
}
#: options of the loop with this in front go to the first stage
FIRST = "autoencoder_"
#: options of the loop that hold for both stages
SHARED = (
    "batch_size", "accumulate", "precision", "devices", "accelerator", "strategy", "workers", "progress",
    "tensorboard", "save_minutes", "log_every", "validate_every",
)  # fmt: skip
#: targets that the scale of the latents is taken from
SCALE_RECORDS = 64
LEAST_MINUTES = 1e-3


@holds_run
def train_ldm(
    data, output, *, config="small", fold=None, folds=5, stations_out=(), init=None, noise=None, seed=0,
    max_minutes=None, augmentation=None, sources="all", picked_first=True, encoding=None, extras=None,
    validation_records=48, export="last", residuals=0, site_noise=False, region="", licence="MIT", threads=None,
    resume=True, **loop,
):  # fmt: skip
    """Train the baseline on data sets.

    Parameters
    ----------
    data, output, fold, folds, stations_out, noise, seed, max_minutes, augmentation, sources, picked_first, encoding,
    extras, validation_records, export, residuals, site_noise, region, licence, threads, resume
        As for `seissynth_plugins.heggs.training.train_heggs`; `max_minutes` is for both stages together.
    config : str
        A size and variants, as ``"small+pairs"``; see `config.named_config`.
    init : path, optional
        Initial weights: both stages start from them and keep their statistics.
    **loop
        Fields of `torchkit.training.TrainConfig` for the second stage; those of `SHARED` hold for both, and those
        with "autoencoder_" in front, as autoencoder_steps, for the first.

    Returns
    -------
    seissynth_plugins.torchkit.run_results.TrainReport
        Without weights where the first stage has not ended.

    Raises
    ------
    InputError, FileFormatError, TrainingError
        As `train_heggs`.

    Examples
    --------
    ``train_ldm("windows", "runs/ldm", config="small+pairs", fold=0, autoencoder_steps=2000, steps=3000)``
    """
    check_packages()
    from seissynth_plugins.ldm.monitoring import MonitoredLdm
    from seissynth_plugins.ldm.vae import AdversarialVAE
    from seissynth_plugins.torchkit.training import TrainConfig, train

    check_export(export)
    begin = time.monotonic()
    first, second = _stages(str(config).split("+")[0], loop, seed, TrainConfig)
    run = begin_run(
        LDM, config, named_config(config), data, output, fold=fold, folds=folds, stations_out=stations_out, init=init,
        noise=noise, seed=seed, augmentation=augmentation, encoding=encoding, extras=extras, sources=sources,
        picked_first=picked_first, validation_records=validation_records, resume=resume, fits=_fits,
    )  # fmt: skip
    check_residuals(residuals, 0, site_noise, run.table)
    with first_weights(seed, threads):
        coder, model = AdversarialVAE(run.network), MonitoredLdm(run.network, run.inputs)
    coder.vae.set_standardisation(run.inputs.statistics.mean, run.inputs.statistics.sd)
    if run.start is not None:
        coder.vae.load_state_dict(run.start[0].vae.state_dict())
        model.load_state_dict(without_fits(run.start[0].state_dict(), run.start[0].config)[0])

    def fit(module, recipe, folder):
        within = dataclasses.replace(recipe, max_minutes=_left(max_minutes, begin))
        return train(module, run.pairs, within, folder, resume, validation=run.validation)

    done = fit(coder, first, run.output / "autoencoder")
    if not done.finished:
        return TrainReport(run.output, None, done.step, first.steps, False, first="the autoencoder")
    _take_autoencoder(model, done.weights, run.pairs)
    result = fit(model, second, run.output)
    return run.leave_weights(
        result, second, export=export, region=region, licence=licence, site_noise=site_noise, residuals=residuals,
        autoencoder=loop_options(first), further={"autoencoder_steps": done.step},
    )  # fmt: skip


def _fits(begun, wanted):
    """Whether weights of one configuration may begin another: what was fitted after a training may differ."""
    return without_fits({}, begun)[1] == without_fits({}, wanted)[1]


def _stages(size, loop, seed, cls):
    """Configurations of the loop for both stages."""
    ahead = {name.removeprefix(FIRST): value for name, value in loop.items() if name.startswith(FIRST)}
    rest = {name: value for name, value in loop.items() if not name.startswith(FIRST)}
    for options in (ahead, rest):
        check_loop(options, cls, LDM)
    shared = {name: value for name, value in rest.items() if name in SHARED}
    recipes = RECIPES.get(size, ({}, {}))
    return (
        cls(**{**recipes[0], "seed": seed, **shared, **ahead}),
        cls(**{**recipes[1], "seed": seed, **rest}),
    )


def _left(max_minutes, begin):
    """Minutes left; always some, because each call makes at least one step."""
    return None if max_minutes is None else max(max_minutes - (time.monotonic() - begin) / 60, LEAST_MINUTES)


def _take_autoencoder(model, weights, pairs):
    """Put the first stage into the second, and scale its latents to variance 1."""
    import torch

    values = {name.removeprefix("vae."): value for name, value in weights.items() if name.startswith("vae.")}
    model.vae.load_state_dict(values)
    some = np.unique(np.linspace(0, len(pairs) - 1, SCALE_RECORDS).astype(int))
    targets = np.stack([pairs.item(int(i), 0)["target"] for i in some])
    model.set_latent_scale(torch.from_numpy(targets))
