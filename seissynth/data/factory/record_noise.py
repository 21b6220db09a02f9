"""Noise of a data set's records: in the quantity of the output, along the axes of the set."""

import numpy as np

from seissynth.data.factory.noise import ModelNoise, open_noise
from seissynth.data.true_axes import counts_to_zne, is_aligned, true_axes, turn
from seissynth.instruments.response import spectrum_of_response


class RecordNoise:
    """Noise of single records.

    Parameters
    ----------
    noise : str or object
        Result of `seissynth.data.factory.noise.load_noise`.
    instrument : seissynth.stream.Instrument
    npts : int
    rate : float
        Hz.
    own_axes : bool
        Along the channels' own axes instead of Z, N, E.
    """

    def __init__(self, noise, instrument, npts, rate, own_axes):
        self.instrument, self.npts, self.rate, self.own_axes = instrument, npts, rate, own_axes
        self.raw = instrument.output == "RAW"
        #: the model whose noise goes through each channel's response; real noise for counts is in counts
        self._model = noise if self.raw and isinstance(noise, str) else None
        self._source = None if self._model else open_noise(noise, None if self.raw else instrument.quantity(None))

    def __call__(self, key, sensor):
        """Noise of one record; ndarray, shape (3, npts).

        Parameters
        ----------
        key : int
            Of the random numbers.
        sensor : seissynth.stations.sensors.Sensor
        """
        source, quantity, whole = self._of(sensor)
        return self._recorded(source.make(key, sensor, self.npts, self.rate, **whole), sensor, source, quantity)

    def split(self, key, sensor, band, gain=1.0):
        """Noise of one record outside (times `gain`) and inside a band; (ndarray, ndarray), shape (3, npts)."""
        source, quantity, whole = self._of(sensor)
        parts = source.split(key, sensor, self.npts, self.rate, band, gain, **whole)
        return tuple(self._recorded(part, sensor, source, quantity) for part in parts)

    def _of(self, sensor):
        """Source of a sensor's noise; for counts of a model its quantity, and that responses need a whole period."""
        if self._model is None:
            return self._source, None, {}
        quantity = self.instrument.quantity(true_axes(sensor).channels[0])
        return ModelNoise(self._model, quantity), quantity, {"period": True}

    def _recorded(self, noise, sensor, source, quantity):
        """Rotate noise to the axes of the set; noise of a model passes through each channel's response, for counts.

        It goes around its period, so that the instrument does not begin at rest, see `seissynth.noise.model_noise`.
        """
        zne = self._on_axes(noise, sensor, source.along_zne)
        if quantity is None:
            return zne
        upright = true_axes(sensor)
        channels = sensor.channels if self.own_axes else upright.channels
        # imported here: scipy.fft is needed for counts only
        from scipy.fft import irfft, rfft

        nfft = zne.shape[-1]
        responses = (spectrum_of_response(channel, nfft, self.rate, quantity=quantity) for channel in channels)
        spectra = [rfft(data.astype(float)) * response for data, response in zip(zne, responses, strict=True)]
        return irfft(np.stack(spectra), nfft, axis=-1)[:, : self.npts]

    def _on_axes(self, noise, sensor, along_zne):
        """Rotate noise along Z, N, E, or along the sensor's channels, to the axes of the set."""
        if is_aligned(sensor) or along_zne != self.own_axes:
            return noise
        if self.own_axes:
            return turn(sensor.direction_matrix(), noise)
        return turn(counts_to_zne(sensor) if self.raw else np.linalg.inv(sensor.direction_matrix()), noise)
