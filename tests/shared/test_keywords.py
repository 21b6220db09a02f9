"""Parameters that became keyword-only are still taken by position, with a warning."""

import numpy as np
import pytest

from seissynth.errors import SeisSynthWarning
from seissynth.evaluation import draw_magnitudes
from seissynth.shared.keywords import once_positional
from seissynth.signal import STFT, griffinlim, rotd, wood_anderson_amplitude

MOTION = np.random.default_rng(0).standard_normal((2, 400))
STFT_64 = STFT(64, 16)
MAGNITUDE = abs(STFT_64.forward(MOTION[0]))

CALLS = {
    "griffinlim": (griffinlim, (MAGNITUDE, STFT_64, 400), {"n_iter": 2, "momentum": 0.5, "init": "zero"}),
    "rotd": (rotd, (*MOTION, 100.0, [0.1, 1.0], (50,)), {"damping": 0.1, "interpolation": "linear"}),
    "wood_anderson_amplitude": (wood_anderson_amplitude, (MOTION, 100.0, "velocity"), {"gain": 1.0, "period_s": 1.0}),
    "draw_magnitudes": (draw_magnitudes, (10, 0.9), {"least": 1.0, "bin_width": 0.1}),
}


@pytest.mark.parametrize("name", CALLS)
def test_later_arguments_by_position_give_the_same_and_a_warning(name):
    function, first, later = CALLS[name]
    expected = function(*first, **later)
    words = ", ".join(f"{key}=" for key in later)
    with pytest.warns(SeisSynthWarning, match=f"^{name}: pass {words} by keyword") as caught:
        found = function(*first, *later.values())
    assert {item.filename for item in caught} == {__file__}
    np.testing.assert_array_equal(found, expected)


def test_what_was_wrong_stays_wrong():
    @once_positional("gain")
    def amplify(x, *, gain=1.0, offset=0.0):
        return x * gain + offset

    with pytest.raises(TypeError, match="takes 1 positional argument"):
        amplify(1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        amplify(1.0, 2.0, gain=2.0)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        amplify()
