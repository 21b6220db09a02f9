"""Code runs in forks of one process that has imported what every page needs, which saves a page two seconds.

As a program: reads ``[folder, code]`` in JSON, a line each, and answers with the exit code. A fork's folder is its
working folder; what it printed is in ``stdout.txt`` and ``stderr.txt`` there.
"""

import contextlib
import importlib
import json
import os
import subprocess
import sys
import traceback
import warnings
from pathlib import Path
from types import SimpleNamespace

from _imports import ROOT

import seissynth


@contextlib.contextmanager
def forked_pages():
    """Give a function that runs code in a folder and returns its exit code and what it printed."""
    paths = [str(ROOT), str(ROOT / "docs"), str(Path(__file__).parent)]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(paths), MPLBACKEND="Agg")
    command = [sys.executable, __file__]
    with subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as warm:

        def run(code, folder):
            print(json.dumps([str(folder), code]), file=warm.stdin, flush=True)
            answer = warm.stdout.readline()
            assert answer, "the process of the pages has ended"
            printed = {name: (folder / f"{name}.txt").read_text(encoding="utf-8") for name in ("stdout", "stderr")}
            return SimpleNamespace(returncode=int(answer), **printed)

        yield run
        warm.stdin.close()


def _run(folder, code):
    """Be a process of its own that runs code."""
    os.chdir(folder)
    for stream in (sys.stdout, sys.stderr):
        with Path(f"{stream.name[1:-1]}.txt").open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    try:
        exec(compile(code, "page", "exec"), {"__name__": "__main__"})
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _main():
    # What generating a record imports, and Matplotlib; no more, so that a page fails that forgets an import.
    importlib.import_module("matplotlib.pyplot")
    with warnings.catch_warnings():  # after which a warning that was given here is given again
        seissynth.generate(*seissynth.read_example(), seed=1, noise="nlnm")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_run(*json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    _main()
