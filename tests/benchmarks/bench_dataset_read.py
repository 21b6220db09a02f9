"""Reading data sets: random batches of 64 records, and 100,000 rows of metadata.

    python tests/benchmarks/bench_dataset_read.py
    python tests/benchmarks/bench_dataset_read.py --set FOLDER

A set of three-component records of 60 s at 100 Hz is written first; SeisBench reads the same files where it is
installed. Times are elapsed times of one thread, the best of several; files are in the system's cache (warm).
"""

import contextlib
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from _bench import parser, print_table, show_and_keep

from seissynth.io.seisbench.dataset import Dataset, DatasetWriter

RECORDS, NPTS, RATE_HZ, BATCH = 4000, 6000, 100.0, 64
ROWS = 100_000
TIME = "2020-01-01T00:00:00.000000Z"
#: goal, records a second
GOAL = 2000


def main(folder=None):
    """Print the tables; `folder` is another set to be read as well."""
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        sets = {}
        for dtype in ("float32", "float16"):
            written = _write(place / dtype, dtype)
            sets[f"ours, {dtype}, {RECORDS} x 3 x {NPTS}"] = (place / dtype, written)
        if folder is not None:
            sets[str(Path(folder).name)] = (Path(folder), None)
        print(f"Random batches of {BATCH} records, warm disk, one thread; goal {GOAL} records/s.\n")
        rows = []
        for name, (path, written) in sets.items():
            ours, theirs = _ours(path), _seisbench(path)
            ratio = "" if theirs is None else f"{ours / theirs:.1f}"
            text = "not installed, or cannot read it" if theirs is None else f"{theirs:.0f}"
            rows.append([name, f"{written:.0f}" if written else "", f"{ours:.0f}", text, ratio])
        print_table(["set", "written, records/s", "read, records/s", "SeisBench, records/s", "ratio"], rows)
        print(f"\nMetadata of {ROWS} rows and 30 columns: {_metadata(place / 'rows'):.2f} s to open.")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"Largest memory of the process: {peak:.0f} MB (sets of {_size(place):.0f} MB).")


def _write(path, dtype):
    data = np.random.default_rng(0).standard_normal((BATCH, 3, NPTS)).astype("float32")
    start = time.perf_counter()
    with DatasetWriter(path, sampling_rate_hz=RATE_HZ, dtype=dtype) as writer:
        for first in range(0, RECORDS, BATCH):
            count = min(BATCH, RECORDS - first)
            writer.write([{"source_magnitude": 3.0, "split": "train"}] * count, data[:count])
    return RECORDS / (time.perf_counter() - start)


def _ours(path):
    dataset = Dataset(path)
    best = 0.0
    for seed in range(3):
        start, count = time.perf_counter(), 0
        for rows, _ in dataset.batches(BATCH, shuffle_seed=seed):
            count += len(rows)
        best = max(best, count / (time.perf_counter() - start))
    return best


def _seisbench(path):
    """SeisBench without its cache, which holds whole sets in memory."""
    try:
        import logging

        import seisbench.data

        logging.getLogger("seisbench").setLevel(logging.ERROR)
        dataset = seisbench.data.WaveformDataset(path, component_order="ZNE")
    except (ImportError, ValueError):
        return None
    order = np.random.default_rng(0).permutation(len(dataset))[: 10 * BATCH]
    best = 0.0
    for _ in range(3):
        start = time.perf_counter()
        for first in range(0, len(order), BATCH):
            dataset.get_waveforms(order[first : first + BATCH].tolist())
        best = max(best, len(order) / (time.perf_counter() - start))
    return best


def _metadata(path):
    path.mkdir()
    rng = np.random.default_rng(0)
    numbers = [f"source_number_{k}" for k in range(22)]
    head = "trace_name,source_id,source_origin_time,station_code,trace_start_time,trace_category,split"
    head += ",source_magnitude," + ",".join(numbers)
    with (path / "metadata.csv").open("w", encoding="utf-8") as file:
        file.write(head + "\n")
        for row, values in enumerate(rng.standard_normal((ROWS, 23)).tolist()):
            text = f'"bucket{row // 256}${row % 256},:3,:6000",e{row},{TIME},S,{TIME},earthquake_local,train'
            file.write(f"{text},{','.join(map(repr, values))}\n")
    import h5py

    with h5py.File(path / "waveforms.hdf5", "w") as file:
        file.create_group("data")
        for key, value in {"dimension_order": "CW", "component_order": "ZNE", "sampling_rate": 100.0}.items():
            file.create_dataset(f"data_format/{key}", data=value)
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        dataset = Dataset(path)
        best = min(best, time.perf_counter() - start)
    assert len(dataset) == ROWS
    return best


def _size(place):
    return sum(item.stat().st_size for item in place.rglob("*.hdf5")) / 1e6


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("--set", help="folder of another set in SeisBench's format")
    found = options.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        show_and_keep(lambda: main(found.set), found.output)
