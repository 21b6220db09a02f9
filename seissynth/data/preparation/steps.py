"""The steps of a preparation of records; `seissynth.data.preparation` puts them together."""

import dataclasses
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from seissynth.data.preparation.arrays import (
    add_trend,
    fit_trend,
    pad_record,
    rotate_from_zne,
    rotate_to_zne,
    taper_window,
    unpad_record,
)
from seissynth.errors import InputError
from seissynth.shared.checks import positive, whole
from seissynth.signal.filters import bandpass
from seissynth.signal.motion import resample_motion


@dataclass(frozen=True)
class Prepared:
    """Records after some steps.

    Parameters
    ----------
    data : ndarray, shape (..., 3, npts)
    sampling_rate_hz : float
    samples : dict of str to ndarray
        Positions in the record, in samples (not rounded), such as P and S; adjusted by the steps.
    directions : ndarray, shape (..., 3, 3), or None
        Unit vectors of positive motion of each component over (Z up, N, E); None once the components are Z, N, E.
    taken : tuple of dict
        Data for the inverse of each step.
    """

    data: np.ndarray
    sampling_rate_hz: float
    samples: dict = field(default_factory=dict)
    directions: np.ndarray | None = None
    taken: tuple = ()


class Step:
    """One step: a frozen dataclass with a `name`, plain fields, `apply` and, if possible, `invert`."""

    name: ClassVar[str]
    #: whether `invert` gives back what `apply` was given (to rounding)
    invertible: ClassVar[bool] = True

    def apply(self, record):
        """Return a new `Prepared` with one more entry in `taken`."""
        raise NotImplementedError

    def invert(self, record, taken):
        """Return the `Prepared` before this step; `taken` is what `apply` kept."""
        raise NotImplementedError

    def to_dict(self):
        """Return the step as plain data."""
        return {"step": self.name, **dataclasses.asdict(self)}


def _after(record, data, taken=None, **changes):
    return replace(record, data=data, taken=(*record.taken, taken or {}), **changes)


def check_choice(name, value, choices):
    """Raise InputError for a value that is not among the choices."""
    if value not in choices:
        raise InputError(f"{name}={value!r} must be one of {', '.join(map(repr, choices))}.")


@dataclass(frozen=True)
class Detrend(Step):
    """Remove the mean ("constant") or the least-squares line ("linear") of each component."""

    kind: str = "linear"
    name: ClassVar[str] = "detrend"

    def __post_init__(self):
        check_choice("Detrend kind", self.kind, ("constant", "linear"))

    def apply(self, record):
        """See `Step.apply`."""
        trend = fit_trend(record.data, linear=self.kind == "linear")
        return _after(record, add_trend(record.data, trend, -1.0), {"trend": trend})

    def invert(self, record, taken):
        """Add the line again."""
        return replace(record, data=add_trend(record.data, taken["trend"], 1.0))


@dataclass(frozen=True)
class Taper(Step):
    """Cosine taper over `length_s` seconds at each end (`side`: "both", "start", "end"); cannot be undone."""

    length_s: float = 1.0
    side: str = "both"
    name: ClassVar[str] = "taper"
    invertible: ClassVar[bool] = False

    def __post_init__(self):
        positive("Taper length_s", self.length_s, "s")
        check_choice("Taper side", self.side, ("both", "start", "end"))

    def apply(self, record):
        """See `Step.apply`."""
        window = taper_window(record.data.shape[-1], self.length_s * record.sampling_rate_hz, self.side)
        return _after(record, (record.data * window).astype(record.data.dtype, copy=False))


@dataclass(frozen=True)
class Bandpass(Step):
    """Butterworth filter, see `seissynth.signal.bandpass`; cannot be undone."""

    low_hz: float | None = 1.0
    high_hz: float | None = 45.0
    corners: int = 4
    zerophase: bool = False
    name: ClassVar[str] = "bandpass"
    invertible: ClassVar[bool] = False

    def apply(self, record):
        """See `Step.apply`."""
        passed = bandpass(
            record.data, record.sampling_rate_hz, self.low_hz, self.high_hz, self.corners, zerophase=self.zerophase
        )
        return _after(record, passed)


@dataclass(frozen=True)
class Resample(Step):
    """Another sampling rate (`seissynth.signal.motion.resample_motion`); sample 0 keeps its time, positions are scaled.

    Upsampling and back is exact only below 0.85 of the lower Nyquist frequency; it therefore counts as a step without
    inverse.
    """

    sampling_rate_hz: float = 100.0
    name: ClassVar[str] = "resample"
    invertible: ClassVar[bool] = False

    def __post_init__(self):
        positive("Resample sampling_rate_hz", self.sampling_rate_hz, "Hz")

    def apply(self, record):
        """See `Step.apply`."""
        ratio = self.sampling_rate_hz / record.sampling_rate_hz
        data = resample_motion(record.data, record.sampling_rate_hz, self.sampling_rate_hz)
        moved = {name: values * ratio for name, values in record.samples.items()}
        return _after(record, data, samples=moved, sampling_rate_hz=float(self.sampling_rate_hz))


@dataclass(frozen=True)
class Rotate(Step):
    """Rotate the components to Z (up), N, E by the sensor's directions, passed to `apply` of the preparation."""

    name: ClassVar[str] = "rotate"

    def apply(self, record):
        """See `Step.apply`."""
        if record.directions is None:
            raise InputError("the step 'rotate' needs directions=: unit vectors of the components over (Z, N, E).")
        turned = rotate_to_zne(record.data, record.directions)
        return _after(record, turned, {"directions": record.directions}, directions=None)

    def invert(self, record, taken):
        """Rotate back to the sensor's axes."""
        data = rotate_from_zne(record.data, taken["directions"])
        return replace(record, data=data, directions=taken["directions"])


class _Scaled(Step):
    """Steps that subtract `shift` and divide by `scale`, one per component or one per record."""

    def __post_init__(self):
        check_choice(f"{type(self).__name__} per", self.per, ("component", "record"))

    def _scale(self, record, shift, scale):
        # a component that is constant stays at 0: there is nothing to scale
        scale = np.where(scale > 0, scale, 1.0)
        data = ((record.data - shift) / scale).astype(record.data.dtype, copy=False)
        return _after(record, data, {"shift": shift, "scale": scale})

    @property
    def _axes(self):
        return -1 if self.per == "component" else (-2, -1)

    def invert(self, record, taken):
        """Multiply by the scale and add the mean again."""
        data = (record.data * taken["scale"] + taken["shift"]).astype(record.data.dtype, copy=False)
        return replace(record, data=data)


@dataclass(frozen=True)
class ZScore(_Scaled):
    """Mean 0 and standard deviation 1, of each "component" or of the whole "record" (which keeps their ratios)."""

    per: str = "component"
    name: ClassVar[str] = "zscore"

    def apply(self, record):
        """See `Step.apply`."""
        wide = record.data.astype(np.float64, copy=False)
        return self._scale(record, wide.mean(self._axes, keepdims=True), wide.std(self._axes, keepdims=True))


@dataclass(frozen=True)
class PeakScale(_Scaled):
    """Largest absolute value 1, of each "component" or of the whole "record"; `taken["scale"]` holds the peaks."""

    per: str = "record"
    name: ClassVar[str] = "peak"

    def apply(self, record):
        """See `Step.apply`."""
        peak = np.abs(record.data).max(self._axes, keepdims=True).astype(np.float64)
        return self._scale(record, np.zeros_like(peak), peak)


@dataclass(frozen=True)
class Pad(Step):
    """Pad records to `npts` samples with zeros at the "end", the "start" or "both" sides; positions are adjusted.

    A longer record is an error, unless `cut` is true: then the surplus is cut on the sides of the padding.
    """

    npts: int = 6000
    side: str = "end"
    cut: bool = False
    name: ClassVar[str] = "pad"

    def __post_init__(self):
        whole("Pad npts", self.npts)
        check_choice("Pad side", self.side, ("end", "start", "both"))

    def apply(self, record):
        """See `Step.apply`."""
        have = record.data.shape[-1]
        if have > self.npts and not self.cut:
            raise InputError(f"a record of {have} samples does not fit into {self.npts}; pass cut=True to Pad.")
        data, before = pad_record(record.data, self.npts, self.side)
        moved = {name: values + before for name, values in record.samples.items()}
        return _after(record, data, {"before": before, "npts": have}, samples=moved)

    def invert(self, record, taken):
        """Remove the padding; samples that were cut become zeros."""
        moved = {name: values - taken["before"] for name, values in record.samples.items()}
        return replace(record, data=unpad_record(record.data, taken["npts"], taken["before"]), samples=moved)


#: name -> step
STEPS = {step.name: step for step in (Detrend, Taper, Bandpass, Resample, Rotate, ZScore, PeakScale, Pad)}
