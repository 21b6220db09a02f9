"""Signal and noise in spectrograms: where P begins, a correction over time and magnitude, and powers that add.

Levels are in standard deviations of ln A, like spectrograms; `signal` and `with_noise` hold ln A.
"""

import numpy as np

#: a phase begins so much before its onset, since a frame sees half a window, s
LEAD_S = 0.3
#: the level of a record's noise is taken over so many frames at least
LEAST_FRAMES = 4
#: of the power that a network predicts after P, at least this share is signal
LEAST_SIGNAL = 0.02
#: knots of the correction in time after S, s; between them it is linear in ln(1 + t)
KNOTS_S = (0.0, 1.5, 4.0, 12.0, 35.0)
#: knots after P, up to S, likewise
P_KNOTS_S = (0.0, 0.8, 2.5)
#: the correction is zero at this magnitude, linear in it, and constant beyond these
MIDDLE_MAGNITUDE, MAGNITUDES = 3.0, (2.5, 4.5)
#: columns of the correction: by time after P up to S, by time after S, magnitude
COLUMNS = len(P_KNOTS_S) + len(KNOTS_S) + 1
#: ln A of no signal at all
_NOTHING = -60.0


def before_p(onsets, times_s):
    """Return whether each frame is before P, shape (n, frames).

    Parameters
    ----------
    onsets : array_like, shape (n, 2)
        P and S, s after origin; if P is unknown no frame is.
    times_s : array_like, shape (frames,)
        Centres of the frames, s after origin.

    Examples
    --------
    >>> before_p([[3.0, 5.0]], [1.0, 2.6, 2.8, 4.0]).tolist()
    [[True, True, False, False]]
    """
    p = np.nan_to_num(np.asarray(onsets, dtype=float)[:, :1], nan=-np.inf) - LEAD_S
    return np.asarray(times_s, dtype=float)[None] < p


def shape_features(onsets, times_s, magnitudes):
    """Return the columns of the correction over time and magnitude, shape (n, frames, 9).

    One in turn at the knots after P, up to S, and at those after S, linear in ln(1 + t) between them; zero where one of
    both is unknown. The last is the magnitude less 3, of at least 2.5 and at most 4.5.

    Examples
    --------
    >>> found = shape_features([[2.0, 5.0]], [4.0, 5.75], [2.5])[0].astype(float).round(2)
    >>> found[:, :3].tolist(), found[:, 3:5].tolist(), found[:, 8:].tolist()
    ([[0.0, 0.23, 0.77], [0.0, 0.0, 0.0]], [[0.0, 0.0], [0.39, 0.61]], [[-0.5], [-0.5]])
    """
    onsets = np.asarray(onsets, dtype=float)
    after_p, after = (np.asarray(times_s, dtype=float)[None] - onset[:, None] for onset in onsets.T)
    behind = after >= -LEAD_S
    columns = [hat * ~behind for hat in _hats(after_p, P_KNOTS_S)] + [hat * behind for hat in _hats(after, KNOTS_S)]
    columns = np.stack(columns, axis=-1) * np.isfinite(onsets).all(axis=1)[:, None, None]
    sizes = np.clip(np.asarray(magnitudes, dtype=float), *MAGNITUDES) - MIDDLE_MAGNITUDE
    sizes = np.broadcast_to(sizes[:, None, None], (*after.shape, 1))
    return np.concatenate([columns, sizes], axis=-1).astype(np.float32)


def _hats(after_s, knots_s):
    """One at each knot in turn, linear in ln(1 + t) between them, constant beyond."""
    log_s = np.log1p(np.maximum(np.nan_to_num(after_s), 0))
    return [np.interp(log_s, np.log1p(knots_s), row) for row in np.eye(len(knots_s))]


def noise_levels(spectrograms, early):
    """Return the mean before P by component and bin, shape (n, 3, bins); NaN if it is too short.

    Parameters
    ----------
    spectrograms : ndarray, shape (n, 3, bins, frames)
    early : ndarray of bool, shape (n, frames)
        From `before_p`.
    """
    count = early.sum(axis=1)
    sums = np.einsum("ncft,nt->ncf", spectrograms, early.astype(np.float32))
    return np.where((count >= LEAST_FRAMES)[:, None, None], sums / np.maximum(count, 1)[:, None, None], np.nan)


def signal(spectrograms, early, sd, predicted):
    """Return ln A of a prediction without its own noise: the noise before P is subtracted as power.

    Parameters
    ----------
    spectrograms : ndarray, shape (n, 3, bins, frames)
    early : ndarray of bool, shape (n, frames)
    sd : ndarray, shape (bins,)
        Standard deviations of ln A.
    predicted : ndarray, shape (3, bins)
        Noise of records that have too little time before P.

    Returns
    -------
    ndarray, shape (n, 3, bins, frames)
        ln A over the mean that standard deviations are counted from; -60 before P.
    """
    levels = noise_levels(spectrograms, early)
    levels = np.where(np.isnan(levels), predicted, levels)
    scale = np.asarray(sd, np.float32)[:, None]
    power = 2 * spectrograms * scale
    share = -np.expm1(np.minimum(2 * levels[..., None] * scale - power, 0))
    logs = (power + np.log(np.maximum(share, LEAST_SIGNAL))) / 2
    return np.where(early[:, None, None], _NOTHING, logs).astype(np.float32)


def with_noise(signals, noise, sd):
    """Return spectrograms of signals, ln A, and noise levels of shape (n, 3, bins): powers add."""
    scale = np.asarray(sd, np.float32)[:, None]
    return (np.logaddexp(2 * signals, 2 * noise[..., None] * scale) / 2 / scale).astype(np.float32)
