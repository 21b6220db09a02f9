"""Score the backend "conditioned" at stations that are left out, beside rivals that know the same records.

    python -m tools.residuals.conditioned_stations_out DATA_FOLDER [--sets ridgecrest california ...] [--out FOLDER]
        [--station-left 0.5]

Ridgecrest is split into ten blocks of time; the model (patterns, hyper-parameters, calibration) and the rivals are
fitted on five of them and scored on the other five, and the reverse. "Archive": they know the records of those five
blocks, too, and so the stations. Other sets are scored with the model that ships with the package, and rivals fitted to
all of Ridgecrest. The gains of New Zealand are not known: the level of each station, of cells and of each peak, is
taken from its records of other earthquakes; as where a site term is known, half of the variance of a station is left
then (``--station-left``). Intervals resample earthquakes (stations, for a set of one). PSA of all periods is in one
table for each set; where it is clear in fewer than 20 of the records that are fitted (3 s in one half of Ridgecrest),
calibration and rivals have the constants of the nearest period.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas
from scipy.stats import norm

from seissynth.evaluation.statistics.intervals import interval, paired_difference
from seissynth_plugins.conditioned.backend import SHIPPED
from seissynth_plugins.conditioned.peaks import MEASURES, predict_peaks
from seissynth_plugins.conditioned.sources import STATION_LEFT
from seissynth_plugins.conditioned.spectra import PERIODS_S, period_of
from seissynth_plugins.residuals.weights import read_model
from tools.real_records._real_records import write_csv, write_markdown
from tools.residuals._fits import fit_calibration, fit_model, leave_out, observations, shown
from tools.residuals._records import SETS
from tools.residuals._residuals import LEAST_PEAK, residual_records
from tools.residuals._rivals import peak_rivals, residual

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "conditioned"
SOURCES = ("none", "one", "all")
BLOCKS = 10
OURS, OURS_ARCHIVE = "conditioned", "conditioned, archive"
TITLES = {
    "default": "default backend", "level": "mean residual of the sources", "kriging": "kriging of peaks",
    OURS: "conditioned", "kriging, archive": "kriging of peaks, archive", OURS_ARCHIVE: "conditioned, archive",
}  # fmt: skip
#: what changes a level alone, in cells
CELL_TITLES = {"kriging, archive": "level of station and sources"}
_LEAST_CELLS = 20
#: a line of a table of PSA needs so many records
_LEAST_RECORDS = 10


def main():
    """Score the sets, and write tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--rows", type=Path, help="a CSV file for the score of every record")
    parser.add_argument(
        "--station-left", type=float, default=STATION_LEFT, help="of the station's variance, where its level is known"
    )
    parser.add_argument("--periods", nargs="+", type=float, default=PERIODS_S, help="of PSA, s")
    arguments = parser.parse_args()
    ridgecrest = residual_records("ridgecrest", arguments.data, periods_s=arguments.periods).usual()
    ridgecrest = ridgecrest.select(shown(ridgecrest))
    rows = []
    if "ridgecrest" in arguments.sets:
        rows += _ridgecrest(ridgecrest)
    elsewhere = [name for name in arguments.sets if name != "ridgecrest"]
    if elsewhere:
        model, _ = read_model(SHIPPED)
        rivals = peak_rivals(ridgecrest)
        for name in elsewhere:
            records = residual_records(name, arguments.data, periods_s=arguments.periods)
            records, left = records.select(shown(records)), 1.0
            if name == "new_zealand":
                records, left = with_gains(records), arguments.station_left
            rows += score(name, records, model, rivals, station_left=left)
    table = pandas.DataFrame(rows)
    if arguments.rows is not None:
        write_csv(arguments.rows, rows)
    for name in arguments.sets:
        part = table[table["set"] == name]
        tables = {m: peak_lines(part, m) for m in MEASURES}
        tables |= {"psa": psa_lines(part, ridgecrest.measures), "coverage": coverage_lines(part, ridgecrest.measures)}
        for what, lines in {**tables, "cells": cell_lines(part)}.items():
            if not lines:
                continue
            path = arguments.out / f"stations_out_{name}_{what}.md"
            write_markdown(path, list(lines[0]), [list(one.values()) for one in lines])
            print(f"\n{name}, {what}\n" + pandas.DataFrame(lines).to_string(index=False), flush=True)


def _ridgecrest(records):
    times = np.unique(records.time)
    block = np.searchsorted(times, records.time) * BLOCKS // len(times)
    rows = []
    for part in (0, 1):
        known = records.select(np.flatnonzero(block % 2 == part))
        model = fit_model(known)
        rivals = peak_rivals(known)
        local = fit_calibration(model, known, archive=True)
        unseen = records.select(np.flatnonzero(block % 2 != part))
        rows += score("ridgecrest", unseen, model, rivals, observations(model.patterns, known), local, known)
    return rows


def with_gains(records):
    """Records with the level of each station from its records of other earthquakes taken off; others are left out."""
    level = np.array([one.values[one.counts].mean() if one.counts.any() else np.nan for one in records.residuals])
    gains = np.full(len(records), np.nan)
    for row in range(len(records)):
        other = (records.places.station == records.places.station[row]) & (records.event != records.event[row])
        if np.isfinite(level[other]).any():
            gains[row] = np.nanmedian(level[other])
    kept = np.flatnonzero(np.isfinite(gains))
    out = records.select(kept)
    for one, gain in zip(out.residuals, gains[kept], strict=True):
        one.values[one.counts] -= gain
    for measure in out.measures:
        level = _peak_levels(records, measure)[kept]
        out.peaks[measure] = out.peaks[measure] - level
        out.noise[measure] = np.where(np.isfinite(level), out.noise[measure] - level, np.inf)
    return out


def _peak_levels(records, measure):
    """Level of each record's station in one peak, from its records of other earthquakes that are above their noise."""
    values, names = residual(records, measure), records.places.station
    heard = records.peaks[measure] > records.noise[measure] + np.log(LEAST_PEAK)
    levels = np.full(len(records), np.nan)
    for row in range(len(records)):
        other = heard & (names == names[row]) & (records.event != records.event[row])
        if other.any():
            levels[row] = np.median(values[other])
    return levels


def score(name, records, model, rivals, archive=None, local=None, known_records=None, station_left=1.0):
    """One row for each record, kind of sources, and method."""
    rows, stations = [], _station_levels(known_records)
    for sources in SOURCES:
        kinds = [(OURS, None)] + ([(OURS_ARCHIVE, archive)] if archive is not None else [])
        for title, known in kinds:
            for row, mean, variance, others in leave_out(model, records, sources, known, station_left):
                if sources != "none" and not len(others):
                    continue
                about = {"set": name, "sources": sources, "event": records.event[row],
                         "station": records.places.station[row]}  # fmt: skip
                cells = _cells(model.patterns, records.residuals[row], mean)
                calibration = model.about["calibration"] if known is None else local
                peaks = predict_peaks(model.patterns, records.expected[row], mean, variance, calibration)
                scores = {}
                for measure, expected in records.expected[row].ln_peaks.items():
                    middle, deviation, _ = peaks[measure]
                    found = {title: (middle - expected, deviation)}
                    if title == OURS:
                        found |= rivals[measure].predict(records, row, others, sources, archive is not None)
                    for method, prediction in found.items():
                        scores.setdefault(method, {}).update(_peak(records, row, measure, *prediction))
                for method, values in scores.items():
                    own = cells if method == title else _level_cells(records, row, others, method, stations)
                    rows.append({**about, "method": method, **values, "cells": own})
    return rows


def _peak(records, row, measure, mean, deviation):
    """Error, score and coverage of one Gaussian prediction; NaN where noise hides the peak."""
    error = residual(records, measure)[row] - mean if records.clear[measure][row] else np.nan
    z = error / deviation
    crps = deviation * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    inside = {f"{measure}_in_{level}": float(abs(z) < norm.ppf(0.5 + level / 200)) if np.isfinite(z) else np.nan
              for level in (68, 95)}  # fmt: skip
    return {f"{measure}_error": error, f"{measure}_sd": deviation, f"{measure}_crps": crps, **inside}


def _cells(patterns, residuals, mean):
    """Mean square error of the cells of one record, ln amplitude."""
    seen = residuals.counts
    if seen.sum() < _LEAST_CELLS:
        return np.nan
    field = np.tensordot(mean, patterns.at(residuals).astype(float), axes=1)
    return float(np.mean((residuals.values - field)[seen] ** 2))


def _level_cells(records, row, others, method, stations):
    """The same for rivals that change a level alone: none, that of the sources, that of station and sources."""
    one = records.residuals[row]
    if one.counts.sum() < _LEAST_CELLS or method not in ("default", "level", "kriging, archive"):
        return np.nan
    names, level = records.places.station, 0.0
    of = stations if method == "kriging, archive" else {}
    if method != "default" and len(others):
        level = np.mean([_level(records.residuals[i]) - of.get(names[i], 0.0) for i in others])
    return float(np.mean((one.values[one.counts] - level - of.get(names[row], 0.0)) ** 2))


def _level(residuals):
    return residuals.values[residuals.counts].mean()


def _station_levels(records):
    """Mean level of each station, of an archive."""
    if records is None:
        return {}
    names, levels = records.places.station, np.array([_level(one) for one in records.residuals])
    return {name: float(levels[names == name].mean()) for name in set(names.tolist())}


def peak_lines(table, measure):
    """Lines of the table of one peak: scores with 95 % intervals, and differences of ours from rivals."""
    lines = []
    for sources, wide, groups in _by_sources(table):
        for method, one in wide.items():
            error, crps, *inside = (
                one[f"{measure}_{key}"].to_numpy(float) for key in ("error", "crps", "in_68", "in_95")
            )
            seen = np.isfinite(error)
            if not seen.any():
                continue
            ours = _ours(method)
            lines.append({
                "sources": sources, "method": TITLES[method], "records": str(int(seen.sum())),
                "rms error": _text(
                    interval(lambda some, e=error[seen]: float(np.sqrt(np.mean(e[some] ** 2))), groups[seen])
                ),
                "bias": f"{error[seen].mean():+.2f}",
                "CRPS": _text(interval(lambda some, c=crps[seen]: float(c[some].mean()), groups[seen])),
                "within 68 / 95 %": " / ".join(f"{100 * some[seen].mean():.0f}" for some in inside),
                "CRPS of conditioned less this": "" if method == ours else _text(
                    paired_difference(wide[ours][f"{measure}_crps"].to_numpy(float)[seen], crps[seen], groups[seen]),
                    signed=True,
                ),
            })  # fmt: skip
    return lines


def psa_lines(table, measures):
    """Lines of the table of PSA: those of `peak_lines`, period by period.

    The default backend alone is the same with any sources, and shown once. Fewer than ten records make no line.
    """
    lines = []
    for measure in measures:
        period = period_of(measure)
        if period is not None:
            lines += [
                {"T": f"{period:g} s", **line}
                for line in peak_lines(table, measure)
                if int(line["records"]) >= _LEAST_RECORDS
                and (line["sources"] == SOURCES[0] or line["method"] != TITLES["default"])
            ]
    return lines


def coverage_lines(table, measures):
    """Lines of the table of coverage: shares of records within our 68 and 95 % intervals, of ten records or more."""
    lines = []
    for measure in measures:
        for sources, wide, groups in _by_sources(table):
            for method in (OURS, OURS_ARCHIVE):
                if method not in wide:
                    continue
                inside = [100 * wide[method][f"{measure}_in_{level}"].to_numpy(float) for level in (68, 95)]
                seen = np.isfinite(inside[0])
                if seen.sum() < _LEAST_RECORDS:
                    continue
                period = period_of(measure)
                line = {"peak": measure.upper() if period is None else f"PSA, {period:g} s", "sources": sources}
                line |= {"method": TITLES[method], "records": str(int(seen.sum()))}
                for level, share in zip((68, 95), inside, strict=True):
                    found = interval(lambda some, v=share[seen]: float(v[some].mean()), groups[seen])
                    line[f"% within {level} %"] = "{:.0f} [{:.0f}, {:.0f}]".format(*found)
                lines.append(line)
    return lines


def cell_lines(table):
    """Lines of the table of cells: root mean square errors, and differences of mean squares."""
    lines = []
    for sources, wide, groups in _by_sources(table):
        for method, one in wide.items():
            cells = one["cells"].to_numpy(float)
            seen = np.isfinite(cells)
            if not seen.any():
                continue
            ours = _ours(method)
            lines.append({
                "sources": sources, "method": CELL_TITLES.get(method, TITLES[method]), "records": str(int(seen.sum())),
                "rms error of a cell": _text(
                    interval(lambda some, c=cells[seen]: float(np.sqrt(c[some].mean())), groups[seen])
                ),
                "mean square of conditioned less this": "" if method == ours else _text(
                    paired_difference(wide[ours]["cells"].to_numpy(float)[seen], cells[seen], groups[seen]),
                    signed=True,
                ),
            })  # fmt: skip
    return lines


def _ours(method):
    return OURS_ARCHIVE if "archive" in method else OURS


def _by_sources(table):
    """For each kind of sources: rows by method, and groups to resample."""
    for sources in SOURCES:
        part = table[table["sources"] == sources]
        methods = [method for method in TITLES if method in set(part["method"])]
        if not methods:
            continue
        if sources == "none":  # without sources there is no residual of them, and no event term
            methods = [method for method in methods if method not in ("level", "kriging")]
        wide = {method: part[part["method"] == method].reset_index(drop=True) for method in methods}
        groups = wide[OURS]["event" if part["event"].nunique() > 1 else "station"].to_numpy()
        yield sources, wide, groups


def _text(found, signed=False):
    value, low, high = found
    form = "{:+.3f}" if signed else "{:.3f}"
    if not np.isfinite(low):
        return form.format(value)
    return f"{form.format(value)} [{form.format(low)}, {form.format(high)}]"


if __name__ == "__main__":
    main()
