"""How long an evaluation takes: record pairs of 3 x 6000 samples through every group of metrics but the pickers'.

    python tests/benchmarks/bench_evaluation.py [--pairs N] [--draws K] [-o docs/_static/bench_evaluation.md]

Groups that need a picker are left out. CPU time is the sum over threads; seconds are what the clock says, on a machine
that others may use.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from _bench import parser, print_table, show_and_keep

from seissynth.evaluation import EvaluationSettings, Pairs, RecordSet
from seissynth.evaluation.registry import GROUPS

RATE, NPTS, SITES = 100.0, 6000, 16
LIMIT_S = 60.0


def made_up_pairs(count, draws, seed=0):
    """Bursts of noise with P and S, sizes as earthquakes of M 2 to 5 would have; half of the masks end early."""
    rng = np.random.default_rng(seed)
    codes = np.arange(count) // SITES
    magnitude = rng.uniform(2.0, 5.0, codes[-1] + 1)[codes]
    distance = rng.uniform(8.0, 80.0, count)
    p, s = 5.0 + distance / 6.0, 5.0 + distance / 3.5
    times = np.arange(NPTS) / RATE
    after_p, after_s = np.maximum(times - p[:, None], 0), np.maximum(times - s[:, None], 0)
    envelope = 1e-3 + 0.3 * (after_p > 0) * np.exp(-after_p / 3) + (after_s > 0) * np.exp(-after_s / 6)
    level = 1e-5 * 10.0 ** (magnitude - 3.0) / distance
    table = pd.DataFrame(
        {
            "source_id": [f"event{code}" for code in codes],
            "source_magnitude": magnitude,
            "source_depth_km": 8.0,
            "station_network_code": "XX",
            "station_code": [f"S{k % SITES}" for k in range(count)],
            "path_hyp_distance_km": np.hypot(distance, 8.0),
            "path_ep_distance_km": distance,
            "path_p_travel_s": p,
            "path_s_travel_s": s,
        }
    )
    mask_end = np.where(rng.random(count) < 0.5, s + rng.uniform(3.0, 30.0, count), np.inf)

    def records(name):
        size = level * np.exp(0.5 * rng.standard_normal(count))
        data = np.empty((count, 3, NPTS), np.float32)
        for row in range(count):
            data[row] = size[row] * envelope[row] * rng.standard_normal((3, NPTS))
        return RecordSet(name, data, RATE, "velocity", table, None, p, s, mask_end, (1.0, 45.0))

    return Pairs(records("real"), tuple(records("made up") for _ in range(draws)))


def main():
    """Print the table."""
    options = parser(__doc__)
    options.add_argument("--pairs", type=int, default=1000)
    options.add_argument("--draws", type=int, default=1)
    arguments = options.parse_args()
    show_and_keep(lambda: measure(arguments.pairs, arguments.draws), arguments.output)


def measure(count, draws):
    """Time each group, after a small set that compiles the loops."""
    warnings.simplefilter("ignore")
    pairs, settings = made_up_pairs(count, draws), EvaluationSettings()
    few = pairs.select(np.arange(min(64, count)))
    rows, total, cpu_total = [], 0.0, 0.0
    for group in GROUPS.values():
        reason = group.lacks(pairs, settings)
        if reason:
            rows.append([group.name, "", "", f"left out: {reason}"])
            continue
        try:
            group.compute(few, settings)
            wall, cpu = time.perf_counter(), time.process_time()
            found = group.compute(pairs, settings)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        except ModuleNotFoundError as error:
            rows.append([group.name, "", "", f"left out: {error.name} is not installed"])
            continue
        total, cpu_total = total + wall, cpu_total + cpu
        rows.append([group.name, f"{wall:.1f}", f"{cpu:.1f}", str(len(found.summary))])
    rows.append(["**all**", f"**{total:.1f}**", f"**{cpu_total:.1f}**", ""])
    print(f"{count} pairs of records, 3 x {NPTS} samples, {draws} draw{'s' * (draws > 1)}; limit {LIMIT_S:g} s.\n")
    print_table(["group", "seconds", "CPU s", "metrics"], rows)


if __name__ == "__main__":
    main()
