"""Preparation of records as a configuration of pure steps.

A `Preparation` is a tuple of steps. It describes the processing of records in plain data, which is stored in a data
set's ``data_format`` and in trained weights, and inverts the steps that have an inverse. Steps take arrays of shape
(..., 3, npts) and return new ones; what they removed (trend, mean, scale, padding) is returned with the result.

Examples
--------
>>> import numpy as np
>>> from seissynth.data.preparation import Bandpass, Detrend, Pad, Preparation, Resample, ZScore
>>> steps = Preparation((Detrend(), Bandpass(1.0, 20.0), Resample(50.0), ZScore(), Pad(3200)))
>>> records = np.random.default_rng(0).standard_normal((2, 3, 6000))
>>> prepared = steps.apply(records, 100.0, samples={"p": np.array([500.0, 800.0])})
>>> prepared.data.shape, prepared.sampling_rate_hz, prepared.samples["p"].tolist()
((2, 3, 3200), 50.0, [250.0, 400.0])
>>> Preparation.from_json(steps.to_json()) == steps
True
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.data.preparation.steps import (
    STEPS,
    Bandpass,
    Detrend,
    Pad,
    PeakScale,
    Prepared,
    Resample,
    Rotate,
    Step,
    Taper,
    ZScore,
    check_choice,
)
from seissynth.errors import InputError
from seissynth.shared.checks import as_signal, positive
from seissynth.shared.suggestions import did_you_mean

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["STEPS", "Bandpass", "Detrend", "Pad", "PeakScale", "Preparation", "Prepared", "Resample", "Rotate", "Step"]
__all__ += ["Taper", "ZScore", "heggs_preparation"]

#: version of the plain form of a `Preparation`
FORMAT = 1


@dataclass(frozen=True)
class Preparation:
    """Ordered steps; equal configurations compare equal and have the same hash.

    Parameters
    ----------
    steps : tuple of Step
    """

    steps: tuple = ()

    def __post_init__(self):
        object.__setattr__(self, "steps", tuple(self.steps))
        for step in self.steps:
            if not isinstance(step, Step):
                raise InputError(f"a step is {step!r}; it must be one of {', '.join(STEPS)}.")

    def apply(
        self,
        data: ArrayLike,
        sampling_rate_hz: float,
        *,
        directions: ArrayLike | None = None,
        samples: Mapping[str, ArrayLike] | None = None,
    ) -> Prepared:
        """Apply all steps.

        Parameters
        ----------
        data : array_like, shape (..., 3, npts)
            Not modified. float32 stays float32, other types become float64.
        sampling_rate_hz : float
        directions : array_like, shape (..., 3, 3), optional
            For the step "rotate": rows are the components' unit vectors over (Z up, N, E), as
            `seissynth.stations.sensors.Sensor.direction_matrix` gives.
        samples : dict of str to array_like, optional
            Positions to be adjusted, such as ``{"p": ..., "s": ...}``; NaN where there is none.

        Returns
        -------
        Prepared

        Raises
        ------
        InputError
            Records that are not (..., 3, npts), not finite, or that a step cannot take.
        """
        data = as_signal(data, "data")
        if data.ndim < 2 or data.shape[-2] != 3:
            raise InputError(f"data has shape {data.shape}; it must be (..., 3, npts): three components.")
        rate = positive("sampling_rate_hz", sampling_rate_hz, "Hz")
        if directions is not None:
            directions = np.asarray(directions, dtype=float)
        positions = {name: np.asarray(values, dtype=float) for name, values in (samples or {}).items()}
        record = Prepared(data, rate, positions, directions)
        for step in self.steps:
            record = step.apply(record)
        return record

    def invert(self, prepared: Prepared, *, lossy: str = "raise") -> Prepared:
        """Undo the steps, last one first.

        Parameters
        ----------
        prepared : Prepared
            Result of `apply`, or with other `data` of the same shape (output of a model in that space).
        lossy : {"raise", "keep"}
            What to do with steps that have no inverse (taper, bandpass, resample): raise an error, or keep their
            effect.

        Returns
        -------
        Prepared
            With empty `taken`.

        Raises
        ------
        InputError
            `taken` does not belong to these steps, or a step has no inverse with ``lossy="raise"``.
        """
        check_choice("lossy", lossy, ("raise", "keep"))
        if len(prepared.taken) != len(self.steps):
            raise InputError(
                f"the records went through {len(prepared.taken)} steps, but the preparation has {len(self.steps)}."
            )
        for step, taken in zip(reversed(self.steps), reversed(prepared.taken), strict=True):
            if step.invertible:
                prepared = step.invert(prepared, taken)
            elif lossy == "raise":
                raise InputError(f"the step {step.name!r} has no inverse; pass lossy='keep' to leave its effect in.")
        return replace(prepared, taken=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: ``{"format": 1, "steps": [{"step": "detrend", "kind": "linear"}, ...]}``."""
        return {"format": FORMAT, "steps": [step.to_dict() for step in self.steps]}

    def to_json(self) -> str:
        """Return `to_dict` as JSON text, equal for equal configurations."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Preparation:
        """Make a `Preparation` from the result of `to_dict`.

        Raises
        ------
        InputError
            Another format, an unknown step (the nearest name is given) or field.
        """
        if not isinstance(plain, dict) or not isinstance(plain.get("steps"), list):
            raise InputError(f"a preparation is {plain!r:.80}; it must be a dict with a list 'steps'.")
        if plain.get("format") != FORMAT:
            raise InputError(f"the preparation has format {plain.get('format')!r}; this version reads {FORMAT}.")
        return cls(tuple(_read_step(item) for item in plain["steps"]))

    @classmethod
    def from_json(cls, text: str) -> Preparation:
        """Make a `Preparation` from the result of `to_json`."""
        try:
            plain = json.loads(text)
        except (TypeError, ValueError) as error:
            raise InputError(f"a preparation is no JSON text: {error}.") from error
        return cls.from_dict(plain)


def _read_step(item):
    if not isinstance(item, dict):
        raise InputError(f"a step of a preparation is {item!r:.80}; it must be a dict with 'step' and its fields.")
    fields = dict(item)
    name = fields.pop("step", None)
    if name not in STEPS:
        raise InputError(f"step {name!r} is unknown;{did_you_mean(name, STEPS)} known are {', '.join(STEPS)}.")
    unknown = set(fields) - {one.name for one in dataclasses.fields(STEPS[name])}
    if unknown:
        raise InputError(f"step {name!r} has no field {', '.join(map(repr, sorted(unknown)))}.")
    return STEPS[name](**fields)


def heggs_preparation(sampling_rate_hz: float = 100.0, low_hz: float = 1.0, high_hz: float = 45.0) -> Preparation:
    """Return the preparation of HEGGS (2025, appendix A): 1 to 45 Hz at 100 Hz.

    Trend and taper, which the paper does not name, keep the filter from ringing at the edges; they should fall on a
    margin outside the record, which is cut off afterwards (as in `seissynth.data.cutting`).
    """
    return Preparation((Detrend("linear"), Taper(2.0), Bandpass(low_hz, high_hz), Resample(sampling_rate_hz)))
