"""History of weights: a chain of stages, oldest first, stored in every weights file.

A stage is plain data: "what" ("training", "fit" or "not recorded"), "package_version", "data" (names of the sets),
"training_data_hash", "name" (of the configuration), "steps", "pairs" (or "records", where a kind of weights counts
these), "seed", "fold", "folds", "stations_out", "init_weights_hash" (of the file that it began with; None for random
weights) and "options". An absent key was not recorded.
"""

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
        cells = [data, _known(stage, "training_data_hash"), begun, _known(stage, "steps"), _known(stage, items)]
        lines.append(f"| {number}, {stage['what']} | {' | '.join(cells)} |")
    steps = [stage.get("steps") for stage in stages]
    total = sum(count for count in steps if count is not None)
    more = " and those that were not recorded" if None in steps else ""
    return [*lines, "", f"{total} steps in all{more}."]


_UNKNOWN = "not recorded"


def _known(stage, name):
    value = stage.get(name)
    return _UNKNOWN if value is None else str(value)
