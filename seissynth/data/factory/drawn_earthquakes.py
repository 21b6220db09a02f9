"""Earthquakes drawn at random: magnitude, epicentre, depth, time and mechanism.

Event number i depends only on the seed and on i. Any part of a set of a million can therefore be made alone, and
requesting more events changes none of the earlier ones.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from seissynth.data.factory.areas import Box, Circle, Polygon, check_area, draw_places
from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words
from seissynth.shared.bounds import BOUNDS, within
from seissynth.stations.station_names import match_stations

if TYPE_CHECKING:
    from obspy import Inventory
    from obspy.core.event import Event

__all__ = ["Box", "Circle", "DrawnEarthquakes", "Polygon", "around_station"]

#: events that are drawn together; part of the meaning of a seed, so it never changes
_TOGETHER = 1024
_MAGNITUDES = ("gutenberg-richter", "uniform")
_DEPTHS = ("uniform", "triangular")
_MECHANISMS = ("none", "random", "strike-slip", "normal", "reverse")
_RAKES_DEG = {"strike-slip": (0.0, 180.0), "normal": (-90.0,), "reverse": (90.0,)}
_SPREAD_DEG = 15.0  # of strike-slip, normal and reverse mechanisms about the pure ones, standard deviation


@dataclass(frozen=True)
class DrawnEarthquakes:
    """A set of random earthquakes, drawn on request.

    Parameters
    ----------
    n : int
        Number of earthquakes.
    area : Box, Circle or Polygon
        Area of the epicentres, which are uniform over its surface.
    magnitude : (float, float)
        Smallest and largest, rounded to 0.01.
    magnitudes : {"uniform", "gutenberg-richter"}
        "gutenberg-richter" draws from 10 ** (-b m) between the bounds; "uniform" gives large ones as often as small
        ones, which is better for training.
    b : float
        b-value of Gutenberg and Richter, above 0.
    magnitude_type : str
        As in QuakeML.
    depth_km : (float, float) or (float, float, float)
        Shallowest and deepest, or shallowest, most frequent and deepest (`depths` is then "triangular").
    depths : {"uniform", "triangular"}
    time : (time, time)
        Origin times are drawn between these two, not in order. Any format that numpy.datetime64 reads.
    mechanisms : {"none", "random", "strike-slip", "normal", "reverse"}
        "random": all orientations of a double couple equally likely. The three types have any strike, and scatter
        by 15 degrees about 90, 60, 30 degrees of dip and their pure rakes.
    seed : int

    Raises
    ------
    InputError
        A value out of bounds; the message names it.

    Notes
    -----
    Magnitudes of the bounded Gutenberg-Richter law by inversion: m = m1 - log10(1 - u (1 - 10 ** (-b (m2 - m1)))) / b.

    Examples
    --------
    >>> from seissynth.data.factory.drawn_earthquakes import Circle, DrawnEarthquakes
    >>> drawn = DrawnEarthquakes(1000, Circle(35.7, -117.5, radius_km=100), magnitude=(2, 6), seed=1)
    >>> len(drawn), bool(drawn.event(7).magnitudes[0].mag == drawn.table(5, 10)["source_magnitude"][2])
    (1000, True)
    """

    n: int
    area: object
    magnitude: tuple = (1.0, 6.0)
    magnitudes: str = "uniform"
    b: float = 1.0
    magnitude_type: str = "Mw"
    depth_km: tuple = (2.0, 20.0)
    depths: str = "uniform"
    time: tuple = ("2020-01-01", "2021-01-01")
    mechanisms: str = "random"
    seed: int = 0
    _times: tuple = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self):
        within("n", self.n, bound="earthquakes")
        check_area(self.area)
        for name, choices in (("magnitudes", _MAGNITUDES), ("depths", _DEPTHS), ("mechanisms", _MECHANISMS)):
            if getattr(self, name) not in choices:
                raise InputError(f"{name}={getattr(self, name)!r} must be one of {', '.join(map(repr, choices))}.")
        if len(tuple(self.depth_km)) == 3:
            object.__setattr__(self, "depths", "triangular")
        _increasing("magnitude", self.magnitude, (2,), BOUNDS["magnitude"])
        _increasing("depth_km", self.depth_km, (2, 3), BOUNDS["depth in km"])
        within("b", self.b)
        within("seed", self.seed)
        for name in ("magnitude", "depth_km", "time"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # a list cannot be hashed
        object.__setattr__(self, "_times", _microseconds(self.time))

    def __len__(self):
        return int(self.n)

    def __iter__(self):
        for first in range(0, len(self), _TOGETHER):
            yield from self.events(first, min(first + _TOGETHER, len(self)))

    def table(self, first: int = 0, last: int | None = None) -> dict[str, np.ndarray]:
        """Draw events `first` to `last` (not included) as arrays.

        Returns
        -------
        dict of str to ndarray, shape (last - first,)
            Columns of `seissynth.schema`, and ``origin_us``: origin time, microseconds since 1970.

        Raises
        ------
        InputError
            Numbers outside 0 to n.
        """
        last = len(self) if last is None else last
        if not 0 <= first <= last <= len(self):
            raise InputError(f"events {first} to {last} are asked for; there are 0 to {len(self)}.")
        parts = [_drawn_together(self, number) for number in range(first // _TOGETHER, -(-last // _TOGETHER))]
        if not parts:
            return {name: values[:0] for name, values in _drawn_together(self, 0).items()}
        skip = first - first // _TOGETHER * _TOGETHER
        return {name: np.concatenate([part[name] for part in parts])[skip : skip + last - first] for name in parts[0]}

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """Draw the events of given numbers, in any order, like `table`."""
        numbers = np.asarray(numbers, dtype=np.int64)
        if len(numbers) and not (numbers.min() >= 0 and numbers.max() < len(self)):
            raise InputError(f"event {numbers.max()} is asked for; there are 0 to {len(self) - 1}.")
        groups, group_of_row = np.unique(numbers // _TOGETHER, return_inverse=True)
        parts = [_drawn_together(self, int(group)) for group in groups] or [_drawn_together(self, 0)]
        return {name: np.stack([part[name] for part in parts])[group_of_row, numbers % _TOGETHER] for name in parts[0]}

    def event(self, number: int) -> Event:
        """Return event `number` as an ObsPy Event; see `events`."""
        return self.events(number, number + 1)[0]

    def events(self, first: int = 0, last: int | None = None) -> list[Event]:
        """Return events `first` to `last` (not included) as ObsPy Events.

        Returns
        -------
        list of obspy Event
            With origin, magnitude and, if mechanisms are drawn, nodal plane 1. Resource ids are made of seed and
            number, and are the same in every process.
        """
        from seissynth.data.factory.drawn_events import PREFIX, make_event

        table = self.table(first, last)
        return [
            make_event(
                f"{PREFIX}/{self.seed}/{first + i}",
                {name: values[i] for name, values in table.items()},
                self.magnitude_type,
            )
            for i in range(len(table["origin_us"]))
        ]

    def _draw_group(self, number):
        """All events of one group of `_TOGETHER`."""
        rng = generator(hash_words("drawn earthquakes", self.seed), number)
        u = rng.random((8, _TOGETHER))
        place = draw_places(self.area, rng, _TOGETHER)
        normal = rng.standard_normal((2, _TOGETHER))
        low, high = (float(x) for x in self.magnitude)
        if self.magnitudes == "uniform":
            magnitude = low + u[0] * (high - low)
        else:
            magnitude = low - np.log10(1 - u[0] * (1 - 10 ** (-self.b * (high - low)))) / self.b
        first, last = self._times
        strike, dip, rake = self._mechanisms(u[4:8], normal)
        # rounded to the steps used in event keys, which makes the Event and the table agree
        return {
            "origin_us": first + np.floor(u[1] * (last - first)).astype(np.int64),
            "source_latitude_deg": np.round(place[0], 5),
            "source_longitude_deg": np.round(place[1], 5),
            "source_depth_km": np.round(self._depths(u[2]) * 1000.0) / 1000.0,
            "source_magnitude": np.round(magnitude, 2),
            "source_strike_deg": strike,
            "source_dip_deg": dip,
            "source_rake_deg": rake,
        }

    def _depths(self, u):
        low, high = float(self.depth_km[0]), float(self.depth_km[-1])
        if self.depths == "uniform" or high == low:
            return low + u * (high - low)
        mode = float(self.depth_km[1]) if len(self.depth_km) == 3 else (low + high) / 2
        rising = low + np.sqrt(u * (high - low) * (mode - low))
        falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
        return np.where(u * (high - low) < mode - low, rising, falling)

    def _mechanisms(self, u, normal):
        if self.mechanisms == "none":
            return (np.full(_TOGETHER, np.nan),) * 3
        strike = 360.0 * u[0]
        if self.mechanisms == "random":
            # a random rotation: strike and rake uniform, the normal of the plane uniform on the sphere
            dip, rake = np.degrees(np.arccos(1 - u[1])), 360.0 * u[2] - 180.0
        else:
            rakes = np.array(_RAKES_DEG[self.mechanisms])
            pure = rakes[np.minimum((u[3] * len(rakes)).astype(int), len(rakes) - 1)]
            rake = (pure + _SPREAD_DEG * normal[0] + 180.0) % 360.0 - 180.0
            middle = {"strike-slip": 90.0, "normal": 60.0, "reverse": 30.0}[self.mechanisms]
            dip = np.abs(middle + _SPREAD_DEG * normal[1])
            dip = np.where(dip > 90.0, 180.0 - dip, dip)
        return np.round(strike, 1) % 360.0, np.clip(np.round(dip, 1), 0.1, 90.0), np.round(rake, 1)


@lru_cache(maxsize=128)
def _drawn_together(drawn, number):
    return drawn._draw_group(number)


def around_station(inventory: Inventory, station: str, radius_km: float, inner_km: float = 0.0) -> Circle:
    """Return the circle around a station of an inventory.

    Parameters
    ----------
    inventory : obspy Inventory
    station : str
        NET.STA, or its code, if no other station has it.
    radius_km, inner_km : float
        See `Circle`.

    Returns
    -------
    Circle

    Examples
    --------
    >>> import seissynth
    >>> around_station(seissynth.read_example()[0], "XX.AMAT", 80).radius_km
    80.0
    """
    known = {f"{network.code}.{item.code}": item for network in inventory for item in network}
    found, unclear = match_stations([station], known)
    if unclear:
        raise InputError(f"several stations have the code {station!r}; name the network, too, as NET.STA.")
    if not found:
        raise InputError(f"there is no station {station!r}; the inventory holds {', '.join(sorted(known)[:8])}.")
    position = known[found[station]]
    return Circle(float(position.latitude), float(position.longitude), float(radius_km), float(inner_km))


def _increasing(name, values, lengths, bound):
    least, most = bound.low, bound.high
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        numbers = []
    ordered = all(a <= b for a, b in itertools.pairwise(numbers))
    if len(numbers) not in lengths or not ordered or not all(least <= x <= most for x in numbers):
        raise InputError(f"{name}={values!r} must be {lengths[0]} numbers in rising order, from {least:g} to {most:g}.")


def _microseconds(times):
    try:
        first, last = (np.datetime64(str(time).removesuffix("Z"), "us").astype(np.int64) for time in times)
    except (TypeError, ValueError):
        raise InputError(f"time={times!r} must be two times, as ('2020-01-01', '2021-01-01').") from None
    if not first < last:
        raise InputError(f"time={times!r}: the second must be after the first.")
    return int(first), int(last)
