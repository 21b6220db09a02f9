"""From Records to an ObsPy Stream: rotation, quantity, channels, noise, instrument, provenance."""

import json
import math

import numpy as np
from obspy import Trace
from obspy.core import AttribDict

from seissynth.errors import InputError
from seissynth.instruments.response import apply_response, native_quantity, quantize_counts
from seissynth.noise.models import station_noise
from seissynth.seeding import hash_words
from seissynth.shared.warning import warn_user
from seissynth.signal.motion import convert_motion, resample_motion
from seissynth.units import OUTPUTS, UNITS

_NEGLIGIBLE_DIRECTION = 1e-9  # cosines below it are rounding: a channel at 90 degrees sees nothing of north


class GroundMotion:
    """Motion of n sites in Z (up), N, E, in whatever quantity is asked for.

    Parameters
    ----------
    records : seissynth.records.Records
    card : seissynth.backends.base.Card
        States the quantity and component order of `records`.
    back_azimuth_deg : ndarray, shape (n,)
        For backends that return radial and transverse motion.
    sampling_rate_hz : float
    """

    def __init__(self, records, card, back_azimuth_deg, sampling_rate_hz):
        self.card = card
        self.sampling_rate_hz = sampling_rate_hz
        self._made = {card.quantity: to_zne(records.data, card.component_order, back_azimuth_deg)}

    def get(self, quantity):
        """Motion as `quantity`, ndarray, shape (n, 3, npts), float32, SI."""
        if quantity not in self._made:
            if self.card.quantity == "normalised":
                raise InputError(
                    f"backend {self.card.name!r} makes records without amplitude (normalised), which cannot become "
                    f"{quantity}; pass output='VEL' with a backend that has the capability absolute_amplitude."
                )
            data = self._made[self.card.quantity]
            self._made[quantity] = convert_motion(data, self.sampling_rate_hz, self.card.quantity, quantity)
        return self._made[quantity]


def to_zne(data, component_order, back_azimuth_deg):
    """Bring components into the order Z, N, E.

    Parameters
    ----------
    data : ndarray, shape (n, 3, npts)
    component_order : str
        A permutation of ZNE or ZRT; R points away from the source, T clockwise from R seen from above.
    back_azimuth_deg : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n, 3, npts), dtype of `data`
    """
    if component_order == "ZNE":
        return data
    letters = "ZNE" if "N" in component_order else "ZRT"
    z, first, second = (data[:, component_order.index(letter)] for letter in letters)
    if letters == "ZNE":
        return np.stack([z, first, second], axis=1)
    angle = np.radians(np.asarray(back_azimuth_deg, dtype=float))
    cosines, sines = np.cos(angle).astype(data.dtype), np.sin(angle).astype(data.dtype)
    out = np.empty(data.shape, dtype=data.dtype)
    for row, (cosine, sine) in enumerate(zip(cosines, sines, strict=True)):  # a record at a time stays in the cache
        out[row, 0] = z[row]
        out[row, 1] = -cosine * first[row] + sine * second[row]
        out[row, 2] = -sine * first[row] - cosine * second[row]
    return out


def sensor_motion(motion, direction):
    """Project Z, N, E motion onto channels; ndarray, shape (n_channels, npts).

    Sums of at most three products, term by term: a matrix product would not be the same to the bit on all
    machines.
    """
    out = np.zeros((len(direction), motion.shape[-1]), dtype=motion.dtype)
    for channel, cosines in enumerate(direction):
        for component, cosine in enumerate(cosines):
            if abs(cosine) > _NEGLIGIBLE_DIRECTION:
                # exact for aligned channels
                factor = np.round(cosine) if abs(abs(cosine) - 1) < _NEGLIGIBLE_DIRECTION else cosine
                out[channel] += motion[component] * motion.dtype.type(factor)
    return out


class Instrument:
    """What happens to ground motion on its way into a trace: noise, response, clipping, rounding.

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
        self._said = set()  # warnings about responses, given once for all records of the call

    def quantity(self, channel):
        """The quantity of ground motion that `channel` is given."""
        return native_quantity(channel) if self.output == "RAW" else OUTPUTS[self.output]

    def record(self, sensor, data, rate, start_time, seed, lead=0):
        """Turn the motion of a sensor's channels, each in its own `quantity`, into what is recorded.

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
            Samples of motion before the record, which its response still remembers; they are not returned.

        Returns
        -------
        list of ndarray, one per channel, npts samples
            float32; int32 for quantised counts.
        """
        noise = None
        if self.noise is not None:
            quantity = OUTPUTS[self.output]
            if self.noise_is_motion:  # each channel's own: one instrument may have geophones and an accelerometer
                quantity = [self.quantity(channel) for channel in sensor.channels]
            noise = station_noise(self.noise, sensor, data.shape[-1] - lead, rate, quantity, start_time, seed)
        if noise is not None and (self.noise_is_motion or self.output != "RAW"):
            data = data + np.pad(noise, ((0, 0), (lead, 0)))
        if self.output != "RAW":
            return list(data[:, lead:].astype(np.float32))
        out = []
        for i, channel in enumerate(sensor.channels):
            counts = apply_response(data[i], channel, rate, self.quantity(channel), self._said)[lead:]
            if noise is not None and not self.noise_is_motion:
                counts = counts + noise[i]
            counts = quantize_counts(counts, self.clip_counts, self.quantize)
            out.append(counts if self.quantize else counts.astype(np.float32))
        return out


def channel_motion(motion, row, sensor, instrument, rate):
    """Motion of one sensor's channels at rate `rate`, each in the quantity its instrument takes; (n_channels, npts)."""
    direction = sensor.direction_matrix()
    quantities = [instrument.quantity(channel) for channel in sensor.channels]
    if len(set(quantities)) == 1:
        data = sensor_motion(motion.get(quantities[0])[row], direction)
    else:
        data = np.concatenate(
            [sensor_motion(motion.get(q)[row], direction[i : i + 1]) for i, q in enumerate(quantities)]
        )
    return resample_motion(data, motion.sampling_rate_hz, rate)


def make_traces(motion, records, paths, group, conditions, instrument, provenance, *, seeds, sampling_rate=None):
    """Make the traces of one group of records.

    Parameters
    ----------
    motion : GroundMotion
    records : seissynth.records.Records
    paths : seissynth.paths.Paths
    group : seissynth.record_windows.WindowGroup
        Which of the paths' rows these records are.
    conditions : list of dict
        Rows of the whole conditions table.
    instrument : Instrument
    provenance : dict
        What all traces of the call share in ``stats.seissynth``.
    seeds : seissynth.seeding.Seeds
        Of the whole table; noise hangs on `seeds.row`.
    sampling_rate : float, optional
        Instead of each channel's own.

    Returns
    -------
    list of obspy Trace
    """
    traces = []
    for k, row in enumerate(group.rows):
        shared = _row_provenance(provenance, paths, records, k, conditions[row], group)
        start = paths.earthquake.time + float(records.start_s[k])
        for sensor in paths.sites[row].sensors:
            rate = float(sampling_rate or sensor.sampling_rate_hz)
            data = channel_motion(motion, k, sensor, instrument, rate)
            seed = hash_words("noise", int(seeds.row[row]), sensor.id)
            recorded = instrument.record(sensor, data, rate, start, seed)
            for channel, samples in zip(sensor.channels, recorded, strict=True):
                traces.append(make_trace(channel, samples, rate, start, shared))
                traces[-1].stats["distance"] = 1000.0 * shared["conditions"].path_ep_distance_km
    return traces


def make_trace(channel, samples, rate, start, shared):
    """Make a channel's trace; `shared` becomes ``stats.seissynth``.

    ``stats.coordinates`` is as ObsPy's ``Inventory.get_coordinates`` gives it (degrees, m).
    """
    header = {
        "network": channel.network,
        "station": channel.station,
        "location": channel.location,
        "channel": channel.code,
        "starttime": start,
        "sampling_rate": rate,
    }
    trace = Trace(np.ascontiguousarray(samples), header)
    trace.stats["coordinates"] = _attributes(
        {
            "latitude": channel.latitude_deg,
            "longitude": channel.longitude_deg,
            "elevation": channel.elevation_m,
            "local_depth": channel.depth_m,
        }
    )
    trace.stats["seissynth"] = _attributes(shared)
    return trace


def _row_provenance(provenance, paths, records, k, conditions, group):
    end = float(records.start_s[k]) + (group.npts - 1) / group.sampling_rate_hz
    p, s = (_inside(float(onset), float(records.start_s[k]), end) for onset in (records.p_s[k], records.s_s[k]))
    return {
        **provenance,
        "origin_time": paths.earthquake.time,
        "event_key": paths.earthquake.key,
        "event_id": paths.earthquake.id,
        "p_s": p,
        "s_s": s,
        "conditions": _attributes(conditions),
        "truth": _attributes({name: _plain(values[k]) for name, values in records.truth.items()}),
        "low_cut_hz": records.low_cut_hz,
    }


def _attributes(mapping):
    """Make an AttribDict of plain values; its own way sets keys one by one, which takes longer than the rotation."""
    made = AttribDict()
    made.__dict__.update(mapping)
    return made


def _inside(onset, start, end):
    return onset if start <= onset <= end else math.nan


def _plain(value):
    return value.item() if hasattr(value, "item") else value


def warn_of_cut_onsets(records, group, names):
    """Say once for a group which records do not hold their P or S onset."""
    end = records.start_s + (group.npts - 1) / group.sampling_rate_hz
    for phase, onsets in (("P", records.p_s), ("S", records.s_s)):
        outside = np.flatnonzero((onsets < records.start_s) | (onsets > end))
        if len(outside):
            i = outside[0]
            warn_user(
                f"{phase} lies outside the record of {len(outside)} of {len(onsets)} sites and is NaN there (first is "
                f"{names[i]}: {phase} {onsets[i]:.1f} s after origin, record from {records.start_s[i]:.1f} to "
                f"{end[i]:.1f} s). Pass another start= or duration=."
            )


def shared_provenance(backend, output, seed, realization, arguments):
    """What every trace of a call says about how it was made; `arguments` is plain data."""
    from seissynth import __version__

    quantity = OUTPUTS[output]
    if backend.card.quantity == "normalised":
        quantity = "normalised"
    return {
        "backend": backend.card.name,
        "version": __version__,
        "weights_hash": backend.weights_hash,
        "seed": seed,
        "realization": realization,
        "quantity": quantity,
        "unit": UNITS[quantity],
        "arguments": json.dumps(arguments, sort_keys=True),
    }
