"""Records a second and core of the whole road, start-up times, and memory over many records.

    python tests/benchmarks/bench_generate.py [--records 1000] [--long 10000] [-o FILE]

CPU time is counted, not wall time, so that a busy machine disturbs it less. Nothing is asserted. Counts are in
`tools.package.time_counts`.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from _bench import parser, print_table, show_and_keep
from obspy import UTCDateTime
from obspy.core.event import Event, Magnitude, Origin
from obspy.core.inventory import Inventory, Network, Station

import seissynth

DURATION_S = 60.0
#: work for two before two workers are timed, s
AWAKE_S = 5.0
REPEATS = 3
_MECHANISM = {"source_strike_deg": 320.0, "source_dip_deg": 85.0, "source_rake_deg": 175.0}

_COLD = """
import time
begin = time.perf_counter()
import seissynth
imported = time.perf_counter() - begin
inventory, event = seissynth.read_example()
seissynth.generate(inventory, event)
print(imported, time.perf_counter() - begin)
"""


def bare_network(count):
    """Stations without channels, within 80 km of the earthquake."""
    rng = np.random.default_rng(0)
    places = rng.uniform(-0.6, 0.6, (count, 2))
    stations = [Station(f"S{i:04d}", 35.7 + a, -117.5 + b, 0.0) for i, (a, b) in enumerate(places)]
    return Inventory(networks=[Network("XX", stations=stations)])


def earthquake(seconds=0.0):
    """An Mw 4 earthquake."""
    origin = Origin(time=UTCDateTime(2020, 1, 1) + seconds, latitude=35.7, longitude=-117.5, depth=8000.0)
    return Event(origins=[origin], magnitudes=[Magnitude(mag=4.0, magnitude_type="Mw")])


def rate(function, records):
    """Best of some runs, records per second of CPU time."""
    best = np.inf
    for _ in range(REPEATS):
        begin = time.process_time()
        function()
        best = min(best, time.process_time() - begin)
    return records / best


def start_up(environment):
    """Import and first generate() in a new process, s."""
    done = subprocess.run([sys.executable, "-c", _COLD], capture_output=True, text=True, check=True, env=environment)
    return [float(word) for word in done.stdout.split()]


def cold_and_warm():
    """Import, first record without and with what was compiled before, s; each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        imported, cold = start_up(environment)
        return imported, cold, start_up(environment)[1]


def command_line():
    """The command of the README, with records and a picture, compiled before, s."""
    with tempfile.TemporaryDirectory() as folder:
        files = ["--output", f"{folder}/example.mseed", "--plot", f"{folder}/example.png"]
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", "from seissynth.cli import main; main()", "generate", "--example", *files],
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - begin


def memory(long):
    """Peak memory of iter_generate after 1,000 records and after all, MiB."""
    hundred, seen, peaks = bare_network(100), 0, []
    events = (earthquake(seconds) for seconds in range(long // 100))
    for stream in seissynth.iter_generate(hundred, events, duration=DURATION_S):
        seen += len(stream) // 3
        if seen in (1000, long):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return peaks[0], peaks[-1]


def workers_ratio(event, network):
    """Wall time of one worker over that of two, in turn; list of ratios."""
    ratios, begin = [], time.perf_counter()
    # virtual machines get their second processor only after some seconds of work for two
    while time.perf_counter() - begin < AWAKE_S:
        seissynth.generate(network, event, duration=DURATION_S, output="ACC", workers=2)
    for _ in range(2 * REPEATS + 1):
        times = []
        for workers in (1, 2):
            begin = time.perf_counter()
            seissynth.generate(network, event, duration=DURATION_S, output="ACC", workers=workers)
            times.append(time.perf_counter() - begin)
        ratios.append(times[0] / times[1])
    return ratios


def measure(n, long):
    """Print a table."""
    warnings.simplefilter("ignore", seissynth.errors.SeisSynthWarning)
    event, network = earthquake(), bare_network(n)
    rows = []
    seissynth.generate(bare_network(2), event, duration=DURATION_S)  # warm up
    first, last = memory(long)  # before all else: the peak never falls
    rows.append(
        [f"peak memory of `iter_generate` after 1,000 and after {long:,} records", f"{first:.0f} and {last:.0f} MiB"]
    )
    cases = {
        "acceleration": {"output": "ACC"},
        "velocity": {"output": "VEL"},
        "displacement": {"output": "DISP"},
        "acceleration with a focal mechanism": {"output": "ACC", "conditions": _MECHANISM},
        "acceleration with the random terms of ensembles": {"output": "ACC", "variability": True},
    }
    for name, options in cases.items():
        got = rate(lambda options=options: seissynth.generate(network, event, duration=DURATION_S, **options), n)
        rows.append([name, f"{got:.0f} records a second and core"])
    ratios = workers_ratio(event, network)
    gain = f"{np.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    rows.append(["acceleration, rate of two workers over that of one, wall time", gain])
    starts = np.array([cold_and_warm() for _ in range(REPEATS)])
    for name, times in zip(
        (
            "`import seissynth`",
            "first record in a new process, nothing compiled yet",
            "first record in a new process, compiled before",
        ),
        starts.T,
        strict=True,
    ):
        rows.append([name, f"{np.median(times):.2g} s ({times.min():.2g} to {times.max():.2g})"])
    times = [command_line() for _ in range(REPEATS)]
    shown = f"{np.median(times):.2g} s ({min(times):.2g} to {max(times):.2g})"
    rows.append(["`seissynth generate --example`, with a picture, compiled before", shown])
    print_table(["what", ""], rows)


def main():
    """Measure."""
    command = parser(__doc__)
    command.add_argument("--records", type=int, default=1000)
    command.add_argument("--long", type=int, default=10_000)
    arguments = command.parse_args()
    show_and_keep(lambda: measure(arguments.records, arguments.long), arguments.output)


if __name__ == "__main__":
    main()
