"""Condition the coordinates of patterns on records: mean, variance, and draws that all stations of an earthquake share.

Two records of different stations of one earthquake are enough; records of other earthquakes (a region's archive) make
it know stations, paths and places as well. Without these, terms of stations and paths are unknown scatter at a new
station, and those of place and time belong to the earthquake: that is the portable model.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular

from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words
from seissynth_plugins.residuals.fields import PriorDraw
from seissynth_plugins.residuals.kernel import Places, Separations

#: added to the variance of each observation against rounding
_JITTER = 1e-6
#: draws of the last seeds that are kept
_DRAWS_KEPT = 16
_ERROR = hash_words("residuals", "error of a known record")


@dataclass(frozen=True)
class Observations:
    """Coordinates of n records.

    Parameters
    ----------
    places : Places, n
    values, variances : ndarray, shape (n, patterns)
        Of `Patterns.coordinates`.
    """

    places: Places
    values: np.ndarray
    variances: np.ndarray

    def __post_init__(self):
        shape = len(self.places), np.shape(self.values)[-1]
        for name in ("values", "variances"):
            array = getattr(self, name)
            if np.shape(array) != shape or not np.isfinite(array).all():
                raise InputError(f"residuals: {name} of shape {np.shape(array)}; give {shape} finite numbers.")
        if (self.variances < 0).any():
            raise InputError("residuals: a variance is below 0.")

    def __len__(self):
        return len(self.places)

    def select(self, rows):
        """Return some of the records."""
        return Observations(self.places.select(rows), self.values[rows], self.variances[rows])

    @staticmethod
    def concatenate(parts):
        """Join the records of several observations."""
        return Observations(
            Places.concatenate([part.places for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.variances for part in parts]),
        )


class Kriging:
    """Gaussian processes of the coordinates, one for each pattern, with an archive of known records.

    Parameters
    ----------
    parameters : ndarray, shape (patterns, 12)
        Hyper-parameters in the order of `kernel.NAMES`.
    archive : Observations, optional
        Records of other earthquakes. Without them the model is portable.

    Examples
    --------
    >>> from seissynth_plugins.residuals.kernel import PRIOR, make_places
    >>> places = make_places(
    ...     event=["a", "a"], station=["X", "Y"], source_latitude_deg=[0.0, 0.0], source_longitude_deg=[0.0, 0.0],
    ...     depth_km=[10.0, 10.0], station_latitude_deg=[0.3, 0.31], station_longitude_deg=[0.1, 0.1],
    ...     magnitude=[3.0, 3.0], time_h=[0.0, 0.0])
    >>> known = Observations(places.select([0]), np.array([[1.0]]), np.array([[0.01]]))
    >>> there = Kriging([PRIOR]).given(known).at(places)
    >>> there.mean[:, 0].round(2).tolist(), there.variance[:, 0].round(2).tolist()
    ([0.99, 0.56], [0.01, 0.65])
    """

    def __init__(self, parameters, archive=None):
        self.parameters = np.atleast_2d(np.asarray(parameters, dtype=float))
        self.archive = archive
        self.prior = lru_cache(maxsize=_DRAWS_KEPT)(lambda seed: PriorDraw(self.parameters, seed))
        self._factors = None
        if archive is not None:
            apart = Separations(archive.places, archive.places)
            self._factors = [
                _factor(apart.kernel(p), v) for p, v in zip(self.parameters, archive.variances.T, strict=True)
            ]

    def given(self, sources=None):
        """Condition on records of the earthquake, in addition to the archive.

        Parameters
        ----------
        sources : Observations, optional

        Returns
        -------
        Conditioned
        """
        return Conditioned(self, sources)


class Conditioned:
    """Coordinates given all known records; made by `Kriging.given`."""

    def __init__(self, kriging, sources):
        self.parameters, self._kriging = kriging.parameters, kriging
        self.sources = sources
        self._of_seed = lru_cache(maxsize=_DRAWS_KEPT)(self._draw)
        parts = [part for part in (kriging.archive, sources) if part is not None and len(part)]
        self.known = None
        if parts:
            self.known = Observations.concatenate(parts)
            self._solve(kriging)

    def _solve(self, kriging):
        known, archive = self.known, 0 if kriging.archive is None else len(kriging.archive)
        if archive == len(known):
            self._factors = kriging._factors
        else:
            new = known.places.select(slice(archive, None))
            within, across = Separations(new, new), None
            if archive:
                across = Separations(kriging.archive.places, new)
            self._factors = []
            for k, p in enumerate(self.parameters):
                noise = known.variances[archive:, k]
                if not archive:
                    self._factors.append(_factor(within.kernel(p), noise))
                    continue
                old = kriging._factors[k]
                below = solve_triangular(old, across.kernel(p), lower=True)  # (archive, new)
                corner = _factor(within.kernel(p) - below.T @ below, noise)
                grown = np.zeros((len(known), len(known)))
                grown[:archive, :archive], grown[archive:, :archive] = old, below.T
                grown[archive:, archive:] = corner
                self._factors.append(grown)
        self._weights = [cho_solve((factor, True), known.values[:, k]) for k, factor in enumerate(self._factors)]

    def at(self, places):
        """Return mean and variance of the coordinates at records.

        Parameters
        ----------
        places : Places, n
            A record of an earthquake and station that is among the sources is that record.

        Returns
        -------
        Coordinates
            With `mean` and `variance`, each of shape (n, patterns).
        """
        one = [self._row(places.select([row])) for row in range(len(places))]
        mean, variance = (np.stack([row[k] for row in one]) for k in (0, 1))
        return Coordinates(mean, variance)

    def _row(self, place):
        """Mean and variance at one record: alone, so that its bits do not depend on others."""
        prior = Separations(place, place)
        before = np.array([prior.kernel(p)[0, 0] for p in self.parameters])
        if self.known is None:
            return np.zeros(len(before)), before
        mean, variance = np.empty(len(before)), np.empty(len(before))
        for k, across in enumerate(self._across(place)):
            mean[k] = across @ self._weights[k]
            seen = solve_triangular(self._factors[k], across, lower=True)
            variance[k] = max(before[k] - seen @ seen, 0.0)
        return mean, variance

    def _across(self, place):
        """Covariances of one record with the known ones, for each pattern."""
        apart = Separations(place, self.known.places)
        apart.record = apart.event * apart.station
        return (apart.kernel(p)[0] for p in self.parameters)

    def draw(self, places, seed, record_seeds):
        """Draw coordinates at records.

        Parameters
        ----------
        places : Places, n
        seed : int
            Of the earthquake: its stations share what they should.
        record_seeds : sequence of int, length n
            What a record shares with no other.

        Returns
        -------
        ndarray, shape (n, patterns)
            A row depends on its own place, on the known records and on the seeds only, to the bit.

        Notes
        -----
        Matheron's rule: a draw from before any record is known, which is a function of place, plus the mean given the
        differences of the known records from that same draw (with errors drawn for them).
        """
        prior, seeds, weights = self._of_seed(int(seed))
        out = prior.at(places, record_seeds)
        if self.known is None:
            return out
        known = self.known.places
        for row in range(len(places)):
            place = places.select([row])
            same = np.flatnonzero((known.event == place.event[0]) & (known.station == place.station[0]))
            if len(same):  # the record itself is known: its own part is the one drawn for it
                out[row] = prior.at(place, [seeds[same[0]]])[0]
            for k, across in enumerate(self._across(place)):
                out[row, k] += across @ weights[k]
        return out

    def _draw(self, seed):
        """A draw from before any record is known, the seeds of known records in it, and the weights of differences."""
        prior = self._kriging.prior(seed)
        if self.known is None:
            return prior, [], []
        known = self.known
        pairs = zip(known.places.event, known.places.station, strict=True)
        seeds = [hash_words("residuals", "known", seed, event, station) for event, station in pairs]
        errors = np.stack([generator(one, _ERROR).standard_normal(len(self.parameters)) for one in seeds])
        there = prior.at(known.places, seeds) + np.sqrt(known.variances + _JITTER) * errors
        weights = [cho_solve((f, True), known.values[:, k] - there[:, k]) for k, f in enumerate(self._factors)]
        return prior, seeds, weights


@dataclass(frozen=True)
class Coordinates:
    """Mean and variance of coordinates, each of shape (n, patterns)."""

    mean: np.ndarray
    variance: np.ndarray


def _factor(kernel, variances):
    """Lower Cholesky factor of a covariance and the variances of errors."""
    return cholesky(kernel + np.diag(variances + _JITTER), lower=True)
