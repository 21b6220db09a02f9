"""Draws of coordinates before any record is known: functions of event, station and place, defined everywhere.

A draw over the stations of a call by a Cholesky factor would change with every station added. Here a draw is a function
that a seed fixes for all places: sums of waves for the terms that depend on distance (random Fourier features), and one
number each for an earthquake, a station, a record.
"""

from functools import lru_cache

import numpy as np

from seissynth.seeding import generator, hash_words
from seissynth_plugins.residuals.kernel import NAMES, PLACE_TIME_FACTOR

_RECORD = hash_words("residuals", "record")
#: waves of a field
WAVES = 512
#: azimuths turn with whole numbers up to this; what is beyond has less than 0.2 % of the variance
_HIGHEST_ORDER = 400
#: records whose values a draw keeps
_MOST_REMEMBERED = 20_000
#: places whose values a field keeps
_MOST_PLACES = 500


class PriorDraw:
    """One draw of the coordinates of all patterns, everywhere.

    Parameters
    ----------
    parameters : ndarray, shape (patterns, 12)
        Hyper-parameters in the order of `kernel.NAMES`.
    seed : int
        The draw; that of an earthquake, so that its stations share one.
    waves : int
        Of each field.
    region : PriorDraw, optional
        A draw that stations, paths, places, times and slopes come from, in place of this one: the draws of several
        earthquakes then share them, and what known records say of it is computed once.
    region_events : set of str
        Earthquakes that are known to the region's draw, and come from it too.

    Notes
    -----
    Rahimi and Recht (2007): with waves drawn from the spectrum of a covariance and normal amplitudes, a sum of waves
    has that covariance in the mean over seeds, and each value is exactly normal. The spectrum of exp(-d / l) in three
    dimensions is a Cauchy distribution, g / (|g0| l) with g a normal vector and g0 a normal number. On the circle of
    azimuths exp(-|a| / l) is a cosine series whose coefficients, all positive, are the probabilities of whole numbers
    of turns. Waves for a product of covariances have both.
    """

    def __init__(self, parameters, seed, waves=WAVES, region=None, region_events=frozenset()):
        self.parameters = np.asarray(parameters, dtype=float)
        self.seed, self.waves = int(seed), waves
        self.region, self.region_events = self if region is None else region, region_events
        self._of_names = lru_cache(maxsize=4096)(self._numbers)
        self._of_fields = lru_cache(maxsize=512)(self._field)
        self._of_places = {}

    def at(self, places, record_seeds):
        """Return coordinates at records.

        Parameters
        ----------
        places : Places, n
        record_seeds : sequence of int, length n
            What a record shares with no other one comes from here.

        Returns
        -------
        ndarray, shape (n, patterns)
            A row depends on its own place and seed only, to the bit.
        """
        return np.array([self._remembered(places, row, int(seed)) for row, seed in enumerate(record_seeds)]).reshape(
            len(places), len(self.parameters)
        )

    def _remembered(self, places, row, seed):
        """Value at one record; known records are asked for again for every target."""
        key = seed, places.key(row)
        if key not in self._of_places:
            if len(self._of_places) >= _MOST_REMEMBERED:
                self._of_places.clear()
            self._of_places[key] = self._at(places, row, seed)
        return self._of_places[key]

    def _at(self, places, row, seed):
        v = self._deviations()
        event, patterns = str(places.event[row]), len(self.parameters)
        own = self.region if event in self.region_events else self
        near = own._of_fields("event_near", event).at(places.station_km[row], places.azimuth_rad[row])
        return (
            v["event"] * own._of_names("event", event, patterns)
            + v["event_near"] * near
            + self.region._shared(places, row)
            + v["record"] * generator(seed, _RECORD).standard_normal(patterns)
        )

    def station_term(self, station):
        """Term that all records of a station share in this draw, shape (patterns,)."""
        of = self.region
        return of._deviations()["station"] * of._of_names("station", str(station), len(of.parameters))

    def _shared(self, places, row):
        """What a record shares with those of other earthquakes."""
        v, patterns = self._deviations(), len(self.parameters)
        features, station = places.features()[row], str(places.station[row])
        hypocentre, hour = places.event_km[row], places.time_h[row]
        slopes = self._of_names("linear", "", patterns * len(features)).reshape(-1, patterns)
        return (
            self.station_term(station)
            + v["path"] * self._of_fields("path", station).at(hypocentre, 0.0)
            + v["place"] * self._of_fields("place", "").at(hypocentre, hour)
            + v["time"] * self._of_fields("time", "").at(hypocentre, hour)
            + v["linear"] * (features[:, None] * slopes).sum(axis=0)
        )

    def forget(self):
        """Let go of the fields and values computed so far; they come back, to the bit, when asked for."""
        self._of_fields.cache_clear()
        self._of_places.clear()

    def _deviations(self):
        return dict(zip(NAMES, np.sqrt(self.parameters).T, strict=True))

    def _numbers(self, term, name, count):
        return generator(self.seed, hash_words("residuals", term, name)).standard_normal(count)

    def _field(self, term, name):
        rng = generator(self.seed, hash_words("residuals", term, name))
        v = dict(zip(NAMES, self.parameters.T, strict=True))
        patterns, nowhere = len(self.parameters), np.full(len(self.parameters), np.inf)
        length = {"event_near": v["station_km"], "time": nowhere}.get(term, v["hypocentre_km"])
        wave = _cauchy(rng, (patterns, self.waves), 3) / length[:, None, None]
        if term == "event_near":
            more = np.stack([_turns(rng, width, self.waves) for width in v["azimuth_rad"]])
        elif term == "path":
            more = np.zeros((patterns, self.waves))
        else:
            slow = PLACE_TIME_FACTOR if term == "place" else 1.0
            more = _cauchy(rng, (patterns, self.waves), 1)[..., 0] / (slow * v["time_h"][:, None])
        return _Waves(wave, more, rng.standard_normal((2, patterns, self.waves)))


class _Waves:
    """Sums of waves over a place and one more coordinate, for each pattern."""

    def __init__(self, wave, more, amplitudes):
        self.wave, self.more = wave, more
        self.amplitudes = amplitudes / np.sqrt(wave.shape[1])
        # records of an earthquake ask for the same place and time
        self._known = {}

    def at(self, place_km, other):
        key = place_km.tobytes(), float(other)
        if key not in self._known:
            if len(self._known) >= _MOST_PLACES:
                self._known.clear()
            self._known[key] = self._at(place_km, other)
        return self._known[key]

    def _at(self, place_km, other):
        phase = (self.wave * place_km).sum(axis=-1) + self.more * other
        cosine, sine = self.amplitudes
        return (cosine * np.cos(phase) + sine * np.sin(phase)).sum(axis=-1)


def _cauchy(rng, shape, dimensions):
    normal = rng.standard_normal((*shape, dimensions))
    return normal / np.abs(rng.standard_normal((*shape, 1)))


def _turns(rng, width_rad, count):
    """Whole numbers of turns whose mean cosine is exp(-|azimuth| / width)."""
    order = np.arange(_HIGHEST_ORDER + 1)
    coefficient = width_rad * (1 - np.where(order % 2, -1.0, 1.0) * np.exp(-np.pi / width_rad))
    coefficient = coefficient / (np.pi * (1 + (order * width_rad) ** 2))
    coefficient[1:] *= 2
    edges = np.cumsum(coefficient)
    return np.searchsorted(edges / edges[-1], rng.random(count), side="right").clip(0, _HIGHEST_ORDER) * np.sign(
        rng.random(count) - 0.5
    )
