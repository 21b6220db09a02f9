"""Spectrograms, smoothed spectra and response spectra: what stands in the figures."""

import numpy as np
import obspy
import pytest
from fake_stream import fake_stream

from seissynth.errors import InputError
from seissynth.example import read_example
from seissynth.plotting import plot_response_spectra, plot_smoothed_spectra, plot_spectrogram
from seissynth.signal import response_spectrum, rotd
from seissynth.signal.motion import convert_motion


@pytest.fixture(scope="module")
def stream():
    return fake_stream(*read_example())


def lines_of(axes):
    return {line.get_label(): line.get_data() for line in axes.lines if not line.get_label().startswith("_")}


def test_spectrogram_stands_below_its_trace(stream):
    one = stream.select(station="AMAT", channel="HH?")
    figure = plot_spectrogram(one)
    assert len(figure.axes) == 7  # two a component, and the colours
    for number in range(3):
        above, below = figure.axes[2 * number : 2 * number + 2]
        assert above.get_title() == one[number].stats.channel[-1]
        assert above.get_xlim() == below.get_xlim() and below.get_yscale() == "log"
        onsets = [line.get_xdata()[0] for line in below.lines if line.get_gid() == "onset-P"]
        assert onsets == [one[number].stats.seissynth.p_s]
    assert figure.axes[6].get_ylabel() == "dB of (m/s)²/Hz"


def test_spectrogram_finds_a_tone():
    trace = obspy.Trace(np.sin(2 * np.pi * 8.0 * np.arange(3000) / 100) * (np.arange(3000) >= 1500))
    trace.stats.sampling_rate = 100.0
    figure = plot_spectrogram(trace)
    mesh = figure.axes[1].collections[0]
    levels = mesh.get_array()
    frequencies = mesh.get_coordinates()[:-1, 0, 1]
    times = mesh.get_coordinates()[0, :-1, 0]
    late = levels[:, np.searchsorted(times, 22.0)]
    assert frequencies[late.argmax()] == pytest.approx(8.0, abs=0.5)
    assert levels[:, np.searchsorted(times, 8.0)].max() < late.max() - 60
    with pytest.raises(InputError, match="16 or more"):
        plot_spectrogram(obspy.Trace(np.zeros(10)))


def test_several_sensors_of_a_spectrogram(stream):
    figure = plot_spectrogram(stream, max_sensors=2)
    assert "nearest 2 of 7" in figure.get_suptitle() and len(figure.axes) == 14


def test_smoothed_spectra_are_smooth(stream):
    figure = plot_smoothed_spectra(stream.select(station="AMAT", channel="HH?"))
    curves = lines_of(figure.axes[0])
    assert set(curves) == {"Z", "N", "E", "noise before P, scaled"} and "S window" in figure.axes[0].get_title()
    wild, calm = (
        lines_of(plot_smoothed_spectra(stream.select(station="AMAT"), bandwidth=b).axes[0])["N"][1]
        for b in (150.0, 15.0)
    )
    assert np.abs(np.diff(np.log(calm))).mean() < 0.5 * np.abs(np.diff(np.log(wild))).mean()


def centred(trace):
    """Samples about the mean of what comes before P."""
    info = trace.stats.seissynth
    before = int((info.origin_time + info.p_s - trace.stats.starttime) * trace.stats.sampling_rate)
    return trace.data - trace.data[:before].mean(dtype=float)


def test_response_spectra_are_those_of_the_acceleration(stream):
    one = stream.select(station="AMAT", channel="HH?")
    periods = np.array([2.0, 0.1, 0.5])
    curves = lines_of(plot_response_spectra(one, periods_s=periods, damping=0.1).axes[0])
    assert list(curves) == ["Z", "N", "E", "RotD50"]
    motions = [convert_motion(centred(trace), trace.stats.sampling_rate, "velocity", "acceleration") for trace in one]
    for letter, motion in zip("ZNE", motions, strict=True):
        drawn_periods, psa = curves[letter]
        assert drawn_periods.tolist() == [0.1, 0.5, 2.0]
        assert psa == pytest.approx(response_spectrum(motion, 50.0, drawn_periods, 0.1), rel=1e-6)
    rotd50 = rotd(*motions[1:], 50.0, [0.1, 0.5, 2.0], (50,), damping=0.1)[0]
    assert curves["RotD50"][1] == pytest.approx(rotd50, rel=1e-6)


def test_what_response_spectra_refuse(stream):
    counts = fake_stream(*read_example(), quantity="counts")
    with pytest.raises(InputError, match="need ground motion"):
        plot_response_spectra(counts)
    with pytest.raises(InputError, match="above 0"):
        plot_response_spectra(stream, periods_s=[0.0, 1.0])


@pytest.mark.parametrize("draw", [plot_spectrogram, plot_smoothed_spectra, plot_response_spectra])
def test_empty_streams_and_none_at_all(draw, stream):
    with pytest.raises(InputError, match="empty"):
        draw(obspy.Stream())
    with pytest.raises(InputError, match="1 or more"):
        draw(stream, max_sensors=0)
