"""``seissynth dataset cut``: cut event windows from continuous records."""

from enum import StrEnum
from typing import Annotated

import typer

from seissynth.cli import _generation as generation
from seissynth.cli import _panels as panels
from seissynth.cli._common import (
    DebugOption,
    OverwriteOption,
    QuietOption,
    command,
    progress_bar,
    read_catalog,
    read_stations,
    say,
)


class Quantity(StrEnum):
    """Quantity of the windows."""

    velocity = "velocity"
    acceleration = "acceleration"
    displacement = "displacement"
    counts = "counts"


@command
def cut(
    waveforms: Annotated[
        list[str],
        typer.Option(
            "--waveforms",
            "-w",
            rich_help_panel=panels.EVENTS,
            help="Continuous records: file, folder or pattern; may be repeated.",
        ),
    ],
    inventory: generation.RequiredInventoryOption,
    catalog: generation.RequiredCatalogOption,
    output: generation.FolderOption,
    quantity: Annotated[
        Quantity,
        typer.Option(
            "--quantity",
            rich_help_panel=panels.RECORDS,
            help=f"Ground motion to write: {', '.join(Quantity)}.",
            metavar="<word>",
        ),
    ] = Quantity.velocity,
    duration: generation.WindowLengthOption = 60.0,
    start: Annotated[
        float, typer.Option("--start", rich_help_panel=panels.RECORDS, help="Start of windows after origin, s.")
    ] = 0.0,
    sampling_rate: generation.WindowRateOption = 100.0,
    band: Annotated[
        str, typer.Option("--band", rich_help_panel=panels.RECORDS, help="Pass band, Hz: LOW,HIGH; 'none': no filter.")
    ] = "1,45",
    channel: Annotated[
        str, typer.Option("--channel", rich_help_panel=panels.RECORDS, help="Channels to read, as 'HH?,HN?'.")
    ] = "*",
    picker: Annotated[
        str,
        typer.Option(
            "--picker", rich_help_panel=panels.RULES, help="'aic', 'none', or a file of PhaseNet weights for SeisBench."
        ),
    ] = "aic",
    velocity_model: generation.VelocityModelOption = "iasp91",
    require: Annotated[
        str,
        typer.Option(
            "--require",
            rich_help_panel=panels.RULES,
            help="Rules that written windows obey, comma-separated, or 'none'.",
        ),
    ] = "complete",
    noise_windows: Annotated[
        int,
        typer.Option(
            "--noise-windows",
            rich_help_panel=panels.RULES,
            help="Most noise windows per sensor and two hours.",
            min=0,
        ),
    ] = 10,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Cut windows of a catalogue's earthquakes, and of noise, from continuous records.

    The set is written in SeisBench's format. Defaults are those of HEGGS: 60 s from origin, 100 Hz, 1 to 45 Hz. The
    counts of each quality rule are printed and written to cut_report.json. For example:

    - seissynth dataset cut -w archive/ -i stations.xml -c catalog.xml -o windows

    - seissynth dataset cut -w 'day/*.mseed' -i stations.xml -c catalog.xml -o windows --require complete,unclipped,loud
    """
    from seissynth.data.cutting.cut import CutSettings, cut_events

    settings = CutSettings(
        duration_s=duration,
        start_s=start,
        quantity=quantity.value,
        preparation=_preparation(band, sampling_rate),
        channel=channel,
        require=() if require == "none" else tuple(part.strip() for part in require.split(",")),
        velocity_model=velocity_model,
        picker=None if picker == "none" else picker,
        noise_windows=noise_windows,
    )
    stations, events = read_stations(inventory), read_catalog(catalog)
    with progress_bar("cutting windows", 100, quiet) as step:
        report = cut_events(
            waveforms, stations, events, output, settings, overwrite=overwrite,
            progress=lambda done, total: step(100.0 * done / total),
        )  # fmt: skip
    if not quiet:
        typer.echo(report.markdown(), nl=False)
        say(f"{report.written} windows of {report.events} earthquakes and {report.noise} of noise written: {output}")


def _preparation(band, sampling_rate):
    from seissynth.data.preparation.preparation import Detrend, Preparation, Resample, heggs_preparation

    if band == "none":
        return Preparation((Detrend("constant"), Resample(sampling_rate)))
    try:
        low, high = (float(part) for part in band.split(","))
    except ValueError:
        raise typer.BadParameter(f"--band {band!r} must be LOW,HIGH in Hz, as 1,45, or 'none'.") from None
    return heggs_preparation(sampling_rate, low, high)
