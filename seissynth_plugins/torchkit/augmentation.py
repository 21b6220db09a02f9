"""Augmentation of training records for any learned backend: noise of sensors, and codas.

Lengths are in samples and do not depend on a sampling rate; `SensorNoise` takes that of its table.
"""

import numpy as np

#: samples over which the ends of turned noise are blended, unless said otherwise
FADE = 100
#: the same for noise of sensors, s
FADE_S = 1.0
#: each turned piece of a coda is so much weaker than the one before
WEAKER = 0.7


def turned(noise, npts, first, fade=FADE):
    """Return noise that begins anywhere: its end runs into its beginning, blended with equal power.

    Parameters
    ----------
    noise : ndarray, shape (3, n)
    npts : int
        Samples wanted.
    first : int
        With which sample to begin.
    fade : int
        Samples over which end and beginning are blended; at most half of `noise`.

    Returns
    -------
    ndarray, shape (3, npts)
    """
    angle = ((np.arange(fade) + 0.5) / fade * np.pi / 2).astype(noise.dtype)
    ring = noise[:, :-fade].copy()
    ring[:, :fade] = ring[:, :fade] * np.sin(angle) + noise[:, -fade:] * np.cos(angle)
    return np.take(ring, np.arange(first, first + npts), axis=1, mode="wrap")


def coda(record, start, last):
    """Return a record from one of its samples on; what it then lacks is its last part, turned round and ever weaker.

    Parameters
    ----------
    record : ndarray, shape (3, n)
    start : int
        Sample to begin with; one of the last part gives all of that part.
    last : int
        Samples of the part that is turned round.

    Returns
    -------
    ndarray, shape (3, n)
    """
    npts = record.shape[-1]
    start = min(start, npts - last)
    out, have = np.zeros_like(record), npts - start
    out[:, :have] = record[:, start:]
    piece = record[:, -last:]
    while have < npts:
        piece = np.float32(WEAKER) * piece[:, ::-1]
        take = min(last, npts - have)
        out[:, have : have + take] = piece[:, :take]
        have += take
    return out


class SensorNoise:
    """Draws noise of sensors from the rows of noise that a training may know.

    Parameters
    ----------
    table : seissynth_plugins.torchkit.training_table.TrainingTable
    """

    def __init__(self, table):
        self._table, self._fade = table, max(round(FADE_S * table.rules.sampling_rate_hz), 1)
        self._rows_of = {}
        for row, sensor in zip(table.noise.tolist(), table.sensors(table.noise), strict=True):
            self._rows_of.setdefault(sensor, []).append(row)

    def draw(self, sensor, rng):
        """Return noise of a sensor, of any where it has none, that begins anywhere.

        Parameters
        ----------
        sensor : str
            NET.STA.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (3, npts), float32
        """
        rows = self._rows_of.get(sensor, self._table.noise)
        noise = self._table.waveforms([rows[rng.integers(len(rows))]])[0]
        return turned(noise, noise.shape[-1], int(rng.integers(noise.shape[-1])), self._fade)
