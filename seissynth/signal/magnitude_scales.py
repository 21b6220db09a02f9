"""Distance terms of local magnitude scales, by region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Uhrhammer et al. (2011): what is added to the straight part, in Chebyshev polynomials 1 to 6
_CHEBYSHEV = (0.056, -0.031, -0.053, 0.080, -0.028, 0.015)


@dataclass(frozen=True)
class MagnitudeRegion:
    """One region's scale.

    Attributes
    ----------
    name, source : str
    distance : {"hypocentral", "epicentral"}
        Distance used by its term.
    range_km : tuple of two floats, or None
        Distances for which its authors give the term; None if they give none.
    """

    name: str
    distance: str
    range_km: tuple | None
    source: str


#: region -> `MagnitudeRegion`
MAGNITUDE_REGIONS = {
    region.name: region
    for region in (
        MagnitudeRegion(
            "southern_california", "hypocentral", (8.0, 500.0), "Uhrhammer et al. (2011), BSSA 101, 2685-2702"
        ),
        MagnitudeRegion("hutton_boore", "hypocentral", None, "Hutton & Boore (1987), BSSA 77, 2074-2094"),
        MagnitudeRegion("korea", "epicentral", None, "Sheen et al. (2018), as quoted by HEGGS (2025), equation 21"),
        MagnitudeRegion("italy", "hypocentral", None, "Di Bona (2016), BSSA 106, 242-258"),
    )
}


def minus_log_a0(distance_km: ArrayLike, region: str = "southern_california") -> np.ndarray:
    """Return the distance term -log10 A0 of a region's local magnitude.

    Parameters
    ----------
    distance_km : array_like, any shape
        Above 0; hypocentral, for "korea" epicentral (`MAGNITUDE_REGIONS` says which).
    region : {"southern_california", "hutton_boore", "korea", "italy"}

    Returns
    -------
    ndarray, shape of `distance_km`

    Raises
    ------
    InputError
        Unknown region, or a distance not above 0.

    Notes
    -----
    With log to base 10 and R in km:

    - southern_california: 1.11 log R + 0.00189 R + 0.591 + sum_n TP(n) cos(n arccos z), n = 1 to 6,
      TP = 0.056, -0.031, -0.053, 0.080, -0.028, 0.015, z = 1.11366 log R - 2.00574 (Uhrhammer et al. 2011). z runs from
      -1 at 8 km to 1 at 500 km and is clipped to that (rounding puts it below -1 at 8 km already): beyond, the sum is
      constant and only the straight part changes. From 8 to 10 km the published term decreases by 0.1.
    - hutton_boore: 1.110 log(R / 100) + 0.00189 (R - 100) + 3 (Hutton & Boore 1987).
    - korea: 0.5869 log(R / 100) + 0.001680 (R - 100) + 3, R epicentral (Sheen et al. 2018).
    - italy: 1.749 log(R / 100) + 0.0016 (R - 100) + 2.9445 (Di Bona 2016).

    Examples
    --------
    >>> float(minus_log_a0(100.0).round(3)), float(minus_log_a0(100.0, "italy"))
    (3.095, 2.9445)
    """
    if region not in MAGNITUDE_REGIONS:
        raise InputError(f"region={region!r} is unknown; use one of {', '.join(map(repr, MAGNITUDE_REGIONS))}.")
    distance = positive_array("distance_km", distance_km)
    log_distance = np.log10(distance)
    if region == "southern_california":
        angle = np.arccos(np.clip(1.11366 * log_distance - 2.00574, -1.0, 1.0))
        sum_ = sum(factor * np.cos(n * angle) for n, factor in enumerate(_CHEBYSHEV, start=1))
        return 1.11 * log_distance + 0.00189 * distance + 0.591 + sum_
    slope, per_km, at_100_km = {
        "hutton_boore": (1.110, 0.00189, 3.0),
        "korea": (0.5869, 0.001680, 3.0),
        "italy": (1.749, 0.0016, 2.9445),
    }[region]
    return slope * (log_distance - 2.0) + per_km * (distance - 100.0) + at_100_km


def positive_array(name, value):
    """Return an array of floats; InputError names the first value that is not finite and above 0."""
    array = np.asarray(value, dtype=float)
    bad = ~(np.isfinite(array) & (array > 0))
    if bad.any():
        raise InputError(f"{name} holds {array[bad][0]!s}; it must be finite and above 0. Leave such records out.")
    return array
