"""Small record sets for the tests of evaluation: noise with the shape of an earthquake."""

import numpy as np
import pandas as pd

from seissynth.evaluation import Pairs, RecordSet


def record_set(events=8, stations=6, npts=4000, seed=0, band_hz=None, name="real"):
    """Velocity records of `events` earthquakes of ML 2 to 4 at `stations` sensors 10 to 60 km away, 100 Hz."""
    rng = np.random.default_rng(seed)
    event, station = np.divmod(np.arange(events * stations), stations)
    magnitude = np.linspace(2.0, 4.0, events)[event]
    epicentral = np.geomspace(10.0, 60.0, stations)[station]
    hypocentral = np.hypot(epicentral, 8.0)
    p, s = hypocentral / 6.0, hypocentral / 3.5
    time = np.arange(npts) / 100.0
    size = 10 ** (0.8 * magnitude - 6.0) / hypocentral
    since = time - s[:, None]
    shape = np.where(since > 0, np.exp(-np.maximum(since, 0) / 4.0), 0.0)
    shape += np.where(time > p[:, None], 0.1, 1e-4)
    data = size[:, None, None] * shape[:, None] * rng.normal(size=(len(event), 3, npts))
    table = pd.DataFrame(
        {"source_id": [f"e{k}" for k in event], "source_magnitude": magnitude, "source_magnitude_type": "ML",
         "station_network_code": "XX", "station_code": [f"S{k}" for k in station],
         "path_ep_distance_km": epicentral, "path_hyp_distance_km": hypocentral}
    )  # fmt: skip
    return RecordSet(name, data.astype(np.float32), 100.0, "velocity", table, p_s=p, s_s=s, band_hz=band_hz)


def scaled(records, factor, name="generated"):
    """The same records times a factor."""
    from dataclasses import replace

    return replace(records, data=(records.data * factor).astype(np.float32), name=name)


def pairs_of(real, *draws):
    """Pairs of record sets of the same rows."""
    return Pairs(real, draws)
