"""Conditions tables for tests of the stochastic backend, made without ObsPy."""

import numpy as np
import pandas as pd

from seissynth.seeding import make_seeds
from seissynth_plugins.stochastic.simulation import RecordMaker
from seissynth_plugins.stochastic.spectra import GridCache

P_KM_S, S_KM_S = 6.0, 3.46


def conditions(epicentral_km, magnitude=4.0, depth_km=8.0, mechanism=None, **columns):
    """One row per distance, straight rays in a half space, azimuths all around."""
    distance = np.atleast_1d(np.asarray(epicentral_km, dtype=float))
    n = len(distance)
    hypocentral = np.hypot(distance, depth_km)
    table = {
        "source_magnitude": np.full(n, float(magnitude)),
        "source_magnitude_type": ["Mw"] * n,
        "source_depth_km": np.full(n, float(depth_km)),
        "path_hyp_distance_km": hypocentral,
        "path_ep_distance_km": distance,
        "path_azimuth_deg": np.linspace(0, 350, n),
        "path_p_travel_s": hypocentral / P_KM_S,
        "path_s_travel_s": hypocentral / S_KM_S,
        "path_p_takeoff_deg": 180 - np.degrees(np.arctan2(distance, depth_km)),
    }
    if mechanism is not None:
        for name, value in zip(("strike", "dip", "rake"), mechanism, strict=True):
            table[f"source_{name}_deg"] = np.full(n, float(value))
    table.update({name: np.broadcast_to(value, n) for name, value in columns.items()})
    return pd.DataFrame(table)


def simulate(backend, table, *, start_s=0.0, npts=4000, rate=100.0, seed=0):
    """Run a backend on a whole table."""
    n = len(table)
    seeds = make_seeds(seed, ["event"] * n, [f"XX.S{i}" for i in range(n)], backend="stochastic")
    return backend.simulate(table, start_s=np.full(n, float(start_s)), npts=npts, sampling_rate_hz=rate, seeds=seeds)


def record_maker(backend):
    """What makes the records of a backend, row by row."""
    return RecordMaker(backend.parameters, GridCache(backend.parameters))
