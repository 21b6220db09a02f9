"""Onsets in time: remove energy that windows of the spectrogram smear before P and S.

A frame covers 1.28 s, and a phase is in frames centred up to 0.64 s before its onset. Amplitudes that are a mean over
possible records, with phases found by Griffin-Lim, do not sum to silence there like those of a real record: records
start 0.2 s early. Here the part of a record that belongs to a phase, by the amplitude of its frames above those before
the onset, is delayed until the onset. The remaining onset is too weak: real phases, especially P on the vertical, are
strongest within tenths of a second, which frames of 1.28 s do not resolve. The phase is therefore amplified after its
onset, by as much as found in real records.
"""

import numpy as np

#: a phase rises over this time about its onset, s
RISE_S = (-0.02, 0.06)
#: ln of the factor by which a phase is raised at its onset, by component (vertical, north, east), and the time within
#: which that falls to a third, s: measured on validation blocks by `tools/heggs/heggs_onsets.py`
IMPULSES = {"P": ((1.1, 0.3, 0.3), 0.13), "S": ((0.4, 0.45, 0.45), 0.8)}
#: frames up to this long after an onset are read, s
_BEHIND_S = 2.0
#: level of S is compared with frames this long before those that reach it, s
_BEFORE_S = 1.3


def gate_onsets(records, spectrograms, representation, statistics, onsets, workers=None, impulses=None):
    """Delay phases until their onsets, and amplify them afterwards.

    Parameters
    ----------
    records : ndarray, shape (n, 3, npts)
        From `generation.to_waveforms`.
    spectrograms : ndarray, shape (n, 3, bins, frames)
        Standardised ln A that they were made of.
    representation : seissynth.representations.LogSpectrogram
    statistics : seissynth.representations.SpectrogramStatistics
    onsets : array_like, shape (n, 2)
        P and S, s after the first sample; if one is unknown, or no frame before it shows the level there, that phase is
        not changed.
    workers : int, optional
        Threads.
    impulses : dict, optional
        By phase, as `IMPULSES`, which is the default: the part of the record that belongs to the phase is multiplied by
        ``exp(a exp(-t / T))``, t s after the onset. An empty one amplifies nothing.

    Returns
    -------
    ndarray, shape (n, 3, npts), float32

    Notes
    -----
    The share of a cell is ``1 - A_before / A``, and the remainder has the amplitude A_before. Its logarithm is the mean
    by component and frequency over frames that do not overlap the onset: for P over all of them, for S over those in
    1.3 s after P. A record that begins so shortly before P that each frame overlaps it uses those that do so by half.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.representations import LogSpectrogram, SpectrogramStatistics
    >>> from seissynth_plugins.heggs.onset_gates import gate_onsets
    >>> form = LogSpectrogram()
    >>> time = np.arange(form.npts) / 100
    >>> early = np.random.default_rng(0).standard_normal((1, 3, form.npts)) * np.where(time > 9.7, 1.0, 0.01)
    >>> statistics = SpectrogramStatistics.plain(form)
    >>> late = gate_onsets(early, form.encode(early, statistics), form, statistics, [[10.0, 30.0]])
    >>> [round(float(x[..., 970:995].std()), 1) for x in (early, late)]
    [1.1, 0.0]
    """
    onsets, impulses = np.asarray(onsets, dtype=float), IMPULSES if impulses is None else impulses
    out = np.array(records, np.float32)
    stft, times = representation.stft, representation.times_s
    reach = representation.nfft / representation.sampling_rate_hz / 2
    time = np.arange(out.shape[-1]) / representation.sampling_rate_hz
    logs = np.asarray(spectrograms) * statistics.sd[:, None]
    spectra = stft.forward(out, workers)[:, :, : logs.shape[2]]
    for name, onset, begin in (("P", onsets[:, 0], None), ("S", onsets[:, 1], onsets[:, 0])):
        share = np.stack([_share(*row, times, reach) for row in _rows(logs, onset, begin)])
        known = share.any(axis=(1, 2, 3))
        if not known.any():
            continue
        parts = np.zeros((known.sum(), 3, representation.nfft // 2 + 1, len(times)), spectra.dtype)
        parts[:, :, : logs.shape[2]] = spectra[known] * share[known]
        phase = stft.inverse(parts, out.shape[-1], workers)
        after = time[None] - onset[known, None]
        held = _held(after)[:, None]
        if name in impulses:
            held = held - (1 - held) * _raised(after, *impulses[name])
        out[known] -= phase * held
    return out


def _rows(logs, onset, begin):
    begins = np.full(len(onset), -np.inf) if begin is None else begin
    return zip(logs, onset, begins, strict=True)


def _share(logs, onset, begin, times, reach):
    """Share of the phase in the frames about and after its onset, shape (3, bins, frames)."""
    out = np.zeros(logs.shape, np.float32)
    before = times < onset - reach
    if np.isfinite(begin):
        before &= (times > begin) & (times > onset - reach - _BEFORE_S)
    elif not before.any():
        before = times < onset - reach / 2
    near = (times >= onset - reach) & (times <= onset + reach + _BEHIND_S)
    if before.any() and near.any():
        floor = logs[..., before].mean(axis=-1, keepdims=True)
        out[..., near] = -np.expm1(np.minimum(floor - logs[..., near], 0))
    return out


def _raised(after, ln_factors, decay_s):
    """Relative growth of a phase at times about its onset, shape (n, 3, npts)."""
    decay = np.exp(-np.maximum(after, 0) / decay_s)
    return np.expm1(np.asarray(ln_factors)[None, :, None] * decay[:, None]).astype(np.float32)


def _held(after):
    """Share held back at times near an onset: all before it, nothing after it, half a cosine between."""
    first, last = RISE_S
    return (1 + np.cos(np.pi * np.clip((after - first) / (last - first), 0, 1))).astype(np.float32) / 2
