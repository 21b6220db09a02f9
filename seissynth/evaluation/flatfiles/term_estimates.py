"""Site terms of stations from residuals of peaks, by mixed effects and empirical Bayes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.statistics.mixed_effects import split_residuals
from seissynth.shared.warning import warn_user
from seissynth.stations.station_terms import MOST_LN, StationTerms

if TYPE_CHECKING:
    import pandas

#: frequencies of the terms, Hz; those that peaks of these periods see, and between which the default backend is linear
TERMS_HZ = tuple(float(f) for f in np.geomspace(0.1, 30.0, 12)[1:10].round(4))
#: records that a station needs
LEAST_RECORDS = 3
#: of the prior before it has seen a station: standard deviation, and correlation exp(-(ln f1/f2 / length)^2)
_START_SD, _LENGTH = 0.5, 1.2
#: steps of expectation and maximisation; beyond some twenty the terms move by less than 0.01
_ROUNDS = 30
_FEWEST_STATIONS = 5


@dataclass(frozen=True)
class _Means:
    """Mean residuals of stations: values (stations, measures), records that they are of, and records together."""

    stations: list
    values: np.ndarray
    counts: np.ndarray
    together: np.ndarray  # (stations, measures, measures)


def terms_of_residuals(
    residuals: pandas.DataFrame, measures: Sequence[str], answers: np.ndarray, least_records: int = LEAST_RECORDS
) -> StationTerms:
    """Fit site terms to a table of residuals.

    Parameters
    ----------
    residuals : DataFrame
        Of `seissynth.evaluation.flatfiles.residuals.residual_table`.
    measures : sequence of str, length m
    answers : ndarray, shape (m, frequencies)
        Of `sensitivities`.
    least_records : int
        Records of a station of at least one measure.

    Returns
    -------
    StationTerms

    Raises
    ------
    InputError
        Fewer than five stations have so many records.

    Warns
    -----
    SeisSynthWarning
        Stations whose terms are too large to be those of a site.
    """
    known = [k for k, name in enumerate(measures) if _splits(residuals, name) and np.isfinite(answers[k]).all()]
    if not known:
        raise InputError("no measure of the flat file has stations and events that can be told apart.")
    names, answers = [measures[k] for k in known], answers[known]
    left, remaining = np.empty((2, len(residuals), len(names)))
    events, stations = residuals["event"].to_numpy(str), residuals["station"].to_numpy(str)
    for column, name in enumerate(names):
        found = split_residuals(residuals[name].to_numpy(float), events, stations, limits=False)
        of_event = np.array([found.event_terms.get(event, 0.0) for event in events])
        left[:, column] = residuals[name].to_numpy(float) - found.mean[0] - of_event
        scale = found.sd["remaining"] / max(float(np.nanstd(found.remaining)), 1e-9)
        remaining[:, column] = found.remaining * scale  # best predictions leave less than the truth does
    means = _station_means(left, stations, least_records)
    if len(means.stations) < _FEWEST_STATIONS:
        raise InputError(
            f"{len(means.stations)} stations have {least_records} records or more; {_FEWEST_STATIONS} are needed to "
            "tell sites from chance. Take a longer flat file, or lower least_records."
        )
    within_record = _pairwise_covariance(remaining)
    prior = _fit_prior(means, answers, within_record)
    ln = np.array([_posterior(means, i, answers, within_record, prior)[0] for i in range(len(means.stations))])
    wrong = [means.stations[i] for i in np.flatnonzero(np.abs(ln).max(axis=1) > MOST_LN)]
    if wrong:
        warn_user(
            f"the terms of {', '.join(wrong[:5])}{' and others' if len(wrong) > 5 else ''} are more than a factor of "
            f"{np.exp(MOST_LN):.0f} and are cut there; check gains and units of these stations, or leave them out."
        )
    ln = np.clip(ln, -MOST_LN, MOST_LN).round(4)
    about = {
        "measures": list(names),
        "records": dict(zip(means.stations, means.counts.max(axis=1).tolist(), strict=True)),
        "prior_sd": np.sqrt(np.diag(prior)).round(4).tolist(),
    }
    return StationTerms(TERMS_HZ, dict(zip(means.stations, ln.tolist(), strict=True)), about)


# --- below the road


def _splits(residuals, name):
    """Whether a measure has several events, and stations with several records."""
    seen = residuals[residuals[name].notna()]
    return seen["event"].nunique() > 1 and len(seen) > seen["station"].nunique() > 1


def _station_means(left, stations, least):
    names, codes = np.unique(stations, return_inverse=True)
    seen = np.isfinite(left).astype(float)
    together = np.zeros((len(names), left.shape[1], left.shape[1]))
    sums = np.zeros((len(names), left.shape[1]))
    np.add.at(together, codes, seen[:, :, None] * seen[:, None, :])
    np.add.at(sums, codes, np.nan_to_num(left))
    counts = np.einsum("smm->sm", together).astype(int)
    kept = np.flatnonzero(counts.max(axis=1) >= least)
    values = sums[kept] / np.maximum(counts[kept], 1)
    return _Means(names[kept].tolist(), values, counts[kept], together[kept])


def _pairwise_covariance(values):
    """Covariance of columns about 0 from the rows that both have, the nearest that is no less than positive."""
    seen = np.isfinite(values).astype(float)
    filled = np.nan_to_num(values)
    covariance = filled.T @ filled / np.maximum(seen.T @ seen, 1.0)
    eigenvalues, vectors = np.linalg.eigh(covariance)
    floor = 1e-3 * eigenvalues.max()
    return vectors @ np.diag(np.maximum(eigenvalues, floor)) @ vectors.T


def _fit_prior(means, answers, within_record):
    """Covariance of terms over frequency: what stations have in common, by expectation and maximisation."""
    ln_f = np.log(TERMS_HZ)
    prior = _START_SD**2 * np.exp(-(((ln_f[:, None] - ln_f) / _LENGTH) ** 2)) + 1e-6 * np.eye(len(ln_f))
    for _ in range(_ROUNDS):
        found = [_posterior(means, i, answers, within_record, prior) for i in range(len(means.stations))]
        prior = np.mean([np.outer(mean, mean) + covariance for mean, covariance in found], axis=0)
    return prior


def _posterior(means, i, answers, within_record, prior):
    """Mean and covariance of one station's terms."""
    seen = np.flatnonzero(means.counts[i] > 0)
    counts = means.counts[i][seen].astype(float)
    noise = within_record[np.ix_(seen, seen)] * means.together[i][np.ix_(seen, seen)] / np.outer(counts, counts)
    across = answers[seen] @ prior
    gain = np.linalg.solve(across @ answers[seen].T + noise + 1e-9 * np.eye(len(seen)), across).T
    return gain @ means.values[i][seen], prior - gain @ across
