"""Which preset an earthquake gets with ``preset="auto"``: coarse regions on the map."""

from __future__ import annotations

#: preset, region, and its latitudes and longitudes; the first that holds the epicentre counts
REGIONS = (
    ("southern_europe", "southern Europe", (34.0, 47.0), (-10.0, 30.0)),
    ("stable", "eastern North America", (25.0, 62.0), (-100.0, -52.0)),
    ("stable", "northern Europe", (47.0, 72.0), (-11.0, 60.0)),
    ("stable", "Australia", (-45.0, -10.0), (112.0, 155.0)),
    ("stable", "eastern South America", (-35.0, 5.0), (-60.0, -34.0)),
    ("stable", "peninsular India", (7.0, 25.0), (72.0, 88.0)),
    ("stable", "western and southern Africa", (-35.0, 25.0), (-18.0, 25.0)),
)
ELSEWHERE = "active"


def preset_at(latitude_deg: float, longitude_deg: float) -> str:
    """Return the preset of an epicentre: that of the first region that holds it, else "active".

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        NaN gives "active".

    Examples
    --------
    >>> preset_at(43.0, 18.0), preset_at(46.0, -75.0), preset_at(35.7, -117.5), preset_at(float("nan"), 0.0)
    ('southern_europe', 'stable', 'active', 'active')
    """
    east = (longitude_deg + 180.0) % 360.0 - 180.0
    for preset, _, (south, north), (west, last) in REGIONS:
        if south <= latitude_deg < north and west <= east < last:
            return preset
    return ELSEWHERE
