"""The arguments of `generate`, checked together and kept as plain data for provenance."""

import json
import math
from dataclasses import dataclass, field, replace
from numbers import Integral, Real

import numpy as np
from obspy import UTCDateTime

from seissynth.backends._conditions_checks import OUTSIDE
from seissynth.backends.base import Backend
from seissynth.backends.registry import has_weights, refuse_weights, resolve_backend
from seissynth.backends.run import prepare
from seissynth.conditions import plain_columns
from seissynth.errors import InputError
from seissynth.shared.bounds import within
from seissynth.shared.warning import warn_user
from seissynth.source_quantity import read_source_quantity
from seissynth.stations.channels import require_inventory
from seissynth.stations.station_terms import StationTerms, require_column
from seissynth.traveltime.station_delays import StationDelays
from seissynth.units import OUTPUTS, UNITS

#: a larger array of an option is not written down with each record
_MOST_NUMBERS = 1000


@dataclass
class Arguments:
    """Arguments of one call; field names are those of `seissynth.generate`, which documents them."""

    backend: object = "stochastic"
    seed: int = 0
    realizations: int | None = None
    realization: int | None = None
    event_key: str | None = None
    output: str = "VEL"
    sampling_rate: float | None = None
    duration: float | None = None
    start: object = None
    channel: object = None
    noise: object = None
    outside: str = "raise"
    velocity_model: object = "iasp91"
    onsets: str = "model"
    conditions: object = None
    station_terms: object = None
    clip_counts: float | None = None
    quantize: bool = False
    source: object = None
    source_quantity: str | None = None
    weights: object = None
    device: str = "cpu"
    workers: int = 1
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        self.conditions = plain_columns(self.conditions)
        self.seed = within("seed", self.seed)
        self._check_output()
        self.workers = within("workers", self.workers)
        self.sampling_rate = within("sampling_rate", self.sampling_rate, optional=True)
        self.duration = within("duration", self.duration, optional=True)
        if self.realizations is not None:
            if self.realization is not None:
                raise InputError("give realizations= (how many) or realization= (which one), not both.")
            self.realizations = within("realizations", self.realizations)
        self.realization = within("realization", self.realization, optional=True)
        if self.outside not in OUTSIDE:
            raise InputError(f"outside={self.outside!r} must be one of {', '.join(map(repr, OUTSIDE))}.")
        # read here, so that provenance holds the delays and not the name of their file
        self.velocity_model = StationDelays.of(self.velocity_model) or self.velocity_model
        self.station_terms = StationTerms.of(self.station_terms)
        if self.event_key is not None and not (isinstance(self.event_key, str) and self.event_key):
            raise InputError(f"event_key={self.event_key!r} must be a text that is not empty.")
        if read_source_quantity(self.source_quantity) is not None and self.source is None:
            raise InputError(f"source_quantity={self.source_quantity!r} describes source=; give source= too.")
        if isinstance(self.start, str):
            self.start = _time("start", self.start)
        elif self.start is not None and not isinstance(self.start, UTCDateTime):
            if isinstance(self.start, bool) or not isinstance(self.start, Real) or not math.isfinite(self.start):
                raise InputError(f"start={self.start!r} must be seconds after origin, or a UTCDateTime.")
            self.start = within("start", float(self.start))

    def _check_output(self):
        name = self.output.upper() if isinstance(self.output, str) else self.output
        if name not in OUTPUTS:
            raise InputError(f"output={self.output!r} must be one of {', '.join(map(repr, OUTPUTS))}.")
        self.output = name
        if name != "RAW" and (self.clip_counts is not None or self.quantize):
            raise InputError(f"clip_counts and quantize are for counts; pass output='RAW' with them, not {name!r}.")
        self.clip_counts = within("clip_counts", self.clip_counts, optional=True)

    @classmethod
    def from_keywords(cls, keywords, **more):
        """Make arguments from keywords; those that are not a field are options of the backend."""
        options = {name: value for name, value in keywords.items() if name not in cls.__dataclass_fields__}
        fields = {name: value for name, value in keywords.items() if name in cls.__dataclass_fields__}
        return cls(**fields, **more, options=options)

    def open_backend(self):
        """Return the requested backend, with its options, prepared.

        Raises
        ------
        BackendNotFoundError
        InputError
            Weights or source records for a backend that takes none, an unknown option.
        """
        backend = resolve_backend(
            self.backend,
            weights=self.weights,
            device=self.device,
            options=self.options,
            ensemble=self.of_ensemble(),
        )
        weights = getattr(backend, "weights", None)
        if weights is not None and not has_weights(type(backend)):
            refuse_weights(type(backend), weights)
        if self.station_terms is not None:
            require_column(backend.card)
        if self.source is not None and "source_records" not in backend.card.capabilities:
            raise InputError(f"backend {backend.card.name!r} cannot use source records; leave source= out.")
        if self.source is None and "needs_source" in backend.card.capabilities:
            raise InputError(
                f"backend {backend.card.name!r} makes records from real ones of the same earthquake; pass source=."
            )
        if backend.card.quantity == "normalised":
            self._check_normalised(backend.card.name)
        prepare(backend)
        return backend

    def _check_normalised(self, name):
        """Refuse conversions that need a physical size: other quantities, counts, or sums with noise."""
        for argument, usual in (("output", "VEL"), ("noise", None)):
            value = getattr(self, argument)
            if value != usual:
                raise InputError(
                    f"backend {name!r} makes records without amplitude (normalised), which {argument}={value!r} does "
                    f"not suit; leave {argument}= out for normalised records, or take a backend with the capability "
                    "absolute_amplitude."
                )

    def known_at(self, inventory):
        """Return the arguments with the terms and delays under the names of an inventory's and the source's stations.

        Terms of other stations are left out, for provenance.
        """
        require_inventory(inventory)
        names = {f"{network.code}.{station.code}" for network in inventory for station in network}
        names |= self._source_stations()
        known = self
        if isinstance(self.velocity_model, StationDelays):
            delays, unclear = self.velocity_model.named_as(names)
            _say_unclear("velocity_model", unclear)
            known = replace(known, velocity_model=delays)
        if self.station_terms is None:
            return known
        kept, unclear = self.station_terms.named_as(names)
        _say_unclear("station_terms", unclear)
        if len(self.station_terms) and not len(kept) and not unclear:
            named, here = next(iter(self.station_terms.ln_factors)), min(names, default="no station")
            warn_user(
                f"station_terms holds {len(self.station_terms)} stations, none of which is in the inventory; stations "
                f"are named NET.STA (the terms name {named}, the inventory {here})."
            )
        return replace(known, station_terms=kept)

    def _source_stations(self):
        """Names of the stations that the source records are of, as far as these tell."""
        if hasattr(self.source, "traces"):
            return {f"{trace.stats.network}.{trace.stats.station}" for trace in self.source}
        parts = [part for part in (self.source, getattr(self.source, "pool", None)) if hasattr(part, "truth")]
        return {str(name) for part in parts for name in part.truth.get("sensor", ())}

    def columns_at(self, stations):
        """Return what the user sets of the conditions at stations, NET.STA: first their terms, then `conditions`.

        Both are for `seissynth.conditions.replace_columns`, in this order: a column for some stations leaves the others
        their terms.
        """
        if self.station_terms is None:
            return {}, self.conditions
        texts = {name: text for name, text in zip(stations, self.station_terms.texts(stations), strict=True) if text}
        return ({"station_terms": texts} if texts else {}), self.conditions

    def with_terms(self, source):
        """Return source records that state the terms of their stations, as ``truth["station_terms"]``."""
        if source is None or self.station_terms is None:
            return source
        pool = self.with_terms(source.pool)
        if "sensor" not in source.truth or "station_terms" in source.truth:
            return replace(source, pool=pool)
        texts = self.station_terms.texts(map(str, source.truth["sensor"]))
        return replace(source, truth={**source.truth, "station_terms": np.array(texts, dtype=str)}, pool=pool)

    def quantity(self, card):
        """Quantity of the records of a backend with this card: that of the output, or "normalised"."""
        return "normalised" if card.quantity == "normalised" else OUTPUTS[self.output]

    def realization_numbers(self):
        """Numbers of the realisations to make."""
        if self.realizations is not None:
            return list(range(self.realizations))
        return [self.realization or 0]

    def of_ensemble(self):
        """Whether realisations are requested, all or one of them."""
        return self.realizations is not None or self.realization is not None

    def start_s(self, origin_time):
        """Time of sample 0 after `origin_time`, s."""
        if self.start is None:
            return 0.0
        if not isinstance(self.start, UTCDateTime):
            return self.start
        return within("start", float(self.start - origin_time), whose=f"{self.start} with origin {origin_time}: ")

    def as_plain_data(self):
        """Return every argument in a form that JSON can store; others become ``{"unstorable": ...}``."""
        # records do not depend on the number of workers
        out = {name: plain_value(value) for name, value in vars(self).items() if name not in ("options", "workers")}
        out.update({name: plain_value(value) for name, value in self.options.items()})
        return out

    def provenance(self, backend, realization, plain=None):
        """Provenance of every trace of a call, stored in ``stats.seissynth``.

        Parameters
        ----------
        backend : seissynth.backends.base.Backend
        realization : int
        plain : dict, optional
            The arguments as JSON data, instead of `as_plain_data`.

        Returns
        -------
        dict
        """
        from seissynth import __version__

        quantity = self.quantity(backend.card)
        return {
            "backend": backend.card.name,
            "version": __version__,
            "weights_hash": backend.weights_hash,
            "seed": self.seed,
            "realization": realization,
            "quantity": quantity,
            "unit": UNITS[quantity],
            "arguments": json.dumps(self.as_plain_data() if plain is None else plain, sort_keys=True),
        }


def _say_unclear(argument, names):
    if names:
        some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        warn_user(
            f"{argument}: what is given for {some} is left out, since the codes fit several stations of the inventory, "
            "or several names fit one station. Name them NET.STA."
        )


def plain_value(value):
    """Return the value of an argument in a form that JSON can store; others become ``{"unstorable": ...}``."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, UTCDateTime):
        return str(value)
    if isinstance(value, dict):
        return {str(k): plain_value(v) for k, v in value.items()}
    if isinstance(value, np.ndarray) and value.size <= _MOST_NUMBERS:
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if isinstance(value, Backend):
        return {"unstorable": f"instance of backend {value.card.name!r}"}
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    if isinstance(value, (StationDelays, StationTerms)):
        return plain_value(value.plain())
    layers = [getattr(value, name, None) for name in ("top_depth_km", "vp_km_s", "vs_km_s")]
    if all(isinstance(layer, tuple) for layer in layers):  # a LayeredModel
        return [list(map(float, layer)) for layer in zip(*layers, strict=True)]
    return {"unstorable": f"{type(value).__module__}.{type(value).__qualname__}"}


def _time(name, text):
    try:
        return UTCDateTime(text)
    except Exception as error:  # ObsPy raises several kinds
        raise InputError(f"{name}={text!r} cannot be read as a time: {error}.") from error
