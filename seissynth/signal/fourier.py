"""Fourier amplitude spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_signal, positive, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def fourier_amplitude(
    data: ArrayLike, sampling_rate_hz: float, nfft: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Amplitude of the continuous Fourier transform.

    Parameters
    ----------
    data : array_like, shape (..., npts)
        Any unit. No mean is removed and no taper is applied.
    sampling_rate_hz : float
    nfft : int, optional
        Length to which zeros are appended, `npts` (no zeros) or more; `npts` when not given.

    Returns
    -------
    frequencies_hz : ndarray, shape (nfft // 2 + 1,)
        From 0 to the Nyquist frequency, float64.
    amplitude : ndarray, shape (..., nfft // 2 + 1)
        Unit of the data times seconds; float32 for float32, else float64.

    Raises
    ------
    InputError
        Samples that are not finite real numbers, a rate not above 0, or nfft below the number of samples.

    Notes
    -----
    ``|X(f)| = dt |Σ x[n] exp(-2 π i f n dt)|``, the value at f of ∫ x(t) exp(-2 π i f t) dt for a record that is zero
    outside its samples; not one-sided: it is not doubled. Padding with zeros therefore leaves levels unchanged and
    gives more frequencies of the same curve.

    Examples
    --------
    A pulse of 1 m/s² that lasts for 1 s has the level 1 m/s at low frequencies:

    >>> import numpy as np
    >>> from seissynth.signal import fourier_amplitude
    >>> frequencies, amplitude = fourier_amplitude(np.ones(100), 100.0, nfft=1000)
    >>> frequencies[:2], amplitude[:2].round(3)
    (array([0. , 0.1]), array([1.   , 0.984]))
    """
    from scipy.fft import rfft

    data = as_signal(data, "data")
    rate = positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    npts = data.shape[-1]
    length = npts if nfft is None else whole("nfft", nfft)
    if length < npts:
        raise InputError(f"{nfft=} is less than the {npts} samples and would cut them off; give {npts} or more.")
    amplitude = np.abs(rfft(data, length))
    amplitude *= data.dtype.type(1 / rate)
    return np.fft.rfftfreq(length, 1 / rate), amplitude
