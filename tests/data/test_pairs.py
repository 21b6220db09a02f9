"""Pairs of one event, and shifted windows: against counting, and against the samples that went in."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seissynth.data.pairs import draw_pairs, random_starts, shift_windows
from seissynth.errors import InputError


def table(stations=6, events=20, seed=0):
    rng = np.random.default_rng(seed)
    n = stations * events
    status = rng.choice(["manual", "estimated", "", "automatic"], n)
    status[: 2 * stations] = "estimated"  # two events without any pick
    return pd.DataFrame({"source_id": np.repeat([f"e{k}" for k in range(events)], stations), "trace_p_status": status})


@settings(max_examples=20)
@given(st.integers(0, 99), st.integers(0, 5), st.sampled_from(["all", "one"]))
def test_pairs_are_of_one_event_and_prefer_picked_targets(seed, epoch, sources):
    frame = table(seed=seed)
    pairs = draw_pairs(frame, sources=sources, seed=seed, epoch=epoch)
    assert len(pairs) == (120 if sources == "all" else 20)
    source, target = (frame.iloc[pairs[:, k]].reset_index(drop=True) for k in (0, 1))
    assert (source["source_id"] == target["source_id"]).all() and (pairs[:, 0] != pairs[:, 1]).all()
    picked = frame["trace_p_status"].isin(["manual", "automatic"])
    for one, other in pairs:
        members = np.flatnonzero((frame["source_id"] == frame["source_id"][one]) & picked)
        if len(set(members) - {one}):
            assert picked[other]


def test_a_new_epoch_gives_new_targets_and_sources_stay():
    frame = table()
    first, second = (draw_pairs(frame, sources="one", epoch=epoch) for epoch in (0, 1))
    assert np.array_equal(first[:, 0], second[:, 0]) and (first[:, 1] != second[:, 1]).any()
    assert np.array_equal(first, draw_pairs(frame, sources="one", epoch=0))


def test_pairs_of_an_event_do_not_hang_on_the_others():
    frame = table()
    whole = draw_pairs(frame, seed=4)
    part = draw_pairs(frame, seed=4, rows=(frame["source_id"] == "e7").to_numpy())
    assert np.array_equal(part, whole[(whole[:, 0] >= 42) & (whole[:, 0] < 48)])


def test_targets_are_drawn_evenly():
    frame = pd.DataFrame({"source_id": ["a"] * 4})
    targets = np.concatenate([draw_pairs(frame, epoch=epoch)[0, 1:] for epoch in range(900)])
    assert np.abs(np.bincount(targets, minlength=4)[1:] - 300).max() < 60  # four standard deviations


def test_single_records_and_noise_give_no_pairs():
    frame = pd.DataFrame({"source_id": ["a", None, "", "b", "b"]})
    assert draw_pairs(frame).tolist() == [[3, 4], [4, 3]]
    with pytest.raises(InputError, match="source_id"):
        draw_pairs(frame.rename(columns={"source_id": "id"}))
    with pytest.raises(InputError, match="sources"):
        draw_pairs(frame, sources="some")


@pytest.fixture
def records():
    rng = np.random.default_rng(0)
    data = 0.1 * rng.standard_normal((20, 3, 1000))
    data[:, :, 300:] += rng.standard_normal((20, 3, 700))
    return data


NOISE = 5.0 + 40.0 * np.random.default_rng(1).standard_normal((7, 3, 2000))
LABELS = {"trace_p_arrival_sample": np.full(20, 300.0), "trace_s_arrival_sample": np.full(20, 700.0)}


@settings(max_examples=30)
@given(st.lists(st.integers(-900, 900), min_size=20, max_size=20), st.integers(100, 1500))
def test_what_the_record_gives_is_where_the_labels_say(starts, npts):
    starts = np.array(starts)
    starts = np.where(starts + npts <= 0, -npts + 1, starts)
    data = np.arange(20 * 3 * 1000, dtype=float).reshape(20, 3, 1000)
    moved = shift_windows(data, LABELS, starts, npts, noise=NOISE, fade=0)
    for i, start in enumerate(starts):
        begin, end = max(start, 0), min(start + npts, 1000)
        assert np.array_equal(moved.data[i, :, begin - start : end - start], data[i, :, begin:end])
        for name, values in LABELS.items():
            at = moved.labels[name][i]
            if np.isfinite(at):
                assert at == values[i] - start
                assert moved.data[i, 0, int(at)] == data[i, 0, int(values[i])]
            else:
                assert not start <= values[i] < start + npts
        filled = begin > start or end < start + npts
        assert (moved.noise_rows[i] >= 0) == filled


def test_noise_in_front_has_the_level_of_the_record(records):
    starts = np.full(20, -500)
    moved = shift_windows(records, LABELS, starts, 1000, noise=NOISE, seed=3)
    level = moved.data[:, :, :450].std()
    assert abs(level / 0.1 - 1) < 0.05  # the noise's own is 400 times that
    blend = moved.data[:, :, 505:545].std()
    assert abs(blend / 0.1 - 1) < 0.15  # no dip where they meet
    assert np.array_equal(moved.data[:, :, 551:], records[:, :, 51:500])
    loud = shift_windows(records, LABELS, starts, 1000, noise=NOISE, seed=3, match=False)
    assert abs(loud.data[:, :, :450].std() / 40 - 1) < 0.05


def test_the_noise_is_real(records):
    moved = shift_windows(records, LABELS, np.full(20, -500), 1000, noise=NOISE, match=False, fade=0)
    for window, row in zip(moved.data, moved.noise_rows, strict=True):
        piece = window[0, :500] - window[0, :500].mean()
        windows = np.lib.stride_tricks.sliding_window_view(NOISE[row][0], 500)
        distance = np.abs(windows - windows.mean(axis=-1, keepdims=True) - piece).max(axis=-1)
        assert distance.min() < 1e-10
    assert len(set(moved.noise_rows.tolist())) > 3


def test_the_onset_is_never_blended(records):
    labels = {"trace_p_arrival_sample": np.full(20, 20.0)}
    moved = shift_windows(records, labels, np.full(20, -100), 1000, noise=NOISE, fade=200)
    assert np.array_equal(moved.data[:, :, 120:], records[:, :, 20:900])


def test_a_row_does_not_hang_on_the_others(records):
    starts = np.arange(-300, -280)
    many = shift_windows(records, LABELS, starts, 800, noise=NOISE, seed=9)
    few = shift_windows(records[:5], {k: v[:5] for k, v in LABELS.items()}, starts[:5], 800, noise=NOISE, seed=9)
    assert np.array_equal(many.data[:5], few.data)
    assert shift_windows(records.astype("f4"), LABELS, starts, 800, noise=NOISE).data.dtype == np.float32


def test_labels_in_seconds_bound_spans(records):
    labels = {**LABELS, "trace_mask_end_s": np.full(20, 8.0)}
    moved = shift_windows(records, labels, np.full(20, -400), 1000, noise=NOISE, sampling_rate_hz=100.0)
    assert (moved.labels["trace_mask_end_s"] == 10.0).all()  # 12 s lie behind the window
    moved = shift_windows(records, labels, np.full(20, 100), 500, sampling_rate_hz=100.0)
    assert (moved.labels["trace_mask_end_s"] == 5.0).all()
    moved = shift_windows(records, labels, np.full(20, 350), 600, sampling_rate_hz=100.0)
    assert (moved.labels["trace_mask_end_s"] == 4.5).all() and np.isnan(moved.labels["trace_p_arrival_sample"]).all()


def test_starts_put_the_onset_anywhere():
    starts = random_starts(np.full(4000, 300.0), 3000, earliest=100, latest=2900, seed=1)
    at = 300 - starts
    assert at.min() >= 100 and at.max() <= 2900
    counts = np.histogram(at, bins=8, range=(100, 2901))[0]
    assert np.abs(counts - 500).max() < 100
    asked = {"earliest": 100, "latest": 2900, "seed": 1}
    few = [random_starts(np.full(10, 300.0), 3000, epoch=epoch, **asked) for epoch in (0, 1)]
    assert np.array_equal(starts[:10], few[0]) and not np.array_equal(few[0], few[1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"noise": None}, "must be filled"),
        ({"noise": NOISE[:, :, :400]}, "450 or more"),
        ({"starts": np.full(20, 1000)}, "not within"),
        ({"starts": np.full(20, -400.0)}, "whole numbers"),
        ({"data": np.zeros((20, 2, 1000))}, "3, npts"),
        ({"labels": {"p": np.zeros(3)}}, "one value for each"),
        ({"labels": {"trace_mask_end_s": np.zeros(20)}}, "sampling_rate_hz"),
        ({"data": np.full((20, 3, 1000), np.nan)}, "nan"),
    ],
)
def test_bad_input(records, change, words):
    asked = {"data": records, "labels": LABELS, "starts": np.full(20, -400), "npts": 1000, "noise": NOISE, **change}
    with pytest.raises(InputError, match=words):
        shift_windows(**asked)
    with pytest.raises(InputError, match="in order"):
        random_starts([1.0], 100, earliest=50, latest=20)
