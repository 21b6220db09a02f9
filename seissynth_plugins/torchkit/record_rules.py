"""Requirements for training records of a learned backend: rate, length, quantity, start of windows, columns."""

from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import positive
from seissynth.units import UNITS

#: what places an earthquake and a sensor, and says how large it is
PLACES_AND_MAGNITUDE = (
    "source_latitude_deg", "source_longitude_deg", "source_depth_km", "source_magnitude", "station_latitude_deg",
    "station_longitude_deg", "path_ep_distance_km", "path_back_azimuth_deg",
)  # fmt: skip


@dataclass(frozen=True)
class RecordRules:
    """Which records a system is trained on.

    Parameters
    ----------
    system : str
        As messages name it: "HEGGS is trained at 100 Hz".
    sampling_rate_hz : float
    duration_s : float
    quantity : str or None
        One of `seissynth.units.UNITS`; None takes any.
    start_s : float or None
        When windows begin, s after origin; None: anywhere.
    start_tolerance_s : float
        Windows begin there to within this.
    required : tuple of str
        Columns beside ``source_id`` that each record of an earthquake must have, all of them finite numbers.
    least_margin_s : float
        The taper of the preparation falls on a margin of this length; without it, it reaches into the window.
    component_order : str
    band_hz : (float, float) or None
        For the card of the weights.

    Raises
    ------
    InputError
        A length, rate or quantity that records cannot have.

    Examples
    --------
    >>> rules = RecordRules("SeismoGen", 40.0, 40.0, start_s=None)
    >>> rules.npts, rules.describe()
    (1600, 'velocity, m/s, 40 s, 40 Hz')
    """

    system: str
    sampling_rate_hz: float
    duration_s: float
    quantity: str | None = "velocity"
    start_s: float | None = 0.0
    start_tolerance_s: float = 0.02
    required: tuple = PLACES_AND_MAGNITUDE
    least_margin_s: float = 2.0
    component_order: str = "ZNE"
    band_hz: tuple | None = None

    def __post_init__(self):
        positive("sampling_rate_hz", self.sampling_rate_hz, "Hz")
        positive("duration_s", self.duration_s, "s")
        if self.quantity is not None and self.quantity not in UNITS:
            raise InputError(f"quantity={self.quantity!r} must be one of {', '.join(UNITS)}, or None.")

    @property
    def npts(self):
        """Samples of a record."""
        return round(self.duration_s * self.sampling_rate_hz)

    def describe(self):
        """Return the rules in words, for a card."""
        unit = [] if self.quantity is None else [self.quantity, UNITS[self.quantity]]
        band = [] if self.band_hz is None else [f"{self.band_hz[0]:g} to {self.band_hz[1]:g} Hz"]
        return ", ".join([*unit, self._span(), f"{self.sampling_rate_hz:g} Hz", *band])

    def check_set(self, dataset, path):
        """Refuse a set of other records, or without the columns that are needed.

        Parameters
        ----------
        dataset : seissynth.io.seisbench.Dataset
        path : path
            As the message names it.

        Raises
        ------
        InputError
            If the records do not fit; the message names their values, the required ones and how to make such a set.
        """
        rate, table = dataset.sampling_rate_hz, dataset.metadata
        if rate is None or abs(rate - self.sampling_rate_hz) > 1e-6:
            raise InputError(
                f"{path} is sampled at {rate} Hz; {self.system} is trained at {self.sampling_rate_hz:g} Hz."
            )
        if self.quantity is not None and dataset.unit not in (None, UNITS[self.quantity]):
            raise InputError(
                f"{path} holds {dataset.unit!r}; {self.system} is trained on {self.quantity}, "
                f"{UNITS[self.quantity]}. Cut or make the set again."
            )
        lengths = sorted(set(table["trace_npts"])) if "trace_npts" in table else [self.npts]
        if lengths != [self.npts]:
            duration = f"--duration {self.duration_s:g}"
            raise InputError(
                f"{path} holds records of {lengths[0]:g} to {lengths[-1]:g} samples; {self.system} is trained on "
                f"{self.npts} ({self._span()}). Cut with {duration}, or make with {duration}{self._made()}."
            )
        missing = [name for name in ("source_id", *self.required) if name not in table]
        if missing:
            raise InputError(f"the table of {path} lacks {', '.join(missing)}; cut or make the set with seissynth.")

    def check_starts(self, late_s, path):
        """Refuse windows that begin elsewhere.

        Parameters
        ----------
        late_s : ndarray
            Starts of windows, s after origin.
        path : path

        Raises
        ------
        InputError
            With the worst one.
        """
        if self.start_s is None or not len(late_s):
            return
        off = np.abs(late_s - self.start_s)
        if (off > self.start_tolerance_s).any():
            there = "there" if self.start_s == 0 else self._place()
            raise InputError(
                f"{path}: windows begin up to {late_s[np.argmax(off)]:g} s after origin; {self.system} learns the "
                f"time after origin, so they must begin {there}. Cut with --start {self.start_s:g}, or make with"
                f"{self._made()}."
            )

    def _place(self):
        if self.start_s == 0:
            return "origin"
        return f"{abs(self.start_s):g} s {'after' if self.start_s > 0 else 'before'} origin"

    def _span(self):
        begin = "" if self.start_s is None else f" from {self._place()}"
        return f"{self.duration_s:g} s{begin}"

    def _made(self):
        """Options of ``seissynth dataset make`` for windows that begin at one time after origin."""
        if self.start_s is None:
            return ""
        return " --p-lead none" + (f" --start {self.start_s:g}" if self.start_s else "")
