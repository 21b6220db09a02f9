"""Keys and seeds: the same request gives the same bits, regardless of how it is split into calls.

A record's random numbers depend only on event, station, realisation and backend, never on its position in a table.
Adding stations, changing their order, or splitting the work changes no other record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from obspy import UTCDateTime

_DEGREE_STEPS = 100_000  # 1e-5 degree, about one metre


@dataclass(frozen=True)
class Seeds:
    """Seeds of n records.

    Parameters
    ----------
    row : ndarray, shape (n,), uint64
        Differs between any two records.
    event : ndarray, shape (n,), uint64
        Shared by the records of one event (and realisation): between-event terms, spatial fields.
    station : ndarray, shape (n,), uint64
        Shared by the records of one site over all events and realisations: site terms.
    """

    row: np.ndarray
    event: np.ndarray
    station: np.ndarray

    def __len__(self):
        return len(self.row)

    def __getitem__(self, index):
        return Seeds(self.row[index], self.event[index], self.station[index])

    @staticmethod
    def concatenate(parts: list[Seeds]) -> Seeds:
        """Join the seeds of several calls, in order; `parts` has at least one."""
        return Seeds(*(np.concatenate([getattr(part, kind) for part in parts]) for kind in ("row", "event", "station")))


def event_key(time: UTCDateTime, latitude_deg: float, longitude_deg: float, depth_m: float) -> str:
    """Name an earthquake by its time and place.

    Resource ids are not used, because ObsPy draws new ones in each process. The magnitude is left out: a sweep over
    magnitudes shares its noise.

    Parameters
    ----------
    time : obspy.UTCDateTime
        Origin time, kept to the microsecond.
    latitude_deg, longitude_deg : float
        Kept to 1e-5 degree.
    depth_m : float
        Kept to the metre.

    Returns
    -------
    str
    """
    microseconds = round(time.ns / 1000)
    steps = (round(latitude_deg * _DEGREE_STEPS), round(longitude_deg * _DEGREE_STEPS))
    return f"{microseconds}/{steps[0]}/{steps[1]}/{round(depth_m)}"


def station_key(network, station, latitude_deg=None, longitude_deg=None, depth_m=None):
    """Name a site: ``NET.STA``, with coordinates if sensors of one station are at separate locations."""
    if latitude_deg is None:
        return f"{network}.{station}"
    steps = (round(latitude_deg * _DEGREE_STEPS), round(longitude_deg * _DEGREE_STEPS))
    return f"{network}.{station}/{steps[0]}/{steps[1]}/{round(depth_m or 0)}"


def hash_words(*words):
    """Hash any words (text or integers) to one uint64, equal in every process and on every machine.

    Examples
    --------
    >>> from seissynth.seeding import hash_words
    >>> hash_words("a", 1) == hash_words("a", 1), hash_words("a", 1) == hash_words("a1")
    (True, False)
    """
    text = "\x1f".join(str(word) for word in words)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def make_seeds(
    seed: int,
    event_keys: Sequence[str],
    station_keys: Sequence[str],
    *,
    realization: int = 0,
    backend: str = "",
    weights_hash: str = "",
) -> Seeds:
    """Seeds of one realisation for n records.

    Parameters
    ----------
    seed : int
        The user's seed.
    event_keys, station_keys : sequence of str, length n
        From `event_key` and `station_key`.
    realization : int
        Number of the realisation.
    backend, weights_hash : str
        Two backends, or two sets of weights, do not share noise.

    Returns
    -------
    Seeds
    """
    maker = (backend, weights_hash)
    events = {key: hash_words("event", seed, key, realization, *maker) for key in set(event_keys)}
    stations = {key: hash_words("station", seed, key, *maker) for key in set(station_keys)}
    rows = [
        hash_words("row", seed, event, station, realization, *maker)
        for event, station in zip(event_keys, station_keys, strict=True)
    ]
    return Seeds(
        row=np.array(rows, dtype=np.uint64),
        event=np.array([events[key] for key in event_keys], dtype=np.uint64),
        station=np.array([stations[key] for key in station_keys], dtype=np.uint64),
    )


def seeds_of_rows(seed, conditions, realization, backend):
    """Seeds of one realisation of the rows of a table of conditions.

    Parameters
    ----------
    seed : int
    conditions : pandas.DataFrame or dict of str to sequence
        With ``source_id`` and ``station_id``.
    realization : int
    backend : seissynth.backends.base.Backend
        Its name and weights enter the seeds.

    Returns
    -------
    Seeds
    """
    return make_seeds(
        seed,
        list(conditions["source_id"]),
        list(conditions["station_id"]),
        realization=realization,
        backend=backend.card.name,
        weights_hash=backend.weights_hash,
    )


def generator(seed: int, stream: int = 0) -> np.random.Generator:
    """Return a NumPy random generator for one record's seed and a stream number.

    Philox is counter-based: streams with other numbers are independent, and making one is cheap.

    Parameters
    ----------
    seed : int
        An element of `Seeds`.
    stream : int
        Number of the record's random series; 0 to 2**64 - 1.
    """
    key = np.array([seed, stream], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
