"""Blocks of time for processing, and the sensors that record in each."""

from itertools import pairwise

import numpy as np

from seissynth.data.cutting.window import flat_gain
from seissynth.data.preparation.arrays import LEAST_SPAN
from seissynth.errors import ResponseError
from seissynth.shared.warning import warn_user


def make_blocks(archive, inventory, settings):
    """Intervals (first, last) in ns that cover the records, cut where an epoch of the inventory begins or ends."""
    margin = settings.duration_s + settings.lead_s + settings.tail_s
    edges = np.array(sorted(_epoch_edges(inventory)), dtype=np.int64)
    step = round(settings.block_s * 1e9)
    blocks = []
    for first, last in archive.spans(gap_s=margin):
        # an origin may lie before the first sample
        first = int(first) - round((margin + max(settings.start_s, 0.0)) * 1e9)
        last = int(last) - round(settings.start_s * 1e9)
        cuts = [first, *edges[(edges > first) & (edges <= last)].tolist(), last + 1]
        for begin, end in pairwise(cuts):
            blocks += [(at, min(at + step, end)) for at in range(begin, end, step)]
    blocks.sort()
    return [(max(begin, blocks[k - 1][1] if k else begin), end) for k, (begin, end) in enumerate(blocks)]


def _epoch_edges(inventory):
    for network in inventory:
        for station in network:
            for item in (network, station, *station.channels):
                for time in (item.start_date, item.end_date):
                    if time is not None:
                        yield time.ns


def open_sensors(inventory, archive, time_ns, settings, report):
    """Sensors of three components that are open at a time, have records, and can be used."""
    from obspy import UTCDateTime

    from seissynth.stations.channels import choose_sensors

    # what is not open at each of many times is no news
    chosen, _ = choose_sensors(inventory, UTCDateTime(ns=int(time_ns)), settings.channel)
    sensors = []
    for sensor in chosen:
        recorded = [channel for channel in sensor.channels if channel.id in archive]
        if not recorded:
            continue
        reason = _unusable(sensor, recorded, archive, settings)
        if reason is None:
            sensors.append(sensor)
        elif sensor.id not in report.left_out:
            report.left_out[sensor.id] = reason
            say_left_out(sensor.id, reason)
    return sensors


def say_left_out(name, reason):
    """Warn that a sensor is left out, and why."""
    warn_user(f"sensor {name} is left out: {reason}")


def _unusable(sensor, recorded, archive, settings):
    """Return why a sensor cannot be used, or None."""
    if len(sensor.channels) != 3 or len(recorded) != 3:
        codes = ", ".join(channel.code for channel in recorded)
        return f"three components are needed; recorded are {codes}."
    if np.linalg.svd(sensor.direction_matrix(), compute_uv=False)[-1] < LEAST_SPAN:
        return "its axes do not span space."
    rates = {archive.rate_of(channel.id) for channel in recorded}
    if len(rates) != 1:
        return f"its components have different rates: {sorted(rates)} Hz."
    [rate] = rates
    if rate < settings.rate_hz * (1 - 1e-6):
        return f"it records at {rate:g} Hz, below the {settings.rate_hz:g} Hz asked for."
    high = settings.band_hz[1]
    if high is not None and high >= rate / 2:
        return f"its Nyquist frequency is {rate / 2:g} Hz, but the band ends at {high:g} Hz."
    if settings.quantity != "counts":
        return _without_response(sensor)
    return None


def _without_response(sensor):
    from seissynth.instruments.response import native_quantity

    for channel in sensor.channels:
        try:
            native_quantity(channel)
        except ResponseError as error:
            return str(error)
        if not channel.response.response_stages and flat_gain(channel.response) is None:
            return f"channel {channel.id} has neither stages nor a sensitivity."
    return None
