"""Records a second and core of the whole road, start-up times, and memory over many records.

    python tests/benchmarks/bench_generate.py [--records 1000] [--long 10000]

CPU time is counted, not wall time, so that a busy machine disturbs it less. Nothing is asserted.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from obspy import UTCDateTime
from obspy.core.event import Event, Magnitude, Origin
from obspy.core.inventory import Inventory, Network, Station

DURATION_S = 60.0
REPEATS = 3

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


def main():
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--long", type=int, default=10_000)
    arguments = parser.parse_args()
    import seissynth

    warnings.simplefilter("ignore", seissynth.errors.SeisSynthWarning)
    n, event = arguments.records, earthquake()
    network = bare_network(n)
    seissynth.generate(bare_network(2), event, duration=DURATION_S)  # warm up
    for output in ("ACC", "VEL", "DISP"):
        got = rate(lambda output=output: seissynth.generate(network, event, duration=DURATION_S, output=output), n)
        print(f"{output}: {got:.0f} three-component records of {DURATION_S:g} s at 100 Hz a second and core")
    got = rate(lambda: seissynth.generate(network, event, duration=DURATION_S, output="ACC", variability=True), n)
    print(f"ACC with random terms: {got:.0f} three-component records of {DURATION_S:g} s a second and core")
    inventory, shown = seissynth.read_example()
    count = 3 * len(seissynth.explain(seissynth.generate(inventory, shown, channel="*")))
    for noise in (None, "nlnm"):
        kwargs = {"channel": "*", "output": "RAW", "duration": DURATION_S, "noise": noise, "realizations": 3}
        got = rate(lambda kwargs=kwargs: seissynth.generate(inventory, shown, **kwargs), count)
        print(f"RAW through full responses with FIR stages, noise={noise}: {got:.0f} records a second and core")

    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        imported, first = start_up(environment)
        print(f"import {imported:.2f} s; first generate with it: {first:.2f} s cold", end="")
        print(f", {start_up(environment)[1]:.2f} s with the compiled cache")

    events = (earthquake(seconds) for seconds in range(arguments.long // 100))
    hundred, seen, peaks = bare_network(100), 0, []
    for stream in seissynth.iter_generate(hundred, events, duration=DURATION_S):
        seen += len(stream) // 3
        if seen in (1000, arguments.long):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(f"iter_generate: peak memory {peaks[0]:.0f} MiB after 1,000 records, {peaks[-1]:.0f} MiB after {seen:,}")


if __name__ == "__main__":
    main()
