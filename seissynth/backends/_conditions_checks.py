"""Checks of a conditions table against a card: columns, missing values, ranges."""

from dataclasses import dataclass

import numpy as np

from seissynth.backends.trained_area import warn_far_from_area
from seissynth.conditions import describe_row, text_of
from seissynth.errors import DomainError, InputError
from seissynth.schema import COLUMNS
from seissynth.shared.warning import warn_user

#: what may be done with rows outside a card's ranges
OUTSIDE = ("raise", "skip", "warn", "allow")

#: 160 km computed in another order of operations must still be 160 km
_ROUNDING = 1e-9

_DISTANCE_COLUMNS = {"hypocentral": "path_hyp_distance_km", "epicentral": "path_ep_distance_km"}


@dataclass(frozen=True)
class Range:
    """One range of a card: the column it limits, and the message for a value outside."""

    column: str
    limits: tuple
    phrase: str
    short: str
    unit: str = ""
    of_event: bool = True

    def excess(self, values):
        """Distance of values from the range, 0 inside or if unknown."""
        low, high = self.limits
        slack = _ROUNDING * max(abs(low), abs(high), 1.0)
        beyond = np.maximum(low - values, values - high)
        return np.where(beyond > slack, beyond, 0.0)

    def __str__(self):
        return f"{self.limits[0]:.4g} to {self.limits[1]:.4g}{self.unit}"


def ranges_of(card, columns):
    """Return the ranges of a card whose columns are present; list of `Range`."""
    kind = card.distance_kind
    known = (
        Range(
            _DISTANCE_COLUMNS[kind], card.distance_range_km, f"is {{:.6g}} km away ({kind})", f"{{:.6g}} km ({kind})",
            " km", of_event=False,
        ),
        Range("source_magnitude", card.magnitude_range, "has magnitude {:.4g}", "magnitude {:.4g}"),
        Range("source_depth_km", card.depth_range_km, "is {:.6g} km deep", "{:.6g} km deep", " km"),
    )  # fmt: skip
    return [item for item in known if item.limits is not None and item.column in columns]


def rows_outside(card, conditions):
    """Return for each row whether it is outside a range of the card; ndarray of bool, shape (n,).

    `conditions` may also be a dict of arrays. An unknown value is not outside; a backend that uses it requires it.
    """
    ranges = ranges_of(card, conditions)
    beyond = [item.excess(_numbers(card, conditions, item.column)) > 0 for item in ranges]
    return np.any(beyond, axis=0) if beyond else np.zeros(len(conditions[next(iter(conditions))]), dtype=bool)


def describe_outside(card, conditions, row, station, event):
    """Describe a row that is outside: its station, its event, and the values outside, with their limits."""
    values = {item: float(conditions[item.column][row]) for item in ranges_of(card, conditions)}
    wrong = [
        f"{item.short.format(value)}; it was made for {item}"
        for item, value in values.items()
        if item.excess(np.array([value]))[0] > 0
    ]
    return f"{station}, event {event} ({', '.join(wrong)})"


def check_duration(card, npts, sampling_rate_hz):
    """Raise `DomainError` if a record is longer than the backend can make, regardless of `outside=`."""
    longest = card.max_duration_s
    if longest is not None and npts / sampling_rate_hz > longest + 0.5 / sampling_rate_hz:
        raise DomainError(
            f"{card.name}: records of {npts / sampling_rate_hz:g} s were asked for; it makes {longest:g} s at most. "
            f"Pass a duration of {longest:g} or less."
        )


def check_conditions(card, conditions, outside="raise"):
    """Check a conditions table against a card.

    Parameters
    ----------
    card : seissynth.backends.base.Card
    conditions : pandas.DataFrame, n rows
    outside : {"raise", "skip", "warn", "allow"}
        What to do with rows outside the card's ranges. "skip" is "raise" here: the caller leaves such rows out.

    Raises
    ------
    InputError
        A required column is absent, or has a value that is not finite (or an empty text).
    DomainError
        Rows are outside a range, and `outside` is ``"raise"``.

    Warns
    -----
    SeisSynthWarning
        An earthquake is more than 100 km from the area that the weights were trained in.
    """
    if outside not in OUTSIDE:
        raise InputError(f"outside={outside!r} must be one of {', '.join(map(repr, OUTSIDE))}.")
    _check_required(card, conditions)
    if outside == "allow":
        return
    warn_far_from_area(card, conditions)
    complaints = [text for item in ranges_of(card, conditions) if (text := _complaint(card, conditions, item))]
    if not complaints:
        return
    text = f"{card.name}: {'; '.join(complaints)}."
    if outside != "warn":
        raise DomainError(f'{text} Pass outside="skip" to make the rest, or outside="warn" to continue.')
    warn_user(text)


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
    values = conditions[name]
    try:
        return values.to_numpy(dtype=float, na_value=np.nan) if hasattr(values, "to_numpy") else values.astype(float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{card.name}: column {name} must hold numbers: {error}.") from error


def _complaint(card, conditions, item):
    """Describe the rows outside one range: the one row, or their number and the worst; None if there is none."""
    values = _numbers(card, conditions, item.column)
    excess = item.excess(values)
    rows = np.flatnonzero(excess > 0)
    if not len(rows):
        return None
    worst = rows[np.argmax(excess[rows])]
    owner = "event" if item.of_event else "station"
    name = text_of(conditions, "source_id" if item.of_event else "station_id", worst)
    who = f"{owner} {name}" if name else f"row {worst}"
    text = f"{who} {item.phrase.format(values[worst])}; it was made for {item}"
    return text if len(rows) == 1 else f"{len(rows)} of {len(values)} records are outside, the worst: {text}"
