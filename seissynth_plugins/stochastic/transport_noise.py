"""Noise under the windows of energy transport, band by band, for P and for S."""

import numpy as np

from seissynth_plugins.stochastic.spectra import interpolate_log_frequency
from seissynth_plugins.stochastic.transport import (
    CENTRES_HZ,
    EDGES_HZ,
    SHEAR_KM_S,
    TransportEnergies,
    band_edges,
    single_quadrature,
)
from seissynth_plugins.stochastic.windowed_noise import P_STREAM, POLARITY_STREAM

#: the bands' low passes run for so long before the onset
_WARM_S = 1.0
_FREE_SURFACE = 2.0
#: polarised series among the eight, see `TransportNoise.write`
_P_SHARED, _S_SHARED = 1, 5
_SERIES = 8
_LOW_BITS = np.uint64(0xFFFFFFFF)


def key_of(seeds):
    """Seeds, 64 bits each, as pairs of 32-bit numbers, (n, 2)."""
    seeds = np.asarray(seeds, dtype=np.uint64).reshape(-1, 1)
    return np.hstack([seeds & _LOW_BITS, seeds >> np.uint64(32)]).astype(np.uint32)


def normal_rows(seed, stream, npts, rows=_SERIES):
    """Normal numbers of a seed and stream, (rows, npts), float32; a larger result begins alike."""
    from seissynth_plugins.stochastic import _series_kernels as kernels

    out = np.empty((-(-rows // _SERIES) * _SERIES, npts), dtype=np.float32)
    kernels.normal_rows(out, np.uint32(stream), tuple(key_of(seed)[0]))
    return out[:rows]


class TransportNoise:
    """Writes the noise of both groups.

    Parameters
    ----------
    parameters : Parameters

    Notes
    -----
    Each series is one white noise. First-order low passes divide it into bands, and each band has its window. The bands
    sum to the noise, and the expected spectrum is white to 2 % in octaves. The windows act after the filters, so
    nothing moves before the onset. More than 2 s after an onset they are linear over eight samples.

    Direct waves are polarised, but for a share; scattered ones are not. Waves that changed between P and S on the way
    arrive between both. They belong to the S group, and divide between the components as P's coda does.
    """

    def __init__(self, parameters):
        self.parameters = p = parameters
        self.energies = TransportEnergies(parameters)
        frequency = np.array(CENTRES_HZ)
        p_alone, s_alone = (interpolate_log_frequency(knots, frequency) for knots in (p.p_depolarised, p.s_depolarised))
        self._p_horizontal, self._s_vertical, self._decay, self._coda_vertical = (
            interpolate_log_frequency(knots, frequency)
            for knots in (p.p_horizontal, p.s_vertical, p.s_vertical_decay, p.s_coda_vertical)
        )
        self._mix = _mix(p_alone, s_alone)

    def write(self, rows, origins, insides, nfft, dt, seeds):
        """Return noise under its windows.

        Parameters
        ----------
        rows : sequence of PreparedRow
        origins : sequence of float
            Time of sample 0 of each row, s after origin.
        insides : sequence of int
            Samples that are asked for; the rest is zero.
        nfft : int
            Samples of the result.
        dt : float
        seeds : sequence of int

        Returns
        -------
        series : ndarray, shape (rows, 8, nfft), float32
            Of P: Z, polarised R, R and T alone; of S: R, polarised Z, Z alone, T. Zero before the first arrival. The
            energy of P is 1 and that of its pulse, of S 1.
        indirect : ndarray, shape (rows,)
            Share of S that is scattered; 0 where nothing arrives.
        """
        from seissynth_plugins.stochastic import _series_kernels as kernels

        arrivals_s, before_s = zip(*(self.energies.arrivals(row) for row in rows), strict=True)
        arrivals = np.array(arrivals_s)
        origins, insides = np.asarray(origins, dtype=float), np.asarray(insides)
        offsets = np.maximum(np.ceil((arrivals[:, 0] - origins) / dt - 1e-9), 0).astype(np.int64)
        edges = band_edges(dt)
        tangent = np.tan(np.pi * edges * dt)
        poles = np.zeros(len(EDGES_HZ))
        poles[: len(tangent)] = (1 - tangent) / (1 + tangent)
        distance = SHEAR_KM_S * arrivals[:, 3]
        times = np.column_stack([origins + offsets * dt, arrivals, distance, before_s])
        rates, lags = self.energies.rates_and_lags(rows, len(edges) + 1)
        keys = key_of(seeds)
        series = np.zeros((len(rows), _SERIES, nfft), dtype=np.float32)
        indirect = np.zeros(len(rows))
        kernels.series_rows(
            series, indirect, offsets, insides, times, rates, lags, self._on_z(rows), self._pulses(rows, keys),
            keys, self._mix.copy(), poles, float(dt), -(-round(_WARM_S / dt) // kernels.BLOCK), len(edges) + 1,
            self.energies.constants, single_quadrature(), np.uint32(P_STREAM), np.empty(kernels.NODES),
            np.empty((2, 6)), kernels.working_arrays(int(self.energies.constants[3])),
        )  # fmt: skip
        return series, indirect

    def _pulses(self, rows, keys):
        """The pulse at the onset of P, with the sign of its polarity, or with one that is drawn."""
        from seissynth_plugins.stochastic import _series_kernels as kernels

        signs = np.array([row.polarity for row in rows])
        unknown = np.flatnonzero(signs == 0)
        drawn = np.empty(len(unknown))
        kernels.signs(drawn, keys[unknown], np.uint32(POLARITY_STREAM))
        signs[unknown] = drawn
        return signs * np.sqrt(self.parameters.p_pulse)

    def _on_z(self, rows):
        """Energy on Z of scattered S and of converted waves over that of direct S, (rows, 2, bands), float32."""
        distance, p_vertical = np.array([(row.z_distance, row.surface[1]) for row in rows]).T[:, :, None]
        direct = self._s_vertical * np.exp(-distance * self._decay)
        converted = p_vertical / (_FREE_SURFACE * self._p_horizontal) / direct
        return np.square(np.stack([self._coda_vertical / direct, converted], axis=1)).astype(np.float32)


def _mix(p_alone, s_alone):
    """Shares of the energies in the squared windows of the series, (bands, parts, series), float32.

    Parts as of `TransportEnergies.make`; series as of `TransportNoise.write`, before polarised ones are added to those
    alone. What is converted and scattered of S on Z alone is 0 here.
    """
    out = np.zeros((len(p_alone), 5, _SERIES), dtype=np.float32)
    out[:, 0, _P_SHARED] = 1.0 - p_alone
    for series in (0, 2, 3):
        out[:, 0, series], out[:, 1, series] = p_alone, 1.0
    out[:, 2, _S_SHARED] = 1.0 - s_alone
    for series in (4, 6, 7):
        out[:, 2, series] = 1.0 if series == 7 else s_alone
    for series in (4, 7):
        out[:, 3:, series] = 1.0
    return out
