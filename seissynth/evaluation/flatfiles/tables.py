"""Tables of a flat file's residuals: summary, parts, classes and correlations."""

import numpy as np

from seissynth.evaluation.flatfiles.correlations import correlation_range_km, measure_correlation, spatial_correlation
from seissynth.evaluation.flatfiles.parts import PARTS, SPLIT_DRAWS, limits, split_sets, within_event
from seissynth.evaluation.groups.ground_motion import DISTANCE_CLASSES_KM, MAGNITUDE_CLASSES, by_class

#: classes of the table by site, m/s
VS30_CLASSES_MPS = (0.0, 180.0, 270.0, 360.0, 560.0, 760.0, 1100.0, 10_000.0)
#: titles of the tables
PARTS_TABLE = "Parts of the residuals"
SPATIAL, MEASURES = "Correlation over distance between sites", "Correlation between measures"
MAGNITUDE, DISTANCE, VS30 = "Residuals by magnitude", "Residuals by distance (km)", "Residuals by Vs30 (m per s)"
_TITLES = {"pga": "PGA", "pgv": "PGV", "d5_95_s": "D5-95", "vh_pga": "V/H of PGA"}
_CLASS_DRAWS = 300  # bootstrap of the many small classes
_RATIOS = (("tau", 1), ("phi", 2))


def measure_title(name):
    """Name of a measure for people.

    Examples
    --------
    >>> [measure_title(name) for name in ("pga", "psa_0.3", "vh_psa_1")]
    ['PGA', 'PSA(0.3 s)', 'V/H of PSA(1 s)']
    """
    if name.startswith("vh_psa_"):
        return f"V/H of PSA({name[7:]} s)"
    return _TITLES.get(name, f"PSA({name[4:]} s)" if name.startswith("psa_") else name)


def flatfile_tables(residuals, measures, name, model, settings):
    """Make all tables of an evaluation.

    Parameters
    ----------
    residuals : DataFrame
        Of `seissynth.evaluation.flatfiles.residuals`.
    measures : tuple of str
    name : str
        Of the backend.
    model : str
        Title of the ground-motion model; empty without one.
    settings : EvaluationSettings

    Returns
    -------
    summary : DataFrame
    tables : dict of str to DataFrame
    notes : list of str
    """
    import pandas as pd

    events, stations = residuals["event"].to_numpy(str), residuals["station"].to_numpy(str)
    bootstrap = {"draws": min(settings.draws, _CLASS_DRAWS), "seed": settings.seed}
    summary, parts, notes = [], [], []
    for measure in measures:
        sets = _sets(residuals, measure, name, model)
        table, samples = split_sets(sets, events, stations, draws=min(settings.draws, SPLIT_DRAWS), seed=settings.seed)
        table.insert(0, "measure", measure)
        parts.append(table)
        summary.append(_summary_row(measure, table, samples, name, model))
    columns = {name: "", **({model: "_model"} if model else {})}
    tables = {PARTS_TABLE: pd.concat(parts, ignore_index=True)}
    for title, classes, of in (
        (MAGNITUDE, MAGNITUDE_CLASSES, "magnitude"), (DISTANCE, DISTANCE_CLASSES_KM, "distance_km"),
        (VS30, VS30_CLASSES_MPS, "vs30_mps"),
    ):  # fmt: skip
        tables[title] = _for_sets(
            columns, residuals, measures, lambda values, classes=classes, of=of: by_class(
                values, classes, residuals[of], events, **bootstrap
            ),
        )  # fmt: skip
    inside = {
        label: {measure: within_event(residuals[measure + ending].to_numpy(float), events, stations)
                for measure in measures if measure + ending in residuals}
        for label, ending in columns.items()
    }  # fmt: skip
    tables[SPATIAL] = _spatial(residuals, inside, events, bootstrap)
    frames = [measure_correlation(values, events, **bootstrap).assign(set=label) for label, values in inside.items()]
    tables[MEASURES] = _set_first(pd.concat(frames, ignore_index=True))
    if len(set(events)) < 10:
        notes.append(f"{len(set(events))} events are few: intervals are too narrow, and tau is hardly known.")
    if len(set(stations)) == len(residuals):
        notes.append("Each station has one record: station terms and the rest of phi cannot be told apart.")
    return pd.DataFrame(summary), tables, notes


def _sets(residuals, measure, name, model):
    """Residuals of one measure: of the backend, of the model, and of the backend's draw against the model."""
    sets = {name: residuals[measure]}
    if f"{measure}_model" in residuals and residuals[f"{measure}_model"].notna().any():
        sets[model] = residuals[f"{measure}_model"]
        if f"{measure}_draw_model" in residuals:
            sets[f"a draw of {name} against {model}"] = residuals[f"{measure}_draw_model"]
    return sets


def _summary_row(measure, table, samples, name, model):
    """One measure: the backend's parts, the model's, and their ratios with intervals of shared bootstrap samples."""
    lines = table.set_index("set")
    own = lines.loc[name]
    row = {"measure": measure, "records": int(own["records"]), "events": int(own["events"]),
           "stations": int(own["stations"])}  # fmt: skip
    row |= {f"{part}{ending}": own[f"{part}{ending}"] for part in PARTS for ending in ("", "_low", "_high")}
    known = model in lines.index
    row |= {f"model_{part}": lines.loc[model, part] if known else np.nan for part in PARTS}
    for part, column in _RATIOS:
        values = (np.nan, np.nan, np.nan)
        if known:
            with np.errstate(invalid="ignore", divide="ignore"):
                ratios = samples[name][:, column] / samples[model][:, column] if len(samples[name]) else np.empty(0)
                values = float(np.divide(own[part], lines.loc[model, part])), *limits(ratios)
        row |= dict(zip((f"{part}_ratio", f"{part}_ratio_low", f"{part}_ratio_high"), values, strict=True))
    drawn = next((label for label in lines.index if label.startswith("a draw of ")), None)
    row |= {f"draw_{part}": lines.loc[drawn, part] if drawn else np.nan for part in PARTS}
    return row


def _for_sets(columns, residuals, measures, make):
    import pandas as pd

    frames = []
    for label, ending in columns.items():
        values = {measure: residuals[measure + ending] for measure in measures if measure + ending in residuals}
        frames.append(make(values).assign(set=label))
    return _set_first(pd.concat(frames, ignore_index=True))


def _set_first(table):
    return table[["set", *(name for name in table if name != "set")]]


def _spatial(residuals, inside, events, bootstrap):
    import pandas as pd

    latitude, longitude = (residuals[f"station_{name}_deg"].to_numpy(float) for name in ("latitude", "longitude"))
    frames = []
    for label, values in inside.items():
        for measure, within in values.items():
            one = spatial_correlation(within, events, latitude, longitude, **bootstrap)
            frames.append(one.assign(set=label, measure=measure, range_km=correlation_range_km(one)))
    table = pd.concat(frames, ignore_index=True)
    return table[["set", "measure", *(name for name in table if name not in ("set", "measure"))]]
