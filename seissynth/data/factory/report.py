"""Report of a call of the factory."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class DatasetReport:
    """Records made, or planned by a dry run.

    Parameters
    ----------
    path : pathlib.Path
    records : int
        Total number of rows, including noise.
    noise, second : int
        Number of noise rows; of records with a second event.
    events : int
        Number with at least one record.
    left_out : dict of str to int
        Records that were not made, by reason.
    no_p, no_s : int
        Records of earthquakes whose P or S is outside.
    magnitudes : dict of str to int
        Records by magnitude, in steps of 0.5 (named by the lower end).
    parts : dict of str to (int, float)
        Number of records of each part of the split, and the requested share.
    bytes : int
    seconds : float
        Duration of this call; for a dry run an estimate for one process.
    made : int
        Number of records made by this call; the others existed.
    planned : bool
        Of a dry run.
    interrupted : str
        Process that wrote to the folder before and ended without finishing; empty for none.
    """

    path: Path
    records: int = 0
    noise: int = 0
    second: int = 0
    events: int = 0
    left_out: dict = field(default_factory=dict)
    no_p: int = 0
    no_s: int = 0
    magnitudes: dict = field(default_factory=dict)
    parts: dict = field(default_factory=dict)
    bytes: int = 0
    seconds: float = 0.0
    made: int = 0
    planned: bool = False
    interrupted: str = ""

    def __str__(self):
        what = "will be" if self.planned else "are"
        lines = [
            f"{self.path}: {self.records} records {what} there, {self.records - self.noise} of {self.events} "
            f"earthquakes and {self.noise} of noise; {self.second} hold a second event.",
        ]
        if self.planned:
            lines.append(f"They take about {_size(self.bytes)} and, in one process, {_duration(self.seconds)}.")
        else:
            rate = f", {self.made / self.seconds:.0f} a second" if self.made and self.seconds > 0 else ""
            lines.append(f"{_size(self.bytes)}; {self.made} records made now in {_duration(self.seconds)}{rate}.")
        if self.interrupted:
            lines.append(f"Taken up after an interrupted run ({self.interrupted}).")
        if self.magnitudes:
            counts = sorted(self.magnitudes.items(), key=lambda item: float(item[0]))
            lines.append("Records by magnitude (from): " + ", ".join(f"{name}: {n}" for name, n in counts) + ".")
        if self.parts:
            lines.append(f"Parts: {', '.join(_share(name, *part, self.records) for name, part in self.parts.items())}.")
        if self.no_p or self.no_s:
            lines.append(f"Onsets outside their records: P {self.no_p}, S {self.no_s}.")
        if self.left_out:
            lines.append("Left out: " + ", ".join(f"{n} {name}" for name, n in sorted(self.left_out.items())) + ".")
        return "\n".join(lines)


def _share(name, count, asked, records):
    """``train 140 (70 %, not 80 %)``; the requested share only if it is missed by a percent or more."""
    share = count / max(records, 1)
    missed = f", not {100 * asked:.0f} %" if abs(share - asked) >= 0.01 else ""
    return f"{name} {count} ({100 * share:.0f} %{missed})"


def _size(count):
    """Size as text."""
    units = ["B", "kB", "MB", "GB"]
    while count >= 1000 and units:
        count, units = count / 1000, units[1:]
    return f"{count:.3g} {units[0] if units else 'TB'}"


def _duration(seconds):
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
