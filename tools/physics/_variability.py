"""Shared by calibration and comparison of the random terms: published targets and simulations of a cell."""

import numpy as np

from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.rows import prepare_rows
from seissynth_plugins.stochastic.variability import TermMaker
from tools.physics._gmm import HYPOCENTRE_KM, PERIODS_S, RATE_HZ, Cell, horizontal, table

BATCH = 400
#: places of MEASURES that hold PSA
PSA = slice(2, 6)
_BEFORE_P_S, _DURATIONS, _AFTER_S = 1.0, 2.0, 5.0


def bssa14_deviations(magnitude, rjb_km=30.0, vs30_mps=760.0):
    """Between-event tau and within-event phi of BSSA14 (Boore et al. 2014) for `MEASURES`, from pygmm."""
    import pygmm

    model = pygmm.BooreStewartSeyhanAtkinson2014(
        pygmm.Scenario(mag=magnitude, dist_jb=rjb_km, v_s30=vs30_mps, mechanism="SS", region="california")
    )
    spectra = [np.argmin(np.abs(model.PERIODS - period)) for period in PERIODS_S]
    places = [model.INDEX_PGA, model.INDEX_PGV, *spectra]
    return model._tau[places], model._phi[places]


def baker_jayaram(one_s, other_s):
    """Correlation of ln PSA at two periods, Baker & Jayaram (2008), Earthq. Spectra 24, 299-317, eqs. 5 to 10."""
    low, high = min(one_s, other_s), max(one_s, other_s)
    c1 = 1 - np.cos(np.pi / 2 - 0.366 * np.log(high / max(low, 0.109)))
    c2 = 0.0
    if high < 0.2:
        c2 = 1 - 0.105 * (1 - 1 / (1 + np.exp(100 * high - 5))) * (high - low) / (high - 0.0099)
    c3 = c2 if high < 0.109 else c1
    c4 = c1 + 0.5 * (np.sqrt(c3) - c3) * (1 + np.cos(np.pi * low / 0.109))
    if high < 0.109:
        return c2
    if low > 0.109:
        return c1
    return min(c2, c4) if high < 0.2 else c4


def psa_pairs():
    """Pairs of places in PERIODS_S."""
    return [(i, j) for i in range(len(PERIODS_S)) for j in range(i + 1, len(PERIODS_S))]


def run(backend, cell, seeds, places=None):
    """Simulate ln of `_gmm.MEASURES` of a cell, shape (n, 6), in batches; `places` are latitudes and longitudes."""
    n = len(seeds)
    conditions = table(cell, n)
    if places is not None:
        conditions["station_latitude_deg"], conditions["station_longitude_deg"] = places
    truth = prepare_rows(conditions[:1], backend.parameters)[1]
    start = conditions["path_p_travel_s"][0] - _BEFORE_P_S
    end = conditions["path_s_direct_travel_s"][0] + _DURATIONS * truth["s_duration_s"][0] + _AFTER_S
    npts = round((end - start) * RATE_HZ)
    found = []
    for first in range(0, n, BATCH):
        rows = slice(first, min(first + BATCH, n))
        records = backend.simulate(
            conditions[rows].reset_index(drop=True),
            start_s=np.full(rows.stop - first, start),
            npts=npts,
            sampling_rate_hz=RATE_HZ,
            seeds=seeds[rows],
        )
        found.append(horizontal(records.data.astype(float)))
    return np.concatenate(found)


def make_backend(tables, preset="active", **options):
    """A backend whose random terms come from `tables`; None for the stored ones."""
    backend = StochasticBackend(preset=preset, **options)
    backend.load()
    p = backend.parameters
    backend._terms = TermMaker(
        tables,
        durations=(p.duration_event_scatter, p.duration_scatter, p.duration_site_scatter),
        ratio_scale=p.ratio_term_scale,
    )
    return backend


def components(values):
    """Covariance between and within events, both (m, m), from values (events, stations, m).

    In this balanced design they follow without iteration: within is the mean covariance within events, between is that
    of the events' means less within / stations.
    """
    events, stations, measures = values.shape
    means = values.mean(axis=1)
    inside = (values - means[:, None]).reshape(-1, measures)
    within = inside.T @ inside / (events * (stations - 1))
    return np.cov(means.T) - within / stations, within


__all__ = ["HYPOCENTRE_KM", "Cell"]
