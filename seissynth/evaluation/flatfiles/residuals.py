"""Residuals of a flat file, row by row: ln observed - ln generated, and the same of a ground-motion model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import DomainError
from seissynth.evaluation.flatfiles.conditions import event_conditions, model_at
from seissynth.evaluation.ground_motion_models import ground_motion_model, joyner_boore_distance

if TYPE_CHECKING:
    import pandas

    from seissynth.evaluation.flatfiles.generated import MeasureMaker
    from seissynth.io.ground_motion_tables import GroundMotionTable
    from seissynth.stations.station_terms import StationTerms

#: PSA is used from this ratio of its frequency to the high-pass corner up, where a file names no usable frequency
USABLE_RATIO = 1.25
#: columns of a table of residuals beside those of the measures
PLACES = (
    "event", "station", "magnitude", "distance_km", "epicentral_km", "rjb_km", "vs30_mps", "station_latitude_deg",
    "station_longitude_deg", "mechanism",
)  # fmt: skip
_DISTANCES = {"epicentral": "epicentral_km", "hypocentral": "distance_km", "joyner_boore": "rjb_km"}


def residual_table(
    table: GroundMotionTable,
    maker: MeasureMaker,
    realizations: int,
    *,
    scatter: MeasureMaker | None = None,
    velocity_model: Any = "iasp91",
    station_terms: StationTerms | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> tuple[pandas.DataFrame, list[str]]:
    """Make records in the places of a flat file's rows, event by event, and take the residuals.

    Parameters
    ----------
    table : GroundMotionTable
    maker : MeasureMaker
        Of the backend's records.
    realizations : int
        Their ln is averaged.
    scatter : MeasureMaker, optional
        Of one more draw with the backend's random terms.
    velocity_model : str or model
    station_terms : StationTerms, optional
        Known site terms that the records get.
    progress : callable, optional
        Called with (rows done, rows).

    Returns
    -------
    residuals : DataFrame
        A row per record within the backend's ranges: `PLACES`, and for each measure ``<measure>`` (ln observed - mean
        ln generated), ``<measure>_observed``, ``<measure>_generated`` (SI) and, with `scatter`, ``<measure>_draw``.
        NaN where the file has no value, or where PSA is below the usable frequency.
    notes : list of str

    Raises
    ------
    DomainError
        No row is within the backend's ranges.
    """
    import pandas as pd

    names, parts, outside, done = table.measures, [], 0, 0
    sites = table.rows["site"].unique()
    velocity_model = model_at(velocity_model, sites)
    if station_terms is not None:
        station_terms, _ = station_terms.named_as(sites)
    for _, rows in table.rows.groupby("event_id", sort=False):
        conditions = event_conditions(rows, velocity_model)
        if station_terms is not None:
            conditions["station_terms"] = np.array(station_terms.texts(rows["site"]), dtype=object)
        inside = np.flatnonzero(maker.inside(conditions))
        outside += len(rows) - len(inside)
        if len(inside):
            rows_in, conditions = rows.iloc[inside], conditions.iloc[inside].reset_index(drop=True)
            generated = maker.mean_ln(conditions, rows_in, range(realizations))
            part = _places(rows_in, conditions)
            observed = rows_in[list(names)].to_numpy(float, copy=True)
            observed[~_usable(rows_in, names)] = np.nan
            draw = None if scatter is None else scatter.mean_ln(conditions, rows_in, [0])
            for column, name in enumerate(names):
                part[name] = np.log(observed[:, column]) - generated[:, column]
                part[f"{name}_observed"] = observed[:, column]
                part[f"{name}_generated"] = np.exp(generated[:, column])
                if draw is not None:
                    part[f"{name}_draw"] = np.exp(draw[:, column])
            parts.append(pd.DataFrame(part))
        done += len(rows)
        if progress is not None:
            progress(done, len(table.rows))
    card = maker.backend.card
    if not parts:
        raise DomainError(
            f"{card.name}: none of the {outside} rows is within its range; it was made for magnitudes "
            f"{card.magnitude_range} and distances {card.distance_range_km} km. Take another backend or file."
        )
    notes = [f"{outside} rows outside the range of {card.name} are left out."] if outside else []
    return pd.concat(parts, ignore_index=True), notes


def _places(rows, conditions):
    """Columns `PLACES` of one event's rows."""
    magnitude, epicentral = (conditions[name].to_numpy(float) for name in ("source_magnitude", "path_ep_distance_km"))
    known = rows["path_jb_distance_km"].to_numpy(float)
    return {
        "event": rows["event_id"].to_numpy(object),
        "station": rows["site"].to_numpy(object),
        "magnitude": magnitude,
        "distance_km": conditions["path_hyp_distance_km"].to_numpy(float),
        "epicentral_km": epicentral,
        "rjb_km": np.where(np.isfinite(known), known, joyner_boore_distance(epicentral, magnitude)),
        "vs30_mps": rows["station_vs_30_mps"].to_numpy(float),
        "station_latitude_deg": rows["station_latitude_deg"].to_numpy(float),
        "station_longitude_deg": rows["station_longitude_deg"].to_numpy(float),
        "mechanism": rows["mechanism"].to_numpy(object),
    }


def _usable(rows, names):
    """Whether the band of each row allows each measure, shape (n, measures); all where the band is unknown."""
    lowest = rows["usable_from_hz"].to_numpy(float)
    lowest = np.where(np.isfinite(lowest), lowest, USABLE_RATIO * rows["high_pass_hz"].to_numpy(float))
    periods = np.array([float(name.rpartition("_")[2]) if "psa_" in name else 0.0 for name in names])
    with np.errstate(invalid="ignore"):
        return ~(periods[None, :] * lowest[:, None] > 1.0)


def add_model(residuals: pandas.DataFrame, measures: tuple, model: str) -> tuple[pandas.DataFrame, list[str]]:
    """Residuals of the observed values, and of one draw, against a ground-motion model at the same rows.

    Parameters
    ----------
    residuals : DataFrame
        Of `residual_table`.
    measures : tuple of str
    model : str
        One of `seissynth.evaluation.GROUND_MOTION_MODELS`.

    Returns
    -------
    residuals : DataFrame
        With the columns ``<measure>_model`` (ln observed - ln median) and ``<measure>_draw_model`` for the measures
        that the model has; NaN outside its range.
    notes : list of str
    """
    card = ground_motion_model(model)
    names = [name for name in measures if name.startswith(("pga", "pgv", "psa_")) and card.has(name)]
    far = residuals[_DISTANCES[card.distance]].to_numpy(float)
    median, outside = np.full((len(residuals), len(names)), np.nan), 0
    for mechanism, rows in residuals.groupby("mechanism").indices.items():
        found = card.predict(
            names, residuals["magnitude"].to_numpy(float)[rows], far[rows], distance_kind=card.distance,
            vs30_mps=residuals["vs30_mps"].to_numpy(float)[rows], mechanism=mechanism,
        )  # fmt: skip
        median[rows], outside = found.ln_median, outside + found.outside_count
    columns = {}
    for column, name in enumerate(names):
        columns[f"{name}_model"] = np.log(residuals[f"{name}_observed"].to_numpy(float)) - median[:, column]
        if f"{name}_draw" in residuals:
            columns[f"{name}_draw_model"] = np.log(residuals[f"{name}_draw"].to_numpy(float)) - median[:, column]
    notes = [f"{outside} of {len(residuals)} rows are outside the range of {card.title}."] if outside else []
    unknown = int(residuals["vs30_mps"].isna().sum())
    notes += [f"Vs30 is unknown for {unknown} rows; {card.title} takes 760 m/s there."] if unknown else []
    return residuals.assign(**columns), notes
