"""Convert counts to Wood-Anderson traces, removing each channel's response or flat gain."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError, ResponseError
from seissynth.instruments.evalresp import (
    INPUT_UNITS,
    evaluate_response,
    input_units,
    padding_s,
    quantity_of_units,
    response_key,
    tidy_units,
)
from seissynth.shared.checks import as_signal, positive
from seissynth.shared.ramps import half_cosine
from seissynth.shared.warning import warn_user
from seissynth.shared.wording import a_kind
from seissynth.signal.woodanderson import DAMPING, GAIN, PERIOD_S, wood_anderson_response

if TYPE_CHECKING:
    from obspy import Inventory, Stream

#: lower corners of the default pre-filter, Hz, and its upper ones as shares of the Nyquist frequency
LOW_HZ = (0.05, 0.1)
HIGH = (0.7, 0.9)

#: how long the pre-filter rings, in units of one over the width of its lower flank
_CORNER_RINGS = 3.0

#: most of a record that one end's taper may take
_TAPER_SHARE = 0.05


def wood_anderson_stream(
    st: Stream,
    inventory: Inventory | None = None,
    *,
    gain: float = GAIN,
    period_s: float = PERIOD_S,
    damping: float = DAMPING,
    pre_filt: tuple[float, float, float, float] | None = None,
    taper_s: float = 1.0,
) -> Stream:
    """Convert a Stream of counts to Wood-Anderson traces, in mm.

    Parameters
    ----------
    st : obspy.Stream
        Raw counts, without gaps within a trace. Not modified.
    inventory : obspy.core.inventory.Inventory, optional
        Holds the channels' responses: stages, or a sensitivity alone. None: the responses attached to the traces.
    gain, period_s, damping : float
        As for `seissynth.signal.wood_anderson`: magnification 2080 (or 2800), 0.8 s, 0.7 (or 0.8).
    pre_filt : tuple of four floats, Hz, optional
        Corners f1 < f2 < f3 < f4 of the pass band: everything between f2 and f3, nothing below f1 or above f4, half
        a cosine between. None: 0.05 and 0.1 Hz, 0.7 and 0.9 of each channel's Nyquist frequency.
    taper_s : float
        Half a cosine at either end of the record, s, at least 0; at most 5 % of the record is taken.

    Returns
    -------
    obspy.Stream
        New traces of float64 with the times and codes of `st`, mm. `stats.wood_anderson` describes the processing:
        unit, gain, period_s, damping, pre_filt, taper_s, input quantity of the instrument, and whether its response or
        a flat gain was removed. `stats.processing` gets a line.

    Raises
    ------
    InputError
        An empty Stream, gaps, values that are not finite, inconsistent corners; the channel is named.
    ResponseError
        No response for a channel at the record's start, one without ground motion as input, or one that is zero within
        the pass band; the channel is named.

    Warns
    -----
    SeisSynthWarning
        A channel with a sensitivity only: its flat gain is removed.

    Notes
    -----
    The mean is removed, the ends are tapered, and the spectrum of the record, padded with zeros until nothing
    wraps, is multiplied by the pre-filter times the Wood-Anderson response over the channel's. There is no water
    level. The pre-filter is zero-phase: it can ring before an onset, for 10 s at its lower corner by default, where the
    response of the instrument itself is below 1 %.

    Examples
    --------
    >>> import obspy
    >>> from seissynth.signal import wood_anderson_stream
    >>> drawn = wood_anderson_stream(obspy.read(), obspy.read_inventory())
    >>> drawn[0].stats.wood_anderson.removed, drawn[0].stats.wood_anderson.unit
    ('response', 'mm')
    """
    traces = getattr(st, "traces", None)
    if not traces:
        raise InputError("st holds no traces." if traces == [] else f"st is {a_kind(st)}; it must be an ObsPy Stream.")
    if isinstance(taper_s, bool) or not np.isfinite(taper_s) or taper_s < 0:
        raise InputError(f"taper_s={taper_s!r} must be a number of s, at least 0.")
    instrument = {
        "gain": positive("gain", gain),
        "period_s": positive("period_s", period_s, "s"),
        "damping": positive("damping", damping),
    }
    drawn = [_draw(trace, inventory, instrument, pre_filt, float(taper_s)) for trace in traces]
    return type(st)(drawn)


def _draw(trace, inventory, instrument, pre_filt, taper_s):
    from obspy.core.util import AttribDict
    from scipy.fft import irfft, next_fast_len, rfft

    data = as_signal(trace.data, f"Channel {trace.id}: data").astype(np.float64)
    if data.ndim != 1:
        raise InputError(f"Channel {trace.id}: data has shape {data.shape}; a trace has one axis.")
    rate = positive(f"Channel {trace.id}: sampling_rate", float(trace.stats.sampling_rate), "Hz")
    corners = _corners(trace.id, pre_filt, rate)
    channel = SimpleNamespace(id=trace.id, response=_response(trace, inventory))
    quantity = quantity_of_units(input_units(channel.response))
    if quantity is None:
        raise ResponseError(
            f"Channel {trace.id}: the response takes in {input_units(channel.response)!r}, which is not a known unit "
            "of displacement, velocity or acceleration. Leave the channel out, or correct the inventory."
        )
    staged = bool(channel.response.response_stages)
    own = padding_s(channel.response) if staged else 0.0
    padding = max(own, _CORNER_RINGS / (corners[1] - corners[0]), _ringing_s(**instrument))
    nfft = next_fast_len(data.size + int(np.ceil(padding * rate)), real=True)
    frequencies = np.fft.rfftfreq(nfft, 1 / rate)
    counts_per_unit = evaluate_response(channel, nfft, rate) if staged else _flat_gain(channel)
    counts_per_unit = np.broadcast_to(counts_per_unit, frequencies.shape)
    weights = _pass_band(frequencies, corners)
    inside = weights > 0
    if not inside.any():
        raise InputError(f"Channel {trace.id}: no frequency of the record is within pre_filt={corners}; widen it.")
    if (counts_per_unit[inside] == 0).any():
        zero = frequencies[inside][counts_per_unit[inside] == 0][0]
        raise ResponseError(f"Channel {trace.id}: the response is 0 at {zero:g} Hz; pass a pre_filt without it.")
    ratio = np.zeros(frequencies.size, dtype=np.complex128)
    ratio[inside] = weights[inside] * wood_anderson_response(frequencies[inside], quantity, **instrument)
    ratio[inside] /= counts_per_unit[inside]

    data -= data.mean()
    _taper_ends(data, round(min(taper_s * rate, _TAPER_SHARE * data.size)))
    new = trace.copy()
    new.data = irfft(rfft(data, nfft) * ratio, nfft)[: data.size]
    removed = "response" if staged else "flat gain"
    new.stats.wood_anderson = AttribDict(
        unit="mm", **instrument, pre_filt=corners, taper_s=taper_s, quantity=quantity, removed=removed
    )
    note = f"seissynth: wood_anderson_stream(gain={instrument['gain']:g}, removed={removed!r}, unit='mm')"
    new.stats.processing = [*new.stats.get("processing", []), note]
    return new


def _ringing_s(gain, period_s, damping):  # noqa: ARG001 (the whole instrument)
    """Return the ringing time of a Wood-Anderson instrument, s: until 1e-6 is left, at most an hour."""
    slowest = 2 * np.pi / period_s * (damping - np.sqrt(max(damping**2 - 1, 0.0)))
    return float(min(-np.log(1e-6) / slowest, 3600.0))


def _response(trace, inventory):
    """Return the response of a trace's channel at its start."""
    if inventory is None:
        response = getattr(trace.stats, "response", None)
        if response is None:
            raise ResponseError(f"Channel {trace.id}: no response is attached to the trace; pass an inventory.")
        candidates = [response]
    else:
        channels = [
            channel
            for network in inventory
            if network.code == trace.stats.network
            for station in network
            if station.code == trace.stats.station
            for channel in station
            if (channel.code, channel.location_code or "") == (trace.stats.channel, trace.stats.location)
        ]
        candidates = [channel.response for channel in channels if channel.is_active(trace.stats.starttime)]
        if not candidates:
            why = f"none of its {len(channels)} epochs is open then" if channels else "the inventory lacks the channel"
            raise ResponseError(f"Channel {trace.id}: no response at {trace.stats.starttime}: {why}.")
        candidates = [item for item in candidates if item is not None and _holds_something(item)]
        if not candidates:
            raise ResponseError(
                f"Channel {trace.id}: the inventory holds no response with stages or a sensitivity; "
                'read it at response level (get_stations(level="response")).'
            )
    kinds = len({response_key(item) for item in candidates})
    if kinds > 1:
        warn_user(
            f"Channel {trace.id}: the inventory holds {kinds} different responses at "
            f"{trace.stats.starttime}; the first is taken."
        )
    return candidates[0]


def _holds_something(response):
    return bool(response.response_stages) or _sensitivity(response) is not None


def _sensitivity(response):
    sensitivity = response.instrument_sensitivity
    return None if sensitivity is None else sensitivity.value


def _flat_gain(channel):
    """Counts per SI unit of a response without stages."""
    value = _sensitivity(channel.response)
    if value is None or not np.isfinite(value) or value == 0:
        raise ResponseError(f"Channel {channel.id}: the sensitivity is {value}; it must be finite and not 0.")
    warn_user(
        f"Channel {channel.id}: the response holds a sensitivity only; its flat gain {float(value):g} is removed."
    )
    return float(value) * INPUT_UNITS[tidy_units(input_units(channel.response))][1]


def _corners(name, pre_filt, rate_hz):
    nyquist = rate_hz / 2
    corners = (*LOW_HZ, *(share * nyquist for share in HIGH)) if pre_filt is None else pre_filt
    try:
        corners = tuple(float(corner) for corner in corners)
    except (TypeError, ValueError):
        corners = ()
    if len(corners) != 4 or not np.isfinite(corners).all() or corners[0] < 0 or not (np.diff(corners) > 0).all():
        raise InputError(
            f"Channel {name}: pre_filt={corners or pre_filt!r} must be four increasing frequencies in Hz, from 0 to "
            f"the Nyquist frequency ({nyquist:g} Hz)."
        )
    if corners[3] > nyquist:
        raise InputError(f"Channel {name}: pre_filt ends at {corners[3]:g} Hz, above Nyquist ({nyquist:g} Hz).")
    return corners


def _pass_band(frequencies, corners):
    f1, f2, f3, f4 = corners
    rise = np.clip((frequencies - f1) / (f2 - f1), 0, 1)
    fall = np.clip((f4 - frequencies) / (f4 - f3), 0, 1)
    return 0.25 * (1 - np.cos(np.pi * rise)) * (1 - np.cos(np.pi * fall))


def _taper_ends(data, count):
    if count:
        edge = half_cosine(np.arange(count) + 0.5, count)
        data[:count] *= edge
        data[-count:] *= edge[::-1]
