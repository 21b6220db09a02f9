"""Every column of a conditions table: name, unit, meaning, origin.

Names follow SeisBench's metadata (``source_*``, ``station_*``, ``path_*``, unit at the end) wherever
SeisBench or one of its datasets has one. A missing value is NaN (text: an empty string).

Examples
--------
>>> from seissynth.schema import COLUMNS
>>> COLUMNS["path_hyp_distance_km"].unit
'km'
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its name, unit, meaning, where the name comes from, and whether it holds text."""

    name: str
    unit: str
    meaning: str
    origin: str = "SeisBench"
    text: bool = False


_OWN = "seissynth"

_ALL = (
    # --- the earthquake
    Column("source_id", "", "event key: origin time, place and depth, see seeding.event_key", text=True),
    Column("source_origin_time", "UTC", "origin time, ISO 8601 with microseconds", text=True),
    Column("source_latitude_deg", "deg", "epicentre latitude, WGS84, north positive"),
    Column("source_longitude_deg", "deg", "epicentre longitude, WGS84, east positive"),
    Column("source_depth_km", "km", "depth below sea level, down positive"),
    Column("source_magnitude", "", "magnitude as given, of the type in source_magnitude_type"),
    Column("source_magnitude_type", "", "magnitude type as given: ML, Mw, mb, ...", text=True),
    Column("source_strike_deg", "deg", "strike of nodal plane 1, clockwise from north", _OWN),
    Column("source_dip_deg", "deg", "dip of nodal plane 1, 0 to 90", _OWN),
    Column("source_rake_deg", "deg", "rake of nodal plane 1, -180 to 180", _OWN),
    Column("source_mt_rr", "", "moment tensor / scalar moment, up-up (r up, t south, p east)", _OWN),
    Column("source_mt_tt", "", "moment tensor / scalar moment, south-south", _OWN),
    Column("source_mt_pp", "", "moment tensor / scalar moment, east-east", _OWN),
    Column("source_mt_rt", "", "moment tensor / scalar moment, up-south", _OWN),
    Column("source_mt_rp", "", "moment tensor / scalar moment, up-east", _OWN),
    Column("source_mt_tp", "", "moment tensor / scalar moment, south-east", _OWN),
    # --- the site
    Column("station_network_code", "", "network code", text=True),
    Column("station_code", "", "station code", text=True),
    Column("station_id", "", "site key: NET.STA, with coordinates where sensors stand apart", _OWN, text=True),
    Column("station_latitude_deg", "deg", "site latitude, WGS84"),
    Column("station_longitude_deg", "deg", "site longitude, WGS84"),
    Column("station_elevation_m", "m", "elevation of the surface above sea level"),
    Column("station_local_depth_m", "m", "depth of the sensor below the surface"),
    Column("station_vs_30_mps", "m/s", "time-averaged shear velocity of the upper 30 m", "INSTANCE"),
    # --- the path
    Column("path_ep_distance_km", "km", "epicentral distance, WGS84 geodesic"),
    Column("path_hyp_distance_km", "km", "hypocentral distance, sqrt(epicentral² + depth²)"),
    Column("path_rup_distance_km", "km", "closest distance to the rupture, where known", _OWN),
    Column("path_azimuth_deg", "deg", "azimuth at the epicentre towards the station"),
    Column("path_back_azimuth_deg", "deg", "azimuth at the station towards the epicentre"),
    Column("path_p_travel_s", "s", "first P onset after origin"),
    Column("path_s_travel_s", "s", "first S onset after origin"),
    Column("path_p_direct_travel_s", "s", "direct P (Pg) after origin, from which the main energy starts", _OWN),
    Column("path_s_direct_travel_s", "s", "direct S (Sg) after origin, from which the main energy starts", _OWN),
    Column("path_p_takeoff_deg", "deg", "take-off angle of the first P, 0 down to 180 up", _OWN),
    Column("path_p_direct_takeoff_deg", "deg", "take-off angle of the direct P, 0 down to 180 up", _OWN),
    Column("path_s_direct_takeoff_deg", "deg", "take-off angle of the direct S, 0 down to 180 up", _OWN),
    Column("path_p_ray_parameter_s_km", "s/km", "horizontal slowness of the direct P at the surface", _OWN),
    Column("path_s_ray_parameter_s_km", "s/km", "horizontal slowness of the direct S at the surface", _OWN),
    Column("path_onset_origin", "", "where the onsets come from: velocity model's name, or 'picks'", _OWN, text=True),
)

#: name -> Column, in the order in which tables hold them
COLUMNS = {column.name: column for column in _ALL}

#: the six moment-tensor columns, in the order rr, tt, pp, rt, rp, tp
MOMENT_TENSOR_COLUMNS = tuple(name for name in COLUMNS if name.startswith("source_mt_"))


def empty_value(name):
    """Return what stands for "missing" in the column `name`: ``""`` or NaN."""
    return "" if COLUMNS[name].text else float("nan")
