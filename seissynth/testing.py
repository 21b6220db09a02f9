"""The conformance kit: does a backend keep the protocol?

For authors of backends: one line in a plugin's tests runs every check, and each failure names the check
and what to mend.

Examples
--------
>>> from seissynth.testing import Ricker, check_backend
>>> check_backend(Ricker)

In a plugin's test file, one test per backend and check::

    from seissynth.testing import parametrize_with_checks

    @parametrize_with_checks([MyBackend])
    def test_protocol(backend, check):
        check(backend)
"""

import random
import sys

import numpy as np

from seissynth._testing_examples import Ricker, example_conditions
from seissynth.backends._conditions_checks import check_conditions
from seissynth.backends._run import checked_records, load_once, select_records
from seissynth.backends.base import Backend, Card
from seissynth.backends.registry import option_names
from seissynth.errors import SeisSynthError
from seissynth.schema import COLUMNS, empty_value
from seissynth.seeding import Seeds, make_seeds

__all__ = ["CHECKS", "ConformanceError", "Ricker", "check_backend", "example_conditions", "parametrize_with_checks"]

_RATE_HZ = 50.0
_DURATION_S = 20.0


class ConformanceError(SeisSynthError, AssertionError):
    """A backend breaks the protocol; the message starts with the name of the check."""


def check_backend(backend, *, rtol=0.0, conditions=None):
    """Run every check of the protocol on a backend.

    Parameters
    ----------
    backend : type or Backend
        A class whose options all have defaults, or an instance.
    rtol : float
        How far apart records may be that should be equal, as a part of their peak. NumPy backends are
        bit-equal (0); those on torch state a tolerance, 1e-5 for example.
    conditions : pandas.DataFrame, optional
        At least two rows; `example_conditions` of the card by default.

    Raises
    ------
    ConformanceError
        Of the first check that fails.

    Examples
    --------
    >>> from seissynth.testing import Ricker, check_backend
    >>> class Forgetful(Ricker):
    ...     def simulate(self, conditions, **request):
    ...         return super().simulate(conditions, **request).data
    >>> check_backend(Forgetful)
    Traceback (most recent call last):
    seissynth.testing.ConformanceError: check_output: ricker: simulate returned ndarray; it must return ...
    """
    for check in CHECKS:
        _run_check(check, backend, rtol, conditions)


def parametrize_with_checks(backends, *, rtol=0.0):
    """Mark a pytest test to run once for each backend and check.

    Parameters
    ----------
    backends : list of type or Backend
        As in `check_backend`.
    rtol : float
        As in `check_backend`.

    Returns
    -------
    pytest.MarkDecorator
        For a test with the arguments `backend` and `check`, which calls ``check(backend)``.
    """
    import pytest

    cases = []
    for backend in backends:
        label = backend.__name__ if isinstance(backend, type) else type(backend).__name__
        for check in CHECKS:
            cases.append(pytest.param(backend, _bound(check, rtol), id=f"{label}-{check.__name__}"))
    return pytest.mark.parametrize(("backend", "check"), cases)


def _bound(check, rtol):
    def run(backend):
        _run_check(check, backend, rtol, None)

    run.__name__ = check.__name__
    return run


def _run_check(check, backend, rtol, conditions):
    try:
        check(_Trial(backend, rtol, conditions))
    except AssertionError as error:
        raise ConformanceError(f"{check.__name__}: {error}") from None
    except SeisSynthError as error:
        raise ConformanceError(f"{check.__name__}: {error}") from error
    except (Exception, SystemExit) as error:
        raise ConformanceError(f"{check.__name__}: the backend raised {type(error).__name__}: {error}") from error


def _require(condition, text):
    # not an assert statement, which ``python -O`` removes
    if not condition:
        raise AssertionError(text)


class _Trial:
    """A backend under test with a request that suits it."""

    def __init__(self, backend, rtol, conditions):
        if isinstance(backend, type):
            _require(issubclass(backend, Backend), f"{backend!r} is not a subclass of Backend")
            _require(isinstance(getattr(backend, "card", None), Card), f"{backend.__name__} has no card of type Card")
            backend = backend()
        self.backend = backend
        self.card = backend.card
        self.rtol = rtol
        self.conditions = example_conditions(self.card) if conditions is None else conditions
        self.rate_hz = float(self.card.sampling_rates_hz[0]) if self.card.sampling_rates_hz else _RATE_HZ
        duration_s = min(_DURATION_S, self.card.max_duration_s or _DURATION_S)
        self.npts = int(duration_s * self.rate_hz)
        onsets = self.conditions["path_p_travel_s"].to_numpy(dtype=float)
        self.start_s = np.round(np.nan_to_num(onsets)) - 2.0

    def __len__(self):
        return len(self.conditions)

    def seeds(self, seed=0):
        events = self.conditions["source_id"].tolist()
        return make_seeds(seed, events, self.conditions["station_id"].tolist(), backend=self.card.name)

    def run(self, conditions=None, *, start_s=None, npts=None, rate_hz=None, seeds=None):
        """Run `simulate` on copies of the arguments, and check what it returns."""
        conditions = self.conditions if conditions is None else conditions
        start_s = self.start_s if start_s is None else start_s
        npts, rate_hz = npts or self.npts, rate_hz or self.rate_hz
        seeds = seeds or self.seeds()
        load_once(self.backend)
        records = self.backend.simulate(
            conditions.reset_index(drop=True).copy(),
            start_s=start_s.copy(),
            npts=npts,
            sampling_rate_hz=rate_hz,
            seeds=Seeds(seeds.row.copy(), seeds.event.copy(), seeds.station.copy()),
        )
        return checked_records(self.card, records, conditions, start_s, npts, rate_hz)

    def require_equal(self, one, other, text):
        """Require that data, onsets and truths of two sets of records are equal within the tolerance."""
        peak = np.abs(one.data).max(axis=(1, 2), keepdims=True, initial=0)
        worst = float(np.max(np.abs(one.data - other.data) / np.where(peak > 0, peak, 1), initial=0))
        _require(worst <= self.rtol, f"{text}: records differ by {worst:.3g} of their peak (rtol={self.rtol:g})")
        for key in ("start_s", "p_s", "s_s"):
            _require(_close(getattr(one, key), getattr(other, key), self.rtol), f"{text}: {key} differs")
        for key, value in one.truth.items():
            _require(key in other.truth, f"{text}: truth {key!r} is not always there")
            _require(_close(value, other.truth[key], self.rtol), f"{text}: truth {key!r} differs")


def _close(one, other, rtol):
    one, other = np.asarray(one), np.asarray(other)
    if not np.issubdtype(one.dtype, np.number):
        return np.array_equal(one, other)
    return np.allclose(one, other, rtol=max(rtol, 0.0), atol=0, equal_nan=True)


# --- the checks, in the order in which they run


def check_card(trial):
    """The card is whole, the constructor takes no arguments that must be given, and `load` works."""
    card = trial.card
    _require(card.name and card.name == card.name.strip() and "/" not in card.name, f"card.name={card.name!r}")
    _require(card.summary, "card.summary is empty; tables show it")
    for key in ("magnitude_range", "distance_range_km", "depth_range_km"):
        limits = getattr(card, key)
        _require(limits is None or (len(limits) == 2 and limits[0] <= limits[1]), f"card.{key}={limits} is no range")
    _require(all(rate > 0 for rate in card.sampling_rates_hz), f"card.sampling_rates_hz={card.sampling_rates_hz}")
    unknown = sorted(set(card.ensemble_options) - set(option_names(type(trial.backend))))
    _require(not unknown, f"card.ensemble_options names {unknown}, which are no options of the backend")
    _require(isinstance(trial.backend.weights_hash, str), "weights_hash must be text")
    load_once(trial.backend)


def check_conditions_suit(trial):
    """The rows that the checks use hold what the card requires, inside its ranges."""
    _require(len(trial) >= 2, "the conditions need two rows at least")
    check_conditions(trial.card, trial.conditions)


def check_output(trial):
    """Records of the right type, shape and dtype; finite; not all zero."""
    records = trial.run()
    peaks = np.abs(records.data).max(axis=(1, 2))
    _require((peaks > 0).all(), f"rows {np.flatnonzero(peaks == 0).tolist()} are all zero")


def check_lengths(trial):
    """Odd and small numbers of samples work, and so does a single row."""
    for npts in (1, 2, 17, min(101, trial.npts)):
        trial.run(npts=npts)
    table, rest = _rows(trial, [0])
    trial.run(table, **rest)


def check_rates(trial):
    """Every native rate works; a backend without native rates takes any."""
    for rate_hz in trial.card.sampling_rates_hz or (20.0, 100.0, 33.3):
        trial.run(rate_hz=float(rate_hz), npts=min(301, int(trial.npts * rate_hz / trial.rate_hz)))


def check_missing_optional(trial):
    """Columns that the card does not require may be missing in every row (NaN or empty text)."""
    table = trial.conditions.copy()
    for name in COLUMNS:
        if name not in trial.card.required_columns:
            table[name] = empty_value(name)
    trial.run(table)


def check_repeatable(trial):
    """The same request gives the same records, also from an instance that has worked before."""
    first = trial.run()
    trial.run(seeds=trial.seeds(1))
    trial.require_equal(first, trial.run(), "asked twice")


def check_order_independence(trial):
    """Rows in another order give the same records in that order."""
    order = np.arange(len(trial))[::-1]
    table, rest = _rows(trial, order)
    trial.require_equal(_pick(trial.run(), order), trial.run(table, **rest), "rows in reverse order")


def check_chunk_independence(trial):
    """A row alone gives the same record as among others."""
    together = trial.run()
    for row in range(len(trial)):
        table, rest = _rows(trial, [row])
        trial.require_equal(_pick(together, [row]), trial.run(table, **rest), f"row {row} alone")


def check_seeds_matter(trial):
    """Records have noise of their own (`seeds.row`), in a backend that claims ``ensemble``."""
    if "ensemble" not in trial.card.capabilities:
        return
    seeds = trial.seeds()
    one, other = trial.run(), trial.run(seeds=Seeds(trial.seeds(1).row, seeds.event, seeds.station))
    same = [row for row in range(len(trial)) if np.array_equal(one.data[row], other.data[row])]
    _require(not same, f"rows {same} do not depend on seeds.row, and the card claims 'ensemble'")


def check_no_global_random_state(trial):
    """Global random generators are neither used nor changed."""
    states, records = [], []
    saved = random.getstate(), np.random.get_state()
    try:
        for seed in (1, 2):
            random.seed(seed)
            np.random.seed(seed)
            before = _global_states()
            records.append(trial.run())
            states.append((before, _global_states()))
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])
    for before, after in states:
        changed = [name for name in before if before[name] != after[name]]
        _require(not changed, f"the global random state of {', '.join(changed)} was changed; draw from the seeds")
    trial.require_equal(*records, "the global random state was set differently")


def _global_states():
    name, key, *rest = np.random.get_state()
    states = {"random": random.getstate(), "numpy.random": (name, key.tobytes(), *rest)}
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states


def check_no_mutation(trial):
    """Conditions, start times and seeds are left as they were given."""
    table, start_s, seeds = trial.conditions.copy(), trial.start_s.copy(), trial.seeds()
    load_once(trial.backend)
    trial.backend.simulate(table, start_s=start_s, npts=trial.npts, sampling_rate_hz=trial.rate_hz, seeds=seeds)
    _require(table.equals(trial.conditions), "simulate changed the conditions table")
    _require(list(table) == list(trial.conditions), "simulate added columns to the conditions table")
    _require(np.array_equal(start_s, trial.start_s), "simulate changed start_s")
    for key in ("row", "event", "station"):
        _require(np.array_equal(getattr(seeds, key), getattr(trial.seeds(), key)), f"simulate changed seeds.{key}")


def check_start(trial):
    """Any start is honoured, other for each row, and onsets stay where they are on the time axis."""
    first = trial.run()
    steps = np.arange(len(trial)) * 5 - 3
    moved = trial.run(start_s=trial.start_s + steps / trial.rate_hz)
    for key in ("p_s", "s_s"):
        shift = np.abs(getattr(first, key) - getattr(moved, key))
        late = np.nan_to_num(shift).max(initial=0)
        _require(late <= 1 / trial.rate_hz, f"{key} moved by {late:g} s with start_s; onsets count from origin")


def check_onsets(trial):
    """P and S are finite and P comes first, in a backend that claims ``onsets``."""
    if "onsets" not in trial.card.capabilities:
        return
    records = trial.run()
    for key in ("p_s", "s_s"):
        _require(np.isfinite(getattr(records, key)).all(), f"{key} is not finite, and the card claims 'onsets'")
    _require((records.p_s < records.s_s).all(), "P comes after S")


def check_truth(trial):
    """What went into each record is returned, in a backend that claims ``truth``."""
    truth = trial.run().truth  # lengths are checked by `run`
    _require(truth or "truth" not in trial.card.capabilities, "truth is empty, and the card claims 'truth'")
    _require(all(isinstance(key, str) for key in truth), "names in truth must be text")


def _rows(trial, rows):
    seeds = trial.seeds()[np.asarray(rows)]
    return trial.conditions.iloc[list(rows)], {"start_s": trial.start_s[np.asarray(rows)], "seeds": seeds}


def _pick(records, rows):
    return select_records(records, np.asarray(rows))


#: every check, in the order in which `check_backend` runs them
CHECKS = (
    check_card,
    check_conditions_suit,
    check_output,
    check_lengths,
    check_rates,
    check_missing_optional,
    check_repeatable,
    check_order_independence,
    check_chunk_independence,
    check_seeds_matter,
    check_no_global_random_state,
    check_no_mutation,
    check_start,
    check_onsets,
    check_truth,
)
