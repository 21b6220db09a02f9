"""Compute the expected energy of records in bands and parts of time, without drawing noise, to fit constants with."""

import numpy as np
import pandas as pd
from scipy.signal import butter, fftconvolve, sosfilt

from seissynth_plugins.stochastic.presets import make_parameters
from seissynth_plugins.stochastic.rows import prepare_rows
from seissynth_plugins.stochastic.simulation import RecordMaker
from seissynth_plugins.stochastic.spectra import GridCache, interpolate_log_frequency
from seissynth_plugins.stochastic.transport import CENTRES_HZ, TransportEnergies
from tools.physics._envelopes import BANDS_HZ, BEHIND_S, BETWEEN, LASTING_S, LATE, PARTS, SHARES

DT = 0.05
_FREE_SURFACE = 2.0
#: of the spectra of legs; any length would do
_NFFT, _DT = 4096, 0.01


class Expected:
    """Expected energies at the places and times of real recordings.

    Parameters
    ----------
    recordings : list of Recording
    preset : str
    **constants
        Of the backend, in place of its preset's: those that spectra depend on, which no fit changes.
    """

    def __init__(self, recordings, preset="active", **constants):
        self.preset, self.constants = preset, constants
        # P's factor is a constant of the fit, and not in the levels
        parameters = make_parameters(preset, **{**constants, "p_factor": ((1.0, 1.0),)})
        self.recordings = recordings
        table = pd.DataFrame([_conditions(one) for one in recordings])
        self.rows, _ = prepare_rows(table, parameters)
        maker = RecordMaker(parameters, GridCache(parameters))
        grid = maker.grids.get(_NFFT, _DT)
        chosen = [int(np.argmin(abs(grid.frequency - f))) for f in CENTRES_HZ]
        legs = [np.abs(np.array(maker.legs.spectra(grid, row))[:, chosen]) for row in self.rows]
        #: amplitudes of P and of S at the bands' centres, (records, 2, bands)
        self.levels = np.array([[leg[0], leg[3]] for leg in legs])
        kernels = [_filter_power(*band) for band in BANDS_HZ]
        self.blur = np.zeros((len(BANDS_HZ), 1, max(map(len, kernels))))
        for band, kernel in enumerate(kernels):
            self.blur[band, 0, : len(kernel)] = kernel
        self.edges = [np.concatenate([one.p + BETWEEN * (one.s - one.p), one.s + BEHIND_S]) for one in recordings]

    def measures(self, changed):
        """Return expected energies and durations, Z and a horizontal; NaN outside a record.

        Energies are (records, bands, 2, PARTS), durations (records, bands, 2, 2): D5-75 and D5-95, s.

        Parameters
        ----------
        changed : dict
            Constants of the backend that a fit changes; among spectra, P's factor alone.
        """
        parameters = make_parameters(self.preset, **{**self.constants, **changed})
        energies = TransportEnergies(parameters)
        frequency = np.array(CENTRES_HZ)
        table = {
            name: interpolate_log_frequency(getattr(parameters, name), frequency)
            for name in (
                "p_horizontal",
                "s_vertical",
                "s_vertical_decay",
                "s_coda_vertical",
                "p_depolarised",
                "s_depolarised",
                "p_factor",
            )
        }
        parts = np.full((len(self.rows), len(frequency), 2, PARTS), np.nan)
        durations = np.full((len(self.rows), len(frequency), 2, 2), np.nan)
        for number, (one, row) in enumerate(zip(self.recordings, self.rows, strict=True)):
            npts = int((one.data.shape[1] / one.rate - one.p) / DT)
            found = energies.make(row, one.start + one.p, npts, DT, len(frequency))[0]
            power = np.stack(self._components(found, row, self.levels[number], table), axis=1)
            power = fftconvolve(power, self.blur, axes=-1)[..., :npts]
            parts[number] = _means(power, self.edges[number] - one.p)
            durations[number] = _durations(power[..., : int((one.s - one.p + LASTING_S) / DT)])
        return parts, durations

    def _components(self, found, row, levels, table):
        """Expected power of Z and of one horizontal, (bands, npts) each."""
        bands = found.shape[1]
        p_radial, p_vertical, s_radial, s_vertical, transverse = *row.surface, _FREE_SURFACE
        p_direct, p_scattered, s_direct, s_scattered, converted = found
        names = ("p_depolarised", "s_depolarised", "p_horizontal")
        p_alone, s_alone, p_flat = (table[name][:bands, None] for name in names)
        on_z = (table["s_vertical"] * np.exp(-row.z_distance * table["s_vertical_decay"]))[:bands, None]
        p = np.square(levels[0] * table["p_factor"])[:bands, None]
        s = np.square(levels[1])[:bands, None]
        decay = np.exp(-2 * row.z_distance * table["s_vertical_decay"])[:bands, None]
        own = on_z**2 * s_alone * s_direct + np.square(table["s_coda_vertical"][:bands, None]) * s_scattered
        through_p = np.square(p_vertical / (transverse * p_flat))
        z = p * p_vertical**2 * (p_direct + p_scattered) + s * (
            s_vertical**2 * decay * (1 - s_alone) * s_direct + transverse**2 * (own + through_p * converted)
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


def _filter_power(low, high):
    """Energy of an impulse after the measuring filter, on the grid of times; it sums to 1."""
    rate = max(200.0, 8 * high)
    impulse = np.zeros(int(12.0 * rate))
    impulse[0] = 1.0
    power = np.square(sosfilt(butter(3, (low, high), "bandpass", fs=rate, output="sos"), impulse))
    cells = (np.arange(len(power)) / rate / DT).astype(int)
    out = np.bincount(cells, power)
    return out / out.sum()


def _durations(power):
    """D5-75 and D5-95 of power over time, (..., npts) -> (..., 2), s."""
    share = np.cumsum(np.maximum(power, 0.0), axis=-1)
    share /= share[..., -1:]
    early, middle, late = ((share < part).sum(axis=-1) * DT for part in SHARES)
    return np.stack([middle - early, late - early], axis=-1)


def _means(power, edges):
    """Means of power, (bands, 2, npts), over the parts of time, (bands, 2, PARTS)."""
    npts = power.shape[-1]
    summed = np.concatenate([np.zeros((*power.shape[:-1], 1)), np.cumsum(power, axis=-1)], axis=-1)
    out = np.full((*power.shape[:-1], PARTS), np.nan)
    for band, (low, high) in enumerate(BANDS_HZ):
        at = (edges + LATE / (high - low)) / DT
        inside = at <= npts
        left = np.clip(at.astype(int), 0, npts - 1)
        values = summed[band][:, left] + (at - left) * (summed[band][:, left + 1] - summed[band][:, left])
        values[:, ~inside] = np.nan
        means = np.diff(values, axis=-1) / np.diff(at)
        out[band] = np.delete(means, len(BETWEEN) - 1, axis=-1)
    return out
