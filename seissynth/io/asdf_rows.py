"""Convert ObsPy's events and stations to metadata rows, and back."""

import math

from obspy import Inventory, UTCDateTime
from obspy.core.event import (
    Catalog,
    Event,
    Magnitude,
    Origin,
    Pick,
    QuantityError,
    ResourceIdentifier,
    WaveformStreamID,
)
from obspy.core.inventory import Channel, Network, Site, Station
from obspy.geodetics import gps2dist_azimuth

from seissynth.errors import FileFormatError
from seissynth.events.earthquakes import preferred
from seissynth.events.picks import first_picks

_PICKS = "smi:local/seissynth/dataset"
_STATUS = {"manual": "manual", "automatic": "automatic"}


def event_columns(event):
    """Return the columns ``source_*`` of one event; missing values are left out."""
    columns = {"source_id": event.resource_id.id}
    origin = preferred(event, "origin")
    if origin is not None:
        columns["source_origin_time"] = str(origin.time)
        columns["source_latitude_deg"], columns["source_longitude_deg"] = origin.latitude, origin.longitude
        if origin.depth is not None:
            columns["source_depth_km"] = origin.depth / 1000.0
    magnitude = preferred(event, "magnitude")
    if magnitude is not None:
        columns["source_magnitude"] = magnitude.mag
        columns["source_magnitude_type"] = magnitude.magnitude_type or ""
    return columns


def station_columns(stationxml, network, station):
    """Return the columns ``station_*`` of one station."""
    columns = {"station_network_code": network, "station_code": station}
    for item in (site for net in stationxml or () if net.code == network for site in net if site.code == station):
        columns["station_latitude_deg"], columns["station_longitude_deg"] = float(item.latitude), float(item.longitude)
        columns["station_elevation_m"] = float(item.elevation)
        if item.vs30 is not None if hasattr(item, "vs30") else False:
            columns["station_vs_30_mps"] = float(item.vs30)
        break
    return columns


def path_columns(row):
    """Return the columns ``path_*`` that follow from a row's source and station, if both have coordinates."""
    names = ("source_latitude_deg", "source_longitude_deg", "station_latitude_deg", "station_longitude_deg")
    if any(row.get(name) is None or not math.isfinite(row[name]) for name in names):
        return {}
    distance, azimuth, back = gps2dist_azimuth(*(row[name] for name in names))
    columns = {"path_ep_distance_km": distance / 1000.0, "path_azimuth_deg": azimuth, "path_back_azimuth_deg": back}
    if row.get("source_depth_km") is not None:
        columns["path_hyp_distance_km"] = math.hypot(distance / 1000.0, row["source_depth_km"])
    return columns


def pick_columns(event, network, station, location, start, rate_hz, npts, stations=()):
    """Return samples and status of P and S from an event's picks at one sensor; the earliest of each phase.

    `stations` are those of the whole file, NET.STA: picks may name another network, where that is unambiguous.
    """
    columns = {}
    name = f"{network}.{station}"
    # picks of another sensor of the station, such as one in its borehole, are not of this one; but a record whose
    # sensor has no location takes them where it has none of its own
    mine = [pick for pick in event.picks if _is_at(pick, location)]
    picks = first_picks(Event(picks=mine), {name, *stations})[0]
    if not location and len(mine) < len(event.picks):
        picks = first_picks(event, {name, *stations})[0] | picks
    for (where, kind), pick in picks.items():
        phase, sample = kind.lower(), (pick.time - start) * rate_hz
        if where == name and 0 <= sample < npts:
            columns[f"trace_{phase}_arrival_sample"] = sample
            columns[f"trace_{phase}_status"] = _STATUS.get(pick.evaluation_mode, "estimated")
    return columns


def _is_at(pick, location):
    """Whether a pick is of a sensor at this location of its station; one without location is of the station."""
    return pick.waveform_id is not None and (pick.waveform_id.location_code or location) == location


def catalog_of(table):
    """Make the events of a table, with the onsets as picks.

    Returns
    -------
    obspy Catalog
    dict of str to obspy Event
        By ``source_id``; rows without one belong to no event.
    """
    events = {}
    for row in table.to_dict("records"):
        name = str(row.get("source_id") or "")
        if not name:
            continue
        if name not in events:
            try:
                events[name] = _event(name, row)
            except (TypeError, ValueError, OverflowError) as error:
                raise FileFormatError(f"event {name}: time, place or magnitude cannot be stored: {error}.") from error
    return Catalog(list(events.values())), events


def _event(name, row):
    identifier = name if ":" in name else f"smi:local/{name}"
    event = Event(resource_id=ResourceIdentifier(identifier))
    if _text(row, "source_origin_time"):
        depth = _number(row, "source_depth_km")
        origin = Origin(
            time=UTCDateTime(row["source_origin_time"]),
            latitude=_number(row, "source_latitude_deg"),
            longitude=_number(row, "source_longitude_deg"),
            depth=None if depth is None else depth * 1000.0,
        )
        event.origins.append(origin)
        event.preferred_origin_id = origin.resource_id
    magnitude = _number(row, "source_magnitude")
    if magnitude is not None:
        kind = _text(row, "source_magnitude_type") or None
        event.magnitudes.append(Magnitude(mag=magnitude, magnitude_type=kind))
        event.preferred_magnitude_id = event.magnitudes[0].resource_id
    return event


def add_picks(event, row, number, channel, start, rate_hz):
    """Add a row's onsets to its event as picks."""
    for phase in ("p", "s"):
        sample = _number(row, f"trace_{phase}_arrival_sample")
        if sample is None:
            continue
        manual = _text(row, f"trace_{phase}_status") == "manual"
        event.picks.append(
            Pick(
                resource_id=ResourceIdentifier(f"{_PICKS}/pick/{number}/{phase}"),
                time=start + sample / rate_hz,
                time_errors=QuantityError(),
                phase_hint=phase.upper(),
                evaluation_mode="manual" if manual else "automatic",
                waveform_id=WaveformStreamID(seed_string=channel),
            )
        )


def inventory_of(table, channels):
    """Make the stations of a table.

    Parameters
    ----------
    table : pandas.DataFrame
    channels : sequence of (network, station, location, channel code, sampling rate), one set per row

    Returns
    -------
    obspy Inventory
    """
    networks = {}
    for row, codes in zip(table.to_dict("records"), channels, strict=True):
        coordinates = [_number(row, f"station_{name}_deg") for name in ("latitude", "longitude")]
        if None in coordinates:
            continue
        height = _number(row, "station_elevation_m") or 0.0
        for network, station, location, channel, rate in codes:
            stations = networks.setdefault(network, {})
            if station not in stations:
                stations[station] = Station(station, *coordinates, height, site=Site(name=station))
            held = {(item.code, item.location_code) for item in stations[station].channels}
            if (channel, location) not in held:
                azimuth, dip = {"Z": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)}.get(channel[-1], (None, None))
                stations[station].channels.append(
                    Channel(channel, location, *coordinates, height, 0.0, azimuth=azimuth, dip=dip, sample_rate=rate)
                )
    members = [Network(code, stations=list(stations.values())) for code, stations in networks.items()]
    return Inventory(networks=members, source="seissynth")


def start_time(row, number, path):
    """Return the time of a row's first sample, or raise an error if the row has none."""
    text = _text(row, "trace_start_time")
    if not text:
        raise FileFormatError(
            f"{path}, row {number}: trace_start_time is missing, without which ASDF cannot hold the record; add it."
        )
    try:
        return UTCDateTime(text)
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"{path}, row {number}: trace_start_time {text!r} is not a time ({error}).") from error


def _number(row, name):
    value = row.get(name)
    if value is None or isinstance(value, str) or value != value:
        return None
    return float(value)


def _text(row, name):
    value = row.get(name)
    return value if isinstance(value, str) else ""
