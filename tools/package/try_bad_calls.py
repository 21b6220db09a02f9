"""Make many bad calls of the command line, and print those that end in a traceback or another forbidden way.

    python -m tools.package.try_bad_calls [COUNT] [SEED]

Every call gives one error in words and leaves nothing behind, or it works. Calls and files are those of
``tests/helpers/bad_calls.py``; the same seed makes the same calls. Exit code 1: some call did not end so.
"""

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "helpers"))

from bad_calls import BadCalls, call, make_files

from seissynth.cli import make_app


def main():
    """Make the calls."""
    command = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    command.add_argument("count", type=int, nargs="?", default=1000)
    command.add_argument("seed", type=int, nargs="?", default=0)
    arguments = command.parse_args()
    app, wrong = make_app(), 0
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "inputs"
        inputs.mkdir()
        calls = BadCalls(app, inputs, make_files(inputs), arguments.seed)
        for number in range(arguments.count):
            line = calls.draw()
            trouble = call(app, line, Path(folder) / f"call{number}")
            if trouble:
                wrong += 1
                print(f"{number}: seissynth {shlex.join(line)[:600]}\n    {trouble}", flush=True)
    print(f"{arguments.count} calls, {wrong} that ended as no call may")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
