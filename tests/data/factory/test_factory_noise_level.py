"""Noise scaled to a signal-to-noise ratio: louder in the band of the ratio alone, never beyond nature outside it."""

import numpy as np
import obspy
import pytest
from obspy.signal.spectral_estimation import get_nhnm
from scipy.signal import welch

import seissynth
from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes, around_station
from seissynth.data.factory.make import make_dataset
from seissynth.data.factory.noise import ModelNoise, SampledNoise, band_share
from seissynth.data.factory.snr import SnrMeter, snr_band_hz
from seissynth.io.seisbench.dataset import Dataset
from seissynth.noise.models import model_psd
from seissynth.units import DERIVATIVES, OUTPUTS

INVENTORY, _ = seissynth.read_example()
INVENTORY = INVENTORY.select(station="AMAT") + INVENTORY.select(station="BORE")
RATE = 100.0


def noise_of(tmp_path, magnitude=(4.8, 5.3), radius_km=25.0, inner_km=20.0, n=8, **arguments):
    """The noise that was added to records: with it minus without."""
    near = around_station(INVENTORY, "XX.AMAT", radius_km, inner_km)
    quakes = DrawnEarthquakes(n, near, magnitude=magnitude, seed=1)
    common = {"sampling_rate": RATE, "duration": 60.0, "seed": 5, "variability": False, "outside": "allow"}
    common |= {name: arguments.pop(name) for name in ("output", "duration") if name in arguments}
    make_dataset(tmp_path / "clean", INVENTORY, quakes, **common)
    make_dataset(tmp_path / "noisy", INVENTORY, quakes, **common, **arguments)
    clean, noisy = Dataset(tmp_path / "clean"), Dataset(tmp_path / "noisy")
    return noisy.waveforms(dtype="float64") - clean.waveforms(dtype="float64"), noisy.metadata


def acceleration_db(noise, quantity):
    """Mean PSD, dB relative to 1 (m/s²)²/Hz."""
    # long windows and no trend taken off: what is loud in the band must not leak out of it here
    frequency, power = welch(noise, RATE, nperseg=noise.shape[-1], detrend=False)
    steps = DERIVATIVES["acceleration"] - DERIVATIVES[quantity]
    power = power.reshape(-1, len(frequency)).mean(axis=0)
    return frequency[1:], 10 * np.log10(power[1:] * (2 * np.pi * frequency[1:]) ** (2 * steps))


def nhnm_db(frequency):
    period, power = get_nhnm()
    order = np.argsort(period)
    return np.interp(np.log10(1 / frequency), np.log10(period[order]), power[order])  # its ends held beyond


@pytest.mark.parametrize("output", ["VEL", "ACC", "DISP"])
@pytest.mark.parametrize("gain", [None, 60.0], ids=["natural outside", "amplified outside"])
def test_no_frequency_outside_the_band_exceeds_the_high_noise_model(tmp_path, output, gain):
    noise, table = noise_of(tmp_path, output=output, noise="nlnm", snr_db=(0, 5), noise_gain_db=gain)
    frequency, level = acceleration_db(noise, OUTPUTS[output])
    outside = (frequency >= 0.1) & ((frequency < 0.9) | (frequency > 20.5))
    # amplified it lies on the model itself, and a mean of 48 spectra scatters
    assert (level - nhnm_db(frequency))[outside].max() < (0.0 if gain is None else 4.0)
    inside = (frequency > 3) & (frequency < 10)
    assert (level - nhnm_db(frequency))[inside].min() > 20.0  # as loud as the earthquakes are
    assert table["trace_snr_db"].between(0, 5).all()


def test_outside_the_band_the_noise_is_the_models(tmp_path):
    noise, _ = noise_of(tmp_path, noise="nlnm", snr_db=(0, 5))
    natural, _ = noise_of(tmp_path / "natural", noise="nlnm")
    assert np.abs(noise - natural).max() > 1e-3
    frequency, level = acceleration_db(noise, "velocity")
    _, wanted = acceleration_db(natural, "velocity")
    microseism = (frequency > 0.1) & (frequency < 0.4)
    assert np.abs(level - wanted)[microseism].max() < 0.5


def test_counts_are_scaled_in_the_band_alone(tmp_path):
    noise, table = noise_of(tmp_path, output="RAW", noise="nlnm", snr_db=(0, 5), n=4)
    natural, _ = noise_of(tmp_path / "natural", output="RAW", noise="nlnm", n=4)
    frequency, level = acceleration_db(noise, "velocity")
    _, wanted = acceleration_db(natural, "velocity")
    assert np.abs(level - wanted)[(frequency > 0.14) & (frequency < 0.4)].max() < 1.5
    assert table["trace_snr_db"].between(0, 5).all()


def test_real_noise_keeps_its_microseism(tmp_path):
    """A Stream whose microseism is 60 dB above what it has in the band."""
    rng = np.random.default_rng(1)
    time = np.arange(600 * 100) / RATE
    header = {"network": "XX", "station": "AMAT", "sampling_rate": RATE}
    traces = [
        obspy.Trace(1e-6 * np.sin(2 * np.pi * 0.2 * time + k) + 1e-9 * rng.standard_normal(len(time)),
                    {**header, "channel": f"HH{c}"})
        for k, c in enumerate("ZNE")
    ]  # fmt: skip
    noise, table = noise_of(tmp_path, noise=obspy.Stream(traces), snr_db=(0, 5), n=4)
    mine = (table["station_code"] == "AMAT").to_numpy()
    low = np.fft.rfft(noise[mine] * np.hanning(6000), axis=-1)[..., 12] / 1500  # 0.2 Hz; the window halves it
    assert np.abs(np.abs(low) - 1e-6).max() < 2e-8
    assert noise[mine].std(axis=-1).min() > 1e-4  # in the band it is as loud as the earthquake
    edges = np.abs(noise[mine]).max(axis=1)
    ratio = edges[:, :100].max(axis=-1) / edges[:, 1000:].max(axis=-1)
    assert ratio.max() < 1.5  # no bursts of a filter at the ends


def test_what_is_to_be_quieter_is_quieter_as_a_whole(tmp_path):
    """Small and far away: the noise goes below the model, at all frequencies alike."""
    noise, table = noise_of(
        tmp_path, magnitude=(0.5, 0.9), radius_km=100.0, inner_km=90.0, noise="nlnm", snr_db=(10, 20), n=4
    )
    natural, _ = noise_of(tmp_path / "natural", (0.5, 0.9), 100.0, 90.0, noise="nlnm", n=4)
    ratio = noise.std(axis=-1) / natural.std(axis=-1)
    assert ratio.max() < 1 and np.allclose(ratio, ratio[:, :1], rtol=0.01)
    assert table["trace_snr_db"].between(10, 20).all()


def test_short_records(tmp_path):
    noise, table = noise_of(tmp_path, duration=6.0, noise="nlnm", snr_db=(0, 5), p_lead_s=(1, 2), n=4)
    assert np.isfinite(noise).all() and table["trace_snr_db"].dropna().between(0, 5).all()


def test_parts_add_up_and_lie_on_their_sides():
    band = snr_band_hz(RATE)
    for source in (ModelNoise("nlnm", "velocity"), SampledNoise(White())):
        outside, inside = source.split(3, None, 4000, RATE, band)
        if isinstance(source, ModelNoise):
            assert np.allclose(outside + inside, source.make(3, None, 4000, RATE), atol=1e-6 * np.abs(outside).max())
        frequency, a = welch(outside, RATE, nperseg=1000)
        _, b = welch(inside, RATE, nperseg=1000)
        middle = (frequency > 3) & (frequency < 8)
        assert (a[:, middle] < 1e-3 * b[:, middle]).all()
        assert (b[:, frequency > 25] < 1e-6 * b.max()).all()


class White:
    def sample(self, sensor, npts, sampling_rate_hz, rng):
        return rng.standard_normal((3, npts))


def test_shares_of_a_band():
    frequency = np.array([0.0, 0.5, 1.0, 1.0001, 3.0, 10.0, 20.0, 21.0, 50.0])
    share = band_share(frequency, 1.0, 20.0)
    assert (share[[0, 1, 2, 6, 7, 8]] < 1e-12).all() and (share[[4, 5]] == 1).all() and 0 < share[3] < 1e-6


def test_scaling_reaches_the_ratio_from_either_side():
    rng = np.random.default_rng(2)
    data, outside, inside = (rng.standard_normal((2, 3, 3000)) for _ in range(3))
    meter = SnrMeter(data, np.array([0.0, 0.0]), np.array([500.0, np.nan]), RATE)
    for wanted in ([-30.0, -20.0], [20.0, 30.0]):
        noise, ratio = meter.scaled(outside, inside, np.array(wanted))
        assert np.allclose(meter.snr_db(noise), wanted, atol=1e-3) and ratio.tolist() == wanted
    nowhere = SnrMeter(data, np.full(2, -1e9), np.full(2, np.nan), RATE)
    noise, ratio = nowhere.scaled(outside, inside, np.zeros(2))
    assert np.isnan(ratio).all() and np.allclose(noise, outside + inside)


def test_counts_of_a_noise_model_have_its_level_through_the_response_from_the_first_sample_on(tmp_path):
    """A response that begins at rest rings for minutes: the noise of long periods does not begin at zero."""
    drawn = DrawnEarthquakes(12, around_station(INVENTORY, "XX.AMAT", 30.0), magnitude=(2, 3), seed=1)
    amat = INVENTORY.select(station="AMAT")
    options = {"duration": 900.0, "output": "RAW", "noise": "nhnm", "noise_share": 0.9, "seed": 1, "split": None}
    make_dataset(tmp_path / "set", amat, drawn, **options)
    made = Dataset(tmp_path / "set")
    rows = np.flatnonzero(made.metadata["trace_category"] == "noise")
    counts, rate = made.waveforms(rows, component_order="ZNE")[:, 0].astype(float), made.sampling_rate_hz
    frequency = np.fft.rfftfreq(round(916 * rate), 1 / rate)[1:]
    channel = amat.select(channel="HHZ")[0][0][0]
    gain = abs(channel.response.get_evalresp_response_for_frequencies(frequency, output="VEL")) ** 2
    wanted = np.sqrt((model_psd("nhnm", frequency, "velocity") * gain).sum() * frequency[0])
    for part in (counts[:, : round(10 * rate)], counts):
        assert np.sqrt(np.square(part).mean()) == pytest.approx(wanted, rel=0.35)
