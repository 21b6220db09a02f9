"""Sensors in operation over time, and their distances."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from obspy import UTCDateTime

from seissynth.conditions import station_columns
from seissynth.data.preparation.arrays import LEAST_SPAN
from seissynth.paths import make_sites
from seissynth.shared.geodesic import distances_and_azimuths
from seissynth.shared.warning import warn_user
from seissynth.stations.channels import choose_sensors
from seissynth.stations.open_sensors import changes_ns
from seissynth.units import EARTH_RADIUS_KM


@dataclass
class Network:
    """Sensors in operation at one time; the arrays have one element per site."""

    sites: list
    latitude_deg: np.ndarray
    longitude_deg: np.ndarray
    columns: dict  # of the stations, one element per site


class Networks:
    """The networks of an inventory over time; each is computed once between two changes.

    Parameters
    ----------
    inventory : obspy Inventory
    channel : str or list of str or None
        As in `seissynth.stations.channels.select_sensors`.
    """

    def __init__(self, inventory, channel):
        self.inventory, self.channel = inventory, channel
        self._changes = changes_ns(inventory)
        self._networks = {}

    def at(self, origin_us):
        """Return the Network at a time (microseconds since 1970); None if no sensor is open."""
        period = bisect_right(self._changes, int(origin_us) * 1000)
        if period not in self._networks:
            self._networks[period] = self._find(UTCDateTime(ns=int(origin_us) * 1000))
        return self._networks[period]

    def _find(self, time):
        sensors, notes = choose_sensors(self.inventory, time, self.channel)
        notes = [note for note in notes if "do not span three axes" not in note]  # left out below, and named
        for note in notes:
            warn_user(note)
        if not sensors:
            asked = "" if self.channel is None else f" and channel={self.channel!r}"
            warn_user(f"events about {time} are left out: no sensor is open then{asked}.")
            return None
        short = [sensor.id for sensor in sensors if len(sensor.channels) != 3]
        if short:
            warn_user(
                f"a data set's records have three components; {len(short)} sensors that have not are left out: "
                f"{', '.join(short[:5])}."
            )
        whole = [sensor for sensor in sensors if len(sensor.channels) == 3]
        flat = [sensor for sensor in whole if not _spans(sensor)]
        if flat:
            warn_user(
                f"a data set's records hold Z, N and E; {len(flat)} sensors whose axes do not span space are left out: "
                f"{', '.join(sensor.id for sensor in flat[:5])}."
            )
        sites = make_sites([sensor for sensor in whole if _spans(sensor)])
        if not sites:
            return None
        columns = station_columns(sites)
        return Network(sites, columns["station_latitude_deg"], columns["station_longitude_deg"], columns)


def _spans(sensor):
    return np.linalg.svd(sensor.direction_matrix(), compute_uv=False)[-1] >= LEAST_SPAN


def geodesics(place, latitude, longitude):
    """Distance (km), azimuth, back-azimuth; ndarray, shape (n, 3)."""
    return np.column_stack(distances_and_azimuths(*place, latitude, longitude)) / np.array([1000.0, 1.0, 1.0])


def sphere_km(latitude, longitude, latitudes, longitudes):
    """Distances of one point to others along a sphere, km; coordinates in degrees."""
    a, b = np.radians(latitude), np.radians(latitudes)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(longitudes - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
