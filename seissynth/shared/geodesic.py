"""Distances and azimuths on the ellipsoid for many places at once."""

import numpy as np

#: WGS84
_RADIUS_M, _FLATTENING = 6378137.0, 1 / 298.257223563
_MOST_ROUNDS, _ENOUGH_RAD = 20, 1e-12


def distances_and_azimuths(latitude_deg, longitude_deg, latitudes_deg, longitudes_deg):
    """Geodesics of WGS84 from one place to others, as ObsPy's ``gps2dist_azimuth`` gives them one by one.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
    latitudes_deg, longitudes_deg : array_like, shape (n,)

    Returns
    -------
    metres, azimuth_deg, back_azimuth_deg : ndarray, shape (n,)
        Azimuths from north over east, 0 to 360: there seen from here, here seen from there.

    Notes
    -----
    Vincenty (1975, Survey Review 23, 88-93), within 0.1 mm; poles, the place itself and places nearly opposite, where
    it does not converge, are left to ObsPy.

    Examples
    --------
    >>> [round(float(x[0]), 3) for x in distances_and_azimuths(0.0, 0.0, [0.0], [1.0])]
    [111319.491, 90.0, 270.0]
    """
    latitudes, longitudes = (np.atleast_1d(np.asarray(x, dtype=float)) for x in (latitudes_deg, longitudes_deg))
    minor = _RADIUS_M * (1 - _FLATTENING)
    reduced_1, reduced_2 = (np.arctan((1 - _FLATTENING) * np.tan(np.radians(x))) for x in (latitude_deg, latitudes))
    sin_1, cos_1, sin_2, cos_2 = np.sin(reduced_1), np.cos(reduced_1), np.sin(reduced_2), np.cos(reduced_2)
    apart = np.radians((longitudes - longitude_deg + 180.0) % 360.0 - 180.0)
    turn, change = apart.copy(), np.full(apart.shape, np.inf)
    with np.errstate(all="ignore"):
        for _ in range(_MOST_ROUNDS):
            sine, cosine = np.sin(turn), np.cos(turn)
            across, along = cos_2 * sine, cos_1 * sin_2 - sin_1 * cos_2 * cosine
            sin_arc, cos_arc = np.hypot(across, along), sin_1 * sin_2 + cos_1 * cos_2 * cosine
            arc = np.arctan2(sin_arc, cos_arc)
            sin_a = cos_1 * cos_2 * sine / sin_arc
            cos2_a = 1 - sin_a**2
            middle = np.where(cos2_a > 0, cos_arc - 2 * sin_1 * sin_2 / cos2_a, 0.0)
            c = _FLATTENING / 16 * cos2_a * (4 + _FLATTENING * (4 - 3 * cos2_a))
            inner = middle + c * cos_arc * (2 * middle**2 - 1)
            new = apart + (1 - c) * _FLATTENING * sin_a * (arc + c * sin_arc * inner)
            change, turn = np.abs(new - turn), new
            if not (change > _ENOUGH_RAD).any():
                break
        u2 = cos2_a * (_RADIUS_M**2 - minor**2) / minor**2
        a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
        b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
        third = b / 6 * middle * (4 * sin_arc**2 - 3) * (4 * middle**2 - 3)
        less = b * sin_arc * (middle + b / 4 * (cos_arc * (2 * middle**2 - 1) - third))
        metres = minor * a * (arc - less)
        azimuth = np.degrees(np.arctan2(across, along)) % 360.0
        back = np.degrees(np.arctan2(-cos_1 * sine, cos_2 * sin_1 - sin_2 * cos_1 * cosine)) % 360.0
    at_pole = np.minimum(cos_1, cos_2) < _ENOUGH_RAD
    left = np.flatnonzero(~((change <= _ENOUGH_RAD) & np.isfinite(metres)) | at_pole)
    if len(left):
        from obspy.geodetics import gps2dist_azimuth  # most calls do without

    for i in left:
        metres[i], azimuth[i], back[i] = gps2dist_azimuth(
            latitude_deg, longitude_deg, float(latitudes[i]), float(longitudes[i])
        )
    return metres, azimuth, back
