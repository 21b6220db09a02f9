"""Results of a training: weights with their card, the card as a page, and the curve of its losses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seissynth.errors import FileFormatError
from seissynth_plugins.torchkit.checkpoints import read_header
from seissynth_plugins.torchkit.run_folder import write_text
from seissynth_plugins.torchkit.stages import earlier_stages, stages_table, training_commands, training_stage
from seissynth_plugins.torchkit.weights import save_model

#: what `open_run` asks of every training; further options go into the card's stage
_ASKED_OF_ALL = ("config", "data", "init", "seed")
#: rows of the card: column -> title, and the range in words
_RANGE_ROWS = {
    "source_magnitude": ("magnitude", "{:g} to {:g}"),
    "path_ep_distance_km": ("epicentral distance", "{:.0f} to {:.0f} km"),
    "source_depth_km": ("depth", "{:.0f} to {:.0f} km"),
}


@dataclass(frozen=True)
class TrainReport:
    """Result of a call of a trainer.

    Parameters
    ----------
    output : pathlib.Path
    weights : pathlib.Path or None
        None where a first stage has not ended.
    step, steps : int
    finished : bool
        False: the same call resumes the training.
    first : str
        Name of the first stage, which ends without weights.
    """

    output: Path
    weights: Path | None
    step: int
    steps: int
    finished: bool
    first: str = "another stage"

    def __str__(self):
        state = "finished" if self.finished else f"stopped at step {self.step} of {self.steps}; the same call resumes"
        weights = f"Weights so far: {self.weights}" if self.weights else f"No weights yet: {self.first} comes first"
        return f"{self.output}: {state}. {weights}"


@dataclass(frozen=True)
class Trained:
    """A network as it will be written.

    Parameters
    ----------
    values : dict of str to Tensor
    network : dataclass
        Its configuration.
    inputs : object
        Scaling of its inputs and outputs, see `weights.Kind`.
    about : dict
        Of `about_weights`.
    """

    values: dict
    network: object
    inputs: object
    about: dict


def leave_weights(
    run, items, result, recipe, network, inputs, *, export="last", region="", licence="MIT", after=(), further=None,
    **options,
):  # fmt: skip
    """Write the weights of a training that ended or was stopped, their card and curve.

    Parameters
    ----------
    run : run_folder.Run
    items : object
        Training data, with ``fingerprint``.
    result : training.TrainResult
    recipe : training.TrainConfig
    network : dataclass
    inputs : object
    export : {"last", "best"}
        The moving average at the last step, or where validation was best (`TrainConfig.best_by`).
    region, licence : str
        Region: default: that of the training part's earthquakes.
    after : sequence of callable
        From `Trained` to `Trained`: fits to the finished network, in this order.
    further : dict, optional
        Plain data for the card.
    **options
        Plain data that the stage of the training keeps.

    Returns
    -------
    TrainReport
    """
    best = export == "best" and result.best is not None
    about = about_weights(
        run, items, result, recipe, region=region, licence=licence, best=best, export=export, **options
    )
    trained = Trained(result.best if best else result.weights, network, inputs, {**about, **(further or {})})
    if result.finished:
        for fit in after:
            trained = fit(trained)
    weights = run.output / "weights.safetensors"
    save_model(weights, trained.values, trained.network, trained.inputs, trained.about, run.kind)
    write_card(trained.about, weights, run.table, run.kind)
    draw_curve(run.output)
    return TrainReport(run.output, weights, result.step, recipe.steps, result.finished)


def about_weights(run, items, result, recipe, *, region="", licence="MIT", best=False, **options):
    """Return the training information for the header of a weights file; `options` are kept with its stage.

    Parameters
    ----------
    run, items, result, recipe, region, licence
        As for `leave_weights`.
    best : bool
        Whether these are the weights of the best step.
    **options
        Plain data.

    Returns
    -------
    dict
    """
    table, asked = run.table, run.asked
    steps = result.best_step if best else result.step
    begun = None if run.start is None else run.start[2]
    header = {
        "training_data_hash": items.fingerprint, "region": region or _region(table), "licence": licence,
        "ranges": table.ranges(), "sensors": sorted(set(table.sensors(table.rows("train")))),
        "onset_origin": table.onset_origins(), "steps": steps,
        run.kind.items: recipe.batch_size * recipe.accumulate * recipe.devices * steps,
        "name": asked["config"], "fold": table.fold, "folds": table.folds, "stations_out": list(table.stations_out),
        "seed": asked["seed"], "begun_with": None if begun is None else begun["training_data_hash"],
        "data": table.names, **_area(table),
    }  # fmt: skip
    stage_options = {**options, **{name: value for name, value in asked.items() if name not in _ASKED_OF_ALL}}
    stage = training_stage(header, recipe, asked["init"], **stage_options)
    return {**header, "stages": [*earlier_stages(begun), stage]}


def _region(table):
    train = table.table.iloc[table.rows("train")]
    columns = [f"source_{name}_deg" for name in ("latitude", "longitude")]
    if not all(name in train for name in columns):
        return "not recorded"
    (south, north), (west, east) = ((train[name].min(), train[name].max()) for name in columns)
    return f"{south:.2f} to {north:.2f} N, {west:.2f} to {east:.2f} E"


def _area(table):
    """South, north, west, east of the earthquakes and stations of the training part, where known."""
    train = table.table.iloc[table.rows("train")]
    sides = []
    for name in ("latitude", "longitude"):
        values = [
            train[f"{of}_{name}_deg"].to_numpy(float) for of in ("source", "station") if f"{of}_{name}_deg" in train
        ]
        known = np.concatenate(values) if values else np.empty(0)
        known = known[np.isfinite(known)]
        if not len(known):
            return {}
        sides += [float(known.min()), float(known.max())]
    return {"area_deg": sides}


def draw_curve(output):
    """Draw the losses of a run next to its metrics."""
    from seissynth.plotting.training_curves import plot_training

    try:
        plot_training(output / "metrics.csv", outfile=output / "curve.png")
    except FileFormatError:  # stopped before the first line
        return


def write_card(card, weights, table, kind):
    """Write CARD.md next to the weights: information from the training, and placeholders for measured values.

    Parameters
    ----------
    card : dict
        Of `about_weights`.
    weights : pathlib.Path
        Already written.
    table : training_table.TrainingTable
    kind : weights.Kind
    """
    out = ", ".join(card["stations_out"]) or "none"
    block = "no block" if card["fold"] is None else f"fold {card['fold']} of {card['folds']}"
    parts = {part: (len(table.rows(part)), table.count_events(part)) for part in ("train", "dev", "test")}
    ranges = [(_RANGE_ROWS[name], card["ranges"][name]) for name in _RANGE_ROWS if name in card["ranges"]]
    size, dtype = weights.stat().st_size / 1e6, read_header(weights)["dtype"]
    lines = [
        f"# Weights of {kind.name}: {card['name']}",
        "",
        "| | |",
        "|---|---|",
        f"| file | `{weights.name}`, {size:.1f} MB, {dtype} |",
        f"| licence | {card['licence']} |",
        f"| trained on | {', '.join(card['data'])} (hash {card['training_data_hash']}) |",
        f"| started from | {_begun_with(card)} |",
        f"| region | {card['region']} |",
        f"| steps | {card['steps']} ({card[kind.items]} {kind.items}) in the last stage of training |",
        f"| kept out | {block}; stations {out} |",
        *(f"| part {part} | {count} records of {events} earthquakes |" for part, (count, events) in parts.items()),
        *(f"| {title} | {words.format(*values)} |" for (title, words), values in ranges),
        f"| records | {table.rules.describe()} |",
        "",
        "## Stages",
        "",
        *stages_table(card["stages"], kind.items),
        "",
        "## Measured",
        "",
        "Not measured yet on records that the training did not see. Metrics go here, with the command that made them,",
        "beside the stochastic default; where these weights are no better, this page says so.",
        "",
        "## Train again",
        "",
        *(f"    {command}" for command in training_commands(kind.name, card["stages"])),
        "",
    ]
    write_text(weights.with_name("CARD.md"), "\n".join(lines))


def _begun_with(card):
    """The first weights of the last stage, by the hashes of their file and of their data."""
    begun = card["stages"][-1].get("init_weights_hash")
    return "random weights" if begun is None else f"weights {begun}, trained on data {card['begun_with']}"
