"""Training records of data sets: read, checked, and divided into parts."""

from pathlib import Path

import numpy as np

from seissynth.data.splits.intervals import shares_samples, times_ns
from seissynth.data.splits.split import PARTS, PURGED, kfold_by_time, split_by_time
from seissynth.errors import InputError
from seissynth.io.seisbench.dataset import Dataset
from seissynth_plugins.torchkit.noise_rows import (
    apart_from_earthquakes,
    intervals,
    purged_noise,
    sensor_names,
    station_codes,
)

#: what the factory writes beside a set; its module needs ObsPy
MADE = "dataset.json"
#: earthquakes of two sets whose origins differ by no more than this are the same, s
SAME_ORIGIN_S = 1.0
#: default share of earthquakes for validation
DEV_SHARE = 0.1


def as_list(paths):
    """Return one path or several as a list."""
    return [paths] if isinstance(paths, str | Path) else list(paths)


def open_table(paths, rules, noise=None):
    """Open sets and put their tables one below the other.

    Parameters
    ----------
    paths : path or list of path
    rules : RecordRules
        Rules for the records.
    noise : path, optional
        A set whose rows of noise are added.

    Returns
    -------
    list of Dataset
    pandas.DataFrame
        With the columns of the sets and: "set", "row" (place of the samples), "made" (by the factory, so that times
        are not those of an archive), "sensor" (NET.STA), "p_s", "s_s" (onsets after the first sample, s), "mask_end_s",
        "usable", "noise".
    """
    import pandas

    paths = as_list(paths)
    if not paths:
        raise InputError("no data set is given; pass the folder of one.")
    sets, tables = [], []
    for number, path in enumerate(paths):
        one = Dataset(path)
        rules.check_set(one, path)
        table = one.metadata.copy()
        _add_columns(table, rules, number, len(paths), path)
        sets.append(one)
        tables.append(table)
    if noise is not None:
        one = Dataset(noise)
        rules.check_set(one, noise)
        rows = np.flatnonzero(apart_from_earthquakes(one.metadata, rules)) if "trace_category" in one.metadata else []
        if not len(rows):
            raise InputError(
                f"noise={str(noise)!r} has no row of noise (trace_category) apart from its earthquakes' windows; cut "
                "it with noise windows."
            )
        one = one.select(rows)
        table = one.metadata.copy()
        _add_columns(table, rules, len(sets), 1, noise)
        sets.append(one)
        tables.append(table)
    return sets, pandas.concat(tables, ignore_index=True)


def _add_columns(table, rules, number, count, path):
    rate, length = rules.sampling_rate_hz, rules.npts / rules.sampling_rate_hz
    table["set"], table["row"] = number, np.arange(len(table))
    table["made"] = (Path(path) / MADE).is_file()
    table["sensor"] = sensor_names(table)
    category = table.get("trace_category")
    table["noise"] = False if category is None else (category == "noise").to_numpy()
    for phase in "ps":
        sample = table.get(f"trace_{phase}_arrival_sample")
        table[f"{phase}_s"] = np.nan if sample is None else sample.astype(float) / rate
    end = table["trace_mask_end_s"].astype(float) if "trace_mask_end_s" in table else np.full(len(table), length)
    if "trace_p2_arrival_sample" in table:
        # a second earthquake that was added counts from its P on, heard or not
        end = np.fmin(end, table["trace_p2_arrival_sample"].astype(float) / rate)
    table["mask_end_s"] = np.nan_to_num(end, nan=length)
    table["usable"] = _usable(table, rules, path)
    if count > 1:  # no pair across sets, even where both hold the same earthquake
        table["source_id"] = np.where(table["noise"], "", f"{number}/" + table["source_id"].astype(str))


def _usable(table, rules, path):
    """Rows of earthquakes that can be learned from."""
    good = ~table["noise"].to_numpy(bool)
    for name in rules.required:
        good &= np.isfinite(table[name].astype(float).to_numpy())
    for flag in ("trace_is_dead", "trace_is_clipped"):
        if flag in table:
            good &= ~(table[flag].astype(str) == "True").to_numpy()
    if "trace_missing_samples" in table:
        good &= ~(table["trace_missing_samples"].astype(float) > 0).to_numpy()
    if "trace_margin_s" in table:
        good &= ~(table["trace_margin_s"].astype(float) < rules.least_margin_s).to_numpy()
    p = table["p_s"].to_numpy()
    good &= ~(table["mask_end_s"].to_numpy() <= np.nan_to_num(p, nan=0.0))
    late = _start_after_origin(table)
    if late is not None:
        rules.check_starts(late[good], path)
    return good


def _start_after_origin(table):
    if "trace_start_time" not in table or "source_origin_time" not in table:
        return None
    import pandas

    start, origin = (
        pandas.to_datetime(table[name], utc=True, errors="coerce", format="ISO8601")
        for name in ("trace_start_time", "source_origin_time")
    )
    return np.nan_to_num((start - origin).dt.total_seconds().to_numpy())


def choose_parts(table, rules, fold, folds, stations_out):
    """Return a Series of words: train, dev, test, purged, stations_out, noise, unused."""
    import pandas

    parts = pandas.Series("unused", index=table.index, dtype=object)
    timed = []
    for number in table.loc[~table["noise"].astype(bool), "set"].unique():
        mine = (table["set"] == number).to_numpy()
        if _has_parts(table[mine]):
            parts[mine] = _own_parts(table[mine], fold, int(number))
        else:
            parts[mine] = _parts_by_time(table[mine], fold, folds)
            timed.append(int(number))
    parts[_known_across_sets(table, rules, parts)] = PURGED
    out = _stations(table, stations_out)
    parts[out & ~table["noise"].to_numpy()] = "stations_out"
    parts[~table["usable"].to_numpy()] = "unused"
    left_out = purged_noise(table, rules, parts, timed, out)
    parts[table["noise"].to_numpy(bool)] = "noise"
    parts[left_out] = PURGED
    return parts


def _known_across_sets(table, rules, parts):
    """Return the rows that another set keeps out: the same samples, or an earthquake of the same time.

    Sets are divided one by one: an earthquake of two cuts of one archive may be for training in one and for testing in
    the other.
    """
    start, end, known = intervals(table, rules)
    recorded = known & ~(table["made"] | table["noise"]).to_numpy(bool)
    sets, stations, words = table["set"].to_numpy(), station_codes(table), parts.to_numpy()
    origin = _origins(table, start - round((rules.start_s or 0) * 1e9))
    bad = np.zeros(len(table), bool)
    for number in np.unique(sets[recorded]):
        mine, others = recorded & (sets == number), recorded & (sets != number)
        # as within a set: validation yields to testing, training to both
        for part, against in (("dev", ("test",)), ("train", ("dev", "test"))):
            rows, held = np.flatnonzero(mine & (words == part)), np.flatnonzero(others & np.isin(words, against))
            shared = shares_samples(stations, start, end, rows, held)
            # one key for all: which origins are within the tolerance of one another
            shared |= shares_samples(np.zeros(len(table), int), origin, origin, rows, held, SAME_ORIGIN_S)
            bad[rows[shared]] = True
    return bad


def _origins(table, otherwise):
    """Origin times, ns; what follows from the start of the window where a table has none."""
    if "source_origin_time" not in table:
        return otherwise
    origin_ns = times_ns(table, "source_origin_time", missing_ok=True)
    return np.where(origin_ns < 0, otherwise, origin_ns)


def _has_parts(table):
    return "split" in table and table["split"].isin(PARTS).any()


def _own_parts(table, fold, number):
    if fold is not None:
        raise InputError(
            f"fold={fold} cannot be taken: set {number + 1} has a column 'split' that says which records train, "
            "validate and test. Leave fold out to follow the column, or give a set without it "
            "(seissynth dataset make --split none)."
        )
    return table["split"].astype(str)


def _parts_by_time(table, fold, folds):
    quakes = table[~table["noise"]]
    if fold is not None:
        if not 0 <= fold < folds:
            raise InputError(f"fold={fold} must be 0 to {folds - 1}.")
        return kfold_by_time(quakes, folds)[fold].reindex(table.index, fill_value=PURGED)
    if quakes["source_id"].nunique() < 2:
        raise InputError("a single earthquake makes no training and validation part; give a set of more.")
    return split_by_time(quakes, (1 - DEV_SHARE, DEV_SHARE)).replace("test", "dev").reindex(
        table.index, fill_value=PURGED
    )  # fmt: skip


def _stations(table, stations_out):
    names = {str(name) for name in stations_out}
    codes = table["station_code"].astype(str)
    unknown = sorted(names - set(codes) - set(table["sensor"]))
    if unknown:
        known = ", ".join(sorted(set(table["sensor"]))[:8])
        raise InputError(f"stations_out: no record is of {', '.join(unknown)}; there are {known}, ...")
    return (codes.isin(names) | table["sensor"].isin(names)).to_numpy()
