"""Noise under the windows of energy transport, band by band, for P and for S."""

import numpy as np
from scipy import fft

from seissynth_plugins.stochastic.spectra import interpolate_log_frequency
from seissynth_plugins.stochastic.transport import CENTRES_HZ, EDGES_HZ, TransportEnergies, band_edges
from seissynth_plugins.stochastic.windowed_noise import P_STREAM, POLARITY_STREAM

#: the bands' low passes run for so long before the onset
_WARM_S = 1.0
_FREE_SURFACE = 2.0
#: window of each series of noise. P: polarised, Z, R, T alone; S: polarised, R, Z, T alone
_WINDOWS = np.array([0, 1, 1, 1, 2, 3, 4, 5])
#: rows of the series, see `TransportNoise.write`
_P_Z, _P_SHARED, _S_R, _S_SHARED = 0, 1, 4, 5
_ORDER = np.array([_P_SHARED, _P_Z, 2, 3, _S_SHARED, _S_R, 6, 7])


def normal_rows(seed, stream, rows, npts):
    """Normal numbers of a row, (rows, npts), float32; a multiple of four rows. A longer result begins alike."""
    from seissynth_plugins.stochastic import _normal_kernels as kernels

    out = np.empty((rows, npts), dtype=np.float32)
    low, high = int(seed) & 0xFFFFFFFF, int(seed) >> 32
    kernels.normal_rows(out, np.uint64(stream), (np.uint64(low), np.uint64(high)))
    return out


class TransportNoise:
    """Writes the noise of both groups.

    Parameters
    ----------
    parameters : Parameters

    Notes
    -----
    Each series is one white noise. First-order low passes divide it into bands, and each band has its window. The bands
    sum to the noise, and the expected spectrum is white to 2 % in octaves. The windows act after the filters, so
    nothing moves before the onset.

    Direct waves are polarised, but for a share; scattered ones are not. Waves that changed between P and S on the way
    arrive between both. They belong to the S group, and divide between the components as P's coda does.
    """

    def __init__(self, parameters):
        self.parameters = p = parameters
        self.energies = TransportEnergies(parameters)
        frequency = np.array(CENTRES_HZ)
        self._p_alone, self._s_alone = (
            interpolate_log_frequency(knots, frequency) for knots in (p.p_depolarised, p.s_depolarised)
        )
        self._p_horizontal, self._s_vertical, self._decay, self._coda_vertical = (
            interpolate_log_frequency(knots, frequency)
            for knots in (p.p_horizontal, p.s_vertical, p.s_vertical_decay, p.s_coda_vertical)
        )

    def write(self, row, origin, inside, nfft, dt, seed):
        """Return noise under its windows.

        Parameters
        ----------
        row : PreparedRow
        origin : float
            Time of sample 0, s after origin.
        inside, nfft : int
            Samples that are asked for, and of the result; the rest is zero.
        dt : float
        seed : int

        Returns
        -------
        series : ndarray, shape (8, nfft), float32, or None
            Of P: Z, polarised R, R and T alone; of S: R, polarised Z, Z alone, T. Zero before the first arrival. The
            energy of P is 1 and that of its pulse, of S 1. None if nothing arrives.
        indirect : float
            Share of S that is scattered.
        """
        from seissynth_plugins.stochastic import _transport_kernels as kernels

        first = min(row.p_first, row.p_direct)
        offset = max(0, int(np.ceil((first - origin) / dt - 1e-9)))
        npts = inside - offset
        if npts <= 0:
            return None, 0.0
        sets, indirect = self._amplitudes(row, origin + offset * dt, npts, dt)
        tangent = np.tan(np.pi * band_edges(dt) * dt)
        poles, warm = np.zeros(len(EDGES_HZ)), round(_WARM_S / dt)
        poles[: len(tangent)] = (1 - tangent) / (1 + tangent)
        noise = normal_rows(seed, P_STREAM, len(_WINDOWS), warm + npts)
        series = np.zeros((len(_WINDOWS), nfft), dtype=np.float32)
        made = np.empty((len(_WINDOWS), npts), dtype=np.float32)
        kernels.ladder(made, noise, warm, sets, _WINDOWS, poles)
        series[_ORDER, offset:inside] = made
        sign = row.polarity or np.sign(normal_rows(seed, POLARITY_STREAM, 4, 1)[0, 0])
        series[_P_SHARED, offset] += sign * np.sqrt(self.parameters.p_pulse)
        series[_P_Z] += series[_P_SHARED]
        series[_S_R] += series[_S_SHARED]
        return series, indirect

    def spectra(self, row, origin, inside, nfft, dt, seed, legs, grid, z_filter):
        """Return spectra of Z, R, T and an empty row, and the share of S that is scattered; None if nothing arrives.

        legs, grid, z_filter as of `RecordMaker`.
        """
        from seissynth_plugins.stochastic import _transport_kernels as kernels

        series, indirect = self.write(row, origin, inside, nfft, dt, seed)
        if series is None:
            return None, 0.0
        transformed = fft.rfft(series)
        # four rows are transformed back faster than three
        out = np.zeros((4, nfft // 2 + 1), dtype=np.complex64)
        kernels.combine_legs(
            out, transformed[:4], transformed[4:], *legs, grid.p_horizontal, grid.s_vertical, z_filter,
            (*row.surface, _FREE_SURFACE), 1.0 / np.sqrt(1.0 + self.parameters.p_pulse),
        )  # fmt: skip
        return out, indirect

    def _amplitudes(self, row, t0, npts, dt):
        """Amplitudes of the six windows in all bands, (6, bands, npts), and the share of S that is scattered."""
        from seissynth_plugins.stochastic import _transport_kernels as kernels

        energies, indirect = self.energies.make(row, t0, npts, dt, dtype=np.float32)
        sets = np.empty((6, len(CENTRES_HZ), npts), dtype=np.float32)
        on_z = (np.square(factor) for factor in self._on_z(row))
        kernels.amplitudes(sets, energies, self._p_alone, self._s_alone, *on_z)
        return sets, indirect

    def _on_z(self, row):
        """Z over a horizontal of scattered S and of converted waves, over that of direct S; by band."""
        direct = self._s_vertical * np.exp(-row.z_distance * self._decay)
        return self._coda_vertical / direct, row.surface[1] / (_FREE_SURFACE * self._p_horizontal) / direct
