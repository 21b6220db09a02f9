"""``seissynth dataset``: sets of records for training; each command has its own file.

A command's file is ``cli/dataset_<something>.py`` and has a function for each command in its table of names here.
"""

import importlib
import importlib.util

import typer

#: command -> module in this folder that has a function of that name
COMMANDS = {
    "convert": "dataset_convert",
    "recipe": "dataset_convert",
    "cut": "dataset_cut",
    "make": "dataset_make",
    "pack": "dataset_convert",
}


def make_dataset_app():
    """Return the sub-application with the commands whose modules exist.

    Returns
    -------
    typer.Typer
    """
    app = typer.Typer(
        name="dataset",
        help="Make, cut, convert and pack data sets for training.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
    )
    for name, module in COMMANDS.items():
        path = f"{__package__}.{module}"
        if importlib.util.find_spec(path) is not None:
            app.command(name)(getattr(importlib.import_module(path), name))
    return app
