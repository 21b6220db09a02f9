"""Rows of traces: peaks, one time axis, ensembles; and traces that other programs wrote."""

import numpy as np
import obspy
import pytest
from fake_stream import fake_stream

from seissynth.ensemble import Ensemble
from seissynth.errors import InputError
from seissynth.example import read_example
from seissynth.io.files import write
from seissynth.plotting import plot_response_spectra, plot_section, plot_smoothed_spectra, plot_traces


@pytest.fixture(scope="module")
def example():
    return read_example()


@pytest.fixture
def stream(example):
    return fake_stream(*example)


def test_each_trace_names_its_peak(stream):
    figure = plot_traces(stream, max_sensors=2)
    for axes in figure.axes:
        [peak] = [text.get_text() for text in axes.texts if text.get_gid() == "peak"]
        assert float(peak) == pytest.approx(np.abs(axes.lines[0].get_ydata()).max(), rel=0.01)


def test_one_time_axis_holds_every_record_whole(stream):
    for trace in stream.select(station="AMAT"):
        trace.data = trace.data[:1000]
    apart, together = plot_traces(stream), plot_traces(stream, same_time=True)
    assert len({axes.get_xlim() for axes in apart.axes}) > 1
    first = min(trace.stats.starttime - trace.stats.seissynth.origin_time for trace in stream)
    last = max(trace.stats.endtime - trace.stats.seissynth.origin_time for trace in stream)
    assert {axes.get_xlim() for axes in together.axes} == {(first, last)}


def test_an_ensemble_shows_the_realisations_of_the_nearest_station_on_one_scale(example):
    streams = [fake_stream(*example, realization=number) for number in range(3)]
    for trace in streams[2]:
        trace.data = trace.data * 5
    figure = plot_traces(Ensemble(streams))
    distance = {t.stats.station: t.stats.seissynth.conditions.path_ep_distance_km for t in streams[0]}
    nearest = min(distance, key=distance.get)
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert [label.split("\n")[2] for label in labels] == [f"realisation {number}" for number in range(3)]
    assert all(nearest in label for label in labels)
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    one = plot_traces(Ensemble(streams).select(station="TIBE"))
    assert "TIBE" in one.axes[0].get_ylabel()
    assert (
        Ensemble(streams).plot(max_sensors=2).get_suptitle()
        == plot_traces(Ensemble(streams), max_sensors=2).get_suptitle()
    )
    with pytest.raises(InputError, match="empty"):
        plot_traces(Ensemble([]))


@pytest.mark.parametrize("draw", [plot_response_spectra, plot_smoothed_spectra])
def test_a_legend_names_each_colour_once(stream, draw):
    figure = draw(stream, max_sensors=7)  # PIAN and others have N and E, BORE has 1 and 2
    lines = figure.legends[0].get_lines()
    looks = [(line.get_color(), line.get_linewidth()) for line in lines]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(set(looks)) == len(looks) and {"N or 1", "E or 2"} <= set(texts)


def test_stations_at_one_distance_do_not_hide_each_other(stream):
    for trace in stream.select(station="FERM"):
        trace.stats.seissynth.conditions.path_ep_distance_km = 50.0
    for trace in stream.select(station="LAGO"):
        trace.stats.seissynth.conditions.path_ep_distance_km = 50.0
    axes = plot_section(stream).axes[0]
    drawn = {line.get_gid(): line for line in axes.lines if str(line.get_gid()).startswith("trace-")}
    middles = sorted(float(np.median(line.get_ydata())) for line in drawn.values())
    spread = [np.ptp(line.get_ydata()) for line in drawn.values()]
    assert np.diff(middles).min() > 0.25 * max(spread)
    assert "moved apart by up to" in axes.get_ylabel()
    alone = plot_section(stream.select(station="FERM")).axes[0]
    assert alone.get_ylabel() == "Epicentral distance (km)"


def test_sac_files_keep_origin_distance_onsets_and_unit(stream, tmp_path):
    for trace in stream:  # fake_stream leaves S out of the third component
        trace.stats.seissynth.s_s = trace.stats.seissynth.p_s * 1.7
    write(tmp_path / "{station}.{channel}.sac", stream)
    read = obspy.read(str(tmp_path / "*.sac"))
    assert "seissynth" not in read[0].stats
    ours, theirs = plot_section(stream).axes[0], plot_section(read).axes[0]
    for letter in "PS":
        one, two = (
            next(line for line in axes.lines if line.get_label() == letter).get_xydata() for axes in (ours, theirs)
        )
        np.testing.assert_allclose(one, two, atol=2e-3)
    assert "Velocity" in plot_traces(read).get_suptitle()
    with pytest.raises(InputError, match="holds velocity"):
        plot_traces(read, quantity="ACC")
    with pytest.raises(InputError, match="quantity='speed' must be one of"):
        plot_traces(read, quantity="speed")
