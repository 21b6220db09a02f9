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
from seissynth_plugins.residuals.fields import WAVES, PriorDraw
from seissynth_plugins.residuals.kernel import NAMES, Separations
from seissynth_plugins.residuals.observations import Observations

#: added to the variance of each observation against rounding
_JITTER = 1e-6
#: draws of the last seeds that are kept
_DRAWS_KEPT = 16
#: records whose covariances with the archive are kept
_MOST_REACHED = 512
_ERROR = hash_words("residuals", "error of a known record")


class Kriging:
    """Gaussian processes of the coordinates, one for each pattern, with an archive of known records.

    Parameters
    ----------
    parameters : ndarray, shape (patterns, 12)
        Hyper-parameters in the order of `kernel.NAMES`.
    archive : Observations, optional
        Records of other earthquakes. Without them the model is portable.
    region_draws : int, optional
        What records of different earthquakes share (stations, paths, places, times, slopes) is one of so many draws,
        chosen by the seed. Each costs a pass over the archive, once; by default every seed has its own.
    waves : int
        Of the fields of draws. The covariance of draws is that of the kernel for any number, in the mean over seeds;
        that of one draw is off by one over its root.

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

    def __init__(self, parameters, archive=None, region_draws=None, waves=WAVES):
        self.parameters = np.atleast_2d(np.asarray(parameters, dtype=float))
        self.archive = archive if archive is not None and len(archive) else None
        self.waves = waves
        self.region_draws = region_draws if self.archive is not None else None
        self._events = frozenset() if self.archive is None else frozenset(map(str, archive.places.event))
        self.prior = lru_cache(maxsize=_DRAWS_KEPT)(self._prior)
        self._region = lru_cache(maxsize=region_draws)(lambda seed: PriorDraw(self.parameters, seed, waves))
        self.differences = lru_cache(maxsize=region_draws or _DRAWS_KEPT)(self._differences)
        self._reached = {}
        self._factors = None
        if self.archive is not None:
            apart = Separations(archive.places, archive.places)
            self._factors = [
                _factor(apart.kernel(p), v) for p, v in zip(self.parameters, archive.variances.T, strict=True)
            ]
            self.whitened = self._solved(archive.values)

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

    def archive_seed(self, seed):
        """Seed of the draw that the archive's records take their values from."""
        if self.region_draws is None:
            return int(seed)
        return hash_words("residuals", "region", int(seed)) % self.region_draws

    def reach(self, places):
        """Covariances with the archive, times the inverse of its factor: shape (n, patterns, archive).

        Each row is computed alone: its bits do not depend on the others.
        """
        return np.stack([self._reach(places, row) for row in range(len(places))])

    def _reach(self, places, row):
        key = places.key(row)
        if key not in self._reached:
            if len(self._reached) >= _MOST_REACHED:
                self._reached.clear()
            across = _covariances(places.select([row]), self.archive.places, self.parameters)
            pairs = zip(self._factors, across, strict=True)
            self._reached[key] = np.stack(
                [solve_triangular(factor, one[0], lower=True, check_finite=False) for factor, one in pairs]
            )
        return self._reached[key]

    def _solved(self, values):
        """Values of the archive, (n, patterns), times the inverse of its factor, (patterns, n)."""
        pairs = zip(self._factors, values.T, strict=True)
        return np.stack([solve_triangular(factor, one, lower=True) for factor, one in pairs])

    def _prior(self, seed):
        if self.region_draws is None:
            return PriorDraw(self.parameters, seed, self.waves)
        return PriorDraw(self.parameters, seed, self.waves, self._region(self.archive_seed(seed)), self._events)

    def _differences(self, archive_seed):
        """The archive less a draw of it, solved as `whitened` is."""
        prior = self.prior(archive_seed) if self.region_draws is None else self._region(archive_seed)
        drawn = _known_draw(prior, self.archive, _known_seeds(self.archive.places, archive_seed))
        if self.region_draws is not None:
            prior.forget()  # the fields of the archive's earthquakes are not needed again
        return self._solved(self.archive.values - drawn)


class Conditioned:
    """Coordinates given all known records; made by `Kriging.given`."""

    def __init__(self, kriging, sources):
        self.parameters, self._kriging = kriging.parameters, kriging
        self.sources = sources if sources is not None and len(sources) else None
        self._of_seed = lru_cache(maxsize=_DRAWS_KEPT)(self._draw)
        parts = [part for part in (kriging.archive, self.sources) if part is not None]
        self.known = Observations.concatenate(parts) if parts else None
        self._reach = self._factors = None
        if self.sources is not None:
            places, within = self.sources.places, Separations(self.sources.places, self.sources.places)
            kernels = [within.kernel(p) for p in self.parameters]
            if kriging.archive is not None:
                self._reach = kriging.reach(places)  # (sources, patterns, archive)
                kernels = [one - r @ r.T for one, r in zip(kernels, self._reach.transpose(1, 0, 2), strict=True)]
            self._factors = [_factor(one, v) for one, v in zip(kernels, self.sources.variances.T, strict=True)]
            self._weights = self._source_weights(
                self.sources.values, None if kriging.archive is None else kriging.whitened
            )

    def _source_weights(self, values, archive):
        """Weights of the sources' values, (patterns, sources), beside those of the archive (solved)."""
        if archive is not None:
            values = values - (self._reach * archive).sum(axis=2)
        return np.stack([cho_solve((f, True), one) for f, one in zip(self._factors, values.T, strict=True)])

    def at(self, places, station_left=None):
        """Return mean and variance of the coordinates at records.

        Parameters
        ----------
        places : Places, n
            A record of an earthquake and station that is among the sources is that record.
        station_left : array_like, shape (n,), optional
            What is left of the variance of each record's station term, 0 to 1, where the term is known by other means
            and its mean is in what residuals are relative to. Without effect where records of the station are known,
            which say more of it. Default: all of it, 1.

        Returns
        -------
        Coordinates
            With `mean` and `variance`, each of shape (n, patterns).
        """
        one = [self._row(places.select([row]), left) for row, left in enumerate(self._left(places, station_left))]
        mean, variance = (np.stack([row[k] for row in one]) for k in (0, 1))
        return Coordinates(mean, variance)

    def _left(self, places, station_left):
        """What is left of the variance of station terms: all of it at stations of known records."""
        left = np.ones(len(places)) if station_left is None else np.array(station_left, dtype=float)
        if left.shape != (len(places),) or not ((left >= 0) & (left <= 1)).all():
            raise InputError(f"residuals: station_left={station_left!r} must be {len(places)} numbers from 0 to 1.")
        if self.known is not None:
            left[np.isin(places.station, self.known.places.station)] = 1.0
        return left

    def _row(self, place, left):
        """Mean and variance at one record: alone, so that its bits do not depend on others."""
        variance = _covariances(place, place, self.parameters, itself=True)[:, 0, 0]
        if left < 1:  # no known record shares the term, so that the rest of the formula stays
            variance = variance - (1 - left) * self.parameters[:, NAMES.index("station")]
        reach, across = self._across(place)
        mean = np.zeros(len(variance))
        if reach is not None:
            mean += (reach * self._kriging.whitened).sum(axis=1)
            variance = variance - (reach**2).sum(axis=1)
        if across is not None:
            mean += (across * self._weights).sum(axis=1)
            seen = [solve_triangular(f, one, lower=True) for f, one in zip(self._factors, across, strict=True)]
            variance = variance - (np.stack(seen) ** 2).sum(axis=1)
        return mean, np.maximum(variance, 0.0)

    def _across(self, place):
        """What connects one record with the archive, (patterns, archive), and then with the sources."""
        kriging, reach, across = self._kriging, None, None
        if kriging.archive is not None:
            reach = kriging.reach(place)[0]
        if self.sources is not None:
            across = _covariances(place, self.sources.places, self.parameters)[:, 0]
            if reach is not None:
                across = across - (self._reach * reach).sum(axis=2).T
        return reach, across

    def draw(self, places, seed, record_seeds, station_left=None):
        """Draw coordinates at records.

        Parameters
        ----------
        places : Places, n
        seed : int
            Of the earthquake: its stations share what they should.
        record_seeds : sequence of int, length n
            What a record shares with no other.
        station_left : array_like, shape (n,), optional
            See `at`: the station's term is drawn smaller, by the root of it.

        Returns
        -------
        ndarray, shape (n, patterns)
            A row depends on its own place, on the known records and on the seeds only, to the bit.

        Notes
        -----
        Matheron's rule: a draw from before any record is known, which is a function of place, plus the mean given the
        differences of the known records from that same draw (with errors drawn for them).
        """
        kriging, seed = self._kriging, int(seed)
        prior, weights = self._of_seed(seed)
        out = prior.at(places, record_seeds)
        for row, left in enumerate(self._left(places, station_left)):
            place = places.select([row])
            own = self._known_seed(place, seed)
            if own is not None:  # the record itself is known: its own part is the one drawn for it
                out[row] = prior.at(place, [own])[0]
            if left < 1:
                out[row] -= (1 - np.sqrt(left)) * prior.station_term(place.station[0])
            reach, across = self._across(place)
            if reach is not None:
                out[row] += (reach * kriging.differences(kriging.archive_seed(seed))).sum(axis=1)
            if across is not None:
                out[row] += (across * weights).sum(axis=1)
        return out

    def _draw(self, seed):
        """A draw from before any record is known, and the weights of the sources' differences from it."""
        kriging = self._kriging
        prior = kriging.prior(seed)
        if self.sources is None:
            return prior, None
        archive = None if kriging.archive is None else kriging.differences(kriging.archive_seed(seed))
        places = self.sources.places
        seeds = [self._known_seed(places.select([row]), seed) for row in range(len(places))]
        return prior, self._source_weights(self.sources.values - _known_draw(prior, self.sources, seeds), archive)

    def _known_seed(self, place, seed):
        """Seed of what a known record shares with no other; None for a record that is not known."""
        archive = self._kriging.archive
        for known, of in ((archive, self._kriging.archive_seed(seed)), (self.sources, seed)):
            if known is not None and _same_record(known.places, place).any():
                return _known_seeds(place, of)[0]
        return None


@dataclass(frozen=True)
class Coordinates:
    """Mean and variance of coordinates, each of shape (n, patterns)."""

    mean: np.ndarray
    variance: np.ndarray


def _factor(kernel, variances):
    """Lower Cholesky factor of a covariance and the variances of errors."""
    return cholesky(kernel + np.diag(variances + _JITTER), lower=True)


def _covariances(places, known, parameters, itself=False):
    """Covariances of records with known ones, (patterns, n, known); one of the same earthquake and station is it."""
    apart = Separations(places, places if itself else known)
    if not itself:
        apart.record = apart.event * apart.station
    return np.stack([apart.kernel(p) for p in parameters])


def _same_record(known, place):
    return (known.event == place.event[0]) & (known.station == place.station[0])


def _known_seeds(places, seed):
    """Seeds of what known records share with no other, in a draw."""
    pairs = zip(places.event, places.station, strict=True)
    return [hash_words("residuals", "known", seed, event, station) for event, station in pairs]


def _known_draw(prior, known, seeds):
    """Values that known records take in a draw, with errors drawn for them, (n, patterns)."""
    errors = np.stack([generator(one, _ERROR).standard_normal(known.values.shape[1]) for one in seeds])
    return prior.at(known.places, seeds) + np.sqrt(known.variances + _JITTER) * errors
