"""Data sets as memory-mapped arrays, and back."""

import numpy as np
import pandas as pd
import pytest

from seissynth.errors import FileFormatError, InputError, WriteError
from seissynth.io.arrays import open_arrays, write_arrays
from seissynth.io.seisbench.dataset import DatasetWriter


@pytest.fixture
def records():
    return np.random.default_rng(0).standard_normal((300, 3, 50)).astype(np.float32)


@pytest.fixture
def folder(tmp_path, records):
    with DatasetWriter(tmp_path / "set", sampling_rate_hz=20.0) as writer:
        writer.write(pd.DataFrame({"source_id": [f"e{i}" for i in range(300)]}), records)
    return tmp_path / "set"


@pytest.mark.parametrize("layout", ["NCW", "WCN"])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_arrays_hold_the_records(folder, records, tmp_path, layout, dtype):
    path = write_arrays(folder, tmp_path / "arrays", layout=layout, dtype=dtype, npts=40)
    assert np.load(path).shape == ((300, 3, 40) if layout == "NCW" else (40, 3, 300))
    waveforms, table = open_arrays(tmp_path / "arrays")
    assert isinstance(waveforms, np.memmap) and not waveforms.flags.writeable
    np.testing.assert_array_equal(waveforms, records[..., :40].astype(dtype))
    assert table["source_id"].tolist()[:2] == ["e0", "e1"] and set(table["trace_npts"]) == {40}


def test_components_come_in_the_order_asked(folder, records, tmp_path):
    write_arrays(folder, tmp_path / "arrays", component_order="ENZ")
    waveforms, table = open_arrays(tmp_path / "arrays")
    np.testing.assert_array_equal(waveforms, records[:, [2, 1, 0]])
    assert set(table["trace_component_order"]) == {"ENZ"}


def test_short_records_end_in_zeros(folder, records, tmp_path):
    write_arrays(folder, tmp_path / "arrays", npts=64)
    waveforms, _ = open_arrays(tmp_path / "arrays")
    np.testing.assert_array_equal(waveforms[..., :50], records)
    assert not waveforms[..., 50:].any()


def test_a_failed_write_leaves_what_was_there(folder, tmp_path, monkeypatch):
    write_arrays(folder, tmp_path / "arrays")
    before = (tmp_path / "arrays" / "waveforms.npy").read_bytes()

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "open_memmap", full)
    with pytest.raises(WriteError, match="No space left"):
        write_arrays(folder, tmp_path / "arrays", npts=10)
    assert (tmp_path / "arrays" / "waveforms.npy").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "arrays").iterdir()) == ["metadata.csv", "waveforms.npy"]


def test_what_is_refused(folder, tmp_path):
    for options, message in (({"layout": "CWN"}, "layout='CWN'"), ({"dtype": "int8"}, "dtype='int8'")):
        with pytest.raises(InputError, match=message):
            write_arrays(folder, tmp_path / "arrays", **options)
    with pytest.raises(FileFormatError, match="no arrays of a data set"):
        open_arrays(tmp_path)
    write_arrays(folder, tmp_path / "arrays")
    np.save(tmp_path / "arrays" / "waveforms.npy", np.zeros((7, 3, 50)))
    with pytest.raises(FileFormatError, match=r"shape \(7, 3, 50\) does not match 300 rows"):
        open_arrays(tmp_path / "arrays")
    np.save(tmp_path / "arrays" / "waveforms.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(FileFormatError, match="no arrays of a data set"):
        open_arrays(tmp_path / "arrays")
