"""Noise that all sensors share at the time of an earthquake, above the quiet noise of each.

In an aftershock sequence the time before P holds the coda of earlier earthquakes. It is alike at all sensors but for
their sites, and adds as power to the noise that a sensor has in quiet times:

    N = sqrt(exp(2 q) + exp(2 (c + g))),

with the quiet noise q and the gain g of the sensor, by component and frequency, and the level c of the earthquake's
time, by frequency. A difference in ln A that all sensors share, as in weights without these gains, would be right far
above the quiet noise only: a sensor in a town does not become quiet when the coda ends.
"""

import numpy as np

#: error of a record's level when c is known, as at Ridgecrest, and deviation of c from its mean, ln A; wide, since the
#: time before the first earthquake is quieter than that of any earthquake of a sequence
SCATTER, DEVIATION = 0.35, 5.0
#: levels of earthquakes are alike over so many hours, and those of two at the same time differ by this share of their
#: variance; at quiet times shared noise is so far below the quiet noise of every sensor, ln A
TIME_H, NUGGET, BELOW = 1.0, 0.05, 1.0
#: what is known farther away than so many `TIME_H` is not looked at
_FAR = 50.0
#: Gauss-Newton steps for c, and the largest of them, ln A
_STEPS, _LARGEST_STEP = 40, 3.0
#: rounds in which levels of earthquakes and gains of sensors are fitted in turn
_ROUNDS = 8
#: pull of a gain to the mean over sensors, in records far above the quiet noise
_PULL = 1.0


def add_shared(quiet, gains, common):
    """Return ln A of quiet noise and of noise that all sensors share.

    Parameters
    ----------
    quiet, gains : ndarray, shape (n, 3, bins)
        Of the sensors, ln A.
    common : ndarray, shape (n, 1, bins) or (1, bins)
        Of the earthquakes' times, ln A.

    Returns
    -------
    ndarray, shape (n, 3, bins)

    Examples
    --------
    Shared noise as strong as the quiet noise adds half of ln 2; far below, nothing:

    >>> import numpy as np
    >>> add_shared(np.zeros((1, 3, 2)), np.zeros((1, 3, 2)), np.array([[0.0, -20.0]]))[0, 0].round(3).tolist()
    [0.347, 0.0]
    """
    return np.logaddexp(2 * quiet, 2 * (common + gains)) / 2


def common_level(levels, quiet, gains, expected):
    """Return the noise that the sensors share at the time of an earthquake.

    Parameters
    ----------
    levels, quiet, gains : ndarray, shape (n, 3, bins)
        Levels that n records show before P, quiet noise and gains of their sensors, ln A.
    expected : ndarray, shape (bins,)
        Mean over earthquakes, ln A: it counts where shared noise is below the quiet noise of all these sensors.

    Returns
    -------
    ndarray, shape (bins,)
        ln A: the most probable value, if levels scatter by `SCATTER`.
    """
    precision = (SCATTER / DEVIATION) ** 2
    # from above, where every record says something of it
    common = np.maximum((levels - gains).max(axis=(0, 1)), expected)
    for _ in range(_STEPS):
        made = add_shared(quiet, gains, common[None])
        slope = np.exp(2 * (common + gains - made))
        error = (slope * (levels - made)).sum(axis=(0, 1)) + precision * (expected - common)
        step = error / ((slope**2).sum(axis=(0, 1)) + precision)
        common = common + np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
    return common


def level_at(hours, known_hours, levels, quiet_hours, lowest):
    """Return the noise that sensors share at times, from that at times of known earthquakes.

    Parameters
    ----------
    hours : ndarray, shape (n,)
    known_hours : ndarray, shape (m,)
    levels : ndarray, shape (m, bins)
        At the times of known earthquakes, ln A.
    quiet_hours : ndarray, shape (k,)
        Times of quiet noise.
    lowest : ndarray, shape (bins,)
        The level at these, and at times that are far from all others.

    Returns
    -------
    ndarray, shape (n, bins)
        Simple kriging over time with an exponential covariance.

    Examples
    --------
    >>> import numpy as np
    >>> level_at(np.array([5.0, 6.0, 500.0]), np.array([5.0]), np.array([[1.0]]), np.array([]), np.zeros(1)).round(2)
    array([[0.95],
           [0.35],
           [0.  ]])
    """
    known = np.concatenate([known_hours, quiet_hours])
    above = np.concatenate([levels - lowest, np.zeros((len(quiet_hours), len(lowest)))])
    out = np.empty((len(hours), len(lowest)))
    # each time by itself: the bits of a product of matrices depend on how many rows there are
    for hour in np.unique(hours):
        near = np.abs(known - hour) < _FAR * TIME_H
        times = known[near]
        covariance = np.exp(-np.abs(times[:, None] - times) / TIME_H) + NUGGET * np.eye(len(times))
        level = lowest + np.exp(-np.abs(hour - times) / TIME_H) @ np.linalg.solve(covariance, above[near])
        out[np.asarray(hours) == hour] = level
    return out


def fit_shared(levels, quiet, sensors, events):
    """Fit the gains of sensors, and the levels of earthquakes.

    Parameters
    ----------
    levels : ndarray, shape (n, 3, bins)
        Of records, ln A.
    quiet : ndarray, shape (n, 3, bins)
        Of their sensors.
    sensors, events : ndarray of str, shape (n,)

    Returns
    -------
    gains : dict of str to ndarray, shape (3, bins)
        ln A, of mean 0 over sensors and components in each bin; "" is 0, for other sensors.
    common : dict of str to ndarray, shape (bins,)
        By earthquake.
    """
    names, of = np.unique(sensors, return_inverse=True)
    rows = {event: np.flatnonzero(events == event) for event in sorted(set(events.tolist()))}
    gains = np.zeros((len(names), *levels.shape[1:]))
    expected = levels.mean(axis=(0, 1))
    for _ in range(_ROUNDS):
        common = {
            event: common_level(levels[some], quiet[some], gains[of[some]], expected) for event, some in rows.items()
        }
        expected = np.mean(list(common.values()), axis=0)
        level = np.empty((len(levels), 1, levels.shape[2]))
        for event, some in rows.items():
            level[some] = common[event]
        made = add_shared(quiet, gains[of], level)
        slope = np.exp(2 * (level + gains[of] - made))
        for name in range(len(names)):
            mine, share = (levels - made)[of == name], slope[of == name]
            error = (share * mine).sum(axis=0) - _PULL * gains[name]
            gains[name] += error / ((share**2).sum(axis=0) + _PULL)
        gains -= gains.mean(axis=(0, 1))
    return {"": np.zeros(gains.shape[1:]), **dict(zip(names.tolist(), gains, strict=True))}, common
