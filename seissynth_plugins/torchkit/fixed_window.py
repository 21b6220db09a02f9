"""Cut records from networks that make windows of one length, and check the requested spans."""

import numpy as np

from seissynth.errors import DomainError

#: a record may reach so far beyond a network's window, as the margins of a resampling filter do; it is continued by its
#: mirror, s
REACH_S = 5.0
#: rounding of times
SLACK_S = 1e-6


def check_span(backend, start_s, npts, sampling_rate_hz, duration_s):
    """Refuse spans beyond windows that begin at origin.

    Parameters
    ----------
    backend : str
        As the message names it.
    start_s : ndarray
        When records begin, s after origin.
    npts : int
    sampling_rate_hz : float
    duration_s : float
        Of the windows.

    Raises
    ------
    DomainError
    """
    first, last = float(np.min(start_s)), float(np.max(start_s)) + npts / sampling_rate_hz
    if first < -REACH_S or last > duration_s + REACH_S:
        raise DomainError(
            f"{backend}: records from {first:g} to {last:g} s after origin were asked for; it makes 0 to "
            f"{duration_s:g} s. Pass start= and duration= within these."
        )


def cut(record, first, npts):
    """Return samples first to first + npts of a record, (..., samples); samples outside are its mirror image.

    Examples
    --------
    >>> cut(np.arange(5), -2, 4).tolist()
    [2, 1, 0, 1]
    """
    before, after = max(-first, 0), max(first + npts - record.shape[-1], 0)
    if before or after:
        edges = [(0, 0)] * (record.ndim - 1)
        record = np.pad(record, (*edges, (before, after)), mode="reflect")
    return record[..., first + before : first + before + npts]
