"""Train any waveform GAN: records, conditions and sizes, the loop, and the generator's weights.

What differs between the systems is a `GanSystem`: network, losses, conditions, scaling and training options.
"""

import dataclasses
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seissynth.errors import InputError
from seissynth.io.seisbench.dataset import Dataset
from seissynth.shared.checks import positive, whole
from seissynth_plugins.torchkit.record_rules import RecordRules
from seissynth_plugins.torchkit.run_folder import (
    check_export,
    check_loop,
    check_packages,
    first_weights,
    kept_inputs,
    open_run,
)
from seissynth_plugins.torchkit.run_results import leave_weights
from seissynth_plugins.torchkit.train_one_part import train_one_part
from seissynth_plugins.torchkit.trainer_options import tells_options
from seissynth_plugins.torchkit.training_rows import as_list
from seissynth_plugins.torchkit.training_table import TrainingTable, evenly_chosen
from seissynth_plugins.torchkit.waveform_data import WaveformData, fit_waveform_inputs
from seissynth_plugins.torchkit.waveform_inputs import SIZE_COLUMNS
from seissynth_plugins.torchkit.weights import Kind

#: records that a training shows where it draws samples
SAMPLES = 6


@dataclass(frozen=True)
class GanSystem:
    """Definition of one adversarial system.

    Parameters
    ----------
    kind : Kind
        Of the generator's weights.
    named_config : callable
        From a name to a configuration, with `npts` and `sampling_rate_hz`.
    recipes : dict of str to dict
        Fields of `seissynth_plugins.torchkit.training.TrainConfig` for each size; "small" for all others.
    model : callable
        From a configuration to a `seissynth_plugins.torchkit.adversarial.AdversarialModel`; imports torch.
    scaling : {"peak", "zscore", "range"}
    conditions : callable
        From a configuration to the columns of its conditions.
    vector : callable
        From a configuration to whether it takes the condition vector of HEGGS.
    own_sizes : bool
        The network makes sizes; else a linear model draws them.
    alignment : callable
        From a configuration to "origin" or "p", see `WaveformData`.
    lead_s : float
    noise : callable
        From a configuration to whether records of noise are a separate class.
    source : callable
        From a configuration to whether the generator takes a source record.
    onsets : callable
        From a configuration to whether HEGGS' vector also holds the predicted P and S.
    """

    kind: Kind
    named_config: Callable
    recipes: dict
    model: Callable
    scaling: str
    conditions: Callable = lambda _: ()
    vector: Callable = lambda _: False
    own_sizes: bool = False
    alignment: Callable = lambda _: "p"
    lead_s: float = 5.0
    noise: Callable = lambda _: False
    source: Callable = lambda _: False
    onsets: Callable = lambda _: False


def gan_rules(system, config, data):
    """Return which records a system is trained on: of its rate, with size and place, and as long as the first set's."""
    first = Dataset(as_list(data)[0])
    rate, table = first.sampling_rate_hz, first.metadata
    npts = table["trace_npts"].iloc[0] if "trace_npts" in table else config.npts
    at_origin = system.alignment(config) == "origin"
    if at_origin and npts < config.npts:
        raise InputError(
            f"{as_list(data)[0]} holds records of {npts:g} samples; {system.kind.name} needs {config.npts} from origin."
        )
    required = ("trace_p_arrival_sample", *SIZE_COLUMNS)
    if system.vector(config):
        from seissynth_plugins.torchkit.record_rules import PLACES_AND_MAGNITUDE

        required = ("trace_p_arrival_sample", *PLACES_AND_MAGNITUDE)
    if system.onsets(config):
        required = (*required, "path_p_travel_s", "path_s_travel_s")
    return RecordRules(
        system.kind.name, config.sampling_rate_hz, float(npts) / (rate or config.sampling_rate_hz), quantity=None,
        start_s=0.0 if at_origin else None, required=required, component_order="ENZ",
    )  # fmt: skip


@tells_options
def train_gan(
    system, data, output, *, config="small", fold=None, folds=5, stations_out=(), init=None, noise=None,
    critic_noise_steps=0, energy_steps=0, energy_rate=2e-3, energy_weight=0.0, seed=0, max_minutes=None,
    validation_records=64, export="best", region="", licence="MIT", threads=None, resume=True, **loop,
):  # fmt: skip
    """Train a system on data sets.

    Parameters
    ----------
    system : GanSystem
    data : path or list of path
        Sets in SeisBench's form, of one unit and of the configuration's rate, with P, magnitude, distance and depth.
    {output}
    config : str
        A size of the system.
    {kept_out}
    init : path, optional
        Initial weights of the generator; the critic starts from scratch.
    noise : path, optional
        A set whose rows of noise are the other class, where the system has one, and serve `critic_noise_steps`.
    critic_noise_steps : int
        Steps before the training in which the critic learns to separate earthquakes from noise.
    energy_steps : int
        Steps before the training in which the generator learns without a critic, by the energy score of spectrograms
        and pieces of waveforms.
    energy_rate : float
        Largest learning rate of these steps.
    energy_weight : float
        Weight of the same score in the generator's loss beside the critic's.
    {seed_and_time}
    validation_records : int
        Of the validation part; 0 for no validation.
    export : {"best", "last"}
        Which weights are written: where the figure that the recipe names was best, or those of the last step.
    {card_and_loop}

    Returns
    -------
    seissynth_plugins.torchkit.run_results.TrainReport

    Raises
    ------
    InputError, FileFormatError
        Sets, options, weights or a run that cannot be used.
    TrainingError
        A loss diverged; it names the step.
    """
    check_packages()
    from seissynth_plugins.torchkit.training import TrainConfig, train

    check_export(export)
    check_loop(loop, TrainConfig, system.kind)
    whole("critic_noise_steps", critic_noise_steps, 0)
    whole("energy_steps", energy_steps, 0)
    positive("energy_rate", energy_rate)
    if isinstance(energy_weight, bool) or not isinstance(energy_weight, numbers.Real) or not energy_weight >= 0:
        raise InputError(f"energy_weight={energy_weight!r} must be a weight of 0 or more.")
    network, size = system.named_config(config), str(config).split("+")[0]
    table = TrainingTable(
        data,
        gan_rules(system, network, data),
        fold=fold,
        folds=folds,
        stations_out=stations_out,
        noise=noise,
        seed=seed,
    )
    run = open_run(
        system.kind, config, table, output, init=init, resume=resume, seed=seed,
        critic_noise_steps=critic_noise_steps or None, energy_steps=energy_steps or None,
        energy_rate=energy_rate if energy_steps else None, energy_weight=energy_weight or None,
    )  # fmt: skip
    rows = table.rows("train")
    if not len(rows):
        raise InputError("no record is left to train on, after split, purge, stations kept out and quality.")
    window = {"alignment": system.alignment(network), "lead_s": system.lead_s, "seed": seed}
    inputs = kept_inputs(run, lambda: _inputs(system, network, table, rows, run.start, window))
    with_noise = bool(system.noise(network)) and len(table.noise) > 0
    with_source = bool(system.source(network))
    items = WaveformData(
        table, inputs, network.npts, rows, noise=with_noise, sources=rows if with_source else None, **window
    )
    dev = table.rows("dev")
    unseen, sources = evenly_chosen(dev, validation_records), dev if with_source else None
    validation = WaveformData(table, inputs, network.npts, unseen, sources=sources, **window) if len(unseen) else None
    with first_weights(seed, threads):
        model = system.model(network)
    model.sample_batch, model.energy = _sample_batch(validation or items), float(energy_weight)
    if run.start is not None:
        if _of_networks(run.start[0].config) != _of_networks(network):
            raise InputError(f"{init} holds another configuration than {config!r}; name that one, or leave init out.")
        model.generator.load_state_dict(run.start[0].state_dict())
    recipe = TrainConfig(
        **{**system.recipes.get(size, system.recipes["small"]), "seed": seed, "max_minutes": max_minutes, **loop}
    )
    if critic_noise_steps:
        from seissynth_plugins.torchkit.critic_on_noise import CriticOnNoise

        known = WaveformData(table, inputs, network.npts, rows, noise_windows=True, **window)
        train_one_part(CriticOnNoise(model), known, recipe, run.output / "critic", critic_noise_steps, resume)
    if energy_steps:
        from seissynth_plugins.torchkit.generator_by_energy_score import RECIPE, WARM_UP, GeneratorByEnergyScore

        train_one_part(
            GeneratorByEnergyScore(model), items, recipe, run.output / "energy", energy_steps, resume, **RECIPE,
            learning_rate=energy_rate, warm_up=min(WARM_UP, energy_steps // 10),
        )  # fmt: skip
    result = train(model, items, recipe, run.output, resume, validation=validation)
    return leave_weights(
        run, items, _of_generator(result), recipe, network, inputs, export=export, region=region, licence=licence,
        noise=None if noise is None else Path(noise).name,
        further={"npts": network.npts, "alignment": window["alignment"], "lead_s": system.lead_s},
    )  # fmt: skip


def _of_networks(config):
    """Settings of the networks alone: the weights of losses may differ from those of initial weights."""
    return {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name != "penalty" and not field.name.endswith("_weight")
    }


def _inputs(system, network, table, rows, start, window):
    """Statistics of the training part; of initial weights those that their network knows are kept."""
    found = fit_waveform_inputs(
        table, rows, network.npts, scaling=system.scaling, conditions=system.conditions(network),
        vector=system.vector(network), extras=("onsets",) if system.onsets(network) else (), own_sizes=system.own_sizes,
        **window,
    )  # fmt: skip
    if start is None:
        return found
    if system.own_sizes and found.quantity != start[1].quantity:
        raise InputError(
            f"the initial weights make records of {start[1].quantity} with their sizes, and the sets hold "
            f"{found.quantity}; give sets of the former, or leave init out."
        )
    return dataclasses.replace(start[1], sizes=found.sizes, quantity=found.quantity)


def _sample_batch(items):
    """Conditions of a few records, from which a training shows samples."""
    import torch

    count = min(SAMPLES, len(items))
    some = [items.item(int(i), 0) for i in np.linspace(0, len(items) - 1, count)]
    names = [name for name in ("target", "condition", "label", "sizes", "source") if name in some[0]]
    return {name: torch.from_numpy(np.stack([item[name] for item in some])) for name in names}


def _of_generator(result):
    """A result that holds the generator's weights alone, as files of weights do."""
    from seissynth_plugins.torchkit.adversarial import generator_weights

    best = None if result.best is None else generator_weights(result.best)
    return dataclasses.replace(result, weights=generator_weights(result.weights), best=best)
