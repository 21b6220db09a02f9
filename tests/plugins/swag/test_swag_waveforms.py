"""The way between records and what SWaG's network sees."""

import numpy as np
import pytest
from scipy.signal import butter, freqz, lfilter, sosfilt, welch

from seissynth.errors import InputError
from seissynth.representations import ScaleStatistics
from seissynth_plugins.swag.waveforms import SwagInputs, WaveformCoding, fit_band, fit_whitening

RANGES = {"p_s": (2.0, 8.0), "s_minus_p_s": (1.0, 4.0), "magnitude": (1.0, 4.0)}


@pytest.fixture
def records():
    """Strong motion after weak noise, at two very different sizes."""
    rng = np.random.default_rng(0)
    quiet = np.where(np.arange(500) < 200, 1e-3, 1.0)
    return rng.standard_normal((2, 3, 500)) * quiet * np.array([1e-8, 1.0])[:, None, None]


@pytest.mark.parametrize(("whitening", "compression"), [((), 0.0), ((-0.9,), 0.0), ((), 0.1), ((-1.2, 0.5), 0.05)])
def test_records_come_back(records, whitening, compression):
    coding = WaveformCoding(whitening, compression)
    columns, log_scale = coding.encode(records)
    assert columns.dtype == np.float32 and columns.shape == records.shape
    wanted = records - records.mean(-1, keepdims=True)
    peak = abs(wanted).max(axis=-1, keepdims=True)
    np.testing.assert_allclose(coding.decode(columns, log_scale) / peak, wanted / peak, atol=2e-5)
    spread = wanted.std(-1, keepdims=True)
    np.testing.assert_allclose(coding.decode(columns), wanted / spread, atol=1e-3)


def test_whitening_finds_the_coefficients_of_an_autoregressive_series():
    """x[n] = 1.2 x[n-1] - 0.5 x[n-2] + white noise, of very different sizes."""
    white = np.random.default_rng(0).standard_normal((30, 3, 4000))
    red = lfilter([1.0], [1.0, -1.2, 0.5], white, axis=-1) * np.geomspace(1e-9, 1, 30)[:, None, None]
    np.testing.assert_allclose(fit_whitening(red, 2), (-1.2, 0.5), atol=0.01)
    np.testing.assert_allclose(fit_whitening(red, 4), (-1.2, 0.5, 0, 0), atol=0.02)
    assert fit_whitening(red, 0) == ()
    columns, _ = WaveformCoding(fit_whitening(red, 2)).encode(red)
    power = welch(columns[..., 50:], nperseg=64)[1].mean(axis=(0, 1))[2:-1]
    assert power.max() / power.min() < 1.2


def test_bands_without_motion_are_not_lifted_and_what_is_added_there_is_weakened():
    """Noise above a tenth of the Nyquist frequency: on the way back nothing below comes out strong."""
    sos = butter(6, 0.1, "highpass", output="sos")
    records = sosfilt(sos, np.random.default_rng(0).standard_normal((30, 3, 4000)), axis=-1)
    whitening = fit_whitening(records, 24)
    frequency, response = freqz([1.0], [1.0, *whitening], worN=512)
    low, high = (abs(response[part]).mean() for part in (frequency < 0.03 * np.pi, frequency > 0.3 * np.pi))
    assert low < 0.2 * high
    poles = np.roots([1.0, *whitening])
    assert abs(poles).max() < 1


def test_the_band_of_a_set_is_found_and_what_a_network_adds_outside_is_taken_out():
    sos = butter(8, (0.1, 0.7), "bandpass", output="sos")
    records = sosfilt(sos, np.random.default_rng(0).standard_normal((30, 3, 4000)), axis=-1)
    low, high = fit_band(records)
    # eight corners fall by 35 dB within a fraction of an octave
    assert 0.05 < low < 0.1 and 0.7 < high < 0.85
    coding = WaveformCoding(band=(low, high))
    time = np.arange(4000)
    inside, outside = (np.tile(np.sin(np.pi * share * time), (1, 3, 1)) for share in (0.4, 0.02))
    back = coding.decode(inside + 0.3 * outside, np.log(np.full((1, 3), 0.74)))
    np.testing.assert_allclose(back[..., 500:-500], inside[..., 500:-500], atol=0.02)


def test_compression_is_the_inverse_hyperbolic_sine_of_spread_one():
    normal = np.random.default_rng(0).standard_normal((1, 3, 50_000))
    columns, _ = WaveformCoding((), 0.1).encode(normal)
    assert columns.std() == pytest.approx(1, rel=0.02)
    ratio = columns / np.arcsinh(normal / normal.std(-1, keepdims=True) / 0.1)
    assert np.median(ratio) == pytest.approx(1 / np.arcsinh(normal / 0.1).std(), rel=0.02)


def test_what_a_network_makes_gets_the_scale_that_it_says():
    made = 3.0 * np.random.default_rng(1).standard_normal((1, 3, 2000))
    records = WaveformCoding().decode(made, np.log([[1.0, 10.0, 100.0]]))
    np.testing.assert_allclose(records.std(-1), [[1.0, 10.0, 100.0]], rtol=1e-4)


def test_inputs_come_back_from_plain_data():
    stations = (("CI.A", 35.6, -117.5), ("SY01", np.nan, np.nan))
    inputs = SwagInputs(
        stations, RANGES, "velocity", ScaleStatistics((0.0, 1.0, 2.0), (1.0, 1.0, 2.0)), whitening=(-0.9, 0.1)
    )
    again = SwagInputs.from_plain(inputs.to_plain())
    assert again.names == ["CI.A", "SY01"] and again.ranges == RANGES and again.quantity == "velocity"
    assert again.whitening == (-0.9, 0.1)
    np.testing.assert_array_equal([place for _, *place in again.stations], [place for _, *place in stations])
    np.testing.assert_allclose(again.column([[0.0, 2.0, 4.0]]), [[0.0, 1.0, 1.0]])
    assert SwagInputs.from_plain(SwagInputs((), RANGES).to_plain()).scales is None


def test_plain_data_that_cannot_be():
    plain = SwagInputs((), RANGES).to_plain()
    with pytest.raises(InputError, match="lacks ranges"):
        SwagInputs.from_plain({name: value for name, value in plain.items() if name != "ranges"})
    with pytest.raises(InputError, match="two rising numbers for 'p_s'"):
        SwagInputs.from_plain({**plain, "ranges": {**plain["ranges"], "p_s": [3.0, 2.0]}})
