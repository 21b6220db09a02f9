"""A backend under test: a suitable request, and its construction."""

import copy

import numpy as np

from seissynth.backends.base import Backend, Card
from seissynth.backends.run import checked_records, copied_seeds, lent_source, load_once
from seissynth.seeding import make_seeds
from seissynth.testing.examples import example_conditions, made_up_source

_RATE_HZ = 50.0
_DURATION_S = 20.0


def require(condition, text):
    """Raise AssertionError with a text if a condition is not met."""
    # not an assert statement, which ``python -O`` removes
    if not condition:
        raise AssertionError(text)


class Trial:
    """A backend under test with a request that suits it."""

    def __init__(self, backend, rtol, conditions):
        if isinstance(backend, type):
            require(issubclass(backend, Backend), f"{backend!r} is not a subclass of Backend")
            require(isinstance(getattr(backend, "card", None), Card), f"{backend.__name__} has no card of type Card")
        self._origin = backend
        self.backend = backend() if isinstance(backend, type) else backend
        self.card = self.backend.card
        self.rtol = rtol
        self.conditions = example_conditions(self.card) if conditions is None else conditions
        self.rate_hz = float(self.card.sampling_rates_hz[0]) if self.card.sampling_rates_hz else _RATE_HZ
        duration_s = min(_DURATION_S, self.card.max_duration_s or _DURATION_S)
        self.npts = int(duration_s * self.rate_hz)
        onsets = self.conditions["path_p_travel_s"].to_numpy(dtype=float)
        self.start_s = np.round(np.nan_to_num(onsets)) - 2.0

    def __len__(self):
        return len(self.conditions)

    def fresh(self):
        """Another, unused instance; a copy if an instance is tested."""
        if isinstance(self._origin, type):
            return self._origin()
        try:
            return copy.deepcopy(self._origin)
        except Exception:  # something in it cannot be copied, a lock for example
            return self._origin

    def seeds(self, seed=0):
        """Seeds of the request's rows."""
        events = self.conditions["source_id"].tolist()
        return make_seeds(seed, events, self.conditions["station_id"].tolist(), backend=self.card.name)

    def run(self, conditions=None, *, start_s=None, npts=None, rate_hz=None, seeds=None, source=None, backend=None):
        """Run `simulate` on copies of the arguments, and check what it returns."""
        conditions = self.conditions if conditions is None else conditions
        start_s = self.start_s if start_s is None else start_s
        npts, rate_hz = npts or self.npts, rate_hz or self.rate_hz
        seeds = copied_seeds(seeds or self.seeds())
        source = None if source is None else lent_source(source)
        table = conditions.reset_index(drop=True)
        records = self.simulate(table.copy(), start_s.copy(), npts, rate_hz, seeds, source, backend)
        return checked_records(self.card, records, conditions, start_s, npts, rate_hz)

    def simulate(self, table, start_s, npts, rate_hz, seeds, source=None, backend=None):
        """Run `simulate` on the arguments themselves; return its result.

        A backend that needs a source gets a made-up one.
        """
        backend = backend or self.backend
        load_once(backend)
        if source is None and "needs_source" in self.card.capabilities:
            source = lent_source(made_up_source(self.card, table, rate_hz))
        options = {} if source is None else {"source": source}
        return backend.simulate(table, start_s=start_s, npts=npts, sampling_rate_hz=rate_hz, seeds=seeds, **options)

    def require_equal(self, one, other, text):
        """Require that data, onsets and truths of two sets of records are equal within the tolerance."""
        peak = np.abs(one.data).max(axis=(1, 2), keepdims=True, initial=0)
        worst = float(np.max(np.abs(one.data - other.data) / np.where(peak > 0, peak, 1), initial=0))
        require(worst <= self.rtol, f"{text}: records differ by {worst:.3g} of their peak (rtol={self.rtol:g})")
        for key in ("start_s", "p_s", "s_s"):
            require(_close(getattr(one, key), getattr(other, key), self.rtol), f"{text}: {key} differs")
        for key, value in one.truth.items():
            require(key in other.truth, f"{text}: truth {key!r} is not always there")
            require(_close(value, other.truth[key], self.rtol), f"{text}: truth {key!r} differs")


def _close(one, other, rtol):
    one, other = np.asarray(one), np.asarray(other)
    if not np.issubdtype(one.dtype, np.number):
        return np.array_equal(one, other)
    return np.allclose(one, other, rtol=max(rtol, 0.0), atol=0, equal_nan=True)
