"""The Butterworth filter against its own transfer function, and the warm-up of kernels."""

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth.signal import bandpass

RATE = 100.0
TIME = np.arange(6000) / RATE


def gain(frequency, low, high, corners):
    """Butterworth amplitude of the bilinear filter: flanks in warped frequency."""

    def warped(f):
        return np.tan(np.pi * f / RATE)

    w = warped(frequency)
    if low is None:
        ratio = w / warped(high)
    elif high is None:
        ratio = warped(low) / w
    else:
        first, last = warped(low), warped(high)
        ratio = (w**2 - first * last) / (w * (last - first))
    return 1 / np.sqrt(1 + ratio ** (2 * corners))


@pytest.mark.parametrize("edges", [(2.0, 8.0), (2.0, None), (None, 8.0)])
@pytest.mark.parametrize("corners", [1, 4])
def test_sines_come_through_as_the_formula_says(edges, corners):
    for frequency in (1.0, 2.0, 4.0, 8.0, 16.0):
        sine = np.sin(2 * np.pi * frequency * TIME)
        inside = slice(2000, 4000)  # whole periods, after what rings at the beginning
        expected = gain(frequency, *edges, corners)
        once = bandpass(sine, RATE, *edges, corners=corners)[inside]
        assert np.sqrt(2 * np.mean(once**2)) == pytest.approx(expected, abs=1e-4)
        twice = bandpass(sine, RATE, *edges, corners=corners, zerophase=True)[inside]
        assert twice == pytest.approx(expected**2 * sine[inside], abs=1e-4)


def test_no_motion_before_an_onset_unless_zerophase():
    step = np.where(TIME > 30, np.sin(2 * np.pi * 5 * TIME), 0.0)
    assert np.all(bandpass(step, RATE, 1, 10)[TIME <= 30] == 0)
    assert np.abs(bandpass(step, RATE, 1, 10, zerophase=True)[TIME <= 30]).max() > 0.01


def test_low_corner_stays_stable():
    data = np.random.default_rng(0).standard_normal(200_000)
    assert np.abs(bandpass(data, RATE, 0.01, 20)).max() < 10


def test_types_shapes_and_short_records():
    data = np.random.default_rng(0).standard_normal((2, 3, 50))
    for zerophase in (False, True):
        found = bandpass(data, RATE, 1, 20, zerophase=zerophase)
        assert found.shape == data.shape and found.dtype == np.float64
        single = bandpass(data.astype(np.float32), RATE, 1, 20, zerophase=zerophase)
        assert single.dtype == np.float32 and single == pytest.approx(found, abs=1e-5)
        assert bandpass(data[..., ::-2], RATE, 1, 20, zerophase=zerophase).shape == (2, 3, 25)
        assert np.isfinite(bandpass([1.0], RATE, 1, 20, zerophase=zerophase)).all()
    kept = data.copy()
    bandpass(data, RATE, 1, None)
    assert np.array_equal(data, kept)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ((None, None), "at least one corner"),
        ((1, 50), "high_hz=50 must be below the Nyquist frequency, 50 Hz at 100 Hz"),
        ((60, None), "low_hz=60"),
        ((0, 10), "low_hz=0"),
        ((10, 5), "must be below high_hz=5"),
        ((5, 5), "must be below"),
    ],
)
def test_bad_corners(edges, message):
    with pytest.raises(InputError, match=message):
        bandpass(np.ones(100), RATE, *edges)


def test_other_bad_arguments():
    with pytest.raises(InputError, match="corners"):
        bandpass(np.ones(100), RATE, 1, 10, corners=0)
    with pytest.raises(InputError, match="inf"):
        bandpass([np.inf, 1.0], RATE, 1, 10)


def test_warm_up_names_what_it_compiled_and_leaves_nothing_to_compile():
    from numba.core import event

    from seissynth.signal import warm_up

    first = warm_up()
    assert {"STFT", "griffinlim", "konno_ohmachi", "wood_anderson", "response_spectrum", "rotd"} <= set(first)
    assert all(seconds > 0 for seconds in first.values())
    with event.install_recorder("numba:compile") as recorder:
        warm_up()
    assert recorder.buffer == []
