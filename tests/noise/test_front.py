"""Noise in front of records: its spectrum is that of the sample, and it joins without a step."""

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth.noise.front import noise_like, put_noise_in_front


def test_noise_has_the_spectrum_of_its_sample():
    rng = np.random.default_rng(1)
    sample = np.cumsum(rng.standard_normal((3, 4000)), axis=1)  # red
    sample -= sample.mean(axis=1, keepdims=True)
    made = noise_like(sample, 40_000, rng)

    def share_above(x, f):
        power = np.abs(np.fft.rfft(x - x.mean(axis=1, keepdims=True), axis=1)) ** 2
        return power[:, int(2 * f * power.shape[1]) :].sum(axis=1) / power.sum(axis=1)

    window = np.hanning(sample.shape[1])
    for f in (0.01, 0.1):
        ratio = share_above(made, f) / share_above(sample * window, f)
        assert (ratio > 0.4).all() and (ratio < 2.5).all()
    assert abs(np.corrcoef(np.diff(made, axis=1)) - np.eye(3)).max() < 0.05
    with pytest.raises(InputError, match="16 or more"):
        noise_like(sample[:, :10], 100, rng)


def test_noise_in_front_leaves_the_record_and_joins_without_a_step():
    rng, p = np.random.default_rng(0), 150.5
    wave = rng.standard_normal((3, 3000))
    wave[:, 151:] += 15 * np.exp(-np.arange(2849) / 50)
    moved = put_noise_in_front(wave, p, 500, 50.0, np.random.default_rng(0))
    assert moved.shape == (3, 3500)
    np.testing.assert_array_equal(moved[:, 515:], wave[:, 15:])
    assert 0.7 < moved[:, :500].std() / wave[:, : int(p) - 10].std() < 1.4
    for third in (slice(500, 505), slice(505, 510), slice(510, 515)):
        assert 0.5 < moved[:, third].std() < 1.6  # the power of the blend, from its beginning on
    np.testing.assert_array_equal(put_noise_in_front(wave, p, 0, 50.0, None), wave)
    with pytest.raises(InputError, match="samples of noise before it"):
        put_noise_in_front(wave, 12.0, 100, 50.0, np.random.default_rng(0))
