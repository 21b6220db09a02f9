"""Conditions: the table that a backend sees, one row per record, columns from `seissynth.schema`."""

import math

import numpy as np

from seissynth.errors import InputError
from seissynth.schema import COLUMNS, MOMENT_TENSOR_COLUMNS, empty_value
from seissynth.shared.bounds import BOUNDS, within
from seissynth.shared.suggestions import did_you_mean
from seissynth.shared.wording import a_kind

#: columns of rays beside the onsets -> attribute of `seissynth.traveltime.Onsets`
RAY_COLUMNS = {
    "path_p_direct_travel_s": "p_direct_s",
    "path_s_direct_travel_s": "s_direct_s",
    "path_p_takeoff_deg": "p_takeoff_deg",
    "path_p_direct_takeoff_deg": "p_direct_takeoff_deg",
    "path_s_direct_takeoff_deg": "s_direct_takeoff_deg",
    "path_p_ray_parameter_s_km": "p_ray_parameter_s_km",
    "path_s_ray_parameter_s_km": "s_ray_parameter_s_km",
}
_ONSET_COLUMNS = {"path_p_travel_s": "p_s", "path_s_travel_s": "s_s", **RAY_COLUMNS}


def make_conditions(paths, *replacements):
    """Write the table of one earthquake's paths.

    Parameters
    ----------
    paths : seissynth.paths.Paths, n sites
    *replacements : mapping or pandas.DataFrame, optional
        Columns to set or replace: schema column -> a value for all rows, or a mapping from NET.STA to
        values (other rows keep theirs). A DataFrame is indexed by NET.STA. Several are set one after the other.

    Returns
    -------
    pandas.DataFrame, n rows, every column of the schema
        Missing values are NaN, or empty text.

    Raises
    ------
    InputError
        An unknown column, a value that is not a number, or an unknown station.
    """
    import pandas

    columns = write_columns(
        {name: _repeat(value, len(paths)) for name, value in _source_values(paths.earthquake).items()},
        station_columns(paths.sites),
        distance_km=paths.distance_km,
        azimuth_deg=paths.azimuth_deg,
        back_azimuth_deg=paths.back_azimuth_deg,
        onsets=paths.onsets,
        onset_origin=paths.onset_origin,
    )
    for some in replacements:
        replace_columns(columns, plain_columns(some), [site.name for site in paths.sites])
    return pandas.DataFrame(columns)


def write_columns(source, stations, *, distance_km, azimuth_deg, back_azimuth_deg, onsets, onset_origin):
    """Write the columns of any paths, of one earthquake or of many.

    Parameters
    ----------
    source, stations : dict of str to ndarray, shape (n,)
        Columns of the schema for the source and the site; others are left out.
    distance_km, azimuth_deg, back_azimuth_deg : ndarray, shape (n,)
        As in `seissynth.paths.Paths`.
    onsets : seissynth.traveltime.Onsets
    onset_origin : sequence of str, length n

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Every column of the schema; missing values are NaN, or empty text.
    """
    columns = {name: _repeat(empty_value(name), len(distance_km)) for name in COLUMNS}
    columns.update({name: values for name, values in source.items() if name in COLUMNS})
    columns.update(stations)
    columns.update(
        path_ep_distance_km=distance_km,
        path_hyp_distance_km=np.hypot(distance_km, columns["source_depth_km"]),
        path_azimuth_deg=azimuth_deg,
        path_back_azimuth_deg=back_azimuth_deg,
        path_onset_origin=np.array(onset_origin, dtype=object),
    )
    columns.update({column: np.array(getattr(onsets, name)) for column, name in _ONSET_COLUMNS.items()})
    return columns


def plain_columns(replacements):
    """Return the argument ``conditions=`` as plain dictionaries, checked against the schema.

    Examples
    --------
    >>> plain_columns({"station_vs_30_mps": {"CI.CLC": 500}})
    {'station_vs_30_mps': {'CI.CLC': 500}}
    """
    if replacements is None:
        return {}
    if hasattr(replacements, "to_dict"):  # a DataFrame, indexed by NET.STA
        # column by column, since pandas' to_dict changes the process's warning filters
        replacements = {name: {k: v for k, v in replacements[name].items() if v == v} for name in replacements}
    if not hasattr(replacements, "items"):
        raise InputError(f"conditions is {a_kind(replacements)}; give a mapping of columns or a DataFrame.")
    out = {}
    for name, values in replacements.items():
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS)
            raise InputError(f"conditions: there is no column {name!r};{hint} columns are in seissynth.schema.COLUMNS.")
        out[name] = dict(values) if hasattr(values, "items") else values
    return out


def _repeat(value, n):
    return np.full(n, value, dtype=object if isinstance(value, str) else float)


def _source_values(earthquake):
    values = {
        "source_id": earthquake.key,
        "source_origin_time": str(earthquake.time),
        "source_latitude_deg": earthquake.latitude_deg,
        "source_longitude_deg": earthquake.longitude_deg,
        "source_depth_km": earthquake.depth_km,
        "source_magnitude": earthquake.magnitude,
        "source_magnitude_type": earthquake.magnitude_type,
    }
    if earthquake.nodal_plane is not None:
        names = ("source_strike_deg", "source_dip_deg", "source_rake_deg")
        values.update(zip(names, earthquake.nodal_plane, strict=True))
    if earthquake.moment_tensor is not None:
        values.update(zip(MOMENT_TENSOR_COLUMNS, earthquake.moment_tensor, strict=True))
    return values


def station_columns(sites):
    """Coordinates of sites, from the first sensor of each; dict of str to ndarray."""
    sensors = [site.sensors[0] for site in sites]
    text = {
        "station_network_code": [sensor.network for sensor in sensors],
        "station_code": [sensor.station for sensor in sensors],
        "station_id": [site.key for site in sites],
    }
    numbers = {
        "station_latitude_deg": [sensor.latitude_deg for sensor in sensors],
        "station_longitude_deg": [sensor.longitude_deg for sensor in sensors],
        "station_elevation_m": [sensor.elevation_m for sensor in sensors],
        "station_local_depth_m": [sensor.depth_m for sensor in sensors],
    }
    return {
        **{name: np.array(values, dtype=object) for name, values in text.items()},
        **{name: np.array(values, dtype=float) for name, values in numbers.items()},
    }


def replace_columns(columns, replacements, stations):
    """Set values of columns, in place.

    Parameters
    ----------
    columns : dict of str to ndarray, shape (n,)
    replacements : dict
        From `plain_columns`.
    stations : list of str, length n
        NET.STA of the rows.

    Raises
    ------
    InputError
        A value that is not a number or out of bounds; stations none of which is in the table.
    """
    for name, values in replacements.items():
        _replace(columns, name, values, stations)


def _replace(columns, name, values, stations):
    per_station = values if isinstance(values, dict) else None
    if per_station is not None:
        # a mapping may name more stations than take part, but a misspelt name should not go unseen
        if not set(per_station) & set(stations):
            raise InputError(
                f"conditions: {name} is given for {sorted(map(str, per_station))[:5]}, none of which takes part; "
                "stations are named NET.STA."
            )
        pairs = [(i, per_station[station]) for i, station in enumerate(stations) if station in per_station]
    else:
        pairs = [(i, values) for i in range(len(stations))]
    for i, value in pairs:
        if COLUMNS[name].text:
            columns[name][i] = str(value)
            continue
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise InputError(f"conditions: {name} of station {stations[i]} is {value!r}; it must be a finite number.")
        if name in BOUNDS:
            within(name, number, whose=f"conditions of station {stations[i]}: ")
        columns[name][i] = number


def describe_row(conditions, row):
    """Name a row by its station and event, else by its number."""
    station, event = text_of(conditions, "station_id", row), text_of(conditions, "source_id", row)
    if not station:
        codes = (text_of(conditions, "station_network_code", row), text_of(conditions, "station_code", row))
        station = ".".join(filter(None, codes))
    words = [f"station {station}" if station else "", f"event {event}" if event else ""]
    return ", ".join(filter(None, words)) or f"row {row}"


def text_of(conditions, column, row):
    """Return the text of a row in a column; empty where there is none."""
    value = conditions[column].iloc[row] if column in conditions else ""
    return value if isinstance(value, str) else ""


def texts_of(conditions, column):
    """Return what `text_of` gives for each row, list of str."""
    values = conditions[column].tolist() if column in conditions else [""] * len(conditions)
    return [value if isinstance(value, str) else "" for value in values]
