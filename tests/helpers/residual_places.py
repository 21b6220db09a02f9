"""Places of made-up records, for tests of the residual model."""

import numpy as np

from seissynth_plugins.residuals.kernel import make_places


def line_of_stations(n=6, events=1, seed=0):
    """n stations that record each of some earthquakes: n * events records, event by event."""
    rng = np.random.default_rng(seed)
    stations = np.stack([35 + rng.uniform(-0.4, 0.4, n), -117 + rng.uniform(-0.4, 0.4, n)], axis=1)
    hypocentres = np.stack(
        [
            35 + 0.05 * rng.standard_normal(events),
            -117 + 0.05 * rng.standard_normal(events),
            rng.uniform(3, 12, events),
        ],
        axis=1,
    )
    where, when = np.tile(stations, (events, 1)), np.repeat(np.arange(events), n)
    return make_places(
        event=[f"e{k}" for k in when], station=[f"XX.S{k}" for k in np.tile(np.arange(n), events)],
        source_latitude_deg=hypocentres[when, 0], source_longitude_deg=hypocentres[when, 1],
        depth_km=hypocentres[when, 2], station_latitude_deg=where[:, 0], station_longitude_deg=where[:, 1],
        magnitude=2.5 + 0.4 * when, time_h=1.5 * when,
    )  # fmt: skip
