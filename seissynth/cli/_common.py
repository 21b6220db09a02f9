"""Common code of the commands: errors and warnings in one line, progress, reading and refusing files."""

import contextlib
import functools
import glob
import re
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from seissynth.errors import FileFormatError, InputError, SeisSynthError, SeisSynthWarning

DebugOption = Annotated[bool, typer.Option("--debug", help="Show the full traceback of an error.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress bar and no summary.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]
RecordsArgument = Annotated[Path, typer.Argument(help="ASDF file (.h5) written by seissynth.")]


def command(function):
    """Convert errors to one line on stderr and exit code 1; with ``debug=True`` they are raised.

    Each warning of seissynth is one line on stderr, once. Warnings of other packages are for developers and
    shown with ``debug=True`` only.
    """

    @functools.wraps(function)
    def inside(*args, debug=False, **kwargs):
        with _short_warnings(debug):
            if debug:
                return function(*args, debug=debug, **kwargs)
            try:
                return function(*args, debug=debug, **kwargs)
            except (SeisSynthError, OSError, MemoryError) as error:
                say(f"error: {_one_line(error)}")
                raise typer.Exit(1) from error
            except KeyboardInterrupt as error:
                say("interrupted")
                raise typer.Exit(130) from error

    return inside


def say(text):
    """Print one line on stderr, where progress and messages go; stdout is for results."""
    typer.echo(text, err=True)


@contextlib.contextmanager
def _short_warnings(debug):
    seen = set()

    def show(message, *_):
        text = _one_line(message)
        if text not in seen:
            seen.add(text)
            say(f"warning: {text}")

    with warnings.catch_warnings():
        if not debug:
            warnings.simplefilter("ignore")
        warnings.simplefilter("always", SeisSynthWarning)
        warnings.showwarning = show
        yield


def _one_line(error):
    text = str(error) or type(error).__name__
    return re.sub(r"\s+", " ", text).strip()


@contextlib.contextmanager
def progress_bar(description, total, quiet=False):
    """Give a function ``step(done, count="")`` that moves a bar on stderr; none where stderr is not a terminal.

    The bar shows the share that is done, the words returned by `count`, such as "140/420 records", and the time left.

    Parameters
    ----------
    description : str
    total : int
        Of the steps; one step alone shows no bar, only the elapsed time.
    quiet : bool
    """
    if quiet or not sys.stderr.isatty():
        yield _no_bar
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = [SpinnerColumn(), TextColumn("{task.description}")]
    if total > 1:
        columns += [BarColumn(bar_width=None), TaskProgressColumn(), TextColumn("{task.fields[count]}")]
        columns += [TimeRemainingColumn(), TextColumn("left")]
    else:
        columns.append(TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=total > 1) as progress:
        task = progress.add_task(description, total=total, count="")
        yield lambda done, count="": progress.update(task, completed=done, count=count)


def _no_bar(done, count=""):
    """Accept the steps of a hidden bar."""


def read_stations(path):
    """Read an inventory, or raise one error if the file is missing or of another kind."""
    from obspy import read_inventory

    return _read(read_inventory, path, "a StationXML file (or another inventory that ObsPy reads)")


def read_catalog(path):
    """Read events, or raise one error if the file is missing or of another kind."""
    from obspy import read_events

    catalog = _read(read_events, path, "a QuakeML file (or another catalogue that ObsPy reads)")
    if not len(catalog):
        raise InputError(f"{path} holds no event.")
    return catalog


def _read(reader, path, kind):
    path = Path(path)
    if not path.is_file():
        raise InputError(f"cannot read {path}: there is no such file.")
    try:
        return reader(str(path))
    except Exception as error:  # ObsPy's readers raise any error of their parsers
        raise FileFormatError(f"{path} is not {kind}: {_one_line(error)}") from error


def file_or_folder_to_write(text):
    """Read the name of an ASDF file or of a folder; ``out.h5/`` is neither."""
    return file_to_write(text) if Path(text).suffix.lower() in (".h5", ".asdf") else Path(text)


def file_option(*names, help):
    """Return the option of a file to write, see `file_to_write`."""
    return typer.Option(*names, help=help, show_default=False, parser=file_to_write, metavar="<path>")


def file_to_write(text):
    """Read the name of an output file; ``out.h5/`` names a folder, which only SAC files may go into."""
    from seissynth.shared.atomic import require_file_name

    if Path(text).suffix.lower() != ".sac":
        try:
            require_file_name(text)
        except InputError as error:
            raise typer.BadParameter(str(error)) from error
    return Path(text)


def refuse_existing(paths, overwrite):
    """Raise InputError for an output that exists, or whose folder does not; before any work is done."""
    for path in paths:
        if path is None:
            continue
        pattern = "{" in str(path)
        # fields in braces are filled per trace: any file that fits the pattern counts (Path.glob takes no absolute one)
        existing = glob.glob(re.sub(r"\\?\{[^}]*\}", "*", glob.escape(str(path)))) if pattern else []  # noqa: PTH207
        if not overwrite and (existing or Path(path).exists()):
            raise InputError(f"{existing[0] if existing else path} exists; pass --overwrite to replace it.")
        if not Path(path).parent.is_dir() and "{" not in str(Path(path).parent):
            raise InputError(f"cannot write {path}: there is no folder {Path(path).parent}; make it first.")
