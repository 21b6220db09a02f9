"""Residuals of a flat file split into bias, tau, phi, phi_S2S and the rest, with intervals over events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.evaluation.statistics.intervals import CONFIDENCE, resampled_rows
from seissynth.evaluation.statistics.mixed_effects import split_residuals

if TYPE_CHECKING:
    import pandas

#: what a split consists of, in order
PARTS = ("bias", "tau", "phi", "phi_s2s", "phi_ss", "sigma")
#: fits of a bootstrap, at most: each takes some hundredths of a second
SPLIT_DRAWS = 100
_LEAST = 5


def split_sets(
    sets: dict[str, Any], events: np.ndarray, stations: np.ndarray, *, draws: int = SPLIT_DRAWS, seed: int = 0
) -> tuple[pandas.DataFrame, dict[str, np.ndarray]]:
    """Split residuals of the same records against several predictions.

    Parameters
    ----------
    sets : dict of str to array_like, shape (n,)
        Residuals; only the records that are finite in all of them count.
    events, stations : ndarray, shape (n,)
    draws, seed : int
        Bootstrap samples of events; all sets share them. An event that is drawn twice counts as two.

    Returns
    -------
    table : DataFrame
        A row per set: ``set``, ``records``, ``events``, ``stations``, and each of `PARTS` with ``_low`` and ``_high``:
        the mean (fixed effect), the standard deviations between events (tau) and within them (phi, of station terms,
        phi_s2s, and the rest, phi_ss), and sigma of all.
    samples : dict of str to ndarray, shape (draws, 6)
        The same of the bootstrap samples.
    """
    import pandas as pd

    columns = {name: np.asarray(values, dtype=float) for name, values in sets.items()}
    keep = np.flatnonzero(np.isfinite(np.column_stack(list(columns.values()))).all(axis=1))
    events, stations = np.asarray(events)[keep].astype(str), np.asarray(stations)[keep].astype(str)
    codes, station_codes = (np.unique(labels, return_inverse=True)[1] for labels in (events, stations))
    count, rows, samples = len(np.unique(codes)), [], {}
    resampled = []
    if len(keep) >= _LEAST and count > 1:
        resampled = list(resampled_rows(events, draws, seed, rows_within=False))
    for name, values in columns.items():
        chosen = values[keep]
        best = _parts(chosen, codes, station_codes) if len(keep) >= _LEAST else np.full(len(PARTS), np.nan)
        drawn = [_parts(chosen[one], events_of_draw(codes[one], one), station_codes[one]) for one in resampled]
        samples[name] = np.array(drawn).reshape(-1, len(PARTS))
        rows.append({"set": name, "records": len(keep), "events": count, "stations": len(np.unique(station_codes)),
                     **_with_limits(PARTS, best, samples[name])})  # fmt: skip
    return pd.DataFrame(rows), samples


def _with_limits(names, values, samples):
    out = {}
    for column, (name, value) in enumerate(zip(names, values, strict=True)):
        low, high = limits(samples[:, column]) if len(samples) else (np.nan, np.nan)
        out |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return out


def limits(samples: np.ndarray) -> tuple[float, float]:
    """Percentiles of a bootstrap distribution; NaN without a finite sample."""
    known = samples[np.isfinite(samples)]
    if not known.size:
        return np.nan, np.nan
    low, high = np.percentile(known, (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)))
    return float(low), float(high)


def events_of_draw(codes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Label the events of a bootstrap sample: one that was drawn twice is two.

    Parameters
    ----------
    codes, rows : ndarray of int
        Event and row of each record of the sample, as `resampled_rows` gives them without drawing within events.

    Examples
    --------
    >>> events_of_draw(np.array([1, 1, 1, 1, 0]), np.array([2, 3, 2, 3, 0])).tolist()
    [1, 1, 2, 2, 3]
    """
    starts = np.concatenate([[True], (np.diff(codes) != 0) | (np.diff(rows) <= 0)])
    return np.cumsum(starts)


def _parts(values, events, stations):
    found = split_residuals(values, events, stations, limits=False)
    tau, s2s, rest = (found.sd[name] for name in ("event", "station", "remaining"))
    return np.array([found.mean[0], tau, np.hypot(s2s, rest), s2s, rest, found.total_sd])


def within_event(values: np.ndarray, events: np.ndarray, stations: np.ndarray) -> np.ndarray:
    """Residuals less their mean and event terms, of mixed effects: station terms and the rest; NaN stays NaN."""
    values = np.asarray(values, dtype=float)
    if np.isfinite(values).sum() < _LEAST:
        return np.full(len(values), np.nan)
    found = split_residuals(values, events, stations, limits=False)
    terms = np.array([found.event_terms.get(str(event), np.nan) for event in events])
    return values - found.mean[0] - terms
