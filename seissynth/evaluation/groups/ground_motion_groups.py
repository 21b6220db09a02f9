"""Ground-motion and magnitude groups of the evaluation."""

import numpy as np

from seissynth.errors import MissingDependencyError
from seissynth.evaluation.ground_motion_models import GROUND_MOTION_MODELS, ground_motion_model
from seissynth.evaluation.groups.ground_motion import (
    DISTANCE_CLASSES_KM,
    MAGNITUDE_CLASSES,
    by_class,
    distance_of,
    ln_residuals,
    measure_names,
    model_residuals,
    same_band,
    usable,
)
from seissynth.evaluation.groups.selection import bias_beyond_selection, residuals_between_draws
from seissynth.evaluation.magnitude import MAGNITUDE_REGIONS, network_magnitude, record_magnitudes
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, SummaryInProgress
from seissynth.evaluation.statistics.intervals import interval
from seissynth.evaluation.statistics.mixed_effects import split_table

#: scale of local magnitude -> model of the region, as HEGGS (2025) pairs them
MODEL_OF_REGION = {"southern_california": "bssa14", "hutton_boore": "bssa14", "korea": "emolo15", "italy": "ita18"}
_CLASS_DRAWS = 300  # bootstrap of the many small classes
_TITLES = {"pga": "PGA", "pgv": "PGV", "arias": "Arias intensity", "d5_95_s": "duration D5-95"}


def ground_motion_group(pairs, settings=None, *, region="southern_california", models=None):
    """Peaks, response spectra, Arias intensity and durations: generated compared with observed and with models.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional
    region : str
        Scale of local magnitude for HEGGS' figure 2, one of `MAGNITUDE_REGIONS`.
    models : sequence of str, optional
        Ground-motion models to compare with; all by default. One that is not installed is left out and noted.

    Returns
    -------
    MetricGroup
        ``ln_<measure>_bias``: median over records of ln generated - ln observed (unit 1, best 0), ``ln_<measure>_sd``
        its standard deviation (it includes the scatter of both; 0 for a set compared with itself, but not the goal for
        a generator whose draws differ like real records), ``ln_pga_bias_both`` of records whose generated motion is
        above the noise, too. With several draws also what the choice of real records above their noise gives by itself
        (``ln_pga_bias_of_selection``, see `residuals_between_draws`), and the bias that it does not explain
        (``ln_pga_bias_beyond_selection``). Tables: residuals by magnitude and distance, their parts between events and
        stations, both sets against each model, and the points of figure 2.
    """
    pairs = same_band(pairs)
    summary = SummaryInProgress(pairs.events, settings)
    settings = summary.settings
    table = ln_residuals(pairs, settings.periods_s)
    names = [name for name in measure_names(settings.periods_s) if table[name].notna().any()]
    for name in names:
        for statistic, ending in (("median", "bias"), ("sd", "sd")):
            note = f"{_title(name)}, {'median' if ending == 'bias' else 'standard deviation'}"
            summary.add(f"ln_{_plain(name)}_{ending}", "1", table[name], 0.0, statistic=statistic, note=note)
        if name in ("pga", "pgv"):
            both = table[name].where(table[f"{name}_both"])
            note = f"{_title(name)}, median of records whose generated motion is above the noise, too"
            summary.add(f"ln_{name}_bias_both", "1", both, 0.0, statistic="median", note=note)
            if len(pairs.draws) > 1:
                _add_selection(summary, pairs, name, table[name])
    values = {name: table[name] for name in names}
    bootstrap = {"draws": min(settings.draws, _CLASS_DRAWS), "seed": settings.seed}
    tables = {
        "Residuals by magnitude": by_class(values, MAGNITUDE_CLASSES, table["magnitude"], pairs.events, **bootstrap),
        "Residuals by hypocentral distance (km)": by_class(
            values, DISTANCE_CLASSES_KM, table["distance_km"], pairs.events, **bootstrap
        ),
        "Residuals: events, stations and the rest": split_table(values, pairs.events, pairs.stations),
    }
    against, model_notes = _against_models(pairs, table, names, models, settings)
    if against is not None:
        tables["Against ground-motion models"] = against
    points, figure_notes = figure_2_points(pairs, region, settings, table)
    tables["HEGGS figure 2"] = points
    left = int((~usable(pairs.real)).sum())
    band = pairs.real.band_hz
    notes = [
        f"{len(pairs)} records, {len(pairs.draws)} draws; the generated value is the mean over draws of ln. "
        f"{left} clipped or broken real records are left out.",
        "A record counts in a measure if it is 3 times above its noise before P: "
        + ", ".join(f"{_title(name)} {int(table[name].notna().sum())}" for name in names) + ".",
        f"Everything in the band {band[0]:g} to {band[1]:g} Hz, of both." if band else "No pass band is known.",
        *([
            "PSA at periods beyond the band's lower edge is left out; PGV and PSA near it only if the corner "
            "frequency (Brune, 30 bar) is 1.5 times above it."
        ] if band and band[0] else []),
        *model_notes, *figure_notes,
    ]  # fmt: skip
    return MetricGroup(
        "ground_motion", "Ground motion: PGA, PGV, response spectra, Arias intensity, durations", summary.table(),
        tables, table, notes,
    )  # fmt: skip


def _add_selection(summary, pairs, name, residuals):
    """Add what the choice of records above their noise gives by itself, and the bias without it."""
    between, above = residuals_between_draws(pairs, name, summary.settings.periods_s)
    chosen = np.where(above >= 0, between, np.nan)

    def add(what, limits, known, best, words):
        if np.isfinite(limits[0]):
            events = len(set(pairs.events[known].tolist()))
            note = f"{_title(name)}, {words}"
            summary.add_value(f"ln_{name}_bias_{what}_selection", "1", limits, best, int(known.sum()), events, note)

    alone = interval(lambda rows: _median(chosen[:, rows]), pairs.events, **summary.bootstrap)
    seen = np.isfinite(chosen).any(axis=0)
    add("of", alone, seen, np.nan, "median over draws in the real record's place")
    beyond = bias_beyond_selection(residuals, between, above, pairs.events, **summary.bootstrap)
    add("beyond", beyond, np.isfinite(residuals), 0.0, "what selection does not explain of the bias")


def _median(values):
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else np.nan


def figure_2_points(pairs, region="southern_california", settings=None, residuals=None):
    """Data of figure 2 of HEGGS: the ground-motion model's PGA of the local magnitude of each waveform.

    Parameters
    ----------
    pairs : Pairs
    region : str
        One of `MAGNITUDE_REGIONS`; its model is in `MODEL_OF_REGION`.
    settings : EvaluationSettings, optional
    residuals : DataFrame, optional
        Result of `ln_residuals`, if available: the measured PGA is taken from it.

    Returns
    -------
    points : DataFrame
        ``event``, ``station``, ``magnitude``, ``distance_km`` (of the model's kind), ``ml_real``, ``ml_generated``,
        ``model_of_ml_real``, ``model_of_ml_generated`` (PGA, m/s²: the figure as printed), ``model`` (PGA of the
        catalogue's magnitude), ``pga_real``, ``pga_generated`` (measured: the other reading of the figure).
    notes : list of str

    Notes
    -----
    As printed each point is GMPE(ML(W), R): a function of the Wood-Anderson amplitude and the distance, independent of
    the record's own PGA. A record with the right Wood-Anderson amplitude and a PGA wrong by a factor of ten is in the
    right place.
    """
    import pandas as pd

    settings = settings or EvaluationSettings()
    real, generated = pairs.real, pairs.generated
    card = ground_motion_model(MODEL_OF_REGION[region])
    distance = distance_of(real, card.distance)
    table = {"event": real.events, "station": real.stations, "magnitude": real.column("source_magnitude"),
             "distance_km": distance}  # fmt: skip
    observed = record_magnitudes(real, region)["ml"].to_numpy()
    drawn = record_magnitudes(generated, region, least_ratio=0.0)["ml"].to_numpy()
    table["ml_real"], table["ml_generated"] = observed, np.where(np.isfinite(observed), drawn, np.nan)
    vs30 = _vs30(real, settings)
    notes = []
    try:
        for name, source in (("model_of_ml_real", "ml_real"), ("model_of_ml_generated", "ml_generated"),
                             ("model", "magnitude")):  # fmt: skip
            magnitude = table[source]
            prediction = card.predict(["pga"], magnitude, distance, distance_kind=card.distance, vs30_mps=vs30)
            table[name] = np.exp(prediction.ln_median[:, 0])
            have = np.isfinite(magnitude)
            outside = int((prediction.outside & have).sum())
            notes.append(f"Figure 2, {card.title} of {source}: {outside} of {int(have.sum())} records are outside.")
    except MissingDependencyError as error:
        notes.append(f"Figure 2 as printed is left out: {error}")
    residuals = ln_residuals(pairs, ()) if residuals is None else residuals
    for name in ("pga_real", "pga_generated"):
        table[name] = residuals[name].where(np.isfinite(observed)).to_numpy()
    points = pd.DataFrame(table)
    points.attrs["model"] = card.name
    return points, notes


def model_curve(model, magnitude, distance_km, vs30_mps=760.0):
    """Median PGA of a ground-motion model over its own distance, m/s²; NaN outside its range."""
    card = ground_motion_model(model)
    prediction = card.predict(["pga"], magnitude, distance_km, distance_kind=card.distance, vs30_mps=vs30_mps)
    return np.exp(prediction.ln_median[:, 0])


def magnitude_group(pairs, settings=None, *, region="southern_california", least_stations=3):
    """Local magnitude of generated and of observed records, by a region's formula, compared with the catalogue.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional
    region : str
        One of `MAGNITUDE_REGIONS`.
    least_stations : int
        Of an earthquake's magnitude.

    Returns
    -------
    MetricGroup
        By earthquake, median over the same stations of both sets: ``ml_difference`` (generated - observed, best 0) with
        its ``_sd`` over earthquakes, ``ml_generated_off_catalogue``, ``ml_real_off_catalogue``; by record
        ``record_ml_difference_sd``; ``ml_slope``, of generated over observed event magnitudes (best 1).
    """
    import pandas as pd

    pairs = same_band(pairs)
    summary = SummaryInProgress(pairs.events, settings)
    real = record_magnitudes(pairs.real, region)
    drawn = [record_magnitudes(draw, region, least_ratio=0.0)["ml"].to_numpy() for draw in pairs.draws]
    clear = real["ml"].notna().to_numpy()
    generated = np.where(clear, np.mean(drawn, axis=0), np.nan)
    catalogue = pairs.real.column("source_magnitude")
    records = real.assign(ml_generated=generated, difference=generated - real["ml"], catalogue=catalogue)
    tables = [network_magnitude(values, records["event"], records["station"], least_stations=least_stations)
              for values in (records["ml"], records["ml_generated"])]  # fmt: skip
    table = tables[0].merge(tables[1][["event", "ml", "sd"]], on="event", suffixes=("_real", "_generated"))
    table["catalogue"] = table["event"].map(records.groupby("event")["catalogue"].first())
    table["difference"] = table["ml_generated"] - table["ml_real"]
    events = table["event"]
    note = "earthquakes, generated - observed, same stations"
    summary.add("ml_difference", "1", table["difference"], 0.0, events=events, statistic="median", note=note)
    note = "over earthquakes"
    summary.add("ml_difference_sd", "1", table["difference"], 0.0, events=events, statistic="sd", note=note)
    summary.add("record_ml_difference_sd", "1", records["difference"], 0.0, events=records["event"], statistic="sd",
                note="over records")  # fmt: skip
    for name in ("generated", "real"):
        off = table[f"ml_{name}"] - table["catalogue"]
        note = "the formula against the catalogue's own magnitude"
        summary.add(f"ml_{name}_off_catalogue", "1", off, 0.0, events=events, statistic="median", note=note)
    _add_slope(summary, table)
    scale = MAGNITUDE_REGIONS[region]
    short = int((table["stations"] < least_stations).sum())
    notes = [
        f"Scale: {scale.name}, {scale.source}; {scale.distance} distance; no station corrections; mean of both "
        "horizontals, median over stations. Wood-Anderson: gain 2080, 0.8 s, damping 0.7.",
        f"{int(clear.sum())} of {len(records)} real records are unclipped and 3 times above their noise; {short} of "
        f"{len(table)} earthquakes have fewer than {least_stations} such stations.",
    ]
    low = pairs.real.band_hz[0] if pairs.real.band_hz else None
    if low and low >= 0.5:
        notes.append(
            f"Records begin at {low:g} Hz, the seismometer at 1.25 Hz: magnitudes above about 4.5 are underestimated, "
            "of both sets alike."
        )
    return MetricGroup(
        "magnitude", "Local magnitude from Wood-Anderson amplitudes", summary.table(),
        {"Earthquakes": table, "Records": pd.DataFrame(records)}, table, notes,
    )  # fmt: skip


def _add_slope(summary, table):
    from seissynth.evaluation.statistics.intervals import interval

    x, y = table["ml_real"].to_numpy(), table["ml_generated"].to_numpy()
    good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))

    def slope(rows):
        chosen = good[rows]
        return np.polyfit(x[chosen], y[chosen], 1)[0] if np.ptp(x[chosen]) > 0.5 else np.nan

    limits = (np.nan,) * 3
    if len(good) > 2 and np.ptp(x[good]) > 0.5:
        limits = interval(slope, table["event"].to_numpy()[good], **summary.bootstrap)
    note = "generated over observed event magnitudes"
    summary.add_value("ml_slope", "1", limits, 1.0, len(good), len(good), note)


def _against_models(pairs, table, names, models, settings):
    """Mean residual and its parts of both sets against each model, with the model's own standard deviations."""
    import pandas as pd

    parts, notes = [], []
    for model in models or GROUND_MOTION_MODELS:
        card = ground_motion_model(model)
        shared = [name for name in names if name[:3] in ("pga", "pgv", "psa") and card.has(name)]
        if not shared:
            continue
        try:
            # a mean over draws would scatter less than records do
            for title, ending in (("real", "real"), ("generated", "draw")):
                measures = table[[f"{name}_{ending}" for name in shared]].set_axis(shared, axis=1)
                # the same records of both
                measures = measures.where(table[shared].notna())
                residuals, prediction = model_residuals(
                    pairs.real, measures, model, shared, vs30_unknown_mps=settings.vs30_mps
                )
                split = split_table(
                    {name: residuals[name] for name in shared}, pairs.events, pairs.stations, limits=False
                )
                for column, value in (("model_tau", prediction.tau), ("model_phi", prediction.phi)):
                    split[column] = [_mean(part) for part in value.T]
                split.insert(0, "set", title)
                split.insert(0, "model", card.title)
                parts.append(split.drop(columns=[c for c in split if c.endswith(("_low", "_high"))]))
        except MissingDependencyError as error:
            notes.append(f"{card.title} is left out: {error}")
            continue
        have = table[shared].notna().any(axis=1).to_numpy()
        notes.append(
            f"{card.title} takes {card.distance} distance, {card.magnitude_type} {card.magnitudes[0]:g} to "
            f"{card.magnitudes[1]:g}, {card.distances_km[0]:g} to {card.distances_km[1]:g} km: "
            f"{int((prediction.outside & have).sum())} of {int(have.sum())} records are outside."
            + _type_note(pairs.real, card)
        )
    unknown = int(np.isnan(pairs.real.column("station_vs_30_mps")).sum())
    if unknown:
        notes.append(f"Vs30 is unknown for {unknown} records and taken as {settings.vs30_mps:g} m/s; the mechanism is "
                     "unspecified; R_JB is estimated from the epicentral distance.")  # fmt: skip
    return (pd.concat(parts, ignore_index=True) if parts else None), notes


def _mean(values):
    """Mean without NaN; NaN without values."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan


def _type_note(records, card):
    if "source_magnitude_type" not in records.metadata:
        return ""
    kinds = records.metadata["source_magnitude_type"].fillna("").astype(str)
    other = int((kinds.str.lower().str[:2] != card.magnitude_type.lower()).sum())
    return f" The magnitudes of {other} records are of another type and taken as they are." if other else ""


def _vs30(records, settings):
    vs30 = records.column("station_vs_30_mps")
    return np.where(np.isfinite(vs30), vs30, settings.vs30_mps)


def _title(name):
    return _TITLES.get(name, f"PSA({name[4:]} s)" if name.startswith("psa") else name)


def _plain(name):
    """Metric names have no points: psa_0.3 -> psa_0p3."""
    return name.replace(".", "p").replace("d5_95_s", "d5_95")
