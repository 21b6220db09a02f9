"""One instrument whose channels differ: unit, gain, response, rate; each channel is made as if it were alone."""

import numpy as np
import pytest
from obspy.core.inventory import InstrumentSensitivity
from obspy_networks import ORIGIN_TIME, event, inventory, station, triple

import seissynth
from seissynth.errors import SeisSynthWarning
from seissynth.noise.models import model_psd, station_noise
from seissynth.stations.channels import select_sensors


def mixed():
    """Z takes in velocity, N acceleration and E displacement in nm, with other gains."""
    channels = triple("HH")
    for one, units, gain in zip(channels, ("M/S", "M/S**2", "NM"), (1e9, 2e6, 3.0), strict=True):
        stage = one.response.response_stages[0]
        stage.input_units, stage.stage_gain = units, gain
        value = abs(one.response.get_evalresp_response_for_frequencies([1.0], output="DEF")[0])
        if units == "NM":
            value /= 1e9  # ObsPy brings it to metres
        one.response.instrument_sensitivity = InstrumentSensitivity(float(value), 1.0, units, "COUNTS")
    return inventory(station("A", channels))


@pytest.mark.parametrize("output", ["RAW", "VEL", "ACC", "DISP"])
@pytest.mark.parametrize("noise", [None, "nhnm"])
def test_each_channel_is_made_as_if_it_were_alone(output, noise):
    same = {"duration": 40.0, "output": output, "noise": noise, "seed": 3}
    together = seissynth.generate(mixed(), event(), **same)
    assert [trace.stats.channel for trace in together] == ["HHZ", "HHN", "HHE"]
    for trace in together:
        alone = seissynth.generate(mixed(), event(), channel=trace.stats.channel, **same)[0]
        np.testing.assert_array_equal(trace.data, alone.data)


def test_noise_in_counts_has_the_models_level_on_every_channel():
    """Without an earthquake the counts, taken back by ObsPy, are the model's ground motion: 5 % in level."""
    start = ORIGIN_TIME - 3600
    made = seissynth.continuous([], mixed(), start, start + 600, noise="nhnm", output="RAW")
    for trace in made:
        exactly = {"water_level": None, "zero_mean": True, "taper": False}
        motion = trace.copy()
        motion.data = motion.data * np.hanning(len(motion.data))  # microseisms are strong, and must not leak
        motion.remove_response(mixed(), output="ACC", pre_filt=(0.5, 1.0, 10.0, 12.0), **exactly)
        frequency = np.fft.rfftfreq(trace.stats.npts, 0.01)
        power = 2 * np.abs(np.fft.rfft(motion.data)) ** 2 * 0.01 / trace.stats.npts
        band = (frequency > 1.5) & (frequency < 9)
        # the window leaves 3/8 of the energy
        ratio = np.sqrt(power[band].sum() / model_psd("nhnm", frequency[band], "acceleration").sum() / 0.375)
        assert ratio == pytest.approx(1.0, abs=0.05), trace.id


def test_station_noise_takes_a_quantity_for_each_channel():
    sensor = select_sensors(mixed(), ORIGIN_TIME)[0]
    quantities = ["velocity", "acceleration", "displacement"]
    rows = station_noise("nlnm", sensor, 500, 100.0, quantities, None, seed=1)
    for row, quantity, index in zip(rows, quantities, range(3), strict=True):
        np.testing.assert_array_equal(row, station_noise("nlnm", sensor, 500, 100.0, quantity, None, seed=1)[index])


def test_a_channel_of_another_rate_has_the_same_motion():
    channels = triple("HH")
    channels[2].sample_rate = 50.0
    with pytest.warns(SeisSynthWarning, match="do not span three axes"):
        made = seissynth.generate(inventory(station("A", channels)), event(), duration=40.0, output="RAW")
    whole = seissynth.generate(inventory(station("A", triple("HH"))), event(), duration=40.0, output="RAW")
    rates = {trace.stats.channel: trace.stats.sampling_rate for trace in made}
    assert rates == {"HHZ": 100.0, "HHN": 100.0, "HHE": 50.0}
    for code in ("HHZ", "HHN"):
        np.testing.assert_array_equal(made.select(channel=code)[0].data, whole.select(channel=code)[0].data)


def test_a_channel_that_stands_apart_has_its_own_distance_and_coordinates():
    channels = triple("HH")
    channels[1].latitude = 36.9  # 111 km away
    with pytest.warns(SeisSynthWarning, match="is not co-located"):
        made = seissynth.generate(inventory(station("A", channels)), event(), duration=90.0)
    places = {trace.stats.channel: trace.stats for trace in made}
    assert places["HHN"].coordinates.latitude == 36.9 and places["HHE"].coordinates.latitude == 35.9
    assert places["HHN"].distance - places["HHE"].distance > 100e3
    assert places["HHN"].seissynth.p_s > places["HHE"].seissynth.p_s + 10


def test_a_fault_of_one_channel_is_said_once_for_all_records():
    net = mixed()
    net[0][0][1].response.instrument_sensitivity.value *= 10
    events = [event(), event(latitude=35.8)]
    with pytest.warns(SeisSynthWarning) as caught:
        seissynth.generate(net, events, duration=40.0, output="RAW", realizations=2)
    assert [str(item.message).split(":")[0] for item in caught] == ["Channel XX.A..HHN"]
    assert caught[0].filename == __file__


@pytest.mark.parametrize("units", ["V", "COUNTS", None])
def test_a_digital_response_gives_motion_but_no_counts(units):
    net = inventory(station("A", triple("HH")))
    for one in net[0][0]:
        one.response.response_stages[0].input_units = units
        one.response.instrument_sensitivity.input_units = units
    whole = seissynth.generate(inventory(station("A", triple("HH"))), event(), duration=30.0, output="ACC")
    made = seissynth.generate(net, event(), duration=30.0, output="ACC")
    for one, other in zip(made, whole, strict=True):
        np.testing.assert_array_equal(one.data, other.data)
    with pytest.raises(seissynth.errors.ResponseError, match=r"XX\.A\.\.HHZ.*output=\"VEL\""):
        seissynth.generate(net, event(), duration=30.0, output="RAW")
