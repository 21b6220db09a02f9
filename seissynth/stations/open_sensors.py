"""Sensors of an inventory over time: chosen once between two changes, for catalogues of many earthquakes."""

from __future__ import annotations

import numpy as np
from obspy import Inventory, UTCDateTime

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
    >>> sensors = OpenSensors(obspy.read_inventory())
    >>> [one.id for one in sensors.at("2010-01-01")] == [one.id for one in sensors.at("2010-01-02")]
    True
    """

    def __init__(self, inventory: Inventory, channel: str | list[str] | None = None):
        self.inventory, self.channel = inventory, channel
        self._changes, self._known = None, {}

    def at(self, time: UTCDateTime | str) -> list[Sensor]:
        """Return the sensors at a time; errors and warnings are those of `select_sensors`."""
        if self._changes is None:
            require_inventory(self.inventory)
            self._changes = changes_ns(self.inventory)
        try:
            period = int(np.searchsorted(self._changes, UTCDateTime(time).ns, side="right"))
        except Exception:
            return select_sensors(self.inventory, time, self.channel)
        if period not in self._known:
            sensors, notes = choose_sensors(self.inventory, time, self.channel)
            if notes or not sensors:  # these name the time, and are said for each
                return select_sensors(self.inventory, time, self.channel)
            self._known[period] = sensors
        return list(self._known[period])


def changes_ns(inventory):
    """Times (ns since 1970) at which an epoch of an inventory begins or ends, in order."""
    times = set()
    for network in inventory:
        for item in (network, *network, *(channel for station in network for channel in station)):
            times |= {date.ns for date in (item.start_date, item.end_date) if date is not None}
    return np.array(sorted(times), dtype=np.int64)
