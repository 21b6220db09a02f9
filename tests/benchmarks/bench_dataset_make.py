"""How fast the factory writes, beside what the backend alone makes, and how much memory that takes.

Usage: python tests/benchmarks/bench_dataset_make.py [--records 10000] [--workers 2] [--folder DIR]

"bare" is the backend called for the same records in blocks by the same processes, with nothing kept. CPU times do not
suffer from what else the machine does; wall times do.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import seissynth
from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes, around_station
from seissynth.data.factory.make import make_dataset, plan_dataset
from seissynth.data.factory.run import Job
from seissynth.data.factory.settings import Settings
from seissynth.data.factory.sources import Sources

PLAIN = {}
EVERYTHING = {
    "noise": "nlnm", "noise_gain_db": (0, 40), "snr_db": (0, 40), "noise_share": 0.1, "overlap_share": 0.2,
}  # fmt: skip


def inputs(records):
    inventory, _ = seissynth.read_example()
    drawn = DrawnEarthquakes(-(-records // 7), around_station(inventory, "XX.AMAT", 80.0), magnitude=(1, 5))
    return inventory, drawn


def bare_block(job, number):
    """Records of one block from the backend alone; CPU seconds and how many."""
    import pandas

    from seissynth.backends.run import run_backend

    began = time.process_time()
    plan = job.maker.plan(*job.settings.blocks()[number])
    for first in range(0, len(plan), 128):
        rows = np.arange(first, min(first + 128, len(plan)))
        table = pandas.DataFrame({name: values[rows] for name, values in plan.table.items()})
        run_backend(
            job.maker.backend, table, start_s=plan.start_s[rows], npts=6000, sampling_rate_hz=100.0,
            seeds=plan.seeds[rows], outside="allow",
        )  # fmt: skip
    return time.process_time() - began, len(plan)


def cpu_of(client):
    return sum(client.run(time.process_time).values())


def compare(client, inventory, drawn, folder, arguments):
    """Wall and CPU seconds per record: bare, made."""
    from seissynth.arguments import Arguments

    core = Arguments(sampling_rate=100.0, duration=60.0, realization=0)
    job = Job(Settings(inventory, Sources(drawn), core), folder)
    blocks = list(range(len(job.settings.blocks())))
    workers = client.scheduler_info()["workers"]
    client.gather([client.submit(bare_block, job, 0, pure=False, workers=[worker]) for worker in workers])
    cpu, began = cpu_of(client), time.perf_counter()
    done = client.gather(client.map(bare_block, [job] * len(blocks), blocks, pure=False))
    count = sum(n for _, n in done)
    bare = (time.perf_counter() - began) / count, (cpu_of(client) - cpu) / count
    shutil.rmtree(folder, ignore_errors=True)
    cpu, began = cpu_of(client), time.perf_counter()
    report = make_dataset(folder, inventory, drawn, dask=client, **arguments)
    made = (time.perf_counter() - began) / report.records, (cpu_of(client) - cpu) / report.records
    return bare, made, report


def memory_mb(records, folder):
    """Peak memory of a process that makes a set on its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--alone", str(records), "--folder", str(folder)],
        capture_output=True, text=True, check=True, env={**os.environ},
    )  # fmt: skip
    return float(done.stdout.split()[-1])


def alone(records, folder):
    inventory, drawn = inputs(records)
    make_dataset(folder, inventory, drawn, **EVERYTHING)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--alone", type=int, default=None)
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp())
    if chosen.alone:
        alone(chosen.alone, folder)
        return
    from distributed import Client, LocalCluster

    inventory, drawn = inputs(100_000)
    began = time.perf_counter(), time.process_time()
    table = plan_dataset(inventory, drawn, **EVERYTHING)
    print(f"plan of {len(table)} rows: {time.perf_counter() - began[0]:.1f} s "
          f"({time.process_time() - began[1]:.1f} s of CPU)\n")  # fmt: skip
    inventory, drawn = inputs(chosen.records)
    print(f"{chosen.records} records of 60 s, 100 Hz, {chosen.workers} processes\n")
    print("| set | bare, records/s | made, records/s | share (wall) | share (CPU) | size |")
    print("|---|---|---|---|---|---|")
    with (
        LocalCluster(n_workers=chosen.workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        for name, arguments in (("motion only", PLAIN), ("noise, SNR, 10 % noise, 20 % second events", EVERYTHING)):
            bare, made, report = compare(client, inventory, drawn, folder / "set", arguments)
            print(
                f"| {name} | {1 / bare[0]:.0f} | {1 / made[0]:.0f} | {bare[0] / made[0]:.0%} | {bare[1] / made[1]:.0%} "
                f"| {report.bytes / 1e6:.0f} MB |"
            )
            shutil.rmtree(folder / "set")
    print("\n| records | peak memory of one process |\n|---|---|")
    for records in (500, chosen.records // 5):
        print(f"| {records} | {memory_mb(records, folder / 'set'):.0f} MB |")
        shutil.rmtree(folder / "set")


if __name__ == "__main__":
    main()
