"""Similarity: each measure against a closed form, ObsPy or plain loops; known answers of the group."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from burst_sets import RATE, burst_pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from seissynth.errors import InputError
from seissynth.evaluation import (
    Pairs,
    correlation,
    dtw_distance,
    largest_correlation,
    log_spectrogram,
    peak_signal_to_noise_db,
    roughness_db,
    signal_to_noise_db,
    similarity_group,
    smoothed_envelope,
    spectrogram_misfit,
)
from seissynth.evaluation.baselines.known_answers import scaled_copy, shifted_copy, shuffled_copy
from seissynth.evaluation.groups.similarity import MEASURES, shuffled_partners

RNG = np.random.default_rng(0)


# --- measures


@pytest.mark.parametrize("lag", [0, 7, 120])
def test_correlations_are_those_of_obspy(lag):
    from obspy.signal.cross_correlation import correlate, xcorr_max

    a, b = RNG.standard_normal((2, 500)).cumsum(axis=1)
    found = correlate(b, a, lag)
    shift, value = xcorr_max(found, abs_max=False)
    mine, at = largest_correlation(a, b, lag)
    assert mine == pytest.approx(value, abs=1e-9) and at == shift
    assert correlation(a, b) == pytest.approx(found[lag], abs=1e-9)


def test_a_mask_is_the_same_as_cutting():
    a, b = RNG.standard_normal((2, 4, 300)).cumsum(axis=-1)
    mask = np.zeros((4, 300), bool)
    mask[:, 40:220] = True
    part = slice(40, 220)
    for function in (correlation, signal_to_noise_db, peak_signal_to_noise_db):
        np.testing.assert_allclose(function(a, b, mask), function(a[:, part], b[:, part]), rtol=1e-12)
    np.testing.assert_allclose(dtw_distance(a, b, 10, mask), dtw_distance(a[:, part], b[:, part], 10), rtol=1e-12)


def test_snr_of_known_signals():
    a, b = RNG.standard_normal((2, 200_000))
    assert signal_to_noise_db(a, 2 * a) == pytest.approx(0.0, abs=1e-12)
    assert signal_to_noise_db(a, 1.1 * a) == pytest.approx(20.0, abs=1e-9)
    assert signal_to_noise_db(a, b) == pytest.approx(-10 * np.log10(2), abs=0.05)
    assert np.isinf(signal_to_noise_db(a, a)) and np.isnan(signal_to_noise_db(0 * a, a))
    crest = 10 * np.log10((a**2).max() / (a**2).mean())
    assert peak_signal_to_noise_db(a, b) == pytest.approx(signal_to_noise_db(a, b) + crest, abs=1e-9)


def test_psnr_is_that_of_the_definition():
    a, b = RNG.standard_normal((2, 1000))
    expected = 10 * np.log10(np.abs(a).max() ** 2 / np.mean((a - b) ** 2))
    assert peak_signal_to_noise_db(a, b) == pytest.approx(expected)


def _plain_dtw(a, b, radius):
    """The textbook table, all of it."""
    n = len(a)
    table = np.full((n, n), np.inf)
    for i in range(n):
        for j in range(max(0, i - radius), min(n, i + radius + 1)):
            cost = abs(a[i] - b[j])
            if i == j == 0:
                table[i, j] = 2 * cost
                continue
            ways = []
            if i:
                ways.append(table[i - 1, j] + cost)
            if j:
                ways.append(table[i, j - 1] + cost)
            if i and j:
                ways.append(table[i - 1, j - 1] + 2 * cost)
            table[i, j] = min(ways)
    return table[-1, -1] / (2 * n)


@settings(max_examples=40)
@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 2**31))
def test_time_warping_is_that_of_plain_dynamic_programming(npts, radius, seed):
    a, b = np.random.default_rng(seed).standard_normal((2, npts))
    assert dtw_distance(a, b, radius) == pytest.approx(_plain_dtw(a, b, radius), abs=1e-12)


def test_time_warping_without_the_compiler():
    code = (
        "import numpy as np; from seissynth.evaluation import dtw_distance;"
        "a, b = np.random.default_rng(3).standard_normal((2, 2, 40));"
        "print(*(x.hex() for x in dtw_distance(a, b, 5).tolist()))"
    )
    plain = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True
    )
    a, b = np.random.default_rng(3).standard_normal((2, 2, 40))
    assert plain.stdout.split() == [x.hex() for x in dtw_distance(a, b, 5).tolist()], plain.stderr


def test_spectrogram_misfit_is_that_of_z_scores():
    a, b = RNG.standard_normal((2, 3, 20, 30))
    frames = np.zeros((3, 30), bool)
    frames[:, 5:25] = True
    found = spectrogram_misfit(a, b, frames)
    for row in range(3):
        z = [(x - x.mean()) / x.std() for x in (a[row, :, 5:25], b[row, :, 5:25])]
        assert found[row] == pytest.approx(((z[0] - z[1]) ** 2).mean(), rel=1e-10)


def test_spectrogram_misfit_of_strangers_is_two():
    a, b = RNG.standard_normal((2, 40, 50, 200))
    assert spectrogram_misfit(a, b).mean() == pytest.approx(2.0, abs=0.01)
    assert spectrogram_misfit(a, a).max() < 1e-12


def test_a_line_stands_where_its_frequency_is():
    time = np.arange(3000) / RATE
    found = log_spectrogram(np.sin(2 * np.pi * 12.5 * time), RATE, (1.0, 45.0))
    assert found.frequencies_hz[found.level_db[:, 90].argmax()] == 12.5
    assert found.frequencies_hz[0] >= 1.0 and found.frequencies_hz[-1] <= 45.0
    assert found.level_db.max() == 0.0 and found.level_db.min() >= -80.0
    np.testing.assert_array_equal(log_spectrogram(7e-9 * np.sin(2 * np.pi * 12.5 * time), RATE).level_db.shape[-1], 95)


def test_frames_in_a_mask_touch_nothing_outside():
    found = log_spectrogram(RNG.standard_normal(1000), RATE)
    mask = np.zeros(1000, bool)
    mask[300:700] = True
    inside = found.frames_in(mask)
    half = found.window_samples // 2
    centres = np.arange(len(inside)) * found.window_samples // 4
    np.testing.assert_array_equal(inside, (centres - half >= 300) & (centres + half <= 700))
    assert found.frames_in(np.ones(1000, bool)).all()


def test_roughness_of_independent_cells_is_their_sd_and_slopes_have_none():
    cells = 3.0 * RNG.standard_normal((60, 400))
    assert roughness_db(cells) == pytest.approx(3.0, rel=0.02)
    slope = np.add.outer(2.0 * np.arange(60), -0.5 * np.arange(400))
    assert roughness_db(slope) == pytest.approx(0.0, abs=1e-9)
    assert roughness_db(cells + slope) == pytest.approx(roughness_db(cells), rel=1e-9)


def test_envelope_of_a_sine_in_the_middle_and_its_window():
    time = np.arange(4000) / RATE
    wave = 1e-6 * np.sin(2 * np.pi * 8 * time)
    assert smoothed_envelope(wave, RATE)[2000] == pytest.approx(1e-6, rel=1e-3)
    from scipy.signal import hilbert, savgol_filter

    noise = RNG.standard_normal(4001)
    noise -= noise.mean()
    expected = savgol_filter(np.abs(hilbert(noise, 8192))[:4001], 101, 3)
    np.testing.assert_allclose(smoothed_envelope(noise, RATE)[300:-300], expected[300:-300], atol=0.05)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: correlation(np.zeros(3), np.zeros(4)), "one shape"),
        (lambda: correlation(np.zeros(3), np.zeros(3), np.ones(3)), "bool"),
        (lambda: correlation(np.zeros(3), np.zeros(3), np.ones(5, bool)), "does not fit"),
        (lambda: correlation([np.nan, 1.0], [1.0, 2.0]), "remove NaN"),
        (lambda: largest_correlation(np.zeros(9), np.zeros(9), 9), "max_lag"),
        (lambda: dtw_distance(np.zeros(9), np.zeros(9), 0), "radius"),
        (lambda: log_spectrogram(np.zeros(900), RATE, (200.0, 300.0)), "no frequency"),
        (lambda: spectrogram_misfit(np.zeros((3, 4)), np.zeros((4, 3))), "shapes"),
        (lambda: roughness_db(np.zeros((2, 9))), "three"),
    ],
)
def test_bad_input_is_told(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_silence_has_no_correlation():
    assert np.isnan(correlation(np.zeros(100), RNG.standard_normal(100)))
    assert np.isnan(largest_correlation(np.zeros(100), np.ones(100), 5)[0])


# --- the group


@pytest.fixture(scope="module")
def pairs():
    return burst_pairs(masked=True)


def _values(real, made):
    return similarity_group(Pairs(real, (made,))).summary.set_index("metric")["value"]


def test_a_set_against_itself_is_perfect(pairs):
    values = _values(pairs.real, pairs.real)
    for name, (_, best, _) in MEASURES.items():
        for ending in ("", "_whole"):
            assert values[name + ending] == pytest.approx(best, abs=1e-9), name


def test_a_copy_of_twice_the_size_differs_in_decibels_only(pairs):
    values = _values(pairs.real, scaled_copy(pairs.real, 2.0))
    for name in ("envelope_correlation", "waveform_correlation", "spectrogram_mse", "envelope_dtw", "envelope_lag_s"):
        assert values[name] == pytest.approx(MEASURES[name][1], abs=1e-6), name
    assert values["snr_db"] == pytest.approx(0.0, abs=1e-5)


def test_a_copy_that_is_late_is_found_late(pairs):
    late = shifted_copy(pairs.real, 0.5)
    group = similarity_group(Pairs(pairs.real, (late,)))
    table = group.per_record
    shown = np.isfinite(table["envelope_lag_s"])
    assert np.median(table["envelope_lag_s"][shown]) == pytest.approx(0.5, abs=0.02)
    assert table["waveform_correlation_lagged_whole"].mean() > 0.97 > table["envelope_correlation_whole"].mean()
    assert abs(table["waveform_correlation"].mean()) < 0.1
    assert table["envelope_dtw"].mean() < 0.05


def test_a_shuffled_set_is_at_chance():
    pairs = burst_pairs(events=40, stations=3, npts=6000)
    # bursts at random times have nothing in common
    rng = np.random.default_rng(1)
    data = np.stack([np.roll(x, int(rng.integers(6000)), axis=-1) for x in pairs.real.data])
    table = pairs.real.metadata[["source_id", "station_code"]]
    real = replace(pairs.real, data=data, p_s=None, s_s=None, metadata=table)
    values = _values(real, shuffled_copy(real))
    assert abs(values["envelope_correlation"]) < 0.08
    assert abs(values["waveform_correlation"]) < 0.02
    # both pictures are mostly a burst on one level, at other times: nearly 2
    assert values["spectrogram_mse"] == pytest.approx(2.0, abs=0.2)
    assert _values(real, replace(real, data=data[::-1].copy()))["snr_db"] < 0


def test_what_lies_beyond_the_mask_does_not_matter(pairs):
    changed = pairs.generated.data.copy()
    changed[~np.broadcast_to(pairs.mask()[:, None], changed.shape)] = 0.0
    made = replace(pairs.generated, data=changed)
    one, other = (similarity_group(Pairs(pairs.real, (x,))).per_record for x in (pairs.generated, made))
    for name in ("snr_db", "psnr_db", "waveform_correlation"):
        np.testing.assert_allclose(one[name], other[name], atol=1e-9)
    assert not np.allclose(one["snr_db_whole"], other["snr_db_whole"])


def test_masks_that_end_before_s_are_left_out_and_told(pairs):
    ends = pairs.real.mask_end_s.copy()
    ends[:5] = pairs.real.s_s[:5] + 1.0
    real = replace(pairs.real, mask_end_s=ends)
    group = similarity_group(Pairs(real, pairs.draws))
    assert np.isnan(group.per_record["envelope_correlation"][:5]).all()
    assert np.isfinite(group.per_record["envelope_correlation_whole"]).all()
    assert any(note.startswith("5 records are left out") for note in group.notes)


def test_the_number_of_threads_changes_nothing(pairs):
    from seissynth.evaluation.statistics.blocks import blockwise

    def work(rows):
        return smoothed_envelope(pairs.real.data[rows], RATE)

    np.testing.assert_array_equal(blockwise(work, 30, workers=1), blockwise(work, 30, workers=2))


@settings(max_examples=30)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=12), st.integers(0, 99))
def test_shuffled_partners_are_of_other_earthquakes(sizes, seed):
    events = np.repeat(np.arange(len(sizes)), sizes)
    partner = shuffled_partners(events, seed)
    if 2 * max(sizes) > sum(sizes):
        assert partner is None
    else:
        assert sorted(partner) == list(range(len(events)))
        assert (events[partner] != events).all()
