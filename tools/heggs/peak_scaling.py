"""What a shift of draws, and a wider spread of them, would do to the score of their peaks.

    python -m tools.heggs.peak_scaling WINDOWS PREDICTED [--shifts 0 0.11] [--factors 1 1.2 1.4] [--name NAME]
        [--records-of OTHER]

PREDICTED is made by ``heggs_ridgecrest predict`` with several draws of each record. ln PGA of draw i becomes
m + f (x_i - m) + s, with the mean m of the draws of the record, a factor f and a shift s. The table has the fair CRPS
with 95 % intervals over earthquakes, its difference from the draws as they are, and the spread over the error of their
mean, by record and of means over the stations of an earthquake. Nothing is fitted: both numbers were looked up on the
records that are scored, so that a gain is the most that they can give. ``--records-of`` scores only the records of
another prediction, for a comparison with that.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation.groups.spread import crps, ln_peaks
from seissynth.evaluation.record_sets import pair_sets, read_record_set
from seissynth.evaluation.statistics.intervals import mean_interval, paired_difference
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
HEADER = ("shift", "factor", "CRPS of ln PGA", "difference", "spread over error", "of earthquakes")


def main():
    """Measure the peaks once, and score them under every shift and factor."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("predicted", type=Path)
    parser.add_argument("--shifts", type=float, nargs="+", default=[0.0, 0.11])
    parser.add_argument("--factors", type=float, nargs="+", default=[1.0, 1.2, 1.4])
    parser.add_argument("--records-of", type=Path, help="a prediction of fewer records, which alone are scored")
    parser.add_argument("--name", default="peak_scaling")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    pairs = pair_sets(read_record_set(options.windows, "real"), read_record_set(options.predicted, "draws"))
    observed, drawn = ln_peaks(pairs)["pga"]
    known = np.isfinite(observed) & np.isfinite(drawn).all(axis=0)
    if options.records_of is not None:
        known &= np.isin(_names(pairs.real), _names(read_record_set(options.records_of, "other")))
    events, observed, drawn = pairs.events[known], observed[known], drawn[:, known]
    middle, plain, lines = drawn.mean(axis=0), crps(drawn, observed), []
    for shift in options.shifts:
        for factor in options.factors:
            changed = middle + factor * (drawn - middle) + shift
            score = crps(changed, observed)
            texts = ["{:.3f} [{:.3f}, {:.3f}]".format(*mean_interval(score, events)),
                     "{:+.3f} [{:+.3f}, {:+.3f}]".format(*paired_difference(score, plain, events))]  # fmt: skip
            lines.append([f"{shift:g}", f"{factor:g}", *texts, *spread_over_error(changed, observed, events)])
            print(*lines[-1], sep=" | ", flush=True)
    write_markdown(options.out / f"{options.name}.md", HEADER, lines)


def _names(records):
    table = records.metadata
    return (table["source_id"] + " " + table["station_network_code"] + "." + table["station_code"]).to_numpy(str)


def spread_over_error(drawn, observed, events):
    """Root of the mean variance of draws over that of the squared error of their mean: of records, of earthquakes."""
    codes = np.unique(events, return_inverse=True)[1]
    together = np.eye(codes.max() + 1)[codes] / np.bincount(codes)
    texts = []
    for draws, seen in ((drawn, observed), (drawn @ together, observed @ together)):
        variance = (1 + 1 / len(draws)) * draws.var(axis=0, ddof=1).mean()
        texts.append(f"{np.sqrt(variance / np.square(seen - draws.mean(axis=0)).mean()):.2f}")
    return texts


if __name__ == "__main__":
    main()
