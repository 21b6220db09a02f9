"""SAC files with the usual headers: coordinates, onsets, magnitude, orientation."""

import math
import shutil
import tempfile
from pathlib import Path

import numpy as np
from obspy import Trace, UTCDateTime

from seissynth.errors import InputError, SeisSynthError
from seissynth.io.format_limits import require_same
from seissynth.shared.atomic import write_error

#: finest start time that is promised, s: 32-bit seconds since the origin, at most `_FAR_S` of them
CLOCK_S = 1e-4
_FAR_S = 1000.0

#: azimuth from north and inclination from up, by the last letter of a channel code
_ORIENTATION = {"Z": (0.0, 0.0), "N": (0.0, 90.0), "E": (90.0, 90.0)}

#: schema column -> SAC header, for numbers that need no conversion
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
        Source of the orientation of the components.

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
    for target, _ in pairs:
        if target.is_dir():
            raise InputError(f"cannot write {target}: it is a folder; give the name of a file.")
    waiting, new_folders = None, []
    try:
        waiting = Path(tempfile.mkdtemp(prefix=".seissynth-", dir=home))
        for number, (_, trace) in enumerate(pairs):
            beside = str(waiting / str(number))
            _to_sac(trace, inventory).write(beside)
            require_same([trace], [_as_read(beside)], "SAC", CLOCK_S)
        new_folders = [folder for folder in folders if not folder.exists()]
        for folder in new_folders:
            folder.mkdir(exist_ok=True)
        for number, (target, _) in enumerate(pairs):
            (waiting / str(number)).replace(target)
    except OSError as error:
        for folder in new_folders:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, SeisSynthError):
            raise
        raise write_error(pairs[0][0] if len(pairs) == 1 else pairs[0][0].parent, error) from error
    finally:
        if waiting is not None:
            shutil.rmtree(waiting, ignore_errors=True)
    return [target for target, _ in pairs]


def _as_read(path):
    """Return the trace that `obspy.read` makes of a SAC file, without its warning about rounded sample spacings."""
    from obspy.io.sac import SACTrace

    file = SACTrace.read(path)
    header = {
        "network": file.knetwk or "",
        "station": file.kstnm or "",
        "location": file.khole or "",
        "channel": file.kcmpnm or "",
        "starttime": file.reftime + float(file.b),
        "sampling_rate": 1 / round(float(file.delta), 6),
    }
    return Trace(file.data, header)


def _to_sac(trace, inventory):
    from obspy.io.sac import SACTrace

    data = trace.data.astype(np.float32)
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
    """Times relative to the origin, because SAC's 32-bit seconds have the finest resolution near zero."""
    info = stats.get("seissynth")
    zero = info.origin_time if info else stats.starttime
    if abs(stats.starttime - zero) > _FAR_S:  # 32-bit seconds would lose the start
        info, zero = None, stats.starttime
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
