"""Onsets beside TauP, on the same crust: run `python tests/benchmarks/bench_traveltime.py`.

Prints the time for P and S of one path, ours and TauP's in one run; nothing here can fail.
"""

import time

import numpy as np
from _bench import parser, print_table, show_and_keep

from seissynth.traveltime.first_arrivals import KM_PER_DEGREE, onsets

PATHS = 100_000
TAUP_PATHS = 40
FAR_PATHS = 2_000


def microseconds(function, paths, repeats=5):
    """Return the best CPU time of a call, µs a path."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        function()
        best = min(best, time.process_time() - start)
    return best / paths * 1e6


def main():
    from obspy.taup import TauPyModel

    rng = np.random.default_rng(0)
    distance, depth = rng.uniform(0, 333, PATHS), rng.uniform(0, 40, PATHS)

    taup = TauPyModel("iasp91")

    def by_taup(distances, depths):
        for x, z in zip(distances, depths, strict=True):
            taup.get_travel_times(z, x / KM_PER_DEGREE, ("p", "P", "Pn", "s", "S", "Sn"))

    rows = []
    theirs = microseconds(lambda: by_taup(distance[:TAUP_PATHS], depth[:TAUP_PATHS]), TAUP_PATHS, repeats=2)
    for model in ("iasp91", "southern_california", "korea", "italy"):
        ours = microseconds(lambda model=model: onsets(distance, depth, model), PATHS)
        rows.append([f"{model}, within 3 degrees", f"{ours:.1f}", f"{theirs:.0f}", f"{theirs / ours:.0f}"])
    far = rng.uniform(334, 10_000, FAR_PATHS)
    theirs = microseconds(lambda: by_taup(far[:TAUP_PATHS], np.full(TAUP_PATHS, 12.0)), TAUP_PATHS, repeats=2)
    ours = microseconds(lambda: onsets(far, 12.0), FAR_PATHS)
    rows.append(["tables beyond 3 degrees, one depth", f"{ours:.1f}", f"{theirs:.0f}", f"{theirs / ours:.0f}"])
    print_table(["P and S of one path", "µs", "TauP, µs", "ratio"], rows)


if __name__ == "__main__":
    show_and_keep(main, parser(__doc__).parse_args().output)
