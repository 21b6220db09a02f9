"""Traces sorted into sensors: the three components of one instrument, one event, one realisation."""

import math
from dataclasses import dataclass, field

import numpy as np
from obspy import Stream

from seissynth.errors import InputError
from seissynth.plotting._sac_headers import SacFacts
from seissynth.shared.real_numbers import require_real
from seissynth.shared.wording import a_kind
from seissynth.source_quantity import read_source_quantity, stated_quantity
from seissynth.units import UNITS

_ORDER = "ZNE123RTXYUVW"


@dataclass
class Sensor:
    """Components of one instrument for one event and realisation, with information on the record."""

    code: str
    event_key: str
    realization: int
    origin: object
    distance_km: float
    p_s: float
    s_s: float
    quantity: str
    unit: str
    #: what `origin` is, for time axes
    since: str = "origin"
    traces: dict = field(default_factory=dict)

    @property
    def time_label(self):
        """``Time after origin (s)``."""
        return f"Time after {self.since} (s)"

    @property
    def label(self):
        """Short name for a row: codes, distance."""
        if math.isnan(self.distance_km):
            return self.code
        return f"{self.code}\n{self.distance_km:.0f} km"

    @property
    def peak(self):
        """Largest amplitude of all components, without their means."""
        return max((float(np.max(np.abs(centred(trace)))) for trace in self.traces.values()), default=0.0)

    def components(self):
        """Component letters in the order Z, N, E, 1, 2."""
        return sorted(self.traces, key=lambda letter: (_ORDER.find(letter) % 99, letter))


def centred(trace):
    """Return the samples as 64-bit floats minus the mean before P (else of all)."""
    data = np.asarray(require_real(trace.data, f"trace {trace.id}"), dtype=float)
    info = trace.stats.get("seissynth")
    early = data.size
    if info and math.isfinite(info.p_s):
        before = int((info.origin_time + info.p_s - trace.stats.starttime) * trace.stats.sampling_rate)
        early = before if before > 10 else data.size
    return data - data[:early].mean()


def seconds(trace, origin):
    """Return the times of the samples after `origin`, s."""
    return (trace.stats.starttime - origin) + np.arange(trace.stats.npts) * trace.stats.delta


def find_sensors(stream, *, unit=None, origin=None, quantity=None):
    """Sort a Stream's traces; nearest sensor first.

    Parameters
    ----------
    stream : obspy Stream
    unit : str, optional
        For traces that state no quantity in stats.seissynth or elsewhere.
    origin : UTCDateTime, optional
        Time zero for traces without stats.seissynth; else the origin in their SAC header, or their start.
    quantity : {"VEL", "ACC", "DISP", "RAW"}, optional
        What traces hold that do not say so. Without it (and `unit`) whole numbers are counts, others have no unit.

    Returns
    -------
    list of Sensor

    Raises
    ------
    InputError
        Not a Stream, an empty one, or a trace whose quantity is not `quantity`.
    """
    if not isinstance(stream, Stream):
        raise InputError(f"{a_kind(stream)} cannot be drawn here; give an obspy Stream (one element of an Ensemble).")
    if not stream:
        raise InputError("the Stream is empty: there is nothing to plot.")
    named = read_source_quantity(quantity, "quantity")
    sensors = {}
    for trace in stream:
        if not trace.stats.npts or np.ma.isMaskedArray(trace.data):
            raise InputError(f"trace {trace.id} is empty or has gaps; merge with a fill value, or remove it.")
        info = trace.stats.get("seissynth")
        code = ".".join(part for part in trace.id[:-1].split(".") if part)
        key = (code, info.event_key if info else "", info.realization if info else 0)
        if key not in sensors:
            one = _sensor(info, key) if info else _foreign(trace, key, unit, origin, named)
            if named not in (None, one.quantity):
                raise InputError(
                    f"{trace.id} holds {one.quantity}, as it says itself, and {quantity=} says {named}; leave it out."
                )
            sensors[key] = one
        sensors[key].traces.setdefault(trace.stats.channel[-1:] or "?", trace)
    return sorted(sensors.values(), key=lambda one: (one.origin.ns, math.isnan(one.distance_km), one.distance_km))


def _sensor(info, key):
    distance = info.get("conditions", {}).get("path_ep_distance_km", math.nan)
    return Sensor(*key, info.origin_time, float(distance), float(info.p_s), float(info.s_s), info.quantity, info.unit)


def _foreign(trace, key, unit, origin, named):
    """Return the sensor of a trace that seissynth did not make, or that a file format took the provenance from."""
    facts = SacFacts.of(trace)
    quantity = (
        stated_quantity(trace)
        or facts.quantity
        or named
        or ("" if unit or trace.data.dtype.kind not in "iu" else "counts")
    )
    unit = UNITS.get(quantity, unit or "")
    since = "origin" if origin or facts.has_origin else "its start"
    return Sensor(*key, origin or facts.origin, facts.distance_km, facts.p_s, facts.s_s, quantity, unit, since)


def nearest(sensors, max_sensors):
    """Return at most `max_sensors` sensors and a note on the number left out; InputError below 1."""
    if max_sensors < 1:
        raise InputError(f"{max_sensors=} must be 1 or more.")
    if len(sensors) <= max_sensors:
        return sensors, ""
    # of several events or realisations the same sensor comes again and again
    several = len({(one.event_key, one.realization) for one in sensors}) > 1
    which, what = ("first", " records") if several else ("nearest", "")
    return sensors[:max_sensors], f" ({which} {max_sensors} of {len(sensors)}{what})"


def title_of(sensors):
    """``2019-07-04 17:33:49 UTC, Mw 6.4, stochastic``: common properties of the records of a figure."""
    first = sensors[0]
    info = next(iter(first.traces.values())).stats.get("seissynth")
    if not info:
        return ""
    words = [first.origin.strftime("%Y-%m-%d %H:%M:%S UTC")]
    conditions = info.get("conditions", {})
    size = conditions.get("source_magnitude", math.nan)
    if isinstance(size, float) and math.isfinite(size):
        words.append(f"{conditions.get('source_magnitude_type') or 'M'} {size:.1f}")
    words.append(f"backend {info.backend}")
    numbers = {one.realization for one in sensors}
    events = {one.event_key for one in sensors}
    if len(events) > 1:
        words[:-1] = [f"{len(events)} events"]
    if numbers != {0}:
        words.append("realisation " + ", ".join(str(number) for number in sorted(numbers)))
    return ", ".join(words)
