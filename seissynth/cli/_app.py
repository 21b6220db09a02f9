"""The typer application, built from one function per command."""

from typing import Annotated

import typer

from seissynth.cli.backends import backends
from seissynth.cli.dataset import make_dataset_app
from seissynth.cli.evaluate import evaluate
from seissynth.cli.explain import explain
from seissynth.cli.generate import generate
from seissynth.cli.plot import plot
from seissynth.cli.reproduce import reproduce
from seissynth.cli.train import train


def make_app():
    """Return the application with all commands.

    Returns
    -------
    typer.Typer
    """
    app = typer.Typer(
        name="seissynth",
        help="Realistic synthetic earthquake records from an event and a network.\n\n"
        "Try the built-in example:  seissynth generate --example --output example.h5 --plot example.png",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback()(_version_option)
    for command in (generate, backends, plot, explain, reproduce, evaluate, train):
        app.command()(command)
    app.add_typer(make_dataset_app())
    return app


def _print_version(wanted: bool):
    if wanted:
        from seissynth import __version__

        typer.echo(f"seissynth {__version__}")
        raise typer.Exit()


def _version_option(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
):
    pass
