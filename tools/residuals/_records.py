"""Real records of four sets, read as `generate` reads a source."""

from pathlib import Path

import numpy as np
import obspy

from seissynth_plugins.conditioned.archive import read_events

#: set: folder, velocity model, conversion of magnitudes
SETS = {
    "ridgecrest": ("ridgecrest_2019", "southern_california", "southern_california"),
    "california": ("california_2019_m43", "southern_california", "southern_california"),
    "strong_motion": ("strong_motion_world", "iasp91", "piecewise"),
    "new_zealand": ("new_zealand_2013", "iasp91", "piecewise"),
}


def read_set(name, folder, least=2, catalog=None):
    """Yield the earthquakes of a set of which `least` stations or more have a record, as `EventRecords`.

    `catalog` is used instead of the set's own: records are cut before its next earthquake.
    """
    place, model, _ = SETS[name]
    folder = Path(folder) / place
    inventory = obspy.read_inventory(str(folder / "inventory.xml"))
    stream = with_quantity(obspy.read(str(folder / "waveforms.mseed")), inventory)
    catalog = obspy.read_events(str(folder / "catalog.xml")) if catalog is None else catalog
    for found in read_events(stream, inventory, catalog, velocity_model=model):
        if len(found.records) >= least:
            yield found


def with_quantity(stream, inventory):
    """Traces in SI, which state their quantity: gains are flat in all sets."""
    for trace in stream:
        code = trace.stats.network, trace.stats.station, trace.stats.location, trace.stats.channel
        sensitivity = inventory.select(*code)[0][0][0].response.instrument_sensitivity
        trace.data = np.ma.asarray(trace.data, dtype=float) / sensitivity.value
        if not np.ma.is_masked(trace.data):
            trace.data = np.asarray(trace.data)
        velocity = sensitivity.input_units.upper() == "M/S"
        trace.stats.seissynth = {"quantity": "velocity" if velocity else "acceleration"}
    return stream
