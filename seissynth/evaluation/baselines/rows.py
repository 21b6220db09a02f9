"""Rows of a leaderboard: pairs of records, including the baselines, scored by the same groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.baselines import untrained as makers
from seissynth.evaluation.baselines.folds import time_folds
from seissynth.evaluation.baselines.travel_times import travel_time_onsets
from seissynth.evaluation.record_sets import Pairs
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, SummaryInProgress
from seissynth.picking.pickers import NEAR_S

#: groups of a row: those that distinguish a generator from a baseline
ROW_GROUPS = ("arrivals", "similarity", "spread", "ground_motion")


def score_row(
    pairs: Pairs, settings: EvaluationSettings | None = None, groups: Sequence[str] = ROW_GROUPS
) -> dict[str, MetricGroup]:
    """One row of the leaderboard: score any generated set against the real one.

    Parameters
    ----------
    pairs : Pairs
        Real records and the draws of a backend or a baseline; see `seissynth.evaluation.pair_sets`.
    settings : EvaluationSettings, optional
    groups : sequence of str
        Names of `seissynth.evaluation.registry.GROUPS`; those that lack an input (such as a picker) are left out.

    Returns
    -------
    dict of str to MetricGroup
        Rows for `seissynth.evaluation.leaderboard`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from seissynth.evaluation import Pairs, RecordSet
    >>> from seissynth.evaluation.baselines.rows import score_row
    >>> table = pd.DataFrame({"source_id": list("aabb"), "station_network_code": "XX", "station_code": list("ABAB")})
    >>> data = np.random.default_rng(0).standard_normal((4, 3, 3000)).astype("float32")
    >>> records = RecordSet("real", data, 100.0, "velocity", table)
    >>> row = score_row(Pairs(records, (records,)), groups=["similarity"])
    >>> summary = row["similarity"].summary.set_index("metric")
    >>> float(summary.loc["envelope_correlation", "value"].round(6))
    1.0
    """
    from seissynth.evaluation.registry import GROUPS

    settings = settings or EvaluationSettings()
    out = {}
    for name in groups:
        if name not in GROUPS:
            raise InputError(f"there is no group {name!r}; known are {', '.join(GROUPS)}.")
        if GROUPS[name].lacks(pairs, settings) is None:
            out[name] = GROUPS[name].compute(pairs, settings)
    return out


def travel_time_arrivals(real, settings, folds=None, terms=True):
    """Arrivals by travel time and station term, compared with the picker's onsets on the real records.

    Parameters
    ----------
    real : RecordSet
    settings : EvaluationSettings
        With a picker.
    folds : list of (known, unknown), optional
        None: station terms in sample.
    terms : bool
        False: the velocity model alone.

    Returns
    -------
    MetricGroup
        Metrics of the same names as `seissynth.evaluation.arrivals_group`. Predicted onsets are never missing; one
        farther off than 2 s (P) or 3 s (S) counts as a miss, like a pick.
    """
    from seissynth.evaluation.groups import arrival_tables as tables
    from seissynth.evaluation.groups.arrivals import reference_onsets
    from seissynth.picking.pickers import make_picker

    picker = make_picker(settings.picker)
    if picker is None:
        raise InputError("the row of travel times needs a picker for its references; pass picker=.")
    references = reference_onsets(real, picker)
    late = {}
    for phase, onsets in zip("PS", travel_time_onsets(_with_references(real, references), folds, terms), strict=True):
        error = onsets - references.time_s[phase]
        error = np.where(np.abs(error) <= NEAR_S[phase], error, np.inf)
        late[phase] = np.where(np.isfinite(references.time_s[phase]), error, np.nan)[None]
    summary = SummaryInProgress(real.events, settings)
    for phase in "PS":
        tables.add_rows(summary, phase.lower(), late[phase], phase)
    nothing = {phase: np.full(len(real), np.nan) for phase in "PS"}
    table = tables.per_record(Pairs(real, (real,)), references, late, nothing)
    title = "Arrival times of P and S, by travel time and station term"
    return MetricGroup("arrivals", title, summary.table(), per_record=table)


def _with_references(real, references):
    """The records with the references as their picks, from which station terms are learned."""
    table = real.metadata.assign(
        **{
            f"trace_{phase.lower()}_status": np.where(np.isfinite(references.time_s[phase]), "automatic", "estimated")
            for phase in "PS"
        }
    )
    return replace(real, metadata=table, p_s=references.time_s["P"], s_s=references.time_s["S"])


# --- the baselines


@dataclass(frozen=True)
class Baseline:
    """A row that needs no training.

    Parameters
    ----------
    name : str
    knows : str
        Description of its information: a generator is compared with the baseline that has the same.
    draws : callable, optional
        (real records, settings) -> tuple of RecordSet.
    arrivals : callable, optional
        (real records, settings) -> MetricGroup, for a row that predicts only onsets.
    """

    name: str
    knows: str
    draws: object = None
    arrivals: object = None


#: name of a row -> `Baseline`
BASELINES = {
    row.name: row
    for row in (
        Baseline(
            "travel time + station term", "other earthquakes at the sensor",
            arrivals=lambda real, settings: travel_time_arrivals(real, settings, time_folds(real)),
        ),
        Baseline(
            "mean of 10 nearest", "other earthquakes at the sensor",
            lambda real, settings: makers.nearest_mean(real, time_folds(real), seed=settings.seed, draws=2),
        ),
        Baseline(
            "nearest real records", "other earthquakes at the sensor",
            lambda real, _: makers.nearest_real_records(real, time_folds(real)),
        ),
        Baseline(
            "mean of other stations", "the earthquake's other records",
            lambda real, settings: makers.other_stations_mean(real, seed=settings.seed, draws=2),
        ),
        Baseline(
            "representation alone", "the record itself",
            lambda real, settings: makers.representation_alone(real, seed=settings.seed, draws=2),
        ),
    )
}  # fmt: skip


def baseline_groups(baseline, real, settings, wanted=ROW_GROUPS, failed=None):
    """Score a baseline.

    Parameters
    ----------
    baseline : Baseline
    real : RecordSet
    settings : EvaluationSettings
    wanted : sequence of str
        Groups of the evaluation; those of `ROW_GROUPS` among them are computed.
    failed : callable, optional
        Called with (group, error) for a group that fails; without it the error is raised.

    Returns
    -------
    dict of str to MetricGroup
        Empty if this baseline predicts none of the requested groups.

    Raises
    ------
    InputError
        The metadata lack information that the baseline needs.
    """
    from seissynth.evaluation.registry import GROUPS

    wanted = [name for name in ROW_GROUPS if name in wanted]
    if baseline.arrivals is not None:
        if "arrivals" not in wanted or settings.picker is None:
            return {}
        return {"arrivals": baseline.arrivals(real, settings)}
    pairs = Pairs(real, baseline.draws(real, settings))
    out = {}
    for name in wanted:
        if GROUPS[name].lacks(pairs, settings):
            continue
        try:
            out[name] = GROUPS[name].compute(pairs, settings)
        except Exception as error:
            if failed is None:
                raise
            failed(name, error)
    return out
