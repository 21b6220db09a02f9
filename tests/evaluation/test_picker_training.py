"""Picks and their scores by hand; windows and labels of training. Training itself needs SeisBench."""

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth.evaluation.downstream.picker_training import (
    LabelledRecords,
    PickerConfig,
    score_picker,
    shifted,
    train_picker,
)
from seissynth.evaluation.downstream.picker_windows import training_batch, window_of
from seissynth.evaluation.downstream.picks import f1_difference, match_picks, peaks_above, pick_scores

pytestmark = pytest.mark.usefixtures("one_thread")


def records(n=40, npts=3000, rate=50.0, seed=0):
    """Noise, a strong 8 Hz burst on Z at P and a stronger 3 Hz one on N and E at S."""
    rng = np.random.default_rng(seed)
    waves = rng.standard_normal((n, 3, npts))
    p = rng.uniform(100, 200, n)
    s = p + rng.uniform(100, 400, n)
    time = np.arange(npts) / rate
    for i in range(n):
        for onset, components, frequency, size in ((p[i], [0], 8.0, 15.0), (s[i], [1, 2], 3.0, 40.0)):
            t = time - onset / rate
            burst = np.where(t >= 0, size * np.exp(-t.clip(0)) * np.sin(2 * np.pi * frequency * t), 0.0)
            waves[i, components] += burst
    return LabelledRecords(waves.astype(np.float32), p, s, rate)


def test_shifts_move_labels_along_and_lose_what_falls_off():
    data = records(30)
    moved = shifted(data, 50.0, seed=3)
    late = moved.p - data.p
    assert late.min() >= 0 and late.max() > 1500
    for i in range(30):
        shift = round(late[i])
        np.testing.assert_array_equal(moved.waveforms[i, :, shift + 15 :], data.waveforms[i, :, 15 : 3000 - shift])
    assert np.isnan(moved.s[data.s + late >= 3000]).all() and np.isfinite(moved.s[data.s + late < 3000]).all()
    np.testing.assert_array_equal(shifted(data, 50.0, seed=3).p, moved.p)


@pytest.mark.parametrize("start", [-400, 0, 150, 2900])
def test_windows_carry_their_arrivals(start):
    data = records(1)
    wave, p, s = window_of(data, 0, start, 1000, np.random.default_rng(0))
    begin = max(0, min(start, 2000)) if start >= 0 else start
    assert wave.shape == (3, 1000)
    for found, onset in ((p, data.p[0]), (s, data.s[0])):
        inside = 0 <= onset - begin < 1000
        assert len(found) == int(inside)
        if inside:
            assert found[0] == pytest.approx(onset - begin)


def test_a_record_that_begins_within_an_earthquake_is_not_moved():
    data = records(1)
    both = LabelledRecords(data.waveforms, data.p, data.s, 50.0, np.array([5.0]), np.array([300.0]))
    wave, p, s = window_of(both, 0, -300, 1000, np.random.default_rng(0))
    np.testing.assert_array_equal(wave, data.waveforms[0, :, :1000])
    assert sorted(p) == [5.0, data.p[0]] and 300.0 in s


def test_a_batch_has_labels_where_the_bursts_are():
    config = PickerConfig(batch=16, window_s=20.0, anywhere_share=0.0)
    x, y = training_batch(records(), np.random.default_rng(0), config)
    assert x.shape == y.shape == (16, 3, 1000)
    np.testing.assert_allclose(y.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(x.std(axis=2), 1.0, atol=1e-3)
    for i in range(16):
        if y[i, 1].max() > 0.9 and (at := int(y[i, 1].argmax())) > 40 and at < 950:
            assert np.abs(x[i, 0, at : at + 25]).max() > 1.5 * np.abs(x[i, 0, at - 40 : at - 5]).max()
    assert (y[:, 1].max(axis=1) > 0.9).all()  # P is in every window
    config = PickerConfig(batch=16, overlap_share=1.0, anywhere_share=0.0)
    both = training_batch(records(), np.random.default_rng(0), config)[1]
    assert both[:, 1].sum() > 1.5 * y[:, 1].sum()


def test_peaks_matches_and_scores_by_hand():
    assert peaks_above(np.array([0.9, 0.1, 0.4, 0.5, 0.0]), 0.3, 2).tolist() == [0, 3]
    assert peaks_above(np.array([0.9, 0.1, 0.4, 0.5, 0.0]), 0.3, 4).tolist() == [0]
    assert peaks_above(np.zeros(4), 0.3, 1).tolist() == []
    assert match_picks([1.0, 4.6], 5.0)[:3] == (1, 0, 1) and match_picks([4.6], 5.0)[3] == pytest.approx(-0.4)
    assert match_picks([1.0], 5.0)[:3] == (0, 1, 1)
    assert match_picks([1.0], np.nan)[:3] == (0, 0, 1) and match_picks([], np.nan)[:3] == (0, 0, 0)
    scores = pick_scores([(1, 0, 0, 0.2), (1, 0, 0, -0.1), (0, 1, 1, np.nan), (0, 0, 0, np.nan)])
    assert scores["recall"] == pytest.approx(2 / 3) and scores["precision"] == pytest.approx(2 / 3)
    assert scores["f1"] == pytest.approx(4 / 6) and scores["mae_s"] == pytest.approx(0.15)
    assert scores["f1_low"] <= scores["f1"] <= scores["f1_high"]
    with pytest.raises(InputError, match="no records"):
        pick_scores([])


def test_differences_of_f1_are_of_the_same_records():
    rng = np.random.default_rng(0)

    def picker(found):
        return np.column_stack([found, ~found, np.zeros(len(found)), np.where(found, 0.1, np.nan)]).astype(float)

    n, share = 2000, 0.8
    some, all_of_them = picker(rng.random(n) < share), picker(np.ones(n, bool))
    # without false picks F1 = 2 h / (1 + h) of the share h of found arrivals, whose variance is h (1 - h) / n
    h = some[:, 0].mean()
    spread = 2 / (1 + h) ** 2 * np.sqrt(h * (1 - h) / n)
    difference, low, high = f1_difference([all_of_them], [some])
    assert difference == pytest.approx(1 - 2 * h / (1 + h), abs=1e-12)
    assert (high - low) / 3.92 == pytest.approx(spread, rel=0.08)
    # a picker against itself: hard records are hard for both, so nothing is left of their scatter
    assert f1_difference([some], [some]) == (0.0, 0.0, 0.0)
    # seeds scatter, too
    worse = picker(rng.random(n) < 0.6)
    difference, low, high = f1_difference([some, worse], [some])
    assert low < difference < 0 and high == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(InputError, match="the same records"):
        f1_difference([some], [some[:10]])
    with pytest.raises(InputError, match="at least one"):
        f1_difference([some[:0]], [some[:0]])


def test_bad_sets_are_refused():
    pytest.importorskip("seisbench")
    data = records(8)
    other = LabelledRecords(data.waveforms, data.p, data.s, 100.0)
    with pytest.raises(InputError, match="50 Hz and dev 100 Hz"):
        train_picker(data, other)
    silent = LabelledRecords(data.waveforms, np.full(8, np.nan), np.full(8, np.nan), 50.0)
    with pytest.raises(InputError, match="no P arrival"):
        train_picker(silent, data)


def test_a_picker_learns_clear_bursts():
    pytest.importorskip("seisbench")
    config = PickerConfig(steps=80, batch=16, window_s=10.24, learning_rate=5e-3, check_every=40)
    model = train_picker(records(200), records(32, seed=1), config)
    found = score_picker(model, shifted(records(40, seed=2), 10.0))
    assert found["P"]["f1"] > 0.8 and found["S"]["f1"] > 0.8
