"""The b-value of a catalogue by three methods: maximum likelihood, differences of magnitudes, and K-M slope."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words
from seissynth.shared.checks import whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: fewer magnitudes give no b-value
LEAST = 5

#: slope of degree on magnitude for n magnitudes of b = 1: first - second (n + third)^-fourth; see `b_km_slope`
_KM_RATIO = (11.1635, 48.766, 11.664, 0.59409)


def b_maximum_likelihood(magnitudes: ArrayLike, cutoff: float, bin_width: float = 0.0) -> float:
    """b-value by maximum likelihood.

    Parameters
    ----------
    magnitudes : array_like, shape (n,)
    cutoff : float
        Smallest magnitude (middle of its bin) used: at or above completeness.
    bin_width : float
        Step in which the magnitudes are given; 0 for continuous ones.

    Returns
    -------
    float
        b >= 0, without unit; NaN for fewer than `LEAST` magnitudes, or if all are equal to the cutoff.

    Raises
    ------
    InputError
        Magnitudes that are not finite, or a negative step.

    Notes
    -----
    With the mean m of the magnitudes above the cutoff c and the step d: ``b = ln(1 + d / (m - c)) / (d ln 10)``
    (Tinti & Mulargia 1987), the exact estimate for binned magnitudes; for d = 0 ``b = 1 / ((m - c) ln 10)`` (Aki
    1965). Utsu's (1966) cutoff shifted by half a step is its first approximation. n magnitudes give a b that is too
    high by 1 / n of itself on average, small beside its standard error b / sqrt(n). It does not show whether magnitudes
    follow the law at all: see `stability` for that. A cutoff below completeness gives a b that is too low.

    Examples
    --------
    >>> import numpy as np
    >>> magnitudes = -np.log10(np.linspace(0.0005, 0.9995, 1000))  # b = 1
    >>> round(b_maximum_likelihood(magnitudes, 0.0), 3)
    1.0
    """
    return float(b_at(as_magnitudes(magnitudes), np.array([float(cutoff)]), bin_width)["b"][0])


def b_positive(magnitudes: ArrayLike, cutoff: float | None = None, bin_width: float = 0.0) -> float:
    """b-value of the positive differences between one magnitude and the next.

    Parameters
    ----------
    magnitudes : array_like, shape (n,)
        In the order of time.
    cutoff : float, optional
        Smallest difference used; one step by default, and 0.05 for continuous magnitudes.
    bin_width : float

    Returns
    -------
    float
        NaN as in `b_maximum_likelihood`.

    Notes
    -----
    Differences of exponential magnitudes are exponential with the same b, and the formula of `b_maximum_likelihood`
    applies to them (van der Elst 2021, JGR 126, e2020JB021027). A difference is recorded whenever the larger, later one
    is: a completeness that changes slowly, as after a large earthquake, does not bias it. A third or less of the
    catalogue is used, so the standard error is larger: about b / sqrt(number of differences).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> round(b_positive(rng.exponential(1 / np.log(10), 20000)), 1)  # b = 1
    1.0
    """
    differences = positive_differences(magnitudes)
    cutoff = default_difference(bin_width) if cutoff is None else cutoff
    return float(b_at(differences, np.array([cutoff]), bin_width)["b"][0])


def b_km_slope(magnitudes: ArrayLike, bin_width: float = 0.0, orders: int = 10, seed: int = 0) -> float:
    """b-value by the K-M slope: dependence of the visibility of a magnitude on its size.

    Parameters
    ----------
    magnitudes : array_like, shape (n,)
        Complete ones only.
    bin_width : float
        Each magnitude is shifted at random within its bin, because equal ones hide each other.
    orders : int
        Number of random orders in the average.
    seed : int

    Returns
    -------
    float
        NaN for fewer than `LEAST` magnitudes, or if all are equal.

    Notes
    -----
    Magnitudes are put at the times of a Poisson process, in random order. Two of them see each other if the straight
    line between them passes above all between (natural visibility graph, Lacasa et al. 2008). K is the number of
    magnitudes seen by one, and the slope of the least-squares line of K on M is proportional to b: lines stay straight
    when all magnitudes are scaled. Li, Luo & Liu (2023, Seismological Research Letters 94, 1892-1899), with random
    orders as Li & Luo (2024, Geophysical Journal International 237, 1554-1566); it is SWaG's third method. The factor
    depends on n and comes from simulated catalogues of b = 1, at least 1.5 million magnitudes at each of 16 n between
    10 and 16,000: 11.16 - 48.8 (n + 11.7)^-0.594, within 0.6 % (the authors' 11.85 - 15.15 (log10 n)^-2.14 is within 3
    % of it from n = 50 on). The standard error is about 1.6 times that of maximum likelihood. The mean has no effect:
    magnitudes that are all too high by the same amount change nothing, but a lack of small or large ones does.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> round(b_km_slope(rng.exponential(1 / np.log(10), 5000)), 1)  # b = 1
    1.0
    """
    from seissynth.evaluation.statistics._visibility_kernels import visible_counts

    values = as_magnitudes(magnitudes)
    step = _step(bin_width)
    if len(values) < LEAST or np.ptp(values) == 0:
        return np.nan
    rng = generator(hash_words("K-M slope", seed))
    slopes = []
    for _ in range(whole("orders", orders)):
        order = values[rng.permutation(len(values))] + step * (rng.random(len(values)) - 0.5)
        degree = visible_counts(np.cumsum(rng.exponential(size=len(values))), order)
        offset = order - order.mean()
        slopes.append((offset * degree).sum() / (offset * offset).sum())
    return float(np.mean(slopes) / km_ratio(len(values)))


def km_ratio(count):
    """K-M slope of `count` magnitudes with b = 1, see `b_km_slope`."""
    limit, factor, shift, power = _KM_RATIO
    return limit - factor * (count + shift) ** -power


# --- what the methods share


def as_magnitudes(magnitudes):
    """Return checked magnitudes as a flat float array."""
    values = np.asarray(magnitudes, dtype=float).reshape(-1)
    if not np.isfinite(values).all():
        raise InputError(f"{(~np.isfinite(values)).sum()} magnitudes are not finite; leave those events out.")
    return values


def positive_differences(magnitudes):
    """Differences of neighbours in time that are above zero (up to rounding)."""
    differences = np.diff(as_magnitudes(magnitudes))
    return differences[differences > 1e-9]


def default_difference(bin_width):
    """Smallest difference that `b_positive` takes."""
    return _step(bin_width) or 0.05


def b_at(values, cutoffs, bin_width=0.0):
    """b-value at several cutoffs at once, for magnitudes or for differences.

    Parameters
    ----------
    values : ndarray, shape (n,)
    cutoffs : ndarray, shape (m,)
    bin_width : float

    Returns
    -------
    dict of str to ndarray, shape (m,)
        ``b``; ``sd``, its standard error by Shi & Bolt (1982), ``ln(10) b^2 sqrt(variance / n)``; ``count``.
    """
    step = _step(bin_width)
    values = np.sort(values)
    first = np.searchsorted(values, cutoffs - (step / 2 if step else 1e-9))
    count = len(values) - first
    above, squares = (np.concatenate([np.cumsum(part[::-1])[::-1], [0.0]])[first] for part in (values, values**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = above / count
        excess = mean - cutoffs
        excess[~(excess > 1e-12)] = np.nan
        b = (np.log1p(step / excess) / step if step else 1.0 / excess) / math.log(10)
        variance = np.maximum(squares / count - mean**2, 0.0) * count / (count - 1)
        sd = math.log(10) * b**2 * np.sqrt(variance / count)
    few = count < LEAST
    b[few], sd[few] = np.nan, np.nan
    return {"b": b, "sd": sd, "count": count}


def _step(bin_width):
    if not (np.isfinite(bin_width) and bin_width >= 0):
        raise InputError(f"{bin_width=} must be the step of the magnitudes, or 0 for continuous ones.")
    return float(bin_width)
