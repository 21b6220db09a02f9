"""The arguments of `make_dataset`, checked together, and their plain form for comparing data sets."""

import hashlib
import io
import math
import re
from dataclasses import dataclass, field
from numbers import Real

import numpy as np

from seissynth.arguments import Arguments
from seissynth.data.factory.noise import describe_noise
from seissynth.data.factory.sources import Sources
from seissynth.errors import InputError
from seissynth.shared.bounds import within

#: parts of a data set, where none are named
SPLIT = {"train": 0.8, "dev": 0.1, "test": 0.1}
_SPLIT_BY = ("event", "block")
_OUTSIDE = ("leave_out", "skip", "raise", "warn", "allow")
_FORMATS = ("seisbench", "asdf")
_MOST_BLOCK_BYTES = 64_000_000


@dataclass
class Settings:
    """Arguments of one data set; field names are those of `seissynth.make_dataset`, which documents them."""

    inventory: object
    sources: Sources
    core: Arguments
    format: str = "seisbench"
    p_lead_s: tuple | None = (5.0, 20.0)
    distance_km: tuple | None = None
    stations_per_event: int | None = None
    outside: str = "leave_out"
    snr_db: tuple | None = None
    noise_gain_db: tuple | None = None
    noise_share: float = 0.0
    overlap_share: float = 0.0
    overlap_lag_s: tuple | None = None
    overlap_level_db: tuple | None = None
    split: dict = field(default_factory=lambda: dict(SPLIT))
    split_by: str = "event"
    block_records: int = 512
    licence: str = ""

    def __post_init__(self):
        if self.core.duration is None or self.core.sampling_rate is None:
            raise InputError("a data set needs a duration and a sampling_rate: all its records are of one length.")
        self.p_lead_s = _range("p_lead_s", self.p_lead_s, "s of record before P")
        self.distance_km = _range("distance_km", self.distance_km, "km", least=0.0)
        self.snr_db = _range("snr_db", self.snr_db, "dB")
        self.noise_gain_db = _range("noise_gain_db", self.noise_gain_db, "dB")
        self.overlap_lag_s = _range("overlap_lag_s", self.overlap_lag_s, "s after P")
        self.overlap_level_db = _range("overlap_level_db", self.overlap_level_db, "dB")
        for name, choices in (("outside", _OUTSIDE), ("split_by", _SPLIT_BY), ("format", _FORMATS)):
            if getattr(self, name) not in choices:
                raise InputError(f"{name}={getattr(self, name)!r} must be one of {', '.join(map(repr, choices))}.")
        for name in ("noise_share", "overlap_share"):
            within(name, getattr(self, name))
        within("samples", self.npts, whose=f"duration={self.core.duration}, sampling_rate={self.core.sampling_rate}: ")
        if self.core.noise is None:
            asked = [name for name in ("snr_db", "noise_gain_db") if getattr(self, name) is not None]
            asked += ["noise_share"] if self.noise_share else []
            if asked:
                raise InputError(f"{', '.join(asked)} needs noise; pass noise='auto', real noise, or leave it out.")
        for name in ("stations_per_event", "block_records"):
            within(name, getattr(self, name), optional=name == "stations_per_event")
        self.split = _split(self.split)
        if self.p_lead_s is not None and self.core.start is not None:
            raise InputError("start= aligns records to the origin; pass p_lead_s=None with it.")
        if self.core.start is not None and not _is_number(self.core.start):
            raise InputError(f"start={self.core.start!r} must be seconds after origin: each event has its own time.")

    @property
    def npts(self):
        """Samples of a record."""
        return round(self.core.duration * self.core.sampling_rate)

    def events_per_block(self):
        """Number of events made together; it depends only on the arguments."""
        stations = len({(network.code, station.code) for network in self.inventory for station in network})
        stations = min(stations, self.stations_per_event or stations)
        records = min(self.block_records, max(1, _MOST_BLOCK_BYTES // (12 * self.npts)))
        return max(1, round(records / max(1, stations)))

    def blocks(self):
        """Ranges of event numbers, one per block."""
        step, n = self.events_per_block(), len(self.sources)
        return [(first, min(first + step, n)) for first in range(0, n, step)]

    def as_plain_data(self):
        """Return every argument as JSON data."""
        core = self.core.as_plain_data()
        for name in ("realization", "realizations", "event_key", "source", "outside", "onsets", "noise"):
            core.pop(name)
        own = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
            if name not in ("inventory", "sources", "core")
        }
        inventory = {
            "stations": sum(len(network) for network in self.inventory),
            "sha256": hash_of_inventory(self.inventory),
        }
        return {
            **core,
            **own,
            "noise": describe_noise(self.core.noise),
            "earthquakes": self.sources.describe(),
            "inventory": inventory,
        }


def hash_of_inventory(inventory):
    """Hex digest of an inventory's StationXML, without the time at which it was made."""
    text = io.BytesIO()
    inventory.write(text, format="STATIONXML")
    return hashlib.sha256(re.sub(rb"<Created>[^<]*</Created>", b"", text.getvalue())).hexdigest()


def _split(split):
    if split is None:
        return {}
    good = isinstance(split, dict) and split and all(isinstance(name, str) and name for name in split)
    if not (good and all(_is_number(x) and x >= 0 for x in split.values()) and math.isclose(sum(split.values()), 1)):
        raise InputError(f"split={split!r} must be parts with shares that add up to 1, as {SPLIT}, or None.")
    return {name: float(share) for name, share in split.items()}


def _range(name, values, unit, least=-math.inf):
    if values is None:
        return None
    if _is_number(values):
        values = (values, values)
    try:
        low, high = (float(value) for value in values)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and least <= low <= high):
        raise InputError(f"{name}={values!r} must be two numbers in rising order ({unit}), or None.")
    for value in (low, high):
        within(name, value)
    return low, high


def _is_number(value):
    return isinstance(value, (Real, np.number)) and not isinstance(value, bool) and math.isfinite(value)
