"""Fit a preset for a region to a flat file of observed ground motion.

Levels, attenuation, durations and the vertical of a preset are changed until records in the places of the file's rows
have its measures, by steps of least squares with event terms. Priors keep what the file says little about near the
preset it began with; how much each constant was seen is part of the result.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words
from seissynth.shared.bounds import within
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.presets import make_parameters
from seissynth_plugins.stochastic.region_freedoms import CONSTANTS, SHIFTED_HZ, named_freedoms
from seissynth_plugins.stochastic.region_presets import write_table
from seissynth_plugins.stochastic.region_steps import LEAST_EVENTS, bootstrap, scatter_of, step_of
from seissynth_plugins.stochastic.spectra import interpolate_log_frequency

if TYPE_CHECKING:
    import pandas

    from seissynth.io.ground_motion_tables import GroundMotionTable

_LEAST_RECORDS = 40
_LARGEST_STEP = 1.5  # prior standard deviations


@dataclass(frozen=True)
class RegionFit:
    """Result of `fit_region`.

    Attributes
    ----------
    preset : dict
        For ``generate(..., preset=...)``, and `write`.
    freedoms : DataFrame
        A row per number that was fitted: ``change`` from the preset it began with, with its 95 % interval by bootstrap
        over events, and ``seen``, the share of the prior's variance that the file took away: 0 where it says nothing.
    residuals : DataFrame
        A row per measure: mean of ln(observed / generated), event by event, ``before`` and ``after``, of the events of
        the fit and of the ``test`` events, with 95 % intervals.
    notes : tuple of str
    """

    preset: dict
    freedoms: pandas.DataFrame = field(repr=False)
    residuals: pandas.DataFrame = field(repr=False)
    notes: tuple

    def write(self, path: str | os.PathLike[str]) -> os.PathLike[str]:
        """Write the preset as a table, which `region_presets.read_preset` reads."""
        return write_table(path, self.preset)

    def __str__(self):
        from seissynth.shared.tables import text_table

        def shown(table):
            return text_table(list(table), [[_cell(value) for value in row] for row in table.itertuples(index=False)])

        return "\n\n".join([shown(self.freedoms), shown(self.residuals), *self.notes])


def _cell(value):
    return value if isinstance(value, str) else f"{value:+.2f}" if isinstance(value, float) else str(value)


def fit_region(
    flatfile: str | os.PathLike[str] | GroundMotionTable,
    *,
    based_on: str = "active",
    name: str = "region",
    mapping: str | os.PathLike[str] | None = None,
    test_share: float = 0.5,
    most_records: int = 600,
    max_distance_km: float = 300.0,
    rounds: int = 3,
    seed: int = 0,
    velocity_model: Any = "iasp91",
    free: str | Sequence[str] | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> RegionFit:
    """Fit a preset of the default backend to a flat file.

    Parameters
    ----------
    flatfile : str, path or GroundMotionTable
        As for `seissynth.evaluation.evaluate_flatfile`; or the folder of a data set of real records, which are measured
        (`seissynth.evaluation.flatfiles.from_records.measured_table`).
    based_on : str
        Preset to begin with; its other constants stay.
    name : str
        Of the new preset.
    mapping : str or path, optional
        Names the columns of files of another kind.
    test_share : float
        Share of the events that the fit does not see, drawn by the seed; 0 for none.
    most_records : int
        Records of the fit, and of the test, drawn by the seed where there are more.
    max_distance_km : float
        Largest epicentral distance.
    rounds : int
        Steps of least squares; each makes the records some ten times.
    seed : int
    velocity_model : str or model
    free : str or sequence of str, optional
        What is fitted, by beginnings of the names in the report: ``"level"`` or ``"level,q"`` where a file says too
        little of the rest. All of them by default.
    progress : callable, optional
        Called with (passes over the records done, passes).

    Returns
    -------
    RegionFit

    Raises
    ------
    InputError, FileFormatError, DomainError
        As `evaluate_flatfile`; fewer than 6 events or 40 records to fit to; nothing that `free` names.

    Notes
    -----
    Measures are those of the file among PGA, PGV, PSA at 0.1, 0.3, 1 and 3 s, D5-95 and V/H. The same random numbers
    make the records of all steps, so differences are those of the constants. Residuals of one event share a term;
    each measure counts by its scatter between and within events (of residuals at the step's start; tau 0.45 and phi 0.6
    where events are too small to tell). The number of measures is corrected for their correlation of 0.7.

    Examples
    --------
    ``fit_region("ESM_flatfile.csv", name="italy").write("italy.csv")``
    """
    from seissynth.evaluation.flatfiles.evaluation import chosen_rows, table_of

    within("max_distance_km", max_distance_km, bound="distance_km")
    within("seed", seed)
    if not 0 <= test_share < 1 or rounds < 1 or most_records < _LEAST_RECORDS:
        raise InputError(
            f"test_share={test_share!r}, rounds={rounds!r}, most_records={most_records!r}: give a share below 1, one "
            f"round or more, and {_LEAST_RECORDS} records or more."
        )
    if isinstance(flatfile, str | os.PathLike) and os.path.isdir(flatfile):  # noqa: PTH112
        from seissynth.evaluation.flatfiles.from_records import measured_table

        table = measured_table(flatfile)
    else:
        table = table_of(flatfile, mapping, None)
    rows, notes = chosen_rows(table, max_distance_km, None, seed)
    fitted, kept_out = _parts(rows, test_share, most_records, seed)
    start = make_parameters(based_on)
    values = {name: getattr(start, name) for name in CONSTANTS}
    levels = interpolate_log_frequency(start.level_shift, np.array(SHIFTED_HZ)).tolist()
    values["level_shift"] = tuple(zip(SHIFTED_HZ, levels, strict=True))
    possible = named_freedoms(start.envelope, free)
    free = [one for one in possible if any(measure.startswith(one.needs) for measure in table.measures)]
    if not free:
        lacking = ", ".join(f"{one.name} needs {one.needs}" for one in possible)
        raise InputError(f"nothing can be fitted: the measures are {', '.join(table.measures)}, and {lacking}.")
    passes = rounds * (len(free) + 1) + 1 + (2 if len(kept_out) else 0)
    counted = _Counted(progress, passes)

    def residuals(part, constants):
        found = _residuals(table, part, based_on, constants, seed, velocity_model)
        counted()
        return found

    change, prior = np.zeros(len(free)), np.array([one.prior for one in free])

    def at(vector):
        constants = dict(values)
        for one, x in zip(free, vector, strict=True):
            constants = one.apply(constants, x)
        return constants

    before, events = residuals(fitted, {})
    now = before
    for number in range(rounds):
        if number:
            now, _ = residuals(fitted, at(change))
        slopes = np.stack(
            [
                (residuals(fitted, at(change + one.step * unit))[0] - now) / one.step
                for one, unit in zip(free, np.eye(len(free)), strict=True)
            ],
            axis=-1,
        )
        base = change
        step, information = step_of(now, slopes, events, base, prior)
        change = base + np.clip(step, -_LARGEST_STEP * prior, _LARGEST_STEP * prior)
    constants = {name: _rounded(value) for name, value in at(change).items()}
    after, _ = residuals(fitted, constants)
    spread = bootstrap(now, slopes, events, base, prior, seed)
    seen = 1.0 - np.diag(np.linalg.inv(information)) / prior**2
    summary = _summary(table.measures, {"fit": (before, after, events)})
    if len(kept_out):
        first, of = residuals(kept_out, {})
        summary += _summary(table.measures, {"test": (first, residuals(kept_out, constants)[0], of)})
    return RegionFit(
        _preset(name, based_on, constants, start, flatfile, len(np.unique(events)), len(fitted)),
        _freedom_table(free, change, spread, seen),
        _frame(summary),
        tuple(_remarks(notes, free, [one for one in possible if one not in free], seen, table, fitted)),
    )


class _Counted:
    def __init__(self, progress, passes):
        self.progress, self.passes, self.done = progress, passes, 0

    def __call__(self):
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.passes)


def _parts(rows, test_share, most, seed):
    """Rows of the fit and of the test, which share no event."""
    events = rows["event_id"].unique()
    order = generator(hash_words("region fit", seed)).permutation(len(events))
    kept_out = set(events[order[: round(test_share * len(events))]])
    parts = []
    for part in (rows[~rows["event_id"].isin(kept_out)], rows[rows["event_id"].isin(kept_out)]):
        if len(part) > most:
            chosen = generator(hash_words("region fit records", seed)).permutation(len(part))[:most]
            part = part.iloc[np.sort(chosen)]
        parts.append(part.reset_index(drop=True))
    if parts[0]["event_id"].nunique() < LEAST_EVENTS or len(parts[0]) < _LEAST_RECORDS:
        raise InputError(
            f"the fit would have {len(parts[0])} records of {parts[0]['event_id'].nunique()} events; it needs "
            f"{_LEAST_RECORDS} of {LEAST_EVENTS}. Give a larger file, or a smaller test_share."
        )
    return parts


def _residuals(table, rows, based_on, constants, seed, velocity_model):
    """Ln of observed over generated measures, (records, measures), and the event of each record."""
    from seissynth.evaluation.flatfiles.generated import MeasureMaker
    from seissynth.evaluation.flatfiles.residuals import residual_table
    from seissynth.io.ground_motion_tables import GroundMotionTable

    part = GroundMotionTable(rows, table.measures, table.component, table.layout, ())
    maker = MeasureMaker(StochasticBackend(preset=based_on, **constants), table.measures, table.component, seed)
    found, _ = residual_table(part, maker, 1, velocity_model=velocity_model)
    return found[list(table.measures)].to_numpy(float), found["event"].to_numpy()


def _summary(measures, parts):
    """Rows (events, measure, records, before, after) with intervals over events."""
    lines = []
    for label, (before, after, events) in parts.items():
        for column, measure in enumerate(measures):
            known = np.isfinite(before[:, column]) & np.isfinite(after[:, column])
            if known.sum() < LEAST_EVENTS:
                continue
            cells = [_mean_over_events(one[known, column], events[known]) for one in (before, after)]
            lines.append({"events": label, "measure": measure, "records": int(known.sum()),
                          "before": cells[0], "after": cells[1]})  # fmt: skip
    return lines


def _mean_over_events(values, events):
    """Mean of ln over events and records, weighted as their scatter asks, with the interval of 1.96 standard errors."""
    names = np.unique(events)
    means = np.array([values[events == name].mean() for name in names])
    ((tau, phi),) = scatter_of(values[:, None], events)
    weight = np.array([1.0 / (tau**2 + phi**2 / (events == name).sum()) for name in names])
    mean = float((weight * means).sum() / weight.sum())
    error = np.sqrt((weight**2 * (means - mean) ** 2).sum()) / weight.sum()
    return f"{mean:+.2f} [{mean - 1.96 * error:+.2f}, {mean + 1.96 * error:+.2f}]"


def _freedom_table(free, change, spread, seen):
    low, high = np.percentile(spread, (2.5, 97.5), axis=0)
    return _frame(
        [{"constant": one.name, "change": f"{x:+.2f} [{a:+.2f}, {b:+.2f}]", "seen": f"{100 * max(s, 0.0):.0f} %"}
         for one, x, a, b, s in zip(free, change, low, high, seen, strict=True)]
    )  # fmt: skip


def _frame(rows):
    import pandas as pd

    return pd.DataFrame(rows)


def _remarks(notes, free, absent, seen, table, rows):
    """What the file could not see."""
    yield from notes
    unseen = [one.name for one, share in zip(free, seen, strict=True) if share < 0.3]
    if unseen:
        yield f"Hardly seen by these records, and near the preset for that reason: {', '.join(unseen)}."
    if absent:
        yield f"Not fitted, since the file lacks their measures: {', '.join(one.name for one in absent)}."
    magnitudes = rows["source_magnitude"]
    yield (
        f"Records of magnitude {magnitudes.min():.1f} to {magnitudes.max():.1f} and {len(table.measures)} measures; "
        "beyond them the preset extrapolates. kappa, the velocity model and random terms were not fitted."
    )


def _preset(name, based_on, constants, start, flatfile, events, records):

    file = "a table" if not isinstance(flatfile, (str, os.PathLike)) else os.path.basename(flatfile)  # noqa: PTH119
    source = f"fitted to {records} records of {events} events of {file}"
    changed = {key: _as_lists(value) for key, value in constants.items() if value != _rounded(getattr(start, key))}
    return {"name": name, "based_on": based_on, "constants": changed, "sources": dict.fromkeys(changed, source)}


def _rounded(value):
    """Four digits, as a table of constants should show."""
    return tuple(map(_rounded, value)) if isinstance(value, tuple) else float(f"{value:.4g}")


def _as_lists(value):
    return [_as_lists(one) for one in value] if isinstance(value, tuple) else value
