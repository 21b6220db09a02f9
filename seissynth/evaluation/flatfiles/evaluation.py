"""`evaluate_flatfile`: any backend, and a published model, compared with a flat file of observed ground motion."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.backends.base import Backend
from seissynth.backends.registry import resolve_backend
from seissynth.errors import InputError, MissingDependencyError
from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.flatfiles.residuals import add_model, residual_table
from seissynth.evaluation.flatfiles.tables import flatfile_tables, measure_title
from seissynth.evaluation.ground_motion_models import ground_motion_model
from seissynth.evaluation.results import EvaluationSettings
from seissynth.io.ground_motion_tables import GroundMotionTable, read_ground_motion
from seissynth.seeding import generator, hash_words
from seissynth.shared.bounds import within
from seissynth.shared.tables import text_table
from seissynth.shared.warning import warn_user
from seissynth.stations.station_terms import StationTerms, require_column

if TYPE_CHECKING:
    import pandas

#: realisations whose ln is averaged, and largest epicentral distance (km), without other wishes
REALIZATIONS, MAX_DISTANCE_KM = 3, 300.0
#: coordinates and the file's own epicentral distance differ by less than this, km and share, in the median
_OFF_KM, _OFF_SHARE = 5.0, 0.1


@dataclass
class FlatfileEvaluation:
    """Result of `evaluate_flatfile`. It prints bias and scatter of each measure.

    Attributes
    ----------
    name : str
        Of the backend.
    model : str
        Title of the ground-motion model, empty without one.
    measures : tuple of str
    residuals : DataFrame
        One row per record: place, magnitude, distances, Vs30, and for each measure ln observed - ln generated, the
        observed and generated values, and the residual against the model.
    summary : DataFrame
        One row per measure: bias, tau, phi, phi_s2s and their intervals, of the backend and the model, and ratios.
    tables : dict of str to DataFrame
        By title: parts of the residuals, classes of magnitude, distance and Vs30, correlations.
    notes : list of str
        Rows that were left out, and what else a reader should know.
    about : dict
        Description of the comparison.
    settings : EvaluationSettings
    failures : list of str
        Pictures of the report that could not be drawn.
    """

    name: str
    model: str
    measures: tuple
    residuals: pandas.DataFrame
    summary: pandas.DataFrame
    tables: dict
    notes: list
    about: dict
    settings: EvaluationSettings
    failures: list = field(default_factory=list)

    def __repr__(self):
        return (
            f"FlatfileEvaluation({self.name} beside {self.about['file']}: {self.about['records']} records of "
            f"{self.about['events']} events, {len(self.measures)} measures)"
        )

    def __str__(self):
        return "\n".join([repr(self), text_table(*self.cells())])

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Head and rows of a small table for people: bias with its interval, tau and phi, and the model's."""
        head = ["ln observed/generated", "bias", "tau", "phi"]
        head += [f"{word}, {self.model}" for word in ("bias", "tau", "phi")] if self.model else []
        rows = []
        for _, line in self.summary.iterrows():
            row = [
                measure_title(line["measure"]),
                f"{line['bias']:+.2f} [{line['bias_low']:+.2f}, {line['bias_high']:+.2f}]",
            ]
            row += [f"{line[name]:.2f}" for name in ("tau", "phi")]
            if self.model:
                known = np.isfinite(line["model_bias"])
                row += [f"{line['model_bias']:+.2f}" if known else "–"]
                row += [f"{line[f'model_{name}']:.2f}" if known else "–" for name in ("tau", "phi")]
            rows.append(row)
        return head, rows


def evaluate_flatfile(
    flatfile: str | os.PathLike[str] | GroundMotionTable,
    *,
    mapping: str | os.PathLike[str] | None = None,
    backend: str | type[Backend] | Backend = "stochastic",
    realizations: int = REALIZATIONS,
    seed: int = 0,
    periods_s: Sequence[float] | None = None,
    limit: int | None = None,
    max_distance_km: float = MAX_DISTANCE_KM,
    model: str | None = "bssa14",
    scatter: bool = True,
    band: bool = True,
    draws: int = 300,
    velocity_model: Any = "iasp91",
    station_terms: Any = None,
    weights: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    options: Mapping[str, Any] | None = None,
    progress: Callable[..., Any] | None = None,
) -> FlatfileEvaluation:
    r"""Compare a backend with a flat file of observed ground motion.

    Parameters
    ----------
    flatfile : str, path or GroundMotionTable
        CSV of ESM, NGA-West2 or USGS, which are told by their columns, or any other with a `mapping`; see
        `seissynth.io.ground_motion_tables.read_ground_motion`.
    mapping : str or path, optional
        JSON or TOML that names columns and units.
    backend : str, Backend subclass or instance
    realizations : int
        Realisations of each record; their ln is averaged. They are those without the random terms of an ensemble: the
        residual is one against the backend's median.
    seed : int
        Of the records and of the bootstrap.
    periods_s : sequence of float, optional
        Of PSA. By default 0.1, 0.3, 1 and 3 s, as far as the file has them.
    limit : int, optional
        Only so many events, drawn by the seed.
    max_distance_km : float
        Largest epicentral distance.
    model : str, optional
        Ground-motion model evaluated at the same rows, one of `GROUND_MOTION_MODELS`; None for none.
    scatter : bool
        Also make one draw with the backend's random terms, whose scatter about the model is compared with that of the
        observed motion.
    band : bool
        Filter each generated record with the corners of its row, if the file gives them.
    draws : int
        Bootstrap samples of events; fits of mixed effects take 100 at most.
    velocity_model, weights, device
        As in `seissynth.generate`.
    station_terms : StationTerms, or path of its file, optional
        Known site terms that the generated records get, see `seissynth.fit_station_terms`.
    options : mapping, optional
        Options of the backend, such as ``{"preset": "stable"}``.
    progress : callable, optional
        Called with (steps done, total steps, current step).

    Returns
    -------
    FlatfileEvaluation

    Raises
    ------
    InputError, FileFormatError, DomainError
        A file that cannot be read, a backend without amplitudes, no row left.

    Notes
    -----
    Residuals are ln(observed / generated): positive where the generated motion is too weak. They are split into a mean
    (bias), event terms (tau), station terms (phi_S2S) and the rest (phi_SS) by restricted maximum likelihood
    (`split_residuals`); phi is that of station terms and rest together. PSA counts only where the row's usable
    frequency, or 1.25 times its high-pass corner, allows it. The records of one event are in memory at a time, 64 of
    them.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from seissynth.evaluation import evaluate_flatfile
    >>> head = ("EarthquakeId,EarthquakeLatitude,EarthquakeLongitude,EarthquakeDepth,EarthquakeMagnitude,StationCode,"
    ...         "StationLatitude,StationLongitude,JoynerBooreDistance,PGA,PGV")
    >>> rows = [f"ci{k},35.7,-117.5,8,4.{k},S{n},35.{8 + n},-117.5,{11 + 11 * n},{2 / (1 + n)},{0.1 / (1 + n)}"
    ...         for k in range(3) for n in range(2)]
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "usgs.csv"
    >>> _ = path.write_text("\n".join([head, *rows]))
    >>> found = evaluate_flatfile(path, realizations=1, model=None, scatter=False, draws=100)
    >>> found.measures, len(found.residuals)
    (('pga', 'pgv'), 6)
    """
    begin = time.monotonic()
    realizations = int(within("realizations", realizations))
    within("draws", draws)
    within("max_distance_km", max_distance_km, bound="distance_km")
    within("seed", seed)
    table = table_of(flatfile, mapping, periods_s)
    rows, notes = chosen_rows(table, max_distance_km, limit, seed)
    table = GroundMotionTable(rows, table.measures, table.component, table.layout, table.notes)
    terms = StationTerms.of(station_terms)
    maker, drawn = _makers(table, backend, weights, device, options, seed, band, scatter)
    if terms is not None:
        require_column(maker.backend.card)
    name, total = maker.backend.card.name, len(rows) + max(len(rows) // 10, 1)

    def step(done, _):
        if progress:
            progress(done, total, f"{name}: {done} of {len(rows)} rows")

    residuals, left = residual_table(
        table, maker, realizations, scatter=drawn, velocity_model=velocity_model, station_terms=terms, progress=step
    )
    notes = [*table.notes, *notes, *left]
    title = ""
    if model is not None:
        try:
            residuals, more = add_model(residuals, table.measures, model)
            title, notes = ground_motion_model(model).title, notes + more
        except MissingDependencyError as error:
            notes.append(f"{model} is left out: {error}")
    termed = 0 if terms is None else len(terms.named_as(residuals["station"])[0])
    if terms is not None and not termed:
        warn_user(
            f"station_terms holds {len(terms)} stations, none of which is in the flat file; its stations are named as "
            f"{residuals['station'].iloc[0]!r}."
        )
    settings = EvaluationSettings(draws=draws, seed=seed, periods_s=maker.periods_s)
    if progress:
        progress(len(rows), total, "tables")
    measures = tuple(each for each in table.measures if residuals[each].notna().any())
    summary, tables, more = flatfile_tables(residuals, measures, name, title, settings)
    about = {
        "file": flatfile.layout if isinstance(flatfile, GroundMotionTable) else os.fspath(flatfile),
        "layout": table.layout,
        "component": table.component,
        "records": len(residuals),
        "events": int(residuals["event"].nunique()),
        "stations": int(residuals["station"].nunique()),
        "magnitudes": _span(residuals["magnitude"]),
        "distances_km": _span(residuals["distance_km"]),
        "realizations": realizations,
        "scatter": drawn is not None,
        "band": band,
        "options": dict(options or {}),
        "station_terms": termed,
        "seconds": time.monotonic() - begin,
    }
    if progress:
        progress(total, total, "done")
    return FlatfileEvaluation(name, title, measures, residuals, summary, tables, notes + more, about, settings)


# --- below the road


def table_of(flatfile, mapping, periods_s):
    """Return the flat file as a table; the usual periods as far as it has them, unless others are asked for."""
    if isinstance(flatfile, GroundMotionTable):
        return flatfile
    if periods_s is not None:
        periods_s = [within("period", period) for period in periods_s]
        return read_ground_motion(flatfile, mapping, periods_s)
    table = read_ground_motion(flatfile, mapping)
    usual = {f"psa_{period:g}" for period in EvaluationSettings().periods_s}
    measures = tuple(name for name in table.measures if "psa_" not in name or name.removeprefix("vh_") in usual)
    return GroundMotionTable(table.rows, measures or table.measures, table.component, table.layout, table.notes)


def chosen_rows(table, max_distance_km, limit, seed):
    """Return the rows within the distance, of the events that are asked for, and notes."""
    from seissynth.data.factory.network import sphere_km

    rows, notes = table.rows, []
    distance = sphere_km(
        *(rows[f"source_{name}_deg"].to_numpy(float) for name in ("latitude", "longitude")),
        *(rows[f"station_{name}_deg"].to_numpy(float) for name in ("latitude", "longitude")),
    )
    told = rows["path_ep_distance_km"].to_numpy(float)
    known = np.isfinite(told)
    off = np.abs(distance - told)[known]
    if known.any() and np.median(off) > max(_OFF_KM, _OFF_SHARE * float(np.median(told[known]))):
        raise InputError(
            f"the coordinates of event and station are {np.median(distance[known]):.0f} km apart in the median and the "
            f"file's own epicentral distance is {np.median(told[known]):.0f} km; are latitude and longitude swapped?"
        )
    near = distance <= max_distance_km
    if not near.any():
        raise InputError(
            f"no row is within max_distance_km={max_distance_km:g}; the nearest is at {distance.min():.0f} km."
        )
    if not near.all():
        notes.append(f"{int((~near).sum())} rows beyond {max_distance_km:g} km are left out.")
        rows = rows[near]
    if limit is not None:
        events = rows["event_id"].unique()
        within("limit", limit, bound="earthquakes")
        order = generator(hash_words("flat file events", seed)).permutation(len(events))[: int(limit)]
        rows = rows[rows["event_id"].isin(events[np.sort(order)])]
        notes.append(f"{min(int(limit), len(events))} of {len(events)} events, drawn by the seed.")
    return rows.reset_index(drop=True), notes


def _makers(table, backend, weights, device, options, seed, band, scatter):
    """Maker of the median records, and that of one draw with random terms, or None."""
    options = dict(options or {})
    median = resolve_backend(backend, weights=weights, device=device, options=options)
    card = median.card
    if card.quantity == "normalised":
        raise InputError(
            f"backend {card.name!r} makes records without amplitude, which no flat file can be compared with."
        )
    if "needs_source" in card.capabilities:
        raise InputError(
            f"backend {card.name!r} needs real records of the same earthquake, which a flat file does not hold."
        )
    first = MeasureMaker(median, table.measures, table.component, seed, band)
    if not scatter or isinstance(backend, Backend) or not card.ensemble_options:
        return first, None
    drawn = resolve_backend(backend, weights=weights, device=device, options=options, ensemble=True)
    return first, MeasureMaker(drawn, table.measures, table.component, seed, band)


def _span(values):
    return float(values.min()), float(values.max())
