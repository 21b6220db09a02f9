"""Source group: moment, corner frequency and kappa of generated and observed earthquakes; HVSR."""

import numpy as np

from seissynth.evaluation.groups.ground_motion import same_band, usable
from seissynth.evaluation.groups.source_fit import PathModel, displacement_spectra, fit_source
from seissynth.evaluation.results import MetricGroup, SummaryInProgress

#: window of S: from a little before its onset to this long after it
S_WINDOW_S = 25.0
CLEAR_RATIO = 3.0
LEAST_STATIONS = 3
_BEFORE_S_S = 0.3
_NOISE_GAP_S = 0.5
_NOISE_LEAST_S = 1.0
_EDGE = 1.3  # the fit keeps away from the filter's corners by this factor
_DEFAULT_BAND_HZ = (0.5, 40.0)
_HVSR_BAND = (1.0, 30.0)


def s_window(records, length_s=S_WINDOW_S):
    """Samples of S: from 0.3 s before it to `length_s` after it, or to the end of the mask; shape (n, npts), bool."""
    times = records.times_s()
    s = np.where(np.isfinite(records.s_s), records.s_s, records.column("path_s_travel_s"))[:, None]
    return (times >= s - _BEFORE_S_S) & (times < np.minimum(s + length_s, records.mask_end_s[:, None]))


def source_spectra(records, band_hz=None, clear_ratio=CLEAR_RATIO):
    """Displacement spectra of S of each record, NaN where they are not above the noise before P.

    Parameters
    ----------
    records : RecordSet
    band_hz : tuple of two floats, optional
        By default the records' own band less 30 % at each end, else 0.5 to 40 Hz.
    clear_ratio : float

    Returns
    -------
    frequency_hz, amplitude, count : ndarray
        As `displacement_spectra`.
    """
    band = band_hz or fit_band(records)
    window = s_window(records)
    data = records.data[:, 1:]
    frequency, amplitude, count = displacement_spectra(data, records.sampling_rate_hz, records.quantity, band, window)
    times = records.times_s()
    p = np.where(np.isfinite(records.p_s), records.p_s, records.column("path_p_travel_s"))
    before = times < (p - _NOISE_GAP_S)[:, None]
    before[before.sum(axis=1) < _NOISE_LEAST_S * records.sampling_rate_hz] = False
    _, noise, _ = displacement_spectra(data, records.sampling_rate_hz, records.quantity, band, before)
    # noise is stationary: its spectrum grows with the root of the window's length
    longer = np.sqrt(window.sum(axis=1) / np.maximum(before.sum(axis=1), 1))[:, None]
    # where the noise's window is too short for a band, the nearest band above replaces it
    for column in range(noise.shape[1] - 2, -1, -1):
        gap = np.isnan(noise[:, column])
        noise[gap, column] = noise[gap, column + 1]
    low = amplitude < clear_ratio * noise * longer
    amplitude[low] = np.nan
    return frequency, amplitude, count


def fit_band(records):
    """Band for fits: the records' own less 30 % at each end, else 0.5 to 40 Hz; never above 0.45 of the rate."""
    low, high = _DEFAULT_BAND_HZ
    if records.band_hz:
        low = records.band_hz[0] * _EDGE if records.band_hz[0] else low
        high = records.band_hz[1] / _EDGE if records.band_hz[1] else high
    return low, min(high, 0.45 * records.sampling_rate_hz)


def fit_events(records, *, path=None, band_hz=None, kappa="common", least_stations=LEAST_STATIONS, sites=None):
    """Fit the source of each earthquake of a record set.

    Parameters
    ----------
    records : RecordSet
    path : PathModel, optional
    band_hz : tuple of two floats, optional
    kappa : {"common", "record", "none"} or float
        As `fit_source`.
    least_stations : int
        Earthquakes with fewer usable records are left out.
    sites : ndarray of bool, shape (n,), optional
        Records to use; by default those without clipped samples and gaps.

    Returns
    -------
    DataFrame
        One row per earthquake: ``event``, ``catalogue`` (its magnitude), ``mw``, ``mw_se``, ``corner_hz``,
        ``ln_corner_se``, ``kappa_s``, ``kappa_se``, ``stress_drop_bar``, ``misfit_sd``, ``level_sd``, ``stations``,
        ``resolved``.
    """
    frequency, amplitude, count = source_spectra(records, band_hz)
    keep = usable(records) if sites is None else np.asarray(sites, bool)
    return _fit_each(records, frequency, amplitude, count, keep, path, kappa=kappa, least_stations=least_stations)


def source_group(pairs, settings=None, *, path=None):
    """Sources fitted to generated and to observed spectra of the same earthquakes, and HVSR of both.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional
    path : PathModel, optional
        Known path; the same for both sets, and errors of it cancel in the differences.

    Returns
    -------
    MetricGroup
        Differences generated - observed by earthquake (first draw): ``source_mw_difference``,
        ``ln_corner_difference`` and ``kappa_difference_s`` where both are resolved, ``ln_spectrum_difference`` over the
        band, and of HVSR (S window, by record, 1 to 30 Hz) ``ln_hvsr_difference`` and its rms over frequency. Table
        "Sources" holds each fit, table "HVSR" the ratios by frequency.
    """
    import pandas as pd

    from seissynth.evaluation.groups.hvsr import hvsr

    path = path or PathModel()
    pairs = same_band(pairs)
    real, generated = pairs.real, pairs.generated
    summary = SummaryInProgress(real.events, settings)
    keep = usable(real)
    band = fit_band(real)
    frequency, observed, count = source_spectra(real, band)
    _, drawn, _ = source_spectra(generated, band, clear_ratio=0.0)
    drawn[np.isnan(observed)] = np.nan  # the same bands of the same records
    tables = {}
    for name, amplitude in (("real", observed), ("generated", drawn)):
        tables[name] = _fit_each(real, frequency, amplitude, count, keep, path)
    both = tables["real"].merge(tables["generated"], on=["event", "catalogue"], suffixes=("_real", "_generated"))
    clear = (both["resolved_real"] & both["resolved_generated"]).to_numpy(bool)
    level = np.full(len(real), np.nan)
    rows_with = np.isfinite(observed).any(axis=1) & np.isfinite(drawn).any(axis=1) & keep
    level[rows_with] = np.nanmean(np.log(drawn[rows_with]) - np.log(observed[rows_with]), axis=1)
    ratios = [hvsr(part.data, part.sampling_rate_hz, window=s_window(real)) for part in (real, generated)]
    inside = (ratios[0].frequency_hz >= max(_HVSR_BAND[0], band[0])) & (ratios[0].frequency_hz <= _HVSR_BAND[1])
    good = (np.isfinite(observed).mean(axis=1) > 0.7) & keep
    off = (ratios[1].ln_of_record - ratios[0].ln_of_record)[:, inside]
    off[~good] = np.nan
    events = both["event"]
    difference = both["mw_generated"] - both["mw_real"]
    note = "moment magnitude fitted to S, generated - observed"
    summary.add("source_mw_difference", "1", difference, 0.0, events=events, note=note)
    difference = np.where(clear, np.log(both["corner_hz_generated"] / both["corner_hz_real"]), np.nan)
    note = "corner frequency; earthquakes whose corner both resolve"
    summary.add("ln_corner_difference", "1", difference, 0.0, events=events, note=note)
    difference = np.where(clear, both["kappa_s_generated"] - both["kappa_s_real"], np.nan)
    note = "attenuation beside the path's"
    summary.add("kappa_difference_s", "s", difference, 0.0, events=events, note=note)
    note = f"displacement spectrum of S, mean over {band[0]:.2g} to {band[1]:.2g} Hz"
    summary.add("ln_spectrum_difference", "1", level, 0.0, note=note)
    note = "horizontal over vertical of S, mean over frequency"
    summary.add("ln_hvsr_difference", "1", off.mean(axis=1), 0.0, note=note)
    note = "rms over frequency; two realisations of one spectrum differ by some 0.4"
    summary.add("ln_hvsr_rms", "1", np.sqrt((off**2).mean(axis=1)), 0.0, note=note)
    table = pd.DataFrame({"frequency_hz": ratios[0].frequency_hz})
    for name, ratio in zip(("real", "generated"), ratios, strict=True):
        part = ratio.ln_of_record[good]
        table[f"{name}_median"] = np.exp(np.nanmedian(part, axis=0)) if len(part) else np.nan
        low, high = np.nanpercentile(part, (25, 75), axis=0) if len(part) else (np.nan, np.nan)
        table[f"{name}_low"], table[f"{name}_high"] = np.exp(low), np.exp(high)
    notes = [
        f"S from 0.3 s before its onset to {S_WINDOW_S:g} s after it or the mask's end, {band[0]:.2g} to {band[1]:.2g} "
        f"Hz, bands {CLEAR_RATIO:g} times above the noise before P; the same bands of both.",
        f"{len(both)} of {len(set(real.events))} earthquakes have {LEAST_STATIONS} or more such records; "
        f"{int(clear.sum())} have a corner that both resolve. Above M 4.3 or so a corner is below a band from 1 Hz, "
        "and the moment is a bound.",
        f"HVSR: {int(good.sum())} records clear in 70 % of the band; bands show quartiles.",
    ]  # fmt: skip
    return MetricGroup(
        "source", "Sources: moment, corner frequency, kappa; HVSR", summary.table(),
        {"Sources": both, "HVSR": table}, both, notes,
    )  # fmt: skip


def _fit_each(records, frequency, amplitude, count, keep, path, *, kappa="common", least_stations=LEAST_STATIONS):
    """One row per earthquake with enough records."""
    import pandas as pd

    rows, distance = [], records.column("path_hyp_distance_km")
    events, magnitude = records.events, records.column("source_magnitude")
    enough = keep & np.isfinite(distance) & (np.isfinite(amplitude).sum(axis=1) >= 6)
    for event in dict.fromkeys(events):
        of_event = np.flatnonzero((events == event) & enough)
        if len(of_event) < least_stations:
            continue
        fit = fit_source(
            frequency, amplitude[of_event], distance[of_event], path=path, count=count[of_event], kappa=kappa
        )
        rows.append([event, magnitude[of_event[0]], fit.magnitude, fit.magnitude_se, fit.corner_hz,
                     fit.ln_corner_se, fit.kappa_s, fit.kappa_se, fit.stress_drop_bar, fit.misfit_sd,
                     fit.level_sd, fit.records, fit.resolved])  # fmt: skip
    columns = ["event", "catalogue", "mw", "mw_se", "corner_hz", "ln_corner_se", "kappa_s", "kappa_se",
               "stress_drop_bar", "misfit_sd", "level_sd", "stations", "resolved"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
