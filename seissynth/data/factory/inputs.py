"""Inputs of a set, saved with it: the earthquakes as QuakeML, the stations as StationXML."""

import numpy as np

from seissynth.shared.atomic import replacing

CATALOG, INVENTORY = "catalog.xml", "inventory.xml"
#: more earthquakes than this are not written: QuakeML takes some 2 kB and 1 ms each
MOST_EVENTS = 20_000


def write_inputs(job):
    """Write the catalogue and the inventory of a finished set unless they exist.

    The ids of events are those in the column ``source_id``, and `seissynth.generate` makes the same records of them.
    """
    settings = job.settings
    if not (job.path / INVENTORY).exists():
        with replacing(job.path / INVENTORY) as beside:
            settings.inventory.write(str(beside), format="STATIONXML")
    if len(settings.sources) <= MOST_EVENTS and not (job.path / CATALOG).exists():
        with replacing(job.path / CATALOG) as beside:
            catalog_of(settings.sources).write(str(beside), format="QUAKEML")


def catalog_of(sources):
    """Return the earthquakes of a set as an obspy Catalog."""
    from obspy.core.event import Catalog, ResourceIdentifier

    from seissynth.data.factory.drawn_events import make_event

    table = sources.rows(np.arange(len(sources)))
    return Catalog(
        resource_id=ResourceIdentifier("smi:local/seissynth/dataset"),  # ObsPy would draw another one in each run
        events=[
            make_event(
                str(event_id),
                {name: values[k] for name, values in table.items()},
                str(table["source_magnitude_type"][k]) or None,
            )
            for k, event_id in enumerate(table["event_id"])
        ],
    )
