"""Examples for the conformance kit: a complete conditions table, and a small backend that passes."""

import numpy as np

from seissynth.backends.base import Backend, Card
from seissynth.schema import COLUMNS, MOMENT_TENSOR_COLUMNS, PLACE_COLUMNS
from seissynth.seeding import event_key, generator, hash_words, station_key

#: velocities of the half-space that example tables are made in, km/s
P_VELOCITY_KM_S = 6.0
S_VELOCITY_KM_S = 3.46

_EARTH_RADIUS_KM = 6371.0
_ORIGIN_S = 1_600_000_000  # of the first example event, seconds after 1970
_PLACE_DEG = (45.0, 7.0)
#: of made-up source records: time before origin and after all onsets, and decay of their waves, s
_AROUND_S, _DECAY_S = 60.0, 8.0


class _Time:
    """The part of an ObsPy time that `event_key` needs."""

    def __init__(self, seconds):
        self.ns = seconds * 10**9


def example_conditions(card, n=4):
    """Make a complete conditions table inside a card's ranges.

    Parameters
    ----------
    card : seissynth.backends.base.Card
        Card with the ranges of magnitude, distance and depth.
    n : int
        Number of rows, at least 1; the first half belongs to one event, the rest to another, each row to its own
        station.

    Returns
    -------
    pandas.DataFrame
        All columns of `seissynth.schema` except the rupture distance filled, consistently: straight rays in
        a half-space of 6 and 3.46 km/s, on a spherical earth.

    Examples
    --------
    >>> from seissynth.testing import Ricker, example_conditions
    >>> example_conditions(Ricker.card, n=2)["path_hyp_distance_km"].round(1).tolist()
    [10.4, 100.0]
    """
    import pandas as pd

    event = np.arange(n) * 2 // max(n, 2)
    depth_km, magnitude = _within(card.depth_range_km, 3, 8, 12, event), _within(card.magnitude_range, 3, 4, 6, event)
    epicentral_km, hypocentral_km = _distances(card, depth_km)
    azimuth_deg = (20.0 + 77.0 * np.arange(n)) % 360
    place_deg = _PLACE_DEG if card.trained_area_deg is None else _middle(card.trained_area_deg)
    latitude_deg, longitude_deg, back_azimuth_deg = _travel(*place_deg, azimuth_deg, epicentral_km)
    strike, dip, rake = 30.0 + 100 * event, 60.0 - 10 * event, -90.0 + 150 * event
    # a straight ray leaves upwards: 180 degrees is vertical
    takeoff_deg = 180 - np.degrees(np.arctan2(epicentral_km, depth_km))
    sine = epicentral_km / hypocentral_km
    origin_s = _ORIGIN_S + 86_400 * event
    table = {
        "source_id": [
            event_key(_Time(int(second)), *_PLACE_DEG, 1000 * depth)
            for second, depth in zip(origin_s, depth_km, strict=True)
        ],
        "source_origin_time": [f"{np.datetime64(int(second), 's')}.000000Z" for second in origin_s],
        "source_latitude_deg": np.full(n, place_deg[0]),
        "source_longitude_deg": np.full(n, place_deg[1]),
        "source_depth_km": depth_km,
        "source_magnitude": magnitude,
        "source_magnitude_type": ["Mw"] * n,
        "source_strike_deg": strike,
        "source_dip_deg": dip,
        "source_rake_deg": rake,
        **dict(zip(MOMENT_TENSOR_COLUMNS, double_couple(strike, dip, rake), strict=True)),
        "station_network_code": ["XX"] * n,
        "station_code": [f"S{row:03d}" for row in range(n)],
        "station_id": [station_key("XX", f"S{row:03d}") for row in range(n)],
        "station_latitude_deg": latitude_deg,
        "station_longitude_deg": longitude_deg,
        "station_elevation_m": np.zeros(n),
        "station_local_depth_m": np.zeros(n),
        "station_vs_30_mps": 300.0 + 100 * (np.arange(n) % 5),
        "station_kappa_s": 0.02 + 0.01 * (np.arange(n) % 3),
        "station_z1_km": 0.1 + 0.2 * (np.arange(n) % 4),
        "station_layers": [""] * n,
        "station_terms": ["1 0.2; 10 -0.2" if row % 2 else "" for row in range(n)],
        "path_ep_distance_km": epicentral_km,
        "path_hyp_distance_km": hypocentral_km,
        "path_rup_distance_km": np.full(n, np.nan),
        "path_azimuth_deg": azimuth_deg,
        "path_back_azimuth_deg": back_azimuth_deg,
        "path_p_travel_s": hypocentral_km / P_VELOCITY_KM_S,
        "path_s_travel_s": hypocentral_km / S_VELOCITY_KM_S,
        "path_p_direct_travel_s": hypocentral_km / P_VELOCITY_KM_S,
        "path_s_direct_travel_s": hypocentral_km / S_VELOCITY_KM_S,
        "path_p_takeoff_deg": takeoff_deg,
        "path_p_direct_takeoff_deg": takeoff_deg,
        "path_s_direct_takeoff_deg": takeoff_deg,
        "path_p_ray_parameter_s_km": sine / P_VELOCITY_KM_S,
        "path_s_ray_parameter_s_km": sine / S_VELOCITY_KM_S,
        "path_onset_origin": ["half-space"] * n,
    }
    return pd.DataFrame({name: table[name] for name in COLUMNS})


def example_source(trial):
    """Make source records for a backend that can use them: made up, one for each row, and a pool of the same.

    Parameters
    ----------
    trial : seissynth.testing.trial.Trial

    Returns
    -------
    Records
        Of the trial's rows.
    """
    from seissynth.records import Records

    table = trial.conditions
    made = made_up_source(trial.card, table, trial.rate_hz)
    truth = {"sensor": table["station_id"].to_numpy(str, copy=True)}
    truth |= {name: table[name].to_numpy(float, copy=True) for name in PLACE_COLUMNS}

    def records(pool=None):
        times = {name: getattr(made, name).copy() for name in ("start_s", "p_s", "s_s")}
        return Records(made.data.copy(), **times, truth={key: value.copy() for key, value in truth.items()}, pool=pool)

    return records(pool=records())


def made_up_source(card, conditions, rate_hz):
    """Make source records of noise that grows at P and at S, for a backend that cannot do without any.

    Parameters
    ----------
    card : seissynth.backends.base.Card
    conditions : DataFrame
    rate_hz : float

    Returns
    -------
    Records
        One for each row, from 60 s before origin to 60 s and the card's longest record after P; those of an earthquake
        at a station are always the same.
    """
    from seissynth.records import Records

    onsets = conditions[["path_p_travel_s", "path_s_travel_s"]].to_numpy(float)
    lasts_s = _AROUND_S + np.nanmax(onsets, initial=0.0) + (card.max_duration_s or 0.0) + _AROUND_S
    time = np.arange(round(lasts_s * rate_hz)) / rate_hz - _AROUND_S
    data = np.empty((len(conditions), 3, len(time)), np.float32)
    for row, (event, station) in enumerate(zip(conditions["source_id"], conditions["station_id"], strict=True)):
        # one generator for each component, which makes a longer record begin as a shorter one does
        key = hash_words("made-up source", str(event), str(station))
        noise = np.stack([generator(key, number).standard_normal(len(time)) for number in range(3)])
        level = np.full(len(time), 0.01)
        for onset in onsets[row]:
            after = np.maximum(time - onset, 0.0)
            level += np.where(time >= onset, np.exp(-after / _DECAY_S), 0.0)
        data[row] = level * noise
    start_s = np.full(len(conditions), -_AROUND_S)
    return Records(data, start_s=start_s, p_s=onsets[:, 0].copy(), s_s=onsets[:, 1].copy())


def double_couple(strike_deg, dip_deg, rake_deg):
    """Moment tensor of unit scalar moment, rows rr, tt, pp, rt, rp, tp (r up, t south, p east).

    Formulas of Aki and Richards (2002), box 4.4, with their x (north) = -t, y (east) = p, z (down) = -r.
    """
    strike, dip, rake = np.radians(strike_deg), np.radians(dip_deg), np.radians(rake_deg)
    sin, cos = np.sin, np.cos
    along = sin(dip) * cos(rake)
    up = sin(2 * dip) * sin(rake)
    xx = -along * sin(2 * strike) - up * sin(strike) ** 2
    xy = along * cos(2 * strike) + up * sin(2 * strike) / 2
    xz = -cos(dip) * cos(rake) * cos(strike) - cos(2 * dip) * sin(rake) * sin(strike)
    yy = along * sin(2 * strike) - up * cos(strike) ** 2
    yz = -cos(dip) * cos(rake) * sin(strike) + cos(2 * dip) * sin(rake) * cos(strike)
    return np.stack([up, xx, yy, xz, -yz, -xy])


def _within(limits, low, usual_low, usual_high, step):
    """Two values, one per event, inside `limits` and if possible between the usual ones."""
    if limits is None:
        limits = (low, np.inf)
    first = min(max(usual_low, limits[0]), limits[1])
    second = min(max(usual_high, limits[0]), limits[1])
    return np.where(step == 0, float(first), float(second))


def _middle(area_deg):
    """Latitude and longitude of the middle of an area."""
    south, north, west, east = area_deg
    return (south + north) / 2, west + (east - west) % 360 / 2


def _distances(card, depth_km):
    """Epicentral and hypocentral distances, spread over the range that the card and the depths allow."""
    low, high = card.distance_range_km or (0.0, 100.0)
    high = min(high, 1000.0)
    share = np.linspace(0, 1, len(depth_km)) if len(depth_km) > 1 else np.array([0.5])
    if card.distance_kind == "epicentral":
        low = min(max(low, 3.0), high)
        epicentral = low + share * (high - low)
        return epicentral, np.hypot(epicentral, depth_km)
    nearest = np.minimum(np.maximum(low, 1.3 * depth_km), high)
    hypocentral = nearest + share * (high - nearest)
    return np.sqrt(np.maximum(hypocentral**2 - depth_km**2, 0.0)), hypocentral


def _travel(latitude_deg, longitude_deg, azimuth_deg, distance_km):
    """Destination along great circles, and the back-azimuth."""
    lat, lon, azimuth = np.radians(latitude_deg), np.radians(longitude_deg), np.radians(azimuth_deg)
    angle = distance_km / _EARTH_RADIUS_KM
    sine = np.sin(lat) * np.cos(angle) + np.cos(lat) * np.sin(angle) * np.cos(azimuth)
    there = np.arcsin(sine)
    shift = np.arctan2(np.sin(azimuth) * np.sin(angle) * np.cos(lat), np.cos(angle) - np.sin(lat) * sine)
    back = np.arctan2(
        -np.sin(shift) * np.cos(lat), np.cos(there) * np.sin(lat) - np.sin(there) * np.cos(lat) * np.cos(shift)
    )
    return np.degrees(there), np.degrees(lon + shift), np.degrees(back) % 360


class Ricker(Backend):
    """Ricker wavelets at P and S, and a little noise: the kit's example, not a realistic model.

    Parameters
    ----------
    frequency_hz : float
        Peak frequency of the wavelet, above 0.
    """

    card = Card(
        name="ricker",
        summary="Ricker wavelets at P and S (example)",
        quantity="velocity",
        component_order="ZNE",
        magnitude_range=(0.0, 8.0),
        distance_range_km=(0.0, 100.0),
        depth_range_km=(0.0, 30.0),
        required_columns=("source_magnitude", "path_hyp_distance_km", "path_p_travel_s", "path_s_travel_s"),
        capabilities=frozenset({"onsets", "truth", "ensemble"}),
    )

    def __init__(self, *, frequency_hz=2.0, **common):
        super().__init__(**common)
        self.frequency_hz = frequency_hz

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):  # noqa: ARG002 (as Backend)
        """Make the records; see `seissynth.backends.base.Backend.simulate`."""
        from seissynth.records import Records

        magnitude, distance_km, p_s, s_s = (conditions[name].to_numpy() for name in self.card.required_columns)
        peak = 10.0 ** (magnitude - 8) / distance_km
        data = np.empty((len(conditions), 3, npts), np.float32)
        for row in range(len(conditions)):
            times = start_s[row] + np.arange(npts) / sampling_rate_hz
            noise = generator(seeds.row[row]).standard_normal((3, npts))
            wave = 0.3 * self._wavelet(times - p_s[row]) + self._wavelet(times - s_s[row])
            data[row] = peak[row] * (wave + 0.01 * noise)
        return Records(data, start_s, p_s=p_s, s_s=s_s, truth={"peak_velocity_mps": peak})

    def _wavelet(self, times):
        # its peak is one period after the onset
        square = (np.pi * (self.frequency_hz * times - 1)) ** 2
        return (1 - 2 * square) * np.exp(-square)
