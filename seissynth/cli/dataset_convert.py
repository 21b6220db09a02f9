"""``seissynth dataset convert``, ``pack`` and ``recipe``: other formats, less space, sets of papers."""

from pathlib import Path
from typing import Annotated

import typer

from seissynth.cli._common import (
    DebugOption,
    OverwriteOption,
    QuietOption,
    command,
    file_or_folder_to_write,
    progress_bar,
    say,
)

_ASDF = (".h5", ".asdf")
ChunkOption = Annotated[
    int, typer.Option("--records-per-chunk", min=1, help="Split larger sets into chunks of this size.")
]


@command
def convert(
    source: Annotated[Path, typer.Argument(help="Set to read: a SeisBench folder, an ASDF file, or a folder of them.")],
    target: Annotated[
        Path,
        typer.Argument(
            help="Set to write: ASDF file (.h5, .asdf) or SeisBench folder.", parser=file_or_folder_to_write
        ),
    ],
    tag: Annotated[str | None, typer.Option("--tag", help="Only ASDF waveforms with this tag, as '*acc*'.")] = None,
    flatfile: Annotated[Path | None, typer.Option("--flatfile", help="ITACA's flat file for ASDF files.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Unit of ASDF samples, as 'cm/s**2'.")] = None,
    quantity: Annotated[
        str | None, typer.Option("--quantity", help="Quantity of ASDF samples, as 'acceleration'.")
    ] = None,
    records_per_chunk: ChunkOption = 10_000,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Convert a set between SeisBench's format and ASDF; the file names set the direction.

    For example:

    - seissynth dataset convert windows/ windows.h5

    - seissynth dataset convert itaca/ itaca_set/ --flatfile itaca/flatfile.txt --unit cm/s**2 --quantity acceleration
    """
    from seissynth.io.asdf_sets import asdf_to_seisbench, seisbench_to_asdf

    from_folder = source.is_dir() and not any(item.suffix.lower() in _ASDF for item in source.iterdir())
    to_file = target.suffix.lower() in _ASDF
    if from_folder != to_file:
        known = "a SeisBench folder into a .h5 file, or ASDF into a folder"
        raise typer.BadParameter(f"{source} -> {target}: can only convert {known}.")
    asdf_options = {"--tag": tag, "--flatfile": flatfile, "--unit": unit, "--quantity": quantity}
    if to_file and any(value is not None for value in asdf_options.values()):
        name = next(name for name, value in asdf_options.items() if value is not None)
        raise typer.BadParameter(f"{name} is for reading ASDF.")
    with progress_bar("converting", 1, quiet):
        if to_file:
            done = seisbench_to_asdf(source, target, overwrite=overwrite)
        else:
            done = asdf_to_seisbench(
                source, target, tag=tag, flatfile=flatfile, unit=unit, quantity=quantity,
                records_per_chunk=records_per_chunk, overwrite=overwrite,
            )  # fmt: skip
    if not quiet:
        say(f"{done} records written: {target}")


@command
def recipe(
    name: Annotated[str, typer.Argument(help="Recipe: scedc, instance, stead, kma or itaca.")],
    source: Annotated[Path, typer.Argument(help="Local copy of the set.")],
    target: Annotated[Path, typer.Argument(help="Folder to write, in SeisBench's format.")],
    records_per_chunk: ChunkOption = 10_000,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Prepare the data set of a paper from a local copy, by the rules of the paper.

    For example:

    - seissynth dataset recipe stead STEAD/ stead_50hz/
    """
    from seissynth.data.recipes.recipes import prepare

    with progress_bar(name, 100, quiet) as step:
        report = prepare(
            name, source, target, overwrite=overwrite, records_per_chunk=records_per_chunk,
            progress=lambda done, total: step(100.0 * done / max(total, 1)),
        )  # fmt: skip
    if not quiet:
        typer.echo(str(report))


@command
def pack(
    source: Annotated[Path, typer.Argument(help="Set to read, a folder in SeisBench's format.")],
    target: Annotated[Path, typer.Argument(help="Folder to write.", parser=file_or_folder_to_write)],
    bits: Annotated[
        int, typer.Option("--bits", min=1, max=23, help="Binary digits of a sample; 8 changes it by 0.2 % at most.")
    ] = 8,
    records_per_chunk: ChunkOption = 10_000,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Copy a set into less space: samples of fewer binary digits, compressed. Any reader of the format can read it.

    For example:

    - seissynth dataset pack windows/ windows_small/
    """
    from seissynth.io.seisbench.pack import pack_dataset

    with progress_bar("packing", 1, quiet):
        done = pack_dataset(source, target, bits=bits, records_per_chunk=records_per_chunk, overwrite=overwrite)
    if not quiet:
        size = sum(file.stat().st_size for file in target.iterdir() if file.is_file())
        say(f"{done} records written, {size / 1e6:.0f} MB: {target}")
