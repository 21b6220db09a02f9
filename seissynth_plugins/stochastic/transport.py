"""Energy transport in a scattering crust: how the power of P and S spreads over time, band by band.

Each group has its direct wave, the waves scattered out of it, and those that change between P and S on the way.
Absorption takes its share, and a kernel spreads the whole over the time that source and small-angle scattering take.
All energies are relative to the energy radiated by the source. The constants are those of `Parameters`.
"""

import math
from functools import cache

import numpy as np

#: upper edges of the octave bands, Hz, and the frequencies that represent them
EDGES_HZ = (1.0, 2.0, 4.0, 8.0, 16.0)
CENTRES_HZ = (*(edge / math.sqrt(2) for edge in EDGES_HZ), EDGES_HZ[-1] * math.sqrt(2))
#: a band's edge must be well below the Nyquist frequency
_HIGHEST_EDGE = 0.4
#: nodes of a group's energy over time, and of the integral over the ellipsoid
_NODES, _QUADRATURE = 108, 8
#: power of a random factor on durations that scattering takes: with 1, D5-95 of S near the source changes by more
_LONGER = 0.7
#: km/s; the distance that scattering sees is that of direct S
SHEAR_KM_S = 3.5


@cache
def quadrature():
    """Gauss-Legendre nodes and weights of the integral over an ellipsoid."""
    nodes, weights = np.polynomial.legendre.leggauss(_QUADRATURE)
    return nodes, weights


def scattered_energy(distance_km, times_s, speed_km_s, scattering_per_km):
    """Energy density of multiply, isotropically scattered waves of one speed, without the direct wave.

    Parameters
    ----------
    distance_km : float
    times_s : array_like, shape (n,)
        After origin.
    speed_km_s : float
    scattering_per_km : float
        Scattering coefficient; a direct wave loses exp(-g r).

    Returns
    -------
    ndarray, shape (n,), 1/km³
        Per radiated energy; 0 before the wave.

    Notes
    -----
    Paasschens (1997, Phys. Rev. E 56), equation 36; within 3 % of a Monte Carlo simulation on average over time.

    Examples
    --------
    >>> from seissynth_plugins.stochastic.transport import scattered_energy
    >>> scattered_energy(35.0, [9.0, 11.0], 3.5, 0.01).round(9).tolist()
    [0.0, 1.343e-06]
    """
    from seissynth_plugins.stochastic import _transport_kernels as kernels

    times_s = np.ascontiguousarray(times_s, dtype=float)
    out = np.empty(times_s.shape)
    kernels.scattered_at(out, float(distance_km), times_s, float(speed_km_s), float(scattering_per_km))
    return out


def converted_energy(distance_km, times_s, speeds_km_s, scattering_per_km, losses_per_km=(0.0, 0.0)):
    """Energy density of waves that were scattered once, from one speed into another.

    Parameters
    ----------
    distance_km : float
    times_s : array_like, shape (n,)
        After origin.
    speeds_km_s : (float, float)
        Before and after the scatterer.
    scattering_per_km : float
        Coefficient of this conversion.
    losses_per_km : (float, float)
        Decay per km on the way to the scatterer and from it.

    Returns
    -------
    ndarray, shape (n,), 1/km³
        Per energy radiated at the first speed.

    Notes
    -----
    Integrated over the ellipsoid of equal times, as by Sato (1984, J. Geophys. Res. 89); for equal speeds it is the
    single scattering of Sato (1977). With the whole scattering coefficients as losses it is too small, since what is
    scattered again may still arrive.

    Examples
    --------
    >>> from seissynth_plugins.stochastic.transport import converted_energy
    >>> same = converted_energy(30.0, [12.0], (3.5, 3.5), 0.01)[0]
    >>> x = 3.5 * 12.0 / 30.0
    >>> bool(abs(same * 4 * np.pi * 30.0**2 / (0.01 * np.log((x + 1) / (x - 1)) / x) - 1) < 1e-3)
    True
    """
    from seissynth_plugins.stochastic import _transport_kernels as kernels

    times_s = np.ascontiguousarray(times_s, dtype=float)
    out = np.empty(times_s.shape)
    kernels.converted_at(
        out, float(distance_km), times_s, *map(float, speeds_km_s), float(scattering_per_km),
        *map(float, losses_per_km), *quadrature(),
    )  # fmt: skip
    return out


class TransportEnergies:
    """Energy over time in octave bands, for rows of one set of constants.

    Parameters
    ----------
    parameters : Parameters
    """

    def __init__(self, parameters):
        self._parameters = p = parameters
        frequency = np.array(CENTRES_HZ)
        self._scattering = p.scattering_per_km * frequency**p.scattering_exponent
        self._absorption = 2 * np.pi * frequency / (p.absorption_q0 * frequency**p.absorption_q_exponent)
        self._constants = (
            p.scattering_conversion, p.p_scattering, p.conversion_loss_scale, int(p.kernel_order),
            p.head_wave_energy, p.head_wave_energy,
        )  # fmt: skip

    def lags_s(self, row, distance_km):
        """Mean times over which source and path spread P and S, (bands, 2 groups, 2), s."""
        p, frequency = self._parameters, np.array(CENTRES_HZ)
        out = np.empty((len(frequency), 2, 2))
        for group, (share, least, per_km, power) in enumerate((p.p_kernel, p.s_kernel)):
            out[:, group, 0] = share * row.source_duration
            out[:, group, 1] = least + per_km * distance_km * frequency**power
        return row.duration_factor * out

    def make(self, row, t0, npts, dt, bands=None, dtype=float):
        """Return the energy of each sample in each band, and the share of S that is scattered.

        Parameters
        ----------
        row : PreparedRow
        t0 : float
            Time of the first sample after origin, s.
        npts : int
        dt : float
        bands : int, optional
            How many of the bands; default: all that the sample interval resolves.
        dtype : dtype
            Of the result, a floating-point number.

        Returns
        -------
        energies : ndarray, shape (5, bands, npts)
            Direct P with its head wave, scattered P; direct S with its head wave, scattered S, and energy that changed
            between P and S along the path. P sums to 1 over all time, and so do the three of S together.
        indirect : float
            Share of the last two in S, the mean over bands.
        """
        from seissynth_plugins.stochastic import _transport_kernels as kernels

        bands = len(band_edges(dt)) + 1 if bands is None else bands
        distance = SHEAR_KM_S * row.s_direct
        rates = np.column_stack(
            [self._scattering * row.duration_factor**_LONGER, self._absorption / row.duration_factor]
        )[:bands]
        out = np.empty((5, bands, npts), dtype=dtype)
        arrivals = (min(row.p_first, row.p_direct), row.p_direct, min(row.s_first, row.s_direct), row.s_direct)
        indirect = kernels.band_energies(
            out, t0, dt, arrivals, distance, np.ascontiguousarray(rates), self.lags_s(row, distance), self._constants,
            quadrature(), np.empty(_NODES), np.empty((3, bands, _NODES)), np.empty(npts, dtype=np.int32),
            np.empty(npts),
        )  # fmt: skip
        return out, indirect


def band_edges(dt):
    """Return the upper edges of the bands that a sample interval resolves, Hz; the last band has no upper edge."""
    return np.array([edge for edge in EDGES_HZ if edge < _HIGHEST_EDGE / dt])
