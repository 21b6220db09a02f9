"""Score site terms of stations, fitted to one half of a flat file's earthquakes, on the other half.

    python -m tools.real_records.score_station_terms FLATFILE KEPT [--name ridgecrest] [--draws 100]

Every other earthquake, in the order of time, is one half. Terms are fitted on one and the records of the other are made
again with them, and the reverse. Beside no terms there are two rivals: each station's PSA term read as a Fourier factor
at 1 / T, and each measure's own station term put onto its residual without a record (which no record can have, since
measures of a record depend on each other). Records at stations with a term count. Residuals are kept in the folder
KEPT, by a digest of rows and options. Writes tables, and a picture of the terms fitted to all earthquakes.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from seissynth.evaluation.flatfiles.fit_terms import LEAST_RECORDS, PERIODS_S, sensitivities, terms_of_residuals
from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.flatfiles.parts import PARTS, limits, split_sets
from seissynth.evaluation.flatfiles.tables import measure_title
from seissynth.evaluation.statistics.mixed_effects import split_residuals
from seissynth.io.ground_motion_tables import read_ground_motion
from seissynth.stations.station_terms import StationTerms
from seissynth_plugins.stochastic.backend import StochasticBackend
from tools.real_records import _real_records as real
from tools.real_records._kept_residuals import kept_residuals
from tools.real_records._station_term_pictures import draw_terms

OUT = real.DEFAULT_OUT.parent / "sites"
SCORED = ("pga", "pgv", "psa_0.1", "psa_0.3", "psa_1", "psa_3")
FARTHEST_KM = 300.0
#: sets in the order of the tables
NONE, TERMS, READ, OWN = "no terms", "station terms", "PSA terms read at 1 / T", "each measure's own term"


def own_terms(residuals, measure):
    """Station terms of one measure alone, by mixed effects, of stations with enough records."""
    found = split_residuals(residuals[measure], residuals["event"], residuals["station"], limits=False)
    counts = residuals[residuals[measure].notna()].groupby("station").size()
    return {name: term for name, term in found.station_terms.items() if counts[name] >= LEAST_RECORDS}


def read_at_periods(residuals, measures):
    """Fourier factors that equal the PSA terms at 1 / T."""
    names = [name for name in measures if name.startswith("psa_")]
    by_measure = {name: own_terms(residuals, name) for name in names}
    hz = np.array([1 / float(name[4:]) for name in names])
    order = np.argsort(hz)
    stations = sorted(set.union(*(set(terms) for terms in by_measure.values())))
    rows = {station: np.array([by_measure[name].get(station, np.nan) for name in names]) for station in stations}
    filled = {}
    for station, values in rows.items():
        seen = order[np.isfinite(values[order])]
        filled[station] = np.interp(np.log(hz[order]), np.log(hz[seen]), values[seen])
    return StationTerms(hz[order], filled)


def scored_rows(table, maker, kept, plain, answers):
    """Residuals of all rows without terms, and of the same rows with the terms of the other half."""
    first = table.rows.drop_duplicates("event_id").sort_values("event_time")["event_id"].tolist()
    parts = []
    for half in (0, 1):
        seen, unseen = first[half::2], first[1 - half :: 2]
        known = plain[plain["event"].isin(seen)].reset_index(drop=True)
        terms = terms_of_residuals(known, table.measures, answers)
        rivals = read_at_periods(known, table.measures)
        rows = table.rows[table.rows["event_id"].isin(unseen) & table.rows["site"].isin(terms.ln_factors)]
        some = replace(table, rows=rows.reset_index(drop=True))
        keys = ["event", "station"]
        part = plain.merge(rows[["event_id", "site"]].set_axis(keys, axis=1), on=keys)
        for title, label, used in ((TERMS, "terms", terms), (READ, "read", rivals)):
            made = kept_residuals(some, maker, kept, f"{label}_{half}", terms=used)
            part = part.merge(made[[*keys, *SCORED]].rename(columns={m: f"{m} {title}" for m in SCORED}), on=keys)
        for measure in SCORED:
            of_station = own_terms(known, measure)
            part[f"{measure} {OWN}"] = part[measure] - part["station"].map(of_station).fillna(0.0)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def score_lines(rows, draws):
    """Lines of the table: parts of the residuals with 95 % intervals over earthquakes."""
    lines, numbers = [], []
    events, stations = rows["event"].to_numpy(str), rows["station"].to_numpy(str)
    for measure in SCORED:
        sets = {NONE: rows[measure], **{title: rows[f"{measure} {title}"] for title in (TERMS, READ, OWN)}}
        table, samples = split_sets(sets, events, stations, draws=draws)
        table = table.set_index("set")
        numbers.append(table.assign(measure=measure).reset_index())
        for title in sets:
            row, cells = table.loc[title], [measure_title(measure), title, int(table.loc[title, "records"])]
            for part in ("sigma", "phi", "phi_s2s", "tau"):
                cells.append(f"{row[part]:.2f} [{row[f'{part}_low']:.2f}, {row[f'{part}_high']:.2f}]")
            ratio = samples[title][:, PARTS.index("phi")] / samples[NONE][:, PARTS.index("phi")]
            low, high = limits(ratio)
            cells.append("" if title == NONE else f"{row['phi'] / table.loc[NONE, 'phi']:.2f} [{low:.2f}, {high:.2f}]")
            lines.append(cells)
    return lines, pd.concat(numbers, ignore_index=True)


def distance_share(residuals, terms, answers, measures):
    """Share of the variance of station terms of each measure that a parabola in ln distance explains."""
    distance = residuals.groupby("station")["distance_km"].median()
    x = np.log(distance[list(terms.ln_factors)].to_numpy())
    design = np.stack([np.ones_like(x), x, x**2], axis=1)
    out = {}
    for k, measure in enumerate(measures):
        y = np.array([answers[k] @ np.array(values) for values in terms.ln_factors.values()])
        fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
        out[measure] = float(np.var(fitted) / np.var(y))
    return out


def main():
    """Fit, score, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("flatfile", type=Path)
    parser.add_argument("kept", type=Path, help="folder of the residuals")
    parser.add_argument("--name", default="ridgecrest")
    parser.add_argument("--preset", default="active")
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    table = read_ground_motion(options.flatfile, periods_s=PERIODS_S)
    near = table.rows["path_ep_distance_km"] <= FARTHEST_KM
    measures = tuple(m for m in table.measures if m in ("pga", "pgv") or m.startswith("psa_"))
    table = replace(table, rows=table.rows[near].reset_index(drop=True), measures=measures)
    maker = MeasureMaker(StochasticBackend(preset=options.preset), measures, table.component, seed=0)
    plain = kept_residuals(table, maker, options.kept, "plain")
    answers = sensitivities(table, maker)
    rows = scored_rows(table, maker, options.kept, plain, answers)
    lines, numbers = score_lines(rows, options.draws)
    header = ["measure", "site", "records", "sigma", "phi", "phi_S2S", "tau", "phi over that without terms"]
    real.write_markdown(options.out / f"station_terms_{options.name}.md", header, lines)
    real.write_csv(options.out / f"station_terms_{options.name}.csv", numbers.to_dict("records"))
    terms = terms_of_residuals(plain, measures, answers)
    shares = distance_share(plain, terms, answers, measures)
    print(f"{rows['event'].nunique()} earthquakes, {rows['station'].nunique()} stations scored")
    print(f"{len(terms)} of {plain['station'].nunique()} stations have terms of all earthquakes")
    print("explained by distance:", {name: round(share, 2) for name, share in shares.items()})
    print(*lines, sep="\n")
    figure = draw_terms(terms, plain, rows, ("psa_1", f"psa_1 {TERMS}"))
    real.save_picture(figure, options.out / f"station_terms_{options.name}.png")


if __name__ == "__main__":
    main()
