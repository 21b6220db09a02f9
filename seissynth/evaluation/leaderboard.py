"""Comparison of several generated sets: ranking, and significance of differences."""

import fnmatch
import re

import numpy as np

from seissynth.evaluation.results import SUMMARY_COLUMNS
from seissynth.evaluation.statistics.intervals import paired_difference

#: metrics not used for ranking: they reward the wrong property, or belong to the real records alone
UNRANKED = ("snr_db*", "psnr_db*", "mask_length_s", "*_floor*", "ml_real_*", "*_real")


def long_table(rows):
    """All summaries below each other.

    Parameters
    ----------
    rows : dict of str to dict of str to MetricGroup
        By set and group.

    Returns
    -------
    DataFrame
        Columns set, group and `seissynth.evaluation.results.SUMMARY_COLUMNS`.
    """
    import pandas as pd

    parts = [
        group.summary.assign(set=name, group=group.name)
        for name, groups in rows.items()
        for group in groups.values()
        if len(group.summary)
    ]
    columns = ["set", "group", *SUMMARY_COLUMNS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def unranked(metric):
    """Whether a metric is not used for ranking."""
    return any(fnmatch.fnmatchcase(metric, pattern) for pattern in UNRANKED)


def distance_to_best(value, best, metric=""):
    """Distance of a score from that of a perfect set; smaller is better, NaN if there is nothing to rank.

    Parameters
    ----------
    value, best : float
        An infinite `best` means that larger (or smaller) is always better.
    metric : str
        If the name contains "ratio", factors count: half and twice are equally far from 1.

    Returns
    -------
    float

    Examples
    --------
    >>> distance_to_best(0.8, 1.0) < distance_to_best(0.7, 1.0)
    True
    >>> distance_to_best(0.5, 1.0, "spread_ratio") == distance_to_best(2.0, 1.0, "spread_ratio")
    True
    """
    if unranked(metric) or not np.isfinite(value) or np.isnan(best):
        return np.nan
    if np.isinf(best):
        return float(-value if best > 0 else value)
    if "ratio" in metric and value > 0 and best > 0:
        return float(abs(np.log(value / best)))
    return float(abs(value - best))


def side_by_side(rows, group, metrics=None, ranked=None):
    """One row per metric, one column per set.

    Parameters
    ----------
    rows : dict of str to dict of str to MetricGroup
    group : str
    metrics : list of str, optional
        Only these; all by default.
    ranked : list of str, optional
        Sets among which the nearest to perfect is chosen; all by default.

    Returns
    -------
    DataFrame
        Columns metric, unit, best, and for every set value, low and high as ``<set>``, ``<set> low``, ``<set> high``;
        and nearest: the set that is nearest to `best`, "" if there is no ranking or a tie.
    """
    import pandas as pd

    order, table = [], {}
    for name, groups in rows.items():
        if group not in groups:
            continue
        for row in groups[group].summary.to_dict("records"):
            metric = row["metric"]
            if metrics is not None and metric not in metrics:
                continue
            if metric not in table:
                order.append(metric)
                table[metric] = {"metric": metric, "unit": row["unit"], "best": row["best"], "sets": {}}
            table[metric]["sets"][name] = row
    order = list(metrics) if metrics is not None else order
    out = []
    for metric in order:
        if metric not in table:
            continue
        entry = table[metric]
        line = {key: entry[key] for key in ("metric", "unit", "best")}
        away = {}
        for name in rows:
            row = entry["sets"].get(name, {})
            for ending, key in (("", "value"), (" low", "low"), (" high", "high")):
                line[name + ending] = row.get(key, np.nan)
            away[name] = distance_to_best(line[name], entry["best"], metric)
        known = {name: away[name] for name in ranked or rows if np.isfinite(away[name])}
        first = min(known, key=known.get) if len(known) > 1 else ""
        line["nearest"] = first if first and list(known.values()).count(known[first]) == 1 else ""
        out.append(line)
    return pd.DataFrame(out)


def leaderboard(rows, groups):
    """Headline metrics: one row per set, three columns per metric (value, low, high).

    Parameters
    ----------
    rows : dict of str to dict of str to MetricGroup
    groups : dict of str to seissynth.evaluation.registry.Group

    Returns
    -------
    DataFrame
        Columns set, then ``<metric>``, ``<metric> low``, ``<metric> high`` for each headline of any set; the last row
        "perfect" has the best scores.
    """
    import pandas as pd

    table = {name: {"set": name} for name in rows}
    perfect = {"set": "perfect"}
    for metric, group in headlines(rows, groups):
        board = side_by_side(rows, group, [metric]).iloc[0]
        for name, line in table.items():
            line |= {f"{metric}{ending}": board[f"{name}{ending}"] for ending in ("", " low", " high")}
        perfect[metric] = board["best"]
    return pd.DataFrame([*table.values(), perfect])


def headlines(rows, groups):
    """Pairs (metric, group) of the overview present in any set; the first metric of a group without a headline."""
    out = []
    for name, entry in groups.items():
        held = [groups_of[name] for groups_of in rows.values() if name in groups_of]
        there = {metric for group in held for metric in group.summary["metric"]}
        chosen = [metric for metric in entry.headline if metric in there]
        if not chosen and held:
            chosen = [m for m in held[0].summary["metric"] if not unranked(m)][:1]
        out.extend((metric, name) for metric in chosen if _known(metric, held))
    return out


def _known(metric, held):
    """Whether any set has a value of a metric."""
    return any(np.isfinite(group.summary.loc[group.summary["metric"] == metric, "value"]).any() for group in held)


def differences(rows, pairs, settings):
    """Paired differences between sets of all metrics that have values by record.

    Parameters
    ----------
    rows : dict of str to dict of str to MetricGroup
    pairs : dict of str to Pairs
    settings : EvaluationSettings

    Returns
    -------
    DataFrame
        Columns group, metric, unit, set, less (the set that is subtracted: the first one, and every baseline),
        difference, low, high, records, differs (the interval excludes 0). Only rows of equal length are compared, which
        have the same real records.
    """
    import pandas as pd

    names = list(rows)
    of_record = next(iter(pairs.values())).events if pairs else np.array([])
    out = []
    for number, name in enumerate(names):
        if name not in pairs:
            continue
        others = [other for k, other in enumerate(names) if other != name and (k == 0 or other not in pairs)]
        if number == 0:
            others = [other for other in others if other not in pairs]
        for other in others:
            for group in rows[name]:
                if group in rows[other]:
                    out += _of_group(rows[name][group], rows[other][group], name, other, of_record, settings)
    columns = ["group", "metric", "unit", "set", "less", "difference", "low", "high", "records", "differs"]
    return pd.DataFrame(out, columns=columns)


def _of_group(mine, theirs, name, other, events, settings):
    if mine.per_record is None or theirs.per_record is None or len(mine.per_record) != len(theirs.per_record):
        return []
    labels = _labels(mine.per_record, events)
    same = _labels(theirs.per_record, events)
    if labels is None or same is None or not np.array_equal(labels, same):
        return []
    out = []
    for row in mine.summary.to_dict("records"):
        metric = row["metric"]
        column, statistic = _behind(metric, row["value"], mine.per_record)
        if column is None or column not in theirs.per_record:
            continue
        a, b = (part.per_record[column].to_numpy(dtype=float) for part in (mine, theirs))
        if not (np.isfinite(a) & np.isfinite(b)).any():
            continue
        value, low, high = paired_difference(
            a, b, labels, statistic=statistic, draws=settings.draws, seed=settings.seed
        )
        out.append(
            {
                "group": mine.name, "metric": metric, "unit": row["unit"], "set": name, "less": other,
                "difference": value, "low": low, "high": high,
                "records": int((np.isfinite(a) & np.isfinite(b)).sum()),
                "differs": bool(np.isfinite(low) and (low > 0 or high < 0)),
            }
        )  # fmt: skip
    return out


def _labels(table, events):
    """Earthquakes of a table by record or by earthquake; None where they are not known."""
    for column in ("event", "source_id"):
        if column in table:
            return table[column].astype(str).to_numpy()
    return np.asarray(events).astype(str) if len(table) == len(events) else None


def _behind(metric, value, table):
    """Column of the values by record of a metric, and their statistic in the summary.

    A column may have a shorter name ("pga" for "ln_pga_bias"); it counts only if its mean or median is that of the
    summary.
    """
    short = re.sub(r"(\d)p(\d)", r"\1.\2", metric.removeprefix("ln_").removesuffix("_bias"))
    for column in (metric, short, metric.removeprefix("amplitude_")):
        if column not in table or table[column].dtype.kind not in "fiub" or not np.isfinite(value):
            continue
        known = table[column].to_numpy(dtype=float)
        known = known[np.isfinite(known)]
        for name, of in (("mean", np.mean), ("median", np.median)):
            if known.size and np.isclose(of(known), value, rtol=1e-6, atol=1e-9):
                return column, name
    return None, None
