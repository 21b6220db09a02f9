"""Try other standard deviations of predicted peaks: how many records of each region are then within the intervals.

    python -m tools.residuals.conditioned_stations_out DATA_FOLDER --rows ROWS.csv --out SOMEWHERE
    python -m tools.residuals.try_coverage ROWS.csv

Each region gets what the other regions say, so that nothing is fitted to the records that are counted. Regions count
alike, however many records they have. Peaks are PGA, PGV and PSA together. Tried:

- a factor on the standard deviation, so that errors have the size that is predicted;
- a factor for each kind of sources (none, one, all);
- the error that all records of a region share, which the model takes to be none, added to the variance;
- the mean of this prediction and of kriging of peaks, weighted by their variances, with the variance of "conditioned".

95 % intervals resample earthquakes (stations, for a region with one earthquake).
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from seissynth.evaluation.statistics.intervals import interval
from tools.real_records._real_records import write_markdown
from tools.residuals.conditioned_stations_out import OURS, SOURCES

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "conditioned"
HEADER = ("region", "sources", "idea", "predictions", "% within 68 %", "% within 95 %", "CRPS")
RIVAL = "kriging"


def main():
    """Read the rows, try the ideas, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--name", default="try_coverage")
    options = parser.parse_args()
    table = peaks_of(pd.read_csv(options.rows))
    lines = []
    for region in table["region"].unique():
        here, other = table[table["region"] == region], table[table["region"] != region]
        tried = {idea: change(here, other) for idea, change in IDEAS.items()}
        for sources in SOURCES:
            for idea, found in tried.items():
                part = found[found["sources"] == sources]
                if len(part):
                    lines.append([region.replace("_", " "), sources, idea, str(len(part)), *counted(part)])
                    print(*lines[-1], sep=" | ", flush=True)
    write_markdown(options.out / f"{options.name}.md", HEADER, lines)


def peaks_of(rows):
    """Errors and standard deviations of predicted peaks, a line for each; those of the rival beside them."""
    keys = ["set", "sources", "event", "station"]
    measures = [name.removesuffix("_error") for name in rows.columns if name.endswith("_error")]
    ours = rows[rows["method"] == OURS].set_index(keys)
    rival = rows[rows["method"] == RIVAL].set_index(keys).reindex(ours.index)
    parts = [
        pd.DataFrame({
            "measure": measure, "error": ours[f"{measure}_error"], "sd": ours[f"{measure}_sd"],
            "rival_error": rival[f"{measure}_error"], "rival_sd": rival[f"{measure}_sd"],
        }).reset_index()
        for measure in measures
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True).rename(columns={"set": "region"})
    return table[np.isfinite(table["error"])].reset_index(drop=True)


def counted(part):
    """Texts of the shares of records within both intervals, and of the CRPS."""
    single = part["event"].nunique() == 1
    groups = part["station" if single else "event"].to_numpy(str)
    z = (part["error"] / part["sd"]).to_numpy()
    texts = []
    for level in (0.68, 0.95):
        inside = 100.0 * (np.abs(z) < norm.ppf(0.5 + level / 2))
        texts.append("{:.0f} [{:.0f}, {:.0f}]".format(*interval(lambda some, v=inside: float(v[some].mean()), groups)))
    crps = part["sd"].to_numpy() * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    texts.append("{:.3f} [{:.3f}, {:.3f}]".format(*interval(lambda some: float(crps[some].mean()), groups)))
    return texts


def as_it_is(here, _):
    """What the backend states."""
    return here


def one_factor(here, other):
    """One factor for all."""
    return here.assign(sd=here["sd"] * _factor(other))


def factor_by_sources(here, other):
    """A factor for each kind of sources."""
    factors = {sources: _factor(part) for sources, part in other.groupby("sources")}
    return here.assign(sd=here["sd"] * here["sources"].map(factors))


def shared_error(here, other):
    """The error that a region's records share, by kind of sources and peak, added to the variance."""
    means = other.groupby(["region", "sources", "measure"])["error"].agg(["mean", "var", "count"])
    # of the square of a mean, so much is chance
    squares = (means["mean"] ** 2 - means["var"] / means["count"]).groupby(level=["sources", "measure"]).mean()
    keys = pd.MultiIndex.from_frame(here[["sources", "measure"]])
    more = squares.clip(lower=0).reindex(keys).fillna(0).to_numpy()
    return here.assign(sd=np.sqrt(here["sd"].to_numpy() ** 2 + more))


def with_kriging(here, _):
    """The mean with kriging of peaks, where there is one."""
    known = np.isfinite(here["rival_error"])
    own = 1 / here["sd"] ** 2
    share = own / (own + 1 / here["rival_sd"] ** 2)
    mean = share * here["error"] + (1 - share) * here["rival_error"]
    return here.assign(error=mean.where(known, here["error"]))


IDEAS = {
    "as it is": as_it_is,
    "one factor": one_factor,
    "factor by sources": factor_by_sources,
    "shared error": shared_error,
    "with kriging of peaks": with_kriging,
}


def _factor(table):
    """Root of the mean square of errors over their standard deviations, regions counting alike."""
    squares = ((table["error"] / table["sd"]) ** 2).groupby(table["region"]).mean()
    return float(np.sqrt(squares.mean()))


if __name__ == "__main__":
    main()
