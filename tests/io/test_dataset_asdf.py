"""Sets between SeisBench's format and ASDF; ITACA's files are made up with pyasdf and ObsPy alone."""

import numpy as np
import obspy
import pandas
import pytest
from itaca_files import make_itaca
from seisbench_sets import records, write_by_hand
from typer.testing import CliRunner

import seissynth
from seissynth.cli import make_app
from seissynth.errors import FileFormatError, InputError, SeisSynthWarning, WriteError
from seissynth.io.asdf import write_asdf
from seissynth.io.asdf_sets import asdf_to_seisbench, read_asdf_records, seisbench_to_asdf
from seissynth.io.flatfile import read_flatfile
from seissynth.io.seisbench.dataset import Dataset, DatasetWriter
from seissynth.schema import COLUMNS, TRACE_COLUMNS

START = obspy.UTCDateTime(2016, 8, 24, 1, 36, 30)


@pytest.fixture
def some_set(tmp_path):
    data = records(4)
    rows = [
        {
            "source_id": f"e{number // 2}", "source_origin_time": f"2020-01-0{1 + number // 2}T00:00:00.000001Z",
            "source_latitude_deg": 42.5, "source_longitude_deg": 13.25, "source_depth_km": 8.125,
            "source_magnitude": 4.5 + number // 2, "source_magnitude_type": "Mw", "station_network_code": "IT",
            "station_code": f"00{number}", "station_location_code": "00", "station_latitude_deg": 42.0 + 0.1 * number,
            "station_longitude_deg": 13.0, "station_elevation_m": 850.5, "trace_channel": "HN",
            "trace_start_time": f"2020-01-0{1 + number // 2}T00:00:0{number}.250000Z",
            "trace_p_arrival_sample": 20.25, "trace_p_status": "manual", "split": "train",
            "my_number": 0.1 + 0.2, "trace_p_origin": "", "nothing": None,
        }
        for number in range(4)
    ]  # fmt: skip
    rows[3] = {"station_code": "N", "trace_start_time": "2021-01-01T00:00:00Z", "trace_category": "noise"}
    with DatasetWriter(
        tmp_path / "set", sampling_rate_hz=100.0, component_order="ENZ", unit="m/s**2", quantity="acceleration",
        extra_format={"licence": "CC BY"},
    ) as writer:  # fmt: skip
        writer.write(rows, data)
    return tmp_path / "set", data


def test_there_and_back_loses_nothing(some_set, tmp_path):
    folder, data = some_set
    assert seisbench_to_asdf(folder, tmp_path / "set.h5") == 4
    assert asdf_to_seisbench(tmp_path / "set.h5", tmp_path / "back") == 4
    one, two = Dataset(folder), Dataset(tmp_path / "back")
    np.testing.assert_array_equal(two.waveforms(component_order="ENZ"), data)
    shared = [name for name in one.metadata.columns if name not in ("trace_name", "trace_component_order")]
    pandas.testing.assert_frame_equal(one.metadata[shared], two.metadata[shared], check_exact=True)
    assert two.data_format == one.data_format and two.data_format["licence"] == "CC BY"


def test_what_pyasdf_finds(some_set, tmp_path):
    pyasdf = pytest.importorskip("pyasdf")
    folder, data = some_set
    seisbench_to_asdf(folder, tmp_path / "set.h5")
    with pyasdf.ASDFDataSet(str(tmp_path / "set.h5"), mode="r", mpi=False) as file:
        assert file.waveforms.list() == ["IT.000", "IT.001", "IT.002", "XX.N"]
        station = file.waveforms["IT.001"]
        [trace] = station["row_0000001"].select(channel="HNN")
        np.testing.assert_array_equal(trace.data, data[1, 1])
        assert trace.stats.starttime == obspy.UTCDateTime("2020-01-01T00:00:01.25")
        assert station.StationXML[0][0].elevation == 850.5 and len(station.StationXML[0][0].channels) == 3
        first, second = file.events
        assert [event.magnitudes[0].mag for event in (first, second)] == [4.5, 5.5]
        assert trace.stats.asdf.event_ids[0] == first.resource_id and first.origins[0].depth == 8125.0
        assert [pick.time for pick in first.picks] == [
            obspy.UTCDateTime("2020-01-01T00:00:00.4525"), obspy.UTCDateTime("2020-01-01T00:00:01.4525")
        ]  # fmt: skip


def test_the_table_aside(some_set, tmp_path):
    """Without the table left in the file, events, stations and picks give the same."""
    folder, data = some_set
    seisbench_to_asdf(folder, tmp_path / "set.h5")
    found = {row["station_code"]: (row, one) for row, one in read_asdf_records(tmp_path / "set.h5", table=False)}
    assert sorted(found) == ["000", "001", "002", "N"]
    row, one = found["002"]
    np.testing.assert_array_equal(one, data[2][[2, 1, 0]])
    assert row["source_id"] == "smi:local/e1" and row["source_magnitude"] == 5.5
    assert row["trace_p_arrival_sample"] == pytest.approx(20.25) and row["trace_p_status"] == "manual"
    assert row["path_ep_distance_km"] == pytest.approx(39.4, abs=0.5) and "source_id" not in found["N"][0]
    assert row["path_hyp_distance_km"] == pytest.approx(np.hypot(row["path_ep_distance_km"], 8.125))


def test_records_of_seissynth(tmp_path):
    """Onsets come from the provenance, each realisation its own row."""
    inventory, event = seissynth.read_example()
    inventory = inventory.select(station="A*")
    many = seissynth.generate(inventory, event, realizations=2, duration=20, channel="HH?", seed=3)
    write_asdf(tmp_path / "a.h5", many, event, inventory)
    assert asdf_to_seisbench(tmp_path / "a.h5", tmp_path / "set", unit="m/s", quantity="velocity") == 2
    found = Dataset(tmp_path / "set")
    for number, stream in enumerate(many):
        np.testing.assert_array_equal(found.waveform(number), [stream.select(component=c)[0].data for c in "ZNE"])
        stats = stream[0].stats
        sample = (stats.seissynth.origin_time + stats.seissynth.p_s - stats.starttime) * stats.sampling_rate
        assert found.metadata["trace_p_arrival_sample"][number] == pytest.approx(sample, abs=1e-6)


# --- ITACA


def test_itaca_in(tmp_path):
    folder, data = make_itaca(tmp_path / "itaca")
    done = asdf_to_seisbench(folder, tmp_path / "set", tag="*acc", flatfile=folder / "flatfile.txt", unit="cm/s**2")
    found = Dataset(tmp_path / "set")
    assert done == len(found) == 2 and found.unit == "cm/s**2"
    np.testing.assert_array_equal(found.waveforms(component_order="ENZ"), data)
    row = found.metadata.iloc[0]
    assert (row["source_magnitude"], row["source_magnitude_type"]) == (6.0, "Mw")  # of the table, before QuakeML's ML
    assert (row["path_ep_distance_km"], row["source_depth_km"], row["station_elevation_m"]) == (8.5, 8.0, 950.0)
    assert row["trace_p_arrival_sample"] == 250.0 and np.isnan(found.metadata["trace_p_arrival_sample"][1])
    assert row["trace_start_time"] == "2016-08-24T01:36:40.000000Z" and row["station_code"] == "AMT"
    assert found.component_order == "ZNE"
    assert set(found.metadata.columns) <= {*COLUMNS, *TRACE_COLUMNS}  # each has its unit and meaning
    plain = list(read_asdf_records(folder / "event.h5", tag="mp_acc"))
    assert plain[0][0]["source_magnitude_type"] == "ML" and len(plain) == 2


def test_other_directions_are_turned(tmp_path):
    folder, data = make_itaca(tmp_path / "itaca", channels="23Z")
    with pytest.warns(SeisSynthWarning, match="1 of unknown azimuth"):
        [(row, found)] = list(read_asdf_records(folder / "event.h5", tag="mp_acc"))
    two, three, up = data[0].astype(float)
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    np.testing.assert_allclose(found, [up, c * two - s * three, s * two + c * three], atol=1e-5)
    assert row["station_code"] == "AMT"


def test_ends_that_differ_and_components_that_lack(tmp_path):
    folder, data = make_itaca(tmp_path / "a", lengths=(4000, 3900, 3950))
    found = list(read_asdf_records(folder / "event.h5", tag="mp_acc"))
    np.testing.assert_array_equal(found[0][1], data[0][[2, 1, 0], :3900])
    folder, _ = make_itaca(tmp_path / "b", channels="EZ")
    with pytest.warns(SeisSynthWarning, match="2 without three components"):
        assert not list(read_asdf_records(folder / "event.h5", tag="mp_acc"))


def test_the_flatfile(tmp_path):
    path = tmp_path / "flat.csv"
    text = "Event_ID,STATION_CODE,Ml,Mw,SAMPLING_INTERVAL_S,NDATA,dur_s,filename\n"
    path.write_text(text + "A,0012,4.1,,0.005,8000,12.5,a.h5\nB,X,,,,,,\n")
    found = read_flatfile(path)
    assert found["source_magnitude_type"].tolist() == ["ML", ""] and found["station_code"][0] == "0012"
    assert found["trace_sampling_rate_hz"][0] == 200.0 and np.isnan(found["source_magnitude"][1])
    path.write_text(text + "A,X,4.1,big,0.005,8000,12.5,a.h5\n")
    with pytest.raises(FileFormatError, match="line 2: Mw is 'big'"):
        read_flatfile(path)
    path.write_text("EVENT_ID;Mw\nA;4\n")
    with pytest.raises(FileFormatError, match="lacks the field STATION_CODE"):
        read_flatfile(path)
    with pytest.raises(InputError, match="no such file"):
        read_flatfile(tmp_path / "none")


# --- trouble


def test_files_that_are_no_asdf(tmp_path, some_set):
    for content in (b"", b"nonsense" * 100):
        (tmp_path / "a.h5").write_bytes(content)
        with pytest.raises(FileFormatError, match=r"a\.h5 is not ASDF"):
            asdf_to_seisbench(tmp_path / "a.h5", tmp_path / "new")
    seisbench_to_asdf(some_set[0], tmp_path / "b.h5")
    content = (tmp_path / "b.h5").read_bytes()
    (tmp_path / "b.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(FileFormatError, match=r"b\.h5 is not ASDF"):
        asdf_to_seisbench(tmp_path / "b.h5", tmp_path / "new")
    with pytest.raises(InputError, match="no such"):
        asdf_to_seisbench(tmp_path / "none.h5", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_row_without_time_is_named(tmp_path):
    stated = {"dimension_order": "CW", "component_order": "ZNE", "sampling_rate": 1.0}
    write_by_hand(tmp_path / "set", list(records(2)), {"trace_start_time": ["2020-01-01T00:00:00", ""]}, stated)
    with pytest.raises(FileFormatError, match="row 1: trace_start_time is missing"):
        seisbench_to_asdf(tmp_path / "set", tmp_path / "a.h5")
    assert not (tmp_path / "a.h5").exists()


@pytest.mark.parametrize("code", ["A.B", "STÄT", "S/T", "X" * 65])
def test_codes_that_asdf_cannot_hold_are_named_before_anything_is_written(tmp_path, code):
    with DatasetWriter(tmp_path / "set", sampling_rate_hz=100.0) as writer:
        row = {"station_code": code, "station_network_code": "XX", "trace_start_time": "2020-01-01T00:00:00Z"}
        writer.write([row], np.ones((1, 3, 50), np.float32))
    with pytest.raises(InputError, match=f"ASDF cannot hold .*{code}"):
        seisbench_to_asdf(tmp_path / "set", tmp_path / "out.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_full_disk_leaves_nothing(some_set, tmp_path, monkeypatch):
    import errno

    from seissynth.io import careful_file as careful_file

    class Full:
        """A file on a disk of 20 kB."""

        def __init__(self, file):
            self._file = file

        def __getattr__(self, name):
            return getattr(self._file, name)

        def write(self, data):
            if self._file.tell() + len(data) > 20_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self._file.write(data)

    monkeypatch.setattr(careful_file, "open", lambda path, *mode, **how: Full(open(path, *mode, **how)), raising=False)  # noqa: SIM115, PTH123
    with pytest.raises(WriteError, match=r"a\.h5: No space left on device"):
        seisbench_to_asdf(some_set[0], tmp_path / "a.h5")
    assert not list(tmp_path.glob("*.h5")) and not list(tmp_path.glob(".*"))


def test_an_old_set_stays_when_the_new_one_fails(some_set, tmp_path, monkeypatch):
    folder, data = some_set
    seisbench_to_asdf(folder, tmp_path / "set.h5")
    with pytest.raises(InputError, match="holds a data set"):
        asdf_to_seisbench(tmp_path / "set.h5", folder)
    whole = DatasetWriter.write

    def fail(self, rows, waveforms):
        if self.chunk == "_000001":
            raise InputError("enough")
        whole(self, rows, waveforms)

    monkeypatch.setattr(DatasetWriter, "write", fail)
    with pytest.raises(InputError, match="enough"):
        asdf_to_seisbench(tmp_path / "set.h5", folder, overwrite=True, records_per_chunk=2)
    np.testing.assert_array_equal(Dataset(folder).waveforms(component_order="ENZ"), data)
    with pytest.raises(InputError, match="enough"):
        asdf_to_seisbench(tmp_path / "set.h5", tmp_path / "new", records_per_chunk=2)
    assert len(Dataset(tmp_path / "new")) == 2  # what was written before stays readable
    monkeypatch.setattr(DatasetWriter, "write", whole)
    asdf_to_seisbench(tmp_path / "set.h5", folder, overwrite=True, records_per_chunk=3)
    assert Dataset(folder).chunks == ["_000000", "_000001"]
    np.testing.assert_array_equal(Dataset(folder).waveforms(component_order="ENZ"), data)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["new", "set", "set.h5"]


def test_on_the_command_line(some_set, tmp_path):
    folder, data = some_set

    def run(*words):
        return CliRunner().invoke(make_app(), ["dataset", *map(str, words)])

    result = run("convert", folder, tmp_path / "a.h5")
    assert result.exit_code == 0 and "4 records written" in result.stderr, result.output
    result = run("convert", tmp_path / "a.h5", tmp_path / "back", "--records-per-chunk", 3)
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(Dataset(tmp_path / "back").waveforms(component_order="ENZ"), data)
    assert run("convert", tmp_path / "a.h5", tmp_path / "b.h5").exit_code == 2
    assert run("convert", folder, tmp_path / "c.h5", "--unit", "m").exit_code == 2
    result = run("convert", tmp_path / "a.h5", tmp_path / "back")
    assert result.exit_code == 1 and result.stderr.startswith("error: ") and "overwrite" in result.stderr
