"""From motion to an ObsPy Stream: channels, noise, instrument, provenance."""

import math
from functools import lru_cache, partial

import numpy as np
from obspy import Trace, UTCDateTime
from obspy.core import AttribDict, Stats

from seissynth.instruments.call_responses import CallResponses
from seissynth.instruments.response import quantize_counts
from seissynth.noise.models import prepare_noise, station_noise
from seissynth.seeding import hash_words
from seissynth.signal.motion import resample_motion
from seissynth.units import OUTPUTS

_NEGLIGIBLE_DIRECTION = 1e-9  # cosines below it are rounding: a channel at 90 degrees sees nothing of north


def sensor_motion(motion, directions):
    """Project Z, N, E motion onto channels; ndarray, shape (n_channels, npts).

    Sums of at most three products, term by term: a matrix product would not be bit-for-bit the same on all machines.

    Parameters
    ----------
    motion : ndarray, shape (3, npts)
    directions : tuple of (float, float, float)
        Of each channel, as `seissynth.stations.sensors.Sensor.directions` gives them.
    """
    out = np.empty((len(directions), motion.shape[-1]), dtype=motion.dtype)
    for samples, terms in zip(out, _terms(directions), strict=True):
        if not terms:
            samples[:] = 0
        for i, (component, cosine) in enumerate(terms):
            if i == 0:
                np.multiply(motion[component], motion.dtype.type(cosine), out=samples)
            else:
                samples += motion[component] * motion.dtype.type(cosine)
    return out


@lru_cache(maxsize=256)
def _terms(directions):
    """Components of each channel with their cosines, exact for aligned channels."""
    return [
        [
            (component, round(cosine) if abs(abs(cosine) - 1) < _NEGLIGIBLE_DIRECTION else cosine)
            for component, cosine in enumerate(cosines)
            if abs(cosine) > _NEGLIGIBLE_DIRECTION
        ]
        for cosines in directions
    ]


class Instrument:
    """Conversion of ground motion to a trace: noise, response, clipping, rounding.

    Parameters
    ----------
    output : {"ACC", "VEL", "DISP", "RAW"}
    noise : prepared noise, see `seissynth.noise.prepare_noise`
    clip_counts : float or None
    quantize : bool
    """

    def __init__(self, output, noise=None, clip_counts=None, quantize=False):
        self.output, self.noise, self.clip_counts, self.quantize = output, noise, clip_counts, quantize
        self.noise_is_motion = isinstance(noise, str)
        self._responses = CallResponses()

    @classmethod
    def of(cls, arguments):
        """The instrument for the `seissynth.arguments.Arguments` of a call."""
        return cls(arguments.output, prepare_noise(arguments.noise), arguments.clip_counts, arguments.quantize)

    def quantity(self, channel):
        """The quantity of ground motion for `channel`."""
        return self._responses.quantity(channel) if self.output == "RAW" else OUTPUTS[self.output]

    def record(self, sensor, data, rate, start_time, seed, lead=0):
        """Convert the motion of a sensor's channels, each in its own `quantity`, to recorded samples.

        Parameters
        ----------
        sensor : seissynth.stations.channels.Sensor
        data : ndarray, shape (n_channels, lead + npts)
        rate : float
        start_time : UTCDateTime
            Of the record, after `lead`.
        seed : int
            Of the noise.
        lead : int
            Samples of motion before the record that still affect its response; they are not returned.

        Returns
        -------
        list of ndarray, one per channel, npts samples
            float32; int32 for quantised counts.
        """
        noise = None
        if self.noise is not None:
            quantity, responses = OUTPUTS[self.output], None
            if self.noise_is_motion:  # each channel's own: one instrument may have geophones and an accelerometer
                quantity = [self.quantity(channel) for channel in sensor.channels]
                if self.output == "RAW":
                    spectrum = self._responses.spectrum
                    responses = [partial(spectrum, channel, sampling_rate_hz=rate) for channel in sensor.channels]
            npts = data.shape[-1] - lead
            noise = station_noise(self.noise, sensor, npts, rate, quantity, start_time, seed, responses)
        if noise is not None and self.output != "RAW":
            data = data + np.pad(noise, ((0, 0), (lead, 0)))
        if self.output != "RAW":
            return list(data[:, lead:].astype(np.float32, copy=False))
        out = []
        for i, counts in enumerate(self._responses.counts(data, sensor.channels, rate)):
            counts = counts[lead:]
            if noise is not None:
                counts = counts + noise[i]
            counts = quantize_counts(counts, self.clip_counts, self.quantize)
            out.append(counts if self.quantize else counts.astype(np.float32))
        return out


def channel_motion(motion, row, sensor, instrument, rate):
    """Motion of one sensor's channels at rate `rate`, each in its instrument's quantity; (n_channels, npts)."""
    directions = sensor.directions()
    quantities = [instrument.quantity(channel) for channel in sensor.channels]
    if len(set(quantities)) == 1:
        data = sensor_motion(motion.get(quantities[0])[row], directions)
    else:
        data = np.concatenate(
            [sensor_motion(motion.get(q)[row], directions[i : i + 1]) for i, q in enumerate(quantities)]
        )
    return data if rate == motion.sampling_rate_hz else resample_motion(data, motion.sampling_rate_hz, rate)


def make_traces(simulation, request, instrument, provenance, *, seeds, sampling_rate=None):
    """Make the traces of one simulation.

    Parameters
    ----------
    simulation : seissynth.simulation.Simulation
    request : seissynth.requests.RecordRequest
        The earthquake at all its sites, including these.
    instrument : Instrument
    provenance : dict
        Common part of ``stats.seissynth`` of all traces of the call, see `seissynth.arguments.Arguments.provenance`.
    seeds : seissynth.seeding.Seeds
        Of all sites; noise depends on `seeds.row`.
    sampling_rate : float, optional
        Instead of each channel's own.

    Returns
    -------
    list of obspy Trace
    """
    traces = []
    for k, (row, own) in enumerate(zip(simulation.group.rows, _row_provenances(simulation, request), strict=True)):
        shared = {**provenance, **own}
        start = request.earthquake.time + float(simulation.records.start_s[k])
        for sensor in request.sites[row].sensors:
            rate = float(sampling_rate or sensor.sampling_rate_hz)
            data = channel_motion(simulation.motion, k, sensor, instrument, rate)
            seed = 0 if instrument.noise is None else hash_words("noise", int(seeds.row[row]), sensor.id)
            recorded = instrument.record(sensor, data, rate, start, seed)
            for channel, samples in zip(sensor.channels, recorded, strict=True):
                traces.append(make_trace(channel, samples, rate, start, shared))
                traces[-1].stats.__dict__["distance"] = 1000.0 * shared["conditions"].path_ep_distance_km
    return traces


def in_order_of_sites(traces, sites):
    """Return traces in the order of their sites, as the inventory names them."""
    order = {site.name: i for i, site in reversed(list(enumerate(sites)))}
    return sorted(traces, key=lambda trace: order[f"{trace.stats.network}.{trace.stats.station}"])


def make_trace(channel, samples, rate, start, shared):
    """Make a channel's trace; `shared` becomes ``stats.seissynth``.

    ``stats.coordinates`` is as ObsPy's ``Inventory.get_coordinates`` gives it (degrees, m).
    """
    samples = np.ascontiguousarray(samples)
    empty = _empty_trace(len(samples), rate)
    header = empty.stats.__dict__
    stats = Stats.__new__(Stats)
    stats.__dict__.update(header)
    stats.__dict__.update(
        network=channel.network,
        station=channel.station,
        location=channel.location,
        channel=channel.code,
        starttime=UTCDateTime(ns=start.ns),
        endtime=UTCDateTime(ns=start.ns + header["endtime"].ns - header["starttime"].ns),
        coordinates=_attributes(
            {
                "latitude": channel.latitude_deg,
                "longitude": channel.longitude_deg,
                "elevation": channel.elevation_m,
                "local_depth": channel.depth_m,
            }
        ),
        seissynth=_attributes(shared),
    )
    trace = Trace.__new__(Trace)
    trace.__dict__.update(empty.__dict__)
    trace.__dict__.update(stats=stats, data=samples)
    return trace


@lru_cache(maxsize=16)
def _empty_trace(npts, rate):
    """A trace whose header those of one size and rate begin with: ObsPy's constructor sets each key by itself."""
    trace = Trace(header={"sampling_rate": rate})
    trace.stats.npts = npts
    return trace


def _row_provenances(simulation, request):
    """What ``stats.seissynth`` says of each row of a simulation alone; list of dict."""
    records, group = simulation.records, simulation.group
    lasting = (group.npts - 1) / group.sampling_rate_hz
    columns = [values.tolist() if hasattr(values, "tolist") else list(values) for values in records.truth.values()]
    times = (np.asarray(values, dtype=float).tolist() for values in (records.start_s, records.p_s, records.s_s))
    return [
        {
            "origin_time": request.earthquake.time,
            "event_key": request.earthquake.key,
            "event_id": request.earthquake.id,
            "p_s": _inside(p, start, start + lasting),
            "s_s": _inside(s, start, start + lasting),
            "conditions": _attributes(request.rows[row]),
            "truth": _attributes(dict(zip(records.truth, truth, strict=True))),
            "low_cut_hz": records.low_cut_hz,
        }
        for row, start, p, s, *truth in zip(group.rows, *times, *columns, strict=True)
    ]


def _attributes(mapping):
    """Make an AttribDict of plain values; its constructor sets keys one by one, which is slower than the rotation."""
    attributes = AttribDict.__new__(AttribDict)
    attributes.__dict__.update(mapping)
    return attributes


def _inside(onset, start, end):
    return onset if start <= onset <= end else math.nan
