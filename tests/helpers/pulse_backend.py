"""A backend whose intensity measures are known in closed form, and flat files made with them."""

import numpy as np

from seissynth.backends.base import Backend, Card
from seissynth.records import Records

FREQUENCY_HZ, SWING_S = 2.0, 4.0
#: over the peak of the one horizontal that moves: half of the directions see more than cos 45°
ROTD50 = np.sqrt(0.5)
HEAD = (
    "EarthquakeId,EarthquakeLatitude,EarthquakeLongitude,EarthquakeDepth,EarthquakeMagnitude,EarthquakeMagnitudeType,"
    "Network,StationCode,StationLatitude,StationLongitude,JoynerBooreDistance,Vs30_mps_CA_map,Highpass,Lowpass,PGA,PGV"
)


def peak(magnitude, hypocentral_km):
    """Peak acceleration, m/s²."""
    return np.exp(magnitude - 5.0) * 10.0 / np.asarray(hypocentral_km)


class Pulse(Backend):
    """Swings of 2 Hz for 4 s after S on one horizontal and, at 0.6 of it, on Z."""

    card = Card(
        "pulse", "Swings of known size", "acceleration", "ZNE", magnitude_range=(0, 9), distance_range_km=(0, 500),
        distance_kind="hypocentral",
    )  # fmt: skip

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        """Make one record per row."""
        size = peak(conditions["source_magnitude"], conditions["path_hyp_distance_km"]).to_numpy()
        times = (
            start_s[:, None] + np.arange(npts) / sampling_rate_hz - conditions["path_s_travel_s"].to_numpy()[:, None]
        )
        swing = np.sin(2 * np.pi * FREQUENCY_HZ * times) * ((times >= 0) & (times < SWING_S)) * size[:, None]
        data = np.stack([0.6 * swing, swing, 0 * swing], axis=1).astype("float32")
        return Records(data, start_s=start_s)


def flat_file(path, events=30, stations=20, bias=0.0, tau=0.0, s2s=0.0, rest=0.0, seed=0, corners=("", "")):
    """Write a flat file of the pulses times exp(bias + terms), in USGS columns; the terms' true values come back."""
    from obspy.geodetics import gps2dist_azimuth

    rng = np.random.default_rng(seed)
    of_event, of_station = tau * rng.normal(size=events), s2s * rng.normal(size=stations)
    places = np.column_stack([35.0 + rng.uniform(-1, 1, stations), -117.0 + rng.uniform(-1, 1, stations)])
    lines = [HEAD]
    for k in range(events):
        magnitude, depth = 4.0 + 2.0 * k / events, 5.0 + k % 7
        for n in range(stations):
            distance = gps2dist_azimuth(35.0, -117.0, *places[n])[0] / 1000
            size = peak(magnitude, np.hypot(distance, depth)) * np.exp(
                bias + of_event[k] + of_station[n] + rest * rng.normal()
            )
            pga = 100 * ROTD50 * size / 9.80665
            # of a sine that starts at 0 the velocity is one-sided: its peak is twice the amplitude
            pgv = 100 * ROTD50 * size * 2 / (2 * np.pi * FREQUENCY_HZ)
            lines.append(
                f"e{k},35.0,-117.0,{depth},{magnitude},mw,XX,S{n},{places[n][0]},{places[n][1]},{distance},"
                f"{300 + 20 * n},{corners[0]},{corners[1]},{pga},{pgv}"
            )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
