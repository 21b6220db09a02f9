"""Spectra on an FFT grid with minimum phase, cheap per record.

The phase of a minimum-phase filter is the Hilbert transform of its log modulus, and that is linear: ln A is a
sum of terms (attenuation, site, kappa, ...) whose phases are found once per grid and then added with each
record's coefficients. Only the source's corners differ in shape from record to record: a pair of poles placed
at exp(-2 pi fc dt) has nearly their modulus and its phase in closed form; what is left over is smooth, and is
taken from a table over fc dt that serves every grid.
"""

from collections import OrderedDict
from functools import cached_property, lru_cache

import numpy as np

from seissynth.shared.ramps import half_cosine

_PADDING = 4  # cepstra are taken on a grid this many times finer, against their aliasing
_TABLE_CORNERS = np.exp(np.linspace(np.log(2e-5), np.log(8.0), 160))  # fc dt
_TABLE_BINS = 2049  # from 0 to the Nyquist frequency
_KEPT_GRIDS = 12


def minimum_phase(log_modulus):
    """Phase of the causal, minimum-phase filter whose log modulus is given on rfft bins.

    Parameters
    ----------
    log_modulus : ndarray, shape (m,)
        ln |H| at 0 to the Nyquist frequency in equal steps, finite.

    Returns
    -------
    ndarray, shape (m,)
        Radians, for the convention H(f) = sum h_n exp(-2 pi i f n dt).

    Notes
    -----
    Folded real cepstrum, Oppenheim & Schafer (1989), section 12.
    """
    npts = 2 * (len(log_modulus) - 1)
    cepstrum = np.fft.irfft(log_modulus, npts)
    cepstrum[1 : npts // 2] *= 2.0
    cepstrum[npts // 2 + 1 :] = 0.0
    return np.fft.rfft(cepstrum).imag


@lru_cache(maxsize=1)
def corner_residuals():
    """Phase left over when a corner is replaced by its matched pole pair.

    Returns
    -------
    log_corner : ndarray, shape (c,)
        ln(fc dt) of the rows.
    phase : ndarray, shape (c, bins)
        For (1 + (f/fc)²)^-1, radians, from 0 to the Nyquist frequency.
    square : ndarray, shape (bins,)
        The same for (2 pi f dt)², whose matched form is the second difference.
    """
    theta = np.linspace(0.0, np.pi, (_TABLE_BINS - 1) * _PADDING + 1)
    half_sine = 4 * np.sin(theta / 2) ** 2
    ratio = np.ones_like(theta)
    ratio[1:] = theta[1:] ** 2 / half_sine[1:]
    square = minimum_phase(np.log(ratio))[::_PADDING]
    phase = np.empty((len(_TABLE_CORNERS), _TABLE_BINS))
    for i, corner in enumerate(_TABLE_CORNERS):
        pole = np.exp(-2 * np.pi * corner)
        matched = ((1 - pole) ** 2 + pole * half_sine) / (1 - pole) ** 2
        wanted = 1 + (theta / (2 * np.pi * corner)) ** 2
        phase[i] = minimum_phase(np.log(matched / wanted))[::_PADDING]
    return np.log(_TABLE_CORNERS), phase, square


class Term:
    """ln of the modulus of a filter on a grid of frequencies, and its phase.

    Parameters
    ----------
    values : ndarray, shape (2, bins)
    """

    def __init__(self, values):
        self.values = np.asarray(values)

    @cached_property
    def single(self):
        """The same in single precision."""
        return self.values.astype(np.float32)

    @cached_property
    def filter(self):
        """The filter, complex, (bins,)."""
        return np.exp(self.values[0] + 1j * self.values[1])

    @cached_property
    def pairs(self):
        """Real and imaginary part of the filter in single precision, (2, bins)."""
        return np.array([self.filter.real, self.filter.imag], dtype=np.float32)


class Grid:
    """Frequencies of one FFT length, with the log moduli and phases that records share.

    Parameters
    ----------
    nfft : int, even
    dt : float
        Sample interval, s.
    parameters : Parameters
    """

    def __init__(self, nfft, dt, parameters):
        self.nfft, self.dt, self.parameters = nfft, dt, parameters
        self.frequency = np.arange(nfft // 2 + 1) / (nfft * dt)
        angle = 2 * np.pi * self.frequency * dt
        self.cosine, self.sine = np.cos(angle), np.sin(angle)
        self.causal = parameters.minimum_phase
        p = parameters
        #: times R / (Q0 v), times kappa, and times 1 for S
        self.attenuation = self.term(lambda f: -np.pi * f ** (1 - p.q_exponent))
        self.kappa = self.term(lambda f: -np.pi * f)
        self.site = self.term(lambda f: np.log(interpolate_log_frequency(p.site_amplification, f)))
        #: ln of a mechanism's pattern over its mean is multiplied by it
        self.pattern = self.term(lambda f: 1 - _log_step(f, p.radiation_band_hz))
        self.s_vertical = self.term(lambda f: np.log(interpolate_log_frequency(p.s_vertical, f)))
        #: times ln(R / 30 km)
        self.s_vertical_decay = self.term(lambda f: -interpolate_log_frequency(p.s_vertical_decay, f))
        self.p_horizontal = self.term(lambda f: np.log(interpolate_log_frequency(p.p_horizontal, f)))
        flat = all(factor == 1 for _, factor in p.p_factor)
        self.p_factor = None if flat else self.term(lambda f: np.log(interpolate_log_frequency(p.p_factor, f)))
        self.crossover = _bilinear_variable(self.frequency, p.coda_crossover_hz, dt)

    @cached_property
    def adjustment(self):
        """Gains and phases of the basis of `adjustment.KNOTS_HZ`, (knots, bins) each; made when first asked for."""
        from seissynth_plugins.stochastic.adjustment import basis_on_grid

        return basis_on_grid(self.frequency, self.dt, self.causal)

    def term(self, log_modulus):
        """The `Term` of a function of frequency, with minimum phase."""
        fine = np.arange((self.nfft // 2) * _PADDING + 1) / (self.nfft * _PADDING * self.dt)
        values = log_modulus(fine)
        phase = minimum_phase(values)[::_PADDING] if self.causal else np.zeros(len(self.frequency))
        return Term([values[::_PADDING], phase])


class GridCache:
    """The grids of one backend instance, the least used dropped first (they hold some megabytes each)."""

    def __init__(self, parameters):
        self.parameters = parameters
        self._grids = OrderedDict()

    def get(self, nfft, dt):
        """Return the `Grid` for this length and interval."""
        key = (nfft, dt)
        grid = self._grids.pop(key, None)
        if grid is None:
            grid = Grid(nfft, dt, self.parameters)
        self._grids[key] = grid
        while len(self._grids) > _KEPT_GRIDS:
            self._grids.popitem(last=False)
        return grid


def interpolate_log_frequency(knots, frequency):
    """Values of (frequency, value) knots, linear in log frequency, constant outside."""
    x, y = np.array(knots).T
    return np.interp(np.log(np.maximum(frequency, 1e-12)), np.log(x), y)


def _log_step(frequency, band):
    """0 below the band, 1 above, half a cosine in log frequency between."""
    low, high = np.log(band)
    x = np.clip((np.log(np.maximum(frequency, 1e-12)) - low) / (high - low), 0.0, 1.0)
    return half_cosine(x)


def _bilinear_variable(frequency, corner, dt):
    """f/corner after the bilinear warp, in which 1/(1 + i x) is an exactly causal filter; the Nyquist bin is huge."""
    nyquist = 0.5 / dt
    inside = np.minimum(frequency, nyquist * (1 - 1e-9))
    return np.tan(np.pi * inside * dt) / np.tan(np.pi * min(corner, 0.9 * nyquist) * dt)
