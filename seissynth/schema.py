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
    """One column: its name, unit, meaning, origin of the name, and whether it holds text."""

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
    Column("station_id", "", "site key: NET.STA, with coordinates if its sensors are apart", _OWN, text=True),
    Column("station_latitude_deg", "deg", "site latitude, WGS84"),
    Column("station_longitude_deg", "deg", "site longitude, WGS84"),
    Column("station_elevation_m", "m", "elevation of the surface above sea level"),
    Column("station_local_depth_m", "m", "depth of the sensor below the surface"),
    Column("station_vs_30_mps", "m/s", "time-averaged shear velocity of the upper 30 m", "INSTANCE"),
    Column("station_z1_km", "km", "depth to a shear velocity of 1 km/s below the station", _OWN),
    Column("station_kappa_s", "s", "kappa of S at the station: exp(-pi kappa f), without the path", _OWN),
    Column(
        "station_layers",
        "",
        "layers below the station: thickness in m, Vs in m/s, and if known Vp, density (g/cm³), Qs; then a semicolon",
        _OWN,
        text=True,
    ),
    Column(
        "station_terms",
        "",
        "known site term, on Fourier amplitudes: frequency in Hz and ln of the factor; then a semicolon",
        _OWN,
        text=True,
    ),
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

#: place of a record's station, and its distance and direction from the earthquake
PLACE_COLUMNS = ("station_latitude_deg", "station_longitude_deg", "path_ep_distance_km", "path_back_azimuth_deg")

#: name -> Column of a data set's table about a record, beside `COLUMNS`
TRACE_COLUMNS = {
    column.name: column
    for column in (
        Column("trace_name", "", "place of the samples: block, dollar sign, place in it", text=True),
        Column("trace_name_original", "", "name that the record had in the set it comes from", text=True),
        Column("trace_start_time", "UTC", "time of the first sample, ISO 8601 with microseconds", text=True),
        Column("trace_sampling_rate_hz", "Hz", "sampling rate"),
        Column("trace_dt_s", "s", "sampling interval, where no rate is given"),
        Column("trace_npts", "", "number of samples"),
        Column("trace_component_order", "", "components as stored, such as ZNE", text=True),
        Column("trace_chunk", "", "chunk that holds the record; made when reading", text=True),
        Column("trace_channel", "", "first two letters of the channel codes", text=True),
        Column("trace_category", "", "earthquake_local, noise, ...", text=True),
        Column("trace_p_arrival_sample", "samples", "first P, with fractions, counted from the first sample"),
        Column("trace_s_arrival_sample", "samples", "first S"),
        Column("trace_p_status", "", "manual, automatic or estimated", text=True),
        Column("trace_s_status", "", "manual, automatic or estimated", text=True),
        Column("trace_p_origin", "", "catalogue, the picker's name or the velocity model's", _OWN, text=True),
        Column("trace_s_origin", "", "catalogue, the picker's name or the velocity model's", _OWN, text=True),
        Column("trace_snr_db", "dB", "signal-to-noise ratio"),
        Column("trace_mask_end_s", "s", "onset of the next detectable earthquake, after the first sample", _OWN),
        Column("trace_p2_arrival_sample", "samples", "P of a second event that was added to the record", _OWN),
        Column("trace_s2_arrival_sample", "samples", "S of that event", _OWN),
        Column("source2_id", "", "its key, with the record that it was added to", _OWN, text=True),
        Column("source2_magnitude", "", "its magnitude", _OWN),
        Column("source2_level_db", "dB", "its peak over that of the first event, where it was chosen", _OWN),
        Column("path2_ep_distance_km", "km", "its epicentral distance", _OWN),
        Column("trace_significant_duration_s", "s", "between 5 and 95 % of the energy, as ITACA gives it", _OWN),
        Column("trace_asdf_tag", "", "tag of the waveforms in the ASDF file the record comes from", _OWN, text=True),
        Column("station_location_code", "", "location code", text=True),
        Column("station_name", "", "name of the station", _OWN, text=True),
        Column("source_name", "", "name of the earthquake, as ITACA gives it", _OWN, text=True),
        Column("split", "", "train, dev or test", text=True),
    )
}


def empty_value(name):
    """Return the missing value of the column `name`: ``""`` or NaN."""
    return "" if COLUMNS[name].text else float("nan")
