"""The low cut against scipy.signal, which it stands in for."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from seissynth_plugins.stochastic._shaping_kernels import finish_rows
from seissynth_plugins.stochastic.low_cut import high_pass_sections


@pytest.mark.parametrize("order", [1, 2, 3, 4, 7, 12])
@pytest.mark.parametrize(("corner", "rate"), [(0.05, 100.0), (0.5, 200.0), (30.0, 100.0)])
def test_it_is_scipys_filter(order, corner, rate):
    data = np.random.default_rng(0).standard_normal((3, 6000))
    expected = sosfilt(butter(order, corner, "highpass", fs=rate, output="sos"), data)
    found, nothing = np.empty((1, 3, 6000), dtype=np.float32), np.zeros(1, dtype=np.int64)
    finish_rows(found, data, nothing, nothing, high_pass_sections(order, corner, rate))
    np.testing.assert_allclose(found[0], expected, atol=1e-6, rtol=2e-6)


def test_a_record_is_cut_out_and_silent_before_its_onset():
    """The filter begins at the onset, from rest: as if it had seen zeros before."""
    data = np.random.default_rng(1).standard_normal((6, 900))
    sections, found = high_pass_sections(4, 0.5, 100.0), np.full((2, 3, 600), 7.0, dtype=np.float32)
    finish_rows(found, data, np.array([0, 250]), np.array([100, 700]), sections)
    expected = np.where(np.arange(600) < 100, 0.0, data[:3, :600])
    expected = sosfilt(butter(4, 0.5, "highpass", fs=100.0, output="sos"), expected)
    np.testing.assert_allclose(found[0], expected, atol=1e-6, rtol=2e-6)
    assert not found[1].any()


def test_the_default_road_does_not_import_scipy_signal():
    code = """
        import sys, seissynth
        seissynth.generate(*seissynth.read_example(), duration=20)
        assert "scipy.signal" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", "\n".join(map(str.strip, code.splitlines()))], check=True)
