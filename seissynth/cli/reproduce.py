"""``seissynth reproduce``: make the records of an ASDF file or a set again and compare them bit for bit."""

from pathlib import Path
from typing import Annotated

import typer

from seissynth.cli._common import DebugOption, QuietOption, command, progress_bar


@command
def reproduce(
    file: Annotated[
        Path, typer.Argument(help="ASDF file (.h5) written by seissynth, or the folder of a set of dataset make.")
    ],
    weights: Annotated[
        Path | None, typer.Option(help="Weights of the records, if not those shipped with the backend.")
    ] = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Make the records of a file, or of a set, again and compare them with those in it.

    Events, stations, arguments and seeds are read from the file, or from the set's folder. The exit code is 0 if all
    records are bit-for-bit equal, else 1.

    For example:

    - seissynth reproduce out.h5

    - seissynth reproduce made
    """
    from seissynth.reproduction import reproduce as run

    with progress_bar("making records again", 100, quiet) as step:
        report = run(file, weights=weights, progress=lambda done, total: step(100.0 * done / total))
    if not quiet:
        typer.echo(str(report))
    if not report.equal:
        raise typer.Exit(1)
