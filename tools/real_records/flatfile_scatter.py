"""What the scatter between earthquakes of a flat file depends on: rows, trends, realisations; and tau of drawn terms.

    python -m tools.real_records.flatfile_scatter FLATFILE KEPT --name ridgecrest

KEPT is the folder of `evaluate_flatfile`, whose residuals are taken where they are there. Writes two tables as
Markdown, for the page on flat files: tau of residuals beside BSSA14's for parts of the rows, and tau of draws with
random terms of several sizes beside the observed one.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.flatfiles.parts import events_of_draw, limits
from seissynth.evaluation.flatfiles.residuals import add_model
from seissynth.evaluation.flatfiles.tables import measure_title
from seissynth.evaluation.statistics.intervals import resampled_rows
from seissynth.evaluation.statistics.mixed_effects import split_residuals
from seissynth_plugins.stochastic.backend import StochasticBackend
from tools.real_records import _real_records as real
from tools.real_records._kept_residuals import kept_by_event
from tools.real_records.evaluate_flatfile import MODEL, OUT, PERIODS_S, make_residuals, read_near

#: what `event_term_scale` is tried with
SCALES = {
    "drawn, as it comes": 1.0,
    "drawn, `event_term_scale=0.6`": 0.6,
    "drawn, 0.5 up to 1 Hz and 1 from 4 Hz on": ((1.0, 0.5), (4.0, 1.0)),
    "drawn, 0.45 up to 1.5 Hz and 1.1 from 4 Hz on": ((1.5, 0.45), (4.0, 1.1)),
}
_MEASURES = ("pga", "pgv", *(f"psa_{period:g}" for period in PERIODS_S))


def main():
    """Make what is missing, and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("flatfile", type=Path)
    parser.add_argument("kept", type=Path, help="folder of the residuals")
    parser.add_argument("--name", required=True)
    parser.add_argument("--measure", default="psa_0.1", help="of the table over parts of the rows")
    parser.add_argument("--max-distance", type=float, default=300.0)
    parser.add_argument("--most", type=int, default=30, help="records of an earthquake in the draws")
    parser.add_argument("--seeds", type=int, default=5, help="of the draws")
    parser.add_argument("--realizations", type=int, default=5, help="of the row with several")
    parser.add_argument("--draws", type=int, default=100, help="bootstrap samples of earthquakes")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    table = read_near(options.flatfile, options.max_distance)
    residuals, _ = add_model(make_residuals(table, options.kept, "active", 1, 0), _MEASURES, MODEL)
    residuals["depth_km"] = residuals["event"].map(table.rows.groupby("event_id")["source_depth_km"].first())
    some = replace(table, rows=at_most(table.rows, options.most))

    header = ["rows", "records", "events", "tau", "tau, BSSA14", "ratio"]
    rows = parts_of_rows(residuals, options.measure, options.draws)
    for count in (1, options.realizations):
        of_some, _ = add_model(made(some, options.kept, count), _MEASURES, MODEL)
        label = f"at most {options.most} records an event, " + ("1 realisation" if count == 1 else f"mean of {count}")
        rows.append(ratio_row(label, of_some, options.measure, options.draws))
    real.write_markdown(options.out / f"{options.name}_tau.md", header, rows)
    print(*rows, sep="\n")

    rows = draw_rows(some, options)
    real.write_markdown(options.out / f"{options.name}_tau_draws.md", ["", *map(measure_title, _MEASURES)], rows)
    print(*rows, sep="\n")


def at_most(rows, count):
    """Up to so many rows of each earthquake, by chance."""
    order = rows.sample(frac=1, random_state=0)
    return order[order.groupby("event_id").cumcount() < count].sort_index().reset_index(drop=True)


def made(table, kept, realizations, seed=0, **options):
    """Residuals of records made with some options, event by event from the folder where they are there."""
    maker = MeasureMaker(StochasticBackend(**options), table.measures, table.component, seed=seed)
    return kept_by_event(table, maker, kept, realizations)


def parts_of_rows(residuals, measure, draws):
    """Tau of the backend's and the model's residuals of one measure, for parts of the rows and without trends."""
    usable = residuals[residuals[measure].notna()]
    count = usable.groupby("event")["event"].transform("size")
    rows = [ratio_row("all", usable, measure, draws)]
    for least in (10, 20, 40):
        rows.append(ratio_row(f"earthquakes of {least} records and more", usable[count >= least], measure, draws))
    for label, chosen in (
        ("up to 100 km", usable["epicentral_km"] < 100), ("beyond 100 km", usable["epicentral_km"] >= 100),
        ("M 4.2 and more", usable["magnitude"] >= 4.2),
    ):  # fmt: skip
        rows.append(ratio_row(label, usable[chosen], measure, draws))
    trends = {"magnitude and distance": trend(usable), "these and depth": trend(usable, depth=True)}
    rows += [ratio_row(f"less trends with {name}", usable, measure, draws, of) for name, of in trends.items()]
    slopes = [
        split_residuals(usable[column], usable["event"], usable["station"], design=trends["these and depth"])
        for column in (measure, f"{measure}_model")
    ]
    print("slopes with ln depth:", *(f"{found.mean[-1]:.2f} +- {found.mean_se[-1]:.2f}" for found in slopes))
    return rows


def trend(rows, depth=False):
    """Columns of a fixed part: magnitude and its square, ln distance bent at its quintiles, and ln depth."""
    ln_r, m = np.log(rows["distance_km"].to_numpy(float)), rows["magnitude"].to_numpy(float) - 4.3
    bends = np.quantile(ln_r, (0.2, 0.4, 0.6, 0.8))
    columns = [np.ones(len(rows)), m, m**2, ln_r, *(np.maximum(ln_r - bend, 0.0) for bend in bends)]
    return np.column_stack([*columns, np.log(rows["depth_km"].to_numpy(float))] if depth else columns)


def ratio_row(label, rows, measure, draws, design=None):
    """A row of the first table; the interval of the ratio is by bootstrap over earthquakes that both sets share."""
    codes = np.unique(rows["event"].astype(str), return_inverse=True)[1]
    stations = np.unique(rows["station"].astype(str), return_inverse=True)[1]
    values = rows[[measure, f"{measure}_model"]].to_numpy(float)

    def taus(chosen, events):
        part = None if design is None else design[chosen]
        return [
            split_residuals(values[chosen, k], events, stations[chosen], design=part, limits=False).sd["event"]
            for k in (0, 1)
        ]

    own, model = taus(np.arange(len(rows)), codes)
    samples = [
        taus(one, events_of_draw(codes[one], one))
        for one in resampled_rows(rows["event"].to_numpy(), draws, 0, rows_within=False)
    ]
    low, high = limits(np.array([a / b for a, b in samples]))
    return [label, len(rows), len(np.unique(codes)), f"{own:.2f}", f"{model:.2f}",
            f"{own / model:.2f} [{low:.2f}, {high:.2f}]"]  # fmt: skip


def draw_rows(table, options):
    """Tau of observed values, and of draws with random terms, against the model: mean and range over seeds."""
    rows = []
    for label, scale in SCALES.items():
        of_seeds = []
        for seed in range(options.seeds):
            found = made(table, options.kept, 1, seed, variability=True, event_term_scale=scale)
            found, _ = add_model(found, _MEASURES, MODEL)
            if not rows:
                rows.append(["observed", *(f"{tau_of(found, found[f'{name}_model'], name):.2f}" for name in _MEASURES)])
            # of ln drawn - ln median of the model
            of_seeds.append([tau_of(found, found[f"{name}_model"] - found[name], name) for name in _MEASURES])
        of_seeds = np.array(of_seeds)
        limits_of = zip(of_seeds.mean(0), of_seeds.min(0), of_seeds.max(0), strict=True)
        rows.append([label, *(f"{mean:.2f} ({low:.2f} to {high:.2f})" for mean, low, high in limits_of)])
    return rows


def tau_of(rows, values, measure):
    """Standard deviation between earthquakes, of the rows where the measure was observed."""
    known = rows[measure].notna()
    found = split_residuals(values[known], rows["event"][known], rows["station"][known], limits=False)
    return found.sd["event"]


if __name__ == "__main__":
    main()
