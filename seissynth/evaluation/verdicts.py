"""The result of an evaluation in one or two sentences for each set, made from its numbers."""

import math
import re
from dataclasses import dataclass

from seissynth.evaluation.bias_words import bias_in_words, is_clear
from seissynth.evaluation.groups.spread import SD_RATIO_GOAL
from seissynth.evaluation.leaderboard import headlines
from seissynth.evaluation.metric_names import title_of
from seissynth.evaluation.registry import GROUPS

#: below this share of onsets found, their mean error says little
LEAST_FOUND = 0.5
_STILL_LEADING = 2  # metrics of a verdict without size and arrivals


@dataclass(frozen=True)
class _Number:
    """A metric of one set, with its interval."""

    name: str
    value: float
    low: float
    high: float

    @property
    def words(self):
        return bias_in_words(self.name, self.value, self.low, self.high)

    @property
    def clear(self):
        """Whether the interval excludes 0; without an interval, whether the value is not 0."""
        known = is_clear(self.low, self.high)
        return self.value != 0 if known is None else known

    @property
    def reach(self):
        """Largest deviation that the interval allows."""
        return max(abs(self.low), abs(self.high)) if is_clear(self.low, self.high) is not None else abs(self.value)


def verdicts(evaluation):
    """Return the result of each generated set in one or two sentences.

    Parameters
    ----------
    evaluation : seissynth.evaluation.evaluations.Evaluation

    Returns
    -------
    dict of str to str
        By set. First the size of the records and their duration, then their arrivals and the spread between
        realisations. A deviation is named only if its 95 % interval excludes 0; otherwise the sentence says how large
        it may be. Without these groups: the first leading metrics.
    """
    return {name: _verdict(evaluation, name) for name in evaluation.groups}


def _verdict(evaluation, name):
    groups = evaluation.groups[name]
    numbers = {
        row["metric"]: _Number(row["metric"], float(row["value"]), float(row["low"]), float(row["high"]))
        for group in groups.values()
        for row in group.summary.to_dict("records")
        if math.isfinite(float(row["value"]))
    }
    size, arrivals, spread = _size(numbers), _arrivals(numbers), _spread(numbers)
    second = "; ".join(part for part in (arrivals, spread) if part)
    sentences = [text for text in (size, second) if text]
    sentences = sentences or [_leading(evaluation, numbers)]
    return " ".join(f"{text[:1].upper()}{text[1:]}." for text in [*sentences, *_not_compared(evaluation, name)] if text)


def _size(numbers):
    """Strength and duration; "" if neither was measured."""
    peak, length = numbers.get("ln_pga_bias"), numbers.get("ln_d5_95_bias")
    spectra = [number for name, number in numbers.items() if re.fullmatch(r"ln_psa_[\dp]+_bias", name)]
    parts = [part for part in (_strength(peak, spectra), _length(length)) if part]
    return f"the records {' and '.join(parts)}" if parts else ""


def _strength(peak, spectra):
    everything = [number for number in (peak, *spectra) if number]
    if not everything:
        return ""
    off = [number for number in everything if number.clear]
    if not off:
        words = max(everything, key=lambda number: number.reach).words
        if words.startswith("right"):
            return f"have the right size{words.removeprefix('right')}"
        return f"have no clear bias in size ({words.removeprefix('no clear bias, ')})"
    worst = max(off, key=lambda number: abs(number.value))
    if peak is None or len({number.words for number in everything}) == 1:
        return f"are {worst.words}{'' if peak else _at(worst)}"
    if worst is peak:
        return f"are {peak.words} in peak acceleration"
    return f"are {worst.words}{_at(worst)} (peak acceleration: {peak.words})"


def _at(number):
    """Frequency of a response spectrum's period."""
    period = float(re.sub(r"\D*([\dp]+)_bias", r"\1", number.name).replace("p", "."))
    return f" at {1 / period:.2g} Hz"


def _length(number):
    if number is None:
        return ""
    if not number.clear:
        if not number.words.startswith("right"):
            return f"have no clear bias in duration ({number.words.removeprefix('no clear bias, ')})"
        within = number.words.removeprefix("right").strip()
        return "last as long as real ones" + (f" ({within})" if within else "")
    return f"last {number.words}"


def _arrivals(numbers):
    errors, floors, rare = [], [], []
    for phase in "PS":
        share, error, floor = (numbers.get(f"{phase.lower()}_{of}") for of in ("matched", "mae_s", "floor_mae_s"))
        if share and share.value < LEAST_FOUND:
            rare.append(f"{phase} is found in only {_percent(share.value)} of the records")
        elif error:
            errors.append(f"{phase} is {error.value:.2f} s {_direction(numbers, phase.lower(), error.value)}")
            floors += [f"{floor.value:.2f} s"] if floor else []
    if errors:
        beside = f" (the picker itself on real records: {' and '.join(floors)})" if floors else ""
        errors = [f"{' and '.join(errors)} on average{beside}"]
    return ", ".join(errors + rare)


def _direction(numbers, phase, error_s):
    """Late or early where most of the error is a delay that the picker does not have on real records, else off."""
    late, floor = (numbers.get(f"{phase}_{of}") for of in ("median_s", "floor_median_s"))
    delay_s = late.value - (floor.value if floor else 0.0) if late and late.clear else 0.0
    if abs(delay_s) <= error_s / 2:
        return "off"
    return "late" if delay_s > 0 else "early"


def _spread(numbers):
    ratio = numbers.get("ln_pga_within_event_sd_ratio")
    if ratio is None:
        return ""
    low, high = (ratio.low, ratio.high) if math.isfinite(ratio.low) else (ratio.value, ratio.value)
    if high < SD_RATIO_GOAL[0] or low > SD_RATIO_GOAL[1]:
        return f"realisations scatter {ratio.value:.2g} times as much as real records"
    return "realisations scatter about as much as real records"


def _leading(evaluation, numbers):
    """The first leading metrics, for an evaluation without size and arrivals."""
    names = [metric for metric, _ in headlines(evaluation.groups, GROUPS) if metric in numbers][:_STILL_LEADING]
    return ". ".join(f"{title_of(name)} is {numbers[name].value:.3g}" for name in names)


def _not_compared(evaluation, name):
    """Sentences on size or arrivals that could not be compared, with the reason."""
    words = {"ground_motion": "sizes", "arrivals": "arrivals"}
    for item in evaluation.missing:
        if item.set_name == name and item.part in words:
            yield f"{words[item.part]} were not compared: {item.reason.split(':')[0]}"
    for item in evaluation.failures:
        if item.set_name == name and item.part in words:
            yield f"{words[item.part]} were not compared: the group failed"


def _percent(share):
    return f"{100 * share:.1f} %" if share < 0.01 else f"{100 * share:.0f} %"
