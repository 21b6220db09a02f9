"""Scatter of generated and real records: spread between draws, CRPS, and roughness of spectrograms.

A model that returns the mean of all possible records scores well in correlations and errors of all kinds; here it
fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.log_spectrograms import log_spectrogram, roughness_db
from seissynth.evaluation.groups.similarity import common_band, mean_of_components, shows_its_own, smoothed_envelope
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, SummaryInProgress
from seissynth.evaluation.statistics.blocks import blockwise, quiet_divide
from seissynth.evaluation.statistics.intervals import interval
from seissynth.units import DERIVATIVES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seissynth.evaluation.record_sets import Pairs

#: range that counts as right, of ratios of standard deviations and of roughness
SD_RATIO_GOAL, ROUGHNESS_GOAL = (0.8, 1.2), (0.8, 1.25)
#: rounds in which event and site terms are taken off by turns, and the change in ln at which they end
_MOST_ROUNDS, _SETTLED = 200, 1e-9
#: samples of the envelopes per second
ENVELOPE_RATE_HZ = 10.0


def crps(draws: ArrayLike, observed: ArrayLike, fair: bool = True) -> np.ndarray:
    r"""Continuous ranked probability score of draws relative to observations.

    Parameters
    ----------
    draws : array_like, shape (k, ...)
        k draws of a number.
    observed : array_like, shape (...)
    fair : bool
        Unbiased for few draws (True), or the uncorrected score of the k draws.

    Returns
    -------
    ndarray, shape (...)
        Unit of the numbers; 0 is perfect. The fair score may fall below 0 in single cases. With one draw the absolute
        error; NaN where a number is.

    Raises
    ------
    InputError
        Shapes that do not fit.

    Notes
    -----
    .. math:: \frac{1}{k} \sum_i |x_i - y| - \frac{1}{2 k (k - 1)} \sum_{i, j} |x_i - x_j|

    and k² instead of k (k - 1) without `fair` (Gneiting & Raftery 2007; Ferro 2014). Its mean is lowest for draws from
    the distribution of the observations: draws that are all equal score their whole error.

    For a normal distribution of mean μ and standard deviation σ it tends, with many draws, to
    σ [z (2 Φ(z) - 1) + 2 φ(z) - 1 / √π], z = (y - μ) / σ.

    Limits: it does not show which of bias and spread is wrong, nor how the draws of different records are correlated.

    References
    ----------
    Gneiting, T. & Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. J. Am. Stat.
    Assoc. 102, 359-378. Ferro, C. A. T. (2014). Fair scores for ensemble forecasts. Q. J. R. Meteorol. Soc. 140,
    1917-1923.

    Examples
    --------
    >>> from seissynth.evaluation import crps
    >>> float(crps([1.0, 3.0], 2.0)), float(crps([2.0, 2.0], 3.0))
    (0.0, 1.0)
    """
    draws, observed = np.asarray(draws, dtype=float), np.asarray(observed, dtype=float)
    if not draws.ndim or draws.shape[1:] != observed.shape or not len(draws):
        raise InputError(f"draws have shape {draws.shape}, observed {observed.shape}; give (k, ...) and (...).")
    count = len(draws)
    error = np.abs(draws - observed).mean(axis=0)
    if count == 1:
        return error[()]
    # of sorted numbers: sum over pairs |x_i - x_j| = 2 sum (2 i - k + 1) x_i
    ranks = (2 * np.arange(count) - count + 1).reshape(-1, *(1,) * observed.ndim)
    pairs = 2 * (ranks * np.sort(draws, axis=0)).sum(axis=0)
    return (error - pairs / (2 * count * (count - 1 if fair else count)))[()]


def within_event_residuals(
    values: ArrayLike, events: ArrayLike, distance_km: ArrayLike, stations: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Residuals of values by record without the effects of earthquake and distance, and of sites if given.

    Parameters
    ----------
    values : array_like, shape (n,)
        ln of a peak; NaN is ignored.
    events : array_like, shape (n,)
    distance_km : array_like, shape (n,)
        Hypocentral, above 0; NaN is ignored.
    stations : array_like, shape (n,), optional
        Also removes a term for each site: the residual is the single-station scatter.

    Returns
    -------
    residuals : ndarray, shape (n,)
        NaN if a value or a distance is NaN, and for earthquakes with one record.
    freedom : ndarray, shape (n,)
        Share of a degree of freedom of each residual: sd² = Σ residuals² / Σ freedom.

    Notes
    -----
    Least squares of value = event term (+ site term) + a ln R + b R, no model of ground motion. Without sites the
    remaining scatter includes site effects and radiation patterns, like the within-event standard deviation φ of
    ground-motion models; with sites it corresponds to their φ_SS.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import within_event_residuals
    >>> rng = np.random.default_rng(0)
    >>> events, distance = np.repeat(np.arange(200), 10), rng.uniform(5, 100, 2000)
    >>> values = rng.normal(size=200)[events] - 1.3 * np.log(distance) + rng.normal(scale=0.5, size=2000)
    >>> residuals, freedom = within_event_residuals(values, events, distance)
    >>> round(float(np.sqrt((residuals**2).sum() / freedom.sum())), 2)
    0.5
    """
    values, distance = np.asarray(values, dtype=float), np.asarray(distance_km, dtype=float)
    events = np.asarray(events)
    known = np.isfinite(values) & np.isfinite(distance) & (distance > 0)
    residuals, freedom = np.full(len(values), np.nan), np.zeros(len(values))
    if known.any():
        codes, counts = _codes(events[known])
        known[known] = counts[codes] > 1
    if not known.any():
        return residuals, freedom
    groups = [_codes(events[known])]
    if stations is not None:
        groups.append(_codes(np.asarray(stations)[known]))
    columns = np.stack([values[known], np.log(distance[known]), distance[known]], axis=1)
    columns -= columns.mean(axis=0)
    for _ in range(_MOST_ROUNDS if len(groups) > 1 else 1):  # by turns, until both means are gone
        before = columns
        for codes, counts in groups:
            columns = columns - _means(columns, codes, counts)[codes]
        if np.abs(columns - before).max() < _SETTLED:
            break
    slopes = np.linalg.lstsq(columns[:, 1:], columns[:, 0], rcond=None)[0]
    residuals[known] = columns[:, 0] - columns[:, 1:] @ slopes
    # what was fitted: each earthquake, each site but one, two slopes
    left = len(columns) - sum(len(counts) for _, counts in groups) + (len(groups) - 1) - 2
    codes, counts = groups[0]
    share = 1 - 1 / counts[codes]
    freedom[known] = share * max(left, 0) / share.sum()
    return residuals, freedom


def between_draw_parts(draws: ArrayLike, events: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Deviations of draws from their mean, with and without the common part of an earthquake's records.

    Parameters
    ----------
    draws : array_like, shape (k, n)
        ln of a peak for each of k draws and n records.
    events : array_like, shape (n,)

    Returns
    -------
    total : ndarray, shape (n,)
        Variance between the draws of each record.
    within : ndarray, shape (n,)
        Mean square over the draws, less the mean over the earthquake's records, over k - 1;
        NaN for earthquakes with one record.
    freedom : ndarray, shape (n,)
        As in `within_event_residuals`: within-event sd² = Σ within / Σ freedom.

    Raises
    ------
    InputError
        Fewer than two draws.
    """
    draws = np.asarray(draws, dtype=float)
    if draws.ndim != 2 or len(draws) < 2:
        raise InputError(f"draws have shape {draws.shape}; the spread needs (k, n) with k of 2 or more.")
    deviation = draws - draws.mean(axis=0)
    total = (deviation**2).sum(axis=0) / (len(draws) - 1)
    codes, counts = _codes(np.asarray(events))
    deviation = deviation - _means(deviation.T, codes, counts)[codes].T
    within = (deviation**2).sum(axis=0) / (len(draws) - 1)
    several = counts[codes] > 1
    return total, np.where(several, within, np.nan), np.where(several, 1 - 1 / counts[codes], 0.0)


def envelope_crps(
    real: ArrayLike, draws: Sequence[ArrayLike], sampling_rate_hz: float, mask: np.ndarray | None = None
) -> np.ndarray:
    """CRPS of smoothed envelopes, over the real one's mean.

    Parameters
    ----------
    real : array_like, shape (..., npts)
    draws : sequence of array_like, each of that shape
    sampling_rate_hz : float
    mask : ndarray of bool, broadcast to the shape, optional

    Returns
    -------
    ndarray, shape (...)
        0 is perfect; silence scores 1.

    Notes
    -----
    `crps` of the smoothed envelopes every tenth of a second, its mean over time divided by the real envelope's. It
    measures amplitude, shape and timing together; strong phases have most weight.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import envelope_crps
    >>> x = np.random.default_rng(0).standard_normal(6000)
    >>> float(envelope_crps(x, [x, x], 100.0)), round(float(envelope_crps(x, [0 * x, 0 * x], 100.0)), 3)
    (0.0, 1.0)
    """
    step = max(round(sampling_rate_hz / ENVELOPE_RATE_HZ), 1)
    observed = smoothed_envelope(real, sampling_rate_hz)[..., ::step]
    drawn = np.stack([smoothed_envelope(draw, sampling_rate_hz)[..., ::step] for draw in draws])
    score = crps(drawn, observed)
    weight = np.ones(observed.shape[-1]) if mask is None else np.asarray(mask, dtype=float)[..., ::step]
    return quiet_divide((score * weight).sum(axis=-1), (np.abs(observed) * weight).sum(axis=-1))[()]


def ln_peaks(pairs, periods_s=()):
    """Logarithms of PGA, PGV and PSA (RotD50) of real records and of every draw.

    Parameters
    ----------
    pairs : Pairs
        Motion; other quantities have no PGA.
    periods_s : sequence of float
        Of PSA, 5 % damping.

    Returns
    -------
    dict of str to (real, drawn)
        ``pga``, ``pgv``, ``psa_0.3``: ndarrays of shape (n,) and (k, n), all in the window of the real record
        (`seissynth.evaluation.groups.ground_motion.windows`). NaN if the real record is clipped or not clear of its
        noise, or if its band does not allow the measure.

    Raises
    ------
    InputError
        The sets are not motion.
    """
    import pandas as pd

    from seissynth.evaluation.groups import ground_motion

    real = pairs.real
    window, _ = ground_motion.windows(real)

    def measured(records):
        parts = blockwise(
            lambda rows: ground_motion.ground_motion_measures(
                records.select(np.arange(len(records))[rows]), periods_s, window[rows]
            ).to_numpy(),
            len(records),
        )
        return pd.DataFrame(parts, columns=ground_motion.measure_names(periods_s))

    observed = ground_motion.known_measures(real, periods_s, window)
    allowed = ground_motion.clear_of_noise(real, periods_s, observed)[0]
    allowed &= ground_motion.in_band(real, real.column("source_magnitude"), periods_s)
    allowed &= ground_motion.usable(real)[:, None]
    drawn = [measured(draw) for draw in pairs.draws]
    names = ["pga", "pgv", *(f"psa_{period:g}" for period in periods_s)]
    return {
        name: (
            _ln(observed[name].where(allowed[name])),
            np.stack([_ln(part[name].where(allowed[name])) for part in drawn]),
        )
        for name in names
    }


def spread_group(pairs: Pairs, settings: EvaluationSettings | None = None) -> MetricGroup:
    """Spread between draws, CRPS and roughness of a generated set.

    Parameters
    ----------
    pairs : Pairs
        With two draws or more for the spread; with one, roughness and absolute errors remain.
    settings : EvaluationSettings, optional

    Returns
    -------
    MetricGroup
        The table "spread" holds for each measure: total and within-event sd between draws, the observed one and
        the root mean square error of the mean draw.
    """
    import pandas as pd

    summary = SummaryInProgress(pairs.events, settings)
    count = len(pairs.draws)
    notes: list = []
    spread: list = []
    mask, columns = pairs.mask(), {}
    if pairs.real.quantity not in DERIVATIVES:
        notes.append(f"The records are {pairs.real.quantity}: they have no PGA, PGV and PSA, and no spread of these.")
    elif count > 1:
        for measure, (values, drawn) in ln_peaks(pairs, summary.settings.periods_s).items():
            name = f"ln_{measure}"
            if not (np.isfinite(values) & np.isfinite(drawn).all(axis=0)).any():
                notes.append(f"{measure}: no record has it above its noise and in its band.")
                continue
            columns[name], columns[f"{name}_draw_mean"] = values, drawn.mean(axis=0)
            columns[f"{name}_draw_sd"] = drawn.std(axis=0, ddof=1)
            columns[f"{name}_crps"] = crps(drawn, values)
            spread.append(_add_spread(summary, name, values, drawn, pairs))
            summary.add(f"{name}_crps", "1", columns[f"{name}_crps"], 0.0)
        left = int(np.isnan(columns["ln_pga"]).sum()) if "ln_pga" in columns else len(pairs)
        notes.append(f"PGA: {left} records are left out: clipped, not clear of noise, or without motion.")
    if count < 2:
        notes.append("One draw: no spread between draws, and the CRPS of envelopes is their absolute error.")
    elif count < 5:
        notes.append(f"{count} draws: the spread is uncertain; five or more are better.")
    shape = _shape_measures(pairs, mask)
    shape["envelope_crps"][~shows_its_own(pairs.real)] = np.nan
    columns |= shape
    summary.add("envelope_crps", "1", shape["envelope_crps"], 0.0, note="1 for silence")
    note = f"median; right from {ROUGHNESS_GOAL[0]:g} to {ROUGHNESS_GOAL[1]:g}"
    summary.add("roughness_ratio", "1", shape["roughness_ratio"], 1.0, statistic="median", note=note)
    tables = {"spread": pd.DataFrame(spread)} if spread else {}
    return MetricGroup("spread", "Spread and blur", summary.table(), tables, pd.DataFrame(columns), notes)


# --- below the road


def _add_spread(summary, name, observed, generated, pairs):
    """Add the rows of one measure to the summary, and return its row of the table."""
    distance = pairs.real.column("path_hyp_distance_km")
    if not np.isfinite(distance).any():
        distance = pairs.real.column("path_ep_distance_km")
    events = pairs.events
    known = np.isfinite(observed) & np.isfinite(generated).all(axis=0)
    events, observed, generated, distance = events[known], observed[known], generated[:, known], distance[known]
    alone, alone_freedom = within_event_residuals(observed, events, distance, pairs.real.sites[known])
    alone = np.nan_to_num(alone**2)
    residuals, freedom = within_event_residuals(observed, events, distance)
    total, within, freedom_drawn = between_draw_parts(generated, events)
    squares, within = np.nan_to_num(residuals**2), np.nan_to_num(within)
    error = (observed - generated.mean(axis=0)) ** 2

    def root(above, below, index):
        low = below[index].sum()
        return np.sqrt(above[index].sum() / low) if low > 0 else np.nan

    def ratio(index):
        real = root(squares, freedom, index)
        return root(within, freedom_drawn, index) / real if real > 0 else np.nan

    def ratio_at_site(index):
        real = root(alone, alone_freedom, index)
        return root(within, freedom_drawn, index) / real if real > 0 else np.nan

    def plain_ratio(index):
        real = root(squares, freedom, index)
        return np.sqrt(total[index].mean()) / real if real > 0 else np.nan

    def against_error(index):
        below = error[index].mean()
        return np.sqrt((1 + 1 / len(generated)) * total[index].mean() / below) if below > 0 else np.nan

    codes, counts = _codes(events)
    drawn_mean = _means(generated.T, codes, counts)
    # one row stands for its share of an earthquake, so that resampled earthquakes count as often as they come
    event_error = ((_means(observed[:, None], codes, counts)[:, 0] - drawn_mean.mean(axis=1)) ** 2 / counts)[codes]
    event_total = (drawn_mean.var(axis=1, ddof=1) / counts)[codes]

    def of_events(index):
        below = event_error[index].sum()
        return np.sqrt((1 + 1 / len(generated)) * event_total[index].sum() / below) if below > 0 else np.nan

    goal = f"right from {SD_RATIO_GOAL[0]:g} to {SD_RATIO_GOAL[1]:g}"
    for metric, function, note in (
        ("within_event_sd_ratio", ratio, f"sd between draws, event's own part taken off, over observed; {goal}"),
        ("single_station_sd_ratio", ratio_at_site, f"as that, site terms taken off the observed; {goal}"),
        ("draw_sd_ratio", plain_ratio, "sd between draws over the observed within-event sd"),
        ("draw_sd_over_error", against_error, "sd between draws over the error of their mean"),
        ("event_draw_sd_over_error", of_events, f"the same of means over the stations of an earthquake; {goal}"),
    ):
        limits = interval(function, events, rows_within=False, **summary.bootstrap)
        summary.add_value(f"{name}_{metric}", "1", limits, 1.0, len(events), len(set(events.tolist())), note)
    everything = np.arange(len(events))
    return {
        "measure": name,
        "records": len(events),
        "draw_sd": np.sqrt(total.mean()),
        "draw_within_event_sd": root(within, freedom_drawn, everything),
        "observed_within_event_sd": root(squares, freedom, everything),
        "observed_single_station_sd": root(alone, alone_freedom, everything),
        "rms_error_of_mean": np.sqrt(error.mean()),
    }


def _shape_measures(pairs, mask):
    """CRPS of envelopes and roughness of spectrograms from P on, by record."""
    rate, band = pairs.real.sampling_rate_hz, common_band(pairs)
    # before P there may be silence in one and noise in the other, which says nothing about the shaking
    onset = np.where(np.isfinite(pairs.real.p_s), pairs.real.p_s, 0.0)
    shaking = mask & (pairs.real.times_s() >= onset[:, None])

    def of_block(rows):
        real, draws = pairs.real.data[rows], [draw.data[rows] for draw in pairs.draws]
        score = envelope_crps(real, draws, rate, mask[rows, None, :])
        rough = []
        for data in (real, draws[0]):
            spectrogram = log_spectrogram(data, rate, band)
            rough.append(roughness_db(spectrogram.level_db, spectrogram.frames_in(shaking[rows, None, :])))
        return {
            "envelope_crps": mean_of_components(score),
            "roughness_real_db": mean_of_components(rough[0]),
            "roughness_generated_db": mean_of_components(rough[1]),
            "roughness_ratio": mean_of_components(quiet_divide(rough[1], rough[0])),
        }

    return blockwise(of_block, len(pairs))


def _ln(values):
    values = values.to_numpy(dtype=float)
    return np.log(values, out=np.full(len(values), np.nan), where=values > 0)


def _codes(labels):
    _, codes, counts = np.unique(labels.astype(str), return_inverse=True, return_counts=True)
    return codes, counts


def _means(columns, codes, counts):
    """Means of columns (n, m) by group, shape (groups, m)."""
    sums = np.zeros((len(counts), columns.shape[1]))
    np.add.at(sums, codes, columns)
    return sums / counts[:, None]
