"""The way between records and what SWaG's network sees."""

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth.representations import ScaleStatistics
from seissynth_plugins.swag.waveforms import SwagInputs, WaveformCoding

RANGES = {"p_s": (2.0, 8.0), "s_minus_p_s": (1.0, 4.0), "magnitude": (1.0, 4.0)}


@pytest.fixture
def records():
    """Strong motion after weak noise, at two very different sizes."""
    rng = np.random.default_rng(0)
    quiet = np.where(np.arange(500) < 200, 1e-3, 1.0)
    return rng.standard_normal((2, 3, 500)) * quiet * np.array([1e-8, 1.0])[:, None, None]


@pytest.mark.parametrize(("emphasis", "compression"), [(0.0, 0.0), (0.9, 0.0), (0.0, 0.1), (0.9, 0.05)])
def test_records_come_back(records, emphasis, compression):
    coding = WaveformCoding(emphasis, compression)
    columns, log_scale = coding.encode(records)
    assert columns.dtype == np.float32 and columns.shape == records.shape
    wanted = records - records.mean(-1, keepdims=True)
    peak = abs(wanted).max(axis=-1, keepdims=True)
    np.testing.assert_allclose(coding.decode(columns, log_scale) / peak, wanted / peak, atol=2e-5)
    spread = wanted.std(-1, keepdims=True)
    np.testing.assert_allclose(coding.decode(columns), wanted / spread, atol=1e-3)


def test_emphasis_is_the_difference_of_neighbours_and_keeps_the_frequency_response(records):
    """|1 - a exp(-i w)| at the frequency of a sine."""
    time = np.arange(4000)
    for omega in (0.05, 0.5, 2.5):
        sine = np.tile(np.sin(omega * time), (1, 3, 1))
        _, plain = WaveformCoding().encode(sine)
        _, emphasised = WaveformCoding(0.9).encode(sine)
        gain = abs(1 - 0.9 * np.exp(-1j * omega))
        assert np.exp(emphasised - plain).mean() == pytest.approx(gain, rel=0.02)


def test_compression_is_the_inverse_hyperbolic_sine_of_spread_one():
    normal = np.random.default_rng(0).standard_normal((1, 3, 50_000))
    columns, _ = WaveformCoding(0.0, 0.1).encode(normal)
    assert columns.std() == pytest.approx(1, rel=0.02)
    ratio = columns / np.arcsinh(normal / normal.std(-1, keepdims=True) / 0.1)
    assert np.median(ratio) == pytest.approx(1 / np.arcsinh(normal / 0.1).std(), rel=0.02)


def test_what_a_network_makes_gets_the_scale_that_it_says():
    made = 3.0 * np.random.default_rng(1).standard_normal((1, 3, 2000))
    records = WaveformCoding().decode(made, np.log([[1.0, 10.0, 100.0]]))
    np.testing.assert_allclose(records.std(-1), [[1.0, 10.0, 100.0]], rtol=1e-4)


def test_inputs_come_back_from_plain_data():
    stations = (("CI.A", 35.6, -117.5), ("SY01", np.nan, np.nan))
    inputs = SwagInputs(stations, RANGES, "velocity", ScaleStatistics((0.0, 1.0, 2.0), (1.0, 1.0, 2.0)))
    again = SwagInputs.from_plain(inputs.to_plain())
    assert again.names == ["CI.A", "SY01"] and again.ranges == RANGES and again.quantity == "velocity"
    np.testing.assert_array_equal([place for _, *place in again.stations], [place for _, *place in stations])
    np.testing.assert_allclose(again.column([[0.0, 2.0, 4.0]]), [[0.0, 1.0, 1.0]])
    assert SwagInputs.from_plain(SwagInputs((), RANGES).to_plain()).scales is None


def test_plain_data_that_cannot_be():
    plain = SwagInputs((), RANGES).to_plain()
    with pytest.raises(InputError, match="lacks ranges"):
        SwagInputs.from_plain({name: value for name, value in plain.items() if name != "ranges"})
    with pytest.raises(InputError, match="two rising numbers for 'p_s'"):
        SwagInputs.from_plain({**plain, "ranges": {**plain["ranges"], "p_s": [3.0, 2.0]}})
