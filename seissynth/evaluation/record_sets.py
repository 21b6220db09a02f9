"""Records for evaluation: arrays with onsets, masks and metadata, and pairs of real and generated ones."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.filled_in import FILLED_IN
from seissynth.shared.real_numbers import require_real
from seissynth.signal.motion import convert_motion
from seissynth.units import DERIVATIVES, UNITS

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike
    from obspy import Inventory, Stream

    from seissynth.ensemble import Ensemble
    from seissynth.io.seisbench.dataset import Dataset

#: components of every record set, in this order
ORDER = "ZNE"
_SITE = ("station_network_code", "station_code")


@dataclass(frozen=True)
class RecordSet:
    """Records of one origin: an archive, or one backend.

    Parameters
    ----------
    name : str
        Name in tables and pictures.
    data : ndarray, shape (n, 3, npts), float32
        Motion, components Z, N, E.
    sampling_rate_hz : float
    quantity : {"velocity", "acceleration", "displacement", "normalised", "counts"}
        Quantity of `data`; SI if it is motion.
    metadata : DataFrame, n rows
        Columns of `seissynth.schema`; a missing one counts as unknown.
    start_s : ndarray, shape (n,)
        Time of sample 0 after origin.
    p_s, s_s : ndarray, shape (n,)
        Reference onsets after origin; NaN where there is none.
    mask_end_s : ndarray, shape (n,)
        Onset of the next detectable earthquake, after origin; infinite if there is none.
    band_hz : tuple of two floats, optional
        Pass band of the records.

    Raises
    ------
    InputError
        Arrays of different lengths, an unknown quantity, samples that are not finite.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from seissynth.evaluation import RecordSet
    >>> table = pd.DataFrame({"source_id": ["a", "a"], "station_network_code": "XX", "station_code": ["A", "B"]})
    >>> data = np.zeros((2, 3, 6000), "float32")
    >>> records = RecordSet("real", data, 100.0, "velocity", table)
    >>> len(records), records.npts, records.stations.tolist()
    (2, 6000, ['XX.A', 'XX.B'])
    """

    name: str
    data: np.ndarray
    sampling_rate_hz: float
    quantity: str
    metadata: pandas.DataFrame
    start_s: np.ndarray = FILLED_IN
    p_s: np.ndarray = FILLED_IN
    s_s: np.ndarray = FILLED_IN
    mask_end_s: np.ndarray = FILLED_IN
    band_hz: tuple | None = None

    def __post_init__(self):
        data = np.asarray(require_real(self.data, f"{self.name}: data"))
        if data.ndim != 3 or data.shape[1] != len(ORDER):
            raise InputError(f"{self.name}: data has shape {data.shape}; it must be (n, 3, npts), components {ORDER}.")
        if self.quantity not in UNITS:
            raise InputError(f"{self.name}: quantity={self.quantity!r} is unknown; known are {', '.join(UNITS)}.")
        if not np.isfinite(data).all():
            bad = int((~np.isfinite(data).all(axis=(1, 2))).sum())
            raise InputError(f"{self.name}: {bad} records hold samples that are not finite; leave them out.")
        if len(self.metadata) != len(data):
            raise InputError(f"{self.name}: {len(data)} records, but {len(self.metadata)} rows of metadata.")
        defaults = {"start_s": 0.0, "p_s": np.nan, "s_s": np.nan, "mask_end_s": np.inf}
        for name, default in defaults.items():
            value = getattr(self, name)
            array = np.full(len(data), default) if value is None else np.asarray(value, dtype=float)
            if array.shape != (len(data),):
                raise InputError(f"{self.name}: {name} has shape {array.shape}; it must be ({len(data)},).")
            object.__setattr__(self, name, array)
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "metadata", self.metadata.reset_index(drop=True))

    def __len__(self):
        return len(self.data)

    def __repr__(self):
        return (
            f"RecordSet({self.name!r}: {len(self)} records of {len(set(self.events))} events, {self.npts} samples at "
            f"{self.sampling_rate_hz:g} Hz, {self.quantity})"
        )

    @property
    def npts(self) -> int:
        """Samples of a record."""
        return self.data.shape[-1]

    @property
    def unit(self) -> str:
        """Unit of `data`."""
        return UNITS[self.quantity]

    @property
    def events(self) -> np.ndarray:
        """Labels of the earthquakes, shape (n,): ``source_id``, else the origin time."""
        for name in ("source_id", "source_origin_time"):
            if name in self.metadata:
                return self.metadata[name].astype(str).to_numpy(object)
        raise InputError(f"{self.name}: metadata has neither source_id nor source_origin_time.")

    @property
    def stations(self) -> np.ndarray:
        """Labels of the sensors, shape (n,): network, station, location and first two letters of the channel."""
        return _joined(self.metadata, (*_SITE, "station_location_code", "trace_channel"))

    @property
    def sites(self) -> np.ndarray:
        """Labels of the sites, shape (n,): network and station."""
        return _joined(self.metadata, _SITE)

    def column(self, name: str) -> np.ndarray:
        """One numeric column of the metadata, shape (n,); NaN if the table does not have it."""
        if name not in self.metadata:
            return np.full(len(self), np.nan)
        return self.metadata[name].to_numpy(dtype=float)

    def times_s(self, row: int | None = None) -> np.ndarray:
        """Times of the samples after origin: of one record, or of all, shape (n, npts)."""
        times = np.arange(self.npts) / self.sampling_rate_hz
        return times + (self.start_s[:, None] if row is None else self.start_s[row])

    def mask(self) -> np.ndarray:
        """Samples from origin time to the next detectable earthquake, shape (n, npts), bool."""
        times = self.times_s()
        return (times >= 0) & (times < self.mask_end_s[:, None])

    def select(self, rows: ArrayLike, name: str | None = None) -> RecordSet:
        """Return some of the records.

        Parameters
        ----------
        rows : array of int, or of bool with shape (n,)
        name : str, optional
            Name of the part.
        """
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)
        parts = {key: getattr(self, key)[rows] for key in ("data", "start_s", "p_s", "s_s", "mask_end_s")}
        return replace(self, name=name or self.name, metadata=self.metadata.iloc[np.asarray(rows)], **parts)

    def motion(self, quantity: str) -> np.ndarray:
        """Return the records converted to another quantity of motion.

        Parameters
        ----------
        quantity : {"displacement", "velocity", "acceleration"}

        Returns
        -------
        ndarray, shape (n, 3, npts), float32
            In SI. Integration is in the time domain (`seissynth.signal.motion.convert_motion`), followed by a high-pass
            filter at the lower edge of `band_hz`, if any, because the records contain nothing below it.

        Raises
        ------
        InputError
            The records are not motion.
        """
        if quantity == self.quantity:
            return self.data
        if self.quantity not in DERIVATIVES or quantity not in DERIVATIVES:
            raise InputError(f"{self.name} holds {self.quantity}, which cannot be made {quantity}.")
        data = convert_motion(self.data, self.sampling_rate_hz, self.quantity, quantity)
        low = self.band_hz[0] if self.band_hz else None
        if DERIVATIVES[quantity] < DERIVATIVES[self.quantity] and low:
            from seissynth.signal import bandpass

            data = np.asarray(bandpass(data, self.sampling_rate_hz, low, None, 4), dtype=np.float32)
        return data


@dataclass(frozen=True)
class Pairs:
    """Real records, and generated ones of the same earthquakes at the same sensors.

    Parameters
    ----------
    real : RecordSet
    draws : tuple of RecordSet
        One for each draw; row i belongs to row i of `real`. All have its times, rate and quantity.
    unmatched_real, unmatched_generated : int
        Records without a partner, which were left out.
    """

    real: RecordSet
    draws: tuple
    unmatched_real: int = 0
    unmatched_generated: int = 0

    @property
    def name(self) -> str:
        """Name of the generated set."""
        return self.draws[0].name

    @property
    def generated(self) -> RecordSet:
        """The first draw."""
        return self.draws[0]

    @property
    def events(self) -> np.ndarray:
        """Labels of the earthquakes, shape (n,)."""
        return self.real.events

    @property
    def stations(self) -> np.ndarray:
        """Labels of the sensors, shape (n,)."""
        return self.real.stations

    def __len__(self):
        return len(self.real)

    def __repr__(self):
        return f"Pairs({self.name!r} beside {self.real.name!r}: {len(self)} records, {len(self.draws)} draws)"

    def select(self, rows: ArrayLike) -> Pairs:
        """Return some of the rows."""
        return replace(self, real=self.real.select(rows), draws=tuple(draw.select(rows) for draw in self.draws))

    def mask(self) -> np.ndarray:
        """Time mask of the real records, shape (n, npts), used for both."""
        return self.real.mask()


def read_record_set(
    source: str | os.PathLike[str] | Dataset | RecordSet | Stream | Ensemble,
    name: str | None = None,
    *,
    split: str | None = None,
    category: str = "earthquake",
    complete: bool = True,
    inventory: Inventory | None = None,
) -> RecordSet:
    """Read records for evaluation.

    Parameters
    ----------
    source : path, Dataset, RecordSet, Stream or Ensemble
        A folder in SeisBench's format, an ASDF file, a `seissynth.io.seisbench.Dataset`, or a result of
        `seissynth.generate`.
    name : str, optional
        Name of the set; that of the folder or the backend by default.
    split : str, optional
        Only this part.
    category : str, optional
        Only rows whose ``trace_category`` begins with this; None takes all.
    complete : bool
        Leave out records with missing samples (``trace_missing_samples`` above 0).
    inventory : Inventory, optional
        Directions of the sensors of Streams whose channels are not Z, N and E.

    Returns
    -------
    RecordSet

    Raises
    ------
    InputError
        No records, or records of different length or rate.
    FileFormatError
        Invalid files.
    """
    from seissynth.io.seisbench.dataset import Dataset

    if isinstance(source, RecordSet):
        return source if name is None else replace(source, name=name)
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.exists():
            raise InputError(f"there is nothing at {path}; give a folder in SeisBench's format or an ASDF file.")
        if path.is_file():
            return _of_asdf(path, name or path.stem)
        source = Dataset(path)
    if not isinstance(source, Dataset):
        from seissynth.evaluation.record_streams import streams_to_record_set

        return streams_to_record_set(source, name, inventory=inventory)
    dataset = source if split is None else source.split(split)
    rows = _wanted_rows(dataset.metadata, category, complete)
    if not len(rows):
        raise InputError(f"no record of {dataset.path} is left: category {category!r}, complete={complete}.")
    dataset = dataset.select(rows)
    data_format = dataset.data_format
    return _of_table(
        name or Path(dataset.path).name,
        dataset.waveforms(component_order=ORDER),
        dataset.metadata,
        dataset.sampling_rate_hz,
        str(data_format.get("measurement", "normalised")),
        _pass_band(data_format.get("preparation")),
    )


def pair_sets(real: RecordSet, generated: RecordSet) -> Pairs:
    """Pair generated records with the real ones of the same earthquake and sensor.

    Parameters
    ----------
    real, generated : RecordSet
        Several generated records of one earthquake and sensor are draws.

    Returns
    -------
    Pairs
        The number of draws is that of the record with the fewest. The generated records are cut or padded with zeros to
        the times of the real ones.

    Raises
    ------
    InputError
        Different rates or quantities, or no record in common.

    Notes
    -----
    Records belong together when network, station, location, first two letters of the channel and ``source_id`` are
    equal. If no ``source_id`` is shared, the origin time to a tenth of a second is used instead; if one of the sets has
    no channels, they are not compared.
    """
    if real.sampling_rate_hz != generated.sampling_rate_hz:
        raise InputError(
            f"{real.name} has {real.sampling_rate_hz:g} Hz, {generated.name} {generated.sampling_rate_hz:g} Hz; "
            "resample one of them."
        )
    if real.quantity != generated.quantity:
        if real.quantity not in DERIVATIVES or generated.quantity not in DERIVATIVES:
            raise InputError(f"{real.name} holds {real.quantity}, {generated.name} {generated.quantity}.")
        generated = replace(generated, data=generated.motion(real.quantity), quantity=real.quantity)
    mine, theirs = _shared_keys(real, generated)
    rows_of: dict = {}
    for row, key in enumerate(theirs):
        rows_of.setdefault(key, []).append(row)
    seen, rows = set(), []
    for row, key in enumerate(mine):
        if key in rows_of and key not in seen:
            seen.add(key)
            rows.append(row)
    if not rows:
        raise InputError(f"{generated.name} has no record of an earthquake and sensor of {real.name}.")
    draws = min(len(rows_of[mine[row]]) for row in rows)
    chosen = [[rows_of[mine[row]][k] for row in rows] for k in range(draws)]
    part = real.select(rows)
    matched = sum(len(rows_of[mine[int(row)]]) for row in rows)
    return Pairs(
        part,
        tuple(_aligned(generated.select(which), part) for which in chosen),
        len(real) - len(rows),
        len(generated) - matched,
    )


# --- below the road


def _wanted_rows(metadata, category, complete):
    keep = np.ones(len(metadata), bool)
    if category and "trace_category" in metadata:
        keep &= metadata["trace_category"].astype(str).str.startswith(category).to_numpy()
    if complete and "trace_missing_samples" in metadata:
        keep &= ~(metadata["trace_missing_samples"].to_numpy(dtype=float) > 0)
    return np.flatnonzero(keep)


def _of_asdf(path, name):
    import pandas as pd

    from seissynth.io.asdf_sets import read_asdf_records

    rows, data = [], []
    for row, samples in read_asdf_records(path):
        order = row["trace_component_order"]
        if not set(ORDER) <= set(order):
            continue
        rows.append(row)
        data.append(samples[[order.index(letter) for letter in ORDER]])
    if not rows:
        raise InputError(f"{path} holds no record of components {ORDER}.")
    lengths = {item.shape[1] for item in data}
    rates = {float(row["trace_sampling_rate_hz"]) for row in rows}
    if len(lengths) > 1 or len(rates) > 1:
        raise InputError(f"{path}: {len(lengths)} lengths and {len(rates)} rates; evaluation needs one of each.")
    quantity = str(rows[0].get("trace_quantity") or "velocity")
    return _of_table(name, np.stack(data), pd.DataFrame(rows), rates.pop(), quantity, None)


def _of_table(name, data, table, rate, quantity, band):
    """Make a RecordSet from a table with SeisBench's columns."""
    import pandas as pd

    if rate is None:
        raise InputError(f"{name}: records have different sampling rates, or none is given; evaluation needs one.")

    def seconds(column):
        values = table[column] if column in table else pd.Series(np.nan, table.index)
        return values.to_numpy(dtype=float)

    start = np.zeros(len(table))
    if {"trace_start_time", "source_origin_time"} <= set(table):
        first, origin = (
            pd.to_datetime(table[key], utc=True, format="ISO8601") for key in ("trace_start_time", "source_origin_time")
        )
        start = (first - origin).dt.total_seconds().to_numpy()
    mask_end = start + seconds("trace_mask_end_s")
    return RecordSet(
        name=name,
        data=data,
        sampling_rate_hz=float(rate),
        quantity=quantity if quantity in UNITS else "normalised",
        metadata=table,
        start_s=start,
        p_s=start + seconds("trace_p_arrival_sample") / rate,
        s_s=start + seconds("trace_s_arrival_sample") / rate,
        mask_end_s=np.where(np.isfinite(mask_end), mask_end, np.inf),
        band_hz=band,
    )


def _pass_band(preparation):
    """Find the edges of the last band-pass of a stored preparation."""
    import json

    if not preparation:
        return None
    steps = json.loads(preparation).get("steps", [])
    bands = [(step.get("low_hz"), step.get("high_hz")) for step in steps if step.get("step") == "bandpass"]
    return bands[-1] if bands else None


def _joined(table, names):
    parts = [table[name].fillna("").astype(str) for name in names if name in table]
    if not parts:
        raise InputError(f"metadata has none of {', '.join(names)}.")
    out = parts[0]
    for part in parts[1:]:
        out = out + "." + part
    return out.to_numpy(object)


def _shared_keys(real, generated):
    """Keys (event, sensor) of both sets, from columns present in both."""
    import pandas as pd

    names = list(_SITE)
    for extra in ("station_location_code", "trace_channel"):
        if all(extra in part.metadata and (part.metadata[extra].fillna("") != "").all() for part in (real, generated)):
            names.append(extra)
    sensors = [_joined(part.metadata, names) for part in (real, generated)]
    events = [part.events for part in (real, generated)]
    if not set(events[0]) & set(events[1]):
        if not all("source_origin_time" in part.metadata for part in (real, generated)):
            raise InputError(f"{real.name} and {generated.name} share no source_id, and one has no origin times.")
        events = [
            pd.to_datetime(part.metadata["source_origin_time"], utc=True, format="ISO8601")
            .dt.round("100ms").astype(str).to_numpy(object)
            for part in (real, generated)
        ]  # fmt: skip
    return [list(zip(e, s, strict=True)) for e, s in zip(events, sensors, strict=True)]


def _aligned(records, real):
    """Cut or pad records to the times of the real ones."""
    # whole samples: rows of a pair may be offset by half a sample
    shift = np.rint((real.start_s - records.start_s) * records.sampling_rate_hz).astype(int)
    if records.npts == real.npts and not shift.any():
        return replace(records, start_s=real.start_s, mask_end_s=real.mask_end_s)
    data = np.zeros((len(records), len(ORDER), real.npts), records.data.dtype)
    for row, lag in enumerate(shift):
        first, last = max(lag, 0), min(lag + real.npts, records.npts)
        if last > first:
            data[row, :, first - lag : last - lag] = records.data[row, :, first:last]
    return replace(records, data=data, start_s=real.start_s, mask_end_s=real.mask_end_s)
