"""Record windows: start and length of each record, and sampling rate of its simulation."""

import math
import os
from dataclasses import dataclass, replace

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.bounds import BOUNDS
from seissynth.signal.motion import rate_ratio
from seissynth.signal.source_scaling import brune_corner_of_moment_hz, moment_dyne_cm

#: motion is never simulated at a lower rate, Hz
LOWEST_RATE_HZ = 100.0
#: durations chosen by `duration=None` are multiples of this, s
DURATION_STEP_S = 10.0
_MARGIN_S = 10.0
#: at most so many records, and samples (64 MB), of several realisations in one call
_ROWS, _SAMPLES = 64, 2**24
#: rows that are made together, at most and at least
_ROWS_OF_PART, _LEAST_ROWS_OF_PART = 128, 8
_LONGEST_SAMPLES = BOUNDS["samples"].high


@dataclass(frozen=True)
class WindowGroup:
    """Rows whose records have the same length and rate, for one call of the backend.

    Parameters
    ----------
    rows : ndarray of int
        Into the conditions table.
    start_s : ndarray, shape (len(rows),)
        Time of sample 0 after origin.
    npts : int
    sampling_rate_hz : float
    """

    rows: np.ndarray
    start_s: np.ndarray
    npts: int
    sampling_rate_hz: float

    def parts(self, workers=1):
        """Groups of some of the rows each, in order: memory that is used again is faster than that of all at once.

        Several workers get a part each, unless that would leave them less than eight rows.
        """
        many = min(_ROWS_OF_PART, max(_LEAST_ROWS_OF_PART, -(-len(self.rows) // workers)))
        rows = [slice(first, first + many) for first in range(0, len(self.rows), many)]
        return [replace(self, rows=self.rows[some], start_s=self.start_s[some]) for some in rows]


def shaking_end_s(conditions):
    """End of the shaking, for ``duration=None``: s after origin, ndarray, shape (n,).

    S onset + 2 (source + path duration) + the larger of 10 s and half the S time, with a source duration of
    1/fc at 100 bar (Brune; Boore 2003) and a path duration of 2.4 s + 0.16 s/km (the size of Boore & Thompson
    2014). Coda waves last longer.
    """
    moment = moment_dyne_cm(conditions["source_magnitude"].to_numpy(float))
    source = 1.0 / brune_corner_of_moment_hz(moment, stress_bar=100.0, vs_km_s=3.5)
    path = 2.4 + 0.16 * conditions["path_hyp_distance_km"].to_numpy(float)
    s = conditions["path_s_travel_s"].to_numpy(float)
    return s + 2 * (source + path) + np.maximum(_MARGIN_S, 0.5 * s)


def simulation_rate_hz(sites, sampling_rate=None, native=()):
    """Sampling rate of each site's simulation: the highest requested, at least 100 Hz; list of float.

    A backend whose highest native rate is below 100 Hz uses at least that rate. A single odd rate (such as 31.25 Hz) is
    simulated at a whole multiple of itself, and then decimated.
    """
    lowest = min(LOWEST_RATE_HZ, max(native, default=LOWEST_RATE_HZ))
    rates = []
    for site in sites:
        asked = {sampling_rate} if sampling_rate else {sensor.sampling_rate_hz for sensor in site.sensors}
        top = max(asked)
        if top < lowest:
            try:
                for rate in asked:
                    rate_ratio(lowest, rate)
                top = lowest
            except InputError:
                top *= math.ceil(lowest / top)
        rates.append(float(top))
    return rates


def check_memory(groups, traces_of_row, realizations):
    """Raise InputError for records that this machine's memory cannot hold.

    Parameters
    ----------
    groups : list of WindowGroup
    traces_of_row : sequence of int
    realizations : int
    """
    samples = sum(group.npts * sum(traces_of_row[row] for row in group.rows) for group in groups)
    # float32, and once more while they are made
    needed, there = 8 * samples * realizations, _memory_bytes()
    if needed > there:
        raise InputError(
            f"{realizations} realisation(s) of {len(traces_of_row)} sites need about {needed / 2**30:.3g} GiB, and "
            f"this machine has {there / 2**30:.3g} GiB; ask for fewer, for shorter ones, or one realization= at a time."
        )


def _memory_bytes():
    """Memory of the machine; infinite where unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows; systems without these names
        return math.inf


def plan_windows(request, arguments, card, *, in_memory=False):
    """Group the rows of a request by length and rate.

    Parameters
    ----------
    request : seissynth.requests.RecordRequest
    arguments : seissynth.arguments.Arguments
        Without a duration records last until `shaking_end_s`, in steps of 10 s.
    card : seissynth.backends.base.Card
        The backend's longest record limits a default duration.
    in_memory : bool
        Whether all realisations are held in memory together; if so, they are checked to fit.

    Returns
    -------
    list of WindowGroup

    Raises
    ------
    InputError
        Records of no samples or of too many, or more than this machine's memory holds.
    """
    n, duration_s = len(request), arguments.duration
    rates = simulation_rate_hz(request.sites, arguments.sampling_rate, card.sampling_rates_hz)
    start_s = np.full(n, float(arguments.start_s(request.earthquake.time)))
    if arguments.start is None and card.window_lead_s is not None:
        before_p = request.conditions["path_p_travel_s"].to_numpy(dtype=float) - card.window_lead_s
        # on a sample counted from origin
        start_s = np.where(np.isfinite(before_p), np.floor(before_p * rates) / rates, start_s)
    if duration_s is None:
        steps = np.ceil((shaking_end_s(request.conditions) - start_s) / DURATION_STEP_S)
        durations = DURATION_STEP_S * np.maximum(steps, 1)
        if card.max_duration_s is not None:
            durations = np.minimum(durations, card.max_duration_s)
    else:
        durations = np.full(n, float(duration_s))
    npts = np.array([round(duration * rate) for duration, rate in zip(durations, rates, strict=True)])
    if npts.min() < 1 or npts.max() > _LONGEST_SAMPLES:
        raise InputError(
            f"duration={duration_s}: a record would have {npts.min() if npts.min() < 1 else npts.max()} samples; "
            f"it must have 1 to {_LONGEST_SAMPLES}."
        )
    groups = []
    for length, rate in sorted(set(zip(npts.tolist(), rates, strict=True))):
        rows = np.flatnonzero((npts == length) & (np.array(rates) == rate))
        groups.append(WindowGroup(rows, start_s[rows], int(length), float(rate)))
    if in_memory:
        check_memory(groups, [site.channel_count for site in request.sites], len(arguments.realization_numbers()))
    return groups


def realizations_together(numbers, groups):
    """Return the realisations of each call: more than one only where all of them are few samples.

    Parameters
    ----------
    numbers : sequence of int
        Of the realisations.
    groups : list of seissynth.record_windows.WindowGroup

    Returns
    -------
    list of sequence of int

    Examples
    --------
    >>> from seissynth.record_windows import WindowGroup, realizations_together
    >>> realizations_together(range(50), [WindowGroup(range(2), [0.0, 0.0], 6000, 100.0)])
    [range(0, 32), range(32, 50)]
    """
    rows = max(len(group.rows) for group in groups)
    samples = max(3 * len(group.rows) * group.npts for group in groups)
    count = max(1, min(_ROWS // rows, _SAMPLES // samples))
    return [numbers[first : first + count] for first in range(0, len(numbers), count)]
