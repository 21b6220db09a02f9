"""SAC files with the headers that seismologists expect: places, onsets, magnitude, orientation."""

import math
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
from obspy import UTCDateTime

from seissynth.errors import InputError, SeisSynthWarning

#: azimuth from north and inclination from up, by the last letter of a channel code
_ORIENTATION = {"Z": (0.0, 0.0), "N": (0.0, 90.0), "E": (90.0, 90.0)}

#: schema column -> SAC header, where the number can be taken as it is
_HEADERS = {
    "station_latitude_deg": "stla",
    "station_longitude_deg": "stlo",
    "station_elevation_m": "stel",
    "station_local_depth_m": "stdp",
    "source_latitude_deg": "evla",
    "source_longitude_deg": "evlo",
    "source_depth_km": "evdp",
    "source_magnitude": "mag",
    "path_ep_distance_km": "dist",
    "path_azimuth_deg": "az",
    "path_back_azimuth_deg": "baz",
}


def write_sac(pairs, inventory=None):
    """Write one SAC file per trace; all of them appear, or none.

    Parameters
    ----------
    pairs : sequence of (path, Trace)
        A missing folder (one level) is made.
    inventory : obspy Inventory, optional
        Source of the components' orientation.

    Returns
    -------
    list of pathlib.Path
    """
    pairs = [(Path(target), trace) for target, trace in pairs]
    folders = {target.parent for target, _ in pairs}
    for folder in folders:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"cannot write into {folder}: it is a file, not a folder.")
        if not folder.parent.is_dir():
            raise InputError(f"cannot write {folder}: there is no folder {folder.parent}; make it first.")
    home = pairs[0][0].parent.parent if not pairs[0][0].parent.exists() else pairs[0][0].parent
    waiting = Path(tempfile.mkdtemp(prefix=".seissynth-", dir=home))
    try:
        for number, (_, trace) in enumerate(pairs):
            _to_sac(trace, inventory).write(str(waiting / str(number)))
        for folder in folders:
            folder.mkdir(exist_ok=True)
        for number, (target, _) in enumerate(pairs):
            (waiting / str(number)).replace(target)
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
    return [target for target, _ in pairs]


def _to_sac(trace, inventory):
    from obspy.io.sac import SACTrace

    data = trace.data.astype(np.float32)
    if trace.data.dtype.kind == "i" and not np.array_equal(data.astype(np.float64), trace.data.astype(np.float64)):
        warnings.warn(
            f"{trace.id}: counts beyond 2**24 lose digits in SAC's 32-bit floats; .mseed and .h5 keep them.",
            SeisSynthWarning,
            stacklevel=5,
        )
    stats = trace.stats
    header = {
        "knetwk": stats.network,
        "kstnm": stats.station,
        "khole": stats.location,
        "kcmpnm": stats.channel,
        "delta": stats.delta,
        "lcalda": False,  # dist, az and baz come from us, not from SAC's sphere
        **_event_header(stats),
        **_orientation(trace, inventory),
    }
    return SACTrace(data=data, **header)


def _event_header(stats):
    """Times relative to the origin, since SAC's 32-bit seconds are finest near zero."""
    info = stats.get("seissynth")
    zero = info.origin_time if info else stats.starttime
    reference = UTCDateTime(ns=zero.ns // 1_000_000 * 1_000_000)  # SAC counts whole milliseconds
    header = {
        "nzyear": reference.year,
        "nzjday": reference.julday,
        "nzhour": reference.hour,
        "nzmin": reference.minute,
        "nzsec": reference.second,
        "nzmsec": reference.microsecond // 1000,
        "b": stats.starttime - reference,
    }
    if not info:
        return header
    header.update(iztype="io", o=zero - reference, ko="O", kevnm=zero.strftime("%Y%m%dT%H%M%SZ"))
    header["kuser0"] = str(info.get("unit", ""))[:8]  # SAC's own unit codes mean nanometres
    for onset, field, label, name in (("p_s", "a", "ka", "P"), ("s_s", "t0", "kt0", "S")):
        seconds = info.get(onset)
        if seconds is not None and math.isfinite(seconds):
            header[field] = zero - reference + seconds
            header[label] = name
    conditions = info.get("conditions", {})
    for column, field in _HEADERS.items():
        value = conditions.get(column)
        if isinstance(value, int | float) and math.isfinite(value):
            header[field] = float(value)
    if "dist" in header:
        from obspy.geodetics import kilometers2degrees

        header["gcarc"] = kilometers2degrees(header["dist"])
    return header


def _orientation(trace, inventory):
    """Return cmpaz from north, cmpinc from up (StationXML's dip is down from horizontal)."""
    stats = trace.stats
    for network in inventory or ():
        for station in network:
            if (network.code, station.code) != (stats.network, stats.station):
                continue
            for channel in station:
                same = (channel.code, channel.location_code) == (stats.channel, stats.location)
                if same and channel.is_active(stats.starttime) and None not in (channel.azimuth, channel.dip):
                    return {"cmpaz": float(channel.azimuth), "cmpinc": float(channel.dip) + 90.0}
    if stats.channel[-1:] in _ORIENTATION:
        azimuth, inclination = _ORIENTATION[stats.channel[-1:]]
        return {"cmpaz": azimuth, "cmpinc": inclination}
    return {}
