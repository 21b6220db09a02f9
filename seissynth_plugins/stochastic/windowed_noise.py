"""Noise under windows in time, for P and for S: Boore's (2003) recipe with a sharper start, head waves and codas."""

import numpy as np
from scipy import fft

from seissynth.seeding import generator
from seissynth_plugins.stochastic.windows import falling_place, window_shape

#: series of a leg: one common to its components, and one for each alone
NOISE_COLUMNS = 4
P_STREAM, S_STREAM, POLARITY_STREAM = 1, 2, 3
_FREE_SURFACE = 2.0
_FADES = 6.0  # fading times after S at which P is over


class WindowedNoise:
    """Writes the noise of both legs under Saragoni-Hart windows.

    Parameters
    ----------
    parameters : Parameters
    """

    def __init__(self, parameters):
        self.parameters = p = parameters
        self.shape = window_shape(p.window_epsilon, p.window_eta)
        self.p_coda = self._place(p.p_coda_level)
        self.s_coda = self._place(p.coda_level)

    def _place(self, level):
        p = self.parameters
        return falling_place(p.window_epsilon, p.window_eta, level) if level > 0 else 1.0

    def write(self, p_series, s_series, row, origin, inside, dt, seed):
        """Write the series of P and of S, which are zero before.

        Parameters
        ----------
        p_series : ndarray, shape (NOISE_COLUMNS, npts)
            0 Z, 1 polarised R, 2 scattered R, 3 scattered T.
        s_series : ndarray, shape (2 * NOISE_COLUMNS, npts)
            0 R, 1 polarised Z, 2 scattered Z, 3 T of the high band, then the low band minus the high one.
        row : PreparedRow
        origin : float
            Time of sample 0, s after origin.
        inside : int
            Samples that are asked for.
        dt : float
        seed : int

        Returns
        -------
        p_energy : float
            Normalisation of P's series, a sum over samples; 0 if nothing arrives.
        s_energies : (float, float, float)
            The same for S: low band, high band, and the window without coda.
        """
        p_energy = 0.0
        if not self.parameters.horizontal_s_only:
            p_energy = self._p_noise(p_series, row, origin, inside, dt, seed)
        return p_energy, self._s_noise(s_series, row, origin, inside, dt, seed)

    def spectra(self, row, origin, inside, nfft, dt, seed, legs, grid, z_filter):
        """Return spectra of Z, R and T, and the share of S energy that its coda has; None if nothing arrives.

        legs, grid, z_filter as of `LegMaker`.
        """
        from seissynth_plugins.stochastic import _kernels as kernels

        p_series, s_series = np.zeros((NOISE_COLUMNS, nfft)), np.zeros((2 * NOISE_COLUMNS, nfft))
        p_energy, (low, high, window) = self.write(p_series, s_series, row, origin, inside, dt, seed)
        if p_energy == 0.0 and low == 0.0:
            return None, 0.0
        out = np.zeros((3, nfft // 2 + 1), dtype=complex)
        kernels.combine(
            out, fft.rfft(p_series), fft.rfft(s_series), *legs, grid.p_horizontal.filter, grid.s_vertical.filter,
            z_filter, (*row.surface, _FREE_SURFACE), grid.crossover, (p_energy, low or 1.0, high or 1.0),
        )  # fmt: skip
        return out, max(0.0, 1 - window / high) if high > 0 else 0.0

    def _p_noise(self, series, row, origin, inside, dt, seed):
        """Write P's series; returns the energy that normalises them (a sum over samples)."""
        from seissynth_plugins.stochastic import _kernels as kernels

        p = self.parameters
        first = min(row.p_first, row.p_direct)
        fade = max(kernels.SHORTEST_FADE_S, row.p_length)
        offset = max(0, int(np.ceil((first - origin) / dt)))
        last = min(inside, int((row.s_direct - origin + _FADES * fade) / dt))
        if offset >= last:
            return 0.0
        envelope = np.empty(last - offset)
        t0 = origin + offset * dt
        head, head_length = self._head_wave(row.p_direct - first, row.p_length)
        coda = (p.p_coda_level, self.p_coda, p.p_coda_exponent)
        kernels.p_envelope(
            envelope, t0, dt, first, row.p_direct, row.s_direct, row.p_length, head_length, head, fade, self.shape, coda
        )
        energy = kernels.p_energy(row.p_direct, row.s_direct, row.p_length, head_length, head, self.shape, coda) / dt
        noise = generator(seed, P_STREAM).standard_normal((len(envelope), NOISE_COLUMNS))
        pulse_energy = p.p_pulse * energy * (head**2 if row.p_direct - first > dt and head > 0 else 1.0)
        sign = row.polarity or (1.0 if generator(seed, POLARITY_STREAM).random() < 0.5 else -1.0)
        kernels.mix_p(
            series, offset, noise, envelope, t0, dt, first, row.p_ramp,
            (p.coherence_start, p.coherence_end), sign * np.sqrt(pulse_energy),
        )  # fmt: skip
        return energy + pulse_energy

    def _s_noise(self, series, row, origin, inside, dt, seed):
        """Write S's series; returns the energies of the low and high band and of the window without coda."""
        from seissynth_plugins.stochastic import _kernels as kernels

        p = self.parameters
        first = min(row.s_first, row.s_direct) if p.head_wave_level > 0 else row.s_direct
        offset = max(0, int(np.ceil((first - origin) / dt)))
        if offset >= inside:
            return 0.0, 0.0, 0.0
        low, high = np.empty(inside - offset), np.empty(inside - offset)
        t0 = origin + offset * dt
        head, head_length = self._head_wave(row.s_direct - first, row.s_length)
        decays = [np.pi * f ** (1 - p.coda_q_exponent) / p.coda_q0 for f in p.coda_band_hz]
        short, coda = (p.s_direct_level, row.s_short_length), (p.coda_level, self.s_coda, p.coda_exponent, *decays)
        kernels.s_envelopes(
            low, high, t0, dt, first, row.s_direct, row.s_length, head_length, head, short, self.shape, coda
        )
        energies = kernels.s_energies(row.s_direct, row.s_length, head_length, head, short, self.shape, coda)
        noise = generator(seed, S_STREAM).standard_normal((len(low), NOISE_COLUMNS))
        if p.equal_energy:
            kernels.normalise_noise(noise, high)
        coherence = (p.coherence_start, p.coherence_end)
        kernels.mix_s(series, offset, noise, low, high, t0, dt, first, row.s_ramp, coherence)
        return tuple(energy / dt for energy in energies)

    def _head_wave(self, lead_s, length_s):
        """Level and window length of the head wave that comes `lead_s` before the direct wave."""
        return (self.parameters.head_wave_level if lead_s > 0 else 0.0), max(length_s, lead_s)
