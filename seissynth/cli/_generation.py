"""Common code of commands that make or cut records: options of the command line, and parsing of values."""

import enum
import inspect
import json
from pathlib import Path
from typing import Annotated

import typer

from seissynth.cli import _panels as panels


class Quantity(enum.StrEnum):
    """Values of --output-quantity."""

    VEL = "VEL"
    ACC = "ACC"
    DISP = "DISP"
    RAW = "RAW"


_inventory = typer.Option(
    "--inventory",
    "-i",
    rich_help_panel=panels.EVENTS,
    help="Stations (StationXML); counts need responses or gains.",
    show_default=False,
)
_catalog = typer.Option(
    "--catalog",
    "-c",
    rich_help_panel=panels.EVENTS,
    help="Earthquakes (QuakeML), with or without picks.",
    show_default=False,
)
InventoryOption = Annotated[Path | None, _inventory]
RequiredInventoryOption = Annotated[Path, _inventory]
CatalogOption = Annotated[Path | None, _catalog]
RequiredCatalogOption = Annotated[Path, _catalog]
FolderOption = Annotated[Path, typer.Option("--output", "-o", help="Folder of the data set.", show_default=False)]
WindowRateOption = Annotated[
    float, typer.Option("--sampling-rate", rich_help_panel=panels.RECORDS, help="Sampling rate, Hz.")
]
WindowLengthOption = Annotated[
    float, typer.Option("--duration", rich_help_panel=panels.RECORDS, help="Length of each record, s.")
]
BackendOption = Annotated[
    str,
    typer.Option(
        "--backend", "-b", rich_help_panel=panels.BACKEND, help="Backend; list them with: seissynth backends."
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        rich_help_panel=panels.BACKEND,
        help="Option of the backend, or NAME=@file.json; may be repeated.",
        metavar="<name=value>",
        show_default=False,
    ),
]
QuantityOption = Annotated[
    Quantity,
    typer.Option(
        "--output-quantity",
        rich_help_panel=panels.RECORDS,
        help="Velocity (m/s), acceleration (m/s²), displacement (m) or counts.",
        case_sensitive=False,
    ),
]
VelocityModelOption = Annotated[
    str,
    typer.Option(
        "--velocity-model",
        rich_help_panel=panels.RECORDS,
        help="Velocity model for the onsets of P and S, or a .json file of station delays.",
    ),
]
StationTermsOption = Annotated[
    Path | None,
    typer.Option(
        "--station-terms",
        rich_help_panel=panels.RECORDS,
        help="Site terms of stations, a file of StationTerms.write.",
        show_default=False,
    ),
]
QuantizeOption = Annotated[
    bool, typer.Option("--quantize", rich_help_panel=panels.RECORDS, help="Round to whole counts (RAW only).")
]
ClipCountsOption = Annotated[
    float | None,
    typer.Option(
        "--clip-counts",
        rich_help_panel=panels.RECORDS,
        help="Clip at this full scale, counts (RAW only).",
        show_default=False,
    ),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        rich_help_panel=panels.BACKEND,
        help="Trained weights, for learned backends.",
        show_default=False,
    ),
]
DeviceOption = Annotated[
    str, typer.Option("--device", rich_help_panel=panels.BACKEND, help="Device of a learned backend: cpu, cuda.")
]


def parse_options(items, taken=None):
    """``name=value`` pairs; JSON (a number, true, a list) is parsed, ``@FILE`` is read, all else is text.

    `taken` holds names that are not such options: by default the arguments of `seissynth.generate`.
    """
    known = _taken_names() if taken is None else taken
    options = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not (equals and name.isidentifier()):
            raise typer.BadParameter(f"--set {item!r} must have the form name=value.")
        if name in known:
            raise typer.BadParameter(f"--set {name}=...: use the command's option of this name instead.")
        if text.startswith("@"):
            options[name] = _read_json(name, Path(text[1:]))
            continue
        try:
            options[name] = json.loads(text)
        except ValueError:
            options[name] = text
    return options


def _read_json(name, path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--set {name}=@{path}: no JSON file that can be read ({error}).") from error


def _taken_names():
    from seissynth.synthesis import generate as function

    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {name for name, parameter in inspect.signature(function).parameters.items() if parameter.kind in kinds}


def number_or_text(text):
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
