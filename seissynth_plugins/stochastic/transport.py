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
#: nodes of the integral over an ellipsoid
_QUADRATURE = 8
#: numbers of a vector in the compiled loops
_LANES = 8
#: power of a random factor on durations that scattering takes: with 1, D5-95 of S near the source changes by more
_LONGER = 0.7
#: km/s; the distance that scattering sees is that of direct S
SHEAR_KM_S = 3.5


@cache
def quadrature():
    """Gauss-Legendre nodes and weights of the integral over an ellipsoid."""
    nodes, weights = np.polynomial.legendre.leggauss(_QUADRATURE)
    return nodes, weights


@cache
def single_quadrature():
    """The same in single precision."""
    nodes, weights = quadrature()
    return nodes.astype(np.float32), weights.astype(np.float32)


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

    Attributes
    ----------
    constants : tuple of float
        Conversion of S into P and scattering of P, over scattering of S; scale of losses; order of the path's lags;
        energy of the head wave of P.
    """

    def __init__(self, parameters):
        self._parameters = p = parameters
        frequency = np.array(CENTRES_HZ)
        self._scattering = p.scattering_per_km * frequency**p.scattering_exponent
        self._absorption = 2 * np.pi * frequency / (p.absorption_q0 * frequency**p.absorption_q_exponent)
        self.constants = (
            float(p.scattering_conversion), float(p.p_scattering), float(p.conversion_loss_scale),
            float(p.kernel_order), float(p.head_wave_energy),
        )  # fmt: skip

    def rates_and_lags(self, rows, bands):
        """Return what scatters, absorbs and spreads the energy of rows, in vectors of eight bands.

        Parameters
        ----------
        rows : sequence of PreparedRow
        bands : int
            How many bands the sample interval resolves; the last of them fills the rest of a vector.

        Returns
        -------
        rates : ndarray, shape (rows, 2, 8), float32
            Scattering of S, 1/km, and absorption, 1/s.
        lags : ndarray, shape (rows, 4, 8), float32
            Mean time over which the source spreads P, the path P, the source S, the path S, s.
        """
        p, chosen = self._parameters, np.minimum(np.arange(_LANES), bands - 1)
        frequency = np.array(CENTRES_HZ)[chosen]
        factor, source, s_direct = np.array(
            [(row.duration_factor, row.source_duration, row.s_direct) for row in rows]
        ).T[:, :, None]
        rates = np.stack([self._scattering[chosen] * factor**_LONGER, self._absorption[chosen] / factor], axis=1)
        lags = [
            part * factor
            for share, least, per_km, power in (p.p_kernel, p.s_kernel)
            for part in (
                share * source + 0.0 * frequency, least + per_km * SHEAR_KM_S * s_direct * frequency**power,
            )
        ]  # fmt: skip
        return rates.astype(np.float32), np.stack(lags, axis=1).astype(np.float32)

    def arrivals(self, row):
        """Return when the waves of a row arrive.

        Parameters
        ----------
        row : PreparedRow

        Returns
        -------
        arrivals_s : tuple of float
            First and direct P, first and direct S, s after origin. S begins with its head wave or its forerunners.
        energy : float
            Of the latter relative to the direct wave. Forerunners arrive in less time than the direct wave of a large
            earthquake or a far one, and have less of its energy then.
        """
        p, lead = self._parameters, row.s_direct - min(row.s_first, row.s_direct)
        before, energy = min(p.s_forerunner_s, 0.5 * (row.s_direct - row.p_direct)), p.head_wave_energy
        if lead < before:
            share, least, per_km, _ = p.s_kernel
            spread = row.duration_factor * (share * row.source_duration + least + per_km * SHEAR_KM_S * row.s_direct)
            lead, energy = before, p.s_forerunner_power * before / spread
        return (min(row.p_first, row.p_direct), row.p_direct, row.s_direct - lead, row.s_direct), float(energy)

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
        from seissynth_plugins.stochastic import _energy_kernels as kernels

        bands = len(band_edges(dt)) + 1 if bands is None else bands
        rates, lags = self.rates_and_lags([row], bands)
        out, (arrivals_s, before_s) = np.empty((5, bands, npts), dtype=dtype), self.arrivals(row)
        indirect = kernels.band_energies(
            out, float(t0), float(dt), arrivals_s, SHEAR_KM_S * row.s_direct, rates[0], lags[0],
            (*self.constants, before_s), single_quadrature(),
        )  # fmt: skip
        return out, indirect


def band_edges(dt):
    """Return the upper edges of the bands that a sample interval resolves, Hz; the last band has no upper edge."""
    return np.array([edge for edge in EDGES_HZ if edge < _HIGHEST_EDGE / dt])
