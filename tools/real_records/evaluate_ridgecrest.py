"""The leaderboard of the Ridgecrest records: baselines, floors, known answers, and any generated sets beside them.

    python -m tools.real_records.evaluate_ridgecrest WINDOWS DATA --picker FILE [--set NAME=FOLDER ...]
        [--rows NAME;NAME] [--show NAME;NAME] [--groups GROUP ...] [--earlier FILE] [--work FOLDER] [--out FOLDER]
        [--tables-only]

WINDOWS is the set that ``seissynth dataset cut`` makes of the records with PhaseNet's picks:

    seissynth dataset cut -w DATA/ridgecrest_2019/waveforms.mseed -i DATA/ridgecrest_2019/inventory.xml
        -c DATA/ridgecrest_2019/catalog.xml -o WINDOWS --require samples --picker FILE
        --velocity-model southern_california

DATA holds ``ridgecrest_2019/``; FILE the weights of PhaseNet for SeisBench, which must then be installed. Each row and
group of metrics is written to --work when done, and not computed again: delete its files to recompute it.
``--set`` adds a generated set in SeisBench's format, records of one earthquake and sensor being draws. ``--earlier``
takes rows over from ``ridgecrest_rows.csv`` of a former call, which has no values by record. Tables go to
``docs/_static/evaluation``; the page ``docs/evaluation_ridgecrest.md`` includes them.
"""

import argparse
import re
import time
import traceback
from pathlib import Path

import numpy as np
import pandas as pd

from seissynth.evaluation.baselines.folds import record_groups
from seissynth.evaluation.baselines.rows import ROW_GROUPS, score_row, travel_time_arrivals
from seissynth.evaluation.results import EvaluationSettings
from seissynth.evaluation.statistics.intervals import interval, paired_difference
from seissynth.picking.pickers import make_picker
from tools.real_records._real_records import write_markdown
from tools.real_records._ridgecrest_rows import (
    FEW_GROUPS,
    ROWS,
    TRAVEL_TIMES,
    RememberingPicker,
    Ridgecrest,
    generated_set,
)

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"
FLOOR = "picker on real records"
KNOWN = ("itself", "late by 0.5 s", "times 2", "shuffled", "blurred, own phases", "blurred, phases found")
#: columns of the main table: title, group, metric, digits
BOARD = (
    ("P F1", "arrivals", "p_f1", 3),
    ("P MAE (s)", "arrivals", "p_mae_s", 2),
    ("S F1", "arrivals", "s_f1", 3),
    ("S MAE (s)", "arrivals", "s_mae_s", 2),
    ("envelope correlation", "similarity", "envelope_correlation", 2),
    ("spectrogram MSE", "similarity", "spectrogram_mse", 2),
    ("ln PGA, bias", "ground_motion", "ln_pga_bias", 2),
    ("sd", "ground_motion", "ln_pga_sd", 2),
    ("sd of draws / observed", "spread", "ln_pga_within_event_sd_ratio", 2),
    ("CRPS of ln PGA", "spread", "ln_pga_crps", 2),
    ("roughness ratio", "spread", "roughness_ratio", 2),
)
#: the columns of HEGGS' table 2, likewise: whole windows
TABLE_2 = (
    ("P MAE (s)", "arrivals", "p_mae_s", 3),
    ("S MAE (s)", "arrivals", "s_mae_s", 3),
    ("envelope correlation", "similarity", "envelope_correlation_whole", 3),
    ("SNR (dB)", "similarity", "snr_db_whole", 2),
    ("PSNR (dB)", "similarity", "psnr_db_whole", 1),
    ("spectrogram MSE", "similarity", "spectrogram_mse_whole", 3),
)
#: metrics by record: title, group, column, function applied to it
BY_RECORD = (
    ("envelope correlation", "similarity", "envelope_correlation", None),
    ("spectrogram MSE", "similarity", "spectrogram_mse", None),
    ("P error, misses as 2 s (s)", "arrivals", "p_mae_with_misses_s", None),
    ("S error, misses as 3 s (s)", "arrivals", "s_mae_with_misses_s", None),
    ("size of the ln PGA residual", "ground_motion", "pga", np.abs),
    ("CRPS of ln PGA", "spread", "ln_pga_crps", None),
    ("CRPS of the envelope", "spread", "envelope_crps", None),
)
#: a row, and the baselines that it is compared with
RIVALS = {
    "stochastic": (
        "stochastic, active_windows",
        "mean of 10 nearest",
        "nearest real records",
        "mean of other stations",
    ),
    "stochastic + noise": ("stochastic", "mean of 10 nearest", "nearest real records", "mean of other stations"),
    "mean of 10 nearest": ("nearest real records", "mean of other stations"),
    **{
        name: (f"{name}, residual model alone", "stochastic", "mean of 10 nearest", "mean of other stations")
        for name in ("HEGGS", "HEGGS with source", "HEGGS mean", "HEGGS mean with source")
    },
    "HEGGS, noise of the time": ("HEGGS", "stochastic", "mean of 10 nearest", "mean of other stations"),
    "HEGGS mean, noise of the time": ("HEGGS mean", "stochastic", "mean of 10 nearest", "mean of other stations"),
    "HEGGS, drawn noise": ("HEGGS", "HEGGS, noise of the time"),
    "HEGGS mean with one source": ("HEGGS mean", "HEGGS mean with source", "mean of other stations"),
    "HEGGS with one source": ("HEGGS", "HEGGS with source"),
    "HEGGS, wider between earthquakes": ("HEGGS",),
    "HEGGS with source, wider between earthquakes": ("HEGGS with source",),
    "HEGGS mean, made only": ("HEGGS mean",),
    "HEGGS mean, real only": ("HEGGS mean",),
    "HEGGS mean with source, real only": ("HEGGS mean with source",),
    "HEGGS mean, made and real": ("HEGGS mean",),
    "HEGGS mean with source, made and real": ("HEGGS mean with source",),
    **{
        f"LDM + pairs{w}, residual model": (f"HEGGS{w}, residual model alone", "stochastic", "mean of other stations")
        for w in ("", " with source", " mean", " mean with source")
    },
    "LDM + pairs, mean": ("HEGGS mean", "stochastic"),
    "LDM + pairs, mean with source": ("HEGGS mean with source", "mean of other stations"),
}


class Store:
    """Results by row and group, on disk."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def _path(self, row, group, what):
        name = re.sub(r"[^a-z0-9]+", "_", row.lower()).strip("_")
        return self.folder / f"{name}.{group}.{what}.csv"

    def has(self, row, group):
        """Say whether a group of a row is there."""
        return self._path(row, group, "summary").exists()

    def keep(self, row, found):
        """Write a group; its summary last, since it says that the group is there."""
        if found.per_record is not None:
            found.per_record.to_csv(self._path(row, found.name, "records"), index=False, float_format="%.6g")
        with (self.folder / "notes.txt").open("a", encoding="utf-8") as notes:
            notes.writelines(f"{row}, {found.name}: {note}\n" for note in found.notes)
        found.summary.to_csv(self._path(row, found.name, "summary"), index=False, float_format="%.6g")

    def take_over(self, path):
        """Keep the summaries of a table of `write_tables` where there are none, and return the names of its rows."""
        table = pd.read_csv(path)
        for (row, group), part in table.groupby(["row", "group"], sort=False):
            if not self.has(row, group):
                part.drop(columns=["row", "group"]).to_csv(self._path(row, group, "summary"), index=False)
        return list(dict.fromkeys(table["row"]))

    def summary(self, row, group):
        """Summary of a group of a row, by metric; empty where it is not there."""
        path = self._path(row, group, "summary")
        return pd.read_csv(path).set_index("metric") if path.exists() else pd.DataFrame()

    def records(self, row, group, column):
        """Values by record, or None."""
        path = self._path(row, group, "records")
        if not path.exists():
            return None
        table = pd.read_csv(path)
        return table[column].to_numpy(dtype=float) if column in table else None

    def records_of(self, real, row, group, column):
        """Values at these real records, NaN where the row has none of them, as a set of some blocks; or None."""
        values = self.records(row, group, column)
        if values is None or len(values) == len(real):
            return values
        tables = (self._path(row, named, "records") for named in ("arrivals", "ground_motion"))
        keys = next((pd.read_csv(path, dtype={"event": str, "station": str}) for path in tables if path.exists()), ())
        if len(keys) != len(values):
            return None
        place = {key: n for n, key in enumerate(zip(real.events, real.stations, strict=True))}
        out = np.full(len(real), np.nan)
        out[[place[key] for key in zip(keys["event"], keys["station"], strict=True)]] = values
        return out


def compute(sequence, store, settings, rows, sets, groups=ROW_GROUPS):
    """Make every row that is wanted and not there yet, in some of the groups."""
    for name, (wanted_folds, terms) in TRAVEL_TIMES.items():
        if settings.picker is not None and name in rows and not store.has(name, "arrivals"):
            folds = sequence.folds if wanted_folds else None
            store.keep(name, travel_time_arrivals(sequence.real, settings, folds, terms))
    makers = {name: make for name, (_, make) in ROWS.items()}
    makers |= {name: lambda s, path=path, name=name: generated_set(s, path, name) for name, path in sets.items()}
    for name, make in makers.items():
        wanted = [one for one in FEW_GROUPS.get(name, ROW_GROUPS) if one in groups and not store.has(name, one)]
        wanted = [group for group in wanted if group != "arrivals" or settings.picker is not None]
        if name not in rows or not wanted:
            continue
        begin = time.perf_counter()
        pairs = make(sequence)
        print(f"{name}: made in {time.perf_counter() - begin:.0f} s", flush=True)
        for group in wanted:
            begin = time.perf_counter()
            try:
                for found in score_row(pairs, settings, [group]).values():
                    store.keep(name, found)
            except Exception:  # one group must not take the others along; it is tried again next time
                traceback.print_exc()
            print(f"{name}: {group} in {time.perf_counter() - begin:.0f} s", flush=True)


# --- tables


def board_table(store, names, knows):
    """One line a row that was scored; values with intervals."""
    lines = []
    for name in names:
        if not any(store.has(name, group) for _, group, *_ in BOARD):
            continue
        line = [name, knows.get(name, "")]
        for _, group, metric, digits in BOARD:
            line.append(_cell(store.summary(name, group), metric, digits))
        lines.append(line)
    floor = store.summary("stochastic", "arrivals")
    if len(floor):
        cells = [_cell(floor, metric.replace("_", "_floor_", 1), digits) for _, group, metric, digits in BOARD[:4]]
        lines.append([FLOOR, "the record itself", *cells, *["–"] * (len(BOARD) - 4)])
    return ["row", "knows", *(title for title, *_ in BOARD)], lines


def table_2(store, names):
    """One line a row with the columns of the paper's table 2; rows of onsets alone left out."""
    lines = [
        [name, *(_cell(store.summary(name, group), metric, digits) for _, group, metric, digits in TABLE_2)]
        for name in names
        if store.has(name, "similarity")
    ]
    return ["row", *(title for title, *_ in TABLE_2)], lines


def groups_table(store, names, real):
    """Masked and whole windows for all, picked and clean records."""
    groups = record_groups(real)
    header = ["row"]
    for title in ("envelope correlation", "spectrogram MSE"):
        header += [f"{title}, {where}: {name}" for where in ("masked", "whole") for name in groups]
    lines = []
    for name in names:
        line = [name]
        for metric in ("envelope_correlation", "spectrogram_mse"):
            for ending in ("", "_whole"):
                values = store.records(name, "similarity", metric + ending)
                if values is not None and len(values) != len(real):  # a set of one block
                    values = None
                line += [_number(np.nan if values is None else np.nanmean(values[rows])) for rows in groups.values()]
        if any(cell != "–" for cell in line[1:]):
            lines.append(line)
    return header, lines


def differences_table(store, names, real, seed):
    """Paired differences row minus rival; those whose interval does not hold 0 are set bold."""
    lines = []
    for name in names:
        for rival in RIVALS.get(name, ("stochastic", "mean of 10 nearest", "mean of other stations")):
            line = [name, rival]
            for _, group, column, change in BY_RECORD:
                a, b = (store.records_of(real, row, group, column) for row in (name, rival))
                line.append(_difference(a, b, real.events, change, seed))
            if name != rival and any(cell != "–" for cell in line[2:]):
                lines.append(line)
    return ["row", "minus", *(title for title, *_ in BY_RECORD)], lines


def known_table(store):
    """Metrics of copies with known faults."""
    wanted = [
        ("arrivals", "p_median_s", 2), ("arrivals", "s_median_s", 2), ("arrivals", "p_matched", 3),
        ("similarity", "envelope_correlation", 3), ("similarity", "envelope_correlation_lagged", 3),
        ("similarity", "envelope_lag_s", 2), ("similarity", "spectrogram_mse", 3), ("similarity", "snr_db", 1),
        ("similarity", "waveform_correlation", 3), ("ground_motion", "ln_pga_bias", 3),
        ("ground_motion", "ln_pga_sd", 3), ("spread", "roughness_ratio", 2),
        ("spread", "ln_pga_within_event_sd_ratio", 2), ("spread", "ln_pga_crps", 2),
    ]  # fmt: skip
    lines = [
        [name, *(_number(store.summary(name, group)["value"].get(metric, np.nan), digits)
                 if store.has(name, group) else "–" for group, metric, digits in wanted)]
        for name in KNOWN
    ]  # fmt: skip
    return ["copy", *(metric for _, metric, _ in wanted)], lines


def selection_table(store, names):
    """Bias of ln PGA, what choosing real records above their noise gives by itself, and what is left."""
    metrics = ("ln_pga_bias", "ln_pga_bias_of_selection", "ln_pga_bias_beyond_selection")
    lines = []
    for name in names:
        summary = store.summary(name, "ground_motion")
        if metrics[-1] in summary.index:
            lines.append([name, *(_cell(summary, metric, 2) for metric in metrics)])
    return ["row", "bias of ln PGA", "that of the selection alone", "beyond it"], lines


def arrivals_table(store, names):
    """Both ways to count misses, and the median."""
    metrics = [f"{phase}_{what}" for phase in "ps" for what in
               ("matched", "f1", "mae_s", "mae_with_misses_s", "median_s")]  # fmt: skip
    lines = []
    for name in names:
        summary = store.summary(name, "arrivals")
        if len(summary):
            lines.append([name, *(_cell(summary, metric, 3 if metric[2:] in ("matched", "f1") else 2)
                                  for metric in metrics)])  # fmt: skip
    summary = store.summary("stochastic", "arrivals")
    if len(summary):
        lines.append([FLOOR, *(_cell(summary, metric.replace("_", "_floor_", 1), 2) for metric in metrics)])
    return ["row", *metrics], lines


def ruler_table(store, names, real, seed):
    """Whose arrivals are nearer: each row minus travel time + station term, by record, misses as the half-width."""
    ruler = "travel time + term"
    lines = []
    for name in names:
        if name == ruler or not store.has(name, "arrivals"):
            continue
        line = [name]
        for phase in "ps":
            for column in (f"{phase}_mae_s", f"{phase}_mae_with_misses_s"):
                a, b = (store.records_of(real, row, "arrivals", column) for row in (name, ruler))
                line += [_difference(a, b, real.events, None, seed), _ratio(a, b, real.events, seed)]
        lines.append(line)
    header = ["row"]
    for phase in "PS":
        for what in ("matched", "with misses"):
            header += [f"{phase}, {what}: difference (s)", "ratio"]
    return header, lines


def _cell(summary, metric, digits):
    if metric not in getattr(summary, "index", ()) or not np.isfinite(summary.loc[metric, "value"]):
        return "–"
    row = summary.loc[metric]
    return _with_limits(row["value"], row["low"], row["high"], digits)


def _with_limits(value, low, high, digits=2):
    if not np.isfinite(low):
        return _number(value, digits)
    return f"{_number(value, digits)} [{_number(low, digits)}, {_number(high, digits)}]"


def _number(value, digits=2):
    # no minus sign in front of zero
    return "–" if not np.isfinite(value) else f"{round(float(value), digits) + 0.0:.{digits}f}"


def _difference(a, b, events, change, seed):
    if a is None or b is None or len(a) != len(b):
        return "–"
    a, b = (values if change is None else change(values) for values in (a, b))
    if not (np.isfinite(a) & np.isfinite(b)).any():
        return "–"
    value, low, high = paired_difference(a, b, events, seed=seed)
    text = _with_limits(value, low, high, 3)
    return f"**{text}**" if low > 0 or high < 0 else text


def _ratio(a, b, events, seed):
    """Ratio of two means over the records that both have."""
    if a is None or b is None or len(a) != len(b):
        return "–"
    known = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    if not len(known):
        return "–"
    a, b = a[known], b[known]
    return _with_limits(*interval(lambda rows: a[rows].mean() / b[rows].mean(), events[known], seed=seed))


def write_tables(sequence, store, names, knows, out, seed, sets=()):
    """Write all tables of the page, and one CSV of all summaries."""
    out.mkdir(parents=True, exist_ok=True)
    real = sequence.real
    scored = [name for name in names if name not in KNOWN]
    tables = {
        "board": board_table(store, scored, knows),
        "table_2": table_2(store, scored),
        "arrivals": arrivals_table(store, scored),
        "selection": selection_table(store, scored),
        "ruler": ruler_table(store, scored, real, seed),
        "windows": groups_table(store, scored, real),
        "differences": differences_table(
            store, [name for name in scored if name in RIVALS or name in sets], real, seed
        ),
        "known": known_table(store),
    }  # fmt: skip
    for name, (header, lines) in tables.items():
        write_markdown(out / f"ridgecrest_{name}.md", header, lines)
    lines = [[name, int(rows.sum()), len(set(real.events[rows].tolist())),
              f"{np.median(real.mask()[rows].sum(axis=1) / real.sampling_rate_hz):.1f}"]
             for name, rows in record_groups(real).items()]  # fmt: skip
    write_markdown(out / "ridgecrest_records.md", ["group", "records", "earthquakes", "median mask (s)"], lines)
    parts = [store.summary(name, group).reset_index().assign(row=name, group=group)
             for name in names for group in ROW_GROUPS if store.has(name, group)]  # fmt: skip
    if parts:
        pd.concat(parts, ignore_index=True).to_csv(out / "ridgecrest_rows.csv", index=False, float_format="%.5g")


def main():
    """Compute what is missing, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--picker")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=FOLDER[=WHAT IT KNOWS]", dest="sets")
    parser.add_argument("--rows", help="names with semicolons between; all by default")
    parser.add_argument("--groups", nargs="+", choices=ROW_GROUPS, default=list(ROW_GROUPS), help="of metrics")
    parser.add_argument("--show", help="names in the tables, with semicolons between; all by default")
    parser.add_argument("--earlier", type=Path, metavar="FILE", help="ridgecrest_rows.csv of a former call")
    parser.add_argument("--work", type=Path, default=Path("build/evaluate_ridgecrest"))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tables-only", action="store_true")
    options = parser.parse_args()
    parts = [(*part.split("=", 2), "")[:3] for part in options.sets]
    sets = {name: folder for name, folder, _ in parts}
    sequence, store = Ridgecrest(options.windows, options.data), Store(options.work)
    known = store.take_over(options.earlier) if options.earlier else []
    names = list(dict.fromkeys([*TRAVEL_TIMES, *ROWS, *known, *sets]))
    rows = options.rows.split(";") if options.rows else names
    picker = RememberingPicker(make_picker(options.picker)) if options.picker else None
    settings = EvaluationSettings(picker=picker, seed=options.seed)
    if not options.tables_only:
        compute(sequence, store, settings, rows, sets, options.groups)
    knows = {name: words for name, (words, _) in ROWS.items()}
    knows |= dict.fromkeys(TRAVEL_TIMES, "other earthquakes at the sensor") | {name: words for name, _, words in parts}
    shown = options.show.split(";") if options.show else names
    unknown = [name for name in shown if name not in names]
    if unknown:
        parser.error(f"--show: there is no row {unknown[0]!r}; sets are named by --set")
    write_tables(sequence, store, shown, knows, options.out, options.seed, [name for name in shown if name in sets])


if __name__ == "__main__":
    main()
