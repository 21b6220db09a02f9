"""The command line: ``seissynth generate``, ``evaluate``, ``dataset``, and what else `_app` puts together.

One file per command; `main` is the console script. typer and rich are imported when it runs.
"""


def main():
    """Run the command line; exit codes are 0 (done), 1 (the work failed), 2 (wrong usage)."""
    from seissynth.cli._app import make_app

    make_app()()
