"""``seissynth plot``: plot the records of an ASDF file."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from seissynth.cli._common import (
    DebugOption,
    OverwriteOption,
    QuietOption,
    RecordsArgument,
    command,
    file_option,
    refuse_existing,
    say,
)
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


@command
def plot(
    file: RecordsArgument,
    output: Annotated[Path, file_option("--output", "-o", help="Picture to write: .png, .pdf, .svg.")],
    kind: Annotated[Kind, typer.Option("--kind", "-k", help="What to draw.")] = Kind.TRACES,
    event: Annotated[int, typer.Option("--event", min=0, help="Number of the event in the file.")] = 0,
    realization: Annotated[int, typer.Option("--realization", min=0, help="Number of the realisation.")] = 0,
    station: Annotated[
        str | None, typer.Option("--station", help="Only this station; wildcards allowed.", show_default=False)
    ] = None,
    component: Annotated[str, typer.Option("--component", help="Of a section.")] = "Z",
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Draw the records of a file, or its stations and events.

    For example:

    - seissynth plot out.h5 -o traces.png

    - seissynth plot out.h5 --kind section --component N -o section.pdf

    - seissynth plot out.h5 --kind response-spectra --station AMAT -o spectra.png
    """
    refuse_existing([output], overwrite)

    from seissynth import plotting
    from seissynth.io.asdf import read_asdf
    from seissynth.plotting.style import check_outfile

    check_outfile(output)
    contents = read_asdf(file)
    if kind is Kind.MAP:
        plotting.plot_map(contents.inventory, contents.catalog, outfile=output)
    else:
        stream = _choose(contents, file, event, realization, station)
        if kind is Kind.SECTION:
            plotting.plot_section(stream, component=component, outfile=output)
        else:
            draw = {
                Kind.TRACES: plotting.plot_traces,
                Kind.SPECTRA: plotting.plot_spectra,
                Kind.SMOOTHED_SPECTRA: plotting.plot_smoothed_spectra,
                Kind.RESPONSE_SPECTRA: plotting.plot_response_spectra,
                Kind.SPECTROGRAM: plotting.plot_spectrogram,
            }[kind]
            draw(stream, outfile=output)
    if not quiet:
        say(f"{output} written")


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
    chosen = everything.select(station=station) if station else everything
    wanted = (ids[event], realization)
    chosen = type(everything)(
        [trace for trace in chosen if (trace.stats.seissynth.event_id, trace.stats.seissynth.realization) == wanted]
    )
    if not chosen:
        codes = sorted({trace.stats.station for trace in everything})
        raise InputError(f"nothing to draw: --station {station} is not among {', '.join(codes)} of this event.")
    return chosen
