"""The protocol that every generator follows: one class with a card and one method.

Examples
--------
The smallest complete backend: a Gaussian pulse at P and one at S.

>>> import numpy as np
>>> from seissynth.backends.base import Backend, Card
>>> from seissynth.records import Records
>>> class Pulse(Backend):
...     card = Card(name="pulse", summary="A pulse at P and S", quantity="velocity",
...                 component_order="ZNE", required_columns=("path_p_travel_s", "path_s_travel_s"))
...     def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
...         p, s = (conditions[c].to_numpy() for c in self.card.required_columns)
...         t = start_s[:, None] + np.arange(npts) / sampling_rate_hz
...         wave = sum(np.exp(-((t - x[:, None] - 1) / 0.2) ** 2) for x in (p, s))
...         data = np.repeat(wave[:, None], 3, axis=1).astype("float32")
...         return Records(data, start_s, p_s=p, s_s=s)
>>> Pulse().card.name
'pulse'
"""

from __future__ import annotations

import math
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, ClassVar

from seissynth.errors import CardError
from seissynth.schema import COLUMNS
from seissynth.units import DERIVATIVES

if TYPE_CHECKING:
    import numpy as np
    import pandas

    from seissynth.records import Records
    from seissynth.seeding import Seeds

#: what a card may claim in `capabilities`
CAPABILITIES = {
    "onsets": "returns P and S onsets",
    "truth": "returns the parameters that went into each record",
    "absolute_amplitude": "amplitudes are physical, not normalised",
    "mechanism": "uses the focal mechanism where the event has one",
    "polarity": "P's first motion follows the mechanism",
    "source_records": "can use real records of the same event",
    "source_any_window": "takes source records that begin after origin or end early",
    "needs_source": "makes records only from real ones of the same event",
    "ensemble": "realisations of one event differ as real records do",
    "device": "can run on an accelerator",
}

#: orders a card may state: Z with N and E, or Z with R and T (the core rotates by back-azimuth)
COMPONENT_SETS = (frozenset("ZNE"), frozenset("ZRT"))

#: what an entry point, a file name and a command line can hold alike
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, repr=False)
class Card:
    """Description of a backend and of the range in which it is valid.

    It prints as a list of its facts, as text and in notebooks.

    Parameters
    ----------
    name : str
        The entry point's name: letters, digits, ``_``, ``-`` and ``.``, a letter or digit first; 64 at most.
    summary : str
        One line for tables, not empty.
    quantity : {"acceleration", "velocity", "displacement", "normalised"}
        Of `Records.data`, SI.
    component_order : str
        Three letters, Z with N and E or Z with R and T.
    references : tuple of str
        DOIs or citations, one line each.
    licence_code, licence_weights : str
        SPDX names; `licence_weights` is empty where there are none.
    sampling_rates_hz : tuple of float
        Native rates, finite and above 0; empty = any. The core resamples to the requested rate.
    max_duration_s : float or None
        Longest record, finite and above 0; None = any.
    window_lead_s : float or None
        The backend's records begin so long before P; `generate` begins there unless ``start=`` is given. None = they
        begin anywhere.
    magnitude_range, distance_range_km, depth_range_km : (float, float) or None
        Validity, both ends finite and included, the lower one first; None = not limited. No distance is below 0.
    distance_kind : {"hypocentral", "epicentral"}
        Of `distance_range_km`.
    trained_region : str
        Region of the training data; empty for physics.
    trained_area_deg : (float, float, float, float) or None
        South, north, west and east of the training data; west is greater than east where the area crosses longitude
        180. `generate` warns of earthquakes far outside.
    required_columns, optional_columns : tuple of str
        Names from `seissynth.schema.COLUMNS`.
    capabilities : frozenset of str
        Keys of `CAPABILITIES`.
    packages : mapping of str to str
        Packages that `load` needs beyond seissynth's own dependencies: import name -> the command that installs it.
    ensemble_options : mapping of str to value
        Options of the backend that `generate` adds for realisations, unless the user sets them; an instance is used as
        it is.

    Raises
    ------
    CardError
        An invalid value, see above; an unknown capability, column, quantity or component order; `ensemble_options` or
        `packages` that are not mappings. It is a TypeError and a ValueError.
    """

    name: str
    summary: str
    quantity: str
    component_order: str
    references: tuple = ()
    licence_code: str = "MIT"
    licence_weights: str = ""
    sampling_rates_hz: tuple = ()
    max_duration_s: float | None = None
    window_lead_s: float | None = None
    magnitude_range: tuple | None = None
    distance_range_km: tuple | None = None
    distance_kind: str = "hypocentral"
    depth_range_km: tuple | None = None
    trained_region: str = ""
    trained_area_deg: tuple | None = None
    required_columns: tuple = ()
    optional_columns: tuple = ()
    capabilities: frozenset = frozenset()
    ensemble_options: Mapping = field(default_factory=dict, hash=False)
    packages: Mapping = field(default_factory=dict, hash=False)

    def __post_init__(self):
        self._check_texts()
        self._check_numbers()
        for name in ("ensemble_options", "packages"):
            if not isinstance(getattr(self, name), Mapping):
                raise self._error(f"{name}={getattr(self, name)!r} must be a mapping of names to values.")
        self._require("capabilities", self.capabilities, CAPABILITIES)
        object.__setattr__(self, "capabilities", frozenset(self.capabilities))
        self._require("columns", (*self.required_columns, *self.optional_columns), COLUMNS)
        self._require("quantity", (self.quantity,), (*DERIVATIVES, "normalised"))
        self._require("distance_kind", (self.distance_kind,), ("hypocentral", "epicentral"))
        order = self.component_order
        if not isinstance(order, str) or len(order) != 3 or frozenset(order) not in COMPONENT_SETS:
            raise self._error(
                f"component_order={order!r} must hold Z, N, E or Z, R, T, each once, in the order of Records.data."
            )

    def __repr__(self):
        from seissynth.backends._card_display import card_text

        return card_text(self)

    def _repr_html_(self):
        from seissynth.backends._card_display import card_html

        return card_html(self)

    def _check_texts(self):
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise self._error(
                "the name must suit an entry point: letters, digits, '_', '-' and '.', a letter or digit first, "
                "64 at most."
            )
        for key in ("references", "sampling_rates_hz", "required_columns", "optional_columns", "capabilities"):
            value = getattr(self, key)
            if not isinstance(value, tuple | list | set | frozenset):
                raise self._error(f"{key}={value!r} must be a tuple.")
        texts = {key: getattr(self, key) for key in ("summary", "licence_code", "licence_weights", "trained_region")}
        texts |= {f"references[{i}]": value for i, value in enumerate(self.references)}
        for key, value in texts.items():
            if not isinstance(value, str) or not value.isprintable():
                raise self._error(f"{key}={value!r} must be one line of text.")
        if not self.summary.strip():
            raise self._error("the summary is empty; tables show it.")

    def _check_numbers(self):
        for key in ("magnitude_range", "distance_range_km", "depth_range_km"):
            limits = getattr(self, key)
            if limits is None:
                continue
            pair = limits if isinstance(limits, tuple | list) and len(limits) == 2 else (None, None)
            if not all(map(_is_number, pair)) or pair[0] > pair[1] or (key == "distance_range_km" and pair[0] < 0):
                raise self._error(
                    f"{key}={limits!r} must be two finite numbers in rising order"
                    f"{', 0 or more' if key == 'distance_range_km' else ''}, or None."
                )
        area = self.trained_area_deg
        if area is not None:
            four = area if isinstance(area, tuple | list) and len(area) == 4 else (None,) * 4
            if not all(map(_is_number, four)) or not -90 <= four[0] <= four[1] <= 90 or max(map(abs, four[2:])) > 360:
                raise self._error(f"trained_area_deg={area!r} must be south, north, west and east in degrees, or None.")
        for rate in self.sampling_rates_hz:
            if not _is_number(rate) or rate <= 0:
                raise self._error(f"sampling_rates_hz={self.sampling_rates_hz!r} must be finite numbers above 0.")
        longest = self.max_duration_s
        if longest is not None and (not _is_number(longest) or longest <= 0):
            raise self._error(f"max_duration_s={longest!r} must be a finite number above 0, or None.")
        lead = self.window_lead_s
        if lead is not None and (not _is_number(lead) or lead < 0):
            raise self._error(f"window_lead_s={lead!r} must be a finite number of at least 0, or None.")

    def _require(self, what, values, known):
        wrong = [value for value in values if not isinstance(value, str) or value not in known]
        if wrong:
            raise self._error(f"unknown {what} {sorted(map(str, wrong))}; known are {sorted(known)}.")

    def _error(self, text):
        return CardError(f"card of backend {self.name!r}: {text}")


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


class Backend(ABC):
    """A generator of records. Subclass it, set `card`, and write `simulate`.

    `__init__` only stores its options (each a named keyword); heavy work belongs in `load`, which the core calls once
    before the first `simulate`.

    Parameters
    ----------
    weights : str or path, optional
        File with trained parameters, for backends that have any: `generate` refuses weights unless the card has a
        `licence_weights`, or the class its own `weights_hash`.
    device : str
        Device to run on, for backends with the capability ``"device"``.
    """

    card: ClassVar[Card]

    def __init__(self, *, weights: str | os.PathLike[str] | None = None, device: str = "cpu") -> None:
        self.weights = weights
        self.device = device

    def prepare(self) -> None:
        """Start what can run beside the core's own preparations, such as another process; by default nothing.

        `generate` and its like call it first of all, before input is read, and go on at once; it may be called again.
        """

    def load(self) -> None:
        """Do the heavy work (read weights, compile); called once, before the first `simulate`."""

    @property
    def weights_hash(self) -> str:
        """Hex digest of the weights in use; empty for a backend without weights."""
        return ""

    @abstractmethod
    def simulate(
        self,
        conditions: pandas.DataFrame,
        *,
        start_s: np.ndarray,
        npts: int,
        sampling_rate_hz: float,
        seeds: Seeds,
        source: Records | None = None,
    ) -> Records:
        """Make one record per row of `conditions`.

        Record i must depend on row i and on element i of the seeds only. Arguments are copies; even so, do not modify
        them, and return arrays that the next call does not overwrite: the conformance kit checks both.

        Parameters
        ----------
        conditions : pandas.DataFrame, n rows
            Columns from `seissynth.schema`; the card's required ones are finite.
        start_s : ndarray, shape (n,)
            Time wanted of sample 0 after origin, s.
        npts : int
            Samples per component.
        sampling_rate_hz : float
            One of the card's native rates.
        seeds : seissynth.seeding.Seeds
            uint64 arrays `row`, `event`, `station`, each of shape (n,).
        source : Records, optional
            Real records of the same event, for backends that can use them; those of its `pool` are read-only.

        Returns
        -------
        seissynth.records.Records
        """
