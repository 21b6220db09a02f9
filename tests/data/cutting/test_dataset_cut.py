"""Cutting windows out of continuous records: against the motion that was put into a made-up archive."""

import json
import warnings

import numpy as np
import obspy
import pytest
from archives import GAIN, ORIGINS, PEAK, START, catalog, counts, flat, motion, network, travel
from obspy import UTCDateTime
from obspy.core.event import Catalog, Pick, WaveformStreamID
from obspy_networks import channel, event, inventory, station
from scipy.signal import butter, sosfilt
from typer.testing import CliRunner

from seissynth.data.cutting.cut import CutSettings, cut_events
from seissynth.data.preparation.preparation import Bandpass, Detrend, Preparation, Resample, ZScore, heggs_preparation
from seissynth.errors import FileFormatError, InputError, SeisSynthWarning
from seissynth.io.seisbench.dataset import Dataset
from seissynth.stations.channels import select_sensors


def cut(tmp_path, stream, inv, events=None, **settings):
    report = cut_events(stream, inv, events or catalog(), tmp_path / "out", CutSettings(**settings), overwrite=True)
    return report, Dataset(tmp_path / "out")


def filtered(ground, rate=100.0, band=(1.0, 45.0)):
    return sosfilt(butter(4, band, "bandpass", fs=rate, output="sos"), ground)


def test_windows_hold_the_motion_from_origin_on(tmp_path):
    inv = network()
    ground = motion(inv)
    report, data = cut(tmp_path, counts(ground), inv, noise_windows=0)
    assert (report.asked, report.written, report.sensors, len(data)) == (3, 3, 1, 3)
    expected = filtered(ground)
    for row, origin in enumerate(ORIGINS):
        at = round(origin * 100)
        difference = data.waveform(row) - expected[:, at : at + 6000]
        assert np.abs(difference).max() < 0.002 * PEAK  # rounding to counts, trend and taper of the margin
    assert data.metadata["trace_start_time"].map(UTCDateTime).tolist() == [START + at for at in ORIGINS]
    assert data.sampling_rate_hz == 100.0 and data.unit == "m/s" and data.component_order == "ZNE"


def test_the_first_sample_is_the_one_nearest_to_origin(tmp_path):
    inv, shift = network(), 0.0037
    events = catalog()
    for item in events:
        item.origins[0].time += shift
    _, data = cut(tmp_path, counts(motion(inv)), inv, events, noise_windows=0)
    first = data.metadata["trace_start_time"].map(UTCDateTime)
    late = [time - item.origins[0].time for time, item in zip(first, events, strict=True)]
    assert np.allclose(late, -shift, atol=1e-6)


@pytest.mark.parametrize(
    ("units", "quantity"), [("M/S", "acceleration"), ("M/S**2", "velocity"), ("M/S", "displacement")]
)
def test_other_quantities(tmp_path, units, quantity):
    inv = network(response=lambda: flat(units))
    band = Preparation((Detrend(), Bandpass(1.0, 20.0), Resample(100.0)))
    ground = 1000 * motion(inv)
    _, data = cut(tmp_path, counts(ground), inv, noise_windows=0, quantity=quantity, preparation=band)
    spectrum, frequency = np.fft.rfft(ground), np.fft.rfftfreq(ground.shape[-1], 0.01)
    steps = 1 if quantity == "acceleration" else -1
    frequency[0] = 1.0
    expected = filtered(np.fft.irfft(spectrum * (2j * np.pi * frequency) ** steps, ground.shape[-1]), band=(1.0, 20.0))
    at = round(ORIGINS[0] * 100)
    part = expected[:, at : at + 6000]
    assert np.abs(data.waveform(0) - part).max() < 0.01 * np.abs(part).max()


def test_a_full_response_is_taken_off(tmp_path):
    from seissynth.instruments.response import apply_response
    from seissynth.stations.channels import select_sensors

    inv = network(response=None)  # poles and zeros of a 1 s seismometer
    ground = motion(inv)
    [sensor] = select_sensors(inv.select(station="A"), START)
    recorded = [apply_response(row, one, 100.0, "velocity") for row, one in zip(ground, sensor.channels, strict=True)]
    _, data = cut(tmp_path, counts(np.array(recorded) / GAIN), inv, noise_windows=0)
    at = round(ORIGINS[0] * 100)
    expected = filtered(ground)[:, at : at + 6000]
    assert np.abs(data.waveform(0) - expected).max() < 0.02 * PEAK
    assert set(data.metadata["trace_removed"]) == {"response"}


@pytest.mark.parametrize(
    "angles",
    [
        (("Z", 0.0, -90.0), ("1", 30.0, 0.0), ("2", 120.0, 0.0)),
        (("Z", 0.0, 90.0), ("1", 30.0, 0.0), ("2", 300.0, 0.0)),
        (("1", 200.0, 0.0), ("2", 290.0, 0.0), ("3", 0.0, -90.0)),
    ],
    ids=["turned", "upside down and left-handed", "3 up"],
)
@pytest.mark.parametrize("quantity", ["velocity", "counts"])
def test_axes_are_turned_to_north_and_east(tmp_path, angles, quantity):
    items = [channel("HH" + letter, azimuth=azimuth, dip=dip) for letter, azimuth, dip in angles]
    for item in items:
        item.response = flat()
    items[1].response.instrument_sensitivity.value = 2 * GAIN  # a sensor of unlike gains
    inv = inventory(station("A", items))
    ground = motion(inv)
    axes = np.array([axis(*pointing) @ ground for _, *pointing in angles])
    axes[1] *= 2
    letters = "".join(letter for letter, *_ in angles)
    _, data = cut(tmp_path, counts(axes, letters=letters), inv, noise_windows=0, quantity=quantity)
    expected = filtered(ground)[:, 20000:26000]
    if quantity == "counts":  # those of the instruments turned upright: each keeps its gain
        gains = [1.0, 1.0, 2.0] if letters == "123" else [1.0, 2.0, 1.0]
        expected = GAIN * np.array(gains)[:, None] * expected
    peak = np.abs(expected).max()
    assert np.abs(data.waveform(0) - expected).max() < 0.003 * peak
    assert sorted(data.metadata["trace_components"][0]) == sorted(letters)


def axis(azimuth, dip):
    """Unit vector over Z, N, E."""
    a, d = np.radians([azimuth, dip])
    return np.array([-np.sin(d), np.cos(d) * np.cos(a), np.cos(d) * np.sin(a)])


def test_faster_records_are_brought_to_the_rate(tmp_path):
    inv = network(rate=250.0)
    ground = motion(inv, 250.0)
    band = Preparation((Detrend(), Bandpass(1.0, 20.0), Resample(100.0)))
    report, data = cut(tmp_path, counts(ground, rate=250.0), inv, noise_windows=0, preparation=band)
    assert report.written == 3
    # every 20 ms both rates have a sample
    expected = filtered(ground, 250.0, (1.0, 20.0))[:, 50000:65000:5]
    assert np.abs(data.waveform(0)[:, ::2] - expected).max() < 0.002 * PEAK
    assert set(data.metadata["trace_npts"]) == {6000}


def test_onsets_come_from_picks_then_the_picker_then_the_model(tmp_path):
    inv, events = network(), catalog()
    p, s = travel(inv)
    stream = counts(motion(inv))
    pick = Pick(time=START + ORIGINS[0] + 4.0, phase_hint="Pg", waveform_id=WaveformStreamID("XX", "A"))
    pick.evaluation_mode = "automatic"
    events[0].picks = [pick]
    report, data = cut(tmp_path, stream, inv, events, noise_windows=0)
    rows = data.metadata
    assert rows["trace_p_origin"].tolist()[:2] == ["catalogue", "aic"]
    assert rows["trace_p_status"].tolist()[:2] == ["automatic", "automatic"]
    assert rows["trace_p_arrival_sample"][0] == 400.0
    assert abs(rows["trace_p_arrival_sample"][1] - 100 * p) < 8  # picks sit within 80 ms of the burst
    assert abs(rows["trace_s_arrival_sample"][1] - 100 * s) < 8
    _, data = cut(tmp_path, stream, inv, events, noise_windows=0, picker=None)
    assert data.metadata["trace_s_origin"].tolist() == ["iasp91"] * 3
    assert data.metadata["trace_s_status"].tolist() == ["estimated"] * 3
    assert np.allclose(data.metadata["trace_s_arrival_sample"], 100 * s, atol=0.2)
    assert sum(report.onsets.values()) == 6


def test_the_mask_ends_with_the_next_detectable_earthquake(tmp_path):
    inv = network()
    p, _ = travel(inv)
    _, data = cut(tmp_path, counts(motion(inv)), inv, noise_windows=0)
    assert np.allclose(data.metadata["trace_mask_end_s"], [60.0, 30.0 + p, 60.0], atol=1e-5)
    assert data.metadata["trace_detectable_events"].tolist() == [0, 1, 0]
    # one too small to stand out of the noise does not end the mask
    report, data = cut(tmp_path, counts(motion(inv)), inv, catalog((3.0, 3.0, -1.0)), noise_windows=0)
    assert data.metadata["trace_mask_end_s"].tolist() == [60.0] * 3
    assert report.obey["alone"] == 3


def test_signal_to_noise_is_measured(tmp_path):
    inv = network()
    ground = motion(inv)
    _, data = cut(tmp_path, counts(ground), inv, noise_windows=0, picker=None)
    p, s = travel(inv)
    wave = filtered(ground)[:, round((ORIGINS[0] + s) * 100) :][:, :500]
    noise = filtered(ground)[:, : round((ORIGINS[0] + p - 0.5) * 100)][:, -1000:]
    assert abs(data.metadata["trace_snr_db"][0] - 10 * np.log10((wave**2).mean() / (noise**2).mean())) < 0.1


def test_faults_are_flagged_and_rules_leave_them_out(tmp_path):
    inv = network()
    ground = motion(inv)
    ground[1, 50500:50510] = 6e6 / GAIN  # clipped in the second and third windows' time
    stream = counts(ground)
    gap = stream.select(channel="HHE")[0]
    stream.remove(gap)
    stream += gap.slice(endtime=START + 220.0)
    stream += gap.slice(starttime=START + 225.0)
    dead = counts(motion(inv, code="B"), code="B")
    dead[0].data[20000:20200] = 7
    report, data = cut(tmp_path, stream + dead, inv, noise_windows=0, require=())
    rows = data.metadata.set_index(["station_code", "source_origin_time"]).sort_index()
    first, second, _ = (str(START + at) for at in ORIGINS)
    assert rows.loc[("A", first), "trace_missing_samples"] == 499
    assert rows.loc[("A", second), "trace_is_clipped"] and not rows.loc[("A", first), "trace_is_clipped"]
    assert rows.loc[("B", first), "trace_is_dead"] and not rows.loc[("A", first), "trace_is_dead"]
    assert (report.asked, report.obey["samples"], report.obey["alive"], report.obey["unclipped"]) == (6, 5, 5, 5)
    assert report.obey_all["unclipped"] == 3
    stored = json.loads((tmp_path / "out" / "cut_report.json").read_text())
    assert stored["obey"] == report.obey and stored["settings"]["preparation"] == heggs_preparation().to_dict()
    report, data = cut(tmp_path, stream + dead, inv, noise_windows=0, require=("complete", "alive", "unclipped"))
    assert report.written == len(data) == 3 and not data.metadata["trace_is_clipped"].any()


def test_a_window_whose_margin_is_short_is_not_complete(tmp_path):
    inv = network()
    stream = counts(motion(inv)).slice(endtime=START + ORIGINS[2] + 60.5)
    report, _ = cut(tmp_path, stream, inv, noise_windows=0)
    assert (report.obey["samples"], report.obey["complete"], report.written) == (3, 2, 2)


def test_noise_keeps_away_from_earthquakes(tmp_path):
    inv = network()
    ground = motion(inv, sizes=(1.0, 0.0, 0.0))  # two that the records do not show
    ground[0, 10000:10100] += PEAK  # an earthquake that is not in the catalogue
    report, data = cut(tmp_path, counts(ground), inv, catalog((1.0, 1.0, 1.0)), noise_windows=20)
    noise = data.metadata[data.metadata["trace_category"] == "noise"]
    assert len(noise) == report.noise >= 8
    start = noise["trace_start_time"].map(lambda text: UTCDateTime(text) - START).to_numpy()
    for origin in ORIGINS:
        assert ((start > origin) | (start + 60 < origin + 3)).all()
    assert ((start + 60 < 100) | (start > 100)).all()
    assert np.diff(np.sort(start)).min() >= 60.0
    assert (noise["source_id"].fillna("") == "").all() and noise["trace_p_arrival_sample"].isna().all()


def test_blocks_of_time_change_nothing(tmp_path):
    inv = network()
    stream = counts(motion(inv)) + counts(motion(inv, code="B", seed=1), code="B")
    sets = []
    for block_s in (7200.0, 100.0):
        _, data = cut(tmp_path, stream, inv, noise_windows=0, block_s=block_s)
        order = data.metadata.sort_values(["station_code", "source_origin_time"])
        sets.append((order.drop(columns="trace_name").reset_index(drop=True), data.waveforms(order.index.to_numpy())))
    assert sets[0][0].equals(sets[1][0]) and np.array_equal(sets[0][1], sets[1][1])


def test_files_give_what_a_stream_gives(tmp_path):
    inv = network()
    stream = counts(motion(inv))
    folder = tmp_path / "archive" / "day"
    folder.mkdir(parents=True)
    for number, trace in enumerate(stream):
        for part in (0, 1):
            half = trace.slice(START + 450 * part, START + 450 * part + 449.995)
            half.write(str(folder / f"{number}{part}.mseed"), format="MSEED")
    (folder / "notes.txt").write_text("no waveforms")
    _, direct = cut(tmp_path, stream, inv)
    with pytest.warns(SeisSynthWarning, match="notes.txt"):
        cut_events(tmp_path / "archive", inv, catalog(), tmp_path / "files")
    data = Dataset(tmp_path / "files")
    assert data.metadata.equals(direct.metadata)
    assert np.array_equal(data.waveforms(range(len(data))), direct.waveforms(range(len(direct))))


def test_formats_that_hold_all_channels_in_one_go(tmp_path):
    inv = network()
    stream = counts(motion(inv)).slice(START + 150, START + 300)
    stream.write(str(tmp_path / "all.slist"), format="SLIST")
    _, direct = cut(tmp_path, stream, inv, noise_windows=0)
    cut_events(tmp_path / "all.slist", inv, catalog(), tmp_path / "files", CutSettings(noise_windows=0))
    assert np.array_equal(Dataset(tmp_path / "files").waveform(0), direct.waveform(0))


def test_sensors_that_cannot_be_used_are_named(tmp_path):
    inv = network()
    slow = counts(motion(inv, 40.0, code="B"), code="B", rate=40.0)
    with pytest.warns(SeisSynthWarning, match=r"XX\.B\.\.HH is left out: it records at 40 Hz"):
        report, _ = cut(tmp_path, counts(motion(inv)) + slow, inv, noise_windows=0)
    assert list(report.left_out) == ["XX.B..HH"]
    with pytest.warns(SeisSynthWarning, match="three components"):
        report, _ = cut(tmp_path, counts(motion(inv)) + counts(motion(inv), code="B")[:2], inv, noise_windows=0)


def test_bad_input(tmp_path):
    inv, stream = network(), counts(motion(network()))
    with pytest.raises(InputError, match="no such file"):
        cut(tmp_path, tmp_path / "nowhere", inv)
    (tmp_path / "text.mseed").write_text("words")
    with pytest.raises(FileFormatError, match=r"text\.mseed"):
        cut(tmp_path, tmp_path / "text.mseed", inv)
    with pytest.raises(InputError, match="no window is left"):
        cut(tmp_path, stream, inv, Catalog([event(time=START + 1e6)]), noise_windows=0)
    assert not (tmp_path / "out" / "metadata.csv").exists()
    with pytest.raises(InputError, match="zscore"):
        CutSettings(preparation=Preparation((Resample(100.0), ZScore())))
    with pytest.raises(InputError, match="resample"):
        CutSettings(preparation=Preparation())
    with pytest.raises(InputError, match="taper"):
        CutSettings(tail_s=0.5)
    with pytest.raises(InputError, match="'loudest'"):
        CutSettings(require=("loudest",))
    cut(tmp_path, stream, inv)
    with pytest.raises(InputError, match="exists"):
        cut_events(stream, inv, catalog(), tmp_path / "out")


def test_nothing_is_left_behind_by_an_error(tmp_path, monkeypatch):
    from seissynth.data.cutting import rows as cut_rows

    inv = network()

    def fail(*_):
        raise RuntimeError("stop")

    monkeypatch.setattr(cut_rows, "is_quiet", fail)
    with pytest.raises(RuntimeError, match="stop"):
        cut(tmp_path, counts(motion(inv)), inv, catalog((1.0, 1.0, 1.0)))
    assert not list((tmp_path / "out").glob("*"))


def test_a_folder_without_windows_is_taken_away(tmp_path):
    inv = network()
    late = Catalog([event(3.0, time=START + 1e6, kind="ML")])
    with pytest.raises(InputError):
        cut(tmp_path, counts(motion(inv)), inv, late, noise_windows=0)
    assert not (tmp_path / "out").exists()


def test_counts_expected_are_those_of_the_strongest_component():
    from seissynth.data.cutting.cut import largest_gain

    [sensor] = select_sensors(network(), START)[:1]
    settings = CutSettings(quantity="counts")
    gain = largest_gain(sensor, settings)
    sensor.channels[0].response.instrument_sensitivity = None
    assert largest_gain(sensor, settings) == gain > 0
    sensor.channels[2].response.instrument_sensitivity.value *= -3
    assert largest_gain(sensor, settings) == 3 * gain
    for component in sensor.channels:
        component.response.instrument_sensitivity = None
    assert largest_gain(sensor, settings) == np.inf


def test_command_line(tmp_path, monkeypatch):
    from seissynth.cli import make_app

    monkeypatch.chdir(tmp_path)
    inv = network(response=None)
    counts(motion(inv)).write("records.mseed", format="MSEED")
    inv.write("stations.xml", format="STATIONXML")
    catalog().write("events.xml", format="QUAKEML")
    words = ["dataset", "cut", "-w", "records.mseed", "-i", "stations.xml", "-c", "events.xml", "-o", "windows"]
    done = CliRunner().invoke(make_app(), [*words, "--band", "1,20", "--require", "none"])
    assert done.exit_code == 0, done.output
    assert "| complete |" in done.stdout and "3 windows of 3 earthquakes" in done.stderr
    data = Dataset("windows")
    stored = Preparation.from_json(data.data_format["preparation"])
    assert stored.steps[2] == Bandpass(1.0, 20.0)
    again = CliRunner().invoke(make_app(), words)
    assert again.exit_code == 1 and "exists" in again.stderr


@pytest.fixture(scope="module")
def ridgecrest(shared_data, tmp_path_factory):
    folder = shared_data / "ridgecrest_2019"
    inv, events = obspy.read_inventory(folder / "inventory.xml"), obspy.read_events(folder / "catalog.xml")
    out = tmp_path_factory.mktemp("ridgecrest")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = cut_events(
            folder / "waveforms.mseed", inv, events, out / "set", CutSettings(velocity_model="southern_california")
        )
    return report, Dataset(out / "set")


def test_ridgecrest_gives_the_expected_windows(ridgecrest):
    report, data = ridgecrest
    assert (report.events, report.sensors, report.asked, report.obey["complete"]) == (75, 18, 1350, 1332)
    assert report.by_channel == {"HH": 888, "HN": 222, "EH": 222}
    quakes = data.metadata[data.metadata["trace_category"] != "noise"]
    assert len(quakes) == 1332 and round(quakes["path_ep_distance_km"].mean()) == 38
    assert quakes["path_ep_distance_km"].between(7.5, 73.5).all()
    assert (~quakes["trace_is_clipped"]).sum() == report.obey_all["unclipped"]


def test_ridgecrest_expected_peaks_are_of_the_right_size(ridgecrest):
    """The relation behind "detectable" against what the loud records hold."""
    from seissynth.data.cutting.measures import expected_amplitude

    _, data = ridgecrest
    rows = data.metadata
    loud = rows[(rows["trace_snr_db"] > 10) & ~rows["trace_is_clipped"]]
    waves = data.waveforms(loud.index.to_numpy())
    found = []
    for wave, (_, row) in zip(waves, loud.iterrows(), strict=True):
        at = int(row["path_s_travel_s"] * 100)
        size = row["source_magnitude"], row["path_hyp_distance_km"]
        expected = expected_amplitude(*size, "velocity", "southern_california")
        found.append(np.log10(np.abs(wave[1:, at - 30 : at + 500]).max() / expected))
    assert abs(np.median(found)) < 0.2 and np.std(found) < 0.5


def test_germany_gives_its_records_with_full_responses(shared_data, tmp_path):
    folder = shared_data / "germany_regional"
    inv, events = obspy.read_inventory(folder / "inventory.xml"), obspy.read_events(folder / "catalog.xml")
    steps = Preparation((Detrend(), Bandpass(0.5, 8.0), Resample(20.0)))
    settings = CutSettings(
        duration_s=200.0, start_s=-5.0, lead_s=5.0, preparation=steps, noise_windows=0, require=("samples",),
        channel="HH?",
    )  # fmt: skip
    report = cut_events(folder / "waveforms.mseed", inv, events, tmp_path / "set", settings)
    data = Dataset(tmp_path / "set")
    assert report.written == 24 and set(data.metadata["trace_removed"]) == {"response"}
    # ObsPy's own removal of the response, on one record
    row = data.metadata.iloc[0]
    stream = obspy.read(folder / "waveforms.mseed").select(station=row["station_code"], channel="HHZ")
    origin = UTCDateTime(row["source_origin_time"])
    [trace] = [one for one in stream if abs(one.stats.starttime + 10 - origin) < 20]
    trace.data = trace.data.astype(float)
    trace.detrend("demean").taper(None, max_length=2.0)
    options = {"water_level": None, "zero_mean": False, "taper": False}
    trace.remove_response(inv, output="VEL", pre_filt=(0.05, 0.1, 9.0, 9.9), **options)
    expected = filtered(trace.data, 20.0, (0.5, 8.0))
    at = round((UTCDateTime(row["trace_start_time"]) - trace.stats.starttime) * 20)
    part = expected[at : at + 4000]
    assert np.abs(data.waveform(0)[0] - part).max() < 0.01 * np.abs(part).max()
