"""Normal numbers by counters: bits of Philox, moments, and what each number depends on."""

import numpy as np
import pytest

from seissynth_plugins.stochastic import _normal_kernels as kernels
from seissynth_plugins.stochastic.transport_noise import normal_rows


@pytest.mark.parametrize(
    ("counter", "key", "wanted"),
    [
        ((0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        # the same counter again, one further, and another group, stream and key differ in all four
        ((1, 0, 0), (0, 0), None), ((0, 1, 0), (0, 0), None), ((0, 0, 1), (0, 0), None), ((0, 0, 0), (1, 0), None),
    ],
)  # fmt: skip
def test_bits_are_those_of_the_published_known_answer(counter, key, wanted):
    """Random123's kat_vectors, philox4x32 with 10 rounds."""
    out = np.empty((4, 2), dtype=np.uint64)
    first, group, stream = counter
    kernels.random_bits(out, first, np.uint64(group), np.uint64(stream), tuple(map(np.uint64, key)))
    found = " ".join(f"{int(x):08x}" for x in out[:, 0])
    if wanted is not None:
        assert found == wanted
    else:
        assert not set(found.split()) & {"6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"}


def test_numbers_are_normal_and_rows_do_not_correlate():
    stats = pytest.importorskip("scipy.stats")
    rows = normal_rows(7, 1, 8, 200_000).astype(float)
    assert np.abs(rows.mean(axis=1)).max() < 5 / np.sqrt(200_000)
    np.testing.assert_allclose(rows.std(axis=1), 1, atol=0.008)
    assert min(stats.kstest(row, "norm").pvalue for row in rows) > 1e-3
    assert np.abs(np.corrcoef(rows) - np.eye(8)).max() < 0.012
    neighbours = [np.corrcoef(row[1:], row[:-1])[0, 1] for row in rows]
    assert np.abs(neighbours).max() < 0.012
    assert 4.2 < np.abs(rows).max() < 6.7
    np.testing.assert_allclose(stats.kurtosis(rows, axis=1), 0, atol=0.06)


def test_a_number_depends_on_seed_stream_row_and_sample_alone():
    long, short = normal_rows(2**63 + 5, 1, 8, 1000), normal_rows(2**63 + 5, 1, 4, 300)
    np.testing.assert_array_equal(long[:4, :300], short)
    for other in (normal_rows(5, 1, 4, 300), normal_rows(2**63 + 5, 2, 4, 300)):
        assert abs(np.corrcoef(other.ravel(), short.ravel())[0, 1]) < 0.15


def test_logarithm_and_sine_are_those_of_numpy_to_a_millionth():
    """From the bits by NumPy's functions."""
    bits = np.empty((4, 5000), dtype=np.uint64)
    kernels.random_bits(bits, 0, np.uint64(0), np.uint64(3), (np.uint64(11), np.uint64(0)))
    radius = np.sqrt(-2 * np.log((bits[0] + 0.5) / 2**32))
    angle = bits[1] / 2**32 * 2 * np.pi - np.pi
    found = normal_rows(11, 3, 4, 5000)
    np.testing.assert_allclose(found[0], radius * np.cos(angle), rtol=3e-7, atol=1e-6)
    np.testing.assert_allclose(found[1], radius * np.sin(angle), rtol=3e-7, atol=1e-6)
