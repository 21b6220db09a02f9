"""Sensor terms: by how much records of a sensor differ from what a network says, before P, from P to S, and after S.

A network that learned from made records knows nothing of a sensor's noise and site. The mean difference between real
records and its predictions, by component and frequency, is taken off what it goes on to learn from, and put back on
what it generates. It takes a few records of a sensor to know its terms, and thousands of steps to learn them.
"""

import numpy as np

#: before P, from P to S, after S
PHASES = 3
#: a phase begins so much before its onset, since a frame sees half a window, s
LEAD_S = 0.3
#: a sensor with n records takes n / (n + this) of the way from the common terms to its own
SHRINK = 3.0
#: at most so many records are predicted for a fit
FIT_RECORDS = 4000
#: steps of these predictions, and how many records are in memory at once
_STEPS, _TOGETHER = 2, 64


def phases(onsets, times_s):
    """Return the phase of each frame: 0 before P, 1 from P to S, 2 after S.

    Parameters
    ----------
    onsets : array_like, shape (n, 2)
        P and S, s after origin. Where P is unknown all is 2, where S is unknown all behind P is 2.
    times_s : array_like, shape (frames,)
        Centres of the frames, s after origin.

    Returns
    -------
    ndarray of int, shape (n, frames)

    Examples
    --------
    >>> phases([[3.0, 5.0]], [1.0, 2.8, 4.0, 5.0]).tolist()
    [[0, 1, 1, 2]]
    """
    onsets, times_s = np.asarray(onsets, dtype=float), np.asarray(times_s, dtype=float)[None]
    p = np.nan_to_num(onsets[:, :1], nan=-np.inf) - LEAD_S
    s = np.where(np.isnan(onsets[:, 1:]), p, onsets[:, 1:] - LEAD_S)
    return np.where(times_s < p, 0, np.where(times_s < s, 1, 2))


def expand(terms, sensors, onsets, times_s):
    """Return the terms of records as spectrograms.

    Parameters
    ----------
    terms : dict of str to ndarray, shape (3, components, bins)
        By NET.STA; the key "" holds those of a sensor that is not known.
    sensors : sequence of str
    onsets, times_s
        As for `phases`.

    Returns
    -------
    ndarray, shape (n, components, bins, frames), float32
    """
    own = np.stack([terms.get(str(name), terms[""]) for name in sensors]).astype(np.float32)
    which = phases(onsets, times_s)
    return np.stack([one[phase] for one, phase in zip(own, which, strict=True)]).transpose(0, 2, 3, 1)


def mean_terms(residuals, mask, which, sensors):
    """Return the terms of residuals.

    Parameters
    ----------
    residuals : iterable of ndarray, shape (components, bins, frames)
        Real minus predicted.
    mask : ndarray of bool, shape (n, frames)
        What counts.
    which : ndarray of int, shape (n, frames)
        From `phases`.
    sensors : sequence of str

    Returns
    -------
    dict of str to ndarray, shape (3, components, bins)
        By sensor, and "" for the mean over sensors.
    """
    sums, cells, records = {}, {}, {}
    for residual, good, phase, sensor in zip(residuals, mask, which, map(str, sensors), strict=True):
        total = sums.setdefault(sensor, np.zeros((PHASES, *residual.shape[:2])))
        for number in range(PHASES):
            frames = good & (phase == number)
            total[number] += residual[:, :, frames].sum(axis=-1)
            cells.setdefault(sensor, np.zeros(PHASES))[number] += frames.sum()
            records.setdefault(sensor, np.zeros(PHASES))[number] += frames.any()
    own = {name: total / np.maximum(cells[name], 1)[:, None, None] for name, total in sums.items()}
    share = {name: (count / (count + SHRINK))[:, None, None] for name, count in records.items()}
    weight = np.maximum(sum(share.values()), 1e-9)
    common = sum(share[name] * own[name] for name in own) / weight
    terms = {name: common + share[name] * (own[name] - common) for name in sorted(own)}
    return {"": common, **terms}


def fit_sensor_terms(model, table, inputs, rows):
    """Return the sensor terms of real records against a network's predictions from noise.

    Parameters
    ----------
    model : Heggs or LatentDiffusion
        Trained on other records.
    table : data.TrainingTable
    inputs : ModelInputs
        Of the network, without sensor terms.
    rows : array of int
        Of the training part.

    Returns
    -------
    dict of str to ndarray, shape (3, components, bins)
        In standard deviations of ln A, rounded to three digits.
    """
    from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare

    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), FIT_RECORDS)).astype(int)]
    columns = table.table.iloc[rows]
    onsets = inputs.onsets(columns)
    mask = inputs.spectrogram.frames_before(columns["mask_end_s"].to_numpy()).astype(bool)
    which = phases(onsets, inputs.frame_times_s)
    ready, conditions = prepare(model), inputs.conditions(columns)
    taken = onsets if model.config.unet.onset_maps else None
    sampling = Sampling(steps=_STEPS, spread=False)

    def residuals():
        for first in range(0, len(rows), _TOGETHER):
            some = slice(first, first + _TOGETHER)
            made = generate_spectrograms(
                ready, conditions[some], rows[some], None, None if taken is None else taken[some], sampling
            )
            real = inputs.encode(table.waveforms(rows[some]), table.sensors(rows[some]))
            yield from real - made

    found = mean_terms(residuals(), mask, which, table.sensors(rows))
    return {name: np.round(values, 3).astype(np.float32) for name, values in found.items()}
