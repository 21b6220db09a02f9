"""Bounds of numeric arguments, in one table for Python and the command line.

They exclude values that cannot be intended, or that would need years or all memory; the range of a backend is stated by
its card. An argument is checked by `within` where it is used, and all interfaces refuse the same values with the same
message.
"""

import math
from dataclasses import dataclass
from numbers import Integral, Real

from seissynth.errors import InputError


@dataclass(frozen=True)
class Bound:
    """Allowed values of a number.

    Parameters
    ----------
    low, high : float
        Both included.
    unit : str
        For messages.
    whole : bool
        Whole numbers only.
    above : bool
        `low` itself is not allowed.
    note : str
        Why, for messages.
    """

    low: float
    high: float
    unit: str = ""
    whole: bool = False
    above: bool = False
    note: str = ""

    def holds(self, value):
        """Whether a value is such a number; NaN, infinity, bool and text are not."""
        usual = type(value) is float and not self.whole  # the general question takes ten times as long
        if not usual and (isinstance(value, bool) or not isinstance(value, Integral if self.whole else Real)):
            return False
        # a whole number may be too large for a float
        if not isinstance(value, Integral) and not math.isfinite(value):
            return False
        return (self.low < value if self.above else self.low <= value) and value <= self.high

    def __str__(self):
        kind = "a whole number" if self.whole else "a number"
        unit = f" of {self.unit}" if self.unit else ""
        low = f"above {_short(self.low)}, at most" if self.above else f"from {_short(self.low)} to"
        note = f" ({self.note})" if self.note else ""
        return f"{kind}{unit} {low} {_short(self.high)}{note}"


def _short(value):
    return str(value) if isinstance(value, int) and abs(value) < 10**7 else f"{value:g}"


_PLACE = {
    "latitude": Bound(-90, 90, "degrees"),
    "longitude": Bound(-180, 360, "degrees"),
    "elevation": Bound(-12_000, 9_000, "m"),
    "sensor depth": Bound(-1_000, 15_000, "m"),
}
_MAGNITUDE, _DEPTH_KM, _DISTANCE_KM = Bound(-3, 10), Bound(-10, 800, "km"), Bound(0, 20_100, "km")

#: what each argument or quantity may be; names of `seissynth.schema.COLUMNS` are those of conditions
BOUNDS = {
    **_PLACE,
    # --- records
    "sampling_rate": Bound(1e-3, 1e5, "Hz"),
    "duration": Bound(0, 1e6, "s", above=True, note="a record has 20 million samples at most"),
    "start": Bound(-1e6, 1e6, "s after origin"),
    "samples": Bound(1, 20_000_000, whole=True),
    "clip_counts": Bound(0, 2.0**53, "counts", above=True),
    "seed": Bound(-(2**63), 2**64 - 1, whole=True),
    "realizations": Bound(1, 100_000, whole=True),
    "realization": Bound(0, 2**31 - 1, whole=True),
    # --- earthquakes
    "year": Bound(1678, 2261, whole=True, note="what 64 bits of nanoseconds hold"),
    "magnitude": _MAGNITUDE,
    "depth in km": Bound(_DEPTH_KM.low, _DEPTH_KM.high),
    "radius": Bound(0, 20_100, "km", above=True),
    "b": Bound(0, 10, above=True),
    "earthquakes": Bound(0, 10**9, whole=True, above=True),
    # --- data sets and evaluations
    "distance_km": _DISTANCE_KM,
    "p_lead_s": Bound(-1e5, 1e5, "s of record before P"),
    "snr_db": Bound(-300, 300, "dB"),
    "noise_gain_db": Bound(-300, 300, "dB"),
    "overlap_lag_s": Bound(-1e5, 1e5, "s after P"),
    "overlap_level_db": Bound(-300, 300, "dB"),
    "noise_share": Bound(0, 0.95),
    "overlap_share": Bound(0, 1),
    "stations_per_event": Bound(0, 10**6, whole=True, above=True),
    "block_records": Bound(0, 10**6, whole=True, above=True),
    "workers": Bound(0, 1024, whole=True, above=True),
    "records_per_chunk": Bound(0, 10**7, whole=True, above=True),
    "noise_windows": Bound(0, 10**5, whole=True),
    "draws": Bound(1, 10**5, whole=True),
    "least_records": Bound(1, 10**6, whole=True),
    "period": Bound(0, 1000, "s", above=True),
    # --- conditions
    "source_latitude_deg": _PLACE["latitude"],
    "source_longitude_deg": _PLACE["longitude"],
    "source_depth_km": _DEPTH_KM,
    "source_magnitude": _MAGNITUDE,
    "source_strike_deg": Bound(-360, 720, "degrees"),
    "source_dip_deg": Bound(-180, 180, "degrees"),
    "source_rake_deg": Bound(-360, 360, "degrees"),
    "station_latitude_deg": _PLACE["latitude"],
    "station_longitude_deg": _PLACE["longitude"],
    "station_elevation_m": _PLACE["elevation"],
    "station_local_depth_m": _PLACE["sensor depth"],
    "station_vs_30_mps": Bound(0, 10_000, "m/s", above=True),
    "station_kappa_s": Bound(0, 0.5, "s"),
    "station_z1_km": Bound(0, 20, "km"),
    "path_ep_distance_km": _DISTANCE_KM,
    "path_hyp_distance_km": _DISTANCE_KM,
    "path_rup_distance_km": _DISTANCE_KM,
    "path_azimuth_deg": Bound(-360, 720, "degrees"),
    "path_back_azimuth_deg": Bound(-360, 720, "degrees"),
    "path_p_travel_s": Bound(-100, 1e5, "s"),
    "path_s_travel_s": Bound(-100, 1e5, "s"),
    "path_p_direct_travel_s": Bound(-100, 1e5, "s"),
    "path_s_direct_travel_s": Bound(-100, 1e5, "s"),
    "path_p_takeoff_deg": Bound(0, 180, "degrees"),
    "path_p_direct_takeoff_deg": Bound(0, 180, "degrees"),
    "path_s_direct_takeoff_deg": Bound(0, 180, "degrees"),
    "path_p_ray_parameter_s_km": Bound(0, 100, "s/km"),
    "path_s_ray_parameter_s_km": Bound(0, 100, "s/km"),
}


def within(name, value, *, bound=None, optional=False, whose=""):
    """Return a number that is within its bounds, as int or float, or raise InputError.

    Parameters
    ----------
    name : str
        For the message, and the key of `BOUNDS` unless `bound` is another one.
    value : number
    bound : str, optional
    optional : bool
        None is allowed and returned.
    whose : str
        Put before the message, as ``"event smi:local/1: "``.

    Examples
    --------
    >>> from seissynth.shared.bounds import within
    >>> within("sampling_rate", 100)
    100.0
    >>> within("duration", 0.0)
    Traceback (most recent call last):
    seissynth.errors.InputError: duration=0.0 must be a number of s above 0, at most 1e+06 ...
    """
    if value is None and optional:
        return None
    limits = BOUNDS[bound or name]
    if not limits.holds(value):
        ending = ", or None" if optional else ""
        raise InputError(f"{whose}{name}={_shown(value)} must be {limits}{ending}.")
    return int(value) if limits.whole else float(value)


def _shown(value):
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
