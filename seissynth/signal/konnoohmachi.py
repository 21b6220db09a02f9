"""Konno-Ohmachi smoothing: a window of constant width on the logarithm of frequency, whose weights sum to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_rows, as_signal, positive, share_rows, thread_count, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: pieces of equal work that the threads share, per thread
_PIECES = 8


def konno_ohmachi(
    spectrum: ArrayLike,
    frequencies: ArrayLike,
    centers: ArrayLike | None = None,
    bandwidth: float = 40.0,
    exact: bool = False,
    workers: int | None = None,
) -> np.ndarray:
    r"""Smooth spectra with the window of Konno and Ohmachi (1998), normalised.

    Parameters
    ----------
    spectrum : array_like, shape (..., m)
        Real spectra of any unit, amplitude or power. Smoothing is linear: negative values are kept.
    frequencies : array_like, shape (m,), Hz
        Of the spectra: at least 0 and increasing; even steps or not.
    centers : array_like, shape (k,), Hz, optional
        Centres of the smoothed spectra, at least 0, in any order; see `log_centers`. None: at `frequencies`.
    bandwidth : float
        b, above 0: 40 is usual; 20 smooths more, 100 less.
    exact : bool
        False: the main lobe only, where b log10(f / fc) is between -π and π. True: the whole window.
    workers : int, optional
        Threads that share the centres. None is 1. The result does not depend on it.

    Returns
    -------
    ndarray, shape (..., k)
        Of the spectrum's precision; the unit of `spectrum`.

    Raises
    ------
    InputError
        Values that are not finite real numbers, frequencies that do not increase, a size that does not fit, or a centre
        without a frequency in its main lobe (log-spaced centres below the first steps of an even grid).

    See Also
    --------
    log_centers : Centres at even steps of log f that have frequencies in their main lobes.

    Notes
    -----
    With u = b log10(f / fc), the smoothed value at fc is the sum of w(u) times the spectrum over the sum of w(u),

    .. math:: w(u) = (\sin u / u)^4 .

    Every row of weights therefore sums to one, and a flat spectrum stays flat, also at the edges of the band. (Many
    programs omit the division; their results rise with frequency.)

    Frequency 0 is infinitely far from every other one on a logarithmic axis: it has no weight elsewhere, and its
    smoothed value is its own value.

    The side lobes beyond the main one hold 0.3 % of the weights. Leaving them out (``exact=False``) changes a spectrum
    of constant level by no more than that share of its fluctuations. A steep spectrum changes by more, because the side
    lobes add much stronger values of distant frequencies (if an amplitude falls by 1e5 within the band, they mask its
    smallest values). The result is within 1e-11 of the formula in both modes.

    The number of frequencies in the windows of all centres sets the cost, about 0.5 ns for each in the main lobe and
    1.1 ns in the whole window; windows are computed once for all spectra of a batch.

    References
    ----------
    Konno, K. & Ohmachi, T. (1998). Ground-motion characteristics estimated from spectral ratio between horizontal
    and vertical components of microtremor. Bull. Seism. Soc. Am. 88, 228-241.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import konno_ohmachi
    >>> frequencies = np.fft.rfftfreq(2000, 0.01)
    >>> spectrum = np.ones((3, frequencies.size))
    >>> spectrum[0, 200] = 101.0  # a spike at 10 Hz, which spreads
    >>> smooth = konno_ohmachi(spectrum, frequencies, centers=[1.0, 9.5, 10.0, 12.0])
    >>> smooth.round(2)
    array([[1.  , 3.54, 5.16, 1.  ],
           [1.  , 1.  , 1.  , 1.  ],
           [1.  , 1.  , 1.  , 1.  ]])
    """
    spectrum = as_signal(spectrum, "spectrum")
    frequencies = _frequencies(frequencies)
    bandwidth = positive("bandwidth", bandwidth)
    workers = thread_count(workers)
    if spectrum.shape[-1] != frequencies.size:
        raise InputError(
            f"spectrum has {spectrum.shape[-1]} values on its last axis and frequencies has {frequencies.size}; "
            "they must be equal."
        )
    centers = frequencies if centers is None else _centers(centers, frequencies)
    rows = as_rows(spectrum)
    out = np.empty((rows.shape[0], centers.size), dtype=spectrum.dtype)
    at_zero = centers == 0
    if at_zero.any():
        out[:, at_zero] = rows[:, :1]
    if not at_zero.all():
        out[:, ~at_zero] = _smooth(rows, frequencies, centers[~at_zero], bandwidth, exact, workers)
    return out.reshape(*spectrum.shape[:-1], centers.size)


def log_centers(
    frequencies: ArrayLike,
    count: int = 200,
    bandwidth: float = 40.0,
    low_hz: float | None = None,
    high_hz: float | None = None,
) -> np.ndarray:
    """Return centre frequencies at even steps of log f for `konno_ohmachi`.

    Parameters
    ----------
    frequencies : array_like, shape (m,), Hz
        Of the spectra to be smoothed.
    count : int
        Number of centres, at least 2.
    bandwidth : float
        The smoothing's b, above 0.
    low_hz, high_hz : float, optional
        First and last centre. None: the lowest frequency above which every main lobe holds a frequency (on an even
        grid and b = 40 its third step), and the highest frequency.

    Returns
    -------
    ndarray, shape (count,), Hz

    Raises
    ------
    InputError
        Frequencies that do not increase, or ends that are not in order.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal.konnoohmachi import log_centers
    >>> log_centers(np.fft.rfftfreq(6000, 0.01), count=4).round(3)
    array([ 0.05,  0.5 ,  5.  , 50.  ])
    """
    frequencies = _frequencies(frequencies)
    count = whole("count", count, least=2)
    bandwidth = positive("bandwidth", bandwidth)
    frequencies = frequencies[frequencies > 0]
    if low_hz is None:
        if not frequencies.size:
            raise InputError("frequencies holds frequency 0 only; centres need others.")
        # a centre in a gap has one of both neighbours in its lobe if the gap is no wider than the lobe
        wide = np.flatnonzero(bandwidth * np.diff(np.log10(frequencies)) > 2 * np.pi)
        low_hz = frequencies[wide[-1] + 1 if wide.size else 0]
    low_hz = positive("low_hz", float(low_hz), "Hz")
    high_hz = positive("high_hz", float(frequencies[-1] if high_hz is None else high_hz), "Hz")
    if low_hz >= high_hz:
        raise InputError(
            f"Centres would go from {low_hz:g} to {high_hz:g} Hz; give low_hz below high_hz, or more frequencies: with "
            f"bandwidth {bandwidth:g} a main lobe needs steps below a factor of {10 ** (2 * np.pi / bandwidth):.3g}."
        )
    centers = np.geomspace(low_hz, high_hz, count)
    centers[[0, -1]] = low_hz, high_hz  # not a rounding outside
    return centers


def _smooth(rows, frequencies, centers, bandwidth, exact, workers):
    """Smooth (n, m) at centres above 0."""
    # numba takes a quarter of a second to import
    from seissynth.signal import _konnoohmachi_kernels as kernels

    skip = int(frequencies[0] == 0)
    x = bandwidth * np.log10(frequencies[skip:])
    at = bandwidth * np.log10(centers)
    low = np.searchsorted(x, at - np.pi, side="left")
    high = np.searchsorted(x, at + np.pi, side="right")
    empty = np.flatnonzero(low == high)
    if (empty.size and not exact) or not x.size:
        width = 10 ** (np.pi / bandwidth)
        center = centers[empty[0]]
        raise InputError(
            f"centers: no frequency is in the main lobe of {center:g} Hz ({center / width:g} to "
            f"{center * width:g} Hz with bandwidth {bandwidth:g}); {empty.size} of {centers.size} centres have none. "
            "Leave them out (see log_centers), give a smaller bandwidth or more frequencies, or pass exact=True."
        )
    out = np.empty((rows.shape[0], centers.size), dtype=rows.dtype)
    if exact:
        sine, cosine = np.sin(x), np.cos(x)
        cost = np.full(centers.size, x.size)

        def smooth(first, last):
            kernels.smooth_whole_window(rows, skip, x, sine, cosine, at, low, high, out, edges[first], edges[last])
    else:
        cost = high - low

        def smooth(first, last):
            kernels.smooth_main_lobe(rows, skip, x, at, low, high, out, edges[first], edges[last])

    # windows widen with frequency: threads share pieces of equal work, not of equal numbers of centres
    pieces = _PIECES * workers
    growth = np.cumsum(cost)
    edges = np.searchsorted(growth, growth[-1] * np.arange(pieces + 1) / pieces)
    edges[-1] = centers.size
    share_rows(smooth, pieces, workers)
    return out


def _frequencies(frequencies):
    frequencies = as_signal(frequencies, "frequencies").astype(np.float64, copy=False)
    if frequencies.ndim != 1:
        raise InputError(f"frequencies has shape {frequencies.shape}; it must have one axis.")
    if frequencies[0] < 0:
        raise InputError(f"frequencies starts at {frequencies[0]:g} Hz; it must be at least 0.")
    steps = np.diff(frequencies)
    if not (steps > 0).all():
        i = int(np.argmin(steps > 0))
        raise InputError(
            f"frequencies must increase, but {frequencies[i + 1]:g} Hz at index {i + 1} follows {frequencies[i]:g} Hz; "
            "sort them with the spectrum."
        )
    return frequencies


def _centers(centers, frequencies):
    centers = as_signal(centers, "centers").astype(np.float64, copy=False)
    if centers.ndim != 1:
        raise InputError(f"centers has shape {centers.shape}; it must have one axis.")
    if centers.min() < 0:
        raise InputError(f"centers holds {centers.min():g} Hz; centres must be at least 0.")
    if centers.min() == 0 and frequencies[0] > 0:
        raise InputError(f"centers holds 0 Hz, but the spectrum starts at {frequencies[0]:g} Hz; leave it out.")
    return centers
