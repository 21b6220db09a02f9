"""What the benchmarks share: CPU times of several functions in one run, a table of them, a file for the docs."""

import argparse
import contextlib
import io
import time
from pathlib import Path

#: a function whose call takes longer is not called again, s
LONG_S = 2.0


def best_cpu_ms(functions, repeats=7, least_s=0.02):
    """Return the best CPU time of one call of each function, ms: name -> time.

    Functions take turns, so that a slow moment of the machine hits all of them. Quick ones are called many times in
    a row. The first call (compilation, caches, plans) does not count.
    """
    calls, best = {}, {}
    for name, function in functions.items():
        function()
        taken = _cpu_s(function, 1)
        best[name] = taken
        calls[name] = max(int(least_s / max(taken, 1e-9)), 1)
    for _ in range(repeats):
        for name, function in functions.items():
            if best[name] < LONG_S:
                best[name] = min(best[name], _cpu_s(function, calls[name]))
    return {name: 1e3 * seconds for name, seconds in best.items()}


def print_table(titles, rows):
    """Print a Markdown table; numbers must be text already."""
    print("| " + " | ".join(titles) + " |")
    print("|" + "---|" * len(titles))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def parser(description):
    """Return a parser of the command line with the option that all benchmarks have."""
    found = argparse.ArgumentParser(description=description.splitlines()[0])
    found.add_argument("-o", "--output", type=Path, help="file to write what is printed to, too")
    return found


def show_and_keep(function, output):
    """Call a function that prints; write what it printed to the file `output` as well, unless that is None."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        function()
    print(text.getvalue(), end="")
    if output:
        output.write_text(text.getvalue().strip() + "\n", encoding="utf-8")


def _cpu_s(function, calls):
    start = time.process_time()
    for _ in range(calls):
        function()
    return (time.process_time() - start) / calls
