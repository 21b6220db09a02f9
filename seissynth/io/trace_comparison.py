"""Compare two traces, or the samples of two records, bit for bit."""

import numpy as np


def compare_traces(trace, again):
    """Return the relative difference, and a line that describes it; (0, None) for equal bits."""
    start = trace.stats.starttime.strftime("%Y-%m-%dT%H:%M:%S")
    name = f"{trace.id} {start} realisation {trace.stats.seissynth.realization}"
    if again is None:
        return np.inf, f"{name}: was not made again"
    for what, one, two in (
        ("samples", trace.stats.npts, again.stats.npts),
        ("type", trace.data.dtype.str[1:], again.data.dtype.str[1:]),
        ("start in ns", trace.stats.starttime.ns, again.stats.starttime.ns),
        ("sampling rate", trace.stats.sampling_rate, again.stats.sampling_rate),
    ):
        if one != two:
            return np.inf, f"{name}: {what} {two} instead of {one}"
    return compare_samples(name, trace.data, again.data)


def compare_samples(name, then, now):
    """Return the relative difference of two arrays of one shape, and a line; (0, None) for equal bits.

    Parameters
    ----------
    name : str
        What they are of, for the line.
    then, now : ndarray, of the same shape

    Examples
    --------
    >>> one = np.array([1.0, -2.0, 0.5])
    >>> compare_samples("A.B", one, one.copy())
    (0.0, None)
    >>> compare_samples("A.B", one, one + [0.0, 0.0, 0.5])
    (0.25, 'A.B: differs by 0.25 of the peak')
    """
    then = then.astype(now.dtype, copy=False)
    if then.tobytes() == now.tobytes():
        return 0.0, None
    difference = np.abs(now.astype(float) - then.astype(float))
    peak = float(np.max(np.abs(then.astype(float))))
    worst = float(np.max(difference))
    relative = worst / peak if peak > 0 else np.inf
    return relative, f"{name}: differs by {relative:.3g} of the peak"


def identity_of(trace):
    """Return what tells a trace of seissynth from the others of its file: event key, realisation and codes."""
    info = trace.stats.seissynth
    return (info.event_key, info.realization, trace.id)
