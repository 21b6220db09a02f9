"""Published encodings of an earthquake and a site as a vector of numbers (HEGGS 2025, appendix C.1).

Eleven numbers: three for the station's place, three for the epicentre's, cosine and sine of the back-azimuth, then
epicentral distance, depth and magnitude, scaled. Columns not in the paper follow if requested.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.schema import COLUMNS, MOMENT_TENSOR_COLUMNS

if TYPE_CHECKING:
    import pandas

ENCODINGS = ("paper", "sphere", "region")

#: version of the plain form
FORMAT = 1

#: columns that every vector needs
REQUIRED = (
    "station_latitude_deg", "station_longitude_deg", "source_latitude_deg", "source_longitude_deg",
    "path_back_azimuth_deg", "path_ep_distance_km", "source_depth_km", "source_magnitude",
)  # fmt: skip

#: additions beyond the paper: name -> columns; a missing value is 0, and so is the flag after its columns
EXTRAS = {
    "vs30": ("station_vs_30_mps",),
    "onsets": ("path_p_travel_s", "path_s_travel_s"),
    "mechanism": MOMENT_TENSOR_COLUMNS,
}

#: columns taken as logarithms
_LOGARITHMIC = ("station_vs_30_mps",)


@dataclass(frozen=True)
class ConditionStatistics:
    """Statistics of a training set for the encoding.

    Parameters
    ----------
    latitude_deg, longitude_deg : (float, float)
        Lower and upper bound of the region, for eq. 10.
    distance_km, depth_km, magnitude : (float, float)
        Offset and divisor: mean and standard deviation for distance and depth, smallest value and range for the
        magnitude.
    extras : dict of str to (float, float)
        Mean and standard deviation of further columns.

    Examples
    --------
    >>> ConditionStatistics.published("SCEDC").magnitude
    (2.0, 6.4)
    """

    latitude_deg: tuple
    longitude_deg: tuple
    distance_km: tuple
    depth_km: tuple
    magnitude: tuple
    extras: dict = dataclasses.field(default_factory=dict, hash=False)

    @classmethod
    def published(cls, name: str) -> ConditionStatistics:
        """Return the numbers of the paper: "SCEDC", "KMA" or "INSTANCE" (table 5 and the table of appendix C.1)."""
        if name not in _PUBLISHED:
            raise InputError(f"no published statistics {name!r}; there are {', '.join(_PUBLISHED)}.")
        return cls(*_PUBLISHED[name])

    @classmethod
    def fit(cls, columns: Mapping[str, Any] | pandas.DataFrame, extras: Sequence[str] = ()) -> ConditionStatistics:
        """Compute statistics of a training set.

        Parameters
        ----------
        columns : mapping of str to array_like, shape (n,), or pandas.DataFrame
            The names of `REQUIRED`, and those of the extras.
        extras : sequence of str
            Keys of `EXTRAS`.

        Raises
        ------
        InputError
            A column that is missing, not finite, or constant.
        """
        table = _read(columns, REQUIRED)
        latitude, longitude = (
            np.concatenate([table[f"{whose}_{name}_deg"] for whose in ("station", "source")])
            for name in ("latitude", "longitude")
        )
        magnitude = table["source_magnitude"]
        more = {}
        for column in (column for name in _checked_extras(extras) for column in EXTRAS[name]):
            values = _column(columns, column)
            values = values[np.isfinite(values)]
            # an unknown column stays at 0 for all
            more[column] = _moments(_raw(column, values)) if len(values) else (0.0, 1.0)
        return cls(
            (float(latitude.min()), float(latitude.max())),
            (float(longitude.min()), float(longitude.max())),
            _moments(table["path_ep_distance_km"]),
            _moments(table["source_depth_km"]),
            (float(magnitude.min()), float(np.ptp(magnitude)) or 1.0),
            more,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        plain = {name: list(value) for name, value in vars(self).items() if name != "extras"}
        return {"format": FORMAT, **plain, "extras": {name: list(value) for name, value in self.extras.items()}}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> ConditionStatistics:
        """Make statistics from the result of `to_dict`."""
        names = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(plain, dict) or plain.get("format") != FORMAT or any(name not in plain for name in names):
            raise InputError(f"statistics of conditions need format {FORMAT} and {', '.join(names)}.")
        values = {name: tuple(map(float, plain[name])) for name in names[:-1]}
        if any(len(value) != 2 for value in values.values()):
            raise InputError("statistics of conditions hold two numbers for each name.")
        return cls(**values, extras={name: tuple(map(float, pair)) for name, pair in plain["extras"].items()})


@dataclass(frozen=True)
class ConditionVector:
    """The encoding: its form, and columns not in the paper.

    Parameters
    ----------
    encoding : {"paper", "sphere", "region"}
        Encoding of locations as three numbers. "paper" (eq. 10 and 11): coordinates scaled to 0 ... 1 within the
        region's bounds, a for latitude and b for longitude, then (cos a cos b, sin a cos b, sin b), in radians, as in
        the paper. "sphere": the unit vector of the place, (cos lat cos lon, cos lat sin lon, sin lat). "region": the
        same less that of the middle of the bounds, divided by half of their width: unit vectors of one region differ in
        the second digit only.
    extras : tuple of str
        Keys of `EXTRAS`, in this order: "vs30" (its logarithm), "onsets" (predicted P and S), "mechanism" (moment
        tensor); each is standardised and followed by a flag, 1 where it is known.

    Examples
    --------
    >>> columns = dict(station_latitude_deg=[35.0], station_longitude_deg=[-117.0], source_latitude_deg=[35.5],
    ...                source_longitude_deg=[-117.5], path_back_azimuth_deg=[320.0], path_ep_distance_km=[71.7],
    ...                source_depth_km=[8.0], source_magnitude=[3.0])
    >>> vector = ConditionVector("paper").encode(columns, ConditionStatistics.published("SCEDC"))
    >>> vector.shape, [round(value, 3) for value in vector[0, 8:].tolist()]
    ((1, 11), [-0.965, -0.121, 0.156])
    """

    encoding: str = "paper"
    extras: tuple = ()

    def __post_init__(self):
        if self.encoding not in ENCODINGS:
            raise InputError(f"encoding={self.encoding!r} must be one of {', '.join(map(repr, ENCODINGS))}.")
        object.__setattr__(self, "extras", _checked_extras(self.extras))

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each number."""
        positions = [f"{whose}_{axis}" for whose in ("station", "source") for axis in "xyz"]
        more = [n for extra in self.extras for n in (*EXTRAS[extra], f"{extra}_known")]
        return (*positions, "back_azimuth_cos", "back_azimuth_sin", *REQUIRED[5:], *more)

    @property
    def size(self) -> int:
        """Length of a vector, 11 or more."""
        return len(self.names)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that `encode` reads; those of `extras` may hold NaN."""
        return REQUIRED + tuple(column for extra in self.extras for column in EXTRAS[extra])

    def encode(self, columns: Mapping[str, Any] | pandas.DataFrame, statistics: ConditionStatistics) -> np.ndarray:
        """Return the vectors.

        Parameters
        ----------
        columns : mapping of str to array_like, shape (n,), or pandas.DataFrame
            Schema columns, at least `columns` of this object.
        statistics : ConditionStatistics

        Returns
        -------
        ndarray, shape (n, size), float32

        Raises
        ------
        InputError
            A required column missing or not finite, an extra without statistics.
        """
        table = _read(columns, REQUIRED)
        azimuth = np.deg2rad(table["path_back_azimuth_deg"])
        parts = [
            *self._place(table, "station", statistics),
            *self._place(table, "source", statistics),
            np.cos(azimuth),
            np.sin(azimuth),
            _scaled(table["path_ep_distance_km"], statistics.distance_km),
            _scaled(table["source_depth_km"], statistics.depth_km),
            _scaled(table["source_magnitude"], statistics.magnitude),
        ]
        for extra in self.extras:
            values = []
            for column in EXTRAS[extra]:
                if column not in statistics.extras:
                    raise InputError(f"the statistics lack {column!r}; take them with extras=({extra!r},).")
                values.append(_scaled(_raw(column, _column(columns, column)), statistics.extras[column]))
            known = np.isfinite(values).all(axis=0)
            parts += [np.where(known, value, 0.0) for value in values]
            parts.append(known)
        return np.stack(parts, axis=1).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain data."""
        return {"encoding": self.encoding, "extras": list(self.extras)}

    def _place(self, table, whose, statistics):
        latitude, longitude = table[f"{whose}_latitude_deg"], table[f"{whose}_longitude_deg"]
        if self.encoding == "sphere":
            return _unit_vector(latitude, longitude)
        if self.encoding == "region":
            (south, north), (west, east) = statistics.latitude_deg, statistics.longitude_deg
            middle = _unit_vector((south + north) / 2, (west + east) / 2)
            half = np.deg2rad(max(north - south, east - west, _LEAST_WIDTH_DEG)) / 2
            return (_unit_vector(latitude, longitude).T - middle).T / half
        a, b = (
            (values - low) / (high - low or 1.0)
            for values, (low, high) in ((latitude, statistics.latitude_deg), (longitude, statistics.longitude_deg))
        )
        return np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)


#: a region is not taken to be narrower, deg
_LEAST_WIDTH_DEG = 0.01

_PUBLISHED = {
    "SCEDC": ((32.0, 37.9), (-121.0, -114.1), (125.542401, 55.810322), (8.564146, 4.658161), (2.0, 6.4)),
    "KMA": ((33.12, 38.60), (124.64, 131.87), (219.91, 119.99), (11.59, 5.40), (0.35, 5.24)),
    "INSTANCE": ((35.00, 48.03), (5.32, 20.01), (57.8158, 31.7465), (12.3680, 13.2456), (3.0, 6.5)),
}


def _unit_vector(latitude_deg, longitude_deg):
    """(x, y, z) of places on the unit sphere, shape (3, ...)."""
    lat, lon = np.deg2rad(latitude_deg), np.deg2rad(longitude_deg)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _checked_extras(extras):
    names = (extras,) if isinstance(extras, str) else tuple(extras)
    unknown = [name for name in names if name not in EXTRAS]
    if unknown or len(set(names)) != len(names):
        raise InputError(f"extras={names!r} must be some of {', '.join(map(repr, EXTRAS))}, each once.")
    return names


def _column(columns, name):
    if name not in columns:
        raise InputError(f"the conditions lack the column {name!r} ({COLUMNS[name].meaning}).")
    values = np.asarray(columns[name], dtype=float)
    if values.ndim != 1:
        raise InputError(f"the column {name!r} has shape {values.shape}; it must be one value a record.")
    return values


def _read(columns, names):
    table = {name: _column(columns, name) for name in names}
    if len({len(values) for values in table.values()}) != 1:
        raise InputError("the columns of the conditions are not of one length.")
    for name, values in table.items():
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise InputError(f"{name} of row {bad[0]} is {values[bad[0]]}; the condition vector needs a finite number.")
    if not len(values):
        raise InputError("the conditions hold no rows.")
    return table


def _raw(column, values):
    if column in _LOGARITHMIC:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(np.where(values > 0, values, np.nan))
    return values


def _scaled(values, pair):
    return (values - pair[0]) / pair[1]


def _moments(values):
    spread = float(np.std(values))
    # all records alike (one earthquake): nothing to scale by
    return float(np.mean(values)), spread if spread > 0 else 1.0
