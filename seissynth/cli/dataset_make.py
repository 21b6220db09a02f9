"""``seissynth dataset make``: labelled synthetic records, in any number."""

import enum
import shlex
from typing import Annotated

import typer

from seissynth.cli import _generation as generation
from seissynth.cli import _panels as panels
from seissynth.cli._common import (
    DebugOption,
    QuietOption,
    command,
    progress_bar,
    read_catalog,
    read_stations,
    say,
)
from seissynth.errors import InputError


class Form(enum.StrEnum):
    """Values of --format."""

    SEISBENCH = "seisbench"
    ASDF = "asdf"


class SplitBy(enum.StrEnum):
    """Values of --split-by."""

    EVENT = "event"
    BLOCK = "block"


class Outside(enum.StrEnum):
    """Values of --outside."""

    LEAVE_OUT = "leave_out"
    SKIP = "skip"
    RAISE = "raise"
    WARN = "warn"
    ALLOW = "allow"


_OUTSIDE = f"One of {', '.join(Outside)}."


@command
def make(
    output: generation.FolderOption,
    inventory: generation.InventoryOption = None,
    example: Annotated[
        bool, typer.Option("--example", rich_help_panel=panels.EVENTS, help="Use the built-in network.")
    ] = False,
    catalog: generation.CatalogOption = None,
    draw: Annotated[
        int | None,
        typer.Option(
            "--draw",
            rich_help_panel=panels.DRAWN,
            help="Draw this many earthquakes, without --catalog.",
            min=1,
            show_default=False,
        ),
    ] = None,
    around: Annotated[
        str | None,
        typer.Option(
            "--around",
            rich_help_panel=panels.DRAWN,
            help="Draw around NET.STA, or LATITUDE,LONGITUDE.",
            show_default=False,
        ),
    ] = None,
    radius: Annotated[
        str, typer.Option("--radius", rich_help_panel=panels.DRAWN, help="With --around: km, or INNER,OUTER.")
    ] = "100",
    box: Annotated[
        str | None,
        typer.Option(
            "--box", rich_help_panel=panels.DRAWN, help="Draw within SOUTH,NORTH,WEST,EAST.", show_default=False
        ),
    ] = None,
    polygon: Annotated[
        str | None,
        typer.Option(
            "--polygon",
            rich_help_panel=panels.DRAWN,
            help="Draw within LAT,LON LAT,LON LAT,LON ...",
            show_default=False,
        ),
    ] = None,
    magnitude: Annotated[
        str, typer.Option("--magnitude", rich_help_panel=panels.DRAWN, help="Range of drawn magnitudes, LOW,HIGH.")
    ] = "1,6",
    b: Annotated[
        float | None,
        typer.Option(
            "--b",
            rich_help_panel=panels.DRAWN,
            help="Gutenberg-Richter b-value; default: uniform.",
            show_default=False,
        ),
    ] = None,
    depth: Annotated[
        str, typer.Option("--depth", rich_help_panel=panels.DRAWN, help="Depths, km: LOW,HIGH or LOW,MODE,HIGH.")
    ] = "2,20",
    time: Annotated[
        str, typer.Option("--time", rich_help_panel=panels.DRAWN, help="Range of origin times, FROM,TO.")
    ] = "2020-01-01,2021-01-01",
    mechanisms: Annotated[
        str,
        typer.Option(
            "--mechanisms", rich_help_panel=panels.DRAWN, help="random, none, strike-slip, normal or reverse."
        ),
    ] = "random",
    backend: generation.BackendOption = "stochastic",
    options: generation.SetOption = None,
    seed: Annotated[
        int, typer.Option("--seed", "-s", rich_help_panel=panels.BACKEND, help="Seed of everything random.")
    ] = 0,
    output_quantity: generation.QuantityOption = generation.Quantity.VEL,
    sampling_rate: generation.WindowRateOption = 100.0,
    duration: generation.WindowLengthOption = 60.0,
    p_lead: Annotated[
        str,
        typer.Option(
            "--p-lead",
            rich_help_panel=panels.RECORDS,
            help="Time before P, s: LOW,HIGH; 'none': start at --start.",
        ),
    ] = "5,20",
    start: Annotated[
        float | None,
        typer.Option(
            "--start",
            rich_help_panel=panels.RECORDS,
            help="With --p-lead none: start, s after origin.",
            show_default=False,
        ),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(
            "--channel", rich_help_panel=panels.RECORDS, help="Channels, as 'HN?'; may be repeated.", show_default=False
        ),
    ] = None,
    distance: Annotated[
        str | None,
        typer.Option(
            "--distance", rich_help_panel=panels.RECORDS, help="Epicentral distances, km: LOW,HIGH.", show_default=False
        ),
    ] = None,
    stations_per_event: Annotated[
        int | None,
        typer.Option(
            "--stations-per-event",
            rich_help_panel=panels.RECORDS,
            help="Draw at most this many per event.",
            min=1,
            show_default=False,
        ),
    ] = None,
    outside: Annotated[
        Outside,
        typer.Option(
            "--outside",
            rich_help_panel=panels.RECORDS,
            help=f"Records outside the backend's range; skip lists those left out. {_OUTSIDE}",
            metavar="<word>",
        ),
    ] = Outside.LEAVE_OUT,
    noise: Annotated[
        str | None,
        typer.Option(
            "--noise",
            rich_help_panel=panels.NOISE,
            help="Noise: auto (by station), nlnm, nhnm, a file of real noise, or a data set.",
            show_default=False,
        ),
    ] = None,
    snr: Annotated[
        str | None,
        typer.Option(
            "--snr", rich_help_panel=panels.NOISE, help="Signal-to-noise ratio, dB: LOW,HIGH.", show_default=False
        ),
    ] = None,
    noise_gain: Annotated[
        str | None,
        typer.Option(
            "--noise-gain", rich_help_panel=panels.NOISE, help="Amplify the noise by LOW,HIGH dB.", show_default=False
        ),
    ] = None,
    noise_share: Annotated[
        float, typer.Option("--noise-share", rich_help_panel=panels.NOISE, help="Share of records of noise alone.")
    ] = 0.0,
    overlap_share: Annotated[
        float,
        typer.Option("--overlap-share", rich_help_panel=panels.NOISE, help="Share of records with a second event."),
    ] = 0.0,
    overlap_lag: Annotated[
        str | None,
        typer.Option(
            "--overlap-lag",
            rich_help_panel=panels.NOISE,
            help="Second P after the first, s: LOW,HIGH.",
            show_default=False,
        ),
    ] = None,
    overlap_level: Annotated[
        str | None,
        typer.Option(
            "--overlap-level",
            rich_help_panel=panels.NOISE,
            help="Second peak over the first, dB: LOW,HIGH.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", rich_help_panel=panels.FILES, help="Shares of the parts, or 'none'.")
    ] = "train=0.8,dev=0.1,test=0.1",
    split_by: Annotated[
        SplitBy,
        typer.Option(
            "--split-by", rich_help_panel=panels.FILES, help="Split events at random (event) or in order (block)."
        ),
    ] = SplitBy.EVENT,
    velocity_model: generation.VelocityModelOption = "iasp91",
    station_terms: generation.StationTermsOption = None,
    quantize: generation.QuantizeOption = False,
    clip_counts: generation.ClipCountsOption = None,
    weights: generation.WeightsOption = None,
    device: generation.DeviceOption = "cpu",
    licence: Annotated[
        str, typer.Option("--licence", rich_help_panel=panels.FILES, help="Note on your own rights, stored in the set.")
    ] = "",
    form: Annotated[Form, typer.Option("--format", rich_help_panel=panels.FILES, help="File format.")] = Form.SEISBENCH,
    block_records: Annotated[
        int,
        typer.Option(
            "--block-records", rich_help_panel=panels.FILES, help="Approximate number of records per shard.", min=1
        ),
    ] = 512,
    workers: Annotated[
        int,
        typer.Option("--workers", "-j", rich_help_panel=panels.RUN, help="Processes; more than one needs Dask.", min=1),
    ] = 1,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            rich_help_panel=panels.RUN,
            help="'local', or the address of a Dask scheduler.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", rich_help_panel=panels.RUN, help="Write metadata only; estimate size and time.")
    ] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Make a labelled set of synthetic records for training.

    Repeat the command to resume after an interruption. For example:

    - seissynth dataset make --example --draw 150 --around XX.AMAT -o made --noise nlnm --snr 10,40

    - seissynth dataset make -i stations.xml -c catalog.xml -o made --noise quiet.mseed --noise-share 0.1

    - seissynth dataset make -i stations.xml --draw 100000 --box 35,37,-119,-116 --b 1 -o made --dry-run

    - seissynth dataset make -i stations.xml -c catalog.xml -o made --dask tcp://host:8786
    """
    if example == (inventory is not None):
        raise typer.BadParameter("give --inventory, or --example for the built-in network.")
    if (draw is None) == (catalog is None):
        raise typer.BadParameter("give --catalog, or --draw with --around, --box or --polygon.")
    arguments = {
        "backend": backend,
        "seed": seed,
        "output": output_quantity.value,
        "sampling_rate": sampling_rate,
        "duration": duration,
        "p_lead_s": None if p_lead == "none" else _numbers("--p-lead", p_lead, (2,)),
        "start": start,
        "channel": channel or None,
        "distance_km": _numbers("--distance", distance, (2,)),
        "stations_per_event": stations_per_event,
        "outside": outside.value,
        "noise": noise,
        "snr_db": _numbers("--snr", snr, (2,)),
        "noise_gain_db": _numbers("--noise-gain", noise_gain, (2,)),
        "noise_share": noise_share,
        "overlap_share": overlap_share,
        "overlap_lag_s": _numbers("--overlap-lag", overlap_lag, (2,)),
        "overlap_level_db": _numbers("--overlap-level", overlap_level, (2,)),
        "split": _split(split),
        "split_by": split_by.value,
        "velocity_model": velocity_model,
        "station_terms": station_terms and str(station_terms),
        "quantize": quantize,
        "clip_counts": clip_counts,
        "weights": weights and str(weights),
        "device": device,
        "licence": licence,
        "format": form.value,
        "block_records": block_records,
        **generation.parse_options(options or []),
    }
    stations = _example_stations() if example else read_stations(inventory)
    if catalog is not None:
        earthquakes = read_catalog(catalog)
    else:
        from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes

        earthquakes = DrawnEarthquakes(
            draw or 0,  # given where no catalogue is
            _area(stations, around, radius, box, polygon),
            magnitude=_numbers("--magnitude", magnitude, (2,)),
            magnitudes="uniform" if b is None else "gutenberg-richter",
            b=1.0 if b is None else b,
            depth_km=_numbers("--depth", depth, (2, 3)),
            time=tuple(part.strip() for part in time.split(",")),
            mechanisms=mechanisms,
            seed=seed,
        )

    from seissynth.data.factory.make import make_dataset

    with progress_bar("making records", 100, quiet) as step:
        report = make_dataset(
            output, stations, earthquakes, workers=workers, dask=dask, dry_run=dry_run,
            progress=lambda done, total: step(100.0 * done / total, f"{int(done)}/{total} blocks"), **arguments,
        )  # fmt: skip
    if not quiet:
        typer.echo(str(report))
        for line in _next(report, output, form):
            say(line)


def _next(report, output, form):
    folder = shlex.quote(str(output))
    if report.planned:
        return ["next: the same command without --dry-run makes them"]
    if form is Form.ASDF:
        return [
            f"next: seissynth dataset convert {folder} {folder}_set",
            "      makes a set in SeisBench's format of it",
        ]
    in_python = f"seissynth.io.seisbench.Dataset({str(output)!r})"
    return [f"next: seissynth train BACKEND --data {folder} -o run", f"      or in Python: {in_python}"]


def _example_stations():
    from seissynth.example import read_example

    return read_example()[0]


def _area(stations, around, radius, box, polygon):
    from seissynth.data.factory.drawn_earthquakes import Box, Circle, Polygon, around_station

    if sum(item is not None for item in (around, box, polygon)) != 1:
        raise typer.BadParameter("--draw needs one of --around, --box and --polygon.")
    if box is not None:
        return Box(*_numbers("--box", box, (4,)))
    if polygon is not None:
        return Polygon([_numbers("--polygon", corner, (2,)) for corner in polygon.split()])
    *inner, outer = _numbers("--radius", radius, (1, 2))
    if "," in around:
        return Circle(*_numbers("--around", around, (2,)), outer, *inner)
    return around_station(stations, around, outer, *inner)


def _numbers(name, text, lengths):
    """Numbers with commas between them; None for None."""
    if text is None:
        return None
    values = [generation.number_or_text(part.strip()) for part in text.split(",")]
    if len(values) not in lengths or not all(isinstance(value, float) for value in values):
        wanted = " or ".join(map(str, lengths))
        raise InputError(f"{name} {text!r} must be {wanted} number{'s' * (lengths != (1,))} with commas between them.")
    return tuple(values)


def _split(text):
    if text == "none":
        return None
    parts = {}
    for item in text.split(","):
        name, equals, share = item.partition("=")
        value = generation.number_or_text(share)
        if not (equals and isinstance(value, float)):
            raise InputError(f"--split {text!r} must have the form train=0.8,dev=0.1,test=0.1, or be 'none'.")
        parts[name.strip()] = value
    return parts
