"""Onsets by Akaike's criterion: what it is given."""

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth.picking import aic_onset


def test_one_trace_and_some_samples_are_needed():
    trace = np.random.default_rng(0).standard_normal(200)
    trace[100:] *= 20
    assert np.isnan(aic_onset(trace, 4.0, 25.0, 1.0)[0])  # 8 samples
    assert aic_onset(trace, 4.0, 25.0, 3.0)[0] == pytest.approx(25, abs=1)
    with pytest.raises(InputError, match=r"data has shape \(1, 200\); it must be one trace"):
        aic_onset(trace[None], 100.0, 1.0, 0.5)
