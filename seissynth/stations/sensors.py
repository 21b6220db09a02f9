"""Channels, sensors (the channels of one instrument) and sites (locations of sensors)."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from seissynth.errors import InputError

#: sensors of one station that are this close share a site
SAME_PLACE_DEG = 1e-5
SAME_DEPTH_M = 1.0


@dataclass
class Channel:
    """One channel at a given time.

    Parameters
    ----------
    network, station, location, code : str
        SEED codes; `code` has three letters, such as HHZ.
    latitude_deg, longitude_deg : float
        WGS84.
    elevation_m, depth_m : float
        Elevation of the surface above sea level; depth of the sensor below the surface. 0 if unknown.
    azimuth_deg, dip_deg : float
        Of positive motion: clockwise from north; down from horizontal (SEED: -90 is up).
    sampling_rate_hz : float
    response : obspy.core.inventory.Response or None
    synthetic : bool
        Synthetic, for a station without channels.
    """

    network: str
    station: str
    location: str
    code: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    depth_m: float
    azimuth_deg: float
    dip_deg: float
    sampling_rate_hz: float
    response: Any = None
    synthetic: bool = False

    @property
    def id(self):
        """NET.STA.LOC.CHA."""
        return f"{self.network}.{self.station}.{self.location}.{self.code}"

    @property
    def direction(self):
        """Unit vector of positive motion, ndarray, shape (3,), over (Z up, N, E)."""
        return np.array(_direction(self.azimuth_deg, self.dip_deg))


@lru_cache(maxsize=256)
def _direction(azimuth_deg, dip_deg):
    azimuth, dip = math.radians(azimuth_deg), math.radians(dip_deg)
    return -math.sin(dip), math.cos(dip) * math.cos(azimuth), math.cos(dip) * math.sin(azimuth)


@dataclass
class Sensor:
    """The channels of one instrument: one band and instrument code, location code, position and sampling rate.

    Parameters
    ----------
    channels : list of Channel
        One or more; Z first, then N or 1, E or 2, then others.

    Examples
    --------
    >>> import obspy
    >>> from seissynth.stations.channels import select_sensors
    >>> sensor = select_sensors(obspy.read_inventory(), "2010-01-01")[0]
    >>> sensor.id, [channel.code for channel in sensor.channels]
    ('GR.FUR..HH', ['HHZ', 'HHN', 'HHE'])
    >>> (sensor.direction_matrix() + 0.0).round(12)
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """

    channels: list

    def __post_init__(self):
        if not self.channels:
            raise InputError("A sensor needs at least one channel.")

    @property
    def network(self):
        """Network code."""
        return self.channels[0].network

    @property
    def station(self):
        """Station code."""
        return self.channels[0].station

    @property
    def location(self):
        """Location code."""
        return self.channels[0].location

    @property
    def band_instrument(self):
        """First two letters of the channel codes, such as HH."""
        return self.channels[0].code[:2]

    @property
    def id(self):
        """NET.STA.LOC and the band and instrument code, such as GR.FUR..HH."""
        return self.channels[0].id[: -len(self.channels[0].code)] + self.band_instrument

    @property
    def latitude_deg(self):
        """Latitude of the first channel."""
        return self.channels[0].latitude_deg

    @property
    def longitude_deg(self):
        """Longitude of the first channel."""
        return self.channels[0].longitude_deg

    @property
    def elevation_m(self):
        """Elevation of the first channel."""
        return self.channels[0].elevation_m

    @property
    def depth_m(self):
        """Depth of the first channel below the surface."""
        return self.channels[0].depth_m

    @property
    def sampling_rate_hz(self):
        """Sampling rate, the same for all channels."""
        return self.channels[0].sampling_rate_hz

    @property
    def synthetic(self):
        """Whether the channels are synthetic, for a station without any."""
        return self.channels[0].synthetic

    def direction_matrix(self):
        """Return the unit vectors of positive motion, ndarray, shape (n_channels, 3), over (Z up, N, E).

        Multiply motion (3, npts) in that order by this matrix from the left to get the motion along the channels.
        """
        return np.array(self.directions())

    def directions(self):
        """Return the rows of `direction_matrix` as tuples."""
        return tuple(_direction(channel.azimuth_deg, channel.dip_deg) for channel in self.channels)


def group_sites(sensors):
    """Group sensors by location.

    Parameters
    ----------
    sensors : sequence of Sensor

    Returns
    -------
    list of list of Sensor
        One list per site: sensors of one NET.STA within 1e-5 degree and 1 m of depth. Order is kept.

    Examples
    --------
    >>> import obspy
    >>> from seissynth.stations.channels import group_sites, select_sensors
    >>> sensors = select_sensors(obspy.read_inventory(), "2010-01-01", channel="*")
    >>> [[sensor.id for sensor in site] for site in group_sites(sensors)][0]
    ['GR.FUR..HH', 'GR.FUR..BH', 'GR.FUR..LH', 'GR.FUR..VH']
    """
    stations, sites = {}, []
    for sensor in sensors:
        mine = stations.setdefault((sensor.network, sensor.station), [])
        site = next((site for site in mine if same_place(site[0], sensor)), None)
        if site is None:
            site = []
            mine.append(site)
            sites.append(site)
        site.append(sensor)
    return sites


def same_place(one, other):
    """Whether two sensors or channels are at the same site."""
    turn = abs(one.longitude_deg - other.longitude_deg) % 360  # 180 and -180 are one meridian
    nearby = SAME_PLACE_DEG * (1 + 1e-6)  # 1e-5 in decimal digits is a little more in binary ones
    return (
        abs(one.latitude_deg - other.latitude_deg) <= nearby
        and min(turn, 360 - turn) <= nearby
        and abs(one.depth_m - other.depth_m) <= SAME_DEPTH_M
    )
