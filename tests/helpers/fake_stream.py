"""Made-up synthetic records with the complete stats.seissynth, for tests that need no generator."""

import json

import numpy as np
from obspy import Stream, Trace
from obspy.core.util import AttribDict
from obspy.geodetics import gps2dist_azimuth

from seissynth.schema import COLUMNS, empty_value
from seissynth.seeding import event_key, generator

UNITS = {"velocity": "m/s", "counts": "counts", "acceleration": "m/s**2"}


def fake_stream(inventory, event, *, realization=0, seed=7, quantity="velocity", npts=3000, rate=50.0, arguments=None):
    """P and S pulses with coda over noise at every three-component sensor of an inventory.

    One sensor per station: that of its first channel. Depth and distance give straight-ray onsets.
    """
    origin = event.preferred_origin() or event.origins[0]
    magnitude = (event.preferred_magnitude() or event.magnitudes[0]).mag
    stream, done = Stream(), set()
    for network in inventory:
        for station in network:
            if (network.code, station.code) in done or not station.channels:
                continue
            done.add((network.code, station.code))
            first = station.channels[0]
            sensor = [c for c in station if (c.code[:2], c.location_code) == (first.code[:2], first.location_code)]
            conditions = _conditions(network, station, origin, magnitude)
            used = set()
            for number, channel in enumerate(sensor):
                if channel.code in used:
                    continue
                used.add(channel.code)
                trace = _trace(
                    network,
                    station,
                    channel,
                    origin=origin,
                    conditions=conditions,
                    seed=seed + 1000 * realization + number,
                    npts=npts,
                    rate=rate,
                    quantity=quantity,
                )
                trace.stats.seissynth = AttribDict(
                    backend="fake",
                    version="1.2.3",
                    weights_hash="",
                    seed=seed,
                    realization=realization,
                    event_key=event_key(origin.time, origin.latitude, origin.longitude, origin.depth or 0.0),
                    event_id=event.resource_id.id,
                    origin_time=origin.time,
                    p_s=conditions["path_p_travel_s"],
                    s_s=conditions["path_s_travel_s"] if number < 2 else float("nan"),
                    conditions=AttribDict(conditions),
                    truth=AttribDict(corner_frequency_hz=1.0 / 3.0, stress_drop_mpa=float("inf"), kappa_s=0.035),
                    quantity=quantity,
                    unit=UNITS[quantity],
                    low_cut_hz=None,
                    arguments=arguments or json.dumps({"backend": "fake", "seed": seed, "realization": None}),
                )
                stream.append(trace)
    return stream


def _conditions(network, station, origin, magnitude):
    row = {name: empty_value(name) for name in COLUMNS}
    metres, azimuth, back_azimuth = gps2dist_azimuth(
        origin.latitude, origin.longitude, station.latitude, station.longitude
    )
    depth_km = (origin.depth or 0.0) / 1000.0
    epicentral = min(metres / 1000.0, 150.0)  # the bundled events are far away; keep the records short
    hypocentral = float(np.hypot(epicentral, depth_km))
    row.update(
        source_latitude_deg=float(origin.latitude),
        source_longitude_deg=float(origin.longitude),
        source_depth_km=depth_km,
        source_magnitude=float(magnitude),
        source_magnitude_type="ML",
        station_network_code=network.code,
        station_code=station.code,
        station_latitude_deg=float(station.latitude),
        station_longitude_deg=float(station.longitude),
        station_elevation_m=float(station.elevation),
        path_ep_distance_km=epicentral,
        path_hyp_distance_km=hypocentral,
        path_azimuth_deg=azimuth,
        path_back_azimuth_deg=back_azimuth,
        path_p_travel_s=hypocentral / 6.0,
        path_s_travel_s=hypocentral / 3.46,
    )
    return row


def _trace(network, station, channel, *, origin, conditions, seed, npts, rate, quantity):
    # a start off the sample grid, good to the nanosecond
    start = origin.time + conditions["path_p_travel_s"] - 10.0 + 1.23456789e-4
    seconds = (start - origin.time) + np.arange(npts) / rate
    rng = generator(seed, abs(hash_name(network.code, station.code)))
    wave = rng.standard_normal(npts) * 0.01
    for onset, size, decay in ((conditions["path_p_travel_s"], 0.3, 3.0), (conditions["path_s_travel_s"], 1.0, 6.0)):
        lag = np.clip(seconds - onset, 0.0, None)
        wave += size * rng.standard_normal(npts) * lag * np.exp(-lag / decay)
    data = (wave * 1e-4).astype("float32") if quantity != "counts" else (wave * 1e5).astype("int32")
    header = {
        "network": network.code,
        "station": station.code,
        "location": channel.location_code,
        "channel": channel.code,
        "sampling_rate": rate,
        "starttime": start,
    }
    return Trace(data, header)


def hash_name(*words):
    """Small number from words, equal in every process."""
    return sum(ord(letter) * 31**place for place, letter in enumerate("".join(words))) % 2**31
