"""The conformance kit: checks that a backend follows the protocol.

For authors of backends: one line in a plugin's tests runs every check, and each failure names the check and the fix.

Examples
--------
>>> from seissynth.testing import Ricker, check_backend
>>> check_backend(Ricker)

In a plugin's test file, one test per backend and check::

    from seissynth.testing.check import parametrize_with_checks

    @parametrize_with_checks([MyBackend])
    def test_protocol(backend, check):
        check(backend)
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.backends._conditions_checks import check_conditions
from seissynth.backends.registry import option_names
from seissynth.backends.run import copied_seeds, load_once
from seissynth.errors import SeisSynthError
from seissynth.records import Records
from seissynth.schema import COLUMNS, empty_value
from seissynth.seeding import Seeds
from seissynth.testing.examples import Ricker, example_conditions, example_source
from seissynth.testing.state import (
    changed,
    changed_arrays,
    kept_arrays,
    plain_settings,
    process_state,
    random_states,
    seeded_globally,
)
from seissynth.testing.trial import Trial, require

if TYPE_CHECKING:
    import pandas

    from seissynth.backends.base import Backend

__all__ = ["CHECKS", "ConformanceError", "Ricker", "check_backend", "example_conditions", "parametrize_with_checks"]

_MANY = 3  # times every row, in one call
_COPY = "return new arrays, or copies of the backend's own"


class ConformanceError(SeisSynthError, AssertionError):
    """A backend breaks the protocol; the message starts with the name of the check."""


def check_backend(
    backend: type[Backend] | Backend, *, rtol: float = 0.0, conditions: pandas.DataFrame | None = None
) -> None:
    """Run every check of the protocol on a backend.

    Parameters
    ----------
    backend : type or Backend
        A class whose options all have defaults, or an instance.
    rtol : float
        Allowed difference of records that should be equal, as a fraction of their peak. NumPy backends are bit-for-bit
        equal (0); those on torch state a tolerance, for example 1e-5.
    conditions : pandas.DataFrame, optional
        At least two rows; `example_conditions` of the card by default.

    Raises
    ------
    ConformanceError
        For the first check that fails.

    Examples
    --------
    >>> from seissynth.testing import Ricker, check_backend
    >>> class Forgetful(Ricker):
    ...     def simulate(self, conditions, **request):
    ...         return super().simulate(conditions, **request).data
    >>> check_backend(Forgetful)
    Traceback (most recent call last):
    seissynth.testing.check.ConformanceError: check_output: ricker: simulate returned ndarray; it must return ...
    """
    for check in CHECKS:
        _run_check(check, backend, rtol, conditions)


def parametrize_with_checks(backends: Iterable[type[Backend] | Backend], *, rtol: float = 0.0) -> Any:
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
        check(Trial(backend, rtol, conditions))
    except AssertionError as error:
        raise ConformanceError(f"{check.__name__}: {error}") from None
    except SeisSynthError as error:
        raise ConformanceError(f"{check.__name__}: {error}") from error
    except (Exception, SystemExit) as error:
        raise ConformanceError(f"{check.__name__}: the backend raised {type(error).__name__}: {error}") from error


# --- the checks, in the order in which they run


def check_card(trial):
    """The constructor has no required arguments, the card's options exist, and `load` works."""
    card = trial.card
    unknown = sorted(set(card.ensemble_options) - set(option_names(type(trial.backend))))
    require(not unknown, f"card.ensemble_options names {unknown}, which are no options of the backend")
    require(isinstance(trial.backend.weights_hash, str), "weights_hash must be text")
    load_once(trial.backend)


def check_conditions_suit(trial):
    """The rows used by the checks have the columns that the card requires, inside its ranges."""
    require(len(trial) >= 2, "the conditions need two rows at least")
    check_conditions(trial.card, trial.conditions)


def check_output(trial):
    """Records of the right type, shape and dtype; finite; not all zero."""
    records = trial.run()
    peaks = np.abs(records.data).max(axis=(1, 2))
    require((peaks > 0).all(), f"rows {np.flatnonzero(peaks == 0).tolist()} are all zero")


def check_lengths(trial):
    """Odd and small numbers of samples work, and so does a single row."""
    for npts in (1, 2, 17, min(101, trial.npts)):
        trial.run(npts=npts)
    table, rest = _rows(trial, [0])
    trial.run(table, **rest)


def check_rates(trial):
    """Every native rate works; a backend without native rates accepts any."""
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
    """The same request gives the same records, also from an instance that was used before."""
    first = trial.run()
    trial.run(seeds=trial.seeds(1))
    trial.require_equal(first, trial.run(), "asked twice")


def check_order_independence(trial):
    """Rows in another order give the same records in that order."""
    together, order = trial.run(), np.arange(len(trial))
    for text, rows in (("rows in reverse order", order[::-1]), ("rows moved by one", np.roll(order, 1))):
        table, rest = _rows(trial, rows)
        trial.require_equal(_pick(together, rows), trial.run(table, **rest), text)


def check_chunk_independence(trial):
    """A row gives the same record alone, in pairs, and among many others."""
    together, n = trial.run(), len(trial)
    batches = [(f"row {row} alone", [row]) for row in range(n)]
    batches += [(f"rows {row} and {(row + 1) % n} together", [row, (row + 1) % n]) for row in range(n)]
    batches.append((f"{_MANY} times every row", list(range(n)) * _MANY))
    for text, rows in batches:
        table, rest = _rows(trial, rows)
        trial.require_equal(_pick(together, rows), trial.run(table, **rest), text)


def check_history_independence(trial):
    """A new instance gives the same records for the rows one by one, in reverse order."""
    together, other = trial.run(), trial.fresh()
    for row in reversed(range(len(trial))):
        table, rest = _rows(trial, [row])
        alone = trial.run(table, backend=other, **rest)
        trial.require_equal(_pick(together, [row]), alone, f"row {row} from an instance with another history")


def check_own_memory(trial):
    """Records of one call are not changed by later calls, and share no memory with them."""
    calls = []
    order = np.arange(len(trial))
    for seed, rows in ((0, order), (1, order), (2, order[::-1]), (3, order), (0, order[:1]), (4, order)):
        table, seeds = trial.conditions.iloc[rows].reset_index(drop=True).copy(), trial.seeds(seed)[rows]
        records = trial.simulate(table, trial.start_s[rows].copy(), trial.npts, trial.rate_hz, copied_seeds(seeds))
        require(isinstance(records, Records), f"simulate returned {type(records).__name__}")
        for earlier, arrays, _ in calls:
            wrong = changed_arrays(arrays, kept_arrays(earlier))
            require(not wrong, f"a later call changed {', '.join(wrong)} of records returned before; {_COPY}")
        own = kept_arrays(records, copied=False)
        for _, _, others in calls:
            shared = [key for key, value in own.items() if any(_shared(value, other) for other in others.values())]
            require(not shared, f"{', '.join(shared)} of two calls share memory; {_COPY}")
        calls.append((records, kept_arrays(records), own))


def _shared(one, other):
    return one.size and other.size and np.may_share_memory(one, other)


def check_seeds_matter(trial):
    """Records have individual noise (`seeds.row`), in a backend that claims ``ensemble``."""
    if "ensemble" not in trial.card.capabilities:
        return
    seeds = trial.seeds()
    one, other = trial.run(), trial.run(seeds=Seeds(trial.seeds(1).row, seeds.event, seeds.station))
    same = [row for row in range(len(trial)) if np.array_equal(one.data[row], other.data[row])]
    require(not same, f"rows {same} do not depend on seeds.row, and the card claims 'ensemble'")


def check_no_global_random_state(trial):
    """Global random generators are neither used nor changed, by the constructor and `load` neither."""
    runs = []
    for seed in (1, 2):
        with seeded_globally(seed):
            before = random_states()
            runs.append(trial.run())
            runs.append(trial.run(backend=trial.fresh()))
            wrong = changed(before, random_states())
        require(not wrong, f"the global random state of {', '.join(wrong)} was changed; draw from the seeds")
    for records in runs[1:]:
        trial.require_equal(runs[0], records, "the global random state was set differently")


def check_no_global_settings(trial):
    """Global state is unchanged: warning filters, NumPy's settings, the working folder, the environment."""
    trial.run()  # packages that are imported now may set what they like
    with plain_settings():
        before = process_state()
        trial.run()
        trial.run(backend=trial.fresh())
        wrong = changed(before, process_state())
    require(not wrong, f"{', '.join(wrong)} changed; use a context manager that puts it back")


def check_no_mutation(trial):
    """Conditions, start times, seeds and source records are not modified, by later calls either."""
    source = example_source(trial) if "source_records" in trial.card.capabilities else None
    inputs = []
    for seed in (0, 1):
        table, start_s, seeds = trial.conditions.copy(), trial.start_s.copy(), trial.seeds(seed)
        own = copy.deepcopy(source)
        inputs.append((seed, table, start_s, seeds, own))
        trial.simulate(table, start_s, trial.npts, trial.rate_hz, seeds, own)
    for seed, table, start_s, seeds, own in inputs:
        require(list(table) == list(trial.conditions), "simulate added or took columns of the conditions table")
        require(table.equals(trial.conditions), "simulate changed the conditions table")
        require(np.array_equal(start_s, trial.start_s), "simulate changed start_s")
        for key in ("row", "event", "station"):
            same = np.array_equal(getattr(seeds, key), getattr(trial.seeds(seed), key))
            require(same, f"simulate changed seeds.{key}")
        for name, one, other in _sources(own, source):
            wrong = changed_arrays(kept_arrays(other), kept_arrays(one))
            require(not wrong, f"simulate changed {', '.join(wrong)} of {name}")


def _sources(own, source):
    if source is not None:
        yield "source", own, source
        require(own.pool is not None, "simulate took the pool from the source")
        yield "source.pool", own.pool, source.pool


def check_start(trial):
    """Any start works, also different ones for each row, and onsets keep their times."""
    first = trial.run()
    steps = np.arange(len(trial)) * 5 - 3
    moved = trial.run(start_s=trial.start_s + steps / trial.rate_hz)
    for key in ("p_s", "s_s"):
        shift = np.abs(getattr(first, key) - getattr(moved, key))
        late = np.nan_to_num(shift).max(initial=0)
        require(late <= 1 / trial.rate_hz, f"{key} moved by {late:g} s with start_s; onsets count from origin")


def check_onsets(trial):
    """P and S are finite and P comes first, in a backend that claims ``onsets``."""
    if "onsets" not in trial.card.capabilities:
        return
    records = trial.run()
    for key in ("p_s", "s_s"):
        require(np.isfinite(getattr(records, key)).all(), f"{key} is not finite, and the card claims 'onsets'")
    require((records.p_s < records.s_s).all(), "P comes after S")


def check_truth(trial):
    """Parameters of each record are returned, in a backend that claims ``truth``."""
    truth = trial.run().truth  # lengths are checked by `run`
    require(truth or "truth" not in trial.card.capabilities, "truth is empty, and the card claims 'truth'")
    require(all(isinstance(key, str) for key in truth), "names in truth must be text")


def _rows(trial, rows):
    seeds = trial.seeds()[np.asarray(rows)]
    return trial.conditions.iloc[list(rows)], {"start_s": trial.start_s[np.asarray(rows)], "seeds": seeds}


def _pick(records, rows):
    return records.select(np.asarray(rows))


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
    check_history_independence,
    check_own_memory,
    check_seeds_matter,
    check_no_global_random_state,
    check_no_global_settings,
    check_no_mutation,
    check_start,
    check_onsets,
    check_truth,
)
