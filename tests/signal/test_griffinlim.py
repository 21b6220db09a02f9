"""Griffin-Lim against a plain NumPy version, against librosa, and by what it must keep."""

import os
import subprocess
import sys

import numpy as np
import pytest
from _imports import ROOT
from numpy.testing import assert_allclose, assert_array_equal
from plain_librosa import librosa_makes

from seissynth.errors import InputError
from seissynth.seeding import hash_words
from seissynth.signal import STFT, griffinlim

STFTS = [STFT(64, 8), STFT(60, 8), STFT(32, 4, "hamming"), STFT(63, 9, np.hanning(41))]


def noise(*shape, seed=0, dtype=float):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def radians(shape, seed=5):
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, shape)


def plain(magnitude, stft, npts, n_iter, momentum, phases):
    """The algorithm of the paper, word for word: c from t and the last t, then magnitudes."""
    guess, last = magnitude * np.exp(1j * phases), None
    for _ in range(n_iter):
        rebuilt = stft.forward(stft.inverse(guess, npts))
        c = rebuilt if last is None else rebuilt + momentum * (rebuilt - last)
        guess, last = magnitude * np.exp(1j * np.angle(c)), rebuilt
    return stft.inverse(guess, npts)


def level_db(stft, signal, magnitude):
    return 20 * np.log10(np.linalg.norm(abs(stft.forward(signal)) - magnitude) / np.linalg.norm(magnitude))


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("stft", STFTS, ids=repr)
def test_it_is_the_algorithm_of_the_paper(stft, momentum):
    npts = 333
    magnitude = abs(stft.forward(noise(npts)))
    phases = radians(magnitude.shape)
    result = griffinlim(magnitude, stft, npts, n_iter=6, momentum=momentum, init=phases)
    # the first step has no last spectrum: ours takes zeros for it, which scales c and leaves its phases
    assert_allclose(result, plain(magnitude, stft, npts, 6, momentum, phases), atol=1e-8)


def test_it_is_what_librosa_makes():
    stft, npts = STFT(128, 16), 1600
    magnitude = abs(stft.forward(noise(2, npts)))
    phases = 2 * np.pi * np.random.RandomState(0).random(magnitude.shape)  # drawn as librosa does
    options = {"n_iter": 6, "hop_length": 16, "n_fft": 128, "length": npts, "random_state": 0, "momentum": 0.99}
    [expected] = librosa_makes("griffinlim", (magnitude, options))
    assert_allclose(griffinlim(magnitude, stft, npts, n_iter=6, init=phases), expected, atol=1e-8)


@pytest.mark.parametrize("stft", STFTS[:2], ids=repr)
def test_right_phases_give_the_signal_back(stft):
    x = noise(2, 400)
    spectrum = stft.forward(x)
    for phases in (np.angle(spectrum), spectrum, 3 * spectrum):
        result, level = griffinlim(abs(spectrum), stft, 400, init=phases, return_convergence=True)
        assert_allclose(result, x, atol=1e-10)
        assert (level < -200).all()


def test_convergence_is_as_defined_and_momentum_helps():
    stft, x = STFT(128, 16), noise(3, 2, 2000)
    magnitude = abs(stft.forward(x))
    result, level = griffinlim(magnitude, stft, 2000, return_convergence=True)
    assert level.shape == (3, 2)
    for place in np.ndindex(3, 2):
        assert level[place] == pytest.approx(level_db(stft, result[place], magnitude[place]), abs=1e-9)
    slow = griffinlim(magnitude, stft, 2000, momentum=0, return_convergence=True)[1]
    start = griffinlim(magnitude, stft, 2000, n_iter=0, return_convergence=True)[1]
    assert (level < slow - 2).all() and (slow < start - 5).all()
    assert (level < -16.5).all()


def test_single_precision_starts_from_the_same_phases_and_converges_as_well():
    stft = STFT(128, 16)
    magnitude = abs(stft.forward(noise(2, 2000)))
    single, first = griffinlim(magnitude.astype(np.float32), stft, 2000, seeds=3, return_convergence=True)
    double, second = griffinlim(magnitude, stft, 2000, seeds=3, return_convergence=True)
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    assert_allclose(first, second, atol=0.3)
    few = [griffinlim(m, stft, 2000, n_iter=2, seeds=3) for m in (magnitude.astype(np.float32), magnitude)]
    assert_allclose(*few, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stft", STFTS[:2], ids=repr)
def test_a_record_stands_alone(stft, dtype):
    magnitude = abs(stft.forward(noise(2, 3, 500, dtype=dtype)))
    magnitude[1, 0] *= 1000
    seeds = np.arange(6, dtype=np.uint64).reshape(2, 3) + np.uint64(2**63)
    result = griffinlim(magnitude, stft, 500, n_iter=4, seeds=seeds)
    assert result.shape == (2, 3, 500) and result.dtype == dtype
    assert_array_equal(griffinlim(magnitude, stft, 500, n_iter=4, seeds=seeds, workers=2), result)
    assert_array_equal(griffinlim(magnitude[1, 2], stft, 500, n_iter=4, seeds=seeds[1, 2]), result[1, 2])
    assert_array_equal(griffinlim(magnitude[:, ::2], stft, 500, n_iter=4, seeds=seeds[:, ::2]), result[:, ::2])
    phases = radians(magnitude.shape)
    both = griffinlim(magnitude, stft, 500, n_iter=4, init=phases)
    assert_array_equal(griffinlim(magnitude[1, 2], stft, 500, n_iter=4, init=phases[1, 2]), both[1, 2])
    shared = griffinlim(magnitude, stft, 500, n_iter=4, init=phases[0, 0])
    assert_array_equal(shared[0, 0], both[0, 0])


def test_seeds():
    stft = STFT(32, 4)
    magnitude = np.tile(abs(stft.forward(noise(200))), (3, 1, 1))
    result = griffinlim(magnitude, stft, 200, n_iter=1, seeds=7)
    assert abs(result[0] - result[1]).max() > 0.1
    own = [hash_words("griffinlim", 7, row) for row in range(3)]
    assert_array_equal(griffinlim(magnitude, stft, 200, n_iter=1, seeds=np.array(own, np.uint64)), result)
    assert_array_equal(griffinlim(magnitude, stft, 200, n_iter=1), griffinlim(magnitude, stft, 200, n_iter=1, seeds=0))
    assert abs(griffinlim(magnitude, stft, 200, n_iter=1) - result).max() > 0.1
    zero = griffinlim(magnitude[0], stft, 200, n_iter=1, init="zero")
    assert_array_equal(zero, griffinlim(magnitude[0], stft, 200, n_iter=1, init=np.zeros(magnitude.shape[1:])))


def test_random_phases_are_uniform():
    from seissynth.signal.griffin_lim import random_factors

    factors = random_factors(1, (65, 400))
    assert_allclose(abs(factors), 1, atol=1e-6)
    for order in (1, 2, 3):
        assert abs((factors**order).mean()) < 4 / np.sqrt(factors.size)


@pytest.mark.parametrize("stft", STFTS[:2], ids=repr)
@pytest.mark.parametrize("scale", [2.0**-130, 2.0**-60, 2.0**60])
def test_the_unit_does_not_matter(stft, scale):
    magnitude = abs(stft.forward(noise(300, dtype=np.float32)))
    one = griffinlim(magnitude, stft, 300, n_iter=5)
    other = griffinlim(magnitude * np.float32(scale), stft, 300, n_iter=5)
    # 2**-130 leaves the range of normal numbers, so that a few bits are lost on the way in and out
    assert_allclose(other / np.float64(scale), one, atol=0 if scale > 1e-30 else 1e-3)


@pytest.mark.parametrize("stft", STFTS[:2], ids=repr)
def test_zeros_stay_zeros(stft):
    magnitude = abs(stft.forward(noise(2, 300)))
    magnitude[0] = 0
    result, level = griffinlim(magnitude, stft, 300, n_iter=3, return_convergence=True)
    assert_array_equal(result[0], 0)
    assert level[0] == -np.inf and np.isfinite(level[1]) and np.isfinite(result).all()
    magnitude[1, :, 20:] = 0  # frames whose spectrum comes out as zero, and one bin all along
    magnitude[1, 5] = 0
    assert np.isfinite(griffinlim(magnitude, stft, 300)).all()


@pytest.mark.parametrize("stft", STFTS[:2], ids=repr)
def test_small_and_empty_input(stft):
    assert griffinlim(np.ones((stft.bins, stft.frames(1))), stft, 1).shape == (1,)
    empty, level = griffinlim(np.ones((0, 3, stft.bins, stft.frames(9))), stft, 9, return_convergence=True)
    assert empty.shape == (0, 3, 9) and level.shape == (0, 3)
    whole = np.ones((stft.bins, stft.frames(50)), dtype=int)
    frozen = whole.astype(float)
    frozen.flags.writeable = False
    assert_array_equal(griffinlim(whole, stft, 50), griffinlim(frozen, stft, 50))
    assert_array_equal(griffinlim(np.asfortranarray(frozen), stft, 50), griffinlim(frozen, stft, 50))


def test_input_that_is_refused():
    stft = STFT(16, 4)
    good = np.ones((2, 9, stft.frames(40)))
    bad, negative = good.copy(), good.copy()
    bad[1, 2, 3], negative[1, 2, 3] = np.nan, -1e-3
    for magnitude, arguments, message in [
        (bad, {}, "magnitude is nan at index \\(1, 2, 3\\)"),
        (negative, {}, "magnitude is -0.001 at index \\(1, 2, 3\\).*0 or more"),
        (good + 0j, {}, "real numbers"),
        (good[:, 1:], {}, "magnitude has shape \\(2, 8, 11\\).*\\(..., 9, 11\\)"),
        (good[0, 0], {}, "magnitude has shape"),
        (good, {"npts": 50}, "npts=50"),
        (good, {"stft": 16}, "must be a seissynth.signal.STFT"),
        (good, {"n_iter": -1}, "n_iter=-1"),
        (good, {"momentum": -0.1}, "momentum=-0.1"),
        (good, {"momentum": np.nan}, "momentum=nan"),
        (good, {"momentum": "fast"}, "momentum='fast'"),
        (good, {"init": "ones"}, "init='ones' must be \"random\""),
        (good, {"init": np.zeros((3, 9, 11))}, "does not broadcast"),
        (good, {"init": np.full(good.shape, np.nan)}, "init is nan"),
        (good, {"init": np.full(good.shape, complex(1, np.inf))}, "init is inf"),
        (good, {"seeds": [1, 2, 3]}, "integers of shape \\(2,\\)"),
        (good, {"seeds": [1.0, 2.0]}, "integers of shape"),
        (good, {"seeds": [1, -2]}, "seeds hold -2"),
        (good, {"workers": 0}, "workers=0"),
    ]:
        with pytest.raises(InputError, match=message):
            griffinlim(magnitude, **({"stft": stft, "npts": 40} | arguments))


CODE = """
import sys
import numpy as np
from seissynth.signal import STFT, griffinlim
stft = STFT(16, 5)
x = np.random.default_rng(1).standard_normal((2, 60))
results = {}
for dtype in (np.float32, np.float64):
    results[str(np.dtype(dtype))] = griffinlim(abs(stft.forward(x)).astype(dtype), stft, 60, n_iter=3)
np.savez(sys.argv[1], **results)
"""


def test_compiled_and_interpreted_loops_agree(tmp_path):
    results = []
    for disabled in ("0", "1"):
        file = tmp_path / f"{disabled}.npz"
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled}
        subprocess.run([sys.executable, "-c", CODE, file], env=environment, cwd=ROOT, check=True)
        results.append(np.load(file))
    assert set(results[0].files) == {"float32", "float64"}
    for name in results[0].files:
        assert results[0][name].dtype == results[1][name].dtype == name
        assert_allclose(results[0][name], results[1][name], rtol=0, atol=1e-3 if name == "float32" else 1e-10)
