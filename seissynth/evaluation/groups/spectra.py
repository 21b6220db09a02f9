"""Smoothed Fourier spectra on a Wood-Anderson seismometer of real and generated records, by magnitude."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.similarity import common_band
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, SummaryInProgress
from seissynth.evaluation.statistics.blocks import blockwise
from seissynth.evaluation.statistics.intervals import resampled_rows
from seissynth.shared.real_numbers import require_real
from seissynth.units import DERIVATIVES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seissynth.evaluation.record_sets import Pairs

#: smoothing of Konno and Ohmachi, and number of centres
BANDWIDTH, CENTRES = 40.0, 60
#: classes of magnitude in tables and pictures
MAGNITUDE_EDGES = (-2.0, 2.0, 3.0, 4.0, 5.0, 10.0)
#: parts of the band, in equal widths of ln f, over which the summary averages
PARTS = ("low", "middle", "high")
_LEAST_RECORDS = 3
#: share of the bootstrap draws that must hold a record at a frequency, or it has no interval
_MOST_DRAWS = 0.9


def spectrum_centers(npts, sampling_rate_hz, band_hz=None, count=CENTRES):
    """Frequencies at which smoothed spectra are compared, Hz, shape (count,).

    Parameters
    ----------
    npts : int
    sampling_rate_hz : float
    band_hz : tuple of two floats, optional
    count : int

    Returns
    -------
    ndarray
        At even steps of ln f within the band; from the lowest frequency that the record's length resolves (three
        periods of the record or more) to 0.45 of the sampling rate at most.
    """
    low, high = band_hz or (None, None)
    least = 8.0 * sampling_rate_hz / npts  # the main lobe there holds frequencies of the record
    return np.geomspace(max(low or 0.0, least), min(high or np.inf, 0.45 * sampling_rate_hz), count)


def smoothed_spectra(
    data: ArrayLike,
    sampling_rate_hz: float,
    centers_hz: ArrayLike,
    quantity: str = "velocity",
    window: np.ndarray | None = None,
) -> np.ndarray:
    """Amplitude spectrum of both horizontals on a Wood-Anderson seismometer, smoothed.

    Parameters
    ----------
    data : array_like, shape (n, 3, npts)
        Z, N, E.
    sampling_rate_hz : float
    centers_hz : array_like, shape (k,)
    quantity : str
        Quantity of `data`. Records without a unit of motion ("normalised") are not converted to the seismometer.
    window : ndarray, shape (n, npts), optional
        Weights, with a taper of at least 0.2 s at the ends; otherwise steps appear in the spectrum.

    Returns
    -------
    ndarray, shape (n, k), mm s
        Root mean square of both horizontals (which does not depend on the sensor orientation), smoothed after Konno &
        Ohmachi with b = 40. NaN for records of zeros.

    Raises
    ------
    InputError
        Shapes that do not fit, or samples that are not finite real numbers.

    See Also
    --------
    seissynth.signal.wood_anderson, seissynth.signal.fourier_amplitude, seissynth.signal.konno_ohmachi

    Notes
    -----
    HEGGS' figure 5 (2025, 4.2.3): FFT, Konno-Ohmachi, Wood-Anderson. The instrument is flat to displacement above 1.25
    Hz; the fall-off of the spectrum above its corner is therefore that of displacement.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import smoothed_spectra
    >>> motion = np.zeros((1, 3, 4000))
    >>> motion[0, 1:, 1000] = 1e-3  # a velocity pulse of 1e-5 m: displacement falls as 1 / f
    >>> level = smoothed_spectra(motion, 100.0, [5.0, 10.0])[0]
    >>> round(float(level[0] / level[1]), 1)
    2.0
    """
    from seissynth.signal import fourier_amplitude, konno_ohmachi, wood_anderson

    data = np.asarray(require_real(data, "data"))
    if data.ndim != 3 or data.shape[1] != 3:
        raise InputError(f"data has shape {data.shape}; spectra are of records (n, 3, npts).")

    def of_block(rows):
        motion = data[rows, 1:].astype(np.float64)
        if window is not None:
            motion = motion * window[rows, None, :]
        if quantity in DERIVATIVES:
            motion = wood_anderson(motion, sampling_rate_hz, quantity)
        frequencies, amplitude = fourier_amplitude(motion, sampling_rate_hz, 2 * motion.shape[-1])
        both = np.sqrt((amplitude**2).mean(axis=1))
        smooth = konno_ohmachi(both, frequencies, centers_hz, BANDWIDTH)
        return np.where(smooth > 0, smooth, np.nan)

    return blockwise(of_block, len(data))


def spectra_group(pairs: Pairs, settings: EvaluationSettings | None = None) -> MetricGroup:
    """Smoothed Wood-Anderson spectra of real and generated records, by magnitude.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional

    Returns
    -------
    MetricGroup
        Table "spectra by magnitude": for each class and frequency the geometric means of both sets (mm s) and the mean
        of ln generated / real with its interval over earthquakes. Real records below three times their noise before P
        are left out at that frequency, if there is noise.
    """
    import pandas as pd

    from seissynth.evaluation.groups.ground_motion import _tapered, usable, windows

    summary = SummaryInProgress(pairs.events, settings)
    real = pairs.real
    centers = spectrum_centers(real.npts, real.sampling_rate_hz, common_band(pairs))
    signal, noise = windows(real)
    options = (real.sampling_rate_hz, centers, real.quantity)
    observed = smoothed_spectra(real.data, *options, _tapered(signal, real.sampling_rate_hz))
    drawn = smoothed_spectra(pairs.generated.data, *options, _tapered(signal, real.sampling_rate_hz))
    quiet = smoothed_spectra(real.data, *options, _tapered(noise, real.sampling_rate_hz))
    # power of noise grows with the window's length
    length = signal.sum(axis=1) / np.maximum(noise.sum(axis=1), 1)
    clear = ~(observed < 3.0 * quiet * np.sqrt(length)[:, None]) & np.isfinite(observed) & usable(real)[:, None]
    ratio = np.where(clear & np.isfinite(drawn), np.log(drawn) - np.log(observed), np.nan)
    edges = np.geomspace(centers[0], centers[-1] * 1.001, len(PARTS) + 1)
    columns = {}
    for name, low, high in zip(PARTS, edges[:-1], edges[1:], strict=True):
        inside = (centers >= low) & (centers < high)
        values = mean_known(ratio[:, inside], axis=1)
        columns[f"ln_spectral_ratio_{name}"] = values
        note = f"{low:.3g} to {high:.3g} Hz, generated over real"
        summary.add(f"ln_spectral_ratio_{name}", "1", values, 0.0, note=note)
    shape = ratio - mean_known(ratio, axis=1)[:, None]
    columns["spectral_shape_misfit"] = np.sqrt(mean_known(shape**2, axis=1))
    note = "rms of ln generated / real about its mean over frequency"
    summary.add("spectral_shape_misfit", "1", columns["spectral_shape_misfit"], 0.0, note=note)
    magnitude = real.column("source_magnitude")
    notes = [
        f"Konno-Ohmachi b = {BANDWIDTH:g}; window from 0.5 s before P to the mask's end; first draw; "
        f"{100 * (1 - clear.mean()):.0f} % of the values are left out: not clear of noise, clipped, or zeros."
    ]
    if real.quantity not in DERIVATIVES:
        notes.append(f"The records are {real.quantity}: spectra are the records' own, without a seismometer.")
    spectra = (centers, observed, drawn, ratio)
    tables = {"spectra by magnitude": _by_magnitude(*spectra, magnitude, pairs.events, summary.bootstrap)}
    return MetricGroup("spectra", "Fourier spectra", summary.table(), tables, pd.DataFrame(columns), notes)


# --- below the road


def _by_magnitude(centers, observed, drawn, ratio, magnitude, events, bootstrap):
    import pandas as pd

    parts = []
    for low, high in pairwise(MAGNITUDE_EDGES):
        chosen = (magnitude >= low) & (magnitude < high) & np.isfinite(ratio).any(axis=1)
        if chosen.sum() < _LEAST_RECORDS:
            continue
        part, known = ratio[chosen], np.isfinite(ratio[chosen])
        enough = known.sum(axis=0) >= _LEAST_RECORDS
        bounds = _limits(part, events[chosen], **bootstrap)
        columns = {
            "real_mm_s": np.exp(mean_known(np.where(known, np.log(observed[chosen]), np.nan), axis=0)),
            "generated_mm_s": np.exp(mean_known(np.where(known, np.log(drawn[chosen]), np.nan), axis=0)),
            "ln_ratio": mean_known(part, axis=0),
            "low": bounds[0],
            "high": bounds[1],
        }
        table = pd.DataFrame({name: np.where(enough, values, np.nan) for name, values in columns.items()})
        table.insert(0, "magnitude", f"{low:g} to {high:g}" if low > MAGNITUDE_EDGES[0] else f"below {high:g}")
        table.insert(1, "frequency_hz", centers)
        table["records"] = known.sum(axis=0)
        parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _limits(values, events, *, draws, seed):
    """95 % interval of the mean of each column; events are resampled, with all of their records."""
    known = np.isfinite(values)
    clean = np.where(known, values, 0.0)
    if len(set(events.tolist())) < 2:
        return np.full((2, values.shape[1]), np.nan)
    means = []
    for rows in resampled_rows(events, draws, seed, rows_within=False):
        weight = np.bincount(rows, minlength=len(values)).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            means.append((weight @ clean) / (weight @ known))
    means = np.array(means)
    out = np.full((2, values.shape[1]), np.nan)
    some = np.isfinite(means).mean(axis=0) > _MOST_DRAWS
    out[:, some] = np.nanpercentile(means[:, some], (2.5, 97.5), axis=0)
    return out


def mean_known(values, axis):
    """Mean without NaN; NaN without values."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)
