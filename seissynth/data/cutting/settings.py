"""Settings for cutting windows from continuous records, and the report of the result."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from seissynth.data.preparation.preparation import Bandpass, Preparation, Resample, Taper, heggs_preparation
from seissynth.errors import InputError
from seissynth.shared.bounds import within
from seissynth.shared.checks import positive

#: rule -> what it asks of a window; in the order in which they are counted
RULES = {
    "samples": "every sample of the window is there",
    "complete": "and every sample of the margins that taper and filter work on",
    "alive": "no component is constant for a second",
    "unclipped": "no component near full scale, no flat top",
    "onsets": "P and S inside the window",
    "loud": "signal-to-noise ratio of S at least `snr_least_db`",
    "free": "the time mask ends at least `free_after_s_s` after S",
    "alone": "no other detectable earthquake in the window",
}

#: quantity -> unit of a data set
UNITS = {"acceleration": "m/s**2", "velocity": "m/s", "displacement": "m", "counts": "counts"}


@dataclass(frozen=True)
class CutSettings:
    """How windows are cut; the defaults are those of HEGGS (2025, appendix A): 60 s from origin, 1 to 45 Hz, 100 Hz.

    Parameters
    ----------
    duration_s : float
        Length of a window, which begins at the sample nearest to origin time plus `start_s`.
    start_s : float
        Start after origin, s; negative for a window that begins before.
    quantity : {"velocity", "acceleration", "displacement", "counts"}
        Quantity of the records; "counts" keeps the instrument response.
    preparation : Preparation
        Steps applied to the window with its margins; it must end at one sampling rate ("resample").
    lead_s, tail_s : float
        Margins around the window, for filters, tapers and the level of noise; removed at the end.
    channel : str or list of str
        Patterns of channel codes, such as "HH?".
    require : tuple of str
        Rules (`RULES`) that a window must satisfy to be written; all are counted.
    clip_counts : float or None
        Counts from this value on are clipped. Sensors and digitisers of 24 bits saturate, softly, near
        2**23; a flat top counts as clipped anyway.
    snr_least_db, free_after_s_s : float
        Of the rules "loud" and "free".
    detect_ratio : float
        Another earthquake is detectable where its expected peak of S is at least this times the level in the 2 s
        before its predicted P.
    magnitude_region : str
        Distance term of the expected peak, see `seissynth.evaluation.minus_log_a0`.
    velocity_model : str
        Of predicted onsets, see `seissynth.traveltime.onsets`.
    picker : "aic", path of PhaseNet weights for SeisBench, object with `pick`, or None
        Used if the catalogue has no pick; if it finds nothing, onsets are predicted.
    noise_windows : int
        Largest number of noise windows for each sensor and block of time; 0 for none.
    block_s : float
        Length of time held in memory.
    """

    duration_s: float = 60.0
    start_s: float = 0.0
    quantity: str = "velocity"
    preparation: Preparation = field(default_factory=heggs_preparation)
    lead_s: float = 30.0
    tail_s: float = 5.0
    channel: object = "*"
    require: tuple = ("complete",)
    clip_counts: float | None = 0.55 * 2**23
    snr_least_db: float = 6.0
    free_after_s_s: float = 4.0
    detect_ratio: float = 2.0
    magnitude_region: str = "southern_california"
    velocity_model: object = "iasp91"
    picker: object = "aic"
    noise_windows: int = 10
    block_s: float = 7200.0

    def __post_init__(self):
        for name in ("duration_s", "block_s", "detect_ratio"):
            positive(name, getattr(self, name))
        if self.quantity not in UNITS:
            raise InputError(f"quantity={self.quantity!r} must be one of {', '.join(map(repr, UNITS))}.")
        object.__setattr__(self, "require", tuple(self.require))
        for rule in self.require:
            if rule not in RULES:
                raise InputError(f"rule {rule!r} is unknown; known are {', '.join(RULES)}.")
        if not (self.lead_s >= 0 and self.tail_s >= 0):
            raise InputError(f"margins must not be negative: lead_s={self.lead_s}, tail_s={self.tail_s}.")
        within("noise_windows", self.noise_windows)
        within("duration_s", self.duration_s, bound="duration")
        within("start_s", self.start_s, bound="start")
        if min(self.lead_s, self.tail_s) < self.edge_s:
            raise InputError(
                f"margins of lead_s={self.lead_s} and tail_s={self.tail_s} s are shorter than {self.edge_s:g} s, which "
                "the taper takes: it would reach into the window."
            )
        allowed = {"detrend", "taper", "bandpass", "resample"}
        for step in self.preparation.steps:
            if step.name not in allowed:
                raise InputError(
                    f"the step {step.name!r} cannot be done before a window is cut; use {', '.join(sorted(allowed))}, "
                    "and the others when the data set is read."
                )
        if self.rate_hz is None:
            raise InputError("the preparation needs a step 'resample': a data set has one sampling rate.")
        rate = within("sampling_rate", self.rate_hz)
        within("samples", round(self.duration_s * rate), whose=f"duration_s={self.duration_s:g} at {rate:g} Hz: ")

    @property
    def rate_hz(self) -> float | None:
        """Sampling rate of the windows, Hz."""
        rates = [step.sampling_rate_hz for step in self.preparation.steps if isinstance(step, Resample)]
        return rates[-1] if rates else None

    @property
    def edge_s(self) -> float:
        """Length of the margins used by the tapers, s."""
        return max([0.0, *(step.length_s for step in self.preparation.steps if isinstance(step, Taper))])

    @property
    def band_hz(self) -> tuple[float | None, float | None]:
        """Band that the preparation keeps, (low, high), each None if open."""
        low, high = None, None
        for step in self.preparation.steps:
            if isinstance(step, Bandpass):
                low, high = step.low_hz, step.high_hz
        return low, high

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as ``cut_report.json`` stores it."""
        plain = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        plain["preparation"] = self.preparation.to_dict()
        plain["require"] = list(self.require)
        for name in ("picker", "velocity_model"):
            if plain[name] is not None and not isinstance(plain[name], str):
                plain[name] = getattr(plain[name], "name", type(plain[name]).__name__)
        return plain


@dataclass
class CutReport:
    """Result of cutting.

    Parameters
    ----------
    events, sensors : int
        Number used.
    asked : int
        Windows of an earthquake and a sensor in operation at its time.
    without_data : int
        Of these, with less than half of the samples.
    obey : dict of str to int
        Rule -> windows that satisfy it.
    obey_all : dict of str to int
        Rule -> windows that satisfy it and all rules before it.
    written, noise : int
        Rows of earthquakes and of noise in the data set.
    by_channel : dict of str to int
        Band and instrument code -> rows of earthquakes.
    onsets : dict of str to int
        "P manual", "S aic", ... -> rows.
    left_out : dict of str to str
        Sensor -> reason why it was not used.
    """

    events: int = 0
    sensors: int = 0
    asked: int = 0
    without_data: int = 0
    obey: dict = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    obey_all: dict = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    written: int = 0
    noise: int = 0
    by_channel: dict = field(default_factory=dict)
    onsets: dict = field(default_factory=dict)
    left_out: dict = field(default_factory=dict)

    def count(self, obeyed: Any) -> None:
        """Count one window with data: a dict rule -> bool."""
        together = True
        for rule in RULES:
            together = together and obeyed[rule]
            self.obey[rule] += bool(obeyed[rule])
            self.obey_all[rule] += bool(together)

    def add(self, other: CutReport) -> None:
        """Add the counts of another report, for a part of the time."""
        for item in dataclasses.fields(self):
            mine, theirs = getattr(self, item.name), getattr(other, item.name)
            if item.name == "left_out":
                mine.update(theirs)
            elif isinstance(mine, dict):
                for name, count in theirs.items():
                    mine[name] = mine.get(name, 0) + count
            else:
                setattr(self, item.name, mine + theirs)

    def markdown(self) -> str:
        """Return the rules as a Markdown table."""
        lines = ["| rule | asks for | windows that obey it | and all rules above |", "| --- | --- | --- | --- |"]
        lines.append(f"| | windows asked for: earthquakes x sensors | {self.asked} | {self.asked} |")
        have = self.asked - self.without_data
        lines.append(f"| data | half of the samples or more | {have} | {have} |")
        lines += [f"| {rule} | {text} | {self.obey[rule]} | {self.obey_all[rule]} |" for rule, text in RULES.items()]
        return "\n".join(lines) + "\n"
