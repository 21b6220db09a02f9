"""continuous(): long records in which earthquakes overlap, as a station writes them."""

import math
import warnings

import numpy as np
from obspy import Stream, Trace, UTCDateTime
from obspy.core import AttribDict

from seissynth._skipped import Skipped
from seissynth.arguments import Arguments
from seissynth.bounds import within
from seissynth.channels import select_sensors
from seissynth.earthquakes import read_earthquakes
from seissynth.errors import InputError, SeisSynthWarning
from seissynth.noise import prepare_noise
from seissynth.record_windows import plan_windows, simulation_rate_hz
from seissynth.seeding import hash_words
from seissynth.stream import Instrument, channel_motion, shared_provenance
from seissynth.synthesis import backend_of, make_event_seeds, make_motion, paths_and_conditions, select_paths

_NOT_HERE = ("start", "duration", "realizations", "event_key", "source")
_MOST_SAMPLES = 200_000_000
_FADE_S = 5.0  # the coda's end fades out over this time, so that no step is left in the sum


def continuous(events, inventory, start, end, *, noise=None, **arguments):
    """Make continuous records: one trace a channel, with all earthquakes in it.

    The motion of all earthquakes is added up first; response, noise, clipping and rounding come after, as
    in a real station.

    Parameters
    ----------
    events : obspy Event, Catalog or iterable of Event
        Also those before `start` whose shaking reaches into the window.
    inventory : obspy Inventory
        Channels open at `start`.
    start, end : UTCDateTime or str
        Of the records, at most 200 million samples a channel.
    noise
        As in `generate`.
    **arguments
        Those of `generate`, without start, duration, realizations, event_key, source.

    Returns
    -------
    obspy Stream
        ``stats.seissynth.events`` lists for each event in the trace its id, origin time and P and S onsets
        (s after origin).

    Raises
    ------
    InputError
        As `generate`; an end not after the start; an argument that has no meaning here.

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
        raise InputError(f"end={end} must lie after start={start}.")
    known = {name: arguments.pop(name) for name in list(arguments) if name in Arguments.__dataclass_fields__}
    checked = Arguments(**known, noise=noise, options=arguments)
    backend = backend_of(checked)
    prepared = prepare_noise(noise)
    instrument = Instrument(checked.output, prepared, checked.clip_counts, checked.quantize)
    rows = _Rows(inventory, start, end, checked, instrument)
    skipped = Skipped(backend.card, checked.outside)
    used = 0
    for earthquake in read_earthquakes(events):
        used += _add_event(rows, inventory, earthquake, backend, checked, skipped)
    skipped.require_any()
    skipped.say(stacklevel=2)
    if not used:
        warnings.warn(f"no event shakes any station between {start} and {end}.", SeisSynthWarning, stacklevel=2)
    shared = shared_provenance(backend, checked.output, checked.seed, checked.realization or 0, checked.as_plain_data())
    return rows.record(shared, checked.seed)


def _time(name, value):
    try:
        time = UTCDateTime(value)
    except Exception as error:  # ObsPy raises several kinds
        raise InputError(f"{name}={value!r} cannot be read as a time: {error}.") from error
    within("year", time.year, whose=f"{name}={value!r}: ")
    return time


class _Rows:
    """The motion of every channel over the whole window, and the events in it."""

    def __init__(self, inventory, start, end, arguments, instrument):
        self.start, self.instrument = start, instrument
        self.sensors = select_sensors(inventory, start, arguments.channel)
        self.rate = {s.id: float(arguments.sampling_rate or s.sampling_rate_hz) for s in self.sensors}
        self.motion, self.events = {}, {}
        for sensor in self.sensors:
            npts = round((end - start) * self.rate[sensor.id])
            if not 1 <= npts <= _MOST_SAMPLES:
                raise InputError(f"{sensor.id}: {start} to {end} has {npts} samples; 1 to {_MOST_SAMPLES} can be made.")
            self.motion[sensor.id] = np.zeros((len(sensor.channels), npts), dtype=np.float32)
            self.events[sensor.id] = []

    def add(self, sensor_id, data, offset):
        """Add motion whose first sample is number `offset` of the window; what lies outside is cut."""
        whole = self.motion[sensor_id]
        first, last = max(offset, 0), min(offset + data.shape[-1], whole.shape[-1])
        if first >= last:
            return False
        whole[:, first:last] += data[:, first - offset : last - offset]
        return True

    def record(self, shared, seed):
        stream = Stream()
        for sensor in self.sensors:
            rate = self.rate[sensor.id]
            noise_seed = hash_words("continuous noise", seed, sensor.id, self.start)
            recorded = self.instrument.record(sensor, self.motion.pop(sensor.id), rate, self.start, noise_seed)
            for channel, samples in zip(sensor.channels, recorded, strict=True):
                header = {
                    "network": channel.network, "station": channel.station, "location": channel.location,
                    "channel": channel.code, "starttime": self.start, "sampling_rate": rate,
                }  # fmt: skip
                trace = Trace(np.ascontiguousarray(samples), header)
                trace.stats["seissynth"] = AttribDict({**shared, "events": self.events[sensor.id]})
                stream.append(trace)
        return stream


def _add_event(rows, inventory, earthquake, backend, arguments, skipped):
    """Add one earthquake's motion to every channel; whether any of it lies in the window."""
    paths, conditions = paths_and_conditions(inventory, earthquake, arguments)
    inside = skipped.rows_inside(earthquake.id, [site.name for site in paths.sites], conditions)
    if not len(inside):
        return False
    paths, conditions, _ = select_paths(paths, conditions, inside)
    rates = simulation_rate_hz(paths.sites, arguments.sampling_rate)
    used = False
    after = rows.start - earthquake.time
    for group in _aligned(plan_windows(conditions, rates, longest_s=backend.card.max_duration_s), after, paths, rows):
        seeds = make_event_seeds(arguments.seed, conditions, arguments.realization or 0, backend)
        records, motion = make_motion(paths, conditions, group, seeds, backend, arguments)
        for k, row in enumerate(group.rows):
            for sensor in paths.sites[row].sensors:
                if sensor.id not in rows.motion:
                    continue  # opened after the window's start
                rate = rows.rate[sensor.id]
                data = _faded(channel_motion(motion, k, sensor, rows.instrument, rate), rate)
                offset = round((records.start_s[k] - after) * rate)
                if rows.add(sensor.id, data, offset):
                    used = True
                    rows.events[sensor.id].append(
                        {
                            "event_id": earthquake.id,
                            "origin_time": str(earthquake.time),
                            "p_s": float(records.p_s[k]),
                            "s_s": float(records.s_s[k]),
                        }
                    )
    return used


def _faded(data, rate):
    count = min(int(_FADE_S * rate), data.shape[-1])
    fade = 0.5 + 0.5 * np.cos(np.pi * (np.arange(count) + 1) / (count + 1))
    data = data.copy()
    data[:, data.shape[-1] - count :] *= fade.astype(data.dtype)
    return data


def _aligned(groups, after, paths, rows):
    """Shift each group's start back onto the sample grid of the window's slowest channel."""
    for group in groups:
        rate = min(rows.rate.get(s.id, group.sampling_rate_hz) for row in group.rows for s in paths.sites[row].sensors)
        # the last grid point of the window that is not after the origin
        start_s = math.floor(-after * rate + 1e-6) / rate + after
        yield type(group)(group.rows, np.full(len(group.rows), start_s), group.npts, group.sampling_rate_hz)
