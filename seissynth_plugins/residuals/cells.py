"""Cells of a record: power of its short-time spectrum by component, band and time, from P on, and its noise before P.

Both horizontals are taken together, since the azimuths of many sensors are nominal; so there are two components, Z and
horizontal. Cells are means of ln power: those of real and of generated records are biased alike.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from seissynth.errors import InputError

#: rate of records, Hz, length of a frame and step between frames, samples
RATE_HZ, FRAME, HOP = 100.0, 128, 16
#: frames of a column, and time between columns, s
COLUMN_FRAMES = 4
COLUMN_S = COLUMN_FRAMES * HOP / RATE_HZ
#: components of cells
COMPONENTS = ("vertical", "horizontal")
#: first and last bin of each band, bins of `RATE_HZ` / `FRAME` = 0.78 Hz
BAND_BINS = ((1, 1), (2, 2), (3, 3), (4, 5), (6, 8), (9, 12), (13, 18), (19, 27), (28, 40), (41, 57))
BIN_HZ = RATE_HZ / FRAME
#: middle of each band, Hz
BANDS_HZ = np.array([(first + last) / 2 * BIN_HZ for first, last in BAND_BINS])
#: shape of the cells of one column
COLUMN_SHAPE = (len(COMPONENTS), len(BAND_BINS))
#: cells end so long after S, s
BEHIND_S = 57.6
#: a record is read from so long before P, s
LEAD_S = 10.24
#: half a frame, s
REACH_S = FRAME / RATE_HZ / 2
#: noise ends so long before P, beyond half a frame: seconds, and share of P's travel time, by which P may be early
_GUARD_S, _GUARD_SHARE = 0.5, 0.03
#: a noise level needs so many frames
_LEAST_NOISE_FRAMES = 8
#: power that stands for silence, relative to the largest of the record
_SILENCE = 1e-20


@dataclass(frozen=True)
class Cells:
    """Cells of one record.

    Parameters
    ----------
    power : ndarray, shape (2, bands, columns)
        Mean over a column's frames of ln of the mean power of the band, from P to `BEHIND_S` after S, unit of the
        record squared; NaN where the record does not hold the column, or not the band.
    noise : ndarray, shape (2, bands)
        The same before P; minus infinity where there is none, NaN where it is unknown.
    times_s : ndarray, shape (columns,)
        Middles of columns, s after origin.
    p_s, s_s : float
    """

    power: np.ndarray
    noise: np.ndarray
    times_s: np.ndarray
    p_s: float
    s_s: float


def column_times(p_s, s_s):
    """Return the middles of the columns from P to the end of the clock, s after origin, shape (columns,).

    Examples
    --------
    >>> column_times(5.0, 8.0)[:2].round(2).tolist()
    [5.24, 5.88]
    """
    count = int(np.ceil((s_s - p_s + BEHIND_S) / COLUMN_S))
    return p_s + (np.arange(count) * COLUMN_FRAMES + (COLUMN_FRAMES - 1) / 2) * HOP / RATE_HZ


def cells_of(data, start_s, p_s, s_s, *, end_s=np.inf, highest_hz=np.inf, lowest_hz=0.0, noise_end_s=None):
    """Return the cells of a record.

    Parameters
    ----------
    data : ndarray, shape (3, npts)
        Acceleration, m/s², at 100 Hz: vertical and two horizontals, in any order of the latter.
    start_s : float
        Time of sample 0 after origin, s.
    p_s, s_s : float
        Onsets, s after origin.
    end_s : float
        Samples later than this do not count (another earthquake, padding), s after origin.
    highest_hz, lowest_hz : float
        Bands that are not within these are unknown.
    noise_end_s : float, optional
        Noise is read up to here, s after origin; default: before P, by a margin for an early P.

    Returns
    -------
    Cells

    Raises
    ------
    InputError
        Not three components, or values that are not finite.

    Examples
    --------
    >>> noise = np.random.default_rng(1).standard_normal((3, 7000))
    >>> cells_of(noise, -5.0, 5.0, 8.0).power.shape
    (2, 10, 95)
    """
    data = np.asarray(data, dtype=float)
    if data.ndim != 2 or data.shape[0] != 3 or not np.isfinite(data).all():
        raise InputError(f"residuals: a record of shape {data.shape}; give (3, npts) finite samples.")
    times = column_times(p_s, s_s)
    lead = int(LEAD_S * RATE_HZ) // HOP
    frames = len(times) * COLUMN_FRAMES + lead
    first = round((p_s - start_s) * RATE_HZ) - lead * HOP  # sample in the middle of the first frame
    last_known = min(data.shape[-1], int(np.floor((min(end_s, 1e7) - start_s) * RATE_HZ)))
    middle = first + np.arange(frames) * HOP
    inside = (middle - FRAME // 2 >= 0) & (middle + FRAME // 2 <= last_known)
    power = np.full((*COLUMN_SHAPE, frames), np.nan)
    if inside.any():
        power[..., inside] = _band_power(data, middle[inside])
    top = np.nanmax(power, initial=0.0)
    with np.errstate(divide="ignore"):
        logs = np.log(np.maximum(power, _SILENCE * top))
    known = (np.array([last for _, last in BAND_BINS]) * BIN_HZ <= highest_hz) & (
        np.array([first for first, _ in BAND_BINS]) * BIN_HZ >= lowest_hz
    )
    logs[:, ~known] = np.nan
    columns = logs[..., lead:].reshape(*COLUMN_SHAPE, len(times), COLUMN_FRAMES).mean(axis=-1)
    if noise_end_s is None:
        noise_end_s = p_s - _GUARD_S - _GUARD_SHARE * max(p_s, 0.0)
    early = inside & (start_s + middle / RATE_HZ < noise_end_s - REACH_S)
    noise = np.full(COLUMN_SHAPE, np.nan)
    if early.sum() >= _LEAST_NOISE_FRAMES:
        silent = not np.nan_to_num(power[..., early]).any()
        noise = np.where(known, -np.inf if silent else logs[..., early].mean(axis=-1), np.nan)
    return Cells(columns, noise, times, float(p_s), float(s_s))


def _band_power(data, middle):
    """Mean power of bands, (2, bands, frames), of frames about samples."""
    frames = np.lib.stride_tricks.sliding_window_view(data, FRAME, axis=-1)[:, middle - FRAME // 2]
    spectra = np.fft.rfft(frames * _window(), axis=-1)
    power = spectra.real**2 + spectra.imag**2
    power = np.stack([power[0], 0.5 * (power[1] + power[2])])
    bands = [power[..., first : last + 1].mean(axis=-1) for first, last in BAND_BINS]
    return np.stack(bands, axis=1)


@lru_cache(maxsize=1)
def _window():
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
