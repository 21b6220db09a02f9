"""The causal low cut of the records: a Butterworth high-pass in second-order sections.

scipy.signal has the same (the tests compare them), but importing it takes half a second, most of the time
of the first record.
"""

import numpy as np


def high_pass_sections(order, corner_hz, sampling_rate_hz):
    """Sections of a Butterworth high-pass by the bilinear transform, warped to keep the corner.

    Parameters
    ----------
    order : int
        1 or more.
    corner_hz : float
        Amplitude 1 / sqrt(2); above 0 and below the Nyquist frequency.
    sampling_rate_hz : float

    Returns
    -------
    ndarray, shape (sections, 5)
        b0, b1, b2, a1, a2 of each section; the real pole of an odd order makes one with b2 = a2 = 0. Compiled loops
        take two sections at a time: where one is missing, it is one that changes nothing.
    """
    warped = np.tan(np.pi * corner_hz / sampling_rate_hz)
    sections = []
    for k in range(order // 2):
        damping = np.sin(np.pi * (2 * k + 1) / (2 * order))  # the poles are spaced evenly on a half circle
        scale = 1.0 / (1.0 + 2.0 * damping * warped + warped**2)
        a1, a2 = 2.0 * (warped**2 - 1.0) * scale, (1.0 - 2.0 * damping * warped + warped**2) * scale
        sections.append((scale, -2.0 * scale, scale, a1, a2))
    if order % 2:
        scale = 1.0 / (1.0 + warped)
        sections.append((scale, -scale, 0.0, (warped - 1.0) * scale, 0.0))
    if len(sections) % 2:
        sections.append((1.0, 0.0, 0.0, 0.0, 0.0))
    return np.array(sections)


def low_cut(data, sections):
    """Filter three components from rest.

    Parameters
    ----------
    data : ndarray, shape (3, npts)
    sections : ndarray
        Of `high_pass_sections`.

    Returns
    -------
    ndarray, shape (3, npts), float32
    """
    from seissynth_plugins.stochastic._shaping_kernels import finish_rows

    out, nothing = np.empty((1, *data.shape), dtype=np.float32), np.zeros(1, dtype=np.int64)
    finish_rows(out, np.ascontiguousarray(data), nothing, nothing, sections)
    return out[0]
