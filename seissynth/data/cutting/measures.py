"""Measured and predicted properties of a cut window: signal to noise, expected amplitudes, the time mask."""

import numpy as np

from seissynth.units import DERIVATIVES

#: frequency at which a Wood-Anderson amplitude is turned into velocity or acceleration, Hz
DOMINANT_HZ = 5.0

#: static magnification of the Wood-Anderson seismometer that the relation belongs to
WOOD_ANDERSON_GAIN = 2080.0

#: closer than this the distance term of the local magnitude is not known, km
NEAREST_KM = 3.0

#: length of the piece before an onset whose level the onset must exceed, s
LEVEL_S = 2.0

#: windows of the signal-to-noise ratio, s
NOISE_S, NOISE_ENDS_BEFORE_P_S, SIGNAL_S = 10.0, 0.5, 5.0


def expected_amplitude(magnitude, hypocentral_km, quantity, region, gain=1.0):
    """Expected peak of S of an earthquake at a station, in the unit of `quantity`.

    Parameters
    ----------
    magnitude, hypocentral_km : array_like, shape (n,)
        Magnitudes of any type are taken as local ones.
    quantity : {"acceleration", "velocity", "displacement", "counts"}
    region : str
        See `seissynth.evaluation.minus_log_a0`.
    gain : float
        For "counts": counts per m/s.

    Returns
    -------
    ndarray, shape (n,)

    Notes
    -----
    The inverse of the definition of the local magnitude: A = 10^(M + log A0(R)) mm on a Wood-Anderson seismometer of
    gain 2080, so A / 2080 of ground displacement, times 2 pi `DOMINANT_HZ` for each derivative.
    """
    from seissynth.signal.magnitude_scales import minus_log_a0

    distance = np.maximum(np.asarray(hypocentral_km, dtype=float), NEAREST_KM)
    millimetres = 10.0 ** (np.asarray(magnitude, dtype=float) - minus_log_a0(distance, region)) / WOOD_ANDERSON_GAIN
    displacement = 1e-3 * millimetres
    if quantity == "counts":
        return displacement * (2 * np.pi * DOMINANT_HZ) * gain
    steps = DERIVATIVES[quantity] - DERIVATIVES["displacement"]
    return displacement * (2 * np.pi * DOMINANT_HZ) ** steps


def rms(data):
    """Root mean square of the loudest component; NaN without samples."""
    if not data.shape[-1]:
        return np.nan
    return float(np.sqrt((data.astype(float) ** 2).mean(axis=-1)).max())


def piece(data, rate, lead_s, begin_s, end_s):
    """Samples between two times after the window's first sample, limited to the window."""
    first, last = (round((lead_s + t) * rate) for t in (begin_s, end_s))
    return data[:, max(first, 0) : max(last, 0)]


def signal_to_noise_db(data, rate, lead_s, p_s, s_s, end_s):
    """Ratio of levels, dB: S (5 s from its onset, to `end_s` at most) over noise (10 s that end 0.5 s before P).

    Levels are root mean squares over time and components. Less than a second of either: NaN.
    """
    noise_to = p_s - NOISE_ENDS_BEFORE_P_S
    noise = piece(data, rate, lead_s, noise_to - NOISE_S, noise_to)
    signal = piece(data, rate, lead_s, s_s, min(s_s + SIGNAL_S, end_s))
    if min(noise.shape[-1], signal.shape[-1]) < rate:
        return np.nan
    power = [(part.astype(float) ** 2).mean() for part in (signal, noise)]
    return float(10 * np.log10(power[0] / power[1])) if min(power) > 0 else np.nan


def is_detectable(data, rate, lead_s, onset_s, amplitude, ratio):
    """Whether another earthquake is detectable at its predicted onset.

    Parameters
    ----------
    data : ndarray, shape (3, npts)
        Filtered motion, `lead_s` seconds of it before time 0.
    rate : float
    lead_s : float
    onset_s, amplitude : float
        Its predicted P after time 0, and its expected peak of S.
    ratio : float
        The amplitude must be at least this times the level (root mean square of the loudest component) in the 2 s
        before the onset: noise, coda of the target, and other signals. True if nothing is recorded before the onset.
    """
    level = rms(piece(data, rate, lead_s, onset_s - LEVEL_S, onset_s))
    return bool(not np.isfinite(level) or amplitude >= ratio * level)
