"""Pairs of records of one event, and windows shifted at random with real noise in front.

Examples
--------
>>> import numpy as np, pandas as pd
>>> from seissynth.data.pairs import draw_pairs, shift_windows
>>> table = pd.DataFrame({"source_id": ["a", "a", "a", "b"], "trace_p_status": ["manual", "", "manual", "manual"]})
>>> draw_pairs(table).tolist()
[[0, 2], [1, 2], [2, 0]]
>>> rng = np.random.default_rng(0)
>>> records, noise = rng.standard_normal((2, 3, 1000)), rng.standard_normal((5, 3, 1000))
>>> labels = {"trace_p_arrival_sample": np.array([200.0, 300.0])}
>>> moved = shift_windows(records, labels, starts=[-150, 100], npts=800, noise=noise, seed=1)
>>> moved.data.shape, moved.labels["trace_p_arrival_sample"].tolist()
((2, 3, 800), [350.0, 200.0])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words
from seissynth.shared.checks import as_signal, whole

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike

#: statuses that count as picked; "estimated" (from a velocity model) does not
PICKED = ("manual", "automatic")

#: a label in seconds after the first sample, moved along as those in samples are
SECONDS_SUFFIX = "_s"


def draw_pairs(
    metadata: pandas.DataFrame,
    *,
    sources: str = "all",
    picked_first: bool = True,
    seed: int = 0,
    epoch: int = 0,
    rows: ArrayLike | None = None,
) -> np.ndarray:
    """Draw pairs (source, target) of records of one event.

    Parameters
    ----------
    metadata : pandas.DataFrame
        With `source_id`; `trace_p_status` and `trace_s_status` (or, without them, the arrival samples) state which
        records are picked.
    sources : {"all", "one"}
        "all": every record is the source of one pair. "one": each event has one source, the same in all epochs, a
        picked one if available.
    picked_first : bool
        Draw the target among the picked records of the event, if any, else among all of them.
    seed, epoch : int
        The same numbers give the same pairs; a new epoch gives new targets. A pair does not depend on other events.
    rows : array_like of bool or int, optional
        Use these rows only, such as one part of a split.

    Returns
    -------
    ndarray, shape (n, 2), int64
        Row numbers (positions, not index labels), in the order of the sources. Source and target are never the same
        record; an event with one record gives no pair.

    Raises
    ------
    InputError
        No column `source_id`, or an unknown keyword.

    Notes
    -----
    HEGGS (2025, appendix B): the source is fixed for an event, the target is sampled from records of the same
    event, among those with phase labels if the metadata holds any, else among all.
    """
    if sources not in ("all", "one"):
        raise InputError(f"{sources=} must be 'all' or 'one'.")
    if "source_id" not in metadata.columns:
        raise InputError("the table lacks the column 'source_id', which pairs of one event need.")
    chosen = np.arange(len(metadata)) if rows is None else np.arange(len(metadata))[np.asarray(rows)]
    names = metadata["source_id"].iloc[chosen]
    known = (names.notna() & (names.astype(str) != "")).to_numpy()
    chosen, names = chosen[known], names[known]
    picked = _picked(metadata) if picked_first else np.ones(len(metadata), dtype=bool)
    pairs = []
    for name, positions in names.groupby(names.astype(str), sort=False).indices.items():
        members = chosen[positions]
        if len(members) > 1:
            pairs += _pairs_of_event(members, picked, sources, hash_words("pairs", seed, name), epoch)
    out = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return out[np.argsort(out[:, 0], kind="stable")]


def _pairs_of_event(members, picked, sources, key, epoch):
    with_picks = members[picked[members]]
    begin = members
    if sources == "one":
        among = with_picks if len(with_picks) else members
        begin = [among[generator(key, 0).integers(len(among))]]  # stream 0: the same in all epochs
    draws = generator(key, 1 + epoch).random(len(begin))
    pairs = []
    for source, draw in zip(begin, draws, strict=True):
        targets = with_picks[with_picks != source]
        if not len(targets):
            targets = members[members != source]
        pairs.append((source, targets[int(draw * len(targets))]))
    return pairs


def _picked(metadata):
    """Which rows hold a picked P or S."""
    out = np.zeros(len(metadata), dtype=bool)
    for phase in "ps":
        status, sample = f"trace_{phase}_status", f"trace_{phase}_arrival_sample"
        if status in metadata.columns:
            out |= metadata[status].isin(PICKED).to_numpy()
        elif sample in metadata.columns:
            out |= metadata[sample].notna().to_numpy()
    return out


@dataclass(frozen=True)
class Shifted:
    """Shifted windows.

    Parameters
    ----------
    data : ndarray, shape (n, 3, npts)
    labels : dict of str to ndarray, shape (n,)
        Shifted with the windows; NaN if a label is outside the window.
    starts : ndarray, shape (n,)
        First sample of each window in its old record; negative if noise is prepended.
    noise_rows : ndarray, shape (n,)
        Index of the noise record used; -1 for none.
    """

    data: np.ndarray
    labels: dict
    starts: np.ndarray
    noise_rows: np.ndarray | None = field(default=None)


def random_starts(
    onset_samples: ArrayLike, npts: int, *, earliest: int, latest: int, seed: int = 0, epoch: int = 0
) -> np.ndarray:
    """Draw window starts that put an onset at a random position between two samples of the window.

    Parameters
    ----------
    onset_samples : array_like, shape (n,)
        The onset (P) in the old record; NaN counts as 0.
    npts : int
        Length of the window.
    earliest, latest : int
        Range of the onset in the new window, both included; within 0 to npts - 1.
    seed, epoch : int
        The draw of row i depends only on these and on i.

    Returns
    -------
    ndarray, shape (n,), int64
        For `shift_windows`.
    """
    npts = whole("npts", npts)
    if not 0 <= earliest <= latest <= npts - 1:
        raise InputError(f"{earliest=} and {latest=} must be in order within 0 to {npts - 1}, the window's samples.")
    onset = np.nan_to_num(np.asarray(onset_samples, dtype=float)).round().astype(np.int64)
    draws = generator(hash_words("starts", seed), epoch).random(len(onset))
    return onset - (earliest + np.floor(draws * (latest - earliest + 1)).astype(np.int64))


def shift_windows(
    data: ArrayLike,
    labels: Mapping[str, ArrayLike],
    starts: ArrayLike,
    npts: int,
    *,
    noise: ArrayLike | None = None,
    seed: int = 0,
    fade: int = 50,
    match: bool = True,
    sampling_rate_hz: float | None = None,
) -> Shifted:
    """Cut windows that start before or after the record's first sample; real noise fills missing samples.

    Parameters
    ----------
    data : array_like, shape (n, 3, have)
    labels : dict of str to array_like, shape (n,)
        Positions in samples (columns such as ``trace_p_arrival_sample``), and columns that end in ``_s`` in seconds
        after the first sample (``trace_mask_end_s``). A label in samples outside the new window becomes NaN; one in
        seconds is kept within 0 and the window's length, because it bounds a span.
    starts : array_like, shape (n,), int
        Sample of the old record at which each window starts; -200: 200 samples of noise come first.
    npts : int
        Length of the new windows.
    noise : array_like, shape (m, 3, k), optional
        Records of noise; k at least the number of missing samples plus `fade`. Required if samples are missing.
    seed : int
        Seed of the choice of noise record and of its segment.
    fade : int
        Samples over which noise and record are blended, with equal power. At the front it is at most half of the
        samples before the first label, and no onset is affected.
    match : bool
        Scale the noise, component by component, to the root mean square of the samples before the record's first label
        (without one: of the record's first tenth), which avoids a step in level. False: unscaled.
    sampling_rate_hz : float, optional
        Needed for labels in seconds.

    Returns
    -------
    Shifted

    Raises
    ------
    InputError
        Inconsistent shapes, a window that does not overlap its record, missing or too short noise.
    """
    data = as_signal(data, "data")
    if data.ndim != 3 or data.shape[1] != 3:
        raise InputError(f"data has shape {data.shape}; it must be (n, 3, npts).")
    npts, fade = whole("npts", npts), whole("fade", fade, least=0)
    count, have = data.shape[0], data.shape[-1]
    starts = np.asarray(starts)
    if starts.shape != (count,) or starts.dtype.kind not in "iu":
        raise InputError(f"starts has shape {starts.shape} and type {starts.dtype}; it must be {count} whole numbers.")
    lost = np.flatnonzero((starts >= have) | (starts + npts <= 0))
    if len(lost):
        raise InputError(f"window {lost[0]} starts at sample {starts[lost[0]]}: not within its record of {have}.")
    labels = {name: np.asarray(values, dtype=float) for name, values in labels.items()}
    moved = _move(labels, starts, npts, sampling_rate_hz)
    pool = None if noise is None else as_signal(noise, "noise")
    out = np.empty((count, 3, npts), dtype=data.dtype)
    rows = np.full(count, -1)
    for i, start in enumerate(starts.tolist()):
        begin, end = max(start, 0), min(start + npts, have)
        out[i, :, begin - start : end - start] = data[i, :, begin:end]
        front, behind = begin - start, start + npts - end
        if front or behind:
            rng = generator(hash_words("noise in front", seed), i)
            quiet = _quiet_samples(labels, i, have)
            gaps = _Gaps(front, behind, fade, quiet, level=quiet if match else 0)
            rows[i] = _fill(out[i], data[i], gaps, pool, rng)
    return Shifted(out, moved, starts, rows)


def _quiet_samples(labels, i, have):
    """Samples before the first label of a record; a tenth of it without any."""
    inside = [values[i] for name, values in labels.items() if not name.endswith(SECONDS_SUFFIX)]
    inside = [value for value in inside if np.isfinite(value)]
    return int(np.clip(min(inside), 0, have)) if inside else have // 10


@dataclass(frozen=True)
class _Gaps:
    """Missing samples of a window before and after its record."""

    front: int
    behind: int
    fade: int
    quiet: int  # before the record's first label
    level: int  # of these, the number that sets the level of its noise; 0 leaves the noise unscaled


def _fill(window, record, gaps, pool, rng):
    """Put noise before and after the record, in place; return the number of the noise record."""
    need, front, behind, level = window.shape[-1], gaps.front, gaps.behind, gaps.level
    fades = min(gaps.fade, gaps.quiet // 2, need - front - behind), min(gaps.fade, need - front - behind)
    least, shape = max(front, behind) + gaps.fade, (0,) if pool is None else pool.shape
    if len(shape) != 3 or shape[1] != 3 or shape[0] < 1 or shape[-1] < least:
        raise InputError(
            f"{front} samples before and {behind} after a record must be filled, but noise has shape {shape}; give "
            f"noise= of shape (m, 3, {least} or more)."
        )
    row = int(rng.integers(len(pool)))
    for missing, blend, at_start in ((front, fades[0], True), (behind, fades[1], False)):
        if not missing:
            continue
        length = missing + blend
        first = int(rng.integers(pool.shape[-1] - length + 1))
        piece = pool[row][:, first : first + length].astype(np.float64)
        piece -= piece.mean(axis=-1, keepdims=True)
        if level >= 10:
            before = record[:, :level] - record[:, :level].mean(axis=-1, keepdims=True)
            own, other = (np.sqrt((x.astype(np.float64) ** 2).mean(axis=-1, keepdims=True)) for x in (before, piece))
            piece *= np.where(other > 0, own / np.where(other > 0, other, 1.0), 1.0)
        # equal power: two independent noises keep their level in the blend
        angle = (np.arange(blend) + 0.5) / max(blend, 1) * np.pi / 2
        weight = np.concatenate([np.ones(missing), np.cos(angle)])
        part = slice(0, length)
        keep = np.concatenate([np.zeros(missing), np.sin(angle)])
        if not at_start:
            weight, keep, part = weight[::-1], keep[::-1], slice(need - length, need)
        kept = np.where(keep > 0, window[:, part], 0.0)  # what is missing is not written yet
        window[:, part] = kept * keep + piece * weight
    return row


def _move(labels, starts, npts, rate):
    moved = {}
    for name, values in labels.items():
        if values.shape != starts.shape:
            raise InputError(f"label {name!r} has shape {values.shape}; it must have one value for each record.")
        if name.endswith(SECONDS_SUFFIX):
            if not rate:
                raise InputError(f"label {name!r} is in seconds; give sampling_rate_hz=.")
            moved[name] = np.clip(values - starts / rate, 0.0, npts / rate)
        else:
            at = values - starts
            moved[name] = np.where((at >= 0) & (at <= npts - 1), at, np.nan)
    return moved
