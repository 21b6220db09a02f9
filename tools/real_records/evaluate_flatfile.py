"""Residuals of flat files of observed ground motion: bias, tau and phi of a backend beside BSSA14.

    python -m tools.real_records.evaluate_flatfile FLATFILE KEPT --name ridgecrest

Residuals are kept event by event in the folder KEPT, so that a long run may be stopped and called again; the tables are
those of the events at hand. Writes a summary as Markdown and CSV, and pictures, for the page on flat files.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from seissynth.evaluation.flatfiles.evaluation import FlatfileEvaluation
from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.flatfiles.residuals import add_model
from seissynth.evaluation.flatfiles.tables import flatfile_tables, measure_title
from seissynth.evaluation.ground_motion_models import ground_motion_model
from seissynth.evaluation.results import EvaluationSettings
from seissynth.io.ground_motion_tables import read_ground_motion
from seissynth.plotting.evaluation_flatfile import draw_flatfile
from seissynth_plugins.stochastic.backend import StochasticBackend
from tools.real_records import _real_records as real
from tools.real_records._kept_residuals import kept_by_event

OUT = real.DEFAULT_OUT.parent / "flatfile"
PERIODS_S = (0.1, 0.3, 1.0, 3.0)
MODEL = "bssa14"


def read_near(flatfile, most_km):
    """Rows of a flat file up to an epicentral distance, with PSA at `PERIODS_S`."""
    table = read_ground_motion(flatfile, periods_s=PERIODS_S)
    near = table.rows["path_ep_distance_km"] <= most_km
    return replace(table, rows=table.rows[near].reset_index(drop=True))


def make_residuals(table, kept, preset, realizations, limit):
    """Make what is not in the folder yet, event by event in a random order, and return all residuals there."""
    maker, scatter = (
        MeasureMaker(StochasticBackend(preset=preset, variability=drawn), table.measures, table.component, seed=0)
        for drawn in (False, True)
    )
    events = pd.Series(table.rows["event_id"].unique()).sample(frac=1, random_state=0)
    return kept_by_event(table, maker, kept, realizations, scatter, events[: limit or len(events)])


def evaluation_of(residuals, measures, draws):
    """Everything that the report shows, of residuals."""
    residuals, _ = add_model(residuals, measures, MODEL)
    title = ground_motion_model(MODEL).title
    settings = EvaluationSettings(draws=draws, periods_s=PERIODS_S)
    summary, tables, notes = flatfile_tables(residuals, measures, "stochastic", title, settings)
    return FlatfileEvaluation("stochastic", title, measures, residuals, summary, tables, notes, {}, settings)


def summary_rows(summary):
    """One row a measure: bias, tau, phi and phi_S2S, beside the model's and those of a draw with random terms."""
    rows = []
    for _, line in summary.iterrows():
        interval = f"{line['bias']:+.2f} [{line['bias_low']:+.2f}, {line['bias_high']:+.2f}]"
        own = [f"{line[name]:.2f}" for name in ("tau", "phi", "phi_s2s")]
        known = np.isfinite(line["model_bias"])
        model = [f"{line['model_bias']:+.2f}", *(f"{line[f'model_{name}']:.2f}" for name in ("tau", "phi", "phi_s2s"))]
        ratio = f"{line['tau_ratio']:.2f} [{line['tau_ratio_low']:.2f}, {line['tau_ratio_high']:.2f}]"
        drawn = [f"{line[f'draw_{name}']:.2f}" for name in ("tau", "phi")]
        rows.append([measure_title(line["measure"]), line["records"], line["events"], interval, *own,
                     *([*model, ratio, *drawn] if known else ["–"] * 7)])  # fmt: skip
    return rows


def main():
    """Make residuals, and write tables and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("flatfile", type=Path)
    parser.add_argument("kept", type=Path, help="folder of the residuals")
    parser.add_argument("--name", required=True)
    parser.add_argument("--preset", default="active")
    parser.add_argument("--realizations", type=int, default=1)
    parser.add_argument("--max-distance", type=float, default=300.0)
    parser.add_argument("--limit", type=int, default=0, help="events; 0 for all")
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    table = read_near(options.flatfile, options.max_distance)
    residuals = make_residuals(table, options.kept, options.preset, options.realizations, options.limit)
    measures = tuple(name for name in table.measures if residuals[name].notna().any())
    found = evaluation_of(residuals, measures, options.draws)
    header = ["measure", "records", "events", "bias", "tau", "phi", "phi_S2S"]
    header += [f"{word}, BSSA14" for word in ("bias", "tau", "phi", "phi_S2S")]
    header += ["tau over BSSA14's", "tau of a draw", "phi of a draw"]
    real.write_markdown(options.out / f"{options.name}.md", header, summary_rows(found.summary))
    real.write_csv(options.out / f"{options.name}.csv", found.summary.to_dict("records"))
    for title, table_of in found.tables.items():
        words = "_".join("".join(c if c.isalnum() else " " for c in title.lower()).split())
        real.write_csv(options.out / f"{options.name}_{words}.csv", table_of.to_dict("records"))
    for k, (_, figure) in enumerate(draw_flatfile(found), start=1):
        real.save_picture(figure, options.out / f"{options.name}_{k}.png")
    print(*found.notes, *summary_rows(found.summary), sep="\n")


if __name__ == "__main__":
    main()
