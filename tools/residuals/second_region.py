"""New Zealand as a second region of the residual model: its own constants, Ridgecrest's, and both, at either place.

    python -m tools.residuals.second_region DATA_FOLDER [--out FOLDER]

New Zealand: 39 earthquakes of M 0.6 to 1.8. Its gains are not known, so each station's level is taken from its records
of other earthquakes, and cells are scored alone. The earthquakes are parted in two, every other one; models are fitted
to one part and scored on the other, and the reverse. Few cells are above the noise: fits take records of which a
twentieth of the cells count from S to 10 s after it, a fifth at Ridgecrest, and both kinds of records are scored.
Ridgecrest is parted into ten blocks of time, as in `conditioned_stations_out`.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas

from seissynth_plugins.conditioned.peaks import MEASURES
from seissynth_plugins.residuals.hyperparameters import fit_hyperparameters
from seissynth_plugins.residuals.kernel import Places
from seissynth_plugins.residuals.weights import ResidualModel
from tools.real_records._real_records import write_csv, write_markdown
from tools.residuals._fits import fit_model, observations, shown
from tools.residuals._residuals import ResidualRecords, residual_records
from tools.residuals._scores import lines_of, score_model
from tools.residuals.conditioned_stations_out import BLOCKS, OUT, with_gains

#: share of cells that a record of New Zealand has to show
FEW = 0.05
OWN, CONSTANTS = "New Zealand", "patterns of Ridgecrest, constants of New Zealand"
PORTABLE, BOTH = "Ridgecrest", "both"
_CELLS = (("rms error of a cell", "cells"),)


def joined(a, b):
    """Records of two sets as one."""
    return ResidualRecords(
        np.concatenate([a.event, b.event]), np.concatenate([a.time, b.time]), Places.concatenate([a.places, b.places]),
        [*a.expected, *b.expected], [*a.residuals, *b.residuals],
        {measure: np.concatenate([a.peaks[measure], b.peaks[measure]]) for measure in MEASURES},
        {measure: np.concatenate([a.noise[measure], b.noise[measure]]) for measure in MEASURES},
    )  # fmt: skip


def refitted(model, records):
    """A model with the same patterns, and constants of other records."""
    known = observations(model.patterns, records)
    parameters = fit_hyperparameters(known.values, known.variances, records.places)
    return ResidualModel(model.patterns, parameters, model.about)


def fit(records):
    """A model of records, all of which count; peaks are not calibrated."""
    return fit_model(records, calibrate=False, least=0.0)


def scores_of_new_zealand(there, ridgecrest):
    """Rows of each record, and of each model."""
    portable, rows = fit(ridgecrest), []
    order = np.searchsorted(np.unique(there.time), there.time)
    clear = np.isin(np.arange(len(there)), shown(there))
    for part in (0, 1):
        train, mine = there.select(np.flatnonzero(order % 2 == part)), np.flatnonzero(order % 2 != part)
        models = {OWN: fit(train), CONSTANTS: refitted(portable, train), PORTABLE: portable,
                  BOTH: fit(joined(train, ridgecrest))}  # fmt: skip
        print(f"New Zealand, part {part}: {len(train)} records of {len(np.unique(train.time))} earthquakes", flush=True)
        for label, model in models.items():
            for some, name in ((mine, "all"), (mine[clear[mine]], "clear")):
                rows += [{**row, "label": label, "records": name} for row in
                         score_model("new_zealand", there.select(some), model)]  # fmt: skip
    return rows


def scores_of_ridgecrest(ridgecrest, there):
    """The same at Ridgecrest, where the models of Ridgecrest are those of the other blocks."""
    foreign, rows = fit(there), []
    times = np.unique(ridgecrest.time)
    block = np.searchsorted(times, ridgecrest.time) * BLOCKS // len(times)
    for part in (0, 1):
        train = ridgecrest.select(np.flatnonzero(block % 2 == part))
        test = ridgecrest.select(np.flatnonzero(block % 2 != part))
        models = {PORTABLE: fit(train), OWN: foreign, BOTH: fit(joined(train, there))}
        print(f"Ridgecrest, part {part}: {len(train)} records", flush=True)
        for label, model in models.items():
            rows += [{**row, "label": label, "records": "all"} for row in score_model("ridgecrest", test, model)]
    return rows


def main():
    """Fit, score, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    ridgecrest = residual_records("ridgecrest", options.data).usual()
    ridgecrest = ridgecrest.select(shown(ridgecrest))
    there = residual_records("new_zealand", options.data)
    there = with_gains(there.select(shown(there, FEW)))
    counts = len(np.unique(there.time)), len(np.unique(there.places.station)), len(shown(there))
    print(f"Ridgecrest {len(ridgecrest)} records; New Zealand {len(there)} of {counts[0]} earthquakes at {counts[1]} "
          f"stations, {counts[2]} of them clear", flush=True)  # fmt: skip
    lines = []
    for place, rows, labels, reference in (
        ("New Zealand", scores_of_new_zealand(there, ridgecrest), (PORTABLE, OWN, CONSTANTS, BOTH), PORTABLE),
        ("Ridgecrest", scores_of_ridgecrest(ridgecrest, there), (PORTABLE, OWN, BOTH), PORTABLE),
    ):
        table = pandas.DataFrame(rows)
        columns = _CELLS if place == "New Zealand" else (("rms error of ln PGA", "pga_error"), *_CELLS)
        for name in dict.fromkeys(table["records"]):
            found = lines_of(table[table["records"] == name], labels, reference, columns)
            lines += [{"place": place if name == "all" else f"{place}, clear records", **line} for line in found]
    write_csv(options.out / "second_region.csv", [{key: line.get(key, "") for key in lines[-1]} for line in lines])
    less = f"less that of {PORTABLE}"
    keys = ["place", "sources", "fitted to", "records", *(
        f"rms error of {what}{end}" for what in ("a cell", "ln PGA") for end in ("", f", {less}")
    )]  # fmt: skip
    header = [*keys[:5], less, keys[6], less]
    write_markdown(options.out / "second_region.md", header, [[line.get(key, "") for key in keys] for line in lines])
    print(pandas.DataFrame(lines).to_string(index=False))


if __name__ == "__main__":
    main()
