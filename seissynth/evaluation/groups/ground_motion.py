"""Ground motion of records: peaks, response spectra, Arias intensity and durations, and their residuals."""

from __future__ import annotations

import hashlib
import itertools
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.ground_motion_models import (
    VS30_UNKNOWN_MPS,
    ground_motion_model,
    joyner_boore_distance,
    split_measure,
)
from seissynth.shared.ramps import half_cosine
from seissynth.signal.source_scaling import brune_corner_of_moment_hz, moment_dyne_cm

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike

    from seissynth.evaluation.ground_motion_models import Prediction
    from seissynth.evaluation.record_sets import Pairs, RecordSet

#: measures that need a record well above its noise are left out below this ratio
CLEAR_RATIO = 3.0
#: periods of response spectra, s
PERIODS_S = (0.1, 0.3, 1.0, 3.0)
#: classes of the tables
MAGNITUDE_CLASSES = (-2.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 10.0)
DISTANCE_CLASSES_KM = (0.0, 10.0, 20.0, 30.0, 40.0, 60.0, 100.0, 200.0, 1000.0)

_BEFORE_P_S = 0.5  # signal begins that long before P, where noise ends
_NOISE_LEAST_S = 1.0
_TAPER_S = 0.2
_SAMPLED = 101  # one sample in so many tells whether records were changed
_EDGE_STRESS_BAR, _EDGE_VS_KM_S = 30.0, 3.5
_EDGE_FACTOR = 1.5  # the corner must exceed the band's lower edge by this factor, or long-period measures are left out


def measure_names(periods_s=PERIODS_S):
    """Names of the measures of `ground_motion_measures`: "pga", "pgv", "psa_0.1", ..., "arias", "d5_95_s"."""
    return ("pga", "pgv", *(f"psa_{period:g}" for period in periods_s), "arias", "d5_95_s")


def windows(records):
    """Samples of signal and of noise before P.

    Parameters
    ----------
    records : RecordSet

    Returns
    -------
    signal, noise : ndarray, shape (n, npts), bool
        Signal: from 0.5 s before P to the end of the time mask. Noise: the samples before that; none if shorter than 1
        s. Records without P use the predicted P (``path_p_travel_s``), else the origin.
    """
    times = records.times_s()
    p = np.where(np.isfinite(records.p_s), records.p_s, records.column("path_p_travel_s"))
    first = np.where(np.isfinite(p), p - _BEFORE_P_S, 0.0)
    signal = (times >= first[:, None]) & (times < records.mask_end_s[:, None])
    noise = (times < first[:, None]) & np.isfinite(p)[:, None]
    short = noise.sum(axis=1) < _NOISE_LEAST_S * records.sampling_rate_hz
    noise[short] = False
    return signal, noise


def ground_motion_measures(
    records: RecordSet,
    periods_s: Sequence[float] = PERIODS_S,
    window: np.ndarray | None = None,
    workers: int | None = None,
) -> pandas.DataFrame:
    """Measure the horizontal motion of each record.

    Parameters
    ----------
    records : RecordSet
        Motion, not normalised records.
    periods_s : sequence of float
        Of PSA, damping 5 %.
    window : ndarray of bool, shape (n, npts), optional
        Samples to measure; by default the signal of `windows`. Samples outside are 0, with a taper of 0.2 s within the
        window.
    workers : int, optional
        Threads.

    Returns
    -------
    DataFrame, n rows
        ``pga`` (m/s²), ``pgv`` (m/s), ``psa_T`` (m/s²), all RotD50; ``arias`` (m/s), the mean of both horizontals;
        ``d5_95_s`` (s), of both horizontals' energy together. Neither depends on the sensor orientation. Records with
        an empty window, or without motion in it, have NaN.

    Raises
    ------
    InputError
        Records that are not motion.

    Notes
    -----
    For formulas see `seissynth.signal.rotd`, `arias_intensity` and `significant_duration`. Everything is measured
    in the records' band: a PSA whose period is beyond the lower edge says little about the ground motion (see
    `in_band`).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from seissynth.evaluation import RecordSet
    >>> swing = np.zeros((1, 3, 1000))
    >>> swing[0, 1] = np.sin(2 * np.pi * 2 * np.arange(1000) / 100)  # one horizontal, 1 m/s²
    >>> records = RecordSet("sine", swing, 100.0, "acceleration", pd.DataFrame({"source_id": ["a"]}))
    >>> found = ground_motion_measures(records, periods_s=(0.1,))
    >>> [round(float(found[name][0]), 2) for name in ("pga", "arias", "d5_95_s")]  # pga: cos 45°
    [0.71, 0.4, 8.99]
    """
    import pandas as pd

    from seissynth.signal import arias_intensity, rotd, significant_duration

    rate = records.sampling_rate_hz
    window = windows(records)[0] if window is None else np.asarray(window, bool)
    weight = _tapered(window, rate)
    # samples outside all windows only cost time; at least 16, which makes an empty window a record, too
    last = max(np.flatnonzero(window.any(axis=0)).max(initial=0) + 1, min(16, records.npts))
    acceleration, velocity = (
        np.ascontiguousarray(records.motion(name)[:, 1:, :last] * weight[:, None, :last])
        for name in ("acceleration", "velocity")
    )
    periods = tuple(float(period) for period in periods_s)
    psa = rotd(acceleration[:, 0], acceleration[:, 1], rate, (0.0, *periods), (50,), workers=workers)[:, 0]
    table = {"pga": psa[:, 0]}
    table["pgv"] = rotd(velocity[:, 0], velocity[:, 1], rate, (0.0,), (50,), workers=workers)[:, 0, 0]
    table |= {f"psa_{period:g}": psa[:, 1 + k] for k, period in enumerate(periods)}
    table["arias"] = arias_intensity(acceleration, rate).mean(axis=1)
    # its square is the sum of both squares, hence its energy is that of both
    table["d5_95_s"] = significant_duration(np.hypot(acceleration[:, 0], acceleration[:, 1]), rate, 5, 95)
    still = ~(acceleration != 0).any(axis=(1, 2))
    return pd.DataFrame({name: np.where(still, np.nan, values.astype(float)) for name, values in table.items()})


#: id of an array of samples -> (weak reference to it, measures of it by the arguments asked for)
_known: dict = {}


def known_measures(records, periods_s, window, workers=None):
    """As `ground_motion_measures`, but cached: real records are compared with every set, draws with each other."""
    data, number = records.data, id(records.data)
    # some of the samples too: the same array may have been changed in place
    some = hashlib.blake2b(np.ascontiguousarray(data[..., ::_SAMPLED]).tobytes(), digest_size=8).digest()
    entry = _known.get(number)
    if entry is None or entry[0]() is not data:
        entry = _known[number] = weakref.ref(data, lambda _: _known.pop(number, None)), {}
    digest = hashlib.blake2b(np.packbits(window).tobytes(), digest_size=16).digest()
    asked = tuple(map(float, periods_s)), digest, some, records.quantity, records.sampling_rate_hz
    if asked not in entry[1]:
        entry[1][asked] = ground_motion_measures(records, periods_s, window, workers)
    return entry[1][asked].copy()


def clear_of_noise(records, periods_s=PERIODS_S, measures=None, least_ratio=CLEAR_RATIO):
    """Whether each measure of a record is above its own noise.

    Parameters
    ----------
    records : RecordSet
    periods_s : sequence of float
    measures : DataFrame, optional
        Result of `ground_motion_measures` for the records, if available.
    least_ratio : float
        Signal over noise, both measured alike; of the Arias intensity, a rate of energy, its square.

    Returns
    -------
    clear : DataFrame of bool
        Columns as `ground_motion_measures`. A duration is clear if the Arias intensity is. Records without noise
        before P count as clear.
    noise : DataFrame
        The same measures of the noise, NaN if there is none.

    Notes
    -----
    Peaks of noise grow with the window's length; the noise here is shorter than the signal, so the ratio is somewhat
    too large.
    """
    signal, before = windows(records)
    observed = known_measures(records, periods_s, signal) if measures is None else measures
    noise = known_measures(records, periods_s, before)
    length = np.where(before.any(axis=1), signal.sum(axis=1) / np.maximum(before.sum(axis=1), 1), np.nan)
    noise["arias"] *= length
    ratio = observed / noise
    ratio["arias"] = np.sqrt(ratio["arias"])
    ratio["d5_95_s"] = ratio["arias"]
    clear = (ratio >= least_ratio) | noise.isna()
    return clear & observed.notna(), noise


def in_band(records, magnitude, periods_s=PERIODS_S):
    """Whether the pass band of the records allows each measure.

    Parameters
    ----------
    records : RecordSet
        `band_hz` is their pass band; without it everything is allowed.
    magnitude : ndarray, shape (n,)
        Moment magnitude or an approximation.
    periods_s : sequence of float

    Returns
    -------
    DataFrame of bool, n rows
        Columns as `ground_motion_measures`. PSA at periods beyond the lower edge is never allowed. PGV, and PSA within
        a factor of two of the edge, are for earthquakes whose corner (`brune_corner_hz`, 30 bar) is 1.5 times above the
        edge: for larger ones the band removes the main part of the measure.
    """
    import pandas as pd

    low = records.band_hz[0] if records.band_hz and records.band_hz[0] else 0.0
    magnitude = np.asarray(magnitude, dtype=float)
    small = np.ones(len(records), bool)
    if low:
        small = brune_corner_hz(magnitude, _EDGE_STRESS_BAR, _EDGE_VS_KM_S) > _EDGE_FACTOR * low
    out = {}
    for name in measure_names(periods_s):
        out[name] = np.ones(len(records), bool)
        if name == "pgv":
            out[name] = small
        elif name.startswith("psa"):
            frequency = 1.0 / split_measure(name)[1]
            out[name] = small & (frequency >= low) if frequency < 2 * low else out[name]
    return pd.DataFrame(out)


def brune_corner_hz(magnitude: ArrayLike, stress_bar: float = 30.0, vs_km_s: float = 3.5) -> np.ndarray:
    """Corner frequency of a Brune source.

    Parameters
    ----------
    magnitude : array_like
        Moment magnitude.
    stress_bar : float
    vs_km_s : float
        At the source.

    Returns
    -------
    ndarray, Hz
        4.906e6 vs (stress / M0)^(1/3), M0 in dyne cm (Brune 1970, in the units of Boore 2003).

    Examples
    --------
    >>> brune_corner_hz([3.0, 4.3, 6.0]).round(2)
    array([7.54, 1.69, 0.24])
    """
    return brune_corner_of_moment_hz(moment_dyne_cm(magnitude), stress_bar, vs_km_s)


def same_band(pairs):
    """Filter unfiltered draws with the pass band of the real records.

    Parameters
    ----------
    pairs : Pairs

    Returns
    -------
    Pairs
        Draws that have a band, and those of pairs whose real records have none, are not changed. The
        filter is causal, of order 4 at each edge, as in `seissynth.data.preparation`.
    """
    from seissynth.signal import bandpass

    band = pairs.real.band_hz
    if not band or all(draw.band_hz for draw in pairs.draws):
        return pairs
    rate = pairs.real.sampling_rate_hz
    low, high = band
    high = high if high and high < 0.5 * rate else None
    draws = [
        draw if draw.band_hz else replace(draw, data=bandpass(draw.data, rate, low, high, 4), band_hz=band)
        for draw in pairs.draws
    ]
    return replace(pairs, draws=tuple(draws))


def usable(records):
    """Records without clipped samples and gaps, according to the metadata; shape (n,), bool."""
    keep = np.ones(len(records), bool)
    for name in ("trace_is_clipped", "trace_is_dead"):
        if name in records.metadata:
            keep &= ~records.metadata[name].fillna(False).astype(str).str.lower().isin(["true", "1", "1.0"]).to_numpy()
    missing = records.column("trace_missing_samples")
    return keep & ~(missing > 0)


def ln_residuals(pairs: Pairs, periods_s: Sequence[float] = PERIODS_S, workers: int | None = None) -> pandas.DataFrame:
    """Natural logarithm of generated over observed motion.

    Parameters
    ----------
    pairs : Pairs
        In the same band; see `same_band`.
    periods_s : sequence of float
    workers : int, optional

    Returns
    -------
    DataFrame, n rows
        ``event``, ``station``, ``magnitude``, ``distance_km`` (hypocentral), and for each measure
        ``<measure>`` (the residual: mean over the draws of ln generated, less ln observed; 0 is best),
        ``<measure>_real`` and ``<measure>_generated`` (SI, geometric mean over the draws), ``<measure>_draw`` (the
        first draw, whose scatter is that of records), and ``<measure>_both``, whether the generated motion is above the
        real record's noise, too. NaN if the real record is clipped or not clear of its noise, or if the band does not
        allow the measure.

    Notes
    -----
    Real and generated records are measured within the same window (the real record's mask). Selecting real records that
    are above noise favours those that came out large. `<measure>_both` treats both alike, but hides
    generated records that are far too small.
    """
    import pandas as pd

    real, names = pairs.real, measure_names(periods_s)
    window, _ = windows(real)
    observed = known_measures(real, periods_s, window, workers)
    clear, noise = clear_of_noise(real, periods_s, observed)
    magnitude = real.column("source_magnitude")
    allowed = clear & in_band(real, magnitude, periods_s) & usable(real)[:, None]
    logs = [np.log(known_measures(draw, periods_s, window, workers)) for draw in pairs.draws]
    generated = sum(logs[1:], start=logs[0]) / len(logs)
    table = {"event": real.events, "station": real.stations, "magnitude": magnitude,
             "distance_km": real.column("path_hyp_distance_km")}  # fmt: skip
    for name in names:
        table[name] = (generated[name] - np.log(observed[name])).where(allowed[name]).to_numpy()
        table[f"{name}_real"] = observed[name].where(allowed[name]).to_numpy()
        table[f"{name}_generated"] = np.exp(generated[name]).to_numpy()
        table[f"{name}_draw"] = np.exp(logs[0][name]).to_numpy()
        least = CLEAR_RATIO**2 if name == "arias" else CLEAR_RATIO
        if name != "d5_95_s":
            above = (np.exp(generated[name]) >= least * noise[name]) | noise[name].isna()
            table[f"{name}_both"] = above.to_numpy()
    table["d5_95_s_both"] = table["arias_both"]
    return pd.DataFrame(table)


def model_residuals(
    records: RecordSet,
    measures: pandas.DataFrame,
    model: str,
    names: Sequence[str] | None = None,
    magnitude: np.ndarray | None = None,
    vs30_unknown_mps: float = VS30_UNKNOWN_MPS,
) -> tuple[pandas.DataFrame, Prediction]:
    """Natural logarithm of measured motion over a ground-motion model's median.

    Parameters
    ----------
    records : RecordSet
        Their metadata give magnitude, distance and Vs30.
    measures : DataFrame, n rows
        SI, as from `ground_motion_measures`.
    model : str
        One of `GROUND_MOTION_MODELS`.
    names : sequence of str, optional
        Measures; by default all common ones.
    magnitude : ndarray, shape (n,), optional
        By default ``source_magnitude``, of any type.
    vs30_unknown_mps : float

    Returns
    -------
    residuals : DataFrame, n rows
        NaN outside the model's range.
    prediction : Prediction

    Notes
    -----
    R_JB is ``path_jb_distance_km`` if the metadata have it, else `joyner_boore_distance` of the epicentral one.
    """
    import pandas as pd

    card = ground_motion_model(model)
    if names is None:
        names = [name for name in map(str, measures) if name.startswith(("pga", "pgv", "psa_")) and card.has(name)]
    magnitude = records.column("source_magnitude") if magnitude is None else np.asarray(magnitude, dtype=float)
    vs30 = records.column("station_vs_30_mps")
    prediction = card.predict(
        names, magnitude, distance_of(records, card.distance, magnitude), distance_kind=card.distance,
        vs30_mps=np.where(np.isfinite(vs30), vs30, vs30_unknown_mps),
    )  # fmt: skip
    values = np.log(measures[list(names)].to_numpy(dtype=float)) - prediction.ln_median
    return pd.DataFrame(values, columns=list(names)), prediction


def distance_of(records, kind, magnitude=None):
    """Distances of a kind from a record set's metadata.

    Parameters
    ----------
    records : RecordSet
    kind : {"epicentral", "hypocentral", "joyner_boore"}
    magnitude : ndarray, shape (n,), optional
        For the estimate of R_JB; ``source_magnitude`` by default.

    Returns
    -------
    ndarray, shape (n,), km

    Raises
    ------
    InputError
        Unknown kind.
    """
    columns = {"epicentral": "path_ep_distance_km", "hypocentral": "path_hyp_distance_km"}
    if kind in columns:
        return records.column(columns[kind])
    if kind != "joyner_boore":
        raise InputError(f"distance {kind!r} is unknown; use epicentral, hypocentral or joyner_boore.")
    known = records.column("path_jb_distance_km")
    magnitude = records.column("source_magnitude") if magnitude is None else magnitude
    return np.where(np.isfinite(known), known, joyner_boore_distance(records.column("path_ep_distance_km"), magnitude))


def by_class(values, classes, of, events, *, draws=1000, seed=0):
    """Median and standard deviation of values within classes of magnitude or distance.

    Parameters
    ----------
    values : dict of str to array_like, shape (n,)
    classes : sequence of float
        Edges.
    of : array_like, shape (n,)
        Values that define the classes.
    events : array_like, shape (n,)
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``class``, ``measure``, ``records``, ``events``, ``median``, ``low``, ``high``, ``sd``; empty classes are
        left out.
    """
    import pandas as pd

    from seissynth.evaluation.statistics.intervals import mean_interval

    of, events, rows = np.asarray(of, dtype=float), np.asarray(events), []
    for low, high in itertools.pairwise(classes):
        inside = (of >= low) & (of < high)
        for measure, column in values.items():
            chosen = inside & np.isfinite(np.asarray(column, dtype=float))
            if not chosen.any():
                continue
            part = np.asarray(column, dtype=float)[chosen]
            limits = mean_interval(part, events[chosen], statistic="median", draws=draws, seed=seed)
            rows.append([f"{low:g} to {high:g}", measure, int(chosen.sum()), len(set(events[chosen].tolist())), *limits,
                         float(part.std(ddof=1)) if len(part) > 1 else np.nan])  # fmt: skip
    return pd.DataFrame(rows, columns=["class", "measure", "records", "events", "median", "low", "high", "sd"])


def _tapered(window, rate):
    """Window of bools as weights that rise and fall within it, by a cosine over 0.2 s."""
    width = max(int(_TAPER_S * rate), 1)
    ramp = half_cosine(np.arange(width) + 0.5, width)
    out = window.astype(np.float64)
    npts = window.shape[1]
    some = window.any(axis=1)
    first = np.argmax(window, axis=1)
    last = npts - np.argmax(window[:, ::-1], axis=1)
    for row in np.flatnonzero(some):
        # a window that reaches the record's end was not cut and has no new jump there
        n = min(width, (last[row] - first[row]) // 2)
        if first[row] > 0:
            out[row, first[row] : first[row] + n] *= ramp[:n]
        if last[row] < npts:
            out[row, last[row] - n : last[row]] *= ramp[:n][::-1]
    return out
