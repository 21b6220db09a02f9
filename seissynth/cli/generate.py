"""``seissynth generate``: make records from an inventory and a catalogue."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from seissynth.cli import _generation as generation
from seissynth.cli import _panels as panels
from seissynth.cli._common import (
    DebugOption,
    OverwriteOption,
    QuietOption,
    command,
    file_option,
    progress_bar,
    read_catalog,
    read_stations,
    refuse_existing,
    say,
)
from seissynth.cli._summary import summary_lines


class Noise(enum.StrEnum):
    """Values of --noise."""

    AUTO = "auto"
    NLNM = "nlnm"
    NHNM = "nhnm"


class Outside(enum.StrEnum):
    """Values of --outside."""

    RAISE = "raise"
    SKIP = "skip"
    WARN = "warn"
    ALLOW = "allow"


_OUTSIDE = f"One of {', '.join(Outside)}."


@command
def generate(
    output: Annotated[
        Path, file_option("--output", "-o", help="File to write: .h5 or .asdf (with metadata), .mseed, or .sac.")
    ],
    inventory: generation.InventoryOption = None,
    event: Annotated[
        Path | None,
        typer.Option(
            "--event",
            "-e",
            rich_help_panel=panels.EVENTS,
            help="Earthquakes (QuakeML), one or more.",
            show_default=False,
        ),
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", rich_help_panel=panels.EVENTS, help="Use the built-in network and earthquake.")
    ] = False,
    backend: generation.BackendOption = "stochastic",
    options: generation.SetOption = None,
    output_quantity: generation.QuantityOption = generation.Quantity.VEL,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", "-s", rich_help_panel=panels.BACKEND, help="The same seed gives the same records, bit for bit."
        ),
    ] = 0,
    realizations: Annotated[
        int | None,
        typer.Option(
            "--realizations",
            "-n",
            rich_help_panel=panels.BACKEND,
            min=1,
            help="Number of realisations of each event.",
            show_default=False,
        ),
    ] = None,
    sampling_rate: Annotated[
        float | None,
        typer.Option("--sampling-rate", help="Sampling rate, Hz; default: that of each channel.", show_default=False),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option("--duration", help="Length, s; default: until the shaking is over.", show_default=False),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            rich_help_panel=panels.RECORDS,
            help="Start: s after origin, or a time; default: origin.",
            show_default=False,
        ),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(
            "--channel",
            "-c",
            rich_help_panel=panels.RECORDS,
            help="Channels, as 'HN?' or '*'; may be repeated. Default: one band.",
            show_default=False,
        ),
    ] = None,
    noise: Annotated[
        Noise | None,
        typer.Option(
            "--noise",
            rich_help_panel=panels.RECORDS,
            help="Add background noise of this model.",
            case_sensitive=False,
            show_default=False,
        ),
    ] = None,
    outside: Annotated[
        Outside,
        typer.Option(
            "--outside",
            rich_help_panel=panels.RECORDS,
            help=f"Records outside the backend's range; skip makes the rest. {_OUTSIDE}",
            metavar="<word>",
        ),
    ] = Outside.RAISE,
    velocity_model: generation.VelocityModelOption = "iasp91",
    station_terms: generation.StationTermsOption = None,
    onsets: Annotated[
        str,
        typer.Option(
            "--onsets", rich_help_panel=panels.RECORDS, help="Onsets from the velocity 'model', or the event's 'picks'."
        ),
    ] = "model",
    quantize: generation.QuantizeOption = False,
    clip_counts: generation.ClipCountsOption = None,
    weights: generation.WeightsOption = None,
    device: generation.DeviceOption = "cpu",
    workers: Annotated[
        int, typer.Option("--workers", "-j", rich_help_panel=panels.RUN, help="Threads that make records.", min=1)
    ] = 1,
    plot: Annotated[Path | None, file_option("--plot", help="Also plot the traces to this file (.png, .pdf).")] = None,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Make records of one or more earthquakes at the stations of a network.

    For example:

    - seissynth generate --example -o example.h5 --plot example.png

    - seissynth generate -i stations.xml -e event.xml -o out.mseed --output-quantity RAW --quantize --noise nlnm

    - seissynth generate -i stations.xml -e catalog.xml -o many.h5 -n 10 --seed 7 --channel 'HN?'

    - seissynth generate -i stations.xml -e event.xml -o {station}.{channel}.sac --set preset=stable

    An .h5 (ASDF) file also contains events, stations and provenance; "seissynth reproduce" makes the same records from
    it, bit for bit.
    """
    inputs = _check_usage(inventory, event, example)
    arguments = {
        "backend": backend,
        "seed": seed,
        "output": output_quantity.value,
        "sampling_rate": sampling_rate,
        "duration": duration,
        "start": generation.number_or_text(start),
        "channel": channel or None,
        "noise": noise and noise.value,
        "outside": outside.value,
        "velocity_model": velocity_model,
        "station_terms": station_terms and str(station_terms),
        "onsets": onsets,
        "quantize": quantize,
        "clip_counts": clip_counts,
        "weights": weights and str(weights),
        "device": device,
        "workers": workers,
        **generation.parse_options(options or []),
    }
    refuse_existing([output, plot], overwrite)

    from seissynth.io.files import check_target, write

    check_target(output, realizations or 1)
    if plot is not None:
        from seissynth.plotting.style import check_outfile

        check_outfile(plot)
    stations, catalog = inputs()
    check_target(output, realizations or 1, events=catalog)
    streams = _make(stations, catalog, arguments, realizations, quiet)
    with progress_bar("writing", 1, quiet):
        written = write(output, streams, event=catalog, inventory=stations)
    if plot is not None:
        from seissynth.plotting import plot_traces

        plot_traces(streams[0], outfile=plot)
        written.append(plot)
    if not quiet:
        for line in summary_lines(streams, len(catalog), written, output):
            say(line)


def _check_usage(inventory, event, example):
    """Return a function that reads the inputs; wrong usage is reported before anything is read."""
    if example:
        if inventory or event:
            raise typer.BadParameter("--example has its own stations and event; omit --inventory and --event.")
        return _read_example
    if not (inventory and event):
        raise typer.BadParameter("give --inventory and --event, or --example.")
    return lambda: (read_stations(inventory), read_catalog(event))


def _read_example():
    from obspy.core.event import Catalog

    from seissynth.example import read_example

    inventory, event = read_example()
    return inventory, Catalog([event])


def _make(inventory, catalog, arguments, realizations, quiet):
    """One Stream per realisation; events are made one by one to move the progress bar."""
    from obspy import Stream

    from seissynth.synthesis import iter_generate

    streams = []  # not made beforehand: their number is checked below
    events = len(catalog)
    with progress_bar("making records", 100, quiet) as step:

        def show(done, total):
            count = f"{done}/{total} records" if events == 1 else f"{number}/{events} events"
            step(100.0 * (number + done / total) / events, count)

        number = 0  # of events that are done
        made = iter_generate(inventory, catalog, realizations=realizations, progress=show, **arguments)
        for number, result in enumerate(made, 1):  # noqa: B007 (`show` reads it)
            parts = [result] if realizations is None else result
            streams = streams or [Stream() for _ in parts]
            for stream, part in zip(streams, parts, strict=True):
                stream += part
    return streams
