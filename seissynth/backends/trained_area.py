"""Where the training data of a backend were recorded, and how far from there an earthquake is."""

import numpy as np

from seissynth.backends._card_display import area_text
from seissynth.shared.warning import warn_user

#: earthquakes farther outside the area get a warning, km
MARGIN_KM = 100.0
_DIAMETER_KM = 2 * 6371.0


def distance_to_area_km(area_deg, latitude_deg, longitude_deg):
    """Return the distance of places from an area, km, 0 inside.

    Parameters
    ----------
    area_deg : (float, float, float, float)
        South, north, west, east; west above east where the area crosses longitude 180.
    latitude_deg, longitude_deg : array_like

    Returns
    -------
    ndarray
        Along a great circle to the point of the area that is nearest in latitude and in longitude; NaN for unknown
        places.

    Examples
    --------
    >>> distance_to_area_km((35.0, 36.0, -118.0, -117.0), [35.5, 37.0], [-117.2, -117.2]).round().tolist()
    [0.0, 111.0]
    """
    south, north, west, east = area_deg
    latitude, longitude = np.asarray(latitude_deg, dtype=float), np.asarray(longitude_deg, dtype=float)
    width = (east - west) % 360.0
    from_west = (longitude - west) % 360.0
    degrees_east = np.where(from_west <= width, 0.0, np.minimum(from_west - width, 360.0 - from_west))
    nearest, here = np.radians(np.clip(latitude, south, north)), np.radians(latitude)
    half = (
        np.sin((here - nearest) / 2) ** 2 + np.cos(here) * np.cos(nearest) * np.sin(np.radians(degrees_east) / 2) ** 2
    )
    return _DIAMETER_KM * np.arcsin(np.sqrt(half))


def warn_far_from_area(card, conditions):
    """Warn of earthquakes far from where a backend was trained: the weights hold the paths and sites of that place."""
    places = [f"source_{name}_deg" for name in ("latitude", "longitude")]
    if card.trained_area_deg is None or not all(name in conditions for name in places):
        return
    far = np.nan_to_num(distance_to_area_km(card.trained_area_deg, *(conditions[name] for name in places)))
    if not len(far) or far.max() <= MARGIN_KM:
        return
    warn_user(
        f"{card.name}: the earthquake is {far.max():.0f} km from where these weights were trained ({area_text(card)}). "
        "Its records have the paths and sites of that area, not its own; train on records of the region, or take "
        'the default backend. outside="allow" silences this.'
    )
