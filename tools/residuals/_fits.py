"""Fit a residual model to records, and predict records at stations that are left out."""

import numpy as np

from seissynth_plugins.conditioned.calibration import PLAIN, fit_deviation
from seissynth_plugins.conditioned.peaks import MEASURES, peak_changes
from seissynth_plugins.conditioned.spectra import PERIODS_S, period_of
from seissynth_plugins.residuals.hyperparameters import fit_hyperparameters
from seissynth_plugins.residuals.kriging import Kriging
from seissynth_plugins.residuals.observations import Observations
from seissynth_plugins.residuals.patterns import fit_patterns, on_clock
from seissynth_plugins.residuals.weights import ResidualModel
from tools.residuals._rivals import has_enough, residual

PATTERNS = 20
#: a record is used where this share of its cells counts from S to 10 s after it
_LEAST_COUNTED, _BEHIND_S = 0.2, 10.0
#: groups of earthquakes that are left out of an archive in turn
_GROUPS = 8
#: of a model whose peaks are not calibrated
_PLAIN_PSA = {"periods_s": list(PERIODS_S), **{key: [value] * len(PERIODS_S) for key, value in PLAIN.items()}}
_PLAIN = {**dict.fromkeys(MEASURES, PLAIN), "psa": _PLAIN_PSA}


def observations(patterns, records):
    """Coordinates of records, as `Observations`."""
    pairs = [patterns.coordinates(one) for one in records.residuals]
    return Observations(records.places, np.stack([a for a, _ in pairs]), np.stack([b for _, b in pairs]))


def shown(records, least=_LEAST_COUNTED):
    """Rows of records that show enough of their earthquake: a share `least` of their cells counts after S."""
    shares = [
        one.counts[..., (one.times_s > one.s_s) & (one.times_s < one.s_s + _BEHIND_S)].mean()
        for one in records.residuals
    ]
    return np.flatnonzero(np.array(shares) > least)


def fit_model(records, patterns=PATTERNS, calibrate=True, least=_LEAST_COUNTED):
    """Patterns, hyper-parameters and calibration of peaks, from the same records, those that show enough cells."""
    records = records.select(shown(records, least))
    found = fit_patterns(*on_clock(records.residuals), patterns)
    known = observations(found, records)
    parameters = fit_hyperparameters(known.values, known.variances, records.places)
    model = ResidualModel(found, parameters, {"calibration": _PLAIN})
    if calibrate:
        model.about["calibration"] = fit_calibration(model, records)
    return model


def leave_out(model, records, sources="all", archive=None, station_left=1.0):
    """Coordinates at each record from the other stations' records of its earthquake.

    Parameters
    ----------
    model : ResidualModel
    records : ResidualRecords
    sources : {"all", "one", "none"}
        All other stations, the nearest one, or none.
    archive : Observations, optional
    station_left : float
        Of the variance of the station's term, see `Conditioned.at`.

    Yields
    ------
    row : int
    mean, variance : ndarray, shape (patterns,)
    others : array of int
        Rows of the sources.
    """
    known, kriging = observations(model.patterns, records), Kriging(model.parameters, archive)
    for row in range(len(records)):
        same = (records.event == records.event[row]) & (records.places.station != records.places.station[row])
        others = np.flatnonzero(same)
        if sources == "one" and len(others):
            apart = np.linalg.norm(records.places.station_km[others] - records.places.station_km[row], axis=1)
            others = others[[apart.argmin()]]
        given = kriging.given(known.select(others) if sources != "none" and len(others) else None)
        found = given.at(records.places.select([row]), [station_left])
        yield row, found.mean[0], found.variance[0], others if sources != "none" else others[:0]


def fit_calibration(model, records, archive=False):
    """Calibration of predicted peaks: stations left out, with all sources, with one, and with none, together.

    With `archive`, earthquake by earthquake with the records of all others as archive. PSA at periods with too few
    clear records is left out: `calibration_of` then takes the nearest period.
    """
    rows = {measure: [] for measure in records.measures if has_enough(records, measure)}
    known = observations(model.patterns, records)
    for part, other in _parts(records, archive):
        clear, errors = part.clear, {measure: residual(part, measure) for measure in part.measures}
        for sources in ("all", "one", "none"):
            there = leave_out(model, part, sources, known.select(other) if archive else None)
            for row, mean, variance, _ in there:
                changes = peak_changes(model.patterns, part.expected[row], mean, variance)
                for measure, (middle, deviation, _) in changes.items():
                    if measure in rows and clear[measure][row]:
                        rows[measure].append((errors[measure][row] - middle, deviation))
    found = {measure: fit_deviation(*np.array(pairs).T) for measure, pairs in rows.items()}
    out = {measure: one for measure, one in found.items() if period_of(measure) is None}
    psa = sorted(((period_of(m), one) for m, one in found.items() if m not in out), key=lambda pair: pair[0])
    if psa:
        columns = {key: [one[key] for _, one in psa] for key in PLAIN}
        out["psa"] = {"periods_s": [period for period, _ in psa], **columns}
    return out


def _parts(records, archive):
    """All records, or groups of earthquakes, and the rows of the others."""
    if not archive:
        return [(records, None)]
    names = np.unique(records.event)
    group = np.searchsorted(names, records.event) * min(_GROUPS, len(names)) // len(names)
    return [(records.select(np.flatnonzero(group == one)), np.flatnonzero(group != one)) for one in np.unique(group)]
