"""Areas in which epicentres are drawn: box, circle, polygon."""

import math
from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.wording import a_kind
from seissynth.units import EARTH_RADIUS_KM

_TRIES = 32  # places drawn at a time for a polygon
_ROUNDS = 400


@dataclass(frozen=True)
class Box:
    """Between two parallels and two meridians.

    Parameters
    ----------
    south, north : float
        Latitudes, degrees.
    west, east : float
        Longitudes, degrees; `east` may go beyond 180, for a box across that meridian.
    """

    south: float
    north: float
    west: float
    east: float

    def __post_init__(self):
        _numbers(self, ("south", "north", "west", "east"))
        if not -90 <= self.south < self.north <= 90:
            raise InputError(f"{self}: south must be below north, both from -90 to 90.")
        if not (-180 <= self.west < self.east <= self.west + 360):
            raise InputError(f"{self}: west must be below east, from -180 on, at most 360 degrees apart.")


@dataclass(frozen=True)
class Circle:
    """Within a distance of a place, on a sphere of radius 6371 km.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
    radius_km : float
        Up to 20,000.
    inner_km : float
        Above 0, the area is a ring with this inner radius.
    """

    latitude_deg: float
    longitude_deg: float
    radius_km: float
    inner_km: float = 0.0

    def __post_init__(self):
        _numbers(self, ("latitude_deg", "longitude_deg", "radius_km", "inner_km"))
        if not (-90 <= self.latitude_deg <= 90 and -180 <= self.longitude_deg <= 360):
            raise InputError(f"{self}: the centre must be a latitude from -90 to 90 and a longitude from -180 to 360.")
        if not 0 <= self.inner_km < self.radius_km <= 20_000:
            raise InputError(f"{self}: radius_km must be above inner_km, from 0 to 20000.")


@dataclass(frozen=True)
class Polygon:
    """The interior of a polygon whose sides are straight in latitude and longitude.

    Parameters
    ----------
    corners : sequence of (latitude, longitude)
        Three or more, degrees; the last is joined to the first. Not across the meridian of 180 degrees, unless
        longitudes continue beyond it.
    """

    corners: tuple

    def __post_init__(self):
        try:
            corners = tuple((float(latitude), float(longitude)) for latitude, longitude in self.corners)
        except (TypeError, ValueError):
            corners = ()
        good = len(set(corners)) >= 3 and all(-90 <= lat <= 90 and -180 <= lon <= 540 for lat, lon in corners)
        if not good:
            raise InputError(f"corners={self.corners!r} must be three or more pairs of latitude and longitude.")
        object.__setattr__(self, "corners", corners)


def check_area(area):
    """Raise InputError for an object that is not an area."""
    if not isinstance(area, (Box, Circle, Polygon)):
        raise InputError(
            f"area is {a_kind(area)}; give seissynth.data.factory.drawn_earthquakes.Box, Circle or Polygon."
        )


def draw_places(area, rng, n):
    """Draw n epicentres, uniform over the surface; ndarray, shape (2, n): latitude, longitude."""
    if isinstance(area, Circle):
        return _in_circle(area, *rng.random((2, n)))
    if isinstance(area, Box):
        return _in_box(area, *rng.random((2, n)))
    return _in_polygon(area, rng, n)


def _in_box(area, u, v):
    low, high = np.sin(np.radians([area.south, area.north]))
    latitude = np.degrees(np.arcsin(np.clip(low + u * (high - low), -1, 1)))
    return np.stack([latitude, _wrapped(area.west + v * (area.east - area.west))])


def _in_circle(area, u, v):
    near, far = np.cos(np.array([area.inner_km, area.radius_km]) / EARTH_RADIUS_KM)
    delta = np.arccos(np.clip(near + u * (far - near), -1, 1))
    azimuth = 2 * np.pi * v
    latitude = math.radians(area.latitude_deg)
    sine = math.sin(latitude) * np.cos(delta) + math.cos(latitude) * np.sin(delta) * np.cos(azimuth)
    turn = np.arctan2(
        np.sin(azimuth) * np.sin(delta) * math.cos(latitude), np.cos(delta) - math.sin(latitude) * sine
    )  # fmt: skip
    return np.stack([np.degrees(np.arcsin(np.clip(sine, -1, 1))), _wrapped(area.longitude_deg + np.degrees(turn))])


def _in_polygon(area, rng, n):
    corners = np.array(area.corners)
    around = Box(corners[:, 0].min(), corners[:, 0].max(), -180.0, 180.0)
    points = np.full((2, n), np.nan)
    open_rows = np.arange(n)
    west, width = corners[:, 1].min(), np.ptp(corners[:, 1])
    for _ in range(_ROUNDS):
        u, v = rng.random((2, n, _TRIES))  # always the same number in each round, which keeps rows independent
        latitude = _in_box(around, u, v)[0]
        longitude = west + v * width
        inside = _is_inside(corners, latitude, longitude)
        first = inside.argmax(axis=1)
        hit = inside[np.arange(n), first] & np.isnan(points[0])
        points[0, hit] = latitude[hit, first[hit]]
        points[1, hit] = longitude[hit, first[hit]]
        open_rows = np.isnan(points[0])
        if not open_rows.any():
            return np.stack([points[0], _wrapped(points[1])])
    raise InputError(f"corners={area.corners!r} enclose almost no area; give the corners in order around the area.")


def _is_inside(corners, latitude, longitude):
    """Whether a line to the west crosses the polygon's sides an odd number of times."""
    inside = np.zeros(latitude.shape, dtype=bool)
    for (lat1, lon1), (lat2, lon2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if lat1 == lat2:
            continue
        spans = (lat1 > latitude) != (lat2 > latitude)
        crossing = lon1 + (latitude - lat1) / (lat2 - lat1) * (lon2 - lon1)
        inside ^= spans & (longitude < crossing)
    return inside


def _wrapped(longitude):
    return (longitude + 180.0) % 360.0 - 180.0


def _numbers(item, names):
    for name in names:
        value = getattr(item, name)
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not math.isfinite(value):
            raise InputError(f"{type(item).__name__}: {name}={value!r} must be a number.")
        object.__setattr__(item, name, float(value))
