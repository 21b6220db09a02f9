"""Train SWaG: from data sets of one or many stations to weights, in stages that continue from the last one.

``seissynth train swag`` calls `train_swag`. A run is a folder as for the other learned backends: ``run.json``,
``inputs.json``, ``state.safetensors``, ``metrics.csv``, and, whenever the loop stops, ``weights.safetensors``
(float16), ``CARD.md`` and ``curve.png``.
"""

import dataclasses
import numbers

import numpy as np

from seissynth.errors import InputError
from seissynth_plugins.swag.config import named_config
from seissynth_plugins.swag.training.data import SwagData, TrainingTable, fit_swag_inputs, swag_rules, training_rows
from seissynth_plugins.swag.weights import SWAG
from seissynth_plugins.torchkit.plain_configs import to_plain
from seissynth_plugins.torchkit.run_folder import (
    check_export,
    check_loop,
    check_packages,
    first_weights,
    holds_run,
    kept_inputs,
    open_run,
)
from seissynth_plugins.torchkit.run_results import leave_weights
from seissynth_plugins.torchkit.trainer_options import tells_options
from seissynth_plugins.torchkit.training_table import evenly_chosen

#: what a size is trained with, unless said otherwise
RECIPES = {
    # the text: Adam without decay of weights or rate, 50 epochs of 100,588 records
    "paper": {
        "steps": 19_650, "batch_size": 256, "learning_rate": 1e-4, "optimizer": "adam", "weight_decay": 0.0,
        "decay": "constant", "clip": None, "ema": 0.9999,
    },
    "authors": {
        "steps": 78_600, "batch_size": 256, "learning_rate": 1e-4, "weight_decay": 0.0, "decay": "constant",
        "clip": None, "ema": 0.9999,
    },
    "small": {"steps": 9_400, "batch_size": 32, "learning_rate": 6e-4, "warm_up": 300, "ema": 0.999},
    "small_500": {"steps": 9_400, "batch_size": 32, "learning_rate": 6e-4, "warm_up": 300, "ema": 0.999},
    "tiny": {"steps": 200, "batch_size": 8, "learning_rate": 2e-3, "warm_up": 10, "ema": 0.9, "validate_every": 100},
}  # fmt: skip

#: where P may come in a training window, s after the first sample: 2 to 4 s as in the records of the transfer set, and
#: up to 20 s later, as windows are moved in the test of pickers
P_RANGE_S = (2.0, 24.0)

#: tensors that depend on the length of a patch: a network of another rate begins with new ones
_OF_THE_PATCH = ("embed.0.", "final.")
_TABLE = "conditions.stations.weight"
#: fields of a configuration in which weights and the network that begins with them may differ
_FREE_FIELDS = (
    "stations", "drop", "station_drop", "guidance", "guided", "scale_weight", "step_draw", "sampling_rate_hz", "patch",
    "whitening", "compression",
)  # fmt: skip


@holds_run
@tells_options
def train_swag(
    data, output, *, config="small", fold=None, folds=5, stations_out=(), init=None, noise=None, seed=0,
    max_minutes=None, p_range_s="default", band_hz=None, magnitude_sd=0.0, records=None, validation_records=128,
    export="last", region="", licence="MIT", threads=None, resume=True, **loop,
):  # fmt: skip
    """Train SWaG on data sets.

    Parameters
    ----------
    data : path or list of path
        Sets in SeisBench's form, of one unit: records of the configuration's rate and length with P, S and magnitude.
    {output}
    config : str
        A size ("paper", "authors", "small", "small_500", "tiny") and variants, as ``"small+100hz"``; see
        `seissynth_plugins.swag.config.named_config`. "small+guided" distils the guidance of the weights of `init`.
    {kept_out}
    init : path or "shipped", optional
        Weights to begin with, of other stations or another rate: parts common to both are copied. "shipped" for
        those that come with the package.
    noise : path, optional
        A set whose rows of noise are put before moved windows; without one, noise like the record's own is used.
    {seed_and_time}
    p_range_s : (float, float), None or "none"
        Where P may come, s after the first sample: windows are moved, labels along. None leaves the windows as they
        are. Default: 2 to 24 s, or less where records are short.
    band_hz : (float, float), optional
        Passband of the filter that the records went through; generated records are filtered to it.
        Default: where the mean spectrum of the training part falls by 35 dB.
    magnitude_sd : float
        Standard deviation of normal noise on the magnitudes that training sees, about the error of the catalogue. With
        a few dozen earthquakes, exact magnitudes let the network recognise each of them, and it learns their sizes by
        heart.
    records : int, optional
        Only the first so many of the training part.
    validation_records : int
        Of the validation part; 0 for no validation.
    export : {"last", "best"}
        Which weights are written: the moving average at the last step, or where the validation loss was least.
    {card_and_loop}

    Returns
    -------
    seissynth_plugins.torchkit.run_results.TrainReport

    Raises
    ------
    InputError, FileFormatError
        Sets, options, weights or a run that cannot be used.
    TrainingError
        The loss is not finite; the message names the batch.

    Examples
    --------
    ``train_swag("my_station", "runs/swag", init="swag_small.safetensors", steps=2000)``
    """
    check_packages()
    from seissynth_plugins.torchkit.training import TrainConfig, train

    check_export(export)
    check_loop(loop, TrainConfig, SWAG)
    network, size = named_config(config), str(config).split("+")[0]
    p_range_s = _p_range(p_range_s, network)
    _check_band(band_hz, network)
    magnitude_sd = _checked_spread(magnitude_sd)
    table = TrainingTable(
        data, swag_rules(network), fold=fold, folds=folds, stations_out=stations_out, noise=noise, seed=seed
    )
    run = open_run(
        SWAG, config, table, output, init=init, resume=resume, seed=seed, records=records,
        p_range_s=None if p_range_s is None else list(p_range_s), magnitude_sd=magnitude_sd or None,
    )  # fmt: skip
    rows = training_rows(table, records)
    begun = None if run.start is None else run.start[1]
    inputs = kept_inputs(
        run, lambda: fit_swag_inputs(table, rows, network, p_range_s, seed, start=begun, band_hz=band_hz)
    )
    network = dataclasses.replace(network, stations=max(network.stations, len(inputs.stations)))
    items = SwagData(table, inputs, network, rows, p_range_s=p_range_s, magnitude_sd=magnitude_sd, seed=seed)
    unseen = table.rows("dev")
    unseen = evenly_chosen(unseen, validation_records)
    validation = SwagData(table, inputs, network, unseen, p_range_s=p_range_s, seed=seed) if len(unseen) else None
    model = _first_model(run, network, inputs, config, seed, threads)
    recipe = TrainConfig(**{**RECIPES[size], "seed": seed, "max_minutes": max_minutes, **loop})
    result = train(model, items, recipe, run.output, resume, validation=validation)
    return leave_weights(run, items, result, recipe, network, inputs, export=export, region=region, licence=licence)


def _p_range(p_range_s, config):
    if isinstance(p_range_s, str) and p_range_s == "default":
        low, high = P_RANGE_S
        return (low, min(high, 0.4 * config.duration_s)) if low < 0.4 * config.duration_s else None
    if p_range_s is None or p_range_s == "none":
        return None
    pair = tuple(float(value) for value in p_range_s) if np.size(p_range_s) == 2 else ()
    if not pair or not 0 <= pair[0] <= pair[1] < config.duration_s:
        raise InputError(
            f"p_range_s={p_range_s!r} must be two rising times, s after the first sample, below the record's "
            f"{config.duration_s:g} s."
        )
    return pair


def _check_band(band_hz, config):
    if band_hz is None:
        return
    nyquist = config.sampling_rate_hz / 2
    pair = tuple(float(value) for value in band_hz) if np.size(band_hz) == 2 else ()
    if not pair or not 0 <= pair[0] < pair[1] <= nyquist:
        raise InputError(f"band_hz={band_hz!r} must be two rising frequencies, 0 to {nyquist:g} Hz.")


def _checked_spread(magnitude_sd):
    if isinstance(magnitude_sd, bool) or not isinstance(magnitude_sd, numbers.Real) or not 0 <= magnitude_sd <= 1:
        raise InputError(f"magnitude_sd={magnitude_sd!r} must be 0 to 1, in units of magnitude.")
    return float(magnitude_sd)


def _first_model(run, network, inputs, config, seed, threads):
    """The network with its first weights: new ones, or what it has in common with those of `init`."""
    from seissynth_plugins.swag.training.model import DistilledSwag, TrainedSwag

    if network.guided and (run.start is None or run.start[0].config.guided):
        raise InputError(f"config={config!r} distils guidance; pass init= with weights trained without '+guided'.")
    with first_weights(seed, threads):
        model = TrainedSwag(dataclasses.replace(network, guided=False) if network.guided else network)
        if run.start is not None:
            _check_alike(run.start[0].config, network, config)
            model.load_state_dict({**model.state_dict(), **_shared_values(run.start, model, inputs)})
        if not network.guided:
            return model
        student = DistilledSwag(network, model)
    student.load_state_dict({**student.state_dict(), **model.state_dict()})
    return student


def _shared_values(start, model, inputs):
    """Tensors that initial weights and a new network have in common, by name."""
    begun, before, _ = start
    values = begun.state_dict()
    if begun.config.patch != model.config.patch:
        values = {name: value for name, value in values.items() if not name.startswith(_OF_THE_PATCH)}
    values[_TABLE] = _table(values[_TABLE], before, inputs, model.config)
    return {name: value for name, value in values.items() if name in model.state_dict()}


def _check_alike(found, wanted, config):
    plain, other = to_plain(found), to_plain(wanted)
    differing = [name for name in plain if name not in _FREE_FIELDS and plain[name] != other[name]]
    if differing:
        name = differing[0]
        raise InputError(
            f"init holds a network with {name}={plain[name]!r}, and config={config!r} has {other[name]!r}; name the "
            "configuration of the weights, or train without init."
        )


def _table(values, before, inputs, network):
    """Embeddings of stations: known ones keep theirs, new ones begin as none."""
    none = values[-1]
    table = none.expand(network.stations + 1, -1).clone()
    known = {name: number for number, name in enumerate(before.names)}
    for number, name in enumerate(inputs.names):
        if name in known:
            table[number] = values[known[name]]
    return table
