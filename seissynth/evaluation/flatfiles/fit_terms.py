"""`fit_station_terms`: the site terms of stations from a flat file of observed ground motion, without waveforms.

Residuals from the backend, and its sensitivities to Fourier amplitudes, from which `terms_of_residuals` finds terms.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.arguments import plain_value
from seissynth.backends.base import Backend
from seissynth.backends.registry import resolve_backend
from seissynth.errors import InputError
from seissynth.evaluation.flatfiles.conditions import event_conditions, model_at
from seissynth.evaluation.flatfiles.evaluation import MAX_DISTANCE_KM, chosen_rows, table_of
from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.flatfiles.residuals import residual_table
from seissynth.evaluation.flatfiles.term_estimates import LEAST_RECORDS, TERMS_HZ, terms_of_residuals
from seissynth.shared.bounds import within
from seissynth.stations.station_terms import StationTerms, require_column

if TYPE_CHECKING:
    from seissynth.io.ground_motion_tables import GroundMotionTable

#: periods of PSA that are used where the file has them, s: shorter ones follow PGA, longer ones few rows allow
PERIODS_S = (0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
#: rows at which sensitivities are measured, and the change of ln FAS that measures them
_SENSITIVITY_ROWS, _STEP = 96, 0.1


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
    velocity_model = model_at(velocity_model, table.rows["site"])
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
