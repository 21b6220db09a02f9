"""What peaks of draws gain from a calibration that is fitted to the other blocks of time.

    python -m tools.heggs.peak_calibration WINDOWS PREDICTED [--name peak_calibration]

PREDICTED is made by ``heggs_ridgecrest predict`` with several draws of each record. Each of the five blocks gets what
the other four say, so that nothing is fitted to the records that are scored:

- a shift for each station, the mean residual of its records less that of all (shrunk as by four records without one);
- a shift that is linear in magnitude, without that at the mean magnitude;
- both.

Shifts leave the mean residual of all records as it is: most of it comes from choosing real records above their noise
(`seissynth.evaluation.bias_beyond_selection`). A factor on the scatter is not among them: the mean of a few draws is
itself uncertain, and the fair CRPS of draws that are moved about it too good (`heggs_ridgecrest predict` has factors on
draws about the model's own mean). The table has the fair CRPS of ln PGA with 95 % intervals over earthquakes, its
difference from draws as they are, and spread over error, by record and of earthquakes.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation.groups.spread import crps, ln_peaks
from seissynth.evaluation.record_sets import pair_sets, read_record_set
from seissynth.evaluation.statistics.intervals import mean_interval, paired_difference
from seissynth_plugins.heggs.training.data import TrainingTable
from tools.heggs._folds import FOLDS
from tools.heggs.peak_scaling import spread_over_error
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
HEADER = ("calibration", "CRPS of ln PGA", "difference", "bias", "spread over error", "of earthquakes")
#: a station's shift is drawn to nothing as by so many records without one
STATION_PULL = 4.0


def main():
    """Measure the peaks, calibrate each block by the others, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("predicted", type=Path)
    parser.add_argument("--name", default="peak_calibration")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    pairs = pair_sets(read_record_set(options.windows, "real"), read_record_set(options.predicted, "draws"))
    observed, drawn = ln_peaks(pairs)["pga"]
    known = np.isfinite(observed) & np.isfinite(drawn).all(axis=0)
    table = pairs.real.metadata[known]
    peaks = Peaks(
        observed[known], drawn[:, known], pairs.events[known], table["station_code"].to_numpy(str),
        table["source_magnitude"].to_numpy(float),
    )  # fmt: skip
    blocks, lines = block_of(options.windows, peaks.events), []
    plain = crps(peaks.drawn, peaks.observed)
    for name, steps in CALIBRATIONS.items():
        changed = calibrated(peaks, blocks, steps)
        score = crps(changed, peaks.observed)
        texts = ["{:.3f} [{:.3f}, {:.3f}]".format(*mean_interval(score, peaks.events)),
                 "{:+.3f} [{:+.3f}, {:+.3f}]".format(*paired_difference(score, plain, peaks.events))]  # fmt: skip
        bias = f"{(changed.mean(axis=0) - peaks.observed).mean():+.2f}"
        lines.append([name, *texts, bias, *spread_over_error(changed, peaks.observed, peaks.events)])
        print(*lines[-1], sep=" | ", flush=True)
    write_markdown(options.out / f"{options.name}.md", HEADER, lines)


class Peaks:
    """ln PGA of records, observed and drawn, with what a calibration may know of a record."""

    def __init__(self, observed, drawn, events, stations, magnitudes):
        self.observed, self.drawn, self.events = observed, drawn, events
        self.stations, self.magnitudes = stations, magnitudes

    def select(self, rows):
        """Return some of the records."""
        return Peaks(
            self.observed[rows], self.drawn[:, rows], self.events[rows], self.stations[rows], self.magnitudes[rows]
        )

    def with_draws(self, drawn):
        """Return the same records with other draws."""
        return Peaks(self.observed, drawn, self.events, self.stations, self.magnitudes)


def block_of(windows, events):
    """Number of the block of time of each record's earthquake."""
    out = np.full(len(events), -1)
    for fold in range(FOLDS):
        table = TrainingTable(windows, fold=fold, folds=FOLDS)
        names = set(table.table["source_id"].iloc[table.rows("test")])
        out[np.isin(events, sorted(names))] = fold
    if (out < 0).any():
        raise SystemExit("records of earthquakes that belong to no block; predict with the same WINDOWS.")
    return out


def calibrated(peaks, blocks, steps):
    """Draws of all records, each block changed by calibrations fitted to the other blocks."""
    out = peaks.drawn.copy()
    for block in np.unique(blocks):
        here, other = peaks.select(blocks == block), peaks.select(blocks != block)
        for step in steps:
            change = step(other)
            here, other = (part.with_draws(change(part)) for part in (here, other))
        out[:, blocks == block] = here.drawn
    return out


def station_shift(other):
    """The mean residual of a station less that of all records."""
    residual = other.observed - other.drawn.mean(axis=0)
    apart = residual - residual.mean()
    shifts = {
        name: apart[other.stations == name].sum() / ((other.stations == name).sum() + STATION_PULL)
        for name in np.unique(other.stations)
    }
    return lambda part: part.drawn + np.array([shifts.get(name, 0.0) for name in part.stations])


def magnitude_shift(other):
    """A shift that is linear in magnitude."""
    middle = other.magnitudes.mean()
    slope = np.polyfit(other.magnitudes - middle, other.observed - other.drawn.mean(axis=0), 1)[0]
    return lambda part: part.drawn + slope * (part.magnitudes - middle)


CALIBRATIONS = {
    "none": (),
    "shift of stations": (station_shift,),
    "shift over magnitude": (magnitude_shift,),
    "both": (station_shift, magnitude_shift),
}


if __name__ == "__main__":
    main()
