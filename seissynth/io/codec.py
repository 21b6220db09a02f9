"""Lossless plain JSON for the content of a trace's ``stats.seissynth``.

JSON has no NaN, time or array. Each of these becomes a small object whose only key starts with a dollar sign. Finite
floats need no special treatment: Python writes the shortest text that reads back to the same bits.
"""

import json
import math
from collections.abc import Mapping

import numpy as np
from obspy import UTCDateTime
from obspy.core.event import ResourceIdentifier
from obspy.core.util import AttribDict

from seissynth.errors import FileFormatError, InputError
from seissynth.shared.wording import a_kind


def to_text(value):
    """Write `value` as JSON text (ASCII only).

    Parameters
    ----------
    value : mapping, sequence, number, text, None, UTCDateTime or ndarray
        Nested to any depth; keys are text.

    Returns
    -------
    str

    Raises
    ------
    InputError
        A value cannot be stored; the message gives its position.

    Examples
    --------
    >>> from seissynth.io.codec import from_text, to_text
    >>> to_text({"p_s": float("nan")})
    '{"p_s": {"$float": "nan"}}'
    >>> from_text(to_text({"p_s": 0.1, "low_cut_hz": None}))
    AttribDict({'p_s': 0.1, 'low_cut_hz': None})
    """
    return json.dumps(_encode(value, ""), allow_nan=False)


def from_text(text):
    """Read the result of `to_text`; mappings become ObsPy's AttribDict."""
    try:
        return _decode(json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise FileFormatError(f"the provenance text is not what seissynth writes: {error}.") from error


def _encode(value, path):
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        value = float(value)
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, UTCDateTime):
        return {"$utc_ns": value.ns}
    if isinstance(value, ResourceIdentifier):
        return value.id
    if isinstance(value, np.ndarray):
        return {"$array": _encode(value.tolist(), path), "dtype": value.dtype.str}
    if isinstance(value, tuple):
        return {"$tuple": [_encode(item, f"{path}[{i}]") for i, item in enumerate(value)]}
    if isinstance(value, list):
        return [_encode(item, f"{path}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {_key(key, path): _encode(item, f"{path}.{key}".strip(".")) for key, item in value.items()}
    raise InputError(
        f"stats.seissynth.{path} holds {a_kind(value)}, which cannot be stored; "
        "use numbers, text, times, lists or mappings of them."
    )


def _key(key, path):
    if not isinstance(key, str) or key.startswith("$"):
        raise InputError(f"stats.seissynth.{path} has the key {key!r}; keys are text and do not start with '$'.")
    return key


def _decode(value):
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    if "$utc_ns" in value:
        return UTCDateTime(ns=value["$utc_ns"])
    if "$tuple" in value:
        return tuple(_decode(item) for item in value["$tuple"])
    if "$array" in value:
        return np.array(_decode(value["$array"]), dtype=value["dtype"])
    return AttribDict({key: _decode(item) for key, item in value.items()})
