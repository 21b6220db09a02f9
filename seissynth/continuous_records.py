"""continuous(): continuous records of stations, with overlapping earthquakes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from obspy import Stream, UTCDateTime

from seissynth.arguments import Arguments
from seissynth.backends.skipped import Skipped
from seissynth.errors import InputError
from seissynth.events.earthquakes import read_earthquakes
from seissynth.events.event_notes import EventNotes
from seissynth.instruments.evalresp import padding_s
from seissynth.record_windows import WindowGroup, plan_windows
from seissynth.requests import make_request
from seissynth.seeding import hash_words, seeds_of_rows
from seissynth.shared.bounds import within
from seissynth.simulation import simulate
from seissynth.stations.channels import select_sensors
from seissynth.stream import Instrument, channel_motion, make_trace

if TYPE_CHECKING:
    from obspy import Inventory
    from obspy.core.event import Catalog, Event

_NOT_HERE = ("start", "realizations", "source", "source_quantity")
_MOST_SAMPLES = 200_000_000
#: without `duration` a record lasts this many times as long as that of `generate`: some 0.001 of the peak is left then
CODA_FACTOR = 4
#: the rest fades out over this time, to avoid a step in the sum, s
_FADE_S = 10.0
#: number of sites whose records are made together
_BLOCK_ROWS = 64
#: times closer than this are one: UTCDateTime counts nanoseconds
_SAME_TIME_S = 1e-9


def continuous(
    events: Event | Catalog | Iterable[Event],
    inventory: Inventory,
    start: UTCDateTime | str,
    end: UTCDateTime | str,
    *,
    noise: str | Stream | Any | None = None,
    **arguments: Any,
) -> Stream:
    """Make continuous records: one trace per channel, with all earthquakes in it.

    The motions of all earthquakes are summed first; response, noise, clipping and rounding are applied afterwards, as
    in a real station.

    Parameters
    ----------
    events : obspy Event, Catalog or iterable of Event
        Including those before `start` whose shaking extends into the window. Without any event only noise remains.
    inventory : obspy Inventory
        Channels open at `start`.
    start, end : UTCDateTime or str
        Of the records, at most 200 million samples a channel.
    noise
        As in `generate`.
    **arguments
        Those of `generate`, without start, realizations, source and source_quantity. `duration`: for each earthquake
        the seconds from its origin, as in `generate`. Default: four times as long as the default of `generate`, the
        last 10 s faded out, or as long as the backend can.

    Returns
    -------
    obspy Stream
        ``stats.seissynth.events`` lists for each event in the trace its id, origin time and P and S onsets
        (s after origin).

    Raises
    ------
    InputError
        As `generate`; an end not after the start; an argument that does not apply here; events none of which can be
        simulated.

    Notes
    -----
    Each earthquake adds the record that `generate` makes of it, sample for sample where both have samples at the same
    times. It is as long as `duration`, or as the default of `generate`, after which the rest of the coda follows here.
    If the origin is between two samples of the window, the record starts at the earlier one. A record that is cut by
    `duration` or by the backend's longest record while the ground still shakes leaves a step at its end.

    Examples
    --------
    >>> import seissynth
    >>> inventory, event = seissynth.read_example()
    >>> origin = event.preferred_origin().time
    >>> st = seissynth.continuous([event], inventory, origin - 30, origin + 60, noise="nlnm")
    >>> len(st), st[0].stats.npts
    (21, 9000)
    """
    for name in _NOT_HERE:
        if name in arguments:
            raise InputError(f"continuous() takes no {name}=; start and end set it, or it would make several records.")
    start, end = (_time(name, value) for name, value in (("start", start), ("end", end)))
    if not end > start:
        raise InputError(f"end={end} must be after start={start}.")
    checked = Arguments.from_keywords(arguments, noise=noise).known_at(inventory)
    backend = checked.open_backend()
    rows = _Rows(inventory, start, end, checked)
    skipped, notes = Skipped(backend.card, checked.outside), EventNotes()
    for earthquake in read_earthquakes(events, checked.event_key, may_be_none=True):
        request = make_request(inventory, earthquake, checked, rows.sensors)
        inside = skipped.rows_inside(request)
        if len(inside):
            _add_event(rows, request.select(inside), backend, checked, notes)
    skipped.require_any()
    skipped.say()
    notes.say()
    return rows.record(checked.provenance(backend, checked.realization or 0), checked.seed)


def _time(name, value):
    try:
        time = UTCDateTime(value)
    except Exception as error:  # ObsPy raises several kinds
        raise InputError(f"{name}={value!r} cannot be read as a time: {error}.") from error
    within("year", time.year, whose=f"{name}={value!r}: ")
    return time


class _Row:
    """Motion of one sensor over the whole window; for counts also before it, because the response has a memory."""

    def __init__(self, sensor, rate, npts, memory_s):
        self.sensor, self.rate, self.memory_s = sensor, rate, memory_s
        self.motion, self.lead, self.events = np.zeros((len(sensor.channels), npts), dtype=np.float32), 0, []

    def add(self, data, offset):
        """Add motion whose first sample is number `offset` of the window; return whether it overlaps the window."""
        npts, last = data.shape[-1], offset + data.shape[-1]
        # whole, since a record that is cut has a step, which rings in a band-limited response
        if self.memory_s and -offset > self.lead and last > -self.memory_s * self.rate:
            self.motion = np.pad(self.motion, ((0, 0), (-offset - self.lead, 0)))
            self.lead = -offset
        first, stop = max(offset, -self.lead), min(last, self.motion.shape[-1] - self.lead)
        if first >= stop:
            return False
        self.motion[:, first + self.lead : stop + self.lead] += data[:, first - offset : npts - (last - stop)]
        return stop > 0


class _Rows:
    """The rows of all sensors that are open at the window's start."""

    def __init__(self, inventory, start, end, arguments):
        self.start, self.length_s, self.instrument = start, end - start, Instrument.of(arguments)
        self.sensors = select_sensors(inventory, start, arguments.channel)
        self._rows = {}
        for sensor in self.sensors:
            rate = float(arguments.sampling_rate or sensor.sampling_rate_hz)
            npts = round(self.length_s * rate)
            if not 1 <= npts <= _MOST_SAMPLES:
                raise InputError(f"{sensor.id}: {start} to {end} has {npts} samples; 1 to {_MOST_SAMPLES} can be made.")
            memory_s = max(_memory_s(channel) for channel in sensor.channels) if arguments.output == "RAW" else 0.0
            self._rows[id(sensor)] = _Row(sensor, rate, npts, memory_s)

    def of(self, sensor):
        """The row of one of `sensors`; parts of one instrument share an id, which cannot serve as key."""
        return self._rows[id(sensor)]

    def reached_by(self, group, after):
        """Whether records of a group overlap the window, or the memory of its responses before it."""
        begin = float(group.start_s[0]) - after
        memory_s = max(row.memory_s for row in self._rows.values())
        return begin < self.length_s and begin + group.npts / group.sampling_rate_hz > -memory_s

    def add(self, simulation, coda, request, after):
        """Add a simulation, continued by a longer one of the same, to the rows of its sensors."""
        records = simulation.records
        for k, site in enumerate(simulation.group.rows):
            for sensor in request.sites[site].sensors:
                row = self.of(sensor)
                data = channel_motion(simulation.motion, k, sensor, self.instrument, row.rate)
                if coda is not None:
                    whole = channel_motion(coda.motion, k, sensor, self.instrument, row.rate)
                    data = _continued(data, whole, row.rate)
                if row.add(data, round((records.start_s[k] - after) * row.rate)):
                    row.events.append(_event_facts(request.earthquake, records, k))

    def record(self, shared, seed):
        """Turn the motion into a Stream; the rows are used up."""
        stream = Stream()
        for sensor in self.sensors:
            row = self._rows.pop(id(sensor))
            noise_seed = hash_words("continuous noise", seed, sensor.id, self.start)
            recorded = self.instrument.record(sensor, row.motion, row.rate, self.start, noise_seed, row.lead)
            for channel, samples in zip(sensor.channels, recorded, strict=True):
                stream.append(make_trace(channel, samples, row.rate, self.start, {**shared, "events": row.events}))
        return stream


def _memory_s(channel):
    response = channel.response
    return padding_s(response) if response is not None and response.response_stages else 0.0


def _add_event(rows, request, backend, arguments, notes):
    """Add one earthquake's motion to every channel."""
    longest_s = backend.card.max_duration_s
    after = rows.start - request.earthquake.time
    seeds = seeds_of_rows(arguments.seed, request.conditions, arguments.realization or 0, backend)
    for planned in plan_windows(request, arguments, backend.card):
        for group in _aligned(planned, after, request.sites, rows, longest_s):
            long = None if arguments.duration is not None else _with_coda(group, longest_s)
            if not rows.reached_by(long or group, after):
                continue
            simulation = simulate(request, group, seeds, backend, arguments.outside)
            coda = simulate(request, long, seeds, backend, arguments.outside) if long else None
            notes.look_at(request, simulation.records)
            rows.add(simulation, coda, request, after)


def _event_facts(earthquake, records, k):
    return {
        "event_id": earthquake.id,
        "origin_time": str(earthquake.time),
        "p_s": float(records.p_s[k]),
        "s_s": float(records.s_s[k]),
    }


def _with_coda(group, longest_s):
    """The same rows `CODA_FACTOR` times as long, or as long as the backend can; None if that is no longer."""
    npts = _at_most(CODA_FACTOR * group.npts, group.sampling_rate_hz, longest_s)
    if npts <= group.npts:
        return None
    return WindowGroup(group.rows, group.start_s, npts, group.sampling_rate_hz)


def _continued(data, longer, rate):
    """Continue a record with the samples of a longer one, whose end fades out."""
    npts, count = data.shape[-1], longer.shape[-1]
    out = longer.copy()
    out[:, :npts] = data
    fading = min(int(_FADE_S * rate), count - npts)
    if fading > 0:
        fade = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fading) + 1) / (fading + 1))
        out[:, count - fading :] *= fade.astype(out.dtype)
    return out


def _aligned(planned, after, sites, rows, longest_s):
    """Cut a group into those of one grid of samples, and begin each record at the last point before the origin.

    That grid is common to all channels of a site, and each of their records begins on a sample of the window. It
    depends on the site alone: another one in the same call changes nothing.
    """
    grids = {}
    for row in planned.rows:
        grids.setdefault(common_rate({rows.of(s).rate for s in sites[row].sensors}), []).append(row)
    for rate, members in grids.items():
        start_s = math.floor(-after * rate + 1e-6) / rate + after
        if abs(start_s) < _SAME_TIME_S:
            start_s = 0.0
        more = math.ceil(-start_s * planned.sampling_rate_hz - 1e-6)
        npts = max(planned.npts, _at_most(planned.npts + more, planned.sampling_rate_hz, longest_s))
        for first in range(0, len(members), _BLOCK_ROWS):
            block = np.array(members[first : first + _BLOCK_ROWS])
            yield WindowGroup(block, np.full(len(block), start_s), npts, planned.sampling_rate_hz)


def common_rate(rates):
    """Return the highest rate whose sample times are common to all `rates`, Hz; `rates` is a set."""
    if len(rates) == 1:
        return next(iter(rates))
    fractions = [Fraction(rate).limit_denominator(100_000) for rate in rates]
    below = math.lcm(*(fraction.denominator for fraction in fractions))
    return math.gcd(*(int(fraction * below) for fraction in fractions)) / below


def _at_most(npts, rate, longest_s):
    return npts if longest_s is None else min(npts, math.floor(longest_s * rate + 1e-6))
