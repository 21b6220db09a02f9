"""Convert an ObsPy Inventory to sensors: channels in operation, their orientation and coordinates.

Missing metadata of a station are inferred, with a warning; unusable channels are left out and named. One bad station
does not stop the others.
"""

from __future__ import annotations

import fnmatch
import math

import numpy as np
from obspy import Inventory, UTCDateTime

from seissynth.errors import InputError
from seissynth.instruments.input_units import input_units, quantity_of_units, tells_nothing
from seissynth.shared.bounds import BOUNDS
from seissynth.shared.warning import warn_user
from seissynth.shared.wording import a_kind
from seissynth.stations.seed_codes import (
    BAND_INSTRUMENT_PREFERENCE,
    INSTRUMENT_PREFERENCE,
    ORIENTATIONS,
    band_code,
    component_rank,
)
from seissynth.stations.sensors import Channel, Sensor, group_sites, same_place

__all__ = ["BAND_INSTRUMENT_PREFERENCE", "Channel", "Sensor", "band_code", "group_sites", "select_sensors"]

#: sampling rate of the three channels given to a station that has none, Hz
SYNTHETIC_RATE_HZ = 100.0


def select_sensors(
    inventory: Inventory, time: UTCDateTime | str, channel: str | list[str] | None = None
) -> list[Sensor]:
    """Choose the sensors that record ground motion at a time.

    Parameters
    ----------
    inventory : obspy.Inventory
    time : obspy.UTCDateTime or a value that it accepts
        Networks, stations and channels must be open: start <= time < end; a missing end is open.
    channel : str or list of str, optional
        Patterns of channel codes, such as ``"HN?"`` or ``"HH?,HN?"`` or ``["HHZ", "BH*"]``; ``"*"`` takes all,
        of all locations. None: per station the first of `BAND_INSTRUMENT_PREFERENCE` that it has, at one
        location: complete ones first, then empty or ``"00"``, then in alphabetic order.

    Returns
    -------
    list of Sensor
        In the inventory's order of stations. Pressure, mass position, rotation and other channels without ground motion
        (by instrument code or by the response's input units) are never used.

    Raises
    ------
    InputError
        Not an inventory, or no channel left; the message describes the inventory.

    Warns
    -----
    SeisSynthWarning
        A station without open or matching channels or without coordinates, a channel without sampling
        rate or known orientation: left out and named. An inferred orientation, a duplicate channel (the epoch that
        starts last is used), axes that do not span space.

    Notes
    -----
    A station without any channels gets three synthetic ones (Z, N, E at 100 Hz, no response).
    Channels that do not span three axes each get their own projection of the motion; there is no warning for channels
    excluded by the patterns.
    """
    sensors, notes = choose_sensors(inventory, time, channel)
    if not sensors:  # the error holds the notes
        raise InputError(_nothing_left(inventory, UTCDateTime(time), channel, notes))
    for note in notes:
        warn_user(note)
    return sensors


def require_inventory(inventory):
    """Raise InputError for anything but an obspy Inventory."""
    if not isinstance(inventory, Inventory):
        raise InputError(f"inventory is {a_kind(inventory)}; it must be an obspy.Inventory (read_inventory).")


def choose_sensors(inventory, time, channel=None):
    """`select_sensors` without warnings: list of Sensor, which may be empty, and list of the warnings."""
    require_inventory(inventory)
    try:
        time = UTCDateTime(time)
    except Exception as error:  # ObsPy raises several kinds
        raise InputError(f"time={time!r} cannot be read as a UTCDateTime: {error}.") from error
    patterns = _patterns(channel)
    stations = {}
    for network in inventory:
        for station in network:
            stations.setdefault((str(network.code), str(station.code)), []).append((network, station))
    notes, sensors = [], []
    for codes, entries in stations.items():
        found = _station_sensors(".".join(codes), entries, time, patterns, notes)
        sensors += found
    return sensors, notes


def _patterns(channel):
    if channel is None:
        return None
    items = [channel] if isinstance(channel, str) else channel
    try:
        patterns = [part.strip().upper() for item in items for part in item.split(",")]
    except (AttributeError, TypeError):
        raise InputError(f"channel={channel!r}; it must be a pattern as 'HN?' or a list of them.") from None
    if not patterns or "" in patterns:
        raise InputError(f"channel={channel!r} holds an empty pattern; use '*' for all, None for the preferred ones.")
    return patterns


def _station_sensors(name, entries, time, patterns, notes):
    """Sensors of one NET.STA, whose epochs may be several Station objects; channels left out are added to `notes`."""
    now = [(network, station) for network, station in entries if _is_open(network, time) and _is_open(station, time)]
    if not now:
        notes.append(f"Station {name} is not open at {time} (its epochs: {_epochs(s for _, s in entries)}); left out.")
        return []
    odd = next(filter(None, (_odd_place(station) for _, station in now)), None)
    if odd:
        notes.append(f"Station {name} has {odd}. Left out: set it in the inventory.")
        return []
    placed = [(station, _coordinates(station)) for _, station in now]
    channels, dropped = [], []
    for station, place in placed:
        for item in station.channels:
            if _is_open(item, time):
                channels.append((item, place))
    if not any(station.channels for _, station in now):
        return _synthetic_sensors(name, placed[-1][1], patterns, notes)
    if not channels:
        every = [item for _, station in now for item in station.channels]
        notes.append(f"Station {name} has no channel open at {time} (its epochs: {_epochs(every)}); left out.")
        return []
    channels = _latest(name, channels, notes)
    usable = []
    for item, place in channels:
        reason = _not_ground_motion(item)
        if reason:
            dropped.append(f"{item.code} ({reason})")
        else:
            usable.append((item, place))
    if usable:
        usable_codes = sorted({item.code for item, _ in usable})
        if not any(_matches(code, patterns) for code in usable_codes):
            notes.append(
                f"Station {name} has no channel {','.join(patterns)} at {time} (it has {_few(usable_codes)}); left out."
            )
            return []
    if not usable:
        notes.append(f"Station {name} has no channel of ground motion at {time}: {_few(dropped)}; left out.")
        return []
    faults = {}
    groups = _groups(name, usable, patterns, faults)
    for fault, codes in faults.items():
        notes.append(f"Channel {_few(codes)} of station {name} {fault}")
    return [sensor for part, whole in groups if (sensor := _sensor(part, whole, patterns, notes)) is not None]


def _groups(name, usable, patterns, faults):
    """Lists of Channel, one per instrument, rate and location, each with all of that instrument and rate.

    Those matching the patterns, or the preferred one.
    """
    by_instrument = {}
    for item, place in usable:
        by_instrument.setdefault((item.code[:2].upper(), item.location_code or ""), []).append((item, place))
    groups = []

    def preference(key):
        return _rank(key[0]), len(by_instrument[key]) < 3, key[1] not in ("", "00"), key[1]

    for key in sorted(by_instrument, key=preference):
        asked = [_matches(item.code, patterns) for item, _ in by_instrument[key]]
        if not any(asked):
            continue
        parts = []
        for (item, place), wanted in zip(by_instrument[key], asked, strict=True):
            # a channel that was not asked for only shows how the sensor is oriented; its faults are not reported
            channel = _channel(name, item, place, faults if wanted else {})
            if channel is not None:
                _add_to_part(parts, channel, faults if wanted else {})
        for part in parts:
            rate = part[0].sampling_rate_hz
            groups.append((part, [one for other in parts for one in other if one.sampling_rate_hz == rate]))
        if patterns is None and groups:
            break
    return groups


def _add_to_part(parts, channel, faults):
    """Add a channel to the part of its instrument with the same rate and location, or make one."""
    apart = [part[0] for part in parts if not same_place(part[0], channel)]
    if apart:
        label = f"{channel.location}.{channel.code}" if channel.location else channel.code
        fault = (
            f"is not co-located with {apart[0].code} of the same instrument: it is at {_where(channel)}, not "
            f"{_where(apart[0])}; it gets the motion of its own place. Correct the inventory if they are at one place."
        )
        faults.setdefault(fault, []).append(label)
    for part in parts:
        if part[0].sampling_rate_hz == channel.sampling_rate_hz and same_place(part[0], channel):
            part.append(channel)
            return
    parts.append([channel])


def _where(channel):
    return f"{channel.latitude_deg:.5f}, {channel.longitude_deg:.5f}, {channel.depth_m:g} m deep"


def _sensor(part, whole, patterns, notes):
    """Order one instrument's channels, note if they do not span space, and select them by the patterns."""
    group, every = (sorted(some, key=lambda one: (component_rank(one.code), one.code)) for some in (part, whole))
    kept = [channel for channel in group if _matches(channel.code, patterns)]
    if not kept:
        return None
    # the smallest singular value is 1 for right angles; below this, 6 degrees or less are between an axis and a plane
    if np.linalg.matrix_rank(Sensor(every).direction_matrix(), tol=0.1) < 3 and part[0] is whole[0]:
        axes = ", ".join(f"{c.code} azimuth {c.azimuth_deg:g} dip {c.dip_deg:g}" for c in every)
        notes.append(
            f"Sensor {Sensor(every).id}: its channels ({axes}) do not span three axes; each gets its own projection "
            "of the motion."
        )
    return Sensor(kept)


def _channel(name, item, place, faults):
    """Return a Channel from an ObsPy channel, or None; defects are added to `faults`, a dict of lists of codes."""
    network, station = name.split(".", 1)
    location = item.location_code or ""
    label = f"{location}.{item.code}" if location else item.code

    def note(fault):
        faults.setdefault(fault, []).append(label)

    odd = _odd_place(item)
    if odd:
        note(f"has {odd}. Left out: set it in the inventory.")
        return None
    rate = _number(item.sample_rate)
    if rate is None or not BOUNDS["sampling_rate"].holds(rate):
        note(
            f"has the sampling rate {item.sample_rate}; it must be above 0, and {BOUNDS['sampling_rate']}. "
            "Left out: set it in the inventory."
        )
        return None
    latitude, longitude, elevation = _coordinates(item)
    if latitude is None or longitude is None:
        latitude, longitude = place[:2]
    if latitude is None or longitude is None:
        note("has no coordinates, and the station neither; left out: set them in the inventory.")
        return None
    azimuth, dip = _number(item.azimuth), _number(item.dip)
    if dip is not None and abs(dip) == 90:
        azimuth = azimuth or 0.0  # that of a vertical axis says nothing
    if azimuth is None or dip is None:
        guess = ORIENTATIONS.get(item.code[2:3].upper())
        missing = " and ".join(word for word, value in (("azimuth", azimuth), ("dip", dip)) if value is None)
        if guess is None:
            note(f"has no {missing}, and its code does not say how it points; left out: set it in the inventory.")
            return None
        azimuth, dip = (guess[0] if azimuth is None else azimuth), (guess[1] if dip is None else dip)
        note(f"has no {missing}; taken from its code (Z and 3 up, N and 1 north, E and 2 east).")
    elevation = next((value for value in (elevation, place[2]) if value is not None), 0.0)
    return Channel(
        network, station, location, item.code, latitude, longitude, elevation, _number(item.depth) or 0.0,
        azimuth, dip, rate, item.response,
    )  # fmt: skip


def _synthetic_sensors(name, place, patterns, notes):
    network, station = name.split(".", 1)
    latitude, longitude, elevation = place
    if latitude is None or longitude is None:
        notes.append(f"Station {name} has no coordinates; left out: set them in the inventory.")
        return []
    prefix = band_code(SYNTHETIC_RATE_HZ) + "H"
    channels = [
        Channel(
            network, station, "", prefix + letter, latitude, longitude, elevation or 0.0, 0.0, *ORIENTATIONS[letter],
            SYNTHETIC_RATE_HZ, None, True,
        )
        for letter in "ZNE"
    ]  # fmt: skip
    kept = [channel for channel in channels if _matches(channel.code, patterns)]
    if not kept:
        notes.append(
            f"Station {name} has no channels in the inventory, and the synthetic ones ({prefix}Z, {prefix}N, "
            f"{prefix}E) do not match {','.join(patterns)}; left out."
        )
        return []
    return [Sensor(kept)]


def _latest(name, channels, notes):
    """Of channels of the same code and location keep the one that starts last."""
    best, doubles = {}, []
    for item, place in channels:
        key = (item.location_code or "", item.code)
        if key in best:
            doubles.append(f"{key[0]}.{key[1]}")
        if key not in best or _start(item) > _start(best[key][0]):
            best[key] = (item, place)
    if doubles:
        notes.append(
            f"Station {name} has channels that are open more than once: {_few(sorted(set(doubles)))}; the "
            "epoch that starts last is taken."
        )
    return list(best.values())


def _not_ground_motion(item):
    code = item.code or ""
    if len(code) != 3:
        return "no three-letter code"
    if code[1].upper() not in INSTRUMENT_PREFERENCE:
        return f"instrument code {code[1]}"
    units = input_units(item.response)
    # a digitiser's own response, or none, does not show the sensor's quantity; the instrument code does
    if quantity_of_units(units) is None and not tells_nothing(units):
        return f"in {units}"
    return None


def _nothing_left(inventory, time, channel, notes):
    stations = dict.fromkeys(f"{network.code}.{station.code}" for network in inventory for station in network)
    if not stations:
        return "The inventory holds no station. Read one with obspy.read_inventory, or ask an FDSN client."
    names = _few(list(stations))
    return (
        f"No sensor is left for channel={channel!r} at {time}. The inventory holds {len(stations)} station(s): "
        f"{names}. {_few([note.rstrip('.') for note in notes], 3, '; ')}. Give an inventory that is open at that "
        "time, at channel level, or another `channel`."
    )


def _matches(code, patterns):
    return patterns is None or any(fnmatch.fnmatchcase(code.upper(), pattern) for pattern in patterns)


def _rank(band_instrument):
    order = BAND_INSTRUMENT_PREFERENCE
    known = band_instrument in order
    return (order.index(band_instrument) if known else len(order), band_instrument)


def _is_open(item, time):
    start, end = item.start_date, item.end_date
    return (start is None or start <= time) and (end is None or time < end)


def _start(item):
    return item.start_date.ns if item.start_date is not None else -(2**63)


def _epochs(items):
    return _few(sorted({f"{item.start_date or 'ever'} to {item.end_date or 'now'}" for item in items}))


def _few(words, limit=6, separator=", "):
    words = list(words)
    more = f"{separator}and {len(words) - limit} more" if len(words) > limit else ""
    return separator.join(words[:limit]) + more


def _number(value):
    """Return a float, or None if missing or not finite."""
    if value is None:
        return None
    value = float(value)
    return value if math.isfinite(value) else None


def _odd_place(item):
    """Return an impossible coordinate of a station or channel, if any; a missing one is possible."""
    for what, key in (
        ("latitude", "latitude"), ("longitude", "longitude"), ("elevation", "elevation"), ("sensor depth", "depth"),
    ):  # fmt: skip
        value = getattr(item, key, None)
        if value is not None and not BOUNDS[what].holds(float(value)):
            return f"the {what} {float(value):g}; it must be {BOUNDS[what]}"
    return None


def _coordinates(item):
    return _number(item.latitude), _number(item.longitude), _number(item.elevation)
