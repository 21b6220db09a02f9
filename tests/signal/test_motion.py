"""Integration, differentiation and resampling, against closed forms."""

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth.signal.motion import REACH, convert_motion, rate_ratio, resample_motion

RATE = 100.0


def tapered_sine(frequency_hz, npts=6000, ramp=1500):
    """A sine with slow ramps, so that its integral and derivative are those of the sine in the middle."""
    n = np.arange(npts)
    up = np.clip(np.minimum(n, npts - 1 - n) / ramp, 0, 1)
    window = np.sin(np.pi / 2 * up) ** 2
    return window * np.sin(2 * np.pi * frequency_hz * n / RATE)


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.3, 0.5, 0.7, 0.8])
@pytest.mark.parametrize(
    ("source", "target", "power"), [("acceleration", "velocity", -1), ("velocity", "acceleration", 1)]
)
def test_a_sine_gets_the_gain_and_phase_of_the_exact_operator(fraction, source, target, power):
    frequency = fraction * RATE / 2 * 1.003  # off the grid of the record
    got = convert_motion(tapered_sine(frequency), RATE, source, target)[2000:4000].astype(float)
    omega = 2 * np.pi * frequency
    t = np.arange(2000, 4000) / RATE
    basis = np.stack([np.sin(omega * t), np.cos(omega * t), np.ones_like(t)], axis=1)
    sine, cosine, mean = np.linalg.lstsq(basis, got, rcond=None)[0]
    gain = (sine + 1j * cosine) / omega**power
    wanted = 1j if power > 0 else -1j
    assert abs(gain - wanted) < 5e-3 if fraction > 0.79 else abs(gain - wanted) < 1e-3
    assert abs(mean) / omega**power < 2e-3


@pytest.mark.parametrize(("source", "target", "order"), [
    ("acceleration", "velocity", 1), ("velocity", "displacement", 1), ("acceleration", "displacement", 2),
])  # fmt: skip
def test_integrals_of_a_pulse_match_closed_forms(source, target, order):
    t = np.arange(6000) / RATE - 20.0
    width = 0.15
    pulse = np.exp(-((t / width) ** 2) / 2)
    forms = [pulse, -t / width**2 * pulse, (t**2 / width**2 - 1) / width**2 * pulse]
    got = convert_motion(forms[order], RATE, source, target)
    assert np.abs(got - pulse).max() < 1e-3 * pulse.max()
    back = convert_motion(pulse, RATE, target, source)
    assert np.abs(back - forms[order]).max() < 1e-3 * np.abs(forms[order]).max()


def test_a_permanent_offset_stays_and_does_not_grow():
    t = np.arange(12000) / RATE - 20.0
    velocity = np.exp(-(t**2) / 2 / 0.2**2) / (0.2 * np.sqrt(2 * np.pi))  # moves the ground by 1 m
    displacement = convert_motion(velocity, RATE, "velocity", "displacement")
    assert np.abs(displacement[2500:] - 1).max() < 1e-5


@pytest.mark.parametrize(("source", "target"), [
    ("acceleration", "velocity"), ("acceleration", "displacement"), ("velocity", "acceleration"),
    ("displacement", "acceleration"),
])  # fmt: skip
def test_nothing_happens_before_the_onset(source, target):
    rng = np.random.default_rng(3)
    data = np.zeros((2, 3, 4000), "float32")
    onset = 1717
    data[..., onset:] = rng.standard_normal((2, 3, 4000 - onset)).cumsum(-1)  # far from zero at the end: would wrap
    got = convert_motion(data, RATE, source, target)
    steps = 2 if {"displacement", "acceleration"} == {source, target} else 1
    assert got.dtype == np.float32
    assert not got[..., : onset - steps * REACH].any()
    assert got[..., onset:].any()


def test_an_integral_starts_from_rest_and_a_derivative_has_no_spike_at_the_ends():
    line = 3.0 + 0.5 * np.arange(500) / RATE
    slope = convert_motion(line, RATE, "velocity", "acceleration")
    np.testing.assert_allclose(slope, 0.5, rtol=1e-3)
    area = convert_motion(np.ones(500), RATE, "velocity", "displacement")
    np.testing.assert_allclose(np.diff(area)[REACH:], 1 / RATE, rtol=1e-3)
    assert abs(area[0]) < 1 / RATE


def test_blocks_and_rows_do_not_change_a_sample():
    data = np.random.default_rng(5).standard_normal((2, 3, 2500))
    whole = convert_motion(data, RATE, "acceleration", "velocity")
    assert np.array_equal(whole[1, 2], convert_motion(data[1, 2], RATE, "acceleration", "velocity"))
    longer = convert_motion(np.pad(data, [(0, 0), (0, 0), (0, 700)]), RATE, "acceleration", "velocity")
    np.testing.assert_allclose(longer[..., :2480], whole[..., :2480], rtol=1e-6, atol=1e-9)


def test_no_conversion_gives_a_float32_copy_and_short_records_work():
    data = np.arange(3.0)
    same = convert_motion(data, RATE, "velocity", "velocity")
    assert same.dtype == np.float32 and np.array_equal(same, data)
    for npts in (1, 2, 5, 17):
        for target in ("displacement", "acceleration"):
            assert convert_motion(np.ones(npts), RATE, "velocity", target).shape == (npts,)


@pytest.mark.parametrize(("arguments", "words"), [
    ((np.ones(9), RATE, "velocity", "speed"), "speed"),
    ((np.ones(9), 0.0, "velocity", "acceleration"), "sampling_rate_hz=0.0"),
    ((np.full(9, np.nan), RATE, "velocity", "acceleration"), "NaN"),
    ((np.ones((3, 0)), RATE, "velocity", "acceleration"), r"\(3, 0\)"),
])  # fmt: skip
def test_bad_input_is_named(arguments, words):
    with pytest.raises(InputError, match=words):
        convert_motion(*arguments)


@pytest.mark.parametrize(("from_hz", "to_hz"), [
    (100.0, 40.0), (100.0, 20.0), (200.0, 100.0), (100.0, 1.0), (40.0, 100.0), (125.0, 100.0), (100.0, 33.3),
    (200.0, 0.1),
])  # fmt: skip
def test_resampled_sines_keep_amplitude_time_and_length(from_hz, to_hz):
    lower = min(from_hz, to_hz)
    npts = int(400 * from_hz / lower) + 7
    t = np.arange(npts) / from_hz
    frequency = 0.4 * lower  # 0.8 of the lower Nyquist
    got = resample_motion(np.sin(2 * np.pi * frequency * t), from_hz, to_hz)
    assert len(got) == int(np.floor((npts - 1) * to_hz / from_hz + 1e-9)) + 1
    wanted = np.sin(2 * np.pi * frequency * np.arange(len(got)) / to_hz)
    edge = int(60 * to_hz / lower)
    assert np.abs(got - wanted)[edge:-edge].max() < 1e-3


def test_what_lies_above_the_new_nyquist_is_gone():
    t = np.arange(20000) / 100.0
    for frequency in (10.001, 12.0, 30.0, 49.0):
        got = resample_motion(np.sin(2 * np.pi * frequency * t), 100.0, 20.0)
        assert np.abs(got[200:-200]).max() < 10 ** (-80 / 20)


def test_resampling_keeps_constants_types_and_equal_rates():
    data = np.full((2, 3, 1000), 7.0, "float32")
    assert resample_motion(data, 100.0, 100.0) is data
    got = resample_motion(data, 100.0, 40.0)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, 7.0, rtol=1e-5)
    assert resample_motion(np.arange(1000), 100.0, 40.0).dtype == np.float64
    assert resample_motion(np.ones(1), 100.0, 1.0).shape == (1,)


def test_motion_that_starts_late_stays_quiet_before():
    data = np.zeros(6000)
    data[3000:] = np.random.default_rng(0).standard_normal(3000)
    got = resample_motion(data, 100.0, 50.0)
    assert np.abs(got[: 1500 - 45]).max() == 0
    assert np.abs(got[1500:]).max() > 0.5


@pytest.mark.parametrize(("from_hz", "to_hz", "ratio"), [
    (100.0, 40.0, (2, 5)), (40.0, 100.0, (5, 2)), (200.0, 0.1, (1, 2000)), (0.1, 200.0, (2000, 1)),
    (100.0, 99.9, (999, 1000)),
    (1.0, 1.0 + 1e-12, (1, 1)),
])  # fmt: skip
def test_ratios(from_hz, to_hz, ratio):
    assert rate_ratio(from_hz, to_hz) == ratio


@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(100.0, 99.999), (100.0, 100 / np.sqrt(2)), (100.0, 0.0), (np.nan, 1.0)]
)
def test_rates_without_a_small_ratio_are_refused(from_hz, to_hz):
    with pytest.raises(InputError, match=r"ratio|above 0"):
        resample_motion(np.ones(100), from_hz, to_hz)
