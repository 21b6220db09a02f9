"""History of weights: a chain of stages, oldest first, stored in every weights file.

A stage is plain data: "what" ("training", "fit" or "not recorded"), "package_version", "data" (names of the sets),
"training_data_hash", "name" (of the configuration), "steps", "pairs" (or "records", where a kind of weights counts
these), "seed", "fold", "folds", "stations_out", "init_weights_hash" (of the file that it began with; None for random
weights) and "options". An absent key was not recorded.
"""

import json

from seissynth_plugins.torchkit.training import FREE_FIELDS

#: what a card says of a stage that `earlier_stages` may take over
_OF_A_CARD = (
    "data", "training_data_hash", "name", "steps", "pairs", "records", "seed", "fold", "folds", "stations_out",
)  # fmt: skip
#: fields of the loop that say how it ran, not what it learned
_OF_THE_MACHINE = (*FREE_FIELDS, "tensorboard")


def earlier_stages(card):
    """Return the stages of the weights that a training begins with.

    Parameters
    ----------
    card : dict or None
        Of these weights; None for random ones.

    Returns
    -------
    list of dict
        Cards of earlier releases have no stages: they give one stage built from their fields, preceded by an unrecorded
        one where the training began with weights.
    """
    if card is None:
        return []
    if card.get("stages"):
        return list(card["stages"])
    stage = {"what": "training", **{name: card[name] for name in (*_OF_A_CARD, "package_version") if name in card}}
    if card.get("begun_with") is None:
        return [{**stage, "init_weights_hash": None}]
    return [{"what": "not recorded", "training_data_hash": card["begun_with"]}, stage]


def training_stage(card, recipe, init_weights_hash, **options):
    """Return the stage of a training.

    Parameters
    ----------
    card : dict
        Of `run_results.about_weights`.
    recipe : TrainConfig
        Of the loop.
    init_weights_hash : str or None
    **options
        Further ones, plain data.

    Returns
    -------
    dict
    """
    import seissynth

    known = {name: card[name] for name in _OF_A_CARD if name in card}
    return {
        "what": "training", "package_version": seissynth.__version__, **known,
        "init_weights_hash": init_weights_hash, "options": {**loop_options(recipe), **options},
    }  # fmt: skip


def loop_options(recipe):
    """Return the fields of a `TrainConfig` that the result depends on, as plain data."""
    return {name: value for name, value in recipe.to_dict().items() if name not in _OF_THE_MACHINE}


def stages_table(stages, items="pairs"):
    """Return lines of Markdown: one row for each stage, then the sum of the steps that are known.

    Parameters
    ----------
    stages : list of dict
    items : {"pairs", "records"}
        Unit of the counts, see `weights.Kind`.

    Returns
    -------
    list of str
    """
    title = f"| stage | data | hash of the data | began with weights | steps | {items} |"
    lines = [title, "|---|---|---|---|---|---|"]
    for number, stage in enumerate(stages, start=1):
        data = ", ".join(stage["data"]) if stage.get("data") else _UNKNOWN
        begun = (stage["init_weights_hash"] or "random") if "init_weights_hash" in stage else _UNKNOWN
        cells = [data, _known(stage, "training_data_hash"), begun, _steps(stage), _known(stage, items)]
        lines.append(f"| {number}, {stage['what']} | {' | '.join(cells)} |")
    steps = [stage.get("steps") for stage in stages]
    earlier = sum(stage.get("options", {}).get(name) or 0 for stage in stages for name in _EARLIER_STEPS)
    total = earlier + sum(count for count in steps if count is not None)
    more = " and those that were not recorded" if None in steps else ""
    return [*lines, "", f"{total} steps in all{more}."]


def training_commands(name, stages):
    """Return the commands of a chain of trainings: sets, configuration, folds, steps, rate and batch.

    Parameters
    ----------
    name : str
        Of the backend.
    stages : list of dict

    Returns
    -------
    list of str
        One for each stage that is a training. Options that are not named are those of the configuration's recipe.

    Examples
    --------
    >>> from seissynth_plugins.torchkit.stages import training_commands
    >>> stage = {"what": "training", "data": ["windows"], "name": "small", "fold": 2, "options": {"steps": 100}}
    >>> training_commands("dgm", [stage])
    ['seissynth train dgm --data windows --config small --fold 2 --set steps=100 -o STAGE_1']
    """
    commands, before = [], None
    for number, stage in enumerate(stages, start=1):
        if stage.get("what") != "training":
            continue
        parts = ["seissynth train", name, *(f"--data {data}" for data in stage.get("data") or ["SET"])]
        parts.append(f"--config {stage.get('name', 'small')}")
        if stage.get("fold") is not None:
            parts.append(f"--fold {stage['fold']}")
        if before is not None and stage.get("init_weights_hash") is not None:
            parts.append(f"--from {before}/weights.safetensors")
        options = stage.get("options", {})
        # what is off is not named
        given = {key: options[key] for key in (*_EARLIER_STEPS, *_NAMED) if options.get(key)}
        parts += [f"--set {key}={_on_the_command_line(value)}" for key, value in given.items()]
        before = f"STAGE_{number}"
        commands.append(" ".join([*parts, f"-o {before}"]))
    return commands


_UNKNOWN = "not recorded"
#: options of steps that come before those of the loop, and how a card calls them
_EARLIER_STEPS = {"critic_noise_steps": "of the critic on noise", "energy_steps": "by the energy score"}
#: options that a command to train again names
_NAMED = ("energy_rate", "energy_weight", "steps", "batch_size", "learning_rate")


def _steps(stage):
    options = stage.get("options", {})
    more = [f"{options[name]} {words}" for name, words in _EARLIER_STEPS.items() if options.get(name)]
    return ", then ".join([*more, _known(stage, "steps")])


def _on_the_command_line(value):
    text = json.dumps(value)
    return f"'{text}'" if isinstance(value, dict) else text


def _known(stage, name):
    value = stage.get(name)
    return _UNKNOWN if value is None else str(value)
