"""Noise of stations (``noise="auto"``): levels, whose they are, day and night, and the spectrum of what is made."""

import json
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy import UTCDateTime
from obspy.core.inventory import Inventory, Network, Station
from scipy.signal import welch

import seissynth
from seissynth.errors import InputError
from seissynth.io.seisbench import Dataset
from seissynth.noise import ambient_psd, model_psd, prepare_noise, station_noise
from seissynth.noise.ambient import CORRELATION_EXPONENT, KNOTS_HZ, cycle_of_day, noise_psd
from seissynth.stations.channels import select_sensors

TIME = UTCDateTime(2020, 3, 1, 13, 0)
MODEL = json.loads((Path(seissynth.__file__).parent / "noise" / "data" / "ambient.json").read_text(encoding="utf-8"))
LOW, HIGH = (10 * np.log10(model_psd(name, KNOTS_HZ, "acceleration")) for name in ("nlnm", "nhnm"))


def sensor(code="A", longitude=0.0):
    network = Network("XX", [Station(code, 48.0, longitude, 500.0)])
    return select_sensors(Inventory([network]), TIME)[0]


def level(station, time=TIME, window=0, code="HHN"):
    power = noise_psd(KNOTS_HZ, "acceleration", "XX", station, code, 0.0, time, window)
    return (10 * np.log10(power) - LOW) / (HIGH - LOW)


def test_the_spectrum_of_what_is_made_is_the_one_that_is_stated():
    one = sensor()
    data = station_noise("auto", one, 400_000, 100.0, "velocity", TIME, seed=5)
    for samples, channel in zip(data, one.channels, strict=True):
        frequency, power = welch(samples, 100.0, nperseg=8192)
        wanted = ambient_psd(channel, TIME, 5)(frequency[20:3000], "velocity")
        bands = np.array_split(power[20:3000] / wanted, 10)
        # 97 averages of some 300 frequencies: known to 0.6 %, and the spectrum's slope within a bin adds some
        np.testing.assert_allclose([part.mean() for part in bands], 1.0, atol=0.04)
    assert abs(np.corrcoef(np.diff(data, 2))[0, 1]) < 0.05


def test_levels_have_the_mean_scatter_and_correlation_of_the_table():
    hours = [UTCDateTime(2020, 1, 1) + 86400 * day + 3600 * (day % 24) for day in range(1500)]
    drawn = np.array([level(f"S{k}", time, k) for k, time in enumerate(hours)])
    cycle = np.array([cycle_of_day(time.hour) for time in hours])
    drawn -= cycle[:, None] * MODEL["day"]
    scatter = np.sqrt(sum(np.square(MODEL[f"between_{name}"]) for name in ("stations", "times", "windows")))
    # 1,500 stations: means known to 2.6 % of the scatter, scatter to 1.8 %; levels are cut at the ends
    np.testing.assert_allclose(drawn.mean(axis=0), MODEL["horizontal"], atol=0.03)
    np.testing.assert_allclose(drawn.std(axis=0), scatter, rtol=0.08)
    share = MODEL["between_stations"][2] * MODEL["between_stations"][3] / (scatter[2] * scatter[3])
    away = np.log(KNOTS_HZ[3] / KNOTS_HZ[2]) / MODEL["correlation_range"]
    found = np.corrcoef(drawn[:, 2], drawn[:, 3])[0, 1]
    assert found == pytest.approx(share * np.exp(-(away**CORRELATION_EXPONENT)), abs=0.07)


def test_a_station_keeps_its_level():
    """It differs between windows by little, between dates at long periods alone, and between stations by a lot."""
    here = np.array([level("A", window=k) for k in range(40)])
    assert (here.std(axis=0) < 1.4 * np.array(MODEL["between_windows"])).all()
    dates = np.array([level("A", TIME + 86400 * k) for k in range(40)])
    np.testing.assert_array_less(dates[:, 2:].std(axis=0), 1e-12)
    assert dates[:, 0].std() > 0.1
    same_date = np.array([level(name) - level(name, TIME + 86400) for name in "ABC"])
    np.testing.assert_allclose(same_date, np.broadcast_to(same_date[0], (3, 6)), atol=1e-12)  # the sea is all stations'
    assert np.std([level(f"S{k}")[3] for k in range(40)]) > 0.1


def test_the_day_is_louder_by_the_sun():
    """By 9 dB at 3 Hz, where the models are 54 dB apart, and not below 1 Hz; at 90 E the sun is six hours ahead."""
    night = level("A", TIME + 12 * 3600 - 86400)  # one in the morning, of the same date
    np.testing.assert_allclose(level("A") - night, 2 * np.array(MODEL["day"]), atol=1e-9)
    assert 4 < 2 * MODEL["day"][3] * (HIGH - LOW)[3] < 14 and MODEL["day"][0] == 0
    east = noise_psd([3.0], "acceleration", "XX", "A", "HHN", 90.0, TIME - 6 * 3600)
    assert east == pytest.approx(noise_psd([3.0], "acceleration", "XX", "A", "HHN", 0.0, TIME))


def test_accelerometers_have_noise_of_their_own():
    frequencies = np.array([0.5, 1.0, 2.0])
    own, ground = (noise_psd(frequencies, "acceleration", "XX", "A", code, 0.0, TIME) for code in ("HNN", "HHN"))
    np.testing.assert_allclose(10 * np.log10(own - ground), MODEL["accelerometer_db"])
    velocity = noise_psd(frequencies, "velocity", "XX", "A", "HHN", 0.0, TIME)
    np.testing.assert_allclose(velocity * (2 * np.pi * frequencies) ** 2, ground)


def test_generate_has_noise_of_each_station_before_p():
    inventory, event = seissynth.read_example()
    origin = event.preferred_origin().time
    options = {"noise": "auto", "start": origin - 60, "duration": 100.0}
    first, again = (seissynth.generate(inventory, event, seed=seed, **options) for seed in (1, 2))
    for stream in (first, again):
        stream.trim(endtime=origin)
    peaks = {trace.id: abs(trace.data).max() for trace in first}
    assert max(peaks.values()) > 3 * min(peaks.values())
    for trace, other in zip(first, again, strict=True):  # another seed: other samples of one level
        assert abs(np.corrcoef(np.diff(trace.data, 2), np.diff(other.data, 2))[0, 1]) < 0.1
        assert 0.3 < trace.data.std() / other.data.std() < 3
    counts = seissynth.generate(inventory, event, seed=1, output="RAW", **options).trim(endtime=origin)
    assert all(trace.data.std() > 0 for trace in counts)


@pytest.mark.parametrize("snr", [None, (0.0, 20.0)])
def test_sets_have_it(tmp_path, snr):
    inventory, event = seissynth.read_example()
    report = seissynth.make_dataset(
        tmp_path / "set", inventory, event, noise="auto", duration=40.0, noise_share=0.3, snr_db=snr
    )
    data = Dataset(tmp_path / "set")
    quiet = np.flatnonzero(data.metadata["trace_category"] == "noise")
    levels = np.array([data.waveform(row).std() for row in quiet])
    assert report.records == len(data.metadata) and len(quiet) and (levels > 1e-9).all() and (levels < 1e-4).all()


def test_an_unknown_name_lists_it():
    with pytest.raises(InputError, match=r"use one of \['auto', 'nhnm', 'nlnm'\]"):
        prepare_noise("car")
    assert prepare_noise("AUTO") == "auto"


def test_real_noise_lies_within_the_model(shared_data):
    """Ridgecrest before the sequence, 1 to 8 Hz: most stations within two standard deviations of the model's mean."""
    folder = shared_data / "ridgecrest_2019"
    inventory, begin = obspy.read_inventory(str(folder / "inventory.xml")), UTCDateTime("2019-07-04T16:51")
    stream = obspy.read(str(folder / "waveforms.mseed"), starttime=begin, endtime=begin + 600)
    scores = []
    for trace in stream.select(channel="HHN"):
        gain = inventory.get_response(trace.id, begin).instrument_sensitivity.value
        frequency, power = welch(trace.data / gain, trace.stats.sampling_rate, nperseg=4096)
        for knot in (2, 3, 4):
            near = (frequency > 0.7 * KNOTS_HZ[knot]) & (frequency < 1.4 * KNOTS_HZ[knot])
            decibel = 10 * np.log10(np.median(power[near] * (2 * np.pi * frequency[near]) ** 2))
            place = (decibel - LOW[knot]) / (HIGH - LOW)[knot]
            scores.append((place - MODEL["horizontal"][knot]) / MODEL["between_stations"][knot])
    assert len(scores) == 36 and np.mean(np.abs(scores) < 2) > 0.85 and abs(np.mean(scores)) < 0.7
