"""A channel's frequency response by ObsPy's evalresp: evaluated, checked, and cached by content.

The public interface is `seissynth.instruments.response`.
"""

import copy
import hashlib
from collections import OrderedDict

import numpy as np

from seissynth.errors import ResponseError
from seissynth.instruments.input_units import (
    INPUT_UNITS,
    SCALED_BY_OBSPY,
    SI_UNITS,
    input_units,
    quantity_of_units,
    tells_nothing,
    tidy_units,
)
from seissynth.instruments.response_checks import output_rate_hz, sensitivity_notes
from seissynth.shared.locks import new_lock, new_rlock
from seissynth.shared.warning import warn_user

__all__ = [
    "EVALRESP_LOCK", "INPUT_UNITS", "clear_cache", "evaluate_response", "input_units", "padded_length", "padding_s",
    "quantity_of_units", "response_key", "say", "tidy_units", "with_known_units",
]  # fmt: skip

#: what a response's ringing has decayed to where the zero padding ends
RINGING_LEFT = 1e-6

#: longest and shortest zero padding, s
MAX_PADDING_S = 3600.0
MIN_PADDING_S = 10.0

#: memory for evaluated responses, bytes
CACHE_BYTES = 128 * 2**20

_cache: OrderedDict = OrderedDict()
_cache_lock = new_lock()

#: to be held around all calls of evalresp: it keeps global variables, and runs without the interpreter's lock
EVALRESP_LOCK = new_rlock()


def evaluate_response(channel, nfft, sampling_rate_hz, said=None, key=None):
    """Return the response in counts per SI unit of the channel's own quantity.

    Parameters
    ----------
    channel : seissynth.stations.channels.Channel
    nfft : int
        Length of the record with its padding.
    sampling_rate_hz : float
    said : set of str, optional
        Warnings already given by the caller; they are not repeated, and new ones are added.
    key : str, optional
        The response's `response_key`, from a caller who knows it.

    Returns
    -------
    ndarray, shape (nfft // 2 + 1,), complex128
        At ``numpy.fft.rfftfreq(nfft, 1 / sampling_rate_hz)``. Read-only: it is shared with the cache.

    Raises
    ------
    ResponseError
        With evalresp's message.

    Warns
    -----
    SeisSynthWarning
        Stages and stated sensitivity that differ, a stage without gain, a table that is continued beyond its ends.
    """
    key = (key or response_key(channel.response), int(nfft), float(sampling_rate_hz))
    with _cache_lock:
        evaluated = _cache.get(key)
        if evaluated is not None:
            _cache.move_to_end(key)
    if evaluated is None:
        evaluated = _evaluate(channel, nfft, sampling_rate_hz)
        with _cache_lock:
            _cache[key] = evaluated
            while len(_cache) > 1 and sum(values.nbytes for values, _ in _cache.values()) > CACHE_BYTES:
                _cache.popitem(last=False)
    values, notes = evaluated
    for note in notes:
        say(channel, note, said)
    return values


def clear_cache():
    """Forget the responses that were evaluated: the next call of `evaluate_response` evaluates again."""
    with _cache_lock:
        _cache.clear()


def say(channel, note, said=None):
    """Warn about a channel, unless it was done already."""
    message = f"Channel {channel.id}: {note}"
    if said is None or message not in said:
        warn_user(message)
    if said is not None:
        said.add(message)


def response_key(response):
    """Return a digest of a response's content, equal for equal responses in every process."""
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, response)
    return digest.hexdigest()


def padding_s(response):
    """Return the ringing time of a response, s: until its slowest pole has decayed to `RINGING_LEFT`."""
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


def padded_length(npts, ringing_s, sampling_rate_hz):
    """Return a length of transform, in samples, for a record and the ringing after it."""
    # imported here: scipy.fft is needed for counts only
    from scipy.fft import next_fast_len

    return next_fast_len(npts + round(ringing_s * sampling_rate_hz), real=True)


def _evaluate(channel, nfft, sampling_rate_hz):
    response = channel.response
    frequencies = np.fft.rfftfreq(nfft, 1 / sampling_rate_hz)
    notes = []
    inside, limits = _listed(response, frequencies)
    try:
        known = with_known_units(response)
        values = _call_evalresp(known, frequencies[inside])
    except Exception as error:  # evalresp and ObsPy raise some ten kinds
        raise ResponseError(
            f"Channel {channel.id}: the response cannot be evaluated ({type(error).__name__}: {error}). "
            'Correct the inventory, leave the channel out, or ask for output="VEL", "ACC" or "DISP".'
        ) from error
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
    written = input_units(response)
    scale = INPUT_UNITS[tidy_units(written)][1]
    if scale != 1:
        values = values * scale
        if str(written).upper() not in SCALED_BY_OBSPY:
            notes.append(
                f"counts are made for the input unit {written}; ObsPy's remove_response does not convert it to SI and "
                f"returns {scale:g} times the motion."
            )

    def gain_at(frequency_hz):
        if limits is not None and not limits[0] <= frequency_hz <= limits[1]:
            return None
        return float(np.abs(_call_evalresp(known, np.array([frequency_hz]))[0]))

    nyquist_hz = (output_rate_hz(response) or sampling_rate_hz) / 2
    notes += sensitivity_notes(response, gain_at, nyquist_hz)
    values.flags.writeable = False
    return values, tuple(notes)


def _call_evalresp(response, frequencies_hz):
    """Output per input units of a response, complex; "DEF": nothing is integrated or differentiated."""
    with EVALRESP_LOCK:
        return response.get_evalresp_response_for_frequencies(
            np.ascontiguousarray(frequencies_hz), output="DEF", hide_sensitivity_mismatch_warning=True
        )


def with_known_units(response):
    """Copy a response with units known to ObsPy, to avoid scaling and warnings about guesses.

    The units of the first stage lose their prefix, but the gain does not change: ObsPy then works per unit as written.
    To catch its warnings instead would change the warning filters of the whole process, other threads included.
    """
    tidy = copy.copy(response)
    tidy.response_stages = [copy.copy(stage) for stage in response.response_stages]
    stages = sorted(tidy.response_stages, key=lambda stage: stage.stage_sequence_number)
    stages[0].input_units = input_units(response)
    if not stages[0].output_units:  # as ObsPy guesses it
        sensitivity = response.instrument_sensitivity
        following = stages[1].input_units if len(stages) > 1 else getattr(sensitivity, "output_units", None)
        stages[0].output_units = following or None
    for stage in stages:
        stage.input_units, stage.output_units = _known_units(stage.input_units), _known_units(stage.output_units)
    _fill_sampling(stages)
    return tidy


def _fill_sampling(stages):
    """Set the sampling of poles and zeros like ObsPy, which would warn of different rates."""
    rate = next((stage.decimation_input_sample_rate for stage in stages if stage.decimation_input_sample_rate), 1.0)
    for stage in stages:
        rate = stage.decimation_input_sample_rate or rate
        sampling = {"correction": 0.0, "delay": 0.0, "factor": 1, "input_sample_rate": rate, "offset": 0}
        missing = any(getattr(stage, f"decimation_{name}") is None for name in sampling)
        if isinstance(getattr(stage, "poles", None), list) and stage.stage_gain and missing:
            for name, value in sampling.items():
                setattr(stage, f"decimation_{name}", value)
        rate = rate / (stage.decimation_factor or 1)


def _known_units(units):
    quantity = quantity_of_units(units)
    if quantity is not None:
        return SI_UNITS[quantity]
    text = tidy_units(units)
    if not tells_nothing(text):
        return None
    return next((known for known in ("V", "COUNT") if text.startswith(known)), None)


def _listed(response, frequencies):
    """Frequencies covered by a response's table (None, for all, without a table)."""
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
    """Add all parts of a response to a hash, with type and length, names in order."""
    if item is None or isinstance(item, str | bool | bytes):
        digest.update(f"{type(item).__name__}:{item!r};".encode())
    elif isinstance(item, int | float | complex):  # ObsPy's numbers with uncertainties are floats too
        digest.update(f"{complex(item)!r};".encode())
    elif isinstance(item, dict):
        digest.update(f"dict{len(item)}:".encode())
        for name in sorted(item, key=str):
            if name != "resource_id":  # random in each reading
                digest.update(f"{name}=".encode())
                _feed(digest, item[name])
    elif isinstance(item, list | tuple | np.ndarray):
        digest.update(f"list{len(item)}:".encode())
        if all(isinstance(element, int | float) for element in item):  # a filter has hundreds of coefficients
            digest.update(np.array(item, dtype=np.float64).tobytes())
            return
        for element in item:
            _feed(digest, element)
    elif hasattr(item, "__dict__"):
        digest.update(f"{type(item).__name__}:".encode())
        _feed(digest, vars(item))
    else:
        digest.update(f"{type(item).__name__}:{item!r};".encode())
