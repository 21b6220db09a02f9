"""Windows of noise between earthquakes, without shaking by catalogued ones and without other transients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.real_numbers import require_real

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: a window of noise whose loudest second exceeds its median second by this factor holds something else
LOUDEST_OVER_MEDIAN = 5.0


def shaking_duration_s(magnitude: ArrayLike, distance_km: ArrayLike) -> np.ndarray:
    """Duration of an earthquake on an instrument after its P, s.

    Parameters
    ----------
    magnitude, distance_km : array_like
        Distance epicentral.

    Returns
    -------
    ndarray

    Notes
    -----
    The duration magnitude of Lee, Bennett & Meagher (1972), M = -0.87 + 2 log10 t + 0.0035 D, solved for t: for
    M 2 27 s, for M 4 272 s, for M 6 an hour, at D = 0.

    Examples
    --------
    >>> from seissynth.data.cutting.quiet import shaking_duration_s
    >>> shaking_duration_s([2.0, 4.0], 0.0).round().tolist()
    [27.0, 272.0]
    """
    magnitude, distance = np.asarray(magnitude, dtype=float), np.asarray(distance_km, dtype=float)
    return 10.0 ** ((magnitude + 0.87 - 0.0035 * distance) / 2.0)


def quiet_starts(
    first_s: float, last_s: float, length_s: float, busy: ArrayLike, step_s: float | None = None
) -> np.ndarray:
    """Starts of windows within a span that overlap no busy interval.

    Parameters
    ----------
    first_s, last_s : float
        The span.
    length_s : float
    busy : array_like, shape (n, 2)
        First and last time of each interval to avoid.
    step_s : float, optional
        Spacing of the starts within a quiet interval; None: `length_s`, for windows that do not overlap.

    Returns
    -------
    ndarray, shape (m,)

    Examples
    --------
    >>> from seissynth.data.cutting.quiet import quiet_starts
    >>> quiet_starts(0.0, 300.0, 60.0, [(100.0, 130.0)]).tolist()
    [0.0, 130.0, 190.0]
    """
    if not length_s > 0:
        raise InputError(f"{length_s=} must be above 0.")
    step = length_s if step_s is None else step_s
    busy = np.asarray(busy, dtype=float).reshape(-1, 2)
    busy = busy[(busy[:, 1] > first_s) & (busy[:, 0] < last_s)]
    busy = busy[np.argsort(busy[:, 0], kind="stable")]
    starts, free_from = [], first_s
    for begin, end in [*busy.tolist(), (last_s, last_s)]:
        room = begin - free_from - length_s
        if room >= 0:
            starts.append(free_from + step * np.arange(int(room / step + 1e-9) + 1))
        free_from = max(free_from, end)
    return np.concatenate(starts) if starts else np.empty(0)


def is_quiet(data: ArrayLike, sampling_rate_hz: float, limit: float = LOUDEST_OVER_MEDIAN) -> bool:
    """Whether a record has no transient: its loudest over its median second, by root mean square.

    Parameters
    ----------
    data : array_like, shape (..., npts)
        Filtered; all components must be quiet.
    sampling_rate_hz : float
    limit : float

    Returns
    -------
    bool
        False also for a record that is constant for half of its seconds or is shorter than three seconds.
    """
    data = np.asarray(require_real(data, "data"), dtype=float)
    width = max(round(sampling_rate_hz), 1)
    count = data.shape[-1] // width
    if count < 3:
        return False
    seconds = data[..., : count * width].reshape(*data.shape[:-1], count, width)
    level = np.sqrt((seconds**2).mean(axis=-1))
    middle = np.median(level, axis=-1)
    return bool((middle > 0).all() and (level.max(axis=-1) <= limit * middle).all())
