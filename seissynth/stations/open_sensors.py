"""Sensors of an inventory over time: chosen once between two changes, for catalogues of many earthquakes."""

from __future__ import annotations

from bisect import bisect_right

from obspy import Inventory, UTCDateTime

from seissynth.shared.warning import warn_user
from seissynth.stations.channels import choose_sensors, require_inventory, select_sensors
from seissynth.stations.sensors import Sensor

__all__ = ["OpenSensors", "changes_ns"]


class OpenSensors:
    """The sensors that record ground motion, as `select_sensors` chooses them, at many times.

    Parameters
    ----------
    inventory : obspy.Inventory
        Not to be changed while this is in use.
    channel : str or list of str, optional
        As in `select_sensors`.

    Examples
    --------
    >>> import obspy
    >>> sensors = OpenSensors(obspy.read_inventory().select(network="GR"))
    >>> [one.id for one in sensors.at("2010-01-01")] == [one.id for one in sensors.at("2010-01-02")]
    True
    """

    def __init__(self, inventory: Inventory, channel: str | list[str] | None = None):
        self.inventory, self.channel = inventory, channel
        self._changes: list[int] | None = None
        self._known: dict[int, tuple[list[Sensor], list[str], str]] = {}

    def at(self, time: UTCDateTime | str) -> list[Sensor]:
        """Return the sensors at a time; errors and warnings are those of `select_sensors`."""
        if self._changes is None:
            require_inventory(self.inventory)
            self._changes = changes_ns(self.inventory)
        try:
            time = UTCDateTime(time)
        except Exception:
            return select_sensors(self.inventory, time, self.channel)
        period = bisect_right(self._changes, time.ns)
        if period not in self._known:
            self._known[period] = (*choose_sensors(self.inventory, time, self.channel), str(time))
        sensors, notes, then = self._known[period]
        if not sensors:
            return select_sensors(self.inventory, time, self.channel)  # which raises
        for note in notes:  # said for each time, as they name it
            warn_user(note.replace(then, str(time)))
        return list(sensors)


def changes_ns(inventory):
    """Times (ns since 1970) at which an epoch of an inventory begins or ends, in order.

    Whole numbers of any size: "open" epochs end in 2599 or 9999, which 64 bits cannot hold.
    """
    times = set()
    for network in inventory:
        for item in (network, *network, *(channel for station in network for channel in station)):
            times |= {date.ns for date in (item.start_date, item.end_date) if date is not None}
    return sorted(times)
