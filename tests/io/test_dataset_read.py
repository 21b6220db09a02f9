"""Reading SeisBench's format; the oracle is what h5py put into the files, and SeisBench itself."""

import contextlib
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seisbench_sets import records, write_by_hand

from seissynth.errors import FileFormatError, InputError, SeisSynthWarning
from seissynth.io.seisbench import read as seisbench_read
from seissynth.io.seisbench.dataset import Dataset, DatasetWriter, write_chunks_file
from seissynth.io.seisbench.layout import parse_name

CW = {"dimension_order": "CW", "component_order": "ZNE", "sampling_rate": 100.0}


@pytest.mark.parametrize("dimensions", ["CW", "NCW", "WC", "NWC", None])
@pytest.mark.parametrize("order", ["ZNE", "ENZ", "NZE"])
@pytest.mark.parametrize("storage", ["contiguous", "chunked", "gzip", "alone", "big endian"])
def test_every_order_and_storage(tmp_path, dimensions, order, storage):
    truth = records(5)  # Z, N, E
    stored = [np.stack([one["ZNE".index(letter)] for letter in order]) for one in truth]
    if "WC" in (dimensions or ""):
        stored = [one.T for one in stored]
    options = {"chunked": {"chunks": True}, "gzip": {"compression": "gzip"}}.get(storage, {})
    if storage == "big endian":
        stored = [one.astype(">f4") for one in stored]
    stated = {"component_order": order, "sampling_rate": 100.0}
    if dimensions:
        stated["dimension_order"] = dimensions
    write_by_hand(tmp_path, stored, {"n": range(5)}, stated, block=None if storage == "alone" else "bucket0", **options)
    dataset = Dataset(tmp_path)
    assert (len(dataset), dataset.component_order, dataset.sampling_rate_hz) == (5, order, 100.0)
    rows = [4, 0, -2, 4]
    np.testing.assert_array_equal(dataset.waveforms(rows), truth[rows])
    np.testing.assert_array_equal(dataset.waveforms(rows, component_order="E"), truth[rows][:, 2:])
    np.testing.assert_array_equal(dataset.waveform(3, component_order="NZ"), truth[3][[1, 0]])
    assert dataset.waveforms(rows, component_order=None).dtype == "float32"


@pytest.mark.parametrize("dtype", ["float16", "float64", "int16", "int32"])
def test_stored_types(tmp_path, dtype):
    stored = (100 * records(3)).astype(dtype)
    write_by_hand(tmp_path, list(stored), {"n": range(3)}, CW, block="b")
    dataset = Dataset(tmp_path)
    assert dataset.waveforms().dtype == "float32"
    np.testing.assert_array_equal(dataset.waveforms(), stored.astype("float32"))
    assert dataset.waveforms(dtype=None).dtype == dtype
    np.testing.assert_array_equal(dataset.waveforms(dtype=None), stored)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("b$2,:3,:50", (2, slice(0, 3), slice(0, 50))),
        ("b$-1,:,5:", (-1, slice(None), slice(5, None))),
        ("b$ 0, :3, 10:50:2", (0, slice(0, 3), slice(10, 50, 2))),
        ("b$1,0:3,:-5", (1, slice(0, 3), slice(None, -5))),
        ("b$1", (1,)),
    ],
)
@pytest.mark.parametrize("storage", [{}, {"chunks": True}])
def test_places_in_blocks(tmp_path, name, expected, storage):
    block = records(3)
    write_by_hand(tmp_path, {"b": block}, {"trace_name": [name]}, CW, **storage)
    np.testing.assert_array_equal(Dataset(tmp_path).waveform(0), block[expected])
    assert parse_name("alone") == ("alone", ())


@settings(max_examples=60)
@given(st.text("0123456789:,-$ ab", max_size=12))
def test_nonsense_places_are_errors_of_value(text):
    try:
        block, place = parse_name(text)
    except ValueError:
        return
    assert isinstance(block, str) and all(isinstance(part, int | slice) for part in place)


def test_ragged_lengths(tmp_path):
    truth = [records(1, npts=n, seed=n)[0] for n in (50, 80, 50, 200)]
    write_by_hand(tmp_path, truth, {"n": range(4)}, CW)
    dataset = Dataset(tmp_path)
    with pytest.raises(InputError, match=r"50 to 200 samples \(3 lengths\).*pad='zeros'"):
        dataset.waveforms()
    padded = dataset.waveforms(pad="zeros")
    assert padded.shape == (4, 3, 200) and not padded[0, :, 50:].any()
    for one, two in zip(padded, truth, strict=True):
        np.testing.assert_array_equal(one[:, : two.shape[1]], two)
    np.testing.assert_array_equal(dataset.waveforms([0, 2]), np.stack([truth[0], truth[2]]))
    assert [shape[1].shape[2] for shape in dataset.batches(2, pad="zeros")] == [80, 200]


def test_missing_and_other_components(tmp_path):
    order = ["ZNE", "Z", "Z12"]
    truth = [records(1, components=len(item))[0] for item in order]
    write_by_hand(tmp_path, truth, {"trace_component_order": order, "trace_dt_s": 0.01}, None)
    dataset = Dataset(tmp_path)
    assert dataset.component_order is None and dataset.sampling_rate_hz == 100.0
    with pytest.raises(InputError, match=r"metadata.csv, row 1 \(line 3.*no N and no E.*missing='zeros'"):
        dataset.waveforms()
    filled = dataset.waveforms(missing="zeros")
    np.testing.assert_array_equal(filled[1], [truth[1][0], 0 * truth[1][0], 0 * truth[1][0]])
    np.testing.assert_array_equal(dataset.waveforms(component_order="Z")[:, 0], [one[0] for one in truth])
    np.testing.assert_array_equal(dataset.waveform(2, component_order="12Z"), truth[2][[1, 2, 0]])
    with pytest.raises(InputError, match="different numbers of components"):
        dataset.waveforms(component_order=None)


def test_an_order_that_does_not_fit_names_file_and_row(tmp_path):
    write_by_hand(tmp_path, list(records(3)), {"trace_component_order": ["ZNE", "ZNE", "ZN"]}, CW, block="b")
    with pytest.warns(SeisSynthWarning, match="differ from data_format"):
        dataset = Dataset(tmp_path)
    with pytest.raises(FileFormatError, match=r"row 2 \(line 4, trace 'b\$2,:3,:200'\).*'ZN' does not fit 3"):
        dataset.waveforms(component_order="Z")


def test_text_stays_text(tmp_path):
    table = {
        "station_network_code": ["NA", "CI", ""],
        "station_code": ["001", "nan", "X"],
        "station_location_code": ["00", "", "10"],
        "source_id": ["0012", "", "5"],
        "source_magnitude": [0.1 + 0.2, np.nan, 1e-17],
        "own_words": ["a", "", "NA"],
    }
    write_by_hand(tmp_path, list(records(3)), table, CW, block="b")
    found = Dataset(tmp_path).metadata
    for name in ("station_network_code", "station_code", "station_location_code", "source_id"):
        assert found[name].tolist() == table[name]
    assert found["source_magnitude"].tolist()[::2] == [0.1 + 0.2, 1e-17]
    assert found["own_words"].isna().tolist() == [False, True, True]


def test_rates_from_wherever_they_are_said(tmp_path):
    for number, (table, stated, expected) in enumerate(
        [
            ({"trace_sampling_rate_hz": [50.0, 50.0]}, {}, 50.0),
            ({"trace_dt_s": [0.02, 0.02]}, {}, 50.0),
            ({"n": [0, 1]}, {"sampling_rate": 40}, 40.0),
            ({"trace_sampling_rate_hz": [np.nan, 20.0], "trace_dt_s": [0.05, np.nan]}, {}, 20.0),
            ({"n": [0, 1]}, {}, None),
        ]
    ):
        stated = {"component_order": "ZNE", **stated}
        folder = write_by_hand(tmp_path / str(number), list(records(2)), table, stated, block="b")
        assert Dataset(folder).sampling_rate_hz == expected
    folder = write_by_hand(
        tmp_path / "differ", list(records(2)), {"trace_sampling_rate_hz": [50.0, 100.0]}, CW, block="b"
    )
    with pytest.warns(SeisSynthWarning, match="row 0: trace_sampling_rate_hz is 50 but data_format/sampling_rate says"):
        dataset = Dataset(folder)
    with pytest.raises(InputError, match=r"mixed sampling rates: 50 Hz in .*row 0.*100 Hz in .*row 1"):
        dataset.waveforms()
    assert dataset.waveforms([1]).shape == (1, 3, 200) and dataset.sampling_rate_hz is None


def test_chunks(tmp_path):
    truth = records(6)
    for number, chunk in enumerate(("_a", "_b", "_c")):
        part = list(truth[2 * number : 2 * number + 2])
        write_by_hand(tmp_path, part, {"n": [2 * number, 2 * number + 1]}, CW, chunk=chunk, block="bucket0")
    (tmp_path / "metadata_d.csv").write_text("trace_name\n")  # half a chunk, as a killed writer leaves
    dataset = Dataset(tmp_path)
    assert dataset.chunks == ["_a", "_b", "_c"] and dataset.metadata["n"].tolist() == list(range(6))
    np.testing.assert_array_equal(dataset.waveforms([5, 0, 3]), truth[[5, 0, 3]])
    assert dataset.metadata["trace_chunk"].tolist() == ["_a", "_a", "_b", "_b", "_c", "_c"]
    some = Dataset(tmp_path, chunks=["_c", "_a"])
    np.testing.assert_array_equal(some.waveforms(), truth[[4, 5, 0, 1]])
    assert write_chunks_file(tmp_path) == ["_a", "_b", "_c"] and len(Dataset(tmp_path)) == 6
    (tmp_path / "chunks").write_text("_b\n")
    assert Dataset(tmp_path).chunks == ["_b"]
    with pytest.raises(InputError, match="no chunk"):
        Dataset(tmp_path, chunks=["_z"])
    (tmp_path / "chunks").write_text("_b\n_z\n")
    with pytest.raises(FileFormatError, match=r"metadata_z\.csv is absent"):
        Dataset(tmp_path)


def test_chunks_of_different_units_are_refused(tmp_path):
    for chunk, unit in (("_a", "m/s"), ("_b", "counts")):
        write_by_hand(tmp_path, list(records(1)), {"n": [0]}, CW | {"unit": unit}, chunk=chunk, block="b")
    with pytest.raises(FileFormatError, match=r"data_format/unit differs.*m/s \(chunk '_a'\).*counts \(chunk '_b'\)"):
        Dataset(tmp_path)


@pytest.fixture
def forty(tmp_path):
    truth = records(40, npts=30)
    rows = [{"split": ("train", "dev")[number % 2], "source_magnitude": float(number)} for number in range(40)]
    with DatasetWriter(tmp_path, sampling_rate_hz=20.0, bucket_size=7) as writer:
        writer.write(rows, truth)
    return Dataset(tmp_path), truth


def test_select_and_split(forty):
    dataset, truth = forty
    part = dataset.select(dataset.metadata["source_magnitude"] > 30).select([3, 1])
    assert part.metadata["source_magnitude"].tolist() == [34.0, 32.0]
    np.testing.assert_array_equal(part.waveforms(), truth[[34, 32]])
    assert "row 34 (line 36" in part.where(0)
    np.testing.assert_array_equal(dataset.split("dev").waveforms([0]), truth[[1]])
    part.metadata["trace_name"] = "changed"  # users may change the table; the samples stay reachable
    np.testing.assert_array_equal(part.waveforms(), truth[[34, 32]])
    assert len(dataset.select([])) == 0 and dataset.select([]).waveforms().shape == (0, 3, 0)
    for wrong, message in (([40], "row 40"), ([0.5], "whole numbers"), (np.ones(3, bool), "mask")):
        with pytest.raises(InputError, match=message):
            dataset.select(wrong)
    with pytest.raises(InputError, match=r"'test'.*dev, train"):
        dataset.split("test")


def test_batches(forty):
    dataset, truth = forty
    plain = list(dataset.batches(16))
    assert [len(rows) for rows, _ in plain] == [16, 16, 8]
    np.testing.assert_array_equal(np.concatenate([samples for _, samples in plain]), truth)
    one, two, other = (
        np.concatenate([rows for rows, _ in dataset.batches(16, shuffle_seed=seed)]) for seed in (1, 1, 2)
    )
    assert one.tolist() == two.tolist() != other.tolist() and sorted(one) == list(range(40))
    for rows, samples in dataset.batches(16, shuffle_seed=3, drop_last=True, component_order="EZ"):
        np.testing.assert_array_equal(samples, truth[rows][:, [2, 0]])
        assert len(rows) == 16
    with pytest.raises(InputError, match="size"):
        next(dataset.batches(0))


def _sum(dataset, row):
    return float(dataset.waveform(row).sum())


def test_threads_processes_and_closing(forty, monkeypatch):
    dataset, truth = forty
    expected = [float(one.sum()) for one in truth]
    monkeypatch.setattr(seisbench_read, "OPEN_FILES", 1)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_sum, [dataset] * 200, list(range(40)) * 5)) == expected * 5
    dataset.close()
    assert _sum(dataset, 3) == expected[3]
    copied = pickle.loads(pickle.dumps(dataset))
    assert _sum(copied, 39) == expected[39] and len(pickle.dumps(dataset)) < 50_000
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(_sum, [dataset] * 3, range(3))) == expected[:3]


def open_below(folder):
    """Files in a folder that this process holds open, as the system says."""
    files = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            files.add(link.readlink())
    return {file for file in files if file.is_relative_to(folder)}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list open files")
def test_many_chunks_open_few_files(tmp_path, monkeypatch):
    monkeypatch.setattr(seisbench_read, "OPEN_FILES", 2)
    truth = records(8)
    for number in range(8):
        write_by_hand(tmp_path, [truth[number]], {"n": [number]}, CW, chunk=f"_{number}", block="b")
    dataset = Dataset(tmp_path)
    np.testing.assert_array_equal(dataset.waveforms(), truth)
    assert len(open_below(tmp_path)) == 2
    dataset.close()
    assert not open_below(tmp_path)


def test_the_real_set(shared_data):
    """Components E, N, Z; compressed blocks of float16; the oracle reads the block with h5py alone."""
    import h5py

    dataset = Dataset(shared_data / "sichuan_yunnan_station")
    assert (len(dataset), dataset.component_order, dataset.sampling_rate_hz) == (5000, "ENZ", 50.0)
    assert dataset.unit == "z-scored per component" and len(dataset.split("test")) == 500
    with h5py.File(shared_data / "sichuan_yunnan_station" / "waveforms.hdf5") as file:
        block = file["data/bucket3"][20:25].astype("float32")
    rows = np.flatnonzero(dataset.metadata["trace_name"].str.startswith("bucket3$2")).tolist()[1:6]
    assert dataset.metadata["trace_name"].iloc[rows[0]].startswith("bucket3$20,")
    np.testing.assert_array_equal(dataset.waveforms(rows), block[:, ::-1])
    np.testing.assert_allclose(dataset.waveforms(rows).std(axis=2), 1.0, atol=2e-3)


# --- SeisBench


@pytest.mark.filterwarnings("default")  # of SeisBench and what it uses
def test_seisbench_reads_ours(tmp_path):
    seisbench = pytest.importorskip("seisbench.data")
    truth = [records(1, npts=n, seed=n)[0] for n in (200, 205, 190, 200)]
    rows = [{"source_origin_time": "2020-01-01T00:00:00.5Z", "split": "train", "trace_p_arrival_sample": 3.5}] * 3
    with DatasetWriter(tmp_path / "one", sampling_rate_hz=50.0) as writer:
        writer.write([*rows, {"split": "dev", "trace_category": "noise"}], truth)
    theirs = seisbench.WaveformDataset(tmp_path / "one", component_order="NEZ")
    for number, one in enumerate(truth):
        np.testing.assert_array_equal(theirs.get_waveforms(number)[:, : one.shape[1]], one[[1, 2, 0]])
    assert theirs.metadata["trace_sampling_rate_hz"].tolist() == [50.0] * 4
    assert len(theirs.train()) == 3 and theirs.data_format["unit"] == "m/s"
    for number in range(2):
        with DatasetWriter(tmp_path / "two", chunk=f"_{number:06d}", sampling_rate_hz=50.0) as writer:
            writer.write([{"split": "train"}], truth[number][None])
    write_chunks_file(tmp_path / "two")
    theirs = seisbench.WaveformDataset(tmp_path / "two", component_order="ZNE")
    np.testing.assert_array_equal(theirs.get_waveforms(1), truth[1])


@pytest.mark.filterwarnings("default")  # of SeisBench and what it uses
def test_we_read_seisbenchs(tmp_path):
    seisbench = pytest.importorskip("seisbench.data")
    truth = [records(1, npts=n, seed=n)[0] for n in (200, 205, 190, 700)]
    with seisbench.WaveformDataWriter(tmp_path / "metadata.csv", tmp_path / "waveforms.hdf5") as writer:
        writer.data_format = {**CW, "component_order": "ZNE", "measurement": "velocity", "unit": "counts"}
        for number, one in enumerate(truth):
            writer.add_trace({"source_magnitude": float(number), "station_code": "001"}, one)
    dataset = Dataset(tmp_path)
    assert dataset.unit == "counts" and dataset.metadata["station_code"].tolist() == ["001"] * 4
    for number, one in enumerate(truth):
        np.testing.assert_array_equal(dataset.waveform(number), one)
