"""Rows of a flat file as the conditions that a backend sees, and the windows of their records."""

import numpy as np

from seissynth.conditions import write_columns
from seissynth.data.factory.network import geodesics
from seissynth.record_windows import DURATION_STEP_S, shaking_end_s
from seissynth.traveltime.first_arrivals import onsets as find_onsets
from seissynth.traveltime.station_delays import StationDelays

_BEFORE_P_S = 2.0


def event_conditions(rows, velocity_model="iasp91"):
    """Write the conditions of one event's rows.

    Parameters
    ----------
    rows : DataFrame, n rows
        Of `seissynth.io.ground_motion_tables.GroundMotionTable`, of one ``event_id``.
    velocity_model : str or model
        For the onsets; delays of stations are by the table's ``site``, see `model_at`.

    Returns
    -------
    DataFrame, n rows
        Every column of the schema. Distances and azimuths are computed from the coordinates; R_rup is the file's. The
        three angles of a mechanism count together or not at all.
    """
    import pandas as pd

    n, first = len(rows), rows.iloc[0]
    place = float(first["source_latitude_deg"]), float(first["source_longitude_deg"])
    line = geodesics(place, rows["station_latitude_deg"].to_numpy(float), rows["station_longitude_deg"].to_numpy(float))
    depth = np.full(n, float(first["source_depth_km"]))
    onsets = find_onsets(line[:, 0], depth, velocity_model, stations=rows["site"].tolist())
    angles = [f"source_{name}_deg" for name in ("strike", "dip", "rake")]
    numbers = ["source_latitude_deg", "source_longitude_deg", "source_depth_km", "source_magnitude"]
    numbers += angles if rows[angles].notna().all(axis=None) else []
    source = {name: np.full(n, float(first[name])) for name in numbers}
    source["source_id"] = np.full(n, first["event_id"], dtype=object)
    source["source_magnitude_type"] = np.full(n, first["source_magnitude_type"], dtype=object)
    stations = {
        "station_network_code": rows["network"].to_numpy(object),
        "station_code": rows["station"].to_numpy(object),
        "station_id": rows["site"].to_numpy(object),
        "station_elevation_m": np.zeros(n),
        "station_local_depth_m": np.zeros(n),
    }
    for name in ("station_latitude_deg", "station_longitude_deg", "station_vs_30_mps"):
        stations[name] = rows[name].to_numpy(float)
    if "station_z1_km" in rows:  # rows of records, or of other code, may not have it
        stations["station_z1_km"] = rows["station_z1_km"].to_numpy(float)
    table = write_columns(
        source, stations, distance_km=line[:, 0], azimuth_deg=line[:, 1], back_azimuth_deg=line[:, 2], onsets=onsets,
        onset_origin=[onsets.origin] * n,
    )  # fmt: skip
    table["path_rup_distance_km"] = rows["path_rup_distance_km"].to_numpy(float)
    return pd.DataFrame(table)


def model_at(velocity_model, sites):
    """Return a velocity model whose delays, if it has some, go by the names of a table's sites."""
    delays = StationDelays.of(velocity_model)
    return velocity_model if delays is None else delays.named_as(sites)[0]


def windows(conditions, card, sampling_rate_hz, most_rows):
    """Cut the rows of an event into calls of the backend: rows, start after origin (s) and number of samples.

    Parameters
    ----------
    conditions : DataFrame, n rows
    card : seissynth.backends.base.Card
    sampling_rate_hz : float
    most_rows : int
        Rows of a call, which bounds the memory.

    Yields
    ------
    rows : ndarray of int
    start_s : ndarray
        Two seconds before P, or the origin.
    npts : int
        Until the shaking is over, in steps of 10 s, as `seissynth.generate` does without a duration.
    """
    start = np.maximum(np.floor(conditions["path_p_travel_s"].to_numpy(float) - _BEFORE_P_S), 0.0)
    steps = np.ceil((shaking_end_s(conditions) - start) / DURATION_STEP_S)
    duration = DURATION_STEP_S * np.maximum(steps, 1)
    if card.max_duration_s is not None:
        duration = np.minimum(duration, card.max_duration_s)
    npts = np.round(duration * sampling_rate_hz).astype(int)
    for length in np.unique(npts):
        rows = np.flatnonzero(npts == length)
        for part in np.split(rows, range(most_rows, len(rows), most_rows)):
            yield part, start[part], int(length)
