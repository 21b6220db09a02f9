"""Splits for training and testing: by event, station, region, place and time, k-fold, and a check of leakage.

A split is a pandas Series of words, one for each row of a metadata table (SeisBench's column names): "train", "dev",
"test" as in SeisBench, and "purged" for rows that belong to no part because they would leak. Store it in the column
``split``.

Two records leak if they contain the same sample of one sensor. In windows of a continuous archive this happens for
different events, and ids alone do not reveal it.

Examples
--------
>>> import pandas as pd
>>> from seissynth.data.splits import check_leakage, purge
>>> start = pd.Timestamp("2019-07-04T17:00:00Z")
>>> table = pd.DataFrame({"source_id": list("abcd"), "station_network_code": "CI", "station_code": "CLC",
...     "trace_start_time": [start + pd.Timedelta(seconds=40 * k) for k in range(4)], "trace_npts": 6000,
...     "trace_sampling_rate_hz": 100.0})
>>> split = pd.Series(["train", "train", "dev", "test"])
>>> check_leakage(table, split).shared_samples
{('train', 'dev'): 1, ('dev', 'test'): 1}
>>> purge(table, split).tolist()
['train', 'train', 'purged', 'test']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seissynth.data.splits.intervals import times_ns
from seissynth.data.splits.leakage import Leakage, check_leakage, epicentres, purge
from seissynth.data.splits.parts import (
    PARTS,
    PURGED,
    group_codes,
    labels_of_groups,
    place_groups,
    series,
    shuffled_parts,
    timed_parts,
)
from seissynth.errors import InputError
from seissynth.shared.checks import whole

if TYPE_CHECKING:
    import pandas

__all__ = ["PARTS", "PURGED", "Leakage", "check_leakage", "kfold_by_time", "purge", "split_by_event", "split_by_place"]
__all__ += ["split_by_region", "split_by_station", "split_by_time", "split_random"]


def split_random(metadata, shares=(0.8, 0.1, 0.1), seed=0):
    """Split rows at random: records of one event, even of one second, are in all parts. For comparison only."""
    return shuffled_parts(metadata, np.arange(len(metadata)), shares, seed)


def split_by_event(
    metadata: pandas.DataFrame, shares: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0, column: str = "source_id"
) -> pandas.Series:
    """Split at random by event: no event in two parts.

    Parameters
    ----------
    metadata : pandas.DataFrame
    shares : sequence of float
        Shares of "train", "dev", "test" (or of "train", "test"), in numbers of rows, as close as whole events allow;
        they sum to 1.
    seed : int
    column : str
        Column that identifies an event. Rows without one (noise) are assigned one by one.

    Returns
    -------
    pandas.Series of str, index of `metadata`

    Raises
    ------
    InputError
        Missing column, shares that do not sum to 1, or fewer events than parts.

    Notes
    -----
    In a dense sequence this is not enough: windows of different events hold the same samples. See `split_by_time`
    and `purge`.
    """
    return shuffled_parts(metadata, group_codes(metadata, [column]), shares, seed)


def split_by_station(
    metadata: pandas.DataFrame, shares: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0
) -> pandas.Series:
    """Split at random by station (network and station code): no station in two parts. See `split_by_event`."""
    return shuffled_parts(metadata, group_codes(metadata, ["station_network_code", "station_code"]), shares, seed)


def split_by_region(
    metadata: pandas.DataFrame, shares: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0, cell_deg: float = 0.5
) -> pandas.Series:
    """Split at random by cells of the epicentre, `cell_deg` degrees wide in latitude and longitude.

    Events on both sides of a cell's border may still be neighbours: `split_by_place` keeps those together.
    """
    if not (np.isfinite(cell_deg) and cell_deg > 0):
        raise InputError(f"{cell_deg=} must be above 0 degrees.")
    latitude, longitude = epicentres(metadata)
    cells = np.stack([np.floor(latitude / cell_deg), np.floor((longitude % 360.0) / cell_deg)], axis=-1)
    codes = np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1)
    return shuffled_parts(metadata, labels_of_groups(codes, np.isnan(latitude)), shares, seed)


def split_by_place(
    metadata: pandas.DataFrame, shares: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0, distance_km: float = 5.0
) -> pandas.Series:
    """Split by location: epicentres within `distance_km` of each other are in one part.

    Neighbours of neighbours belong together: no two events of different parts are closer than that. A sequence of
    aftershocks may then be a single group.

    Parameters
    ----------
    metadata : pandas.DataFrame
    shares : sequence of float
        Shares in numbers of rows: large groups are assigned first, each to the part that lacks most.
    seed : int
    distance_km : float

    Returns
    -------
    pandas.Series of str

    Raises
    ------
    InputError
        As `split_by_event`; also if all events are one group, which cannot be split.

    Notes
    -----
    The rule of the WGAN-GP thesis on ITACA (2024, section 4.3): events from the same or nearby locations do not
    appear in both the training and the test set.
    """
    latitude, longitude = epicentres(metadata)
    groups = place_groups(latitude, longitude, distance_km)
    return shuffled_parts(metadata, groups, shares, seed, largest_first=True, what=f"places {distance_km:g} km apart")


def split_by_time(
    metadata: pandas.DataFrame,
    shares: Sequence[float] = (0.8, 0.1, 0.1),
    blocks: int | None = None,
    purged: bool = True,
    per: str = "sensor",
) -> pandas.Series:
    """Split by origin time into consecutive blocks of events, and purge training windows that share samples.

    Parameters
    ----------
    metadata : pandas.DataFrame
    shares : sequence of float
        In numbers of events.
    blocks : int, optional
        Number of blocks of events that are assigned in turn, to give each part early and late times. None: one block
        for each part, in the order train, dev, test.
    purged : bool
        Call `purge` on the result.
    per : {"sensor", "station"}
        See `purge`.

    Returns
    -------
    pandas.Series of str
    """
    split = series(metadata, timed_parts(metadata, _times(metadata), shares, blocks))
    return purge(metadata, split, per=per) if purged else split


def kfold_by_time(
    metadata: pandas.DataFrame,
    folds: int = 5,
    block: int | None = None,
    dev: bool = True,
    purged: bool = True,
    per: str = "sensor",
) -> list[pandas.Series]:
    """K-fold in blocks of time: each event is in the test part of exactly one fold.

    Parameters
    ----------
    metadata : pandas.DataFrame
        With `source_id` and `source_origin_time`. Rows without origin time (noise) belong to the block at their time.
    folds : int
    block : int, optional
        Events in a block; the events make ``folds`` blocks of it, the last one may be short. None: equal blocks.
        For Ridgecrest 15, which makes five of the 75 events.
    dev : bool
        The block after the test block (the first after the last) is the validation part, for the choice of a model.
    purged : bool
        Call `purge` on each fold.
    per : {"sensor", "station"}
        See `purge`.

    Returns
    -------
    list of pandas.Series of str

    Raises
    ------
    InputError
        Fewer blocks than folds, or `folds` below 2 (3 with `dev`).
    """
    whole("folds", folds, 3 if dev else 2)
    number = _event_blocks(metadata, folds, block)
    out = []
    for fold in range(folds):
        words = np.where(number == fold, "test", "train").astype(object)
        if dev:
            words[number == (fold + 1) % folds] = "dev"
        split = series(metadata, words)
        out.append(purge(metadata, split, per=per) if purged else split)
    return out


def _times(metadata):
    """Origin time in ns, or start of the trace if there is none."""
    out = times_ns(metadata, "source_origin_time", missing_ok=True)
    missing = out < 0
    if missing.any():
        out = np.where(missing, times_ns(metadata, "trace_start_time", missing_ok=False), out)
    return out


def _event_blocks(metadata, folds, block):
    """Number of each row's block of events."""
    times = _times(metadata)
    codes = group_codes(metadata, ["source_id"], noise=-1)
    events = np.unique(codes[codes >= 0])
    if len(events) < folds:
        raise InputError(f"{len(events)} events cannot make {folds} folds.")
    first = np.array([times[codes == event].min() for event in events])
    order = np.sort(first)
    block = block or -(-len(events) // folds)
    if -(-len(events) // block) != folds:
        count = -(-len(events) // block)
        raise InputError(f"{len(events)} events in blocks of {block} make {count} folds, not {folds}.")
    edges = order[::block]
    when = times.copy()
    when[codes >= 0] = first[np.searchsorted(events, codes[codes >= 0])]
    return np.maximum(np.searchsorted(edges, when, side="right") - 1, 0)
