"""Waveforms scaled to order one, with the logarithm of their scale stored separately to keep the amplitude."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_signal, positive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

KINDS = ("peak", "zscore")

#: version of the plain form
FORMAT = 1


@dataclass(frozen=True)
class ScaledWaveform:
    """Scale records, and scale them back.

    Parameters
    ----------
    kind : {"peak", "zscore"}
        Divide by the largest absolute value, or subtract the mean and divide by the standard deviation.
    per_component : bool
        A scale for each component, or one for the three of a record, which keeps their ratios.
    least_scale : float
        In the unit of the records; a record with less (zeros) is divided by this.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.representations import ScaledWaveform
    >>> records = np.random.default_rng(0).standard_normal((2, 3, 100)) * 1e-5
    >>> scaling = ScaledWaveform("peak", per_component=False)
    >>> scaled, log_scale = scaling.encode(records)
    >>> scaled.shape, log_scale.shape, float(abs(scaled).max(axis=(1, 2))[0])
    ((2, 3, 100), (2, 1), 1.0)
    >>> np.allclose(scaling.decode(scaled, log_scale), records, rtol=1e-6, atol=1e-12)
    True
    """

    kind: str = "peak"
    per_component: bool = True
    least_scale: float = 1e-15

    def __post_init__(self):
        if self.kind not in KINDS:
            raise InputError(f"kind={self.kind!r} must be one of {', '.join(map(repr, KINDS))}.")
        positive("least_scale", self.least_scale)

    @property
    def scales(self) -> int:
        """Scales per record: 3 or 1."""
        return 3 if self.per_component else 1

    def encode(self, data: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Scale records.

        Parameters
        ----------
        data : array_like, shape (n, 3, npts)

        Returns
        -------
        scaled : ndarray, shape (n, 3, npts), float32
            Peak 1, or mean 0 and standard deviation 1 ("zscore"; with one scale a record, over its three components).
        log_scale : ndarray, shape (n, 3) or (n, 1), float32
            ln of the divisor, in the unit of the records.
        """
        data = as_signal(data, "data").astype(np.float64)
        if data.ndim != 3 or data.shape[1] != 3:
            raise InputError(f"data has shape {data.shape}; it must be (n, 3, npts).")
        if self.kind == "zscore":
            data -= data.mean(axis=2, keepdims=True)
        axes = 2 if self.per_component else (1, 2)
        if self.kind == "peak":
            scale = abs(data).max(axis=axes, keepdims=True)
        else:
            scale = np.sqrt((data**2).mean(axis=axes, keepdims=True))
        scale = np.maximum(scale, self.least_scale)
        return (data / scale).astype(np.float32), np.log(scale[:, :, 0]).astype(np.float32)

    def decode(self, scaled: ArrayLike, log_scale: ArrayLike) -> np.ndarray:
        """Undo `encode`, except for the mean removed by "zscore".

        Parameters
        ----------
        scaled : array_like, shape (n, 3, npts)
            Output of a model; its own peak or spread is not changed.
        log_scale : array_like, shape (n, 3) or (n, 1)

        Returns
        -------
        ndarray, shape (n, 3, npts), float32

        Raises
        ------
        InputError
            Inconsistent shapes, or a result too large for float32.
        """
        scaled, log_scale = as_signal(scaled, "scaled"), as_signal(log_scale, "log_scale")
        if scaled.ndim != 3 or scaled.shape[1] != 3 or log_scale.shape != (len(scaled), self.scales):
            raise InputError(
                f"scaled and log_scale have shapes {scaled.shape} and {log_scale.shape}; they must be (n, 3, npts) and "
                f"(n, {self.scales})."
            )
        with np.errstate(over="ignore"):
            data = (scaled * np.exp(log_scale.astype(np.float64))[:, :, None]).astype(np.float32)
        if not np.isfinite(data).all():
            raise InputError(f"log_scale reaches {log_scale.max():.4g}: the records do not fit into float32.")
        return data

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain data."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class ScaleStatistics:
    """Mean and spread of ln scales over a training set, for standardising a network's extra channel.

    Parameters
    ----------
    mean, sd : tuple of float
        One for each scale of a record.

    Examples
    --------
    >>> statistics = ScaleStatistics.fit([[-10.0], [-12.0]])
    >>> statistics.standardise([[-12.0]]).tolist(), statistics.restore([[0.0]]).tolist()
    ([[-1.0]], [[-11.0]])
    """

    mean: tuple
    sd: tuple

    @classmethod
    def fit(cls, log_scales: ArrayLike) -> ScaleStatistics:
        """Compute statistics of ln scales, shape (n, scales)."""
        values = as_signal(log_scales, "log_scales").astype(np.float64)
        sd = values.std(axis=0)
        if values.ndim != 2 or not len(values) or not (sd > 0).all():
            raise InputError(f"log_scales of shape {values.shape} must be (n, scales), and differ between records.")
        return cls(tuple(values.mean(axis=0).tolist()), tuple(sd.tolist()))

    def standardise(self, log_scales: ArrayLike) -> np.ndarray:
        """Return (ln scale - mean) / sd, float32."""
        return ((np.asarray(log_scales, dtype=float) - self.mean) / self.sd).astype(np.float32)

    def restore(self, standardised: ArrayLike) -> np.ndarray:
        """Undo `standardise`."""
        return (np.asarray(standardised, dtype=float) * self.sd + self.mean).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"format": FORMAT, "mean": list(self.mean), "sd": list(self.sd)}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> ScaleStatistics:
        """Make statistics from the result of `to_dict`."""
        if not isinstance(plain, dict) or plain.get("format") != FORMAT or not {"mean", "sd"} <= set(plain):
            raise InputError(f"statistics of scales need format {FORMAT}, mean and sd; got {plain!r:.80}.")
        return cls(tuple(map(float, plain["mean"])), tuple(map(float, plain["sd"])))
