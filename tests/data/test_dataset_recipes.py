"""The papers' sets from small files of the same form; the oracle is the rule applied by hand to made-up rows."""

import h5py
import numpy as np
import obspy
import pandas
import pytest
import scipy.signal
from itaca_files import make_itaca
from seisbench_sets import records, write_by_hand
from typer.testing import CliRunner

from seissynth.cli import make_app
from seissynth.data.recipes.recipes import RECIPES, prepare
from seissynth.errors import FileFormatError, InputError
from seissynth.io.seisbench.dataset import Dataset

ORIGIN = pandas.Timestamp("2018-01-01T00:00:00Z")


def iso(seconds):
    return (ORIGIN + pandas.Timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def columns(count, **changed):
    """Rows that obey every rule: 90 s from 10.004 s before origin, P at sample 1500 and S at 2000 of the trace."""
    table = {
        "source_id": [f"e{k}" for k in range(count)], "source_origin_time": [iso(0)] * count,
        "source_magnitude": [3.5] * count, "source_magnitude_type": ["ML"] * count,
        "trace_start_time": [iso(-10.004)] * count, "trace_P_arrival_sample": [1500.0] * count,
        "trace_S_arrival_sample": [2000.0] * count, "trace_P_status": ["manual"] * count,
        "station_code": ["A"] * count, "path_ep_distance_km": [50.0] * count, "trace_dt_s": [0.01] * count,
        "trace_category": ["earthquake_local"] * count, "number": list(range(count)),
    }  # fmt: skip
    for name, values in changed.items():
        for row, value in values.items():
            table[name][row] = value
    return table


FORMAT = {"dimension_order": "CW", "component_order": "ZNE", "unit": "counts", "measurement": "velocity"}


def test_instance(tmp_path):
    table = columns(
        7, source_magnitude={1: 3.0}, trace_P_arrival_sample={2: np.nan}, trace_start_time={3: iso(0.02), 4: iso(-31)},
        source_magnitude_type={5: "Mw"},
    )  # fmt: skip
    data = records(7, npts=9000)
    data[6, 1] = 0.0
    write_by_hand(tmp_path / "instance", list(data), table, FORMAT, block="bucket0")
    report = prepare("instance", tmp_path / "instance", tmp_path / "new")
    assert (report.read, report.written) == (7, 1)
    assert list(report.left_out.values()) == [2, 2, 1, 1]  # window, magnitude, P, a dead component
    found = Dataset(tmp_path / "new")
    assert found.metadata["number"].tolist() == [0] and found.unit == "counts"
    assert found.data_format["recipe"] == "instance" and '"bandpass"' in found.data_format["preparation"]
    # the window begins at the sample nearest to origin: 10 s into the trace, 4 ms before origin
    row = found.metadata.iloc[0]
    assert row["trace_start_time"] == iso(-0.004) and row["trace_npts"] == 6000
    assert (row["trace_p_arrival_sample"], row["trace_s_arrival_sample"]) == (500.0, 1000.0)
    assert row["trace_p_status"] == "manual" and "trace_P_arrival_sample" not in found.metadata
    # in the middle of the band and of the trace the filter is scipy's
    sos = scipy.signal.butter(4, [1.0, 45.0], "bandpass", fs=100.0, output="sos")
    expected = scipy.signal.sosfilt(sos, scipy.signal.detrend(data[0].astype(float)))[:, 1000:7000]
    np.testing.assert_allclose(found.waveform(0)[:, 1500:], expected[:, 1500:], atol=2e-3)


def test_scedc(tmp_path):
    table = columns(4, trace_dt_s={1: 0.025})
    table["trace_Pn_arrival_sample"] = [np.nan, np.nan, np.nan, 1700.0]
    table["trace_Pg_arrival_sample"] = [1600.0] * 3 + [np.nan]
    del table["trace_P_arrival_sample"]
    data = [records(1, npts=n, seed=n)[0] for n in (7001, 9000, 7000, 12000)]  # 60 s after origin need 7,000 samples
    write_by_hand(tmp_path / "scedc", data, table, FORMAT)
    data[2] = data[2][:, :6999]
    write_by_hand(tmp_path / "scedc", data, table, FORMAT)
    report = prepare("scedc", tmp_path / "scedc", tmp_path / "new")
    assert report.written == 2 and list(report.left_out.values())[:2] == [1, 1]
    found = Dataset(tmp_path / "new")
    assert found.metadata["number"].tolist() == [0, 3]
    assert found.metadata["trace_p_arrival_sample"].tolist() == [600, 700]
    assert found.waveforms().shape == (2, 3, 6000) and found.sampling_rate_hz == 100.0


def make_stead(folder):
    """STEAD's own pair of files: a data set of (6000, 3) per trace, E, N, Z."""
    folder.mkdir()
    data = records(5, npts=6000)
    times = np.arange(6000) / 100.0
    data[0] += 20 * np.sin(2 * np.pi * 3.0 * times) + 5.0  # a tone that 50 Hz holds
    table = {
        "network_code": ["TA"] * 5, "receiver_code": ["001"] * 5, "receiver_type": ["HH"] * 5,
        "receiver_latitude": [40.0] * 5, "p_arrival_sample": [700.0] * 5, "p_status": ["manual"] * 5,
        "s_arrival_sample": [1200.0, 1200.0, 1200.0, np.nan, 1200.0], "source_distance_km": [50, 200, 10, 10, np.nan],
        "source_magnitude": [2.5] * 5, "source_depth_km": ["7.1", "None", "8", "9", "None"],
        "trace_category": ["earthquake_local"] * 2 + ["noise"] + ["earthquake_local"] * 2,
        "trace_name": [f"001.TA_2018010100000{k}_EV" for k in range(5)],
    }  # fmt: skip
    pandas.DataFrame(table).to_csv(folder / "merged.csv", index=False)
    with h5py.File(folder / "merged.hdf5", "w") as file:
        for name, one in zip(table["trace_name"], data, strict=True):
            file.create_group("data") if "data" not in file else None
            file["data"].create_dataset(name, data=one[[2, 1, 0]].T)
    return data


def test_stead(tmp_path):
    data = make_stead(tmp_path / "stead")
    report = prepare("stead", tmp_path / "stead", tmp_path / "new")
    assert report.written == 1 and list(report.left_out.values()) == [1, 2, 1, 0]
    found = Dataset(tmp_path / "new")
    assert (found.sampling_rate_hz, found.unit) == (50.0, "1")
    row = found.metadata.iloc[0]
    assert (row["station_code"], row["trace_p_arrival_sample"], row["trace_s_arrival_sample"]) == ("001", 350.0, 600.0)
    assert row["trace_name_original"] == "001.TA_20180101000000_EV" and row["trace_npts"] == 3000
    one = found.waveform(0).astype(float)
    np.testing.assert_allclose(one.std(axis=1), 1.0, atol=1e-3)
    np.testing.assert_allclose(one.mean(axis=1), 0.0, atol=1e-3)
    # a tone of 3 Hz is the same at half the rate
    assert np.corrcoef(one[0], scipy.signal.decimate(data[0, 0].astype(float), 2, ftype="fir"))[0, 1] > 0.99


def test_stead_in_seisbenchs_form_gives_the_same(tmp_path):
    make_stead(tmp_path / "stead")
    from seissynth.data.recipes.stead_rules import open_stead

    own = open_stead(tmp_path / "stead")
    data = list(own.waveforms(component_order="ZNE"))
    table = own.metadata.drop(columns=["trace_name", "trace_chunk", "trace_component_order"]).to_dict("list")
    write_by_hand(tmp_path / "sb", data, table, FORMAT, block="bucket0")
    prepare("stead", tmp_path / "stead", tmp_path / "one")
    prepare("stead", tmp_path / "sb", tmp_path / "two")
    np.testing.assert_array_equal(Dataset(tmp_path / "one").waveforms(), Dataset(tmp_path / "two").waveforms())


def test_itaca(tmp_path):
    folder, data = make_itaca(tmp_path / "itaca")
    steps = []
    report = prepare("itaca", folder, tmp_path / "new", tag="*acc", progress=lambda *step: steps.append(step))
    assert [total for _, total in steps] == [0] * len(steps) and steps
    assert (report.read, report.written) == (2, 2)
    found = Dataset(tmp_path / "new")
    one = found.waveform(0)
    assert one.shape == (3, 8000) and found.sampling_rate_hz == 200.0 and found.unit == "1"
    np.testing.assert_allclose(one.std(axis=1), 1.0, atol=1e-3)
    np.testing.assert_allclose(found.metadata["trace_p_arrival_sample"][0], 500.0, atol=1e-6)
    # every second sample of the doubled rate is that of the record, but for the z-score
    assert np.corrcoef(one[0, 200:7800:2], data[0, 2, 100:3900])[0, 1] > 0.9
    flat = (folder / "flatfile.txt").read_text()
    for words, count in ((";6.0;8.0;", ";4.0;8.0;"), (";6.0;8.0;", ";6.0;50.0;"), (";5.9;6.0;", ";5.9;;")):
        (folder / "flatfile.txt").write_text(flat.replace(words, count))
        with pytest.raises(InputError, match="no record is left"):
            prepare("itaca", folder, tmp_path / "none", tag="*acc")
    (folder / "flatfile.txt").write_text(flat)
    make_itaca(tmp_path / "long", lengths=(4001, 4001, 4001))
    with pytest.raises(InputError, match="2 left out: at most 40 s"):
        prepare("itaca", tmp_path / "long", tmp_path / "none", tag="*acc")


def test_itaca_pads_shorter_records(tmp_path):
    folder, _ = make_itaca(tmp_path / "itaca", lengths=(3000, 3000, 3000))
    prepare("itaca", folder, tmp_path / "new", tag="*acc")
    one = Dataset(tmp_path / "new").waveform(0)
    assert one.shape == (3, 8000) and np.ptp(one[:, 6100:], axis=1).max() == 0 and np.ptp(one[:, 5000:5900]) > 0


def test_kma(tmp_path, shared_data):
    """Continuous records with inventory and catalogue: the broadband sensors of a piece of the real archive."""
    source = shared_data / "ridgecrest_2019"
    folder = tmp_path / "kma"
    folder.mkdir()
    start = obspy.UTCDateTime(2019, 7, 4, 17, 1)
    stream = obspy.read(str(source / "waveforms.mseed"), starttime=start, endtime=start + 240)
    codes = sorted({trace.stats.station for trace in stream.select(channel="HH?")})[:2]
    kept = obspy.Stream([trace for trace in stream if trace.stats.station in codes])
    kept.write(str(folder / "waveforms.mseed"), format="MSEED")
    catalog = obspy.read_events(str(source / "catalog.xml"))
    events = [item for item in catalog if start + 60 <= item.origins[0].time <= start + 150]
    obspy.core.event.Catalog(events).write(str(folder / "catalog.xml"), format="QUAKEML")
    with pytest.raises(FileFormatError, match=r"lacks inventory\.xml"):
        prepare("kma", folder, tmp_path / "new")
    obspy.read_inventory(str(source / "inventory.xml")).write(str(folder / "inventory.xml"), format="STATIONXML")
    report = prepare("kma", folder, tmp_path / "new", picker=None)
    found = Dataset(tmp_path / "new")
    assert report.written == len(found) == 2 * len(events) > 0
    assert found.waveforms().shape[1:] == (3, 6000) and set(found.metadata["trace_channel"].str[:2]) == {"HH"}


def test_names_and_the_command_line(tmp_path):
    with pytest.raises(InputError, match="did you mean 'stead'"):
        prepare("steed", tmp_path, tmp_path / "new")
    with pytest.raises(InputError, match="no such file or folder"):
        prepare("stead", tmp_path / "none", tmp_path / "new")
    assert list(RECIPES) == ["scedc", "instance", "stead", "kma", "itaca"]
    make_stead(tmp_path / "stead")
    words = ["dataset", "recipe", "stead", str(tmp_path / "stead"), str(tmp_path / "new")]
    result = CliRunner().invoke(make_app(), words)
    assert result.exit_code == 0 and "1 of 5 records written" in result.stdout, result.output
    result = CliRunner().invoke(make_app(), words)
    assert result.exit_code == 1 and "overwrite" in result.stderr
    (tmp_path / "stead" / "merged.hdf5").unlink()
    with pytest.raises(FileFormatError, match=r"lacks merged\.hdf5"):
        prepare("stead", tmp_path / "stead", tmp_path / "other")
