"""Predicted peaks: mean and standard deviation of ln PGA, PGV and PSA, from the coordinates of the residuals."""

from typing import NamedTuple

import numpy as np

from seissynth.seeding import generator, hash_words
from seissynth_plugins.conditioned.calibration import calibration_of
from seissynth_plugins.conditioned.spectra import period_of, remembered
from seissynth_plugins.residuals.cells import BAND_BINS, BANDS_HZ
from seissynth_plugins.residuals.clock import unwarp_matrix

#: peaks that are always predicted; PSA has names such as ``psa_0p3``
MEASURES = ("pga", "pgv")
#: peaks of a smooth envelope: the norm over time that stands for the largest value
_NORM = 4.0
_DRAWS = 64
_STREAM = hash_words("conditioned", "peaks")


class PeakChange(NamedTuple):
    """A peak's ln, or the change of it, under residuals.

    Parameters
    ----------
    middle : float
        At the mean coordinates.
    deviation : float
        Standard deviation over draws of the coordinates.
    rise : float
        Mean over draws less `middle`: the largest of many varied values grows with their variance.
    """

    middle: float
    deviation: float
    rise: float


def predict_peaks(patterns, expected, mean, variance, calibration):
    """Return mean and standard deviation of ln peaks of one record.

    Parameters
    ----------
    patterns : Patterns
    expected : Expected
    mean, variance : ndarray, shape (patterns,)
        Of the coordinates.
    calibration : dict
        See `calibration.calibration_of`: ``spread``, a factor on the standard deviation from the coordinates, and
        ``texture``, the standard deviation beside it.

    Returns
    -------
    dict of str to PeakChange
        By measure: mean and standard deviation, ln(m/s²) and ln(m/s).

    Notes
    -----
    A peak changes with the residuals as the norm of order 4 over time of the envelope, the power of the horizontals
    summed over bands (of acceleration, or of velocity, which is that over 2 pi f). That of an oscillator is the power
    that moves it, band by band (`spectra.band_shares`, as random vibration theory has it, Hanks & McGuire 1981), and
    fades as its free motion does. The mean is the change at the mean coordinates, the standard deviation that of 64
    draws, always the same normal numbers.
    """
    changes = peak_changes(patterns, expected, mean, variance)
    out = {}
    for measure, change in changes.items():
        c = calibration_of(calibration, measure)
        middle = expected.ln_peaks[measure] + change.middle
        out[measure] = PeakChange(middle, float(np.hypot(c["spread"] * change.deviation, c["texture"])), change.rise)
    return out


def peak_changes(patterns, expected, mean, variance):
    """Changes of ln peaks by residuals with independent coordinates; a `PeakChange` for each measure."""
    z = generator(0, _STREAM).standard_normal((_DRAWS // 2, len(mean)))
    z = np.asarray(mean) + np.sqrt(variance) * np.concatenate([np.zeros((1, len(mean))), z, -z])
    horizontal = patterns.values[:, 1].astype(float)  # (patterns, bands, points)
    times = expected.times_s
    matrix = unwarp_matrix(times, expected.p_s, expected.s_s).astype(float)
    field = np.tensordot(z, horizontal, axes=1) @ matrix.T  # (draws, bands, columns)
    field = np.concatenate([np.zeros((1, *field.shape[1:])), field])
    bins = np.array([last - first + 1 for first, last in BAND_BINS], dtype=float)
    base = np.where(np.isfinite(expected.power[1]), expected.power[1], -np.inf)
    out = {}
    for measure in expected.ln_peaks:
        period = period_of(measure)
        if period is None:
            weight = bins if measure == "pga" else bins / (2 * np.pi * BANDS_HZ) ** 2
            level = base - base.max()
        else:  # shares are of the whole record, which cells spread over time
            total = np.logaddexp.reduce(base, axis=-1, keepdims=True)
            weight, level = expected.shares[measure], base - np.where(np.isfinite(total), total, 0.0)
        power = (weight[:, None] * np.exp(level + 2 * field)).sum(axis=1)
        if period is not None:
            power = remembered(power, period)
        peak = np.log((power ** (_NORM / 2)).mean(axis=-1)) / _NORM
        drawn = peak[2:]
        out[measure] = PeakChange(float(peak[1] - peak[0]), float(drawn.std(ddof=1)), float(drawn.mean() - peak[1]))
    return out
