"""Response spectra of expected records: ln PSA, and how much each band of the cells moves an oscillator."""

from __future__ import annotations

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.wording import a_kind
from seissynth.signal.response_spectra import rotd
from seissynth_plugins.residuals.cells import BAND_BINS, BIN_HZ, COLUMN_S, RATE_HZ

DAMPING = 0.05
#: periods that are predicted unless others are asked for, s
PERIODS_S = (0.1, 0.3, 1.0, 3.0)
#: between these the cells hold the motion: the highest band reaches to 45 Hz, and the window of the lowest one, of
#: 1.28 s, still hears 0.33 Hz; calibrations are fitted from one end to the other
SHORTEST_S, LONGEST_S = 0.03, 3.0
_PREFIX = "psa_"


def checked_periods(name, periods_s):
    """Return periods as a tuple, each once.

    Parameters
    ----------
    name : str
        Of the backend, for messages.
    periods_s : sequence of float
        s; may be empty.

    Returns
    -------
    tuple of float

    Raises
    ------
    InputError
        Not a sequence of numbers, or a period that is not from 0.03 to 3 s.

    Examples
    --------
    >>> checked_periods("conditioned", [1, 0.3, 1])
    (1.0, 0.3)
    """
    try:
        periods = np.asarray(periods_s, dtype=float)
    except (TypeError, ValueError):
        periods = None
    if periods is None or periods.ndim != 1:
        shown = repr(periods_s) if isinstance(periods_s, str | int | float) else a_kind(periods_s)
        raise InputError(f"{name}: periods_s is {shown}; give a sequence of periods in s, such as (0.3, 1.0), or ().")
    outside = periods[~((periods >= SHORTEST_S) & (periods <= LONGEST_S))]
    if len(outside):
        raise InputError(
            f"{name}: periods_s holds {outside[0]:.9g} s; PSA is predicted from {SHORTEST_S:g} to {LONGEST_S:g} s, "
            "where residuals of records are known. For others take response spectra of the generated records."
        )
    return tuple(dict.fromkeys(periods.tolist()))


def measure_of(period_s):
    """Return the name of PSA at a period, without a point.

    Examples
    --------
    >>> measure_of(0.3), measure_of(1.0)
    ('psa_0p3', 'psa_1')
    """
    return f"{_PREFIX}{period_s:g}".replace(".", "p")


def period_of(measure):
    """Return the period of a measure, s; None for another peak.

    Examples
    --------
    >>> period_of("psa_0p3"), period_of("pga")
    (0.3, None)
    """
    return float(measure.removeprefix(_PREFIX).replace("p", ".")) if measure.startswith(_PREFIX) else None


def ln_psa(data, periods_s):
    """Return ln PSA of records at 100 Hz, 5 % damped, RotD50.

    Parameters
    ----------
    data : ndarray, shape (..., 3, npts), m/s²
        Horizontals second and third.
    periods_s : sequence of float, s

    Returns
    -------
    ndarray, shape (..., periods), ln(m/s²)
    """
    data = np.asarray(data, dtype=float)
    if not len(periods_s):
        return np.empty((*data.shape[:-2], 0))
    spectra = rotd(data[..., 1, :], data[..., 2, :], RATE_HZ, periods_s, (50,), damping=DAMPING, workers=1)[..., 0, :]
    return np.log(np.maximum(spectra, 1e-30))


def band_shares(data, periods_s):
    """Return how much of an oscillator's power each band of the cells brings.

    Parameters
    ----------
    data : ndarray, shape (..., 3, npts), m/s²
        Records at 100 Hz, horizontals second and third.
    periods_s : sequence of float, s

    Returns
    -------
    ndarray, shape (periods, bands)
        Rows sum to 1. What is below the lowest band and above the highest one counts to these, as gains do.

    Examples
    --------
    An oscillator of 0.1 s under noise answers where it resonates, at 10 Hz:

    >>> noise = np.random.default_rng(0).standard_normal((3, 6000))
    >>> band_shares(noise, [0.1]).argmax().item(), BAND_BINS[6]
    (6, (13, 18))
    """
    data = np.asarray(data, dtype=float)
    npts = data.shape[-1]
    spectra = np.abs(np.fft.rfft(data[..., 1:, :], axis=-1)) ** 2
    power = spectra.reshape(-1, spectra.shape[-1]).sum(axis=0)
    hz = np.fft.rfftfreq(npts, 1 / RATE_HZ)
    edges = [(last + 0.5) * BIN_HZ for _, last in BAND_BINS[:-1]]
    band = np.searchsorted(edges, hz)
    shares = np.empty((len(periods_s), len(BAND_BINS)))
    for row, period in enumerate(periods_s):  # each alone, so that its bits do not depend on others
        ratio = hz * period
        moved = power / ((1 - ratio**2) ** 2 + (2 * DAMPING * ratio) ** 2)
        of_band = np.bincount(band, moved, len(BAND_BINS))
        shares[row] = of_band / max(of_band.sum(), 1e-300)
    return shares


def remembered(power, period_s):
    """Return what an oscillator remembers of power that comes in column by column.

    Parameters
    ----------
    power : ndarray, shape (..., columns)
    period_s : float

    Returns
    -------
    ndarray, shape (..., columns)
        Past power fades as exp(-4 pi damping t / T): the square of free motion.

    Examples
    --------
    >>> remembered(np.array([1.0, 0.0, 0.0]), 3.0).round(3).tolist()
    [0.125, 0.11, 0.096]
    """
    from scipy.signal import lfilter

    kept = np.exp(-4 * np.pi * DAMPING * COLUMN_S / period_s)
    return lfilter([1 - kept], [1, -kept], power, axis=-1)
