"""Frequency-magnitude distributions: completeness, b-values with intervals, and their curve over the cutoff.

Examples
--------
>>> from seissynth.evaluation.groups.frequency_magnitude import draw_magnitudes, fit_frequency_magnitude
>>> magnitudes = draw_magnitudes(3000, b=0.9, bin_width=0.1, half_complete=1.5, seed=1)
>>> found = fit_frequency_magnitude(magnitudes, bin_width=0.1, draws=100)
>>> likelihood = found.estimates.set_index("method").loc["maximum likelihood"]
>>> bool(likelihood["low"] < 0.9 < likelihood["high"])
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.statistics.b_values import (
    LEAST,
    as_magnitudes,
    b_at,
    b_km_slope,
    default_difference,
    positive_differences,
)
from seissynth.evaluation.statistics.completeness import (
    completeness_by_curvature,
    completeness_by_stability,
    cutoffs_of,
    histogram,
)
from seissynth.evaluation.statistics.intervals import CONFIDENCE, DRAWS
from seissynth.seeding import generator, hash_words
from seissynth.shared.keywords import once_positional

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seissynth.evaluation.record_sets import Pairs
    from seissynth.evaluation.results import EvaluationSettings, MetricGroup

#: methods in the order of tables and pictures
METHODS = ("maximum likelihood", "b-positive", "K-M slope")

#: draws of the K-M slope's interval, and random orders in each
_KM_DRAWS, _KM_ORDERS = 200, 3

#: standard error of the K-M slope over b / sqrt(n)
_KM_SD_RATIO = 1.6


@dataclass(frozen=True)
class FrequencyMagnitude:
    """Frequency-magnitude distribution of a catalogue.

    Parameters
    ----------
    name : str
    estimates : DataFrame
        One row per method of `METHODS`: ``method, b, low, high, sd, cutoff, count``; `cutoff` is the magnitude (for
        b-positive the difference) from which on `count` values were taken.
    curve : DataFrame
        The same for each cutoff, with one standard deviation: ``method, cutoff, b, sd, count``.
    counts : DataFrame
        ``magnitude, count, at_least``: smallest magnitude of each bin, its count, and the cumulative count from it on.
    differences : DataFrame
        ``difference, count, at_least`` of the positive differences.
    bin_width : float
        Step of the magnitudes; 0 for continuous ones, whose bins are 0.1 wide.
    """

    name: str
    estimates: object
    curve: object
    counts: object
    differences: object
    bin_width: float


@once_positional("least", "bin_width", "half_complete", "width", "upper", "seed")
def draw_magnitudes(
    count: int,
    b: float = 1.0,
    *,
    least: float = 0.0,
    bin_width: float = 0.0,
    half_complete: float | ArrayLike | None = None,
    width: float = 0.2,
    upper: float | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Draw magnitudes of a known b-value, complete or not.

    Parameters
    ----------
    count : int
        Number of earthquakes that occur; fewer are returned if the catalogue is incomplete.
    b : float
    least : float
        Smallest magnitude that occurs (middle of its bin).
    bin_width : float
        Step to which magnitudes are rounded.
    half_complete : float or array_like of shape (count,), optional
        Magnitude at which half of the earthquakes are detected; an array makes it vary with time. None: all are.
    width : float
        Standard deviation of the normal distribution whose integral is the chance of detection (Ogata & Katsura 1993).
    upper : float, optional
        Corner magnitude of an exponential taper of seismic moment (Kagan 2002): fewer large ones.
    seed : int

    Returns
    -------
    ndarray
        In the order of time.

    Examples
    --------
    >>> draw_magnitudes(4, seed=3, bin_width=0.1).round(1).tolist()
    [0.2, 0.3, 0.7, 0.2]
    """
    from math import erf, sqrt

    rng = generator(hash_words("magnitudes", seed))
    magnitudes = least - bin_width / 2 + rng.exponential(1.0 / (b * np.log(10)), count)
    if upper is not None:
        # the smaller of a power law's and an exponential's moment has the tapered distribution
        moment = 10 ** (1.5 * (least - upper)) + rng.exponential(1.0, count)
        magnitudes = np.minimum(magnitudes, upper + np.log10(moment) / 1.5)
    chance = rng.random(count)
    if half_complete is not None:
        above = (magnitudes - np.asarray(half_complete, dtype=float)) / (width * sqrt(2))
        magnitudes = magnitudes[chance < 0.5 * (1 + np.vectorize(erf, otypes=[float])(above))]
    return np.round(magnitudes / bin_width) * bin_width + 0.0 if bin_width else magnitudes


def fit_frequency_magnitude(
    magnitudes: ArrayLike,
    *,
    bin_width: float = 0.0,
    cutoff: float | str = "stability",
    difference_cutoff: float | str = "stability",
    name: str = "",
    draws: int = DRAWS,
    seed: int = 0,
) -> FrequencyMagnitude:
    """b-values of a catalogue by three methods, with intervals, and their curves over the cutoff.

    Parameters
    ----------
    magnitudes : array_like, shape (n,)
        In the order of time.
    bin_width : float
        Step in which they are given; 0 for continuous ones.
    cutoff : float, "stability" or "curvature"
        Completeness. If "stability" finds none, "curvature" is used.
    difference_cutoff : float or "stability"
        Smallest difference of b-positive; if "stability" finds none, one step (0.05 for continuous magnitudes).
    name : str
    draws : int
        Bootstrap samples; an estimated cutoff is estimated again in each. The K-M slope gets 200 at most.
    seed : int

    Returns
    -------
    FrequencyMagnitude

    Raises
    ------
    InputError
        Fewer than 5 magnitudes, values that are not finite, an unknown word.

    Notes
    -----
    Intervals are percentiles, 95 %. Magnitudes are drawn with replacement for maximum likelihood, differences for
    b-positive. Magnitudes drawn twice would hide each other in a graph. The K-M slope therefore uses random halves of
    the magnitudes: their scatter is that of the estimate from all (delete-half jackknife, Shao & Tu 1995), with the
    cutoff of the whole catalogue.
    """
    import pandas as pd

    values = as_magnitudes(magnitudes)
    if len(values) < LEAST:
        raise InputError(f"{name or 'the catalogue'} has {len(values)} magnitudes; b-values need at least {LEAST}.")
    differences = positive_differences(values)
    least = _cutoff_of(values, cutoff, bin_width)
    step = _difference_cutoff(differences, difference_cutoff, bin_width)
    complete = values[values >= least - (bin_width / 2 or 1e-9)]
    slope = b_km_slope(complete, bin_width, seed=seed)
    rng = generator(hash_words("b-values", seed))
    drawn = [
        [_b(part, _cutoff_of(part, cutoff, bin_width), bin_width) for part in _with_replacement(values, draws, rng)],
        [_b(part, _difference_cutoff(part, difference_cutoff, bin_width), bin_width)
         for part in _with_replacement(differences, draws, rng)],
        _km_halves(complete, bin_width, min(draws, _KM_DRAWS), slope, rng),
    ]  # fmt: skip
    used = int((differences >= step - (bin_width / 2 or 1e-9)).sum())
    fits = [
        (_b(values, least, bin_width), least, len(complete)),
        (_b(differences, step, bin_width), step, used),
        (slope, least, len(complete)),
    ]
    rows = [(method, b, *_spread(parts), *of) for method, (b, *of), parts in zip(METHODS, fits, drawn, strict=True)]
    return FrequencyMagnitude(
        name,
        pd.DataFrame(rows, columns=["method", "b", "low", "high", "sd", "cutoff", "count"]),
        _curve(values, differences, bin_width, seed),
        _table(values, bin_width, "magnitude"),
        _table(differences, bin_width, "difference"),
        float(bin_width),
    )


# --- steps


def _b(values, cutoff, bin_width):
    return b_at(values, np.array([cutoff]), bin_width)["b"][0]


def _with_replacement(values, draws, rng):
    for _ in range(draws if len(values) else 0):
        yield values[rng.integers(0, len(values), len(values))]


def _km_halves(values, bin_width, draws, slope, rng):
    half = len(values) // 2
    slopes = [b_km_slope(rng.permutation(values)[:half], bin_width, _KM_ORDERS, k) for k in range(draws)]
    # around the whole's estimate: halves are a little biased, as the factor for small numbers is less certain
    return np.array(slopes) + (slope - np.nanmean(slopes) if np.isfinite(slopes).any() else np.nan)


def _spread(values):
    values = np.array([value for value in values if np.isfinite(value)])
    if len(values) < 2:
        return np.nan, np.nan, np.nan
    low, high = np.percentile(values, (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)))
    return low, high, values.std(ddof=1)


def _cutoff_of(values, cutoff, bin_width):
    if cutoff not in ("stability", "curvature"):
        return _number("cutoff", cutoff)
    if cutoff == "stability":
        stable = completeness_by_stability(values, bin_width)
        if np.isfinite(stable):
            return stable
    return completeness_by_curvature(values, bin_width)


def _difference_cutoff(differences, cutoff, bin_width):
    if cutoff != "stability":
        return _number("difference_cutoff", cutoff)
    stable = completeness_by_stability(differences, bin_width)
    return max(stable, default_difference(bin_width)) if np.isfinite(stable) else default_difference(bin_width)


def _number(name, value):
    if isinstance(value, str) or not np.isfinite(value):
        raise InputError(f"{name}={value!r} must be a magnitude or 'stability'.")
    return float(value)


def _table(values, bin_width, name):
    import pandas as pd

    centres, count = histogram(values, bin_width)
    return pd.DataFrame({name: centres, "count": count, "at_least": np.cumsum(count[::-1])[::-1]})


def _curve(values, differences, bin_width, seed):
    """Take b over the cutoff by each method; for the K-M slope the standard deviation is 1.6 b / sqrt(n)."""
    import pandas as pd

    parts = []
    for method, numbers in ((METHODS[0], values), (METHODS[1], differences)):
        cutoffs = cutoffs_of(numbers, bin_width)
        parts.append(pd.DataFrame({"method": method, "cutoff": cutoffs, **b_at(numbers, cutoffs, bin_width)}))
    slopes = parts[0].assign(method=METHODS[2])
    ordered = [values[values >= cutoff - (bin_width / 2 or 1e-9)] for cutoff in slopes["cutoff"]]
    slopes["b"] = [b_km_slope(part, bin_width, _KM_ORDERS, seed) for part in ordered]
    slopes["sd"] = _KM_SD_RATIO * slopes["b"] / np.sqrt(slopes["count"])
    parts.append(slopes)
    return pd.concat(parts, ignore_index=True)[["method", "cutoff", "b", "sd", "count"]]


# --- as a group of the evaluation


def step_of(magnitudes):
    """Step in which magnitudes are given: 0.1, 0.01, or 0 for continuous ones.

    Examples
    --------
    >>> step_of([1.1, 2.3, 0.4]), step_of([1.13, 2.0]), step_of([1.1234])
    (0.1, 0.01, 0.0)
    """
    values = as_magnitudes(magnitudes)
    for step in (0.1, 0.01):
        if np.allclose(values / step, np.round(values / step), atol=1e-6 / step):
            return step
    return 0.0


def frequency_magnitude_group(
    pairs: Pairs,
    settings: EvaluationSettings | None = None,
    *,
    region: str = "southern_california",
    least_stations: int = 3,
) -> MetricGroup:
    """Frequency-magnitude distributions of the catalogue and of magnitudes measured on the records.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional
    region : str
        Scale of the local magnitudes, one of `MAGNITUDE_REGIONS`.
    least_stations : int
        Of an earthquake's measured magnitude.

    Returns
    -------
    MetricGroup
        ``b_<method>_<catalogue>`` for the catalogues "label" (`source_magnitude`), "real" and "generated" (medians of
        local magnitudes over the same stations of the same earthquakes, first draw). A generator's best is the real
        one's b. Tables hold the estimates, the curves over the cutoff, and the counts: SWaG's figure 6.

    Notes
    -----
    SWaG (2025, section 5) uses magnitudes predicted by a network; here they are measured directly on the records.
    """
    import pandas as pd

    from seissynth.evaluation.results import MetricGroup, SummaryInProgress

    summary = SummaryInProgress(pairs.events, settings)
    catalogues, notes = _catalogues(pairs, region, least_stations)
    fits = {}
    for name, magnitudes in catalogues.items():
        if len(magnitudes) < LEAST:
            notes.append(f"{name}: {len(magnitudes)} magnitudes are too few for a b-value.")
            continue
        fits[name] = fit_frequency_magnitude(magnitudes, bin_width=step_of(magnitudes), name=name, **summary.bootstrap)
    for method in METHODS:
        real = _estimate_of(fits.get("real"), method)
        for name, fit in fits.items():
            row, count = _estimate_of(fit, method), len(catalogues[name])
            best = real["b"] if name == "generated" and real is not None else np.nan
            note = f"{method}, from {row['cutoff']:.1f} on, {row['count']} values"
            limits = (row["b"], row["low"], row["high"])
            summary.add_value(f"b_{_SHORT[method]}_{name}", "1", limits, best, count, count, note)
    parts = ("estimates", "curve", "counts", "differences")
    tables = {part: pd.concat([getattr(fit, part).assign(catalogue=name) for name, fit in fits.items()])
              for part in parts} if fits else {}  # fmt: skip
    few = min((len(values) for values in catalogues.values()), default=0)
    if few < 300:
        notes.append(f"{few} earthquakes: the standard error of b is about {100 / np.sqrt(max(few, 1)):.0f} %.")
    return MetricGroup("frequency_magnitude", "Frequency and magnitude", summary.table(), tables, None, notes)


_SHORT = {"maximum likelihood": "likelihood", "b-positive": "positive", "K-M slope": "km_slope"}


def _estimate_of(fit, method):
    return None if fit is None else fit.estimates.set_index("method").loc[method]


def _catalogues(pairs, region, least_stations):
    """Magnitudes in the order of time: of the catalogue, measured on real, and on generated records."""
    real = pairs.real
    _, first = np.unique(real.events.astype(str), return_index=True)
    if "source_origin_time" in real.metadata:
        times = real.metadata["source_origin_time"].astype(str).to_numpy()
        first = first[np.argsort(times[first], kind="stable")]
    else:
        first = np.sort(first)
    label = real.column("source_magnitude")[first]
    out, notes = {"label": label[np.isfinite(label)]}, []
    try:
        from seissynth.evaluation.groups.ground_motion import same_band
        from seissynth.evaluation.magnitude import network_magnitude, record_magnitudes

        pairs = same_band(pairs)
        observed = record_magnitudes(pairs.real, region)
        generated = record_magnitudes(pairs.generated, region, least_ratio=0.0)["ml"].where(observed["ml"].notna())
        order = real.events[first].astype(str)
        measured = [
            network_magnitude(values, real.events, real.stations, least_stations=least_stations)
            .assign(event=lambda table: table["event"].astype(str)).set_index("event")["ml"].reindex(order).to_numpy()
            for values in (observed["ml"], generated)
        ]  # fmt: skip
        both = np.isfinite(measured[0]) & np.isfinite(measured[1])
        out |= {"real": measured[0][both], "generated": measured[1][both]}
    except InputError as error:
        notes.append(f"No magnitudes were measured on the records: {error}")
    return out, notes
