"""Vectors in compiled loops: elementary functions, bits of Philox, normal numbers, and what each number depends on."""

import numba
import numpy as np
import pytest

from seissynth_plugins.stochastic import _series_kernels as kernels
from seissynth_plugins.stochastic import lane_functions as functions
from seissynth_plugins.stochastic import lanes
from seissynth_plugins.stochastic import plain_lanes as plain
from seissynth_plugins.stochastic.transport_noise import normal_rows


@pytest.mark.parametrize(
    ("counter", "key", "wanted"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
        # one further, and another series, stream and key differ in all four
        ((1, 0, 0, 0), (0, 0), None), ((0, 1, 0, 0), (0, 0), None), ((0, 0, 1, 0), (0, 0), None),
        ((0, 0, 0, 0), (1, 0), None),
    ],
)  # fmt: skip
def test_bits_are_those_of_the_published_known_answer(counter, key, wanted):
    """Random123's kat_vectors, philox4x32 with 10 rounds."""
    out = np.empty(4, dtype=np.uint32)
    kernels.random_bits(out, tuple(map(np.uint32, counter)), tuple(map(np.uint32, key)))
    found = " ".join(f"{int(x):08x}" for x in out)
    if wanted is not None:
        assert found == wanted
    else:
        assert not set(found.split()) & {"6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"}


def test_numbers_are_normal_and_rows_do_not_correlate():
    stats = pytest.importorskip("scipy.stats")
    rows = normal_rows(7, 1, 200_000).astype(float)
    assert np.abs(rows.mean(axis=1)).max() < 5 / np.sqrt(200_000)
    np.testing.assert_allclose(rows.std(axis=1), 1, atol=0.008)
    assert min(stats.kstest(row, "norm").pvalue for row in rows) > 1e-3
    assert np.abs(np.corrcoef(rows) - np.eye(8)).max() < 0.012
    neighbours = [np.corrcoef(row[lag:], row[:-lag])[0, 1] for row in rows for lag in (1, 2, 3, 4, 8)]
    assert np.abs(neighbours).max() < 0.012
    assert 4.2 < np.abs(rows).max() < 5.9
    np.testing.assert_allclose(stats.kurtosis(rows, axis=1), 0, atol=0.06)


def test_a_number_depends_on_seed_stream_series_and_sample_alone():
    long, short = normal_rows(2**63 + 5, 1, 1000), normal_rows(2**63 + 5, 1, 301)
    np.testing.assert_array_equal(long[:, :301], short)
    for other in (normal_rows(5, 1, 301), normal_rows(2**63 + 5, 2, 301)):
        assert abs(np.corrcoef(other.ravel(), short.ravel())[0, 1]) < 0.1


def test_normal_numbers_are_those_of_box_and_muller_by_numpy():
    """From the bits: four samples of a counter and series."""
    found = normal_rows(11, 3, 400)
    for series, counter in ((0, 0), (5, 17), (7, 99)):
        bits = np.empty(4, dtype=np.uint32)
        kernels.random_bits(bits, tuple(map(np.uint32, (counter, series, 3, 0))), (np.uint32(11), np.uint32(0)))
        a, b, c, d = bits >> 8
        radius = np.sqrt(-2 * np.log((np.array([a, c]) + 0.5) / 2**24))
        angle = np.array([b, d]) / 2**24 * 2 * np.pi - np.pi
        wanted = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()
        np.testing.assert_allclose(found[series, 4 * counter : 4 * counter + 4], wanted, rtol=3e-7, atol=2e-6)


def test_signs_are_fair_and_of_their_rows_alone():
    keys = np.random.default_rng(0).integers(0, 2**32, (4000, 2)).astype(np.uint32)
    found, part = np.empty(4000), np.empty(7)
    kernels.signs(found, keys, np.uint32(3))
    kernels.signs(part, keys[100:107], np.uint32(3))
    assert set(found) == {-1.0, 1.0} and abs(found.mean()) < 0.06
    np.testing.assert_array_equal(part, found[100:107])


@numba.njit
def elementary(out, x):
    """Exponential, sine, cosine, logarithm of the size."""
    for at in range(0, x.size, 8):
        value = lanes.load(x, at)
        sine, cosine = functions.sine_cosine(value)
        lanes.store(out[0], at, functions.exp(value))
        lanes.store(out[1], at, sine)
        lanes.store(out[2], at, cosine)
        lanes.store(out[3], at, functions.log(lanes.root(value * value)))


def test_elementary_functions_are_those_of_numpy_in_single_precision():
    x = np.concatenate([np.linspace(-86, 86, 8000), np.geomspace(1e-6, 80, 800)]).astype(np.float32)
    out = np.empty((4, len(x)), dtype=np.float32)
    elementary(out, x)
    x = x.astype(float)
    np.testing.assert_allclose(out[0], np.exp(x), rtol=3e-7)
    np.testing.assert_allclose(out[1:3], [np.sin(x), np.cos(x)], atol=6e-7)
    np.testing.assert_allclose(out[3], np.log(np.abs(x)), rtol=3e-7, atol=3e-7)


@numba.njit
def turn(out, x):
    """Transpose eight vectors."""
    rows = functions.transposed(
        lanes.load(x, 0), lanes.load(x, 8), lanes.load(x, 16), lanes.load(x, 24), lanes.load(x, 32),
        lanes.load(x, 40), lanes.load(x, 48), lanes.load(x, 56),
    )  # fmt: skip
    lanes.store(out, 0, rows[0])
    lanes.store(out, 8, rows[1])
    lanes.store(out, 56, rows[7])


def test_vectors_are_transposed():
    x, out = np.random.default_rng(0).standard_normal((8, 8)).astype(np.float32), np.zeros((8, 8), dtype=np.float32)
    turn(out, x)
    np.testing.assert_array_equal(out[[0, 1, 7]], x.T[[0, 1, 7]])


def steps_of(lanes, numbers, doubles, out, at, key):
    """What loops do with numbers one by one, and with tuples in and out."""
    (low, _), half = key, np.float32(0.5)
    scale = lanes.single(1.0 + 2.0 * lanes.element(doubles, at))
    value = lanes.splat(scale) * lanes.load(numbers, 2 * at) - lanes.splat(half)
    for k in range(3):
        lanes.put(out, at + k, lanes.single(lanes.double(lanes.element(numbers, k)) - lanes.element(doubles, k)))
    bits = lanes.shifted_right(lanes.splat(low) ^ lanes.splat(lanes.word(at + 7)), 1)
    return (value, lanes.to_floats(bits)), scale


@lanes.inline
def written_steps(numbers, doubles, out, at, key):
    """`steps_of` in compiled loops."""
    return steps_of(lanes, numbers, doubles, out, at, key)


@numba.njit
def stepping(numbers, doubles, out, vectors, key):
    """Call it in a loop."""
    total = np.float32(0.0)
    for at in range(2):
        (value, bits), scale = written_steps(numbers, doubles, out, at, key)
        lanes.store(vectors, 16 * at, value)
        lanes.store(vectors, 16 * at + 8, bits)
        total += scale
    return total


def test_functions_that_write_their_instructions_do_what_they_do_to_arrays():
    rng = np.random.default_rng(0)
    numbers, doubles = rng.standard_normal(16).astype(np.float32), rng.standard_normal(16)
    key, found = (np.uint32(12345), np.uint32(1)), np.zeros((2, 2, 8), dtype=np.float32)
    out, wanted_out, wanted, total = np.zeros(5, dtype=np.float32), np.zeros(5, dtype=np.float32), [], np.float32(0)
    for at in range(2):
        vectors, scale = steps_of(plain, numbers, doubles, wanted_out, at, key)
        wanted.append(vectors)
        total += scale
    assert stepping(numbers, doubles, out, found, key) == total
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(out, wanted_out)
    assert np.count_nonzero(out) == 4


@lanes.inline
def mixed_up(numbers, doubles):
    """A sum of two kinds of numbers."""
    return lanes.element(numbers, 0) + lanes.element(doubles, 0)


def test_numbers_of_two_kinds_do_not_meet_unnoticed():
    with pytest.raises(Exception, match="fadd of float32 and float64"):
        numba.njit(lambda one, two: mixed_up(one, two))(np.zeros(8, dtype=np.float32), np.zeros(8))
