"""``seissynth explain``: show the inputs of the records of an ASDF file."""

from typing import Annotated

import typer

from seissynth.cli._common import DebugOption, RecordsArgument, command


@command
def explain(
    file: RecordsArgument,
    everything: Annotated[bool, typer.Option("--all", help="Print every column, not only the main ones.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
    debug: DebugOption = False,
):
    """Print the inputs of the records: distances, onsets, source and site parameters.

    For example:

    - seissynth explain out.h5

    - seissynth explain out.h5 --all

    - seissynth explain out.h5 --json
    """
    from seissynth import explain as table_of
    from seissynth.io.asdf import read_asdf

    table = table_of(read_asdf(file).stream, full=everything or as_json)
    if as_json:
        typer.echo(table.to_json(orient="records", indent=2, date_format="iso"))
    elif everything:
        typer.echo(table.to_string())
    else:
        typer.echo(str(table).replace("explain(..., full=True) prints", "--all prints"))
