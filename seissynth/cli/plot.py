"""``seissynth plot``: pictures of a file of records."""

import enum
import glob
from pathlib import Path
from typing import Annotated

import typer

from seissynth.cli import _generation as generation
from seissynth.cli._common import (
    DebugOption,
    OverwriteOption,
    QuietOption,
    command,
    file_option,
    refuse_existing,
    say,
)
from seissynth.cli._foreign_records import at_station, foreign_stream, is_asdf
from seissynth.errors import InputError


class Kind(enum.StrEnum):
    """Values of --kind."""

    TRACES = "traces"
    SECTION = "section"
    SPECTRA = "spectra"
    SMOOTHED_SPECTRA = "smoothed-spectra"
    RESPONSE_SPECTRA = "response-spectra"
    SPECTROGRAM = "spectrogram"
    MAP = "map"


_KINDS = f"Kind of plot: {', '.join(list(Kind)[:-1])} or {list(Kind)[-1]}."


@command
def plot(
    file: Annotated[Path, typer.Argument(help="Records: .h5 of seissynth, or any file ObsPy reads; or '*.sac'.")],
    output: Annotated[
        Path | None,
        file_option(
            "--output", "-o", help="Picture to write: .png, .pdf or .svg; default: the file's name and kind, as .png."
        ),
    ] = None,
    kind: Annotated[Kind, typer.Option("--kind", "-k", help=_KINDS, metavar="<kind>")] = Kind.TRACES,
    event: Annotated[int, typer.Option("--event", min=0, help="Event to plot, counted from 0.")] = 0,
    realization: Annotated[int, typer.Option("--realization", min=0, help="Realisation to plot, counted from 0.")] = 0,
    station: Annotated[
        str | None,
        typer.Option("--station", help="Only this station, by code or NET.STA; wildcards allowed.", show_default=False),
    ] = None,
    component: Annotated[str, typer.Option("--component", help="Component of a section.")] = "Z",
    same_time: Annotated[bool, typer.Option("--same-time", help="Use one time axis for all traces.")] = False,
    quantity: Annotated[
        generation.Quantity | None,
        typer.Option(
            "--quantity",
            help="Quantity of the samples, if the file does not give it.",
            case_sensitive=False,
            show_default=False,
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Plot the records of a file, or a map of its stations and events.

    For example:

    - seissynth plot out.h5

    - seissynth plot out.h5 --kind section --component N -o section.pdf

    - seissynth plot out.mseed --quantity VEL --station AMAT -o traces.png

    - seissynth plot '*.sac' --kind response-spectra -o spectra.png

    Sections need distances, as in .h5 and SAC files. Maps need an .h5 file.
    """
    output = output or default_picture(file, kind)
    refuse_existing([output], overwrite)

    from seissynth import plotting
    from seissynth.plotting.style import check_outfile

    check_outfile(output)
    if is_asdf(file):
        from seissynth.io.asdf import read_asdf

        contents = read_asdf(file)
        if kind is Kind.MAP:
            plotting.plot_map(contents.inventory, contents.catalog, outfile=output)
        else:
            _draw(kind, _choose(contents, file, event, realization, station), output, component, same_time, quantity)
    else:
        stream = foreign_stream(file, kind.value, event, realization, station, quantity)
        _draw(kind, stream, output, component, same_time, quantity)
    if not quiet:
        say(f"{output} written")


def default_picture(file, kind):
    """Return the picture of a file's records in the current folder: ``out.png``, or ``out_section.png`` of a section.

    Examples
    --------
    >>> print(default_picture("day/out.h5", Kind.TRACES), default_picture("*.sac", Kind.RESPONSE_SPECTRA))
    out.png records_response_spectra.png
    """
    stem = Path(file).stem
    name = "records" if glob.has_magic(stem) else stem
    return Path(f"{name}.png" if kind is Kind.TRACES else f"{name}_{kind.value.replace('-', '_')}.png")


def _draw(kind, stream, output, component, same_time, quantity):
    from seissynth import plotting

    if kind is Kind.SECTION:
        plotting.plot_section(stream, component=component, outfile=output)
        return
    draw = {
        Kind.TRACES: plotting.plot_traces,
        Kind.SPECTRA: plotting.plot_spectra,
        Kind.SMOOTHED_SPECTRA: plotting.plot_smoothed_spectra,
        Kind.RESPONSE_SPECTRA: plotting.plot_response_spectra,
        Kind.SPECTROGRAM: plotting.plot_spectrogram,
    }[kind]
    more = {"same_time": same_time} if kind is Kind.TRACES else {}
    draw(stream, outfile=output, quantity=quantity and quantity.value, **more)


def _choose(contents, file, event, realization, station):
    """The traces of one event and realisation; if they are not in the file, the error lists its content."""
    everything = contents.stream
    ids = [item.resource_id.id for item in contents.catalog]
    if not ids:
        ids = list(dict.fromkeys(trace.stats.seissynth.event_id for trace in everything))
    if event >= len(ids):
        raise InputError(f"--event {event}: {file} holds events 0 to {len(ids) - 1}.")
    numbers = {int(trace.stats.seissynth.realization) for trace in everything}
    if realization not in numbers:
        raise InputError(f"--realization {realization}: {file} holds {', '.join(map(str, sorted(numbers)))}.")
    chosen = at_station(everything, station)
    wanted = (ids[event], realization)
    chosen = type(everything)(
        [trace for trace in chosen if (trace.stats.seissynth.event_id, trace.stats.seissynth.realization) == wanted]
    )
    if not chosen and not station:
        raise InputError(f"nothing to draw: {file} has no record of event {event}, realisation {realization}.")
    if not chosen:
        codes = sorted({trace.stats.station for trace in everything})
        raise InputError(f"nothing to draw: --station {station} is not among {', '.join(codes)} of this event.")
    return chosen
