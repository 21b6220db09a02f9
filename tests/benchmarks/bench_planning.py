"""How long planning a set of 100,000 rows, splitting it and converting one record take.

Usage: python tests/benchmarks/bench_planning.py [--rows 100000]

CPU times; no test asserts on them.
"""

import time

import numpy as np
import pandas as pd
from _bench import best_cpu_ms, parser, print_table, show_and_keep

import seissynth
from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes, around_station
from seissynth.data.factory.make import plan_dataset
from seissynth.data.splits.split import check_leakage, split_by_time
from seissynth.signal.motion import convert_motion

STATIONS = 50


def planned_s(rows):
    """CPU seconds that the plan of about `rows` rows takes, and how many it has."""
    inventory, _ = seissynth.read_example()
    drawn = DrawnEarthquakes(-(-rows // 7), around_station(inventory, "XX.AMAT", 80.0), magnitude=(1, 5))
    began = time.process_time()
    plan = plan_dataset(inventory, drawn, noise="nlnm", noise_share=0.1, overlap_share=0.2)
    return time.process_time() - began, len(plan)


def windows(rows):
    """A table of windows of 60 s, one earthquake every 45 s."""
    number = np.repeat(np.arange(rows // STATIONS), STATIONS)
    start = pd.Timestamp("2019-07-04T17:00:00Z") + pd.to_timedelta(45.0 * number, unit="s")
    return pd.DataFrame(
        {
            "source_id": [f"e{event}" for event in number],
            "source_origin_time": start,
            "station_network_code": "CI",
            "station_code": [f"S{k % STATIONS}" for k in range(len(number))],
            "trace_channel": "HH",
            "trace_start_time": start.map(pd.Timestamp.isoformat),
            "trace_npts": 6000,
            "trace_sampling_rate_hz": 100.0,
        }
    )


def split_s(rows):
    """CPU seconds that a split by time takes with its search for leakage, and the rows of the table."""
    table = windows(rows)
    began = time.process_time()
    check_leakage(table, split_by_time(table, blocks=20))
    return time.process_time() - began, len(table)


def main(rows):
    """Print the table."""
    record = np.random.default_rng(0).standard_normal((1, 3, 6000)).astype(np.float32)
    convert = best_cpu_ms({"": lambda: convert_motion(record, 100.0, "acceleration", "velocity")})[""]
    lines = [
        (f"{what} {count:,} rows", f"{seconds:.2f} s")
        for what, (seconds, count) in (("plan", planned_s(rows)), ("split and check", split_s(rows)))
    ]
    print_table(("what", "CPU time"), [*lines, ("acceleration to velocity, 3 x 6,000 samples", f"{convert:.2f} ms")])


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    chosen = options.parse_args()
    show_and_keep(lambda: main(chosen.rows), chosen.output)
