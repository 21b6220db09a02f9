"""Copies and diversity: the search against plain loops; copies, collapsed and honest sets are told apart."""

from dataclasses import replace

import numpy as np
import pytest
from burst_sets import RATE, burst_pairs

from seissynth.errors import InputError
from seissynth.evaluation import (
    EvaluationSettings,
    Pairs,
    copy_threshold,
    coverage,
    diversity_group,
    draw_diversity,
    nearest_records,
)

RNG = np.random.default_rng(0)
QUICK = EvaluationSettings(draws=50)


def _plain(query, record):
    """Largest normalised cross-correlation, one shift for all components, by np.correlate."""
    q, r = (x - x.mean(axis=-1, keepdims=True) for x in (query.astype(float), record.astype(float)))
    total = sum(np.correlate(one, other, "full") for one, other in zip(q, r, strict=True))
    return total.max() / np.sqrt((q**2).sum() * (r**2).sum()), total.argmax() - (q.shape[-1] - 1)


def test_search_is_that_of_plain_loops():
    low = np.cumsum(RNG.standard_normal((70, 3, 301)), axis=-1)  # below 10 Hz for the most part
    value, row, lag = nearest_records(low[:9], low[9:], RATE)
    for number in range(9):
        plain = [_plain(low[number], other) for other in low[9:]]
        best = int(np.argmax([one for one, _ in plain]))
        assert row[number] == best
        assert value[number] == pytest.approx(plain[best][0], abs=1e-4)
        assert round(lag[number] * RATE) == plain[best][1]


def test_copies_are_found_at_any_size_and_shift_and_with_noise():
    library = RNG.standard_normal((150, 3, 1000)).astype(np.float32)
    query = np.roll(library[[140]], -77, axis=-1) * 1e-6
    query[..., -77:] = 0
    query += 1e-7 * RNG.standard_normal(query.shape).astype(np.float32)
    value, row, lag = nearest_records(query, library, RATE)
    assert value[0] > 0.9 and row[0] == 140 and lag[0] == pytest.approx(-0.77)
    assert nearest_records(-query, library, RATE)[0][0] < 0.3  # the sign counts


def test_labels_keep_a_record_from_itself():
    library = RNG.standard_normal((12, 3, 400))
    labels = np.repeat(["a", "b", "c"], 4)
    value, row, _ = nearest_records(library, library, RATE, labels, labels)
    assert (labels[row] != labels).all() and value.max() < 0.5
    value, row, lag = nearest_records(library[:2], library[:2], RATE, ["a", "a"], ["a", "a"])
    assert np.isnan(value).all() and (row == -1).all() and np.isnan(lag).all()


def test_threads_and_blocks_change_nothing():
    library = RNG.standard_normal((130, 3, 300))
    one, two = (nearest_records(library[:20], library[20:], RATE, workers=count) for count in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.zeros((2, 3, 50)), np.zeros((2, 3, 60)), RATE), "both must be"),
        ((np.zeros((2, 3, 50)), np.zeros((2, 3, 50)), RATE, ["a", "b"]), "give both"),
        ((np.zeros((2, 3, 50)), np.zeros((2, 3, 50)), 0.0), "sampling_rate_hz"),
    ],
)
def test_bad_input_is_told(arguments, words):
    with pytest.raises(InputError, match=words):
        nearest_records(*arguments)


def test_coverage_of_a_second_sample_and_of_a_collapsed_one():
    real, other = RNG.standard_normal((2, 1500, 3))
    covered, inside = coverage(real, other)
    assert covered == pytest.approx(1 - 2.0**-5, abs=0.015)  # each neighbour is real or generated with equal chance
    assert inside > 0.9
    assert coverage(real, np.repeat(other[:3], 500, axis=0))[0] < 0.03
    assert coverage(real, other + 100) == (0.0, 0.0)


def test_copy_threshold_is_a_quantile():
    assert copy_threshold(np.arange(1001) / 1000, 0.01) == pytest.approx(0.99)
    assert np.isnan(copy_threshold([np.nan]))


def test_diversity_of_draws():
    x, y = RNG.standard_normal((2, 4, 3, 3000))
    assert draw_diversity([x, 3 * x], RATE).max() < 1e-9
    mixed = 0.6 * x + 0.8 * y  # correlates with x as 0.6
    np.testing.assert_allclose(draw_diversity([x, mixed], RATE), 0.4, atol=0.05)
    assert draw_diversity([x, np.roll(x, 30, axis=-1)], RATE).max() < 0.05  # a shift below half a second is no news
    with pytest.raises(InputError, match="two or more"):
        draw_diversity([x], RATE)


# --- the group


@pytest.fixture(scope="module")
def pairs():
    return burst_pairs(events=20, stations=4, draws=2, npts=1500)


def _values(pairs, **settings):
    group = diversity_group(pairs, replace(QUICK, **settings) if settings else QUICK)
    return group.summary.set_index("metric")["value"], group


def test_an_honest_set_is_no_copy_and_diverse(pairs):
    values, group = _values(pairs)
    assert values["copied_share"] == 0.0
    assert values["diversity_ratio"] == pytest.approx(1.0, abs=0.05)
    assert values["coverage"] > 0.7 and values["draw_diversity"] > 0.7
    assert len(group.tables["most alike"]) == 10


def test_a_set_against_itself_is_as_diverse(pairs):
    values, _ = _values(Pairs(pairs.real, (pairs.real, pairs.real)))
    assert values["diversity_ratio"] == 1.0 and values["coverage"] == 1.0 and values["inside_share"] == 1.0
    assert values["draw_diversity"] == pytest.approx(0.0, abs=1e-9)


def test_copies_of_training_records_are_found(pairs):
    training = burst_pairs(events=10, stations=4, npts=1500, seed=5).real
    table = training.metadata.assign(source_id="training")
    training = replace(training, metadata=table)
    data = pairs.generated.data.copy()
    data[:40] = 7.0 * training.data  # half of the set
    copied = Pairs(pairs.real, (replace(pairs.generated, data=data),))
    values, group = _values(copied, train=training)
    assert values["copied_share"] == pytest.approx(0.5, abs=0.2)  # the window cuts some short
    found = group.per_record[group.per_record["copied"]]
    assert (found["training_row"] == found["row"]).all()


def test_a_collapsed_set_is_told(pairs):
    data = np.repeat(pairs.generated.data[:1], len(pairs), axis=0)
    values, _ = _values(Pairs(pairs.real, (replace(pairs.generated, data=data),)))
    assert values["diversity_ratio"] < 0.6 and values["coverage"] < 0.4


def test_windows_that_share_an_aftershock_are_no_copies():
    pairs = burst_pairs(events=12, stations=2, npts=3000)
    shared = pairs.real.data.copy()
    ends = np.full(len(pairs), 18.0)
    peaks = np.abs(shared).max(axis=(1, 2))[:, None, None]
    # after the mask each window shows the earthquake that the window two rows on is of, only larger
    shared[:-2, :, 1800:] = 100 * (peaks[:-2] / peaks[2:]) * pairs.real.data[2:, :, :1200]
    real = replace(pairs.real, data=shared, mask_end_s=ends)
    values, _ = _values(Pairs(real, (pairs.generated,)))
    assert values["nearest_training_correlation_real"] < 0.4
