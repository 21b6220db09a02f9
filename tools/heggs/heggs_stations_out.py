"""Score predictions at stations that no training saw, beside those of weights that know them.

    python -m tools.heggs.heggs_stations_out WINDOWS DATA --picker FILE --work ROWS --stations CLC LRL
        --set "HEGGS, stations unknown=WORK/out/predicted_without_source" [--against "HEGGS;stochastic"]
        [--table NAME] [--out FOLDER]

Sets come from `heggs_ridgecrest.py ... --stations-out CLC LRL`; ROWS is the folder where
`evaluate_ridgecrest.py` keeps its rows, of which those named by ``--against`` are taken, at the same records.
Means by record with 95 % intervals that resample earthquakes, and paired differences.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from seissynth.evaluation.baselines.rows import ROW_GROUPS, score_row
from seissynth.evaluation.record_sets import pair_sets, read_record_set
from seissynth.evaluation.results import EvaluationSettings
from seissynth.evaluation.statistics.intervals import interval
from seissynth.picking.pickers import make_picker
from tools.real_records._real_records import write_markdown
from tools.real_records._ridgecrest_rows import RememberingPicker, Ridgecrest
from tools.real_records.evaluate_ridgecrest import BY_RECORD, Store, _difference, _with_limits

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"


def main():
    """Score the sets, write one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--picker", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--stations", nargs="+", required=True)
    parser.add_argument("--set", action="append", required=True, metavar="NAME=FOLDER", dest="sets")
    parser.add_argument("--against", default="HEGGS;HEGGS with source;stochastic", help="semicolons between")
    parser.add_argument("--table", default="stations_out", help="name of the file, without its ending")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    real = Ridgecrest(arguments.windows, arguments.data).real
    rows = np.flatnonzero(real.metadata["station_code"].isin(arguments.stations))
    part = real.select(rows)
    print(f"{len(part)} records of {len(set(part.events.tolist()))} earthquakes")
    settings = EvaluationSettings(picker=RememberingPicker(make_picker(arguments.picker)))
    known, columns = Store(arguments.work), [(group, column, change) for _, group, column, change in BY_RECORD]
    values = {name: [_of_rows(known.records(name, g, c), rows) for g, c, _ in columns]
              for name in arguments.against.split(";")}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        for name, path in (text.split("=", 1) for text in arguments.sets):
            pairs = pair_sets(part, read_record_set(path, name))
            if len(pairs) != len(part):
                raise SystemExit(f"{name} holds {len(pairs)} of {len(part)} records; predict all of them.")
            for found in score_row(pairs, settings, ROW_GROUPS).values():
                store.keep(name, found)
            values[name] = [store.records(name, g, c) for g, c, _ in columns]
    lines = [[name, *(_mean(v, change, part.events) for v, (_, _, change) in zip(of, columns, strict=True))]
             for name, of in values.items()]  # fmt: skip
    new = [text.split("=", 1)[0] for text in arguments.sets]
    for name in new:
        for rival in arguments.against.split(";"):
            cells = [_difference(a, b, part.events, change, 0)
                     for a, b, (_, _, change) in zip(values[name], values[rival], columns, strict=True)]  # fmt: skip
            lines.append([f"{name}, minus {rival}", *cells])
    write_markdown(arguments.out / f"{arguments.table}.md", ["row", *(title for title, *_ in BY_RECORD)], lines)


def _of_rows(values, rows):
    return None if values is None else values[rows]


def _mean(values, change, events):
    if values is None or not np.isfinite(values).any():
        return "–"
    values = values if change is None else change(values)
    seen = np.isfinite(values)
    mean = values[seen]
    return _with_limits(*interval(lambda some: mean[some].mean(), events[seen]), 3)


if __name__ == "__main__":
    main()
