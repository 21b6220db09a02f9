"""What more earthquakes bring to the residual model: fits to a quarter, a half and all, and to new ones as well.

    python -m tools.residuals.learning_curve DATA_FOLDER NEW.xml [--out FOLDER]

NEW.xml is the catalogue of `tools.real_records.detect_earthquakes`; of its earthquakes those with a magnitude are used,
less `OFF_ML`, by which that scale is above the catalogue's. All records are cut before the next earthquake of both
catalogues, by the rules of the archive. As in `conditioned_stations_out`, Ridgecrest is split into ten blocks of time,
models are fitted on five and scored on the catalogue's earthquakes of the other five, and the reverse; new earthquakes
belong to the block of their time. Quarters and halves are every fourth and second earthquake, all such subsets, and
their scores are averaged.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import obspy
import pandas
from obspy.core.event import Catalog, Magnitude

from tools.real_records._real_records import write_csv, write_markdown
from tools.residuals._fits import fit_model, observations, shown
from tools.residuals._residuals import residual_records
from tools.residuals._scores import lines_of, score_model
from tools.residuals.conditioned_stations_out import BLOCKS, OUT

#: median of found less catalogued magnitudes, see docs/_static/real/found_earthquakes.md
OFF_ML = 0.06
QUARTER, HALF, ALL, MORE = "a quarter", "half", "all", "all and new"
_NO_SIZE = 1.0


def merged(folder, new):
    """Both catalogues as one, and the times of new earthquakes that have a magnitude."""
    catalog = obspy.read_events(str(folder / "ridgecrest_2019" / "catalog.xml"))
    added, sized = [], []
    for event in obspy.read_events(str(new)):
        if event.magnitudes:
            event.magnitudes[0].mag -= OFF_ML
            sized.append(event.origins[0].time.timestamp)
        else:  # only cuts the records of others
            event.magnitudes = [Magnitude(mag=_NO_SIZE, magnitude_type="ML")]
        added.append(event)
    return Catalog([*catalog, *added]), {event.origins[0].time.timestamp for event in added}, set(sized)


def subsets(times, share):
    """Every `share`-th earthquake, for each beginning."""
    return [times[first::share] for first in range(share)]


def main():
    """Fit, score, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    catalog, added, sized = merged(options.data, options.new)
    records = residual_records("ridgecrest", options.data, catalog=catalog).usual()
    records = records.select(shown(records))
    is_new = np.isin(records.time.round(3), np.round(sorted(added), 3))
    usable = ~is_new | np.isin(records.time.round(3), np.round(sorted(sized), 3))
    records, is_new = records.select(np.flatnonzero(usable)), is_new[usable]
    known_times = np.unique(records.time[~is_new])
    print(f"{(~is_new).sum()} records of {len(known_times)} earthquakes of the catalogue, {is_new.sum()} of "
          f"{len(np.unique(records.time[is_new]))} new ones", flush=True)  # fmt: skip
    edges = known_times[[len(known_times) * block // BLOCKS for block in range(1, BLOCKS)]]
    block = np.searchsorted(edges, records.time, side="right")
    rows = []
    for part in (0, 1):
        mine = block % 2 == part
        test = records.select(np.flatnonzero(~mine & ~is_new))
        times = np.unique(records.time[mine & ~is_new])
        chosen = [(name, one, False) for name, share in ((QUARTER, 4), (HALF, 2)) for one in subsets(times, share)]
        for label, some, new in [*chosen, (ALL, times, False), (MORE, times, True)]:
            taken = mine & (np.isin(records.time, some) | (is_new & new))
            train = records.select(np.flatnonzero(taken))
            # a quarter has too few clear peaks for a calibration, which errors of means do not need
            model = fit_model(train, calibrate=False)
            archive = observations(model.patterns, train)
            found = score_model("ridgecrest", test, model, archive, model.about["calibration"], train)
            rows += [{**row, "label": label, "fold": part} for row in found]
            print(part, label, len(train), "records of", len(set(train.event.tolist())), "earthquakes", flush=True)
    table = pandas.DataFrame(rows)
    lines = lines_of(table, (QUARTER, HALF, ALL, MORE), ALL)
    write_csv(options.out / "learning_curve.csv", lines)
    header = ["method", "sources", "fitted to", "rms error of ln PGA", "less that of all", "rms error of a cell",
              "less that of all"]  # fmt: skip
    keys = ["method", "sources", "fitted to", "rms error of ln PGA", f"rms error of ln PGA, less that of {ALL}",
            "rms error of a cell", f"rms error of a cell, less that of {ALL}"]  # fmt: skip
    write_markdown(options.out / "learning_curve.md", header, [[line[key] for key in keys] for line in lines])
    print(pandas.DataFrame(lines).to_string(index=False))


if __name__ == "__main__":
    main()
