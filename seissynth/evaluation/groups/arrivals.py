"""Arrival times of P and S: the same picker on generated and on real records, and its floor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups import arrival_tables as tables
from seissynth.evaluation.groups.arrival_scores import FOUND_S, arrival_f1, one_station_per_event
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, SummaryInProgress
from seissynth.noise.front import has_noise, put_noise_in_front
from seissynth.picking.pickers import NEAR_S, make_picker, pick_records

if TYPE_CHECKING:
    from seissynth.evaluation.record_sets import Pairs, RecordSet

__all__ = ["FOUND_S", "ReferenceOnsets", "arrival_errors", "arrival_f1", "arrivals_group", "moved_records",
           "one_station_per_event", "reference_onsets"]  # fmt: skip

#: origin of references that were in the set's table, with and without a word on who picked them
ANALYST, GIVEN = "analyst", "given"
_LONGEST_MOVE_S = 5.0


@dataclass(frozen=True)
class ReferenceOnsets:
    """Reference onsets for picks.

    Attributes
    ----------
    time_s : dict
        "P" and "S" -> ndarray, shape (n,): s after origin; NaN where there is none.
    origin : dict
        "P" and "S" -> ndarray of text, shape (n,): "analyst", "given" (a label of unknown origin), the picker's name,
        or "" if there is none.
    """

    time_s: dict
    origin: dict


def reference_onsets(real: RecordSet, picker: Any) -> ReferenceOnsets:
    """Onsets that generated records should have.

    Parameters
    ----------
    real : RecordSet
    picker : object
        See `seissynth.picking`.

    Returns
    -------
    ReferenceOnsets
        The analyst's pick (``trace_p_status`` "manual", or ``trace_p_origin`` "catalogue"); else, if the table says
        automatic or estimated, the picker's on the real record within 2 s (P) or 3 s (S) of the predicted onset
        (``path_p_travel_s``; where that is missing, the table's onset). Labels of a table without such a column are
        taken as given.

    Notes
    -----
    A safer form of the rule of HEGGS 4.1.1: the most probable pick of a whole minute may belong to any earthquake in
    it.
    """
    time_s, origin = {}, {}
    near = {}
    for phase, label in (("P", real.p_s), ("S", real.s_s)):
        letter = phase.lower()
        status, source = (_text(real, f"trace_{letter}_{what}") for what in ("status", "origin"))
        named = (status != "") | (source != "")
        analyst = np.isfinite(label) & ((status == "manual") | (source == "catalogue"))
        given = np.isfinite(label) & ~named
        time_s[phase] = np.where(analyst | given, label, np.nan)
        origin[phase] = np.where(analyst, ANALYST, np.where(given, GIVEN, "")).astype(object)
        predicted = real.column(f"path_{letter}_travel_s")
        near[phase] = np.where(np.isfinite(predicted), predicted, label)
    wanted = np.flatnonzero(np.isnan(time_s["P"]) | np.isnan(time_s["S"]))
    if len(wanted):
        guesses = {phase: near[phase][wanted] for phase in NEAR_S}
        picks = pick_records(picker, real.data[wanted], real.sampling_rate_hz, guesses, -real.start_s[wanted])
        for phase in NEAR_S:
            empty = np.isnan(time_s[phase][wanted]) & np.isfinite(picks[phase])
            time_s[phase][wanted[empty]] = picks[phase][empty]
            origin[phase][wanted[empty]] = picker.name
    return ReferenceOnsets(time_s, origin)


def arrival_errors(records: RecordSet, picker: Any, references: ReferenceOnsets) -> dict:
    """Pick minus reference.

    Parameters
    ----------
    records : RecordSet
        Row i belongs to row i of the references.
    picker : object
    references : ReferenceOnsets

    Returns
    -------
    dict
        "P" and "S" -> ndarray, shape (n,), s: of the most probable pick within 2 s (P) or 3 s (S) of the reference;
        infinite if there is none (a miss), NaN if there is no reference.
    """
    picks = pick_records(
        picker, records.data, records.sampling_rate_hz, references.time_s, -np.asarray(records.start_s)
    )
    out = {}
    for phase, half_width in NEAR_S.items():
        late = picks[phase] - references.time_s[phase]
        late[~(np.abs(late) <= half_width)] = np.inf
        out[phase] = np.where(np.isfinite(references.time_s[phase]), late, np.nan)
    return out


def moved_records(real: RecordSet, p_s: np.ndarray, seed: int = 0) -> RecordSet:
    """Real records started earlier by a random 0.5 to 5 s, with noise like their own in front: the picker's floor.

    Parameters
    ----------
    real : RecordSet
    p_s : ndarray, shape (n,)
        Onset of P after origin, before which there is noise.
    seed : int

    Returns
    -------
    RecordSet
        As long as `real`; samples at the end are lost. Records without noise before P are not changed.
    """
    rng = np.random.default_rng(seed)
    rate = real.sampling_rate_hz
    data, start = np.array(real.data), np.array(real.start_s, dtype=float)
    for row in range(len(real)):
        front = int(rng.uniform(0.5, _LONGEST_MOVE_S) * rate)
        onset = (p_s[row] - real.start_s[row]) * rate
        if np.isfinite(onset) and has_noise(onset, rate):
            data[row] = put_noise_in_front(real.data[row], onset, front, rate, rng)[:, : real.npts]
            start[row] -= front / rate
    return replace(real, data=data, start_s=start)


def arrivals_group(pairs: Pairs, settings: EvaluationSettings | None = None) -> MetricGroup:
    """P and S of generated records compared with those of real ones, by the same picker.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional
        ``picker`` is a name, a path or an object, see `seissynth.picking.make_picker`.

    Returns
    -------
    MetricGroup
        For each phase: share of references with a pick (`p_matched`), F1 at 0.5 s, mean absolute error of the matched
        picks, the same with a miss counted as 2 s (P) or 3 s (S), and the median error; each beside the ``floor``.
        All draws count. Without a picker the group is empty, with a note.

    Notes
    -----
    The floor is the same picker on the real records themselves, started 0.5 to 5 s earlier with noise in front. If the
    references are the picker's own picks, the floor measures only its repeatability, and the errors of generated
    records do not include the picker's errors on real ones; only analysts' picks reveal those.
    """
    summary = SummaryInProgress(pairs.events, settings)
    settings = summary.settings
    picker = make_picker(settings.picker)
    group = MetricGroup("arrivals", "Arrival times of P and S", summary.table())
    if picker is None:
        group.notes.append("No picker was given: arrivals are left out.")
        return group
    real, events = pairs.real, pairs.events
    references = reference_onsets(real, picker)
    if not any(np.isfinite(times).any() for times in references.time_s.values()):
        raise InputError(f"{real.name} has no P or S to compare with: no labels, and {picker.name} finds none.")
    guess = np.where(np.isfinite(references.time_s["P"]), references.time_s["P"], real.column("path_p_travel_s"))
    floor = arrival_errors(moved_records(real, guess, settings.seed), picker, references)
    late = [arrival_errors(draw, picker, references) for draw in pairs.draws]
    late = {phase: np.stack([one[phase] for one in late]) for phase in NEAR_S}
    for phase in NEAR_S:
        letter = phase.lower()
        for prefix, errors in ((letter, late[phase]), (f"{letter}_floor", floor[phase][None])):
            tables.add_rows(summary, prefix, errors, phase)
    group.summary = summary.table()
    group.per_record = tables.per_record(pairs, references, late, floor)
    group.tables = {
        "References": tables.origins(references),
        "By distance": tables.by_distance(pairs, late, floor),
        "One random station for each earthquake": tables.one_station(events, late, floor, settings.seed),
        "Predicted onset minus reference": tables.predicted(real, references, events, settings),
        "Under the time mask": tables.under_mask(pairs, references, late, floor),
    }
    group.notes = _notes(picker, references, floor, len(pairs))
    return group


# --- below the road


def _notes(picker, references, floor, count):
    notes = [f"Picker: {picker.name}. A pick belongs to a record if it is the most probable one within 2 s (P) or 3 s "
             "(S) of the reference."]  # fmt: skip
    for phase, times in references.time_s.items():
        missing = int(np.isnan(times).sum())
        if missing:
            notes.append(f"{missing} of {count} records have no reference for {phase} and are left out.")
        if (references.origin[phase] == picker.name).any():
            notes.append(
                f"References of {phase} are the picker's own picks on the real records: its floor is how well it "
                "repeats itself on a moved window, not how far it is from an analyst."
            )
        if not np.isfinite(floor[phase]).any():
            notes.append(f"The picker finds no {phase} on the moved real records: the floor is unknown.")
    return notes


def _text(real, name):
    if name not in real.metadata:
        return np.full(len(real), "", object)
    return real.metadata[name].fillna("").astype(str).to_numpy(object)
