"""Record sets of made-up earthquakes: bursts of noise with P and S, sizes and scatter that are known."""

import numpy as np
import pandas as pd

from seissynth.evaluation import Pairs, RecordSet

RATE = 100.0
WITHIN_SD = 0.5


def burst_pairs(events=12, stations=6, draws=1, npts=2000, seed=0, masked=False, spread=WITHIN_SD):
    """Real records and draws of the same distribution: P and S at 6 and 3.5 km/s, ln size with sd `spread`."""
    rng = np.random.default_rng(seed)
    n = events * stations
    codes = np.repeat(np.arange(events), stations)
    magnitude = rng.uniform(2.0, 5.0, events)[codes]
    distance = rng.uniform(8.0, 40.0, n)
    p, s = distance / 6.0, distance / 3.5
    times = np.arange(npts) / RATE
    after_p, after_s = np.maximum(times - p[:, None], 0), np.maximum(times - s[:, None], 0)
    envelope = 1e-3 + 0.3 * (after_p > 0) * np.exp(-after_p / 1.5) + (after_s > 0) * np.exp(-after_s / 3.0)
    level = 1e-5 * 10.0 ** (magnitude - 3.0) / distance
    table = pd.DataFrame(
        {
            "source_id": [f"event{code:02d}" for code in codes],
            "source_magnitude": magnitude,
            "station_network_code": "XX",
            "station_code": [f"S{k}" for k in range(stations)] * events,
            "path_hyp_distance_km": distance,
            "path_ep_distance_km": distance,
            "path_p_travel_s": p,
            "path_s_travel_s": s,
        }
    )
    mask_end = np.where(np.arange(n) % 2, s + 6.0, np.inf) if masked else None

    def records(name):
        size = level * np.exp(spread * rng.standard_normal(n))
        data = size[:, None, None] * envelope[:, None] * rng.standard_normal((n, 3, npts))
        data = data.astype(np.float32)
        return RecordSet(name, data, RATE, "velocity", table, None, p, s, mask_end)

    return Pairs(records("real"), tuple(records("made") for _ in range(draws)))
