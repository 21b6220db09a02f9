"""``seissynth backends``: list the installed backends."""

import json
from typing import Annotated

import typer

from seissynth.cli._common import DebugOption, command

_STYLES = {"broken": "red", "incomplete": "yellow"}


@command
def backends(
    check: Annotated[bool, typer.Option("--check", help="Import each backend to see whether it works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
    debug: DebugOption = False,
):
    """List the installed backends.

    With --check every backend is imported, with the packages it needs. A broken backend is shown with its cause, and
    the exit code is 1. An incomplete one is shown with its missing package or weights and how to get them. Ranges are
    those of the weights shipped with a backend.

    For example:

    - seissynth backends

    - seissynth backends --check --json
    """
    from seissynth.backends.registry import list_backends

    infos = list_backends(check=check)
    if as_json:
        typer.echo(json.dumps([_plain(info) for info in infos], indent=2))
    else:
        _print_table(infos, check)
    if any(info.status == "broken" for info in infos):
        raise typer.Exit(1)


def _plain(info):
    facts = {name: getattr(info, name) for name in ("name", "distribution", "version", "module", "status", "cause")}
    card = info.card
    if card is not None:
        facts.update(
            summary=card.summary,
            quantity=card.quantity,
            sampling_rates_hz=list(card.sampling_rates_hz),
            max_duration_s=card.max_duration_s,
            magnitude_range=card.magnitude_range and list(card.magnitude_range),
            distance_range_km=card.distance_range_km and list(card.distance_range_km),
            distance_kind=card.distance_kind,
            depth_range_km=card.depth_range_km and list(card.depth_range_km),
            capabilities=sorted(card.capabilities),
            references=list(card.references),
            licence_code=card.licence_code,
            licence_weights=card.licence_weights,
            trained_region=card.trained_region,
            packages=dict(card.packages),
        )
    return facts


def _print_table(infos, check):
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from seissynth.backends._info import lay_out

    if not infos:
        typer.echo("no backends installed")
        return
    console = Console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    head, rows = infos.cells()
    for name in head:
        table.add_column(name, no_wrap=name != head[-1])
    for info, cells in zip(infos, rows, strict=True):
        # plain text: a cause may hold square brackets, which rich would take for markup
        table.add_row(*(Text(cell) for cell in cells), style=_STYLES.get(info.status))
    console.print(table)
    for cause in infos.causes():
        typer.echo(f"\n{lay_out(cause, console.width)}")
    if not check:
        typer.echo("\nseissynth backends --check says which of them work here, and where they are valid.")
