"""Konno-Ohmachi smoothing against the formula as written, and against ObsPy."""

import os
import subprocess
import sys

import numpy as np
import pytest
from _imports import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from seissynth.errors import InputError
from seissynth.signal import konno_ohmachi
from seissynth.signal.konnoohmachi import log_centers

FREQUENCIES = np.fft.rfftfreq(1000, 0.01)


def weights(frequencies, center, bandwidth=40.0, lobe=False):
    """The formula, a row of weights that sums to one; frequency 0 has none."""
    with np.errstate(divide="ignore"):
        u = bandwidth * np.log10(frequencies / center)
    with np.errstate(invalid="ignore"):
        w = np.where(u == 0, 1.0, (np.sin(u) / u) ** 4)
    w[frequencies == 0] = 0.0
    if lobe:
        w[np.abs(u) > np.pi] = 0.0
    return w / w.sum()


def definition(spectrum, frequencies, centers, bandwidth=40.0, lobe=False):
    columns = [spectrum @ weights(frequencies, center, bandwidth, lobe) for center in centers]
    return np.stack(columns, axis=-1)


def noise(*shape, seed=0):
    return np.abs(np.random.default_rng(seed).standard_normal(shape)) + 0.05


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("bandwidth", [5.0, 20.0, 40.0, 188.5])
def test_even_grid_agrees_with_the_formula(exact, bandwidth):
    spectrum = noise(FREQUENCIES.size)
    smooth = konno_ohmachi(spectrum, FREQUENCIES, bandwidth=bandwidth, exact=exact)
    assert smooth[0] == spectrum[0]  # frequency 0 keeps its own value
    wanted = definition(spectrum, FREQUENCIES, FREQUENCIES[1:], bandwidth, lobe=not exact)
    assert_allclose(smooth[1:], wanted, rtol=1e-11)


def test_exact_mode_is_obspys():
    from obspy.signal.konnoohmachismoothing import konno_ohmachi_smoothing

    spectrum = noise(3, FREQUENCIES.size, seed=1)
    theirs = konno_ohmachi_smoothing(spectrum, FREQUENCIES, normalize=True, enforce_no_matrix=True)
    assert_allclose(konno_ohmachi(spectrum, FREQUENCIES, exact=True), theirs, rtol=1e-11)


def test_uneven_grid_and_other_centres_agree_with_the_formula():
    rng = np.random.default_rng(2)
    frequencies = np.sort(rng.uniform(0.05, 40, 700))
    spectrum = noise(2, 2, 700, seed=3)
    centers = rng.permutation(log_centers(frequencies, 80))
    for exact in (True, False):
        smooth = konno_ohmachi(spectrum, frequencies, centers, exact=exact)
        assert smooth.shape == (2, 2, 80)
        assert_allclose(smooth, definition(spectrum, frequencies, centers, lobe=not exact), rtol=1e-11)


def test_a_large_dynamic_range_keeps_its_small_values():
    """Twelve decades: far-off strong values enter as the window says, not as rounding."""
    spectrum = FREQUENCIES**4 * noise(FREQUENCIES.size, seed=4)
    for exact in (True, False):
        smooth = konno_ohmachi(spectrum, FREQUENCIES, exact=exact)[1:]
        assert_allclose(smooth, definition(spectrum, FREQUENCIES, FREQUENCIES[1:], lobe=not exact), rtol=1e-9)


def test_main_lobe_is_near_the_whole_window_where_the_level_holds():
    frequencies = np.arange(1, 4097) * 0.0122
    spectrum = noise(4096, seed=5)
    difference = konno_ohmachi(spectrum, frequencies) / konno_ohmachi(spectrum, frequencies, exact=True) - 1
    assert np.abs(difference[40:]).max() < 2.5e-3
    assert np.abs(difference).max() > 1e-4  # and they do differ


@settings(max_examples=40)
@given(st.integers(2, 60), st.floats(1.0, 300.0), st.floats(1e-6, 1e6), st.booleans(), st.integers(0, 1000))
def test_flat_stays_flat_and_means_stay_within(count, bandwidth, scale, exact, seed):
    rng = np.random.default_rng(seed)
    frequencies = np.cumsum(rng.uniform(0.01, 2.0, count)) * scale
    spectrum = rng.uniform(1, 5, count)
    flat = konno_ohmachi(np.full(count, 3.0), frequencies, bandwidth=bandwidth, exact=exact)
    assert_allclose(flat, 3.0, rtol=1e-13)
    smooth = konno_ohmachi(spectrum, frequencies, bandwidth=bandwidth, exact=exact)
    assert (smooth >= spectrum.min() * (1 - 1e-13)).all() and (smooth <= spectrum.max() * (1 + 1e-13)).all()
    # a window of the logarithm: the unit of frequency does not matter
    assert_allclose(konno_ohmachi(spectrum, frequencies / scale, bandwidth=bandwidth, exact=exact), smooth, rtol=1e-8)


def test_smoothing_is_linear_with_signs():
    a, b = np.random.default_rng(6).standard_normal((2, FREQUENCIES.size))
    both = konno_ohmachi(np.stack([a, b, 2 * a - 3 * b]), FREQUENCIES)
    assert_allclose(both[2], 2 * both[0] - 3 * both[1], atol=1e-13)


@pytest.mark.parametrize("exact", [True, False])
def test_threads_and_batches_change_no_bit(exact):
    spectrum = noise(5, 3, FREQUENCIES.size, seed=7)
    one = konno_ohmachi(spectrum, FREQUENCIES, exact=exact)
    assert_array_equal(konno_ohmachi(spectrum, FREQUENCIES, exact=exact, workers=2), one)
    assert_array_equal(konno_ohmachi(spectrum, FREQUENCIES, exact=exact, workers=7), one)
    assert_array_equal(konno_ohmachi(spectrum[3, 1], FREQUENCIES, exact=exact), one[3, 1])
    many = konno_ohmachi(np.tile(spectrum, (60, 1, 1)), FREQUENCIES, exact=exact)  # more rows than one block holds
    assert_array_equal(many.reshape(60, *one.shape), np.broadcast_to(one, (60, *one.shape)))


def test_precision_layout_and_inputs_are_kept():
    spectrum = noise(4, FREQUENCIES.size, seed=8)
    wanted = konno_ohmachi(spectrum, FREQUENCIES)
    single = konno_ohmachi(spectrum.astype(np.float32), FREQUENCIES.astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, wanted, rtol=1e-4)
    whole = np.round(spectrum * 100).astype(np.int64)
    assert_array_equal(konno_ohmachi(whole, FREQUENCIES), konno_ohmachi(whole.astype(float), FREQUENCIES))
    strided = np.asfortranarray(spectrum)
    strided.flags.writeable = False
    assert_array_equal(konno_ohmachi(strided, FREQUENCIES), wanted)
    assert_array_equal(konno_ohmachi(np.repeat(spectrum, 2, axis=-1)[:, ::2], list(FREQUENCIES)), wanted)
    assert konno_ohmachi(np.empty((0, 3, FREQUENCIES.size)), FREQUENCIES).shape == (0, 3, FREQUENCIES.size)


def test_smallest_spectra():
    assert_array_equal(konno_ohmachi([4.0], [2.0]), [4.0])
    assert_array_equal(konno_ohmachi([4.0], [0.0]), [4.0])
    assert_array_equal(konno_ohmachi([4.0, 7.0], [0.0, 1.0], [1.0, 0.0, 1.05]), [7.0, 4.0, 7.0])
    assert_array_equal(konno_ohmachi([4.0, 7.0], [0.0, 1.0], [500.0], exact=True), [7.0])


def test_log_centres_all_have_frequencies():
    centers = log_centers(FREQUENCIES, 5000)
    assert centers[0] == pytest.approx(0.3) and centers[-1] == 50.0  # third step of 0.1 Hz
    assert_allclose(np.diff(np.log(centers)), np.log(500 / 3) / 4999, rtol=1e-6)
    assert np.isfinite(konno_ohmachi(noise(FREQUENCIES.size), FREQUENCIES, centers)).all()
    with pytest.raises(InputError, match=r"main lobe of 0\.247"):
        konno_ohmachi(noise(FREQUENCIES.size), FREQUENCIES, [0.5, 0.247])
    assert_allclose(log_centers(FREQUENCIES, 3, low_hz=1, high_hz=4), [1, 2, 4])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, np.nan], [1, 2]), "spectrum is nan at index"),
        (([1.0, 1j], [1, 2]), "real numbers"),
        (([1.0, 2.0], [1, np.inf]), "frequencies is inf"),
        (([1.0, 2.0], [1, 2, 3]), "spectrum has 2 values"),
        (([1.0, 2.0], [2, 1]), "frequencies must increase"),
        (([1.0, 2.0], [1, 1]), "frequencies must increase"),
        (([1.0, 2.0], [-1, 1]), "at least 0"),
        (([1.0, 2.0], [[1, 2]]), "one axis"),
        (([1.0, 2.0], [1, 2], [[1.0]]), "one axis"),
        (([1.0, 2.0], [1, 2], [-1.0]), "at least 0"),
        (([1.0, 2.0], [1, 2], [0.0]), "centers holds 0 Hz"),
        (([1.0, 2.0], [1, 2], [10.0]), "no frequency is in the main lobe of 10 Hz"),
        (([1.0], [0.0], [10.0], 40.0, True), "no frequency is in the main lobe"),
        (([1.0, 2.0], [1, 2], None, 0.0), "bandwidth=0"),
        (([1.0, 2.0], [1, 2], None, 40.0, False, 0), "workers=0"),
        (([], []), "1 or more"),
    ],
)
def test_what_cannot_be_smoothed_is_said(arguments, message):
    with pytest.raises(InputError, match=message):
        konno_ohmachi(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0],), "frequency 0 only"),
        (([1.0, 2.0], 1), "count=1"),
        (([1.0, 2.0],), "give low_hz below high_hz"),
        (([1.0, 1.1], 5, 40.0, 3.0, 2.0), "from 3 to 2 Hz"),
    ],
)
def test_what_gives_no_centres_is_said(arguments, message):
    with pytest.raises(InputError, match=message):
        log_centers(*arguments)


def test_uncompiled_kernels_give_the_same():
    code = (
        "import numpy as np; from seissynth.signal import konno_ohmachi; "
        "s = np.random.default_rng(9).uniform(1, 2, (2, 60)); f = np.arange(60.0); "
        "print(*[konno_ohmachi(s, f, exact=e).tobytes().hex() for e in (True, False)])"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    spectrum = np.random.default_rng(9).uniform(1, 2, (2, 60))
    for text, exact in zip(done.stdout.split(), (True, False), strict=True):
        plain = np.frombuffer(bytes.fromhex(text)).reshape(2, 60)
        assert_allclose(plain, konno_ohmachi(spectrum, np.arange(60.0), exact=exact), rtol=1e-13)
