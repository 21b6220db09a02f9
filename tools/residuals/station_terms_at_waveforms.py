"""Do site terms of a flat file's peaks describe the spectra of waveforms? At the stations of the Ridgecrest archive.

    python -m tools.residuals.station_terms_at_waveforms DATA_FOLDER FLATFILE KEPT [--out FOLDER]

KEPT is the folder of `tools.real_records.score_station_terms`. Terms are fitted without the earthquakes of the flat
file that the archive holds, too, so that no earthquake is on both sides; those of the archive are mostly smaller.
Residuals of the waveforms from the default backend are those of the backend "conditioned", in cells of ten bands. Three
tables: station means of a band, from P to 10 s after S, against the terms there; and root mean square errors of cells
and ln PGA of all records without and with the terms, of all and about the mean of their earthquake; and the errors of
"conditioned" without an archive, where target and sources have the terms or not, fitted and scored by blocks of time as
in `conditioned_stations_out`. A fourth and a fifth table: how many peaks are within the predicted intervals, of PGA and
of others, where the model is fitted and calibrated without terms, as the one that ships, and target and sources have
them or not; with terms, with the spread of a station without one, and with the share of the variance of stations that
terms leave at the earthquakes of the fit, in the mean over bands.
"""

import argparse
import itertools
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas

from seissynth.evaluation.flatfiles.fit_terms import PERIODS_S, TERMS_HZ, sensitivities, terms_of_residuals
from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.statistics.intervals import interval, paired_difference
from seissynth.io.ground_motion_tables import read_ground_motion
from seissynth_plugins.conditioned.spectra import PERIODS_S as PSA_PERIODS_S
from seissynth_plugins.conditioned.spectra import period_of
from seissynth_plugins.residuals.cells import BANDS_HZ
from seissynth_plugins.stochastic.backend import StochasticBackend
from tools.real_records._real_records import write_csv, write_markdown
from tools.real_records.score_station_terms import FARTHEST_KM, kept_residuals, read_at_periods
from tools.residuals._fits import fit_model, shown
from tools.residuals._residuals import residual_records
from tools.residuals._rivals import residual
from tools.residuals._scores import lines_of, score_model
from tools.residuals.conditioned_stations_out import BLOCKS, SOURCES

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "sites"
#: the archive ends here; earlier earthquakes of the flat file may be in it
ARCHIVE_END = "2019-07-04T18"
#: levels of a record are those to so long after S, s
_BEHIND_S = 10.0
NONE, TERMS, READ = "no terms", "station terms", "PSA terms read at 1 / T"
#: after those with terms whose predicted spread is that of a station without a term
WHOLE = ", whole spread"


def station_levels(records):
    """Mean residual of each station and band about the mean of its earthquake, horizontals, from P to 10 s after S."""
    rows = []
    for row, one in enumerate(records.residuals):
        early = (one.times_s > one.p_s) & (one.times_s < one.s_s + _BEHIND_S)
        for band, hz in enumerate(BANDS_HZ):
            seen = one.counts[1, band] & early
            if seen.any():
                rows.append((records.event[row], records.places.station[row], hz, one.values[1, band][seen].mean()))
    table = pandas.DataFrame(rows, columns=["event", "station", "hz", "value"])
    # event and station means in turn, since stations do not see the same earthquakes
    table["station mean"] = 0.0
    for _ in range(10):
        left = table["value"] - table["station mean"]
        of_event = left.groupby([table["event"], table["hz"]]).transform("mean")
        table["station mean"] = (table["value"] - of_event).groupby([table["station"], table["hz"]]).transform("mean")
    return table.groupby(["station", "hz"])["station mean"].first()


def band_lines(levels, kinds):
    """Lines of the first table: correlation and root mean square difference of station means and terms."""
    lines = []
    for hz in BANDS_HZ:
        seen = levels.xs(hz, level="hz")
        values = seen.to_numpy() - seen.mean()
        line = [f"{hz:.1f} Hz", len(seen), f"{values.std():.2f}"]
        for terms in kinds.values():
            predicted = np.array([float(terms.at(name, hz)) for name in seen.index])
            predicted -= predicted.mean()
            line += [f"{np.corrcoef(values, predicted)[0, 1]:.2f}", f"{(values - predicted).std():.2f}"]
        lines.append(line)
    return lines


def error_lines(records, kinds, answers):
    """Lines of the second table."""
    reached = np.array([bool(one.counts.any()) for one in records.residuals])
    kept = {"cells": reached, "pga": records.clear["pga"]}
    values = {title: _residuals(records, terms, answers) for title, terms in kinds.items()}
    lines = []
    for about in ("all", "about the mean of the earthquake"):
        for title in kinds:
            line = [about, title]
            for kind, seen in kept.items():
                groups = records.event[seen]
                own, without = (_squares(values[one][kind], records.event, seen, about) for one in (title, NONE))
                line.append(_text(interval(lambda some, v=own: float(np.sqrt(v[some].mean())), groups)))
                line.append("" if title == NONE else _text(interval(
                    lambda some, a=own, b=without: float(np.sqrt(a[some].mean()) - np.sqrt(b[some].mean())), groups
                ), "+"))  # fmt: skip
            lines.append([*line, int(reached.sum()), int(kept["pga"].sum())])
    return lines


def conditioned_lines(records, kinds, answers, measures):
    """Lines of the third table."""
    times = np.unique(records.time)
    block = np.searchsorted(times, records.time) * BLOCKS // len(times)
    rows = []
    for title, terms in kinds.items():
        some = records if terms is None else relative_to(records, terms, answers, measures)
        for part in (0, 1):
            model = fit_model(some.select(np.flatnonzero(block % 2 == part)), calibrate=False)
            unseen = some.select(np.flatnonzero(block % 2 != part))
            rows += [{**row, "label": title} for row in score_model("ridgecrest", unseen, model)]
    return lines_of(pandas.DataFrame(rows), list(kinds), NONE)


def station_share(records, terms):
    """What terms leave of the variance of station means: in the mean over bands, at most all of a band."""
    fields = [terms.at(name, BANDS_HZ)[:, None] for name in records.places.station]
    less = [replace(one, values=one.values - off) for one, off in zip(records.residuals, fields, strict=True)]
    before, after = (station_levels(some) for some in (records, replace(records, residuals=less)))
    left = [after.xs(hz, level="hz").var() / before.xs(hz, level="hz").var() for hz in BANDS_HZ]
    return float(np.minimum(left, 1.0).mean())


def coverage_rows(records, kinds, answers, measures):
    """Scores of all records at stations left out, as a table; `kinds` of terms, the first of which is none.

    With terms twice: with the spread of a station without a term, and with that of one whose term is known. The share
    of its variance that is left is that of the half of the earthquakes that the model is fitted to.
    """
    times = np.unique(records.time)
    block = np.searchsorted(times, records.time) * BLOCKS // len(times)
    rows = []
    for part in (0, 1):
        known, unseen = (np.flatnonzero((block % 2 == part) == wanted) for wanted in (True, False))
        model = fit_model(records.select(known))
        for title, terms in kinds.items():
            some = records if terms is None else relative_to(records, terms, answers, measures)
            left = {title + (WHOLE if terms is not None else ""): 1.0}
            if terms is not None:
                left[title] = station_share(records.select(known), terms)
                print(f"half {part}, {title}: {left[title]:.3f} of the variance of stations is left", flush=True)
            for label, share in left.items():
                found = score_model("ridgecrest", some.select(unseen), model, station_left=share)
                rows += [{**row, "label": label} for row in found]
    return pandas.DataFrame(rows)


def coverage_lines(table, peaks):
    """Lines of tables of coverage."""
    lines = []
    for peak, sources in itertools.product(peaks, SOURCES):
        part = table[table["sources"] == sources].dropna(subset=[f"{peak}_error"])
        for title, one in part.groupby("label", sort=False):
            groups = one["event"].to_numpy()
            shares = [100 * one[f"{peak}_in_{level}"].to_numpy() for level in (68, 95)]
            texts = ["{:.0f} [{:.0f}, {:.0f}]".format(*interval(lambda some, v=share: float(v[some].mean()), groups))
                     for share in shares]  # fmt: skip
            whole = part[part["label"] == title + WHOLE]
            less = ""
            if len(whole):
                scores = (of[f"{peak}_crps"].to_numpy() for of in (one, whole))
                less = "{:+.3f} [{:+.3f}, {:+.3f}]".format(*paired_difference(*scores, groups))
            period, rms = period_of(peak), np.sqrt(np.mean(one[f"{peak}_error"] ** 2))
            line = [peak.upper() if period is None else f"PSA, {period:g} s", sources, title, str(len(one))]
            lines.append([*line, f"{rms:.2f}", f"{one[f'{peak}_sd'].mean():.2f}", *texts, less])
    return lines


def relative_to(records, terms, answers, measures):
    """Records whose residuals are relative to a default backend with the terms: its spectra are multiplied by them."""
    residuals, peaks = [], {measure: values.copy() for measure, values in records.peaks.items()}
    for row, one in enumerate(records.residuals):
        name = records.places.station[row]
        field = terms.at(name, BANDS_HZ)[:, None]
        residuals.append(replace(one, values=np.where(one.counts, one.values - field, 0.0)))
        for measure, values in peaks.items():
            period = period_of(measure)
            of = measures.index(measure if period is None else f"psa_{period:g}")
            values[row] -= terms.at(name, TERMS_HZ) @ answers[of]
    return replace(records, residuals=residuals, peaks=peaks)


def _residuals(records, terms, answers):
    """Residuals of all records less the terms: cells that count, as an array for each record, and ln PGA."""
    cells, peaks = [], residual(records, "pga").copy()
    for row, one in enumerate(records.residuals):
        name = records.places.station[row]
        field = np.zeros(len(BANDS_HZ)) if terms is None else terms.at(name, BANDS_HZ)
        cells.append((one.values - field[:, None])[one.counts])
        if terms is not None:
            peaks[row] -= terms.at(name, TERMS_HZ) @ answers
    return {"cells": cells, "pga": [np.array([peak]) for peak in peaks]}


def _squares(values, events, seen, about):
    """Mean square of each record that is seen; the mean of its earthquake is taken off first, or not."""
    level = np.zeros(len(values))
    if about != "all":
        means = np.array([one.mean() if len(one) else np.nan for one in values])
        for event in np.unique(events[seen]):
            mine = (events == event) & seen
            level[mine] = means[mine].mean()
    return np.array([((one - off) ** 2).mean() for one, off, some in zip(values, level, seen, strict=True) if some])


def _text(found, sign=""):
    return "{:{s}.2f} [{:{s}.2f}, {:{s}.2f}]".format(*found, s=sign)


def main():
    """Fit, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("flatfile", type=Path)
    parser.add_argument("kept", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    table = read_ground_motion(options.flatfile, periods_s=PERIODS_S)
    near = table.rows["path_ep_distance_km"] <= FARTHEST_KM
    measures = tuple(m for m in table.measures if m in ("pga", "pgv") or m.startswith("psa_"))
    table = replace(table, rows=table.rows[near].reset_index(drop=True), measures=measures)
    maker = MeasureMaker(StochasticBackend(preset="active"), measures, table.component, seed=0)
    plain, answers = kept_residuals(table, maker, options.kept, "plain"), sensitivities(table, maker)
    later = set(table.rows[table.rows["event_time"].astype(str) > ARCHIVE_END]["event_id"])
    plain = plain[plain["event"].isin(later)].reset_index(drop=True)
    terms, read = terms_of_residuals(plain, measures, answers), read_at_periods(plain, measures)
    records = residual_records("ridgecrest", options.data, periods_s=PSA_PERIODS_S).usual()
    records = records.select(shown(records))
    known = np.isin(records.places.station, list(terms.ln_factors))
    print(f"{len(later)} earthquakes of the flat file; {known.sum()} of {len(records)} records at "
          f"{len(set(records.places.station[known]))} stations with terms", flush=True)  # fmt: skip
    records = records.select(np.flatnonzero(known))
    bands = band_lines(station_levels(records), {TERMS: terms, READ: read})
    header = ["band", "stations", "sd of station means"]
    header += [f"{what}, {kind}" for kind in (TERMS, READ) for what in ("correlation", "sd left")]
    write_markdown(options.out / "station_terms_bands.md", header, bands)
    print(*bands, sep="\n")
    errors = error_lines(records, {NONE: None, TERMS: terms, READ: read}, answers[measures.index("pga")])
    header = ["errors", "site", "rms of a cell", "less without terms", "rms of ln PGA", "less without terms", "records",
              "with a clear PGA"]  # fmt: skip
    write_markdown(options.out / "station_terms_waveforms.md", header, errors)
    write_csv(options.out / "station_terms_bands.csv", [dict(enumerate(line)) for line in bands])
    print(*errors, sep="\n")
    lines = conditioned_lines(records, {NONE: None, TERMS: terms, READ: read}, answers, measures)
    keys = ["sources", "fitted to", "records", *(
        f"rms error of {what}{end}" for what in ("ln PGA", "a cell") for end in ("", f", less that of {NONE}")
    )]  # fmt: skip
    header = ["sources", "site", "records", keys[3], "less without terms", keys[5], "less without terms"]
    write_markdown(options.out / "station_terms_conditioned.md", header, [[one[key] for key in keys] for one in lines])
    print(pandas.DataFrame(lines).to_string(index=False))
    scores = coverage_rows(records, {NONE: None, TERMS: terms, READ: read}, answers, measures)
    header = ["peak", "sources", "site", "records", "rms error", "predicted sd", "% within 68 %", "% within 95 %",
              "CRPS less that with the whole spread"]  # fmt: skip
    lines = coverage_lines(scores, ("pga",))
    write_markdown(options.out / "station_terms_coverage.md", header, lines)
    print(*lines, sep="\n")
    others = coverage_lines(
        scores[scores["label"].isin((NONE, TERMS, TERMS + WHOLE))], [m for m in records.measures if m != "pga"]
    )
    write_markdown(options.out / "station_terms_coverage_peaks.md", header, others)
    print(*others, sep="\n")


if __name__ == "__main__":
    main()
