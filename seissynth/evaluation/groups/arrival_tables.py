"""Rows, tables and values by record of the arrivals group."""

from itertools import pairwise

import numpy as np

from seissynth.evaluation.groups.arrival_scores import arrival_f1, one_station_per_event
from seissynth.evaluation.results import SummaryInProgress
from seissynth.evaluation.statistics.intervals import interval
from seissynth.picking.pickers import NEAR_S

#: edges of the table by distance, km
DISTANCES_KM = (0.0, 20.0, 40.0, 60.0, 80.0, 120.0, 200.0, 400.0)
_CHOICES = 100


def add_rows(summary, prefix, late, phase):
    """Add the rows of one phase to the summary; `late` has shape (draws, n)."""
    half_width = NEAR_S[phase]
    counted = ~np.isnan(late[0])
    note = "the picker on the real records" if "floor" in prefix else ""
    events = summary.events
    f1 = interval(lambda rows: arrival_f1(late[:, rows]), events, **summary.bootstrap)
    summary.add(f"{prefix}_matched", "1", _matched(late), 1.0, note=note)
    summary.add_value(f"{prefix}_f1", "1", f1, 1.0, int(counted.sum()), len(set(events[counted].tolist())), note)
    summary.add(f"{prefix}_mae_s", "s", _mean_absolute(late), 0.0, note=note)
    with_misses, miss_note = _with_misses(late, half_width), f"a miss counts as {half_width:g} s"
    summary.add(f"{prefix}_mae_with_misses_s", "s", with_misses, 0.0, note=miss_note)
    summary.add(f"{prefix}_median_s", "s", _first_found(late), 0.0, statistic="median", note=note)


def _matched(late):
    return np.where(np.isnan(late[0]), np.nan, np.isfinite(late).mean(axis=0))


def _mean_absolute(late):
    picked = np.isfinite(late)
    total = np.where(picked, np.abs(np.where(picked, late, 0.0)), 0.0).sum(axis=0)
    return np.where(picked.any(axis=0), total / np.maximum(picked.sum(axis=0), 1), np.nan)


def _with_misses(late, half_width):
    return np.where(np.isnan(late[0]), np.nan, np.minimum(np.abs(np.nan_to_num(late, posinf=1e9)), half_width).mean(0))


def _first_found(late):
    return np.where(np.isfinite(late[0]), late[0], np.nan)


def per_record(pairs, references, late, floor):
    """Return a table with one row per record: its references, and the delays of its picks."""
    import pandas as pd

    out = {"event": pairs.events, "station": pairs.stations, "distance_km": pairs.real.column("path_hyp_distance_km"),
           "magnitude": pairs.real.column("source_magnitude")}  # fmt: skip
    for phase, half_width in NEAR_S.items():
        letter = phase.lower()
        out |= {
            f"{letter}_reference_s": references.time_s[phase],
            f"{letter}_origin": references.origin[phase],
            f"{letter}_error_s": _first_found(late[phase]),
            f"{letter}_matched": _matched(late[phase]),
            f"{letter}_mae_s": _mean_absolute(late[phase]),
            f"{letter}_mae_with_misses_s": _with_misses(late[phase], half_width),
            f"{letter}_floor_error_s": _first_found(floor[phase][None]),
            f"{letter}_floor_matched": _matched(floor[phase][None]),
        }
    return pd.DataFrame(out)


def _numbers(late, phase):
    """Plain numbers of some records, shape (draws, n)."""
    with_reference = ~np.isnan(late[0])
    return {
        "records": int(with_reference.sum()),
        "matched": _mean(_matched(late)),
        "f1": arrival_f1(late),
        "mae_s": _mean(_mean_absolute(late)),
        "mae_with_misses_s": _mean(_with_misses(late, NEAR_S[phase])),
    }


def _mean(values):
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else np.nan


def origins(references):
    """Return a table of the origin of the references: picks, a picker, travel times."""
    import pandas as pd

    rows = []
    for phase in NEAR_S:
        names, counts = np.unique(references.origin[phase].astype(str), return_counts=True)
        rows += [
            {"phase": phase, "origin": name or "none: left out", "records": int(count)}
            for name, count in zip(names, counts, strict=True)
        ]
    return pd.DataFrame(rows)


def by_distance(pairs, late, floor):
    """Return a table of errors by classes of distance, for generated records and the picker's floor."""
    import pandas as pd

    distance = pairs.real.column("path_hyp_distance_km")
    rows = []
    for phase in NEAR_S:
        for low, high in pairwise(DISTANCES_KM):
            inside = (distance >= low) & (distance < high) & ~np.isnan(late[phase][0])
            if inside.any():
                beside = _numbers(floor[phase][None][:, inside], phase)
                rows.append({"phase": phase, "from_km": low, "to_km": high, **_numbers(late[phase][:, inside], phase),
                             "floor_matched": beside["matched"], "floor_mae_s": beside["mae_s"]})  # fmt: skip
    return pd.DataFrame(rows)


def one_station(events, late, floor, seed):
    """Mean absolute errors under HEGGS' protocol, over many choices of stations: the choice alone moves the number."""
    import pandas as pd

    rows = []
    for phase in NEAR_S:
        usable = ~np.isnan(late[phase][0])
        for name, errors in (("generated", late[phase]), ("floor", floor[phase][None])):
            maes = []
            for k in range(_CHOICES):
                chosen = one_station_per_event(events, seed + k, usable)
                maes.append(_mean(_mean_absolute(errors[:, chosen])))
            rows.append({"phase": phase, "records": name, "earthquakes": len(set(events[usable].tolist())),
                         "mae_s": maes[0], "mean_of_100_choices_s": float(np.mean(maes)),
                         "sd_of_100_choices_s": float(np.std(maes))})  # fmt: skip
    return pd.DataFrame(rows)


def predicted(real, references, events, settings):
    """Return the summary of the velocity model alone: its error relative to the references."""
    summary = SummaryInProgress(events, settings)
    for phase in NEAR_S:
        late = real.column(f"path_{phase.lower()}_travel_s") - references.time_s[phase]
        for metric, values, statistic in (("mae_s", np.abs(late), "mean"), ("median_s", late, "median")):
            name = f"{phase.lower()}_predicted_{metric}"
            summary.add(name, "s", values, 0.0, statistic=statistic, note="the velocity model")
    return summary.table()


def under_mask(pairs, references, late, floor):
    """Return a table of errors of the records whose reference is before the end of their mask."""
    import pandas as pd

    rows = []
    for phase in NEAR_S:
        inside = references.time_s[phase] < pairs.real.mask_end_s
        for name, errors in (("generated", late[phase]), ("floor", floor[phase][None])):
            rows.append({"phase": phase, "records_of": name, **_numbers(errors[:, inside], phase)})
    return pd.DataFrame(rows)
