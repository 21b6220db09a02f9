"""``seissynth backends``: who can make records here."""

import json
from typing import Annotated

import typer

from seissynth.cli._common import DebugOption, command


@command
def backends(
    check: Annotated[bool, typer.Option("--check", help="Import each one, to see whether it works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
    debug: DebugOption = False,
):
    """List the installed backends.

    With --check every backend is imported: broken ones appear with their cause, and exit code 1 says that
    there is one.

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
    found = {name: getattr(info, name) for name in ("name", "distribution", "version", "module", "status", "cause")}
    card = info.card
    if card is not None:
        found.update(
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
        )
    return found


def _print_table(infos, check):
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not infos:
        typer.echo("no backends installed")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = ["backend", "from", "version"]
    columns += ["status", "magnitude", "distance (km)", "what it is"] if check else ["class"]
    for name in columns:
        table.add_column(name, overflow="fold")
    for info in infos:
        cells = [info.name, info.distribution, info.version]
        if check:
            card = info.card
            cells += [info.status, _range(card and card.magnitude_range), _range(card and card.distance_range_km)]
            cells.append(card.summary if card else info.cause)
        else:
            cells.append(info.module)
        # text as it is: a cause may hold square brackets, which rich would take for markup
        table.add_row(*(Text(str(cell)) for cell in cells), style="red" if info.status == "broken" else None)
    Console().print(table)


def _range(pair):
    return f"{pair[0]:g} to {pair[1]:g}" if pair else "any"
