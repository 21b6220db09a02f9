"""Multiply records by smooth gains over frequency and time, in the short-time spectrum."""

from functools import lru_cache

import numpy as np

from seissynth.signal import STFT
from seissynth_plugins.residuals.cells import BANDS_HZ, FRAME, RATE_HZ
from seissynth_plugins.residuals.clock import unwarp_matrix

#: frames are as long as those of the cells, and overlap by 7/8
_FRAME_S, _HOPS = FRAME / RATE_HZ, 8
#: gains stay within exp of this
LIMIT = 4.0


def apply_gains(data, field, start_s, sampling_rate_hz, p_s, s_s):
    """Return a record with gains.

    Parameters
    ----------
    data : ndarray, shape (3, npts)
        Components Z, R, T (or any two horizontals).
    field : ndarray, shape (2, bands, POINTS)
        ln of the gain of the vertical and the horizontal components, in the bands of `cells.BANDS_HZ` at the points of
        the clock.
    start_s : float
        Time of sample 0 after origin, s.
    sampling_rate_hz : float
    p_s, s_s : float
        Onsets, s after origin.

    Returns
    -------
    ndarray, shape (3, npts), float64

    Notes
    -----
    Gains are linear in ln f and on the clock between the given ones, and constant beyond the lowest and highest bands,
    before P, and from 56 s after S. Frames are multiplied and added again with the least-squares weights of Griffin and
    Lim (1984), which returns the record where the gain is 1.

    Examples
    --------
    >>> from seissynth_plugins.residuals.patterns import SHAPE
    >>> noise = np.random.default_rng(0).standard_normal((3, 6000))
    >>> twice = apply_gains(noise, np.full(SHAPE, np.log(2.0)), 0.0, 100.0, 5.0, 8.0)
    >>> bool(np.allclose(twice, 2 * noise))
    True
    """
    data = np.asarray(data, dtype=float)
    hop = max(round(_FRAME_S * sampling_rate_hz / _HOPS), 1)
    stft = STFT(hop * _HOPS, hop)
    npts = data.shape[-1]
    matrix = unwarp_matrix(start_s + stft.times(npts, sampling_rate_hz), p_s, s_s).astype(float)
    bins = _to_bins(stft.bins, float(sampling_rate_hz) / stft.nfft)
    ln_gain = np.clip(np.asarray(field, dtype=float), -LIMIT, LIMIT)
    gain = np.exp(bins @ (ln_gain @ matrix.T))[[0, 1, 1]]
    return stft.inverse(stft.forward(data) * gain, npts)


@lru_cache(maxsize=16)
def _to_bins(bins, step_hz):
    """Weights of bands at bins, (bins, bands): linear in ln f."""
    ln_f = np.log(np.maximum(np.arange(bins) * step_hz, 1e-9))
    return np.stack([np.interp(ln_f, np.log(BANDS_HZ), row) for row in np.eye(len(BANDS_HZ))], axis=1)
