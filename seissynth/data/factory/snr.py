"""Signal to noise of a data set's records: measured in a band, and adjusted by noise in that band only."""

import numpy as np

#: band in which earthquake and noise are compared, Hz (below 0.8 of Nyquist)
SNR_BAND_HZ = (1.0, 20.0)
#: length of the earthquake's window, from S on, s
_LEVEL_S = 5.0


def snr_band_hz(rate):
    """The band for records of a sampling rate, Hz."""
    high = min(SNR_BAND_HZ[1], 0.4 * rate)
    return min(SNR_BAND_HZ[0], high / 10), high


class SnrMeter:
    """Compare noise with the records of earthquakes.

    Parameters
    ----------
    data : ndarray, shape (n, 3, npts)
        The earthquakes' own motion.
    p, s : ndarray, shape (n,)
        Onsets, samples; levels are those from S on, from P on where S is outside.
    rate : float
        Hz.
    """

    def __init__(self, data, p, s, rate):
        from scipy.signal import butter

        self.npts = data.shape[-1]
        self._sections = butter(2, snr_band_hz(rate), "bandpass", fs=rate, output="sos")
        begin = np.where((s >= 0) & (s < self.npts), s, p)
        first = np.clip(np.nan_to_num(np.ceil(begin)), 0, self.npts).astype(np.int64)
        last = np.clip(np.nan_to_num(np.ceil(begin + _LEVEL_S * rate)), 0, self.npts).astype(np.int64)
        energy = self._energy(data, first, last)
        self.signal = np.where((last > first) & (energy > 0), energy / np.maximum(last - first, 1), np.nan)

    def _energy(self, data, first, last):
        from seissynth.data.factory._kernels import band_energy

        out = np.zeros(len(data))
        band_energy(np.ascontiguousarray(data, dtype=np.float32), self._sections, first, last, out)
        return out

    def _power(self, noise):
        """Power of noise in the band, shape (n,)."""
        n = len(noise)
        return self._energy(noise, np.zeros(n, dtype=np.int64), np.full(n, self.npts, dtype=np.int64)) / self.npts

    def snr_db(self, noise):
        """Level of the earthquakes over that of noise (n, 3, npts), dB; NaN where P and S are outside."""
        power = self._power(noise)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(power > 0, 10.0 * np.log10(self.signal / power), np.nan)

    def scaled(self, outside, inside, wanted_db):
        """Scale noise to a ratio by amplifying it inside the band.

        Parameters
        ----------
        outside, inside : ndarray, shape (n, 3, npts)
            Parts of the noise, whose sum is the noise at its natural level.
        wanted_db : ndarray, shape (n,)

        Returns
        -------
        (ndarray, shape (n, 3, npts); ndarray, shape (n,))
            The noise, and its ratio: NaN, and the natural level, where the earthquake has no level.

        Notes
        -----
        Noise that has to increase is amplified inside the band only: the factor g solves |outside + g inside|² = wanted
        power, both through the band's filter. Noise that has to decrease is reduced at all frequencies: strong noise
        outside the band leaks through the filter's flanks.
        """
        power = self._power(outside + inside)
        known = np.isfinite(self.signal) & (power > 0)
        wanted = np.where(known, self.signal / 10.0 ** (wanted_db / 10.0), power)
        a, b = self._power(outside), self._power(inside)
        mixed = power - a - b  # twice the product of both
        louder = (wanted > power) & (b > 0)
        g = (-mixed + np.sqrt(np.maximum(mixed**2 + 4 * b * (wanted - a), 0.0))) / np.where(b > 0, 2 * b, 1.0)
        whole = np.sqrt(wanted / np.where(power > 0, power, 1.0))
        factors = np.where(louder, [np.ones(len(g)), g], [whole, whole]).astype(np.float32)[..., None, None]
        return factors[0] * outside + factors[1] * inside, np.where(known, wanted_db, np.nan)
