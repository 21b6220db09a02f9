"""Intensity measures, Fourier spectra and envelopes against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seissynth.errors import InputError
from seissynth.signal import arias_intensity, cav, envelope, fourier_amplitude, pga, pgv, significant_duration
from seissynth.units import STANDARD_GRAVITY

RATE = 200.0
TIME = np.arange(4001) / RATE  # 20 s


def test_peaks():
    data = np.array([[0.5, -2.0, 1.0], [0.0, 0.25, -0.125]])
    assert pga(data).tolist() == pgv(data).tolist() == [2.0, 0.25]
    assert pga(data[None]).shape == (1, 2) and np.ndim(pga(data[0])) == 0
    assert pga(np.array([-7, 3], dtype=np.int16)) == 7.0


# --- closed forms


def test_boxcar():
    expected = np.pi / (2 * STANDARD_GRAVITY) * 4 * 20
    assert arias_intensity(np.full(4001, -2.0), RATE) == pytest.approx(expected, rel=1e-12)
    assert cav(np.full(4001, -2.0), RATE) == pytest.approx(2 * 20, rel=1e-12)
    assert significant_duration(np.ones(4001), RATE) == pytest.approx(0.7 * 20, rel=1e-12)
    assert significant_duration(np.ones(4001), RATE, 5, 95) == pytest.approx(0.9 * 20, rel=1e-12)
    assert significant_duration(np.ones(4001), RATE, 0, 100) == pytest.approx(20, rel=1e-12)


def test_boxcar_inside_silence():
    data = np.zeros(4001)
    data[1000:2001] = 3.0
    assert significant_duration(data, RATE, 0, 100) == pytest.approx(5.0, abs=2.1 / RATE)  # its flanks last a sample
    assert significant_duration(data, RATE) == pytest.approx(0.7 * 5.0, abs=1 / RATE)


def test_sine():
    """Over whole periods: mean of squares 1/2 (exact for the trapezoidal rule), mean of the absolute 2/π."""
    sine = 0.3 * np.sin(2 * np.pi * 1.5 * TIME)
    assert arias_intensity(sine, RATE) == pytest.approx(np.pi / (2 * STANDARD_GRAVITY) * 0.09 / 2 * 20, rel=1e-12)
    assert cav(sine, RATE) == pytest.approx(0.3 * 2 / np.pi * 20, rel=1e-3)


@pytest.mark.parametrize(("low", "high"), [(5, 75), (5, 95), (12.5, 50)])
def test_exponential_decay(low, high):
    """a = exp(-t/τ): the square's integral is τ/2 (1 - exp(-2t/τ)), which is turned round for the duration."""
    decay = 3.0
    data = np.exp(-TIME / decay)
    whole = 1 - np.exp(-2 * 20 / decay)
    times = [-decay / 2 * np.log(1 - share / 100 * whole) for share in (low, high)]
    assert significant_duration(data, RATE, low, high) == pytest.approx(times[1] - times[0], abs=1e-4)
    assert arias_intensity(data, RATE) == pytest.approx(np.pi / (2 * STANDARD_GRAVITY) * decay / 2 * whole, rel=1e-5)
    assert cav(data, RATE) == pytest.approx(decay * (1 - np.exp(-20 / decay)), rel=1e-6)


def test_standstill_is_not_counted():
    """Two equal bursts far apart: half the energy is reached at the end of the first."""
    data = np.zeros(4001)
    data[100:201] = data[3000:3101] = 1.0
    assert significant_duration(data, RATE, 0, 50) == pytest.approx(0.5, abs=2.1 / RATE)
    assert significant_duration(data, RATE, 50, 100) == pytest.approx(0.5, abs=2.1 / RATE)


# --- properties


@settings(max_examples=40)
@given(st.integers(2, 500), st.floats(0.01, 1e4), st.floats(1e-6, 1e6))
def test_scaling(npts, rate, factor):
    data = np.random.default_rng(npts).standard_normal((2, npts))
    assert arias_intensity(factor * data, rate) == pytest.approx(factor**2 * arias_intensity(data, rate), rel=1e-9)
    assert cav(-factor * data, rate) == pytest.approx(factor * cav(data, rate), rel=1e-9)
    lasts = significant_duration(data, rate)
    assert np.all((lasts > 0) & (lasts <= (npts - 1) / rate * (1 + 1e-12)))
    assert significant_duration(factor * data, rate) == pytest.approx(lasts, rel=1e-6)


def test_types_shapes_and_nothing():
    data = np.random.default_rng(0).standard_normal((2, 3, 100))
    for function in (arias_intensity, cav, significant_duration):
        found = function(data, RATE)
        assert found.shape == (2, 3) and found.dtype == np.float64
        single = function(data.astype(np.float32), RATE)
        assert single.dtype == np.float32 and single == pytest.approx(found, rel=1e-4)
        assert function(data[0, :, ::2], RATE) == pytest.approx(function(data[0, :, ::2].copy(), RATE), rel=1e-15)
        assert function(np.ones((0, 5)), RATE).shape == (0,)
        with pytest.raises(InputError, match="nan at index"):
            function([0.0, np.nan], RATE)
        with pytest.raises(InputError, match="sampling_rate_hz"):
            function([0.0, 1.0], 0)
    assert arias_intensity([3.0], RATE) == cav([3.0], RATE) == 0
    assert np.isnan(significant_duration(np.zeros(10), RATE)) and np.isnan(significant_duration([1.0], RATE))


@pytest.mark.parametrize("shares", [(75, 5), (5, 5), (-1, 50), (5, 101), (np.nan, 50), ("5", 75)])
def test_shares_out_of_order(shares):
    with pytest.raises(InputError, match="per cent"):
        significant_duration(np.ones(10), RATE, *shares)


# --- Fourier amplitude


def test_spectrum_of_an_exponential():
    """The transform of exp(-t/τ) from 0 on is τ / sqrt(1 + (2π f τ)²)."""
    decay = 2.0
    data = np.exp(-TIME / decay)
    data[0] = 0.5  # half of the jump: the trapezoidal rule
    frequencies, amplitude = fourier_amplitude(data, RATE, nfft=8192)
    below = frequencies < 5
    expected = decay / np.sqrt(1 + (2 * np.pi * frequencies * decay) ** 2)
    assert amplitude[below] == pytest.approx(expected[below], rel=4e-3)
    assert frequencies[-1] == RATE / 2 and amplitude.shape == (4097,)


def test_spectrum_keeps_energy_and_type():
    data = np.random.default_rng(0).standard_normal((2, 501)).astype(np.float32)
    frequencies, amplitude = fourier_amplitude(data, RATE)
    assert amplitude.dtype == np.float32 and amplitude.shape == (2, 251)
    energy = (2 * (amplitude[:, 1:] ** 2).sum(axis=1) + amplitude[:, 0] ** 2) * frequencies[1]
    assert energy == pytest.approx((data**2).sum(axis=1) / RATE, rel=1e-5)
    with pytest.raises(InputError, match="less than the 501 samples"):
        fourier_amplitude(data, RATE, nfft=500)


# --- envelope


def test_envelope_of_a_modulated_sine():
    bell = np.exp(-(((TIME - 10) / 3) ** 2))
    found = envelope(np.array([bell * np.sin(20 * TIME), bell * np.cos(20 * TIME)]))
    assert np.abs(found - bell).max() < 1e-3
    assert envelope(found.astype(np.float32)).dtype == np.float32


def test_envelope_does_not_reach_round_the_end():
    data = np.zeros(1000)
    data[900:990] = np.sin(np.arange(90))
    assert envelope(data)[:50].max() < 0.02 * envelope(data).max()


def test_envelope_of_odd_and_even_lengths():
    hilbert = pytest.importorskip("scipy.signal").hilbert
    data = np.random.default_rng(2).standard_normal((3, 51))
    from scipy.fft import next_fast_len

    padded = np.pad(data, ((0, 0), (0, next_fast_len(102) - 51)))
    assert envelope(data) == pytest.approx(np.abs(hilbert(padded))[:, :51], rel=1e-12)
    assert envelope([2.0]) == pytest.approx(2.0)


def test_smoothing_keeps_a_cubic():
    """An order-3 filter leaves a cubic as it is; sign changes of the carrier average out."""
    rough = envelope(np.random.default_rng(0).standard_normal(2000))
    smooth = envelope(np.random.default_rng(0).standard_normal(2000), smooth=101)
    assert smooth.std() < 0.3 * rough.std() and smooth.mean() == pytest.approx(rough.mean(), rel=0.02)
    for window in (100, 3, 2001):
        with pytest.raises(InputError, match="smooth="):
            envelope(np.ones(2000), smooth=window)
