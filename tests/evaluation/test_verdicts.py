"""Verdicts in words: copies of real records with a known fault are called by that fault, and by no other."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from evaluation_sets import record_set, scaled

from seissynth.evaluation import Evaluation, EvaluationSettings, MetricGroup, evaluate
from seissynth.evaluation.bias_words import bias_in_words, factor_in_words
from seissynth.evaluation.evaluations import LeftOut
from seissynth.evaluation.results import as_summary, value_row

NAN = math.nan
QUICK = EvaluationSettings(draws=100)


@pytest.fixture(scope="module")
def real():
    return record_set()


def verdict_of(real, made, *groups, **arguments):
    found = evaluate(real, {"made": made}, groups=list(groups), baselines=False, settings=QUICK, **arguments)
    return found.verdicts["made"]


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (2.0, "The records are 2.0 times too strong and last as long as real ones."),
        (1.2, "The records are 20 % too strong and last as long as real ones."),
        (0.8, "The records are 20 % too weak and last as long as real ones."),
        (0.25, "The records are 4.0 times too weak and last as long as real ones."),
        (1.0, "The records have the right size and last as long as real ones."),
    ],
)
def test_a_scaled_copy_is_off_by_its_factor(real, factor, words):
    assert verdict_of(real, scaled(real, factor), "ground_motion") == words


def test_a_late_copy_is_late(real):
    late = replace(real, data=np.roll(real.data, 50, axis=-1))
    early = replace(real, data=np.roll(real.data, -50, axis=-1))
    said = [verdict_of(real, made, "arrivals", picker="aic") for made in (late, early, real)]
    for words, direction in zip(said, ("late", "early"), strict=False):
        found = re.match(rf"P is ([\d.]+) s {direction} and S is ([\d.]+) s {direction} on average", words)
        assert found and [float(number) for number in found.groups()] == pytest.approx([0.5, 0.5], abs=0.03)
    assert re.match(r"P is 0\.0\d s off and S is 0\.0\d s off on average", said[2])


def test_a_copy_that_is_silent_has_no_onsets(real):
    rng = np.random.default_rng(0)
    noise = replace(real, data=rng.standard_normal(real.data.shape).astype(np.float32) * 1e-9)
    found = re.search(
        r"P is found in only ([\d.]+) % of the records", verdict_of(real, noise, "arrivals", picker="aic")
    )
    assert found and float(found[1]) < 50


def test_a_shorter_copy_lasts_too_short(real):
    """The energy decays twice as fast; the words repeat the number of the summary."""
    time = np.arange(real.npts) / real.sampling_rate_hz - real.s_s[:, None]
    short = replace(real, data=(real.data * np.exp(-np.maximum(time, 0) / 4.0)[:, None]).astype(np.float32))
    found = evaluate(real, {"made": short}, groups=["ground_motion"], baselines=False, settings=QUICK)
    summary = found.groups["made"]["ground_motion"].summary.set_index("metric")
    ratio = math.exp(summary.loc["ln_d5_95_bias", "value"])
    assert ratio < 0.5
    assert f"last {1 / ratio:.1f} times too short" in found.verdicts["made"]


# --- from numbers alone


def judged(rows, group="ground_motion", missing=()):
    table = as_summary([value_row(name, "1", limits, 0.0, 9, 3) for name, limits in rows.items()])
    groups = {group: MetricGroup(group, group, table)} if rows else {}
    found = Evaluation(record_set(events=1), {"made": None}, QUICK, groups={"made": groups})
    found.missing += [LeftOut(part, "made", reason) for part, reason in missing]
    return found


def test_the_band_that_is_farthest_off_is_named():
    ln = math.log
    rows = {
        "ln_pga_bias": (ln(1.1), -0.1, ln(1.3)),
        "ln_psa_0p3_bias": (ln(1.4), ln(1.2), ln(1.6)),
        "ln_psa_1_bias": (ln(2), ln(1.8), ln(2.2)),
        "ln_psa_3_bias": (ln(5), ln(0.5), ln(9)),  # its interval holds 1
        "ln_d5_95_bias": (ln(0.8), ln(0.7), ln(0.9)),
    }
    words = (
        "The records are 2.0 times too strong at 1 Hz (peak acceleration: right within 30 %) and last 20 % too short."
    )
    assert judged(rows).verdicts == {"made": words}
    weak = rows | {"ln_pga_bias": (ln(1 / 3), ln(1 / 4), ln(1 / 2))}
    assert judged(weak).verdicts["made"].startswith("The records are 3.0 times too weak in peak acceleration and last")


def test_nothing_is_named_that_may_be_chance():
    rows = {"ln_pga_bias": (0.5, -0.1, 1.1), "ln_psa_1_bias": (0.1, -0.2, 0.2), "ln_d5_95_bias": (0.0, -0.05, 0.05)}
    assert judged(rows).verdicts["made"] == (
        "The records have no clear bias in size (up to a factor of 3.0) and last as long as real ones (within 6 %)."
    )
    rows |= {"ln_pga_bias": (0.1, -0.1, 0.2), "ln_d5_95_bias": (0.5, -0.1, 1.1)}
    assert judged(rows).verdicts["made"] == (
        "The records have the right size within 23 % and have no clear bias in duration (up to a factor of 3.0)."
    )


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ((0.68, 0.65, 0.72), "Realisations scatter 0.68 times as much as real records."),
        ((1.5, 1.3, 1.7), "Realisations scatter 1.5 times as much as real records."),
        ((0.9, 0.7, 1.1), "Realisations scatter about as much as real records."),
    ],
)
def test_spread_is_named(limits, words):
    assert judged({"ln_pga_within_event_sd_ratio": limits}, "spread").verdicts["made"] == words


def test_what_was_not_compared_is_said():
    missing = [("arrivals", "no picker was given: pass one"), ("ground_motion", "the records are normalised")]
    found = judged({"envelope_correlation": (0.5, 0.4, 0.6)}, "similarity", missing)
    assert found.verdicts["made"] == (
        "Envelope correlation is 0.5. Arrivals were not compared: no picker was given. "
        "Sizes were not compared: the records are normalised."
    )
    assert found.verdicts["made"] in str(found) and found.verdicts["made"] in found._repr_html_()


@pytest.mark.parametrize(
    ("metric", "limits", "words"),
    [
        ("ln_pga_bias", (0.713, 0.6, 0.8), "2.0 times too strong"),
        ("ln_psa_0p3_bias", (0.713, NAN, NAN), "2.0 times too strong"),
        ("ln_d5_95_bias", (math.log(3), 0.9, 1.3), "3.0 times too long"),
        ("ln_spectral_ratio_high", (-0.371, -0.563, -0.181), "31 % too weak"),
        ("ln_corner_difference", (0.1, 0.05, 0.2), "11 % too high"),
        ("ln_pga_bias", (0.2, -0.1, 0.5), "right within 65 %"),
        ("ln_pga_sd", (0.7, 0.6, 0.8), ""),
        ("ln_pga_bias", (NAN, NAN, NAN), ""),
        ("envelope_correlation", (0.7, 0.6, 0.8), ""),
    ],
)
def test_a_bias_in_words(metric, limits, words):
    assert bias_in_words(metric, *limits) == words


def test_a_factor_in_words_can_be_read_back():
    for factor in (0.01, 0.3, 0.5, 0.52, 0.9, 1.1, 1.9, 2.2, 7.0, 40.0):
        number, kind, *_, word = factor_in_words(math.log(factor)).split()
        read = float(number) / 100 if kind == "%" else float(number)
        sign = 1 if word == "strong" else -1
        back = 1 + sign * read if kind == "%" else read**sign
        assert back == pytest.approx(factor, rel=0.04)
