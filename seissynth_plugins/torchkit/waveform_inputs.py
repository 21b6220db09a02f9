"""Inputs of waveform GANs, and back to records: scaled samples, separate sizes, conditions.

NumPy only.
"""

from dataclasses import asdict, dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.representations import ConditionStatistics, ConditionVector, ScaledWaveform

#: columns taken as logarithms, and the value added before
LOGARITHMIC = {"path_ep_distance_km": 1.0, "path_hyp_distance_km": 1.0, "station_vs_30_mps": 0.0}
#: a missing value of these is the mean of the training set; all others are required
OPTIONAL = ("station_vs_30_mps",)
#: what the size of a record is predicted from
SIZE_COLUMNS = ("source_magnitude", "path_ep_distance_km", "source_depth_km")
#: how records are scaled: each component by its peak, its standard deviation, or from least to largest value to 0 ... 1
SCALINGS = ("peak", "zscore", "range")
_LEAST_SCALE = ScaledWaveform.least_scale


# --- conditions


@dataclass(frozen=True)
class ConditionColumns:
    """Columns of a conditions table as standardised numbers.

    Parameters
    ----------
    names : tuple of str
    mean, sd : tuple of float
        Of the columns, some of them as logarithms (`LOGARITHMIC`), over the training set.

    Examples
    --------
    >>> columns = {"source_magnitude": [2.0, 4.0]}
    >>> conditions = ConditionColumns.fit(columns, ("source_magnitude",))
    >>> conditions.encode(columns).tolist()
    [[-1.0], [1.0]]
    """

    names: tuple
    mean: tuple
    sd: tuple

    @classmethod
    def fit(cls, columns, names):
        """Take mean and standard deviation of each column."""
        values = np.column_stack([_column(columns, name) for name in names]) if names else np.empty((1, 0))
        known = np.isfinite(values).any(axis=0)
        mean = np.where(known, np.nanmean(np.where(known, values, 0.0), axis=0), 0.0)
        sd = np.where(known, np.nanstd(np.where(known, values, 0.0), axis=0), 0.0)
        return cls(tuple(names), tuple(mean.tolist()), tuple(np.where(sd > 0, sd, 1.0).tolist()))

    def encode(self, columns):
        """Return the numbers, shape (n, names), float32; a missing optional one is 0."""
        if not self.names:
            return np.zeros((len(columns), 0), np.float32)
        values = np.column_stack([_column(columns, name) for name in self.names])
        return np.nan_to_num((values - self.mean) / self.sd, nan=0.0).astype(np.float32)

    @property
    def columns(self):
        """Columns that must be finite."""
        return tuple(name for name in self.names if name not in OPTIONAL)

    @property
    def size(self):
        """Numbers of a condition."""
        return len(self.names)


@dataclass(frozen=True)
class VectorCondition:
    """The condition vector of HEGGS, see `seissynth.representations.ConditionVector`."""

    vector: ConditionVector
    statistics: ConditionStatistics

    @classmethod
    def fit(cls, columns, encoding="paper", extras=()):
        """Take the statistics of a training set."""
        vector = ConditionVector(encoding, tuple(extras))
        return cls(vector, ConditionStatistics.fit(columns, vector.extras))

    def encode(self, columns):
        """Return the vectors, shape (n, size), float32."""
        return self.vector.encode({name: columns[name] for name in self.vector.columns}, self.statistics)

    @property
    def columns(self):
        """Columns that it reads."""
        return self.vector.columns

    @property
    def size(self):
        """Length of a vector."""
        return self.vector.size


def _column(columns, name):
    if name not in columns:
        if name in OPTIONAL:
            return np.full(len(columns[next(iter(columns))]), np.nan)
        raise InputError(f"the conditions lack {name!r}.")
    values = np.asarray(columns[name], dtype=float)
    if name not in OPTIONAL and not np.isfinite(values).all():
        raise InputError(
            f"{name} is {values[~np.isfinite(values)][0]} in row {np.flatnonzero(~np.isfinite(values))[0]}."
        )
    return np.log(values + LOGARITHMIC[name]) if name in LOGARITHMIC else values


# --- sizes


@dataclass(frozen=True)
class SizeModel:
    """A linear model of ln of the scales of a record's components, by magnitude, ln distance and depth.

    For systems whose network makes no sizes: sizes are drawn from the residuals' normal distribution.

    Parameters
    ----------
    coefficients : tuple, shape (4, scales)
        Of 1 and the `SIZE_COLUMNS`, which enter as `LOGARITHMIC` says.
    root : tuple, shape (scales, scales)
        Lower triangular; its product with its transpose is the covariance of the residuals.
    """

    coefficients: tuple
    root: tuple

    @classmethod
    def fit(cls, columns, log_scales):
        """Fit by least squares.

        Parameters
        ----------
        columns : mapping of str to array_like, shape (n,)
        log_scales : ndarray, shape (n, scales)

        Raises
        ------
        InputError
            Too few records to separate the terms.
        """
        design, values = _design(columns), np.asarray(log_scales, dtype=float)
        if len(values) <= design.shape[1] + values.shape[1]:
            raise InputError(f"{len(values)} records are too few for a model of their sizes.")
        found = np.linalg.lstsq(design, values, rcond=None)[0]
        residuals = values - design @ found
        covariance = residuals.T @ residuals / (len(values) - design.shape[1])
        root = np.linalg.cholesky(covariance + 1e-12 * np.eye(values.shape[1]))
        return cls(_tuples(found), _tuples(root))

    def draw(self, columns, normal):
        """Return ln scales, (n, scales), for standard normal numbers of that shape; zeros give the mean."""
        # einsum, not a matrix product, whose last bits may depend on the number of rows
        mean = np.einsum("nk,kc->nc", _design(columns), np.array(self.coefficients))
        return mean + np.einsum("nk,ck->nc", np.asarray(normal), np.array(self.root))


def _design(columns):
    parts = [_column(columns, name) for name in SIZE_COLUMNS]
    return np.column_stack([np.ones_like(parts[0]), *parts])


def _tuples(array):
    return tuple(tuple(float(value) for value in row) for row in array)


# --- samples


def scale_waveforms(records, scaling):
    """Scale records, each component separately.

    Parameters
    ----------
    records : ndarray, shape (n, 3, npts)
    scaling : {"peak", "zscore", "range"}

    Returns
    -------
    ndarray, shape (n, 3, npts), float32
        Peak 1; mean 0 and standard deviation 1; or 0 to 1, with zero at the middle where both extremes are equal.
    ndarray, shape (n, 3), float32
        Ln of peak, standard deviation, or half of the range.
    """
    if scaling in ("peak", "zscore"):
        return ScaledWaveform(scaling).encode(records)
    if scaling != "range":
        raise InputError(f"scaling={scaling!r} must be one of {', '.join(map(repr, SCALINGS))}.")
    data = np.asarray(records, dtype=np.float64)
    low, high = data.min(axis=-1, keepdims=True), data.max(axis=-1, keepdims=True)
    half = np.maximum((high - low) / 2, _LEAST_SCALE)
    return ((data - low) / (2 * half)).astype(np.float32), np.log(half[..., 0]).astype(np.float32)


def restore_waveforms(scaled, log_scale, scaling):
    """Undo `scale_waveforms`, but for means: a record has mean 0 then.

    The peak, deviation or range of a network's output is first set to that of the scaling.
    """
    again, _ = scale_waveforms(scaled, "zscore" if scaling == "zscore" else scaling)
    if scaling == "range":
        again = 2 * (again - again.mean(axis=-1, keepdims=True))
    data = again * np.exp(np.asarray(log_scale, dtype=np.float64))[..., None]
    return (data - data.mean(axis=-1, keepdims=True) if scaling == "peak" else data).astype(np.float32)


# --- all of it


@dataclass(frozen=True)
class WaveformInputs:
    """Conditions, scaling and sizes with the statistics of a training set.

    Parameters
    ----------
    condition : ConditionColumns or VectorCondition
    scaling : {"peak", "zscore", "range"}
    quantity : str
    component_order : str
    sizes : SizeModel or None
        For networks that make no sizes; None where they do, or where the set has none.
    log_scale_range : tuple of (float, float), optional
        Least and largest ln scale of each component, which correspond to -1 and 1 of a network.
    """

    condition: object
    scaling: str
    quantity: str
    component_order: str = "ENZ"
    sizes: SizeModel | None = None
    log_scale_range: tuple = ()

    def scaled_sizes(self, log_scale):
        """Return ln scales as -1 to 1 over the training set's range, float32."""
        low, high = np.array(self.log_scale_range).T
        return (2 * (np.asarray(log_scale) - low) / (high - low) - 1).astype(np.float32)

    def restored_sizes(self, scaled):
        """Undo `scaled_sizes`."""
        low, high = np.array(self.log_scale_range).T
        return (low + (np.asarray(scaled, dtype=float) + 1) / 2 * (high - low)).astype(np.float32)

    def to_plain(self):
        """Return plain data: the normalisation in the header of a weights file."""
        if isinstance(self.condition, VectorCondition):
            condition = {"vector": self.condition.vector.to_dict(), "statistics": self.condition.statistics.to_dict()}
        else:
            condition = {name: list(value) for name, value in asdict(self.condition).items()}
        sizes = None if self.sizes is None else {name: list(map(list, v)) for name, v in asdict(self.sizes).items()}
        return {
            "condition": condition, "scaling": self.scaling, "quantity": self.quantity,
            "component_order": self.component_order, "sizes": sizes,
            "log_scale_range": [list(pair) for pair in self.log_scale_range],
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain):
        """Make inputs from the result of `to_plain`; an InputError names missing or wrong entries."""
        missing = [name for name in ("condition", "scaling", "quantity", "component_order") if name not in plain]
        if missing:
            raise InputError(f"the normalisation lacks {', '.join(missing)}.")
        if plain["scaling"] not in SCALINGS:
            raise InputError(f"scaling={plain['scaling']!r} must be one of {', '.join(map(repr, SCALINGS))}.")
        condition, sizes = plain["condition"], plain.get("sizes")
        if "vector" in condition:
            vector = condition["vector"]
            made = VectorCondition(
                ConditionVector(vector["encoding"], tuple(vector["extras"])),
                ConditionStatistics.from_dict(condition["statistics"]),
            )
        else:
            made = ConditionColumns(*(tuple(condition[name]) for name in ("names", "mean", "sd")))
        return cls(
            made, plain["scaling"], str(plain["quantity"]), str(plain["component_order"]),
            None if sizes is None else SizeModel(_tuples(sizes["coefficients"]), _tuples(sizes["root"])),
            tuple(tuple(map(float, pair)) for pair in plain.get("log_scale_range", ())),
        )  # fmt: skip
