"""Records to what a model sees, and back."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seissynth.errors import InputError
from seissynth.representations import (
    LogSpectrogram,
    ScaledWaveform,
    ScaleStatistics,
    SpectrogramStatistics,
    fit_spectrogram_statistics,
    onset_ramps,
)
from seissynth.signal import STFT, bandpass

SPECTROGRAM = LogSpectrogram()
SMALL = LogSpectrogram(npts=1000)


def records(n=2, npts=6000, seed=0, low=2.0, high=40.0):
    """Band-limited noise under an envelope that rises by three decades."""
    rng = np.random.default_rng(seed)
    t = np.arange(npts) / 100
    envelope = 1e-3 + np.exp(-(t - 5) / 8) / (1 + np.exp(-(t - 5) / 0.08))
    noise = bandpass(rng.standard_normal((n, 3, npts)), 100.0, low, high, corners=8, zerophase=True)
    return noise * envelope


def statistics_of(spectrogram, data, quiet_s=4.0, **options):
    sensors = [f"XX.S{i}" for i in range(len(data))]
    return fit_spectrogram_statistics(spectrogram, [(data, sensors, np.full(len(data), quiet_s))], **options), sensors


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


# --- geometry


def test_the_shape_of_the_paper():
    assert SPECTROGRAM.shape == (3, 64, 376)
    assert SPECTROGRAM.band_mask.sum() == 56  # 8 of the 64 bins lie outside
    assert SPECTROGRAM.frequencies_hz[SPECTROGRAM.band_mask][[0, -1]].tolist() == [1.5625, 44.53125]
    assert SPECTROGRAM.times_s[[0, -1]].tolist() == [0.0, 60.0]


def test_encoding_is_the_formula():
    data = records()
    statistics, sensors = statistics_of(SPECTROGRAM, data, least_frames=10)
    amplitude = abs(STFT(128, 16).forward(data))[:, :, :64]
    floors = np.exp(np.stack([statistics.floors[name] for name in sensors]).astype(float))
    expected = (np.log(np.maximum(amplitude, floors[..., None])) - statistics.mean[:, None]) / statistics.sd[:, None]
    got = SPECTROGRAM.encode(data, statistics, sensors)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=2e-2)  # logarithms of float32 transforms
    assert abs(got - expected).mean() < 1e-4


@given(st.integers(1, 3000), st.integers(2, 7), st.data())
@settings(max_examples=25)
def test_shapes_of_any_geometry(npts, power, data):
    nfft = 2**power
    hop = data.draw(st.integers(1, nfft // 2))
    one = LogSpectrogram(npts=npts, nfft=nfft, hop=hop, low_hz=0.0, high_hz=49.0)
    x = np.random.default_rng(0).standard_normal((1, 3, npts))
    encoded = one.encode(x, SpectrogramStatistics.plain(one))
    assert encoded.shape == (1, *one.shape)
    assert one.decode(encoded, SpectrogramStatistics.plain(one), seeds=[1], n_iter=1).shape == x.shape


# --- there and back


@pytest.mark.parametrize("decade", range(-9, 1))
def test_with_its_own_phase_a_record_comes_back_over_nine_decades(decade):
    data = records(low=6.0, high=35.0) * 10.0**decade  # nothing at the edges of the band, which decode cuts
    statistics, sensors = statistics_of(SPECTROGRAM, data, quantile=0.0)
    encoded = SPECTROGRAM.encode(data, statistics, sensors)
    assert abs(encoded.mean()) < 0.1 and encoded.std() == pytest.approx(1, abs=0.1)
    back = SPECTROGRAM.decode(encoded, statistics, phase=SPECTROGRAM.phase(data), n_iter=0)
    assert back.dtype == np.float32
    assert relative(back, data) < 2e-3
    # quiet parts too, three decades below
    assert relative(back[:, :, 100:400], data[:, :, 100:400]) < 2e-2


def test_amplitude_is_a_shift_of_the_logarithm():
    data, plain = records(1), SpectrogramStatistics.plain(SPECTROGRAM)
    a, b = (SPECTROGRAM.encode(data * factor, plain) for factor in (1e-9, 1.0))
    assert abs(b - a - np.log(1e9)).max() < 0.1  # in bins that hold next to nothing
    assert abs(b - a - np.log(1e9)).mean() < 1e-4


def test_from_random_phases_level_and_time_come_back():
    data = records(20, seed=5) * 1e-6
    statistics, sensors = statistics_of(SPECTROGRAM, data)
    back = SPECTROGRAM.decode(SPECTROGRAM.encode(data, statistics, sensors), statistics, seeds=range(20))
    energy = np.log((back**2).mean(axis=-1) / (data**2).mean(axis=-1)) / 2
    assert abs(energy).max() < 0.02
    peak = np.log(abs(back).max(axis=-1) / abs(data).max(axis=-1))
    assert abs(peak.mean()) < 0.06 and peak.std() < 0.2
    onset = [np.argmax(abs(row) > 0.2 * abs(row).max()) for row in back[:, 0]]
    np.testing.assert_allclose(onset, 500, atol=12)  # 0.1 s, less than a frame's distance
    again = SPECTROGRAM.log_amplitude(back)[:, :, SPECTROGRAM.band_mask]
    wanted = SPECTROGRAM.log_amplitude(data)[:, :, SPECTROGRAM.band_mask]
    assert abs(again - wanted).mean() < 0.25


def test_a_record_depends_on_its_own_seed_and_spectrogram():
    data = records(3, 1000)
    plain = SpectrogramStatistics.plain(SMALL)
    encoded = SMALL.encode(data, plain)
    together = SMALL.decode(encoded, plain, seeds=[5, 6, 7], n_iter=4)
    assert np.array_equal(SMALL.decode(encoded[1:2], plain, seeds=[6], n_iter=4)[0], together[1])
    assert np.array_equal(SMALL.decode(encoded, plain, seeds=[5, 6, 7], n_iter=4, workers=2), together)
    same = SMALL.decode(np.repeat(encoded[:1, :1], 3, axis=1), plain, seeds=[5], n_iter=4)[0]
    assert not np.array_equal(same[0], same[1])  # components do not share their phases


def test_what_lies_outside_the_band_is_left_out():
    plain = SpectrogramStatistics.plain(SPECTROGRAM)
    low = np.sin(2 * np.pi * 0.2 * np.arange(6000) / 100) * np.ones((1, 3, 1))
    data = records(1) + low
    encoded = SPECTROGRAM.encode(data, plain)
    back = SPECTROGRAM.decode(encoded, plain, phase=SPECTROGRAM.phase(data), n_iter=0)
    # the sine is gone but for what the window's side lobes carry into the band
    assert relative(back, records(1)) < 0.05
    changed = encoded.copy()
    changed[:, :, ~SPECTROGRAM.band_mask] = 1e6
    again = SPECTROGRAM.decode(changed, plain, phase=SPECTROGRAM.phase(data), n_iter=0)
    assert np.array_equal(again, back)


# --- statistics


def test_floors_are_the_quantile_of_the_noise_before_p():
    """Noise of known level: |STFT| of white noise is Rayleigh, with E A² = sigma² sum w²."""
    rng, sigma = np.random.default_rng(1), np.array([1e-9, 1e-7])
    data = rng.standard_normal((200, 3, 1000)) * sigma[np.arange(200) % 2][:, None, None]
    data[:, :, 600:] *= 1e4  # the earthquake
    sensors = [f"XX.{'AB'[i % 2]}" for i in range(200)]
    statistics = fit_spectrogram_statistics(SMALL, [(data, sensors, np.full(200, 6.0))], quantile=0.1)
    power = (STFT(128, 16).weights ** 2).sum()
    for name, level in zip("AB", sigma, strict=True):
        expected = np.log(level * np.sqrt(-np.log(0.9) * power))
        np.testing.assert_allclose(statistics.floors[f"XX.{name}"][:, 4:60], expected, atol=0.2)
        assert statistics.floors[f"XX.{name}"][:, 4:60].mean() == pytest.approx(expected, abs=0.02)
    middle = (statistics.floors["XX.A"] + statistics.floors["XX.B"]) / 2
    np.testing.assert_allclose(statistics.common_floor, middle, atol=1e-5)


def test_mean_and_spread_are_those_of_the_set_in_any_cut():
    data = records(6, 1000, seed=2)
    sensors, quiet = ["a", "b", "a", "b", "c", "c"], np.array([4.0, 4.0, 4.0, np.nan, 0.0, 4.0])
    whole = fit_spectrogram_statistics(SMALL, [(data, sensors, quiet)], least_frames=10)
    cut = [(data[i : i + 2], sensors[i : i + 2], quiet[i : i + 2]) for i in (0, 2, 4)]
    parts = fit_spectrogram_statistics(SMALL, cut, least_frames=10)
    logs = SMALL.encode(data, SpectrogramStatistics(whole.mean * 0, whole.sd * 0 + 1, whole.floors, whole.common_floor),
                        sensors).astype(float)  # fmt: skip
    np.testing.assert_allclose(whole.mean, logs.mean(axis=(0, 1, 3)), rtol=1e-5)
    np.testing.assert_allclose(whole.sd, logs.std(axis=(0, 1, 3)), rtol=1e-4)
    for name in ("mean", "sd", "common_floor"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-5)
    encoded = SMALL.encode(data, whole, sensors)
    np.testing.assert_allclose(encoded.mean(axis=(0, 1, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(encoded.std(axis=(0, 1, 3)), 1, atol=1e-4)


def test_a_sensor_without_noise_gets_the_common_floor():
    data = records(3, 1000)
    statistics = fit_spectrogram_statistics(SMALL, [(data, ["a", "b", "c"], [4.0, 4.0, 0.0])], least_frames=10)
    assert sorted(statistics.floors) == ["a", "b"]
    floors = statistics.log_floors(["c", "a", "unknown"], 3)
    assert np.array_equal(floors[0], statistics.common_floor) and np.array_equal(floors[2], statistics.common_floor)
    assert np.array_equal(floors[1], statistics.floors["a"])


def test_statistics_as_plain_data():
    data = records(2, 1000)
    statistics, sensors = statistics_of(SMALL, data, least_frames=5)
    again = SpectrogramStatistics.from_dict(json.loads(json.dumps(statistics.to_dict())))
    np.testing.assert_allclose(SMALL.encode(data, again, sensors), SMALL.encode(data, statistics, sensors), atol=1e-3)
    assert LogSpectrogram.from_dict(json.loads(json.dumps(SMALL.to_dict()))) == SMALL


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"mean": [0.0]}, {"sd": [0.0] * 64}, {"common_floor": [[0.0] * 64]}, {"mean": [float("nan")] * 64}],
    ids=str,
)
def test_statistics_that_cannot_be(change):
    plain = SpectrogramStatistics.plain(SMALL).to_dict()
    with pytest.raises(InputError):
        SpectrogramStatistics.from_dict({**plain, **change})
    del plain["sd"]
    with pytest.raises(InputError, match="sd"):
        SpectrogramStatistics.from_dict(plain)


def test_sets_without_noise_or_records():
    data = records(1, 1000)
    with pytest.raises(InputError, match="noise in front"):
        fit_spectrogram_statistics(SMALL, [(data, ["a"], [np.nan])])
    with pytest.raises(InputError, match="once only"):
        fit_spectrogram_statistics(SMALL, iter([(data, ["a"], [4.0])]))
    with pytest.raises(InputError, match="quantile"):
        fit_spectrogram_statistics(SMALL, [(data, ["a"], [4.0])], quantile=1.0)


# --- masks, ramps, bad input


def test_frames_under_the_mask_see_nothing_behind_it():
    data, plain = records(1, 1000), SpectrogramStatistics.plain(SMALL)
    other = data.copy()
    other[:, :, 700:] = 5.0
    keep = SMALL.frames_before([7.0])[0]
    a, b = SMALL.encode(data, plain), SMALL.encode(other, plain)
    assert np.array_equal(a[..., keep], b[..., keep]) and keep.sum() == 40
    assert not np.array_equal(a[..., np.flatnonzero(keep)[-1] + 1], b[..., np.flatnonzero(keep)[-1] + 1])
    assert SMALL.frames_before([np.nan, np.inf, 0.0]).sum(axis=1).tolist() == [64, 64, 0]


def test_ramps_cross_zero_at_the_onset():
    ramps = onset_ramps([[10.0, np.nan]], SPECTROGRAM.times_s)
    assert ramps.shape == (1, 2, 376) and (ramps[0, 1] == -1).all()
    assert np.interp(0, ramps[0, 0, 40:80], SPECTROGRAM.times_s[40:80]) == pytest.approx(10.0, abs=1e-3)
    with pytest.raises(InputError):
        onset_ramps([10.0], [1.0])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"nfft": 127}, "even"), ({"hop": 200}, "hop"), ({"low_hz": 50.0}, "band"), ({"high_hz": 50.0}, "band"),
        ({"low_hz": 1.0, "high_hz": 1.2}, "no bin"), ({"npts": 0}, "npts"), ({"sampling_rate_hz": -1}, "sampling"),
    ],
)  # fmt: skip
def test_geometries_that_cannot_be(arguments, word):
    with pytest.raises(InputError, match=word):
        LogSpectrogram(**arguments)


def test_records_and_spectrograms_that_cannot_be():
    data, plain = records(2, 1000), SpectrogramStatistics.plain(SMALL)
    encoded = SMALL.encode(data, plain)
    cases = [
        (lambda: SMALL.encode(data[:, :2], plain), "shape"),
        (lambda: SMALL.encode(data[..., :999], plain), "cut or pad"),
        (lambda: SMALL.encode(data[0], plain), r"\(n, 3, 1000\)"),
        (lambda: SMALL.encode(data * np.nan, plain), "nan"),
        (lambda: SMALL.encode(data, plain, ["a"]), "1 names for 2"),
        (lambda: SMALL.encode(data, SpectrogramStatistics.plain(LogSpectrogram(nfft=64))), "32 bins"),
        (lambda: SMALL.decode(encoded, plain), "seeds"),
        (lambda: SMALL.decode(encoded, plain, seeds=[1]), "2 integers"),
        (lambda: SMALL.decode(encoded, plain, seeds=[1.0, 2.0]), "integers"),
        (lambda: SMALL.decode(encoded, plain, phase=encoded[:1]), "phase has shape"),
        (lambda: SMALL.decode(encoded[:, :2], plain, seeds=[1, 2]), "encoded has shape"),
        (lambda: SMALL.decode(encoded + 100, plain, seeds=[1, 2]), "ln A = "),
        (lambda: SMALL.decode(encoded * np.nan, plain, seeds=[1, 2]), "nan"),
        (lambda: LogSpectrogram.from_dict({"nfft": 128}), "configuration"),
    ]
    for call, word in cases:
        with pytest.raises(InputError, match=word):
            call()


def test_zeros_stay_zeros():
    """A dead component: its logarithm is the floor, which is far below anything."""
    plain = SpectrogramStatistics.plain(SMALL)
    encoded = SMALL.encode(np.zeros((1, 3, 1000)), plain)
    assert np.isfinite(encoded).all()
    assert abs(SMALL.decode(encoded, plain, seeds=[1])).max() < 1e-20


# --- scaled waveforms


@pytest.mark.parametrize("kind", ["peak", "zscore"])
@pytest.mark.parametrize("per_component", [True, False])
@given(st.integers(-30, 30), st.integers(0, 1000))
@settings(max_examples=20)
def test_scaled_waveforms_come_back(kind, per_component, exponent, seed):
    data = np.random.default_rng(seed).standard_normal((2, 3, 50)) * 10.0**exponent
    if kind == "zscore":
        data -= data.mean(axis=2, keepdims=True)
    scaling = ScaledWaveform(kind, per_component, least_scale=1e-40)
    scaled, log_scale = scaling.encode(data)
    assert log_scale.shape == (2, scaling.scales)
    np.testing.assert_allclose(scaling.decode(scaled, log_scale), data, rtol=2e-5, atol=1e-6 * 10.0**exponent)
    if kind == "peak":
        peaks = abs(scaled).max(axis=2 if per_component else (1, 2))
        np.testing.assert_allclose(peaks, 1, rtol=1e-6)
    elif per_component:
        np.testing.assert_allclose([scaled.mean(axis=2), scaled.std(axis=2) - 1], 0, atol=1e-5)


def test_one_scale_keeps_the_ratios_of_the_components():
    data = np.random.default_rng(0).standard_normal((1, 3, 50)) * np.array([1.0, 2.0, 3.0])[:, None]
    scaled, _ = ScaledWaveform("peak", per_component=False).encode(data)
    np.testing.assert_allclose(scaled / scaled[0, 0, 0], data / data[0, 0, 0], rtol=1e-5)


def test_a_dead_component_is_not_divided_by_zero():
    scaled, log_scale = ScaledWaveform().encode(np.zeros((1, 3, 10)))
    assert (scaled == 0).all() and np.isfinite(log_scale).all()


def test_scale_statistics():
    values = np.random.default_rng(0).normal(-12, 3, (500, 3))
    statistics = ScaleStatistics.from_dict(json.loads(json.dumps(ScaleStatistics.fit(values).to_dict())))
    standard = statistics.standardise(values)
    np.testing.assert_allclose([standard.mean(axis=0), standard.std(axis=0) - 1], 0, atol=1e-5)
    np.testing.assert_allclose(statistics.restore(standard), values, rtol=1e-5)


def test_scales_that_cannot_be():
    scaled, log_scale = ScaledWaveform().encode(np.ones((1, 3, 10)))
    for call in (
        lambda: ScaledWaveform("rms"),
        lambda: ScaledWaveform(least_scale=0),
        lambda: ScaledWaveform().encode(np.ones((3, 10))),
        lambda: ScaledWaveform().decode(scaled, log_scale[:, :1]),
        lambda: ScaledWaveform().decode(scaled, log_scale + 200),
        lambda: ScaleStatistics.fit(np.ones((4, 1))),
        lambda: ScaleStatistics.from_dict({"mean": [1]}),
    ):
        with pytest.raises(InputError):
            call()
