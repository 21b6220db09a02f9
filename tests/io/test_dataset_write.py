"""Writing SeisBench's format: what h5py and pandas find in the files, and what is left after trouble."""

import errno
import os
import resource
import signal
import subprocess
import sys
import textwrap
import tracemalloc

import h5py
import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seisbench_sets import records, write_by_hand

from seissynth.errors import FileFormatError, InputError, WriteError
from seissynth.io.careful_file import CarefulFile
from seissynth.io.seisbench import write as seisbench_write
from seissynth.io.seisbench.dataset import Dataset, DatasetWriter, write_chunks_file
from seissynth.io.seisbench.write import remove_leftovers

CW = {"dimension_order": "CW", "component_order": "ZNE", "sampling_rate": 100.0}


def names_in(folder):
    return sorted(item.name for item in folder.iterdir())


# --- what is in the files


def test_the_files_as_others_see_them(tmp_path):
    truth = records(5)
    table = pandas.DataFrame({"source_magnitude": [1.5, np.nan, 3, 4, 5], "split": ["train", None, "dev", "", "test"]})
    with DatasetWriter(
        tmp_path / "set", sampling_rate_hz=100, unit="m/s**2", quantity="acceleration", bucket_size=2,
        extra_format={"licence": "CC0", "version": 3},
    ) as writer:  # fmt: skip
        writer.write(table.iloc[:3], truth[:3])
        writer.write(table.iloc[3:], list(truth[3:]))
        assert len(writer) == 5
    assert names_in(tmp_path / "set") == ["metadata.csv", "waveforms.hdf5"]
    with h5py.File(tmp_path / "set" / "waveforms.hdf5") as file:
        np.testing.assert_array_equal(np.concatenate([file[f"data/bucket{k}"] for k in range(3)]), truth)
        stated = {key: item[()] for key, item in file["data_format"].items()}
    assert stated == {
        "dimension_order": b"CW", "component_order": b"ZNE", "sampling_rate": 100.0, "unit": b"m/s**2",
        "measurement": b"acceleration", "instrument_response": b"restituted", "licence": b"CC0", "version": 3,
    }  # fmt: skip
    lines = (tmp_path / "set" / "metadata.csv").read_text().splitlines()
    assert lines[0] == "trace_name,source_magnitude,split,trace_sampling_rate_hz,trace_npts"
    assert lines[1] == '"bucket0$0,:3,:200",1.5,train,100.0,200' and lines[2] == '"bucket0$1,:3,:200",,,100.0,200'


def test_a_column_that_comes_later(tmp_path):
    with DatasetWriter(tmp_path, sampling_rate_hz=1.0) as writer:
        writer.write([{"a": 1, "words": 'with "quotes", and\nlines'}], records(1))
        writer.write([{"b": 2.5}, {"a": 3}], records(2))
        writer.write(pandas.DataFrame({"b": [4.5]}), records(1))
    found = Dataset(tmp_path).metadata
    assert found["a"].tolist()[::2] == [1, 3] and found["b"].tolist()[1::2] == [2.5, 4.5]
    assert found["words"][0] == 'with "quotes", and\nlines' and found["words"].isna().tolist() == [False] + [True] * 3
    np.testing.assert_array_equal(Dataset(tmp_path).waveforms()[1:3], records(2))


def test_rows_of_another_set(tmp_path):
    """What a row says about its old place is not carried over; a name that somebody gave is kept aside."""
    write_by_hand(tmp_path / "a", list(records(2)), {"n": [0, 1]}, CW)
    old = Dataset(tmp_path / "a")
    for source, target in (("a", "b"), ("b", "c")):
        old = Dataset(tmp_path / source)
        with DatasetWriter(tmp_path / target, sampling_rate_hz=100.0) as writer:
            writer.write(old.metadata, old.waveforms())
    found = Dataset(tmp_path / "c")
    assert found.metadata["trace_name_original"].tolist() == ["trace0", "trace1"]
    np.testing.assert_array_equal(found.waveforms(), records(2))


@settings(max_examples=25)
@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=25),
    bucket=st.integers(1, 6),
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=25, max_size=25),
)
def test_round_trip(tmp_path_factory, lengths, bucket, numbers):
    folder = tmp_path_factory.mktemp("set")
    truth = [records(1, npts=n, seed=k)[0] for k, n in enumerate(lengths)]
    with DatasetWriter(folder, sampling_rate_hz=10.0, bucket_size=bucket) as writer:
        for k, one in enumerate(truth):
            writer.write([{"value": numbers[k]}], [one])
    dataset = Dataset(folder)
    assert dataset.metadata["value"].tolist() == numbers[: len(truth)]
    assert dataset.metadata["trace_npts"].tolist() == lengths
    for k, one in enumerate(truth):
        np.testing.assert_array_equal(dataset.waveform(k), one)


def test_an_array_that_is_filled_anew_between_calls(tmp_path):
    buffer, truth = np.empty((2, 3, 50), "float32"), records(6, npts=50)
    with DatasetWriter(tmp_path, sampling_rate_hz=1.0) as writer:
        for start in (0, 2, 4):
            buffer[:] = truth[start : start + 2]
            writer.write([{}, {}], buffer)
    np.testing.assert_array_equal(Dataset(tmp_path).waveforms(), truth)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int16", "int32", "int64"])
def test_types(tmp_path, dtype):
    data = np.rint(100 * records(2))
    with DatasetWriter(tmp_path, sampling_rate_hz=1.0, dtype=dtype) as writer:
        writer.write([{}, {}], data)
    assert Dataset(tmp_path).waveforms(dtype=None).dtype == dtype
    np.testing.assert_array_equal(Dataset(tmp_path).waveforms(), data)


def test_memory_does_not_grow(tmp_path, monkeypatch):
    """Ragged records fill many blocks at once; what waits is bounded."""
    monkeypatch.setattr(seisbench_write, "WAITING_BYTES", 500_000)
    peaks = []
    for count in (200, 800):
        rng = np.random.default_rng(0)
        tracemalloc.start()
        with DatasetWriter(tmp_path / str(count), sampling_rate_hz=1.0) as writer:
            for _ in range(count):
                writer.write([{}], [np.ones((3, rng.integers(10, 3000)), "float32")])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] and peaks[1] < 3_000_000
    assert len(Dataset(tmp_path / "800")) == 800


# --- input that cannot be written


@pytest.mark.parametrize(
    ("rows", "data", "message"),
    [
        ([{}], records(2), "1 rows but waveforms 2"),
        ([{}], records(1, components=2), r"row 1: samples of shape \(2, 200\).*ZNE"),
        ([{}], np.full((1, 3, 9), np.nan, "f4"), "row 1: 27 samples are NaN"),
        ([{}, {}], [np.ones((3, 9)), np.full((3, 9), 1e5)], "row 2: a sample of 100000 is beyond float16"),
        ([{}], np.ones((1, 3, 9), complex), "row 1: samples of type complex128"),
        ([{"trace_sampling_rate_hz": 50.0}], records(1), "row 1: 50 Hz in a set of 100 Hz"),
        ([{"trace_component_order": "ENZ"}], records(1), "row 1: trace_component_order is 'ENZ'"),
        ("no rows", records(1), "metadata is a str"),
    ],
)
def test_bad_rows_are_refused_and_the_writer_goes_on(tmp_path, rows, data, message):
    good = records(1, npts=9)
    with DatasetWriter(tmp_path, sampling_rate_hz=100.0, dtype="float16") as writer:
        writer.write([{}], good)
        with pytest.raises(InputError, match=message):
            writer.write(rows, data)
        writer.write([{}], good)
    np.testing.assert_allclose(Dataset(tmp_path).waveforms(), np.concatenate([good, good]), rtol=1e-3)


def test_whole_numbers_only_in_integer_sets(tmp_path):
    for data in (records(1), np.full((1, 3, 2), 40_000)):
        writer = DatasetWriter(tmp_path, sampling_rate_hz=1, dtype="int16")
        with pytest.raises(InputError, match=r"row 0.*int16"), writer:
            writer.write([{}], data)
    assert names_in(tmp_path) == []


def test_a_rate_is_needed(tmp_path):
    with pytest.raises(InputError, match="row 0: the sampling rate is None"), DatasetWriter(tmp_path) as writer:
        writer.write([{}], records(1))
    with DatasetWriter(tmp_path) as writer:
        writer.write([{"trace_sampling_rate_hz": 50.0}, {"trace_sampling_rate_hz": 100.0}], records(2))
    assert Dataset(tmp_path).sampling_rate_hz is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"component_order": "ZZ"}, {"sampling_rate_hz": 0.0}, {"bucket_size": 0}, {"dtype": "complex64"},
        {"chunk": "a/b"}, {"extra_format": {"unit": "m"}}, {"extra_format": {"a": float("nan")}},
    ],
)  # fmt: skip
def test_bad_arguments(tmp_path, arguments):
    with pytest.raises(InputError):
        DatasetWriter(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_what_exists_is_kept_unless_asked(tmp_path):
    with DatasetWriter(tmp_path, sampling_rate_hz=1.0) as writer:
        writer.write([{}], records(1))
    with pytest.raises(InputError, match=r"metadata\.csv exists"):
        DatasetWriter(tmp_path, sampling_rate_hz=1.0)
    with pytest.raises(InputError, match="one piece"):
        DatasetWriter(tmp_path, chunk="_1", sampling_rate_hz=1.0)
    writer = DatasetWriter(tmp_path, sampling_rate_hz=1.0, overwrite=True)
    with pytest.raises(ZeroDivisionError), writer:  # noqa: PT012 (an error in the middle of a writer's block)
        writer.write([{}], records(2)[1:])
        _ = 1 / 0
    np.testing.assert_array_equal(Dataset(tmp_path).waveforms(), records(1))
    with DatasetWriter(tmp_path, sampling_rate_hz=1.0, overwrite=True) as writer:
        writer.write([{}], records(2)[1:])
    np.testing.assert_array_equal(Dataset(tmp_path).waveforms(), records(2)[1:])
    with pytest.raises(InputError, match="inside its context"):
        writer.write([{}], records(1))
    with pytest.raises(InputError, match="is a file"):
        DatasetWriter(tmp_path / "metadata.csv")


# --- trouble


def test_an_error_leaves_nothing_and_other_chunks(tmp_path):
    with DatasetWriter(tmp_path, chunk="_0", sampling_rate_hz=1.0) as writer:
        writer.write([{}], records(1))
    writer = DatasetWriter(tmp_path, chunk="_1", sampling_rate_hz=1.0, bucket_size=1)
    with pytest.raises(KeyboardInterrupt), writer:  # noqa: PT012 (an error in the middle of a writer's block)
        writer.write([{}], records(1))
        raise KeyboardInterrupt
    assert names_in(tmp_path) == ["metadata_0.csv", "waveforms_0.hdf5"] and len(Dataset(tmp_path)) == 1


def test_a_kill_leaves_hidden_files_only_which_the_next_run_removes(tmp_path):
    code = f"""
        import os, signal, numpy as np
        from seissynth.io.seisbench.dataset import DatasetWriter
        for chunk in ("_0", "_1"):
            with DatasetWriter({str(tmp_path)!r}, chunk=chunk, sampling_rate_hz=1.0, bucket_size=1) as writer:
                writer.write([{{}}], np.ones((1, 3, 100), "float32"))
                if chunk == "_1":
                    os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == -signal.SIGKILL
    visible = [name for name in names_in(tmp_path) if not name.startswith(".")]
    assert visible == ["metadata_0.csv", "waveforms_0.hdf5"] and len(Dataset(tmp_path)) == 1
    assert len(names_in(tmp_path)) == 4
    with DatasetWriter(tmp_path, chunk="_1", sampling_rate_hz=1.0) as writer:
        writer.write([{}], records(1, npts=100))
        assert remove_leftovers(tmp_path, "_1") == []  # those of a living writer stay
    assert len(names_in(tmp_path)) == 4 and len(Dataset(tmp_path)) == 2


def _limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def test_a_full_disk(tmp_path):
    """The limit on the size of a file stands for the disk's: each write beyond it fails with an OSError."""
    code = f"""
        import numpy as np
        from seissynth.io.seisbench.dataset import DatasetWriter
        from seissynth.errors import WriteError
        try:
            for number in range(3):
                writer = DatasetWriter({str(tmp_path)!r}, chunk=f"_{{number}}", sampling_rate_hz=1.0, bucket_size=4)
                with writer:
                    for _ in range(4 * 4**number):
                        writer.write([{{}}] * 4, np.ones((4, 3, 1000), "float32"))
        except WriteError as error:
            print(number, error)
        else:
            print("no error")
    """
    words = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=_limit_files, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert done.stdout.startswith("1 ") and "waveforms_1.hdf5 cannot be written" in done.stdout, done.stdout
    assert names_in(tmp_path) == ["metadata_0.csv", "waveforms_0.hdf5"]
    assert Dataset(tmp_path).waveforms().shape == (16, 3, 1000)


@pytest.mark.parametrize("call", ["os.replace", "os.fsync"])
def test_a_disk_that_fails_at_the_end(tmp_path, monkeypatch, call):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    writer = DatasetWriter(tmp_path, sampling_rate_hz=1.0)
    with pytest.raises(WriteError, match=r"record 1 .*No space left"), writer:  # noqa: PT012 (raised when it closes)
        writer.write([{}], records(1))
        monkeypatch.setattr(call, fail)
    assert not [name for name in names_in(tmp_path) if name.endswith((".partial", ".csv"))]


def test_a_swallowed_error_makes_no_set(tmp_path, monkeypatch):
    """Not even where the disk has room again by then."""

    def full(_):
        raise OSError(errno.ENOSPC, "full")

    writer = DatasetWriter(tmp_path, sampling_rate_hz=1.0, bucket_size=1)
    with pytest.raises(WriteError, match="record 0"), writer:  # noqa: PT012 (raised when the writer closes)
        monkeypatch.setattr(CarefulFile, "check", full)
        with pytest.raises(WriteError):
            writer.write([{}], records(1))
        monkeypatch.undo()
    assert names_in(tmp_path) == []


# --- files that cannot be read


@pytest.fixture
def whole(tmp_path):
    with DatasetWriter(tmp_path / "set", sampling_rate_hz=10.0, bucket_size=4) as writer:
        writer.write([{"source_magnitude": float(k)} for k in range(10)], records(10))
    return tmp_path / "set"


def test_a_file_cut_off(whole):
    path = whole / "waveforms.hdf5"
    content = path.read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(FileFormatError, match=r"waveforms\.hdf5 cannot be read as HDF5.*cut off"):
            Dataset(whole)


def test_a_file_cut_off_after_it_was_opened(whole):
    dataset = Dataset(whole)
    dataset.waveforms([0, 9])  # the places of the blocks are known now
    os.truncate(whole / "waveforms.hdf5", (whole / "waveforms.hdf5").stat().st_size // 2)
    with pytest.raises(FileFormatError, match=r"metadata\.csv, row 9 \(line 11, trace 'bucket2\$1.*cut off"):
        dataset.waveforms([0, 9])
    assert dataset.waveform(0).shape == (3, 200)


def test_names_that_lead_nowhere(whole):
    table = pandas.read_csv(whole / "metadata.csv")
    good = table["trace_name"].tolist()
    for wrong, words in (
        ("bucket9$0,:3,:200", "bucket9"),
        ("bucket0$7,:3,:200", "row 7 of a block of 4"),
        ("bucket0$x,:3", "not a place"),
        ("bucket0", r"shape \(4, 3, 200\) is not one trace"),
        ("", "cannot be read"),
    ):
        table["trace_name"] = [*good[:4], wrong, *good[5:]]
        table.to_csv(whole / "metadata.csv", index=False)
        dataset = Dataset(whole)
        with pytest.raises(FileFormatError, match=rf"metadata\.csv, row 4 \(line 6.*{words}"):
            dataset.waveforms([0, 4])
        np.testing.assert_array_equal(dataset.waveforms([3, 5]), records(10)[[3, 5]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column 'trace_name'"),
        ("a,b\n1,2\n", r"has no column 'trace_name' \(its columns: a, b\)"),
        ("trace_name,a,a\nx,1,2\n", "column a twice"),
        ("trace_name,a\nx,1\ny,1,2,3\n", "not a table.*line 3"),
        ("trace_name,source_magnitude\nx,1\ny,large\n", r"row 1 \(line 3\): source_magnitude is 'large'"),
        ("trace_name,trace_sampling_rate_hz\nx,100\ny,-5\n", r"row 1 \(line 3\): a sampling rate of -5"),
    ],
)
def test_tables_that_are_none(whole, text, message):
    (whole / "metadata.csv").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        Dataset(whole)


def test_folders_that_hold_no_set(tmp_path, whole):
    with pytest.raises(InputError, match="no such folder"):
        Dataset(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError, match="holds no data set"):
        Dataset(tmp_path / "empty")
    with pytest.raises(FileFormatError, match="no chunk"):
        write_chunks_file(tmp_path / "empty")
    (whole / "waveforms.hdf5").unlink()
    with pytest.raises(FileFormatError, match=r"waveforms\.hdf5 is absent"):
        Dataset(whole)


def test_samples_that_are_no_numbers(tmp_path):
    data = records(4)
    data[2, 1, 7:9] = np.nan, np.inf
    write_by_hand(tmp_path, list(data), {"n": range(4)}, CW, block="b")
    dataset = Dataset(tmp_path)
    with pytest.raises(FileFormatError, match=r"row 2 \(line 4.*2 samples are NaN or infinite.*nonfinite='keep'"):
        dataset.waveforms()
    assert dataset.waveforms(nonfinite="keep").shape == data.shape
    assert dataset.waveforms([0, 1, 3]).shape == (3, 3, 200)


def test_large_finite_samples_are_fine(tmp_path):
    data = np.full((1, 3, 50), 3e38, "float32")  # their sum is infinite
    with DatasetWriter(tmp_path, sampling_rate_hz=1.0) as writer:
        writer.write([{}], data)
    np.testing.assert_array_equal(Dataset(tmp_path).waveforms(), data)


def test_other_formats_are_named(tmp_path):
    write_by_hand(tmp_path, list(records(1)), {"n": [0]}, {"dimension_order": "CHW"})
    with pytest.raises(FileFormatError, match="dimension_order is 'CHW'"):
        Dataset(tmp_path)
    (tmp_path / "set").mkdir()
    with h5py.File(tmp_path / "set" / "waveforms.hdf5", "w") as file:
        file.create_group("other")
    (tmp_path / "set" / "metadata.csv").write_text("trace_name\nx\n")
    dataset = Dataset(tmp_path / "set")
    with pytest.raises(FileFormatError, match="no group 'data'"):
        dataset.waveforms(component_order=None)
