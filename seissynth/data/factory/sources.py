"""The earthquakes of a data set as columns, from a catalogue or drawn, with random access."""

import hashlib

import numpy as np

from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes
from seissynth.errors import InputError
from seissynth.events.earthquakes import read_earthquakes
from seissynth.schema import MOMENT_TENSOR_COLUMNS

_NUMBERS = (
    "source_latitude_deg", "source_longitude_deg", "source_depth_km", "source_magnitude",
    "source_strike_deg", "source_dip_deg", "source_rake_deg", *MOMENT_TENSOR_COLUMNS,
)  # fmt: skip


class Sources:
    """Earthquakes 0 to n - 1 as columns of the schema.

    Parameters
    ----------
    earthquakes : obspy Catalog, Event, iterable of Event, or DrawnEarthquakes
    """

    def __init__(self, earthquakes):
        self.drawn = earthquakes if isinstance(earthquakes, DrawnEarthquakes) else None
        self._table = None if self.drawn is not None else _table_of(earthquakes)

    def __len__(self):
        return len(self.drawn) if self.drawn is not None else len(self._table["source_id"])

    def rows(self, numbers):
        """Return the events of given numbers: dict of str to ndarray, columns and ``origin_us``, ``event_id``."""
        if self.drawn is None:
            return {name: values[numbers] for name, values in self._table.items()}
        columns = self.drawn.rows(numbers)
        n = len(numbers)
        for name in _NUMBERS:
            columns.setdefault(name, np.full(n, np.nan))
        columns["source_id"] = _keys(columns)
        columns["source_magnitude_type"] = np.full(n, self.drawn.magnitude_type, dtype=object)
        columns["source_origin_time"] = origin_times(columns["origin_us"])
        columns["event_id"] = np.array(
            [f"smi:local/seissynth/drawn/{self.drawn.seed}/{number}" for number in numbers], dtype=object
        )
        return columns

    def describe(self):
        """Plain data that identify a set of earthquakes."""
        if self.drawn is not None:
            fields = {name: value for name, value in vars(self.drawn).items() if not name.startswith("_")}
            area = {"kind": type(self.drawn.area).__name__, **vars(self.drawn.area)}
            plain = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
            plain.update(area=area, time=[str(time) for time in self.drawn.time], n=int(self.drawn.n))
            return {"drawn": plain}
        digest = hashlib.sha256()
        for name in sorted(self._table):
            digest.update("\x1f".join(map(repr, self._table[name].tolist())).encode())
        return {"catalog": {"events": len(self), "sha256": digest.hexdigest()}}


def origin_times(microseconds):
    """Return times as ISO 8601 text as ObsPy writes it, ndarray of str objects."""
    return np.array([f"{time}Z" for time in microseconds.astype("datetime64[us]").astype(str)], dtype=object)


def _keys(sources):
    """Event keys of `seissynth.seeding.event_key`."""
    steps = np.round(np.stack([sources["source_latitude_deg"], sources["source_longitude_deg"]]) * 1e5).astype(np.int64)
    depth = np.round(sources["source_depth_km"] * 1000.0).astype(np.int64)
    parts = zip(sources["origin_us"].tolist(), *steps.tolist(), depth.tolist(), strict=True)
    return np.array(["/".join(map(str, part)) for part in parts], dtype=object)


def _table_of(earthquakes):
    if isinstance(earthquakes, str):
        raise InputError(f"earthquakes={earthquakes!r} is text; read it first, as obspy.read_events(path).")
    rows = []
    for item in read_earthquakes(earthquakes):
        plane = item.nodal_plane or (np.nan,) * 3
        tensor = item.moment_tensor or (np.nan,) * 6
        rows.append(
            (
                round(item.time.ns / 1000),
                item.key,
                item.magnitude_type,
                str(item.time),
                item.id,
                item.latitude_deg,
                item.longitude_deg,
                item.depth_km,
                item.magnitude,
                *plane,
                *tensor,
            )
        )
    names = ("origin_us", "source_id", "source_magnitude_type", "source_origin_time", "event_id", *_NUMBERS)
    kinds = (np.int64, object, object, object, object, *(float,) * len(_NUMBERS))
    columns = list(zip(*rows, strict=True))
    return {name: np.array(column, dtype=kind) for name, column, kind in zip(names, columns, kinds, strict=True)}
