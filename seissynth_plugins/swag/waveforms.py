"""Code records for SWaG's network: whitened, scaled, optionally compressed, with ln of the scales as one column.

NumPy and SciPy only.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_toeplitz
from scipy.signal import butter, lfilter, sosfiltfilt, welch

from seissynth.errors import InputError
from seissynth.representations import ScaledWaveform, ScaleStatistics

#: samples of a piece of which the mean spectrum is taken, at most
_PIECE = 1024
#: mean power below this share of the largest is not raised further
_WHITE_FLOOR = 3e-4
#: corners of the filter that removes motion outside the training set's band; applied forth and back
_CORNERS = 3
#: points of the sum that gives the spread of a compressed normal variable
_POINTS = 20_001
#: a component with less motion (zeros) is divided by this, in the unit of the records
_LEAST_SCALE = ScaledWaveform.least_scale


@dataclass(frozen=True)
class WaveformCoding:
    """Turns records into the network's input, and its output back into records.

    Parameters
    ----------
    whitening : tuple of float
        Coefficients of the filter that levels spectra, but for the first, which is 1; see `fit_whitening`.
    compression : float
        See `seissynth_plugins.swag.config.SwagConfig`.
    band : (float, float)
        Shares of the Nyquist frequency between which the training set has motion, see `fit_band`; what a network adds
        outside is taken out of its records. (0, 1) takes out nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth_plugins.swag.waveforms import WaveformCoding
    >>> records = np.random.default_rng(0).standard_normal((2, 3, 500)).cumsum(-1)
    >>> coding = WaveformCoding(whitening=(-0.9,), compression=0.1)
    >>> columns, log_scale = coding.encode(records)
    >>> bool(np.allclose(coding.decode(columns, log_scale), records - records.mean(-1, keepdims=True), atol=1e-3))
    True
    """

    whitening: tuple = ()
    compression: float = 0.0
    band: tuple = (0.0, 1.0)

    def encode(self, records):
        """Return the network's input for waveforms, and ln of the scales that divided them.

        Parameters
        ----------
        records : ndarray, shape (n, 3, npts)
            Of any unit.

        Returns
        -------
        ndarray, shape (n, 3, npts), float32
            Root mean square 1 for each component, but for the compression.
        ndarray, shape (n, 3), float32
        """
        data = np.asarray(records, dtype=np.float64)
        # the mean is removed first: otherwise the filter would start with a step
        data = data - data.mean(axis=-1, keepdims=True)
        if self.whitening:
            data = lfilter([1.0, *self.whitening], [1.0], data, axis=-1)
        scaled, log_scale = _scaled(data)
        if self.compression:
            scaled = (np.arcsinh(scaled / self.compression) / self._spread).astype(np.float32)
        return scaled, log_scale

    def decode(self, columns, log_scale=None):
        """Turn the network's output into waveforms.

        Parameters
        ----------
        columns : ndarray, shape (n, 3, npts)
        log_scale : ndarray, shape (n, 3), optional
            None: each component gets mean 0 and standard deviation 1, "normalised" records.

        Returns
        -------
        ndarray, shape (n, 3, npts), float32
        """
        data = np.asarray(columns, dtype=np.float64)
        if self.compression:
            data = self.compression * np.sinh(data * self._spread)
        if log_scale is not None:
            # the scale holds for root mean square 1, which what a network makes has only nearly
            data = _scaled(data)[0] * np.exp(np.asarray(log_scale, dtype=np.float64))[..., None]
        if self.whitening:
            data = lfilter([1.0], [1.0, *self.whitening], data, axis=-1)
        low, high = self.band
        for edge, kind in ((low, "highpass"), (high, "lowpass")):
            if 0 < edge < 1:
                # no phase: there is hardly any energy near the edge
                data = sosfiltfilt(butter(_CORNERS, edge, kind, output="sos"), data, axis=-1)
        data = data - data.mean(axis=-1, keepdims=True)
        return _scaled(data)[0] if log_scale is None else data.astype(np.float32)

    @property
    def _spread(self):
        """Standard deviation of the compressed normal distribution."""
        normal = np.linspace(-4, 4, _POINTS)
        weight = np.exp(-(normal**2) / 2)
        return float(np.sqrt((weight * np.arcsinh(normal / self.compression) ** 2).sum() / weight.sum()))


def fit_whitening(records, order):
    """Fit the filter that levels the mean spectrum of records.

    Parameters
    ----------
    records : ndarray, shape (n, 3, npts)
    order : int
        Number of coefficients, 0 for none.

    Returns
    -------
    tuple of float
        c of ``y[n] = x[n] + c[0] x[n - 1] + ...``; the filter that undoes it is stable.

    Notes
    -----
    Linear prediction by the autocorrelation method (Makhoul 1975): the coefficients solve the normal equations of the
    autocorrelation that belongs to the mean power spectrum of the components over their standard deviations. Power
    below 3e-4 of the largest is raised to that level. Bands without motion therefore stay low, and energy that a
    network adds there is weakened on the way back.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth_plugins.swag.waveforms import fit_whitening
    >>> noise = np.random.default_rng(0).standard_normal((20, 3, 2000))
    >>> red = np.zeros_like(noise)
    >>> for n in range(1, 2000):
    ...     red[..., n] = 0.8 * red[..., n - 1] + noise[..., n]
    >>> round(fit_whitening(red, 1)[0], 1)
    -0.8
    """
    if not order:
        return ()
    power = _mean_power(records)
    # a one-sided spectrum has the power of both sides but at its ends
    power[1:-1] /= 2
    likeness = np.fft.irfft(np.maximum(power, _WHITE_FLOOR * power.max()))[: order + 1]
    return tuple(float(-value) for value in solve_toeplitz(likeness[:-1], likeness[1:]))


def fit_band(records):
    """Return between which shares of the Nyquist frequency the records have motion.

    Parameters
    ----------
    records : ndarray, shape (n, 3, npts)

    Returns
    -------
    (float, float)
        Where the mean power is 3e-4 of the largest for the first and the last time; 0 and 1 where it is at the ends.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth_plugins.swag.waveforms import fit_band
    >>> fit_band(np.random.default_rng(0).standard_normal((4, 3, 2000)))
    (0.0, 1.0)
    """
    power = _mean_power(records)
    # 0 Hz has no part in it: the mean is taken off
    inside = np.flatnonzero(power[1:] >= _WHITE_FLOOR * power.max()) + 1
    last = len(power) - 1
    low, high = inside[0], inside[-1]
    return (0.0 if low <= 1 else float(low / last), 1.0 if high >= last - 1 else float(high / last))


def _mean_power(records):
    """Mean power spectrum of the components over their standard deviations."""
    data = np.asarray(records, dtype=np.float64)
    data = data - data.mean(axis=-1, keepdims=True)
    data = data / np.maximum(data.std(axis=-1, keepdims=True), _LEAST_SCALE)
    return welch(data, nperseg=min(_PIECE, data.shape[-1]), detrend=False, scaling="spectrum")[1].mean(axis=(0, 1))


def _scaled(data):
    """Components over their root mean square, and its logarithm; with their mean, or whitening could not be undone."""
    scale = np.maximum(np.sqrt(np.square(data).mean(axis=-1, keepdims=True)), _LEAST_SCALE)
    return (data / scale).astype(np.float32), np.log(scale[..., 0]).astype(np.float32)


@dataclass(frozen=True)
class SwagInputs:
    """Description of the training data: stations, ranges of labels, scales and quantity of a training set.

    Parameters
    ----------
    stations : tuple of (str, float, float)
        NET.STA (or STA) with latitude and longitude, deg; NaN where they are unknown. Their order is that of the
        network's table.
    ranges : dict of str to (float, float)
        Of the labels in training: "p_s" after the first sample, "s_minus_p_s", "magnitude".
    quantity : str
        "velocity", "acceleration", "displacement", or "normalised": each component over its standard deviation.
    scales : ScaleStatistics or None
        Of ln of the components' scales; None where these are unknown.
    component_order : str
    whitening : tuple of float
    band : (float, float)
        See `WaveformCoding`.
    """

    stations: tuple
    ranges: dict
    quantity: str = "normalised"
    scales: ScaleStatistics | None = None
    component_order: str = "ENZ"
    whitening: tuple = ()
    band: tuple = (0.0, 1.0)

    @property
    def names(self):
        """Names of the stations."""
        return [name for name, *_ in self.stations]

    def column(self, log_scale):
        """Return the network's column of scales, shape (n, 3), float32."""
        return self.scales.standardise(log_scale)

    def to_plain(self):
        """Return plain data: the normalisation in the header of a weights file."""
        # written where there is one, since runs of before have none
        band = {} if self.band == (0.0, 1.0) else {"band": list(self.band)}
        stations = [[name, *(None if np.isnan(x) else float(x) for x in degrees)] for name, *degrees in self.stations]
        return {
            "stations": stations,
            "ranges": {name: list(pair) for name, pair in self.ranges.items()},
            "quantity": self.quantity,
            "scales": None if self.scales is None else self.scales.to_dict(),
            "component_order": self.component_order,
            "whitening": list(self.whitening),
            **band,
        }

    @classmethod
    def from_plain(cls, plain):
        """Make inputs from the result of `to_plain`; an InputError names missing or wrong entries."""
        missing = [name for name in ("stations", "ranges", "quantity", "component_order") if name not in plain]
        if missing:
            raise InputError(f"the normalisation of SWaG lacks {', '.join(missing)}.")
        stations = tuple(
            (str(name), *(np.nan if value is None else float(value) for value in degrees))
            for name, *degrees in plain["stations"]
        )
        ranges = {str(name): tuple(float(value) for value in pair) for name, pair in plain["ranges"].items()}
        for name in ("p_s", "s_minus_p_s", "magnitude"):
            if name not in ranges or len(ranges[name]) != 2 or not ranges[name][0] <= ranges[name][1]:
                raise InputError(f"the ranges of SWaG's labels need two rising numbers for {name!r}.")
        scales = plain.get("scales")
        return cls(
            stations, ranges, str(plain["quantity"]), scales and ScaleStatistics.from_dict(scales),
            str(plain["component_order"]), tuple(float(value) for value in plain.get("whitening", ())),
            tuple(float(value) for value in plain.get("band", (0.0, 1.0))),
        )  # fmt: skip
