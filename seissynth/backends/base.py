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

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from seissynth.schema import COLUMNS
from seissynth.units import DERIVATIVES

#: what a card may claim in `capabilities`
CAPABILITIES = {
    "onsets": "returns P and S onsets",
    "truth": "returns the parameters that went into each record",
    "absolute_amplitude": "amplitudes are physical, not normalised",
    "mechanism": "uses the focal mechanism where the event has one",
    "polarity": "P's first motion follows the mechanism",
    "source_records": "can use real records of the same event",
    "ensemble": "realisations of one event differ as real records do",
    "device": "can run on an accelerator",
}

#: orders a card may state: Z with N and E, or Z with R and T (the core rotates by back-azimuth)
COMPONENT_SETS = (frozenset("ZNE"), frozenset("ZRT"))


@dataclass(frozen=True)
class Card:
    """What a backend is, and where it may be used.

    Parameters
    ----------
    name : str
        The entry point's name.
    summary : str
        One line for tables.
    quantity : {"acceleration", "velocity", "displacement", "normalised"}
        Of `Records.data`, SI.
    component_order : str
        Three letters, Z with N and E or Z with R and T.
    references : tuple of str
        DOIs or citations.
    licence_code, licence_weights : str
        SPDX names; `licence_weights` is empty where there are none.
    sampling_rates_hz : tuple of float
        Native rates; empty = any. The core resamples to the rate asked.
    max_duration_s : float or None
        Longest record; None = any.
    magnitude_range, distance_range_km, depth_range_km : (float, float) or None
        Validity, both ends included; None = not limited.
    distance_kind : {"hypocentral", "epicentral"}
        Of `distance_range_km`.
    trained_region : str
        Where the training data come from; empty for physics.
    required_columns, optional_columns : tuple of str
        Names from `seissynth.schema.COLUMNS`.
    capabilities : frozenset of str
        Keys of `CAPABILITIES`.
    packages : mapping of str to str
        What `load` needs beyond seissynth's own dependencies: the name to import -> the command that installs it.
    ensemble_options : mapping of str to value
        Options of the backend that `generate` adds where realisations are asked for, unless the user gives
        them; an instance is used as it is.

    Raises
    ------
    TypeError
        A capability, column, quantity or component order that does not exist, or `ensemble_options` that are
        no mapping.
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
    magnitude_range: tuple | None = None
    distance_range_km: tuple | None = None
    distance_kind: str = "hypocentral"
    depth_range_km: tuple | None = None
    trained_region: str = ""
    required_columns: tuple = ()
    optional_columns: tuple = ()
    capabilities: frozenset = frozenset()
    ensemble_options: Mapping = field(default_factory=dict, hash=False)
    packages: Mapping = field(default_factory=dict, hash=False)

    def __post_init__(self):
        object.__setattr__(self, "capabilities", frozenset(self.capabilities))
        if not isinstance(self.ensemble_options, Mapping):
            raise TypeError(
                f"card of backend {self.name!r}: ensemble_options={self.ensemble_options!r} must be a mapping of the "
                "backend's options to values."
            )
        self._require("capabilities", self.capabilities, CAPABILITIES)
        self._require("columns", (*self.required_columns, *self.optional_columns), COLUMNS)
        self._require("quantity", (self.quantity,), (*DERIVATIVES, "normalised"))
        self._require("distance_kind", (self.distance_kind,), ("hypocentral", "epicentral"))
        if len(self.component_order) != 3 or frozenset(self.component_order) not in COMPONENT_SETS:
            raise TypeError(
                f"card of backend {self.name!r}: component_order={self.component_order!r} must hold "
                "Z, N, E or Z, R, T, each once, in the order of Records.data."
            )

    def _require(self, what, values, known):
        wrong = sorted(set(values) - set(known))
        if wrong:
            raise TypeError(f"card of backend {self.name!r}: unknown {what} {wrong}; known are {sorted(known)}.")


class Backend(ABC):
    """A generator of records. Subclass it, give it a `card`, write `simulate`.

    `__init__` only stores its options (each a named keyword); heavy work goes into `load`, which the
    core calls once before the first `simulate`.

    Parameters
    ----------
    weights : str or path, optional
        File with trained parameters, for backends that have any.
    device : str
        Where to run, for backends with the capability ``"device"``.
    """

    card: ClassVar[Card]

    def __init__(self, *, weights=None, device="cpu"):
        self.weights = weights
        self.device = device

    def load(self):
        """Do what is heavy (read weights, compile); called once, before the first `simulate`."""

    @property
    def weights_hash(self):
        """Hex digest of the weights in use; empty for a backend without weights."""
        return ""

    @abstractmethod
    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        """Make one record per row of `conditions`.

        Record i must depend on row i and on element i of the seeds only. Arguments are copies; leave them as they are
        all the same, and return arrays that the next call does not write to: the conformance kit finds both.

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
