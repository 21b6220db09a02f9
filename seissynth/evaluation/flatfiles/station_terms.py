"""`fit_station_terms`: the site terms of stations from a flat file of observed ground motion, without waveforms.

Residuals of peaks give event terms and means of stations by mixed effects, and these Fourier amplitudes by empirical
Bayes, with the backend's own sensitivities.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.arguments import plain_value
from seissynth.backends.base import Backend
from seissynth.backends.registry import resolve_backend
from seissynth.errors import InputError
from seissynth.evaluation.flatfiles.conditions import event_conditions
from seissynth.evaluation.flatfiles.evaluation import MAX_DISTANCE_KM, chosen_rows, table_of
from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.flatfiles.residuals import residual_table
from seissynth.evaluation.statistics.mixed_effects import split_residuals
from seissynth.shared.bounds import within
from seissynth.shared.warning import warn_user
from seissynth.stations.station_terms import MOST_LN, StationTerms, require_column

if TYPE_CHECKING:
    import pandas

    from seissynth.io.ground_motion_tables import GroundMotionTable

#: periods of PSA that are used where the file has them, s: shorter ones follow PGA, longer ones few rows allow
PERIODS_S = (0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
#: frequencies of the terms, Hz; those that peaks of these periods see, and between which the default backend is linear
TERMS_HZ = tuple(float(f) for f in np.geomspace(0.1, 30.0, 12)[1:10].round(4))
#: records that a station needs
LEAST_RECORDS = 3
#: rows at which sensitivities are measured, and the change of ln FAS that measures them
_SENSITIVITY_ROWS, _STEP = 96, 0.1
#: of the prior before it has seen a station: standard deviation, and correlation exp(-(ln f1/f2 / length)^2)
_START_SD, _LENGTH = 0.5, 1.2
#: steps of expectation and maximisation; beyond some twenty the terms move by less than 0.01
_ROUNDS = 30
_FEWEST_STATIONS = 5


def fit_station_terms(
    flatfile: str | os.PathLike[str] | GroundMotionTable,
    *,
    mapping: str | os.PathLike[str] | None = None,
    backend: str | type[Backend] | Backend = "stochastic",
    realizations: int = 1,
    seed: int = 0,
    periods_s: Sequence[float] | None = None,
    least_records: int = LEAST_RECORDS,
    max_distance_km: float = MAX_DISTANCE_KM,
    band: bool = True,
    velocity_model: Any = "iasp91",
    weights: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    options: Mapping[str, Any] | None = None,
    progress: Callable[..., Any] | None = None,
) -> StationTerms:
    r"""Fit the site terms of stations to a flat file of observed ground motion.

    Parameters
    ----------
    flatfile, mapping
        As for `seissynth.evaluate_flatfile`.
    backend : str, Backend subclass or instance
        What the terms are relative to, and are to be used with. Its card must have the column ``station_terms``.
    realizations, seed, max_distance_km, band, velocity_model, weights, device, options
        As for `seissynth.evaluate_flatfile`.
    periods_s : sequence of float, optional
        Of PSA, beside PGA and PGV. By default those of 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3 and 5 s that the
        file has.
    least_records : int
        Stations with fewer records get no term.
    progress : callable, optional
        Called with (steps done, total steps, current step).

    Returns
    -------
    StationTerms
        For ``generate(..., station_terms=...)``, of the stations that have enough records. `about` has the number of
        records of each, the file's name and hash, the backend and its options.

    Raises
    ------
    InputError, FileFormatError, DomainError
        A file that cannot be read, a backend that takes no such terms, fewer than five stations with enough records.

    Notes
    -----
    Residuals ln(observed / generated) of each measure are split into their mean, event terms and station terms by
    restricted maximum likelihood (`seissynth.evaluation.split_residuals`). The mean and the event terms are taken off:
    they belong to the region and to the earthquakes.

    A peak of a spectrum is no Fourier amplitude, but it changes with them: the vector :math:`d` of a station's mean
    residuals is :math:`W g` and noise, :math:`g` ln of the factor on Fourier amplitudes at 9 frequencies, and
    :math:`W` what 96 of the backend's own records answer when one of these frequencies is raised. :math:`g` is normal
    with mean 0 and a covariance :math:`G` found from all stations by expectation and maximisation, so

    .. math:: \hat g = G W^T (W G W^T + R)^{-1} d

    with :math:`R` the covariance of what remains of a record's residuals, divided by the numbers of records. Stations
    with few records, and frequencies that no measure sees, are drawn to 0.

    Examples
    --------
    ::

        terms = seissynth.fit_station_terms("flatfile.csv.gz")
        terms.write("terms.json")
        st = seissynth.generate(inventory, event, station_terms=terms)
    """
    from seissynth import __version__

    least = int(within("least_records", least_records))
    realizations = int(within("realizations", realizations))
    within("max_distance_km", max_distance_km, bound="distance_km")
    within("seed", seed)
    table = _with_usual_periods(flatfile, mapping) if periods_s is None else table_of(flatfile, mapping, periods_s)
    rows, _ = chosen_rows(table, max_distance_km, None, seed)
    table = replace(table, rows=rows.reset_index(drop=True), measures=_usual(table.measures))
    made = resolve_backend(backend, weights=weights, device=device, options=dict(options or {}))
    require_column(made.card)
    maker = MeasureMaker(made, table.measures, table.component, seed, band)
    total = len(rows) + max(len(rows) // 10, 1)

    def step(done, _):
        if progress:
            progress(done, total, f"{made.card.name}: {done} of {len(rows)} rows")

    residuals, _ = residual_table(
        table, maker, realizations, velocity_model=velocity_model, station_terms=_no_terms(table.rows["site"]),
        progress=step,
    )  # fmt: skip
    if progress:
        progress(len(rows), total, "station terms")
    found = terms_of_residuals(residuals, table.measures, sensitivities(table, maker, velocity_model), least)
    own = plain_value(made) if isinstance(backend, Backend) else plain_value(dict(options or {}))
    about = {**found.about, "backend": made.card.name, "options": own, **_origin_of(flatfile, table)}
    about |= {"velocity_model": plain_value(velocity_model), "earthquakes": int(residuals["event"].nunique()),
              "seissynth": __version__}  # fmt: skip
    if progress:
        progress(total, total, "done")
    return StationTerms(found.frequencies_hz, found.ln_factors, about)


def sensitivities(table: GroundMotionTable, maker: MeasureMaker, velocity_model: Any = "iasp91") -> np.ndarray:
    """Measure how ln of each measure answers to ln FAS at `TERMS_HZ`, shape (measures, frequencies).

    Parameters
    ----------
    table : GroundMotionTable
        Of which up to 96 rows, drawn over all, tell magnitudes, paths and filters.
    maker : MeasureMaker
        Of a backend that takes ``station_terms``.
    velocity_model : str or model
    """
    chosen = table.rows.sample(min(_SENSITIVITY_ROWS, len(table.rows)), random_state=0)
    answers = []
    for _, rows in chosen.groupby("event_id", sort=False):
        conditions = event_conditions(rows, velocity_model)
        inside = np.flatnonzero(maker.inside(conditions))
        if not len(inside):
            continue
        rows, conditions = rows.iloc[inside], conditions.iloc[inside].reset_index(drop=True)
        # both have a term, so that a backend draws none for either
        base = maker.mean_ln(conditions.assign(station_terms=_no_terms([""]).texts([""])[0]), rows, [0])
        one = []
        for k in range(len(TERMS_HZ)):
            raised = StationTerms(TERMS_HZ, {"": _STEP * np.eye(len(TERMS_HZ))[k]}).texts([""])[0]
            one.append(maker.mean_ln(conditions.assign(station_terms=raised), rows, [0]) - base)
        answers.append(np.stack(one, axis=-1) / _STEP)
    if not answers:
        raise InputError("no row of the flat file is within the backend's ranges; take another backend or file.")
    return np.nanmean(np.concatenate(answers), axis=0)


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


def _origin_of(flatfile, table):
    """Name and hash of the flat file, for provenance; the kind of a table that was given as such."""
    if not isinstance(flatfile, (str, os.PathLike)):
        return {"layout": table.layout}
    path = Path(flatfile)
    return {"layout": table.layout, "file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _usual(measures):
    """Measures of horizontal peaks: no durations, no ratios of the vertical."""
    return tuple(name for name in measures if name in ("pga", "pgv") or name.startswith("psa_"))


def _no_terms(stations):
    """Known terms of 0, beside which a backend draws no random ones that a fit would be relative to."""
    return StationTerms([1.0], {str(name): [0.0] for name in stations})


def _with_usual_periods(flatfile, mapping):
    """The flat file as a table, with the periods `PERIODS_S` that it has; a table as it is."""
    from seissynth.io.ground_motion_tables import GroundMotionTable, read_ground_motion

    if isinstance(flatfile, GroundMotionTable):
        return flatfile
    table = read_ground_motion(flatfile, mapping)
    wanted = {f"psa_{period:g}" for period in PERIODS_S}
    measures = tuple(name for name in table.measures if not name.startswith("psa_") or name in wanted)
    return replace(table, measures=measures)


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
