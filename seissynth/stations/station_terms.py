"""Site terms of stations that are known: by how much each one amplifies, over frequency.

Kept in files, given to `generate(..., station_terms=...)`, and seen by backends as the column ``station_terms``.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seissynth.errors import FileFormatError, InputError
from seissynth.shared.atomic import replacing
from seissynth.shared.json_file import read_json
from seissynth.shared.wording import a_kind
from seissynth.stations.station_names import names_of_stations

#: a larger ln of a factor is an error of a unit or a gain
MOST_LN = 4.0
#: frequencies of terms, Hz
LOWEST_HZ, HIGHEST_HZ = 0.01, 100.0
_KEYS = {"frequencies_hz", "ln_factors", "about"}


@dataclass(frozen=True)
class StationTerms:
    """What each station multiplies the Fourier amplitudes of all earthquakes by.

    Parameters
    ----------
    frequencies_hz : sequence of float, length k
        Increasing, 0.01 to 100 Hz. ln of the factor is linear in ln f between them, and constant beyond.
    ln_factors : dict of str to sequence of float, length k
        By "NET.STA"; -4 to 4.
    about : dict
        Where the terms come from: numbers, texts and lists.

    Raises
    ------
    InputError
        Terms that are no numbers, too large, or not as many as frequencies.

    Examples
    --------
    >>> from seissynth.stations.station_terms import StationTerms
    >>> terms = StationTerms([1.0, 10.0], {"XX.SOFT": [0.7, -0.2]})
    >>> terms.texts(["XX.SOFT", "XX.ROCK"])
    ['1 0.7; 10 -0.2', '']
    """

    frequencies_hz: tuple[float, ...]
    ln_factors: Mapping[str, tuple[float, ...]]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        hz = _frequencies(self.frequencies_hz, "frequencies_hz")
        if not isinstance(self.ln_factors, Mapping):
            raise InputError(f"ln_factors is {a_kind(self.ln_factors)}; give a dict of NET.STA to {len(hz)} numbers.")
        if not isinstance(self.about, Mapping):
            raise InputError(f"about is {a_kind(self.about)}; give a dict.")
        checked = {}
        for name, values in self.ln_factors.items():
            numbers = _numbers(values)
            if numbers is None or len(numbers) != len(hz):
                raise InputError(f"ln_factors[{name!r}]={values!r} must be {len(hz)} numbers, one for each frequency.")
            _check_size(numbers, f"ln_factors[{name!r}]")
            checked[str(name)] = numbers
        object.__setattr__(self, "frequencies_hz", hz)
        object.__setattr__(self, "ln_factors", checked)
        object.__setattr__(self, "about", dict(self.about))

    def __len__(self):
        return len(self.ln_factors)

    @classmethod
    def of(cls, terms: Any) -> StationTerms | None:
        """Return terms as such, from `plain`, or from a file; None for None.

        Raises
        ------
        InputError
            Anything else.
        """
        if terms is None or isinstance(terms, cls):
            return terms
        if isinstance(terms, (str, os.PathLike)):
            return cls.read(terms)
        if isinstance(terms, Mapping) and set(terms) == _KEYS:
            return cls(terms["frequencies_hz"], terms["ln_factors"], terms["about"])
        raise InputError(
            f"station_terms is {a_kind(terms)}; give a StationTerms, the path of its file, or what its plain() returns."
        )

    def select(self, stations: Iterable[str]) -> StationTerms:
        """Return the terms of some stations, and what `about` says of each; names that have none are passed over."""
        names = set(stations).intersection(self.ln_factors)
        about = {
            key: {name: one for name, one in value.items() if name in names}
            if isinstance(value, Mapping) and value and set(value) <= set(self.ln_factors) else value
            for key, value in self.about.items()
        }  # fmt: skip
        return StationTerms(
            self.frequencies_hz, {name: one for name, one in self.ln_factors.items() if name in names}, about
        )

    def named_as(self, stations: Iterable[str]) -> tuple[StationTerms, list[str]]:
        """Return the terms of some stations under the names that these have here, and names that fit several of them.

        Where one of the two lacks a network code, the station code alone counts, if it is the only one.

        Examples
        --------
        >>> terms = StationTerms([1.0], {"AMAT": [0.7], "XX.BORE": [0.1]})
        >>> dict(terms.named_as(["XX.AMAT", "XX.BORE"])[0].ln_factors)
        {'XX.AMAT': (0.7,), 'XX.BORE': (0.1,)}
        """
        found, unclear = names_of_stations(self.ln_factors, stations)
        new = {name: station for station, name in found.items()}
        kept = self.select(new)
        about = {
            key: {new[name]: one for name, one in value.items()}
            if isinstance(value, Mapping) and value and set(value) <= set(new) else value
            for key, value in kept.about.items()
        }  # fmt: skip
        return StationTerms(kept.frequencies_hz, {new[n]: one for n, one in kept.ln_factors.items()}, about), unclear

    def texts(self, stations: Iterable[str]) -> list[str]:
        """Return the column ``station_terms`` for stations, NET.STA; empty where a station has none."""
        return [
            "; ".join(f"{f:.9g} {ln:.9g}" for f, ln in zip(self.frequencies_hz, self.ln_factors[name], strict=True))
            if name in self.ln_factors else ""
            for name in stations
        ]  # fmt: skip

    def at(self, station: str, frequency_hz: Any) -> np.ndarray:
        """Return ln of the factor of a station at frequencies in Hz; 0 for a station that has none."""
        hz = np.asarray(frequency_hz, dtype=float)
        if station not in self.ln_factors:
            return np.zeros(hz.shape)
        return ln_factor_at(self.frequencies_hz, self.ln_factors[station], hz)

    def plain(self) -> dict:
        """Return the terms as plain data, which ``station_terms=`` takes, too."""
        return {
            "frequencies_hz": list(self.frequencies_hz),
            "ln_factors": {name: list(values) for name, values in self.ln_factors.items()},
            "about": self.about,
        }

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write a JSON file, which `read` and the command line's ``--station-terms`` read.

        Raises
        ------
        InputError
            `about` holds what JSON cannot.
        """
        try:
            head = {"frequencies_hz": list(self.frequencies_hz), "about": self.about}
            lines = [json.dumps(head, allow_nan=False)[:-1] + ', "ln_factors": {']
        except (TypeError, ValueError) as error:
            raise InputError(f"about holds what a JSON file cannot ({error}); leave numbers and texts in it.") from None
        # a line for each station, so that files can be read and compared
        rows = [f"{json.dumps(name)}: {json.dumps(list(values))}" for name, values in self.ln_factors.items()]
        with replacing(path) as beside:
            beside.write_text("\n".join([*lines, ",\n".join(rows), "}}"]) + "\n", encoding="utf-8")
        return Path(path)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> StationTerms:
        """Read what `write` wrote.

        Raises
        ------
        InputError
            No such file.
        FileFormatError
            The file is none of these.
        """
        content = read_json(path, _KEYS, "station terms", "StationTerms.write")
        try:
            return cls(content["frequencies_hz"], content["ln_factors"], content["about"])
        except InputError as error:
            raise FileFormatError(f"{path}: {error}") from error


def read_terms(text: str, whose: str = "") -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Read a cell of the column ``station_terms``.

    Parameters
    ----------
    text : str
        Pairs of a frequency in Hz and ln of the factor, in the order of frequency, with semicolons between them.
    whose : str
        Put before the message of an error.

    Returns
    -------
    frequencies_hz, ln_factors : tuple of float

    Raises
    ------
    InputError
        Not such a text, or a number out of bounds.

    Examples
    --------
    >>> read_terms("1 0.7; 10 -0.2")
    ((1.0, 10.0), (0.7, -0.2))
    """
    pairs = [_numbers(part.split()) for part in text.split(";")]
    wrong = [part for part, pair in zip(text.split(";"), pairs, strict=True) if pair is None or len(pair) != 2]
    if wrong:
        raise InputError(
            f"{whose}{wrong[0].strip()!r} of station_terms must be a frequency in Hz and ln of a factor, as in "
            "'0.5 0.3; 5 -0.1'."
        )
    hz, ln = zip(*pairs, strict=True)
    _check_size(ln, f"{whose}station_terms")
    return _frequencies(hz, f"{whose}station_terms"), tuple(ln)


def require_column(card: Any) -> None:
    """Raise InputError where a backend with this card has no use for ``station_terms``."""
    if "station_terms" not in card.optional_columns:
        raise InputError(
            f"backend {card.name!r} cannot use site terms; leave station_terms= out, or take 'stochastic' or "
            "'conditioned'."
        )


def ln_factor_at(frequencies_hz: Any, ln_factors: Any, at_hz: Any) -> np.ndarray:
    """Return ln of a factor, given at some frequencies, at others: linear in ln f, constant beyond."""
    at = np.log(np.maximum(np.asarray(at_hz, dtype=float), 1e-9))
    return np.interp(at, np.log(frequencies_hz), ln_factors)


def _numbers(values):
    """A tuple of finite numbers, or None."""
    if isinstance(values, (str, bytes, Mapping)):  # which can be gone through, too
        return None
    try:
        numbers = tuple(round(float(value), 6) for value in values)
    except (TypeError, ValueError):
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _frequencies(values, name):
    hz = _numbers(values)
    if not hz or any(b <= a for a, b in itertools.pairwise(hz)):
        raise InputError(f"{name}: the frequencies {values!r} must be numbers that increase, Hz.")
    if not LOWEST_HZ <= hz[0] <= hz[-1] <= HIGHEST_HZ:
        raise InputError(f"{name}: the frequencies {values!r} must be between {LOWEST_HZ:g} and {HIGHEST_HZ:g} Hz.")
    return hz


def _check_size(numbers, name):
    largest = max(numbers, key=abs, default=0.0)
    if abs(largest) > MOST_LN:
        raise InputError(f"{name} holds {largest:g}; ln of a factor must be between {-MOST_LN:g} and {MOST_LN:g}.")
