"""One window of one sensor: from recorded segments to ground motion of a stated quantity."""

from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.instruments.evalresp import INPUT_UNITS, evaluate_response, input_units, padding_s, tidy_units
from seissynth.instruments.response import native_quantity
from seissynth.shared.ramps import half_cosine
from seissynth.units import DERIVATIVES

#: part of a window that may be missing at most, else it counts as without data
MOST_MISSING = 0.5

#: a component that is constant this long is dead, s
DEAD_S = 1.0

#: samples in a row at the very extreme that mark a flat top
FLAT_TOP = 4


@dataclass
class RawWindow:
    """Counts of three components about an origin time.

    Parameters
    ----------
    data : ndarray, shape (3, npts), float64
        Gaps are bridged by straight lines.
    missing : ndarray, shape (3, npts), bool
    lead, npts : int
        Samples before the window proper, and in it; the rest is the margin after it.
    rate_hz : float
    start_ns : int
        Time of the window's first sample (index `lead`).
    integer : bool
        Whether the samples are whole counts.
    """

    data: np.ndarray
    missing: np.ndarray
    lead: int
    npts: int
    rate_hz: float
    start_ns: int
    integer: bool

    @property
    def inside(self):
        """Samples of the window proper."""
        return slice(self.lead, self.lead + self.npts)

    @property
    def missing_samples(self):
        """Largest number of missing samples of a component in the window."""
        return int(self.missing[:, self.inside].sum(axis=1).max())

    @property
    def margin_s(self):
        """Length of the shorter margin, before or after the window, without a gap, s."""
        return min(self.lead, self.data.shape[1] - self.lead - self.npts) / self.rate_hz

    def dead(self):
        """Whether a component is constant for `DEAD_S` or more."""
        limit = max(int(DEAD_S * self.rate_hz), 2)
        for row, missing in zip(self.data[:, self.inside], self.missing[:, self.inside], strict=True):
            if longest_run(np.diff(row) == 0, ~missing[1:]) + 1 >= limit:
                return True
        return False

    def clipped(self, clip_counts):
        """Whether a component comes near full scale, or has a flat top."""
        part = np.abs(self.data[:, self.inside])
        if self.integer and clip_counts is not None and part.max() >= clip_counts:
            return True
        if not self.integer:
            return False
        for row in part:
            peak = row.max()
            if peak > 100 and longest_run(row == peak) >= FLAT_TOP:
                return True
        return False


def longest_run(true, also=True):
    """Longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], true & also, [0]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def gather(channels, time_ns, lead_s, duration_s, tail_s):
    """Cut a window whose first sample is the one nearest to a time, from lists of Segment.

    Returns
    -------
    RawWindow or None
        None if a component has less than half of the window.
    """
    rates = {segment.rate_hz for segments in channels for segment in segments}
    if len(rates) != 1 or not all(channels):
        return None
    [rate] = rates
    lead, npts, tail = (round(length * rate) for length in (lead_s, duration_s, tail_s))
    total = lead + npts + tail
    data, missing = np.zeros((3, total)), np.ones((3, total), dtype=bool)
    start_ns = None
    for row, gaps, segments in zip(data, missing, channels, strict=True):
        for segment in segments:
            # nearest sample: pieces of one channel may differ in phase by less than a sample
            at = round((segment.start_ns - time_ns) * 1e-9 * rate) + lead
            first, last = max(at, 0), min(at + len(segment.data), total)
            if last <= first:
                continue
            empty = np.flatnonzero(gaps[first:last]) + first
            row[empty] = segment.data[empty - at]
            gaps[empty] = False
            if start_ns is None and first <= lead < last:
                start_ns = segment.start_ns + round((lead - at) / rate * 1e9)
    window = slice(lead, lead + npts)
    if missing[:, window].mean(axis=1).max() > MOST_MISSING:
        return None
    lead, keep = _contiguous(missing, lead, npts)
    data, missing = data[:, keep], missing[:, keep]
    for row, gaps in zip(data, missing, strict=True):
        if gaps.any():
            known = np.flatnonzero(~gaps)
            row[gaps] = np.interp(np.flatnonzero(gaps), known, row[known])
    integer = all(segment.data.dtype.kind in "iu" or _whole(segment.data) for part in channels for segment in part)
    return RawWindow(data, missing, lead, npts, rate, time_ns if start_ns is None else start_ns, integer)


def _whole(data):
    part = data[:1000]
    return bool((part == np.rint(part)).all() and np.abs(part).max(initial=0) >= 1)


def _contiguous(missing, lead, npts):
    """Length of the lead without gap, and the slice with it, the window and the margin after it without gap."""
    gone = missing.any(axis=0)
    before = np.flatnonzero(gone[:lead])
    first = before[-1] + 1 if len(before) else 0
    after = np.flatnonzero(gone[lead + npts :])
    last = lead + npts + (after[0] if len(after) else len(gone) - lead - npts)
    return lead - first, slice(first, last)


def motion_of(raw, sensor, quantity, band):
    """Ground motion of a window, SI, and the kind of response that was removed.

    Parameters
    ----------
    raw : RawWindow
    sensor : seissynth.stations.sensors.Sensor
        Three channels, in the order of the rows.
    quantity : {"acceleration", "velocity", "displacement", "counts"}
    band : (float or None, float or None)
        The band to keep; there is no division by responses outside it.

    Returns
    -------
    (ndarray, shape (3, npts), float64; str)
        The second: "response", "gain" or "none".
    """
    wide = raw.data - raw.data.mean(axis=-1, keepdims=True)
    if quantity == "counts":
        return wide, "none"
    kinds = set()
    out = np.empty_like(wide)
    for row, counts, channel in zip(out, wide, sensor.channels, strict=True):
        steps = DERIVATIVES[quantity] - DERIVATIVES[native_quantity(channel)]
        gain = flat_gain(channel.response)
        kinds.add("response" if gain is None else "gain")
        if gain is not None and steps == 0:
            row[:] = counts / gain
        else:
            row[:] = _divide(counts, channel, raw.rate_hz, gain, steps, band)
    return out, "response" if "response" in kinds else "gain"


def flat_gain(response):
    """Counts per SI unit of a response without poles, zeros and filters; None for any other."""
    for stage in response.response_stages or ():
        shaped = [getattr(stage, name, None) for name in ("poles", "zeros", "response_list_elements", "coefficients")]
        filters = [getattr(stage, name, None) or () for name in ("numerator", "denominator")]
        if any(shaped) or any(len(values) > 1 for values in filters):
            return None
    sensitivity = response.instrument_sensitivity
    if sensitivity is None or not sensitivity.value:
        return None
    return float(sensitivity.value) * INPUT_UNITS[tidy_units(input_units(response))][1]


def _divide(counts, channel, rate, gain, steps, band):
    """Divide by a response in the frequency domain and differentiate `steps` times, within the band."""
    from scipy.fft import irfft, next_fast_len, rfft

    low, high = band
    ringing = 10.0 if gain is not None else min(padding_s(channel.response), 120.0)
    nfft = next_fast_len(len(counts) + round(ringing * rate), real=True)
    frequency = np.fft.rfftfreq(nfft, 1 / rate)
    keep = _band_window(frequency, low, high, rate / 2)
    flat = gain is not None
    response = np.full(len(frequency), gain, dtype=complex) if flat else evaluate_response(channel, nfft, rate)
    inside = (keep > 0) & (np.abs(response) > 0)
    factor = np.zeros(len(frequency), dtype=complex)
    factor[inside] = keep[inside] * (2j * np.pi * frequency[inside]) ** steps / response[inside]
    from seissynth.data.preparation.arrays import taper_window

    tapered = counts * taper_window(len(counts), 2.0 * rate, "both")
    return irfft(rfft(tapered, nfft) * factor, nfft)[: len(counts)]


def _band_window(frequency, low, high, nyquist):
    """One within the band, cosine flanks beyond, zero where division is meaningless."""
    if low is None:
        low = 0.05
    high = 0.9 * nyquist if high is None else high
    if not high < nyquist:
        raise InputError(f"the band ends at {high:g} Hz, but the record's Nyquist frequency is {nyquist:g} Hz.")
    top = high + 0.6 * (nyquist - high)
    up = np.clip((frequency - 0.15 * low) / (0.15 * low), 0, 1)
    down = np.clip((top - frequency) / (top - high), 0, 1)
    return half_cosine(up) * half_cosine(down)
