"""Covariance of a pattern's coordinate between two records: what an earthquake, a station, a path and a place share.

    k(r, r') = [same earthquake] (event + event_near exp(-d_sta / station_km - |azimuth difference| / azimuth_rad))
             + [same station] (station + path exp(-d_hyp / hypocentre_km))
             + place exp(-d_hyp / hypocentre_km - dt / (8 time_h)) + time exp(-dt / time_h)
             + linear f f' + record [same record]

d_sta is the distance of the stations, d_hyp of the hypocentres, dt the time between the earthquakes; f = (1, M - 3,
(M - 3.7)+, ln(R / 40 km), (depth - 6 km) / 4 km), all within the limits of `FEATURE_LIMITS`.
"""

from dataclasses import dataclass, fields

import numpy as np

from seissynth.errors import InputError

#: variances, and lengths
VARIANCES = ("event", "event_near", "station", "path", "place", "time", "linear", "record")
LENGTHS = ("station_km", "hypocentre_km", "azimuth_rad", "time_h")
NAMES = (*VARIANCES, *LENGTHS)
#: hand values that the prior of hyper-parameters has its median at, and standard deviation of their logarithm
PRIOR = np.array([0.2, 0.2, 0.1, 0.1, 0.05, 0.05, 0.02, 0.2, 25.0, 6.0, 0.8, 3.0])
PRIOR_SD = 1.5
#: magnitude, hypocentral distance (km) and depth (km) are clipped to these: a linear term means nothing far away
FEATURE_LIMITS = ((0.5, 7.5), (5.0, 250.0), (0.0, 20.0))
#: place terms forget more slowly than time terms by this factor
PLACE_TIME_FACTOR = 8.0
_EARTH_KM = 6371.0


@dataclass(frozen=True)
class Places:
    """Where and when n records were made.

    Parameters
    ----------
    event, station : ndarray of str, shape (n,)
        Names of the earthquake and of the station; the same name is the same one.
    event_km : ndarray, shape (n, 3)
        Hypocentres, Cartesian.
    station_km : ndarray, shape (n, 3)
    azimuth_rad : ndarray, shape (n,)
        Of the station from the epicentre.
    time_h : ndarray, shape (n,)
        Of the earthquake.
    magnitude, distance_km, depth_km : ndarray, shape (n,)
        Hypocentral distance.
    """

    event: np.ndarray
    station: np.ndarray
    event_km: np.ndarray
    station_km: np.ndarray
    azimuth_rad: np.ndarray
    time_h: np.ndarray
    magnitude: np.ndarray
    distance_km: np.ndarray
    depth_km: np.ndarray

    def __post_init__(self):
        for f in fields(self):
            value = getattr(self, f.name)
            if len(value) != len(self.event):
                raise InputError(f"residuals: {f.name} has {len(value)} rows and event {len(self.event)}.")
            if f.name not in ("event", "station") and not np.isfinite(value).all():
                raise InputError(f"residuals: {f.name} of a record is not finite; leave such records out.")

    def __len__(self):
        return len(self.event)

    def select(self, rows):
        """Return some of the records; `rows` is an index array or a slice."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))

    @staticmethod
    def concatenate(parts):
        """Join records; all of one class."""
        kind = type(parts[0])
        return kind(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(kind)))

    def key(self, row):
        """Everything that is known of one record, to look it up by."""
        return tuple(getattr(self, f.name)[row].tobytes() for f in fields(self))

    def features(self):
        """The functions of the linear term, shape (n, 5)."""
        m, r, d = (
            np.clip(value, *limits)
            for value, limits in zip((self.magnitude, self.distance_km, self.depth_km), FEATURE_LIMITS, strict=True)
        )
        return np.stack([np.ones(len(m)), m - 3.0, np.maximum(m - 3.7, 0.0), np.log(r / 40.0), (d - 6.0) / 4.0], axis=1)


def make_places(
    *, event, station, source_latitude_deg, source_longitude_deg, depth_km, station_latitude_deg,
    station_longitude_deg, magnitude, time_h,
):  # fmt: skip
    """Return `Places` of coordinates on a sphere.

    Parameters
    ----------
    event, station : sequence of str, length n
    source_latitude_deg, source_longitude_deg, depth_km, station_latitude_deg, station_longitude_deg : array_like
        Shape (n,).
    magnitude, time_h : array_like, shape (n,)
        Time in hours after any instant.

    Returns
    -------
    Places

    Examples
    --------
    >>> one = make_places(
    ...     event=["a"], station=["X"], source_latitude_deg=[0.0], source_longitude_deg=[0.0], depth_km=[10.0],
    ...     station_latitude_deg=[0.0], station_longitude_deg=[1.0], magnitude=[3.0], time_h=[0.0])
    >>> float(one.distance_km[0].round(1)), float(np.degrees(one.azimuth_rad[0]))
    (111.6, 90.0)
    """
    a, b, c, d = (
        np.radians(np.asarray(value, dtype=float))
        for value in (source_latitude_deg, source_longitude_deg, station_latitude_deg, station_longitude_deg)
    )
    depth = np.asarray(depth_km, dtype=float)
    y = np.sin(d - b) * np.cos(c)
    x = np.cos(a) * np.sin(c) - np.sin(a) * np.cos(c) * np.cos(d - b)
    cosine = np.sin(a) * np.sin(c) + np.cos(a) * np.cos(c) * np.cos(d - b)
    epicentral = _EARTH_KM * np.arctan2(np.hypot(x, y), cosine)
    return Places(
        np.asarray(event, dtype=str), np.asarray(station, dtype=str), _cartesian(a, b, _EARTH_KM - depth),
        _cartesian(c, d, np.full(len(c), _EARTH_KM)), np.arctan2(y, x), np.asarray(time_h, dtype=float),
        np.asarray(magnitude, dtype=float), np.hypot(epicentral, depth), depth,
    )  # fmt: skip


def _cartesian(latitude, longitude, radius):
    flat = radius * np.cos(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), radius * np.sin(latitude)], axis=1)


class Separations:
    """Distances and equalities between two sets of records, of which kernels of any hyper-parameters are made.

    Parameters
    ----------
    a, b : Places
        `b` is `a` itself for the covariance within a set, which then has the variance of single records.
    """

    def __init__(self, a, b):
        def apart(x, y):
            return np.sqrt(np.maximum(((x[:, None] - y[None]) ** 2).sum(axis=2), 0.0))

        self.event = (a.event[:, None] == b.event[None]).astype(float)
        self.station = (a.station[:, None] == b.station[None]).astype(float)
        self.hypocentres = apart(a.event_km, b.event_km)
        self.stations = apart(a.station_km, b.station_km)
        difference = a.azimuth_rad[:, None] - b.azimuth_rad[None]
        self.azimuth = np.abs((difference + np.pi) % (2 * np.pi) - np.pi)
        self.time = np.abs(a.time_h[:, None] - b.time_h[None])
        self.features = a.features() @ b.features().T
        self.record = np.eye(len(a)) if a is b else np.zeros((len(a), len(b)))

    def terms(self, parameters):
        """The eight terms of the kernel, each of shape (a, b), in the order of `VARIANCES`.

        Parameters
        ----------
        parameters : array_like, shape (12,)
            Hyper-parameters in the order of `NAMES`.
        """
        v = dict(zip(NAMES, np.asarray(parameters, dtype=float), strict=True))
        near = self.event * np.exp(-self.stations / v["station_km"] - self.azimuth / v["azimuth_rad"])
        hypocentre = np.exp(-self.hypocentres / v["hypocentre_km"])
        slow = np.exp(-self.time / (PLACE_TIME_FACTOR * v["time_h"]))
        shapes = (
            self.event, near, self.station, self.station * hypocentre, hypocentre * slow,
            np.exp(-self.time / v["time_h"]), self.features, self.record,
        )  # fmt: skip
        return [v[name] * shape for name, shape in zip(VARIANCES, shapes, strict=True)]

    def kernel(self, parameters):
        """Covariance of coordinates, shape (a, b)."""
        return sum(self.terms(parameters))

    def gradients(self, parameters):
        """Return the kernel, and its derivatives by the logarithms of the hyper-parameters, shape (12, a, b)."""
        v = dict(zip(NAMES, np.asarray(parameters, dtype=float), strict=True))
        terms = dict(zip(VARIANCES, self.terms(parameters), strict=True))
        by_length = (
            terms["event_near"] * self.stations / v["station_km"],
            (terms["path"] + terms["place"]) * self.hypocentres / v["hypocentre_km"],
            terms["event_near"] * self.azimuth / v["azimuth_rad"],
            (terms["place"] / PLACE_TIME_FACTOR + terms["time"]) * self.time / v["time_h"],
        )
        return sum(terms.values()), np.stack([*terms.values(), *by_length])
