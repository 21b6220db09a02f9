import subprocess
import sys

import matplotlib
import numpy as np
import obspy
import pytest
from fake_stream import fake_stream

from seissynth.errors import InputError
from seissynth.example import read_example
from seissynth.plotting import plot_comparison, plot_map, plot_section, plot_spectra, plot_traces
from seissynth.plotting.comparison import spectrogram
from seissynth.plotting.spectra import amplitude_spectrum
from seissynth.plotting.style import scaled_unit
from seissynth.units import pretty_unit


@pytest.fixture(scope="module")
def example():
    return read_example()


@pytest.fixture
def stream(example):
    return fake_stream(*example)


def onset_lines(axes, letter):
    return [line.get_xdata()[0] for line in axes.lines if line.get_gid() == f"onset-{letter}"]


def test_traces_of_one_station(stream):
    one = stream.select(station="AMAT")
    figure = plot_traces(one)
    assert len(figure.axes) == 3
    for axes, trace in zip(figure.axes, one, strict=True):
        info = trace.stats.seissynth
        assert axes.get_ylabel() == trace.stats.channel[-1]
        assert onset_lines(axes, "P") == [info.p_s] and onset_lines(axes, "S") == [one[0].stats.seissynth.s_s]
        times, data = axes.lines[0].get_data()
        assert times[0] == pytest.approx(trace.stats.starttime - info.origin_time)
        factor = scaled_unit(max(np.abs(t.data).max() for t in one), "m/s")[0]
        assert np.ptp(data) == pytest.approx(np.ptp(trace.data.astype(float)) * factor)
    assert figure.axes[-1].get_xlabel() == "Time after origin (s)"
    assert figure.get_supylabel() in ("Velocity (µm/s)", "Velocity (mm/s)", "Velocity (nm/s)")
    assert "Mw" not in figure.get_suptitle() and "ML 5.2" in figure.get_suptitle()


def test_traces_of_several_stations_stand_nearest_first(stream):
    figure = plot_traces(stream, max_sensors=4)
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    distances = [float(label.split("\n")[1].removesuffix(" km")) for label in labels]
    assert len(labels) == 4 and distances == sorted(distances)
    assert "nearest 4 of 7" in figure.get_suptitle()
    assert all("m/s)" in label for label in labels)
    plain = [[text for text in axes.texts if text.get_gid() != "peak"] for axes in figure.axes[:3]]
    letters = [{text.get_text() for text in texts} - {"P", "S"} for texts in plain]
    assert letters in ([{"Z"}, {"N"}, {"E"}], [{"Z"}, {"1"}, {"2"}])


def test_onsets_that_are_unknown_are_not_drawn(stream):
    for trace in stream:
        trace.stats.seissynth.s_s = float("nan")
    figure = plot_traces(stream)
    assert not any(onset_lines(axes, "S") for axes in figure.axes)
    assert any(onset_lines(axes, "P") for axes in figure.axes)


def test_whole_numbers_are_counts_and_other_traces_have_no_unit():
    stream = obspy.read()
    assert plot_traces(stream).get_supylabel().startswith("Amplitude (10") and len(stream) == 3
    assert "counts" in plot_traces(stream, quantity="RAW").get_supylabel()
    assert "m/s" in plot_traces(stream, quantity="VEL").get_supylabel()
    for trace in stream:
        trace.data = trace.data.astype("int32")
    figure = plot_traces(stream)
    assert "counts" in figure.get_supylabel() and figure.axes[-1].get_xlabel() == "Time after its start (s)"


def test_section_puts_traces_at_their_distances(stream):
    figure = plot_section(stream, component="Z")
    axes = figure.axes[0]
    vertical = {trace.id: trace.stats.seissynth for trace in stream.select(component="Z")}
    named = {line.get_gid() or "": line for line in axes.lines}
    drawn = {name.removeprefix("trace-"): line for name, line in named.items() if name.startswith("trace-")}
    assert drawn.keys() == vertical.keys()
    for code, line in drawn.items():
        middle = np.median(line.get_ydata())
        assert middle == pytest.approx(vertical[code].conditions.path_ep_distance_km, abs=3.0)
    named = {text.get_text(): text.xy[1] for text in axes.texts}
    for code, line in drawn.items():  # a code's line leads to its trace, also where that was moved
        assert named[code[:-1]] == pytest.approx(np.median(line.get_ydata()), abs=0.2)
    curves = {line.get_label(): line.get_data() for line in axes.lines if line.get_label() in "PS"}
    nearest = sorted(vertical.values(), key=lambda info: info.conditions.path_ep_distance_km)
    assert list(curves["P"][0]) == [info.p_s for info in nearest]
    assert list(curves["S"][1]) == [info.conditions.path_ep_distance_km for info in nearest]
    assert axes.get_ylabel().startswith("Epicentral distance (km")
    assert "sensors" not in axes.get_title()
    assert "(6 of 7 sensors)" in plot_section(stream, component="N").axes[0].get_title()
    reduced = plot_section(stream, reduction_km_s=6.0).axes[0]
    assert "6 km/s" in reduced.get_xlabel()


def test_spectra_show_signal_over_noise(stream):
    figure = plot_spectra(stream.select(station="AMAT", channel="HH?"))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["noise before P, scaled to the S window", "S window"]
    first = figure.axes[0]
    noise, signal = (line.get_ydata() for line in first.lines)
    assert np.median(signal) > 3 * np.median(noise)
    assert first.get_xscale() == first.get_yscale() == "log"
    assert "((m/s)/Hz)" in first.get_ylabel() and figure.axes[-1].get_xlabel() == "Frequency (Hz)"


def test_spectrum_of_white_noise_and_of_a_sine():
    rng = np.random.default_rng(1)
    data, step = rng.standard_normal(20000), 0.01
    frequencies, amplitudes = amplitude_spectrum(data, step)
    # Parseval: |X|² is n dt² for unit variance; the tapers take 5 % of a cosine at both ends
    expected = np.sqrt(20000 * (1 - 0.1 + 0.1 * 3 / 8)) * step
    assert np.median(amplitudes[frequencies > 1]) == pytest.approx(expected, rel=0.05)
    sine = 3.0 * np.sin(2 * np.pi * 5.0 * np.arange(4000) * step)
    frequencies, amplitudes = amplitude_spectrum(sine, step)
    assert frequencies[np.argmax(amplitudes)] == pytest.approx(5.0, rel=0.12)


def test_spectrogram_holds_the_power():
    rng = np.random.default_rng(2)
    step = 0.02
    frequencies, times, power = spectrogram(2.0 * rng.standard_normal(50000), step)
    # one-sided density of white noise with variance 4 is 4 * 2 dt
    assert power[5:-5].mean() == pytest.approx(4 * 2 * step, rel=0.03)
    assert power.shape == (frequencies.size, times.size) and frequencies[-1] == 25.0
    assert times[0] == 0.0 and times[-1] == pytest.approx(50000 * step, abs=1.0)


def test_map_has_stations_scale_and_beachball(example):
    inventory, event = example
    figure = plot_map(inventory, event)
    axes = figure.axes[0]
    codes = {text.get_text() for text in axes.texts}
    assert codes >= {station.code for station in inventory[0]}
    scale = next(line for line in axes.lines if line.get_gid() == "scale-bar")
    kilometres = float(next(code for code in codes if code.endswith(" km")).removesuffix(" km"))
    from obspy.geodetics import gps2dist_azimuth

    latitude = np.mean([station.latitude for station in inventory[0]])
    x = scale.get_xdata()
    assert gps2dist_azimuth(latitude, x[1], latitude, x[2])[0] / 1000 == pytest.approx(kilometres, rel=0.01)
    low, high = axes.get_ylim()
    assert axes.get_aspect() == pytest.approx(1 / np.cos(np.radians((low + high) / 2)), rel=0.01)
    assert any(item.get_gid() == "beachball" for item in axes.collections)
    plain = event.copy()
    plain.focal_mechanisms = []
    plain.preferred_focal_mechanism_id = None
    stars = [item.get_gid() for item in plot_map(inventory, plain).axes[0].collections]
    assert "epicentre" in stars and "beachball" not in stars
    assert plot_map(inventory).axes[0].get_title() == "7 stations"


def test_map_labels_do_not_cover_each_other():
    inventory, event = read_example()
    for number, station in enumerate(inventory[0].stations[:5]):  # a tight row, as of an array
        station.latitude, station.longitude = 43.1, 12.7 + 0.06 * number
    figure = plot_map(inventory, event)
    renderer = figure.canvas.get_renderer()
    figure.draw_without_rendering()
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    assert not any(one.overlaps(two) for i, one in enumerate(boxes) for two in boxes[:i])


def test_map_across_the_date_line():
    inventory, _ = read_example()
    for number, station in enumerate(inventory[0]):
        station.longitude = 179.5 if number % 2 else -179.5
    low, high = plot_map(inventory).axes[0].get_xlim()
    assert high - low < 10


def test_comparison_shares_axes(example, stream):
    synthetic = stream.select(station="AMAT", channel="HH?")
    real = fake_stream(*example, seed=99).select(station="AMAT", channel="HH?").copy()
    for trace in real:
        del trace.stats["seissynth"]
    figure = plot_comparison(synthetic, real)
    made, found = figure.axes[0], figure.axes[1]
    assert made.get_ylim() == found.get_ylim() and made.get_xlim() == found.get_xlim()
    assert "Synthetic" in made.get_title() and "Real" in found.get_title()
    assert onset_lines(found, "P") == onset_lines(made, "P") == [synthetic[0].stats.seissynth.p_s]
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert "Frequency (Hz)" in labels and any(label.startswith("dB of (m/s)²/Hz") for label in labels)
    assert any("Amplitude N ((m/s)/Hz)" in label for label in labels)


def test_files_and_settings(tmp_path, stream):
    with matplotlib.rc_context({"font.size": 23.0, "axes.spines.top": True}):
        before = dict(matplotlib.rcParams)
        for name in ("a.png", "a.pdf", "a.svg"):
            figure = plot_traces(stream.select(station="AMAT"), outfile=tmp_path / name)
        after = dict(matplotlib.rcParams)
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG" and (tmp_path / "a.pdf").read_bytes()[:4] == b"%PDF"
    assert after == before
    assert figure.axes[0].xaxis.label.get_fontsize() == 9.0  # nor do the user's settings change the figure
    with pytest.raises(InputError, match="ending"):
        plot_traces(stream, outfile=tmp_path / "a.xyz")
    with pytest.raises(InputError, match="no folder"):
        plot_traces(stream, outfile=tmp_path / "none" / "a.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "a.png", "a.svg"]


def test_pyplot_and_matplotlib_stay_away():
    code = (
        "import sys, obspy, seissynth.plotting as p; "
        "p.plot_traces(obspy.read()); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    subprocess.run(
        [sys.executable, "-c", "import sys, seissynth.plotting; assert 'matplotlib' not in sys.modules"], check=True
    )


@pytest.mark.parametrize("draw", [plot_traces, plot_section, plot_spectra])
def test_what_cannot_be_drawn(draw, stream):
    with pytest.raises(InputError, match="empty"):
        draw(obspy.Stream())
    with pytest.raises(InputError, match="give an obspy Stream"):
        draw([stream])
    broken = stream.copy()
    broken[0].data = np.ma.masked_equal(broken[0].data, broken[0].data[0])
    with pytest.raises(InputError, match="gaps"):
        draw(broken)


def test_sections_and_comparisons_refuse_mixtures(example, stream):
    with pytest.raises(InputError, match="several events"):
        plot_section(stream + fake_stream(*example, realization=1))
    with pytest.raises(InputError, match="component='X'"):
        plot_section(stream, component="X")
    with pytest.raises(InputError, match="no trace has a distance"):
        plot_section(obspy.read())
    with pytest.raises(InputError, match="holds 7 sensors"):
        plot_comparison(stream, stream)
    one = stream.select(station="AMAT", channel="HH?")
    with pytest.raises(InputError, match="one unit"):
        plot_comparison(one, fake_stream(*example, quantity="counts").select(station="AMAT", channel="HH?"))
    with pytest.raises(InputError, match="no station"):
        plot_map(obspy.Inventory())


@pytest.mark.parametrize(
    ("peak", "unit", "expected"),
    [
        (0.0021, "m/s", (1e3, "mm/s")),
        (3.0, "m/s**2", (1.0, "m/s²")),
        (4000.0, "m", (1.0, "m")),
        (2.5e-10, "m", (1e12, "pm")),
        (0.0, "m/s", (1.0, "m/s")),
        (1.5e6, "counts", (1e-6, "10⁶ counts")),
        (999.0, "counts", (1.0, "counts")),
    ],
)
def test_units_with_prefix(peak, unit, expected):
    factor, label = scaled_unit(peak, unit)
    assert (factor, label) == (pytest.approx(expected[0]), expected[1])


def test_unit_of_a_pure_number():
    assert pretty_unit("1") == "" and scaled_unit(0.5, "1") == (1000.0, "10⁻³")


def test_windows_open_once_in_a_script_and_never_for_files_and_reports(stream, tmp_path, monkeypatch):
    """As ObsPy's `plot`; Agg stands for a backend with windows, and pyplot's list of figures for the screen."""
    import matplotlib.pyplot as plt

    from seissynth.plotting import style

    shown = []
    monkeypatch.setattr(plt, "show", lambda *args, **kwargs: shown.append(plt.get_fignums()))
    before = plt.get_fignums()
    for _ in range(30):
        plot_traces(stream, max_sensors=1)
    assert plt.get_fignums() == before and not shown  # no windows here, and nothing is kept
    monkeypatch.setattr(style, "has_windows", lambda: True)
    figure = plot_traces(stream)
    assert len(shown) == 1 and len(shown[0]) == len(before) + 1 and plt.gcf() is figure
    plt.close(figure)
    plot_traces(stream, outfile=tmp_path / "a.png")
    with style.without_windows():
        plot_traces(stream)
    assert len(shown) == 1 and plt.get_fignums() == before


def test_the_title_counts_all_events(stream):
    """More sensors than are drawn, of two events whose nearest ones belong to one of them."""
    second = stream.copy()
    for trace in second:
        info = trace.stats.seissynth
        info.event_key, info.origin_time = "another", info.origin_time + 1000
        info.conditions.path_hyp_distance_km += 500
        trace.stats.starttime += 1000
    figure = plot_traces(stream + second, max_sensors=3)
    assert "2 events" in figure.get_suptitle() and "first 3 of 14 records" in figure.get_suptitle()


def test_a_figure_shows_itself_in_a_notebook(stream):
    figure = plot_traces(stream)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_picture_is_drawn_once_and_is_that_of_savefig(stream, tmp_path, monkeypatch):
    from matplotlib.figure import Figure
    from matplotlib.image import imread
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    draw, drawn = Figure.draw, []

    def counted(figure, renderer):
        drawn.append(figure)
        draw(figure, renderer)

    monkeypatch.setattr(Figure, "draw", counted)
    figure = plot_traces(stream, outfile=tmp_path / "ours.png")
    assert len(drawn) == 1
    assert isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine)
    plot_traces(stream).savefig(tmp_path / "theirs.png")
    ours, theirs = imread(tmp_path / "ours.png"), imread(tmp_path / "theirs.png")
    assert (ours != theirs).mean() < 1e-3  # without our settings letters differ a little
