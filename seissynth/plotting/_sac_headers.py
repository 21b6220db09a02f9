"""Read origin, distance, onsets and unit of a record from the header of a SAC file."""

import math
from dataclasses import dataclass

from seissynth.units import UNITS

_QUANTITIES = {unit: quantity for quantity, unit in UNITS.items()}


@dataclass(frozen=True)
class SacFacts:
    """Facts of one trace; NaN and None where it has no SAC header, or the header does not say.

    Parameters
    ----------
    origin : UTCDateTime
        The header's origin time, else the start of the trace.
    has_origin : bool
        Whether `origin` is that of the header.
    distance_km, p_s, s_s : float
        P and S after `origin`.
    quantity : str or None
        As `seissynth.write` notes the unit in ``kuser0``; SAC's own unit codes mean nanometres.
    """

    origin: object
    has_origin: bool = False
    distance_km: float = math.nan
    p_s: float = math.nan
    s_s: float = math.nan
    quantity: str | None = None

    @classmethod
    def of(cls, trace):
        """Read them from ``trace.stats.sac``, which ObsPy fills."""
        header = trace.stats.get("sac") or {}
        quantity = _QUANTITIES.get(str(header.get("kuser0", "")).strip())
        if "o" not in header or "b" not in header:
            return cls(trace.stats.starttime, quantity=quantity)
        zero = float(header["o"])
        onsets = {"P": math.nan, "S": math.nan}
        for field, label in (("a", "ka"), ("t0", "kt0")):
            letter = str(header.get(label, "P" if field == "a" else "")).strip()[:1].upper()
            if letter in onsets and field in header:
                onsets[letter] = float(header[field]) - zero
        origin = trace.stats.starttime - float(header["b"]) + zero
        return cls(origin, True, float(header.get("dist", math.nan)), onsets["P"], onsets["S"], quantity)
