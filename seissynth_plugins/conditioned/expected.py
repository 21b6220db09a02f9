"""What the default backend expects at a place: mean cells and peaks of draws with its random terms at their mean."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from seissynth.seeding import Seeds, hash_words
from seissynth.signal.motion import convert_motion
from seissynth_plugins.conditioned.spectra import band_shares, ln_psa, measure_of
from seissynth_plugins.residuals.cells import BEHIND_S, RATE_HZ, REACH_S, cells_of, column_times
from seissynth_plugins.stochastic.backend import StochasticBackend

#: draws that are averaged
DRAWS = 8
#: expectations that are kept
_KEPT = 512
_COLUMNS = {*StochasticBackend.card.required_columns, *StochasticBackend.card.optional_columns}


@dataclass(frozen=True)
class Expected:
    """Expectation of the default backend for one record.

    Parameters
    ----------
    power : ndarray, shape (2, bands, columns)
        Mean of ln power of cells, unit m/s² squared.
    ln_pga, ln_pgv : float
        Means over draws of ln of the peak, geometric mean of both horizontals, of acceleration (m/s²) and velocity
        (m/s).
    p_s, s_s : float
        Onsets, s after origin.
    ln_psa : dict of str to float
        By measure, such as ``psa_0p3``: mean over draws of ln PSA, RotD50, m/s².
    shares : dict of str to ndarray, shape (bands,)
        By the same measures, see `spectra.band_shares`.
    """

    power: np.ndarray
    ln_pga: float
    ln_pgv: float
    p_s: float
    s_s: float
    ln_psa: dict = field(default_factory=dict)
    shares: dict = field(default_factory=dict)

    @property
    def ln_peaks(self):
        """Expected ln of all peaks, by measure."""
        return {"pga": self.ln_pga, "pgv": self.ln_pgv, **self.ln_psa}

    @property
    def times_s(self):
        """Middles of the columns, s after origin."""
        return column_times(self.p_s, self.s_s)


def expect(backend, conditions, draws=DRAWS, periods_s=()):
    """Return what a backend expects for the rows of a table.

    Parameters
    ----------
    backend : StochasticBackend
        Its variability is off.
    conditions : pandas.DataFrame, n rows
    draws : int
    periods_s : sequence of float
        Of PSA, s.

    Returns
    -------
    list of Expected, length n
        Each depends on its own row only: seeds come from its distance and onsets.
    """
    p, s = (conditions[f"path_{wave}_travel_s"].to_numpy(float) for wave in "ps")
    out = []
    for row in range(len(conditions)):
        one = conditions.iloc[[row] * draws].reset_index(drop=True)
        key = (f"{conditions['path_hyp_distance_km'].iloc[row]:.4f}", f"{p[row]:.4f}", f"{s[row]:.4f}")
        number = np.array([hash_words("expected record", *key, draw) for draw in range(draws)], dtype=np.uint64)
        start = float(p[row] - 2 * REACH_S)
        npts = int((s[row] - p[row] + BEHIND_S + 4 * REACH_S) * RATE_HZ)
        records = backend.simulate(
            one, start_s=np.full(draws, start), npts=npts, sampling_rate_hz=RATE_HZ,
            seeds=Seeds(number, number, number),
        )  # fmt: skip
        power = np.mean([cells_of(data, start, p[row], s[row]).power for data in records.data], axis=0)
        velocity = convert_motion(records.data, RATE_HZ, "acceleration", "velocity")
        peaks = [horizontal_peak(data).mean() for data in (records.data, velocity)]
        names = [measure_of(period) for period in periods_s]
        of_draws = ln_psa(records.data, periods_s).T
        psa = {name: float(np.mean(values.tolist())) for name, values in zip(names, of_draws, strict=True)}
        shares = dict(zip(names, band_shares(records.data, periods_s), strict=True)) if names else {}
        out.append(Expected(power, *map(float, peaks), float(p[row]), float(s[row]), psa, shares))
    return out


def horizontal_peak(data):
    """Logarithm of the peak, geometric mean of the second and third component: (..., 3, npts) gives (...)."""
    peaks = np.abs(np.asarray(data, dtype=float)[..., 1:, :]).max(axis=-1)
    return np.log(np.maximum(peaks, 1e-30)).mean(axis=-1)


class Expectations:
    """Expectations of a backend, of which the last ones are kept: realisations and calls share them.

    Parameters
    ----------
    backend : StochasticBackend
    """

    def __init__(self, backend):
        self.backend = backend
        self._kept = OrderedDict()
        self._lock = threading.Lock()

    def of(self, conditions, periods_s=()):
        """Return `expect` of the rows of a table."""
        names = [name for name in sorted(conditions.columns) if name in _COLUMNS]
        keys = [(periods_s, *map(str, row)) for row in conditions[names].itertuples(index=False)]
        with self._lock:
            known = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {key: row for row, key in enumerate(keys) if key not in known}
        if missing:
            rows = conditions.iloc[list(missing.values())].reset_index(drop=True)
            found = expect(self.backend, rows, periods_s=periods_s)
            known |= dict(zip(missing, found, strict=True))
            with self._lock:
                self._kept |= {key: known[key] for key in missing}
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return [known[key] for key in keys]
