"""Gaussian random fields over the earth with covariance exp(-3 h / b), independent of the order and choice of stations.

    Z(x) = K^(-1/2) sum_j [A_j cos(k_j x) + B_j sin(k_j x)]

with A and B standard normal. The waves k_j and amplitudes come from a seed and the field's name alone, and the field is
defined everywhere, independently of the stations. (A Cholesky factor over the stations of a call would give a station
another value whenever its neighbours change.)
"""

from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words

#: waves of a field
WAVES = 512

_WGS84_A_KM, _WGS84_F = 6378.137, 1 / 298.257223563
_RANGE_SCALE = 3.0  # exp(-3 h / b): 0.05 is left at h = b
_NEWTON_STEPS = 6


@dataclass(frozen=True)
class SpatialField:
    """Waves and amplitudes of some independent fields of one range.

    Parameters
    ----------
    wave : ndarray, shape (waves, 3), 1/km
        Shared by the fields; given the amplitudes' independence the fields stay uncorrelated.
    cosine, sine : ndarray, shape (waves, fields)
    """

    wave: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray

    def at(self, place_km):
        """Values at places.

        Parameters
        ----------
        place_km : ndarray, shape (n, 3), km
            Earth-centred, see `earth_centred_km`.

        Returns
        -------
        ndarray, shape (n, fields)
            A row depends on its own place only, to the bit.
        """
        from seissynth_plugins.stochastic._variability_kernels import field_rows

        place = np.ascontiguousarray(place_km, dtype=float)
        out = np.empty((len(place), self.cosine.shape[1]))
        field_rows(out, place, self.wave, self.cosine, self.sine)
        return out


def make_field(seed, name, range_km, fields=1, waves=WAVES):
    """Draw the fields of a seed and name.

    Parameters
    ----------
    seed : int
        Of the event.
    name : str
        Fields of other names are independent.
    range_km : float
        Distance b at which the correlation has fallen to 0.05.
    fields : int
        How many independent fields, which share their waves.
    waves : int

    Returns
    -------
    SpatialField

    Raises
    ------
    InputError
        A range that is not positive.

    Notes
    -----
    Waves are k_j = (3 / b) g_j / |g0_j| with g_j a normal vector in three dimensions and g0_j a normal number, whose
    density is the spectrum of exp(-3 h / b) in three dimensions; so the covariance is exact in the mean over
    seeds, and each value is exactly normal. |k_j| is drawn with one value in each of `waves` strata of equal
    probability, which improves the covariance of a single draw: |g| / |g0| = tan(θ) has the distribution
    function (2 θ - sin 2 θ) / π.

    Examples
    --------
    >>> make_field(1, "short", 20.0).at([[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]]).shape
    (2, 1)
    """
    if not range_km > 0:
        raise InputError(f"stochastic: range_km={range_km} of a spatial field must be above 0.")
    rng = generator(seed, hash_words("stochastic", "field", name))
    probability = (np.arange(waves) + rng.random(waves)) / waves
    direction = rng.standard_normal((waves, 3))
    direction /= np.sqrt(direction[:, :1] ** 2 + direction[:, 1:2] ** 2 + direction[:, 2:] ** 2)
    wave = _RANGE_SCALE / range_km * _radius(probability)[:, None] * direction
    amplitudes = rng.standard_normal((2, waves, fields))
    return SpatialField(wave, amplitudes[0], amplitudes[1])


def _radius(probability):
    """Inverse of the distribution function of |g| / |g0|."""
    # the angle 2θ from 2θ - sin 2θ = π p; the root of the cubic term is exact for small p, and 2π - ... for none
    wanted = np.pi * np.asarray(probability)
    angle = np.minimum(np.cbrt(6 * wanted), np.pi)
    for _ in range(_NEWTON_STEPS):
        angle -= (angle - np.sin(angle) - wanted) / np.maximum(1 - np.cos(angle), 1e-12)
    return np.tan(angle / 2)


def earth_centred_km(latitude_deg, longitude_deg):
    """Cartesian coordinates on the WGS84 ellipsoid.

    Parameters
    ----------
    latitude_deg, longitude_deg : array_like, shape (n,)

    Returns
    -------
    ndarray, shape (n, 3), km
        Towards 0° E and 90° E on the equator and towards the North Pole. Chords, not arcs, part two places: at 400 km
        they are shorter by 0.07 km.

    Examples
    --------
    >>> earth_centred_km([0.0], [90.0]).round(3) + 0.0
    array([[   0.   , 6378.137,    0.   ]])
    """
    latitude, longitude = np.radians(np.asarray(latitude_deg, float)), np.radians(np.asarray(longitude_deg, float))
    square = _WGS84_F * (2 - _WGS84_F)
    normal = _WGS84_A_KM / np.sqrt(1 - square * np.sin(latitude) ** 2)
    flat = normal * np.cos(latitude)
    vertical = normal * (1 - square) * np.sin(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), vertical], axis=-1)
