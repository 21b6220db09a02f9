"""Tools that measure the default backend: its mean spectrum, and records whose onsets are picks."""

import numpy as np
import pytest

from seissynth_plugins.stochastic.presets import make_parameters
from seissynth_plugins.stochastic.simulation import RecordMaker
from seissynth_plugins.stochastic.spectra import GridCache


@pytest.mark.parametrize("group", ["P", "S"])
def test_the_mean_spectrum_of_records_is_the_target(group):
    """In octave bands, to 2 % and twice the standard error, which is below 1 % from 1 Hz on."""
    compare = pytest.importorskip("tools.physics.compare_expected_spectra")
    parameters = make_parameters("active", low_cut_hz=0.0)
    maker = RecordMaker(parameters, GridCache(parameters))
    found, error = compare.ratios(maker, compare.prepared(6.5, 120.0, parameters), group, 150)
    assert (error < 0.015).all() and (error[1:] < 0.01).all()
    assert (np.abs(found - 1) < 0.02 + 2 * error).all()


@pytest.mark.parametrize(("s_pick", "kept"), [(14.0, True), (13.2, True), (12.0, False), (17.0, False), (None, False)])
def test_records_of_unknown_depth_need_picks_at_likely_times(s_pick, kept):
    """S is predicted 3 s after P, and P a second before its pick."""
    envelopes = pytest.importorskip("tools.physics._envelopes")

    class Picker:
        threshold = 0.3

        def probabilities(self, data, rate):
            found = {phase: np.zeros(5700) for phase in "PS"}  # the first is that of sample 200
            found["P"][900] = 0.8
            if s_pick is not None:
                found["S"][round(100 * s_pick) - 200] = 0.5
            return {phase: (200, values) for phase, values in found.items()}

    one = envelopes.Recording("e", "s", 5.0, "Mw", 20.0, 8.0, 100.0, np.zeros((3, 6000)), 10.0, 13.0, 2.0, 12.5, 15.5)
    assert envelopes._is_picked(one, Picker()) is kept
    if kept:
        assert (one.p, one.s, one.direct_p) == (11.0, s_pick, 13.5)
        assert one.direct_s == pytest.approx(15.5 + s_pick - 13.0)


def test_evaluated_sets_need_a_picker(tmp_path):
    envelopes = pytest.importorskip("tools.physics._envelopes")
    with pytest.raises(SystemExit, match="it needs --picker"):
        envelopes.load("mexico", tmp_path)
