"""Paths: sites that record an earthquake, their distances and azimuths, and arrival times."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.events.earthquakes import Earthquake
from seissynth.events.picks import first_picks
from seissynth.seeding import station_key
from seissynth.shared.geodesic import distances_and_azimuths
from seissynth.shared.warning import warn_user
from seissynth.stations.channels import group_sites, select_sensors
from seissynth.traveltime.first_arrivals import onsets as find_onsets

ONSET_SOURCES = ("model", "picks")


@dataclass
class Site:
    """A location with its sensors.

    Parameters
    ----------
    key : str
        Key of the seeds: NET.STA, with coordinates if sensors of one station are at separate locations.
    sensors : list of seissynth.stations.channels.Sensor
    """

    key: str
    sensors: list

    @property
    def name(self):
        """NET.STA."""
        return f"{self.sensors[0].network}.{self.sensors[0].station}"

    @property
    def channel_count(self):
        """Channels of all its sensors."""
        return sum(len(sensor.channels) for sensor in self.sensors)


@dataclass
class Paths:
    """One earthquake and its sites; the arrays have one element per site.

    Parameters
    ----------
    earthquake : Earthquake
    sites : list of Site
    distance_km, azimuth_deg, back_azimuth_deg : ndarray, shape (n,)
        Epicentral distance along the WGS84 geodesic; azimuths at the epicentre and at the site.
    onsets : seissynth.traveltime.Onsets
    onset_origin : list of str, length n
        Name of the velocity model, or "picks".
    velocity_model : str, LayeredModel, sequence of layers, TauPyModel or StationDelays
        Model of the onsets.
    """

    earthquake: Earthquake
    sites: list
    distance_km: np.ndarray
    azimuth_deg: np.ndarray
    back_azimuth_deg: np.ndarray
    onsets: object
    onset_origin: list
    velocity_model: object

    def __len__(self):
        return len(self.sites)

    def select(self, rows):
        """Return the paths to some of the sites; `rows` is an index array."""
        times = {
            name: values[rows] if isinstance(values, np.ndarray) else values
            for name, values in vars(self.onsets).items()
        }
        return Paths(
            self.earthquake,
            [self.sites[row] for row in rows],
            self.distance_km[rows],
            self.azimuth_deg[rows],
            self.back_azimuth_deg[rows],
            self.onsets.__class__(**times),
            [self.onset_origin[row] for row in rows],
            self.velocity_model,
        )


def find_paths(inventory, earthquake, *, channel=None, velocity_model="iasp91", onsets="model", sensors=None):
    """Find the sites that record at origin time, and the path to each.

    Parameters
    ----------
    inventory : obspy Inventory
    earthquake : Earthquake
    channel : str or list of str, optional
        See `seissynth.stations.channels.select_sensors`.
    velocity_model : str, LayeredModel, sequence of layers, TauPyModel or StationDelays
        See `seissynth.traveltime.onsets`. Travel times are those of a sphere of radius 6371 km at the
        WGS84 distance; the two geometries differ by up to 0.07 s.
    onsets : {"model", "picks"}
        With "picks" the event's P and S picks, if any, replace the model's onsets.
    sensors : list of seissynth.stations.sensors.Sensor, optional
        Instead of those in the inventory that are open at origin time.

    Returns
    -------
    Paths
    """
    if onsets not in ONSET_SOURCES:
        raise InputError(f"onsets={onsets!r} must be one of {ONSET_SOURCES}.")
    sites = make_sites(select_sensors(inventory, earthquake.time, channel) if sensors is None else sensors)
    firsts = [site.sensors[0] for site in sites]
    distance, azimuth, back = distances_and_azimuths(
        earthquake.latitude_deg,
        earthquake.longitude_deg,
        *np.array([(x.latitude_deg, x.longitude_deg) for x in firsts]).T,
    )
    distance = distance / 1000.0
    depths = np.full(len(sites), earthquake.depth_km)
    times = find_onsets(distance, depths, velocity_model, stations=[site.name for site in sites])
    paths = Paths(earthquake, sites, distance, azimuth, back, times, [times.origin] * len(sites), velocity_model)
    if onsets == "picks":
        _impose_picks(paths)
    return paths


def make_sites(sensors):
    """Group sensors by location; list of Site, in the order of the sensors."""
    groups = group_sites(sensors)
    names = [f"{group[0].network}.{group[0].station}" for group in groups]
    sites_of = Counter(names)
    sites = []
    for name, group in zip(names, groups, strict=True):
        first = group[0]
        place = (first.latitude_deg, first.longitude_deg, first.depth_m) if sites_of[name] > 1 else ()
        sites.append(Site(station_key(first.network, first.station, *place), group))
    return sites


def _impose_picks(paths):
    """Replace onsets by the event's picks; where only P is picked, the model's S - P is kept."""
    times = paths.onsets
    changed = {name: getattr(times, name).copy() for name in ("p_s", "s_s", "p_direct_s", "s_direct_s")}
    picked = picks_at_sites(paths.earthquake, paths.sites)
    count = 0
    for i, site in enumerate(paths.sites):
        p, s = picked.get((site.name, "P")), picked.get((site.name, "S"))
        if p is None and s is None:
            continue
        shift_p = p - times.p_s[i] if p is not None else 0.0
        shift_s = s - times.s_s[i] if s is not None else shift_p
        for name, shift in (("p_s", shift_p), ("p_direct_s", shift_p), ("s_s", shift_s), ("s_direct_s", shift_s)):
            changed[name][i] += shift
        if not 0 <= changed["p_s"][i] < changed["s_s"][i]:
            raise InputError(
                f"event {paths.earthquake.id}, station {site.name}: the picks give P {changed['p_s'][i]:.2f} s and S "
                f"{changed['s_s'][i]:.2f} s after origin; P must come first and not before the origin. Correct the "
                "picks, or pass onsets='model'."
            )
        paths.onset_origin[i] = "picks"
        count += 1
    if not count:
        warn_user(f"event {paths.earthquake.id} has no P or S picks at these stations; the model's onsets are used.")
    paths.onsets = times.__class__(**{**vars(times), **changed})


def picks_at_sites(earthquake, sites):
    """Return the first P and S pick of an earthquake at each station.

    Catalogues often name another network than the inventory, or none: a pick is then that of the only site whose
    station has its code.

    Parameters
    ----------
    earthquake : Earthquake
    sites : list of Site

    Returns
    -------
    dict of (NET.STA, "P" or "S") to float
        Seconds after origin; names of the sites.
    """
    found, _, _ = first_picks(earthquake.event, {site.name for site in sites})
    return {key: pick.time - earthquake.time for key, pick in found.items()}
