"""Seismic moment, corner frequency and kappa of earthquakes from the spectra of S at all their stations together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.ramps import half_cosine
from seissynth.shared.real_numbers import require_real
from seissynth.signal.source_scaling import stress_of_moment_bar

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_BANDS_PER_OCTAVE = 6
_CORNERS = 49  # of the first search
_HUBER = 1.345
_ROUNDS, _SEARCH_ROUNDS = 8, 3  # of reweighting
_MODEL_SD = 0.1  # ln amplitude: error of the model in every band, whatever its number of frequencies
_LEAST_BANDS = 6
_POWER_S = 0.5
_RISE_S, _FALL = 0.2, 0.05


@dataclass(frozen=True)
class PathModel:
    """Known properties between the source and the spectrum of S on both horizontals.

    Attributes
    ----------
    vs_km_s, density_kg_m3 : float
        At the source.
    radiation : float
        Mean over the focal sphere of both S components together (Boore 2003).
    free_surface : float
        Factor of the free surface.
    spreading : tuple of (from km, exponent)
        Geometrical spreading, 1 at 1 km.
    q0, q_exponent : float
        Q of S is q0 f^q_exponent; an infinite q0 leaves out the path, which is then part of kappa.
    site : tuple of (Hz, factor), optional
        Amplification of the site, linear over log f; none is 1.

    Examples
    --------
    >>> PathModel().attenuation_s(35.0, 1.0).round(4)  # R / (Q vs)
    np.float64(0.0556)
    """

    vs_km_s: float = 3.5
    density_kg_m3: float = 2720.0
    radiation: float = 0.55
    free_surface: float = 2.0
    spreading: tuple = ((1.0, -1.1), (50.0, -0.5))
    q0: float = 180.0
    q_exponent: float = 0.56
    site: tuple | None = None

    def spreading_at(self, distance_km: ArrayLike) -> np.ndarray:
        """Geometrical spreading at distances in km; 1 at 1 km."""
        distance = np.asarray(distance_km, dtype=float)
        log = self.spreading[0][1] * np.log(distance)
        for (_, before), (start, exponent) in itertools.pairwise(self.spreading):
            log = log + (exponent - before) * np.log(np.maximum(distance, start) / start)
        return np.exp(log)

    def attenuation_s(self, distance_km: ArrayLike, frequency_hz: ArrayLike) -> np.ndarray:
        """Time t* of the path, R / (Q(f) vs), s."""
        q = self.q0 * np.asarray(frequency_hz, dtype=float) ** self.q_exponent
        return np.asarray(distance_km, dtype=float) / (q * self.vs_km_s)

    def site_factor(self, frequency_hz: ArrayLike) -> np.ndarray:
        """Amplification of the site at frequencies in Hz."""
        frequency = np.asarray(frequency_hz, dtype=float)
        if self.site is None:
            return np.ones(frequency.shape)
        known, factor = np.array(self.site, dtype=float).T
        return np.interp(np.log(frequency), np.log(known), factor)

    def moment_factor(self, distance_km: ArrayLike) -> np.ndarray:
        """Long-period displacement spectrum (m s) of 1 N m, both horizontals together."""
        speed = 1000.0 * self.vs_km_s
        return (
            self.radiation * self.free_surface * self.spreading_at(distance_km)
            / (4 * np.pi * self.density_kg_m3 * speed**3 * 1000.0)
        )  # fmt: skip


@dataclass(frozen=True)
class SourceFit:
    """Result of `fit_source`; errors are standard errors.

    Attributes
    ----------
    moment_newton_m, magnitude, magnitude_se : float
        Seismic moment and Mw = 2/3 (log10 M0 - 9.05).
    corner_hz, ln_corner_se : float
        Corner frequency and the error of its logarithm.
    kappa_s, kappa_se : float
        Attenuation in addition to the path's; the mean over records if each has its own.
    stress_drop_bar : float
        Of a Brune source with this moment and corner.
    misfit_sd : float
        Standard deviation of ln amplitude about the fit.
    level_sd : float
        Of the records' levels about the common moment: site, radiation pattern, spreading.
    records, bands : int
    resolved : bool
        False where the corner's 95 % interval reaches the ends of the search (half the lowest and the highest
        frequency), or covers more than a factor of ten: then it is a bound, and kappa is also poorly constrained.
    kappa_of_record : ndarray, shape (records,)
    level_of_record : ndarray, shape (records,)
        ln of each record's moment over the common one.
    """

    moment_newton_m: float
    magnitude: float
    magnitude_se: float
    corner_hz: float
    ln_corner_se: float
    kappa_s: float
    kappa_se: float
    stress_drop_bar: float
    misfit_sd: float
    level_sd: float
    records: int
    bands: int
    resolved: bool
    kappa_of_record: np.ndarray
    level_of_record: np.ndarray


def displacement_spectra(
    data: ArrayLike,
    sampling_rate_hz: float,
    quantity: str = "velocity",
    band_hz: tuple[float, float] = (0.5, 40.0),
    window: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Displacement spectra of S on both horizontals together, in disjoint bands.

    Parameters
    ----------
    data : array_like, shape (n, 2, npts)
        Two horizontals, SI.
    sampling_rate_hz : float
    quantity : {"velocity", "acceleration", "displacement"}
    band_hz : tuple of two floats
        Lowest and highest frequency.
    window : ndarray of bool, shape (n, npts), optional
        Samples of S; a cosine taper over 0.2 s at its start and over its last 5 %. All by default.

    Returns
    -------
    frequency_hz : ndarray, shape (m,)
        Middles of bands of a sixth of an octave.
    amplitude : ndarray, shape (n, m), m s
        Root of the sum of both components' power, mean over the frequencies of a band. Bands without a frequency, at
        the resolution that the window's length gives, are NaN.
    count : ndarray, shape (n, m)
        Independent values of power in each band, of both components, which determine the scatter of the amplitude. For
        a transient they follow from its own length, regardless of the window: (sum of power)² / sum of power², the
        power smoothed over 0.5 s.
    """
    from seissynth.units import DERIVATIVES

    if quantity not in DERIVATIVES:
        raise InputError(f"quantity={quantity!r} is unknown; use one of {', '.join(DERIVATIVES)}.")
    data = np.asarray(require_real(data, "data"), dtype=float)
    if data.ndim != 3 or data.shape[1] != 2:
        raise InputError(f"data has shape {data.shape}; it must be (n, 2, npts), two horizontals.")
    low, high = band_hz
    number = max(int(np.floor(np.log2(high / low) * _BANDS_PER_OCTAVE)), 1)
    edges = low * 2.0 ** (np.arange(number + 1) / _BANDS_PER_OCTAVE)
    middle = np.sqrt(edges[1:] * edges[:-1])
    n, _, npts = data.shape
    amplitude, count = np.full((n, number), np.nan), np.zeros((n, number))
    frequency = np.fft.rfftfreq(npts, 1.0 / sampling_rate_hz)
    band = np.searchsorted(edges, frequency, side="right") - 1
    inside = (band >= 0) & (band < number)
    divisor = (2 * np.pi * frequency[inside]) ** DERIVATIVES[quantity]
    for row in range(n):
        samples = np.arange(npts) if window is None else np.flatnonzero(window[row])
        if len(samples) < 16:
            continue
        first, last = samples[0], samples[-1] + 1
        cut = np.zeros((2, npts))
        cut[:, first:last] = data[row, :, first:last] * _taper(last - first, sampling_rate_hz)
        power = (np.abs(np.fft.rfft(cut, axis=1)[:, inside] / sampling_rate_hz / divisor) ** 2).sum(axis=0)
        bins = np.bincount(band[inside], minlength=number)
        total = np.bincount(band[inside], power, minlength=number)
        good = (bins * (last - first) / npts >= 0.5) & (total > 0)
        amplitude[row, good] = np.sqrt(total[good] / bins[good])
        # one of each component however narrow the band
        count[row, good] = 2 * (1 + bins[good] * _lasting(cut, sampling_rate_hz) / npts)
    return middle, amplitude, count


def fit_source(
    frequency_hz: ArrayLike,
    amplitude: ArrayLike,
    distance_km: ArrayLike,
    *,
    path: PathModel | None = None,
    count: ArrayLike | None = None,
    kappa: str | float = "common",
) -> SourceFit:
    r"""Fit one Brune source to the spectra of all stations of an earthquake.

    Parameters
    ----------
    frequency_hz : array_like, shape (m,)
    amplitude : array_like, shape (n, m), m s
        Displacement spectra of both horizontals together; NaN is left out (below noise).
    distance_km : array_like, shape (n,)
        Hypocentral.
    path : PathModel, optional
        Known properties of the path from source to station.
    count : array_like, shape (n, m), optional
        Independent frequencies per amplitude; 4 by default.
    kappa : {"common", "record", "none"} or float
        One kappa for all records, one for each, none at all, or this one (s), held fixed.

    Returns
    -------
    SourceFit

    Raises
    ------
    InputError
        Arrays of different shapes, an unknown `kappa`, or fewer than 6 bands in every record.

    Notes
    -----
    .. math::
        \ln A_i(f) = \ln M_0 + \ln C(R_i) + \delta_i - \ln\left(1 + (f/f_c)^2\right)
            - \pi f\,(t^*_i(f) + \kappa) + \ln Z(f)

    (Brune 1970; kappa of Anderson & Hough 1984). For a given corner the rest is linear: each record has a level, and
    their mean is ln M0. The corner is searched from half the lowest to twice the highest frequency, and no starting
    value matters. Robust: Huber's weights at 1.345 standard deviations. The mean logarithm of a spectrum of noise is
    below that of its mean power by (ln k - ψ(k)) / 2 with k independent values, which is corrected.

    Errors: of corner and kappa from the normal equations and the misfit about the fit, made larger where residuals of
    neighbouring bands, or of the records in one band, are alike: then the model is incomplete, and there are fewer
    independent values than bands. The error of the magnitude includes the scatter of the records' levels as well.
    Effects of a wrong path common to all levels and slopes are not included. Corner and kappa trade off if the corner
    is in the upper part of the band.

    Examples
    --------
    >>> f = np.geomspace(0.5, 40, 40)
    >>> path = PathModel()
    >>> one = path.moment_factor(20.0) * 1e15 / (1 + (f / 3.0) ** 2) * np.exp(-np.pi * f * 0.04)
    >>> spectra = np.array([one * np.exp(-np.pi * f * path.attenuation_s(20.0, f))] * 3)
    >>> found = fit_source(f, spectra, [20.0] * 3, path=path, count=np.full((3, 40), 1e9))
    >>> round(found.magnitude, 2), round(found.corner_hz, 2), round(found.kappa_s, 3)
    (3.97, 3.0, 0.04)
    """
    path = path or PathModel()
    problem = _Problem(frequency_hz, amplitude, distance_km, path, count, kappa)
    return problem.fit(path)


class _Problem:
    """Spectra with all known effects removed, one row per record."""

    def __init__(self, frequency, amplitude, distance, path, count, kappa):
        from scipy.special import polygamma, psi

        f = np.asarray(frequency, dtype=float)
        a = np.atleast_2d(np.asarray(amplitude, dtype=float))
        distance = np.atleast_1d(np.asarray(distance, dtype=float))
        if f.ndim != 1 or a.shape != (len(distance), len(f)):
            raise InputError(
                f"amplitude has shape {a.shape}; {len(distance)} distances and {len(f)} frequencies ask for "
                f"({len(distance)}, {len(f)})."
            )
        if not isinstance(kappa, int | float) and kappa not in ("common", "record", "none"):
            raise InputError(f"kappa={kappa!r} is unknown; use 'common', 'record', 'none' or a number of seconds.")
        k = np.full(a.shape, 4.0) if count is None else np.maximum(np.asarray(count, dtype=float), 0.5)
        with np.errstate(divide="ignore", invalid="ignore"):
            good = np.isfinite(a) & (a > 0)
            y = np.where(good, np.log(np.where(good, a, 1.0)), 0.0)
        good &= (good.sum(axis=1) >= _LEAST_BANDS)[:, None]
        if not good.any():
            raise InputError(f"no record has {_LEAST_BANDS} usable frequencies; nothing can be fitted.")
        rows = good.any(axis=1)
        self.kept = rows
        self.f, self.good, distance, k, y = f, good[rows], distance[rows], k[rows], y[rows]
        y = y + 0.5 * (np.log(k) - psi(k)) + np.pi * f * path.attenuation_s(distance[:, None], f)
        self.y = y - np.log(path.site_factor(f)) - np.log(path.moment_factor(distance))[:, None]
        self.weight = np.where(self.good, 1.0 / (0.25 * polygamma(1, k) + _MODEL_SD**2), 0.0)
        self.kappa = kappa
        if isinstance(kappa, int | float):
            self.y = self.y + np.pi * f * float(kappa)

    def linear(self, ln_corner, rounds=_ROUNDS):
        """Levels, kappas and robust weights for a corner; (cost, levels, kappas, weights, residuals)."""
        y = self.y + np.log1p((self.f / np.exp(ln_corner)) ** 2)
        x = -np.pi * self.f
        weight = self.weight.copy()
        for _ in range(rounds):
            total = weight.sum(axis=1)
            mean_x, mean_y = (weight * x).sum(axis=1) / total, (weight * y).sum(axis=1) / total
            dx, dy = x - mean_x[:, None], y - mean_y[:, None]
            cross, square = (weight * dx * dy).sum(axis=1), (weight * dx * dx).sum(axis=1)
            if self.kappa == "common":
                slope = np.full(len(y), cross.sum() / square.sum())
            elif self.kappa == "record":
                slope = cross / square
            else:
                slope = np.zeros(len(y))
            level = mean_y - slope * mean_x
            residual = (y - level[:, None] - slope[:, None] * x) * np.sqrt(self.weight)
            size = np.abs(residual)
            weight = self.weight * np.where(size > _HUBER, _HUBER / np.maximum(size, 1e-12), 1.0)
        huber = np.where(size <= _HUBER, 0.5 * size**2, _HUBER * (size - 0.5 * _HUBER))
        return huber[self.good].sum(), level, slope, weight, residual

    def fit(self, path):
        """Search the corner, then the errors there."""
        from scipy.optimize import minimize_scalar

        used = self.f[self.good.any(axis=0)]
        ends = np.log([0.5 * used.min(), 2.0 * used.max()])
        corners = np.linspace(*ends, _CORNERS)
        costs = np.array([self.linear(c, _SEARCH_ROUNDS)[0] for c in corners])
        best = int(np.argmin(costs))
        around = corners[max(best - 1, 0)], corners[min(best + 1, _CORNERS - 1)]
        minimum = minimize_scalar(lambda c: self.linear(c)[0], bounds=around, method="bounded", options={"xatol": 1e-5})
        ln_corner = float(minimum.x)
        _, level, slope, weight, residual = self.linear(ln_corner)
        ln_corner_se, kappa_se, level_se, spread = self._errors(ln_corner, weight, residual)
        mean, n = float(level.mean()), len(level)
        level_sd = float(level.std(ddof=1)) if n > 1 else np.nan
        scatter = level_sd / np.sqrt(n) if n > 1 else 0.0
        # levels scatter about the moment, and all of them move with the corner
        ln_moment_se = float(np.hypot(scatter, level_se))
        moment, corner = float(np.exp(mean)), float(np.exp(ln_corner))
        half = 1.96 * ln_corner_se
        inside = ends[0] < ln_corner - half and ln_corner + half < np.log(used.max())
        fixed = float(self.kappa) if isinstance(self.kappa, int | float) else 0.0
        kappas, levels = np.full(len(self.kept), np.nan), np.full(len(self.kept), np.nan)
        kappas[self.kept], levels[self.kept] = slope + fixed, level - mean
        return SourceFit(
            moment, moment_to_magnitude(moment), ln_moment_se / np.log(10.0) * 2.0 / 3.0, corner, ln_corner_se,
            float(slope.mean()) + fixed, kappa_se, stress_drop_bar(moment, corner, path.vs_km_s), spread, level_sd,
            n, int(self.good.sum()), bool(inside and 2 * half < np.log(10.0)), kappas, levels,
        )  # fmt: skip

    def _errors(self, ln_corner, weight, residual):
        """Standard errors of ln corner, kappa and the mean level given both; and the misfit's standard deviation."""
        n = len(self.y)
        share = (self.f / np.exp(ln_corner)) ** 2
        of_corner = np.broadcast_to(2 * share / (1 + share), self.y.shape)  # of ln A by ln corner
        columns = [of_corner]
        if self.kappa == "common":
            columns.append(np.broadcast_to(-np.pi * self.f, self.y.shape))
        elif self.kappa == "record":
            columns += [np.where(np.arange(n)[:, None] == k, -np.pi * self.f, 0.0) for k in range(n)]
        total = weight.sum(axis=1)
        means = [(weight * column).sum(axis=1) / total for column in columns]
        centred = [column - mean[:, None] for column, mean in zip(columns, means, strict=True)]
        normal = np.array([[(weight * a * b).sum() for b in centred] for a in centred])
        degrees = max(int(self.good.sum()) - n - len(columns), 1)
        robust = np.sqrt(weight / np.where(self.weight > 0, self.weight, 1.0)) * residual
        scale = (robust[self.good] ** 2).sum() / degrees
        scale *= self._dependence(residual)
        covariance = np.linalg.pinv(normal) * scale
        slopes = np.array([mean.mean() for mean in means])
        level_variance = scale * (1.0 / total).mean() / n + slopes @ covariance @ slopes
        kappa_se = 0.0
        if len(columns) > 1:
            kappa_se = float(np.sqrt(covariance[1:, 1:].mean()))
        plain = np.where(self.good, residual / np.sqrt(np.where(self.weight > 0, self.weight, 1.0)), np.nan)
        return float(np.sqrt(covariance[0, 0])), kappa_se, float(np.sqrt(level_variance)), float(np.nanstd(plain))

    def _dependence(self, residual):
        """How many times larger variances are because residuals of records and of neighbouring bands are alike."""
        r = np.where(self.good, residual, np.nan)
        square = np.nanmean(r**2)
        if square == 0:
            return 1.0
        both = self.good[:, 1:] & self.good[:, :-1]
        neighbours = (r[:, 1:] * r[:, :-1])[both].mean() / square if both.any() else 0.0
        along = np.clip(neighbours, 0.0, 0.9)
        number = self.good.sum(axis=0)
        some = number > 1
        shared = 1.0
        if some.any():
            mean = np.nanmean(r[:, some], axis=0)
            shared = max((number[some] * mean**2).mean() / square, 1.0)
        return shared * (1 + along) / (1 - along)


def moment_to_magnitude(moment_newton_m):
    """Moment magnitude, 2/3 (log10 M0 - 9.05), M0 in N m (Hanks & Kanamori 1979).

    Examples
    --------
    >>> round(moment_to_magnitude(1.122e15), 2)
    4.0
    """
    return float(2.0 / 3.0 * (np.log10(moment_newton_m) - 9.05))


def stress_drop_bar(moment_newton_m, corner_hz, vs_km_s=3.5):
    """Brune's stress drop, M0 (fc / (4.906e6 vs))^3 with M0 in dyne cm, in bar.

    Examples
    --------
    >>> from seissynth.evaluation import brune_corner_hz
    >>> moment = 10 ** (1.5 * 4 + 9.05)
    >>> round(stress_drop_bar(moment, float(brune_corner_hz(4.0, 100.0))), 6)
    100.0
    """
    return float(stress_of_moment_bar(moment_newton_m * 1e7, corner_hz, vs_km_s))


def _lasting(data, rate):
    """Number of samples that hold the energy: (sum of power)² / sum of power²."""
    width = max(int(_POWER_S * rate), 1)
    power = np.convolve((data**2).sum(axis=0), np.ones(width) / width)
    return power.sum() ** 2 / max((power**2).sum(), np.finfo(float).tiny)


def _taper(length, rate):
    """Rise over 0.2 s, which does not cut an onset near the start, and fall over the last 5 %."""
    out = np.ones(length)
    for width, end in ((_RISE_S * rate, out), (max(_FALL * length, _RISE_S * rate), out[::-1])):
        edge = min(max(int(width), 1), length // 2)
        end[:edge] *= half_cosine(np.arange(edge) + 0.5, edge)
    return out
