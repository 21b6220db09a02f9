"""`evaluate`: all groups of metrics for one or more generated sets, on their common records."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError, MissingDependencyError, SeisSynthError
from seissynth.evaluation import leaderboard as boards
from seissynth.evaluation.baselines.rows import BASELINES, baseline_groups
from seissynth.evaluation.headlines import headline_cells, verdict_lines
from seissynth.evaluation.record_sets import Pairs, RecordSet, pair_sets, read_record_set
from seissynth.evaluation.registry import GROUPS
from seissynth.evaluation.results import EvaluationSettings
from seissynth.evaluation.verdicts import verdicts
from seissynth.shared.tables import html_table, text_table

if TYPE_CHECKING:
    import pandas
    from obspy import Inventory

    from seissynth.io.seisbench.dataset import Dataset

#: corners of the band-pass that a generated set goes through where its own band is unknown, as `seissynth dataset cut`
BAND_CORNERS = 4
#: what a baseline knows that is no rival but a floor: a representation may cost so much before any model errs
FLOOR = "the record itself"
_ROW = "evaluation_row"


@dataclass(frozen=True)
class LeftOut:
    """Something that is not in the report, with the reason.

    Parameters
    ----------
    part : str
        Name of a group, a baseline or a picture.
    set_name : str
        The generated set it belongs to.
    reason : str
    """

    part: str
    set_name: str
    reason: str


@dataclass
class Evaluation:
    """Result of `evaluate`. It prints, and shows in a notebook, its leading metrics.

    Parameters
    ----------
    real : RecordSet
        The real records that are compared.
    pairs : dict of str to Pairs
        By generated set; all have the same real records, row by row.
    groups : dict of str to dict of str to MetricGroup
        By generated set and group.
    baselines : dict of str to dict of str to MetricGroup
        By baseline and group, in the form of `groups`; baselines have only some metrics.
    missing : list of LeftOut
        Groups that could not be computed with the given input.
    failures : list of LeftOut
        Groups that raised an error.
    settings : EvaluationSettings
    about : dict
        Description of the comparison in plain data: counts, files, versions, the call.
    seconds : dict of (str, str) to float
        Time of each set and group.
    """

    real: RecordSet
    pairs: dict
    settings: EvaluationSettings
    groups: dict = field(default_factory=dict)
    baselines: dict = field(default_factory=dict)
    missing: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    about: dict = field(default_factory=dict)
    seconds: dict = field(default_factory=dict)

    def __repr__(self):
        sets = ", ".join(self.pairs)
        return f"Evaluation({sets} beside {self.real.name}: {len(self.real)} records, {len(self.group_names)} groups)"

    def __str__(self):
        if not self.rows:
            return repr(self)
        return "\n".join([repr(self), *verdict_lines(self), text_table(*headline_cells(self))])

    def _repr_html_(self):
        left_out = "".join(
            f"<p>{escape(f'{item.part} ({item.set_name}): {item.reason}')}</p>" for item in self.missing + self.failures
        )
        said = "".join(f"<p>{escape(line)}</p>" for line in verdict_lines(self))
        return said + (html_table(*headline_cells(self), repr(self)) if self.rows else escape(repr(self))) + left_out

    @property
    def group_names(self) -> list[str]:
        """Names of the groups of any set, in the order of the report."""
        held = {name for groups in self.groups.values() for name in groups}
        return [name for name in GROUPS if name in held]

    @property
    def rows(self) -> dict[str, Any]:
        """The generated sets and then the baselines: name -> group -> MetricGroup."""
        return {**self.groups, **self.baselines}

    @property
    def ranked(self) -> list[str]:
        """Names of the rows that are ranked: all except the floors, which use the record itself."""
        return [name for name in self.rows if name not in self.baselines or not _is_floor(name)]

    @property
    def verdicts(self) -> dict[str, str]:
        """Result of each generated set in one or two sentences, made from its numbers."""
        return verdicts(self)

    @property
    def summary(self) -> pandas.DataFrame:
        """All summaries in one DataFrame: columns set, group, and those of `MetricGroup.summary`."""
        return boards.long_table(self.rows)

    @property
    def leaderboard(self) -> pandas.DataFrame:
        """DataFrame of the headline metrics: one row for each set and baseline."""
        return boards.leaderboard(self.rows, GROUPS)

    @property
    def differences(self) -> pandas.DataFrame:
        """DataFrame of paired differences: each set less the first, and less each baseline."""
        return boards.differences(self.rows, self.pairs, self.settings)


def evaluate(
    real: Any,
    generated: Any,
    *,
    names: list[str] | None = None,
    real_name: str | None = None,
    picker: Any = None,
    train: str | os.PathLike[str] | Dataset | RecordSet | None = None,
    groups: list[str] | None = None,
    skip: Sequence[str] = (),
    baselines: bool = True,
    split: str | None = None,
    clipped: bool = False,
    inventory: Inventory | None = None,
    settings: EvaluationSettings | None = None,
    progress: Callable[..., Any] | None = None,
) -> Evaluation:
    """Compare generated records with real ones of the same earthquakes at the same sensors.

    Parameters
    ----------
    real : path, Dataset or RecordSet
        A folder in SeisBench's format, an ASDF file, or records in memory.
    generated : path, Dataset, RecordSet, Stream, Ensemble, or a list or dict of them
        One or more generated sets; several records of one earthquake and sensor are draws. Keys of a dict are names.
    names : list of str, optional
        Names of the generated sets.
    real_name : str, optional
        Name of the real set.
    picker : optional
        Picker of arrivals: "aic", the path of PhaseNet weights, or an object with `pick` (`seissynth.picking`). Without
        one the arrivals are left out, and reported as missing.
    train : path, Dataset or RecordSet, optional
        The records that a learned backend was trained on: the check for copies compares with them.
    groups : list of str, optional
        Only these groups; all by default.
    skip : list of str, optional
        All but these.
    baselines : bool
        Score the baselines too (`seissynth.evaluation.baselines`).
    split : str, optional
        Only this part of the real set.
    clipped : bool
        Keep real records that are marked as clipped: their peaks are the digitiser's.
    inventory : Inventory, optional
        Directions of the sensors of Streams.
    settings : EvaluationSettings, optional
        Bootstrap draws, seed, periods; `picker` overrides its picker.
    progress : callable, optional
        Called with (steps done, total steps, current step).

    Returns
    -------
    Evaluation
        A group that fails is in `failures`, one that lacks an input in `missing`; the others are complete.

    Raises
    ------
    InputError
        Nothing to compare: no record in common, different rates, unknown names.

    Notes
    -----
    All sets are scored on the same real records: those for which every set has a partner. Records left out are counted
    in `Evaluation.about`. If the pass band of the real records is known and that of a generated set is not, the
    generated records are filtered with it too (Butterworth, four corners, one pass).

    See Also
    --------
    seissynth.evaluate : The same, with a report in HTML.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from seissynth.evaluation import RecordSet, evaluate
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"source_id": np.repeat(list("abcdef"), 2), "station_network_code": "XX",
    ...                       "station_code": ["A", "B"] * 6})
    >>> envelope = np.exp(-np.arange(2000) / 300.0)
    >>> real, other = (RecordSet(name, (rng.standard_normal((12, 3, 2000)) * envelope).astype("float32"), 100.0,
    ...                          "velocity", table) for name in ("real", "noise"))
    >>> found = evaluate(real, other, groups=["similarity"])
    >>> found.groups["noise"]["similarity"].title
    'Similarity of waveforms and spectrograms'
    """
    wanted = _wanted_groups(groups, skip)
    _check_words(real_name=real_name, split=split)
    names = _names("names", names)
    settings = _with_picker(settings or EvaluationSettings(), picker, train)
    real, left = _real_set(real, real_name, split, clipped)
    sets, sources = _generated_sets(generated, names, inventory)
    pairs, bands = _common_pairs(real, sets)
    first = next(iter(pairs.values()))
    evaluation = Evaluation(real=first.real, pairs=pairs, settings=settings)
    evaluation.about = _about(real, left, pairs, sets, sources, bands)
    chosen = {name: row for name, row in BASELINES.items() if baselines and name not in pairs}
    steps, done = len(pairs) * len(wanted) + len(chosen), 0
    for name, part in pairs.items():
        evaluation.groups[name] = {}
        for group in wanted:
            if progress:
                progress(done, steps, f"{name}: {group}")
            _compute(evaluation, name, group, part)
            done += 1
    for name, baseline in chosen.items():
        if progress:
            progress(done, steps, f"baseline: {name}")
        _add_baseline(evaluation, baseline, wanted)
        done += 1
    if progress:
        progress(steps, steps, "done")
    return evaluation


# --- below the road


def _is_floor(name):
    return name in BASELINES and BASELINES[name].knows == FLOOR


def _wanted_groups(groups, skip):
    groups, skip = _names("groups", groups), _names("skip", skip) or []
    for name in (*(groups or ()), *skip):
        if name not in GROUPS:
            raise InputError(f"there is no group {name!r}; known are {', '.join(GROUPS)}.")
    if groups is not None and not groups:
        raise InputError(f"groups is empty; name some of {', '.join(GROUPS)}, or leave it out for all.")
    wanted = [name for name in GROUPS if (groups is None or name in groups) and name not in skip]
    if not wanted:
        raise InputError(f"skip={skip} leaves no group; known are {', '.join(GROUPS)}.")
    return wanted


def _names(argument, names):
    """A list of names that are not empty, or None."""
    if names is None:
        return None
    good = not isinstance(names, str | bytes) and hasattr(names, "__iter__")
    names = list(names) if good else names
    if not good or not all(isinstance(name, str) and name.strip() for name in names):
        raise InputError(f"{argument}={names!r} must be a list of names, none of them empty.")
    return names


def _check_words(**given):
    """Raise InputError for a word that is given and empty, or no text."""
    for argument, value in given.items():
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise InputError(f"{argument}={value!r} must be a text that is not empty, or None.")


def _with_picker(settings, picker, train):
    from seissynth.picking.pickers import make_picker

    changes = {}
    if picker is not None:
        changes["picker"] = make_picker(picker)
    elif isinstance(settings.picker, str | Path):
        changes["picker"] = make_picker(settings.picker)
    if train is not None:
        changes["train"] = read_record_set(train, "training records")
    return replace(settings, **changes)


def _real_set(real, name, split, clipped):
    """Read the real set; leave out records that cannot be compared, and number the rest."""
    records = read_record_set(real, name, split=split)
    left = {}
    if not clipped and "trace_is_clipped" in records.metadata:
        marks = records.metadata["trace_is_clipped"].astype(str).str.lower()  # text in files that other programs wrote
        bad = marks.isin(["true", "1", "1.0"]).to_numpy()
        if bad.all():
            raise InputError(f"every record of {records.name} is marked as clipped; pass clipped=True to compare them.")
        left["clipped"] = int(bad.sum())
        records = records.select(~bad)
    table = records.metadata.assign(**{_ROW: np.arange(len(records))})
    return replace(records, metadata=table), left


def _generated_sets(generated, names, inventory):
    """Read the generated sets; each gets a unique name."""
    if isinstance(generated, dict):
        if names is not None:
            raise InputError("names= and a dict of generated sets both name them; give one.")
        names, generated = list(generated), list(generated.values())
    elif not isinstance(generated, list | tuple):
        generated = [generated]
    if not len(generated):
        raise InputError("there is no generated set to evaluate.")
    names = _names("names", names)
    if names is not None and len(names) != len(generated):
        raise InputError(f"{len(generated)} generated sets, but {len(names)} names; give one name for each, in order.")
    sets = {}
    for number, source in enumerate(generated):
        records = read_record_set(source, names[number] if names else None, inventory=inventory)
        if records.name in sets:
            if names:
                raise InputError(f"two generated sets are called {records.name!r}; give each its own name.")
            records = replace(records, name=f"{records.name} ({number + 1})")
        sets[records.name] = records
    sources = [str(item) if isinstance(item, str | Path) else type(item).__name__ for item in generated]
    return sets, dict(zip(sets, sources, strict=True))


def _common_pairs(real, sets):
    """Pair every set with the real one, and keep the real records for which all have a partner."""
    bands, pairs = {}, {}
    for name, records in sets.items():
        if name == real.name:
            raise InputError(f"the real set and a generated one are both called {name!r}; give names.")
        if real.band_hz and not records.band_hz and records.quantity != "normalised":
            records, bands[name] = _through_band(records, real.band_hz), real.band_hz
        pairs[name] = pair_sets(real, records)
    shared = None
    for part in pairs.values():
        rows = set(part.real.metadata[_ROW].tolist())
        shared = rows if shared is None else shared & rows
    if not shared:
        names = ", ".join(sets)
        raise InputError(f"no record of {real.name} has a partner in every one of {names}; evaluate them separately.")
    return {name: _only(part, shared) for name, part in pairs.items()}, bands


def _only(pairs, shared):
    rows = pairs.real.metadata[_ROW].to_numpy()
    keep = np.isin(rows, np.fromiter(shared, dtype=int))
    return pairs if keep.all() else pairs.select(np.flatnonzero(keep)[np.argsort(rows[keep], kind="stable")])


def _through_band(records, band_hz):
    from seissynth.signal import bandpass

    low, high = band_hz
    high = None if high is not None and high >= records.sampling_rate_hz / 2 else high
    data = np.empty(records.data.shape, dtype=np.float32)
    for row, record in enumerate(records.data):  # one record at a time: the whole in double precision would not fit
        data[row] = bandpass(record, records.sampling_rate_hz, low, high, BAND_CORNERS)
    return replace(records, data=data, band_hz=tuple(band_hz))


def _compute(evaluation, name, group, pairs):
    entry = GROUPS[group]
    reason = entry.lacks(pairs, evaluation.settings)
    if reason:
        evaluation.missing.append(LeftOut(group, name, reason))
        return
    begin = time.perf_counter()
    try:
        evaluation.groups[name][group] = entry.compute(pairs, evaluation.settings)
    except Exception as error:
        _failed(evaluation, group, name, error)
    evaluation.seconds[name, group] = time.perf_counter() - begin


def _add_baseline(evaluation, baseline, wanted):
    begin = time.perf_counter()
    try:
        groups = baseline_groups(
            baseline, evaluation.real, evaluation.settings, wanted,
            lambda group, error: _failed(evaluation, group, baseline.name, error),
        )  # fmt: skip
    except InputError as error:  # the records lack the data that it needs: that is no failure of the evaluation
        evaluation.missing.append(LeftOut("baseline", baseline.name, str(error)))
        return
    except Exception as error:
        _failed(evaluation, "baseline", baseline.name, error)
        return
    if groups:
        evaluation.baselines[baseline.name] = groups
    evaluation.seconds[baseline.name, "all"] = time.perf_counter() - begin


def _failed(evaluation, part, name, error):
    """Record the error of a group, without stopping the others."""
    if isinstance(error, ModuleNotFoundError) and not (error.name or "seissynth").startswith("seissynth"):
        reason = f"it needs the package {error.name}: pip install 'seissynth[eval]'"
        evaluation.missing.append(LeftOut(part, name, reason))
        return
    if isinstance(error, MissingDependencyError):
        evaluation.missing.append(LeftOut(part, name, str(error)))
        return
    words = str(error) if isinstance(error, SeisSynthError) else f"{type(error).__name__}: {error}"
    evaluation.failures.append(LeftOut(part, name, words))


def _about(real, left, pairs, sets, sources, bands):
    """Description of the comparison and of the records left out, in plain data."""
    first = next(iter(pairs.values()))
    part = first.real
    length = part.npts / part.sampling_rate_hz
    mask = first.mask().sum(axis=1) / part.sampling_rate_hz
    unmatched = {
        name: {"real": item.unmatched_real, "generated": item.unmatched_generated, "draws": len(item.draws)}
        for name, item in pairs.items()
    }
    return {
        "real": real.name,
        "records": len(part),
        "events": len(set(part.events.tolist())),
        "sensors": len(set(part.stations.tolist())),
        "records_read": len(real),
        "left_out": left,
        "without_partner": len(real) - len(part),
        "sets": {name: {"source": sources[name], "records": len(sets[name]), **unmatched[name]} for name in pairs},
        "sampling_rate_hz": part.sampling_rate_hz,
        "length_s": length,
        "quantity": part.quantity,
        "unit": part.unit,
        "band_hz": list(part.band_hz) if part.band_hz else None,
        "bands_applied": {name: list(band) for name, band in bands.items()},
        "mask_median_s": float(np.median(mask)),
        "masked_share": float((mask < length - 0.5 / part.sampling_rate_hz).mean()),
        "magnitudes": _range(part.column("source_magnitude")),
        "distances_km": _range(part.column("path_hyp_distance_km")),
    }


def _range(values):
    values = values[np.isfinite(values)]
    return [float(values.min()), float(values.max())] if values.size else None


__all__ = ["Evaluation", "LeftOut", "Pairs", "evaluate"]
