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
    backend: Annotated[str, typer.Argument(help="Backend to train, as 'heggs'.", show_default=False)],
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            "-d",
            rich_help_panel=panels.DATA,
            help="Folder of training data; may be repeated. For 'stochastic' a flat file, or a folder of real records.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the run; an existing run is resumed.", show_default=False)
    ],
    config: Annotated[
        str, typer.Option("--config", rich_help_panel=panels.TRAINING, help="Model size and variants, joined by '+'.")
    ] = "small",
    fold: Annotated[
        int | None,
        typer.Option(
            "--fold",
            rich_help_panel=panels.DATA,
            help="Block of time kept for testing.",
            min=0,
            show_default=False,
        ),
    ] = None,
    stations_out: Annotated[
        str | None,
        typer.Option(
            "--stations-out",
            rich_help_panel=panels.DATA,
            help="Stations excluded from training: NET.STA,NET.STA.",
            show_default=False,
        ),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            "--init",
            "--from",
            rich_help_panel=panels.TRAINING,
            help="Start from these weights; 'shipped' for those that come with seissynth.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", "-s", rich_help_panel=panels.TRAINING, help="Seed of everything random.", min=0)
    ] = 0,
    max_minutes: Annotated[
        float | None,
        typer.Option(
            "--max-minutes",
            rich_help_panel=panels.TRAINING,
            help="Stop after this time; the same command resumes.",
            show_default=False,
        ),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            rich_help_panel=panels.TRAINING,
            help="Further option, as steps=2000; may be repeated.",
            metavar="<name=value>",
            show_default=False,
        ),
    ] = None,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", rich_help_panel=panels.TRAINING, help="Discard the run in the folder and start over."
        ),
    ] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Train a learned backend, or fit the default backend to a region.

    Repeat the command to resume an interrupted training, with the same result.

    For example:

    - seissynth train heggs --data windows --config small --fold 0 --output run

    - seissynth train heggs --data made --data windows --init weights.safetensors --max-minutes 120 -o run

    - seissynth train heggs --data windows --set steps=2000 --set learning_rate=1e-4 -o run

    - seissynth train swag --data my_station --from weights.safetensors -o run

    - seissynth train stochastic --data ESM_flatfile.csv -o italy
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
