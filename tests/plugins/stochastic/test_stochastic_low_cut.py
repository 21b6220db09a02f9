"""The low cut against scipy.signal, which it stands in for."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from seissynth_plugins.stochastic.low_cut import high_pass_sections, low_cut


@pytest.mark.parametrize("order", [1, 2, 3, 4, 7, 12])
@pytest.mark.parametrize(("corner", "rate"), [(0.05, 100.0), (0.5, 200.0), (30.0, 100.0)])
def test_it_is_scipys_filter(order, corner, rate):
    data = np.random.default_rng(0).standard_normal((3, 6000))
    expected = sosfilt(butter(order, corner, "highpass", fs=rate, output="sos"), data)
    np.testing.assert_allclose(low_cut(data.copy(), high_pass_sections(order, corner, rate)), expected, atol=1e-9)


def test_the_default_road_does_not_import_scipy_signal():
    code = """
        import sys, seissynth
        seissynth.generate(*seissynth.read_example(), duration=20)
        assert "scipy.signal" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", "\n".join(map(str.strip, code.splitlines()))], check=True)
