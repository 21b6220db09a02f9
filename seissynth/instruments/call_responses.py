"""Responses of one call's channels: each is read once, and the channels of a sensor are transformed together.

The samples are those of `seissynth.instruments.response.apply_response`, bit for bit.
"""

from itertools import groupby

import numpy as np

from seissynth.instruments.evalresp import evaluate_response, padded_length, padding_s, response_key, say
from seissynth.instruments.response import flat_gain, native_quantity
from seissynth.instruments.response_checks import rate_notes

#: samples, with padding, that are transformed together; longer records would only take more memory
MOST_TOGETHER = 2**18


class CallResponses:
    """What a call needs to know of its channels' responses.

    The inventory must not be changed while this is in use: `apply_response` reads a response anew each time, this does
    it once.
    """

    def __init__(self):
        self._said = set()  # warnings, given once for all records of the call
        self._checked, self._known = set(), {}

    def quantity(self, channel):
        """As `seissynth.instruments.response.native_quantity`."""
        return self._of(channel)[0]

    def counts(self, data, channels, sampling_rate_hz):
        """Yield the counts of each channel.

        Parameters
        ----------
        data : ndarray, shape (n_channels, npts)
            Motion, of each channel's own quantity.
        channels : list of Channel
        sampling_rate_hz : float
            Of `data`.

        Yields
        ------
        ndarray, shape (npts,), float64
        """
        # imported here: scipy.fft is needed for counts only
        from scipy.fft import irfft, rfft

        npts = data.shape[-1]
        for nfft, rows in self._together(channels, npts, sampling_rate_hz):
            motion = np.asarray(data[rows], dtype=np.float64)
            if nfft is None:
                yield from (row * self.spectrum(channels[k], 0, 0.0) for k, row in zip(rows, motion, strict=True))
                continue
            spectra = rfft(motion, nfft, axis=-1)
            for k, spectrum in zip(rows, spectra, strict=True):
                spectrum *= self.spectrum(channels[k], nfft, sampling_rate_hz)
            yield from irfft(spectra, nfft, axis=-1)[:, :npts]

    def spectrum(self, channel, nfft, sampling_rate_hz):
        """As `seissynth.instruments.response.spectrum_of_response`, of the instrument's own quantity."""
        _, key, _ = self._of(channel)
        if key is None:
            return flat_gain(channel, self._said)
        return evaluate_response(channel, nfft, sampling_rate_hz, self._said, key)

    def _of(self, channel):
        """Quantity, key (None for a flat gain) and padding (s) of a channel's response."""
        response = channel.response
        known, whose = self._known.get(id(response), (None, None))
        if whose is not response or response is None:  # ids come again in another process
            quantity, staged = native_quantity(channel), bool(response.response_stages)
            known = quantity, response_key(response) if staged else None, padding_s(response) if staged else 0.0
            self._known[id(response)] = known, response
        return known

    def _together(self, channels, npts, sampling_rate_hz):
        """Yield lengths of transforms (None for a flat gain), and the numbers of the channels that share one."""
        lengths = []
        for channel in channels:
            _, key, padding = self._of(channel)
            if key is not None and (channel.id, channel.sampling_rate_hz) not in self._checked:
                self._checked.add((channel.id, channel.sampling_rate_hz))
                for note in rate_notes(channel):
                    say(channel, note, self._said)
            lengths.append(None if key is None else padded_length(npts, padding, sampling_rate_hz))
        for nfft, rows in groupby(range(len(channels)), key=lengths.__getitem__):
            rows = list(rows)
            most = max(MOST_TOGETHER // (nfft or npts), 1)
            yield from ((nfft, rows[first : first + most]) for first in range(0, len(rows), most))
