"""Response spectra against closed forms, a spectrum of the padded record, and eqsig and pyrotd where installed."""

import os
import subprocess
import sys
import types

import numpy as np
import pytest
from _imports import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from seissynth.errors import InputError
from seissynth.signal import pga, response_spectrum, rotd

RATE = 100.0
DAMPING = 0.05


def record(npts=3000, seed=0, rows=2):
    """Noise with an earthquake's shape, band-limited to 0.8 of Nyquist and starting and ending at rest."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(npts) / RATE
    shape = np.clip(time_s - 2, 0, None) ** 2 * np.exp(-np.clip(time_s - 2, 0, None) / 1.5)
    lines = np.fft.rfft(rng.standard_normal((rows, npts)) * shape)
    frequency = np.fft.rfftfreq(npts, 1 / RATE)
    lines *= np.exp(-np.pi * 0.02 * frequency) / (1 + (0.2 / np.maximum(frequency, 1e-9)) ** 4)
    lines *= np.clip((40 - frequency) / 5, 0, 1)
    return np.fft.irfft(lines, npts)


def by_spectrum(data, periods, damping=DAMPING):
    """PSA of the band-limited motion from its spectrum, padded until free vibrations are over, at a finer rate."""
    found = []
    for period in periods:
        nfft, finer = (8192, 64) if period < 0.3 else (32768, 8)
        lines, frequency = np.fft.rfft(data, nfft), np.fft.rfftfreq(nfft, 1 / RATE)
        ratio = frequency * period
        response = np.fft.irfft(lines / (1 - ratio**2 + 2j * damping * ratio), nfft * finer) * finer
        found.append(np.abs(response).max(axis=-1))
    return np.array(found).T


# --- closed forms


@pytest.mark.parametrize("damping", [0.005, 0.05, 0.3, 0.9])
@pytest.mark.parametrize("period", [0.2, 0.31, 1.0, 7.3])
def test_sudden_constant(period, damping):
    """Peak of the step response: 1 + exp(-ζ π / sqrt(1 - ζ²)) of the static one, half a period after the step."""
    acceleration = np.full(2000, -3.0)
    overshoot = 1 + np.exp(-damping * np.pi / np.sqrt(1 - damping**2))
    psa = response_spectrum(acceleration, RATE, [period], damping)
    assert psa[0] == pytest.approx(3.0 * overshoot, rel=1e-6)


def state_after_ramps(times, values, period, damping, t):
    """Displacement at times t of rest at times[0], load -values joined by lines: sums of ramp responses."""
    omega = 2 * np.pi / period
    omega_d = omega * np.sqrt(1 - damping**2)

    def step_response(s):
        decay = np.exp(-damping * omega * s)
        inside = decay * (np.cos(omega_d * s) + damping * omega / omega_d * np.sin(omega_d * s))
        return np.where(s > 0, (1 - inside) / omega**2, 0.0)

    def ramp_response(s):
        decay = np.exp(-damping * omega * s)
        turning = (1 - 2 * damping**2) / omega_d * np.sin(omega_d * s) - 2 * damping / omega * np.cos(omega_d * s)
        return np.where(s > 0, (s - 2 * damping / omega - decay * turning) / omega**2, 0.0)

    slopes = np.diff(np.diff(values) / np.diff(times), prepend=0.0, append=0.0)
    return values[0] * step_response(t - times[0]) + sum(
        slope * ramp_response(t - start) for slope, start in zip(slopes, times, strict=True)
    )


@pytest.mark.parametrize("period", [0.21, 0.5, 0.83, 3.0])
def test_triangular_impulse(period):
    """One sample of 1 among zeros is a triangle; the sum of three ramp responses, at 100,000 points."""
    acceleration = np.zeros(600)
    acceleration[100] = 1.0
    t = np.linspace(0.99, 0.99 + period, 100_001)
    u = state_after_ramps(np.array([0.99, 1.0, 1.01]), np.array([0.0, 1.0, 0.0]), period, DAMPING, t)
    expected = np.abs(u).max()
    assert response_spectrum(acceleration, RATE, [period], kind="sd")[0] == pytest.approx(expected, rel=1e-6)


def test_ramped_sine():
    """Any record is a sum of ramp responses: 120 samples of a growing sine, each period its own closed form."""
    time_s = np.arange(120) / RATE
    acceleration = time_s * np.sin(2 * np.pi * 2.0 * time_s)
    periods = np.array([0.2, 0.5, 2.0])
    t = np.linspace(0, 3.2, 50_001)
    times, values = np.append(time_s, 1.2), np.append(acceleration, 0.0)
    for period in periods:
        u = state_after_ramps(times, values, period, DAMPING, t)
        found = response_spectrum(acceleration, RATE, [period], kind="sd")[0]
        assert found == pytest.approx(np.abs(u).max(), rel=1e-6)


def test_peak_after_the_end_counts():
    """A short pulse throws a slow oscillator, whose peak comes half a second after the record."""
    pulse = np.ones(21)
    psv = response_spectrum(pulse, RATE, [2.0], kind="psv")[0]
    t = np.linspace(0, 2.0, 100_001)
    u = state_after_ramps(np.array([0.0, 0.2, 0.21]), np.array([1.0, 1.0, 0.0]), 2.0, DAMPING, t)
    assert t[np.abs(u).argmax()] > 0.5
    assert psv == pytest.approx(np.pi * np.abs(u).max(), rel=1e-6)


def test_long_periods_see_the_displacement():
    """For T towards infinity SD is the largest ground displacement, which a recursion must not lose in rounding."""
    time_s = np.arange(2001) / RATE
    acceleration = np.sin(2 * np.pi * time_s / 10) * np.where(time_s <= 10, 1.0, -1.0)
    moved = np.cumsum(np.cumsum(acceleration)) / RATE**2
    sd = response_spectrum(acceleration, RATE, [1e3, 1e4, 1e5], kind="sd")
    assert sd == pytest.approx(np.abs(moved).max(), rel=0.08)
    assert sd[1:] == pytest.approx(np.abs(moved).max(), rel=0.01)


# --- other ways to the same spectrum


def test_all_periods_against_the_padded_spectrum():
    data = record()
    periods = np.geomspace(0.004, 10, 90)
    error = np.abs(response_spectrum(data, RATE, periods) / by_spectrum(data, periods) - 1)
    assert error.max() < 0.01
    assert error[:, periods < 0.19].max() < 0.006  # where the motion between samples is band-limited here too
    assert np.median(error) < 1e-3


def test_very_short_periods_feel_the_ground():
    data = record()
    peak = np.abs(np.fft.irfft(np.fft.rfft(data), 64 * 3000) * 64).max(axis=-1)
    psa = response_spectrum(data, RATE, [0.0, 1e-6, 1e-4, 1e-3])
    assert psa[:, 0] == pytest.approx(pga(data), rel=1e-12)
    assert np.abs(psa[:, 1:] / peak[:, None] - 1).max() < 0.006
    assert np.all(response_spectrum(data, RATE, [0.0], kind="sd") == 0)


def test_eqsig_agrees():
    sdof = pytest.importorskip("eqsig.sdof", reason="eqsig is not installed")
    data, periods = record(), np.geomspace(0.6, 5, 30)  # it looks at samples only: at 60 a period, 0.14 % low
    theirs = np.array([sdof.pseudo_response_spectra(row, 1 / RATE, periods, DAMPING)[2] for row in data])
    ours = response_spectrum(data, RATE, periods)
    assert np.all(ours > theirs * (1 - 1e-4)) and np.all(ours < theirs * 1.003)


def test_pyrotd_agrees(monkeypatch):
    stand_in = types.ModuleType("pkg_resources")  # newer setuptools lack it; pyrotd asks it for its version
    stand_in.get_distribution = lambda name: types.SimpleNamespace(version="0")
    monkeypatch.setitem(sys.modules, "pkg_resources", stand_in)
    pyrotd = pytest.importorskip("pyrotd", reason="pyrotd is not installed")
    monkeypatch.setattr(pyrotd, "processes", 1)
    one, two = np.pad(record(), ((0, 0), (0, 5192)))  # it takes the record to be periodic
    periods = np.geomspace(0.5, 3, 12)
    theirs = pyrotd.calc_rotated_spec_accels(1 / RATE, one, two, 1 / periods, DAMPING, percentiles=[50, 100])
    theirs = theirs["spec_accel"].reshape(-1, 2).T
    assert rotd(one, two, RATE, periods) == pytest.approx(theirs, rel=5e-3)


# --- straight lines between samples, looked at as closely as one likes


def by_straight_lines(data, period, damping=DAMPING, points=None):
    """PSA of samples joined by straight lines: the exact recursion over `points` a sample, then a period of rest."""
    omega = 2 * np.pi / period
    points = points or max(48, int(np.ceil(64 / (period * RATE))))
    samples = np.append(data, 0.0)
    fine = np.interp(np.arange(data.size * points + 1) / points, np.arange(samples.size), samples)
    fine = np.append(fine, np.zeros(int(period * RATE * points) + 1))
    system = [[0.0, 1.0], [-(omega**2), -2 * damping * omega]], [[0.0], [-1.0]], [[1.0, 0.0]], [[0.0]]
    discrete = signal.cont2discrete([np.array(part) for part in system], 1 / RATE / points, "foh")
    numerator, denominator = signal.ss2tf(*discrete[:4])
    return np.abs(signal.lfilter(numerator[0], denominator, fine)).max() * omega**2


def burst(frequency_hz, width_s):
    time_s = np.arange(1200) / RATE - 6
    return np.sin(2 * np.pi * frequency_hz * time_s) * np.exp(-((time_s / width_s) ** 2))


@pytest.mark.parametrize("frequency_hz", [5.0, 12.0, 25.0, 33.0, 40.0, 45.0, 50.0])
def test_bursts_far_above_the_oscillators_frequency(frequency_hz):
    """What a slow oscillator does between looks four samples apart is not slow."""
    data = burst(frequency_hz, 0.5) if frequency_hz < 50 else burst(49.0, 0.1)
    periods = np.array([0.2, 0.23, 0.5, 0.79, 0.8, 0.81, 1.0, 1.7, 3.0, 10.0, 30.0])
    expected = [by_straight_lines(data, period) for period in periods]
    assert response_spectrum(data, RATE, periods) == pytest.approx(expected, rel=5e-4)
    assert rotd(data, 0 * data, RATE, periods, percentiles=[100])[0] == pytest.approx(expected, rel=1.5e-3)
    assert rotd(0.6 * data, 0.8 * data, RATE, periods, percentiles=[100])[0] == pytest.approx(expected, rel=1.5e-3)


@settings(max_examples=25)
@given(
    st.floats(0.02, 30.0), st.floats(1.0, 50.0), st.floats(0.03, 1.0), st.sampled_from([0.005, 0.05, 0.2, 0.7]),
    st.sampled_from(["burst", "step", "impulse"]),
)  # fmt: skip
def test_straight_lines_at_every_period(period, frequency_hz, width_s, damping, kind):
    data = burst(frequency_hz, width_s)
    if kind != "burst":
        data = np.zeros(1200)
        data[300 : 301 if kind == "impulse" else 300 + int(1000 * width_s)] = 1.0
    expected = by_straight_lines(data, period, damping)
    found = response_spectrum(data, RATE, [period], damping, interpolation="linear")
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-12)
    assert rotd(data, 0 * data, RATE, [period], [100], damping=damping, interpolation="linear")[0] == pytest.approx(
        expected, rel=2e-3
    )


@pytest.mark.parametrize("frequency_hz", [30.0, 35.0, 40.0])
def test_bursts_at_short_periods_against_the_padded_spectrum(frequency_hz):
    periods = np.array([0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.19])
    data = burst(frequency_hz, 0.2)[None]
    assert response_spectrum(data, RATE, periods) == pytest.approx(by_spectrum(data, periods), rel=4e-3)


def test_real_records_at_long_periods(shared_data):
    """Windows of the Ridgecrest sequence, accelerations and differentiated velocities."""
    import obspy

    stream = obspy.read(str(shared_data / "ridgecrest_2019" / "waveforms.mseed"))
    periods = np.array([0.2, 0.5, 0.8, 1.0, 2.0, 5.0, 10.0])
    rows = []
    for trace in stream:
        if trace.stats.channel[:2] not in ("HN", "HH"):
            continue
        for first in range(0, trace.stats.npts - 5500, 60_000):
            row = trace.data[first : first + 5500].astype(float)
            row = row - row.mean()
            rows.append(np.gradient(row) if trace.stats.channel[1] == "H" else row)
    rows = np.array(rows) * signal.windows.tukey(5500, 0.05)
    rows = rows[rows.any(axis=1)]
    assert len(rows) > 100
    found = response_spectrum(rows, RATE, periods)
    for row, spectrum in zip(rows[::23], found[::23], strict=True):
        expected = [by_straight_lines(row, period, points=32) for period in periods]
        assert spectrum == pytest.approx(expected, rel=1e-3)


# --- rotation


@pytest.mark.parametrize("second", ["independent", "along", "rest"])
def test_rotated_responses_are_responses_of_rotated_motion(second):
    one, other = record(1500)
    two = {"independent": other, "along": 0.3 * one, "rest": 0 * one}[second]
    periods = np.array([0.0, 0.012, 0.05, 0.15, 0.4, 1.0, 4.0])
    angles = np.radians(np.arange(180))[:, None]
    turned = response_spectrum(one * np.cos(angles) + two * np.sin(angles), RATE, periods)
    expected = np.percentile(turned, (0, 50, 84, 100), axis=0)
    found = rotd(one, two, RATE, periods, percentiles=(0, 50, 84, 100))
    assert found == pytest.approx(expected, rel=2e-3, abs=1e-9 * expected.max())


def test_rotd_does_not_depend_on_the_axes():
    one, two = record(1500)
    angle = np.radians(30)
    turned = one * np.cos(angle) + two * np.sin(angle), two * np.cos(angle) - one * np.sin(angle)
    assert rotd(one, two, RATE, [0.1, 0.3, 2.0]) == pytest.approx(rotd(*turned, RATE, [0.1, 0.3, 2.0]), rel=1e-9)


def test_rotated_peak_after_the_end_counts():
    pulse = np.ones(21)
    alone = response_spectrum(pulse, RATE, [2.0])
    assert rotd(pulse, 0 * pulse, RATE, [2.0], percentiles=[100])[0] == pytest.approx(alone, rel=1e-6)


# --- properties


@settings(max_examples=25)
@given(st.floats(1e-3, 1e3), st.integers(1, 300), st.floats(0.01, 0.99))
def test_scale_and_sign(factor, npts, damping):
    data = np.random.default_rng(npts).standard_normal(npts)
    periods = [0.0, 0.02, 0.1, 0.5, 3.0]
    psa = response_spectrum(data, RATE, periods, damping)
    assert response_spectrum(-factor * data, RATE, periods, damping) == pytest.approx(factor * psa, rel=1e-9)
    assert np.all(psa > 0)


def test_kinds():
    data, periods = record(), np.array([0.03, 0.3, 3.0])
    psa, psv, sd = (response_spectrum(data, RATE, periods, kind=kind) for kind in ("psa", "psv", "sd"))
    assert psv == pytest.approx(psa * periods / (2 * np.pi)) and sd == pytest.approx(psv * periods / (2 * np.pi))


def test_order_of_periods_does_not_matter():
    data, periods = record(), np.geomspace(0.01, 8, 50)
    mixed = np.random.default_rng(1).permutation(50)
    psa = response_spectrum(data, RATE, periods)
    assert np.array_equal(psa[:, mixed], response_spectrum(data, RATE, periods[mixed]))


def test_a_peak_is_found_wherever_it_falls():
    """The record moved by single samples, through the borders of the runs of samples that kernels work on."""
    wave = np.append(0.0, record()[0, 200:1699])
    data = np.zeros((33, 1600))
    for shift, row in enumerate(data):
        row[shift : shift + 1500] = wave
    psa = response_spectrum(data, RATE, np.geomspace(0.05, 8, 64))
    assert np.abs(psa / psa[0] - 1).max() < 1e-6


@pytest.mark.parametrize("periods", [(0.25, 0.3), (1.0, 1.1)])
def test_long_records_are_cut_into_parts(periods):
    """A peak moved by single samples through the border between two parts of a long record."""
    from seissynth.signal.response_spectra import ROOM

    periods = np.linspace(*periods, 64)
    border = (ROOM // (3 * periods.size) - 1) * 16
    data = np.zeros((160, border + 200))
    for shift, row in enumerate(data):
        row[border - 150 + shift : border - 130 + shift] = np.hanning(20)
        row[1000:1020] = 0.998 * np.hanning(20)  # else what is largest so far is always looked at
    psa = response_spectrum(data, RATE, periods)
    assert np.abs(psa / psa[0] - 1).max() < 1e-6


@pytest.mark.parametrize("shape", [(3000,), (2, 3000), (2, 1, 3000), (0, 3000)])
def test_batches(shape):
    data = np.broadcast_to(record()[0], shape)
    assert response_spectrum(data, RATE, [0.1, 1.0]).shape == (*shape[:-1], 2)
    assert rotd(data, data, RATE, [0.1, 1.0], percentiles=(50,)).shape == (*shape[:-1], 1, 2)


def test_types_and_memory():
    data, periods = record(), [0.05, 1.0]
    psa = response_spectrum(data, RATE, periods)
    single = response_spectrum(data.astype(np.float32), RATE, periods)
    assert single.dtype == np.float32 and single == pytest.approx(psa, rel=1e-5)
    strided = np.repeat(data, 2, axis=1)[:, ::2]
    strided.flags.writeable = False
    assert np.array_equal(response_spectrum(strided, RATE, periods), psa)
    whole = response_spectrum((data * 1e6).astype(int), RATE, periods)
    assert whole.dtype == np.float64
    assert rotd(*data.astype(np.float32), RATE, periods).dtype == np.float32


def test_threads_give_the_same_bits():
    data, periods = record(rows=5), np.geomspace(0.01, 5, 40)
    one, two = (response_spectrum(data, RATE, periods, workers=n) for n in (1, 2))
    assert np.array_equal(one, two)
    one, two = (rotd(data, data[::-1], RATE, periods, workers=n) for n in (1, 2))
    assert np.array_equal(one, two)


def test_zeros_and_one_sample():
    assert np.all(response_spectrum(np.zeros(50), RATE, [0.0, 0.05, 1.0]) == 0)
    assert np.all(rotd(np.zeros(50), np.zeros(50), RATE, [0.0, 0.05, 1.0]) == 0)
    assert np.all(np.isfinite(response_spectrum([2.0], RATE, [0.0, 0.001, 0.05, 1.0])))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"periods_s": [-1.0]}, "0 .for PGA. or more"),
        ({"periods_s": [np.nan]}, "periods_s is nan"),
        ({"periods_s": []}, "periods_s has shape"),
        ({"periods_s": [[1.0]]}, "one axis"),
        ({"damping": 0.0}, "damping"),
        ({"damping": 1.0}, "below 1"),
        ({"kind": "sa"}, "psa, psv, sd"),
        ({"interpolation": "cubic"}, "auto"),
        ({"sampling_rate_hz": -1}, "sampling_rate_hz"),
        ({"acceleration": [1.0, np.inf]}, "inf at index"),
        ({"acceleration": [1j]}, "real"),
        ({"acceleration": []}, "1 or more samples"),
    ],
)
def test_bad_arguments(change, message):
    arguments = {"acceleration": np.ones(10), "sampling_rate_hz": RATE, "periods_s": [1.0], **change}
    with pytest.raises(InputError, match=message):
        response_spectrum(**arguments)


def test_bad_arguments_of_rotd():
    with pytest.raises(InputError, match="same samples"):
        rotd(np.ones(10), np.ones(11), RATE, [1.0])
    with pytest.raises(InputError, match="between 0 and 100"):
        rotd(np.ones(10), np.ones(10), RATE, [1.0], percentiles=(101,))


def test_without_compilation():
    code = (
        "import numpy as np; from seissynth.signal import response_spectrum, rotd;"
        "x = np.random.default_rng(3).standard_normal((2, 90));"
        "print(*response_spectrum(x, 100.0, [0.008, 0.05, 0.3, 1.0]).ravel(), *rotd(*x, 100.0, [0.05, 0.3]).ravel())"
    )
    texts = []
    for disabled in ("0", "1"):
        environment = dict(os.environ, NUMBA_DISABLE_JIT=disabled, PYTHONPATH=str(ROOT))
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        texts.append([float(word) for word in done.stdout.split()])
    assert texts[0] == pytest.approx(texts[1], rel=1e-10)
