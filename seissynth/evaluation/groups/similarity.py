"""Similarity of generated and real records, by samples and by envelopes.

Arrays in, one number for each trace out; a mask selects the samples that count. None of these measures shows whether a
set of records scatters as it should: see `seissynth.evaluation.groups.spread`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.log_spectrograms import log_spectrogram, spectrogram_misfit
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, SummaryInProgress
from seissynth.evaluation.statistics.blocks import blockwise, pair_arrays, quiet_divide
from seissynth.evaluation.statistics.time_warping import dtw_distance
from seissynth.shared.checks import as_signal, positive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seissynth.evaluation.record_sets import Pairs

#: window of the Savitzky-Golay filter (order 3) on envelopes, s. HEGGS names the order only.
ENVELOPE_WINDOW_S = 1.0
#: largest shift that is tried, s
MAX_LAG_S = 2.0
#: dynamic time warping: samples of the envelopes per second, and how far time may be stretched
WARPING_RATE_HZ, WARPING_RADIUS_S = 10.0, 2.0
#: shortest mask after S, and in all where S is unknown; shorter ones show too little of their earthquake
LEAST_AFTER_S, LEAST_MASK_S = 2.0, 5.0
#: records of which the level of chance is made
_CHANCE_RECORDS = 250
#: decibels that mean "equal" in tables; float32 samples carry no more than about 150 dB
MOST_DB = 150.0


def smoothed_envelope(data: ArrayLike, sampling_rate_hz: float, window_s: float = ENVELOPE_WINDOW_S) -> np.ndarray:
    """Envelope after a Savitzky-Golay filter of order 3, as used throughout the evaluation.

    Parameters
    ----------
    data : array_like, shape (..., npts)
    sampling_rate_hz : float
    window_s : float
        Length of the filter; the nearest odd number of samples, 5 at least. 1 s by default.

    Returns
    -------
    ndarray, shape (..., npts)
        Unit of the data. May dip below 0 after steep falls.

    See Also
    --------
    seissynth.signal.envelope

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import smoothed_envelope
    >>> wave = np.sin(2 * np.pi * 5 * np.arange(2000) / 100)
    >>> smoothed_envelope(wave, 100.0)[1000].round(3)
    np.float64(1.0)
    """
    from seissynth.signal import envelope

    data, rate = as_signal(data, "data"), positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    window = max(2 * int(positive("window_s", window_s, "s") * rate / 2) + 1, 5)
    data = data - data.mean(axis=-1, keepdims=True)
    return envelope(data, min(window, (data.shape[-1] - 1) // 2 * 2 + 1))


def correlation(real: ArrayLike, generated: ArrayLike, mask: np.ndarray | None = None) -> np.ndarray:
    r"""Normalised correlation at zero shift.

    Parameters
    ----------
    real, generated : array_like, shape (..., npts)
        Waveforms or envelopes, of any unit.
    mask : ndarray of bool, broadcast to the shape, optional
        Samples that count.

    Returns
    -------
    ndarray, shape (...), float64
        -1 to 1, 1 for a copy of any positive size; NaN if one of them is constant.

    Raises
    ------
    InputError
        Arrays that do not fit each other.

    Notes
    -----
    .. math:: \frac{\sum (r - \bar r)(g - \bar g)}{\sqrt{\sum (r - \bar r)^2 \sum (g - \bar g)^2}}

    over the samples in the mask: the value at zero shift of ObsPy's ``correlate(..., demean=True, normalize="naive")``.

    Limits: it ignores size. For waveforms: two records of one earthquake that differ by a twentieth of a second at 10
    Hz correlate like unrelated ones. For envelopes: the mean of many records scores higher than any of them.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import correlation
    >>> x = np.random.default_rng(0).standard_normal(1000)
    >>> float(correlation(x, 2 * x).round(6)), float(correlation(x, -x).round(6))
    (1.0, -1.0)
    """
    a, b, _ = _centred(*pair_arrays(real, generated, mask))
    return quiet_divide((a * b).sum(axis=-1), np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1)))[()]


def largest_correlation(
    real: ArrayLike, generated: ArrayLike, max_lag: int, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Largest normalised correlation within some shift, and the shift.

    Parameters
    ----------
    real, generated : array_like, shape (..., npts)
    max_lag : int, samples, 0 or more
    mask : ndarray of bool, broadcast to the shape, optional

    Returns
    -------
    value : ndarray, shape (...), float64
        At least that of `correlation`.
    lag : ndarray, shape (...), float64, samples
        Delay of `generated`. NaN if `value` is.

    Raises
    ------
    InputError
        Arrays that do not fit each other, or a lag outside 0 to npts - 1.

    Notes
    -----
    As ObsPy's ``correlate`` and ``xcorr_max(abs_max=False)``: means are removed once, samples shifted in are zero, and
    the norm is that of the whole. The largest of many random values is above 0 even for records that have nothing in
    common: see the level of a shuffled set.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import largest_correlation
    >>> burst = np.sin(np.arange(1000)) * np.exp(-((np.arange(1000) - 500) ** 2) / 800)
    >>> value, lag = largest_correlation(burst, np.roll(burst, 50), 200)
    >>> float(value.round(3)), float(lag)
    (1.0, 50.0)
    """
    from scipy.fft import irfft, next_fast_len, rfft

    real, generated, mask = pair_arrays(real, generated, mask)
    npts = real.shape[-1]
    if isinstance(max_lag, bool) or int(max_lag) != max_lag or not 0 <= max_lag < npts:
        raise InputError(f"{max_lag=} must be a whole number of samples from 0 to {npts - 1}.")
    max_lag = int(max_lag)
    a, b, _ = _centred(real, generated, mask)
    length = next_fast_len(npts + max_lag, real=True)
    products = irfft(np.conj(rfft(a, length)) * rfft(b, length), length)
    lags = np.concatenate([np.arange(0, max_lag + 1), np.arange(-max_lag, 0)])
    values = products[..., lags]
    at = values.argmax(axis=-1)
    largest = np.take_along_axis(values, at[..., None], axis=-1)[..., 0]
    value = quiet_divide(largest, np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1)))
    return value[()], np.where(np.isfinite(value), lags[at], np.nan)[()]


def signal_to_noise_db(real: ArrayLike, generated: ArrayLike, mask: np.ndarray | None = None) -> np.ndarray:
    r"""Energy of the real record over that of the difference.

    Parameters
    ----------
    real, generated : array_like, shape (..., npts)
        Of one unit.
    mask : ndarray of bool, broadcast to the shape, optional

    Returns
    -------
    ndarray, shape (...), dB
        Infinite for equal records, 0 for a copy of twice the size or a record of zeros, -3.0 for independent records of
        equal energy; NaN where the real one is zero.

    Notes
    -----
    .. math:: 10 \log_{10} \frac{\sum r^2}{\sum (r - g)^2}

    The SNR of HEGGS' table 2 (2025), where nearly every model has -3.0: the value of any two unrelated signals of equal
    energy, which a record of zeros exceeds. Report it, but do not rank by it.

    Examples
    --------
    >>> from seissynth.evaluation import signal_to_noise_db
    >>> float(signal_to_noise_db([1.0, -2.0, 1.0], [2.0, -4.0, 2.0]))
    0.0
    """
    real, generated, mask = pair_arrays(real, generated, mask)
    return _decibels(_energy(real, mask), _energy(real - generated, mask))


def peak_signal_to_noise_db(real: ArrayLike, generated: ArrayLike, mask: np.ndarray | None = None) -> np.ndarray:
    r"""Squared peak of the real record over the mean square of the difference.

    Parameters
    ----------
    real, generated : array_like, shape (..., npts)
        Of one unit.
    mask : ndarray of bool, broadcast to the shape, optional

    Returns
    -------
    ndarray, shape (...), dB
        Infinite for equal records; NaN where the real one is zero.

    Notes
    -----
    .. math:: 10 \log_{10} \frac{\max r^2}{\frac{1}{N} \sum (r - g)^2}

    The peak is the largest absolute sample of that real trace, under the mask. It is `signal_to_noise_db` plus the
    real record's squared crest factor in dB, and short bursts in long windows score well regardless of the generated
    record.

    Examples
    --------
    >>> from seissynth.evaluation import peak_signal_to_noise_db
    >>> float(peak_signal_to_noise_db([0.0, 2.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]).round(3))  # 4 over 1/4
    12.041
    """
    real, generated, mask = pair_arrays(real, generated, mask)
    peak = np.max(real**2 if mask is None else np.where(mask, real**2, 0.0), axis=-1)
    count = real.shape[-1] if mask is None else mask.sum(axis=-1)
    return _decibels(peak * count, _energy(real - generated, mask))


def similarity_of(real, generated, sampling_rate_hz, band_hz=None, mask=None):
    """All similarity measures of pairs of records.

    Parameters
    ----------
    real, generated : array_like, shape (n, 3, npts)
    sampling_rate_hz : float
    band_hz : tuple of two floats, optional
        Frequencies of the spectrograms that are compared.
    mask : ndarray of bool, shape (n, npts), optional

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Means over the components of a record; a component that is zero in one of both is left out.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation.groups.similarity import similarity_of
    >>> records = np.random.default_rng(0).standard_normal((2, 3, 3000))
    >>> {name: round(float(value[0]), 3) for name, value in similarity_of(records, 2 * records, 100.0).items()
    ...  if name in ("envelope_correlation", "snr_db", "spectrogram_mse", "envelope_dtw")}
    {'envelope_correlation': 1.0, 'snr_db': 0.0, 'spectrogram_mse': 0.0, 'envelope_dtw': 0.0}
    """
    rate = positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    samples = None if mask is None else np.asarray(mask)[:, None, :]
    envelopes = [smoothed_envelope(x, rate) for x in (real, generated)]
    spectra = [log_spectrogram(x, rate, band_hz) for x in (real, generated)]
    frames = None if mask is None else spectra[0].frames_in(samples)
    return _measures(real, generated, envelopes, spectra, rate, samples, frames)


def similarity_group(pairs: Pairs, settings: EvaluationSettings | None = None) -> MetricGroup:
    """Similarity of real and generated records, under the time mask and over whole windows.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional

    Returns
    -------
    MetricGroup
        ``per_record`` holds every measure of the first draw, whole windows with the ending ``_whole``, and the length
        of the mask, ``mask_s``. The table "chance" holds the same of a shuffled set: each real record with a generated
        one of another earthquake (250 records at most).
    """
    import pandas as pd

    summary = SummaryInProgress(pairs.events, settings)
    measures = _of_pairs(pairs, pairs.generated.data, whole=True)
    short = ~shows_its_own(pairs.real)
    for name in MEASURES:
        measures[name][short] = np.nan
    table = pd.DataFrame({"mask_s": pairs.mask().sum(axis=1) / pairs.real.sampling_rate_hz, **measures})
    summary.add("mask_length_s", "s", table["mask_s"], np.nan, statistic="median", note="median")
    notes = [
        f"Savitzky-Golay window {ENVELOPE_WINDOW_S:g} s, order 3; shifts up to {MAX_LAG_S:g} s; the first draw of "
        f"{len(pairs.draws)}. Decibels above {MOST_DB:g} mean equal records."
    ]
    for name, (unit, best, note) in MEASURES.items():
        for ending, where in (("", "masked"), ("_whole", "whole window")):
            words = ", ".join(part for part in (where, note) if part)
            summary.add(name + ending, unit, table[name + ending].to_numpy(), best, note=words)
    if short.any():
        notes.append(
            f"{int(short.sum())} records are left out of the masked columns: the mask ends less than "
            f"{LEAST_AFTER_S:g} s after S (where S is unknown: lasts less than {LEAST_MASK_S:g} s)."
        )
    dead = int(np.isnan(table["envelope_correlation"][~short]).sum())
    if dead:
        notes.append(f"{dead} records are constant in the mask, real or generated, and have no correlation.")
    tables = {}
    seed = summary.settings.seed
    partner = shuffled_partners(pairs.events, seed)
    if partner is not None:
        some = np.random.default_rng(seed).permutation(np.flatnonzero(~short))[:_CHANCE_RECORDS]
        level = _of_pairs(pairs.select(some), pairs.generated.data[partner[some]], whole=False)
        tables["chance"] = pd.DataFrame(
            [
                {"metric": name, "unit": MEASURES[name][0], "generated": table[name].mean(), "shuffled": values.mean()}
                for name, values in ((key, pd.Series(value)) for key, value in level.items())
            ]
        )
    title = "Similarity of waveforms and spectrograms"
    return MetricGroup("similarity", title, summary.table(), tables, table, notes)


#: measure -> unit, value of a perfect copy, note
MEASURES = {
    "envelope_correlation": ("1", 1.0, "zero shift"),
    "envelope_correlation_lagged": ("1", 1.0, "largest within 2 s"),
    "envelope_lag_s": ("s", 0.0, "shift of that; generated late is positive"),
    "snr_db": ("dB", MOST_DB, "-3 dB by chance; rank nothing by it"),
    "psnr_db": ("dB", MOST_DB, "peak: largest real sample"),
    "spectrogram_mse": ("1", 0.0, "2 by chance"),
    "envelope_dtw": ("1", 0.0, "of the envelope's mean"),
    "waveform_correlation": ("1", 1.0, "zero shift"),
    "waveform_correlation_lagged": ("1", 1.0, "largest within 2 s"),
}


def shows_its_own(records):
    """Records whose time mask contains their own S, shape (n,), bool.

    The mask must reach 2 s beyond S (the reference, else the predicted one), or hold 5 s where none is known: a mask
    that ends before contains only noise and P, whose envelopes say little.
    """
    s = np.where(np.isfinite(records.s_s), records.s_s, records.column("path_s_travel_s"))
    length = records.mask().sum(axis=1) / records.sampling_rate_hz
    return np.where(np.isfinite(s), records.mask_end_s >= s + LEAST_AFTER_S, length >= LEAST_MASK_S)


def shuffled_partners(events, seed=0):
    """Return a partner row of another earthquake for each row, or None if one holds more than half of the records.

    Rows, sorted by earthquake, are rotated by a random number that is at least the size of the largest earthquake: no
    row keeps its own.
    """
    _, codes, counts = np.unique(np.asarray(events).astype(str), return_inverse=True, return_counts=True)
    n, most = len(codes), counts.max(initial=0)
    if n < 2 * most or not n:
        return None
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(n), codes))
    turn = int(rng.integers(most, n - most + 1))
    partner = np.empty(n, dtype=int)
    partner[order] = np.roll(order, turn)
    return partner


# --- below the road


def _of_pairs(pairs, generated, whole):
    """All measures by record, under the mask and, if `whole`, over whole windows as well."""
    real, rate, mask = pairs.real.data, pairs.real.sampling_rate_hz, pairs.mask()
    band = common_band(pairs)

    def of_block(rows):
        data = real[rows], generated[rows]
        samples = mask[rows, None, :]
        envelopes = [smoothed_envelope(x, rate) for x in data]
        spectra = [log_spectrogram(x, rate, band) for x in data]
        out = _measures(*data, envelopes, spectra, rate, samples, spectra[0].frames_in(samples))
        if whole:
            every = _measures(*data, envelopes, spectra, rate, None, None)
            out |= {f"{name}_whole": value for name, value in every.items()}
        return out

    return blockwise(of_block, len(real))


def _measures(real, generated, envelopes, spectra, rate, samples, frames):
    lag = min(round(MAX_LAG_S * rate), real.shape[-1] - 1)
    lagged, shift = largest_correlation(*envelopes, lag, samples)
    # envelopes have no more than a few hertz left: every tenth of a second will do
    step = max(round(rate / WARPING_RATE_HZ), 1)
    thin_mask = None if samples is None else samples[..., ::step]
    thin = [_by_its_mean(x[..., ::step], thin_mask) for x in envelopes]
    measures = {
        "envelope_correlation": correlation(*envelopes, samples),
        "envelope_correlation_lagged": lagged,
        "envelope_lag_s": shift / rate,
        "snr_db": np.minimum(signal_to_noise_db(real, generated, samples), MOST_DB),
        "psnr_db": np.minimum(peak_signal_to_noise_db(real, generated, samples), MOST_DB),
        "spectrogram_mse": spectrogram_misfit(spectra[0].level_db, spectra[1].level_db, frames),
        "envelope_dtw": dtw_distance(*thin, max(round(WARPING_RADIUS_S * rate / step), 1), thin_mask),
        "waveform_correlation": correlation(real, generated, samples),
        "waveform_correlation_lagged": largest_correlation(real, generated, lag, samples)[0],
    }
    return {name: mean_of_components(value) for name, value in measures.items()}


def mean_of_components(values):
    """Mean over the last axis without NaN; NaN if all are NaN."""
    known = np.isfinite(values)
    return quiet_divide(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def common_band(pairs):
    """Common band of both sets: the narrower of their pass bands, or None."""
    bands = [part.band_hz for part in (pairs.real, pairs.generated) if part.band_hz]
    if not bands:
        return None
    low = max((band[0] or 0.0 for band in bands), default=0.0)
    high = min((band[1] or np.inf for band in bands), default=np.inf)
    return low or None, high if np.isfinite(high) else None


def _by_its_mean(envelope, mask):
    weight = np.broadcast_to(True if mask is None else mask, envelope.shape)
    mean = (np.abs(envelope) * weight).sum(axis=-1, keepdims=True) / np.maximum(weight.sum(axis=-1, keepdims=True), 1)
    return envelope / np.where(mean > 0, mean, 1.0)


def _centred(a, b, mask):
    """Both without their means over the mask, and zero outside it."""
    if mask is None:
        return a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True), None
    count = np.maximum(mask.sum(axis=-1, keepdims=True), 1)
    centred = (x - np.where(mask, x, 0.0).sum(axis=-1, keepdims=True) / count for x in (a, b))
    return *(np.where(mask, x, 0.0) for x in centred), mask


def _energy(x, mask):
    return (x * x if mask is None else np.where(mask, x * x, 0.0)).sum(axis=-1)


def _decibels(above, below):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(above > 0, 10 * np.log10(above / below), np.nan)[()]
