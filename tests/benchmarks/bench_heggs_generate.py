"""Records a second and memory of ``generate(..., backend="heggs")`` with the weights that come with the package.

    python tests/benchmarks/bench_heggs_generate.py [--threads 1 2] [--records 64] [--long 512] [--quick] [-o FILE]

The whole road: travel times, conditions, network, phases, waveforms, Stream. CPU time and clock of one process, best of
several; memory in a process of its own for each number of records. Nothing is asserted.
"""

import resource
import subprocess
import sys
import time
import warnings

import numpy as np
import torch
from _bench import parser, print_table, show_and_keep
from obspy import UTCDateTime
from obspy.core.event import Event, Magnitude, Origin

import seissynth
from seissynth.evaluation import virtual_inventory

OPTIONS = {"backend": "heggs", "velocity_model": "southern_california", "duration": 60.0}
REPEATS = 3
STATIONS = 32


def earthquake(seconds=0.0):
    """An ML 3 earthquake within the weights' range."""
    origin = Origin(time=UTCDateTime(2019, 7, 4, 18) + seconds, latitude=35.72, longitude=-117.55, depth=7000.0)
    return Event(origins=[origin], magnitudes=[Magnitude(mag=3.0, magnitude_type="ML")])


def network():
    """Virtual stations at 10 to 60 km, within the weights' range."""
    return virtual_inventory(earthquake(), np.linspace(10.0, 60.0, STATIONS), azimuth_deg=320.0)


def peak_mib(count):
    """Peak memory of a new process that makes so many records, MiB."""
    done = subprocess.run([sys.executable, __file__, "--only-make", str(count)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout.split()[-1])


def _make(count):
    events = (earthquake(float(number)) for number in range(-(-count // STATIONS)))
    for _ in seissynth.iter_generate(network(), events, **OPTIONS):
        pass
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _measure(arguments):
    rows, stations = [], network()
    events = [earthquake(float(number)) for number in range(-(-arguments.records // STATIONS))]
    count = len(events) * STATIONS
    longer = {**OPTIONS, "backend": "stochastic", "start": 0.0, "duration": 120.0}  # the last event is a source, too
    observed = seissynth.generate(virtual_inventory(earthquake(), [20.0]), earthquake(), **longer)
    cases = {
        "as the card says": {}, "as the card says, with a source": {"source": observed},
        "as the card says, single precision": {"precision": "float32"}, "5 steps": {"steps": 5},
        "10 steps": {"steps": 10}, "10 steps, single precision": {"steps": 10, "precision": "float32"},
        "50 steps": {"steps": 50},
    }  # fmt: skip
    if arguments.quick:
        cases = dict(list(cases.items())[:3])
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        for name, more in cases.items():
            backend = seissynth.get_backend("heggs")(**{key: more[key] for key in more if key != "source"})
            options = OPTIONS | {"backend": backend} | ({"source": more["source"]} if "source" in more else {})
            seissynth.generate(stations.select(station="V001"), events[0], **options)
            best_cpu = best_clock = np.inf
            for _ in range(REPEATS):
                cpu, clock = time.process_time(), time.perf_counter()
                for event in events:
                    seissynth.generate(stations, event, **options)
                best_cpu = min(best_cpu, time.process_time() - cpu)
                best_clock = min(best_clock, time.perf_counter() - clock)
            rows.append(
                [str(threads), name, f"{1e3 * best_cpu / count:.0f}", f"{count / best_clock:.1f}",
                 f"{threads * count / best_cpu:.1f}"]
            )  # fmt: skip
    header = ["threads", "how", "CPU ms a record", "records a second by the clock", "at full use of the cores"]
    print_table(header, rows)
    print()
    counts = (STATIONS, arguments.long)
    print_table(["records", "peak memory (MiB)"], [[f"{one:,}", f"{peak_mib(one):.0f}"] for one in counts])


def main():
    """Measure, or, in a process of its own, only make records."""
    command = parser(__doc__)
    command.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    command.add_argument("--records", type=int, default=64)
    command.add_argument("--long", type=int, default=512)
    command.add_argument("--quick", action="store_true", help="as the card says alone, not with more steps")
    command.add_argument("--only-make", type=int)
    arguments = command.parse_args()
    warnings.simplefilter("ignore", seissynth.errors.SeisSynthWarning)
    if arguments.only_make:
        _make(arguments.only_make)
    else:
        show_and_keep(lambda: _measure(arguments), arguments.output)


if __name__ == "__main__":
    main()
