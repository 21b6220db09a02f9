"""The short-time Fourier transform against its formula, least squares, SciPy and librosa."""

import os
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from _imports import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from plain_librosa import librosa_makes

from seissynth.errors import InputError
from seissynth.signal import STFT

KERNEL_LENGTHS = (4, 8, 16, 32, 64, 128, 512, 2048)
OTHER_LENGTHS = (2, 3, 7, 12, 100, 127, 4096)


def noise(*shape, seed=0, dtype=float):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def frames_of(x, stft):
    """Frames by their definition, not weighted, shape (..., frames, nfft)."""
    front = stft.nfft // 2 if stft.center else 0
    count = stft.frames(x.shape[-1])
    padded = np.zeros((*x.shape[:-1], front + x.shape[-1] + count * stft.hop + stft.nfft))
    padded[..., front : front + x.shape[-1]] = x
    return np.stack([padded[..., k * stft.hop : k * stft.hop + stft.nfft] for k in range(count)], axis=-2)


def definition(x, stft):
    n = np.arange(stft.nfft)
    fourier = np.exp(-2j * np.pi / stft.nfft * (np.outer(np.arange(stft.bins), n) % stft.nfft))
    return np.einsum("bn,...kn->...bk", fourier, frames_of(x, stft) * stft.weights)


def tolerance(x, stft):
    """A few roundings of the largest possible bin."""
    return 8 * np.finfo(x.dtype).eps * abs(x).max() * stft.nfft


# --- forward


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("nfft", KERNEL_LENGTHS + OTHER_LENGTHS)
def test_the_transform_is_its_formula(nfft, dtype):
    for hop, center, npts in [(max(nfft // 8, 1), True, 3 * nfft + 5), (max(nfft // 3, 1), False, 2 * nfft + 1)]:
        stft = STFT(nfft, hop, "hamming", center)
        x = noise(2, npts, seed=nfft, dtype=dtype)
        result = stft.forward(x)
        assert result.dtype == np.result_type(dtype, np.complex64)
        assert_allclose(result, definition(x, stft), rtol=0, atol=tolerance(x, stft))


def test_it_is_what_shorttimefft_makes():
    from scipy.signal import ShortTimeFFT, get_window

    stft, x = STFT(128, 16), noise(3, 6000)
    theirs = ShortTimeFFT(get_window("hann", 128), 16, 1.0, mfft=128, phase_shift=None)
    expected = theirs.stft(x, p0=0, p1=stft.frames(6000))
    assert_allclose(stft.forward(x), expected, rtol=0, atol=1e-11)
    assert_allclose(stft.frequencies(1.0), theirs.f)
    assert_allclose(stft.times(6000, 1.0), theirs.delta_t * np.arange(stft.frames(6000)))


def test_it_is_what_librosa_makes():
    cases = [(128, 16, 6000), (128, 16, 6007), (96, 20, 777)]
    calls = [(noise(2, npts), {"n_fft": nfft, "hop_length": hop}) for nfft, hop, npts in cases]
    for (nfft, hop, npts), (x, _), expected in zip(cases, calls, librosa_makes("stft", *calls), strict=True):
        result = STFT(nfft, hop).forward(x)
        assert result.shape[-1] - expected.shape[-1] == (npts % hop > 0)
        assert_allclose(result[..., : expected.shape[-1]], expected, rtol=0, atol=1e-11)


def test_a_tone_has_half_the_sum_of_the_window_and_its_phase():
    stft, b = STFT(128, 16), 10
    x = np.cos(2 * np.pi * b / 128 * np.arange(4000) + 0.3)
    k = np.arange(8, 240)  # frames inside the record
    expected = stft.weights.sum() / 2 * np.exp(1j * (0.3 + 2 * np.pi * b / 128 * (k * 16 - 64)))
    assert_allclose(stft.forward(x)[b, k], expected, atol=1e-11)


@pytest.mark.parametrize("center", [True, False])
def test_a_pulse_is_largest_in_the_frame_whose_time_it_has(center):
    stft, x = STFT(64, 8, center=center), np.zeros(1000)
    x[504] = 1
    power = (abs(stft.forward(x)) ** 2).sum(axis=0)
    assert stft.times(1000, 100.0)[np.argmax(power)] == pytest.approx(5.04)


def test_geometry():
    stft = STFT(128, 16)
    assert (stft.bins, stft.frames(6000), stft.frames(6001), stft.frames(1)) == (65, 376, 377, 2)
    assert [STFT(128, 16, center=False).frames(n) for n in (1, 128, 129, 144, 145)] == [1, 1, 2, 2, 3]
    assert_allclose(stft.frequencies(100.0), np.fft.rfftfreq(128, 0.01))
    assert_allclose(STFT(9, 2).frequencies(100.0), np.fft.rfftfreq(9, 0.01))
    assert_allclose(stft.times(33, 100.0), [0, 0.16, 0.32, 0.48])
    assert_allclose(STFT(128, 16, center=False).times(140, 100.0), [0.64, 0.8])


# --- inverse


@settings(max_examples=60)
@given(
    nfft=st.sampled_from((2, 3, 4, 5, 8, 16, 30, 31, 32, 64, 128)),
    part=st.floats(0, 1),
    window=st.sampled_from(("hann", "hamming", "boxcar", "blackman", "odd")),
    npts=st.integers(1, 300),
    center=st.booleans(),
    single=st.booleans(),
)
def test_the_inverse_is_exact(nfft, part, window, npts, center, single):
    if window == "odd":
        length = max(nfft // 2 - 1 + nfft // 2 % 2, 1)
        samples = np.hanning(length + 2)[1:-1]
    else:
        length, samples = nfft, window
    if not center:
        length, samples = nfft, "hamming"  # the others start with zero, or end early
    stft = STFT(nfft, 1 + int(part * max(length // 2 - 1, 0)), samples, center)
    x = noise(npts, seed=npts, dtype=np.float32 if single else np.float64)
    back = stft.inverse(stft.forward(x), npts)
    assert back.dtype == x.dtype
    assert_allclose(back, x, rtol=0, atol=(1e-4 if single else 1e-11))


@pytest.mark.parametrize(("nfft", "window", "hop"), [(8, "hann", 3), (16, "hamming", 5), (9, "hann", 2)])
def test_the_inverse_of_no_ones_transform_is_the_least_squares_one(nfft, window, hop):
    stft, npts = STFT(nfft, hop, window), 40
    spectrum = noise(stft.bins, stft.frames(npts)) + 1j * noise(stft.bins, stft.frames(npts), seed=1)
    system = np.stack([(frames_of(unit, stft) * stft.weights).ravel() for unit in np.eye(npts)], axis=1)
    target = np.fft.irfft(spectrum.T, nfft).ravel()
    expected = np.linalg.lstsq(system, target, rcond=None)[0]
    assert_allclose(stft.inverse(spectrum, npts), expected, atol=1e-12)


def test_a_real_spectrum_is_taken_as_complex():
    stft, npts = STFT(16, 4), 50
    real = abs(stft.forward(noise(npts)))
    assert_array_equal(stft.inverse(real, npts), stft.inverse(real + 0j, npts))
    assert stft.inverse(real.astype(np.float32), npts).dtype == np.float32


# --- what comes in


@pytest.mark.parametrize("nfft", [64, 60])
def test_batches_of_any_shape_and_threads_give_the_same_bits(nfft):
    stft = STFT(nfft, 10)
    x = noise(2, 3, 1, 700, dtype=np.float32)
    spectrum = stft.forward(x)
    assert spectrum.shape == (2, 3, 1, stft.bins, stft.frames(700))
    back = stft.inverse(spectrum, 700)
    assert_array_equal(stft.forward(x, workers=2), spectrum)
    assert_array_equal(stft.inverse(spectrum, 700, workers=2), back)
    assert_array_equal(stft.forward(x[1, 2, 0]), spectrum[1, 2, 0])
    assert_array_equal(stft.inverse(spectrum[1, 2, 0], 700), back[1, 2, 0])
    empty = stft.forward(np.zeros((0, 3, 700)))
    assert empty.shape == (0, 3, stft.bins, stft.frames(700))
    assert stft.inverse(empty, 700).shape == (0, 3, 700)


@pytest.mark.parametrize("nfft", [64, 60])
def test_any_layout_and_real_type(nfft):
    stft = STFT(nfft, 10)
    whole = np.arange(-300, 300).reshape(2, 300)
    expected = stft.forward(whole.astype(float))
    assert_array_equal(stft.forward(whole), expected)
    assert_array_equal(stft.forward(np.asfortranarray(whole.astype(float))), expected)
    assert_array_equal(stft.forward(whole.astype(float)[:, ::2]), stft.forward(whole[:, ::2].copy()))
    frozen = whole.astype(float)
    frozen.flags.writeable = False
    assert_array_equal(stft.forward(frozen), expected)
    back = stft.inverse(expected, 300)
    assert_array_equal(stft.inverse(np.asfortranarray(expected), 300), back)
    expected.flags.writeable = False
    assert_array_equal(stft.inverse(expected, 300), back)


def test_long_windows_given_by_samples_and_names_of_scipy():
    from scipy.signal import get_window

    assert_array_equal(STFT(8, 2, [1, 2, 3]).weights, [0, 0, 1, 2, 3, 0, 0, 0])  # where librosa's pad_center puts it
    assert_array_equal(STFT(7, 2, [1, 2, 3, 4]).weights, [0, 1, 2, 3, 4, 0, 0])
    for name in ("hann", "hamming", "boxcar", "blackmanharris", ("kaiser", 8.6)):
        assert_allclose(STFT(33, 5, name).weights, get_window(name, 33), atol=1e-15)


# --- what an STFT is


def test_it_is_immutable_hashable_and_says_what_it_is():
    stft = STFT(128, 16)
    assert repr(stft) == "STFT(nfft=128, hop=16, window='hann', center=True)"
    assert repr(STFT(128, 16, np.ones(61))) == "STFT(nfft=128, hop=16, window=<61 samples>, center=True)"
    assert stft == STFT(np.int64(128), 16) and stft != STFT(128, 32) and stft != STFT(128, 16, np.ones(128))
    assert len({stft, STFT(), STFT(128, 16, np.ones(61)), STFT(128, 16, [1.0] * 61)}) == 2
    assert pickle.loads(pickle.dumps(stft)) == stft
    with pytest.raises(FrozenInstanceError):
        stft.hop = 3
    with pytest.raises(ValueError, match="read-only"):
        stft.weights[0] = 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hop": 129}, "hop=129 is larger than the window length of 128.*not invertible.*at most 128"),
        ({"hop": 9, "window": np.ones(8)}, "larger than the window length of 8"),
        ({"hop": 128}, "sum to zero at 0 samples"),
        ({"hop": 3, "window": [1, 0, 0, 1]}, "sum to zero"),
        ({"window": np.zeros(9), "hop": 2}, "sum to zero"),
        ({"nfft": 1}, "nfft=1 must be a whole number of at least 2"),
        ({"nfft": 16.0}, "whole number"),
        ({"hop": 0}, "hop=0 must be"),
        ({"window": np.ones(129)}, "more than nfft=128"),
        ({"window": np.ones((2, 8))}, "one row"),
        ({"window": "hanning window"}, "not known to scipy"),
        ({"window": [1, np.nan]}, "window is nan"),
    ],
)
def test_geometries_that_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        STFT(**arguments)


@pytest.mark.parametrize("nfft", [16, 15])
def test_input_that_is_refused(nfft):
    stft = STFT(nfft, 4)
    for bad, message in [
        ([1.0, np.nan], "x is nan at index"),
        (np.full(50, -1e38, np.float32), "x reaches 1e.38; float32 frames"),
        ([np.inf], "x is inf"),
        ([1j], "real numbers"),
        ([], "1 or more samples"),
        (3.0, "1 or more samples"),
        (["a"], "real numbers"),
    ]:
        with pytest.raises(InputError, match=message):
            stft.forward(bad)
    good = stft.forward(noise(2, 20))
    for bad, npts, message in [
        (good, 21, rf"has \(\.\.\., {stft.bins}, 7\)"),
        (good[0, 0], 20, "the spectrum has shape"),
        (good.astype(str), 20, "complex numbers"),
        (good, 0, "npts=0 must be"),
        (np.full_like(good, 1e308), 20, "overflows float64"),
    ]:
        with pytest.raises(InputError, match=message):
            stft.inverse(bad, npts)
    for place in [(1, 3, 2), (0, 0, 5), (0, -1, 0)]:
        for value in (np.nan, np.inf, complex(0, np.nan)):
            bad = good.copy()
            bad[place] = value
            where = rf"{place[0]}, {place[1] % stft.bins}, {place[2]}"
            with pytest.raises(InputError, match=rf"(nan|inf) at index \({where}\); remove NaN"):
                stft.inverse(bad, 20)
    apart = STFT(nfft, nfft, "boxcar")  # its last frame may hold no sample at all
    bad = apart.forward(noise(nfft + 1))
    bad[1, -1] = np.nan
    with pytest.raises(InputError, match="nan at index"):
        apart.inverse(bad, nfft + 1)
    for method in (stft.frequencies, lambda rate: stft.times(5, rate)):
        with pytest.raises(InputError, match="rate=-1"):
            method(-1)
    with pytest.raises(InputError, match="workers"):
        stft.forward([1.0], workers=0)


def test_without_centring_a_sample_of_no_weight_is_not_invented():
    stft = STFT(16, 4, center=False)
    spectrum = stft.forward(noise(50))
    with pytest.raises(InputError, match=r"sample 0 of 50 has no weight.*center=True"):
        stft.inverse(spectrum, 50)


# --- compiled or not


CODE = """
import sys
import numpy as np
from seissynth.signal import STFT
results = {}
for nfft in (4, 32, 64):
    for dtype in (np.float32, np.float64):
        stft = STFT(nfft, 5 if nfft > 4 else 1)
        spectrum = stft.forward(np.random.default_rng(1).standard_normal((2, 90)).astype(dtype))
        results[f"{nfft} {np.dtype(dtype)} spectrum"] = spectrum
        results[f"{nfft} {np.dtype(dtype)} back"] = stft.inverse(spectrum, 90)
assert "scipy.signal" not in sys.modules, "slow to import, not needed for a Hann window"
np.savez(sys.argv[1], **results)
"""


def test_compiled_and_interpreted_loops_agree(tmp_path):
    results = []
    for disabled in ("0", "1"):
        file = tmp_path / f"{disabled}.npz"
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled}
        subprocess.run([sys.executable, "-c", CODE, file], env=environment, cwd=ROOT, check=True)
        results.append(np.load(file))
    assert results[0].files
    for name in results[0].files:
        assert results[0][name].dtype == results[1][name].dtype
        assert_allclose(results[0][name], results[1][name], rtol=0, atol=3e-5 if "float32" in name else 1e-13)
