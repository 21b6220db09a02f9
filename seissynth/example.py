"""The example that ships with seissynth: a small fictitious network and an earthquake below it."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obspy import Inventory
    from obspy.core.event import Event


def read_example() -> tuple[Inventory, Event]:
    """Read the embedded network and earthquake.

    Network XX has seven stations within 5 to 90 km: broadband velocity (``HH?``), strong motion
    (``HN?``), and one shallow borehole sensor whose horizontals do not point north and east. All channels have
    poles and zeros, a digitiser and an FIR stage. The earthquake is of Mw 5.2, 8.2 km deep, with nodal planes.

    Returns
    -------
    inventory : obspy Inventory
    event : obspy Event

    Examples
    --------
    >>> from seissynth.example import read_example
    >>> inventory, event = read_example()
    >>> [station.code for station in inventory[0]]
    ['AMAT', 'BORE', 'CASC', 'FERM', 'LAGO', 'PIAN', 'TIBE']
    >>> event.preferred_magnitude().mag
    5.2
    """
    from obspy import read_events, read_inventory

    folder = resources.files("seissynth") / "data" / "example"
    with resources.as_file(folder / "inventory.xml") as path:
        inventory = read_inventory(str(path))
    with resources.as_file(folder / "event.xml") as path:
        event = read_events(str(path))[0]
    return inventory, event
