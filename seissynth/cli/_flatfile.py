"""``seissynth evaluate --flatfile``: options, and the run."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from seissynth.cli import _panels as panels
from seissynth.cli._common import progress_bar, say
from seissynth.cli._generation import parse_options

FlatfileOption = Annotated[
    Path | None,
    typer.Option(
        "--flatfile",
        "-f",
        rich_help_panel=panels.FLATFILE,
        help="Flat file of observed ground motion (ESM, NGA-West2, USGS), instead of records.",
        show_default=False,
    ),
]
MappingOption = Annotated[
    Path | None,
    typer.Option(
        "--mapping",
        rich_help_panel=panels.FLATFILE,
        help="JSON or TOML that names columns and units of another flat file.",
        show_default=False,
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit", rich_help_panel=panels.FLATFILE, help="Only so many events, drawn.", min=1, show_default=False
    ),
]
MaxDistanceOption = Annotated[
    float, typer.Option("--max-distance", rich_help_panel=panels.FLATFILE, help="Largest epicentral distance, km.")
]
PeriodsOption = Annotated[
    str | None,
    typer.Option(
        "--periods", rich_help_panel=panels.FLATFILE, help="Periods of PSA, s, comma-separated.", show_default=False
    ),
]
RealizationsOption = Annotated[
    int,
    typer.Option(
        "--realizations", rich_help_panel=panels.FLATFILE, help="Realisations of each record, averaged.", min=1
    ),
]
ModelOption = Annotated[
    str, typer.Option("--model", rich_help_panel=panels.FLATFILE, help="Ground-motion model beside it, or 'none'.")
]
ScatterOption = Annotated[
    bool,
    typer.Option("--scatter/--no-scatter", rich_help_panel=panels.FLATFILE, help="Also one draw with random terms."),
]
StationTermsOption = Annotated[
    Path | None,
    typer.Option(
        "--station-terms",
        rich_help_panel=panels.FLATFILE,
        help="Site terms of stations, a file of StationTerms.write.",
        show_default=False,
    ),
]

#: parameters that only a comparison with a flat file uses
OF_FLATFILE = (
    "mapping", "limit", "max_distance", "periods", "realizations", "model", "scatter", "station_terms", "backend",
    "options", "weights", "device",
)  # fmt: skip
#: parameters that only a comparison of records uses
OF_RECORDS = (
    "real", "generated", "name", "real_name", "picker", "train", "split", "groups", "skip", "baselines", "clipped",
)  # fmt: skip


def refuse_others(context, names, reason):
    """Raise BadParameter for the first of some parameters that the user has given."""
    options = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    for name in names:
        if context.get_parameter_source(name).name not in ("DEFAULT", "DEFAULT_MAP"):
            raise typer.BadParameter(f"{options.get(name, name)} {reason}")


def run_flatfile(flatfile, output, *, periods, model, options, weights, quiet, **arguments):
    """Evaluate a flat file, write the report, and print the leading numbers."""
    from seissynth.report import evaluate_flatfile
    from seissynth.shared.tables import text_table

    with progress_bar("evaluating", 100, quiet) as step:
        found = evaluate_flatfile(
            flatfile,
            report=output,
            command=shlex.join(["seissynth", *sys.argv[1:]]),
            periods_s=_periods(periods),
            model=None if model == "none" else model,
            options=parse_options(options or []),
            weights=weights and str(weights),
            progress=lambda done, total, _: step(100.0 * done / max(total, 1)),
            **arguments,
        )
    if not quiet:
        typer.echo(text_table(*found.cells(), rule=False))
        for note in found.notes:
            say(note)
        say(f"{output} written, tables in {output.stem}_tables")
    for failure in found.failures:
        say(f"error: {failure}")
    if found.failures:
        raise typer.Exit(1)


def _periods(words):
    if words is None:
        return None
    try:
        return [float(word) for word in words.split(",")]
    except ValueError as error:
        raise typer.BadParameter(
            f"--periods {words!r} must be numbers, comma-separated, such as 0.1,0.3,1,3."
        ) from error
