"""Train HEGGS: from data sets to weights, in stages that resume where the last one stopped.

`train_heggs` is called by ``seissynth train heggs``. A run is a folder: ``run.json`` (arguments), ``inputs.json``
(statistics of the training part), ``state.safetensors`` and ``metrics.csv`` of the loop, and, whenever the loop stops,
``weights.safetensors`` (float16), ``CARD.md`` and ``curve.png``.
"""

import dataclasses

from seissynth_plugins.heggs.networks.named_configs import named_config
from seissynth_plugins.heggs.training.residual_fit import FITS, without_fits
from seissynth_plugins.heggs.training.run_folder import begin_run, check_residuals, unseen_pairs
from seissynth_plugins.heggs.weights import HEGGS
from seissynth_plugins.torchkit.plain_configs import to_plain
from seissynth_plugins.torchkit.run_folder import check_export, check_loop, check_packages, first_weights, holds_run
from seissynth_plugins.torchkit.trainer_options import tells_options

#: what a size is trained with, unless said otherwise; "paper" is a million pairs
RECIPES = {
    "paper": {
        "steps": 62_500, "batch_size": 4, "accumulate": 4, "learning_rate": 1e-5, "decay": "linear", "warm_up": 0,
        "clip": None,
    },
    "small": {
        "steps": 10_000, "batch_size": 8, "learning_rate": 3e-4, "decay": "cosine", "warm_up": 500, "clip": 1.0,
        "ema": 0.999,
    },
    "tiny": {"steps": 200, "batch_size": 4, "learning_rate": 1e-3, "warm_up": 10, "ema": 0.9, "validate_every": 100},
}  # fmt: skip

#: options that may differ when a run resumes
FREE = ("max_minutes", "save_minutes", "log_every", "workers", "threads", "progress", "accelerator", "strategy")

#: pairs of the validation part that the spread is fitted to
SPREAD_PAIRS = 512

#: fields of a configuration that may change when a training begins with weights: the loss, and the fits made after it
_OF_THE_LOSS = (
    "source_drop", "same_share", "last_share", "autoencoder_weight", "latent_weight", "loss_weight", *FITS,
)  # fmt: skip

#: sources of a pair by size: the paper has one for each earthquake
_SOURCES = {"paper": "one"}


@holds_run
@tells_options
def train_heggs(
    data, output, *, config="small", fold=None, folds=5, stations_out=(), init=None, noise=None, seed=0,
    max_minutes=None, augmentation=None, sources=None, picked_first=True, encoding=None, extras=None,
    validation_records=48, export="last", spread=0, residuals=0, site_noise=False, region="", licence="MIT",
    threads=None, resume=True, **loop,
):  # fmt: skip
    """Train HEGGS on data sets.

    Parameters
    ----------
    data : path or list of path
        Sets of ``seissynth dataset cut`` or ``make``: velocity, 60 s from origin, 100 Hz, 1 to 45 Hz.
    {output}
    config : str
        A size ("paper", "small", "tiny") and variants, such as ``"small+onsets"``; see `named_configs.named_config`.
    {kept_out}
    init : path or "shipped", optional
        Initial weights; their statistics are kept. Weights ``without_acm`` may initialise a network that has one: the
        amplitude correction then starts as identity, which saves its time in the first part of a training.
    noise : path, optional
        A set whose noise rows are used for augmentation.
    {seed_and_time}
    augmentation : {"none", "made", "clean", "real"} or Augmentation, optional
        Of the training part. Default: "made" for sets of the factory, if noise is available, "real" for others.
    sources, picked_first
        See `data.PairData`; by default one source for each earthquake in "paper", else all.
    encoding : {"paper", "sphere", "region"}, optional
        Of locations; "paper" by default, that of the weights with `init`.
    extras : sequence of str, optional
        Further conditions, see `seissynth.representations.ConditionVector`.
    validation_records : int
        Number of validation pairs, without augmentation; 0 for no validation.
    export : {"last", "best"}
        Weights to write: the moving average at the last step, or at the lowest validation loss.
    spread : int
        Patterns of residuals to fit on the validation part, without augmentation, when the training is finished, to
        make draws scatter like records; see `spread.ResidualSpread`.
    residuals : int
        Patterns of a residual model to fit on the validation part, in place of `spread`: what records differ by from
        the prediction, shared within earthquakes and stations, see `residual_memory.ResidualMemory`. With `site_noise`.
    site_noise : bool
        Fit gains and noise of the sensors to the records of the training part when the training is finished; see
        `seissynth_plugins.heggs.site_noise`. For sets of real records.
    {card_and_loop}

    Returns
    -------
    TrainReport

    Raises
    ------
    InputError, FileFormatError
        Sets, options, weights or a run that cannot be used.
    TrainingError
        The loss is not finite; the message names the batch.
    """
    check_packages()
    from seissynth_plugins.heggs.training.monitoring import MonitoredHeggs
    from seissynth_plugins.torchkit.training import TrainConfig, train

    check_export(export)
    check_loop(loop, TrainConfig, HEGGS)
    size = str(config).split("+")[0]
    run = begin_run(
        HEGGS, config, named_config(config), data, output, fold=fold, folds=folds, stations_out=stations_out, init=init,
        noise=noise, seed=seed, augmentation=augmentation, encoding=encoding, extras=extras, sources=sources,
        picked_first=picked_first, validation_records=validation_records, resume=resume,
        usual_sources=_SOURCES.get(size, "all"), fits=_fits,
    )  # fmt: skip
    check_residuals(residuals, spread, site_noise, run.table)
    # before hours of training, not after them: a set without validation part cannot have a spread
    unseen = unseen_pairs(run.table, run.inputs, SPREAD_PAIRS, seed, run.pairing) if spread else None
    recipe = TrainConfig(**{**RECIPES[size], "seed": seed, "max_minutes": max_minutes, **loop})
    with first_weights(seed, threads):
        model = MonitoredHeggs(run.network, run.inputs)
    if run.start is not None:
        # a correction that the weights do not have starts as identity
        begun, _ = without_fits(run.start[0].state_dict(), run.start[0].config)
        model.load_state_dict(model.state_dict() | begun)
    result = train(model, run.pairs, recipe, run.output, resume, validation=run.validation)

    def fit_spread(trained):
        from seissynth_plugins.heggs.training.spread_fit import add_spread

        unseen.inputs = trained.inputs
        values, network, figures = add_spread(trained.values, trained.network, unseen, spread)
        about = {**trained.about, "spread": figures}
        return dataclasses.replace(trained, values=values, network=network, about=about)

    return run.leave_weights(
        result, recipe, export=export, region=region, licence=licence, site_noise=site_noise,
        residuals=residuals, after=[fit_spread] if spread else [], **({"spread": spread} if spread else {}),
    )  # fmt: skip


def _fits(begun, wanted):
    """Whether weights of one configuration may begin another; one without amplitude correction may get one."""
    plain = to_plain(wanted)
    if begun.acm is None:
        plain["acm"] = None
    return {**to_plain(begun), **dict.fromkeys(_OF_THE_LOSS)} == {**plain, **dict.fromkeys(_OF_THE_LOSS)}
