"""A set's columns Z, N, E are true up, north and east, whatever way the sensor's channels point."""

import numpy as np
import obspy
import pytest
from obspy.core.inventory import Channel, Inventory, Network, Response, Station
from obspy.core.inventory.response import InstrumentSensitivity, PolesZerosResponseStage

from seissynth.data.factory.drawn_earthquakes import Circle, DrawnEarthquakes
from seissynth.data.factory.make import make_dataset
from seissynth.data.true_axes import counts_to_zne, nearest_channels, true_axes
from seissynth.errors import InputError, SeisSynthWarning
from seissynth.io.seisbench.dataset import Dataset
from seissynth.stations.sensors import Channel as SensorChannel
from seissynth.stations.sensors import Sensor

QUAKES = DrawnEarthquakes(2, Circle(10.0, 20.0, radius_km=30.0), magnitude=(3, 4), seed=3)
ALIGNED = (("HHZ", 0, -90), ("HHN", 0, 0), ("HHE", 90, 0))
GALPERIN = tuple((f"HH{letter}", azimuth, -35.264389683) for letter, azimuth in zip("UVW", (90, 210, 330), strict=True))
TURNED = {
    "upside down, 33 degrees off north": (("HHZ", 0, 90), ("HH1", 33, 0), ("HH2", 123, 0)),
    "left-handed": (("HHZ", 0, -90), ("HH1", 33, 0), ("HH2", 303, 0)),
    "ocean bottom, 3 up": (("HH1", 200, 0), ("HH2", 290, 0), ("HH3", 0, -90)),
    "past 45 degrees": (("HHZ", 0, -90), ("HH1", 80, 0), ("HH2", 170, 0)),
    "tilted, not at right angles": (("HHZ", 40, -80), ("HH1", 10, 5), ("HH2", 110, -8)),
    "Galperin": GALPERIN,
}


def response(gain, corner_hz=1.0):
    pole = corner_hz * 2 * np.pi * (-0.707 + 0.707j)
    stage = PolesZerosResponseStage(
        1, gain, 10.0, "M/S", "COUNTS", "LAPLACE (RADIANS/SECOND)", 10.0, [0j, 0j], [pole, pole.conjugate()],
        normalization_factor=1.0,
    )  # fmt: skip
    return Response(instrument_sensitivity=InstrumentSensitivity(gain, 10.0, "M/S", "COUNTS"), response_stages=[stage])


def network(axes, gains=(1e9, 1e9, 1e9)):
    channels = [
        Channel(code, "", 10.1, 20.1, 0.0, 0.0, azimuth=azimuth, dip=dip, sample_rate=50.0, response=response(gain))
        for (code, azimuth, dip), gain in zip(axes, gains, strict=True)
    ]
    return Inventory([Network("XX", [Station("OBS", 10.1, 20.1, 0.0, channels=channels)])])


def made(path, axes, gains=(1e9, 1e9, 1e9), **arguments):
    arguments = {"duration": 20.0, "sampling_rate": 50.0, "variability": False, "seed": 1, **arguments}
    make_dataset(path, network(axes, gains), QUAKES, **arguments)
    return Dataset(path)


@pytest.mark.parametrize("name", TURNED)
@pytest.mark.parametrize(
    "arguments",
    [
        {"output": "ACC", "noise": "nhnm", "noise_share": 0.5, "overlap_share": 1.0},
        {"output": "RAW", "noise": "nhnm", "quantize": True},
    ],
    ids=["ACC", "RAW"],
)
def test_a_turned_sensor_gives_the_records_of_an_aligned_one(tmp_path, name, arguments):
    wanted = made(tmp_path / "aligned", ALIGNED, **arguments)
    found = made(tmp_path / "turned", TURNED[name], **arguments)
    assert found.component_order == "ZNE"
    assert np.array_equal(found.waveforms(dtype=None), wanted.waveforms(dtype=None))
    assert np.ptp(wanted.waveforms(), axis=-1).all()


def test_each_axis_goes_through_the_response_of_the_nearest_channel(tmp_path):
    """HH1 points nearly east: its gain is that of the column E."""
    gains = (1e8, 2e8, 4e8)
    found = made(tmp_path / "turned", TURNED["past 45 degrees"], gains, output="RAW")
    wanted = made(tmp_path / "aligned", ALIGNED, (1e8, 4e8, 2e8), output="RAW")
    assert np.array_equal(found.waveforms(), wanted.waveforms())


class OwnAxes:
    """Noise along the channels' own axes: that of one fixed ground motion."""

    along_zne = False

    def __init__(self, motion, gains=(1.0, 1.0, 1.0)):
        self.motion, self.gains = motion, np.asarray(gains)[:, None]

    def sample(self, sensor, npts, sampling_rate_hz, rng):
        return self.gains * (sensor.direction_matrix() @ self.motion[:, :npts])


@pytest.mark.parametrize("name", TURNED)
def test_real_noise_along_the_own_axes_is_turned(tmp_path, name):
    motion = 1e-6 * np.random.default_rng(2).standard_normal((3, 1000))
    for output, gains, scale in (("VEL", (1.0, 1.0, 1.0), 1.0), ("RAW", (1e9, 1e9, 1e9), 1e9)):
        common = {"output": output, "noise_share": 0.5}
        found = made(tmp_path / output, TURNED[name], noise=OwnAxes(motion, gains), **common)
        rows = np.flatnonzero(found.metadata["trace_category"] == "noise")
        assert len(rows)
        for waveform in found.waveforms(rows) / scale:
            assert np.allclose(waveform, motion, rtol=0, atol=3e-6 * np.abs(motion).max())


def test_a_stream_of_a_turned_station_is_turned(tmp_path):
    rng = np.random.default_rng(4)
    north, east, up = rng.standard_normal((3, 50 * 60))
    angle = np.radians(33)
    own = {"Z": -up, "1": np.cos(angle) * north + np.sin(angle) * east,
           "2": -np.sin(angle) * north + np.cos(angle) * east}  # fmt: skip
    header = {"network": "XX", "station": "OBS", "sampling_rate": 50.0}
    stream = obspy.Stream([obspy.Trace(data, {**header, "channel": f"HH{name}"}) for name, data in own.items()])
    found = made(tmp_path, TURNED["upside down, 33 degrees off north"], noise=stream, noise_share=0.5)
    rows = np.flatnonzero(found.metadata["trace_category"] == "noise")
    for waveform in found.waveforms(rows):
        for mine, true in zip(waveform, (up, north, east), strict=True):
            lag = np.argmax(np.correlate(true, mine, "valid"))
            cut = true[lag : lag + 1000]
            assert np.allclose(mine, cut - cut.mean(), atol=1e-4)


def test_counts_of_unlike_gains_are_turned_as_motion():
    axes, gains = TURNED["tilted, not at right angles"], np.array([1.0, 2.0, 4.0])
    channels = [
        SensorChannel("XX", "OBS", "", code, 0.0, 0.0, 0.0, 0.0, azimuth, dip, 50.0, response(gain))
        for (code, azimuth, dip), gain in zip(axes, gains, strict=True)
    ]
    sensor = Sensor(channels)
    motion = np.random.default_rng(1).standard_normal((3, 10))
    counts = gains[:, None] * (sensor.direction_matrix() @ motion)
    assert np.allclose(counts_to_zne(sensor) @ counts, gains[:, None] * motion)
    assert true_axes(sensor).channels[1].response is channels[1].response
    assert nearest_channels(np.eye(3)[[2, 0, 1]]) == (1, 2, 0)


def test_asdf_keeps_the_own_axes_and_says_them(tmp_path):
    """Reading back by the StationXML gives the records of the set in SeisBench's form."""
    from seissynth.io.asdf_sets import asdf_to_seisbench

    axes = TURNED["upside down, 33 degrees off north"]
    common = {"noise": "nhnm", "noise_share": 0.3, "overlap_share": 0.5}
    plain = made(tmp_path / "plain", axes, **common)
    make_dataset(
        tmp_path / "asdf", network(axes), QUAKES, format="asdf", duration=20.0, sampling_rate=50.0,
        variability=False, seed=1, **common,
    )  # fmt: skip
    asdf_to_seisbench(tmp_path / "asdf" / "records_000000.h5", tmp_path / "again")
    again = Dataset(tmp_path / "again")
    rows = np.flatnonzero(plain.metadata["trace_category"] != "noise")
    assert len(again) == len(rows) and again.component_order == "ZNE"
    wanted = plain.waveforms(rows)
    assert np.allclose(again.waveforms(), wanted, rtol=0, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ((("HHZ", 0, -90), ("HH1", 33, 0), ("HH2", 33, 0)), "do not span space"),
        ((("HHZ", 0, -90),), "three components"),
        ((("HHZ", 0, -90), ("HH1", 33, 0)), "three components"),
    ],
)
def test_what_does_not_span_space_is_left_out(tmp_path, axes, words):
    with pytest.warns(SeisSynthWarning, match=words), pytest.raises(InputError, match="no record"):
        make_dataset(tmp_path, network(axes, [1e9] * len(axes)), QUAKES, duration=20.0, sampling_rate=50.0)
