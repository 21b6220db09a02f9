"""Result of a group of metrics: a summary with intervals, tables, values by record, and records left out."""

from dataclasses import dataclass, field

import numpy as np

from seissynth.evaluation.statistics.intervals import DRAWS, mean_interval
from seissynth.shared.bounds import within

#: columns of `MetricGroup.summary`, in order
SUMMARY_COLUMNS = ("metric", "unit", "value", "low", "high", "best", "records", "events", "note")


@dataclass(frozen=True)
class EvaluationSettings:
    """Settings common to all groups.

    Parameters
    ----------
    draws : int
        Bootstrap samples of an interval.
    seed : int
        Seed of the bootstrap.
    periods_s : tuple of float
        Periods of response spectra.
    picker : object, optional
        Picker of arrivals; see `seissynth.picking`. Without one the arrivals are left out and reported as missing.
    vs30_mps : float
        Value for stations without Vs30.
    train : RecordSet, optional
        Training records of a learned backend, for the check for copies.
    """

    draws: int = DRAWS
    seed: int = 0
    periods_s: tuple = (0.1, 0.3, 1.0, 3.0)
    picker: object = None
    vs30_mps: float = 760.0
    train: object = None

    def __post_init__(self):
        for name in ("draws", "seed"):
            within(name, getattr(self, name))
        within("vs30_mps", self.vs30_mps, bound="station_vs_30_mps")
        for period in self.periods_s:
            within("period", period)


@dataclass
class MetricGroup:
    """The metrics of one subject for one generated set.

    Parameters
    ----------
    name : str
        Short, for file names: "similarity".
    title : str
        For headings: "Similarity of waveforms and spectrograms".
    summary : DataFrame
        One row per metric, columns `SUMMARY_COLUMNS`: its value with a 95 % interval, the value of a perfect set
        (`best`), numbers of records and earthquakes.
    tables : dict of str to DataFrame
        Further tables by title.
    per_record : DataFrame, optional
        One row per record (or event) and one column per metric: data of pictures and paired comparisons.
    notes : list of str
        Records left out, with the reason.
    """

    name: str
    title: str
    summary: object
    tables: dict = field(default_factory=dict)
    per_record: object = None
    notes: list = field(default_factory=list)


def summary_row(metric, unit, values, events, best, *, statistic="mean", note="", draws=DRAWS, seed=0):
    """Make one row of a summary from values by record.

    Parameters
    ----------
    metric, unit : str
        Unit as text, "1" for a dimensionless number.
    values : array_like, shape (n,)
        NaN is left out and not counted.
    events : array_like, shape (n,)
    best : float
        Value of a perfect set.
    statistic : {"mean", "median", "sd"}
    note : str
    draws, seed : int

    Returns
    -------
    dict
        With keys `SUMMARY_COLUMNS`.

    Examples
    --------
    >>> row = summary_row("p_mae_s", "s", [0.1, 0.3, float("nan")], ["a", "b", "c"], 0.0)
    >>> row["value"], row["records"], row["events"]
    (0.2, 2, 2)
    """
    values, events = np.asarray(values, dtype=float), np.asarray(events)
    known = np.isfinite(values)
    value, low, high = mean_interval(values, events, statistic=statistic, draws=draws, seed=seed)
    return value_row(metric, unit, (value, low, high), best, int(known.sum()), len(set(events[known].tolist())), note)


def value_row(metric, unit, value_low_high, best, records, events, note=""):
    """Make one row of a summary from a value and its limits."""
    value, low, high = (float(x) for x in value_low_high)
    return dict(zip(SUMMARY_COLUMNS, (metric, unit, value, low, high, float(best), records, events, note), strict=True))


class SummaryInProgress:
    """Summary of a group under construction; all intervals follow the group's settings.

    Parameters
    ----------
    events : array_like, shape (n,)
        Earthquake of each value, for rows without their own.
    settings : EvaluationSettings, optional
        Stored as `settings`, with defaults for None; `bootstrap` holds its ``draws`` and ``seed``.

    Examples
    --------
    >>> summary = SummaryInProgress(["a", "b"], EvaluationSettings(draws=100))
    >>> summary.add("p_mae_s", "s", [0.1, 0.3], 0.0, note="absolute")
    >>> summary.table()[["metric", "value", "events"]].values.tolist()
    [['p_mae_s', 0.2, 2]]
    """

    def __init__(self, events, settings=None):
        self.settings = settings or EvaluationSettings()
        self.bootstrap = {"draws": self.settings.draws, "seed": self.settings.seed}
        self.events, self._rows = np.asarray(events), []

    def add(self, metric, unit, values, best, *, events=None, statistic="mean", note=""):
        """Add the row of values by record; the parameters are those of `summary_row`."""
        events = self.events if events is None else events
        row = summary_row(metric, unit, values, events, best, statistic=statistic, note=note, **self.bootstrap)
        self._rows.append(row)

    def add_value(self, metric, unit, value_low_high, best, records, events, note=""):
        """Add the row of a value whose limits are known; the parameters are those of `value_row`."""
        self._rows.append(value_row(metric, unit, value_low_high, best, records, events, note))

    def table(self):
        """Return the rows as the DataFrame that `MetricGroup.summary` holds."""
        return as_summary(self._rows)


def as_summary(rows):
    """DataFrame of rows from `summary_row` and `value_row`."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(SUMMARY_COLUMNS))
