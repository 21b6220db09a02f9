"""Checks of a conditions table against a card: columns, missing values, ranges."""

import warnings

import numpy as np

from seissynth.errors import DomainError, InputError, SeisSynthWarning
from seissynth.schema import COLUMNS

_OUTSIDE = ("raise", "warn", "allow")

#: so that 160 km computed in another order of operations still is 160 km
_ROUNDING = 1e-9

_DISTANCE_COLUMNS = {"hypocentral": "path_hyp_distance_km", "epicentral": "path_ep_distance_km"}


def check_duration(card, npts, sampling_rate_hz):
    """Raise `DomainError` when a record is longer than the backend can make; no `outside=` mends that."""
    longest = card.max_duration_s
    if longest is not None and npts / sampling_rate_hz > longest + 0.5 / sampling_rate_hz:
        raise DomainError(
            f"{card.name}: records of {npts / sampling_rate_hz:g} s were asked for; it makes {longest:g} s at most. "
            f"Pass a duration below {longest:g}."
        )


def check_conditions(card, conditions, outside="raise"):
    """Check a conditions table against a card.

    Parameters
    ----------
    card : seissynth.backends.base.Card
    conditions : pandas.DataFrame, n rows
    outside : {"raise", "warn", "allow"}
        What to do with rows outside the card's ranges.

    Raises
    ------
    InputError
        A required column is absent, or not a finite number (or an empty text) somewhere.
    DomainError
        Rows are outside a range, and `outside` is ``"raise"``.
    """
    if outside not in _OUTSIDE:
        raise InputError(f"outside={outside!r} must be one of {', '.join(map(repr, _OUTSIDE))}.")
    _check_required(card, conditions)
    if outside == "allow":
        return
    complaints = [text for text in _range_complaints(card, conditions) if text]
    if not complaints:
        return
    text = f"{card.name}: {'; '.join(complaints)}."
    if outside == "raise":
        raise DomainError(f'{text} Pass outside="warn" to go on.')
    warnings.warn(text, SeisSynthWarning, stacklevel=3)


def describe_row(conditions, row):
    """Name a row: its station, its event, or failing both its number."""
    station, event = _text(conditions, "station_id", row), _text(conditions, "source_id", row)
    if not station:
        codes = (_text(conditions, "station_network_code", row), _text(conditions, "station_code", row))
        station = ".".join(filter(None, codes))
    words = [f"station {station}" if station else "", f"event {event}" if event else ""]
    return ", ".join(filter(None, words)) or f"row {row}"


def _text(conditions, column, row):
    value = conditions[column].iloc[row] if column in conditions else ""
    return value if isinstance(value, str) else ""


def _check_required(card, conditions):
    absent = [name for name in card.required_columns if name not in conditions]
    if absent:
        raise InputError(
            f"{card.name}: the conditions table lacks the required column{'s' if len(absent) > 1 else ''} "
            f"{', '.join(_explained(name) for name in absent)}. Add what is missing to the table."
        )
    for name in card.required_columns:
        missing = _missing(card, conditions, name)
        if missing.any():
            rows = np.flatnonzero(missing)
            more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
            raise InputError(
                f"{card.name}: it needs {_explained(name)}, which is missing or not finite in {len(rows)} of "
                f"{len(conditions)} rows: {'; '.join(describe_row(conditions, row) for row in rows[:3])}{more}. "
                f"Give it in the event or the inventory, or as conditions={{{name!r}: value}}."
            )


def _explained(name):
    column = COLUMNS[name]
    return f"{name} ({column.meaning}{', ' + column.unit if column.unit else ''})"


def _missing(card, conditions, name):
    values = conditions[name]
    if COLUMNS[name].text:
        return (values.isna() | (values == "")).to_numpy(dtype=bool)
    return ~np.isfinite(_numbers(card, conditions, name))


def _numbers(card, conditions, name):
    try:
        return conditions[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"{card.name}: column {name} must hold numbers: {error}.") from error


def _range_complaints(card, conditions):
    distance = _DISTANCE_COLUMNS[card.distance_kind]
    yield _complaint(
        card, conditions, distance, card.distance_range_km, "station_id", "station",
        f"is {{:.6g}} km away ({card.distance_kind})", " km",
    )  # fmt: skip
    yield _complaint(
        card, conditions, "source_magnitude", card.magnitude_range, "source_id", "event", "has magnitude {:.4g}", ""
    )
    yield _complaint(
        card, conditions, "source_depth_km", card.depth_range_km, "source_id", "event", "is {:.6g} km deep", " km"
    )


def _complaint(card, conditions, column, limits, owner_column, owner, phrase, unit):
    """Say what is outside one range: the one row, or how many and the worst; None when nothing is.

    A value that is unknown is not checked: a backend that uses it requires it, and has been checked above.
    """
    if limits is None or column not in conditions:
        return None
    low, high = limits
    values = _numbers(card, conditions, column)
    slack = _ROUNDING * max(abs(low), abs(high), 1.0)
    excess = np.maximum(low - values, values - high)
    rows = np.flatnonzero(excess > slack)
    if not len(rows):
        return None
    worst = rows[np.argmax(excess[rows])]
    name = _text(conditions, owner_column, worst)
    who = f"{owner} {name}" if name else f"row {worst}"
    text = f"{who} {phrase.format(values[worst])}; it was made for {low:g} to {high:g}{unit}"
    return text if len(rows) == 1 else f"{len(rows)} of {len(values)} records are outside, the worst: {text}"
