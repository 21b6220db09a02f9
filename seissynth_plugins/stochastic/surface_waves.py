"""A train of fundamental surface waves: Rayleigh on Z and R, Love on T, at low frequency.

The train takes a share of the energy of S in each band, so the expected spectrum of the record stays the same; what it
changes is when the energy arrives, and how Z and R move together. It is noise in narrow bands. Each band starts when
its group velocity says, which disperses the train, and is a complex series: its real part is Z, its imaginary part R.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

from seissynth.seeding import hash_words
from seissynth_plugins.stochastic.spectra import Term, interpolate_log_frequency
from seissynth_plugins.stochastic.transport import CENTRES_HZ

#: Hz, centres of the bands
BANDS_HZ = np.geomspace(0.06, 1.2, 10)
#: half width of a band over its centre
_WIDTH = 0.35
#: vertical motion of a Poisson solid's Rayleigh wave at the depth h: a sum of factor * exp(-decay k h), k = 2 pi f / c
_MODE = ((1.4679, 0.3933), (-0.8475, 0.8475))
_PHASE_OVER_GROUP = 1.1
#: a share of S below it is none
_LEAST_SHARE = 0.01
#: the train's power never leaves less than this of S
_MOST = 0.98
#: scattering spreads a band over this share of its travel time
_SPREAD = 0.08
_COARSE_S, _COARSE_POINTS = 0.2, 4096
_FIT_HZ = np.geomspace(0.02, 2.4, 120)
_FREE_SURFACE = 2.0
_STREAM = hash_words("stochastic", "surface waves") % 2**32


@dataclass(frozen=True)
class SurfaceWaves:
    """What one record's train needs.

    Parameters
    ----------
    share : tuple of float, one for each of `BANDS_HZ`
        Of the energy of S on Z and on T.
    rayleigh_s, love_s : tuple of float
        Arrival of each band after origin.
    spread_s : tuple of float
        Mean time over which a band arrives.
    """

    share: tuple
    rayleigh_s: tuple
    love_s: tuple
    spread_s: tuple

    @property
    def onset_s(self):
        """First arrival after origin."""
        return min(*self.rayleigh_s, *self.love_s)


def share_of_s(frequency_hz, distance_km, depth_km, parameters):
    """Share of the energy of S that surface waves take on Z and on T.

    Parameters
    ----------
    frequency_hz : ndarray, shape (m,)
    distance_km : float
        Epicentral.
    depth_km : float
        Of the source.
    parameters : Parameters

    Returns
    -------
    ndarray, shape (m,)
        `surface_wave_share` times r / (r + r0), since surface waves spread along the ground and body waves through the
        crust, times the square of `mode_at_depth` for the source, times 1 below the band of transition and 0 above it.
    """
    p = parameters
    low, high = np.log(p.surface_wave_band_hz)
    x = np.clip((np.log(np.maximum(frequency_hz, 1e-9)) - low) / (high - low), 0.0, 1.0)
    fading = 0.5 + 0.5 * np.cos(np.pi * x)
    phase_velocity = _PHASE_OVER_GROUP * interpolate_log_frequency(p.surface_wave_group_velocity_km_s, frequency_hz)
    wavenumber = 2 * np.pi * frequency_hz / phase_velocity
    near = distance_km / (distance_km + p.surface_wave_distance_km)
    return p.surface_wave_share * near * fading * mode_at_depth(wavenumber * max(depth_km, 0.0)) ** 2


def mode_at_depth(depth_times_wavenumber):
    """Vertical motion of the Rayleigh wave of a Poisson solid at a depth, over that at the surface; at most 1.

    Examples
    --------
    >>> from seissynth_plugins.stochastic.surface_waves import mode_at_depth
    >>> mode_at_depth([0.0, 1.0, 3.0, 6.0]).round(2).tolist()
    [1.0, 1.0, 0.62, 0.21]
    """
    x = np.asarray(depth_times_wavenumber, dtype=float)
    motion = sum(factor * np.exp(-decay * x) for factor, decay in _MODE) / sum(factor for factor, _ in _MODE)
    # a little below the surface it is some per cent larger
    return np.minimum(motion, 1.0)


def add_surface_waves(rows, conditions, parameters):
    """Put the trains into prepared rows, where anything supports them.

    Parameters
    ----------
    rows : list of PreparedRow
        Changed in place.
    conditions : pandas.DataFrame, n rows
    parameters : Parameters

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Truth: arrival of the train after origin, s, NaN without one, and its share of S at 0.1 Hz.
    """
    n = len(rows)
    onset, share = np.full(n, np.nan), np.zeros(n)
    if parameters.surface_wave_share > 0:
        depth = conditions["source_depth_km"].to_numpy(float) if "source_depth_km" in conditions else np.zeros(n)
        depth = np.where(np.isfinite(depth), np.maximum(depth, 0.0), 0.0)
        hypocentral = conditions["path_hyp_distance_km"].to_numpy(float)
        flat = np.sqrt(np.maximum(hypocentral**2 - depth**2, 0.0))
        for i, row in enumerate(rows):
            row.surface_waves = _train(row, float(flat[i]), float(depth[i]), parameters)
            if row.surface_waves is not None:
                onset[i] = row.surface_waves.onset_s
                share[i] = share_of_s(np.array([0.1]), flat[i], depth[i], parameters)[0]
    return {"surface_wave_s": onset, "surface_wave_share": share}


def _train(row, distance_km, depth_km, parameters):
    share = share_of_s(BANDS_HZ, distance_km, depth_km, parameters)
    if share.max() < _LEAST_SHARE:
        return None
    knots = parameters.surface_wave_group_velocity_km_s
    times = distance_km / interpolate_log_frequency(knots, BANDS_HZ)
    half = 2.0**0.25
    dispersed = distance_km * np.abs(
        1 / interpolate_log_frequency(knots, BANDS_HZ * half) - 1 / interpolate_log_frequency(knots, BANDS_HZ / half)
    )
    spread = row.duration_factor * (row.source_duration + dispersed + _SPREAD * times + 0.5 / BANDS_HZ)
    # surface waves are behind the direct S
    rayleigh = np.maximum(times, row.s_direct)
    love = np.maximum(times / parameters.surface_wave_love_ratio, row.s_direct)
    return SurfaceWaves(*(tuple(map(float, x)) for x in (share, rayleigh, love, spread)))


@lru_cache(maxsize=64)
def _powers(spread_s):
    """Power of each band's series of energy 1 over `_FIT_HZ`, times the sample interval; (bands, frequencies)."""
    out = np.empty((len(BANDS_HZ), len(_FIT_HZ)))
    time = np.arange(_COARSE_POINTS) * _COARSE_S
    for row, frequency, spread in zip(out, BANDS_HZ, spread_s, strict=True):
        window = np.sqrt(_arrival(time, spread) * _COARSE_S)
        length = 2 * _COARSE_POINTS
        common = np.fft.irfft(np.abs(np.fft.rfft(window, length)) ** 2, length)[:_COARSE_POINTS]
        decay = 2 * np.pi * _WIDTH * frequency
        common *= (1 + decay * time) * np.exp(-decay * time) * np.cos(2 * np.pi * frequency * time)
        power = 2 * np.fft.rfft(common, length).real - common[0]
        row[:] = np.interp(_FIT_HZ, np.fft.rfftfreq(length, _COARSE_S), power) * _COARSE_S
    return out


def _arrival(time_s, mean_s):
    """Energy over time of a band after its arrival: two first-order lags, integral 1."""
    lag = 0.5 * mean_s
    x = np.maximum(time_s, 0.0) / lag
    return x * np.exp(-x) / lag


@lru_cache(maxsize=64)
def fit_bands(train):
    """Energies of the bands, and the share of S that they make over frequency.

    Parameters
    ----------
    train : SurfaceWaves

    Returns
    -------
    energies : ndarray, shape (bands,)
        Of the series of each band, over the sample interval.
    share : ndarray, shape (m,)
        At `_FIT_HZ`: close to `train.share`, and what the record's S is reduced by.
    """
    from scipy.optimize import nnls

    powers = _powers(train.spread_s)
    wanted = np.interp(np.log(_FIT_HZ), np.log(BANDS_HZ), train.share)
    # below the lowest band the train may fade
    inside = BANDS_HZ[0] <= _FIT_HZ
    energies, _ = nnls(powers.T[inside], wanted[inside])
    share = energies @ powers
    scale = min(1.0, _MOST / max(share.max(), 1e-12))
    return scale * energies, scale * share


class SurfaceWaveMaker:
    """Adds the train to the spectra of records.

    Parameters
    ----------
    parameters : Parameters
    energies : TransportEnergies
    """

    def __init__(self, parameters, energies):
        self.parameters = parameters
        self.energies = energies
        p, lowest = parameters, np.array(CENTRES_HZ[:1])
        self._lowest = {
            name: float(interpolate_log_frequency(getattr(p, name), lowest)[0])
            for name in ("s_depolarised", "s_vertical", "s_vertical_decay", "s_coda_vertical", "p_horizontal")
        }

    def take(self, row, grid, legs, z_filter):
        """Return what the train takes from S, and its amplitudes.

        Parameters
        ----------
        row : PreparedRow
            With `surface_waves`.
        grid : Grid
        legs : tuple of ndarray
            As of `LegMaker.spectra`.
        z_filter : ndarray
            As of `LegMaker.s_on_z`.

        Returns
        -------
        taken : (Term, Term, Term)
            For SV, for SH, and for S on Z over the horizontals.
        on_z, on_r : float
            Amplitudes of the train, over the leg of SV.
        """
        share = self._on_grid(grid, fit_bands(row.surface_waves)[1])
        level = self._z_energy(row, grid, legs, z_filter)
        middle = np.argmin(np.abs(grid.frequency - np.sqrt(BANDS_HZ[0] * BANDS_HZ[-1])))
        on_z = np.sqrt(level[middle])
        s_radial, ratio = abs(row.surface[2]), self.parameters.surface_wave_ellipticity
        # the train takes no more of R than there is
        on_r = min(ratio * on_z if ratio > 0 else s_radial, s_radial * np.sqrt(_MOST / share.max()))
        radial = share * (on_r / max(s_radial, 1e-6)) ** 2
        vertical = share * on_z**2 / np.maximum(level, 1e-12)
        vertical, radial, across = (self._root(grid, 1 - np.minimum(x, _MOST)) for x in (vertical, radial, share))
        return (radial, across, Term(vertical.values - radial.values)), (float(on_z), float(on_r))

    def _on_grid(self, grid, share):
        inside = np.interp(np.log(np.maximum(grid.frequency, 1e-9)), np.log(_FIT_HZ), share)
        return np.where(grid.frequency > _FIT_HZ[-1], 0.0, inside)

    def _root(self, grid, power):
        """Filter of minimum phase whose power is given on the grid, as a Term."""
        values = 0.5 * np.log(power)
        return grid.term(lambda f: np.interp(f, grid.frequency, values))

    def _z_energy(self, row, grid, legs, z_filter):
        """Expected power of S on Z over that of SV's leg, (bins,)."""
        direct = self._lowest["s_vertical"] * np.exp(-row.z_distance * self._lowest["s_vertical_decay"])
        first = min(row.p_first, row.p_direct)
        npts = int((4 * row.s_direct + 20 * row.source_duration + 200.0) / _COARSE_S)
        energy = self.energies.make(row, first, npts, _COARSE_S, bands=1)[0][2:, 0].sum(axis=-1)
        energy = energy / energy.sum()
        alone = self._lowest["s_depolarised"]
        polarised = (1 - alone) * energy[0] * row.surface[3] ** 2
        scattered = alone * energy[0] + (self._lowest["s_coda_vertical"] / direct) ** 2 * energy[1]
        scattered += (row.surface[1] / (_FREE_SURFACE * self._lowest["p_horizontal"]) / direct) ** 2 * energy[2]
        mean = np.abs(legs[3] / np.where(legs[1] == 0, 1.0, legs[1])) ** 2
        incoherent = (_FREE_SURFACE * np.abs(grid.s_vertical.filter)) ** 2 * scattered * mean
        return np.abs(z_filter) ** 2 * (polarised + incoherent)

    def series(self, row, origin, inside, nfft, dt, seed):
        """Series of Z, R and T, shape (3, nfft), before the legs' spectra; zero before their arrivals.

        Parameters
        ----------
        row : PreparedRow
        origin : float
            Time of sample 0, s after origin.
        inside, nfft : int
            Samples that are asked for, and of the result.
        dt : float
        seed : int
            The row's seed.
        """
        from scipy.signal import lfilter

        from seissynth_plugins.stochastic.transport_noise import normal_rows

        train = row.surface_waves
        energies = fit_bands(train)[0]
        out = np.zeros((3, nfft))
        warm = int(np.ceil(1.0 / (_WIDTH * BANDS_HZ[0]) / dt))
        normal = normal_rows(seed, _STREAM, warm + inside, 4 * len(BANDS_HZ))
        for b, frequency in enumerate(BANDS_HZ):
            if energies[b] == 0 or frequency > 0.4 / dt:
                continue
            pole = np.exp(-2 * np.pi * _WIDTH * frequency * dt)
            scale = np.sqrt((1 - pole**2) ** 3 / (1 + pole**2))
            for place, arrival in ((0, train.rayleigh_s[b]), (2, train.love_s[b])):
                first = max(0, int(np.ceil((arrival - origin) / dt - 1e-9)))
                length = inside - first
                if length <= 0:
                    continue
                rows = normal[4 * b + place : 4 * b + place + 2, : warm + length].astype(float)
                wave = scale * lfilter([1.0], [1.0, -2 * pole, pole**2], rows, axis=-1)[:, warm:]
                time = origin + (first + np.arange(length)) * dt - arrival
                window = np.sqrt(energies[b] * _arrival(time, train.spread_s[b])) * dt
                turning = np.exp(2j * np.pi * frequency * time) * (wave[0] + 1j * wave[1]) * window
                if place == 0:
                    out[0, first:inside] += turning.real
                    # retrograde: R goes back while Z is at its top
                    out[1, first:inside] -= turning.imag
                else:
                    out[2, first:inside] += turning.real
        return out

    def add(self, spectra, series, legs, amplitudes, scale):
        """Add the train, times a scale, to the spectra of Z, R and T, in place; legs as of `take`."""
        made = scale * fft.rfft(series, axis=-1)
        spectra[0] += amplitudes[0] * made[0] * legs[1]
        spectra[1] += amplitudes[1] * made[1] * legs[1]
        spectra[2] += _FREE_SURFACE * made[2] * legs[2]
