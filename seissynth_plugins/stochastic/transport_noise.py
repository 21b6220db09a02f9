"""Noise under the windows of energy transport, band by band, for P and for S."""

import numpy as np

from seissynth.seeding import generator
from seissynth_plugins.stochastic.spectra import interpolate_log_frequency
from seissynth_plugins.stochastic.transport import CENTRES_HZ, TransportEnergies, band_edges
from seissynth_plugins.stochastic.windowed_noise import NOISE_COLUMNS, P_STREAM, POLARITY_STREAM, S_STREAM

#: the bands' low passes run for so long before the onset
_WARM_S = 1.0
_FREE_SURFACE = 2.0
#: series of noise, set of windows, row of the result. P: polarised on Z and R, then Z, R, T alone
_P_COLUMNS = np.array([(0, 0, 0), (0, 0, 1), (1, 1, 0), (2, 1, 2), (3, 1, 3)])
#: S: polarised R and Z, then R, Z, T alone
_S_COLUMNS = np.array([(0, 0, 0), (0, 0, 1), (1, 1, 0), (2, 2, 2), (3, 3, 3)])


class TransportNoise:
    """Writes the noise of both groups; arguments and results as `WindowedNoise`.

    Parameters
    ----------
    parameters : Parameters

    Notes
    -----
    Each series is one white noise. First-order low passes divide it into bands, and each band has its window. The bands
    sum to the noise, and the expected spectrum is white to 4 % in octaves. The windows act after the filters, so
    nothing moves before the onset.

    Direct waves are polarised, but for a share; scattered ones are not. Waves that changed between P and S on the way
    arrive between both. They belong to the S group, and divide between the components as P's coda does.
    """

    def __init__(self, parameters):
        self.parameters = p = parameters
        self.energies = TransportEnergies(parameters)
        frequency = np.array(CENTRES_HZ)
        self._alone = [
            interpolate_log_frequency(knots, frequency)[:, None] for knots in (p.p_depolarised, p.s_depolarised)
        ]
        self._p_horizontal, self._s_vertical, self._decay = (
            interpolate_log_frequency(knots, frequency) for knots in (p.p_horizontal, p.s_vertical, p.s_vertical_decay)
        )

    def write(self, p_series, s_series, row, origin, inside, dt, seed):
        """Write the series of P and of S; see `WindowedNoise.write`."""
        from seissynth_plugins.stochastic import _transport_kernels as kernels

        p = self.parameters
        first = min(row.p_first, row.p_direct)
        offset = max(0, int(np.ceil((first - origin) / dt - 1e-9)))
        npts = inside - offset
        if npts <= 0:
            return 0.0, (0.0, 0.0, 0.0)
        energies = self.energies.make(row, origin + offset * dt, npts, dt)
        p_windows, s_windows = self._windows(energies, row)
        tangent = np.tan(np.pi * band_edges(dt) * dt)
        poles, warm = (1 - tangent) / (1 + tangent), round(_WARM_S / dt)
        for series, windows, columns, stream in (
            (p_series, p_windows, _P_COLUMNS, P_STREAM), (s_series, s_windows, _S_COLUMNS, S_STREAM)
        ):  # fmt: skip
            noise = generator(seed, stream).standard_normal((warm + npts, NOISE_COLUMNS))
            kernels.ladder(series[:NOISE_COLUMNS, offset:inside], noise, warm, windows, columns, poles)
        sign = row.polarity or (1.0 if generator(seed, POLARITY_STREAM).random() < 0.5 else -1.0)
        p_series[:2, offset] += sign * np.sqrt(p.p_pulse)
        return 1.0 + p.p_pulse, (1.0, 1.0, 1.0)

    def _windows(self, energies, row):
        """Amplitudes for the columns of P and of S, each of shape (sets, bands, npts)."""
        p_direct, p_scattered, s_direct, s_scattered, converted = energies
        p_alone, s_alone = (share[: len(p_direct)] for share in self._alone)
        on_z = self._converted_on_z(row)[: len(p_direct), None]
        p_sets = np.stack([(1 - p_alone) * p_direct, p_alone * p_direct + p_scattered])
        own = s_alone * s_direct + s_scattered
        s_sets = np.stack(
            [(1 - s_alone) * s_direct, own + converted, own + on_z**2 * converted, s_direct + s_scattered + converted]
        )
        return np.sqrt(p_sets), np.sqrt(s_sets)

    def _converted_on_z(self, row):
        """Z over a horizontal of converted waves, over that of scattered S; by band."""
        wanted = row.surface[1] / (_FREE_SURFACE * self._p_horizontal)
        return wanted / (self._s_vertical * np.exp(-row.z_distance * self._decay))
