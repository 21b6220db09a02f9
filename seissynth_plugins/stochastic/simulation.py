"""Convert prepared rows to records: noise under windows, shaped by the legs' spectra, on three components.

The recipe is Boore's (2003): Gaussian noise under a window, its spectrum divided by the window's rms level and
multiplied by the target spectrum, back in time. P, SV and SH are made separately, each from the onset of its ray.
"""

from functools import lru_cache

import numpy as np
from scipy import fft

from seissynth_plugins.stochastic.site import vs30_terms
from seissynth_plugins.stochastic.spectra import corner_residuals
from seissynth_plugins.stochastic.transport_noise import TransportNoise
from seissynth_plugins.stochastic.windowed_noise import NOISE_COLUMNS, WindowedNoise

_FREE_SURFACE = 2.0
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
        self._site = lru_cache(maxsize=64)(self._site_terms)
        self._last_change = None, None

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
        from seissynth_plugins.stochastic import _kernels

        first = row.s_direct if self.parameters.horizontal_s_only else min(row.p_first, row.p_direct)
        skipped = max(0, int(np.ceil((start_s - first) / dt)))  # samples between the onset and the record's start
        origin = start_s - skipped * dt
        tail = max(_SHORTEST_TAIL_S, _TAIL_PERIODS / row.lowest_corner)
        wanted = skipped + npts + int(tail / dt)
        nfft = fft.next_fast_len(-(-wanted // _LENGTH_STEP) * _LENGTH_STEP, real=True)
        nfft += nfft % 2
        grid = self.grids.get(nfft, dt)
        inside = skipped + npts

        p_series = np.zeros((NOISE_COLUMNS, nfft))
        s_series = np.zeros((2 * NOISE_COLUMNS, nfft))
        p_energy, s_energies = self.noise.write(p_series, s_series, row, origin, inside, dt, seed)
        s_low, s_high, s_window = s_energies
        if p_energy == 0.0 and s_low == 0.0:
            return np.zeros((3, npts)), 0.0  # the record ends before anything arrives

        legs = self.legs(grid, row)
        z_filter = self.s_on_z(grid, row)
        out = np.zeros((3, nfft // 2 + 1), dtype=complex)
        _kernels.combine(
            out, fft.rfft(p_series), fft.rfft(s_series), *legs, grid.p_horizontal, grid.s_vertical,
            z_filter, (*row.surface, _FREE_SURFACE), grid.crossover, (p_energy, s_low or 1.0, s_high or 1.0),
        )  # fmt: skip
        if self.parameters.horizontal_s_only:
            out[0] = 0.0
        data = fft.irfft(out, nfft)[:, skipped:inside] / dt
        coda_share = 1 - s_window / s_high if s_high > 0 else 0.0
        return data, max(0.0, coda_share)

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
        p = self.parameters
        more = p.vertical_site_exponent - 1.0
        nonlinear = more * row.nonlinear if p.vertical_nonlinear else -row.nonlinear
        log = np.zeros(len(grid.frequency), dtype=complex)
        if (more != 0.0 or nonlinear != 0.0) and row.vs30 != p.site_reference_vs30_mps:
            linear, f2 = self._site(row.vs30, grid.nfft, grid.dt)
            log += more * linear[0] + nonlinear * f2[0] + 1j * (more * linear[1] + nonlinear * f2[1])
        if row.z_distance != 0.0:
            log += row.z_distance * grid.s_vertical_decay
        return np.exp(log)

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

        def spectrum(level, attenuation, kappa, site_power, corners, powers, extra):
            out = np.empty(len(grid.frequency), dtype=complex)
            weights = np.array([attenuation, kappa, site_power, *extra])
            residual, square, poles = corner_tables(corners, grid.dt)
            kernels.leg_spectrum(
                out, grid.frequency, grid.cosine, grid.sine, level, weights, gains, phases,
                corners, powers, residual, square, poles, grid.causal,
            )  # fmt: skip
            return out

        s = spectrum(row.s_level, row.s_attenuation, p.kappa0_s, 1.0, *row.s_corners, extra_s)
        if p.horizontal_s_only:
            s *= _SMSIM_PARTITION
            return np.zeros_like(s), s, s, s
        p_kappa = p.p_kappa_ratio * p.kappa0_s
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
