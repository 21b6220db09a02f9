"""Convert prepared rows to records: noise under windows, shaped by the legs' spectra, on three components.

The recipe is Boore's (2003): Gaussian noise under a window, its spectrum divided by the window's rms level and
multiplied by the target spectrum, back in time. P, SV and SH are made separately, each from the onset of its ray.
"""

from functools import lru_cache

import numpy as np
from scipy import fft

from seissynth_plugins.stochastic.borehole import borehole_filters
from seissynth_plugins.stochastic.site import vs30_terms
from seissynth_plugins.stochastic.spectra import corner_residuals
from seissynth_plugins.stochastic.surface_waves import SurfaceWaveMaker
from seissynth_plugins.stochastic.transport_noise import TransportNoise
from seissynth_plugins.stochastic.windowed_noise import WindowedNoise

_SMSIM_PARTITION = 0.5**0.5
_TAIL_PERIODS = 1.0  # of the lowest corner, kept after the record against wrapping
_SHORTEST_TAIL_S = 2.0
_LENGTH_STEP = 256


class RecordMaker:
    """Makes the record of one row at a time; holds the data that rows share.

    Parameters
    ----------
    parameters : Parameters
    grids : GridCache
    """

    def __init__(self, parameters, grids):
        self.parameters = parameters
        self.grids = grids
        self.noise = TransportNoise(parameters) if parameters.envelope == "transport" else WindowedNoise(parameters)
        self.surface_waves = None
        if parameters.surface_wave_share > 0:
            self.surface_waves = SurfaceWaveMaker(parameters, self.noise.energies)
        self._site = lru_cache(maxsize=64)(self._site_terms)
        self._shape = lru_cache(maxsize=16)(self._corner_shape)
        self._borehole = lru_cache(maxsize=32)(self._borehole_filters)
        self._last_change = None, None

    def _borehole_filters(self, borehole, nfft, dt):
        return borehole_filters(self.grids.get(nfft, dt), borehole)

    def _site_terms(self, vs30, nfft, dt):
        grid = self.grids.get(nfft, dt)
        reference = self.parameters.site_reference_vs30_mps
        return [grid.term(lambda f, k=k: vs30_terms(vs30, f, reference)[k]) for k in (0, 1)]

    def make(self, row, start_s, npts, dt, seed):
        """Return acceleration in m/s², shape (3, npts), Z, R, T, float64; and the coda's share of S energy.

        Parameters
        ----------
        row : PreparedRow
        start_s : float
            Time of sample 0 after origin.
        npts : int
        dt : float
        seed : int
            The row's seed.
        """
        first = row.s_direct if self.parameters.horizontal_s_only else min(row.p_first, row.p_direct)
        skipped = max(0, int(np.ceil((start_s - first) / dt)))  # samples between the onset and the record's start
        origin = start_s - skipped * dt
        tail = max(_SHORTEST_TAIL_S, _TAIL_PERIODS / row.lowest_corner)
        wanted = skipped + npts + int(tail / dt)
        nfft = fft.next_fast_len(-(-wanted // _LENGTH_STEP) * _LENGTH_STEP, real=True)
        nfft += nfft % 2
        grid = self.grids.get(nfft, dt)
        inside = skipped + npts
        if origin + inside * dt <= first:
            return np.zeros((3, npts)), 0.0  # the record ends before anything arrives
        legs = self.legs(grid, row)
        if row.borehole is not None:
            p_below, s_below = self._borehole(row.borehole, nfft, dt)
            legs = (legs[0] * p_below, *(leg * s_below for leg in legs[1:]))
        whole, z_filter = legs, self.s_on_z(grid, row)
        if row.surface_waves is not None:
            legs, z_filter, amplitudes = self.surface_waves.reduce(row, grid, whole, z_filter)
        spectra, coda_share = self.noise.spectra(row, origin, inside, nfft, dt, seed, legs, grid, z_filter)
        if spectra is None:
            return np.zeros((3, npts)), 0.0
        if row.surface_waves is not None:
            train = self.surface_waves.series(row, origin, inside, nfft, dt, seed)
            self.surface_waves.add(spectra, train, whole, amplitudes)
        if self.parameters.horizontal_s_only:
            spectra[0] = 0.0
        if row.components is not None:
            self._scatter_components(spectra, grid, row.components)
        return fft.irfft(spectra, nfft)[:3, skipped:inside] / dt, coda_share

    def _scatter_components(self, spectra, grid, ratios):
        """Change R over T, and Z over both, of the spectra; in place."""
        from seissynth_plugins.stochastic import _kernels as kernels

        across, up = (np.zeros((2, len(grid.frequency))) for _ in range(2))
        kernels.weighted_rows(0.5 * ratios[0], *grid.adjustment, across)
        kernels.weighted_rows(ratios[1], *grid.adjustment, up)
        out, scratch, nothing = np.empty(len(grid.frequency), dtype=complex), np.empty_like(across), np.zeros((0, 1))
        for place, change in ((0, up), (1, across), (2, -across)):
            kernels.leg_spectrum(out, *scratch, 1.0, change, nothing[:, 0], nothing, nothing)
            spectra[place] *= out

    def s_on_z(self, grid, row):
        """Return what S on Z has beside S on the horizontals: less of the Vs30 term, and a decay with distance.

        Parameters
        ----------
        grid : Grid
        row : PreparedRow

        Returns
        -------
        ndarray, shape (bins,), complex
            A factor; 1 where there is nothing.
        """
        from seissynth_plugins.stochastic import _kernels as kernels

        p = self.parameters
        more = p.vertical_site_exponent - 1.0
        nonlinear = more * row.nonlinear if p.vertical_nonlinear else -row.nonlinear
        weights, terms = [], []
        if (more != 0.0 or nonlinear != 0.0) and row.vs30 != p.site_reference_vs30_mps:
            weights += [more, nonlinear]
            terms += self._site(row.vs30, grid.nfft, grid.dt)
        if row.z_distance != 0.0:
            weights.append(row.z_distance)
            terms.append(grid.s_vertical_decay)
        if not weights:
            return np.ones(len(grid.frequency), dtype=complex)
        out, scratch = np.empty(len(grid.frequency), dtype=complex), np.empty((2, len(grid.frequency)))
        gains, phases = (np.array([term[part] for term in terms]) for part in (0, 1))
        kernels.leg_spectrum(out, *scratch, 1.0, np.zeros_like(scratch), np.array(weights), gains, phases)
        out[0] = 1.0
        return out

    def _corner_shape(self, nfft, dt, corners, powers):
        """Log modulus and phase of a source's spectrum, (2, bins); records of an earthquake share it."""
        from seissynth_plugins.stochastic import _kernels as kernels

        grid = self.grids.get(nfft, dt)
        corners, powers = np.frombuffer(corners), np.frombuffer(powers)
        out = np.empty((2, len(grid.frequency)))
        kernels.corner_shape(
            *out, grid.frequency, grid.cosine, grid.sine, corners, powers, *corner_tables(corners, dt), grid.causal
        )
        return out

    def _change(self, grid, adjustment):
        """Gain and phase of a change of ln FAS, (2, bins); without random terms an event's records share it."""
        from seissynth_plugins.stochastic import _kernels as kernels

        key = (grid.nfft, grid.dt, adjustment.tobytes())
        last, change = self._last_change  # read once: another thread may replace it
        if key != last:
            change = np.zeros((2, len(grid.frequency)))
            kernels.weighted_rows(adjustment, *grid.adjustment, change)
            self._last_change = key, change
        return change

    def legs(self, grid, row):
        """Return the spectra of P, SV, SH and of S without a mechanism's pattern, which noise is shaped by.

        Parameters
        ----------
        grid : Grid
            Frequencies, of `GridCache.get`.
        row : PreparedRow

        Returns
        -------
        tuple of ndarray, each of shape (bins,), complex
            Of acceleration, m/s; the free surface is not in them.
        """
        from seissynth_plugins.stochastic import _kernels as kernels

        p = self.parameters
        gains, phases = grid.gain, grid.phase
        extra_p, extra_s = (), ()
        if row.vs30 != p.site_reference_vs30_mps:
            linear, f2 = self._site(row.vs30, grid.nfft, grid.dt)
            gains = np.vstack([gains, linear[0], f2[0]])
            phases = np.vstack([phases, linear[1], f2[1]])
            extra_s = (1.0, row.nonlinear)
            extra_p = (p.p_site_exponent, p.p_site_exponent * row.nonlinear)
        if row.adjustment is not None:
            change = self._change(grid, row.adjustment)
            gains, phases = np.vstack([gains, change[:1]]), np.vstack([phases, change[1:]])
            extra_s, extra_p = (*extra_s, 1.0), (*extra_p, 1.0)

        scratch = np.empty((2, len(grid.frequency)))

        def spectrum(level, attenuation, kappa, site_power, corners, powers, extra):
            out = np.empty(len(grid.frequency), dtype=complex)
            weights = np.array([attenuation, kappa, site_power, *extra])
            shape = self._shape(grid.nfft, grid.dt, corners.tobytes(), powers.tobytes())
            kernels.leg_spectrum(out, *scratch, level, shape, weights, gains, phases)
            return out

        kappa = p.kappa0_s if row.kappa is None else row.kappa
        s = spectrum(row.s_level, row.s_attenuation, kappa, 1.0, *row.s_corners, extra_s)
        if p.horizontal_s_only:
            s *= _SMSIM_PARTITION
            return np.zeros_like(s), s, s, s
        p_kappa = p.p_kappa_ratio * kappa
        pressure = spectrum(row.p_level, row.p_attenuation, p_kappa, p.p_site_exponent, *row.p_corners, extra_p)
        if grid.p_factor is not None:
            pressure *= grid.p_factor
        if row.pattern is None:
            return pressure, s, s, s
        # a mechanism's pattern fades to the mean: exp(log ratio) at low frequency, 1 above the band, minimum phase
        legs = [base * np.exp(ratio * grid.pattern) for base, ratio in zip((pressure, s, s), row.pattern, strict=True)]
        return (*legs, s)


def corner_tables(corners, dt):
    """Rows of the residual table for the corners asked (linear in their logarithm), and the pole of each."""
    log_corner, phase, square = corner_residuals()
    position = np.interp(np.log(corners * dt), log_corner, np.arange(len(log_corner)))
    left = np.minimum(position.astype(int), len(log_corner) - 2)
    share = (position - left)[:, None]
    return phase[left] * (1 - share) + phase[left + 1] * share, square, np.exp(-2 * np.pi * corners * dt)
