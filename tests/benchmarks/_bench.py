"""What the benchmarks share: CPU time of several functions in one run, and a table of it."""

import time

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


def _cpu_s(function, calls):
    start = time.process_time()
    for _ in range(calls):
        function()
    return (time.process_time() - start) / calls
