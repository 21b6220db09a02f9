"""Expected energy of records in bands and parts of time, without drawing any noise: what constants are fitted with."""

import dataclasses

import numpy as np
import pandas as pd

from seissynth_plugins.stochastic.presets import make_parameters
from seissynth_plugins.stochastic.rows import prepare_rows
from seissynth_plugins.stochastic.simulation import RecordMaker
from seissynth_plugins.stochastic.spectra import GridCache, interpolate_log_frequency
from seissynth_plugins.stochastic.transport import CENTRES_HZ, TransportEnergies
from tools.physics._envelopes import BEHIND_S, BETWEEN, PARTS

DT = 0.05
_FREE_SURFACE = 2.0
#: of the spectra of legs; any length would do
_NFFT, _DT = 4096, 0.01


class Expected:
    """Expected energies at the places and times of real recordings.

    Parameters
    ----------
    recordings : list of Recording
    **constants
        Of the backend, in place of its preset's: those that spectra depend on, which no fit changes.
    """

    def __init__(self, recordings, **constants):
        self.constants = {"envelope": "transport", **constants}
        parameters = make_parameters("active", **self.constants)
        self.recordings = recordings
        table = pd.DataFrame([_conditions(one) for one in recordings])
        self.rows, _ = prepare_rows(table, parameters)
        maker = RecordMaker(parameters, GridCache(parameters))
        grid = maker.grids.get(_NFFT, _DT)
        chosen = [int(np.argmin(abs(grid.frequency - f))) for f in CENTRES_HZ]
        legs = [np.abs(np.array(maker.legs(grid, row))[:, chosen]) for row in self.rows]
        #: amplitudes of P and of S at the bands' centres, (records, 2, bands)
        self.levels = np.array([[leg[0], leg[3]] for leg in legs])
        self.edges = [np.concatenate([one.p + BETWEEN * (one.s - one.p), one.s + BEHIND_S]) for one in recordings]

    def parts(self, changed, p_level):
        """Return expected energies, (records, bands, 2, PARTS), Z and a horizontal, NaN outside a record.

        Parameters
        ----------
        changed : dict
            Constants of the backend that a fit changes.
        p_level : ndarray, shape (bands,)
            Ln of a factor on P's amplitude.
        """
        parameters = make_parameters("active", **{**self.constants, **changed})
        energies = TransportEnergies(parameters)
        frequency = np.array(CENTRES_HZ)
        table = {
            name: interpolate_log_frequency(getattr(parameters, name), frequency)
            for name in ("p_horizontal", "s_vertical", "s_vertical_decay", "p_depolarised", "s_depolarised")
        }
        out = np.full((len(self.rows), len(frequency), 2, PARTS), np.nan)
        for number, (one, row) in enumerate(zip(self.recordings, self.rows, strict=True)):
            npts = int((one.data.shape[1] / one.rate - one.p) / DT)
            found = energies.make(row, one.start + one.p, npts, DT)
            z, h = self._components(found, row, self.levels[number], table, p_level)
            times = one.p + np.arange(npts + 1) * DT
            for part, (begin, end) in enumerate(_spans(self.edges[number])):
                if end > times[-1]:
                    continue
                for component, power in enumerate((z, h)):
                    out[number, : len(power), component, part] = _between(power, times, begin, end)
        return out

    def _components(self, found, row, levels, table, p_level):
        """Expected power of Z and of one horizontal, (bands, npts) each."""
        bands = found.shape[1]
        p_radial, p_vertical, s_radial, s_vertical, transverse = *row.surface, _FREE_SURFACE
        p_direct, p_scattered, s_direct, s_scattered, converted = found
        p_alone, s_alone, p_flat = (table[name][:bands, None] for name in ("p_depolarised", "s_depolarised", "p_horizontal"))
        on_z = (table["s_vertical"] * np.exp(-row.z_distance * table["s_vertical_decay"]))[:bands, None]
        p = np.square(levels[0] * np.exp(p_level))[:bands, None]
        s = np.square(levels[1])[:bands, None]
        decay = np.exp(-2 * row.z_distance * table["s_vertical_decay"])[:bands, None]
        own = s_alone * s_direct + s_scattered
        through_p = np.square(p_vertical / (transverse * p_flat))
        z = p * p_vertical**2 * (p_direct + p_scattered) + s * (
            s_vertical**2 * decay * (1 - s_alone) * s_direct + transverse**2 * (on_z**2 * own + through_p * converted)
        )
        everything = s_direct + s_scattered + converted
        polarised = (1 - p_alone) * p_direct
        radial = p * (p_radial**2 * polarised + (transverse * p_flat) ** 2 * (p_alone * p_direct + p_scattered))
        radial = radial + s * s_radial**2 * everything
        across = p * (transverse * p_flat) ** 2 * (p_alone * p_direct + p_scattered) + s * transverse**2 * everything
        return z, 0.5 * (radial + across)


def _conditions(one):
    return {
        "source_magnitude": one.magnitude, "source_magnitude_type": one.scale, "source_depth_km": one.depth_km,
        "path_ep_distance_km": one.distance_km, "path_hyp_distance_km": np.hypot(one.distance_km, one.depth_km),
        "path_p_travel_s": one.start + one.p, "path_s_travel_s": one.start + one.s,
        "path_p_direct_travel_s": one.direct_p, "path_s_direct_travel_s": one.direct_s,
    }  # fmt: skip


def _spans(edges):
    last = len(BETWEEN) - 1
    return [(edges[k], edges[k + 1]) for k in range(len(edges) - 1) if k != last]


def _between(power, times, begin, end):
    """Mean of power a second between two times, (bands,)."""
    summed = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1)], axis=1)
    values = np.array([[np.interp(at, times, row) for at in (begin, end)] for row in summed])
    return (values[:, 1] - values[:, 0]) / (end - begin)


def changed_parameters(parameters, **changes):
    """Return constants with changes, for tests."""
    return dataclasses.replace(parameters, **changes)
