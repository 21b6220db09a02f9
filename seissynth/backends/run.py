"""Checks around a call of a backend: of the conditions before, and of the records after it.

Plugins need no such checks: they stay short, and all backends fail with the same messages.
"""

import weakref
from collections.abc import Mapping

import numpy as np

from seissynth.backends._conditions_checks import check_conditions, check_duration
from seissynth.conditions import describe_row
from seissynth.errors import BackendError, InputError, SeisSynthError, SeisSynthWarning
from seissynth.records import Records
from seissynth.seeding import Seeds
from seissynth.shared.locks import new_rlock
from seissynth.shared.warning import warn_user

#: reach of the resampling filter, in samples of the lower rate; as many are asked for beyond both ends
_FILTER_SAMPLES = 40

_lock = new_rlock()  # re-entrant: a backend's load() may run another backend
_loaded: dict = {}  # id -> weak reference; instances may be unhashable, and an unpickled one must load again


def run_backend(
    backend,
    conditions,
    *,
    start_s,
    npts,
    sampling_rate_hz,
    seeds,
    source=None,
    outside="raise",
    chunk_size=256,
):
    """Make records with a backend, and check its input and output.

    Parameters
    ----------
    backend : seissynth.backends.base.Backend
        An instance; its `load` is called once, before its first records.
    conditions : pandas.DataFrame, n rows
        Columns from `seissynth.schema`.
    start_s : float or ndarray, shape (n,)
        Requested time of sample 0 after origin, s.
    npts : int
        Samples per component, at least 1.
    sampling_rate_hz : float
        Requested rate; the backend runs at its nearest higher native rate, and the records are resampled.
    seeds : seissynth.seeding.Seeds
        Of n records.
    source : Records, optional
        One real record of the same event per row, in the card's quantity and component order; `pool` may hold more.
    outside : {"raise", "warn", "allow"}
        What to do with rows outside the card's ranges.
    chunk_size : int
        Rows per call of the backend; the result does not depend on it.

    Returns
    -------
    seissynth.records.Records
        In the card's component order and quantity; `data` is float32 of shape (n, 3, npts).

    Raises
    ------
    InputError
        Arguments that do not fit each other; a required column that is missing or not finite.
    DomainError
        Rows outside the card's ranges (`outside="raise"`), or longer than the backend can make.
    BackendError
        The backend failed, or broke the protocol.

    Examples
    --------
    >>> from seissynth.backends.run import run_backend
    >>> from seissynth.seeding import make_seeds
    >>> from seissynth.testing import Ricker, example_conditions
    >>> table = example_conditions(Ricker.card, n=2)
    >>> seeds = make_seeds(0, table["source_id"], table["station_id"], backend="ricker")
    >>> run_backend(Ricker(), table, start_s=0.0, npts=500, sampling_rate_hz=20.0, seeds=seeds).data.shape
    (2, 3, 500)
    """
    name, n = backend.card.name, len(conditions)
    npts, rate = _size(name, npts, sampling_rate_hz)
    start_s = _starts(name, start_s, n)
    if len(seeds) != n:
        raise InputError(f"{name}: {len(seeds)} seeds for {n} rows of conditions; make one per row.")
    if chunk_size < 1:
        raise InputError(f"{name}: chunk_size={chunk_size} must be at least 1.")
    _check_source(backend, source, n)
    check_duration(backend.card, npts, rate)
    check_conditions(backend.card, conditions, outside)
    if n == 0:
        return Records(np.zeros((0, 3, npts), np.float32), start_s)

    load_once(backend)
    request = _native_request(backend.card, npts, rate)
    parts = []
    for first in range(0, n, chunk_size):
        rows = slice(first, first + chunk_size)
        part = _call(
            backend,
            conditions.iloc[rows].reset_index(drop=True),
            start_s[rows] - request.lead_s,
            request,
            Seeds(*(getattr(seeds, kind)[rows] for kind in ("row", "event", "station"))),
            None if source is None else source.select(rows),
        )
        parts.append(request.finish(part, npts, rate))
    return Records.concatenate(parts, name)


def prepare(backend):
    """Call `prepare` of an instance."""
    _guarded(backend, "prepare", backend.prepare)


def load_once(backend):
    """Call `load` of an instance unless it was called before; safe to call from several threads."""
    with _lock:
        known = _loaded.get(id(backend))
        if known is not None and known() is backend:
            return
        _guarded(backend, "load", backend.load)
        key = id(backend)
        _loaded[key] = weakref.ref(backend, lambda _: _loaded.pop(key, None))


# --- before the call


def _size(name, npts, sampling_rate_hz):
    rate = float(sampling_rate_hz)
    if not (np.isfinite(rate) and rate > 0):
        raise InputError(f"{name}: sampling_rate_hz={sampling_rate_hz} must be a positive number.")
    if npts != int(npts) or npts < 1:
        raise InputError(f"{name}: npts={npts} must be a whole number, at least 1.")
    return int(npts), rate


def _starts(name, start_s, n):
    start_s = np.asarray(start_s, dtype=float)
    if start_s.shape not in ((), (1,), (n,)):
        raise InputError(f"{name}: start_s has shape {start_s.shape}; give one number, or one per row ({n}).")
    if not np.isfinite(start_s).all():
        raise InputError(f"{name}: start_s holds values that are not finite; give seconds after origin.")
    return np.broadcast_to(start_s, (n,)).copy()


def _check_source(backend, source, n):
    if source is None:
        return
    card = backend.card
    if "source_records" not in card.capabilities:
        raise InputError(f"{card.name}: it cannot use records of the same event. Leave source out.")
    if not isinstance(source, Records):
        raise InputError(f"{card.name}: source is {type(source).__name__}; give seissynth.records.Records.")
    if len(source) != n:
        raise InputError(f"{card.name}: source holds {len(source)} records for {n} rows; give one per row.")


class _Request:
    """Request to the backend, and the conversion of its result to the requested form."""

    def __init__(self, rate, npts, lead_s):
        self.rate = rate
        self.npts = npts
        self.lead_s = lead_s

    def finish(self, records, npts, rate):
        if self.rate == rate:
            return records
        from seissynth.signal.motion import resample_motion

        first = round(self.lead_s * rate)
        data = np.asarray(resample_motion(records.data, self.rate, rate)[..., first : first + npts], dtype=np.float32)
        return Records(
            np.ascontiguousarray(data),
            records.start_s + self.lead_s,
            p_s=records.p_s,
            s_s=records.s_s,
            truth=records.truth,
            low_cut_hz=records.low_cut_hz,
        )


def _native_request(card, npts, rate):
    native = sorted(float(value) for value in card.sampling_rates_hz)
    if not native or any(np.isclose(rate, value, rtol=1e-9) for value in native):
        return _Request(rate, npts, 0.0)
    chosen = next((value for value in native if value > rate), native[-1])
    if chosen < rate:
        warn_user(
            f"{card.name}: it makes {chosen:g} Hz at most; its records are resampled to {rate:g} Hz and hold "
            f"nothing above {chosen / 2:g} Hz."
        )
    wanted_s = (npts - 1) / rate
    margin_s = np.ceil(_FILTER_SAMPLES / min(chosen, rate))
    room_s = np.inf if card.max_duration_s is None else card.max_duration_s - wanted_s - 2 / chosen
    # whole seconds are whole samples of both rates only where these are whole numbers
    lead_s = margin_s if chosen.is_integer() and rate.is_integer() and room_s >= 2 * margin_s else 0.0
    tail_s = min(margin_s, max(0.0, room_s - lead_s))
    native_npts = int(np.ceil((lead_s + wanted_s + tail_s) * chosen - 1e-6)) + 1
    check_duration(card, native_npts, chosen)
    return _Request(chosen, native_npts, lead_s)


# --- the call, and after it


def _guarded(backend, what, function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except (SeisSynthError, SeisSynthWarning):  # a warning is raised where the user turned warnings into errors
        raise
    except (Exception, SystemExit) as error:
        raise BackendError(f"{backend.card.name}: {what} failed: {type(error).__name__}: {error}") from error


def _call(backend, conditions, start_s, request, seeds, source):
    # The plugin gets copies: changes it makes must reach neither the caller nor the checks below.
    records = _guarded(
        backend,
        "simulate",
        backend.simulate,
        conditions.copy(),
        start_s=start_s.copy(),
        npts=request.npts,
        sampling_rate_hz=request.rate,
        seeds=copied_seeds(seeds),
        source=None if source is None else lent_source(source),
    )
    return checked_records(backend.card, records, conditions, start_s, request.npts, request.rate)


def copied_seeds(seeds):
    """Return copies of seeds."""
    return Seeds(*(getattr(seeds, kind).copy() for kind in ("row", "event", "station")))


def lent_source(source):
    """Return source records that a backend may write to without changing the caller's; their pool is read-only.

    Parameters
    ----------
    source : Records

    Returns
    -------
    Records
        Arrays are copies, except those of `pool`, which may be large: they are read-only views.
    """
    own = _with_arrays(source, lambda values: np.array(values))
    own.pool = None if source.pool is None else _with_arrays(source.pool, _read_only)
    return own


def _with_arrays(records, change):
    return Records(
        *(change(getattr(records, key)) for key in ("data", "start_s", "p_s", "s_s")),
        truth={key: change(value) for key, value in records.truth.items()},
        low_cut_hz=records.low_cut_hz,
    )


def _read_only(values):
    view = np.asarray(values).view()
    view.flags.writeable = False
    return view


def checked_records(card, records, conditions, start_s, npts, sampling_rate_hz):
    """Return a float32 copy of records, or raise an error that says how they break the protocol.

    It is a copy because a backend may reuse its arrays for the next call.

    Parameters
    ----------
    card : seissynth.backends.base.Card
        Card of the backend that made them.
    records : Records
        Result of `simulate`.
    conditions : pandas.DataFrame, n rows
    start_s : ndarray, shape (n,)
    npts : int
    sampling_rate_hz : float
        As passed to `simulate`.

    Returns
    -------
    Records

    Raises
    ------
    BackendError
        It is not `Records`, or a shape, dtype, start, onset or truth is wrong, or a sample is not finite.
    """
    name, n = card.name, len(conditions)
    if not isinstance(records, Records):
        raise BackendError(
            f"{name}: simulate returned {type(records).__name__}; it must return seissynth.records.Records."
        )
    data = _own_array(name, "data", records.data)
    if data.shape != (n, 3, npts):
        raise BackendError(f"{name}: simulate returned data of shape {data.shape}; asked for ({n}, 3, {npts}).")
    if not np.issubdtype(data.dtype, np.floating):
        raise BackendError(f"{name}: simulate returned data of dtype {data.dtype}; it must be float32.")
    with np.errstate(over="ignore"):  # what overflows is caught as not finite
        data = data.astype(np.float32, copy=False)
    bad = ~np.isfinite(data).all(axis=(1, 2))
    if bad.any():
        raise BackendError(
            f"{name}: {int(bad.sum())} of {n} records hold samples that are not finite, the first at "
            f"{describe_row(conditions, int(np.flatnonzero(bad)[0]))}. The backend must not return NaN or infinity."
        )
    times = {}
    for key in ("start_s", "p_s", "s_s"):
        times[key] = _own_array(name, key, getattr(records, key))
        if times[key].shape != (n,):
            raise BackendError(f"{name}: simulate returned {key} of shape {times[key].shape}; it must be ({n},).")
        if not (np.issubdtype(times[key].dtype, np.floating) or np.issubdtype(times[key].dtype, np.integer)):
            raise BackendError(f"{name}: simulate returned {key} of dtype {times[key].dtype}; it must be float64.")
    if not isinstance(records.truth, Mapping):
        raise BackendError(f"{name}: simulate returned truth={records.truth!r}; it must be a dict of arrays.")
    truth = {key: _own_array(name, f"truth[{key!r}]", value) for key, value in records.truth.items()}
    for key, value in truth.items():
        if value.shape != (n,):
            raise BackendError(f"{name}: simulate returned truth[{key!r}] of shape {value.shape}, not ({n},).")
    low_cut = records.low_cut_hz
    if low_cut is not None and not (np.isfinite(low_cut) and low_cut > 0):
        raise BackendError(f"{name}: simulate returned low_cut_hz={low_cut}; it must be positive, or None.")
    own = Records(data, **times, truth=truth, low_cut_hz=low_cut)
    _check_times(name, own, conditions, start_s, sampling_rate_hz)
    return own


def _own_array(name, key, values):
    try:
        return np.array(values, order="C")  # a copy
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists; a tensor with a gradient
        raise BackendError(f"{name}: simulate returned {key} that is no array: {error}.") from error


def _check_times(name, records, conditions, start_s, sampling_rate_hz):
    # half a sample, and the rounding of times of a day in seconds
    late = ~(np.abs(records.start_s - start_s) <= 0.5 / sampling_rate_hz + 1e-9)
    if late.any():
        row = int(np.flatnonzero(late)[0])
        raise BackendError(
            f"{name}: the record of {describe_row(conditions, row)} starts {records.start_s[row]:g} s after origin; "
            f"{start_s[row]:g} s was asked for, and half a sample is allowed."
        )
    for key in ("p_s", "s_s"):
        wrong = np.isinf(getattr(records, key))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            whose = describe_row(conditions, row)
            raise BackendError(f"{name}: {key} of {whose} is infinite; an unknown onset is NaN.")
