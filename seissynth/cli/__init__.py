"""The command line: ``seissynth generate``, ``evaluate``, ``dataset``, and what else `_app` puts together.

One file per command; `main` is the console script. typer and rich are imported when it runs.
"""


def main():
    """Run the command line; exit codes are 0 (done), 1 (the work failed), 2 (wrong usage)."""
    make_app()()


def make_app():
    """Return the application with all commands.

    Returns
    -------
    typer.Typer
        Anew with each call: a test may run it in its own process.
    """
    from seissynth.cli import _app

    return _app.make_app()
