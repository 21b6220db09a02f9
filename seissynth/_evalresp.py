"""A channel's frequency response through ObsPy's evalresp: evaluated, checked, kept by content.

`seissynth.response` stands in front of it.
"""

import hashlib
import threading
import warnings
from collections import OrderedDict

import numpy as np

from seissynth.errors import ResponseError, SeisSynthWarning

#: input units of a ground-motion channel, upper case without blanks -> (quantity, units in one SI unit)
INPUT_UNITS = {
    prefix + unit: (quantity, scale)
    for prefix, scale in (("", 1.0), ("C", 1e2), ("M", 1e3), ("N", 1e9), ("U", 1e6))
    for quantity, units in {
        "displacement": ("M",),
        "velocity": ("M/S", "M/SEC", "M*S**-1"),
        "acceleration": ("M/S**2", "M/(S**2)", "M/SEC**2", "M/(SEC**2)", "M/S/S", "M/S^2", "M/S2", "M*S**-2"),
    }.items()
    for unit in units
}
INPUT_UNITS["GAL"] = ("acceleration", 1e2)

#: units that ObsPy itself brings to metres; other prefixes it takes as metres, and so does not scale
_SCALED_BY_OBSPY = {p + u for p in ("C", "M", "N") for u in ("M", "M/S", "M/SEC", "M/S**2")}

#: what a response's ringing has decayed to where the zero padding ends
RINGING_LEFT = 1e-6

#: longest and shortest zero padding, s
MAX_PADDING_S = 3600.0
MIN_PADDING_S = 10.0

#: memory for evaluated responses, bytes
CACHE_BYTES = 128 * 2**20

_cache = OrderedDict()
_cache_lock = threading.Lock()
_evalresp_lock = threading.Lock()  # evalresp keeps global variables


def quantity_of_units(units):
    """Return the quantity that a response's input units stand for, or None where it is no ground motion.

    Case and blanks do not matter.

    Examples
    --------
    >>> from seissynth.response import quantity_of_units
    >>> quantity_of_units("m/s**2"), quantity_of_units("NM/S"), quantity_of_units("PA")
    ('acceleration', 'velocity', None)
    """
    return INPUT_UNITS.get(tidy_units(units), (None, 1.0))[0]


def input_units(response):
    """Return the units that a response's first stage takes in (else its sensitivity's), or None."""
    if response is None:
        return None
    stages = sorted(response.response_stages or (), key=lambda stage: stage.stage_sequence_number)
    holders = (*stages[:1], response.instrument_sensitivity, response.instrument_polynomial)
    return next((holder.input_units for holder in holders if holder is not None and holder.input_units), None)


def evaluate_response(channel, nfft, sampling_rate_hz):
    """Return the response in counts per SI unit of the channel's own quantity.

    Parameters
    ----------
    channel : seissynth.channels.Channel
    nfft : int
        Length of the record with its padding.
    sampling_rate_hz : float

    Returns
    -------
    ndarray, shape (nfft // 2 + 1,), complex128
        At ``numpy.fft.rfftfreq(nfft, 1 / sampling_rate_hz)``. Read-only: it is shared with the cache.

    Raises
    ------
    ResponseError
        With evalresp's own words.
    """
    key = (response_key(channel.response), int(nfft), float(sampling_rate_hz))
    with _cache_lock:
        found = _cache.get(key)
        if found is not None:
            _cache.move_to_end(key)
    if found is None:
        found = _evaluate(channel, nfft, sampling_rate_hz)
        with _cache_lock:
            _cache[key] = found
            while len(_cache) > 1 and sum(values.nbytes for values, _ in _cache.values()) > CACHE_BYTES:
                _cache.popitem(last=False)
    values, notes = found
    for note in notes:
        warnings.warn(f"Channel {channel.id}: {note}", SeisSynthWarning, stacklevel=3)
    return values


def response_key(response):
    """Return a digest of a response's content, equal for equal responses in every process."""
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, response)
    return digest.hexdigest()


def padding_s(response):
    """Return how long a response rings, s: until its slowest pole has decayed to `RINGING_LEFT`."""
    decay_s, filters_s = 0.0, 0.0
    for stage in response.response_stages:
        rate = getattr(stage, "decimation_input_sample_rate", None) or 0.0
        for name in ("numerator", "coefficients"):
            if rate > 0 and getattr(stage, name, None):
                filters_s += len(getattr(stage, name)) / rate
        decay_s = max([decay_s, *(float(t) for t in _decay_times(stage, rate))])
        if hasattr(stage, "response_list_elements"):
            decay_s = MAX_PADDING_S / 10  # a table does not say how long it rings
    ringing = -np.log(RINGING_LEFT) * decay_s + filters_s
    return float(min(max(ringing, MIN_PADDING_S), MAX_PADDING_S))


def tidy_units(units):
    """Return units in upper case without blanks, as `INPUT_UNITS` has them."""
    return "".join(str(units or "").upper().split())


def _evaluate(channel, nfft, sampling_rate_hz):
    response = channel.response
    frequencies = np.fft.rfftfreq(nfft, 1 / sampling_rate_hz)
    notes = []
    inside, limits = _listed(response, frequencies)
    with warnings.catch_warnings(record=True) as caught, _evalresp_lock:
        warnings.simplefilter("always")
        try:
            # "DEF": output per input units of the response, whatever the units are called
            values = response.get_evalresp_response_for_frequencies(
                np.ascontiguousarray(frequencies[inside]), output="DEF", hide_sensitivity_mismatch_warning=True
            )
        except Exception as error:  # evalresp and ObsPy raise some ten kinds
            raise ResponseError(
                f"Channel {channel.id}: the response cannot be evaluated ({type(error).__name__}: {error}). "
                'Correct the inventory, leave the channel out, or ask for output="VEL", "ACC" or "DISP".'
            ) from error
    # that a unit is unknown to ObsPy does not matter here, since "DEF" converts nothing
    notes += [str(item.message) for item in caught if "is not known to ObsPy" not in str(item.message)]
    if limits is not None:
        # a spline through the table runs away outside it
        values = np.interp(frequencies, frequencies[inside], values.real) + 1j * np.interp(
            frequencies, frequencies[inside], values.imag
        )
        notes.append(
            f"the response is a table from {limits[0]:g} to {limits[1]:g} Hz; outside, its end values are held."
        )
    if not np.isfinite(values[0]):
        values[0] = 0.0  # poles at zero: a record's mean has no counts then
    if not np.isfinite(values).all() or not values.any():
        raise ResponseError(
            f"Channel {channel.id}: evalresp gives {'zero everywhere' if not values.any() else 'values not finite'}. "
            "Correct the response in the inventory, or leave the channel out."
        )
    units = tidy_units(input_units(response))
    scale = INPUT_UNITS[units][1]
    if scale != 1 and units not in _SCALED_BY_OBSPY:
        values = values * scale
        notes.append(
            f"counts are made for the input unit {units}; ObsPy's remove_response takes it as metres and returns "
            f"{scale:g} times too much."
        )
    values.flags.writeable = False
    return values, tuple(notes)


def _listed(response, frequencies):
    """Which frequencies a response's table covers (all of them, None, without one)."""
    everything = np.ones(len(frequencies), dtype=bool)
    tables = [
        stage.response_list_elements
        for stage in response.response_stages
        if getattr(stage, "response_list_elements", None)
    ]
    if not tables:
        return everything, None
    low = max(min(element.frequency for element in table) for table in tables)
    high = min(max(element.frequency for element in table) for table in tables)
    inside = (frequencies >= low) & (frequencies <= high)
    if inside.sum() < 2 or (low <= 0 and high >= frequencies[-1]):
        return everything, None
    return inside, (low, high)


def _decay_times(stage, rate_hz):
    """Time constants of a stage's poles, s; infinite for a pole that does not decay."""
    poles = getattr(stage, "poles", None)
    if poles:
        kind = str(stage.pz_transfer_function_type).upper()
        poles = np.array([complex(pole) for pole in poles])
        if "LAPLACE" in kind:
            speed = np.abs(poles.real) * (2 * np.pi if "HERTZ" in kind else 1.0)
            return _invert(speed)
        return _digital_decay(poles, rate_hz)
    denominator = getattr(stage, "denominator", None)
    if denominator and len(denominator) > 1:
        if "DIGITAL" in str(stage.cf_transfer_function_type).upper():
            return _digital_decay(np.roots([float(value) for value in denominator]), rate_hz)
        return [np.inf]
    return []


def _digital_decay(poles, rate_hz):
    radius = np.abs(poles[np.abs(poles) > 0])
    return _invert(np.abs(np.log(radius)) * rate_hz)


def _invert(speed):
    return np.where(speed > 0, 1 / np.where(speed > 0, speed, 1.0), np.inf)


def _feed(digest, item):
    """Feed whatever a response is made of to a hash, with type and length, names in order."""
    if item is None or isinstance(item, str | bool | bytes):
        digest.update(f"{type(item).__name__}:{item!r};".encode())
    elif isinstance(item, int | float | complex):  # ObsPy's numbers with uncertainties are floats too
        digest.update(f"{complex(item)!r};".encode())
    elif isinstance(item, dict):
        digest.update(f"dict{len(item)}:".encode())
        for name in sorted(item, key=str):
            if name != "resource_id":  # drawn anew by each reading
                digest.update(f"{name}=".encode())
                _feed(digest, item[name])
    elif isinstance(item, list | tuple | np.ndarray):
        digest.update(f"list{len(item)}:".encode())
        for element in item:
            _feed(digest, element)
    elif hasattr(item, "__dict__"):
        digest.update(f"{type(item).__name__}:".encode())
        _feed(digest, vars(item))
    else:
        digest.update(f"{type(item).__name__}:{item!r};".encode())
