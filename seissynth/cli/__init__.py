"""The command line: ``seissynth generate``, ``evaluate``, ``dataset``, and the other commands collected in `_app`.

One file per command; `main` is the console script. typer and rich are imported on use.
"""


def main():
    """Run the command line; exit codes are 0 (done), 1 (the work failed), 2 (wrong usage)."""
    make_app()()


def make_app():
    """Return the application with all commands.

    Returns
    -------
    typer.Typer
        A new one for each call: a test may run it in its own process.
    """
    from seissynth.cli import _app

    return _app.make_app()
