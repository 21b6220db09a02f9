"""SEED channel codes: band, instrument, component, and order of preference."""

import math

from seissynth.errors import InputError

#: SEED instrument codes of ground motion, best first: high gain, geophone, low gain, accelerometer, gravimeter
INSTRUMENT_PREFERENCE = "HPLNG"

#: SEED band codes of 10 Hz and more (broadband before short period, usual rates before rare ones)
FAST_BANDS = "HBESCDFG"

#: SEED band codes below 10 Hz, fastest first
SLOW_BANDS = "MLVUWRPTQ"

#: band and instrument codes in the order in which one is taken per station when no channel is asked for:
#: broadband seismometers, short period, geophones, low gain, then strong motion, at last all slow channels
BAND_INSTRUMENT_PREFERENCE = tuple(
    band + instrument for bands in (FAST_BANDS, SLOW_BANDS) for instrument in INSTRUMENT_PREFERENCE for band in bands
)

_BAND_LIMITS = (
    (5000.0, "J"), (1000.0, "F"), (250.0, "C"), (80.0, "H"), (10.0, "B"), (1.0 + 1e-6, "M"), (1.0 - 1e-6, "L"),
    (0.1, "V"), (0.01, "U"), (1e-3, "W"), (1e-4, "R"), (1e-5, "P"), (1e-6, "T"),
)  # fmt: skip

#: what a component code says of azimuth and dip where the metadata are silent
ORIENTATIONS = {
    "Z": (0.0, -90.0),
    "3": (0.0, -90.0),
    "N": (0.0, 0.0),
    "1": (0.0, 0.0),
    "E": (90.0, 0.0),
    "2": (90.0, 0.0),
}
_COMPONENT_ORDER = "Z3N1E2"


def band_code(rate_hz):
    """Return SEED's band code of a broadband channel at a sampling rate.

    Raises
    ------
    InputError
        A rate not above 0.

    Examples
    --------
    >>> from seissynth.stations.seed_codes import band_code
    >>> [band_code(rate) for rate in (200, 100, 50, 1, 0.1)]
    ['H', 'H', 'B', 'L', 'V']
    """
    if not (math.isfinite(rate_hz) and rate_hz > 0):
        raise InputError(f"A sampling rate is {rate_hz} Hz; it must be above 0.")
    return next((code for limit, code in _BAND_LIMITS if rate_hz >= limit * (1 - 1e-9)), "Q")


def component_rank(code):
    """Return a channel's place in a sensor: Z, 3, N, 1, E, 2, then all others."""
    rank = _COMPONENT_ORDER.find(code[2:3].upper())
    return rank if rank >= 0 else len(_COMPONENT_ORDER)
