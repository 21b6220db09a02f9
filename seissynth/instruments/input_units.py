"""Input quantity of an instrument, by the units of its response.

StationXML does not prescribe the spelling of units: ``M/S``, ``m s-1``, ``METERS PER SECOND`` and ``Meter/Sec`` all
occur. `tidy_units` converts them to one spelling, and `INPUT_UNITS` is the table of these.
"""

import re
import unicodedata
from functools import lru_cache

from seissynth.units import STANDARD_GRAVITY

_PREFIXES = {"": 1.0, "C": 1e2, "M": 1e3, "U": 1e6, "N": 1e9}

#: tidy spelling of a ground-motion channel's input units -> (quantity, units in one SI unit)
INPUT_UNITS = {
    prefix + unit: (quantity, scale)
    for prefix, scale in _PREFIXES.items()
    for unit, quantity in {"M": "displacement", "M/S": "velocity", "M/S**2": "acceleration"}.items()
}
INPUT_UNITS.update(
    {prefix + "GAL": ("acceleration", 1e2 * scale) for prefix, scale in _PREFIXES.items() if prefix != "C"}
)
INPUT_UNITS.update({prefix + "G": ("acceleration", scale / STANDARD_GRAVITY) for prefix, scale in
                    (("", 1.0), ("M", 1e3), ("U", 1e6))})  # fmt: skip

#: units that ObsPy's remove_response converts to metres (compared in upper case); it keeps all others
SCALED_BY_OBSPY = {p + u for p in ("C", "M", "N") for u in ("M", "M/S", "M/SEC", "M/S**2")}

#: SI units that ObsPy knows, by quantity
SI_UNITS = {"displacement": "M", "velocity": "M/S", "acceleration": "M/S**2"}

#: input and output of a digitiser: units that say nothing about ground motion
_ELECTRIC = {
    "V", "VOLT", "VOLTS", "MV", "UV", "NV", "COUNT", "COUNTS", "CT", "CTS", "DIGIT",
    "DIGITS", "DIGITAL", "BIT", "BITS", "LSB",
}  # fmt: skip
_NO_UNITS = {"", "NONE", "UNKNOWN", "UNITLESS", "DIMENSIONLESS", "N/A", "NA", "-", "?", "1"}

_WORDS = (
    (r"\bNANO[ -]?METERS?\b", "NM"), (r"\bMICRO[ -]?METERS?\b", "UM"), (r"\bMICRONS?\b", "UM"),
    (r"\bMILLI[ -]?METERS?\b", "MM"), (r"\bCENTI[ -]?METERS?\b", "CM"), (r"\bMETERS?\b", "M"),
    (r"\bSEC(?:OND)?S?(?=\b|\d)", "S"), (r"\bSQUARED? +S\b", "S**2"), (r"\bSQUARED\b", "**2"), (r"\bPER\b", "/"),
    (r"\bMILLI[ -]?GALS?\b", "MGAL"), (r"\bMICRO[ -]?GALS?\b", "UGAL"), (r"\bGALS\b", "GAL"),
)  # fmt: skip
_RATE = r"(?:/\(?S\)?|[*.]?\(?S\)?(?:\*\*)?\(?-1\)?)"
_RATE_OF_RATE = r"(?:/S/S|/\(?S(?:\*\*)?2\)?|/\(S\*S\)|/\(?S\)?(?:\*\*)2|[*.]?\(?S\)?(?:\*\*)?\(?-2\)?|[*.]S-1[*.]?S-1)"
_SPELLINGS = (
    (re.compile(rf"([CMUN]?M){_RATE}"), r"\1/S"),
    (re.compile(rf"([CMUN]?M){_RATE_OF_RATE}"), r"\1/S**2"),
)


def tidy_units(units):
    """Return units in the spelling of `INPUT_UNITS`; unknown ones in upper case without blanks.

    Examples
    --------
    >>> from seissynth.instruments.input_units import tidy_units
    >>> [tidy_units(units) for units in ("m s-1", "Meters per Second", "M/SEC/SEC", "nm/s^2", "mbar")]
    ['M/S', 'M/S', 'M/S**2', 'NM/S**2', 'MBAR']
    """
    return _tidied(str(units or ""))


@lru_cache(maxsize=1024)
def _tidied(units):
    # SEED's blockette 34 in RESP files: "M/S - Velocity in Meters per Second"
    text = unicodedata.normalize("NFKC", units).split(" - ")[0]
    text = text.replace("\u03bc", "u").replace("\u2212", "-").replace("\u00b7", "*").replace("\u22c5", "*").upper()
    text = text.replace("METRE", "METER").replace("_", " ")
    for pattern, word in _WORDS:
        text = re.sub(pattern, word, text)
    text = "".join(text.split()).replace("^", "**")
    if text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        text = text[1:-1]
    for pattern, spelling in _SPELLINGS:
        match = pattern.fullmatch(text)
        if match:
            return match.expand(spelling)
    return text


def quantity_of_units(units):
    """Return the quantity of a response's input units, or None if it is not ground motion.

    Case, blanks and the usual spellings do not matter, see `tidy_units`.

    Examples
    --------
    >>> from seissynth.instruments.response import quantity_of_units
    >>> quantity_of_units("m/s**2"), quantity_of_units("NM/S"), quantity_of_units("PA")
    ('acceleration', 'velocity', None)
    """
    return INPUT_UNITS.get(tidy_units(units), (None, 1.0))[0]


def tells_nothing(units):
    """Whether units are absent, or those of a digitiser (volts, counts), and do not show what the sensor measures.

    Examples
    --------
    >>> from seissynth.instruments.input_units import tells_nothing
    >>> tells_nothing(None), tells_nothing("Counts/V"), tells_nothing("PA")
    (True, True, False)
    """
    text = tidy_units(units)
    return text in _NO_UNITS or all(word in _ELECTRIC for word in re.split(r"[/*.()]+", text) if word)


def input_units(response):
    """Return the input units of a response's first stage (else of its sensitivity), or None."""
    if response is None:
        return None
    stages = sorted(response.response_stages or (), key=lambda stage: stage.stage_sequence_number)
    holders = (*stages[:1], response.instrument_sensitivity, response.instrument_polynomial)
    return next((holder.input_units for holder in holders if holder is not None and holder.input_units), None)
