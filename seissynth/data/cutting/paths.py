"""Values from the catalogue for one sensor: distances, predicted onsets, expected amplitudes, picks."""

from dataclasses import dataclass

import numpy as np

from seissynth.data.cutting.measures import expected_amplitude
from seissynth.data.cutting.quiet import shaking_duration_s
from seissynth.events.picks import first_picks
from seissynth.shared.warning import warn_user

#: QuakeML's evaluation mode -> SeisBench's status
_STATUS = {"manual": "manual", "automatic": "automatic"}
#: stations that a warning names
_NAMED = 3


@dataclass
class Table:
    """All earthquakes for one site; arrays of shape (n,), in the order of origin times.

    Times in ns since 1970; `felt_ns` (n, 2) runs from the predicted P until the shaking is over.
    """

    origin_ns: np.ndarray
    p_ns: np.ndarray
    s_ns: np.ndarray
    distance_km: np.ndarray
    hypocentral_km: np.ndarray
    azimuth_deg: np.ndarray
    back_azimuth_deg: np.ndarray
    amplitude: np.ndarray
    felt_ns: np.ndarray
    model: str


def make_table(quakes, sensor, settings, gain):
    """Table of all earthquakes for a sensor."""
    from seissynth.shared.geodesic import distances_and_azimuths
    from seissynth.traveltime.first_arrivals import onsets

    places = np.array([(quake.latitude_deg, quake.longitude_deg) for quake in quakes]).T
    # from the sensor to the earthquakes, so their azimuths are back-azimuths
    metres, back_azimuth, azimuth = distances_and_azimuths(sensor.latitude_deg, sensor.longitude_deg, *places)
    distance = metres / 1000.0
    depth = np.array([quake.depth_km for quake in quakes])
    names = [f"{sensor.network}.{sensor.station}"] * len(distance)
    times = onsets(distance, depth, settings.velocity_model, stations=names)
    origin = np.array([quake.time.ns for quake in quakes], dtype=np.int64)
    hypocentral = np.hypot(distance, depth)
    magnitude = np.array([quake.magnitude for quake in quakes])
    p_ns = origin + np.round(times.p_s * 1e9).astype(np.int64)
    shaking = np.round(shaking_duration_s(magnitude, distance) * 1e9).astype(np.int64)
    return Table(
        origin_ns=origin,
        p_ns=p_ns,
        s_ns=origin + np.round(times.s_s * 1e9).astype(np.int64),
        distance_km=distance,
        hypocentral_km=hypocentral,
        azimuth_deg=azimuth,
        back_azimuth_deg=back_azimuth,
        amplitude=expected_amplitude(magnitude, hypocentral, settings.quantity, settings.magnitude_region, gain),
        felt_ns=np.stack([p_ns, p_ns + shaking], axis=-1),
        model=times.origin,
    )


def read_picks(quakes, inventory):
    """P and S picks of earthquakes at the stations of an inventory, the earliest of each phase.

    Returns
    -------
    list of dict of (NET.STA, "P" or "S") to (int, str)
        Of each earthquake: ns since 1970, and SeisBench's status.

    Warns
    -----
    SeisSynthWarning
        None of the picks is at a station, or some may be at several.
    """
    stations = {f"{network.code}.{station.code}" for network in inventory for station in network}
    found, nowhere, unclear = [], [], []
    for quake in quakes:
        picks, *left = first_picks(quake.event, stations)
        nowhere += left[0]
        unclear += left[1]
        found.append({key: (pick.time.ns, _status(pick)) for key, pick in picks.items()})
    if unclear:
        warn_user(
            f"{len(unclear)} P and S picks of the catalogue are not used, since the inventory has several stations of "
            f"their code: {some_of(unclear)}. Give the picks network codes."
        )
    if nowhere and not any(found):
        warn_user(
            f"none of the catalogue's {len(nowhere) + len(unclear)} P and S picks is at a station of the inventory; "
            f"they name {some_of(nowhere)}, the inventory {some_of(sorted(stations))}."
        )
    return found


def _status(pick):
    return _STATUS.get(str(pick.evaluation_mode or ""), "manual")


def some_of(names):
    """Return the first of some names, and how many more there are, for a message."""
    distinct = list(dict.fromkeys(names))
    return ", ".join(distinct[:_NAMED]) + (f" and {len(distinct) - _NAMED} more" if len(distinct) > _NAMED else "")


def source_columns(quake):
    """SeisBench's columns of an earthquake."""
    return {
        "source_id": quake.key,
        "source_origin_time": str(quake.time),
        "source_latitude_deg": quake.latitude_deg,
        "source_longitude_deg": quake.longitude_deg,
        "source_depth_km": quake.depth_km,
        "source_magnitude": quake.magnitude,
        "source_magnitude_type": quake.magnitude_type,
    }


def station_columns(sensor):
    """SeisBench's columns of a sensor; the letters of the components state which axes were recorded."""
    return {
        "station_network_code": sensor.network,
        "station_code": sensor.station,
        "station_location_code": sensor.location,
        "station_latitude_deg": sensor.latitude_deg,
        "station_longitude_deg": sensor.longitude_deg,
        "station_elevation_m": sensor.elevation_m,
        "station_local_depth_m": sensor.depth_m,
        "trace_channel": sensor.band_instrument,
        "trace_components": "".join(channel.code[-1] for channel in sensor.channels),
    }


def path_columns(table, index):
    """SeisBench's columns of the path from an earthquake to the sensor."""
    return {
        "path_ep_distance_km": float(table.distance_km[index]),
        "path_hyp_distance_km": float(table.hypocentral_km[index]),
        "path_azimuth_deg": float(table.azimuth_deg[index]),
        "path_back_azimuth_deg": float(table.back_azimuth_deg[index]),
        "path_p_travel_s": float(table.p_ns[index] - table.origin_ns[index]) / 1e9,
        "path_s_travel_s": float(table.s_ns[index] - table.origin_ns[index]) / 1e9,
        "path_onset_origin": table.model,
    }
