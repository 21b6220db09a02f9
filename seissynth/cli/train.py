"""``seissynth train``: train a learned backend on data sets."""

from pathlib import Path
from typing import Annotated

import typer

from seissynth.cli import _panels as panels
from seissynth.cli._common import DebugOption, QuietOption, command
from seissynth.cli._generation import parse_options

#: arguments of a trainer that are options of the command
_OWN = {"data", "output", "config", "fold", "stations_out", "init", "seed", "max_minutes", "progress", "resume"}


@command
def train(
    backend: Annotated[str, typer.Argument(help="What to train, as 'heggs'.", show_default=False)],
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            "-d",
            rich_help_panel=panels.DATA,
            help="Folder of a data set; may be repeated.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the run; one that is there goes on.", show_default=False)
    ],
    config: Annotated[
        str, typer.Option("--config", rich_help_panel=panels.TRAINING, help="Size, and variants joined by '+'.")
    ] = "small",
    fold: Annotated[
        int | None,
        typer.Option(
            "--fold",
            rich_help_panel=panels.DATA,
            help="Which block of time is kept for testing.",
            min=0,
            show_default=False,
        ),
    ] = None,
    stations_out: Annotated[
        str | None,
        typer.Option(
            "--stations-out",
            rich_help_panel=panels.DATA,
            help="Stations kept out: NET.STA,NET.STA.",
            show_default=False,
        ),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            "--init", "--from", rich_help_panel=panels.TRAINING, help="Weights to begin with.", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", "-s", rich_help_panel=panels.TRAINING, help="Of everything that is drawn.", min=0)
    ] = 0,
    max_minutes: Annotated[
        float | None,
        typer.Option(
            "--max-minutes",
            rich_help_panel=panels.TRAINING,
            help="Stop after so long; the same command goes on.",
            show_default=False,
        ),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            rich_help_panel=panels.TRAINING,
            help="A further option, name=value, as steps=2000; may be repeated.",
            metavar="NAME=VALUE",
            show_default=False,
        ),
    ] = None,
    restart: Annotated[
        bool,
        typer.Option("--restart", rich_help_panel=panels.TRAINING, help="Begin anew in a folder that holds a run."),
    ] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Train a learned backend; a training that was stopped, even killed, goes on to the same result.

    For example:

    - seissynth train heggs --data windows --config small --fold 0 --output run

    - seissynth train heggs --data made --data windows --init weights.safetensors --max-minutes 120 -o run

    - seissynth train heggs --data windows --set steps=2000 --set learning_rate=1e-4 -o run

    - seissynth train swag --data my_station --from weights.safetensors -o run
    """
    from seissynth.backends.trainers import get_trainer

    trainer = get_trainer(backend)
    report = trainer(
        [str(path) for path in data],
        output,
        config=config,
        fold=fold,
        stations_out=[name.strip() for name in (stations_out or "").split(",") if name.strip()],
        init=init,
        seed=seed,
        max_minutes=max_minutes,
        progress=not quiet,
        resume=not restart,
        **parse_options(options or [], _OWN),
    )
    if not quiet:
        typer.echo(str(report))
