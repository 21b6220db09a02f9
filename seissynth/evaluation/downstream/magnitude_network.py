"""A magnitude regressor like MagNet, trained on real or generated records (figure 4 of SWaG).

torch is optional and imported on use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.downstream.fitting import fit_network, import_torch
from seissynth.evaluation.downstream.picker_windows import normalised
from seissynth.evaluation.statistics.intervals import mean_interval

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike

_LEAST_IN_CLASS = 5


@dataclass(frozen=True)
class MagnitudeConfig:
    """Architecture and training of the regressor.

    Parameters
    ----------
    window_s : float
        Length of the windows; MagNet uses 30 s.
    lead_s : tuple of two floats
        Time from the start of a window to P, drawn each time; a window does not begin before its record.
    filters : tuple of two ints
        Channels of both convolutions; MagNet has 64 and 32.
    units : int
        Units of the LSTM in each direction; MagNet has 100.
    dropout : float
        After each convolution; MagNet has 0.2.
    normalise : bool
        Normalise each component to zero mean and unit standard deviation. MagNet does not; sets that are stored in this
        form (SWaG's) leave no choice, and their amplitude, the best indicator of magnitude, is lost.
    steps, batch, learning_rate : int, int, float
        Adam, with half-cosine decay of the rate to a hundredth.
    check_every : int
        Steps between losses on the development set; the weights with the lowest one are kept.
    seed : int
    """

    window_s: float = 30.0
    lead_s: tuple = (1.0, 3.0)
    filters: tuple = (64, 32)
    units: int = 100
    dropout: float = 0.2
    normalise: bool = True
    steps: int = 1500
    batch: int = 64
    learning_rate: float = 1e-3
    check_every: int = 100
    seed: int = 0


@dataclass(frozen=True)
class MagnitudeRecords:
    """Records with P and magnitude, in memory.

    Parameters
    ----------
    waveforms : ndarray, shape (n, 3, npts)
        Z, N, E.
    p : ndarray, shape (n,)
        Sample of P.
    magnitude : ndarray, shape (n,)
    sampling_rate_hz : float
    """

    waveforms: np.ndarray
    p: np.ndarray
    magnitude: np.ndarray
    sampling_rate_hz: float

    def __len__(self):
        return len(self.waveforms)

    def __getitem__(self, rows):
        return MagnitudeRecords(self.waveforms[rows], self.p[rows], self.magnitude[rows], self.sampling_rate_hz)


def even_magnitudes(magnitude: ArrayLike, count: int, edges: Sequence[float], seed: int = 0) -> np.ndarray:
    """Draw rows with equal frequency of all classes of magnitude.

    Parameters
    ----------
    magnitude : array_like, shape (n,)
    count : int
        Number of rows, drawn with replacement if a class has too few.
    edges : array_like
        Edges of the classes; empty ones are left out.
    seed : int

    Returns
    -------
    ndarray of int, shape (count,)

    Examples
    --------
    >>> import numpy as np
    >>> magnitude = np.array([1.0] * 90 + [2.0] * 10)
    >>> rows = even_magnitudes(magnitude, 1000, [0.5, 1.5, 2.5])
    >>> bool(abs((magnitude[rows] == 2.0).mean() - 0.5) < 0.01)
    True
    """
    magnitude = np.asarray(magnitude, dtype=float)
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero((magnitude >= a) & (magnitude < b)) for a, b in pairwise(edges)]
    classes = [rows for rows in classes if len(rows)]
    if not classes:
        raise InputError(f"no magnitude is between {edges[0]:g} and {edges[-1]:g}.")
    shares = np.full(len(classes), count // len(classes))
    shares[: count % len(classes)] += 1
    drawn = [rng.choice(rows, share, replace=share > len(rows)) for rows, share in zip(classes, shares, strict=True)]
    return rng.permutation(np.concatenate(drawn))


def magnitude_network(config):
    """Build the regressor, untrained.

    Parameters
    ----------
    config : MagnitudeConfig

    Returns
    -------
    torch.nn.Module
        Windows (n, 3, npts) -> (n, 2): magnitude and logarithm of its variance.

    Notes
    -----
    Mousavi & Beroza (2020): two convolutions of 3 samples, each with a maximum over 4 samples and dropout; one
    bidirectional LSTM; one linear layer. Dropout comes after the maximum: before it, the maxima of scaled samples in
    training are larger than those in use, and all magnitudes are too large, by 0.5 in a run.
    """
    torch = import_torch("the magnitude regressor")
    nn = torch.nn

    class Regressor(nn.Module):
        def __init__(self):
            super().__init__()
            first, second = config.filters
            self.front = nn.Sequential(
                nn.Conv1d(3, first, 3, padding=1), nn.MaxPool1d(4), nn.Dropout(config.dropout),
                nn.Conv1d(first, second, 3, padding=1), nn.MaxPool1d(4), nn.Dropout(config.dropout),
            )  # fmt: skip
            self.lstm = nn.LSTM(second, config.units, batch_first=True, bidirectional=True)
            self.out = nn.Linear(2 * config.units, 2)

        def forward(self, x):  # (n, 3, npts)
            x = self.front(x)  # (n, second, npts / 16)
            _, (last, _) = self.lstm(x.transpose(1, 2))  # (2, n, units)
            return self.out(torch.cat([last[0], last[1]], dim=1))  # (n, 2)

    return Regressor()


def train_magnitudes(
    train: MagnitudeRecords,
    dev: MagnitudeRecords,
    config: MagnitudeConfig | None = None,
    *,
    progress: Callable[..., Any] | None = None,
) -> Any:
    """Train the regressor.

    Parameters
    ----------
    train, dev : MagnitudeRecords
        `dev` selects the final weights.
    config : MagnitudeConfig, optional
    progress : callable, optional
        Called with (step, loss on `dev`).

    Returns
    -------
    torch.nn.Module
        In evaluation mode.

    Raises
    ------
    InputError
        Missing P or magnitudes, or other sampling rates.
    MissingDependencyError
        torch is not installed.

    Notes
    -----
    Loss (Kendall & Gal 2017, as MagNet): ``exp(-v) (M - m)² / 2 + v / 2`` with ``v`` the logarithm of the variance. The
    output begins at the mean magnitude of `train`.
    """
    torch = import_torch("the magnitude regressor")
    config = config or MagnitudeConfig()
    for part in (train, dev):
        if not (np.isfinite(part.p).all() and np.isfinite(part.magnitude).all()):
            raise InputError("every record needs P and a magnitude; leave the others out.")
    if train.sampling_rate_hz != dev.sampling_rate_hz:
        raise InputError(f"train has {train.sampling_rate_hz:g} Hz and dev {dev.sampling_rate_hz:g} Hz; resample one.")
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    model = magnitude_network(config)
    with torch.no_grad():
        model.out.bias.copy_(torch.tensor([float(train.magnitude.mean()), 0.0]))
    held = _windows(dev, np.arange(len(dev)), config, np.random.default_rng(1)), _tensor(torch, dev.magnitude)

    def batch_loss():
        rows = rng.integers(0, len(train), config.batch)
        x = torch.from_numpy(_windows(train, rows, config, rng))
        return _loss(torch, model(x), _tensor(torch, train.magnitude[rows]))

    def dev_loss():
        return float(_loss(torch, model(torch.from_numpy(held[0])), held[1]))

    return fit_network(model, config, batch_loss, dev_loss, progress)


def predict_magnitudes(
    model: Any, data: np.ndarray, config: MagnitudeConfig | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return magnitude and the model's standard deviation of it, two arrays of shape (n,)."""
    torch = import_torch("the magnitude regressor")
    config = config or MagnitudeConfig()
    x = _windows(data, np.arange(len(data)), config, np.random.default_rng(seed))
    with torch.no_grad():
        parts = np.array_split(x, len(x) // 256 + 1)
        predicted = np.concatenate([model(torch.from_numpy(part)).numpy() for part in parts])
    return predicted[:, 0], np.exp(0.5 * predicted[:, 1])


def bias_by_magnitude(
    true: ArrayLike, predicted: ArrayLike, edges: Sequence[float], draws: int = 1000, seed: int = 0
) -> pandas.DataFrame:
    """Predicted minus true magnitude by class, as in figure 4 of SWaG.

    Parameters
    ----------
    true, predicted : array_like, shape (n,)
    edges : array_like
        Edges of the classes of true magnitude; classes with fewer than 5 records are left out.
    draws, seed : int
        Of the bootstrap over records.

    Returns
    -------
    DataFrame
        ``from``, ``to``, ``records``, ``bias`` with ``low`` and ``high`` (95 %), ``sd``, ``mae``.

    Notes
    -----
    A poor regressor returns the mean of its training set: small magnitudes come out high, large ones low.
    `slope` of `magnitude_scores` measures this.

    Examples
    --------
    >>> import numpy as np
    >>> true = np.repeat([1.0, 3.0], 10)
    >>> table = bias_by_magnitude(true, 0.5 * true + 1.0, [0, 2, 4])
    >>> table["bias"].round(2).tolist()
    [0.5, -0.5]
    """
    import pandas as pd

    true, predicted = np.asarray(true, dtype=float), np.asarray(predicted, dtype=float)
    rows = []
    for low, high in pairwise(edges):
        error = (predicted - true)[(true >= low) & (true < high)]
        if len(error) >= _LEAST_IN_CLASS:
            bias = mean_interval(error, np.arange(len(error)), draws=draws, seed=seed)
            rows.append({"from": low, "to": high, "records": len(error), "bias": bias[0], "low": bias[1],
                         "high": bias[2], "sd": float(error.std()), "mae": float(np.abs(error).mean())})  # fmt: skip
    return pd.DataFrame(rows)


def magnitude_scores(true: ArrayLike, predicted: ArrayLike) -> dict:
    """Mean and standard deviation of predicted minus true, mean absolute error, and slope of predicted on true.

    Returns
    -------
    dict
        ``bias``, ``sd``, ``mae``, ``slope`` (1 is right, 0 is the mean regardless of the record), ``records``.

    Examples
    --------
    >>> magnitude_scores([1.0, 2.0, 3.0], [1.5, 2.0, 2.5])["slope"]
    0.5
    """
    true, predicted = np.asarray(true, dtype=float), np.asarray(predicted, dtype=float)
    if len(true) < 2:
        raise InputError("two records or more are needed for a slope.")
    error = predicted - true
    slope = float(np.polyfit(true, predicted, 1)[0])
    return {"records": len(true), "bias": float(error.mean()), "sd": float(error.std()),
            "mae": float(np.abs(error).mean()), "slope": round(slope, 12)}  # fmt: skip


def _windows(data, rows, config, rng):
    rate = data.sampling_rate_hz
    length = round(config.window_s * rate)
    out = np.zeros((len(rows), 3, length), np.float32)
    for i, row in enumerate(rows):
        lead = rng.uniform(*config.lead_s)
        first = max(0, round(data.p[row] - lead * rate))
        part = data.waveforms[row, :, first : first + length]
        out[i, :, : part.shape[1]] = normalised(part.astype(float)) if config.normalise else part
    return out


def _tensor(torch, values):
    return torch.from_numpy(np.asarray(values, dtype=np.float32))


def _loss(torch, predicted, wanted):
    magnitude, log_variance = predicted[:, 0], predicted[:, 1].clamp(-6.0, 6.0)
    return (0.5 * torch.exp(-log_variance) * (wanted - magnitude) ** 2 + 0.5 * log_variance).mean()
