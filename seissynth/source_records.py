"""Source records: real records of the same earthquake, from a Stream to the input of a backend."""

from dataclasses import replace

import numpy as np
from obspy.geodetics import gps2dist_azimuth

from seissynth.conditions import RAY_COLUMNS
from seissynth.errors import InputError
from seissynth.instruments.evalresp import (
    EVALRESP_LOCK,
    INPUT_UNITS,
    input_units,
    quantity_of_units,
    tidy_units,
    with_known_units,
)
from seissynth.records import Records
from seissynth.schema import PLACE_COLUMNS
from seissynth.shared.real_numbers import require_real
from seissynth.shared.warning import warn_user
from seissynth.shared.wording import a_kind
from seissynth.signal.motion import convert_motion, resample_motion
from seissynth.source_quantity import source_quantities
from seissynth.traveltime.first_arrivals import onsets as find_onsets
from seissynth.units import OUTPUTS

#: time taken before origin, where recorded, to let filters settle, s
LEAD_S = 30.0
#: band edges of the division by a response, as shares of the Nyquist frequency, and lowest ones in Hz
_LOW_HZ, _HIGH = (0.2, 0.5), (0.94, 0.99)
#: share of the sampling rate up to which a record holds its frequencies
_HIGHEST = 0.45
_PATH = (*PLACE_COLUMNS, "path_azimuth_deg")


def find_source(source, paths, card, quantity=None):
    """Return one source record for each site.

    Parameters
    ----------
    source : Records or obspy Stream, or None
        Records: one, or one for each site, used unchanged. A Stream: records of the same earthquake at other stations,
        in counts (the inventory must then hold the channels and their responses, or the traces do, as
        ``stats.response``), or in ground motion, SI.
    paths : seissynth.paths.Paths
    card : seissynth.backends.base.Card
        Card of the backend, with quantity, components, rate and length.
    quantity : str, optional
        Quantity of the traces of a Stream, see `generate`'s ``source_quantity``. Not needed for traces that state it
        themselves (made by seissynth, or after ObsPy's ``remove_response``).

    Returns
    -------
    Records, or None where no source is given
        One per site; `pool` holds every usable record, in the order of station names.

    Raises
    ------
    InputError
        Neither of the two, no station of the Stream has three components over the whole record, or traces that do not
        state their quantity, or contradict `quantity`.

    Warns
    -----
    SeisSynthWarning
        Stations of the Stream that are left out.

    Notes
    -----
    A site gets the record of the nearest other station; its own only if there is no other. ``p_s`` and ``s_s`` are the
    velocity model's onsets at the station of the record, NaN if its coordinates are unknown; ``truth`` holds its name,
    `seissynth.schema.PLACE_COLUMNS`, azimuth and ray columns of the schema, the end of the record (``record_end_s``, s
    after origin) and the highest frequency in it (``record_highest_hz``).

    All records have one length: that of the shortest one. For a card with the capability ``source_any_window`` they are
    filled with zeros up to the longest one instead, and may begin after origin.
    """
    if source is None:
        return None
    if isinstance(source, Records):
        if quantity is not None:
            raise InputError(
                f"source_quantity={quantity!r} is for a Stream; Records are taken as the {card.quantity} of "
                f"{card.name!r}: leave it out."
            )
        check_source_records(source)
        if len(source) not in (1, len(paths)):
            raise InputError(
                f"source holds {len(source)} records; give one, or one for each of the {len(paths)} sites."
            )
        if len(source) == len(paths):
            return source
        return replace(source.select([0] * len(paths)), pool=source)
    if not hasattr(source, "traces"):
        raise InputError(f"source is {a_kind(source)}; give an obspy Stream, or seissynth.Records.")
    quantities = source_quantities(source, quantity)
    known, notes = {}, []
    for name in sorted({f"{trace.stats.network}.{trace.stats.station}" for trace in source}):
        network, station = name.split(".")
        try:
            stream = source.select(network=network, station=station)
            known[name] = _record(stream, name, _sensor(stream, name, paths), paths, card, quantities)
        except InputError as error:
            notes.append(str(error))
    if not known:
        raise InputError(f"no station of the source can be used. {' '.join(notes[:3]) or 'The Stream is empty.'}")
    if notes:
        warn_user(f"{len(notes)} stations of the source are left out: {' '.join(notes[:3])}")
    return _by_site(known, source, paths, card)


def check_source_records(source):
    """Raise InputError unless records are three components of real, finite numbers with one start each."""
    data = require_real(source.data, "source: data")
    n = len(data) if data.ndim else 0
    if data.ndim != 3 or data.shape[1] != 3 or not data.shape[2]:
        raise InputError(f"source has data of shape {data.shape}; it must be (n, 3, npts).")
    if not np.isfinite(data).all():
        raise InputError("source holds samples that are not finite; leave such records out.")
    for key in ("start_s", "p_s", "s_s"):
        if getattr(source, key).shape != (n,):
            raise InputError(f"source has {key} of shape {getattr(source, key).shape}; it must be ({n},).")
    if not np.isfinite(source.start_s).all():
        raise InputError("source has a start_s that is not finite; give seconds after origin.")
    if source.pool is not None:
        check_source_records(source.pool)


def _by_site(known, source, paths, card):
    """The pool of all stations, and the record from it for each site."""
    rate, names = _rate(card), list(known)
    places = [_place(name, source, paths) for name in names]
    ends = np.array([start + record.shape[-1] / rate for record, start, _ in known.values()])
    data, starts = (_filled if _any_window(card) else _cut)([one[:2] for one in known.values()], rate)
    seen = np.array([_path(place, paths) for place in places])
    p_s, s_s, rays = _onsets(seen[:, _PATH.index("path_ep_distance_km")], np.array(names), paths)
    truth = {
        "sensor": np.array(names), **dict(zip(_PATH, seen.T, strict=True)), **rays,
        "record_end_s": np.minimum(ends, starts + data.shape[-1] / rate),
        "record_highest_hz": np.array([highest for _, _, highest in known.values()]),
    }  # fmt: skip
    pool = Records(data, starts, p_s=p_s, s_s=s_s, truth=truth)
    rows = []
    for site in paths.sites:
        other = [row for row, name in enumerate(names) if name != site.name] or list(range(len(names)))
        rows.append(min(other, key=lambda row: _distance(places[row], site)))
    return replace(pool.select(rows), pool=pool)


def _cut(records, rate):
    """Records from one time before origin, of the length of the shortest one, and their starts."""
    lead = min(-start for _, start in records)
    skips = [round((-start - lead) * rate) for _, start in records]
    npts = min(record.shape[-1] - skip for (record, _), skip in zip(records, skips, strict=True))
    data = [record[:, skip : skip + npts] for (record, _), skip in zip(records, skips, strict=True)]
    return np.stack(data), np.array([start + skip / rate for (_, start), skip in zip(records, skips, strict=True)])


def _filled(records, rate):  # noqa: ARG001 (as `_cut`)
    """Whole records, filled with zeros up to the longest one, and their starts."""
    data = np.zeros((len(records), 3, max(record.shape[-1] for record, _ in records)), np.float32)
    for row, (record, _) in zip(data, records, strict=True):
        row[:, : record.shape[-1]] = record
    return data, np.array([start for _, start in records])


def _any_window(card):
    return "source_any_window" in card.capabilities


def _path(place, paths):
    """Values of `_PATH` for a place."""
    if place is None:
        return (np.nan,) * len(_PATH)
    earthquake = paths.earthquake
    metres, azimuth, back_azimuth = gps2dist_azimuth(earthquake.latitude_deg, earthquake.longitude_deg, *place)
    return (*place, metres / 1000.0, back_azimuth, azimuth)


def _onsets(distances_km, names, paths):
    """Predicted P and S of the earthquake at stations, s after origin, and columns of rays; NaN where unknown."""
    p_s, s_s = np.full((2, len(distances_km)), np.nan)
    rays = {name: np.full(len(distances_km), np.nan) for name in RAY_COLUMNS}
    known = np.isfinite(distances_km)
    if known.any():
        depths = np.full(known.sum(), paths.earthquake.depth_km)
        times = find_onsets(distances_km[known], depths, paths.velocity_model, stations=names[known])
        p_s[known], s_s[known] = times.p_s, times.s_s
        for name, attribute in RAY_COLUMNS.items():
            rays[name][known] = getattr(times, attribute)
    return p_s, s_s, rays


def _rate(card):
    return float(card.sampling_rates_hz[0]) if card.sampling_rates_hz else 100.0


def _place(name, source, paths):
    """Latitude and longitude from the inventory, else from the traces; None if unknown."""
    traces = [trace for trace in source if f"{trace.stats.network}.{trace.stats.station}" == name]
    # a station's sensors may be at different places: the one that made the record counts, else any of the station
    sensors = [sensor for site in paths.sites if site.name == name for sensor in site.sensors]
    for sensor in (_sensor(traces, name, paths), *sensors):
        if sensor is not None:
            return sensor.latitude_deg, sensor.longitude_deg
    for trace in traces:
        place = trace.stats.get("coordinates")
        if place:
            return place["latitude"], place["longitude"]
        conditions = trace.stats.get("seissynth", {}).get("conditions", {})
        if "station_latitude_deg" in conditions:
            return conditions["station_latitude_deg"], conditions["station_longitude_deg"]
    return None


def _distance(place, site):
    if place is None:  # after all others
        return np.inf
    sensor = site.sensors[0]
    return gps2dist_azimuth(*place, sensor.latitude_deg, sensor.longitude_deg)[0]


def _sensor(traces, name, paths):
    """The sensor in the inventory that the three traces belong to, or None."""
    ids = {trace.id for trace in traces}
    for sensor in (sensor for site in paths.sites if site.name == name for sensor in site.sensors):
        if len(sensor.channels) == 3 and all(channel.id in ids for channel in sensor.channels):
            return sensor
    return None


def _record(stream, name, sensor, paths, card, quantities):
    """Motion of one station over (Z, N, E), time of its first sample after origin, s, and its highest frequency, Hz."""
    rate, time = _rate(card), paths.earthquake.time
    traces = _three(stream, name, sensor)
    motion = [_motion(trace, channel, card.quantity, quantities[trace.id]) for trace, channel in traces]
    axes = np.stack([_direction(trace, channel) for trace, channel in traces])
    if abs(np.linalg.det(axes)) < 0.1:
        raise InputError(f"{name}: the axes of its channels do not span space.")
    first = max(trace.stats.starttime for trace in motion)
    first = max(first, time - LEAD_S)
    rows = []
    for trace in motion:
        at = round((first - trace.stats.starttime) * trace.stats.sampling_rate)
        moved = trace.data[at:]
        if trace.stats.sampling_rate != rate:
            moved = resample_motion(moved, trace.stats.sampling_rate, rate)
        rows.append(moved)
    last = min(len(row) for row in rows)
    data = np.linalg.solve(axes, np.stack([row[:last] for row in rows]))
    at = round((first - motion[0].stats.starttime) * motion[0].stats.sampling_rate)
    start = float(motion[0].stats.starttime + at / motion[0].stats.sampling_rate - time)
    end, needed = start + last / rate, card.max_duration_s or 0.0
    late = start > 0.5 / rate and not _any_window(card)
    if late or end < needed - 0.5 / rate:
        raise InputError(f"{name}: it runs from {start:.2f} to {end:.2f} s after origin; 0 to {needed:g} s is needed.")
    highest = min(_HIGHEST * min(trace.stats.sampling_rate, rate) for trace in motion)
    return data.astype(np.float32), start if _any_window(card) else min(start, 0.0), highest


def _three(stream, name, sensor):
    """Three traces of one instrument, each with its channel if the inventory holds it."""
    whole = stream.copy()
    whole.merge()
    if sensor is not None:
        by_id = {trace.id: trace for trace in whole}
        components = [(by_id[channel.id], channel) for channel in sensor.channels]
    else:
        groups = {}
        for trace in whole:
            groups.setdefault((trace.stats.location, trace.stats.channel[:2]), {})[trace.stats.channel[-1:]] = trace
        complete = (group for _, group in sorted(groups.items()) if set("ZNE") <= set(group))
        components = next(([(group[letter], None) for letter in "ZNE"] for group in complete), None)
        if components is None:
            raise InputError(f"{name}: the source lacks one of its components Z, N and E.")
    for trace, _ in components:
        if np.ma.is_masked(trace.data):
            raise InputError(f"{name}: {trace.id} has gaps; fill them, or leave the station out.")
    return components


def _direction(trace, channel):
    if channel is not None:
        return channel.direction
    return np.eye(3)["ZNE".index(trace.stats.channel[-1])]


def _motion(trace, channel, quantity, own):
    """A trace in the requested quantity; its data are float64, without mean. `own` is its original quantity."""
    out = trace.copy()
    out.data = np.asarray(require_real(out.data, trace.id), dtype=np.float64)
    if own == "counts":
        response = out.stats.get("response") or getattr(channel, "response", None)
        if response is None:
            raise InputError(
                f"{trace.id}: it holds counts, and neither inventory nor trace holds its response. Call "
                "source.remove_response(inventory) first, or give an inventory at response level."
            )
        return without_response(out, response, quantity)
    out.data = out.data - out.data.mean()
    if own != quantity:
        out.data = convert_motion(out.data, out.stats.sampling_rate, own, quantity)
    return out


def without_response(trace, response, quantity):
    """Remove the response from a trace of counts, in place, and return it: `quantity` in SI units."""
    units = input_units(response)
    if quantity_of_units(units) is None:
        raise InputError(f"{trace.id}: its response takes in {units!r}, which is no known unit of ground motion.")
    trace.stats.response = with_known_units(response)
    trace.detrend("demean")
    nyquist = trace.stats.sampling_rate / 2
    word = next(word for word, name in OUTPUTS.items() if name == quantity)
    band = (*_LOW_HZ, *(share * nyquist for share in _HIGH))
    try:
        with EVALRESP_LOCK:
            trace.remove_response(output=word, pre_filt=band, water_level=None)
    except Exception as error:  # ObsPy raises any error of evalresp
        raise InputError(f"{trace.id}: its response cannot be taken off: {error}.") from error
    trace.data = trace.data / INPUT_UNITS[tidy_units(units)][1]
    return trace
