"""Axes of a data set's records: true up, north and east, regardless of the orientation of the channels."""

from dataclasses import replace
from itertools import permutations

import numpy as np

from seissynth.stations.sensors import Sensor

#: azimuth and dip of up, north, east
_ZNE = ((0.0, -90.0), (0.0, 0.0), (90.0, 0.0))
_ALIGNED = 1e-9
_TIE = 1e-9


def is_aligned(sensor):
    """Whether a sensor's three channels point up, north and east, in this order."""
    return bool(np.abs(sensor.direction_matrix() - np.eye(3)).max() < _ALIGNED)


def true_axes(sensor):
    """Rotate a sensor to standard axes: the same instruments, pointing up, north and east.

    Each axis gets the nearest channel (of either sign), with its response; of equals the first in the sensor's order.

    Parameters
    ----------
    sensor : seissynth.stations.sensors.Sensor
        Of three channels that span space.

    Returns
    -------
    Sensor
        `sensor` itself if its axes are already standard.
    """
    if is_aligned(sensor):
        return sensor
    chosen = [sensor.channels[k] for k in nearest_channels(sensor.direction_matrix())]
    return Sensor(
        [
            replace(channel, azimuth_deg=azimuth, dip_deg=dip)
            for channel, (azimuth, dip) in zip(chosen, _ZNE, strict=True)
        ]
    )


def nearest_channels(directions):
    """Number of the channel nearest to up, north and east, each used once; tuple of three int."""
    cosines = np.abs(directions)
    best, best_order = -1.0, (0, 1, 2)
    for order in permutations(range(3)):
        total = sum(cosines[channel, axis] for axis, channel in enumerate(order))
        if total > best + _TIE:
            best, best_order = total, order
    return best_order


def counts_to_zne(sensor):
    """Matrix that converts a sensor's counts to those of its instruments pointing up, north and east.

    Parameters
    ----------
    sensor : seissynth.stations.sensors.Sensor

    Returns
    -------
    ndarray, shape (3, 3)

    Notes
    -----
    Counts are divided by each channel's sensitivity before the rotation, and multiplied by that of the nearest channel
    afterwards. This is exact for responses that differ by a factor; otherwise the difference in shape remains. If a
    sensitivity is unknown all are taken as equal.
    """
    directions = sensor.direction_matrix()
    gains = np.array([_sensitivity(channel) for channel in sensor.channels])
    if not np.all(np.isfinite(gains) & (gains != 0)):
        gains = np.ones(3)
    order = list(nearest_channels(directions))
    return gains[order, None] * np.linalg.inv(directions) / gains[None, :]


def turn(matrix, data):
    """Matrix (3, 3) times record (3, npts), term by term: the same bits everywhere; the type is kept."""
    rows = [sum(float(matrix[k, j]) * data[j].astype(np.float64) for j in range(3)) for k in range(3)]
    return np.stack(rows).astype(data.dtype, copy=False)


def _sensitivity(channel):
    value = getattr(getattr(channel.response, "instrument_sensitivity", None), "value", None)
    return np.nan if value is None else float(value)
